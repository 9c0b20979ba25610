"""The MIME tree of a message as offsets into its bytes, and BODYSTRUCTURE and body sections made from it.

A parser of its own, because octets and lines must be those of the message as it stands, which the standard library's
parser does not keep. It never raises: a message that is not MIME is one text part (RFC 2045, RFC 3501 6.4.5 and 7.4.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tuimail.demo.imap.envelope import envelope
from tuimail.demo.imap.syntax import nstring, quoted

MAX_DEPTH = 60
MAX_PARTS = 1_000

Parameters = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One header field."""

    name: bytes
    value: bytes
    """Unfolded and stripped, not decoded."""
    raw: bytes
    """As it stands, with its line ends."""


@dataclass(slots=True, eq=False)
class Part:
    """One part of the tree: a message, a multipart or a leaf."""

    source: bytes
    start: int
    body: int
    end: int
    fields: list[Field]
    main: bytes
    sub: bytes
    parameters: Parameters
    children: list[Part] = field(default_factory=list)
    """The parts of a multipart, or the one message of a message/rfc822."""

    @property
    def is_multipart(self) -> bool:
        """True when the children are parts."""
        return self.main.lower() == b"multipart"

    @property
    def is_message(self) -> bool:
        """True when the one child is a whole message."""
        return self.main.lower() == b"message" and self.sub.lower() == b"rfc822"

    @property
    def header_octets(self) -> bytes:
        """The header with its empty line."""
        return self.source[self.start : self.body]

    @property
    def body_octets(self) -> bytes:
        """The body, transfer encoding as it stands."""
        return self.source[self.body : self.end]

    def header(self, name: bytes) -> bytes | None:
        """The first field of this name, unfolded; None when absent."""
        lower = name.lower()
        return next((f.value for f in self.fields if f.name.lower() == lower), None)

    def walk(self) -> Iterator[Part]:
        """This part and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse_message(raw: bytes) -> Part:
    """The tree of a whole message."""
    return _Parser(raw).part(0, len(raw), 0, b"text/plain")


class _Parser:
    """Counts the parts, so that a hostile message stays small."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._parts = 0

    def part(self, start: int, end: int, depth: int, default_type: bytes) -> Part:
        self._parts += 1
        fields, body = parse_header(self._raw, start, end)
        content_type = next((f.value for f in fields if f.name.lower() == b"content-type"), default_type)
        main, sub, parameters = parse_content_type(content_type)
        part = Part(self._raw, start, body, end, fields, main, sub, parameters)
        boundary = next((value for name, value in parameters if name.lower() == b"boundary"), b"")
        if part.is_multipart and boundary and depth < MAX_DEPTH:
            inner_default = b"message/rfc822" if sub.lower() == b"digest" else b"text/plain"
            for first, last in _between_boundaries(self._raw, body, end, boundary):
                if self._parts >= MAX_PARTS:
                    break
                part.children.append(self.part(first, last, depth + 1, inner_default))
        elif part.is_multipart:
            part.main, part.sub, part.parameters = b"text", b"plain", ()
        elif part.is_message and depth < MAX_DEPTH:
            part.children.append(self.part(body, end, depth + 1, b"text/plain"))
        elif part.is_message:
            part.main, part.sub = b"application", b"octet-stream"
        return part


def parse_header(raw: bytes, start: int, end: int) -> tuple[list[Field], int]:
    """The fields between two offsets, and where the body begins."""
    fields: list[Field] = []
    position = start
    while position < end:
        line_end = _line_end(raw, position, end)
        line = raw[position:line_end]
        if not line.rstrip(b"\r\n"):
            return fields, line_end
        while line_end < end and raw[line_end : line_end + 1] in (b" ", b"\t"):
            following = _line_end(raw, line_end, end)
            if not raw[line_end:following].rstrip(b"\r\n"):
                break
            line_end = following
        whole = raw[position:line_end]
        name, colon, value = whole.partition(b":")
        if colon:
            fields.append(Field(name.rstrip(), _unfold(value), whole))
        position = line_end
    return fields, end


def _line_end(raw: bytes, position: int, end: int) -> int:
    found = raw.find(b"\n", position, end)
    return end if found < 0 else found + 1


def _unfold(value: bytes) -> bytes:
    return re.sub(rb"\r?\n(?=[ \t])", b"", value).strip()


def _between_boundaries(raw: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """The spans between the delimiter lines; the CRLF before a delimiter belongs to it (RFC 2046 5.1.1)."""
    delimiter = b"--" + boundary
    open_at = -1
    position = start
    while True:
        found = raw.find(delimiter, position, end)
        if found < 0:
            break
        position = found + len(delimiter)
        if found > start and raw[found - 1 : found] != b"\n":
            continue
        line_end = _line_end(raw, found, end)
        tail = raw[position:line_end]
        closing = tail.startswith(b"--")
        if not closing and tail.strip():
            continue
        if open_at >= 0:
            yield open_at, max(open_at, _before_line_end(raw, found))
        if closing:
            return
        open_at = position = line_end
    if open_at >= 0:
        yield open_at, end


def _before_line_end(raw: bytes, position: int) -> int:
    if raw[position - 2 : position] == b"\r\n":
        return position - 2
    return position - 1 if raw[position - 1 : position] == b"\n" else position


_VALUE = rb'(?:"(?:[^"\\]|\\.)*"|[^\s;"()]*)'
_PARAMETER = re.compile(rb"\s*;?\s*([^\s;=()\"]+)\s*=\s*(" + _VALUE + rb")", re.DOTALL)


def parse_content_type(value: bytes) -> tuple[bytes, bytes, Parameters]:
    """Type, subtype and parameters; a value that makes no sense is text/plain (RFC 2045 5.2)."""
    match = re.match(rb"\s*([^\s/;()\"]+)\s*/\s*([^\s/;()\"]+)", value)
    if match is None:
        return b"text", b"plain", ()
    return match[1], match[2], parse_parameters(value[match.end() :])


def parse_parameters(text: bytes) -> Parameters:
    """`; a=b; c="d"` as pairs; the pieces of RFC 2231 3 (`name*0`, `name*1*`) are joined under one name."""
    text = strip_comments(text)
    plain: list[tuple[bytes, bytes]] = []
    pieces: dict[bytes, dict[int, tuple[bool, bytes]]] = {}
    for match in _PARAMETER.finditer(text):
        name, value = match[1], unquote(match[2])
        numbered = re.fullmatch(rb"(.+?)\*(\d{1,4})(\*?)", name)
        if numbered is None:
            plain.append((name, value))
        else:
            pieces.setdefault(numbered[1], {})[int(numbered[2])] = (bool(numbered[3]), value)
    for name, by_number in pieces.items():
        ordered = [by_number[number] for number in sorted(by_number)]
        extended = any(is_extended for is_extended, _ in ordered)
        plain.append((name + (b"*" if extended else b""), b"".join(value for _, value in ordered)))
    return tuple(plain)


def strip_comments(text: bytes) -> bytes:
    """The text without `(comments)` outside quoted strings."""
    if b"(" not in text:
        return text
    out = bytearray()
    depth = 0
    in_quotes = False
    escaped = False
    for octet in text:
        if escaped:
            escaped = False
        elif octet == 0x5C:
            escaped = True
        elif octet == 0x22 and not depth:
            in_quotes = not in_quotes
        elif octet == 0x28 and not in_quotes:
            depth += 1
            continue
        elif octet == 0x29 and depth:
            depth -= 1
            continue
        if not depth:
            out.append(octet)
    return bytes(out)


def unquote(value: bytes) -> bytes:
    """A quoted string's content, or the value as it is."""
    if len(value) >= 2 and value[:1] == b'"' and value[-1:] == b'"':
        return re.sub(rb"\\(.)", rb"\1", value[1:-1], flags=re.DOTALL)
    return value


def body_structure(part: Part, *, extended: bool) -> bytes:
    """The BODYSTRUCTURE of a part, or with extended=False its BODY."""
    if part.is_multipart:
        inner = b"".join(body_structure(child, extended=extended) for child in part.children)
        out = (inner or _EMPTY_PART) + b" " + quoted(part.sub)
        if extended:
            out += b" " + _parameters(part.parameters) + b" " + _common_extension(part)
        return b"(" + out + b")"
    pieces = [
        quoted(part.main),
        quoted(part.sub),
        _parameters(_with_charset(part)),
        nstring(part.header(b"Content-ID")),
        nstring(part.header(b"Content-Description")),
        quoted(_encoding(part)),
        b"%d" % (part.end - part.body),
    ]
    if part.is_message:
        message = part.children[0]
        pieces += [envelope(message.header), body_structure(message, extended=extended), b"%d" % _lines(part)]
    elif part.main.lower() == b"text":
        pieces.append(b"%d" % _lines(part))
    if extended:
        pieces += [nstring(part.header(b"Content-MD5")), _common_extension(part)]
    return b"(" + b" ".join(pieces) + b")"


_EMPTY_PART = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)'


def _with_charset(part: Part) -> Parameters:
    if part.main.lower() != b"text" or any(name.lower().rstrip(b"*") == b"charset" for name, _ in part.parameters):
        return part.parameters
    return (*part.parameters, (b"charset", b"us-ascii"))


def _encoding(part: Part) -> bytes:
    value = strip_comments(part.header(b"Content-Transfer-Encoding") or b"").strip()
    match = re.match(rb"[!-~]+", value)
    return match[0] if match else b"7bit"


def _lines(part: Part) -> int:
    return part.source.count(b"\n", part.body, part.end)


def _parameters(parameters: Parameters) -> bytes:
    if not parameters:
        return b"NIL"
    return b"(" + b" ".join(quoted(name) + b" " + quoted(value) for name, value in parameters) + b")"


def _common_extension(part: Part) -> bytes:
    """Disposition, language and location, the same for every kind of part."""
    return b" ".join(
        (
            _disposition(part.header(b"Content-Disposition")),
            _languages(part.header(b"Content-Language")),
            nstring(part.header(b"Content-Location")),
        )
    )


def _disposition(value: bytes | None) -> bytes:
    match = re.match(rb"\s*([^\s;()\"=]+)", value or b"")
    if match is None or value is None:
        return b"NIL"
    return b"(" + quoted(match[1]) + b" " + _parameters(parse_parameters(value[match.end() :])) + b")"


def _languages(value: bytes | None) -> bytes:
    found = re.findall(rb"[A-Za-z0-9-]+", strip_comments(value or b""))
    return b"(" + b" ".join(quoted(language) for language in found) + b")" if found else b"NIL"


def section(message: Part, spec: str, fields: Callable[[bytes], bool] | None = None) -> bytes | None:
    """The octets of a section such as `1.2`, `2.MIME`, `HEADER` or the whole message for ``; None when there is no
    such part.

    fields: for HEADER.FIELDS and HEADER.FIELDS.NOT, which field names to keep.
    """
    numbers, _, text = _split_spec(spec)
    part = _find(message, numbers)
    if part is None:
        return None
    if not text:
        return message.source if not numbers else part.body_octets
    if text == "MIME":
        return part.header_octets if numbers else None
    whole = message if not numbers else part.children[0] if part.is_message and part.children else None
    if whole is None:
        return None
    if text == "HEADER":
        return whole.header_octets
    if text == "TEXT":
        return whole.body_octets
    keep = fields or (lambda _name: True)
    return b"".join(f.raw for f in whole.fields if keep(f.name)) + b"\r\n"


def _split_spec(spec: str) -> tuple[list[int], str, str]:
    match = re.match(r"(\d{1,9}(?:\.\d{1,9})*)?(\.?)(.*)", spec)
    if match is None:  # the pattern matches any text
        return [], "", spec
    return [int(number) for number in (match[1] or "").split(".") if number], match[2], match[3].upper()


def _find(message: Part, numbers: list[int]) -> Part | None:
    """Walk part numbers as RFC 3501 6.4.5 counts them: a message that is not multipart has one part, number 1."""
    part = message
    container = True
    for position, number in enumerate(numbers, start=1):
        if part.is_message and part.children and not container:
            part = part.children[0]
            container = True
        if part.is_multipart:
            if not 1 <= number <= len(part.children):
                return None
            part = part.children[number - 1]
            container = False
        elif number == 1 and (part.is_message or position == len(numbers)):
            container = False  # part 1 of a leaf is that leaf, as in Dovecot, but nothing lies below it
        else:
            return None
    return part
