"""From the parts bar to the save prompt, and the engine's news to whoever waits in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.app import App

from tuimail.model import Attachment
from tuimail.ui.beside.notices import HearsNews, News
from tuimail.ui.beside.saving import SaveDesk
from tuimail.ui.screens.save_prompt import SaveAllPrompt, SavePrompt, SaveScreen


def ask_to_save(
    app: App[Any], attachments: Sequence[Attachment], desk: SaveDesk, done: Callable[[], object] = lambda: None
) -> None:
    """Open the prompt for one attachment or for all; `done` when it has closed, whatever was answered."""
    if not attachments or isinstance(app.screen, SaveScreen):
        return

    def closed(_: tuple[Path, ...] | None) -> None:
        done()

    alone = len(attachments) == 1
    app.push_screen(SavePrompt(attachments[0], desk) if alone else SaveAllPrompt(attachments, desk), closed)


def pass_news(app: App[Any], news: News) -> None:
    """Tell every screen on the stack that wants to hear it what came, and what did not."""
    for screen in app.screen_stack:
        if isinstance(screen, HearsNews):
            screen.take_news(news)
