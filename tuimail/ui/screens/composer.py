"""The composer: what keys do with the draft that is being written.

Every `action_*` here is named by a row of `ui.keys` with `where = "composer"`. What must
not live here: fields and saving (`draft_pane`), where the composer lies on the screen
(`composing`), and the store: every call of the desk runs in a thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import SuspendNotSupported
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from tuimail.errors import MailError, UsageError
from tuimail.model import Draft, DraftFile, EnvelopeId, OutboxId
from tuimail.ui import text
from tuimail.ui.beside import editing
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.attaching import pasted_file
from tuimail.ui.beside.composing import Attached, Desk, Sender, Worry
from tuimail.ui.keys import COMPOSER, bindings
from tuimail.ui.lines.when import long_size
from tuimail.ui.screens.attach_prompt import AttachPrompt
from tuimail.ui.screens.dialogs import Choice, Choose, Confirm
from tuimail.ui.screens.draft_pane import DraftPane
from tuimail.ui.screens.later_prompt import LaterPrompt
from tuimail.ui.screens.preview import PreviewScreen
from tuimail.ui.widgets.body_editor import BodyEditor

LOOK_EVERY_S = 0.15
_MOST_WORRIES = 8


@dataclass(frozen=True, slots=True)
class Room:
    """What the composer needs of the place that it is in."""

    environ: Mapping[str, str]
    editor: Sequence[str]
    """The configuration's editor; empty for `$VISUAL`, `$EDITOR`."""
    editing_dir: Path
    """A private directory for the file of an editor."""
    open_message: Callable[[], EnvelopeId | None]
    """The message in the reader, or under the cursor of the list."""
    when_here: Callable[[Callable[[], Attached]], Awaitable[tuple[Attached, bool]]]
    """What something gives, once what it lacks was fetched. Raises what it raises."""


class Composer(DraftPane):
    """One draft with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(COMPOSER)]

    @dataclass
    class Posted(Message):
        """It is in the outbox."""

        composer: Composer
        outbox_id: OutboxId
        leaves_at: int
        """Seconds since 1970 UTC; what can be undone until then."""
        is_later: bool
        """A person chose the time."""

    @dataclass
    class Discarded(Message):
        """It was thrown away."""

        composer: Composer

    def __init__(
        self,
        draft: Draft,
        senders: Sequence[Sender],
        desk: Desk,
        clock: Callable[[], float],
        room: Room,
        *,
        is_new: bool,
        undo_s: float,
    ) -> None:
        super().__init__(draft, senders, desk, clock, is_new=is_new)
        self._room = room
        self._undo_s = undo_s
        self._folder = "~/"
        self._octets = 0

    # --- sending -----------------------------------------------------------------

    def action_composer_send(self) -> None:
        """Into the outbox; it can be taken back for a moment."""
        self.run_worker(self._send(None), group="send", exclusive=True, exit_on_error=False)

    def action_composer_later(self) -> None:
        """Into the outbox, to leave at a time that is asked for."""
        self.run_worker(self._ask_when(), group="send", exclusive=True, exit_on_error=False)

    async def _ask_when(self) -> None:
        at = await self.app.push_screen_wait(LaterPrompt(self.clock))
        if at is not None:
            await self._send(at)

    async def _send(self, at: int | None) -> None:
        """Save, look at what may be wrong, ask, post. Whatever fails, the draft stays."""
        try:
            if not await self.autosave.flush():
                raise UsageError(f"It cannot be sent before it is saved. {self.autosave.word.sentence}")
            draft = self.take()
            worries = await aside(lambda: self.desk.check(draft))
            if worries and not await self._goes_on(worries):
                return
            self.disabled = True
            self.doing("on its way…")
            now = self.clock()
            delay_s = self._undo_s if at is None else max(0.0, at - now)
            outbox_id = await aside(lambda: self.desk.post(draft.id, delay_s))
        except MailError as exc:
            self.disabled = False
            self.doing("")
            self.focus_first()
            self.tell(exc)
            return
        self.autosave.close()
        self.post_message(self.Posted(self, outbox_id, int(now + delay_s), at is not None))

    async def _goes_on(self, worries: Sequence[Worry]) -> bool:
        question = Content("")
        for worry in worries[:_MOST_WORRIES]:
            sentence = text.content(worry.sentence, 400)
            shown = sentence.stylize("$warning-text bold") if worry.serious else sentence
            question = question.append(Content("• ")).append(shown).append(Content("\n"))
        if len(worries) > _MOST_WORRIES:
            question = question.append(Content(f"and {len(worries) - _MOST_WORRIES} more\n"))
        if any(worry.forbids for worry in worries):
            back = Choose("It cannot be sent yet", question.rstrip(), [Choice("back", "Back")])
            await self.app.push_screen_wait(back)
            return False
        serious = any(worry.serious for worry in worries)
        choices = [Choice("back", "Back"), Choice("send", "Send anyway", is_dangerous=serious)]
        return await self.app.push_screen_wait(Choose("Before it is sent", question.rstrip(), choices)) == "send"

    # --- keeping and throwing away --------------------------------------------------

    def action_composer_save(self) -> None:
        """It saves itself; whoever wants to be sure presses this."""
        self.run_worker(self._save(), group="save", exclusive=True, exit_on_error=False)

    async def _save(self) -> None:
        self.changed()
        if await self.autosave.flush():
            self.tell("The draft is saved. It saves itself on every pause, too.")
        else:
            self.tell(self.autosave.word.sentence, severity="error")

    def action_composer_discard(self) -> None:
        """Throw it away; asked when something was written."""
        self.run_worker(self._discard(), group="send", exclusive=True, exit_on_error=False)

    async def _discard(self) -> None:
        if self.was_touched:
            confirm = Confirm(
                Content("Throw this draft away? For a while, u brings it back."),
                title="Discard", yes="Discard", no="Keep it", is_dangerous=True,
            )  # fmt: skip
            if await self.app.push_screen_wait(confirm) is not True:
                return
            await self.autosave.flush()  # what comes back later is all of it
        try:
            await aside(lambda: self.desk.discard(self.draft_id))
        except MailError as exc:
            self.tell(exc)
            return
        self.autosave.close()
        self.post_message(self.Discarded(self))

    # --- files -----------------------------------------------------------------------

    def action_composer_attach(self) -> None:
        """A file, by its path."""
        self.run_worker(self._ask_file(), group="attach", exclusive=True, exit_on_error=False)

    async def _ask_file(self) -> None:
        file = await self.app.push_screen_wait(AttachPrompt(self._room.environ, self._folder))
        if file is not None:
            self._folder = f"{file.parent}/"
            await self._attach_file(file)

    async def _attach_file(self, file: Path) -> None:
        """Copy it into the draft beside the loop, and say how far it is."""
        self._octets = 0
        timer = self.set_interval(LOOK_EVERY_S, lambda: self.doing(f"attaching {long_size(self._octets)}"))

        def progress(octets: int) -> None:  # in the thread: one assignment, looked at by a timer
            self._octets = octets

        try:
            attached = await aside(lambda: self.desk.attach(self.draft_id, file, progress))
        except MailError as exc:
            self.tell(exc)
            return
        finally:
            timer.stop()
            self.doing("")
        self._tell_attached((attached,))

    def _tell_attached(self, files: Sequence[DraftFile]) -> None:
        self.add_files(files)
        names = files[0].filename if len(files) == 1 else f"{len(files)} files"
        if files:
            self.tell(f"Attached {names}.")

    def action_composer_message_files(self) -> None:
        """The attachments of the message in the reader."""
        envelope_id = self._room.open_message()
        if envelope_id is None:
            self.tell("There is no message open whose files could be attached.")
            return
        self.run_worker(self._attach_from(envelope_id), group="attach", exclusive=True, exit_on_error=False)

    async def _attach_from(self, envelope_id: EnvelopeId) -> None:
        self.doing("attaching…")
        try:
            attached, _ = await self._room.when_here(
                lambda: self.desk.attach_message_files(self.draft_id, envelope_id)
            )
        except MailError as exc:
            self.tell(exc)
            return
        finally:
            self.doing("")
        self._tell_attached(attached.files)
        if attached.sentence:
            self.tell(attached.sentence)

    @on(BodyEditor.PathPasted)
    def _path_pasted(self, event: BodyEditor.PathPasted) -> None:
        event.stop()
        self.run_worker(self._pasted(event.path), group="attach", exit_on_error=False)

    async def _pasted(self, pasted: str) -> None:
        """Attach the file whose path was pasted, if there is one and that is meant; else it is text."""
        file = await aside(lambda: pasted_file(pasted, self._room.environ))
        if file is not None:
            question = Content("Attach ").append(text.content(file.name, 300).stylize("bold")).append(Content("?"))
            confirm = Confirm(question, title="A file", yes="Attach it", no="Put its path into the text")
            answer = await self.app.push_screen_wait(confirm)
            if answer:
                await self._attach_file(file)
                return
        self.body.insert_here(pasted)

    # --- the text ----------------------------------------------------------------------

    def action_composer_editor(self) -> None:
        """The person's own editor has the terminal until it ends."""
        try:
            argv = editing.editor_argv(self._room.environ, self._room.editor)
            with self.app.suspend():
                edited = editing.edit(self.body.text, argv, self._room.editing_dir)
        except UsageError as exc:
            self.tell(exc)
            return
        except SuspendNotSupported:
            self.tell("An editor cannot be opened in this terminal.", severity="error")
            return
        if edited.text is not None:
            self.body.replace_all(edited.text)
            self.body.focus(scroll_visible=False)
        if edited.sentence:
            self.tell(edited.sentence, severity="error")

    def action_composer_markdown(self) -> None:
        """Whether an HTML form is made of the text and sent along."""
        self.draft = replace(self.draft, markdown=not self.draft.markdown)
        self.show_title()
        self.changed()
        self.tell("Markdown: an HTML form goes along." if self.draft.markdown else "Plain text only.")

    def action_composer_preview(self) -> None:
        """What the recipients read."""
        self.run_worker(self._preview(), group="preview", exclusive=True, exit_on_error=False)

    async def _preview(self) -> None:
        draft = self.take()
        try:
            shown = await aside(lambda: self.desk.preview(draft))
        except MailError as exc:
            self.tell(exc)
            return
        self.app.push_screen(PreviewScreen(shown, is_markdown=draft.markdown))

    def action_composer_copies(self) -> None:
        """Show or hide Cc and Bcc."""
        show = not self.shows_copies
        self.show_copies(show)
        if show:
            self.focus_copies()
        elif self.screen.focused not in self.stops():
            self.focus_first()
