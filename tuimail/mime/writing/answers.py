"""Replying and forwarding: who it goes to, its subject, what ties it to the conversation, what is quoted.

Decided from header values as they were decoded, none of which is trusted: every one is
made one line, checked as an address or an id, and shown to the person before it is sent.
RFC 5322 3.6.2 to 3.6.6, RFC 2369; Mail-Followup-To and Mail-Reply-To as qmail has them
(https://cr.yp.to/proto/replyto.html).

What must not live here: octets of messages (`compose`, `enclosing`), the clock, the store.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import unquote

from tuimail.errors import UsageError
from tuimail.mime.clean import clean_line
from tuimail.mime.decoding.headers import decode_header, header_values
from tuimail.mime.decoding.words import decode_address_header
from tuimail.mime.writing.typed import Entry, entries, folded, joined, normal, one_line
from tuimail.mime.writing.wording import id_atoms
from tuimail.model import Envelope, LineKind, ReadableText, TextLine

MAX_QUOTED_CHARACTERS = 256 * 1024
QUOTE_CUT = "[…]"
FORWARDED = "---------- Forwarded message ----------"
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_REPLY_WORDS = (
    "re|aw|antw|antwort|sv|vs|odp|ynt|rif|ref|res|bls|atb|yan|nov|ha|回复|回覆|答复|答覆|返信|الرد|ответ|отв|απ|תגובה"
)
_FORWARD_WORDS = "fwd?|wg|tr|rv|enc|vb|vl|doorst|pd|ilt|fs|továbbítás|转发|轉寄|转寄|転送|переслано|πρθ|הועבר"
_COUNT = r"(?:\s?[\[(]\d{1,3}[\])]|\s?\*\d{1,3}|\^\d{1,3})?"
_REPLY = re.compile(rf"(?:{_REPLY_WORDS}|r(?=:)){_COUNT}\s?[:：]\s*", re.IGNORECASE)
_FORWARD = re.compile(rf"(?:{_FORWARD_WORDS}){_COUNT}\s?[:：]\s*", re.IGNORECASE)
_TAG = re.compile(r"\[[^\[\]]{1,40}\]\s*")
_LIST_ADDRESS = re.compile(r"<\s*mailto:([^<>?\s]{1,500})[^<>]{0,1000}>", re.IGNORECASE)


class How(enum.StrEnum):
    """Whom a reply is for."""

    REPLY = "reply"
    ALL = "all"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Original:
    """What is needed of the message that is answered; header values, decoded."""

    from_: str = ""
    reply_to: str = ""
    to: str = ""
    cc: str = ""
    subject: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: str = ""
    list_id: str = ""
    list_post: str = ""
    followup_to: str = ""
    """Mail-Followup-To."""
    mail_reply_to: str = ""
    delivered_to: tuple[str, ...] = ()
    """Addresses of Delivered-To, X-Original-To and Envelope-To, the outermost first."""

    @property
    def list_address(self) -> str:
        """Where this list takes posts, empty when the message is of none (RFC 2369 3.4: `NO` is none too)."""
        found = _LIST_ADDRESS.search(self.list_post)
        return normal(unquote(found.group(1), errors="replace")) if found else ""

    @property
    def is_from_list(self) -> bool:
        """Whether it came through a mailing list."""
        return bool(self.list_address or self.list_id.strip())


class Reply(NamedTuple):
    """Whom a reply goes to, for a person to look at."""

    to: str
    cc: str
    notes: tuple[str, ...] = ()
    """What is odd about that, in sentences."""


class Identity(NamedTuple):
    """One address that a person writes from."""

    address: str
    name: str = ""

    @property
    def shown(self) -> str:
        """As it stands in From."""
        return joined([(self.name, self.address)])


class Mine:
    """The addresses of one person: whom a reply never goes to, and which one it comes from."""

    def __init__(self, identities: Sequence[Identity], patterns: Sequence[str] = ()) -> None:
        self.identities = tuple(identities)
        self._exact = {folded(each.address): each for each in reversed(identities)}
        self._patterns = tuple(pattern.casefold() for pattern in patterns)

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and self.which(address) is not None

    def which(self, address: str) -> Identity | None:
        """The identity that an address belongs to, with the address as it was written; None for other people's.

        `ada+lists@example.org` is `ada@example.org` (RFC 5233), and so is what an alias names.
        """
        base = self.base(address)
        if base is None or folded(base.address) == folded(address):
            return base
        return Identity(normal(address) or address, base.name)

    def base(self, address: str) -> Identity | None:
        """The identity as it is configured that an address belongs to; None for other people's."""
        key = folded(address)
        local, _, domain = key.rpartition("@")
        found = self._exact.get(key) or self._exact.get(f"{local.partition('+')[0]}@{domain}")
        if found is None and key and any(fnmatchcase(key, pattern) for pattern in self._patterns):
            return self.identities[0]
        return found

    def addressed(self, original: Original) -> Identity | None:
        """The identity that a message was written to, or that wrote it; None when it names none."""
        for typed in (original.to, original.cc, *original.delivered_to):
            for entry in entries(typed):
                if found := self.which(entry.address):
                    return found
        for entry in entries(original.from_):
            if found := self.which(entry.address):
                return found  # one's own, from the mailbox of sent mail
        return None


_WANTED = frozenset([
    "list-post", "mail-followup-to", "mail-reply-to", "delivered-to", "x-original-to", "envelope-to",
])  # fmt: skip


def original_of(envelope: Envelope, header: bytes | None) -> Original:
    """What is known of a message: its envelope, and its header block where that is here."""
    more = header_values(header, _WANTED.__contains__) if header else {}
    delivered = [more[name] for name in ("delivered-to", "x-original-to", "envelope-to") if name in more]
    return Original(
        from_=envelope.from_, reply_to=envelope.reply_to, to=envelope.to, cc=envelope.cc, subject=envelope.subject,
        message_id=envelope.message_id, in_reply_to=envelope.in_reply_to, references=envelope.references,
        list_id=envelope.list_id, list_post=decode_header(more.get("list-post", "")),
        followup_to=decode_address_header(more.get("mail-followup-to", "")),
        mail_reply_to=decode_address_header(more.get("mail-reply-to", "")),
        delivered_to=tuple(one_line(decode_header(value)) for value in delivered),
    )  # fmt: skip


# --- who ---------------------------------------------------------------------------


def reply_to(original: Original, how: How, mine: Mine) -> Reply:
    """Whom a reply goes to; never to oneself, but where there is nobody else.

    Raises UsageError for a reply to the list of a message that is of none.
    """
    if how is How.LIST:
        return _to_list(original)
    author = _people(original.from_)
    target = _people(original.mail_reply_to) or _people(original.reply_to) or author
    is_own = bool(author) and all(person.address in mine for person in author)
    if is_own and how is How.REPLY:
        # An answer to what one wrote oneself goes on to those it went to.
        return Reply(_shown(_people(original.to) or author), "")
    if how is How.REPLY:
        return Reply(_shown(target), "", _redirected(original, author, target))
    followup = _people(original.followup_to)
    if followup:
        to = _others(followup, mine) or followup
        return Reply(_shown(to), "", ("The sender asks for replies to these addresses (Mail-Followup-To).",))
    if is_own:
        return Reply(_shown(_people(original.to) or author), _shown(_others(_people(original.cc), mine)))
    target = _others(target, mine) or _others(author, mine) or target
    to = _without_doubles([*target, *_others(_people(original.to), mine)])
    taken = {folded(person.address) for person in to}
    cc = [person for person in _others(_people(original.cc), mine) if folded(person.address) not in taken]
    return Reply(_shown(to), _shown(cc), _redirected(original, author, target))


def _to_list(original: Original) -> Reply:
    if original.list_address:
        return Reply(original.list_address, "")
    if original.list_id and (followup := _people(original.followup_to)):
        return Reply(_shown(followup), "")
    raise UsageError("This message is of no list that takes replies.", "Reply to its sender, or to all.")


def _redirected(original: Original, author: Sequence[Entry], target: Sequence[Entry]) -> tuple[str, ...]:
    """A note when the answer goes to another domain than the one that wrote."""
    here = {person.address.rpartition("@")[2].casefold() for person in author}
    there = [person.address for person in target if person.address.rpartition("@")[2].casefold() not in here]
    if not there or not author or folded(there[0]) == folded(original.list_address):
        return ()
    return (f"The sender wants replies at another address: {clean_line(there[0], 100)}.",)


def _people(value: str) -> list[Entry]:
    return _without_doubles(entry for entry in entries(value) if entry.address)


def _without_doubles(people: Iterable[Entry]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for person in people:
        found.setdefault(folded(person.address), person)
    return list(found.values())


def _others(people: Iterable[Entry], mine: Mine) -> list[Entry]:
    return [person for person in people if person.address not in mine]


def _shown(people: Iterable[Entry]) -> str:
    """Names are cleaned: this is shown in a field, and a name cannot hide what it is."""
    return joined((clean_line(person.name, 200), person.address) for person in people)


# --- subject, threading --------------------------------------------------------------


def reply_subject(subject: str) -> str:
    """`Re: ` once, whatever was there in whatever language; a list's tag stays."""
    return f"Re: {_without_prefixes(subject, _REPLY)}"


def forward_subject(subject: str) -> str:
    """`Fwd: ` once."""
    return f"Fwd: {_without_prefixes(subject, _FORWARD)}"


def _without_prefixes(subject: str, prefix: re.Pattern[str]) -> str:
    rest = clean_line(one_line(subject), 1_000).strip()
    tag = ""
    while True:
        if found := prefix.match(rest):
            rest = rest[found.end() :]
        elif not tag and (found := _TAG.match(rest)) and prefix.match(rest, found.end()):
            tag, rest = found.group(), rest[found.end() :]
        else:
            break
    return (tag + rest).strip()


def references(original: Original) -> tuple[str, str]:
    """In-Reply-To and References of an answer (RFC 5322 3.6.4), bounded."""
    parent = id_atoms(original.message_id)[:1]
    before = id_atoms(original.references)
    if not before:
        answered = id_atoms(original.in_reply_to)
        before = answered if len(answered) == 1 else []
    line = [each for each in before if each not in parent] + parent
    return "".join(parent), " ".join(id_atoms(" ".join(line)))


# --- text ------------------------------------------------------------------------------


def quoted(readable: ReadableText, selected: str | None = None) -> str:
    """What was shown with `> ` before every line, without its signature; only `selected` where something was.

    Ends in a line end; empty when there is nothing to quote.
    """
    if selected is not None and selected.strip():
        lines = [(0, line.rstrip()) for line in selected.strip("\n").split("\n")]
    else:
        lines = [(line.quote_depth, text_of(line).rstrip()) for line in readable.lines if _is_letter(line)]
    while lines and not lines[-1][1]:
        lines.pop()
    told: list[str] = []
    length = 0
    for depth, text in lines:
        marks = "> " * (depth + 1)
        length += len(marks) + len(text) + 1
        if length > MAX_QUOTED_CHARACTERS:
            told.append(f"> {QUOTE_CUT}")
            break
        told.append((marks + text).rstrip())
    return "".join(f"{line}\n" for line in told)


def _is_letter(line: TextLine) -> bool:
    return line.kind not in (LineKind.SIGNATURE, LineKind.NOTE)


def text_of(line: TextLine) -> str:
    """The line without the numbers that we put behind its links."""
    text = line.text
    for span in sorted(line.spans, reverse=True):
        if span.kind == "link":
            shown = text[span.start : span.end].removesuffix(f" [{span.link}]")
            text = text[: span.start] + shown + text[span.end :]
    return text


def attribution(original: Original, sent: datetime | None) -> str:
    """`On Thu, 14 November 2026 at 09:12, Grace Hopper wrote:`; `sent` in the reader's zone."""
    who = next(iter(entries(original.from_)), Entry("", "", ""))
    name = clean_line(who.name or who.address, 120).strip() or "somebody"
    return f"On {_when(sent)}, {name} wrote:" if sent is not None else f"{name} wrote:"


def _when(moment: datetime) -> str:
    day = f"{_DAYS[moment.weekday()]}, {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
    return f"{day} at {moment.hour:02}:{moment.minute:02}"


def forwarded(
    original: Original, readable: ReadableText, sent: datetime | None, attached: Sequence[str] = ()
) -> str:
    """The text of a message that is passed on, under the fields a person needs; `attached` are file names."""
    shown = [
        ("From", original.from_),
        ("Date", _when(sent) if sent is not None else ""),
        ("Subject", original.subject),
        ("To", original.to),
        ("Cc", original.cc),
        ("Attached", ", ".join(clean_line(name, 100) for name in attached[:100])),
    ]
    head = [f"{name}: {clean_line(one_line(value), 1_000)}" for name, value in shown if value]
    lines: list[str] = []
    length = 0
    for line in readable.lines:
        text = ("> " * line.quote_depth + text_of(line)).rstrip() if line.kind != LineKind.NOTE else ""
        if line.kind == LineKind.SIGNATURE and line.text.rstrip() == "--":
            text = "--"  # not a signature of what is written now
        length += len(text) + 1
        if length > MAX_QUOTED_CHARACTERS:
            lines.append(QUOTE_CUT)
            break
        lines.append(text)
    return "\n".join([FORWARDED, *head, "", *lines]).rstrip() + "\n"
