"""What a FETCH asks for, and its answer for one message (RFC 3501 6.4.5, RFC 7162 3.1.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tuimail.demo.imap.envelope import envelope
from tuimail.demo.imap.structure import Part, body_structure, parse_message, section
from tuimail.demo.imap.syntax import BadSyntax, Token, Word, format_internal_date, literal, quoted
from tuimail.demo.mailstore import Message

MACROS = {
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_SIMPLE = frozenset({"FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "BODY", "MODSEQ"})
_GMAIL = frozenset({"X-GM-MSGID", "X-GM-THRID", "X-GM-LABELS"})
_OBJECT = frozenset({"EMAILID", "THREADID"})
_OLD_NAMES = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}


@dataclass(frozen=True, slots=True)
class Item:
    """One data item of a FETCH."""

    name: str
    """A simple name, or `BODY[` for a section."""
    label: bytes = b""
    """How the answer names a section."""
    spec: str = ""
    """`1.2.MIME`, `HEADER.FIELDS`, or empty for the whole message."""
    field_names: frozenset[bytes] = frozenset()
    """Lower case, of HEADER.FIELDS and HEADER.FIELDS.NOT."""
    start: int = 0
    length: int | None = None
    """How much of a partial fetch; None without `<start.length>`."""
    marks_seen: bool = False


def parse_items(token: Token, offered: frozenset[str]) -> list[Item]:
    """The items of a FETCH; BadSyntax for one that this server does not offer."""
    if isinstance(token, list):
        names = [_word(inner) for inner in token]
    elif token.upper in MACROS:
        names = [name.encode("ascii") for name in MACROS[token.upper]]
    else:
        names = [token.value]
    if not names:
        raise BadSyntax("nothing to fetch")
    return [_parse_item(name, offered) for name in names]


def _word(token: Token) -> bytes:
    if not isinstance(token, Word):
        raise BadSyntax("a parenthesis is out of place")
    return token.value


def _parse_item(text: bytes, offered: frozenset[str]) -> Item:
    upper = text.decode("latin-1").upper()
    if upper in _OLD_NAMES:
        return Item("BODY[", text.upper(), _OLD_NAMES[upper], marks_seen=upper != "RFC822.HEADER")
    extension = {"MODSEQ": "CONDSTORE"} | dict.fromkeys(_GMAIL, "X-GM-EXT-1") | dict.fromkeys(_OBJECT, "OBJECTID")
    if upper in _SIMPLE | _GMAIL | _OBJECT and extension.get(upper, "IMAP4REV1") in offered | {"IMAP4REV1"}:
        return Item(upper)
    match = re.fullmatch(rb"BODY(\.PEEK)?\[(.*)\](?:<(\d{1,10})\.(\d{1,10})>)?", text, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise BadSyntax("an unknown data item of FETCH")
    spec, names = _parse_section(match[2])
    label = b"BODY[" + match[2].upper() + b"]" + (b"<%d>" % int(match[3]) if match[3] is not None else b"")
    length = int(match[4]) if match[4] is not None else None
    return Item("BODY[", label, spec, names, int(match[3] or 0), length, marks_seen=match[1] is None)


def _parse_section(text: bytes) -> tuple[str, frozenset[bytes]]:
    pattern = rb"((?:[1-9]\d{0,8}\.)*)(HEADER|TEXT|MIME|HEADER\.FIELDS(?:\.NOT)?\s+\((.*)\)|[1-9]\d{0,8})?"
    match = re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL)
    if match is None or (match[2] is None and text):
        raise BadSyntax("an unknown section")
    if match[3] is None:
        return text.decode("ascii").upper(), frozenset()
    names = frozenset(name.strip(b'"').lower() for name in match[3].split())
    return (match[1] + match[2].split()[0]).decode("ascii").upper(), names


class Renderer:
    """Answers items for messages; keeps the MIME trees of those it has parsed."""

    def __init__(self, labels: Sequence[str] = ()) -> None:
        """labels: what X-GM-LABELS says for every message of this mailbox."""
        self._labels = labels
        self._trees: dict[int, Part] = {}

    def answer(self, sequence: int, message: Message, items: Sequence[Item]) -> bytes:
        """One untagged FETCH line with its CRLF."""
        pieces = [self._item(message, item) for item in items]
        return b"* %d FETCH (" % sequence + b" ".join(pieces) + b")\r\n"

    def _item(self, message: Message, item: Item) -> bytes:
        if item.name == "BODY[":
            return item.label + b" " + self._section(message, item)
        return item.name.encode("ascii") + b" " + self._simple(message, item.name)

    def _simple(self, message: Message, name: str) -> bytes:
        match name:
            case "FLAGS":
                return flag_list(message.flags)
            case "UID":
                return b"%d" % message.uid
            case "INTERNALDATE":
                return format_internal_date(message.internal_date)
            case "RFC822.SIZE":
                return b"%d" % len(message.raw)
            case "MODSEQ":
                return b"(%d)" % message.modseq
            case "ENVELOPE":
                return envelope(self._tree(message).header)
            case "X-GM-LABELS":
                return b"(" + b" ".join(quoted(label.encode("utf-8")) for label in self._labels) + b")"
            case "X-GM-MSGID" | "X-GM-THRID":
                return b"%d" % (1_500_000_000_000_000_000 + message.email_id)
            case "EMAILID" | "THREADID":
                return b"(%s%d)" % (name[:1].encode("ascii"), message.email_id)
            case _:
                return body_structure(self._tree(message), extended=name == "BODYSTRUCTURE")

    def _section(self, message: Message, item: Item) -> bytes:
        octets: bytes | None
        if not item.spec:
            octets = message.raw
        else:
            wanted = item.field_names
            negated = item.spec.endswith(".NOT")
            octets = section(
                self._tree(message), item.spec.removesuffix(".NOT"), lambda name: (name.lower() in wanted) != negated
            )
        if octets is None:
            return b"NIL"
        if item.length is not None:
            octets = octets[item.start : item.start + item.length]
        return literal(octets)

    def _tree(self, message: Message) -> Part:
        tree = self._trees.get(id(message.raw))
        if tree is None or tree.source is not message.raw:
            if len(self._trees) > 200:
                self._trees.clear()
            tree = self._trees[id(message.raw)] = parse_message(message.raw)
        return tree


def flag_list(flags: frozenset[str]) -> bytes:
    """The flags in parentheses, system flags first."""
    ordered = sorted(flags, key=lambda flag: (not flag.startswith("\\"), flag.lower()))
    return b"(" + b" ".join(flag.encode("latin-1", "replace") for flag in ordered) + b")"
