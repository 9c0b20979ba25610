"""What a person reads of one message, put together from its text parts; and its JSON.

The text parts come in the order that `structure.text_parts` gave, their transfer
encoding undone. What must not live here: fetching, storing, and how HTML or plain
text become lines (`html`, `text`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

from tuimail.mime.clean import clean_line
from tuimail.mime.decoding.charset import decode_charset, decode_unnamed, is_known
from tuimail.mime.parts.choice import text_parts
from tuimail.mime.reading.calendar import calendar_lines
from tuimail.mime.reading.text import plain_to_readable
from tuimail.model import LineKind, Link, Part, ReadableText, Span, TextLine

HtmlConverter = Callable[[str, int], ReadableText]
"""From markup and the number of the first link."""

NOTHING_TO_READ = "This message has no text."
SIGNED = "This message carries a signature that was not checked."
ENCRYPTED = "This message is encrypted; it cannot be read here."


def readable_of(
    parts: Sequence[tuple[Part, bytes]],
    prefer: str = "html",
    *,
    root: Part | None = None,
    convert_html: HtmlConverter | None = None,
) -> ReadableText:
    """The readable text of a message from its text parts and their decoded bytes.

    With `root` only the parts of the preferred telling (`plain` or `html`) are read, and
    the other one is named in `alternatives`; without it all parts are, in order.
    `convert_html` is for the case that the usual converter failed: `html.fallback_readable`.
    """
    if convert_html is None:
        convert_html = _usual_converter()
    alternatives: tuple[str, ...] = ()
    notes = list(_protection(root)) if root is not None else []
    if root is not None:
        parts, alternatives = _telling(parts, prefer, root)
    lines: list[TextLine] = []
    links: list[Link] = []
    sources: set[str] = set()
    for part, octets in parts:
        found = _one(part, octets, len(links) + 1, convert_html)
        if not found.lines and not found.notes:
            continue
        if lines and found.lines:
            lines.append(TextLine(""))
        lines += found.lines
        links += found.links
        notes += [note for note in found.notes if note not in notes]
        sources.add(found.source)
    if not lines:
        words = notes[0] if notes else NOTHING_TO_READ
        return ReadableText("note", (TextLine(words, kind=LineKind.NOTE),), tuple(links), tuple(notes), alternatives)
    source = "html" if "html" in sources else "plain"
    return ReadableText(source, tuple(lines), tuple(links), tuple(notes), alternatives)


def _usual_converter() -> HtmlConverter:
    # Deferred: selectolax and html2text, 35 ms that a message of plain text does not need.
    from tuimail.mime.html.convert import html_to_readable

    return lambda markup, first: html_to_readable(markup, first_link=first)


def _telling(
    parts: Sequence[tuple[Part, bytes]], prefer: str, root: Part
) -> tuple[Sequence[tuple[Part, bytes]], tuple[str, ...]]:
    """The parts of the preferred telling that are here, and the names of the other tellings."""
    choice = text_parts(root)
    tellings = {name: chosen for name, chosen in (("plain", choice.plain), ("html", choice.html)) if chosen}
    name = prefer if prefer in tellings else next(iter(tellings), "")
    given = {part.section: (part, octets) for part, octets in parts}
    here = [given[part.section] for part in tellings.get(name, ()) if part.section in given]
    if tellings and not here:
        here = [(part, octets) for part, octets in parts if part.content_type.startswith("text/")]
    return here, tuple(other for other in tellings if other != name)


def _protection(root: Part) -> list[str]:
    """Notes on OpenPGP and S/MIME, which are named and never vouched for."""
    kinds = {part.content_type for part in root.walk()}
    if "multipart/encrypted" in kinds or "application/pkcs7-mime" in kinds or "application/x-pkcs7-mime" in kinds:
        return [ENCRYPTED]
    return [SIGNED] if "multipart/signed" in kinds else []


def _one(part: Part, octets: bytes, first_link: int, convert_html: HtmlConverter) -> ReadableText:
    if part.content_type == "text/html":
        return convert_html(_markup(octets, part.charset), first_link)
    text = decode_charset(octets, part.charset)
    if part.content_type == "text/calendar":
        return ReadableText("plain", calendar_lines(text))
    readable = plain_to_readable(text, flowed=part.format_flowed, del_sp=part.del_sp, first_link=first_link)
    unknown = _charset_note(part.charset)
    if unknown:
        return ReadableText(readable.source, readable.lines, readable.links, (*readable.notes, unknown))
    return readable


def _charset_note(charset: str) -> str:
    if not charset or is_known(charset):
        return ""
    return f"The text is in an encoding that is not known here ({clean_line(charset, 40)})."


def _markup(octets: bytes, charset: str) -> str:
    """HTML by its part's charset; without one by its own meta element, as browsers do."""
    if charset and is_known(charset):
        return decode_charset(octets, charset)
    head = octets[:2048].lower()
    mark = head.find(b"charset=")
    if mark >= 0:
        named = head[mark + 8 : mark + 60].strip(b"\"' ").split(b'"')[0].split(b"'")[0].split(b">")[0].split(b"/")[0]
        name = named.strip().decode("ascii", "replace")
        if is_known(name) and not name.startswith("utf-16"):
            return decode_charset(octets, name)
    return decode_unnamed(octets)


def to_json(readable: ReadableText) -> bytes:
    """Compact JSON of a readable text: lists instead of objects, defaults left out."""
    tree = [
        readable.source,
        [line[0] if line[1:] == _BARE else _line_out(line) for line in readable.lines],
        [list(link) for link in readable.links],
        list(readable.notes),
        list(readable.alternatives),
    ]
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


_NOT_READABLE: Final = "not the JSON of a readable text"
_BARE = TextLine("")[1:]
"""What most lines are but for their text."""


def _line_out(line: TextLine) -> object:
    if line.spans:
        return [line.text, line.quote_depth, str(line.kind), line.indent_cells, [list(span) for span in line.spans]]
    if line.indent_cells:
        return [line.text, line.quote_depth, str(line.kind), line.indent_cells]
    if line.quote_depth or line.kind != LineKind.TEXT:
        return [line.text, line.quote_depth, str(line.kind)]
    return line.text


def from_json(data: bytes) -> ReadableText:
    """What `to_json` wrote. Raises ValueError on anything else."""
    new = tuple.__new__  # half the time of `TextLine(...)`
    try:
        source, lines, links, notes, alternatives = json.loads(data)
        return ReadableText(
            str(source),
            tuple([new(TextLine, (line, *_BARE)) if type(line) is str else _line_in(line) for line in lines]),
            tuple(Link(*link) for link in links),
            tuple(map(str, notes)),
            tuple(map(str, alternatives)),
        )
    except (TypeError, KeyError, IndexError, RecursionError) as exc:
        raise ValueError(_NOT_READABLE) from exc


def _line_in(line: str | list[object]) -> TextLine:
    if isinstance(line, str):
        return TextLine(line)
    text, depth, kind = str(line[0]), line[1], LineKind(str(line[2]))
    indent = line[3] if len(line) > 3 else 0
    spans = line[4] if len(line) > 4 else []
    if not isinstance(depth, int) or not isinstance(indent, int) or not isinstance(spans, list):
        raise TypeError
    return TextLine(text, depth, kind, indent, tuple(Span(*span) for span in spans))


def words_of_json(data: bytes) -> str:
    """The text of all lines of what `to_json` wrote, with nothing else read. Raises ValueError on anything else."""
    try:
        _, lines, _, _, _ = json.loads(data)
        return "\n".join([line if type(line) is str else str(line[0]) for line in lines])
    except (TypeError, KeyError, IndexError, RecursionError) as exc:
        raise ValueError(_NOT_READABLE) from exc
