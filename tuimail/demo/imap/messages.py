"""The verbs about messages in the selected mailbox: SELECT to UNSELECT, FETCH, STORE, SEARCH, COPY, MOVE, EXPUNGE,
IDLE, NOTIFY.

RFC 3501 6.3.1 and 6.4, RFC 7162 (CONDSTORE, QRESYNC), RFC 6851 (MOVE), RFC 4731 (ESEARCH), RFC 2177 (IDLE), RFC 5465
(NOTIFY).
"""

from __future__ import annotations

from collections.abc import Sequence

from tuimail.demo.imap.fetch import Item, Renderer, parse_items
from tuimail.demo.imap.mailboxes import mailbox_of
from tuimail.demo.imap.search import parse_search
from tuimail.demo.imap.session import Call, Refused, Session, State, Watch
from tuimail.demo.imap.syntax import BadSyntax, Token, Word, format_set, pick_from_set, quoted, words
from tuimail.demo.imap.view import View, flags_line, used_flags
from tuimail.demo.mailstore import SYSTEM_FLAGS, Mailbox, Message, NoSuchMailbox
from tuimail.demo.wire import CHUNK_OCTETS

# -- SELECT -----------------------------------------------------------------------------------------------------------


async def select(session: Session, call: Call) -> str:
    """SELECT and EXAMINE, with the parameters CONDSTORE and QRESYNC."""
    if session.view is not None:
        session.leave_mailbox()
        if session.qresync:
            await session.wire.send(b"* OK [CLOSED] the mailbox before is closed\r\n")
    mailbox = mailbox_of(session, call.word(0))
    parameters = call.args[1] if len(call.args) > 1 and isinstance(call.args[1], list) else []
    names = [token.upper for token in parameters if isinstance(token, Word)]
    resync: list[Token] | None = None
    if "CONDSTORE" in names and "CONDSTORE" in session.offered:
        session.condstore = True
    if "QRESYNC" in names:
        if not session.qresync:
            raise Refused("QRESYNC was not enabled", "BAD")
        following = parameters[names.index("QRESYNC") + 1 :]
        resync = following[0] if following and isinstance(following[0], list) else None
    read_only = call.verb == "EXAMINE"
    with mailbox.lock:
        view = View(mailbox, read_only=read_only)
        session.view, session.state = view, State.SELECTED
        session.renderer = Renderer([mailbox.special_use or ("\\Inbox" if mailbox.name == "INBOX" else mailbox.name)])
        lines = _select_answers(session, view)
        if resync is not None:
            lines += _resync(session, view, resync)
    await session.wire.send(b"".join(lines))
    return "[READ-ONLY] opened" if read_only else "[READ-WRITE] opened"


def _select_answers(session: Session, view: View) -> list[bytes]:
    mailbox = view.mailbox
    keywords = used_flags(mailbox.messages)
    flags = " ".join([*SYSTEM_FLAGS, *keywords])
    permanent = "" if view.read_only else flags + " \\*"
    lines = [
        f"* FLAGS ({flags})\r\n",
        f"* OK [PERMANENTFLAGS ({permanent})] these can be kept\r\n",
        f"* {len(view.messages)} EXISTS\r\n",
        "* 0 RECENT\r\n",
    ]
    first_unseen = next((i for i, m in enumerate(view.messages, start=1) if "\\Seen" not in m.flags), None)
    if first_unseen is not None:
        lines.append(f"* OK [UNSEEN {first_unseen}] first unseen\r\n")
    lines += [f"* OK [UIDVALIDITY {mailbox.uid_validity}] valid\r\n", f"* OK [UIDNEXT {mailbox.uid_next}] next\r\n"]
    if "CONDSTORE" in session.offered:
        lines.append(f"* OK [HIGHESTMODSEQ {mailbox.highest_modseq}] highest\r\n")
    if "OBJECTID" in session.offered:
        lines.append(f"* OK [MAILBOXID (F{mailbox.uid_validity})] id\r\n")
    return [line.encode("utf-8") for line in lines]


def _resync(session: Session, view: View, arguments: Sequence[Token]) -> list[bytes]:
    """What changed since the client's modseq (RFC 7162 3.2.5); nothing under another UIDVALIDITY."""
    given = [token for token in arguments if isinstance(token, Word)]
    if len(given) < 2 or not given[0].value.isdigit() or not given[1].value.isdigit():
        raise BadSyntax("QRESYNC takes a UIDVALIDITY and a modseq")
    if int(given[0].value) != view.uid_validity:
        return []
    since = int(given[1].value)
    known = given[2].value if len(given) > 2 else None
    gone = view.mailbox.vanished_since(since)
    if known is not None:
        gone = pick_from_set(known, gone)
    lines = [b"* VANISHED (EARLIER) " + format_set(gone) + b"\r\n"] if gone else []
    for sequence, message in enumerate(view.messages, start=1):
        if message.modseq > since and (known is None or pick_from_set(known, [message.uid])):
            lines.append(flags_line(sequence, message, modseq=True, with_uid=True))
    return lines


async def close(session: Session, call: Call) -> str:
    """CLOSE: expunge without a word, then leave."""
    view = session.selected
    if not view.read_only:
        view.mailbox.expunge(m.uid for m in view.mailbox.messages if "\\Deleted" in m.flags)
    session.leave_mailbox()
    return "closed"


async def unselect(session: Session, call: Call) -> str:
    """UNSELECT (RFC 3691): leave without expunging."""
    session.leave_mailbox()
    return "left"


# -- FETCH ------------------------------------------------------------------------------------------------------------


async def fetch(session: Session, call: Call) -> str:
    """FETCH and UID FETCH, with CHANGEDSINCE and VANISHED."""
    view = session.selected
    if len(call.args) < 2:
        raise BadSyntax("FETCH takes a set and items")
    items = parse_items(call.args[1], session.offered)
    modifiers = words(call.args[2]) if len(call.args) > 2 and isinstance(call.args[2], list) else []
    names = [word.upper for word in modifiers]
    since = _changed_since(modifiers) if "CHANGEDSINCE" in names and "CONDSTORE" in session.offered else None
    if call.by_uid and not any(item.name == "UID" for item in items):
        items.insert(0, Item("UID"))
    if since is not None or any(item.name == "MODSEQ" for item in items):
        session.condstore = True
    if since is not None and not any(item.name == "MODSEQ" for item in items):
        items.append(Item("MODSEQ"))
    if "VANISHED" in names and since is not None and session.qresync and call.by_uid:
        gone = pick_from_set(call.word(0).value, view.mailbox.vanished_since(since))
        if gone:
            await session.wire.send(b"* VANISHED (EARLIER) " + format_set(gone) + b"\r\n")
    picked = view.pick(call.word(0).value, by_uid=call.by_uid)
    chosen = [(sequence, message) for sequence, message in picked if since is None or message.modseq > since]
    await _send_fetch(session, view, items, chosen)
    return "fetched"


def _changed_since(modifiers: Sequence[Word]) -> int:
    names = [word.upper for word in modifiers]
    following = modifiers[names.index("CHANGEDSINCE") + 1 :]
    if not following or not following[0].value.isdigit():
        raise BadSyntax("CHANGEDSINCE takes a number")
    return int(following[0].value)


async def _send_fetch(session: Session, view: View, items: list[Item], chosen: Sequence[tuple[int, Message]]) -> None:
    marks_seen = any(item.marks_seen for item in items) and not view.read_only
    pending: list[bytes] = []
    size = 0
    for sequence, message in chosen:
        line_items = items
        if marks_seen and "\\Seen" not in message.flags:
            view.mailbox.set_flags(message, message.flags | {"\\Seen"})
            view.note_flags(message)
            names = {item.name for item in items}
            # RFC 7162 3.1.4.2: a client that knows modseqs is told the one of a \Seen that FETCH sets.
            extra = ("FLAGS", "MODSEQ") if session.condstore else ("FLAGS",)
            line_items = [*(Item(name) for name in extra if name not in names), *items]
        line = session.renderer.answer(sequence, message, line_items)
        pending.append(line)
        size += len(line)
        if any(item.name == "FLAGS" for item in line_items):
            view.note_flags(message)
        if size > CHUNK_OCTETS:
            await session.wire.send(b"".join(pending))
            pending, size = [], 0
    if pending:
        await session.wire.send(b"".join(pending))


# -- STORE ------------------------------------------------------------------------------------------------------------


async def store(session: Session, call: Call) -> str:
    """STORE and UID STORE, with UNCHANGEDSINCE and .SILENT."""
    view = session.writable()
    args = call.rest(1)
    unchanged_since: int | None = None
    if args and isinstance(args[0], list):
        modifier = words(args.pop(0))  # type: ignore[arg-type]  # checked one line up
        if len(modifier) != 2 or modifier[0].upper != "UNCHANGEDSINCE" or not modifier[1].value.isdigit():
            raise BadSyntax("an unknown modifier of STORE")
        unchanged_since = int(modifier[1].value)
        session.condstore = True
    if len(args) < 2 or not isinstance(args[0], Word):
        raise BadSyntax("STORE takes an action and flags")
    action, silent = args[0].upper.removesuffix(".SILENT"), args[0].upper.endswith(".SILENT")
    if action not in ("FLAGS", "+FLAGS", "-FLAGS"):
        raise BadSyntax("an unknown action of STORE")
    flags = _flag_words(args[1:])
    with view.mailbox.lock:
        lines = view.news(with_expunges=False, vanished=False, modseq=session.condstore, with_uid=session.qresync)
        modified = []
        for sequence, message in view.pick(call.word(0).value, by_uid=call.by_uid):
            if unchanged_since is not None and message.modseq > unchanged_since:
                modified.append(message.uid if call.by_uid else sequence)
                continue
            if view.mailbox.find(message.uid) is message:
                view.mailbox.set_flags(message, _combine(message.flags, action, flags))
                view.note_flags(message)
            if not silent:
                lines.append(
                    flags_line(sequence, message, modseq=session.condstore, with_uid=call.by_uid or session.qresync)
                )
            elif session.condstore:
                uid = b"UID %d " % message.uid if call.by_uid or session.qresync else b""
                lines.append(b"* %d FETCH (%sMODSEQ (%d))\r\n" % (sequence, uid, message.modseq))
    await session.wire.send(b"".join(lines))
    return f"[MODIFIED {format_set(modified).decode()}] some had changed" if modified else "stored"


def _flag_words(tokens: Sequence[Token]) -> frozenset[str]:
    listed = words(tokens[0]) if isinstance(tokens[0], list) else words(tokens)
    flags = frozenset(word.value.decode("latin-1") for word in listed)
    if any(flag.startswith("\\") and flag.lower() not in (known.lower() for known in SYSTEM_FLAGS) for flag in flags):
        raise BadSyntax("an unknown system flag")
    return flags


def _combine(held: frozenset[str], action: str, flags: frozenset[str]) -> frozenset[str]:
    lower = {flag.lower() for flag in flags}
    kept = frozenset(flag for flag in held if flag.lower() not in lower)
    if action == "-FLAGS":
        return kept
    return (kept if action == "+FLAGS" else frozenset()) | flags


# -- COPY, MOVE, EXPUNGE ----------------------------------------------------------------------------------------------


def _target(session: Session, call: Call) -> Mailbox:
    try:
        return mailbox_of(session, call.word(1))
    except NoSuchMailbox as exc:
        raise Refused("[TRYCREATE] there is no such mailbox") from exc


def _copy_uid(session: Session, target: Mailbox, pairs: Sequence[tuple[int, int]]) -> str:
    if not pairs or "UIDPLUS" not in session.offered:
        return ""
    here, there = format_set(a for a, _ in pairs).decode(), format_set(b for _, b in pairs).decode()
    return f"[COPYUID {target.uid_validity} {here} {there}] "


async def copy(session: Session, call: Call) -> str:
    """COPY and UID COPY."""
    view, target = session.selected, _target(session, call)
    uids = [message.uid for _, message in view.pick(call.word(0).value, by_uid=call.by_uid)]
    with view.mailbox.lock:
        if any(view.mailbox.find(uid) is None for uid in uids):
            # RFC 9051 6.4.7: all or nothing.
            raise Refused("[EXPUNGEISSUED] some of the messages are gone")
        pairs = view.mailbox.copy_to(target, uids)
    return _copy_uid(session, target, pairs) + "copied"


async def move(session: Session, call: Call) -> str:
    """MOVE and UID MOVE: COPYUID comes before the EXPUNGEs (RFC 6851 4.3)."""
    view, target = session.writable(), _target(session, call)
    uids = [message.uid for _, message in view.pick(call.word(0).value, by_uid=call.by_uid)]
    with view.mailbox.lock:
        pairs = view.mailbox.copy_to(target, uids)
        view.mailbox.expunge(uid for uid, _ in pairs)
    code = _copy_uid(session, target, pairs)
    if code:
        await session.wire.send(f"* OK {code}moved\r\n".encode())
    return "moved"


async def expunge(session: Session, call: Call) -> str:
    """EXPUNGE and UID EXPUNGE."""
    view = session.writable()
    named = set(pick_from_set(call.word(0).value, view.uids())) if call.by_uid else set(view.uids())
    deleted = [m.uid for m in view.messages if m.uid in named and "\\Deleted" in m.flags]
    view.mailbox.expunge(deleted)
    await session.flush()
    return f"[HIGHESTMODSEQ {view.mailbox.highest_modseq}] expunged" if session.qresync else "expunged"


# -- SEARCH -----------------------------------------------------------------------------------------------------------


async def search(session: Session, call: Call) -> str:
    """SEARCH and UID SEARCH, with RETURN where ESEARCH is offered."""
    view = session.selected
    args = call.rest(0)
    returns: list[str] | None = None
    if (
        len(args) > 1
        and isinstance(args[0], Word)
        and args[0].upper == "RETURN"
        and isinstance(args[1], list)
        and "ESEARCH" in session.offered
    ):
        returns = [word.upper for word in words(args[1])] or ["ALL"]
        args = args[2:]
    if len(args) > 1 and isinstance(args[0], Word) and args[0].upper == "CHARSET":
        charset = args[1]
        if not isinstance(charset, Word) or charset.upper not in ("UTF-8", "US-ASCII"):
            raise Refused("[BADCHARSET (UTF-8 US-ASCII)] this charset is not known")
        args = args[2:]
    predicate, uses_modseq = parse_search(args, view.uids())
    session.condstore |= uses_modseq
    found = [(i, m) for i, m in enumerate(view.messages, start=1) if predicate(i, m)]
    numbers = [m.uid if call.by_uid else i for i, m in found]
    highest = max((m.modseq for _, m in found), default=0) if uses_modseq else 0
    if returns is None:
        modseq = b" (MODSEQ %d)" % highest if highest else b""
        await session.wire.send(b"".join([b"* SEARCH", *(b" %d" % number for number in numbers), modseq, b"\r\n"]))
    else:
        await session.wire.send(_esearch(call, returns, numbers, highest))
    return "found"


def _esearch(call: Call, returns: Sequence[str], numbers: Sequence[int], highest: int) -> bytes:
    pieces = [b"* ESEARCH (TAG " + quoted(call.tag.encode("latin-1")) + b")"]
    if call.by_uid:
        pieces.append(b"UID")
    if numbers and "MIN" in returns:
        pieces.append(b"MIN %d" % numbers[0])
    if numbers and "MAX" in returns:
        pieces.append(b"MAX %d" % numbers[-1])
    if numbers and "ALL" in returns:
        pieces.append(b"ALL " + format_set(numbers))
    if "COUNT" in returns:
        pieces.append(b"COUNT %d" % len(numbers))
    if highest:
        pieces.append(b"MODSEQ %d" % highest)
    return b" ".join(pieces) + b"\r\n"


# -- IDLE, NOTIFY -----------------------------------------------------------------------------------------------------


async def idle(session: Session, call: Call) -> str:
    """IDLE: news go out at once, until DONE."""
    await session.wire.send(b"+ idling\r\n")
    session.changed.clear()
    await session.flush()
    while session.state is not State.LOGOUT and not await session.line_before_news():
        await session.flush()
    if session.state is State.LOGOUT:
        return ""
    line = await session.next_line()
    if line.strip().upper() != b"DONE":
        raise BadSyntax("IDLE ends with DONE")
    return "done idling"


async def notify(session: Session, call: Call) -> str:
    """NOTIFY: `selected` and `selected-delayed` push, every other group means STATUS of all mailboxes."""
    if call.word(0).upper == "NONE":
        session.watch = None
        return "quiet"
    groups = [token for token in call.rest(1) if isinstance(token, list)]
    others = False
    items: list[Item] = []
    for group in groups:
        head = group[0].upper if group and isinstance(group[0], Word) else ""
        if head in ("SELECTED", "SELECTED-DELAYED"):
            items = _new_message_items(group, session.offered)
        else:
            others = True
    session.watch = Watch(tuple(items), others)
    session.changed_mailboxes.clear()
    return "watching"


def _new_message_items(group: Sequence[Token], offered: frozenset[str]) -> list[Item]:
    """The FETCH items behind MessageNew."""
    events = group[1] if len(group) > 1 and isinstance(group[1], list) else []
    for index, token in enumerate(events[:-1]):
        following = events[index + 1]
        if isinstance(token, Word) and token.upper == "MESSAGENEW" and isinstance(following, list):
            return parse_items(following, offered)
    return []
