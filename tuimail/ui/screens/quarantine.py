"""The quarantine: attachments that are held back, everything known of each, and what becomes of it.

What lives here: the two panes, filters, and the questions before anything is released
or deleted. What must not: the store (`ui.beside.holding`, in a thread), and any way to open
an attachment: one that is released goes through the save prompt like every other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker

from tuimail.errors import MailError
from tuimail.mime.clean import clean_line
from tuimail.model import AccountName, EnvelopeId, Held, HeldState, MailboxId, Section
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.candid import Candid
from tuimail.ui.beside.holding import (
    Holding,
    attachment_of,
    deleted_words,
    has_findings,
    short_name,
    told,
    worst_reason,
)
from tuimail.ui.beside.notices import News
from tuimail.ui.beside.punctual import Punctual
from tuimail.ui.beside.saving import SaveDesk
from tuimail.ui.keys import QUARANTINE, bindings
from tuimail.ui.lines.held_filter import STATES, VERDICTS, Filter, HeldKey
from tuimail.ui.lines.held_lines import Inside, View, empty_page
from tuimail.ui.screens.dialogs import Choice, Choose, Confirm
from tuimail.ui.screens.saves import ask_to_save
from tuimail.ui.widgets.held import HeldDetails, HeldList, HeldTitle
from tuimail.ui.widgets.key_bar import KeyBar

ONCE_MORE = (
    "\n\nOnce it is released it can be saved, and then opened by any program. "
    "Do you know the sender, and did you expect this file?"
)
DELETES = (
    "?\n\nIt is taken out of the stored message, and cannot be brought back. The message keeps a note of "
    "what was there: name, type, size and SHA-256. Everything else in it stays as it is."
)
DELETES_FETCHED = (
    "?\n\nAll that was fetched of it is thrown away, and it is not fetched again. The server keeps its copy of "
    "the message; delete the message to be rid of it there, too."
)
REST_S = 0.1
"""The cursor rests so long before its octets are read."""
MOST_LOOKED_INTO = 50
"""Kept in memory, 64 KiB each."""
TWO_PANES = 96
"""Screens that are narrower show list or details."""


class QuarantineScreen(Candid, Punctual, Screen[None]):
    """Held attachments, and what is known of them."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["quarantine.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(QUARANTINE)]
    AUTO_FOCUS = "HeldList"

    def __init__(
        self,
        holding: Holding,
        saving: SaveDesk,
        clock: Callable[[], float],
        *,
        keymap: dict[str, str] | None = None,
        open_message: Callable[[MailboxId, EnvelopeId], None] = lambda mailbox_id, envelope_id: None,
        account: AccountName | None = None,
        first: HeldKey | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`first`: put the cursor on this one, whatever its state; `changed` is told after every decision."""
        super().__init__()
        self._holding = holding
        self._saving = saving
        self._clock = clock
        self._open_message = open_message
        self._first = first
        self._changed = changed
        self._all: list[Held] = []
        self._filter = Filter(account=account)
        self._view = View.HEX
        self._inside: dict[HeldKey, Inside] = {}
        self._rest: Timer | None = None
        self._looks = False
        """Details have the whole width."""
        self._held_list = HeldList(id="held")
        self._details = HeldDetails(id="details")
        self._title = HeldTitle(id="title")
        self._key_bar = KeyBar(keymap, pane=QUARANTINE)

    def compose(self) -> ComposeResult:
        """Title, list and details, keys."""
        yield self._title
        with Horizontal(id="sides"):
            yield self._held_list
            yield self._details
        yield self._key_bar

    def on_mount(self) -> None:
        """Read what is held."""
        self._place()
        self._read()

    def on_resize(self, event: events.Resize) -> None:
        """One pane or two."""
        self._place()

    def _place(self) -> None:
        two = self.app.size.width >= TWO_PANES
        self.set_class(two and not self._looks, "-sides")
        self._held_list.display = not self._looks
        self._details.display = two or self._looks

    # --- what is shown -----------------------------------------------------------

    def take_news(self, news: News) -> None:
        """Mail came, or an examination ended: look again."""
        if news.mailboxes or news.tree or news.status:
            self._read()

    def _read(self) -> None:
        async def run() -> None:
            try:
                self._all = await aside(self._holding.all)
            except MailError as exc:
                self._tell_error(exc)
                return
            self._show()

        _: Worker[None] = self.run_worker(run, group="read", exclusive=True, exit_on_error=False)

    def _show(self) -> None:
        first = next((at for at in self._all if at.key == self._first), None) if self._first else None
        if first is not None and not self._filter.fits(first):
            self._filter = Filter(state=first.state)
        found = [held for held in self._all if self._filter.fits(held)]
        state = self._filter.state
        page = empty_page(tuple(HeldState) if state is None else (state,), self._filter.verdict is not None)
        self._held_list.show(found, page, self._clock())
        if first is not None:
            self._first = None
            self._held_list.move_to(found.index(first))
        self._title.show(self._all, self._filter)
        self._show_details()

    @on(HeldList.Moved)
    def _moved(self) -> None:
        self._show_details()

    def _show_details(self) -> None:
        held = self._held_list.current
        inside = self._inside.get(held.key, Inside()) if held is not None else Inside()
        self._details.show(held, Inside(inside.names, inside.octets, self._view, inside.trouble))
        if self._rest is not None:
            self._rest.stop()
        if held is not None and held.key not in self._inside and held.state is not HeldState.DELETED:
            self._rest = self.set_timer(REST_S, lambda: self._look_into(held))

    def _look_into(self, held: Held) -> None:
        """Read its first octets; nothing of them is run, unpacked or written anywhere."""

        async def run() -> None:
            try:
                inside = await aside(lambda: self._holding.look_into(held))
            except MailError as exc:
                inside = Inside(trouble=f"{exc.sentence} {exc.advice}".strip())
            while len(self._inside) >= MOST_LOOKED_INTO:
                del self._inside[next(iter(self._inside))]
            self._inside[held.key] = inside
            current = self._held_list.current
            if current is not None and current.key == held.key:
                self._show_details()

        _: Worker[None] = self.run_worker(run, group="peek", exclusive=True, exit_on_error=False)

    # --- going about ---------------------------------------------------------------

    def action_quarantine_next(self) -> None:
        """One down."""
        self._held_list.move_to(self._held_list.cursor + 1)

    def action_quarantine_previous(self) -> None:
        """One up."""
        self._held_list.move_to(self._held_list.cursor - 1)

    def action_quarantine_top(self) -> None:
        """The first."""
        self._held_list.move_to(0)

    def action_quarantine_bottom(self) -> None:
        """The last."""
        self._held_list.move_to(len(self._all))

    def action_quarantine_down(self) -> None:
        """A page of details down."""
        self._details.page(1)

    def action_quarantine_up(self) -> None:
        """A page of details up."""
        self._details.page(-1)

    @on(HeldList.Chosen)
    def action_quarantine_look(self) -> None:
        """Details alone."""
        if self._held_list.current is not None and not self._looks:
            self._looks = True
            self._place()

    def action_quarantine_back(self) -> None:
        """Both panes again, or back to the mail."""
        if self._looks:
            self._looks = False
            self._place()
            self._held_list.focus()
        else:
            self.dismiss(None)

    def action_quarantine_bytes(self) -> None:
        """Hex, text, nothing."""
        views = list(View)
        self._view = views[(views.index(self._view) + 1) % len(views)]
        self._show_details()

    def action_quarantine_filter(self) -> None:
        """The next state."""
        self.show_state(STATES[(STATES.index(self._filter.state) + 1) % len(STATES)])

    def action_quarantine_verdict(self) -> None:
        """The next verdict."""
        verdict = VERDICTS[(VERDICTS.index(self._filter.verdict) + 1) % len(VERDICTS)]
        self._filter = Filter(self._filter.state, verdict, self._filter.account)
        self._show()

    @on(HeldTitle.StateChosen)
    def _state_chosen(self, event: HeldTitle.StateChosen) -> None:
        self.show_state(event.state)

    def show_state(self, state: HeldState | None) -> None:
        """Show those of one state; None for all."""
        self._filter = Filter(state, self._filter.verdict, self._filter.account)
        self._show()

    # --- deciding -------------------------------------------------------------------

    def action_quarantine_release(self) -> None:
        """Ask, once or twice, then let it go."""
        held = self._held_list.current
        if held is None:
            return
        if held.state is not HeldState.HELD:
            words = "It was released already; S saves it." if held.state is HeldState.RELEASED else "It was deleted."
            self._tell(words)
            return
        self.run_worker(self._release(held), group="decide", exclusive=True, exit_on_error=False)

    async def _release(self, held: Held) -> None:
        if not await self._is_sure(held):
            return
        try:
            await aside(lambda: self._holding.release(held))
        except MailError as exc:
            self._tell_error(exc)
            return
        self._tell(f"Released {short_name(held)}. S saves it.")
        self._first = held.key  # it is among the released ones now, and probably wanted
        self._decided()

    async def _is_sure(self, held: Held) -> bool:
        """Ask; when anything was found, say what, and ask again."""
        name = text.content(short_name(held), 200).stylize("bold")
        if not has_findings(held):
            question = Content("Release ").append(name).append(
                Content("?\n\nNothing was found that speaks against it. After that it can be saved.")
            )
            confirm = Confirm(question, title="Release", yes="Release", no="Back")
            return await self.app.push_screen_wait(confirm) is True
        question = Content("Release ").append(name).append(Content("? This was found:\n"))
        for reason in held.reasons or (worst_reason(held),):
            question = question.append(Content("\n• ")).append(text.content(reason, 400).stylize("$warning-text"))
        first = Choose(
            "Release", question, [Choice("back", "Back"), Choice("on", "Release all the same", is_dangerous=True)]
        )
        if await self.app.push_screen_wait(first) != "on":
            return False
        again = Content.styled(f"{told(held)}. ", "bold").append(text.content(worst_reason(held), 400))
        again = again.append(Content(ONCE_MORE))
        confirm = Confirm(again, title="Really release it?", yes="Yes, release it", no="No, keep it", is_dangerous=True)
        return await self.app.push_screen_wait(confirm) is True

    def action_quarantine_delete(self) -> None:
        """Ask, then replace it by a note."""
        held = self._held_list.current
        if held is None:
            return
        if held.state is HeldState.DELETED:
            self._tell("It was deleted already.")
            return
        self.run_worker(self._delete(held), group="decide", exclusive=True, exit_on_error=False)

    async def _delete(self, held: Held) -> None:
        what = DELETES_FETCHED if held.on_server else DELETES
        question = Content("Delete ").append(text.content(short_name(held), 200).stylize("bold")).append(Content(what))
        confirm = Confirm(question, title="Delete", yes="Delete it", no="Back", is_dangerous=True)
        if await self.app.push_screen_wait(confirm) is not True:
            return
        try:
            await aside(lambda: self._holding.delete(held))
        except MailError as exc:
            self._tell_error(exc)
            return
        self._inside.pop(held.key, None)
        self._tell(f"Deleted {short_name(held)}. {deleted_words(held)}")
        self._decided()

    def _decided(self) -> None:
        self._read()
        self._changed()

    def action_quarantine_save(self) -> None:
        """The save prompt, for one that was released."""
        held = self._held_list.current
        if held is None:
            return
        if held.state is HeldState.HELD:
            self._tell("It is held. Look at what is known of it, then release it with r.")
        elif held.state is HeldState.DELETED:
            self._tell(f"It was deleted. {deleted_words(held)}")
        else:
            ask_to_save(self.app, (attachment_of(held),), self._saving)

    def action_quarantine_message(self) -> None:
        """Back to the mail, with its message open."""
        held = self._held_list.current
        if held is not None:
            self.dismiss(None)
            self._open_message(held.mailbox_id, held.envelope_id)

    def show_held(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Put the cursor on one of them."""
        self._first = (envelope_id, section)
        self._read()

    # --- telling ----------------------------------------------------------------------

    def _tell(self, sentence: str) -> None:
        self.notify(text.sentence(sentence), markup=False, timeout=4)

    def _tell_error(self, error: MailError) -> None:
        self.notify(clean_line(f"{error.sentence} {error.advice}".strip(), 300), markup=False, severity="error")
