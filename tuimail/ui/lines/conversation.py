"""A whole conversation as lines for the reader: what is new open, the rest one line each.

Pure. What must not live here: which message is read (`ui.beside.conversing`), the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tuimail.mime.clean import clean_line
from tuimail.model import EnvelopeId, Flag, LineKind, Row, Span, TextLine
from tuimail.ui.lines.when import short_date

FOLDED, UNFOLDED = "▸", "▾"


class Told(NamedTuple):
    """A message of the conversation."""

    row: Row
    lines: Sequence[TextLine] | None
    """Its text, None while it is folded."""
    snippet: str = ""
    """Not cleaned."""
    is_current: bool = False
    """The card above the text is about it, and its links can be opened."""


class Page(NamedTuple):
    """The lines, and where each message begins."""

    lines: tuple[TextLine, ...]
    starts: dict[EnvelopeId, int]

    def message_at(self, line: int) -> EnvelopeId | None:
        """The message whose heading is this line."""
        return next((envelope_id for envelope_id, start in self.starts.items() if start == line), None)

    def around(self, line: int) -> tuple[EnvelopeId, range] | None:
        """The message that this line belongs to, and its lines without the heading."""
        before = [(start, envelope_id) for envelope_id, start in self.starts.items() if start <= line]
        if not before:
            return None
        start, envelope_id = max(before)
        end = min((other for other in self.starts.values() if other > start), default=len(self.lines))
        return envelope_id, range(start + 1, end)


def conversation_page(messages: Sequence[Told], now: float) -> Page:
    """All messages, the oldest first."""
    lines: list[TextLine] = []
    starts: dict[EnvelopeId, int] = {}
    for told in messages:
        if lines and (told.lines is not None or lines[-1].text == ""):
            lines.append(TextLine("", kind=LineKind.RULE))
        starts[told.row.id] = len(lines)
        lines.append(_heading(told, now))
        if told.lines is not None:
            lines.append(TextLine(""))
            lines += told.lines if told.is_current else map(_without_links, told.lines)
            lines.append(TextLine(""))
    return Page(tuple(lines), starts)


def _heading(told: Told, now: float) -> TextLine:
    row = told.row
    mark = FOLDED if told.lines is None else UNFOLDED
    name = " ".join(clean_line(row.sender, 80).split()) or "(no sender)"
    unread = "" if row.flags & Flag.SEEN else "● "
    head = f"{mark} {unread}{name}"
    rest = f"  {short_date(row.sort_at, now)}"
    if told.lines is None and told.snippet:
        rest += f"  {clean_line(told.snippet, 40).strip()}"
    return TextLine(head + rest, spans=(Span(0, len(head), "bold"),))


def _without_links(line: TextLine) -> TextLine:
    """Links have numbers within their message: only those of the current one can be asked for."""
    if not any(span.link for span in line.spans):
        return line
    return line._replace(spans=tuple(span._replace(link=0) for span in line.spans))
