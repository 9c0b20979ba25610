"""The outbox: what is on its way, what could not be sent and why, and what to do about it.

What lives here: the list, its keys, and the questions. What must not: the store
(`ui.beside.draft_desk`, in a thread), sending.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from tuimail.errors import MailError, Unchangeable
from tuimail.model import DraftId, OutboxId, OutboxItem, OutState
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.candid import Candid
from tuimail.ui.beside.composing import Outgoing
from tuimail.ui.beside.notices import News
from tuimail.ui.keys import OUTBOX, bindings
from tuimail.ui.lines.outbox_lines import CAN_EDIT, CAN_SEND, DONE, details, evidence, outbox_row, reason
from tuimail.ui.lines.rows import Run, Runs, both_ends
from tuimail.ui.lines.when import counted
from tuimail.ui.screens.dialogs import Choice, Choose, Confirm, Dialog
from tuimail.ui.widgets.key_bar import KeyBar
from tuimail.ui.widgets.lines import LineView, LineWidget
from tuimail.ui.widgets.words import Words

LOOK_EVERY_S = 5.0
"""Times pass, and states with them."""


class OutboxScreen(Candid, Screen[DraftId]):
    """Messages on their way out. Answers with the draft that a person wants to write on; None for none."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["outbox.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(OUTBOX)]
    AUTO_FOCUS = "OutboxList"

    def __init__(
        self,
        desk: Outgoing,
        clock: Callable[[], float],
        *,
        keymap: dict[str, str] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` is told after every decision."""
        super().__init__()
        self._desk = desk
        self._clock = clock
        self._changed = changed
        self._reason = Words(id="outbox-reason")
        self.list = OutboxList(clock, self._show_reason)
        self._title = OutboxTitle()
        self._key_bar = KeyBar(keymap, pane=OUTBOX)

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.list
        yield self._reason
        yield self._key_bar

    def on_mount(self) -> None:
        """Read what is there."""
        self.set_interval(LOOK_EVERY_S, self._read)
        self._read()

    def take_news(self, news: News) -> None:
        """The engine sent something, or could not."""
        if news.outbox or news.status:
            self._read()

    def _read(self) -> None:
        async def run() -> None:
            try:
                items = await aside(self._desk.all)
            except MailError as exc:
                self._tell_error(exc)
                return
            shown = [*(item for item in items if item.state not in DONE),
                     *reversed([item for item in items if item.state in DONE])]  # fmt: skip
            self.list.show(shown)
            self._title.show(shown)

        self.run_worker(run(), group="read", exclusive=True, exit_on_error=False)

    def _show_reason(self, item: OutboxItem | None) -> None:
        """Why the one under the cursor is where it is, below the list."""
        words = reason(item) if item is not None else ""
        self._reason.update(text.content(words, 600))
        self._reason.display = bool(words)

    # --- going about ---------------------------------------------------------------

    def action_outbox_next(self) -> None:
        """One down."""
        self.list.move_to(self.list.cursor + 1)

    def action_outbox_previous(self) -> None:
        """One up."""
        self.list.move_to(self.list.cursor - 1)

    def action_outbox_top(self) -> None:
        """The first."""
        self.list.move_to(0)

    def action_outbox_bottom(self) -> None:
        """The last."""
        self.list.move_to(len(self.list.items))

    def action_outbox_back(self) -> None:
        """To the mail."""
        self.dismiss(None)

    def action_outbox_details(self) -> None:
        """Everything that is known."""
        item = self.list.current
        if item is not None:
            self.app.push_screen(OutboxDetails(item, self._clock()))

    # --- deciding -------------------------------------------------------------------

    def action_outbox_edit(self) -> None:
        """Back into the composer."""
        item = self._one_of(CAN_EDIT, "It can no longer be taken back.")
        if item is not None:
            self.run_worker(self._edit(item), group="decide", exclusive=True, exit_on_error=False)

    async def _edit(self, item: OutboxItem) -> None:
        if item.state is OutState.UNKNOWN:
            question = text.content(evidence(item), 400).append(
                Content("\n\nIf it was sent, what you write now reaches people a second time.")
            )
            confirm = Confirm(question, title="Was it sent?", yes="Edit it", no="Back", is_dangerous=True)
            if await self.app.push_screen_wait(confirm) is not True:
                return
        try:
            draft_id = await aside(lambda: self._desk.edit(item))
        except Unchangeable as exc:
            question = text.content(exc.sentence, 300)
            question = question.append(Content("\n\nCancel it instead? Its text is gone with it."))
            await self._ask_to_cancel(item, question)
            return
        except MailError as exc:
            self._tell_error(exc)
            self._read()
            return
        self._changed()
        self.dismiss(draft_id)

    def action_outbox_send_now(self) -> None:
        """Whatever it waits for."""
        item = self.list.current
        if item is not None and item.state is OutState.UNKNOWN:
            self.action_outbox_resolve()
            return
        item = self._one_of(CAN_SEND, "It is on its way already.")
        if item is not None:
            self._decide(lambda: self._desk.send_now(item), "It is sent as soon as the server can be reached.")

    def action_outbox_cancel(self) -> None:
        """Ask, then do not send it."""
        item = self._one_of(CAN_EDIT, "It is too late to cancel it.")
        if item is not None:
            self.run_worker(self._cancel(item), group="decide", exclusive=True, exit_on_error=False)

    async def _cancel(self, item: OutboxItem) -> None:
        question = Content("Do not send ").append(_name(item)).append(
            Content(
                "?\n\nIts text is gone with it. To keep it, go back and press e, which makes it a draft again"
                " where that is possible."
            )
        )
        await self._ask_to_cancel(item, question)

    async def _ask_to_cancel(self, item: OutboxItem, question: Content) -> None:
        confirm = Confirm(question, title="Cancel", yes="Do not send it", no="Back", is_dangerous=True)
        if await self.app.push_screen_wait(confirm) is True:
            await self._do(lambda: self._desk.cancel(item), "It will not be sent.")

    def action_outbox_resolve(self) -> None:
        """The person decides, with what is known in view."""
        item = self._one_of((OutState.UNKNOWN,), "There is no doubt about this one.")
        if item is not None:
            self.run_worker(self._resolve(item), group="decide", exclusive=True, exit_on_error=False)

    async def _resolve(self, item: OutboxItem) -> None:
        question = _name(item).append(Content("\n\n")).append(text.content(evidence(item), 600).stylize("not bold"))
        choices = [
            Choice("back", "Back"),
            Choice("again", "Send again", is_dangerous=True),
            Choice("sent", "It was sent"),
        ]
        answer = await self.app.push_screen_wait(Choose("Was it sent?", question, choices))
        if answer == "sent":
            await self._do(lambda: self._desk.resolve(item, sent=True), "It counts as sent.")
        elif answer == "again":
            await self._do(lambda: self._desk.resolve(item, sent=False), "It is sent once more.")

    def _decide(self, work: Callable[[], bool], sentence: str) -> None:
        self.run_worker(self._do(work, sentence), group="decide", exclusive=True, exit_on_error=False)

    async def _do(self, work: Callable[[], bool], sentence: str) -> None:
        try:
            done = await aside(work)
        except MailError as exc:
            self._tell_error(exc)
        else:
            self._tell(sentence if done else "That changed meanwhile; look again.")
        self._changed()
        self._read()

    def _one_of(self, states: tuple[OutState, ...], otherwise: str) -> OutboxItem | None:
        item = self.list.current
        if item is not None and item.state not in states:
            self._tell(otherwise)
            return None
        return item

    # --- telling ----------------------------------------------------------------------

    def _tell(self, sentence: str) -> None:
        self.notify(text.sentence(sentence), markup=False, timeout=4)

    def _tell_error(self, exc: MailError) -> None:
        self.notify(text.sentence(f"{exc.sentence} {exc.advice}"), markup=False, severity="error")


class OutboxTitle(LineWidget):
    """How many are on their way."""

    DEFAULT_CSS = "OutboxTitle { height: 1; background: $panel; }"
    _open: int | None = None
    """None: not read yet."""

    def show(self, items: list[OutboxItem]) -> None:
        """Count these."""
        self._open = sum(item.state not in DONE for item in items)
        self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """The title."""
        count = f" · {counted(self._open)} on the way" if self._open else " · nothing is on the way"
        if self._open is None:
            count = ""
        return both_ends([Run(" Outbox", "title-focus"), Run(count, "muted")], [], width)


class OutboxList(LineView):
    """The rows."""

    def __init__(self, clock: Callable[[], float], told: Callable[[OutboxItem | None], None]) -> None:
        """`told` hears which message the cursor is on."""
        super().__init__()
        self._clock = clock
        self._told = told
        self.items: list[OutboxItem] = []
        self._is_read = False
        """Before, nobody knows whether it is empty."""
        self.cursor = 0

    @property
    def current(self) -> OutboxItem | None:
        """The one under the cursor."""
        return self.items[self.cursor] if self.cursor < len(self.items) else None

    def show(self, items: list[OutboxItem]) -> None:
        """Show these; the cursor stays on its message."""
        before: OutboxId | None = self.current.id if self.current is not None else None
        self.items = items
        self._is_read = True
        at = next((at for at, item in enumerate(items) if item.id == before), self.cursor)
        self.virtual_size = Size(self.size.width, len(items))
        self.move_to(at)

    def move_to(self, at: int) -> None:
        """Put the cursor there."""
        self.cursor = max(0, min(at, len(self.items) - 1))
        self.keep_visible(self.cursor)
        self.refresh()
        self._told(self.current)

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        at = y + self.top_line
        if at >= len(self.items):
            words = "  Nothing is on its way out." if self._is_read and not self.items and y == 1 else ""
            return self.palette.strip([Run(words, "muted")] if words else [], width)
        cursor = at == self.cursor
        ground = ("cursor" if self.has_focus else "cursor-blurred") if cursor else ""
        return self.palette.strip(outbox_row(self.items[at], width, self._clock(), cursor=cursor), width, ground)

    def on_click(self, event: object) -> None:
        """A click moves the cursor."""
        y = getattr(event, "y", 0)
        self.move_to(int(y) + self.top_line)


class OutboxDetails(Dialog[None]):
    """Everything known of one message."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "outbox.tcss"]

    def __init__(self, item: OutboxItem, now: float) -> None:
        super().__init__()
        self._lines = details(item, now)

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), "On its way out", "Esc back"):
            for label, words, role in self._lines:
                style = {"error": "$status-error", "warning": "$warning-text", "muted": "$dialog-label"}.get(role, "")
                with Horizontal():
                    yield Static(Content(label), classes="label")
                    yield Static(text.content(words, 2000).stylize(style))


def _name(item: OutboxItem) -> Content:
    """Subject and recipient, so that nobody decides about the wrong one."""
    subject = text.content(item.subject or "(no subject)", 120).stylize("bold")
    return subject.append(Content(" to ")).append(text.content(item.to, 120))
