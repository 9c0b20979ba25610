"""Writing about mail: from keys and messages to drafts, and what becomes of what was sent.

What lives here: which draft is begun, what is told when it was sent or thrown away, taking
that back, passing on, and the way to the outbox. What must not: where composers lie
(`composers`), fields and keys of one (`composer`), the store (`ui.beside.draft_desk`, in a
thread).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tuimail.config.values import Config
from tuimail.engine.protocol import Request
from tuimail.errors import MailError
from tuimail.model import DraftId, EnvelopeId, OutboxId, Role, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.composing import How
from tuimail.ui.beside.notices import Inbox, News
from tuimail.ui.lines.outbox_lines import NO_WORDS, Words, status_words
from tuimail.ui.lines.when import full_date
from tuimail.ui.screens.acting import MOST_LOOKED_AT
from tuimail.ui.screens.composers import ComposersScreen

if TYPE_CHECKING:
    from tuimail.ui.screens.composer import Composer

KEPT_S = 20 * 60.0
"""A draft that was thrown away can be had back so long (`store.writing.drafts`)."""


class Undoable(NamedTuple):
    """What `u` takes back."""

    outbox_id: OutboxId | None
    """What was sent; None for drafts that were thrown away."""
    draft_ids: tuple[DraftId, ...]
    until: float
    """Seconds since 1970 UTC."""


class ComposingScreen(ComposersScreen):
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
        super().__init__(
            store, paths, send, inbox, clock, config=config, mark_seen_after_s=mark_seen_after_s, demo=demo
        )
        self._undoable: Undoable | None = None
        self._outbox = NO_WORDS

    # --- beginning -----------------------------------------------------------------

    def action_writing_new(self) -> None:
        """A new message."""
        account = self.shown_mailbox.account if self.shown_mailbox is not None else None
        self._begin(lambda: self.writing.compose(account))

    def compose_mailto(self, link: str) -> None:
        """A new message, begun by a link: all of its fields are shown before anything is sent."""
        from tuimail.mime.writing.mailto import parse_mailto  # deferred: 10 ms, only for a link

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
        self._answer(How.DRAFT if self.is_drafts else How.AS_NEW)

    def read_message(self) -> None:
        """Enter: in a mailbox of drafts, go on writing; else read."""
        if self.is_drafts and self.list_view.cursor_id is not None:
            self._answer(How.DRAFT)
        else:
            super().read_message()

    @property
    def is_drafts(self) -> bool:
        """Whether a mailbox of drafts is in the list."""
        mailbox = self.shown_mailbox
        return mailbox is not None and mailbox.role is Role.DRAFTS

    def may_be_drafts(self, ids: Sequence[EnvelopeId]) -> bool:
        """Whether a mailbox of drafts has any of these. Of many not all are looked at: then they may be."""
        drafts = {mailbox.id for mailbox in self.mailboxes.values() if mailbox.role is Role.DRAFTS}
        looked_at = self.store.envelopes.rows(ids[:MOST_LOOKED_AT])
        return len(ids) > MOST_LOOKED_AT or any(row.mailbox_id in drafts for row in looked_at)

    def _answer(self, how: How) -> None:
        envelope_id = self._one()
        if envelope_id is None:
            self.notify("There is no message here.", markup=False, timeout=2)
            return
        selected = self.selected()
        self.reader.end_selection()
        self.keeper.begin()
        kind = self.reading.kind if self.reading.current == envelope_id else Section("text")
        self.run_worker(
            self._answer_when_here(envelope_id, how, selected.text if selected is not None else None, kind),
            group="writing", exclusive=True, exit_on_error=False,
        )  # fmt: skip

    async def _answer_when_here(
        self, envelope_id: EnvelopeId, how: How, quoted: str | None, kind: Section
    ) -> None:
        try:
            draft_id, at_once = await self.when_here(lambda: self.writing.answer(envelope_id, how, quoted, kind))
            if at_once or not (self.is_writing or self.app.screen is not self):
                await self.open_draft(draft_id, is_new=how is not How.DRAFT)
            else:  # nobody is torn out of what they went on to do
                self.toasts.say(self.app, "The message is here, and the draft is ready · w opens it")
        except MailError as exc:
            self.keeper.give_up()
            self._say_error(exc)

    def _begin(self, work: Callable[[], DraftId]) -> None:
        self.keeper.begin()

        async def run() -> None:
            try:
                await self.open_draft(await aside(work), is_new=True)
            except MailError as exc:
                self.keeper.give_up()
                self._say_error(exc)

        self.run_worker(run(), group="writing", exclusive=True, exit_on_error=False)

    async def on_composer_posted(self, event: Composer.Posted) -> None:
        """It is in the outbox."""
        event.stop()
        await self._is_done(event.composer)
        self.say_posted(event.outbox_id, event.leaves_at, is_later=event.is_later)

    async def on_composer_discarded(self, event: Composer.Discarded) -> None:
        """It was thrown away."""
        event.stop()
        await self._is_done(event.composer)
        self.say_discarded((event.composer.draft_id,))

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
            self._undoable = Undoable(outbox_id, (), leaves_at)
            self.toasts.say(self.app, f"Sending in {left_s} s · u takes it back", left_s)
        else:
            self.toasts.say(self.app, "It is on its way · O shows it")

    def say_discarded(self, draft_ids: tuple[DraftId, ...]) -> None:
        """What was thrown away, and the key that brings it back."""
        self._undoable = Undoable(None, draft_ids, self.clock() + KEPT_S)
        what = "The draft is" if len(draft_ids) == 1 else f"{len(draft_ids)} drafts are"
        self.toasts.say(self.app, f"{what} thrown away · u brings {'it' if len(draft_ids) == 1 else 'them'} back")

    async def discard_drafts(self, ids: Sequence[EnvelopeId]) -> list[EnvelopeId]:
        """Throw away the drafts that these messages show; the messages that show none.

        Deleting the message alone would bring it back: the draft would put another copy there.
        """
        desk = self.writing
        try:
            shown = await aside(lambda: desk.shown_as(ids))
            for draft_id in shown.values():
                composer = self.composers.get(draft_id)
                if composer is not None:
                    await composer.autosave.flush()  # what comes back later is all of it
                    composer.autosave.close()
                    await self._close(composer)
                await aside(functools.partial(desk.discard, draft_id))
        except MailError as exc:
            self._say_error(exc)
            return []
        if shown:
            self.say_discarded(tuple(shown.values()))
        return [each for each in ids if each not in shown]

    def take_back(self) -> bool:
        """`u`: what was sent or thrown away a moment ago; False when that is not what was done last."""
        what, self._undoable = self._undoable, None
        if what is None or what.until <= self.clock():
            return False
        self.toasts.hush(self.app)
        self.run_worker(self._take_back(what), group="writing", exclusive=True, exit_on_error=False)
        return True

    async def _take_back(self, what: Undoable) -> None:
        outbox_id = what.outbox_id
        try:
            if outbox_id is not None:
                await self.open_draft(await aside(lambda: self.writing.take_back(outbox_id)))
                return
            for draft_id in what.draft_ids:
                await aside(functools.partial(self.writing.restore, draft_id))
            if len(what.draft_ids) == 1:
                await self.open_draft(what.draft_ids[0])
            else:
                self.toasts.say(self.app, f"{len(what.draft_ids)} drafts are back · w lists them")
        except MailError as exc:
            self._say_error(exc)
        finally:
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
            desk = OutboxDesk(self._paths, self.config, self.send, self.clock)
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
