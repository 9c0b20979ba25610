"""A whole message's bytes to the tree of parts that an IMAP server would tell of it.

A walker of our own: one pass over the lines that begin with two dashes, a stack of
open multiparts, offsets into the bytes (RFC 2046 5.1). The standard library's parser
recurses, copies, and disagrees with servers about broken mail. Nothing is raised;
depth, parts and headers are bounded, and what is over a limit is a defect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tuimail.mime.decoding.charset import decode_charset
from tuimail.mime.decoding.headers import MAX_BLOCK_OCTETS, Summary, split_headers, summary_of, values_of
from tuimail.mime.decoding.parameters import HeaderValue, parse_value
from tuimail.mime.decoding.transfer import decode_transfer
from tuimail.mime.decoding.words import decode_header
from tuimail.mime.parts.structure import MAX_DEPTH, MAX_PARTS, make_part
from tuimail.model import Part, Section

__all__ = ["ParsedMessage", "decode_charset", "decode_transfer", "header_block", "parse_message", "part_bytes"]

TOO_DEEP = "Parts are nested more than 50 deep; what is below was not taken apart."
TOO_MANY_PARTS = "There are more than 1,000 parts; the rest was not taken apart."
NO_BOUNDARY = "A multipart has no parts; its text is shown as it stands."
NOT_ENDED = "A multipart has no end; the message may be cut off."

_USUAL_HEADER_OCTETS = 8 * 1024
_LINE = re.compile(rb"[^\r\n]*")
_ABOUT = frozenset(["content-type", "content-disposition", "content-transfer-encoding", "content-id"])


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A message taken apart."""

    summary: Summary
    root: Part
    defects: tuple[str, ...]
    spans: Mapping[Section, tuple[int, int]]
    """Start and end of each part's body in the bytes, by section."""
    heads: Mapping[Section, int]
    """Where each part's header starts."""


def header_block(raw: bytes) -> bytes:
    """The header of a message, without the empty line."""
    return raw[: min(_header_end(raw, 0, len(raw))[0], MAX_BLOCK_OCTETS + 1)]


def _header_end(raw: bytes, position: int, limit: int) -> tuple[int, int]:
    """Where the header at `position` ends and where its body starts; both at most `limit`."""
    if raw.startswith((b"\n", b"\r\n"), position):
        return position, min(raw.index(b"\n", position) + 1, limit)
    with_cr = raw.find(b"\n\r\n", position, limit)
    without = raw.find(b"\n\n", position, limit if with_cr < 0 else with_cr + 1)
    if without >= 0:
        return without + 1, without + 2
    return (with_cr + 1, with_cr + 3) if with_cr >= 0 else (limit, limit)


def parse_message(raw: bytes) -> ParsedMessage:
    """The summary, the parts (sections as IMAP numbers them) and what is odd. Never raises."""
    fields, defects = split_headers(header_block(raw))
    summary = summary_of(fields, defects)
    walker = _Walker(raw, fields)
    walker.walk()
    root = _built(walker.root, Section(""), is_message=True)
    spans: dict[Section, tuple[int, int]] = {}
    heads: dict[Section, int] = {}
    _collect_spans(walker.root, root, spans, heads)
    return ParsedMessage(summary, root, (*summary.defects, *dict.fromkeys(walker.defects)), spans, heads)


def part_bytes(raw: bytes, root: Part, section: Section) -> bytes:
    """The decoded bytes of a part; of `` the whole message as it stands; empty for an unknown section."""
    if not section:
        return raw
    parsed = parse_message(raw)
    span = parsed.spans.get(section)
    part = next((part for part in root.walk() if part.section == section), None)
    if span is None or part is None:
        return b""
    octets = raw[span[0] : span[1]]
    return octets if part.children else decode_transfer(octets, part.encoding)


def leaves(raw: bytes, parsed: ParsedMessage) -> Iterator[tuple[Part, bytes]]:
    """Every part that holds no other with its decoded bytes."""
    for part in parsed.root.walk():
        span = parsed.spans.get(part.section)
        if not part.children and part.section and span is not None:
            yield part, decode_transfer(raw[span[0] : span[1]], part.encoding)


def _dashed(raw: bytes, position: int, limit: int) -> Iterator[tuple[int, int]]:
    """Start and end of each line that begins with two dashes, from `position` on and before `limit`."""
    start = 0 if position == 0 and raw.startswith(b"--") else raw.find(b"\n--", max(position - 1, 0), limit) + 1
    while start or (raw.startswith(b"--", start) and not position):
        end = _LINE.match(raw, start).end()  # type: ignore[union-attr]  # it matches nothing, too
        yield start, end
        position = end
        start = raw.find(b"\n--", end, limit) + 1


@dataclass(slots=True, eq=False)
class _Open:
    """A part while the walk goes on."""

    about: Mapping[str, str]
    kind: HeaderValue
    head: int
    """Where its header starts."""
    start: int
    """Where its body starts."""
    end: int = -1
    boundary: bytes = b""
    """Empty for what is not, or no longer, an open multipart."""
    depth: int = 0
    ended: bool = False
    children: list[_Open] = field(default_factory=list)

    @property
    def content_type(self) -> str:
        return self.kind.value

    @property
    def is_message(self) -> bool:
        return self.content_type in ("message/rfc822", "message/global")


class _Walker:
    """One pass: the stack holds the parts that are open, outermost first."""

    def __init__(self, raw: bytes, fields: list[tuple[str, str]]) -> None:
        """`fields` are those of the message's own header."""
        self.raw = raw
        self.fields = fields
        self.defects: list[str] = []
        self.stack: list[_Open] = []
        self.levels: dict[bytes, list[int]] = {}
        """Boundary to the positions in the stack where it is open."""
        self.parts = 0
        self.root = _Open({}, HeaderValue("text/plain", {}), 0, 0)

    def walk(self) -> None:
        self.root = self._begin(0, "text/plain")
        for start, end in _dashed(self.raw, self.root.start, len(self.raw)) if self.levels else ():
            if not self.levels:
                break
            level, closes = self._match(self.raw[start + 2 : end].rstrip())
            if level < 0 or start < self.stack[-1].start:
                continue
            self._close_to(level + 1, start)
            parent = self.stack[level]
            if closes:
                parent.ended = True
                self._forget(level)
                continue
            if self.parts >= MAX_PARTS:
                self.defects.append(TOO_MANY_PARTS)
                self._forget(level)
                continue
            default = "message/rfc822" if parent.content_type == "multipart/digest" else "text/plain"
            parent.children.append(self._begin(self._after_line(end), default))
        self._close_to(0, len(self.raw), at_end=True)

    def _match(self, token: bytes) -> tuple[int, bool]:
        """The innermost open multipart with this boundary, and whether the line closes it; -1 for none."""
        if levels := self.levels.get(token):
            return levels[-1], False
        if token.endswith(b"--") and (levels := self.levels.get(token[:-2].rstrip())):
            return levels[-1], True
        return -1, False

    def _next_cut(self, position: int) -> int:
        """Where the next line with an open boundary starts: no header reaches beyond it.

        Most headers end soon: what follows one that does is not searched.
        """
        if not self.levels:
            return len(self.raw)
        near = min(len(self.raw), position + _USUAL_HEADER_OCTETS)
        _, body = _header_end(self.raw, position, near)
        limit = body if body < near else len(self.raw)
        for start, end in _dashed(self.raw, position, limit):
            if self._match(self.raw[start + 2 : end].rstrip())[0] >= 0:
                return start
        return limit

    def _begin(self, position: int, default: str) -> _Open:
        """Read a header at `position` and open its part (and what a message holds in it)."""
        first: _Open | None = None
        while True:
            opened = self._one(position, self._next_cut(position), default)
            if first is None:
                first = opened
            else:
                self.stack[-1].children.append(opened)
            self.stack.append(opened)
            if not opened.is_message:
                break
            if opened.depth >= MAX_DEPTH or self.parts >= MAX_PARTS:
                self.defects.append(TOO_DEEP if opened.depth >= MAX_DEPTH else TOO_MANY_PARTS)
                break
            if opened.about.get("content-transfer-encoding", "").strip().lower() in ("base64", "quoted-printable"):
                break  # RFC 2046 5.2.1 forbids it; encoded bytes have no structure
            position, default = opened.start, "text/plain"
        return first

    def _one(self, position: int, limit: int, default: str) -> _Open:
        self.parts += 1
        head_end, body = _header_end(self.raw, position, limit)
        fields = self.fields
        if self.stack:
            fields, _ = split_headers(self.raw[position : min(head_end, position + MAX_BLOCK_OCTETS)])
        about = values_of(fields, _ABOUT.__contains__)
        kind = parse_value(about.get("content-type", ""))
        if "/" not in kind.value:
            # RFC 2045 5.2: no type, or one that makes no sense, is plain text.
            kind = HeaderValue(default if "content-type" not in about else "text/plain", kind.parameters)
        depth = len(self.stack)
        opened = _Open(about, kind, position, min(body, limit), depth=depth)
        if kind.value.startswith("multipart/") and depth < MAX_DEPTH:
            opened.boundary = kind.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
            if opened.boundary:
                self.levels.setdefault(opened.boundary, []).append(depth)
        elif kind.value.startswith("multipart/"):
            self.defects.append(TOO_DEEP)
        return opened

    def _after_line(self, position: int) -> int:
        end = self.raw.find(b"\n", position)
        return len(self.raw) if end < 0 else end + 1

    def _close_to(self, level: int, position: int, *, at_end: bool = False) -> None:
        """Close the parts from the innermost down to `level`; their bodies end before `position`."""
        end = position
        if not at_end:
            # The line break before a boundary belongs to the boundary.
            if self.raw[max(end - 2, 0) : end] == b"\r\n":
                end -= 2
            elif self.raw[end - 1 : end] in (b"\n", b"\r"):
                end -= 1
        while len(self.stack) > level:
            index = len(self.stack) - 1
            if self.stack[index].boundary:
                if not self.stack[index].ended and self.stack[index].children:
                    self.defects.append(NOT_ENDED)
                self._forget(index)
            closed = self.stack.pop()
            if closed.content_type.startswith("multipart/") and not closed.children and closed.depth < MAX_DEPTH:
                self.defects.append(NO_BOUNDARY)
            closed.end = max(end, closed.start)

    def _forget(self, level: int) -> None:
        boundary = self.stack[level].boundary
        levels = self.levels.get(boundary, [])
        if level in levels:
            levels.remove(level)
            if not levels:
                del self.levels[boundary]


def _built(opened: _Open, section: Section, *, is_message: bool) -> Part:
    """The Part of an open one. `is_message`: it is the body of the message at `section`. Depth is capped."""
    if opened.content_type.startswith("multipart/") and opened.children:
        own = section
        if is_message and section:
            own = Section(f"{section}.TEXT")
        prefix = f"{section}." if section else ""
        children = tuple(
            _built(child, Section(f"{prefix}{number}"), is_message=False)
            for number, child in enumerate(opened.children, 1)
        )
        return Part(
            section=own, content_type=opened.content_type, charset="", encoding="", size_octets=0,
            disposition=_disposition(opened).value, filename="", content_id="", format_flowed=False, del_sp=False,
            children=children,
        )  # fmt: skip
    if is_message:
        section = Section(f"{section}.1" if section else "1")
    nested = tuple(_built(child, section, is_message=True) for child in opened.children)
    disposition = _disposition(opened)
    content_type = opened.content_type
    if content_type.startswith("multipart/"):
        content_type = "text/plain"  # nothing in it was a part: shown as it stands
    return make_part(
        section=section,
        content_type=content_type,
        parameters=dict(opened.kind.parameters),
        encoding=opened.about.get("content-transfer-encoding", "7bit").partition("(")[0].strip().lower(),
        size_octets=opened.end - opened.start,
        disposition=disposition.value,
        disposition_parameters=dict(disposition.parameters),
        content_id=decode_header(opened.about.get("content-id", "")).strip(),
        children=nested,
    )


def _disposition(opened: _Open) -> HeaderValue:
    value = opened.about.get("content-disposition")
    return parse_value(value) if value else HeaderValue("", {})


def _collect_spans(
    opened: _Open, part: Part, spans: dict[Section, tuple[int, int]], heads: dict[Section, int]
) -> None:
    """Match the walk's parts with the tree's: they have the same shape."""
    waiting = [(opened, part)]
    while waiting:
        one, built = waiting.pop()
        spans[built.section] = (one.start, one.end)
        heads[built.section] = one.head
        waiting.extend(zip(one.children, built.children, strict=False))
