"""The folder tree as lines: accounts, their mailboxes, nesting and counts.

Pure. Both renderers draw it, so nothing here imports Textual. A mailbox's name is an
opaque key; what is shown of it is cleaned.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from tuimail.mime.clean import clean_line
from tuimail.model import ROLE_ORDER, Account, AccountName, AccountStatus, Mailbox, MailboxId, Role
from tuimail.ui.lines.cells import fit
from tuimail.ui.lines.rows import BAR, VIEW_NAMES, Run, Runs, mailbox_label
from tuimail.ui.lines.when import counted

ROLE_GLYPHS = {
    Role.INBOX: "✉",
    Role.DRAFTS: "✎",
    Role.SENT: "➤",
    Role.ARCHIVE: "▤",
    Role.FLAGGED: "★",
    Role.ALL: "≡",
    Role.JUNK: "⊘",
    Role.TRASH: "×",
}
QUARANTINE_GLYPH = "▣"
INBOXES, UNREAD, STARRED, TODAY = (MailboxId(-number) for number in range(1, 5))
"""What stands for a mailbox where a view over all accounts is shown; below are saved searches."""
_NOT_IN_UNREAD = (Role.SENT, Role.DRAFTS, Role.JUNK, Role.TRASH, Role.ALL, Role.FLAGGED)
NOTHING_HELD: Mapping[AccountName, int] = MappingProxyType({})
_MAX_DEPTH = 12


class TreeRow(NamedTuple):
    """One line of the tree."""

    key: str
    """Tells rows apart while they come and go; never a widget id."""
    label: str
    depth: int
    mailbox_id: MailboxId | None
    """None for an account, a gap, and a name that only holds others."""
    is_account: bool = False
    glyph: str = ""
    folded: bool | None = None
    """None when nothing lies below."""
    unread: int = 0
    total: int = 0
    role: Role = Role.NONE
    status: AccountStatus = AccountStatus.ONLINE
    has_error: bool = False
    is_quarantine: bool = False
    """Stands for the attachments that are held; `unread` is their number."""

    @property
    def account(self) -> AccountName:
        """Whose row it is; empty for a view."""
        return AccountName(self.key.partition("\0")[0])

    @property
    def is_view(self) -> bool:
        """It shows messages of several mailboxes, and is none."""
        return self.mailbox_id is not None and self.mailbox_id < 0

    @property
    def can_stop(self) -> bool:
        """Whether the cursor may rest here."""
        return bool(self.key)


GAP = TreeRow("", "", 0, None)


class ViewLine(NamedTuple):
    """A view over all accounts, as the tree names it."""

    id: MailboxId
    """Below 0."""
    name: str
    """Tells it from others between runs."""
    label: str
    glyph: str
    unread: int = 0
    total: int = 0
    """0 where it is not known yet."""


def view_lines(
    accounts: Sequence[Account], mailboxes: Sequence[Mailbox], *, starred: int = 0, today: int = 0
) -> list[ViewLine]:
    """The views that stand above all accounts. One inbox needs no view of all inboxes."""
    if not mailboxes:
        return []
    inboxes = [mailbox for mailbox in mailboxes if mailbox.role is Role.INBOX]
    unread = sum(mailbox.unread for mailbox in mailboxes if mailbox.role not in _NOT_IN_UNREAD)
    lines = [
        ViewLine(UNREAD, "unread", VIEW_NAMES["unread"], "●", unread, unread),
        ViewLine(STARRED, "starred", VIEW_NAMES["starred"], "★", 0, starred),
        ViewLine(TODAY, "today", VIEW_NAMES["today"], "◷", 0, today),
    ]
    if len(accounts) > 1:
        new, total = sum(one.unread for one in inboxes), sum(one.total for one in inboxes)
        lines.insert(0, ViewLine(INBOXES, "inboxes", VIEW_NAMES["inboxes"], "✉", new, total))
    return lines


class _Node:
    """A name while the tree is built."""

    def __init__(self, label: str, path: tuple[str, ...]) -> None:
        self.label = label
        self.path = path
        self.mailbox: Mailbox | None = None
        self.children: dict[str, _Node] = {}


def tree_rows(
    accounts: Sequence[Account],
    mailboxes: Sequence[Mailbox],
    folded: Collection[str],
    held: Mapping[AccountName, int] = NOTHING_HELD,
    views: Sequence[ViewLine] = (),
) -> list[TreeRow]:
    """All lines in order: views, then each account, its special mailboxes, its quarantine, the others by name.

    `folded` holds the keys of rows whose children are hidden; `held` the number of
    attachments that are held. POP3 accounts have a line for them even when there are none.
    """
    rows = [
        TreeRow(f"\0view\0{view.name}", view.label, 0, view.id, glyph=view.glyph, unread=view.unread, total=view.total)
        for view in views
    ]
    for account in accounts:
        if rows:
            rows.append(GAP)
        rows.append(_account_row(account))
        own = [mailbox for mailbox in mailboxes if mailbox.account == account.name]
        special, ordinary = _mailbox_rows(account, own, folded)
        rows += special
        if account.protocol == "pop3" or held.get(account.name):
            rows.append(_quarantine_row(account, held.get(account.name, 0)))
        rows += ordinary
    return rows


def _account_row(account: Account) -> TreeRow:
    label = clean_line(account.address, 200) or clean_line(account.name, 100)
    return TreeRow(f"{account.name}", label, 0, None, is_account=True, status=account.status)


def _quarantine_row(account: Account, count: int) -> TreeRow:
    key = _key(account, ("\0quarantine",))
    return TreeRow(key, "Quarantine", 0, None, glyph=QUARANTINE_GLYPH, unread=count, is_quarantine=True)


def _mailbox_rows(
    account: Account, mailboxes: Sequence[Mailbox], folded: Collection[str]
) -> tuple[list[TreeRow], list[TreeRow]]:
    """The special mailboxes with what lies below each, and all others."""
    special = [mailbox for mailbox in mailboxes if mailbox.role is not Role.NONE]
    special.sort(key=lambda mailbox: ROLE_ORDER.index(mailbox.role))
    below = {mailbox.name: _Node("", (mailbox.name, "special")) for mailbox in special}
    root = _Node("", ())
    prefix = _common_prefix(mailboxes)
    for mailbox in mailboxes:
        if mailbox.role is not Role.NONE:
            continue
        parent = _special_above(mailbox, below, prefix)
        name = mailbox.name[len(f"{parent}{mailbox.delimiter}" if parent else prefix) :]
        steps = name.split(mailbox.delimiter, _MAX_DEPTH) if mailbox.delimiter else [name]
        _place(below[parent] if parent else root, steps, mailbox)
    rows: list[TreeRow] = []
    for mailbox in special:
        rows += _with_below(account, below[mailbox.name], mailbox_label(mailbox), 0, mailbox, folded)
    return rows, list(_walk(account, root, 0, folded))


def _special_above(mailbox: Mailbox, special: Collection[str], prefix: str) -> str:
    """The nearest special mailbox that this one lies below; empty for none."""
    name = mailbox.name
    while mailbox.delimiter and (at := name.rfind(mailbox.delimiter)) > 0:
        name = name[:at]
        if name in special and f"{name}{mailbox.delimiter}".upper() != prefix.upper():
            return name
    return ""


def _place(root: _Node, steps: list[str], mailbox: Mailbox) -> None:
    node = root
    for step in steps:
        path = (*node.path, step)
        node = node.children.setdefault(step, _Node(clean_line(step, 200) or "(no name)", path))
    if node.mailbox is not None:  # the same path twice cannot be, but is not trusted
        node = node.children.setdefault(f"\0{mailbox.id}", _Node(node.label, (*node.path, f"\0{mailbox.id}")))
    node.mailbox = mailbox


def _walk(account: Account, node: _Node, depth: int, folded: Collection[str]) -> list[TreeRow]:
    rows: list[TreeRow] = []
    for child in sorted(node.children.values(), key=lambda each: (each.label.casefold(), each.path)):
        rows += _with_below(account, child, child.label, depth, child.mailbox, folded)
    return rows


def _with_below(
    account: Account, node: _Node, label: str, depth: int, mailbox: Mailbox | None, folded: Collection[str]
) -> list[TreeRow]:
    """The row of a name, and those below it unless it is folded; then it counts their unread."""
    key = _key(account, node.path)
    is_folded = key in folded if node.children else None
    row = _mailbox_row(key, label, depth, mailbox, is_folded)
    below = _walk(account, node, depth + 1, folded)
    if is_folded:
        return [row._replace(unread=row.unread + sum(each.unread for each in below))]
    return [row, *below]


def _mailbox_row(key: str, label: str, depth: int, mailbox: Mailbox | None, folded: bool | None) -> TreeRow:
    if mailbox is None:
        return TreeRow(key, label, depth, None, folded=folded)
    return TreeRow(
        key=key,
        label=label,
        depth=depth,
        mailbox_id=mailbox.id if mailbox.selectable else None,
        glyph=ROLE_GLYPHS.get(mailbox.role, ""),
        folded=folded,
        unread=mailbox.unread if mailbox.synced_at is not None else mailbox.server_unread or mailbox.unread,
        total=mailbox.total if mailbox.synced_at is not None else mailbox.server_total or mailbox.total,
        role=mailbox.role,
        has_error=bool(mailbox.error),
    )


def _key(account: Account, path: tuple[str, ...]) -> str:
    return "\0".join((account.name, *path))


def _common_prefix(mailboxes: Sequence[Mailbox]) -> str:
    """`INBOX.` on servers that put every mailbox below the inbox, else nothing."""
    others = [mailbox for mailbox in mailboxes if mailbox.name.upper() != "INBOX"]
    delimiter = next((mailbox.delimiter for mailbox in others if mailbox.delimiter), "")
    prefix = f"INBOX{delimiter}"
    if delimiter and all(mailbox.name.upper().startswith(prefix) for mailbox in others):
        return prefix
    return ""


def tree_line(row: TreeRow, width: int, *, is_open: bool = False, cursor: bool = False) -> Runs:
    """One line of exactly `width` cells. `is_open`: its messages are in the list."""
    if not row.key:
        return [Run(" " * width, "text")]
    if row.is_account:
        glyph, role = _status_glyph(row.status)
        return [Run(" ", "text"), Run(fit(row.label, width - 4), "account"), Run(f" {glyph} ", role)]
    count, count_role = _count(row, width)
    icon = "▸" if row.folded else row.glyph or ("" if row.folded is None else "▾")
    indent = "  " * min(row.depth, max(0, (width - 14) // 2))
    room = width - 4 - len(indent) - len(count) - 1
    label_role = "strong" if is_open or row.unread else "text"
    if row.mailbox_id is None and not row.is_quarantine:
        label_role = "muted"
    return [
        Run(BAR if is_open or cursor else " ", "bar" if is_open else "muted"),
        Run(f"{indent}{icon or ' '} ", "accent" if is_open else "muted"),
        Run(fit(row.label, max(1, room + 1)), "error" if row.has_error else label_role),
        Run(count, count_role),
        Run(" ", "text"),
    ]


def _count(row: TreeRow, width: int) -> tuple[str, str]:
    """What stands at the right end: unread, or for drafts all."""
    if row.has_error:
        return " !", "error"
    if row.role is Role.DRAFTS:
        return (f" {counted(row.total)}", "muted") if row.total else ("", "muted")
    if row.unread:
        return f" {counted(row.unread)}", "count"
    if width >= 26 and row.total:
        return f" {counted(row.total)}", "muted"
    return "", "muted"


def _status_glyph(status: AccountStatus) -> tuple[str, str]:
    return {
        AccountStatus.NEVER: (" ", "muted"),
        AccountStatus.CONNECTING: ("↻", "busy"),
        AccountStatus.SYNCING: ("↻", "busy"),
        AccountStatus.ONLINE: (" ", "ok"),
        AccountStatus.OFFLINE: ("○", "offline"),
        AccountStatus.NEEDS_PASSWORD: ("!", "error"),
        AccountStatus.FAILED: ("!", "error"),
    }[status]
