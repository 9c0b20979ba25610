"""Acting on mail: what a key or a command asks for, made into one deed that can be undone.

What lives here: what archive, delete, junk, move and copy mean for each account, what is
asked before, and the words afterwards. Each function takes an open Store (of the thread
that calls it), acts in one durable transaction, and returns None when there was nothing
to do. Afterwards the caller wakes the accounts that it names. What must not live here:
servers, keys, and how actions are kept (`store.acting.deeds`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tuimail.actions import Append, Copy, Expunge, Move, SetFlags, Target
from tuimail.errors import NeedsYes, NotHere, QuarantineRefused, UsageError
from tuimail.model import AccountName, DeedId, EnvelopeId, Flag, Mailbox, MailboxId, Role, Section
from tuimail.store import Store
from tuimail.store.acting.deeds import Message
from tuimail.store.holding.quarantine import PartState
from tuimail.wishes.deed import Done, Making, messages_of
from tuimail.wishes.tree import mailbox_create, mailbox_delete, mailbox_made, mailbox_rename, subscribe

__all__ = [
    "Done", "NeedsYes", "NotHere", "archive", "change_flags", "copy", "delete", "delete_for_good", "destinations",
    "empty_trash", "junk", "keywords", "known_keywords", "mailbox_create", "mailbox_delete", "mailbox_made",
    "mailbox_rename", "mark_all_read", "move", "not_junk", "set_flag", "subscribe", "thread_ids", "undo",
]
LONG = 10_000
"""Messages of a deed that takes its time."""
JUNK = "$Junk"
NOT_JUNK = "$NotJunk"
Ids = Sequence[EnvelopeId]


def _on_messages(
    store: Store, ids: Ids, act: Callable[[Making, list[Message]], str], *, at: int, makes_mailboxes: bool = True
) -> Done | None:
    """One deed: `act` adds actions, and returns the words. Thousands are looked at before the lock is held."""
    store.deeds.finish()  # so that deeds about the same messages keep their order
    messages = store.deeds.messages(ids) if len(ids) > LONG else None
    deed = Making(store)
    words = act(deed, messages) if messages is not None and not makes_mailboxes else None
    with store.transaction(durable=True):
        if words is None:
            words = act(deed, store.deeds.messages(ids) if messages is None else messages)
        done = deed.do(words, at=at)
    deed.copy_bodies()
    store.deeds.finish()
    return done


# --- to where it belongs ------------------------------------------------------


def archive(store: Store, ids: Ids, *, at: int, by_year: bool = False) -> Done | None:
    """Put messages into the archive of their account, by year when that is wanted; what is in it stays."""

    def act(deed: Making, messages: list[Message]) -> str:
        for message in messages:
            if deed.places.is_archive(deed.places.by_id.get(message.target.mailbox_id)):
                continue
            to = (
                deed.places.archive_of_year(message.account, message.sort_at) if by_year
                else deed.places.archive(message.account)
            )
            _move_one(deed, message, to)
        return f"Archived {messages_of(deed.count)}"

    return _on_messages(store, ids, act, at=at)


def delete(store: Store, ids: Ids, *, at: int, sure: bool = False) -> Done | None:
    """Put messages into the trash of their account; those that are in it go for good.

    Raises NeedsYes when some would go for good and nobody is `sure`.
    """

    def act(deed: Making, messages: list[Message]) -> str:
        in_trash = [message for message in messages if _role(deed, message) is Role.TRASH]
        _ask(len(in_trash), sure)
        for message in messages:
            if _role(deed, message) is Role.TRASH:
                deed.actions.append(Expunge(message.account, message.target))
                deed.count += 1
            else:
                _move_one(deed, message, deed.places.with_role(message.account, Role.TRASH))
        for_good = " for good" if in_trash and len(in_trash) == len(messages) else ""
        return f"Deleted {messages_of(deed.count)}{for_good}"

    return _on_messages(store, ids, act, at=at)


def delete_for_good(store: Store, ids: Ids, *, at: int, sure: bool = False) -> Done | None:
    """Delete messages for ever, wherever they are. Raises NeedsYes when nobody is `sure`."""

    def act(deed: Making, messages: list[Message]) -> str:
        _ask(len(messages), sure)
        deed.actions += [Expunge(message.account, message.target) for message in messages]
        return f"Deleted {messages_of(len(messages))} for good"

    return _on_messages(store, ids, act, at=at)


def junk(store: Store, ids: Ids, *, at: int) -> Done | None:
    """Say of messages that they are junk, and put them there."""

    def act(deed: Making, messages: list[Message]) -> str:
        for message in messages:
            _mark(deed, message, add=(JUNK,), remove=(NOT_JUNK,))
            _move_one(deed, message, deed.places.with_role(message.account, Role.JUNK))
        return f"Moved {messages_of(len(messages))} to junk"

    return _on_messages(store, ids, act, at=at)


def not_junk(store: Store, ids: Ids, *, at: int) -> Done | None:
    """Say of messages that they are no junk; what lies there goes to the inbox."""

    def act(deed: Making, messages: list[Message]) -> str:
        for message in messages:
            _mark(deed, message, add=(NOT_JUNK,), remove=(JUNK,))
            if _role(deed, message) is Role.JUNK:
                _move_one(deed, message, deed.places.with_role(message.account, Role.INBOX))
        return f"Marked {messages_of(len(messages))} as not junk"

    return _on_messages(store, ids, act, at=at)


def move(store: Store, ids: Ids, *, at: int, to: MailboxId) -> Done | None:
    """Put messages into a mailbox.

    From another account they are copied through us, and leave theirs only once they have
    arrived. Raises NotHere when their octets are not here yet.
    """

    def act(deed: Making, messages: list[Message]) -> str:
        target = _destination(deed, to)
        crossing = [message for message in messages if message.account != target.account]
        appended = _append_all(deed, crossing, target)
        for message in messages:
            if message.account == target.account:
                _move_one(deed, message, to)
            else:
                _leave(deed, message, appended[message.target.envelope_id])
        return f"Moved {messages_of(deed.count)} to {target.name}"

    return _on_messages(store, ids, act, at=at)


def copy(store: Store, ids: Ids, *, at: int, to: MailboxId) -> Done | None:
    """Put copies of messages into a mailbox, of whatever account. Raises NotHere as `move`."""

    def act(deed: Making, messages: list[Message]) -> str:
        target = _destination(deed, to)
        _append_all(deed, [message for message in messages if message.account != target.account], target)
        deed.actions += [
            Copy(message.account, message.target, to) for message in messages if message.account == target.account
        ]
        return f"Copied {messages_of(len(messages))} to {target.name}"

    return _on_messages(store, ids, act, at=at)


# --- flags ----------------------------------------------------------------------


def set_flag(store: Store, ids: Ids, flag: Flag, on: bool | None = None, *, at: int) -> Done | None:
    """Give messages a flag, or take it away; `on` None: give it, and take it away when all have it."""

    def act(deed: Making, messages: list[Message]) -> str:
        give = any(not message.flags & flag for message in messages) if on is None else on
        chosen = [message for message in messages if bool(message.flags & flag) != give]
        deed.actions += [
            SetFlags(message.account, message.target, add=int(flag) if give else 0, remove=0 if give else int(flag))
            for message in chosen
        ]
        return _FLAG_WORDS[flag, give].format(messages_of(len(chosen)))

    return _on_messages(store, ids, act, at=at, makes_mailboxes=False)


_FLAG_WORDS = {
    (Flag.SEEN, True): "Marked {} as read",
    (Flag.SEEN, False): "Marked {} as unread",
    (Flag.FLAGGED, True): "Starred {}",
    (Flag.FLAGGED, False): "Took the star off {}",
    (Flag.ANSWERED, True): "Marked {} as answered",
    (Flag.ANSWERED, False): "Marked {} as not answered",
    (Flag.DELETED, True): "Marked {} as deleted",
    (Flag.DELETED, False): "Took the mark of deletion off {}",
    (Flag.DRAFT, True): "Marked {} as draft",
    (Flag.DRAFT, False): "Marked {} as no draft",
}


def change_flags(
    store: Store, ids: Ids, *, at: int, add: int = 0, remove: int = 0, add_keywords: Iterable[str] = (),
    remove_keywords: Iterable[str] = (), words: str = "Changed the flags of {}",
) -> Done | None:
    """Flags (bits) and keywords together; messages that are so already are left out.

    `words`: past tense, {} for the counted messages.
    """
    give, take = frozenset(add_keywords), frozenset(remove_keywords)

    def act(deed: Making, messages: list[Message]) -> str:
        chosen = [
            message for message in messages
            if message.flags & add != add or message.flags & remove or give - message.keywords
            or take & message.keywords
        ]
        deed.actions += [
            SetFlags(message.account, message.target, add, remove, tuple(sorted(give)), tuple(sorted(take)))
            for message in chosen
        ]
        return words.replace("{}", messages_of(len(chosen)))

    return _on_messages(store, ids, act, at=at, makes_mailboxes=False)


def keywords(store: Store, ids: Ids, add: Iterable[str] = (), remove: Iterable[str] = (), *, at: int) -> Done | None:
    """Give messages keywords, and take some away."""
    give, take = list(add), list(remove)
    words = "Changed the keywords of {}"
    if not (give and take):
        words = f"Gave {{}} {' '.join(give)}" if give else f"Took {' '.join(take)} off {{}}"
    return change_flags(store, ids, at=at, add_keywords=give, remove_keywords=take, words=words)


def mark_all_read(store: Store, mailbox_id: MailboxId, *, at: int) -> Done | None:
    """Everything in a mailbox was read."""
    mailbox = store.mailboxes.get(mailbox_id)
    if mailbox is None:
        return None
    return set_flag(store, store.envelopes.unread_ids(mailbox_id, mailbox.unread), Flag.SEEN, True, at=at)


def empty_trash(store: Store, account: AccountName, *, at: int, sure: bool = False) -> Done | None:
    """Delete everything in the trash for ever. Raises NeedsYes when nobody is `sure`."""
    trash = store.mailboxes.with_role(account, Role.TRASH)
    if trash is None:
        return None
    return delete_for_good(store, [one for one, _ in store.envelopes.newest([trash.id])], at=at, sure=sure)


# --- everything else ----------------------------------------------------------------


def undo(store: Store, *, at: int, deed: DeedId | None = None) -> Done | None:
    """Turn back a deed, by default the newest that was not; None when there is none."""
    undone = store.deeds.undo(at=at, deed=deed)
    if undone is None:
        return None
    if undone.left and not undone.turned:
        sentence = f"{undone.words}: that cannot be undone."
    else:
        sentence = f"Undone: {undone.words[:1].lower()}{undone.words[1:]}."
        if undone.left:
            sentence += f" {undone.left:,} of it could not be turned back."
    return Done(undone.deed, sentence, undone.accounts)


def thread_ids(store: Store, envelope_id: EnvelopeId) -> list[EnvelopeId]:
    """All messages of the conversation that a message belongs to, itself included."""
    return store.envelopes.thread(envelope_id)


def known_keywords(store: Store, mailbox_id: MailboxId | None = None, limit: int = 50) -> list[str]:
    """Keywords that messages have, the most frequent first; only of a mailbox when one is named."""
    return store.envelopes.keywords(mailbox_id, limit)


def destinations(store: Store, account: AccountName | None = None) -> list[Mailbox]:
    """Mailboxes that messages can be put into, in tree order."""
    return [mailbox for mailbox in store.mailboxes.all(account) if mailbox.selectable]


# --- parts ----------------------------------------------------------------------------


def _move_one(deed: Making, message: Message, to: MailboxId) -> None:
    if message.target.mailbox_id != to:
        deed.actions.append(Move(message.account, message.target, to))
        deed.count += 1


def _mark(deed: Making, message: Message, *, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    if set(add) - message.keywords or set(remove) & message.keywords:
        deed.actions.append(SetFlags(message.account, message.target, 0, 0, add, remove))


def _destination(deed: Making, to: MailboxId) -> Mailbox:
    """The mailbox that messages are to be put into. Raises UsageError."""
    mailbox = deed.places.of(to)
    if not mailbox.selectable:
        raise UsageError(f"{mailbox.name} holds mailboxes only, and no mail.", "Choose another one.")
    return mailbox


def _role(deed: Making, message: Message) -> Role:
    mailbox = deed.places.by_id.get(message.target.mailbox_id)
    return mailbox.role if mailbox is not None else Role.NONE


def _ask(count: int, sure: bool) -> None:
    if count and not sure:
        raise NeedsYes(f"Delete {messages_of(count)} for good? This cannot be undone.", count)


def _append_all(deed: Making, messages: Sequence[Message], target: Mailbox) -> dict[EnvelopeId, int]:
    """Have messages of other accounts filed in a mailbox; message to the number of its Append."""
    store = deed.store
    _refuse_held(store, messages)
    missing = tuple(one.target.envelope_id for one in messages if not _is_here(store, one.target.envelope_id))
    if missing:
        raise NotHere(f"{messages_of(len(missing))} must be downloaded first.", missing)
    numbers = {}
    for message in messages:
        identity = message.target.envelope_id
        raw = _octets(store, identity)  # one at a time: all of them may be more than memory holds
        copy_id = store.deeds.copy_row(identity, target.id)
        deed.copied.append((identity, copy_id))
        envelope = store.envelopes.envelope(identity)
        numbers[identity] = len(deed.actions)
        deed.actions.append(Append(
            target.account, Target(copy_id, target.id, None, None, message.target.message_id), store.raws.keep(raw),
            message.flags, tuple(sorted(message.keywords)), envelope.received_at if envelope is not None else None,
        ))
    return numbers


def _refuse_held(store: Store, messages: Sequence[Message]) -> None:
    """Raises QuarantineRefused for what must not leave its account: in another one nobody knows that it is held."""
    for message in messages:
        parts = store.quarantine.of_message(message.target.envelope_id)
        if any(part.state is PartState.DELETED and not part.is_here for part in parts):
            raise QuarantineRefused(
                "An attachment of this message was deleted here, so it stays in its account.",
                "The server still has it, and a copy elsewhere would bring it back.",
            )
        if any(part.state in {PartState.HELD, PartState.DELETING} for part in parts):
            raise QuarantineRefused(
                "An attachment of this message is held in quarantine, so it stays in its account.",
                "Release or delete the attachment first.",
            )


def _is_here(store: Store, envelope_id: EnvelopeId) -> bool:
    return store.local.is_local(envelope_id) or store.parts.info(envelope_id, Section("")) is not None


def _octets(store: Store, envelope_id: EnvelopeId) -> bytes:
    """The whole message. Raises NotHere when it went meanwhile."""
    if store.local.is_local(envelope_id):
        return store.local.raw(envelope_id)
    raw = store.parts.get(envelope_id, Section(""))
    if raw is None:
        raise NotHere("1 message must be downloaded first.", (envelope_id,))
    return raw


def _leave(deed: Making, message: Message, appended: int) -> None:
    """Out of its account, to the trash there, once it has arrived in another."""
    trash = deed.places.with_role(message.account, Role.TRASH)
    deed.after[len(deed.actions)] = appended
    if message.target.mailbox_id == trash:
        deed.actions.append(Expunge(message.account, message.target))
    else:
        deed.actions.append(Move(message.account, message.target, trash))
    deed.count += 1
