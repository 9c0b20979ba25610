"""Saving one attachment or all of them: what it is, under which name, where to.

What lives here: the two prompts and their flow: ask, fetch what is missing, look again,
write. What must not: reading the store or writing files on the loop; that is
`ui.beside.saving`, in a thread. A name that a sender chose gets into a field only through
`mime.clean.safe_filename`.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tuimail.errors import MailError, NotDownloaded
from tuimail.mime.clean import clean_line, elide_middle, safe_filename
from tuimail.model import Attachment
from tuimail.ui import text
from tuimail.ui.beside.arrivals import Arrivals, Step
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.notices import News
from tuimail.ui.beside.saving import SaveDesk, Target, expanded, free_name, shown_path, target_of
from tuimail.ui.lines.type_names import type_label
from tuimail.ui.lines.when import long_size
from tuimail.ui.screens.dialogs import Choice, Choose, Dialog
from tuimail.ui.widgets.folder_field import FolderField
from tuimail.ui.widgets.words import Words

FETCH_AT_ONCE_OCTETS = 5_000_000
"""Up to here a prompt fetches what it is about, so that its real type is known before anything is decided."""
LOOK_EVERY_S = 0.15
_MAX_LISTED = 8
_BAR_CELLS = 24


class Stage(enum.Enum):
    """What the prompt is doing."""

    ASKING = "asking"
    FETCHING = "fetching"
    WRITING = "writing"


class Stopped(Exception):
    """The person went back; nothing is wrong."""


class SaveScreen(Dialog[tuple[Path, ...]]):
    """What both prompts share. Answers with the files that were written; None for none."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "save_prompt.tcss"]

    def __init__(self, attachments: Sequence[Attachment], desk: SaveDesk) -> None:
        super().__init__()
        self._attachments = list(attachments)
        self._desk = desk
        self._stage = Stage.ASKING
        self._step = Step(0, 0)
        self._arrivals = Arrivals()
        self._seen_warnings: set[str] = set()
        self._is_folder_offered = False

    # --- the engine's news -----------------------------------------------------

    def take_news(self, news: News) -> None:
        """Progress, arrival or failure of what is waited for. Called on the loop."""
        self._arrivals.take(news)
        self._step = self._arrivals.step if self._arrivals else self._step
        self._show_step()

    async def _fetch(self, at: int) -> None:
        """Have the bytes of one attachment here; raises NotDownloaded with the engine's sentence."""
        attachment = self._attachments[at]
        key = (attachment.envelope_id, attachment.section)
        arrival = self._arrivals.expect(key)
        try:
            self._desk.want(attachment)
            await self._look(at)  # it may have come between the last look and the wish
            if not self._attachments[at].is_here:
                await arrival
                await self._look(at)
        except asyncio.CancelledError:
            self._desk.unwant(attachment)
            raise
        finally:
            self._arrivals.forget(key)
        if not self._attachments[at].is_here:
            raise NotDownloaded("It came, but is gone from the cache again.", "Try again.")

    async def _look(self, at: int) -> None:
        """Read again what is known of one attachment."""
        before = self._attachments[at]
        self._attachments[at] = await aside(lambda: self._desk.look(before))
        self._show_card()

    # --- asking -----------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), self._title(), "↵ save · Esc back"):
            yield Words(id="card")
            yield from self._name_field()
            yield Static(Content("Folder"), classes="label gap-above")
            yield FolderField(self._desk.environ, id="folder")
            yield Words(id="outcome", classes="gap-above")
            yield Words(id="trouble", classes="error")
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Save"), id="save", classes="main")

    def _title(self) -> str:
        return "Save attachment"

    def _name_field(self) -> ComposeResult:
        yield from ()

    async def on_mount(self) -> None:
        """The folder of the last time, and a look at what is here."""
        self._seen_warnings = {warning for each in self._attachments for warning in each.warnings}
        self._show_card()
        self.set_interval(LOOK_EVERY_S, self._show_step)
        self.run_worker(self._begin(), group="begin", exit_on_error=False)

    async def _begin(self) -> None:
        await self._offer_folder()
        try:
            for at, attachment in enumerate(self._attachments):
                await self._look(at)
                small = attachment.size_octets <= FETCH_AT_ONCE_OCTETS
                if len(self._attachments) == 1 and small and not self._attachments[at].is_here:
                    await self._fetch(at)
        except MailError:
            return  # Save tries again, and then says what is wrong
        finally:
            if self._stage is Stage.ASKING:
                self._seen_warnings = {warning for each in self._attachments for warning in each.warnings}

    async def _offer_folder(self) -> None:
        """Fill in the folder of the last time, once: whoever empties the field is asked."""
        if self._is_folder_offered:
            return
        folder = await aside(self._desk.start_folder)
        self._is_folder_offered = True
        field = self.query_one(FolderField)
        if not field.value:
            field.set_value(shown_path(folder, self._desk.environ))

    def on_resize(self, event: events.Resize) -> None:
        """Names are cut to the width."""
        self._show_card()
        self._show_outcome()

    @on(FolderField.Changed)
    @on(Input.Changed, "#name")
    def _changed(self) -> None:
        self._tell("")
        self._show_outcome()

    @on(FolderField.Accepted)
    @on(Input.Submitted, "#name")
    @on(Button.Pressed, "#save")
    def _accepted(self) -> None:
        is_at_it = any(
            worker.node is self and worker.group == "save" and not worker.is_finished for worker in self.workers
        )
        if self._stage is Stage.ASKING and not is_at_it:
            self.run_worker(self._run(), group="save")

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    def action_leave(self) -> None:
        """Stop waiting for bytes; leave when nothing is waited for. Writing is quick and runs to its end."""
        if self._stage is Stage.FETCHING:
            self.workers.cancel_group(self, "save")
        elif self._stage is Stage.ASKING:
            self.workers.cancel_group(self, "begin")
            self.dismiss(None)

    # --- doing ------------------------------------------------------------------

    async def _run(self) -> None:
        """Ask what is left to ask, fetch, look again, write."""
        self.workers.cancel_group(self, "begin")
        self._tell("")
        try:
            await self._offer_folder()  # whoever is quick presses Enter before it stands there
            folder = await self._folder()
            await self._decide(folder)
            await self._fetch_missing()
            self._check_new_warnings()
            self._enter(Stage.WRITING)
            written = await self._write_all(folder)
        except Stopped:
            return
        except MailError as exc:
            self._tell(f"{exc.sentence} {exc.advice}")
            return
        except asyncio.CancelledError:
            self._tell("Stopped waiting. Nothing was saved.")
            raise
        finally:
            self._enter(Stage.ASKING)
        await aside(lambda: self._desk.remember(folder))
        self.dismiss(written)

    async def _folder(self) -> Path:
        typed = self.query_one(FolderField).value.strip()
        if not typed:
            self.query_one(FolderField).query_one(Input).focus()
            self._tell("Which folder?")
            raise Stopped
        folder = expanded(typed, self._desk.environ)
        if await aside(folder.is_dir):
            return folder
        shown = text.content(shown_path(folder, self._desk.environ), 1000)
        question = Content("There is no folder ").append(shown.stylize("bold")).append(Content("."))
        choices = [Choice("back", "Back"), Choice("make", "Make it")]
        if await self.app.push_screen_wait(Choose("No such folder", question, choices)) != "make":
            raise Stopped
        await aside(lambda: self._desk.make_folder(folder))
        return folder

    async def _decide(self, folder: Path) -> None:
        """Settle names that are taken; raises Stopped when the person goes back."""
        raise NotImplementedError

    async def _write_all(self, folder: Path) -> tuple[Path, ...]:
        """Write, tell, and give the files back."""
        raise NotImplementedError

    async def _fetch_missing(self) -> None:
        missing = [at for at, attachment in enumerate(self._attachments) if not attachment.is_here]
        if missing:
            self._enter(Stage.FETCHING)
        for at in missing:
            self._step = self._arrivals.step = Step(0, self._attachments[at].size_octets)
            await self._fetch(at)

    def _check_new_warnings(self) -> None:
        """What is odd about the bytes is shown before they are written."""
        warnings = {warning for each in self._attachments for warning in each.warnings}
        if warnings - self._seen_warnings:
            self._seen_warnings = warnings
            self._tell("Look at what was found in it. Save once more to save it all the same.")
            raise Stopped

    async def _write_one(self, at: int, folder: Path, name: str, *, overwrite: bool) -> Path:
        attachment = self._attachments[at]
        self._step = Step(0, attachment.size_octets)

        def progress(octets: int) -> None:  # in the thread: one assignment, looked at by a timer
            self._step = Step(octets, attachment.size_octets)

        return await aside(
            lambda: self._desk.write(attachment, folder, name, overwrite=overwrite, progress=progress)
        )

    # --- showing ----------------------------------------------------------------

    def _enter(self, stage: Stage) -> None:
        self._stage = stage
        for button in self.query("#save").results(Button):
            button.disabled = stage is not Stage.ASKING
        self._show_outcome()

    def _tell(self, sentence: str) -> None:
        self._put("#trouble", text.content(sentence.strip(), 600))

    def _put(self, selector: str, shown: Content) -> None:
        """Update a text; nothing when the screen is on its way out and the text has gone before it."""
        for static in self.query(selector).results(Static):
            static.update(shown)
            static.display = bool(shown)

    def _show_step(self) -> None:
        if self._stage is not Stage.ASKING or self._arrivals:
            self._show_outcome()

    def _show_card(self) -> None:
        raise NotImplementedError

    def _show_outcome(self) -> None:
        """What Save will do, or how far it is."""
        if not self.query("#outcome"):
            return
        if self._stage is Stage.ASKING:
            shown = self._outcome()
        else:
            doing = "fetching" if self._stage is Stage.FETCHING else "writing"
            shown = step_line(doing, self._step)
        self._put("#outcome", shown)

    def _outcome(self) -> Content:
        raise NotImplementedError

    @property
    def _cells(self) -> int:
        """Width of a line inside the frame."""
        return max(20, min(76, self.size.width * 96 // 100) - 6)


class SavePrompt(SaveScreen):
    """One attachment, with a name that can be changed."""

    def __init__(self, attachment: Attachment, desk: SaveDesk) -> None:
        name = safe_filename(attachment.filename or attachment.original_filename)
        super().__init__([replace(attachment, filename=name)], desk)
        self._file_name = name
        self._overwrite = False

    def _name_field(self) -> ComposeResult:
        yield Static(Content("File name"), classes="label gap-above")
        yield Input(self._file_name, id="name", max_length=400, select_on_focus=False)

    async def on_mount(self) -> None:
        """The cursor stands before the extension, which seldom changes."""
        await super().on_mount()
        field = self.query_one("#name", Input)
        field.focus()
        stem, dot, _ = self._file_name.rpartition(".")
        field.cursor_position = len(stem) if stem and dot else len(self._file_name)

    @property
    def _target_name(self) -> str:
        """What will be written, whatever was typed."""
        return safe_filename(self.query_one("#name", Input).value, self._file_name)

    async def _decide(self, folder: Path) -> None:
        self._file_name = self._target_name
        self._overwrite = False
        found = await aside(lambda: target_of(folder, self._file_name))
        if not found.exists:
            return
        other = await _free(folder, self._file_name)
        answer = await self.app.push_screen_wait(_taken(self._file_name, other, found))
        if answer == "other":
            self._file_name = other
        elif answer == "replace":
            self._overwrite = True
        else:
            raise Stopped

    async def _write_all(self, folder: Path) -> tuple[Path, ...]:
        path = await self._write_one(0, folder, self._file_name, overwrite=self._overwrite)
        self.notify(text.sentence(f"Saved {path}"), markup=False)
        return (path,)

    def _show_card(self) -> None:
        attachment = self._attachments[0]
        lines = [text.content(elide_middle(attachment.filename, self._cells)).stylize("$dialog-title bold")]
        lines.append(facts(attachment))
        original = clean_line(attachment.original_filename, 400)
        if original and original != attachment.filename:
            called = f"The sender called it “{elide_middle(original, self._cells - 24)}”"
            lines.append(Content.styled(called, "$dialog-label"))
        lines += [Content.styled("⚠ ", "$warning-text").append(_warning(each)) for each in attachment.warnings]
        self._put("#card", Content("\n").join(lines))

    def _outcome(self) -> Content:
        folder = self.query_one(FolderField).value.strip()
        if not folder:
            return Content.styled("Choose a folder.", "$dialog-label")
        name = self._target_name
        room = self._cells - 17
        where = shown_path(expanded(folder, self._desk.environ), self._desk.environ).rstrip("/") + "/"
        return Content("").join(
            [
                Content.styled("Will be saved as ", "$dialog-label"),
                Content(elide_middle(name, max(12, room))).stylize("bold"),
                Content.styled("\nin ", "$dialog-label"),
                Content(elide_middle(where, self._cells - 3)),
            ]
        )


class SaveAllPrompt(SaveScreen):
    """All attachments into one folder; names that are taken get a number."""

    def __init__(self, attachments: Sequence[Attachment], desk: SaveDesk) -> None:
        named = [replace(each, filename=safe_filename(each.filename or each.original_filename)) for each in attachments]
        super().__init__(named, desk)

    def _title(self) -> str:
        return "Save all attachments"

    async def on_mount(self) -> None:
        """Only the folder is to be chosen."""
        await super().on_mount()
        self.query_one(FolderField).query_one(Input).focus()

    async def _decide(self, folder: Path) -> None:
        """Nothing is replaced, so there is nothing to ask."""

    async def _write_all(self, folder: Path) -> tuple[Path, ...]:
        written: list[Path] = []
        failed = ""
        for at, attachment in enumerate(self._attachments):
            name = await _free(folder, attachment.filename)
            try:
                written.append(await self._write_one(at, folder, name, overwrite=False))
            except MailError as exc:
                failed = failed or f"{elide_middle(name, 40)}: {exc.sentence} {exc.advice}"
                if not written:
                    raise
        where = shown_path(folder, self._desk.environ)
        count = f"{len(written)} of {len(self._attachments)}" if failed else f"{len(written)}"
        sentence = f"Saved {count} attachments in {where}" + (f". {failed}" if failed else "")
        self.notify(text.sentence(sentence), severity="warning" if failed else "information", markup=False)
        return tuple(written)

    def _show_card(self) -> None:
        lines: list[Content] = []
        for attachment in self._attachments[:_MAX_LISTED]:
            size = long_size(attachment.size_octets)
            name = elide_middle(attachment.filename, self._cells - 28)
            mark = "⚠ " if attachment.warnings else "✓ " if attachment.is_here else "· "
            role = "$warning-text" if attachment.warnings else "$status-ok" if attachment.is_here else "$dialog-label"
            kind = type_label(attachment.real_type or attachment.declared_type)
            lines.append(
                Content("").join([Content.styled(mark, role), Content(name).stylize("bold"),
                                  Content.styled(f"  {size} · {kind}", "$dialog-label")])
            )  # fmt: skip
            lines += [Content("  ").append(_warning(each)) for each in attachment.warnings]
        more = len(self._attachments) - _MAX_LISTED
        if more > 0:
            lines.append(Content.styled(f"  and {more} more", "$dialog-label"))
        self._put("#card", Content("\n").join(lines))

    def _outcome(self) -> Content:
        total = long_size(sum(each.size_octets for each in self._attachments))
        return Content.styled(
            f"{len(self._attachments)} files, {total}. A name that is taken gets a number.", "$dialog-label"
        )


def facts(attachment: Attachment) -> Content:
    """`84 kB · sent as PDF · really PDF`; or that it is not here yet, or that nothing has looked into it."""
    about = "" if attachment.is_here else "about "
    parts = [f"{about}{long_size(attachment.size_octets)}", f"sent as {type_label(attachment.declared_type)}"]
    shown = Content.styled(" · ".join(parts), "$dialog-label")
    if not attachment.is_here:
        return shown.append(Content.styled(" · not downloaded yet", "$dialog-label"))
    if attachment.real_type:
        role = "$warning-text" if attachment.warnings else "$status-ok"
        return shown.append(Content.styled(f" · really {type_label(attachment.real_type)}", role))
    return shown.append(Content.styled(" · not examined", "$dialog-label"))


def step_line(doing: str, step: Step) -> Content:
    """A bar and figures; only the word while the total is not known."""
    if step.total <= 0:
        return Content.styled(f"{doing}…", "$dialog-label")
    share = min(1.0, step.done / step.total)
    full = round(share * _BAR_CELLS)
    return Content("").join(
        [
            Content.styled("━" * full, "$dialog-title"),
            Content.styled("━" * (_BAR_CELLS - full), "$rule"),
            Content.styled(f"  {doing} {long_size(step.done)} of {long_size(step.total)}", "$dialog-label"),
        ]
    )


async def _free(folder: Path, name: str) -> str:
    """The first name like this one that nothing has in the folder."""
    return await aside(lambda: free_name(name, lambda candidate: target_of(folder, candidate).exists))


def _warning(sentence: str) -> Content:
    return text.content(sentence).stylize("$warning-text")


def _taken(name: str, other: str, found: Target) -> Choose:
    question = Content("").join(
        [
            text.content(elide_middle(name, 60)).stylize("bold"),
            Content(" is already there." if found.is_file else " is already there, and is no ordinary file."),
        ]
    )
    choices = [Choice("back", "Back"), Choice("other", f"Save as {elide_middle(other, 30)}")]
    if found.is_file:
        choices.insert(1, Choice("replace", "Replace it", is_dangerous=True))
    return Choose("Name is taken", question, choices)
