"""The attachments of the open message, one line each, below its text.

What lives here: drawing and choosing. What must not: saving, which is the save
prompt's; a choice goes up as a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tuimail.mime.clean import clean_line, elide_middle
from tuimail.model import Attachment, HeldState, Verdict
from tuimail.ui.keys import ATTACHMENTS, bindings
from tuimail.ui.lines.cells import fit
from tuimail.ui.lines.rows import BAR, Run, Runs
from tuimail.ui.lines.type_names import type_label
from tuimail.ui.lines.when import long_size
from tuimail.ui.widgets.lines import LineView

MAX_LINES = 5
"""More scroll."""
_SIZE, _TYPE, _STATE, _HELD_STATE = 9, 15, 14, 18
_NOT_TO_BE_SAVED = (HeldState.HELD, HeldState.DELETED)
_HELD = {
    Verdict.DANGEROUS: ("✖ held, dangerous", "error"),
    Verdict.SUSPICIOUS: ("▲ held, suspicious", "warning"),
    Verdict.NO_FINDING: ("○ held", "busy"),
    None: ("? held", "busy"),
}


class PartsBar(LineView):
    """Attachments; hidden when there are none. Focusable."""

    DEFAULT_CSS = """
    PartsBar {
        border-top: solid $splitter;
        border-title-color: $muted;
        border-title-align: left;
        background: $background;
    }
    PartsBar:focus {
        border-top: solid $splitter-focus;
        border-title-color: $pane-title-focus;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ATTACHMENTS)]

    cursor: reactive[int] = reactive(0)

    @dataclass
    class SaveRequested(Message):
        """A person wants to save this one."""

        attachment: Attachment

    @dataclass
    class SaveAllRequested(Message):
        """A person wants to save all of them."""

        attachments: tuple[Attachment, ...]
        left_out: int = 0
        """How many more there are that may not be saved: held, or deleted."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._attachments: tuple[Attachment, ...] = ()
        self.display = False

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What is shown."""
        return self._attachments

    @property
    def current(self) -> Attachment | None:
        """The one under the cursor."""
        return self._attachments[self.cursor] if self._attachments else None

    def show(self, attachments: Sequence[Attachment]) -> None:
        """Show these; the cursor stays on the same section of the same message."""
        before = self.current
        self._attachments = tuple(attachments)
        keys = [(each.envelope_id, each.section) for each in self._attachments]
        at = keys.index((before.envelope_id, before.section)) if before and _key(before) in keys else 0
        self.set_reactive(PartsBar.cursor, at)
        count = len(self._attachments)
        self.border_title = f"{count} attachments" if count > 1 else "1 attachment"
        self.styles.height = min(count, MAX_LINES) + 1
        self.virtual_size = Size(max(1, self.size.width), count)
        self.display = bool(count)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One attachment."""
        width = self.scrollable_content_region.width
        index = y + self.top_line
        if index >= len(self._attachments):
            return self.palette.strip([], width)
        at_cursor = index == self.cursor and self.has_focus
        state_cells = _HELD_STATE if any(each.hold for each in self._attachments) else _STATE
        runs = part_line(self._attachments[index], width, cursor=at_cursor, state_cells=state_cells)
        return self.palette.strip(runs, width, "cursor" if at_cursor else "")

    def watch_cursor(self, cursor: int) -> None:
        """Keep it in sight."""
        self.keep_visible(cursor)
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Within what there is."""
        return max(0, min(cursor, len(self._attachments) - 1))

    def on_focus(self) -> None:
        """The cursor shows."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor hides."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """The first click chooses, a click on the chosen one saves."""
        index = event.y - 1 + self.top_line  # the first line is the border
        if 0 <= index < len(self._attachments):
            if index == self.cursor and event.chain > 1:
                self.request_save()
            self.cursor = index

    def action_attachments_open(self) -> None:
        """Save the one under the cursor."""
        self.request_save()

    def action_attachments_next(self) -> None:
        """One further."""
        self.cursor += 1

    def action_attachments_previous(self) -> None:
        """One back."""
        self.cursor -= 1

    def request_save(self) -> bool:
        """Ask to save the one under the cursor; False when there is none."""
        if self.current is None:
            return False
        self.post_message(self.SaveRequested(self.current))
        return True

    def request_save_all(self) -> bool:
        """Ask to save all that may be saved; False when there is none. A single one is asked for by itself."""
        free = tuple(each for each in self._attachments if each.hold not in _NOT_TO_BE_SAVED)
        if len(self._attachments) < 2 or not free:
            return self.request_save()
        self.post_message(self.SaveAllRequested(free, len(self._attachments) - len(free)))
        return True


def part_line(
    attachment: Attachment, width: int, *, cursor: bool = False, state_cells: int = _STATE
) -> Runs:
    """Name (its extension always in sight), type, size, state; exactly `width` cells."""
    if width < state_cells + 42:
        state_cells = 2
    type_cells = _TYPE if width >= 44 else 0
    name_cells = max(4, width - 4 - type_cells - _SIZE - 2 - state_cells)
    name = elide_middle(clean_line(attachment.filename, 400), name_cells)
    runs = [Run(BAR if cursor else " ", "bar"), Run("  " if width < 30 else "• ", "muted")]
    runs.append(Run(fit(name, name_cells), "strong" if cursor else "text"))
    if type_cells:
        label = type_label(attachment.real_type or attachment.declared_type)
        runs.append(Run(" " + fit(label, type_cells - 1), "warning" if attachment.warnings else "muted"))
    runs.append(Run(fit(long_size(attachment.size_octets), _SIZE, right=True), "muted"))
    state, role = state_of(attachment)
    runs.append(Run("  " + fit(state if state_cells > 2 else state[:1], state_cells), role))
    runs.append(Run(" ", "text"))
    return runs


def state_of(attachment: Attachment) -> tuple[str, str]:
    """Whether it is held, by its verdict; else whether it is here and looks right. With the role it is drawn in."""
    if attachment.hold is HeldState.HELD:
        return _HELD[attachment.verdict]
    if attachment.hold is HeldState.DELETED:
        return "× deleted", "muted"
    if attachment.warnings:
        return "⚠ look first", "warning"
    if attachment.hold is HeldState.RELEASED:
        return "✓ released", "ok"
    if attachment.is_here:
        return "✓ here", "ok"
    return "not downloaded", "muted"


def _key(attachment: Attachment) -> tuple[int, str]:
    return attachment.envelope_id, attachment.section
