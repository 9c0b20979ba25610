"""The first frame, on the screen before Textual is imported.

It reads the store and what the app remembered of its looks, and writes the top bar,
the folder tree and the list as plain ANSI onto the alternate screen. The terminal is
put into raw mode first, so that keys typed from now on wait in it for Textual, which
later paints the same cells over this frame. Whenever anything is odd, nothing is
painted and Textual starts as it always does.

What must not be imported here, not even indirectly: Textual, rich, email. The whole
frame takes about 25 ms, at any size of mailbox.
"""

from __future__ import annotations

import os
import re
import sys
import termios
import time
import tty
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tuimail.errors import MailError
from tuimail.model import Account, Mailbox, Row
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Sort, ViewSpec
from tuimail.ui.beside.listing import Listing, ViewListing, listing_of, opening
from tuimail.ui.beside.pages import Pages
from tuimail.ui.beside.remembered import Place, Remembered
from tuimail.ui.beside.unified import look_of, mailbox_of_view, midnight, name_of, spec_of
from tuimail.ui.layout import divide, too_small
from tuimail.ui.lines.day_page import HEADING, DayLine, day_lines, first_top, fits_days, heading_runs, whole_rows
from tuimail.ui.lines.mailbox_pages import centred, mailbox_message, view_message
from tuimail.ui.lines.rows import (
    Order,
    Run,
    Runs,
    both_ends,
    cut_runs,
    key_line,
    lines_per_row,
    list_title,
    row_lines,
    runs_width,
    top_bar,
    where_label,
)
from tuimail.ui.lines.status import account_parts, most_cells, status_runs
from tuimail.ui.lines.tree_rows import TreeRow, ViewLine, tree_line, tree_rows, view_lines

ENTER_ALTERNATE = "\x1b[?1049h"
_LEAVE_ALTERNATE = "\x1b[?1049l\x1b[?25h"
FRAME_VERSION = 2
_SGR = re.compile(r"[0-9;:]{0,80}\Z")


@dataclass(frozen=True, slots=True)
class Painted:
    """A first frame is on the screen, and the terminal is in raw mode."""

    tty_attributes: list[Any]
    """As before, for the end. `Any`: what termios gives."""

    def abandon(self) -> None:
        """Give the terminal back, because the app will not start."""
        _write(_LEAVE_ALTERNATE)
        try:
            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, self.tty_attributes)  # type: ignore[union-attr]  # was a tty
        except (termios.error, OSError, ValueError):
            return


def paint(paths: Paths, *, demo: bool = False, now: float | None = None) -> Painted | None:
    """Paint the first frame if that makes sense; None when it does not. Never raises. `now`: else the clock's."""
    try:
        if not (sys.__stdin__ and sys.__stderr__ and sys.__stdin__.isatty() and sys.__stderr__.isatty()):
            return None
        if not paths.has_store:
            return None
        width, height = os.get_terminal_size(sys.__stderr__.fileno())
        if too_small(width, height):
            return None
        with Store.open(paths, write=False) as store:
            frame = Frame(store, width, height, time.time() if now is None else now, demo=demo).ansi()
        if frame is None:
            return None
        attributes = _raw_mode(sys.__stdin__.fileno())
        _write(ENTER_ALTERNATE + "\x1b[?25l\x1b[?7l" + frame)
        return Painted(attributes)
    except (MailError, OSError, ValueError, termios.error, LookupError, TypeError):
        return None


def terminal_now(*, no_color: bool | None = None) -> str:
    """What colours depend on: a frame of another terminal is not painted. `no_color`: else the environment's."""
    if no_color is None:
        no_color = "NO_COLOR" in os.environ  # Textual takes it out of there
    names = ("TERM", "COLORTERM", "TEXTUAL_COLOR_SYSTEM", "FORCE_COLOR")
    return "/".join([*(os.environ.get(name, "") for name in names), "plain" if no_color else "coloured"])


def _raw_mode(fd: int) -> list[Any]:
    """The mode that Textual will set too; the settings as they were."""
    before = termios.tcgetattr(fd)
    mode = termios.tcgetattr(fd)
    mode[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    mode[tty.IFLAG] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    mode[tty.CC][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    return before


def _write(text: str) -> None:
    """To the terminal, where Textual writes too. Nothing is written that cannot be encoded."""
    stream = sys.__stderr__
    if stream is not None:
        stream.write(text)
        stream.flush()


def _without_repeated_styles(frame: str) -> str:
    """The frame without SGR sequences that change nothing: half as many octets over a slow line."""
    kept: list[str] = []
    current = ""
    for piece in re.split(r"(\x1b\[[0-9;:]*m)", frame):
        if piece.startswith("\x1b[") and piece.endswith("m"):
            if piece == current:
                continue
            current = piece
        kept.append(piece)
    return "".join(kept)


class _Shown(NamedTuple):
    """What is in the list."""

    mailbox: Mailbox
    """For a view what stands for one."""
    listing: Listing
    order: Order


class Frame:
    """One frame, line by line."""

    def __init__(self, store: Store, width: int, height: int, now: float, *, demo: bool = False) -> None:
        self._store = store
        self._width = width
        self._height = height
        self._now = now
        self._demo = demo
        self._remembered = Remembered(store)
        self._styles: Mapping[str, str] = {}

    def ansi(self) -> str | None:
        """The frame as text with SGR and cursor positions; None when the app never ran here, or looks otherwise."""
        memory = self._remembered.frame()
        place = self._remembered.place()
        styles = memory.get("styles")
        known = (memory.get("version"), memory.get("terminal")) == (FRAME_VERSION, terminal_now())
        if not known or place is None or not isinstance(styles, dict):
            return None
        self._styles = {
            key: value for key, value in styles.items() if isinstance(value, str) and _SGR.match(value)
        }
        accounts = self._store.accounts.all()
        mailboxes = self._store.mailboxes.all()
        views = view_lines(accounts, mailboxes)
        shown = self._shown(mailboxes, views, place)
        if shown is None:
            return None
        bar = top_bar(accounts, shown.mailbox.account, self._width, self._now, demo=self._demo)
        lines = [
            self._line(bar, self._width, "panel"),
            *self._body(accounts, mailboxes, views, shown, place),
            self._bottom(accounts, memory.get("keys")),
        ]
        frame = "".join(f"\x1b[{number};1H{line}" for number, line in enumerate(lines, 1)) + "\x1b[0m"
        return _without_repeated_styles(frame)

    def _shown(self, mailboxes: Sequence[Mailbox], views: Sequence[ViewLine], place: Place) -> _Shown | None:
        """What will be in the list, as `ListingPane.show_mailbox`; None when it is gone."""
        look = self._remembered.look(place.account, place.mailbox)
        where = (place.account, place.mailbox)
        mailbox = next((each for each in mailboxes if (each.account, each.name) == where), None)
        line = next((line for line in views if not place.account and name_of(line) == place.mailbox), None)
        if line is not None:
            listing: Listing = ViewListing(self._store, look_of(spec_of(line.name), look), midnight(self._now))
            mailbox = mailbox_of_view(line, listing.window(0, 0).total)
        elif mailbox is not None:
            spec = look_of(ViewSpec(mailbox_id=mailbox.id), look)
            listing = listing_of(self._store, spec, midnight(self._now))
        else:
            return None
        return _Shown(mailbox, listing, Order(look.sort, look.is_reversed, look.is_threaded))

    def _body(
        self, accounts: Sequence[Account], mailboxes: Sequence[Mailbox], views: Sequence[ViewLine], shown: _Shown,
        place: Place,
    ) -> list[str]:  # fmt: skip
        layout = divide(self._width, self._remembered.panes())
        height = self._height - 2
        columns: list[list[str]] = []
        splitter = [self._line([Run("│", "rule")], 1)] * height
        if layout.tree:
            rows = tree_rows(accounts, mailboxes, self._remembered.folded(), views=views)
            columns += [self._tree(rows, shown.mailbox, layout.tree, height), splitter]
        columns.append(self._list(accounts, mailboxes, shown, place, layout.list, height))
        if layout.panes > 1:
            columns += [splitter, [self._line([], layout.reader)] * height]
        return ["".join(parts) for parts in zip(*columns, strict=True)]

    def _tree(self, rows: Sequence[TreeRow], mailbox: Mailbox, width: int, height: int) -> list[str]:
        inner = width - 1 if len(rows) > height else width
        index = next((index for index, row in enumerate(rows) if row.mailbox_id == mailbox.id), 0)
        top = max(0, index - height + 1)
        lines = []
        for row in rows[top : top + height]:
            is_open = row.mailbox_id == mailbox.id
            runs = tree_line(row, inner, is_open=is_open)
            lines.append(self._line(runs, inner, "cursor-blurred" if is_open else "") + self._line([], width - inner))
        return lines + [self._line([], width)] * (height - len(lines))

    def _list(
        self, accounts: Sequence[Account], mailboxes: Sequence[Mailbox], shown: _Shown, place: Place,
        width: int, height: int,
    ) -> list[str]:  # fmt: skip
        mailbox, listing = shown.mailbox, shown.listing
        lines = [self._line(list_title(mailbox, width, order=shown.order), width)]
        page = height - 1
        pages = Pages(listing.window)
        pages.refresh()
        total, shape = pages.total, self._remembered.shape()
        per_row = lines_per_row(width - 1 if total * lines_per_row(width, shape) > page else width, shape)
        if listing.spec.sort is not Sort.DATE or not fits_days(page, per_row):
            shape = shape._replace(by_day=False)
        places, scrolls, cursor = self._page(listing, pages, place, page, per_row, by_day=shape.by_day)
        inner = width - 1 if scrolls else width
        by_id = {each.id: each for each in mailboxes if each.id != mailbox.id}
        is_mixed = listing.spec.is_threaded or not listing.spec.mailbox_id
        with_account = len(accounts) > 1 and mailbox.id < 0
        muted = self._store.conversations.muted()
        for position, part in places:
            row = pages.row(position)
            if row is None:
                break
            if part == HEADING:
                lines.append(self._line(heading_runs(row, inner, self._now), inner) + self._line([], width - inner))
            if part:
                continue
            of = by_id.get(row.mailbox_id) if is_mixed else None
            where = where_label(of, with_account=with_account) if of is not None else ""
            for runs in row_lines(
                row, inner, self._now, cursor=position == cursor, where=where, shape=shape,
                muted=row.thread_id in muted, snippet=self._snippet(row) if shape.is_roomy else "",
            ):  # fmt: skip
                line = self._line(runs, inner, "cursor" if position == cursor else "")
                lines.append(line + self._line([], width - inner))
        del lines[height:]
        if not total:
            lines += self._message(self._why_empty(accounts, mailboxes, shown), width, page)
        return lines + [self._line([], width)] * (height - len(lines))

    def _page(
        self, listing: Listing, pages: Pages, place: Place, page: int, per_row: int, *, by_day: bool
    ) -> tuple[list[DayLine], bool, int]:
        """Which lines the page has, whether the list is longer, and where the cursor is: as `MessageList.show`."""
        cursor, top = opening(listing, place.envelope_id, place.cursor, place.top)
        total = pages.total
        cursor = max(0, min(cursor, total - 1))
        last_top = first_top(total - 1, page, per_row, pages.row) if by_day else max(0, total - page // per_row)
        top = max(0, min(top, last_top))
        if by_day:
            shown = whole_rows(day_lines(top, page, per_row, pages.row), per_row)
            if cursor < top:
                top = cursor
            elif not shown or cursor > shown[-1]:
                top = max(top, first_top(cursor, page, per_row, pages.row))
            return day_lines(top, page, per_row, pages.row), last_top > 0, cursor
        if cursor < top:
            top = cursor
        elif cursor > top + page // per_row - 1:
            top = cursor - page // per_row + 1
        flat = [DayLine(top + line // per_row, line % per_row) for line in range(page)]
        return flat, total * per_row > page, cursor

    def _snippet(self, row: Row) -> str:
        from tuimail.ui.beside.snippets import snippet_of  # 10 ms that rows of one line do not wait for

        return snippet_of(self._store, row.id)

    def _why_empty(self, accounts: Sequence[Account], mailboxes: Sequence[Mailbox], shown: _Shown) -> list[Runs]:
        listing, mailbox = shown.listing, shown.mailbox
        if isinstance(listing, ViewListing):
            of = sum(each.total for each in mailboxes if each.id in listing.mailbox_ids)
            return view_message(listing.spec.which, "", is_made=False, of=of)
        account = next((each for each in accounts if each.name == mailbox.account), None)
        return mailbox_message(mailbox, account, None)

    def _bottom(self, accounts: Sequence[Account], keys: object) -> str:
        """The key bar as it was, and what the accounts say. `keys` comes from the memory and can be anything."""
        said = status_runs(account_parts(accounts, self._now), most_cells(self._width) - 2)
        room = runs_width(said) + 2 if said else 0
        words = [(str(each[0]), str(each[1])) for each in keys if len(each) == 2] if isinstance(keys, list) else []
        bar = self._line(key_line(words, self._width - room), self._width - room, "panel")
        return bar + self._line([*said, Run(" ", "text")], room, "panel")

    def _message(self, message: list[Runs], width: int, page: int) -> list[str]:
        shown = centred(message, width)
        lines = [self._line([], width)] * max(0, (page - len(shown)) // 3)
        return (lines + [self._line(runs, width) for runs in shown])[:page]

    def _line(self, runs: Runs, width: int, ground: str = "") -> str:
        """Runs in exactly `width` cells, each with the style that the app remembered for it."""
        if width <= 0:
            return ""
        parts = []
        for text, role in both_ends(cut_runs(runs, width), [], width):
            shown = text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
            sgr = self._styles.get(f"{role}/{ground}", self._styles.get(f"text/{ground}", ""))
            parts.append(f"\x1b[0;{sgr}m{shown}" if sgr else f"\x1b[0m{shown}")
        return "".join(parts)
