"""What a person did in one go, and the way back.

What lives here: actions of one key press in one durable transaction, the last twenty of
them, and undoing one: what no server was told is dropped, what was (or may have been)
told is turned back by actions of its own. What must not: what the actions do (`asking`,
`pending`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tuimail.actions import (
    Action,
    Append,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    Move,
    RenameMailbox,
    SetFlags,
    Subscribe,
    Target,
)
from tuimail.model import AccountName, BodyState, DeedId, EnvelopeId, MailboxId, PendingId, RawId, Role
from tuimail.store.acting.asking import Asking, write_copies
from tuimail.store.acting.mailbox_wishes import MailboxWishes
from tuimail.store.acting.pending import GIVEN_UP, Pending
from tuimail.store.acting.wish import MANY, PIECE, Wishes, can_be_cut
from tuimail.store.database import Database, SqlRow
from tuimail.store.incoming import Incoming
from tuimail.store.ingest import Ingest
from tuimail.store.lists.order import LOW_BITS, Order

if TYPE_CHECKING:
    from tuimail.store.parts import Parts

KEPT: Final = 20
"""Deeds that can be undone."""
_UNDOING: Final = 2
"""In the column `undone`: it is being turned back, and what is left of it goes on being so."""
_COPIED_AT_ONCE: Final = 200
"""Bodies of more copies are fetched again when somebody opens them."""


class Deed(NamedTuple):
    """Something a person did."""

    id: DeedId
    words: str
    """`Archived 3 messages`."""
    at: int
    state: str
    """`done` (here, whether the server did it or not), `undone` or `given up`."""


class Message(NamedTuple):
    """A message that somebody is about to act on."""

    target: Target
    account: AccountName
    flags: int
    """Effective `Flag` bits."""
    keywords: frozenset[str]
    sort_at: int
    """As in `Row`."""


class Undone(NamedTuple):
    """What was turned back."""

    deed: DeedId
    words: str
    """Of the deed."""
    accounts: tuple[AccountName, ...]
    """Those with something to tell their servers."""
    turned: int
    """How many of its actions were turned back."""
    left: int
    """How many could not be."""


class Deeds:
    """What a person did."""

    def __init__(
        self, database: Database, order: Order, pending: Pending, ingest: Callable[[], Ingest],
        parts: Callable[[], Parts],
    ) -> None:
        self._database = database
        self._order = order
        self._pending = pending
        self._ingest = ingest
        self._parts = parts
        self._wishes = Wishes(database, order)

    def do(
        self, actions: Sequence[Action], words: str, *, at: int, after: Mapping[int, int] | None = None
    ) -> DeedId | None:
        """Keep actions as one deed, and show their effect, in one durable transaction.

        `after`: the number of an action in `actions` to that of the one it must wait for.
        None when all of them were about what is gone, or is so already. Raises UsageError.

        Thousands are only written down here: `finish`, outside of any transaction, shows their effect.
        """
        with self._database.transaction(durable=True):
            deed_id = self._database.insert("INSERT INTO deed (words, at) VALUES (?, ?)", (words, at))
            if not after and can_be_cut(actions):
                self._wishes.keep(deed_id, actions, at=at)
                self._forget_old(deed_id)
                return DeedId(deed_id)
            asked = Asking(self._database, self._order).ask(actions, at=at, deed_id=deed_id, after=after)
            if not asked.ids:
                self._database.run("DELETE FROM deed WHERE id = ?", (deed_id,))
                return None
            self._forget_old(deed_id)
        self._copy_bodies(asked.copies)
        return DeedId(deed_id)

    def finish(self) -> None:
        """Carry out what is left of deeds that were too large for one transaction; nothing to do, nearly always."""
        self._wishes.finish()
        for identity, words, at in self._database.rows("SELECT id, words, at FROM deed WHERE undone = ?", (_UNDOING,)):
            self._finish_undoing(Undone(DeedId(identity), words, (), 0, 0), at)

    # --- what actions are made of -------------------------------------------------

    def messages(self, ids: Iterable[EnvelopeId]) -> list[Message]:
        """These messages by every name they have, in the same order; those that are gone are left out."""
        wanted = list(dict.fromkeys(ids))
        found = {row[0]: row for row in self._database.rows_of(
            "SELECT envelope.id, mailbox_id, uid, uid_validity, message_id, account.name, flags, keywords,"
            f" envelope.place >> {LOW_BITS} FROM envelope JOIN header ON header.id = envelope.id"
            " JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = account_id"
            " WHERE envelope.id IN ({keys})",
            wanted,
        )}
        return [
            Message(Target(*row[:5]), row[5], row[6], frozenset(row[7].split()), row[8])
            for row in map(found.get, wanted) if row is not None
        ]

    def new_mailbox(self, account: AccountName, name: str, role: Role = Role.NONE) -> CreateMailbox | None:
        """A row for a mailbox that is to be made, in the current transaction, and the action that goes with it.

        None when there is one of that name.
        """
        row = self._database.row("SELECT id FROM account WHERE name = ?", (account,))
        mailbox_id = MailboxWishes(self._database).new(row[0], name) if row is not None else 0
        if not mailbox_id:
            return None
        self._database.run("UPDATE mailbox SET role = ? WHERE id = ?", (str(role), mailbox_id))
        return CreateMailbox(account, MailboxId(mailbox_id), name)

    def copy_row(self, envelope_id: EnvelopeId, mailbox_id: MailboxId) -> EnvelopeId:
        """A row as this message's, in any mailbox, in the current transaction, which must hold the Append for it."""
        ((_, copy_id),) = write_copies(self._database, [(envelope_id, mailbox_id)])
        row = self._database.row("SELECT place, flags FROM envelope WHERE id = ?", (copy_id,))
        if row is not None:
            self._order.shift(mailbox_id, added=[row[0]], unread=0 if row[1] & 1 else 1)
        return EnvelopeId(copy_id)

    def file(
        self, account: AccountName, mailbox_id: MailboxId, incoming: Incoming, raw: RawId, *, flags: int = 0,
        keywords: Sequence[str] = (), received_at: int | None = None, at: int,
    ) -> PendingId:
        """Have a message filed in a mailbox, and show it there meanwhile; no deed. Raises UsageError.

        One use of the octets is the action's from then on.
        """
        with self._database.transaction(durable=True):
            shown = incoming._replace(flags=flags, keywords=" ".join(sorted(keywords)))
            (envelope_id,) = self._ingest().insert_local(mailbox_id, [shown], BodyState.ABSENT)
            target = Target(envelope_id, mailbox_id, None, None, incoming.message_id)
            append = Append(account, target, raw, flags, tuple(keywords), received_at)
            (pending_id,) = self._pending.add([append], at=at)
        return pending_id

    # --- the way back -------------------------------------------------------------

    def recent(self, limit: int = KEPT) -> list[Deed]:
        """The last deeds, newest first."""
        return [
            Deed(DeedId(identity), words, at, "given up" if undone == GIVEN_UP else "undone" if undone else "done")
            for identity, words, at, undone in self._database.rows(
                "SELECT id, words, at, undone FROM deed ORDER BY id DESC LIMIT ?", (limit,)
            )
        ]

    def undo(self, *, at: int, deed: DeedId | None = None) -> Undone | None:
        """Turn back a deed, by default the newest that was not; None when there is none. One of thousands in pieces."""
        self.finish()
        with self._database.transaction(durable=True):
            row = self._database.row(
                "SELECT id, words, (SELECT count(*) FROM step WHERE deed_id = deed.id) FROM deed"
                " WHERE undone = 0 AND id = coalesce(?, id) ORDER BY id DESC LIMIT 1",
                (deed,),
            )
            if row is None:
                return None
            undone = Undone(DeedId(row[0]), row[1], (), 0, 0)
            self._database.run("UPDATE deed SET undone = ? WHERE id = ?", (_UNDOING, row[0]))
            if row[2] <= MANY:
                return self._undo(undone, at, row[2])
        return self._finish_undoing(undone, at)

    def _finish_undoing(self, undone: Undone, at: int) -> Undone:
        def step() -> bool:
            nonlocal undone
            with self._database.transaction(durable=True):
                undone = self._undo(undone, at, PIECE)
                return self._database.row("SELECT 1 FROM step WHERE deed_id = ? LIMIT 1", (undone.deed,)) is not None

        self._wishes.in_pieces(step)
        return undone

    def _undo(self, undone: Undone, at: int, limit: int) -> Undone:
        """Turn back the newest steps of a deed that are left, in the current transaction; what was so far."""
        steps = self._database.rows(
            "SELECT step.pending_id, step.envelope_id, account.name, back, pending.id IS NOT NULL, state, handed"
            " FROM step JOIN account ON account.id = step.account_id LEFT JOIN pending ON pending.id = step.pending_id"
            " WHERE step.deed_id = ? ORDER BY step.pending_id DESC LIMIT ?",
            (undone.deed, limit),
        )
        dropped = [PendingId(step[0]) for step in steps if step[4] and (step[5] or not step[6])]
        told = [step for step in steps if not (step[4] and (step[5] or not step[6]))]
        self._pending.drop(dropped)
        back, left = self._back(told)
        asked = Asking(self._database, self._order).ask(back, at=at)
        self._database.many("DELETE FROM step WHERE pending_id = ?", ((step[0],) for step in steps))
        if len(steps) < limit or not self._database.row("SELECT 1 FROM step WHERE deed_id = ? LIMIT 1", (undone.deed,)):
            self._database.run("UPDATE deed SET undone = 1 WHERE id = ?", (undone.deed,))
        return undone._replace(
            accounts=tuple(dict.fromkeys([*undone.accounts, *(AccountName(step[2]) for step in steps)])),
            turned=undone.turned + len(dropped) + len(asked.ids), left=undone.left + left + len(back) - len(asked.ids),
        )

    def _back(self, steps: Sequence[SqlRow]) -> tuple[list[Action], int]:
        """The actions that turn back what was done, and how many steps have no way back."""
        ways = [(step, json.loads(step[3]) if step[3] else None) for step in steps]
        wanted = {way.get("envelope", step[1]) for step, way in ways if way is not None}
        targets = {row[0]: Target(*row) for row in self._database.rows_of(
            "SELECT envelope.id, mailbox_id, uid, uid_validity, message_id FROM envelope"
            " JOIN header ON header.id = envelope.id JOIN mailbox ON mailbox.id = mailbox_id"
            " WHERE envelope.id IN ({keys})",
            [identity for identity in wanted if identity is not None],
        )}
        back: list[Action] = []
        left = 0
        for step, way in ways:
            if way is None:
                left += 1
                continue
            target = targets.get(way.get("envelope", step[1]))
            action = self._way_back(AccountName(step[2]), way, target)
            if action is None:
                # A mailbox that was made along the way just stays when there is mail in it.
                left += way["kind"] != "delete_mailbox" or len(steps) == 1
            else:
                back.append(action)
        return back, left

    def _way_back(self, account: AccountName, way: dict[str, Any], target: Target | None) -> Action | None:
        match way["kind"]:
            case "set_flags" if target is not None:
                return SetFlags(
                    account, target, way["add"], way["remove"], tuple(way["add_keywords"]),
                    tuple(way["remove_keywords"]),
                )
            case "move" if target is not None:
                return Move(account, target, MailboxId(way["to"])) if self._is_there(way["to"]) else None
            case "expunge" if target is not None:
                return Expunge(account, target)
            case "delete_mailbox":
                # Whatever came into it since is not ours to delete.
                is_empty = not self._database.row(
                    "SELECT 1 FROM envelope WHERE mailbox_id = ? LIMIT 1", (way["mailbox_id"],)
                )
                return DeleteMailbox(account, MailboxId(way["mailbox_id"]), way["name"]) if is_empty else None
            case "rename_mailbox":
                return RenameMailbox(account, MailboxId(way["mailbox_id"]), way["name"], way["new_name"])
            case "subscribe":
                return Subscribe(account, MailboxId(way["mailbox_id"]), way["name"], way["subscribed"])
        return None

    def _is_there(self, mailbox_id: int) -> bool:
        return self._database.row(
            "SELECT 1 FROM mailbox WHERE id = ? AND account_id IS NOT NULL", (mailbox_id,)
        ) is not None

    def _forget_old(self, newest: int) -> None:
        oldest = self._database.row(
            "SELECT id FROM deed WHERE id <= ? ORDER BY id DESC LIMIT 1 OFFSET ?", (newest, KEPT)
        )
        if oldest is not None:
            self._database.run("DELETE FROM step WHERE deed_id <= ?", oldest)
            self._database.run("DELETE FROM deed WHERE id <= ?", oldest)

    def _copy_bodies(self, copies: Sequence[tuple[EnvelopeId, EnvelopeId]]) -> None:
        if not copies:
            return
        parts = self._parts()
        for source, copy in copies[:_COPIED_AT_ONCE]:
            parts.copy(source, copy)
