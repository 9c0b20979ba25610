"""Whatever happens in whatever order: no message is lost, doubled or taken for another, and every counter is right.

A small server and a store; a person acts, the server does it, refuses it, or is cut off
after it; other clients delete, add, flag and renumber; mailboxes are synced at any time.
Once everything has been told and listed, both sides agree.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.making import WORK, incoming, places, target
from tuimail.actions import Action, Append, Copy, Expunge, Move, SetFlags
from tuimail.model import EnvelopeId, Flag, MailboxId, PendingId, Role
from tuimail.store import Store
from tuimail.store.acting.pending import Done1
from tuimail.store.incoming import Incoming
from tuimail.store.mailboxes import ListedMailbox, SyncPoint

NAMES = ("INBOX", "Archive", "Trash")
STEPS = 120


class Box:
    """A mailbox of the server."""

    def __init__(self) -> None:
        self.validity = 1
        self.next = 1
        self.mail: dict[int, tuple[int, int]] = {}
        """Number of the message and its flags, by uid."""

    def add(self, number: int, flags: int) -> int:
        uid, self.next = self.next, self.next + 1
        self.mail[uid] = (number, flags)
        return uid


class World:
    """A server, a store, and chance."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.boxes = [Box() for _ in NAMES]
        self.ids: list[MailboxId] = []
        self.lost: set[tuple[int, int, int]] = set()
        """(mailbox, validity, uid) of messages that went without our being told."""
        self.numbers = 0
        store.accounts.sync_names([(WORK, "ada@example.org", "imap")])
        store.mailboxes.apply_listing(WORK, [ListedMailbox(name, "/", Role.NONE) for name in NAMES])
        for name in NAMES:
            found = store.mailboxes.find(WORK, name)
            assert found is not None
            self.ids.append(found.id)
        for _ in range(12):
            self.somebody_adds()
        for index in range(len(NAMES)):
            self.sync(index)

    # --- the person ---------------------------------------------------------------

    def shown(self) -> list[EnvelopeId]:
        return [one for one, _ in self.store.envelopes.newest(self.ids)]

    def person_acts(self) -> None:
        shown = self.shown()
        if not shown:
            return
        chosen = self.chance.sample(shown, min(len(shown), self.chance.choice([1, 1, 2, 3])))
        kind = self.chance.choice(["move", "move", "move", "copy", "expunge", "flag", "flag"])
        actions: list[Action] = []
        for identity in chosen:
            about = target(self.store, identity)
            to = self.chance.choice(self.ids)
            if kind == "move":
                actions.append(Move(WORK, about, to))
            elif kind == "copy":
                actions.append(Copy(WORK, about, to))
            elif kind == "expunge":
                actions.append(Expunge(WORK, about))
            else:
                bit = int(self.chance.choice([Flag.SEEN, Flag.FLAGGED]))
                add = self.chance.random() < 0.6
                actions.append(SetFlags(WORK, about, bit if add else 0, 0 if add else bit))
        self.store.deeds.do(actions, kind, at=1)

    def person_is_refused(self) -> None:
        """Exactly what was shown before is shown again."""
        before, last = self.everything(), {line.id for line in self.store.pending.journal()}
        self.person_acts()
        new = [line.id for line in self.store.pending.journal() if line.id not in last]
        self.store.pending.fail(new, "No.")
        assert self.everything() == before, "refused"
        if self.chance.random() < 0.3:
            self.store.pending.retry(new)
        else:
            self.store.pending.drop(new)
            assert self.everything() == before, "dropped"

    def person_changes_her_mind(self) -> None:
        before, deeds = self.everything(), len(self.store.deeds.recent())
        self.person_acts()
        if len(self.store.deeds.recent()) > deeds:
            self.store.deeds.undo(at=2)
            assert self.everything() == before, "undone"

    def everything(self) -> list[object]:
        """What is shown, and what a sync would compare."""
        return [
            (self.store.envelopes.window(one, 0, 1000).rows, list(self.store.envelopes.uids(one)),
             self.store.envelopes.server_flags(one))
            for one in self.ids
        ]

    def person_files(self) -> None:
        to = self.chance.choice(self.ids)
        self.numbers += 1
        raw = self.store.raws.keep(b"x" * self.numbers)
        self.store.deeds.file(WORK, to, told(0, self.numbers, 0), raw, flags=1, at=1)

    def person_undoes(self) -> None:
        self.store.deeds.undo(at=2)

    def person_looks_into_the_journal(self) -> None:
        lines = self.store.pending.journal()
        if lines:
            some = [line.id for line in self.chance.sample(lines, min(len(lines), 2))]
            (self.store.pending.retry if self.chance.random() < 0.5 else self.store.pending.drop)(some)

    # --- the server -----------------------------------------------------------------

    def replay(self, *, kind: bool = False) -> int:
        """Tell what is due, as an engine does; `kind`: everything goes well. How much there was."""
        due = self.store.pending.due(WORK, 50 if kind else self.chance.randint(1, 8))
        for pending_id, action in due:
            self.tell(pending_id, action, "done" if kind else self.chance.choice(
                ["done", "done", "done", "silent", "refused", "cut"]
            ))
        return len(due)

    def tell(self, pending_id: PendingId, action: Action, fate: str) -> None:
        assert isinstance(action, SetFlags | Move | Copy | Expunge | Append)
        if fate == "refused":
            self.store.pending.fail([pending_id], "No.")
            return
        if isinstance(action, Append):
            box = self.boxes[self.ids.index(action.target.mailbox_id)]
            uid: int | None = box.add(self.store.raws.size(action.raw), action.flags)
            self.store.pending.done([pending_id], [Done1(pending_id, uid, box.validity)] if fate == "done" else [])
            return
        source = self.boxes[self.ids.index(action.target.mailbox_id)]
        if action.target.uid is None or action.target.uid_validity != source.validity:
            return  # the mailbox must be synced first
        found = source.mail.get(action.target.uid)
        key = (action.target.mailbox_id, source.validity, action.target.uid)
        assert found is not None or key in self.lost, "an action looks for a message where it is not"
        if found is not None:
            assert f"<{found[0]}@navy.example>" == action.target.message_id, "an action lands on another message"
        uid, validity = self.carry_out(action, source)
        if fate == "cut" and not isinstance(action, Copy):
            self.lost.add(key)
            return
        told_it = fate == "done" and uid is not None
        self.store.pending.done([pending_id], [Done1(pending_id, uid, validity)] if told_it else [])

    def carry_out(self, action: SetFlags | Move | Copy | Expunge, source: Box) -> tuple[int | None, int | None]:
        assert action.target.uid is not None
        found = source.mail.get(action.target.uid)
        if found is None:
            return None, None
        if isinstance(action, SetFlags):
            source.mail[action.target.uid] = (found[0], (found[1] | action.add) & ~action.remove)
            return None, None
        if isinstance(action, Move | Expunge):
            del source.mail[action.target.uid]
        if isinstance(action, Expunge):
            return None, None
        box = self.boxes[self.ids.index(action.to)]
        return box.add(*found), box.validity

    # --- other clients ----------------------------------------------------------------

    def somebody_adds(self) -> None:
        self.numbers += 1
        self.chance.choice(self.boxes).add(self.numbers, 0)

    def somebody_deletes(self) -> None:
        box = self.chance.choice(self.boxes)
        if box.mail:
            uid = self.chance.choice(sorted(box.mail))
            del box.mail[uid]
            self.lost.add((self.ids[self.boxes.index(box)], box.validity, uid))

    def somebody_flags(self) -> None:
        box = self.chance.choice(self.boxes)
        if box.mail:
            uid = self.chance.choice(sorted(box.mail))
            box.mail[uid] = (box.mail[uid][0], box.mail[uid][1] ^ int(Flag.FLAGGED))

    def server_renumbers(self) -> None:
        box = self.chance.choice(self.boxes)
        mail = list(box.mail.values())
        self.chance.shuffle(mail)
        box.validity, box.next, box.mail = box.validity + 1, self.chance.randint(1, 5), {}
        for number, flags in mail:
            box.add(number, flags)

    # --- the sync ---------------------------------------------------------------------

    def sync_some(self) -> None:
        self.sync(self.chance.randrange(len(NAMES)))

    def sync(self, index: int) -> None:
        """As an engine does: renumbering, what vanished, what is new, flags."""
        box, mailbox_id = self.boxes[index], self.ids[index]
        envelopes = self.store.envelopes
        began = self.store.mailboxes.sync_point(mailbox_id)
        if began.uid_validity is not None and began.uid_validity != box.validity:
            envelopes.begin_renumbering(mailbox_id)
        self.store.mailboxes.set_sync_point(mailbox_id, SyncPoint(box.validity, box.next, None, 1))
        here = set(envelopes.uids(mailbox_id))
        envelopes.vanish(mailbox_id, sorted(here - set(box.mail)))
        known_too = self.chance.random() < 0.5
        envelopes.ingest(mailbox_id, [
            told(uid, number, flags) for uid, (number, flags) in box.mail.items() if known_too or uid not in here
        ])
        envelopes.set_flags(mailbox_id, [(uid, flags, "", None) for uid, (_, flags) in box.mail.items()])
        envelopes.end_renumbering(mailbox_id)

    # --- the end ----------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Everything is told and listed; what failed is forgotten."""
        self.store.pending.drop([line.id for line in self.store.pending.journal() if line.state == "failed"])
        for _ in range(30):
            for index in range(len(NAMES)):
                self.sync(index)
            if not self.replay(kind=True) and not self.store.pending.journal():
                break
        for index in range(len(NAMES)):
            self.sync(index)

    def listed(self) -> list[Counter[tuple[str, int]]]:
        found = []
        for mailbox_id in self.ids:
            rows = self.store.envelopes.window(mailbox_id, 0, 1000).rows
            found.append(Counter((row.subject, row.flags) for row in rows))
        return found

    def served(self) -> list[Counter[tuple[str, int]]]:
        return [
            Counter((f"Compiler review {number}", flags) for number, flags in box.mail.values()) for box in self.boxes
        ]


def told(uid: int, number: int, flags: int) -> Incoming:
    """Message `number` as the server tells it."""
    return incoming(number)._replace(uid=uid, flags=flags)


STEPS_OF_CHANCE: tuple[Callable[[World], object], ...] = (
    *[World.person_acts] * 8, *[World.person_undoes] * 2, World.person_files, World.person_is_refused,
    World.person_is_refused, World.person_changes_her_mind, World.person_looks_into_the_journal,
    *[World.replay] * 8, *[World.somebody_adds] * 2, World.somebody_deletes, World.somebody_flags,
    World.server_renumbers, *[World.sync_some] * 6,
)


def live(directory: Path, seed: int) -> None:
    """One life of an account."""
    with Store.open(places(directory)) as store:
        world = World(store, seed)
        history = []
        for _ in range(STEPS):
            step = world.chance.choice(STEPS_OF_CHANCE)
            history.append(step.__name__)
            step(world)
            assert store.check() == [], (seed, history)
        world.come_to_rest()
        assert store.pending.journal() == [], (seed, history)
        assert world.listed() == world.served(), (seed, history)
        assert store.check() == [], (seed, history)
        hidden = store._database.row("SELECT (SELECT count(*) FROM away) + (SELECT count(*) FROM limbo)"
                                     " + (SELECT total FROM mailbox WHERE id = 0) + (SELECT count(*) FROM raw)")
        assert hidden == (0,), (seed, history)


@pytest.mark.parametrize("seed", range(12))
def test_both_sides_agree_in_the_end(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_both_sides_agree_in_the_end_however_often_it_is_tried(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed)

