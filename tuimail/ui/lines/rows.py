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
from tuimail.ui.lines.when import clock_time, counted, days_between, short_date, short_size, time_of_day


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


VIEW_NAMES = {"inboxes": "All inboxes", "unread": "Unread", "starred": "Starred", "today": "Today"}
"""Views over all accounts."""


class Order(NamedTuple):
    """How a list is ordered, for its title."""

    sort: str = "date"
    is_reversed: bool = False
    is_threaded: bool = False
    words: str = ""
    """What it is filtered by."""


BY_DATE = Order()


def where_label(mailbox: Mailbox, *, with_account: bool) -> str:
    """What a row says of its mailbox in a list over several; nothing of an inbox but its account."""
    label = "" if mailbox.role is Role.INBOX else mailbox_label(mailbox)
    account = clean_line(mailbox.account, 40) if with_account else ""
    return "·".join(part for part in (account, label) if part)


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
    if mailbox.id < 0:
        return VIEW_NAMES.get(mailbox.leaf) or clean_line(mailbox.leaf, 200)
    return ROLE_NAMES.get(mailbox.role) or clean_line(mailbox.leaf, 200) or "(no name)"


def list_row(
    row: Row, columns: Columns, now: float, *, cursor: bool = False, selected: bool = False, where: str = "",
    when: str = "", muted: bool = False,
) -> Runs:  # fmt: skip
    """One message: marks, sender, subject, star, attachment, size, date; exactly `columns.width` cells.

    `where`: a word on the mailbox that it is of. `when`: instead of the date. `muted`: so is its conversation.
    """
    unread = not row.flags & Flag.SEEN
    gone = bool(row.flags & Flag.DELETED)
    runs = [Run(BAR if cursor else " ", "bar"), state_mark(row.flags, selected, muted=muted), Run(" ", "text")]
    subject = clean_line(row.subject, 500).strip()
    sender_role = "muted" if gone else "unread-text" if unread else "read-text"
    subject_role = "muted" if gone or not subject else "unread-text" if unread else "read-text"
    runs += _who(row, columns.sender, sender_role)
    if columns.subject:
        label = _where_label(where, columns.subject)
        runs.append(Run("  ", "text"))
        if label:
            runs.append(Run(label, "muted"))
        runs.append(Run(fit(subject or "(no subject)", columns.subject - cell_width(label)), subject_role))
    if columns.marks:
        runs.append(Run(" ★" if row.flags & Flag.FLAGGED else "  ", "star"))
        runs.append(Run("📎" if row.has_attachments else "  ", "attachment"))
    if columns.size:
        runs.append(Run(fit(short_size(row.size_octets), columns.size, right=True), "date"))
    if columns.date:
        date = when or short_date(row.sort_at, now)
        runs.append(Run(fit(date, columns.date, right=True), "date"))
    runs.append(Run(" ", "text"))
    return runs


class Shape(NamedTuple):
    """How the rows of all lists look."""

    is_roomy: bool = False
    """Two lines a message: the subject, and the beginning of its text."""
    by_day: bool = False
    """Each day has a heading, and rows say only the time. Where a list is sorted by date."""


DENSE = Shape()


def lines_per_row(width: int, shape: Shape = DENSE) -> int:
    """Two where sender and subject would crowd each other on one line, or where a person wants room."""
    return 2 if width >= 28 and (width < 46 or shape.is_roomy) else 1


def _who(row: Row, width: int, role: str) -> Runs:
    """The sender; of a conversation everybody, and how many messages it has; the branch in one that is open."""
    if row.thread is not None:
        unread = f"{row.thread.unread}/" if 0 < row.thread.unread < row.thread.messages else ""
        count = f" {unread}{row.thread.messages}"
        if cell_width(count) + 4 <= width:
            names = fit(people_names(row.thread.names), width - cell_width(count))
            return [Run(names, role), Run(count, "count" if row.thread.unread else "muted")]
        return [Run(fit(people_names(row.thread.names), width), role)]
    sender = clean_line(row.sender, 200).strip() or "(no sender)"
    if row.branch < 0:
        return [Run(fit(sender, width), role)]
    mark = "▾ " if not row.branch else "  " * (min(row.branch, max(1, (width - 8) // 2)) - 1) + "└ "
    return [Run(mark, "muted"), Run(fit(sender, max(0, width - cell_width(mark))), role)]


def people_names(names: Sequence[str]) -> str:
    """Who took part in a conversation, by their first names when they are several.

    >>> people_names(["Ada Byron", ""])
    'Ada, me'
    """
    cleaned = [" ".join(clean_line(name, 100).split()) if name else "me" for name in names]
    if len(cleaned) == 1:
        return cleaned[0] or "(no sender)"
    return ", ".join(name.split(" ")[0].rstrip(",") or "(no sender)" for name in cleaned)


def _where_label(where: str, room: int) -> str:
    """The word on a row's mailbox, where there is room for it and a subject."""
    if not where or room < 15:
        return ""
    return elide(where, min(18, room // 3)) + " "


def row_lines(
    row: Row, width: int, now: float, *, cursor: bool = False, selected: bool = False, where: str = "",
    shape: Shape = DENSE, snippet: str = "", muted: bool = False,
) -> list[Runs]:  # fmt: skip
    """All lines of one message, `lines_per_row(width, shape)` of them, each exactly `width` cells.

    `snippet`: the beginning of its text, for rows with room.
    """
    # In an open conversation there may be messages of other days than the heading says.
    is_of_day = shape.by_day and not days_between(row.sort_at, row.stands_at)
    when = time_of_day(row.sort_at) if is_of_day else ""
    if lines_per_row(width, shape) == 1:
        columns = list_columns(width)
        return [list_row(row, columns, now, cursor=cursor, selected=selected, where=where, when=when, muted=muted)]
    bar = Run(BAR if cursor else " ", "bar")
    if width >= 46:
        first = list_row(
            row, list_columns(width), now, cursor=cursor, selected=selected, where=where, when=when, muted=muted
        )
        text = clean_line(snippet, 400).strip()
        return [first, [bar, Run("   " + fit(text, max(0, width - 5)) + " ", "muted")]]
    columns = Columns(width, width - 3 - 4 - 7 - 1, 0, 4, 0, 7)
    first = list_row(row, columns, now, cursor=cursor, selected=selected, when=when, muted=muted)
    subject = clean_line(row.subject, 500).strip()
    role = "muted" if not subject or row.flags & Flag.DELETED else "text" if not row.flags & Flag.SEEN else "muted"
    label = "  " + elide(where, 12) if where else ""
    shown = fit(subject or "(no subject)", width - 4 - cell_width(label))
    return [first, [bar, Run("  " + shown, role), Run(label + " ", "muted" if label else role)]]


def state_mark(flags: int, selected: bool, *, muted: bool = False) -> Run:
    """What stands before a message: selected, of a muted conversation, unread, answered."""
    if selected:
        return Run("✓", "selection")
    if muted:
        return Run("⊘", "muted")
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
               focus: bool = False, order: Order = BY_DATE) -> Runs:
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
    elif order.words:
        right = [Run(f"with {clean_line(order.words, 60)} ", "accent")]
    elif mailbox.total:
        threads = "threads " if order.is_threaded else ""
        right = [Run(f"{threads}by {order.sort} {'▴' if order.is_reversed else '▾'} ", "muted")]
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
    right += [Run(" · ", "muted"), Run(_freshness(account, now) + " ", status_role(account))]
    return both_ends(left, right, width)


def _freshness(account: Account, now: float) -> str:
    if account.status is AccountStatus.CONNECTING:
        return "connecting…"
    if account.status is AccountStatus.SYNCING:
        return "syncing…"
    if account.synced_at is None:
        return "not synced yet"
    return f"synced {clock_time(account.synced_at, now)}"


def status_role(account: Account) -> str:
    """How the state of an account is drawn."""
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
