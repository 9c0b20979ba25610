"""Mailboxes: making, renaming, deleting, subscribing, on servers and on this computer alike.

What lives here: the questions before, and acting on all of a mailbox. What must not: how
it is done (`tuimail.wishes.acting`, in the lane).
"""

from __future__ import annotations

from collections.abc import Callable

from textual import on

from tuimail.errors import MailError
from tuimail.model import AccountName, Mailbox
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.lines.rows import mailbox_label
from tuimail.ui.screens.acting import Deed
from tuimail.ui.screens.choosing import ChoosingScreen
from tuimail.ui.screens.dialogs import Confirm
from tuimail.ui.screens.mailbox_name import MailboxName
from tuimail.ui.widgets.folder_tree import FolderTree
from tuimail.wishes import acting
from tuimail.wishes.acting import Done, NeedsYes

Work = Callable[[Store], Done | None]


class MailboxesScreen(ChoosingScreen):
    """Acting on mailboxes. `MainScreen` adds the other keys."""

    # --- all of a mailbox --------------------------------------------------------------

    def action_mailbox_mark_read(self) -> None:
        """The whole mailbox."""
        at, shown = self.now(), self.shown
        if shown is not None and shown < 0:
            self.notify("This list is no mailbox. Select its messages with * and press m.", markup=False, timeout=4)
        elif shown is not None:
            self.carry_out([], Deed(lambda store, _, __: acting.mark_all_read(store, shown, at=at), "Marking"))

    def action_mailbox_empty_trash(self) -> None:
        """For good; asked."""
        at, mailbox = self.now(), self.mailboxes.get(self.shown) if self.shown is not None else None
        account = self.account_of(mailbox)
        if account is not None:
            name = account.name
            self.carry_out([], Deed(
                lambda store, _, sure: acting.empty_trash(store, name, at=at, sure=sure), "Deleting",
                question="Empty trash",
            ))  # fmt: skip

    # --- mailboxes themselves -----------------------------------------------------------

    @on(FolderTree.NewWanted)
    def _new_wanted(self, event: FolderTree.NewWanted) -> None:
        self.run_worker(self._make(event.account), group="mailboxes", exclusive=True, exit_on_error=False)

    @on(FolderTree.RenameWanted)
    def _rename_wanted(self, event: FolderTree.RenameWanted) -> None:
        mailbox = self.mailboxes.get(event.mailbox_id)
        if mailbox is not None:
            self.run_worker(self._rename(mailbox), group="mailboxes", exclusive=True, exit_on_error=False)

    @on(FolderTree.DeleteWanted)
    def _delete_wanted(self, event: FolderTree.DeleteWanted) -> None:
        mailbox = self.mailboxes.get(event.mailbox_id)
        if mailbox is not None:
            self.run_worker(self._delete(mailbox), group="mailboxes", exclusive=True, exit_on_error=False)

    @on(FolderTree.SubscribeWanted)
    def _subscribe_wanted(self, event: FolderTree.SubscribeWanted) -> None:
        at, mailbox = self.now(), self.mailboxes.get(event.mailbox_id)
        if mailbox is not None:
            wanted = not mailbox.subscribed
            self.carry_out([], Deed(
                lambda store, _, __: acting.subscribe(store, mailbox.id, wanted, at=at), "Subscribing"
            ))  # fmt: skip

    async def _make(self, account: AccountName) -> None:
        def ask(name: str, trouble: str) -> MailboxName:
            return MailboxName("New mailbox", f"In {self._address(account)}", name=name, trouble=trouble)

        await self._by_name(ask, "", lambda store, name: acting.mailbox_create(store, account, name, at=self.now()))

    async def _rename(self, mailbox: Mailbox) -> None:
        place = f"{mailbox_label(mailbox)}, in {self._address(mailbox.account)}"

        def ask(name: str, trouble: str) -> MailboxName:
            return MailboxName("Rename mailbox", place, name=name, trouble=trouble, yes="Rename")

        await self._by_name(
            ask, mailbox.name, lambda store, name: acting.mailbox_rename(store, mailbox.id, name, at=self.now())
        )

    async def _by_name(
        self, ask: Callable[[str, str], MailboxName], name: str, work: Callable[[Store, str], Done | None]
    ) -> None:
        """Ask for a name until one does, or the person leaves."""
        before, trouble = name, ""
        while True:
            answer = await self.app.push_screen_wait(ask(name, trouble))
            if not answer or answer == before:
                return
            name = answer
            try:
                done = await self.lane.run(lambda store: work(store, answer))  # noqa: B023 - awaited in this turn
                break
            except MailError as exc:
                trouble = f"{exc.sentence} {exc.advice}".strip()
        self._mailboxes_changed(done)

    async def _delete(self, mailbox: Mailbox) -> None:
        at = self.now()
        try:
            done = await self.lane.run(lambda store: acting.mailbox_delete(store, mailbox.id, at=at))
        except NeedsYes as exc:
            confirm = Confirm(
                text.content(exc.sentence, 300), title="Delete mailbox", yes="Delete", no="Back", is_dangerous=True
            )
            if await self.app.push_screen_wait(confirm) is not True:
                return
            with self.telling():
                done = await self.lane.run(lambda store: acting.mailbox_delete(store, mailbox.id, at=at, sure=True))
                self._mailboxes_changed(done, can_be_undone=False)
        except MailError as exc:
            self.notify(text.sentence(f"{exc.sentence} {exc.advice}"), markup=False, severity="error")
        else:
            self._mailboxes_changed(done)

    def _mailboxes_changed(self, done: Done | None, *, can_be_undone: bool = True) -> None:
        self.mail_changed(done.accounts if done is not None else ())
        if done is not None:
            self.say_done(done.sentence, can_be_undone=can_be_undone)

    def _address(self, account: AccountName) -> str:
        return next((each.address for each in self.accounts if each.name == account), account)
