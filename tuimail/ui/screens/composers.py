"""Composers beside the mail: where they lie, how they come to the front and go, and their saving.

What lives here: opening drafts and leaving them. What must not: which draft is begun, and
what becomes of what was sent (`composing`), fields and keys (`composer`), the store
(`ui.beside.draft_desk`, in a thread). The composer, its desk and all that makes mail are
loaded when somebody writes for the first time.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tuimail.config.values import Config, UiConfig
from tuimail.engine.protocol import Request, Want
from tuimail.errors import MailError, NotDownloaded
from tuimail.model import DraftId, EnvelopeId, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.arrivals import Arrivals
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.dictionary import find_words
from tuimail.ui.beside.notices import Inbox
from tuimail.ui.beside.toasts import Toasts
from tuimail.ui.screens.quoting import QuotingScreen
from tuimail.ui.widgets.key_keeper import KeyKeeper

if TYPE_CHECKING:
    from tuimail.ui.beside.draft_desk import DraftDesk
    from tuimail.ui.screens.composer import Composer

Result = TypeVar("Result")
WAITS_S = 60.0
"""For a message that is answered, and is not here."""
MOST_OPEN = 6
"""Composers that stay as they are, with their undo; older ones are saved and closed."""

class ComposersScreen(QuotingScreen):
    """Composers. `ComposingScreen` adds what is begun and sent."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        send: Callable[[Request], None],
        inbox: Inbox,
        clock: Callable[[], float],
        *,
        config: Config | None = None,
        mark_seen_after_s: float = 1.0,
        demo: bool = False,
    ) -> None:
        super().__init__(store, paths, send, inbox, clock, mark_seen_after_s=mark_seen_after_s, demo=demo)
        self.config = config or Config(ui=UiConfig(), accounts={}, file=paths.config_file)
        self.composer: Composer | None = None
        """The one that is in front, or would be."""
        self.composers: dict[DraftId, Composer] = {}
        """The one that was looked at last comes last."""
        self.arrivals = Arrivals()
        self.keeper = KeyKeeper()
        self.toasts = Toasts()
        self._words: Collection[str] | None = None
        """Spelt right; None until somebody writes."""

    @functools.cached_property
    def writing(self) -> DraftDesk:
        """The desk; what it needs is loaded with it."""
        from tuimail.ui.beside.draft_desk import AddressBook, DraftDesk  # deferred: 60 ms of making mail

        return DraftDesk(self._paths, self.config, self.send, self.clock, AddressBook())

    def unseen(self) -> ComposeResult:
        """Who keeps keys for a composer that is on its way."""
        yield self.keeper

    def _one(self) -> EnvelopeId | None:
        """The message that is meant: in the reader when it has the keys, or lines of it are selected."""
        selected = self.selected()
        if selected is not None:
            return selected.envelope_id
        if self.focused in (self.reader, self.parts_bar) and self.reading.current is not None:
            return self.reading.current
        return self.list_view.cursor_id

    # --- composers -------------------------------------------------------------------

    async def open_draft(self, draft_id: DraftId, *, is_new: bool = False) -> None:
        """Put the composer of a draft in front; its fields get the keys."""
        composer = self.composers.get(draft_id)
        if composer is None:
            composer = await self._make_composer(draft_id, is_new=is_new)
            if composer is None:
                self.keeper.give_up()
                self.notify("That draft is no longer here.", markup=False, timeout=3)
                return
            self.composers[draft_id] = composer
            await self.query_one("#composer-pane", Vertical).mount(composer)
        else:
            self.composers[draft_id] = self.composers.pop(draft_id)
        self._bring_to_front(composer)

        def ready() -> None:
            composer.focus_first()
            self.keeper.pass_on()

        self.call_after_refresh(ready)
        self.run_worker(self._mark_spelling(composer), group="words", exit_on_error=False)
        await self._close_old_ones()

    async def _mark_spelling(self, composer: Composer) -> None:
        """Once it is there; a list of words takes a tenth of a second to read."""
        if self._words is None:
            wish = self.config.compose.spell
            self._words = await aside(lambda: find_words(wish, os.environ))
        composer.body.set_words(self._words)

    async def _make_composer(self, draft_id: DraftId, *, is_new: bool) -> Composer | None:
        from tuimail.ui.screens.composer import Composer, Room  # deferred: 40 ms, most of it Textual's TextArea

        desk = self.writing
        draft = await aside(lambda: desk.load(draft_id))
        if draft is None:
            return None
        room = Room(os.environ, self.config.compose.editor, self._paths.state / "editing", self._one, self.when_here)
        senders = await aside(desk.senders)
        return Composer(draft, senders, desk, self.clock, room, is_new=is_new, undo_s=self.config.ui.undo_send_s)

    def _bring_to_front(self, composer: Composer) -> None:
        self.composer = composer
        for each in self.composers.values():
            each.display = each is composer
        self.composer_in_front = True
        self.rearrange()

    async def _close_old_ones(self) -> None:
        while len(self.composers) > MOST_OPEN:
            oldest = next(iter(self.composers.values()))
            if not await oldest.autosave.flush():
                return  # its text is nowhere else
            await self._close(oldest)

    async def _close(self, composer: Composer) -> None:
        self.composers.pop(composer.draft_id, None)
        if composer is self.composer:
            self.composer = None
            self.composer_in_front = False
        await composer.remove()

    def writing_stops(self) -> list[Widget]:
        """The fields of the composer that is in front."""
        return self.composer.stops() if self.composer is not None else []

    @property
    def is_writing(self) -> bool:
        """Whether the keys go to a composer."""
        return self.composer is not None and self.composer_in_front and self.composer.has_focus_within

    def leave_writing(self) -> bool:
        """Esc: out of a composer, whose draft stays; False where nothing is written."""
        if self.composer is None or not self.is_writing:
            return False
        self.leave_composer(self.composer)
        return True

    def leave_composer(self, composer: Composer) -> None:
        """Back to the mail. What was begun and not touched is thrown away without a word."""
        self._back_to_mail()

        async def run() -> None:
            if not composer.was_touched:
                composer.autosave.close()
                await self._close(composer)
                await aside(lambda: self.writing.discard(composer.draft_id))
            elif await composer.autosave.flush():
                self.writing.left(composer.draft)
                self.toasts.say(self.app, "The draft is kept · w goes on writing")
            else:
                self._say_trouble(composer.autosave.word.sentence)

        self.run_worker(run(), group="leaving", exit_on_error=False)

    def _back_to_mail(self) -> None:
        """The list has the keys, and the reader its place again."""
        self.composer_in_front = False
        self.focus_list()
        if self.reader_is_seen:
            self.open_cursor()

    def action_writing_drafts(self) -> None:
        """The one draft, or a list of them."""
        self.run_worker(self._choose_draft(), group="writing", exclusive=True, exit_on_error=False)

    async def _choose_draft(self) -> None:
        from tuimail.ui.screens.drafts import DraftsScreen  # deferred with the rest of writing

        try:
            for composer in list(self.composers.values()):
                await composer.autosave.flush()
            drafts = await aside(self.writing.drafts)
            if not drafts:
                self.notify("There is no draft; c begins one.", markup=False, timeout=3)
                return
            chosen: DraftId | None = drafts[0].id
            if len(drafts) > 1:
                chosen = await self.app.push_screen_wait(DraftsScreen(drafts, self.clock()))
            if chosen is not None:
                await self.open_draft(chosen)
        except MailError as exc:
            self._say_error(exc)

    # --- what is not here yet ---------------------------------------------------

    async def when_here(self, work: Callable[[], Result]) -> tuple[Result, bool]:
        """What `work` gives, and whether nothing had to be fetched for it. Raises what it raises."""
        asked: set[tuple[EnvelopeId, Section]] = set()
        while True:
            try:
                return await aside(work), not asked
            except NotDownloaded as exc:
                wanted = {(exc_id, section) for exc_id, section in _wanted(exc)} - asked
                if not wanted:
                    raise
                asked |= wanted
                await self._fetch(wanted)

    async def _fetch(self, wanted: set[tuple[EnvelopeId, Section]]) -> None:
        """Ask the engine, say so, wait; the keys are free meanwhile. Raises NotDownloaded."""
        self.keeper.give_up()
        self.toasts.say(self.app, "Fetching the message first…", WAITS_S)
        futures = [self.arrivals.expect(key) for key in wanted]
        for envelope_id, section in wanted:
            self.send(Want(envelope_id, section))
        try:
            await asyncio.wait_for(asyncio.gather(*futures), WAITS_S)
        except TimeoutError as exc:
            raise NotDownloaded("The message could not be fetched just now.", "Try again when it is here.") from exc
        finally:
            self.toasts.hush(self.app)
            for key in wanted:
                self.arrivals.forget(key)

    # --- leaving the program ---------------------------------------------------------------------

    async def save_drafts(self) -> str:
        """Save what is not saved; the sentence of what could not be, else empty."""
        sentence = ""
        for composer in list(self.composers.values()):
            if composer.was_touched:
                if not await composer.autosave.flush():
                    sentence = composer.autosave.word.sentence
            else:
                await aside(functools.partial(self.writing.discard, composer.draft_id))
        return sentence

    def save_drafts_now(self) -> None:
        """The program ends at once: a last save, in order, without the loop."""
        for composer in self.composers.values():
            draft = composer.autosave.take_unsaved()
            if draft is not None:
                try:
                    self.writing.save(draft)
                except MailError:
                    continue  # there is nobody left to tell

    # --- telling ---------------------------------------------------------------------------------

    def _say_error(self, exc: MailError) -> None:
        self._say_trouble(f"{exc.sentence} {exc.advice}")

    def _say_trouble(self, sentence: str) -> None:
        self.notify(text.sentence(sentence.strip()), markup=False, severity="error")


def _wanted(exc: NotDownloaded) -> list[tuple[EnvelopeId, Section]]:
    """What must be fetched; an error that does not say so wants nothing."""
    from tuimail.wishes.sources import Wanted  # deferred with the rest of writing

    return [(exc.envelope_id, section) for section in exc.sections] if isinstance(exc, Wanted) else []
