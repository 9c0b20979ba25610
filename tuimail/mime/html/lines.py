"""html2text's lines to readable ones: prefixes become depth, kind and indent, marks become spans.

Only what stands before the text mark of a line was written by html2text; so a mail
that says `# not a heading` or `> not a quote` says just that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuimail.mime.clean import cell_width
from tuimail.mime.html import marks
from tuimail.model import LineKind, Span, TextLine

_BULLETS = "•◦▪"
_PREFIX = re.compile(r"(>*) *+(?:(\*) |([0-9]+)\. )? *+(#{1,6} )?")
_RULE = re.compile(r"(>*) *\* \* \*\s*\Z")
_MARKS = re.compile(
    f"({marks.LINK_ON})([0-9]*){marks.LINK_NUMBER_END}"
    f"|([{marks.BOLD_ON}{marks.BOLD_OFF}{marks.ITALIC_ON}{marks.ITALIC_OFF}{marks.CODE_ON}{marks.CODE_OFF}"
    f"{marks.LINK_OFF}])"
)
_OPENS = {marks.BOLD_ON: "bold", marks.ITALIC_ON: "italic", marks.CODE_ON: "code"}
_CLOSES = {marks.BOLD_OFF: "bold", marks.ITALIC_OFF: "italic", marks.CODE_OFF: "code", marks.LINK_OFF: "link"}
_ANY_MARK = re.compile("[\uf8a0-\uf8bf]")
_ITEM_CELLS = 2
"""A list level is indented by so much."""


def lines_of(markdown: str) -> tuple[TextLine, ...]:
    """The readable lines of html2text's output, with at most one blank line between two others."""
    kept: list[TextLine] = []
    for line in _lines(markdown):
        if not line.text and line.kind != LineKind.RULE and line.kind != LineKind.CODE:
            if kept and (kept[-1].text or kept[-1].kind == LineKind.RULE):
                kept.append(line)
            continue
        if kept and not kept[-1].text and kept[-1].kind == LineKind.TEXT and kept[-1].quote_depth > line.quote_depth:
            kept[-1] = TextLine("", line.quote_depth)  # the gap after a quote is not part of it
        kept.append(line)
    while kept and not kept[-1].text and kept[-1].kind != LineKind.RULE:
        kept.pop()
    return tuple(kept)


def _lines(markdown: str) -> Iterator[TextLine]:
    for line in markdown.split("\n"):
        prefix, mark, content = line.partition(marks.TEXT)
        if mark:
            yield from _paragraph(prefix, content.replace(marks.TEXT, ""))
        elif rule := _RULE.match(line):
            yield TextLine("", len(rule.group(1)), LineKind.RULE)
        else:
            yield TextLine("", line.count(">"))


def _paragraph(prefix: str, content: str) -> Iterator[TextLine]:
    found = _PREFIX.match(prefix)
    quotes, bullet, number, heading = found.groups() if found else ("", None, None, None)
    kind: str = LineKind.HEADING if heading else LineKind.TEXT
    lead = ""
    if bullet or number:
        level = max((_spaces_before_item(prefix) - 2) // 2, 0)
        sign = f"{number}." if number else _BULLETS[min(level, len(_BULLETS) - 1)]
        lead = f"{' ' * (level * _ITEM_CELLS)}{sign} "
    if content.startswith(marks.HANG):
        lead = " " * (int(content[1]) * _ITEM_CELLS)
        content = content[2:]
    if content.startswith(marks.FIXED):
        kind = LineKind.CODE
        content = content[1:]
    style = _Reader()
    for position, piece in enumerate(content.split(marks.BREAK)):
        start = lead if position == 0 or kind == LineKind.CODE else " " * cell_width(lead)
        text, spans = style.read(piece, start)
        yield TextLine(text, len(quotes), kind, 0 if kind == LineKind.CODE else cell_width(start), spans)


def _spaces_before_item(prefix: str) -> int:
    inner = prefix.lstrip(">")
    return len(inner) - len(inner.lstrip(" ")) - (1 if len(inner) < len(prefix) else 0)


class _Reader:
    """Reads the pieces of one paragraph; what is open at a line break goes on in the next line."""

    def __init__(self) -> None:
        self.open: list[tuple[str, int]] = []

    def read(self, piece: str, lead: str) -> tuple[str, tuple[Span, ...]]:
        """The text without marks and its spans."""
        written: list[str] = [lead]
        length = len(lead)
        starts = [(kind, number, length) for kind, number in self.open]
        spans: list[Span] = []
        done = 0
        for found in _MARKS.finditer(piece):
            before = _plain(piece[done : found.start()])
            written.append(before)
            length += len(before)
            done = found.end()
            mark = found.group(3)
            if found.group(1):
                starts.append(("link", int(found.group(2) or 0), length))
            elif mark in _OPENS:
                starts.append((_OPENS[mark], 0, length))
            else:
                _close(starts, _CLOSES[mark], length, spans)
        written.append(_plain(piece[done:]))
        text = "".join(written).rstrip()
        self.open = [(kind, number) for kind, number, _ in starts]
        spans += [Span(start, len(text), kind, number) for kind, number, start in starts]
        kept = (Span(span.start, min(span.end, len(text)), span.kind, span.link) for span in spans)
        return text, tuple(sorted(span for span in kept if span.start < span.end))


def _close(starts: list[tuple[str, int, int]], kind: str, end: int, spans: list[Span]) -> None:
    for index in range(len(starts) - 1, -1, -1):
        if starts[index][0] == kind:
            _, number, start = starts.pop(index)
            spans.append(Span(start, end, kind, number))
            return


def _plain(text: str) -> str:
    return _ANY_MARK.sub("", marks.shown(text))
