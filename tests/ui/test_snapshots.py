"""Pictures of the main screen: seeded store, standing clock, no engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.seed import FakeEngine, inbox_of, make_app, seed
from tests.ui.values import NOW
from tuimail.engine.protocol import Progress
from tuimail.model import AccountName, AccountStatus
from tuimail.paths import Paths
from tuimail.store import Store

Compare = Callable[..., bool]


def settled(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Type, then wait until the message under the cursor is in the reader."""

    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause(0.3)
        if keys:
            await pilot.press(*keys)
        await pilot.pause(0.3)

    return run


@pytest.mark.parametrize(
    ("name", "size", "keys", "theme"),
    [
        ("three panes", (140, 40), (), "tuimail-dark"),
        ("three panes, light", (140, 40), ("j", "j"), "tuimail-light"),
        ("three panes, 16 colours", (140, 40), ("x", "j"), "ansi"),
        ("two panes", (100, 30), ("x", "x", "j"), "tuimail-dark"),
        ("two panes, the tree over them", (100, 30), ("h",), "tuimail-dark"),
        ("one pane, the list", (70, 24), (), "tuimail-dark"),
        ("one pane, the reader", (70, 24), ("enter",), "tuimail-dark"),
        ("all headers", (140, 40), ("enter", "i"), "tuimail-dark"),
        ("too small", (30, 6), (), "tuimail-dark"),
    ],
    ids=lambda value: value.replace(" ", "-").replace(",", "") if isinstance(value, str) else "",
)
def test_the_main_screen(
    snap_compare: Compare, paths: Paths, name: str, size: tuple[int, int], keys: tuple[str, ...], theme: str
) -> None:
    seed(paths)
    assert snap_compare(make_app(paths, theme=theme), terminal_size=size, run_before=settled(*keys)), name


def test_an_empty_inbox(snap_compare: Compare, paths: Paths) -> None:
    seed(paths, mail=())
    assert snap_compare(make_app(paths), terminal_size=(100, 24), run_before=settled())


def test_a_first_sync(snap_compare: Compare, paths: Paths) -> None:
    seed(paths, mail=())
    engine = FakeEngine()
    with Store.open(paths) as store:
        inbox = inbox_of(store)
        store.accounts.set_status(AccountName("work"), AccountStatus.SYNCING, "", at=NOW)

    async def sync(pilot: Pilot[Any]) -> None:
        engine.say(Progress("work", inbox, "headers", 1_200, 80_000))
        await pilot.pause(0.3)

    assert snap_compare(make_app(paths, engine=engine), terminal_size=(140, 24), run_before=sync)


def test_a_broken_mailbox_and_an_account_that_is_away(snap_compare: Compare, paths: Paths) -> None:
    seed(paths, mail=())
    with Store.open(paths) as store:
        store.mailboxes.set_error(inbox_of(store), "The server says that there is no such mailbox.")
        store.accounts.set_status(
            AccountName("work"), AccountStatus.OFFLINE, "imap.example.org refused the connection.", at=NOW - 720
        )
    assert snap_compare(make_app(paths), terminal_size=(140, 24), run_before=settled())


def test_a_message_that_is_not_downloaded(snap_compare: Compare, paths: Paths) -> None:
    seed(paths, bodies=False)
    assert snap_compare(make_app(paths), terminal_size=(140, 30), run_before=settled("enter"))


def test_no_colour_at_all(snap_compare: Compare, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    seed(paths)
    assert snap_compare(make_app(paths), terminal_size=(100, 24), run_before=settled("j"))
