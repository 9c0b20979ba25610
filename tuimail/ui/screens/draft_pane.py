"""A draft on the screen: its fields, its text, its files, and saving them on every pause.

What lives here: from a `Draft` to widgets and back. What must not: keys (`composer`), and
the store, which only the desk knows, in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tuimail.errors import MailError
from tuimail.mime.clean import clean_text
from tuimail.model import Draft, DraftFile, DraftId
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.autosave import Autosave
from tuimail.ui.beside.candid import Candid
from tuimail.ui.beside.composing import Desk, Sender
from tuimail.ui.beside.punctual import Punctual
from tuimail.ui.lines.prose import with_room
from tuimail.ui.widgets.address_field import AddressField
from tuimail.ui.widgets.body_editor import BodyEditor
from tuimail.ui.widgets.composer_parts import ComposerTitle, FilesList, Rule
from tuimail.ui.widgets.fields import CleanInput, FieldRow, FromField


class DraftPane(Candid, Punctual, Vertical):
    """The fields of one draft."""

    DEFAULT_CSS = """
    DraftPane { height: 1fr; width: 1fr; background: $background; color: $foreground; }
    """

    def __init__(
        self, draft: Draft, senders: Sequence[Sender], desk: Desk, clock: Callable[[], float], *, is_new: bool
    ) -> None:
        """`is_new`: begun a moment ago, so it is thrown away when nothing is written."""
        super().__init__()
        self.draft = draft
        self.desk = desk
        self.clock = clock
        self._senders = senders
        self._was_touched = not is_new
        self._filling = True
        self._doing = ""
        self._title = ComposerTitle(clock)
        self._from = FromField()
        self._to = AddressField(desk.complete, placeholder="Who gets it", id="to")
        self._cc = AddressField(desk.complete, placeholder="Who gets a copy", id="cc")
        self._bcc = AddressField(desk.complete, placeholder="Who gets a copy that nobody sees", id="bcc")
        self._subject = CleanInput(placeholder="What it is about", id="subject")
        self._files = FilesList()
        self.body = BodyEditor(id="body")
        self.autosave: Autosave[Draft] = Autosave(
            self.take, desk.save, self.set_timer, clock,
            tell=lambda word: self.show_title(), saved_at=0 if is_new else draft.changed_at,
        )  # fmt: skip

    def compose(self) -> ComposeResult:
        yield self._title
        yield FieldRow("From", self._from)
        yield FieldRow("To", self._to)
        yield FieldRow("Cc", self._cc, id="cc-row")
        yield FieldRow("Bcc", self._bcc, id="bcc-row")
        yield FieldRow("Subject", self._subject)
        yield self._files
        yield Rule()
        yield self.body

    def on_mount(self) -> None:
        """Show the draft; an answer that was just begun has room below what it quotes."""
        if self._was_touched:
            self.fill(self.draft)
        else:
            body, line = with_room(self.draft.body)
            self.fill(replace(self.draft, body=body))
            self.body.move_cursor((line, 0))
        self.show_copies(False)

    # --- the draft ---------------------------------------------------------------

    @property
    def draft_id(self) -> DraftId:
        """Which draft it is."""
        return self.draft.id

    @property
    def was_touched(self) -> bool:
        """Whether a person has written anything."""
        return self._was_touched

    def fill(self, draft: Draft) -> None:
        """Put a draft into the fields. What came with mail is cleaned by each field."""
        self._filling = True
        self.draft = draft
        self._from.show(self._senders, Sender(draft.account, draft.from_))
        for field, value in ((self._to, draft.to), (self._cc, draft.cc), (self._bcc, draft.bcc)):
            field.set_value(value)
        with self.prevent(Input.Changed):
            self._subject.value = draft.subject
        if clean_text(draft.body) != self.body.text:
            self.body.set_text(draft.body)
        self.show_files(draft.files)
        self.show_title()
        self.call_after_refresh(self._filled)

    def _filled(self) -> None:
        self._filling = False

    def take(self) -> Draft:
        """The draft as it is on the screen."""
        sender = self._from.sender or Sender(self.draft.account, self.draft.from_)
        self.draft = replace(
            self.draft,
            account=sender.account,
            from_=sender.header,
            to=self._to.value.strip(),
            cc=self._cc.value.strip(),
            bcc=self._bcc.value.strip(),
            subject=self._subject.value.strip(),
            body=self.body.text,
        )
        return self.draft

    @on(TextArea.Changed)
    def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.changed()

    @on(AddressField.Changed)
    @on(Input.Changed)
    def _field_changed(self, event: Input.Changed | AddressField.Changed) -> None:
        event.stop()
        self.changed()

    def changed(self) -> None:
        """A person wrote something."""
        if not self._filling:
            self._was_touched = True
            self.autosave.changed()

    @on(FromField.Changed)
    async def _sender_changed(self, event: FromField.Changed) -> None:
        event.stop()
        before = replace(self.take(), account=event.before.account, from_=event.before.header)
        try:
            signed = await aside(lambda: self.desk.signed_as(before, event.now))
        except MailError as exc:
            self.tell(exc)
            return
        if signed.body != before.body and self.body.text == before.body:
            self.body.replace_all(signed.body)
        self.draft = replace(self.draft, reply_to=signed.reply_to)
        self.changed()

    # --- files -------------------------------------------------------------------

    @on(FilesList.Removed)
    async def _file_removed(self, event: FilesList.Removed) -> None:
        event.stop()
        try:
            await aside(lambda: self.desk.detach(self.draft_id, event.number))
        except MailError as exc:
            self.tell(exc)
            return
        self.show_files(tuple(each for each in self.draft.files if each.number != event.number))
        if not self.draft.files:
            self._subject.focus()

    def add_files(self, files: Sequence[DraftFile]) -> None:
        """These are in the draft now."""
        self._was_touched = True
        self.show_files((*self.draft.files, *files))

    def show_files(self, files: tuple[DraftFile, ...]) -> None:
        """Show what goes along."""
        self.draft = replace(self.draft, files=files)
        self._files.show(files, self.size.width or 80)

    # --- showing -----------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """File names are cut to the width."""
        self._files.show(self.draft.files, event.size.width)

    def show_title(self) -> None:
        """The first line."""
        marks = "Markdown" if self.draft.markdown else ""
        self._title.show(subject=self.subject, word=self.autosave.word, doing=self._doing, marks=marks)

    @property
    def subject(self) -> str:
        """As it stands in its field."""
        return self._subject.value

    def doing(self, words: str) -> None:
        """Something is under way; "" for nothing."""
        self._doing = words
        self.show_title()

    def show_copies(self, shown: bool) -> None:
        """Show or hide Cc and Bcc; what has recipients is never hidden."""
        for row, field in (("#cc-row", self._cc), ("#bcc-row", self._bcc)):
            self.query_one(row).display = shown or bool(field.value.strip())

    @property
    def shows_copies(self) -> bool:
        """Whether both are shown."""
        return bool(self.query_one("#cc-row").display and self.query_one("#bcc-row").display)

    def tell(self, problem: MailError | str, *, severity: str = "") -> None:
        """One sentence for a person; errors stand out."""
        sentence = problem if isinstance(problem, str) else f"{problem.sentence} {problem.advice}".strip()
        kind = severity or ("information" if isinstance(problem, str) else "error")
        self.app.notify(text.sentence(sentence), markup=False, severity="error" if kind == "error" else "information")

    # --- focus -------------------------------------------------------------------

    def stops(self) -> list[Widget]:
        """Fields that Tab visits, in order."""
        try:
            rows = {"#cc-row": self._cc, "#bcc-row": self._bcc}
            copies = [field.input for row, field in rows.items() if self.query_one(row).display]
            files = [self._files] if self._files.display else []
            return [self._from, self._to.input, *copies, self._subject, *files, self.body]
        except NoMatches:  # on its way in or out
            return []

    def focus_first(self) -> None:
        """Where there is something to write: recipients, subject, text."""
        if not self.draft.to and not self.draft.cc and not self.draft.bcc:
            self._to.input.focus(scroll_visible=False)
        elif not self.draft.subject:
            self._subject.focus(scroll_visible=False)
        else:
            self.body.focus(scroll_visible=False)

    def focus_copies(self) -> None:
        """Into Cc."""
        self._cc.input.focus(scroll_visible=False)

    @on(AddressField.Accepted)
    @on(Input.Submitted)
    def _entered(self, event: AddressField.Accepted | Input.Submitted) -> None:
        """Enter in a field: the next one."""
        event.stop()
        stops = self.stops()
        focused = self.screen.focused
        if focused in stops:
            stops[min(stops.index(focused) + 1, len(stops) - 1)].focus(scroll_visible=False)
