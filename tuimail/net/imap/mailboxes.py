"""Commands about mailboxes: LIST, LSUB, STATUS, SELECT, CREATE and their like, APPEND.

What a server cannot do in one round trip is done in several; what it does not say is None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

from tuimail.errors import ServerRefused, UsageError
from tuimail.model import Role
from tuimail.net.imap import answers, fetch, names, roles, uids
from tuimail.net.imap.answers import Answer, Status
from tuimail.net.imap.dialogue import Dialogue, parenthesised
from tuimail.net.imap.limits import KIBI, MAX_MAILBOXES, MAX_UIDS
from tuimail.net.imap.news import parse_status_answer, vanished_ranges
from tuimail.net.imap.values import Appended, FetchedFlags, Known, Listed, Selected, StatusNews
from tuimail.net.link import wire

STATUS_BATCH = 20
"""STATUS commands in flight at once; some servers refuse more than about 50."""

SLOWEST_OCTETS_S = 8 * KIBI
"""A message that goes up more slowly than this is given up, to be tried again."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def status_items(capabilities: Collection[str]) -> bytes:
    """What to ask of a mailbox that is not selected."""
    modseq = [b"HIGHESTMODSEQ"] if {"CONDSTORE", "QRESYNC"} & set(capabilities) else []
    return parenthesised([b"MESSAGES", b"UNSEEN", b"UIDVALIDITY", b"UIDNEXT", *modseq])


def list_mailboxes(dialogue: Dialogue, capabilities: Collection[str], *, subscribed_only: bool) -> list[Listed]:
    """Every mailbox, with counts and roles as far as they can be had."""
    extended = "LIST-EXTENDED" in capabilities or "IMAP4REV2" in capabilities
    found: list[Answer] | None = None
    if extended:
        try:
            found = _list_extended(dialogue, capabilities)
        except ServerRefused:
            found = None  # some servers promise LIST-EXTENDED and choke on it
    if found is None:
        extended = False
        found = _list_plain(dialogue, capabilities)
    subscribed = None if extended else _subscribed(dialogue)
    mailboxes = _merge(found, subscribed)
    mailboxes = _with_roles([mailbox for mailbox in mailboxes if mailbox.subscribed or not subscribed_only])
    return _with_counts(dialogue, capabilities, mailboxes)


def _list_extended(dialogue: Dialogue, capabilities: Collection[str]) -> list[Answer]:
    """RFC 5258, RFC 6154 and RFC 5819 in one round trip."""
    options = [b"SUBSCRIBED", b"CHILDREN"]
    rev2 = "IMAP4REV2" in capabilities
    if rev2 or "SPECIAL-USE" in capabilities:
        options.append(b"SPECIAL-USE")
    if rev2 or "LIST-STATUS" in capabilities:
        options.append(b"STATUS " + status_items(capabilities))
    reply = dialogue.run(
        "LIST", b'"" "*" RETURN', parenthesised(options), wanted=("LIST", "STATUS"), lines=4 * MAX_MAILBOXES
    )
    return reply.answers


def _list_plain(dialogue: Dialogue, capabilities: Collection[str]) -> list[Answer]:
    # XLIST is what told roles before RFC 6154.
    verb = "XLIST" if "XLIST" in capabilities and "SPECIAL-USE" not in capabilities else "LIST"
    return dialogue.run(verb, b'"" "*"', wanted=("LIST", "XLIST"), lines=4 * MAX_MAILBOXES).answers


def _subscribed(dialogue: Dialogue) -> set[str]:
    try:
        reply = dialogue.run("LSUB", b'"" "*"', wanted=("LSUB",), lines=4 * MAX_MAILBOXES)
    except ServerRefused:
        return set()
    return {listed.name for answer in reply.answers if (listed := _listed(answer, None)) is not None}


def _listed(answer: Answer, subscribed: set[str] | None) -> Listed | None:
    """One LIST response; None for a mailbox that is not there, or whose name cannot be sent back."""
    values = answers.parse_values(answer.pieces)
    if len(values) < 3 or not isinstance(values[1], bytes | None) or not isinstance(values[2], bytes | None):
        raise answers.unreadable()
    attributes = [word.upper() for word in answers.words(values[0])]
    name = names.decode(b"NIL" if values[2] is None else values[2])
    try:
        names.encode(name)
    except UsageError:
        return None
    if b"\\NONEXISTENT" in attributes and b"\\SUBSCRIBED" not in attributes:
        return None
    is_inbox = name == "INBOX"
    return Listed(
        name, (values[1] or b"").decode("utf-8", "replace")[:1],
        Role.INBOX if is_inbox else roles.role_of(attributes),
        selectable=not {b"\\NOSELECT", b"\\NONEXISTENT"} & set(attributes),
        # Who never subscribed to INBOX still wants to see it.
        subscribed=is_inbox or (b"\\SUBSCRIBED" in attributes if subscribed is None else name in subscribed),
        server_total=None, server_unread=None, uid_validity=None, uid_next=None, highest_modseq=None,
    )  # fmt: skip


def _merge(found: Iterable[Answer], subscribed: set[str] | None) -> list[Listed]:
    """LIST and STATUS responses as mailboxes, each name once."""
    mailboxes: dict[str, Listed] = {}
    statuses: dict[str, StatusNews] = {}
    for answer in found:
        if answer.kind == "STATUS":
            status = parse_status_answer(answer)
            statuses[status.name] = status
            continue
        listed = _listed(answer, subscribed)
        if listed is not None and len(mailboxes) < MAX_MAILBOXES:
            mailboxes.setdefault(listed.name, listed)
    return [
        _counted(mailbox, statuses[name]) if name in statuses else mailbox for name, mailbox in mailboxes.items()
    ]


def _counted(mailbox: Listed, status: StatusNews) -> Listed:
    return mailbox._replace(
        server_total=status.total, server_unread=status.unread, uid_validity=status.uid_validity,
        uid_next=status.uid_next, highest_modseq=status.highest_modseq,
    )  # fmt: skip


def _with_roles(mailboxes: list[Listed]) -> list[Listed]:
    """Roles by name where the server gave none, and no role twice."""
    seen: set[Role] = set()
    told: list[Listed] = []
    for mailbox in mailboxes:
        if mailbox.role in seen:
            mailbox = mailbox._replace(role=Role.NONE)
        if mailbox.role is not Role.NONE:
            seen.add(mailbox.role)
        told.append(mailbox)
    candidates = [(m.name, m.delimiter) for m in told if m.role is Role.NONE and m.selectable]
    guessed = roles.guess_roles(candidates, seen)
    return [m._replace(role=guessed[m.name]) if m.name in guessed else m for m in told]


def _with_counts(dialogue: Dialogue, capabilities: Collection[str], mailboxes: list[Listed]) -> list[Listed]:
    missing = [m.name for m in mailboxes if m.selectable and m.server_total is None]
    counts = {status.name: status for status in statuses_of(dialogue, capabilities, missing)}
    return [_counted(m, counts[m.name]) if m.name in counts else m for m in mailboxes]


def statuses_of(dialogue: Dialogue, capabilities: Collection[str], wanted: Sequence[str]) -> list[StatusNews]:
    """STATUS of several mailboxes, a few commands in flight; one that is refused is left out."""
    items = status_items(capabilities)
    told: list[Answer] = []
    for start in range(0, len(wanted), STATUS_BATCH):
        arguments = [names.argument(name) for name in wanted[start : start + STATUS_BATCH]]
        batch = [(name, items) for name in arguments if not isinstance(name, wire.Literal)]
        told += dialogue.run_batch("STATUS", batch, wanted=("STATUS",)) if batch else []
    return [parse_status_answer(answer) for answer in told]


def status(dialogue: Dialogue, capabilities: Collection[str], name: str) -> StatusNews:
    """STATUS of one mailbox; ServerRefused when the server gives none."""
    reply = dialogue.run("STATUS", names.argument(name), status_items(capabilities), wanted=("STATUS",))
    found: StatusNews | None = None
    for answer in reply.answers:
        told = parse_status_answer(answer)
        if told.name == name or found is None:
            found = told._replace(name=name)
    if found is None:
        raise ServerRefused(f"{dialogue.host} said nothing about the mailbox.")
    return found


# --- select


def select(dialogue: Dialogue, name: str, *, read_only: bool, parameter: bytes) -> Selected:
    """SELECT or EXAMINE, with `(CONDSTORE)`, `(QRESYNC (...))` or nothing."""
    dialogue.news.clear_mailbox()
    arguments = [names.argument(name)] + ([parameter] if parameter else [])
    dialogue.start(
        "EXAMINE" if read_only else "SELECT", *arguments, octets=dialogue.limits.octets + MAX_UIDS * 100,
        lines=dialogue.limits.lines + MAX_UIDS, deadline_s=dialogue.limits.stream_s,
    )  # fmt: skip
    hearing = _Selecting(dialogue)
    while True:
        line = dialogue.channel.line()
        if hearing.took_flags(line):
            continue
        response = dialogue.read(line)
        if isinstance(response, Status):
            break
        hearing.hear(response)
    return hearing.result(dialogue.accept(response), read_only)


def known_parameter(known: Known) -> bytes:
    """`(QRESYNC (uidvalidity modseq uids))` (RFC 7162 3.2.5)."""
    fits = 0 < len(known.uids_hint) <= uids.PIECE_OCTETS
    hint = f" {uids.check_set(known.uids_hint)}" if fits else ""
    return f"(QRESYNC ({known.uid_validity:d} {known.highest_modseq:d}{hint}))".encode("ascii")


class _Selecting:
    """The untagged responses of one SELECT."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._reader = fetch.FlagsReader()
        self._reset()

    def _reset(self) -> None:
        self._codes: dict[str, Status] = {}
        self._exists = 0
        self._flags: tuple[str, ...] = ()
        self._vanished: uids.Ranges = []
        self._changed: list[FetchedFlags] = []

    def took_flags(self, line: bytes) -> bool:
        """The common shape of a changed message."""
        flags = self._reader.fast(line)
        if flags is not None:
            self._changed.append(flags)
        return flags is not None

    def hear(self, answer: Answer) -> None:
        """One untagged response."""
        if answer.kind == "EXISTS" and answer.number is not None:
            self._exists = answer.number
        elif answer.kind == "FLAGS":
            self._flags = _flag_words(answer.text)
        elif answer.kind in ("OK", "NO"):
            told = answers.parse_status(answer.kind, answer.text)
            if told.code == "CLOSED":
                self._reset()  # RFC 7162 3.2.11: what came before was about the old mailbox
            self._codes.setdefault(told.code, told)
            self._dialogue.news.hear_status_line(told)
        elif answer.kind == "VANISHED":
            self._vanished.extend(vanished_ranges(answer))
        elif answer.kind == "FETCH":
            flags = self._reader.slow(answer)
            if flags is not None:
                self._changed.append(flags)
        else:
            self._dialogue.hear(answer)

    def result(self, status: Status, read_only: bool) -> Selected:
        """Everything heard, once the server said OK."""
        permanent = self._codes.get("PERMANENTFLAGS")
        return Selected(
            uid_validity=self._number("UIDVALIDITY") or 0, uid_next=self._number("UIDNEXT"), exists=self._exists,
            highest_modseq=None if "NOMODSEQ" in self._codes else self._number("HIGHESTMODSEQ"),
            vanished=self._vanished, changed=self._changed,
            permanent_flags=frozenset(_flag_words(permanent.code_text) if permanent else self._flags),
            read_only=read_only or status.code == "READ-ONLY", resynced=False,
        )  # fmt: skip

    def _number(self, code: str) -> int | None:
        told = self._codes.get(code)
        return answers.number(told.code_text.strip()) or None if told is not None else None


def _flag_words(octets: bytes) -> tuple[str, ...]:
    return tuple(octets.strip().strip(b"()").decode("utf-8", "replace").split())


# --- changes


def append(
    dialogue: Dialogue, name: str, raw: bytes, flags: Sequence[str], received_at: int | None,
    sent: Callable[[int], None] | None = None,
) -> Appended | None:
    """Put a message into a mailbox; its new uid, when the server tells it (RFC 4315)."""
    arguments = [names.argument(name), parenthesised([wire.flag(word) for word in flags])]
    if received_at is not None:
        when = datetime.fromtimestamp(received_at, UTC)
        arguments.append(f'"{when.day:2d}-{_MONTHS[when.month - 1]}-{when:%Y %H:%M:%S} +0000"'.encode("ascii"))
    deadline_s = dialogue.limits.command_s + len(raw) / SLOWEST_OCTETS_S
    dialogue.start("APPEND", *arguments, wire.Literal(raw), deadline_s=deadline_s, sent=sent)
    reply = dialogue.finish()
    words = reply.status.code_text.split()
    if reply.status.code == "APPENDUID" and len(words) == 2 and all(word.isdigit() for word in words):
        return Appended(int(words[0]), int(words[1]))
    return None
