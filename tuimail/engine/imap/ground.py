"""Where waiting actions are told: a session, the mailbox that is selected in it, and what the server calls each one.

What lives here: getting into the right mailbox, and learning what is in it. What must not:
changing anything on the server but the selected mailbox.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

from tuimail.engine.desk import Desk
from tuimail.errors import ServerRefused, Vanished
from tuimail.model import Mailbox, MailboxId
from tuimail.net.imap.session import ImapSession, compress_uids
from tuimail.store import Store
from tuimail.store.acting.pending import Begun


class Ground:
    """One session, as replay stands on it."""

    def __init__(self, session: ImapSession, store: Store, desk: Desk) -> None:
        self.session = session
        self.store = store
        self.desk = desk
        self.selected: tuple[MailboxId, int] | None = None
        """The mailbox that is selected for changes, and its uid_validity; kept by whoever selects another."""
        self._can_be_marked: set[MailboxId] = set()

    def mailbox(self, mailbox_id: MailboxId | None) -> Mailbox:
        """A mailbox of the account. Raises Vanished when it is gone."""
        found = self.store.mailboxes.get(mailbox_id) if mailbox_id is not None else None
        if found is None:
            raise Vanished("The mailbox is no longer there.")
        return found

    def name(self, mailbox: Mailbox) -> str:
        """What the server calls it now. Raises Vanished when it has none such."""
        name = mailbox.name_there
        if name is None:
            raise Vanished("The mailbox is not on the server.")
        return name

    def select(self, mailbox: Mailbox) -> int:
        """Select the mailbox for changes, unless it is; its uid_validity. Raises ServerRefused."""
        if self.selected is None or self.selected[0] != mailbox.id:
            self.selected = None
            self.selected = (mailbox.id, self.session.select(self.name(mailbox)).uid_validity)
        return self.selected[1]

    def leave(self) -> None:
        """Have no mailbox selected, or none that matters."""
        self.selected = None
        if self.session.has("UNSELECT"):
            with contextlib.suppress(ServerRefused):  # RFC 3691: nothing was selected
                self.session.unselect()
        else:
            self.session.select("INBOX", readonly=True)

    def present(self, uids: Iterable[int]) -> set[int]:
        """Those of these uids that are in the selected mailbox."""
        wanted = sorted(set(uids))
        return set(wanted) & set(self.session.search_uids(("UID", compress_uids(wanted)))) if wanted else set()

    def edge(self, mailbox: Mailbox) -> Begun:
        """Uid_validity and uid_next of a mailbox as it is now: whatever comes bears that uid or a higher one.

        Both None where the server does not tell.
        """
        try:
            told = self.session.status(self.name(mailbox))
        except ServerRefused:
            return Begun(None, None)  # it may not exist yet
        return Begun(told.uid_validity, told.uid_next) if told.uid_validity else Begun(None, None)

    def create(self, name: str) -> None:
        """Make a mailbox on the server, and subscribe to it, where that is possible."""
        self.session.create(name)
        try:
            self.session.subscribe(name)
        except ServerRefused:
            return  # it is there, which is what was asked for

    def try_marking(self, mailbox: Mailbox, uids: Sequence[int]) -> None:
        r"""Find out, once for each mailbox, whether the selected one lets itself be marked in.

        Before something is copied that is to go here: unmarking as \Deleted changes nothing. Raises ServerRefused.
        """
        if mailbox.id not in self._can_be_marked:
            self.session.store_flags(compress_uids(uids), remove=("\\Deleted",))
            self._can_be_marked.add(mailbox.id)

    def remove(self, uids: Sequence[int], *, or_unmark: bool = False) -> bool:
        r"""Mark messages of the selected mailbox as \Deleted and expunge these and no others.

        False when they stay, so marked. Raises ServerRefused when they could not even be marked,
        and with `or_unmark` when the server can expunge them and does not: then the marks go again.
        """
        wanted = compress_uids(uids)
        self.session.store_flags(wanted, add=("\\Deleted",))
        if not (self.session.has("UIDPLUS") or self.session.has("IMAP4REV2")):
            # RFC 9051 6.4.3: a plain EXPUNGE would take along what other programs have marked.
            return False
        try:
            self.session.uid_expunge(wanted)
        except ServerRefused:
            if or_unmark:
                self.session.store_flags(wanted, remove=("\\Deleted",))
                raise
            return False
        return True
