"""Keys that act on messages: on the one under the cursor, on selected ones, on a conversation.

What lives here: which messages are meant, what is shown at once, what is asked before,
and the words afterwards. What must not: how anything is done (`tuimail.wishes.acting`,
in the lane), and what the list draws.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tuimail.engine.protocol import Request, Wake, Want
from tuimail.errors import MailError
from tuimail.model import AccountName, DeedId, EnvelopeId, Flag, Role, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside import acting as beside
from tuimail.ui.beside.notices import Inbox, News, PartKey
from tuimail.ui.beside.overlay import MOST_HIDDEN, Wish
from tuimail.ui.beside.toasts import Toasts
from tuimail.ui.keymaps import keys_of, short_label
from tuimail.ui.keys import spec
from tuimail.ui.lines.when import counted
from tuimail.ui.screens.dialogs import Confirm
from tuimail.ui.screens.journal import JournalScreen
from tuimail.ui.screens.local_mail import LocalMailScreen
from tuimail.wishes import acting
from tuimail.wishes.acting import Done, NeedsYes, NotHere

PROGRESS_S = 0.3
"""What takes longer says that it is under way."""
MOST_LOOKED_AT = 500
"""Flags of more messages are not read on the loop."""

UNDOABLE = 20
WHOLE = Section("")
Ids = Sequence[EnvelopeId]


class Deed(NamedTuple):
    """Something that a key does to messages."""

    work: Callable[[Store, Ids, bool], Done | None]
    """In the lane; true when a person said yes to the question that it raised (`NeedsYes`)."""
    progress: str
    """`Archiving`."""
    leaves: bool = False
    """The rows leave their mailbox."""
    add: int = 0
    """`Flag` bits that are shown at once."""
    remove: int = 0
    question: str = "Delete"
    """Title and answer of the question."""
    quiet: bool = False
    """One message needs no words: its row says it."""


@dataclass(slots=True)
class _Later:
    """An action that waits for octets."""

    wanted: set[PartKey]
    ids: Ids
    deed: Deed


class ActingScreen(LocalMailScreen):
    """Acting on mail. `MainScreen` adds the other keys."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        send: Callable[[Request], None],
        inbox: Inbox,
        clock: Callable[[], float],
        *,
        mark_seen_after_s: float = 1.0,
        demo: bool = False,
    ) -> None:
        super().__init__(store, paths, send, inbox, clock, mark_seen_after_s=mark_seen_after_s, demo=demo)
        self.toasts = Toasts()
        self.archive_by_year = False
        """As the configuration says."""
        self._deeds: dict[DeedId, EnvelopeId] = {}
        """The first message of the last deeds, which the cursor goes to when they are undone."""
        self._later: list[_Later] = []
        """What is done once their octets are here."""

    # --- which ones -------------------------------------------------------------------

    def chosen(self) -> list[EnvelopeId]:
        """The selected messages, else the one in the reader when it has the keys, else the one under the cursor."""
        view = self.list_view
        if view.selected:
            return self.whole(sorted(view.selected))
        if self.focused in (self.reader, self.parts_bar) and self.reading.current is not None:
            return [self.reading.current]
        return self.whole([view.cursor_id]) if view.cursor_id is not None else []

    def meant(self) -> list[EnvelopeId]:
        """`chosen`, or none and a word why."""
        if self.focused is self.folders and not self.list_view.selected:
            self.notify("The keys are in the folder tree. Go to the list first, with Tab.", markup=False, timeout=3)
            return []
        ids = self.chosen()
        if not ids:
            self.notify("There is no message here.", markup=False, timeout=2)
        return ids

    @property
    def _role(self) -> Role:
        mailbox = self.shown_mailbox
        return mailbox.role if mailbox is not None else Role.NONE

    def now(self) -> int:
        """The clock's second."""
        return int(self.clock())

    # --- keys -------------------------------------------------------------------------

    def action_message_archive(self) -> None:
        """Move to the archive."""
        self.archive(self.meant())

    def archive(self, ids: Ids) -> None:
        """Move these to the archive."""
        at, leaves, by_year = self.now(), self._role is not Role.ARCHIVE, self.archive_by_year
        self.act(ids, Deed(
            lambda store, ids, _: acting.archive(store, ids, at=at, by_year=by_year), "Archiving", leaves=leaves
        ))  # fmt: skip

    def action_message_delete(self) -> None:
        """Move to the trash; from there for good."""
        self.delete_messages(self.meant())

    def delete_messages(self, ids: Ids) -> None:
        """Move these to the trash, or from there for good."""
        at, leaves = self.now(), self._role is not Role.TRASH
        self.act(ids, Deed(
            lambda store, ids, sure: acting.delete(store, ids, at=at, sure=sure), "Deleting", leaves=leaves
        ))  # fmt: skip

    def action_message_delete_for_good(self) -> None:
        """Without the trash."""
        self.delete_for_good(self.meant())

    def delete_for_good(self, ids: Ids) -> None:
        """Delete these without the trash."""
        at = self.now()
        self.act(ids, Deed(
            lambda store, ids, sure: acting.delete_for_good(store, ids, at=at, sure=sure), "Deleting",
            question="Delete for good",
        ))  # fmt: skip

    def action_message_junk(self) -> None:
        """To junk mail, or back from it."""
        self.junk(self.meant())

    def junk(self, ids: Ids) -> None:
        """Move these to junk mail; when all of them lie there, back from it."""
        at = self.now()

        def work(store: Store, ids: Ids, _: bool) -> Done | None:
            is_junk = beside.are_all_in(store, ids, Role.JUNK)
            return (acting.not_junk if is_junk else acting.junk)(store, ids, at=at)

        self.act(ids, Deed(work, "Moving", leaves=True))

    def action_message_star(self) -> None:
        """Star, or take stars off."""
        self.star(self.chosen())

    def star(self, ids: Ids) -> None:
        """Star these; when all of them have stars, take them off."""
        self._toggle(ids, Flag.FLAGGED, "Starring")

    def action_message_seen(self) -> None:
        """Mark as unread or as read."""
        self.mark_seen(self.chosen())

    def mark_seen(self, ids: Ids) -> None:
        """Mark these as read; when all of them are, as unread."""
        if self._seen_timer is not None:
            self._seen_timer.stop()
        self._toggle(ids, Flag.SEEN, "Marking")

    def _toggle(self, ids: Ids, flag: Flag, progress: str) -> None:
        at = self.now()
        if len(ids) > MOST_LOOKED_AT:
            self.act(ids, Deed(lambda store, ids, _: acting.set_flag(store, ids, flag, at=at), progress))
            return
        give = not all(row.flags & flag for row in self.overlay.rows(ids))
        self.act(ids, Deed(
            lambda store, ids, _: acting.set_flag(store, ids, flag, give, at=at), progress,
            add=flag if give else 0, remove=0 if give else flag, quiet=True,
        ))  # fmt: skip

    # --- doing it -------------------------------------------------------------------------

    def act(self, ids: Ids, deed: Deed) -> None:
        """Do it to these messages: show it at once, write it in the lane, tell the engine."""
        if not ids:
            return
        self.end_selection()
        self.forget_take_back()
        self.carry_out(ids, deed)

    def end_selection(self) -> None:
        """What was selected was acted on."""
        self.list_view.clear_selection()

    def carry_out(self, ids: Ids, deed: Deed, *, sure: bool = False) -> None:
        """As `act`, on messages or on something else; what was selected stays so."""
        shown, cursor = self.shown, self.list_view.cursor
        is_plain = self.listing is not None and self.listing.spec.is_plain
        many = deed.leaves and len(ids) > MOST_HIDDEN and is_plain

        def work(store: Store) -> tuple[Done | None, int | None]:
            place = beside.landing(store, shown, set(ids), cursor) if many and shown is not None else None
            return deed.work(store, ids, sure), place

        asked = self.lane.run(work)
        at_cursor = self.list_view.cursor_id
        anchor = at_cursor if at_cursor in ids else ids[0] if ids else None
        wish = self._show_wish(ids, deed)
        self.run_worker(self._await_done(asked, ids, deed, wish, anchor, sure=sure), group="acts", exit_on_error=False)

    def _show_wish(self, ids: Ids, deed: Deed) -> Wish | None:
        """What is written in a moment is shown now."""
        if deed.leaves:
            wish = self.overlay.hide(ids)
        elif deed.add or deed.remove:
            wish = self.overlay.set_flags(ids, add=deed.add, remove=deed.remove)
        else:
            return None
        self.list_view.reload()
        is_reading = self.app.screen is self and self.focused in (self.reader, self.parts_bar)
        if deed.leaves and is_reading and self.reading.current in ids:
            self.open_cursor()
        return wish

    async def _await_done(
        self,
        asked: asyncio.Future[tuple[Done | None, int | None]],
        ids: Ids,
        deed: Deed,
        wish: Wish | None,
        anchor: EnvelopeId | None,
        *,
        sure: bool,
    ) -> None:
        words = f"{deed.progress} {messages_of(len(ids))}…" if ids else f"{deed.progress}…"
        progress = self.set_timer(PROGRESS_S, lambda: self.toasts.say(self.app, words, 60))
        done, place, question, missing = None, None, None, None
        try:
            with self.telling():
                done, place = await asked
        except NeedsYes as exc:
            question = exc
        except NotHere as exc:
            missing = exc
        finally:
            progress.stop()
            if wish is not None:
                self.overlay.lift(wish)
        self.mail_changed(done.accounts if done is not None else ())
        if place is not None:
            self.list_view.move_to(place, by_person=False)
        if done is not None and anchor is not None:
            self._deeds = {**dict(list(self._deeds.items())[1 - UNDOABLE :]), done.deed: anchor}
        if done is not None and not (deed.quiet and len(ids) == 1):
            self.say_done(done.sentence, can_be_undone=not sure)
        else:
            self.toasts.hush(self.app)
        if missing is not None:
            self._fetch_first(missing, ids, deed)
        if question is not None:
            await self._ask(question, ids, deed)

    async def _ask(self, question: NeedsYes, ids: Ids, deed: Deed) -> None:
        confirm = Confirm(
            text.content(question.sentence, 300), title=deed.question, yes=deed.question, no="Back", is_dangerous=True
        )
        if await self.app.push_screen_wait(confirm) is True:
            self.carry_out(ids, deed._replace(leaves=bool(ids)), sure=True)

    def mark_read(self, envelope_id: EnvelopeId) -> None:
        """It was on the screen for a while."""
        at = self.now()
        asked = self.lane.run(lambda store: beside.was_read(store, envelope_id, at=at))

        async def run() -> None:
            with self.telling():
                account = await asked
                if account is not None:
                    self.mail_changed([account])

        self.run_worker(run(), group="acts", exit_on_error=False)

    # --- mail that must be fetched before ---------------------------------------------------

    def _fetch_first(self, exc: NotHere, ids: Ids, deed: Deed) -> None:
        """Another account gets a copy through us, so the messages must be here, whole."""
        wanted = {(envelope_id, WHOLE) for envelope_id in map(EnvelopeId, exc.ids)}
        self._later.append(_Later(wanted, ids, deed))
        for envelope_id, section in sorted(wanted):
            self.send(Want(envelope_id, section))
        self.toasts.say(self.app, f"Fetching {messages_of(len(wanted))} first…", 60)

    def hear_of_acting(self, news: News) -> None:
        """Octets that an action waits for, and what an open journal shows."""
        for later in list(self._later):
            later.wanted -= news.arrived
            failed = next((news.failed[key] for key in later.wanted if key in news.failed), None)
            if failed is not None:
                self._later.remove(later)
                self.toasts.hush(self.app)
                self.notify(text.sentence(f"Nothing was done. {failed}"), markup=False, severity="error")
            elif not later.wanted:
                self._later.remove(later)
                self.carry_out(later.ids, later.deed)

    # --- undoing ------------------------------------------------------------------------

    def take_back(self) -> bool:
        """Whether something newer than the last deed was taken back, such as a message on its way out."""
        return False

    def forget_take_back(self) -> None:
        """Something else was done since."""

    def action_message_undo(self) -> None:
        """Take the last change back."""
        if self.take_back():
            return
        at = self.now()
        asked = self.lane.run(lambda store: acting.undo(store, at=at))

        async def run() -> None:
            progress = self.set_timer(PROGRESS_S, lambda: self.toasts.say(self.app, "Undoing…", 60))
            with self.telling():
                try:
                    undone = await asked
                finally:
                    progress.stop()
                self.mail_changed(undone.accounts if undone is not None else ())
                self._back_to(self._deeds.pop(undone.deed, None) if undone is not None else None)
                self.toasts.say(self.app, undone.sentence if undone is not None else "There is nothing to undo.")

        self.run_worker(run(), group="acts", exit_on_error=False)

    def _back_to(self, envelope_id: EnvelopeId | None) -> None:
        """The cursor goes to a message that is here again."""
        if envelope_id is None or self.listing is None:
            return
        place = self.overlay.position(self.listing, envelope_id)
        if place is not None:
            self.list_view.move_to(place, by_person=False)

    # --- the journal ----------------------------------------------------------------------

    def action_mailbox_journal(self) -> None:
        """What waits, what failed, what can be undone."""
        if not isinstance(self.app.screen, JournalScreen):
            self.app.push_screen(
                JournalScreen(self._paths, self.lane, self.clock, keymap=self.key_bar.keymap, changed=self.mail_changed)
            )

    # --- telling --------------------------------------------------------------------------

    def mail_changed(self, accounts: Sequence[AccountName]) -> None:
        """Mail was changed here: show it, and tell the engine."""
        if not self.is_attached:
            return
        self.show_again()
        for account in accounts:
            self.send(Wake(account))

    def say_done(self, sentence: str, *, can_be_undone: bool = True) -> None:
        """What was done, and the key that takes it back; what a person was asked about stays done."""
        keys = keys_of(spec("message.undo"), self.key_bar.keymap)
        undo = f" · {short_label(keys[0])} undoes" if keys and can_be_undone else ""
        self.toasts.say(self.app, f"{sentence.rstrip('.')}{undo}" if undo else sentence)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """What cannot be done is told in its own words."""
        try:
            yield
        except (NeedsYes, NotHere):
            raise
        except MailError as exc:
            self.toasts.hush(self.app)
            self.notify(text.sentence(f"{exc.sentence} {exc.advice}"), markup=False, severity="error")


def messages_of(count: int) -> str:
    """`3 messages`."""
    return f"{counted(count)} message{'' if count == 1 else 's'}"
