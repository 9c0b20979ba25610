"""Views over all accounts: which lines of the tree stand for which views."""

from __future__ import annotations

import time
from typing import Final

from tuimail.model import AccountName, Mailbox, Role
from tuimail.store.lists.views import Scope, Sort, ViewSpec, Which
from tuimail.ui.beside.remembered import Look
from tuimail.ui.lines.tree_rows import ViewLine

SPECS: Final = (
    ("inboxes", ViewSpec(Scope.INBOXES)),
    ("unread", ViewSpec(Scope.ALL, which=Which.UNREAD)),
    ("starred", ViewSpec(Scope.ALL, which=Which.STARRED)),
    ("today", ViewSpec(Scope.ALL, which=Which.TODAY)),
)


def spec_of(name: str) -> ViewSpec:
    """What the view of that name shows."""
    return dict(SPECS).get(name, ViewSpec(Scope.INBOXES))


def name_of(line: ViewLine) -> str:
    """What it is remembered by, where a mailbox has its full name."""
    return f"view:{line.name}"


def mailbox_of_view(line: ViewLine, total: int | None) -> Mailbox:
    """What stands for a view where a mailbox is asked for; `total` as far as it is known."""
    return Mailbox(
        id=line.id, account=AccountName(""), name=name_of(line), delimiter=":", role=Role.NONE, selectable=True,
        subscribed=True, total=line.total if total is None else total, unread=line.unread, server_total=None,
        server_unread=None, synced_at=0, complete=True, error="", revision=0,
    )  # fmt: skip


def look_of(spec: ViewSpec, look: Look) -> ViewSpec:
    """The same messages as a person wants them ordered. A look that makes no sense is the usual one."""
    sort = Sort(look.sort) if look.sort in set(Sort) else Sort.DATE
    return spec._replace(sort=sort, is_reversed=look.is_reversed, is_threaded=look.is_threaded)


def midnight(now: float) -> int:
    """When today began here, seconds since 1970 UTC."""
    today = time.localtime(now)
    return int(time.mktime((today.tm_year, today.tm_mon, today.tm_mday, 0, 0, 0, 0, 0, -1)))
