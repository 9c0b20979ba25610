"""The main screen: the panes with their mail, and what keys do there.

Every `action_*` here is named by a row of `ui.keys` with `where = "main"`. What must
not live here: geometry (`panes`), what panes show (`mail`), acting on
messages (`acting`), writing them (`composing`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType

from tuimail.config.values import Config
from tuimail.engine.protocol import Credential, Request, SyncNow
from tuimail.model import AccountStatus, EnvelopeId, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.notices import Inbox, News
from tuimail.ui.beside.reading import State
from tuimail.ui.beside.saving import SaveDesk
from tuimail.ui.keys import MAIN, bindings
from tuimail.ui.screens.acting import Ids
from tuimail.ui.screens.composing import ComposingScreen
from tuimail.ui.screens.links import LinksScreen
from tuimail.ui.screens.password import PasswordScreen
from tuimail.ui.screens.saves import ask_to_save, pass_news
from tuimail.ui.screens.searching import SearchingScreen
from tuimail.ui.widgets.parts_bar import PartsBar
from tuimail.ui.widgets.reader import Reader

_NOT_WHILE_WRITING = ("message", "reader", "attachments", "list")
_MAX_TOASTS = 3


class MainScreen(ComposingScreen, SearchingScreen):
    """The main screen with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(MAIN)]

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
        find_mailbox: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            store, paths, send, inbox, clock, config=config, mark_seen_after_s=mark_seen_after_s, demo=demo
        )
        self._find_mailbox = find_mailbox
        self.desk = SaveDesk(paths, send, os.environ)
        self._asked: set[tuple[str, str]] = set()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody writes, no key does anything to the mail behind."""
        topic = action.partition("_")[0]
        if topic in _NOT_WHILE_WRITING and (self.is_writing or self.keeper.keeps):
            return False
        if topic == "writing" and self.keeper.keeps:  # one at a time
            return False
        return super().check_action(action, parameters)

    # --- going about -----------------------------------------------------------

    def action_pane_back(self) -> None:
        """Stop waiting, clear the selection, or go one pane back."""
        view = self.list_view
        if self.leave_writing():
            return
        if self.reader.is_selecting and self.reader_is_seen:
            self.reader.end_selection()
            return
        if self.return_to_search():
            return
        if self.reading.is_waiting and self.reader_is_seen:
            self.reading.stop_waiting()
        elif view.selected:
            view.clear_selection()
        elif self.end_filter():
            return
        else:
            self.focus_list()

    def action_mailbox_check(self) -> None:
        """Look for new mail now."""
        self.send(SyncNow())
        self.notify("Looking for new mail.", markup=False, timeout=2)

    def action_mailbox_jump(self) -> None:
        """To a mailbox by its name."""
        self._find_mailbox()

    def open_mailbox(self, mailbox_id: MailboxId) -> None:
        """Show a mailbox that was found, and go to its list."""
        if mailbox_id in self.mailboxes or mailbox_id in self.views:
            self.show_mailbox(mailbox_id)
            self.focus_list()

    def open_message(self, mailbox_id: MailboxId, envelope_id: EnvelopeId) -> None:
        """Show a message that was found, in its mailbox."""
        if mailbox_id != self.shown:
            self.open_mailbox(mailbox_id)
        if self.go_to(envelope_id):
            self.list_view.action_list_open()
            if envelope_id in self.conversation.ids:
                self.reading.open(envelope_id)
        else:
            self._tell("That message is no longer there.")

    def action_message_next(self) -> None:
        """Open the next message."""
        self._open_at(self.list_view.cursor + 1)

    def action_message_previous(self) -> None:
        """Open the message above."""
        self._open_at(self.list_view.cursor - 1)

    def action_message_next_unread(self) -> None:
        """Open the next unread message, from here down, then from the top."""
        found = self.next_unread_position()
        if found is None or found == self.list_view.cursor:
            self.notify("No more unread messages here.", markup=False, timeout=3)
        else:
            self._open_at(found)

    def _open_at(self, position: int) -> None:
        self.list_view.move_to(position)
        if self.reader_is_seen:
            self.open_cursor()

    # --- reading ---------------------------------------------------------------

    def action_reader_on(self) -> None:
        """A page further; at the end of a message the next unread one."""
        cursor = self.list_view.cursor_id
        if cursor is None:
            return
        is_read = self.reading.current == cursor or cursor in self.conversation.ids
        if self.reader.is_selecting and self.reader_is_seen:
            self.reader.action_reader_page_down()
        elif not self.reader_is_seen or not is_read:
            self.list_view.action_list_open()
        elif self.reading.state is not State.TEXT or self.reader.at_end:
            self.action_message_next_unread()
        else:
            self.reader.action_reader_page_down()

    def action_reader_html(self) -> None:
        """Plain or HTML."""
        if not self.reading.toggle_html():
            self.notify("This message has only one form.", markup=False, timeout=2)

    def action_reader_quotes(self) -> None:
        """Fold or unfold quotes."""
        self.reader.toggle_quotes()

    def action_reader_headers(self) -> None:
        """All headers or the card alone."""
        self.reading.toggle_headers()

    def action_reader_links(self) -> None:
        """The links of the message."""
        if self.reading.links:
            self.app.push_screen(LinksScreen(self.reading.links))
        else:
            self.notify("There are no links in this message.", markup=False, timeout=2)

    def on_reader_link_clicked(self, event: Reader.LinkClicked) -> None:
        """A link of the text was clicked: show its whole address."""
        link = next((link for link in self.reading.links if link.number == event.number), None)
        if link is not None:
            self.app.push_screen(LinksScreen((link,)))

    def action_attachments_focus(self) -> None:
        """The keys go to the attachments."""
        if self.parts_bar.display:
            self.focus_reader()
            self.parts_bar.focus()
        else:
            self._need_attachments(False)

    def action_attachments_save(self) -> None:
        """Save the attachment under the cursor."""
        self._need_attachments(self.parts_bar.request_save())

    def action_attachments_save_all(self) -> None:
        """Save all attachments."""
        self._need_attachments(self.parts_bar.request_save_all())

    def on_parts_bar_save_requested(self, event: PartsBar.SaveRequested) -> None:
        """Where to, and under which name? One that is held is reviewed first."""
        if not self.review_held(event.attachment):
            ask_to_save(self.app, (event.attachment,), self.desk, self.attachments_changed)

    def on_parts_bar_save_all_requested(self, event: PartsBar.SaveAllRequested) -> None:
        """Into which folder?"""
        ask_to_save(self.app, event.attachments, self.desk, self.attachments_changed)
        if event.left_out:
            self._tell("Attachments that are held were left out; Q reviews them.")

    def _need_attachments(self, found: bool) -> None:
        if not found:
            self.notify("This message has no attachments.", markup=False, timeout=2)

    # --- drafts ----------------------------------------------------------------

    def delete_messages(self, ids: Ids) -> None:
        """To the trash; a draft is thrown away."""
        self._delete_drafts_then(ids, super().delete_messages)

    def delete_for_good(self, ids: Ids) -> None:
        """Without the trash; a draft is thrown away, and can be had back for a while all the same."""
        self._delete_drafts_then(ids, super().delete_for_good)

    def _delete_drafts_then(self, ids: Ids, delete: Callable[[Ids], None]) -> None:
        """Throw away those that are drafts written here, then delete the others."""
        if not self.may_be_drafts(ids):
            delete(ids)
            return

        async def run() -> None:
            others = await self.discard_drafts(ids)
            if others:
                delete(others)
            else:
                self.end_selection()
                self.mail_changed(())

        self.run_worker(run(), group="writing", exclusive=True, exit_on_error=False)

    # --- telling ---------------------------------------------------------------

    def _tell(self, sentence: str, severity: str = "information") -> None:
        kind = "error" if severity == "error" else "information"
        self.notify(text.sentence(sentence), markup=False, severity="error" if kind == "error" else "information")

    def tell_people(self, news: News) -> None:
        """Refused changes, wanted passwords, and what a save prompt waits for."""
        pass_news(self.app, news)
        self.hear_of_writing(news)
        self.hear_of_acting(news)
        self.hear_of_searches(news)
        for sentence in news.refused[:_MAX_TOASTS]:
            self._tell(sentence, severity="error")
        wanting = {account.name for account in self.accounts if account.status is AccountStatus.NEEDS_PASSWORD}
        for account, sentence in news.passwords.items():
            if account in wanting and (account, "receive") not in self._asked:
                self._ask_password(account, sentence)
        for account, sentence in news.send_passwords.items():
            if (account, "send") not in self._asked:
                self._ask_password(account, sentence, "send")
        for screen in list(self.app.screen_stack):
            if isinstance(screen, PasswordScreen) and not (screen.is_for_sending or screen.account in wanting):
                screen.withdraw()  # it came by another way: another window, a keyring that was unlocked

    def _ask_password(self, account: str, sentence: str, part: str = "receive") -> None:
        def answered(secret: str | None) -> None:
            self._asked.discard((account, part))
            if secret:
                self.send(Credential(account, secret, part))

        self._asked.add((account, part))
        self.app.push_screen(PasswordScreen(account, sentence, is_for_sending=part == "send"), answered)
