"""The ways from tree, parts bar and keys to the quarantine screen.

What must not live here: what is held, and what becomes of it (`ui.beside.holding`).
"""

from __future__ import annotations

from textual import on

from tuimail.engine.protocol import Wake
from tuimail.model import AccountName, Attachment, EnvelopeId, HeldState, MailboxId
from tuimail.ui.beside.holding import HoldDesk
from tuimail.ui.beside.saving import SaveDesk
from tuimail.ui.lines.held_filter import HeldKey
from tuimail.ui.screens.lists import ListsScreen
from tuimail.ui.screens.quarantine import QuarantineScreen
from tuimail.ui.widgets.folder_tree import FolderTree


class LocalMailScreen(ListsScreen):
    """The quarantine. `ActingScreen` adds the keys that act on messages."""

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
