"""All drafts: which one to go on with.

What must not live here: opening one (`composing`), the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tuimail.mime.clean import cell_width, clean_line
from tuimail.model import Draft, DraftId
from tuimail.ui.lines.cells import elide, fit
from tuimail.ui.lines.when import short_date
from tuimail.ui.screens.dialogs import Dialog


class DraftsScreen(Dialog[DraftId]):
    """Answers with the draft that was chosen; None for none."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "composing.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "list('cursor_down')", "Down", show=False),
        Binding("k", "list('cursor_up')", "Up", show=False),
        Binding("q,w", "leave", "Leave", show=False),
    ]

    def __init__(self, drafts: Sequence[Draft], now: float) -> None:
        super().__init__()
        self._drafts = drafts
        self._now = now

    def compose(self) -> ComposeResult:
        count = len(self._drafts)
        title = "1 draft" if count == 1 else f"{count} drafts"
        with self.titled(Vertical(classes="dialog"), title, "↵ write on · Esc back"):
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """The one that was changed last first."""
        options = self.query_one(OptionList)
        width = max(30, min(88, self.app.size.width * 96 // 100) - 8)
        options.add_options([Option(draft_line(draft, width, self._now)) for draft in self._drafts])
        options.highlighted = 0
        options.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._drafts[event.option_index].id)

    def action_list(self, action: str) -> None:
        """Move in the list."""
        getattr(self.query_one(OptionList), f"action_{action}")()


def draft_line(draft: Draft, width: int, now: float) -> Content:
    """To whom, about what, when it was changed."""
    who = clean_line(draft.to or draft.cc or draft.bcc, 200).strip() or "(nobody yet)"
    beginning = next((line for line in draft.body.split("\n") if line.strip()), "")
    subject = clean_line(draft.subject, 200).strip() or clean_line(beginning, 200).strip() or "(empty)"
    when = short_date(draft.changed_at, now)
    who_cells = min(28, width * 36 // 100)
    room = width - who_cells - 2 - cell_width(when) - 1
    return Content.assemble(
        Content(fit(who, who_cells)), "  ", Content(fit(elide(subject, room), room)),
        Content.styled(f" {when}", "$dialog-label"),
    )  # fmt: skip
