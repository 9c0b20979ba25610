"""What the palette finds: commands, mailboxes, messages, themes.

What lives here: one source for each kind, all over the table of actions and plain
functions that they are given. What must not: drawing (`screens.palette`). Labels are
cleaned here, and only ever drawn as `Content`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from textual.app import App
from textual.dom import DOMNode

from tuimail.mime.clean import clean_line
from tuimail.model import Account, EnvelopeId, Flag, Mailbox, MailboxId, Role, Row
from tuimail.ui.fuzzy import match
from tuimail.ui.keymaps import key_label, keys_of
from tuimail.ui.keys import ACTIONS, ActionSpec
from tuimail.ui.lines.cells import elide
from tuimail.ui.lines.rows import mailbox_label
from tuimail.ui.lines.tree_rows import ROLE_GLYPHS
from tuimail.ui.lines.when import counted, short_date


class Kind(enum.StrEnum):
    """What a palette looks for."""

    ALL = "all"
    MAILBOXES = "mailboxes"
    MESSAGES = "messages"
    THEMES = "themes"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found."""

    label: str
    """Cleaned."""
    note: str
    """Said beside it, quieter; cleaned."""
    detail: str
    """At the right end: a key, a count, a date."""
    glyph: str
    """One cell."""
    score: float
    positions: tuple[int, ...]
    """Characters of the label that the query met."""
    act: Callable[[], object]
    """What choosing it does."""
    preview: Callable[[], None] | None = None
    """What looking at it does."""
    is_current: bool = False
    """Where the looking begins."""


class Source(Protocol):
    """Where one kind of hits comes from."""

    @property
    def heading(self) -> str:
        """A word of ours."""

    @property
    def limit(self) -> int:
        """How many hits are shown beside those of other sources."""

    @property
    def is_slow(self) -> bool:
        """Whether it is asked beside the loop, once the typing pauses."""

    def hits(self, query: str) -> list[Hit]:
        """What fits, best first; for an empty query what is worth showing."""


class FoundMessage(Protocol):
    """One message that a search found, with the mailbox it is in (`store.lists.window.Found`)."""

    @property
    def row(self) -> Row: ...
    @property
    def mailbox_id(self) -> MailboxId: ...


class CommandSource:
    """Every action that would do something where the focus is."""

    heading = "Commands"
    limit = 12
    is_slow = False

    def __init__(self, app: App[Any], keymap: Mapping[str, str]) -> None:
        focused = app.screen.focused
        nodes = [*(focused.ancestors_with_self if focused else ()), app.screen, app]
        self._app = app
        self._actions: list[tuple[ActionSpec, DOMNode, str]] = []
        for each in ACTIONS:
            node = next((node for node in nodes if _can(node, each.action)), None)
            if node is not None and each.id not in ("app.palette", "pane.next", "pane.previous"):
                self._actions.append((each, node, key_label(next(iter(keys_of(each, keymap)), ""))))

    def hits(self, query: str) -> list[Hit]:
        """By description first, by the sentence of the help after that."""
        found: list[Hit] = []
        for each, node, key in self._actions:
            fits = match(query, each.description)
            score = fits.score if fits else 0.0
            if fits is None:
                if not _says(each, query):
                    continue
                score = 0.1
            act = functools.partial(self._run, each.action, node)
            positions = fits.positions if fits else ()
            found.append(Hit(each.description, each.help, key, "›", score, positions, act))
        return sorted(found, key=lambda hit: -hit.score) if query else found

    def _run(self, action: str, node: DOMNode) -> None:
        self._app.call_later(self._app.run_action, action, default_namespace=node)


class MailboxSource:
    """Mailboxes by a few letters of their names."""

    heading = "Mailboxes"
    limit = 8
    is_slow = False

    def __init__(
        self, mailboxes: Sequence[Mailbox], accounts: Sequence[Account], open_mailbox: Callable[[MailboxId], object]
    ) -> None:
        addresses = {account.name: clean_line(account.address, 80) for account in accounts}
        self._mailboxes = [mailbox for mailbox in mailboxes if mailbox.selectable]
        self._addresses = addresses
        self._open = open_mailbox

    def hits(self, query: str) -> list[Hit]:
        """Name and account are both searched; mailboxes with unread mail come first among equals."""
        found = []
        for mailbox in self._mailboxes:
            label = mailbox_path(mailbox)
            account = self._addresses.get(mailbox.account, "") if len(self._addresses) > 1 else ""
            fits = match(query, f"{label} {account} {mailbox.account}")
            if fits is None:
                continue
            found.append(
                Hit(
                    label=label,
                    note=account,
                    detail=f"{counted(mailbox.unread)} unread" if mailbox.unread else "",
                    glyph=ROLE_GLYPHS.get(mailbox.role, "▪"),
                    score=fits.score + (0.5 if mailbox.role is Role.INBOX else 0.2 if mailbox.unread else 0.0),
                    positions=tuple(at for at in fits.positions if at < len(label)),
                    act=functools.partial(self._open, mailbox.id),
                )
            )
        return sorted(found, key=lambda hit: -hit.score) if query else found


class MessageSource:
    """Recent messages by words of sender and subject."""

    heading = "Messages"
    limit = 10
    is_slow = True

    def __init__(
        self,
        find: Callable[[str, int], Sequence[FoundMessage]],
        mailboxes: Sequence[Mailbox],
        open_message: Callable[[MailboxId, EnvelopeId], object],
        now: float,
        *,
        shows_recent: bool = False,
    ) -> None:
        self._find = find
        self._labels = {mailbox.id: mailbox_label(mailbox) for mailbox in mailboxes}
        self._open = open_message
        self._now = now
        self._shows_recent = shows_recent

    def hits(self, query: str) -> list[Hit]:
        """Newest first; with nothing typed the newest of all, where that was asked for."""
        if len(query.strip()) < 2 and not (self._shows_recent and not query.strip()):
            return []
        found = []
        for message in self._find(query, 40):
            row = message.row
            sender = clean_line(row.sender, 60).strip() or "(no sender)"
            subject = clean_line(row.subject, 200).strip() or "(no subject)"
            label = f"{sender}  {subject}"
            place = elide(self._labels.get(message.mailbox_id, ""), 24)
            fits = match(query, label)
            found.append(
                Hit(
                    label=label,
                    note="",
                    detail=f"{place}  {short_date(row.sort_at, self._now):>6}",
                    glyph=" " if row.flags & Flag.SEEN else "●",
                    score=fits.score * 0.9 if fits else 0.5,
                    positions=fits.positions if fits else (),
                    act=functools.partial(self._open, message.mailbox_id, row.id),
                )
            )
        return found


class ThemeSource:
    """Themes by name; looking at one shows it."""

    heading = "Themes"
    limit = 4
    is_slow = False

    def __init__(
        self, app: App[Any], names: Sequence[str], keep: Callable[[str], object], *, previews: bool = False
    ) -> None:
        self._app = app
        self._names = sorted(names, key=lambda name: (not name.startswith("tuimail"), name))
        self._keep = keep
        self._current = app.theme
        self._previews = previews

    def hits(self, query: str) -> list[Hit]:
        """Nothing for an empty query beside other sources, all when themes alone are looked for."""
        found = []
        for name in self._names:
            fits = match(query, name) or (match(query, f"theme {name}") and match("", name))
            if fits is None or (not query and not self._previews):
                continue
            preview = functools.partial(self._show, name) if self._previews else None
            now = "in use" if name == self._current else ""
            dark = self._app.available_themes[name].dark if name in self._app.available_themes else True
            found.append(
                Hit(
                    label=name,
                    note=now,
                    detail="dark" if dark else "light",
                    glyph="◐",
                    score=fits.score / 2,
                    positions=fits.positions,
                    act=functools.partial(self._choose, name),
                    preview=preview,
                    is_current=name == self._current,
                )
            )
        return sorted(found, key=lambda hit: -hit.score) if query else found

    def _show(self, name: str) -> None:
        if name in self._app.available_themes and self._app.theme != name:
            self._app.theme = name

    def _choose(self, name: str) -> None:
        self._show(name)
        self._keep(name)

    def restore(self) -> None:
        """Back to the theme that was in use before the looking began."""
        self._show(self._current)


def _can(node: DOMNode, action: str) -> bool:
    """Whether this node does the action, now."""
    if not hasattr(node, f"action_{action}"):
        return False
    return node.check_action(action, ()) is True


def _says(each: ActionSpec, query: str) -> bool:
    words = f"{each.id} {each.description} {each.help}".casefold()
    return all(word in words for word in query.casefold().split())


def mailbox_path(mailbox: Mailbox) -> str:
    """`Inbox`, or the whole name with its levels set apart: `Lists / tuimail`."""
    if mailbox.role is not Role.NONE or not mailbox.delimiter or mailbox.id < 0:
        return mailbox_label(mailbox)
    steps = [clean_line(step, 100) or "(no name)" for step in mailbox.name.split(mailbox.delimiter)]
    return " / ".join(steps)
