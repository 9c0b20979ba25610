"""Plain text of mail to readable lines: format=flowed, quotes, signature, links.

RFC 3676 for flowed text and the signature line; quote marks as people and programs
really write them. Linear in the size of the text. What must not live here: HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tuimail.mime.clean import clean_text
from tuimail.mime.reading.links import LinkBook, examine, find_urls, has_urls
from tuimail.model import LineKind, ReadableText, Span, TextLine

MAX_QUOTE_DEPTH = 20
MAX_BLANK_LINES = 2
_SHORT_SIGNATURE_LINES = 10
"""After a bare `--` (its space lost on the way) only so many lines are a signature."""

_QUOTE = re.compile(r" ?>(?: ?>){0,200}")
_MARKS = (">", " >")
_FLOWED_QUOTE = re.compile(r">{1,200}")
_SIGNATURE_MARKS = ("-- ", "--")
_RULE = re.compile(r"\s*([-_=*~─])(?:[ \t]?\1){4,}\s*\Z")
SIGNED_INLINE = "This text carries an OpenPGP signature that was not checked."
ENCRYPTED_INLINE = "This text is encrypted with OpenPGP; it cannot be read here."


class _Line(NamedTuple):
    depth: int
    text: str


def plain_to_readable(
    text: str, *, flowed: bool = False, del_sp: bool = False, first_link: int = 1
) -> ReadableText:
    """The readable lines of decoded plain text; links are numbered from `first_link`."""
    cleaned = clean_text(text)
    lines = cleaned.split("\n")
    if flowed:
        read = list(_unflow(lines, del_sp=del_sp))
    else:  # most lines are no quotes: what they take is done here, for it is done for every line of all mail
        new = tuple.__new__
        read = [
            _quoted(line) if line.startswith(_MARKS) or line == "-- " else new(_Line, (0, line.rstrip()))
            for line in lines
        ]
    book = LinkBook(first=first_link)
    finished = tuple(_finished(_without_blank_runs(read), book, has_urls=has_urls(cleaned)))
    return ReadableText(source="plain", lines=finished, links=tuple(book.links), notes=_notes(text))


def _notes(text: str) -> tuple[str, ...]:
    if "-----BEGIN PGP SIGNED MESSAGE-----" in text:
        return (SIGNED_INLINE,)
    if "-----BEGIN PGP MESSAGE-----" in text:
        return (ENCRYPTED_INLINE,)
    return ()


def _quoted(line: str) -> _Line:
    """A fixed line without its quote marks: `> > text` has depth 2."""
    if not line.startswith(_MARKS):
        return _Line(0, line if line == "-- " else line.rstrip())
    found = _QUOTE.match(line)
    if not found or line.startswith(">From "):  # an mbox wrote that one (RFC 4155)
        return _Line(0, line if line == "-- " else line.rstrip())
    depth = found.group().count(">")
    return _Line(min(depth, MAX_QUOTE_DEPTH), line[found.end() :].removeprefix(" ").rstrip())


def _unflow(lines: Iterable[str], *, del_sp: bool) -> Iterator[_Line]:
    """Paragraphs of flowed text (RFC 3676 4.2 to 4.5)."""
    pieces: list[str] = []
    depth = 0
    for line in lines:
        found = _FLOWED_QUOTE.match(line)
        line_depth = min(found.end(), MAX_QUOTE_DEPTH) if found else 0
        content = line[found.end() if found else 0 :].removeprefix(" ")  # space-stuffing
        is_signature = content == "-- "
        if pieces and (line_depth != depth or is_signature):
            yield _Line(depth, "".join(pieces).rstrip())
            pieces = []
        depth = line_depth
        if content.endswith(" ") and not is_signature:
            pieces.append(content[:-1] if del_sp else content)
            continue
        pieces.append(content)
        yield _Line(depth, "".join(pieces) if is_signature else "".join(pieces).rstrip())
        pieces = []
    if pieces:
        yield _Line(depth, "".join(pieces).rstrip())


def _without_blank_runs(lines: list[_Line]) -> list[_Line]:
    """The lines without blank ones at both ends and at most two between."""
    kept: list[_Line] = []
    blank = MAX_BLANK_LINES
    for line in lines:
        blank = 0 if line.text else blank + 1
        if blank <= MAX_BLANK_LINES:
            kept.append(line)
    while kept and not kept[-1].text:
        kept.pop()
    return kept


def _finished(lines: list[_Line], book: LinkBook, *, has_urls: bool) -> Iterator[TextLine]:
    signature_from = _signature_start(lines)
    new = tuple.__new__  # half the time of `TextLine(...)`, once for each line of all mail
    text_kind: str = LineKind.TEXT
    nothing: tuple[Span, ...] = ()
    for number, (depth, text) in enumerate(lines):
        text = text.rstrip()
        spans = nothing
        if has_urls:
            text, spans = mark_links(text, book)
        if number >= signature_from:
            kind: str = LineKind.SIGNATURE
        elif not depth and not text[:1].isalnum() and _RULE.match(text[:200]):
            kind = LineKind.RULE
        else:
            kind = text_kind
        yield new(TextLine, (text, depth, kind, 0, spans))


def _signature_start(lines: list[_Line]) -> int:
    """The number of the line that begins the signature; past the end when there is none."""
    for number in range(len(lines) - 1, -1, -1):
        depth, text = lines[number]
        if depth or text not in _SIGNATURE_MARKS:
            continue
        if text == "-- " or len(lines) - number - 1 <= _SHORT_SIGNATURE_LINES:
            return number
    return len(lines)


def mark_links(text: str, book: LinkBook) -> tuple[str, tuple[Span, ...]]:
    """The line with `[n]` after each URL that may be followed, and their spans."""
    found = find_urls(text)
    if not found:
        return text, ()
    pieces: list[str] = []
    spans: list[Span] = []
    length = 0
    done = 0
    for start, end in found:
        target = examine(text[start:end])
        number, marker = book.add(text[start:end], target) if target else (0, "")
        if not number:
            continue
        before = text[done:start]
        shown = f"{text[start:end]} {marker}"
        pieces += [before, shown]
        spans.append(Span(length + len(before), length + len(before) + len(shown), "link", number))
        length += len(before) + len(shown)
        done = end
    return "".join((*pieces, text[done:])), tuple(spans)
