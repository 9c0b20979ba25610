"""Opening the palette over the store: the one function that app and screens call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from textual.app import App

from tuimail.model import EnvelopeId, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.window import Found
from tuimail.ui.beside.unified import mailbox_of_view
from tuimail.ui.commands import CommandSource, Hit, Kind, MailboxSource, MessageSource, Source, ThemeSource
from tuimail.ui.lines.tree_rows import view_lines
from tuimail.ui.screens.palette import PaletteScreen

_WORDS = {
    Kind.ALL: ("Find anything", "A command, a mailbox, a message, a theme"),
    Kind.MAILBOXES: ("Go to mailbox", "A few letters of its name"),
    Kind.MESSAGES: ("Find message", "Words of sender or subject"),
    Kind.THEMES: ("Themes", "A few letters of its name"),
}


def finder(paths: Paths) -> Callable[[str, int], list[Found]]:
    """A search of messages with a connection of its own, for a thread beside the loop."""

    def find(words: str, limit: int) -> list[Found]:
        with Store.open(paths, write=False) as own:
            return own.envelopes.find_text(words, limit)

    return find


def open_palette(
    app: App[Any],
    kind: Kind,
    *,
    store: Store,
    keymap: Mapping[str, str],
    open_mailbox: Callable[[MailboxId], object],
    open_message: Callable[[MailboxId, EnvelopeId], object],
    keep_theme: Callable[[str], object],
    find: Callable[[str, int], list[Found]] | None = None,
    clock: Callable[[], float] = time.time,
) -> None:
    """Ask, then do what was chosen. Commands run where the focus was when it was opened.

    `find` looks for messages and is called in a thread, so it needs a store of its own; None for no messages.
    """
    if isinstance(app.screen, PaletteScreen):
        return
    alone = kind is not Kind.ALL
    themes = ThemeSource(app, list(app.available_themes), keep_theme, previews=kind is Kind.THEMES)
    mailboxes = store.mailboxes.all()
    sources: list[Source] = []
    if kind is Kind.ALL:
        sources.append(CommandSource(app, keymap))
    if kind in (Kind.ALL, Kind.MAILBOXES):
        accounts = store.accounts.all()
        views = [mailbox_of_view(line, None) for line in view_lines(accounts, mailboxes)]
        sources.append(MailboxSource([*mailboxes, *views], accounts, open_mailbox))
    if kind in (Kind.ALL, Kind.MESSAGES) and find is not None:
        sources.append(MessageSource(find, mailboxes, open_message, clock(), shows_recent=alone))
    if kind in (Kind.ALL, Kind.THEMES):
        sources.append(themes)

    def chosen(hit: Hit | None) -> None:
        if hit is not None:
            hit.act()
        elif kind is Kind.THEMES:
            themes.restore()

    title, hint = _WORDS[kind]
    app.push_screen(PaletteScreen(sources, hint=hint, title=title), chosen)
