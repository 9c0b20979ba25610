"""What a person did to local mail, killed at any step of being kept and carried out: nothing lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.dying import every_death
from tests.store.posting import POP, describe, files_of, mailbox
from tests.store.test_acting_local import work
from tests.store.test_local_deaths import MAILS, Grounds, everything, filled
from tuimail.model import EnvelopeId
from tuimail.store import Store
from tuimail.wishes import acting

__all__ = ["filled"]


def in_new_mailboxes(store: Store, ids: list[EnvelopeId]) -> None:
    made = acting.mailbox_made(store, POP, "a/b", at=5)
    acting.move(store, ids[:2], at=5, to=made)
    assert work(store) == []
    acting.mailbox_rename(store, made, "c", at=6)


DEEDS: dict[str, Callable[[Store, list[EnvelopeId]], object]] = {
    "archive": lambda store, ids: acting.archive(store, ids[:4], at=5),
    "copy": lambda store, ids: acting.copy(store, ids[:2], at=5, to=mailbox(store, "Archive")),
    "delete for good": lambda store, ids: acting.delete_for_good(store, ids[:4], at=5, sure=True),
    "mailboxes": in_new_mailboxes,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_killed_at_any_step_is_done_once_or_not_at_all(filled: Grounds, deed: str) -> None:
    wanted = sorted(MAILS.values())

    def act(step: int) -> Callable[[], None]:
        paths = filled.at(step)

        def run() -> None:
            with Store.open(paths) as store:
                DEEDS[deed](store, filled.ids)
                work(store)

        return run

    outcomes = set()
    for step in every_death(act):
        paths = filled.at(step)
        with Store.open(paths) as store:
            store.local.open_account(POP)
            store.local.scan(POP, describe)
            assert work(store) == []
            assert store.check() == []
            assert store.pending.journal() == []
            found = everything(store)
            outcomes.add(len(found) - len(wanted))
            if deed == "copy":
                assert (set(found), len(found) - len(wanted) in {0, 2}) == (set(wanted), True)
            elif deed == "delete for good":
                assert found in (wanted, sorted(list(MAILS.values())[4:]))
            else:
                assert found == wanted
            store.local.scan(POP, describe)
            assert len(files_of(paths.maildir / "pop")) == len(found)
            assert not store.local.scan(POP, describe).changed
    assert step > 5
    assert outcomes == {"copy": {0, 2}, "delete for good": {0, -4}}.get(deed, {0})
