"""Lines of the screen as runs of text, before any colour: list rows, titles, bars.

Two renderers use them, Textual's and the first frame's, so that both paint the same
cells; therefore nothing here imports Textual or rich. Every text that came with a
mail or from a server is cleaned here, on its way into a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tuimail.mime.clean import cell_width, clean_line
from tuimail.model import Account, AccountStatus, Flag, Mailbox, Role, Row
from tuimail.ui.lines.cells import ELLIPSIS, elide, fit
from tuimail.ui.lines.when import clock_time, counted, short_date, short_size


class Run(NamedTuple):
    """Text that is drawn in one way."""

    text: str
    role: str
    """One of `ROLES`."""


Runs = list[Run]

ROLES = (
    "text", "strong", "muted", "accent", "title", "title-focus", "rule",
    "bar", "unread", "unread-text", "read-text", "star", "attachment", "date", "selection",
    "account", "count", "ok", "busy", "offline", "error",
    "quote-1", "quote-2", "quote-3", "quote-4", "link", "note", "warning",
    "heading", "code", "signature", "bold", "italic", "rule-focus", "key", "key-words",
)  # fmt: skip
"""The ways in which text is drawn; themes give them colours."""

GROUNDS = ("cursor", "cursor-blurred", "selected", "hover")
"""What a whole line can lie on, beside the pane's own background."""

BAR = "▎"
_KEY_GAP = 2
ROLE_NAMES = {
    Role.INBOX: "Inbox",
    Role.DRAFTS: "Drafts",
    Role.SENT: "Sent",
    Role.ARCHIVE: "Archive",
    Role.JUNK: "Junk",
    Role.TRASH: "Trash",
    Role.FLAGGED: "Starred",
    Role.ALL: "All mail",
}


class Columns(NamedTuple):
    """Widths of a list row's columns in cells; 0 for a column that has no room."""

    width: int
    sender: int
    subject: int
    marks: int
    size: int
    date: int


def list_columns(width: int) -> Columns:
    """How a list of `width` cells divides: the subject takes what the others leave."""
    sender = min(26, max(8, width * 28 // 100))
    marks = 4 if width >= 34 else 0
    size = 5 if width >= 84 else 0
    date = 7 if width >= 28 else 0
    subject = width - 3 - sender - 2 - marks - size - date - 1
    if subject < 6:
        return Columns(width, max(1, width - 4 - marks - date), 0, marks, 0, date)
    return Columns(width, sender, subject, marks, size, date)


def mailbox_label(mailbox: Mailbox) -> str:
    """What a mailbox is called on the screen: by its role, else by the last part of its name."""
    return ROLE_NAMES.get(mailbox.role) or clean_line(mailbox.leaf, 200) or "(no name)"


def list_row(row: Row, columns: Columns, now: float, *, cursor: bool = False, selected: bool = False) -> Runs:
    """One message: marks, sender, subject, star, attachment, size, date; exactly `columns.width` cells."""
    unread = not row.flags & Flag.SEEN
    gone = bool(row.flags & Flag.DELETED)
    runs = [Run(BAR if cursor else " ", "bar"), _state_mark(row.flags, selected), Run(" ", "text")]
    sender = clean_line(row.sender, 200).strip() or "(no sender)"
    subject = clean_line(row.subject, 500).strip()
    sender_role = "muted" if gone else "unread-text" if unread else "read-text"
    subject_role = "muted" if gone or not subject else "unread-text" if unread else "read-text"
    runs.append(Run(fit(sender, columns.sender), sender_role))
    if columns.subject:
        runs.append(Run("  " + fit(subject or "(no subject)", columns.subject), subject_role))
    if columns.marks:
        runs.append(Run(" ★" if row.flags & Flag.FLAGGED else "  ", "star"))
        runs.append(Run("📎" if row.has_attachments else "  ", "attachment"))
    if columns.size:
        runs.append(Run(fit(short_size(row.size_octets), columns.size, right=True), "date"))
    if columns.date:
        runs.append(Run(fit(short_date(row.sort_at, now), columns.date, right=True), "date"))
    runs.append(Run(" ", "text"))
    return runs


def lines_per_row(width: int) -> int:
    """Two where sender and subject would crowd each other on one line."""
    return 2 if 28 <= width < 46 else 1


def row_lines(row: Row, width: int, now: float, *, cursor: bool = False, selected: bool = False) -> list[Runs]:
    """All lines of one message, `lines_per_row(width)` of them, each exactly `width` cells."""
    if lines_per_row(width) == 1:
        return [list_row(row, list_columns(width), now, cursor=cursor, selected=selected)]
    columns = Columns(width, width - 3 - 4 - 7 - 1, 0, 4, 0, 7)
    first = list_row(row, columns, now, cursor=cursor, selected=selected)
    subject = clean_line(row.subject, 500).strip()
    role = "muted" if not subject or row.flags & Flag.DELETED else "text" if not row.flags & Flag.SEEN else "muted"
    bar = Run(BAR if cursor else " ", "bar")
    return [first, [bar, Run("  " + fit(subject or "(no subject)", width - 4) + " ", role)]]


def _state_mark(flags: int, selected: bool) -> Run:
    if selected:
        return Run("✓", "selection")
    if not flags & Flag.SEEN:
        return Run("●", "unread")
    if flags & Flag.ANSWERED:
        return Run("↩", "muted")
    return Run(" ", "text")


def both_ends(left: Runs, right: Runs, width: int) -> Runs:
    """`left` and `right` at the two ends of a line of exactly `width` cells; `right` gives way first."""
    left_width = runs_width(left)
    right_width = runs_width(right)
    if left_width + 2 + right_width > width:
        room = width - left_width - 2
        right = cut_runs(right, room) if room >= 12 else []
        right_width = runs_width(right)
    if left_width + right_width > width:
        left = cut_runs(left, width)
        left_width = runs_width(left)
    return [*left, Run(" " * (width - left_width - right_width), "text"), *right]


def runs_width(runs: Runs) -> int:
    """Cells of all runs."""
    return sum(cell_width(run.text) for run in runs)


def cut_runs(runs: Runs, width: int) -> Runs:
    """The runs that fit into `width`, the last one with an ellipsis when something was cut."""
    if runs_width(runs) <= width:
        return runs
    kept: Runs = []
    left = width
    for run in runs:
        cells = cell_width(run.text)
        if cells >= left:
            text = elide(run.text, left)
            kept.append(Run(text if cells == left == width else _with_ellipsis(text, left), run.role))
            break
        kept.append(run)
        left -= cells
    return kept


def _with_ellipsis(text: str, cells: int) -> str:
    if text.endswith(ELLIPSIS):
        return text
    return elide(text + "  ", cells) if cells > 0 else ""


def list_title(mailbox: Mailbox | None, width: int, *, selected: int = 0, fetching: tuple[int, int] | None = None,
               focus: bool = False) -> Runs:
    """`Inbox · 3 unread of 12,480` and, at the right end, the order or what is under way."""
    if mailbox is None:
        return both_ends([Run(" No mailbox", "muted")], [], width)
    left = [Run(" " + mailbox_label(mailbox), "title-focus" if focus else "title")]
    if mailbox.total:
        unread = f"{counted(mailbox.unread)} unread of " if mailbox.unread else ""
        left.append(Run(f" · {unread}{counted(mailbox.total)}", "muted"))
    if selected:
        right = [Run(f"{counted(selected)} selected ", "accent")]
    elif fetching is not None and fetching[1]:
        right = [Run(f"fetching {counted(fetching[0])} of {counted(fetching[1])} ", "busy")]
    elif mailbox.error:
        right = [Run("cannot be read ", "error")]
    elif mailbox.total:
        right = [Run("by date ▾ ", "muted")]
    else:
        right = []
    return both_ends(left, right, width)


def top_bar(accounts: Sequence[Account], current: str, width: int, now: float, *, demo: bool = False) -> Runs:
    """The first line: the program, and whose mail this is as of when."""
    left = [Run(" tuimail", "accent")]
    if demo:
        left.append(Run("  demo: nothing here is real", "muted"))
    account = next((account for account in accounts if account.name == current), None)
    if account is None:
        return both_ends(left, [], width)
    right = [Run(clean_line(account.address, 200), "text")]
    right += [Run(" · ", "muted"), Run(_freshness(account, now) + " ", _status_role(account))]
    return both_ends(left, right, width)


def _freshness(account: Account, now: float) -> str:
    if account.status is AccountStatus.CONNECTING:
        return "connecting…"
    if account.status is AccountStatus.SYNCING:
        return "syncing…"
    if account.synced_at is None:
        return "not synced yet"
    return f"synced {clock_time(account.synced_at, now)}"


def _status_role(account: Account) -> str:
    return {
        AccountStatus.NEVER: "muted",
        AccountStatus.CONNECTING: "busy",
        AccountStatus.SYNCING: "busy",
        AccountStatus.ONLINE: "ok",
        AccountStatus.OFFLINE: "offline",
        AccountStatus.NEEDS_PASSWORD: "error",
        AccountStatus.FAILED: "error",
    }[account.status]


def key_slots(keys: Sequence[tuple[str, str]], width: int) -> list[tuple[int, int]]:
    """Which keys (label and words) fit into `width` cells, and where each begins: (index, first cell).

    The last one (all keys) always stays, those before it give way.
    """
    left = list(range(len(keys)))
    sizes = [cell_width(label) + 1 + cell_width(words) + _KEY_GAP for label, words in keys]
    while len(left) > 1 and sum(sizes[index] for index in left) + 1 - _KEY_GAP > width:
        del left[-2]
    found, start = [], 1
    for index in left:
        found.append((index, start))
        start += sizes[index]
    return found


def key_line(keys: Sequence[tuple[str, str]], width: int) -> Runs:
    """The key bar."""
    runs: Runs = []
    for index, start in key_slots(keys, width):
        label, words = keys[index]
        runs += [Run(" " * (start - runs_width(runs)), "text"), Run(label, "key"), Run(f" {words}", "key-words")]
    return runs


def status_width(runs: Runs, width: int) -> int:
    """Cells of the status line beside the key bar: what it says, at most 60 % of the screen."""
    return min(runs_width(runs) + 2, width * 6 // 10) if runs else 0


def status_line(accounts: Sequence[Account], now: float) -> Runs:
    """What a person must know now: `2 waiting · offline since 11:50 · why`; empty when all is well."""
    runs: Runs = []
    waiting = sum(account.pending for account in accounts)
    if waiting:
        runs.append(Run(f"{counted(waiting)} waiting", "busy"))
    for account in accounts:
        trouble = _trouble(account, now)
        if not trouble:
            continue
        who = clean_line(account.address, 60) + ": " if len(accounts) > 1 else ""
        runs.append(Run(who + trouble, _status_role(account)))
        if account.sentence:
            runs.append(Run(clean_line(account.sentence, 200), "muted"))
    joined: Runs = []
    for run in runs:
        joined += [Run(" · ", "muted"), run] if joined else [run]
    return joined


def _trouble(account: Account, now: float) -> str:
    if account.status is AccountStatus.OFFLINE:
        return f"offline since {clock_time(account.since, now)}"
    if account.status is AccountStatus.NEEDS_PASSWORD:
        return "needs its password"
    if account.status is AccountStatus.FAILED:
        return "stopped"
    return ""
