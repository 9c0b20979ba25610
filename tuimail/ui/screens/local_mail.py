"""What is there for mail that lies here: the quarantine, and local mailboxes.

What lives here: the ways from tree, parts bar and keys to the quarantine screen, and the
questions before a mailbox is made, renamed or deleted. What must not: how these are done
(`ui.beside.local_mailboxes`, `ui.beside.holding`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual import on
from textual.content import Content

from tuimail.engine.protocol import Wake
from tuimail.errors import MailError
from tuimail.model import AccountName, Attachment, EnvelopeId, HeldState, Mailbox, MailboxId
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside import local_mailboxes
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.holding import HoldDesk
from tuimail.ui.beside.saving import SaveDesk
from tuimail.ui.lines.held_filter import HeldKey
from tuimail.ui.lines.rows import mailbox_label
from tuimail.ui.lines.when import counted
from tuimail.ui.screens.dialogs import Choice, Choose, Confirm
from tuimail.ui.screens.mail import MailScreen
from tuimail.ui.screens.mailbox_name import MailboxName
from tuimail.ui.screens.quarantine import QuarantineScreen
from tuimail.ui.widgets.folder_tree import FolderTree

Result = TypeVar("Result")
ON_A_SERVER = "This mailbox is on a server; make and change it there."


class LocalMailScreen(MailScreen):
    """Quarantine and local mailboxes. `MainScreen` adds the keys that act on messages."""

    desk: SaveDesk
    """For the save prompt."""

    def open_message(self, mailbox_id: MailboxId, envelope_id: EnvelopeId) -> None:
        """Show a message that was found, in its mailbox."""
        raise NotImplementedError

    # --- the quarantine ---------------------------------------------------------------

    def action_mailbox_quarantine(self) -> None:
        """All that is held."""
        self.open_quarantine()

    @on(FolderTree.QuarantineChosen)
    def _quarantine_chosen(self, event: FolderTree.QuarantineChosen) -> None:
        self.open_quarantine(account=event.account)

    def open_quarantine(self, *, account: AccountName | None = None, first: HeldKey | None = None) -> None:
        """The quarantine screen, with the cursor on `first`."""
        if isinstance(self.app.screen, QuarantineScreen):
            return
        self.app.push_screen(
            QuarantineScreen(
                HoldDesk(self._paths, self.clock),
                self.desk,
                self.clock,
                keymap=self.key_bar.keymap,
                open_message=self.open_message,
                account=account,
                first=first,
                changed=self._quarantine_changed,
            )
        )

    def _quarantine_changed(self) -> None:
        """Something was released or deleted: counts, bar and text may be others now."""
        self._read_tree()
        self.attachments_changed()
        self.send(Wake())

    def review_held(self, attachment: Attachment) -> bool:
        """Lead to the review of one that may not be saved; False for one that may."""
        if attachment.hold is HeldState.HELD:
            self.open_quarantine(first=(attachment.envelope_id, attachment.section))
            return True
        if attachment.hold is HeldState.DELETED:
            self.notify("It was deleted; only a note of it is left.", markup=False, timeout=3)
            return True
        return False

    # --- local mailboxes --------------------------------------------------------------

    @on(FolderTree.NewWanted)
    def _new_wanted(self, event: FolderTree.NewWanted) -> None:
        if local_mailboxes.is_local_account(self.store, event.account):
            self.run_worker(self._make(event.account), group="mailboxes", exclusive=True, exit_on_error=False)
        else:
            self.notify(ON_A_SERVER, markup=False, timeout=4)

    @on(FolderTree.RenameWanted)
    def _rename_wanted(self, event: FolderTree.RenameWanted) -> None:
        mailbox = self._local(event.mailbox_id)
        if mailbox is not None:
            self.run_worker(self._rename(mailbox), group="mailboxes", exclusive=True, exit_on_error=False)

    @on(FolderTree.DeleteWanted)
    def _delete_wanted(self, event: FolderTree.DeleteWanted) -> None:
        mailbox = self._local(event.mailbox_id)
        if mailbox is not None:
            self.run_worker(self._delete(mailbox), group="mailboxes", exclusive=True, exit_on_error=False)

    def _local(self, mailbox_id: MailboxId) -> Mailbox | None:
        mailbox = self.mailboxes.get(mailbox_id)
        if mailbox is not None and local_mailboxes.is_local(self.store, mailbox_id):
            return mailbox
        self.notify(ON_A_SERVER, markup=False, timeout=4)
        return None

    async def _make(self, account: AccountName) -> None:
        name, trouble = "", ""
        while True:
            ask = MailboxName("New mailbox", f"In {self._address(account)}", name=name, trouble=trouble)
            answer = await self.app.push_screen_wait(ask)
            if not answer:
                return
            name = answer
            try:
                await self._in_own_store(lambda store: local_mailboxes.make(store, account, answer))  # noqa: B023
                break
            except MailError as exc:
                trouble = f"{exc.sentence} {exc.advice}".strip()
        self._mailboxes_changed(account, f"Made {name}.")

    async def _rename(self, mailbox: Mailbox) -> None:
        name, trouble = mailbox.name, ""
        while True:
            place = f"{mailbox_label(mailbox)}, in {self._address(mailbox.account)}"
            ask = MailboxName("Rename mailbox", place, name=name, trouble=trouble, yes="Rename")
            answer = await self.app.push_screen_wait(ask)
            if not answer or answer == mailbox.name:
                return
            name = answer
            try:
                await self._in_own_store(lambda store: local_mailboxes.rename(store, mailbox.id, answer))  # noqa: B023
                break
            except MailError as exc:
                trouble = f"{exc.sentence} {exc.advice}".strip()
        self._mailboxes_changed(mailbox.account, f"It is called {name} now.")

    async def _delete(self, mailbox: Mailbox) -> None:
        label = text.content(mailbox_label(mailbox), 100).stylize("bold")
        with_mail = mailbox.total > 0
        if with_mail:
            messages = "1 message" if mailbox.total == 1 else f"{counted(mailbox.total)} messages"
            question = label.append(Content(f" has {messages}. They can go to the trash before it is deleted.").stylize(
                "not bold"))  # fmt: skip
            choices = [Choice("back", "Back"), Choice("go", "Mail to trash, delete", is_dangerous=True)]
            if await self.app.push_screen_wait(Choose("Delete mailbox", question, choices)) != "go":
                return
        else:
            question = Content("Delete the empty mailbox ").append(label).append(Content("?"))
            confirm = Confirm(question, title="Delete mailbox", yes="Delete", no="Back", is_dangerous=True)
            if await self.app.push_screen_wait(confirm) is not True:
                return
        try:
            await self._in_own_store(lambda store: local_mailboxes.delete(store, mailbox, mail_to_trash=with_mail))
        except MailError as exc:
            self.notify(text.sentence(f"{exc.sentence} {exc.advice}"), markup=False, severity="error")
            self._mailboxes_changed(mailbox.account, "")
            return
        self._mailboxes_changed(mailbox.account, f"Deleted {mailbox_label(mailbox)}.")

    async def _in_own_store(self, work: Callable[[Store], Result]) -> Result:
        """Run `work` in a thread with a store of its own."""
        paths = self._paths

        def run() -> Result:
            with Store.open(paths) as store:
                return work(store)

        return await aside(run)

    def _mailboxes_changed(self, account: AccountName, sentence: str) -> None:
        self.look_again()
        self.send(Wake(account))
        if sentence:
            self.notify(text.sentence(sentence), markup=False, timeout=4)

    def _address(self, account: AccountName) -> str:
        return next((each.address for each in self.accounts if each.name == account), account)
