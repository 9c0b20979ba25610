"""Writing beside the mail: from keys and messages to drafts, composers and the outbox.

What lives here: which draft is opened, where its composer lies, what is told when it was
sent or thrown away, and taking that back. What must not: fields and keys of a composer
(`composer`), the store (`ui.beside.draft_desk`, in a thread). The composer, its desk and all
that makes mail are loaded when somebody writes for the first time.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tuimail.config.values import Config, UiConfig
from tuimail.engine.protocol import Request, Want
from tuimail.errors import MailError, NotDownloaded
from tuimail.mime.mailto import parse_mailto
from tuimail.model import DraftId, EnvelopeId, OutboxId, Role, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.arrivals import Arrivals
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.composing import How
from tuimail.ui.beside.dictionary import find_words
from tuimail.ui.beside.notices import Inbox, News
from tuimail.ui.beside.toasts import Toasts
from tuimail.ui.lines.outbox_lines import NO_WORDS, Words, status_words
from tuimail.ui.lines.when import full_date
from tuimail.ui.screens.local_mail import LocalMailScreen
from tuimail.ui.widgets.key_keeper import KeyKeeper

if TYPE_CHECKING:
    from tuimail.ui.beside.draft_desk import DraftDesk
    from tuimail.ui.screens.composer import Composer

Number = TypeVar("Number", DraftId, OutboxId)
MOST_OPEN = 6
"""Composers that stay as they are, with their undo; older ones are saved and closed."""
WAITS_S = 60.0
"""For a message that is answered, and is not here."""


class ComposingScreen(LocalMailScreen):
    """Writing. `MainScreen` adds the other keys."""

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
        self._words: frozenset[str] | None = None
        """Spelt right; None until somebody writes."""
        self._undoable: tuple[str, OutboxId | DraftId, float] | None = None
        self._outbox = NO_WORDS

    @functools.cached_property
    def writing(self) -> DraftDesk:
        """The desk; what it needs is loaded with it."""
        from tuimail.ui.beside.draft_desk import AddressBook, DraftDesk  # deferred: 60 ms of making mail

        return DraftDesk(self._paths, self.config, self.send, self.clock, AddressBook())

    def unseen(self) -> ComposeResult:
        """Who keeps keys for a composer that is on its way."""
        yield self.keeper

    # --- beginning -----------------------------------------------------------------

    def action_writing_new(self) -> None:
        """A new message."""
        mailbox = self.mailboxes.get(self.shown) if self.shown is not None else None
        account = mailbox.account if mailbox is not None else None
        self._begin(lambda: self.writing.compose(account))

    def compose_mailto(self, link: str) -> None:
        """A new message, begun by a link: all of its fields are shown before anything is sent."""
        self._begin(lambda: self.writing.compose(None, link))
        for note in parse_mailto(link).notes:
            self.notify(text.sentence(note), markup=False, timeout=8)

    def action_writing_reply(self) -> None:
        """Answer the sender."""
        self._answer(How.REPLY)

    def action_writing_reply_all(self) -> None:
        """Answer everybody."""
        self._answer(How.REPLY_ALL)

    def action_writing_reply_list(self) -> None:
        """Answer the list."""
        self._answer(How.REPLY_LIST)

    def action_writing_forward(self) -> None:
        """Pass it on in a text of one's own."""
        self._answer(How.FORWARD)

    def action_writing_forward_attached(self) -> None:
        """Pass it on as a file."""
        self._answer(How.FORWARD_ATTACHED)

    def action_writing_edit(self) -> None:
        """A copy of it, or the draft that it is."""
        self._answer(How.DRAFT if self._is_drafts else How.AS_NEW)

    def read_message(self) -> None:
        """Enter: in a mailbox of drafts, go on writing; else read."""
        if self._is_drafts and self.list_view.cursor_id is not None:
            self._answer(How.DRAFT)
        else:
            super().read_message()

    @property
    def _is_drafts(self) -> bool:
        mailbox = self.mailboxes.get(self.shown) if self.shown is not None else None
        return mailbox is not None and mailbox.role is Role.DRAFTS

    def _one(self) -> EnvelopeId | None:
        """The message that is meant: in the reader when it has the keys, else under the cursor."""
        if self.focused in (self.reader, self.parts_bar) and self.reading.current is not None:
            return self.reading.current
        return self.list_view.cursor_id

    def _answer(self, how: How) -> None:
        envelope_id = self._one()
        if envelope_id is None:
            self.notify("There is no message here.", markup=False, timeout=2)
            return
        self.keeper.begin()
        kind = self.reading.kind if self.reading.current == envelope_id else Section("text")
        self.run_worker(
            self._answer_when_here(envelope_id, how, kind), group="writing", exclusive=True, exit_on_error=False
        )

    async def _answer_when_here(self, envelope_id: EnvelopeId, how: How, kind: Section) -> None:
        try:
            draft_id, at_once = await self.when_here(lambda: self.writing.answer(envelope_id, how, None, kind))
            if at_once or not (self.is_writing or self.app.screen is not self):
                await self.open_draft(draft_id, is_new=how is not How.DRAFT)
            else:  # nobody is torn out of what they went on to do
                self.toasts.say(self.app, "The message is here, and the draft is ready · w opens it")
        except MailError as exc:
            self.keeper.give_up()
            self._say_error(exc)

    async def when_here(self, work: Callable[[], Number]) -> tuple[Number, bool]:
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

    def _begin(self, work: Callable[[], DraftId]) -> None:
        self.keeper.begin()

        async def run() -> None:
            try:
                await self.open_draft(await aside(work), is_new=True)
            except MailError as exc:
                self.keeper.give_up()
                self._say_error(exc)

        self.run_worker(run(), group="writing", exclusive=True, exit_on_error=False)

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
        room = Room(os.environ, self.config.compose.editor, self._paths.state / "editing", self._one)
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

    async def on_composer_posted(self, event: Composer.Posted) -> None:
        """It is in the outbox."""
        event.stop()
        await self._is_done(event.composer)
        self.say_posted(event.outbox_id, event.leaves_at, is_later=event.is_later)

    async def on_composer_discarded(self, event: Composer.Discarded) -> None:
        """It was thrown away."""
        event.stop()
        await self._is_done(event.composer)
        self.say_discarded(event.composer.draft_id)

    # --- sent, thrown away, taken back --------------------------------------------------

    async def _is_done(self, composer: Composer) -> None:
        """Its draft is gone: so is it."""
        await self._close(composer)
        self._back_to_mail()
        self.outbox_changed()

    def say_posted(self, outbox_id: OutboxId, leaves_at: int, *, is_later: bool) -> None:
        """When it leaves, and the key that stops it."""
        now = self.clock()
        left_s = max(0, round(leaves_at - now))
        if is_later:
            self.toasts.say(self.app, f"It leaves {full_date(leaves_at)} · O shows it")
        elif left_s:
            self._undoable = ("sending", outbox_id, leaves_at)
            self.toasts.say(self.app, f"Sending in {left_s} s · u takes it back", left_s)
        else:
            self.toasts.say(self.app, "It is on its way · O shows it")

    def say_discarded(self, draft_id: DraftId) -> None:
        """What was thrown away, and the key that brings it back."""
        self._undoable = ("draft", draft_id, self.clock() + 20 * 60)
        self.toasts.say(self.app, "The draft is thrown away · u brings it back")

    def take_back(self) -> bool:
        """`u`: what was sent or thrown away a moment ago; False when that is not what was done last."""
        what, self._undoable = self._undoable, None
        if what is None or what[2] <= self.clock():
            return False
        kind, number, _ = what
        self.toasts.hush(self.app)
        self.run_worker(self._take_back(kind, number), group="writing", exclusive=True, exit_on_error=False)
        return True

    async def _take_back(self, kind: str, number: int) -> None:
        try:
            if kind == "sending":
                draft_id = await aside(lambda: self.writing.take_back(OutboxId(number)))
            else:
                draft_id = DraftId(number)
                await aside(lambda: self.writing.restore(draft_id))
            await self.open_draft(draft_id)
        except MailError as exc:
            self._say_error(exc)
        self.outbox_changed()

    def forget_take_back(self) -> None:
        """Something else was done since: `u` means that."""
        self._undoable = None

    # --- passing on as it is -----------------------------------------------------------------

    def action_writing_bounce(self) -> None:
        """Ask to whom, then pass it on."""
        envelope_id = self._one()
        if envelope_id is None:
            self.notify("There is no message here.", markup=False, timeout=2)
            return
        self.run_worker(self._bounce(envelope_id), group="writing", exclusive=True, exit_on_error=False)

    async def _bounce(self, envelope_id: EnvelopeId) -> None:
        from tuimail.ui.screens.bounce_prompt import BouncePrompt  # deferred with the rest of writing

        desk = self.writing
        envelope = self.store.envelopes.envelope(envelope_id)
        subject = envelope.subject if envelope is not None else ""
        to = await self.app.push_screen_wait(BouncePrompt(subject, desk.complete))
        if not to:
            return
        undo_s = self.config.ui.undo_send_s
        try:
            await self.when_here(lambda: desk.bounce(envelope_id, to, undo_s))
        except MailError as exc:
            self._say_error(exc)
            return
        self.toasts.say(self.app, f"Passed on in {undo_s:.0f} s · O can cancel it" if undo_s else "It is on its way")
        self.outbox_changed()

    # --- the outbox ------------------------------------------------------------------------------

    def action_writing_outbox(self) -> None:
        """What is on its way."""
        from tuimail.ui.beside.draft_desk import OutboxDesk  # deferred with the rest of writing
        from tuimail.ui.screens.outbox import OutboxScreen

        def closed(draft_id: DraftId | None) -> None:
            if draft_id is not None:
                self.run_worker(self.open_draft(draft_id), group="writing", exclusive=True, exit_on_error=False)

        if not isinstance(self.app.screen, OutboxScreen):
            desk = OutboxDesk(self._paths, self.send, self.clock)
            screen = OutboxScreen(desk, self.clock, keymap=self.key_bar.keymap, changed=self.outbox_changed)
            self.app.push_screen(screen, closed)

    def outbox_changed(self) -> None:
        """Count again what is on its way."""
        try:
            self._outbox = status_words(self.store.outbox.all())
        except MailError:
            return  # what is wrong with the store is told by whoever writes to it
        self.tell_status()

    @property
    def outbox_words(self) -> Words:
        """What the status line says of the outbox."""
        return self._outbox

    def hear_of_writing(self, news: News) -> None:
        """Parts that were waited for, and mail that left or did not."""
        self.arrivals.take(news)
        if news.outbox:
            self.outbox_changed()

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
