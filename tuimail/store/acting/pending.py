"""Actions that a server has not confirmed, and their effect on what is shown.

What lives here: the queue: keeping actions durably and in order, which are due, what
becomes of them when a server did or refused them. What is shown is always computed from
what the server has and what waits, so that dropping an action is the whole rollback.
What must not: sending them (`engine.imap.replay`), and turning back what was done (`deeds`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from tuimail.actions import (
    Action,
    Append,
    Copy,
    CreateMailbox,
    DeleteMailbox,
    MailboxAction,
    MessageAction,
    Move,
    RenameMailbox,
    SetFlags,
    Target,
    describe,
    fold,
    from_json,
    readable,
)
from tuimail.actions import Flags as Folded
from tuimail.errors import UsageError
from tuimail.model import AccountName, DeedId, EnvelopeId, MailboxId, PendingId, Uid, UidValidity
from tuimail.store.acting.asking import Asking
from tuimail.store.acting.away import Arrival, Away
from tuimail.store.acting.mailbox_wishes import MailboxWishes
from tuimail.store.database import Database, SqlRow
from tuimail.store.flags import Flags
from tuimail.store.lists.order import Order
from tuimail.store.removal import cut_off, let_go, purge, remove, remove_twins

_ACTIONS: Final = (
    "SELECT pending.id, action, pending.envelope_id, coalesce(away.mailbox_id, envelope.mailbox_id),"
    " CASE WHEN away.envelope_id IS NULL THEN envelope.uid ELSE away.uid END, uid_validity, message_id, maker,"
    " pending.mailbox_id, to_id, not_before, after_id, copy_id, raw_id, told, handed, state, deed_id,"
    " EXISTS (SELECT 1 FROM limbo WHERE limbo.envelope_id = pending.envelope_id), kind"
    " FROM pending LEFT JOIN envelope ON envelope.id = pending.envelope_id"
    " LEFT JOIN header ON header.id = pending.envelope_id LEFT JOIN away ON away.envelope_id = pending.envelope_id"
    " LEFT JOIN mailbox ON mailbox.id = coalesce(away.mailbox_id, envelope.mailbox_id)"
)
_NAME: Final = (
    # One that is to be deleted keeps its name where its server has it.
    "CASE WHEN {0}.hidden THEN (SELECT there.name FROM mailbox_there AS there WHERE there.mailbox_id = {0}.id)"
    " ELSE {0}.name END"
)
_JOURNAL: Final = (
    f"SELECT pending.id, account.name, {_NAME.format('mailbox')}, action, state, pending.sentence, tries, added_at,"
    " deed_id, subject,"
    f" (SELECT coalesce({_NAME.format('target')}, 'a mailbox that was not made') FROM mailbox AS target"
    " WHERE target.id = to_id)"
    " FROM pending JOIN account ON account.id = pending.account_id JOIN mailbox ON mailbox.id = pending.mailbox_id"
    " LEFT JOIN envelope ON envelope.id = pending.envelope_id"
)
_PAGE: Final = 1000
"""Rows read at once; an account may have more than anybody tells in one go."""
_PLACING: Final = frozenset({"move", "copy", "append"})
"""Kinds of actions that put a message somewhere."""
GIVEN_UP: Final = 3
"""In the column `undone` of a deed: a person gave up all of it before the server did it."""
NOT_FOLLOWED: Final = "What was to be done before it failed."


class Done1(NamedTuple):
    """Where a message lies now that was moved, copied or filed, as the server told it (COPYUID, APPENDUID)."""

    pending_id: PendingId
    uid: int | None
    uid_validity: int | None


class Begun(NamedTuple):
    """Of a destination, just before a command that puts something there went out: what came since bears higher uids."""

    uid_validity: int | None
    uid_next: int | None
    """None where the server did not tell."""


class Waiting(NamedTuple):
    """One line of the journal."""

    id: PendingId
    account: AccountName
    mailbox: str
    words: str
    """What is to be done; holds a subject, which is not cleaned."""
    state: str
    """`waiting` or `failed`."""
    sentence: str
    """Why it failed, or waits longer; empty when there is nothing to say."""
    tries: int
    added_at: int
    deed: DeedId | None


class _Row(NamedTuple):
    id: int
    action: str
    envelope_id: int | None
    there: int | None
    """The mailbox in which the server has the message."""
    uid: int | None
    uid_validity: int | None
    message_id: str | None
    maker: int | None
    mailbox_id: int
    to_id: int | None
    not_before: int
    after_id: int | None
    copy_id: int | None
    raw_id: int | None
    told: int
    handed: int
    state: int
    deed_id: int | None
    is_lost: int
    """Its message waits to be recognised under another uid."""
    kind: str

    def read(self, account: AccountName | None = None) -> Action | None:
        """The action, naming its message as it is known now; None when no version can read it.

        `account`, where it is known, spares the reading of moves, of which there may be thousands.
        """
        if account is not None and self.kind == "move" and None not in (self.there, self.to_id, self.envelope_id):
            return Move(account, self._target(), MailboxId(self.to_id or 0))
        try:
            action = from_json(self.action)
        except UsageError:
            return None
        if not isinstance(action, MessageAction) or self.there is None:
            return action
        return replace(action, target=self._target())

    def _target(self) -> Target:
        return Target(
            EnvelopeId(self.envelope_id or 0),
            MailboxId(self.there or 0),
            None if self.uid is None else Uid(self.uid),
            None if self.uid_validity is None else UidValidity(self.uid_validity),
            self.message_id or "",
        )


class Pending:
    """The actions that wait."""

    def __init__(self, database: Database, order: Order, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._order = order
        self._clock = clock
        self._away = Away(database, order)
        self._flags = Flags(database)
        self._mailboxes = MailboxWishes(database)

    # --- what waits -------------------------------------------------------------

    def add(self, actions: Sequence[Action], *, at: int) -> list[PendingId]:
        """Keep actions, and show their effect, in one durable transaction; their ids.

        An action on a message or account that is gone is passed over. What a person should
        be able to undo goes through `deeds`.
        """
        with self._database.transaction(durable=True):
            return list(Asking(self._database, self._order).ask(actions, at=at).ids.values())

    def count(self, account: AccountName) -> int:
        """How many actions of an account wait, those that failed left out."""
        row = self._database.row(
            "SELECT count(*) FROM pending WHERE account_id = (SELECT id FROM account WHERE name = ?) AND state = 0",
            (account,),
        )
        return int(row[0]) if row else 0

    def all(self) -> list[tuple[PendingId, Action]]:
        """Everything that waits, oldest first."""
        rows = self._select("WHERE pending.state = 0 ORDER BY pending.id")
        return [(PendingId(row.id), action) for row in rows if (action := row.read()) is not None]

    def journal(self, limit: int = 500) -> list[Waiting]:
        """What failed and what waits, for a person; failed ones first, then the oldest."""
        rows = self._database.rows(f"{_JOURNAL} ORDER BY state DESC, pending.id LIMIT ?", (limit,))
        return [_waiting(row) for row in rows]

    # --- towards the server -------------------------------------------------------

    def due(self, account: AccountName, limit: int = 500) -> list[tuple[PendingId, Action]]:
        """Actions to tell the server now, oldest first, in an order that must be kept for each message.

        The target names the message where the server has it: mailbox, uid and uid_validity. A
        message in limbo is left out. After an action that gives a message another place (or
        makes it) nothing more about it is in the list, so that every uid is true; after a
        change of a mailbox nothing about that mailbox is.
        """
        with self._database.transaction():
            choice = _Choice(self._mailboxes, account, int(self._clock()), limit)
            chosen, settled = choice.of(self._waiting_of(account))
            self._database.many(
                "UPDATE pending SET told = 0, handed = 1 WHERE id = ?",
                ((row.id,) for row, _ in chosen if row.told or not row.handed),
            )
            self._end(settled)
        return [(PendingId(row.id), action) for row, action in chosen]

    def _waiting_of(self, account: AccountName) -> Iterator[_Row]:
        """Everything of an account, oldest first, read as far as it is asked for."""
        last = 0
        while rows := self._select(
            "WHERE pending.account_id = (SELECT id FROM account WHERE name = ?) AND pending.state = 0"
            " AND pending.id > ? ORDER BY pending.id LIMIT ?",
            (account, last, _PAGE),
        ):
            yield from rows
            last = rows[-1].id

    def begin(self, ids: Iterable[PendingId], uid_validity: int | None, uid_next: int | None) -> None:
        """Their commands go out now, durably: after a crash, look what became of them before they are repeated."""
        with self._database.transaction(durable=True):
            self._database.many(
                "UPDATE pending SET begun = 1, edge_validity = ?, edge_uid_next = ? WHERE id = ?",
                ((uid_validity, uid_next, identity) for identity in ids),
            )

    def begun(self, ids: Iterable[PendingId]) -> dict[PendingId, Begun]:
        """Those of these whose command may have gone out."""
        return {PendingId(identity): Begun(uid_validity, uid_next) for identity, uid_validity, uid_next in (
            self._database.rows_of(
                "SELECT id, edge_validity, edge_uid_next FROM pending WHERE begun AND id IN ({keys})", ids
            )
        )}

    def put_off(self, ids: Iterable[PendingId], until: int, sentence: str) -> None:
        """Not before `until` (seconds since 1970 UTC): the server cannot do it just now, and says why."""
        with self._database.transaction():
            self._database.many(
                "UPDATE pending SET not_before = ?, sentence = ?, tries = tries + 1 WHERE id = ?",
                ((until, sentence, identity) for identity in ids),
            )

    def tries(self, ids: Iterable[PendingId]) -> int:
        """How often one of these was put off, at most."""
        return max((row[0] for row in self._database.rows_of("SELECT tries FROM pending WHERE id IN ({keys})", ids)),
                   default=0)

    def done(
        self, ids: Iterable[PendingId], results: Iterable[Done1] = (), *, left: Iterable[PendingId] = ()
    ) -> None:
        """The server did these. To be called after `set_flags` of what it said then.

        `results`: new places of messages, as far as it told them; others are recognised when
        they are listed. When it said nothing of a message's flags since `due`, the change
        becomes what the server has. `left`: moved or expunged ones whose message stays where it
        was, marked as \\Deleted: it is not shown as long as it is so.
        """
        stay = set(left)
        told = {result.pending_id: result for result in results}
        deleted: list[int] = []
        with self._database.transaction(durable=True):
            rows = self._rows(ids)
            self._database.many(
                "INSERT OR IGNORE INTO left_behind (mailbox_id, uid) VALUES (?, ?)",
                ((row.there, row.uid) for row in rows if row.id in stay and row.uid is not None),
            )
            arrivals = self._arrivals(rows, told)
            gone = [row.envelope_id for row in rows if row.envelope_id is not None and row.kind == "expunge"]
            for row in rows:
                action = None if row.kind in _PLACING or row.kind == "expunge" else row.read()
                if isinstance(action, SetFlags):
                    if not row.told:
                        self._lay(action)
                elif isinstance(action, DeleteMailbox):
                    deleted.append(action.mailbox_id)
                elif isinstance(action, MailboxAction):
                    self._mailboxes.done(action)
            remove_twins(self._database, self._order, arrivals)
            self._away.arrive(arrivals)
            self._end(rows, also=[one.envelope_id for one in arrivals])
            remove(self._database, self._order, gone)
            cut_off(self._database, self._order, deleted)
        if deleted and not self._database.is_writing:
            purge(self._database, self._order)

    def fail(self, ids: Iterable[PendingId], sentence: str) -> None:
        """The server refused these: what it has is shown again, and they stay in the journal. `sentence` says why.

        What was to follow them, or needs a mailbox that was not made, has failed as well.
        """
        with self._database.transaction(durable=True):
            rows = self._rows(ids)
            self._set_state(rows, 1, sentence)
            while followers := self._followers(rows):
                self._set_state(followers, 1, NOT_FOLLOWED)
                rows = followers

    # --- by a person --------------------------------------------------------------

    def retry(self, ids: Iterable[PendingId]) -> None:
        """Try these again, now, with what was to follow them."""
        with self._database.transaction(durable=True):
            rows = self._rows(ids)
            while rows:
                self._database.many(
                    "UPDATE pending SET not_before = 0, sentence = '' WHERE id = ?", ((row.id,) for row in rows)
                )
                self._set_state(rows, 0, "")
                rows = [row for row in self._followers(rows, state=1) if row.state]

    def drop(self, ids: Iterable[PendingId]) -> None:
        """Forget these, and what was to follow them: what the server has is shown again."""
        with self._database.transaction(durable=True):
            rows = self._rows(ids)
            while rows:
                followers = [*self._followers(rows), *self._followers(rows, state=1)]
                self._leave_deeds(rows)
                self._undo(rows)
                rows = followers

    # --- behind -------------------------------------------------------------------

    def _select(self, where: str, values: Sequence[object] = ()) -> list[_Row]:
        return [_Row(*row) for row in self._database.rows(f"{_ACTIONS} {where}", values)]

    def _rows(self, ids: Iterable[int]) -> list[_Row]:
        return sorted(_Row(*row) for row in self._database.rows_of(f"{_ACTIONS} WHERE pending.id IN ({{keys}})", ids))

    def _followers(self, rows: Sequence[_Row], state: int = 0) -> list[_Row]:
        """What waits for these: by order of a person, or because it needs the mailbox that they make."""
        ids = [row[0] for row in self._database.rows_of(
            f"SELECT id FROM pending WHERE after_id IN ({{keys}}) AND state = {int(state)}", [row.id for row in rows]
        )]
        unmade = [row.mailbox_id for row in rows if isinstance(row.read(), CreateMailbox)]
        ids += [row[0] for row in self._database.rows_of(
            f"SELECT id FROM pending WHERE to_id IN ({{keys}}) AND state = {int(state)}", unmade
        )]
        return self._rows(ids)

    def _set_state(self, rows: Sequence[_Row], state: int, sentence: str) -> None:
        self._database.many(
            "UPDATE pending SET state = ?, sentence = ?, tries = tries + ?, handed = 0 WHERE id = ?",
            ((state, sentence, state, row.id) for row in rows),
        )
        self._refold(rows)

    def _refold(self, rows: Sequence[_Row]) -> None:
        touched = {row.envelope_id for row in rows if row.envelope_id is not None}
        touched |= {row.copy_id for row in rows if row.copy_id is not None}
        self._away.refold(touched)
        self._flags.refold_all(touched)
        trees = [row.id for row in rows if row.envelope_id is None]
        for (account_id,) in set(self._database.rows_of(
            "SELECT account_id FROM pending WHERE id IN ({keys})", trees
        )):
            self._mailboxes.refold(account_id)

    def _end(self, rows: Sequence[_Row], also: Sequence[int] = ()) -> None:
        """Actions that are done go, and what they were is shown as the server's."""
        accounts = set(self._database.rows_of(
            "SELECT account_id FROM pending WHERE envelope_id IS NULL AND id IN ({keys})", [row.id for row in rows]
        ))
        let_go(self._database, [row.raw_id for row in rows if row.raw_id is not None])
        self._database.many("DELETE FROM pending WHERE id = ?", ((row.id,) for row in rows))
        if self._database.row("SELECT 1 FROM pending WHERE after_id IS NOT NULL LIMIT 1"):
            self._database.many("UPDATE pending SET after_id = NULL WHERE after_id = ?", ((row.id,) for row in rows))
        touched = {row.envelope_id for row in rows if row.envelope_id is not None}
        self._away.refold(touched | set(also))
        moved = {row.envelope_id for row in rows if row.kind == "move"}  # which changes no flags by itself
        changed = {row.envelope_id for row in rows if row.kind != "move" and row.envelope_id is not None}
        self._flags.refold_all(changed | (set(also) - moved))
        for (account_id,) in accounts:
            self._mailboxes.refold(account_id)

    def _undo(self, rows: Sequence[_Row]) -> None:
        """Actions go as if nobody had asked for them, with the rows that they made."""
        made = [row.copy_id for row in rows if row.copy_id is not None]
        made += [
            row.envelope_id for row in rows
            if row.envelope_id is not None and row.maker == row.id
        ]
        unmade = [row.mailbox_id for row in rows if isinstance(row.read(), CreateMailbox)]
        self._end(rows)
        remove(self._database, self._order, made)
        gone = [mailbox_id for mailbox_id in unmade if self._mailboxes.name_there(mailbox_id) is None]
        cut_off(self._database, self._order, gone)

    def _leave_deeds(self, rows: Sequence[_Row]) -> None:
        """What was given up is nothing that could be undone; a deed of which no message is left was given up."""
        steps = self._database.rows_of(
            "SELECT pending_id, deed_id, envelope_id IS NOT NULL FROM step WHERE pending_id IN ({keys})",
            [row.id for row in rows],
        )
        self._database.many("DELETE FROM step WHERE pending_id = ?", ((step[0],) for step in steps))
        self._database.many(
            "UPDATE deed SET undone = ? WHERE id = ? AND undone = 0"
            " AND NOT EXISTS (SELECT 1 FROM wish WHERE deed_id = deed.id)"
            " AND NOT EXISTS (SELECT 1 FROM step WHERE deed_id = deed.id AND (envelope_id IS NOT NULL) >= ?)",
            {(GIVEN_UP, deed_id, is_message) for _, deed_id, is_message in steps},
        )

    def _arrivals(self, rows: Sequence[_Row], told: Mapping[PendingId, Done1]) -> list[Arrival]:
        """Where the messages of these actions are now."""
        places = {row.to_id for row in rows if row.kind in _PLACING}
        known: dict[int, int | None] = {
            row[0]: row[1]
            for row in self._database.rows_of("SELECT id, uid_validity FROM mailbox WHERE id IN ({keys})", places)
        }
        arrivals = []
        for row in rows:
            envelope_id = row.copy_id if row.kind == "copy" else row.envelope_id
            if row.kind not in _PLACING or envelope_id is None or row.to_id is None:
                continue
            place = told.get(PendingId(row.id))
            uid = None
            if place is not None and place.uid_validity is not None and place.uid_validity == known.get(row.to_id):
                uid = place.uid
            arrivals.append(Arrival(envelope_id, row.to_id, uid, loose=row.kind == "append"))
        return arrivals

    def _lay(self, action: SetFlags) -> None:
        """The server carried an action out without a word: it is what the server has now."""
        row = self._database.row(
            "SELECT server_flags, server_keywords FROM envelope WHERE id = ?", (action.target.envelope_id,)
        )
        if row is not None:
            has = fold(Folded(row[0], frozenset(row[1].split())), [action])
            self._database.run(
                "UPDATE envelope SET server_flags = ?, server_keywords = ? WHERE id = ?",
                (has.bits, " ".join(sorted(has.keywords)), action.target.envelope_id),
            )


class _Choice:
    """Which of the waiting actions can be told now."""

    def __init__(self, mailboxes: MailboxWishes, account: AccountName, now: int, limit: int) -> None:
        self._mailboxes = mailboxes
        self._account = account
        self._now = now
        self._limit = limit
        self._names: dict[int, str | None] = {}
        self._messages: set[int] = set()
        """Messages about which nothing more can be told in this round."""
        self._boxes: set[int] = set()
        self._seen_boxes: set[int] = set()
        """Mailboxes that an earlier action is about."""

    def of(self, rows: Iterable[_Row]) -> tuple[list[tuple[_Row, Action]], list[_Row]]:
        """The actions to tell, and rows of those with which there is nothing left to do."""
        chosen: list[tuple[_Row, Action]] = []
        settled: list[_Row] = []
        for row in rows:
            if len(chosen) >= self._limit:
                break
            action = row.read(self._account)
            if action is None:
                continue
            concerned = self._concerned(row, action)
            free = self._is_free(row, action, concerned)
            if free and isinstance(action, Move) and row.there == action.to:
                settled.append(row)  # it is there already: what was to bring it away was refused
                continue
            if free:
                chosen.append((row, self._as_known(action)))
            if isinstance(action, MailboxAction):
                self._boxes |= concerned
            elif row.envelope_id is not None and not (free and isinstance(action, SetFlags | Copy)):
                self._messages.add(row.envelope_id)
            self._seen_boxes |= concerned
        return chosen, settled

    def _is_free(self, row: _Row, action: Action, concerned: set[int]) -> bool:
        if row.is_lost and not isinstance(action, MailboxAction):
            return False
        if row.not_before > self._now or row.after_id is not None or concerned & self._boxes:
            return False
        if isinstance(action, MailboxAction):
            return not concerned & self._seen_boxes
        if row.envelope_id in self._messages or (row.maker is not None and row.maker != row.id):
            return False
        return row.to_id is None or self._name_there(row.to_id) is not None

    def _concerned(self, row: _Row, action: Action) -> set[int]:
        if isinstance(action, RenameMailbox | DeleteMailbox):
            return {row.mailbox_id, *self._mailboxes.below(row.mailbox_id)}
        if isinstance(action, MailboxAction):
            return {row.mailbox_id}
        return {mailbox_id for mailbox_id in (row.there, row.to_id) if mailbox_id is not None}

    def _as_known(self, action: Action) -> Action:
        """A mailbox action by the name that the server knows."""
        if isinstance(action, CreateMailbox) or not isinstance(action, MailboxAction):
            return action
        return replace(action, name=self._name_there(action.mailbox_id) or action.name)

    def _name_there(self, mailbox_id: int) -> str | None:
        if mailbox_id not in self._names:
            self._names[mailbox_id] = self._mailboxes.name_there(mailbox_id)
        return self._names[mailbox_id]


def _waiting(row: SqlRow) -> Waiting:
    identity, account, mailbox, text, state, sentence, tries, added_at, deed_id, subject, to = row
    action = next(iter(readable([text])), None)
    words = describe(action) if action is not None else "something that this version does not know"
    if isinstance(action, MailboxAction):
        mailbox = action.name
    if to is not None and not isinstance(action, Append):
        words = f"{words} to {to}"
    if subject is not None:
        words = f"{words}: {subject or '(no subject)'}"
    return Waiting(
        PendingId(identity), AccountName(account), mailbox or "", words, "failed" if state else "waiting", sentence,
        tries, added_at, None if deed_id is None else DeedId(deed_id),
    )

