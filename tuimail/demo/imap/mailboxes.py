"""The verbs about mailboxes as a whole: LIST and its extensions, STATUS, CREATE, DELETE, RENAME, subscriptions, APPEND.

RFC 3501 6.3, RFC 5258 (LIST-EXTENDED), RFC 5819 (LIST-STATUS), RFC 6154 (SPECIAL-USE), RFC 4315 (UIDPLUS).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tuimail.demo.imap.session import Call, Refused, Session
from tuimail.demo.imap.syntax import (
    BadSyntax,
    Token,
    Word,
    decode_mailbox,
    encode_mailbox,
    parse_internal_date,
    quoted,
    words,
)
from tuimail.demo.mailstore import Mailbox, MailboxExists, MailStore, Message, NoSuchMailbox


def mailbox_of(session: Session, word: Word) -> Mailbox:
    """The mailbox an argument names; NoSuchMailbox also for one that cannot be selected."""
    mailbox = session.mail.store.mailbox(decode_mailbox(word.value))
    if not mailbox.selectable:
        raise NoSuchMailbox(mailbox.name)
    return mailbox


# -- LIST -------------------------------------------------------------------------------------------------------------


async def list_mailboxes(session: Session, call: Call) -> str:
    """LIST, with selection and return options where LIST-EXTENDED is offered."""
    args = list(call.args)
    extended = "LIST-EXTENDED" in session.offered
    selection = _option_names(args.pop(0)) if args and isinstance(args[0], list) and extended else []
    if len(args) < 2 or not isinstance(args[0], Word):
        raise BadSyntax("LIST takes a reference and a pattern")
    reference = decode_mailbox(args[0].value)
    patterns = [decode_mailbox(word.value) for word in words(args[1] if isinstance(args[1], list) else [args[1]])]
    returns = args[3] if len(args) > 3 and isinstance(args[3], list) and extended else []
    names = [token.upper for token in returns if isinstance(token, Word)]
    store = session.mail.store
    if patterns == [""]:
        await session.wire.send(b"* LIST (\\Noselect) " + quoted(store.delimiter.encode()) + b' ""\r\n')
        return "done"
    only_subscribed = "SUBSCRIBED" in selection
    candidates = sorted({*store.names(), *(store.subscriptions() if only_subscribed else ())})
    lines: list[bytes] = []
    for name in sorted(candidates, key=lambda name: (name != "INBOX", name)):
        if not any(matches(reference + pattern, name, store.delimiter) for pattern in patterns):
            continue
        mailbox = _find(store, name)
        subscribed = name in store.subscriptions()
        if (only_subscribed and not subscribed) or (
            selection == ["SPECIAL-USE"] and (mailbox is None or not mailbox.special_use)
        ):
            continue
        attributes = _attributes(
            session, mailbox, name, tell_subscribed=subscribed and (only_subscribed or "SUBSCRIBED" in names)
        )
        lines.append(_list_line("LIST", attributes, store.delimiter, name))
        if "STATUS" in names and mailbox is not None and mailbox.selectable and "LIST-STATUS" in session.offered:
            wanted = returns[names.index("STATUS") + _lists_before(returns, "STATUS") + 1]
            lines.append(status_line(session, mailbox, wanted if isinstance(wanted, list) else []))
    await session.wire.send(b"".join(lines))
    return "done"


def _lists_before(returns: Sequence[Token], name: str) -> int:
    """How many parenthesised arguments stand before a return option."""
    count = 0
    for token in returns:
        if isinstance(token, Word) and token.upper == name:
            return count
        count += isinstance(token, list)
    return count


def _option_names(token: Token) -> list[str]:
    return [word.upper for word in words(token)] if isinstance(token, list) else []


def _find(store: MailStore, name: str) -> Mailbox | None:
    try:
        return store.mailbox(name)
    except NoSuchMailbox:
        return None


def _attributes(session: Session, mailbox: Mailbox | None, name: str, *, tell_subscribed: bool) -> list[str]:
    attributes = []
    if mailbox is None:
        attributes.append("\\NonExistent")
    elif not mailbox.selectable:
        attributes.append("\\Noselect")
    if "CHILDREN" in session.offered:
        attributes.append("\\HasChildren" if session.mail.store.children(name) else "\\HasNoChildren")
    if mailbox is not None and mailbox.special_use and "SPECIAL-USE" in session.offered:
        attributes.append(mailbox.special_use)
    if tell_subscribed:
        attributes.append("\\Subscribed")
    return attributes


def _list_line(verb: str, attributes: Sequence[str], delimiter: str, name: str) -> bytes:
    return (
        f"* {verb} ({' '.join(attributes)}) ".encode()
        + quoted(delimiter.encode())
        + b" "
        + quoted(encode_mailbox(name))
        + b"\r\n"
    )


def matches(pattern: str, name: str, delimiter: str) -> bool:
    """LIST's wildcards: `*` is anything, `%` stops at the delimiter; INBOX in any case."""
    expression = "".join(
        ".*" if c == "*" else f"[^{re.escape(delimiter)}]*" if c == "%" else re.escape(c) for c in pattern
    )
    flags = re.IGNORECASE | re.DOTALL if name == "INBOX" else re.DOTALL
    return re.fullmatch(expression, name, flags) is not None


async def list_subscribed(session: Session, call: Call) -> str:
    """LSUB."""
    reference, pattern = decode_mailbox(call.word(0).value), decode_mailbox(call.word(1).value)
    store = session.mail.store
    for name in store.subscriptions():
        if matches(reference + pattern, name, store.delimiter):
            await session.wire.send(_list_line("LSUB", (), store.delimiter, name))
    return "done"


# -- STATUS -----------------------------------------------------------------------------------------------------------


async def status(session: Session, call: Call) -> str:
    """STATUS."""
    mailbox = mailbox_of(session, call.word(0))
    items = call.args[1] if len(call.args) > 1 else None
    if not isinstance(items, list) or not items:
        raise BadSyntax("STATUS takes a list of items")
    await session.wire.send(status_line(session, mailbox, items))
    return "done"


def status_line(session: Session, mailbox: Mailbox, items: Sequence[Token]) -> bytes:
    """One untagged STATUS with its CRLF."""
    pieces = []
    with mailbox.lock:
        for word in words(items):
            values = {
                "MESSAGES": len(mailbox.messages),
                "RECENT": 0,
                "UIDNEXT": mailbox.uid_next,
                "UIDVALIDITY": mailbox.uid_validity,
                "UNSEEN": mailbox.unseen(),
            }
            if "CONDSTORE" in session.offered:
                values["HIGHESTMODSEQ"] = mailbox.highest_modseq
                session.condstore |= word.upper == "HIGHESTMODSEQ"
            if "STATUS=SIZE" in session.offered:
                values["SIZE"] = mailbox.size_octets()
            if word.upper not in values:
                raise BadSyntax("an unknown item of STATUS")
            pieces.append(f"{word.upper} {values[word.upper]}")
    return b"* STATUS " + quoted(encode_mailbox(mailbox.name)) + f" ({' '.join(pieces)})\r\n".encode()


# -- changes ----------------------------------------------------------------------------------------------------------


async def create(session: Session, call: Call) -> str:
    """CREATE."""
    store = session.mail.store
    name = decode_mailbox(call.word(0).value).removesuffix(store.delimiter)
    if not name or any(ord(character) < 32 for character in name):
        raise Refused("[CANNOT] not a mailbox name")
    try:
        store.create(name)
    except MailboxExists as exc:
        raise Refused("[ALREADYEXISTS] the mailbox is there already") from exc
    return "created"


async def delete(session: Session, call: Call) -> str:
    """DELETE."""
    mailbox = mailbox_of(session, call.word(0))
    if mailbox.name == "INBOX":
        raise Refused("[CANNOT] INBOX cannot be deleted")
    if session.view is not None and session.view.mailbox is mailbox:
        session.leave_mailbox()
    session.mail.store.delete(mailbox.name)
    return "deleted"


async def rename(session: Session, call: Call) -> str:
    """RENAME."""
    store = session.mail.store
    try:
        store.rename(
            decode_mailbox(call.word(0).value), decode_mailbox(call.word(1).value).removesuffix(store.delimiter)
        )
    except MailboxExists as exc:
        raise Refused("[ALREADYEXISTS] the new name is taken") from exc
    return "renamed"


async def subscribe(session: Session, call: Call) -> str:
    """SUBSCRIBE."""
    session.mail.store.subscribe(mailbox_of(session, call.word(0)).name)
    return "done"


async def unsubscribe(session: Session, call: Call) -> str:
    """UNSUBSCRIBE."""
    session.mail.store.unsubscribe(decode_mailbox(call.word(0).value))
    return "done"


async def append(session: Session, call: Call) -> str:
    """APPEND of one message."""
    try:
        mailbox = mailbox_of(session, call.word(0))
    except NoSuchMailbox as exc:
        raise Refused("[TRYCREATE] there is no such mailbox") from exc
    args = call.rest(1)
    flags = [word.value.decode("latin-1") for word in words(args.pop(0))] if args and isinstance(args[0], list) else []  # type: ignore[arg-type]  # checked on the same line
    date = None
    if len(args) == 2 and isinstance(args[0], Word):
        date = parse_internal_date(args.pop(0).value)  # type: ignore[union-attr]  # checked one line up
    if len(args) != 1 or not isinstance(args[0], Word):
        raise BadSyntax("APPEND takes one message")
    message: Message = mailbox.append(args[0].value, flags, date)
    if "UIDPLUS" in session.offered:
        return f"[APPENDUID {mailbox.uid_validity} {message.uid}] appended"
    return "appended"
