"""Lines of the journal: what failed, what waits, what was done lately.

Pure: entries from what the store keeps, runs from entries. What must not live here:
trying again and giving up (`screens.journal`).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from tuimail.mime.clean import cell_width, clean_line
from tuimail.model import DeedId, PendingId
from tuimail.store.acting.deeds import Deed
from tuimail.store.acting.pending import Waiting
from tuimail.ui.lines.cells import elide
from tuimail.ui.lines.rows import Run, Runs, both_ends, cut_runs
from tuimail.ui.lines.when import clock_time, counted


class Part(enum.Enum):
    """The parts of the journal, in order."""

    FAILED = "Failed"
    WAITING = "Waiting for the server"
    DONE = "Done lately"


_GLYPHS = {Part.FAILED: ("✗", "error"), Part.WAITING: ("…", "busy")}
_DEED_GLYPHS = {"done": ("✓", "ok"), "waiting": ("…", "busy"), "failed": ("✗", "error")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: actions of one deed that fare alike, or a deed."""

    part: Part
    words: str
    """Cleaned."""
    place: str
    """Mailbox and account, cleaned; empty for a deed."""
    sentence: str
    """Why it failed or waits; cleaned, may be empty."""
    at: int
    ids: tuple[PendingId, ...] = ()
    deed: DeedId | None = None
    tries: int = 0
    state: str = "done"
    """Of a deed: `done`, `waiting` or `failed` (some of it), `undone`, `given up`."""

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it apart while its numbers change."""
        return self.part, self.deed, self.words, self.place, self.sentence if self.deed is None else ""


def entries(waiting: Sequence[Waiting], deeds: Sequence[Deed]) -> list[Entry]:
    """Everything, part by part; ten thousand actions of one deed are one line."""
    groups: dict[tuple[object, ...], list[Waiting]] = {}
    for each in waiting:
        single = each.id if each.deed is None else None
        what = each.words.partition(": ")[0]  # a subject follows
        key = (each.state, each.deed, single, each.account, each.mailbox, what, each.sentence)
        groups.setdefault(key, []).append(each)
    found = [_entry(group) for group in groups.values()]
    failed = [entry for entry in found if entry.part is Part.FAILED]
    still = [entry for entry in found if entry.part is Part.WAITING]
    fares = {each.deed: each.state for each in sorted(waiting, key=lambda each: each.state == "waiting")}
    return [*failed, *still, *(_deed_entry(each, fares.get(each.id, "done")) for each in deeds)]


def _deed_entry(deed: Deed, fares: str) -> Entry:
    """A deed; `fares`: `waiting` or `failed` while some of it is so."""
    state = fares if deed.state == "done" else deed.state
    words = "" if state == "done" else "waiting for the server" if state == "waiting" else state
    return Entry(Part.DONE, clean_line(deed.words, 200), "", words, deed.at, (), deed.id, state=state)


def _entry(group: Sequence[Waiting]) -> Entry:
    first = group[0]
    words = clean_line(first.words, 200)
    if len(group) > 1:
        words = f"{clean_line(first.words.partition(': ')[0], 100)}: {counted(len(group))} messages"
    return Entry(
        Part.FAILED if first.state == "failed" else Part.WAITING,
        words[:1].upper() + words[1:],
        clean_line(f"{first.mailbox}, {first.account}" if first.mailbox else first.account, 120),
        clean_line(first.sentence, 300),
        min(each.added_at for each in group),
        tuple(each.id for each in group),
        first.deed,
        max(each.tries for each in group),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A heading, an entry, or nothing."""

    entry: Entry | None = None
    heading: str = ""


def lines_of(found: Sequence[Entry]) -> list[Line]:
    """Entries under headings, an empty line between parts."""
    lines: list[Line] = []
    for part in Part:
        own = [entry for entry in found if entry.part is part]
        if own:
            lines += [Line()] if lines else []
            lines += [Line(heading=part.value), *(Line(entry) for entry in own)]
    return lines


def line_runs(line: Line, width: int, now: float, *, cursor: bool) -> Runs:
    """One line in at most `width` cells: what, where, why; when at the right end."""
    if line.entry is None:
        return [Run(f" {line.heading}", "heading")] if line.heading else []
    entry = line.entry
    glyph, role = _GLYPHS.get(entry.part) or _DEED_GLYPHS.get(entry.state, ("·", "muted"))
    when = clock_time(entry.at, now) + " "
    room = max(8, width - cell_width(when) - 5)
    left = [Run(" ▎" if cursor else "  ", "bar"), Run(f"{glyph} ", role), Run(elide(entry.words, room), "text")]
    if entry.place:
        left.append(Run(f" · {entry.place}", "muted"))
    if entry.sentence:
        left.append(Run(f" · {entry.sentence}", "warning" if entry.part is Part.FAILED else "muted"))
    return both_ends(cut_runs(left, max(0, width - cell_width(when) - 1)), [Run(when, "date")], width)


def title_runs(found: Sequence[Entry], width: int) -> Runs:
    """`Journal · 2 failed · 3 waiting`."""
    failed = sum(len(entry.ids) for entry in found if entry.part is Part.FAILED)
    waiting = sum(len(entry.ids) for entry in found if entry.part is Part.WAITING)
    runs = [Run(" Journal", "title")]
    if failed:
        runs += [Run(" · ", "muted"), Run(f"{counted(failed)} failed", "error")]
    runs += [Run(" · ", "muted"), Run(f"{counted(waiting)} waiting" if waiting else "nothing waits", "muted")]
    return cut_runs(runs, width)


def about(entry: Entry | None) -> list[str]:
    """Under the list: the whole sentence of the entry, and what can be done."""
    if entry is None:
        return []
    if entry.part is Part.FAILED:
        return [entry.sentence or "The server refused it.", "It was taken back here. Try it again, or give it up."]
    if entry.part is Part.WAITING:
        tried = f" Tried {counted(entry.tries)} time{'' if entry.tries == 1 else 's'}." if entry.tries else ""
        return [
            f"{entry.sentence or 'It is done as soon as the server can be reached.'}{tried}",
            "It is shown as if it were done. Giving it up takes it back.",
        ]
    return ["u takes the last one back, done on the server or not. What was deleted for good stays so."]
