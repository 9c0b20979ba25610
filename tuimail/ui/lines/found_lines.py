"""What a search found as lines: a message, and below it where it lies and why it was found.

Pure. Texts of mail are cleaned here, piece by piece, after what was looked for was marked
in them.
"""

from __future__ import annotations

from collections.abc import Sequence

from tuimail.mime.clean import cell_width, clean_line
from tuimail.model import Flag, Role
from tuimail.query.completion import Suggestion
from tuimail.query.highlight import Needle, hits
from tuimail.ui.lines.cells import fit
from tuimail.ui.lines.rows import BAR, ROLE_NAMES, Run, Runs, both_ends, cut_runs, list_columns, runs_width, state_mark
from tuimail.ui.lines.when import counted, short_date
from tuimail.wishes.finding import Answer, Found

LINES_PER_ROW = 2
HINTS = ("words", '"a phrase"', "begin*", "-not", "a OR b", "from:", "subject:", "in:", "has:attachment", "is:unread",
         "before:2026-11")  # fmt: skip
"""The most wanted first."""
MARK = "warning"
"""How what was looked for is drawn."""


def found_row(
    found: Found, wanted: Sequence[Needle], width: int, now: float, *, cursor: bool = False, selected: bool = False
) -> list[Runs]:
    """Two lines of exactly `width` cells."""
    row = found.hit.row
    columns = list_columns(width)
    unread = not row.flags & Flag.SEEN
    role = "unread-text" if unread else "read-text"
    bar = Run(BAR if cursor else " ", "bar")
    sender = _padded(_marked(row.sender or "(no sender)", wanted, "from", role), columns.sender)
    marks = [Run(" ★" if row.flags & Flag.FLAGGED else "  ", "star"),
             Run("📎" if row.has_attachments else "  ", "attachment"),
             Run(fit(short_date(row.sort_at, now), 7, right=True), "date"), Run(" ", "text")]  # fmt: skip
    room = max(1, width - 3 - columns.sender - 2 - runs_width(marks))
    subject = _padded(_marked(row.subject or "(no subject)", wanted, "subject", role), room)
    first = [bar, state_mark(row.flags, selected), Run(" ", "text"), *sender, Run("  ", "text"), *subject, *marks]
    mailbox = ROLE_NAMES[Role.INBOX] if found.hit.mailbox.upper() == "INBOX" else found.hit.mailbox
    where = clean_line(f"{found.hit.account} · {mailbox}", 60)
    second = [bar, Run("  ", "text"), Run(where, "muted"), *([Run("  ", "text")] if found.snippet.text else [])]
    second += _pieces(found.snippet.text, found.snippet.hits, "muted")
    return [_padded(first, width), _padded(second, width)]


def _marked(words: str, wanted: Sequence[Needle], field: str, role: str) -> Runs:
    shown = clean_line(words, 300)
    return _pieces(shown, hits(shown, wanted, field), role)


def _pieces(words: str, marked: Sequence[tuple[int, int]], role: str) -> Runs:
    """The words with what is marked in them in its own role."""
    runs: Runs = []
    at = 0
    for start, end in marked:
        runs += [Run(clean_line(words[at:start]), role), Run(clean_line(words[start:end]), MARK)]
        at = end
    runs.append(Run(clean_line(words[at:]), role))
    return [run for run in runs if run.text]


def _padded(runs: Runs, width: int) -> Runs:
    """Exactly so many cells."""
    cut = cut_runs(runs, width) if runs_width(runs) > width else runs
    return [*cut, Run(" " * max(0, width - runs_width(cut)), "text")]


def title_line(
    answer: Answer | None, *, best: bool, asking: bool, index: str, width: int, selected: int = 0
) -> Runs:
    """What the screen is about: how much was found, in which order, what else is known."""
    left = [Run(" Search", "title-focus")]
    if answer is not None and answer.query.tree is not None:
        more = "+" if answer.after is not None else ""
        left.append(Run(f" · {counted(len(answer.found))}{more} found", "muted"))
    if asking:
        left.append(Run(" · asking the servers…", "busy"))
    order = Run("best first " if best else "newest first ", "muted")
    right = [Run(clean_line(index, 200) + ("  " if index else ""), "warning"),
             Run(f"{counted(selected)} selected ", "accent") if selected else order]  # fmt: skip
    return both_ends(left, right, width)


def hint_line(answer: Answer | None, suggestions: Sequence[Suggestion], chosen: int, width: int) -> Runs:
    """Below the field: what Tab would write, else what is wrong, else what can be asked."""
    if suggestions:
        runs: Runs = [Run("  Tab ", "key")]
        for at, each in enumerate(suggestions):
            runs.append(Run(clean_line(each.text.strip(), 60), "strong" if at == chosen else "text"))
            note = f" {clean_line(each.help, 40)}" if each.help and (at == chosen or len(suggestions) < 4) else ""
            runs.append(Run(f"{note}   ", "muted"))
        return cut_runs(runs, width) if runs_width(runs) > width else runs
    if answer is not None and answer.query.mistakes:
        return [Run(fit("  " + clean_line(answer.query.mistakes[0].sentence, 300), width), "error")]
    return [Run(fit(_whole_hints(width), width), "muted")]


def _whole_hints(width: int) -> str:
    """What can be asked, as many as fit; none is cut."""
    words = ""
    for hint in HINTS:
        if cell_width(words) + 2 + cell_width(hint) > width:
            break
        words += f"  {hint}"
    return words


def empty_page(answer: Answer | None) -> list[Runs]:
    """In place of results."""
    if answer is None or answer.query.tree is None:
        return [[Run("Type what you look for.", "muted")]]
    return [
        [Run("Nothing was found.", "text")],
        [Run("Text that is not here yet can be looked for on the servers: Ctrl+O.", "muted")],
    ]
