"""What a person asks for becomes rows: actions that wait, copies that are shown, ways back.

What lives here: the first half of an action, in one transaction, for thousands at once.
What must not: what is due, done or failed (`pending`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tuimail.actions import (
    Action,
    Append,
    Copy,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    MessageAction,
    Move,
    RenameMailbox,
    SetFlags,
    Subscribe,
    kind_of,
    to_json,
)
from tuimail.errors import UsageError
from tuimail.model import EnvelopeId, MailboxId, PendingId
from tuimail.store.acting.away import Away
from tuimail.store.acting.mailbox_wishes import MailboxWishes
from tuimail.store.database import Database
from tuimail.store.flags import Flags
from tuimail.store.lists.order import Order

_PENDING: Final = (
    "INSERT INTO pending (id, account_id, mailbox_id, envelope_id, kind, to_id, copy_id, raw_id, action, added_at,"
    " after_id, deed_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_COPIED: Final = "place, flags, keywords, size_octets, has_attachments, thread_id, sender, subject"
_HEADERS: Final = (
    "sent_at, received_at, message_id, in_reply_to, message_references, from_line, reply_to, to_line, cc, list_id,"
    " structure"
)


class Asked(NamedTuple):
    """What became of actions that were asked for."""

    ids: dict[int, PendingId]
    """By the number of the action, from 0; those about what is gone are left out."""
    copies: list[tuple[EnvelopeId, EnvelopeId]]
    """Message and row of its copy."""


class _Message:
    """What a message is shown as while one action after the other is asked for."""

    __slots__ = ("account_id", "flags", "keywords", "mailbox_id")

    def __init__(self, account_id: int, mailbox_id: int, flags: int, keywords: str) -> None:
        self.account_id = account_id
        self.mailbox_id = mailbox_id
        self.flags = flags
        self.keywords = set(keywords.split())


class Asking:
    """The way of actions into the store."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order
        self._away = Away(database, order)
        self._flags = Flags(database)
        self._mailboxes = MailboxWishes(database)

    def ask(
        self, actions: Sequence[Action], *, at: int, deed_id: int | None = None,
        after: Mapping[int, int] | None = None,
    ) -> Asked:
        """Keep actions and show their effect, in the current transaction.

        `after`: the number of an action to that of the one it must wait for. Raises
        UsageError for a move into a mailbox of another account.
        """
        made = _Making(self._database, self._mailboxes, at, deed_id, after or {})
        made.look(actions)
        for number, action in enumerate(actions):
            made.take(number, action)
        made.write()
        self._away.refold(made.touched)
        self._order_copies(made.copies)
        self._flags.refold_all(made.flagged)
        for account_id in made.trees:
            self._mailboxes.refold(account_id)
        return Asked(made.ids, [(EnvelopeId(source), EnvelopeId(copy)) for source, copy, *_ in made.copies])

    def _order_copies(self, copies: Sequence[tuple[int, int, int, int]]) -> None:
        by_mailbox: dict[int, list[int]] = {}
        for _, copy_id, to, _ in copies:
            by_mailbox.setdefault(to, []).append(copy_id)
        for mailbox_id, ids in by_mailbox.items():
            rows = self._database.rows_of("SELECT place, flags FROM envelope WHERE id IN ({keys})", ids)
            self._order.shift(
                MailboxId(mailbox_id), added=[row[0] for row in rows], unread=sum(1 for row in rows if not row[1] & 1)
            )


class _Making:
    """Rows in the making."""

    def __init__(
        self, database: Database, mailboxes: MailboxWishes, at: int, deed_id: int | None, after: Mapping[int, int]
    ) -> None:
        self._database = database
        self._mailboxes = mailboxes
        self._at = at
        self._deed_id = deed_id
        self._after = after
        self._messages: dict[int, _Message] = {}
        self._owners: dict[int, int] = {}
        self._accounts: dict[str, int] = {}
        row = database.row("SELECT seq FROM sqlite_sequence WHERE name = 'pending'")
        self._next = (row[0] if row else 0) + 1
        self._copy_ids: dict[int, int] = {}
        self._rows: list[tuple[object, ...]] = []
        self._steps: list[tuple[object, ...]] = []
        self._made: list[tuple[int, int, int]] = []
        """Row, mailbox and action of a message that an Append puts there."""
        self.ids: dict[int, PendingId] = {}
        self.copies: list[tuple[int, int, int, int]] = []
        """Message, row of the copy, mailbox, action."""
        self.touched: set[int] = set()
        self.flagged: set[int] = set()
        self.trees: set[int] = set()

    def look(self, actions: Sequence[Action]) -> None:
        """Everything that is to be known of messages, mailboxes and accounts, in a few statements."""
        targets = {action.target.envelope_id for action in actions if isinstance(action, MessageAction)}
        for identity, account_id, mailbox_id, flags, keywords in self._database.rows_of(
            "SELECT envelope.id, account_id, mailbox_id, flags, keywords FROM envelope"
            " JOIN mailbox ON mailbox.id = mailbox_id WHERE account_id IS NOT NULL AND envelope.id IN ({keys})",
            targets,
        ):
            self._messages[identity] = _Message(account_id, mailbox_id, flags, keywords)
        self._owners = dict(self._database.rows("SELECT id, account_id FROM mailbox WHERE account_id IS NOT NULL"))
        self._accounts = dict(self._database.rows("SELECT name, id FROM account"))
        self._make_copies(actions)

    def _make_copies(self, actions: Sequence[Action]) -> None:
        wanted: dict[int, tuple[int, int]] = {}
        expunged: set[int] = set()
        for number, action in enumerate(actions):
            if isinstance(action, Expunge):
                expunged.add(action.target.envelope_id)
            if not isinstance(action, Copy) or action.target.envelope_id in expunged:
                continue
            message = self._messages.get(action.target.envelope_id)
            if message is not None and message.account_id == self._accounts.get(action.account):
                self._check(message.account_id, action.to)
                wanted[number] = (action.target.envelope_id, action.to)
        made = write_copies(self._database, list(wanted.values()))
        self._copy_ids = {number: copy_id for number, (_, copy_id) in zip(wanted, made, strict=True)}

    def take(self, number: int, action: Action) -> None:
        """One action; nothing when what it is about is gone, or is so already."""
        account_id = self._accounts.get(action.account)
        if account_id is None:
            return
        if isinstance(action, MessageAction):
            self._take_message(number, action, account_id)
        else:
            self._take_mailbox(number, action, account_id)

    def _take_message(self, number: int, action: MessageAction, account_id: int) -> None:
        message = self._messages.get(action.target.envelope_id)
        if isinstance(action, Append):
            self._take_append(number, action, account_id, message)
            return
        if message is None or message.account_id != account_id:
            return
        envelope_id: int = action.target.envelope_id
        mailbox_id = message.mailbox_id
        match action:
            case SetFlags():
                back = _flags_back(action, message)
                self._keep(number, action, account_id, mailbox_id, back, envelope_id)
                self.flagged.add(envelope_id)
            case Move():
                self._check(account_id, action.to)
                if message.mailbox_id == action.to:
                    return
                back = f'{{"kind":"move","to":{message.mailbox_id}}}'
                self._keep(number, action, account_id, mailbox_id, back, envelope_id, to=action.to)
                message.mailbox_id = action.to
                self.touched.add(envelope_id)
            case Expunge():
                self._keep(number, action, account_id, mailbox_id, "", envelope_id)
                del self._messages[envelope_id]
                self.touched.add(envelope_id)
            case Copy():
                copy_id = self._copy_ids[number]
                self.copies.append((envelope_id, copy_id, action.to, self._next))
                self._keep(
                    number, replace(action, copy_id=EnvelopeId(copy_id)), account_id, mailbox_id,
                    f'{{"kind":"expunge","envelope":{copy_id}}}', envelope_id, to=action.to, copy_id=copy_id,
                )

    def _take_append(self, number: int, action: Append, account_id: int, message: _Message | None) -> None:
        self._check(account_id, action.target.mailbox_id)
        envelope_id = action.target.envelope_id if message is not None else None
        if envelope_id is not None:
            self._made.append((envelope_id, action.target.mailbox_id, self._next))
            self.touched.add(envelope_id)
        back = f'{{"kind":"expunge","envelope":{envelope_id}}}' if envelope_id is not None else ""
        self._keep(
            number, action, account_id, action.target.mailbox_id, back, envelope_id, to=action.target.mailbox_id,
            raw_id=action.raw,
        )

    def _take_mailbox(self, number: int, action: Action, account_id: int) -> None:
        assert not isinstance(action, MessageAction)  # noqa: S101 - `take` looked
        if isinstance(action, CreateMailbox) and not action.mailbox_id:
            mailbox_id = self._mailboxes.new(account_id, action.name)
            if not mailbox_id:
                return
            self._owners[mailbox_id] = account_id
            action = replace(action, mailbox_id=MailboxId(mailbox_id))
        if self._owners.get(action.mailbox_id) != account_id:
            return
        self._keep(number, action, account_id, action.mailbox_id, _mailbox_back(action), None)
        self.trees.add(account_id)

    def _check(self, account_id: int, to: int) -> None:
        if self._owners.get(to) != account_id:
            raise UsageError(
                "A message goes to a mailbox of its own account only.", "To another account it is copied first."
            )

    def _keep(
        self, number: int, action: Action, account_id: int, mailbox_id: int, back: str, envelope_id: int | None, *,
        to: int | None = None, copy_id: int | None = None, raw_id: int | None = None,
    ) -> None:
        identity, self._next = self._next, self._next + 1
        self.ids[number] = PendingId(identity)
        after = self.ids.get(self._after[number]) if number in self._after else None
        self._rows.append((
            identity, account_id, mailbox_id, envelope_id, kind_of(action), to, copy_id, raw_id, to_json(action),
            self._at, after, self._deed_id,
        ))
        if self._deed_id is not None:
            self._steps.append((identity, self._deed_id, envelope_id, account_id, back))

    def write(self) -> None:
        """All rows."""
        self._database.many(_PENDING, self._rows)
        self._database.many(
            "INSERT INTO step (pending_id, deed_id, envelope_id, account_id, back) VALUES (?, ?, ?, ?, ?)", self._steps
        )
        self._database.many(
            "INSERT OR REPLACE INTO away (envelope_id, mailbox_id, uid, maker) VALUES (?, ?, NULL, ?)",
            self._made + [(copy_id, to, number) for _, copy_id, to, number in self.copies],
        )


def write_copies(database: Database, wanted: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Rows like those of messages, in other mailboxes, in the current transaction; (message, row of its copy) each.

    `wanted`: message and mailbox. Places are not counted yet.
    """
    if not wanted:
        return []
    row = database.row("SELECT value FROM meta WHERE key = 'next_envelope_id'")
    first = int(row[0]) if row else 1
    database.run("UPDATE meta SET value = ? WHERE key = 'next_envelope_id'", (first + len(wanted),))
    stamp = int.from_bytes(os.urandom(5))
    database.many(
        f"INSERT INTO envelope (id, mailbox_id, uid, server_flags, server_keywords, body, stamp, {_COPIED})"
        f" SELECT ?, ?, NULL, flags, keywords, 0, ?, {_COPIED} FROM envelope WHERE id = ?",
        ((identity, to, stamp, source) for identity, (source, to) in enumerate(wanted, first)),
    )
    database.many(
        f"INSERT INTO header (id, {_HEADERS}) SELECT ?, {_HEADERS} FROM header WHERE id = ?",
        ((identity, source) for identity, (source, _) in enumerate(wanted, first)),
    )
    return [(source, identity) for identity, (source, _) in enumerate(wanted, first)]


def _flags_back(action: SetFlags, message: _Message) -> str:
    """The change that undoes a change of flags, given what the message has; and what it has then."""
    add, remove = action.remove & message.flags, action.add & ~message.flags
    if not (action.add_keywords or action.remove_keywords):
        message.flags = (message.flags | action.add) & ~action.remove
        if not (add or remove):
            return ""
        return f'{{"kind":"set_flags","add":{add:d},"remove":{remove:d},"add_keywords":[],"remove_keywords":[]}}'
    add_keywords = sorted(message.keywords.intersection(action.remove_keywords))
    remove_keywords = sorted(set(action.add_keywords) - message.keywords)
    message.flags = (message.flags | action.add) & ~action.remove
    message.keywords = (message.keywords | set(action.add_keywords)) - set(action.remove_keywords)
    if not (add or remove or add_keywords or remove_keywords):
        return ""
    return json.dumps({
        "kind": "set_flags", "add": int(add), "remove": int(remove), "add_keywords": add_keywords,
        "remove_keywords": remove_keywords,
    }, separators=(",", ":"))


def _mailbox_back(action: Action) -> str:
    back: dict[str, Any]
    match action:
        case CreateMailbox():
            back = {"kind": "delete_mailbox", "mailbox_id": action.mailbox_id, "name": action.name}
        case RenameMailbox():
            back = {
                "kind": "rename_mailbox", "mailbox_id": action.mailbox_id, "name": action.new_name,
                "new_name": action.name,
            }
        case Subscribe():
            back = {
                "kind": "subscribe", "mailbox_id": action.mailbox_id, "name": action.name,
                "subscribed": not action.subscribed,
            }
        case DeleteMailbox():
            return ""
        case _:
            return ""
    return json.dumps(back, separators=(",", ":"))

