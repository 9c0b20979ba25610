"""The outbox screen: what it says of each message, and what a person decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Coroutine
from typing import Any

from textual.pilot import Pilot

from tests.ui_parts.host import Host, piloted, screen_text, until
from tests.ui_parts.hostile import HOSTILE, NEVER
from tests.ui_parts.test_writing_lines import NOW, item
from tuimail.errors import Unchangeable, UsageError
from tuimail.model import DraftId, OutboxId, OutboxItem, OutState
from tuimail.ui.beside.notices import News
from tuimail.ui.screens.dialogs import Choose, Confirm
from tuimail.ui.screens.outbox import OutboxList, OutboxScreen, OutboxTitle

EVIDENCE = "It is not in Sent, and the server had not answered."


class Desk:
    """An outbox in memory, which keeps what was asked of it."""

    def __init__(self, *items: OutboxItem) -> None:
        self.items = list(items)
        self.asked: list[tuple[str, int]] = []
        self.too_late = False
        self.is_bounce = False

    def all(self) -> list[OutboxItem]:
        return list(self.items)

    def send_now(self, item: OutboxItem) -> bool:
        return self._ask("send_now", item)

    def cancel(self, item: OutboxItem) -> bool:
        return self._ask("cancel", item)

    def edit(self, item: OutboxItem) -> DraftId:
        if self.too_late:
            raise UsageError("This message is on its way.", "It cannot be taken back.")
        if self.is_bounce:
            raise Unchangeable("A bounced message is sent unchanged.", "Cancel it.")
        self._ask("edit", item)
        return DraftId(7)

    def resolve(self, item: OutboxItem, *, sent: bool) -> bool:
        return self._ask("sent" if sent else "again", item)

    def _ask(self, what: str, item: OutboxItem) -> bool:
        self.asked.append((what, item.id))
        return not self.too_late


def numbered(number: int, state: OutState, **changes: Any) -> OutboxItem:
    return dataclasses.replace(item(state, **changes), id=OutboxId(number))


def run(desk: Desk, steps: Callable[[Pilot[Any], Host], Coroutine[Any, Any, None]], width: int = 100) -> Host:
    app = Host(OutboxScreen(desk, lambda: NOW))

    async def all_steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.screen.query_one("OutboxList").items or not desk.items)  # type: ignore[attr-defined]  # by its name
        await steps(pilot, app)

    piloted(app, all_steps, (width, 24))
    return app


def test_what_needs_a_person_and_what_waits_stand_above_what_is_done() -> None:
    desk = Desk(
        numbered(1, OutState.FILED, subject="Old", sent_at=int(NOW)), numbered(2, OutState.FAILED, subject="Broken"),
        numbered(3, OutState.QUEUED, subject="Waiting"),
    )  # fmt: skip

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        shown = screen_text(app)
        assert "2 on the way" in shown
        assert shown.index("Broken") < shown.index("Waiting") < shown.index("Old")

    run(desk, steps)


def test_the_evidence_is_shown_before_a_person_says_that_it_was_sent() -> None:
    desk = Desk(numbered(1, OutState.UNKNOWN, sentence=EVIDENCE))

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert EVIDENCE in " ".join(screen_text(app).split())
        await pilot.press("enter")
        await until(pilot, lambda: desk.asked)

    run(desk, steps)
    assert desk.asked == [("sent", 1)]


def test_sending_again_what_may_have_been_sent_takes_another_key_than_enter() -> None:
    desk = Desk(numbered(1, OutState.UNKNOWN, sentence=EVIDENCE))

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("escape", "s")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert desk.asked == []
        await pilot.click("#choice-again")
        await until(pilot, lambda: desk.asked)

    run(desk, steps)
    assert desk.asked == [("again", 1)]


def test_editing_answers_with_the_draft() -> None:
    desk = Desk(numbered(1, OutState.FAILED))

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("e")
        await until(pilot, lambda: app.answers)

    assert run(desk, steps).answers == [DraftId(7)]


def test_editing_that_comes_too_late_is_told() -> None:
    desk = Desk(numbered(1, OutState.QUEUED))
    desk.too_late = True

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("e")
        await until(pilot, lambda: app.told)

    app = run(desk, steps)
    assert app.told == ["This message is on its way. It cannot be taken back."]
    assert app.answers == []


def test_cancelling_is_asked_and_what_is_being_sent_cannot_be() -> None:
    desk = Desk(numbered(1, OutState.SENDING), numbered(2, OutState.QUEUED))

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("d")
        await until(pilot, lambda: app.told)
        await pilot.press("j", "d")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert desk.asked == []
        await pilot.press("y")
        await until(pilot, lambda: desk.asked)

    app = run(desk, steps)
    assert app.told[0] == "It is too late to cancel it."
    assert desk.asked == [("cancel", 2)]


def test_a_change_of_state_is_shown_and_the_cursor_stays_on_its_message() -> None:
    desk = Desk(numbered(1, OutState.QUEUED, subject="First"), numbered(2, OutState.QUEUED, subject="Second"))

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        screen = app.screen
        assert isinstance(screen, OutboxScreen)
        await pilot.press("j")
        desk.items[0] = numbered(1, OutState.FILED, subject="First", sent_at=int(NOW))
        screen.take_news(News(outbox=True))
        await until(pilot, lambda: "sent " in screen_text(app))
        assert screen.list.current is not None
        assert screen.list.current.subject == "Second"

    run(desk, steps)


def test_nothing_hostile_reaches_the_screen_from_subjects_or_servers() -> None:
    wild = [
        numbered(number, OutState.UNKNOWN, subject=name, to=name, sentence=name, refused=((name, name),))
        for number, name in enumerate(HOSTILE, 1)
    ]

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        for keys in (("i",), ("escape", "r"), ("escape", "G", "i")):
            await pilot.press(*keys)
            await pilot.pause()
            shown = screen_text(app)
            assert not [bad for bad in NEVER if bad in shown]

    run(Desk(*wild), steps, width=60)


def test_the_reason_of_the_message_under_the_cursor_stands_below_the_list() -> None:
    desk = Desk(
        numbered(1, OutState.FAILED, sentence="mx refused the recipient: 550 nobody here. Check the addresses."),
        numbered(2, OutState.QUEUED, sentence=""),
    )

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await until(pilot, lambda: "550 nobody here" in screen_text(app))
        await pilot.press("j")
        await until(pilot, lambda: "550 nobody here" not in screen_text(app))

    run(desk, steps)


def test_for_what_cannot_be_edited_cancelling_is_offered() -> None:
    desk = Desk(numbered(1, OutState.QUEUED))
    desk.is_bounce = True

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "A bounced message is sent unchanged." in screen_text(app)
        assert "Cancel it instead?" in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: bool(desk.asked))

    run(desk, steps)
    assert desk.asked == [("cancel", 1)]


def test_before_it_is_read_the_outbox_does_not_say_that_it_is_empty() -> None:
    title, rows = OutboxTitle(), OutboxList(lambda: NOW, lambda _: None)
    app = Host(widgets=[title, rows])

    async def steps(pilot: Pilot[Any]) -> None:
        assert "othing" not in screen_text(app)
        title.show([])
        rows.show([])
        await until(pilot, lambda: "nothing is on the way" in screen_text(app))
        assert "Nothing is on its way out." in screen_text(app)

    piloted(app, steps)
