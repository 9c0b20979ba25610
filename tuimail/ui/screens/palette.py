"""The palette: one field that finds commands, mailboxes, messages and themes.

What lives here: typing, the list, choosing. What must not: where hits come from
(`ui.commands`). Our own rather than Textual's, which reads prompts as markup, mixes all
kinds by score, and shows results in batches.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tuimail.mime.clean import cell_width
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.punctual import Punctual
from tuimail.ui.commands import Hit, Source
from tuimail.ui.lines.cells import elide, fit
from tuimail.ui.screens.dialogs import Dialog

PAUSE_S = 0.12
"""Slow sources are asked when nothing was typed for so long."""
MAX_ALONE = 100
_BOX_CELLS = 92
_FRAME_CELLS = 6


class PaletteScreen(Punctual, Dialog[Hit]):
    """Answers with the hit that was chosen; None when the person leaves."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "palette.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n,ctrl+j,tab", "list('cursor_down')", "Down", show=False, priority=True),
        Binding("up,ctrl+p,ctrl+k,shift+tab", "list('cursor_up')", "Up", show=False, priority=True),
        Binding("pagedown", "list('page_down')", "Page down", show=False, priority=True),
        Binding("pageup", "list('page_up')", "Page up", show=False, priority=True),
    ]

    def __init__(self, sources: Sequence[Source], *, hint: str, title: str = "") -> None:
        super().__init__()
        self._sources = sources
        self._hint = hint
        self._title = title
        self._hits: list[Hit | None] = []
        """One for each line of the list; None for a heading."""
        self._found: dict[str, list[Hit]] = {}
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), self._title or "Find anything", "↵ choose · Esc back"):
            yield Input(placeholder=self._hint, max_length=200)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Something is there before anything is typed."""
        self.query_one(OptionList).can_focus = False
        self.query_one(Input).focus()
        self._search("")

    def on_resize(self, event: events.Resize) -> None:
        """Columns follow the width."""
        self._show()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._search(event.value.strip())

    def _search(self, query: str) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        slow = False
        for source in self._sources:
            if source.is_slow:
                slow = True  # what it found before stays until it has answered again
            else:
                self._found[source.heading] = source.hits(query)
        if slow and query:
            self._pause = self.set_timer(PAUSE_S, lambda: self._search_later(query))
        elif slow:
            self._search_later(query)
        self._show()

    def _search_later(self, query: str) -> None:
        """A newer search takes the place of one that has not answered yet."""
        self.run_worker(self._search_slowly(query), group="slow", exclusive=True)

    async def _search_slowly(self, query: str) -> None:
        """Ask the slow sources beside the loop; an answer to what is no longer typed is dropped."""
        for source in self._sources:
            if source.is_slow:
                hits = await aside(functools.partial(source.hits, query))
                if self.query_one(Input).value.strip() != query:
                    return
                self._found[source.heading] = hits
        self._show(keep=True)

    def _show(self, *, keep: bool = False) -> None:
        """Fill the list: the source with the best hit first, each under its heading."""
        options = self.query_one(OptionList)
        before = self._chosen() if keep else None
        groups = [(source, self._found.get(source.heading, [])) for source in self._sources]
        groups = [(source, hits) for source, hits in groups if hits]
        if self.query_one(Input).value.strip():
            groups.sort(key=lambda group: -max(hit.score for hit in group[1]))
        alone = len(self._sources) == 1
        self._hits = []
        lines: list[Option] = []
        for source, hits in groups:
            if not alone:
                self._hits.append(None)
                lines.append(Option(Content.styled(source.heading, "$dialog-label"), disabled=True))
            for hit in hits[: MAX_ALONE if alone else source.limit]:
                self._hits.append(hit)
                lines.append(Option(hit_line(hit, self._line_cells())))
        if not lines:
            self._hits.append(None)
            lines.append(Option(Content("Nothing found."), disabled=True))
        options.clear_options().add_options(lines)
        self._settle(before)

    def _settle(self, before: Hit | None) -> None:
        """Where the looking begins: what was looked at before, else what is in use, else the first."""
        options = self.query_one(OptionList)
        hits = [(index, hit) for index, hit in enumerate(self._hits) if hit is not None]
        first = hits[0][0] if hits else None
        current = next((index for index, hit in hits if hit.is_current), None)
        same = next((index for index, hit in hits if before is not None and hit.label == before.label), None)
        typed = bool(self.query_one(Input).value)
        options.highlighted = same if same is not None else current if current is not None and not typed else first
        if options.highlighted == first:
            options.scroll_home(animate=False)

    def _line_cells(self) -> int:
        return max(20, min(_BOX_CELLS, self.size.width * 96 // 100) - _FRAME_CELLS - 1)

    def _chosen(self) -> Hit | None:
        at = self.query_one(OptionList).highlighted
        return self._hits[at] if at is not None and at < len(self._hits) else None

    @on(OptionList.OptionHighlighted)
    def _looked_at(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        hit = self._chosen()
        if hit is not None and hit.preview is not None:
            hit.preview()

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._pause is not None:  # what was typed last has not been looked for yet
            self._pause.stop()
            self._pause = None
            await self._search_slowly(event.value.strip())
        hit = self._chosen()
        if hit is not None:
            self.dismiss(hit)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        hit = self._hits[event.option_index]
        if hit is not None:
            self.dismiss(hit)

    def action_list(self, action: str) -> None:
        """Move in the list while the typing stays in the field."""
        getattr(self.query_one(OptionList), f"action_{action}")()


def hit_line(hit: Hit, width: int) -> Content:
    """One hit in exactly `width` cells: glyph, label, note, and at the right end its detail."""
    detail_cells = cell_width(hit.detail)
    room = max(8, width - 3 - detail_cells - 1)
    label = elide(hit.label, room)
    note_cells = room - cell_width(label) - 2
    note = fit(hit.note, note_cells) if note_cells > 8 else " " * max(0, note_cells)
    shown = Content(label)
    for at in hit.positions:
        if at < len(label) and label[at] == hit.label[at]:
            shown = shown.stylize("bold underline", at, at + 1)
    return Content("").join(
        [
            Content.styled(f"{hit.glyph or ' '}  ", "$count"),
            shown,
            Content.styled(f"  {note} " if note_cells >= 0 else " ", "$muted"),
            Content.styled(hit.detail, "$muted"),
        ]
    )
