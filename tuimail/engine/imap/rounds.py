"""What an account's loop does while it is connected: rounds of work, and watching between them.

A round: waiting actions, the list of mailboxes, every mailbox that changed, the most
wanted first. Whatever presses (an action, another mailbox on the screen) is done
between two chunks. Then IDLE, or NOTIFY where offered, until there is news.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tuimail.engine.desk import Desk, Orders
from tuimail.engine.imap import plan
from tuimail.engine.imap.replay import Replay, Share
from tuimail.engine.imap.session import list_mailboxes
from tuimail.engine.imap.setbacks import Setbacks
from tuimail.engine.imap.sync import MailboxSync
from tuimail.engine.protocol import MailboxChanged, TreeChanged
from tuimail.errors import ServerRefused
from tuimail.mime.clean import clean_line
from tuimail.model import Mailbox, MailboxId, Role
from tuimail.net.imap.session import ImapSession, Listed, News, StatusNews
from tuimail.store import Store

IDLE_S: Final = 540.0
"""Nine minutes: servers may hang up after thirty, and many a NAT forgets after ten."""
POLL_S: Final = 180.0
"""How often mailboxes that nothing watches are asked for."""
RESCAN_S: Final = 60.0
"""Flags that were compared one by one so recently are not compared again for coming back to a mailbox."""
NOOP_S: Final = 30.0
"""How often a server without IDLE is asked about the mailbox on the screen."""
FULL_LOOK_S: Final = 1800.0
"""How often equal counts are not believed of a server without mod-sequences."""


class Leave(Exception):
    """The session is to be given up in good order."""


class Rounds:
    """The work of one session that is logged in."""

    def __init__(
        self,
        session: ImapSession,
        store: Store,
        desk: Desk,
        orders: Orders,
        *,
        wanted: Callable[[], bool],
        watch_inbox: Callable[[Mailbox | None], None],
        upload: Callable[[], None],
        setbacks: Setbacks,
    ) -> None:
        """`upload` tells large messages, over another connection; `setbacks` are those of earlier ones."""
        self._session = session
        self._store = store
        self._desk = desk
        self._orders = orders
        self._wanted = wanted
        self._watch_inbox = watch_inbox
        self._upload = upload
        self._replay = Replay(session, store, desk, setbacks, Share.SMALL)
        self._current: MailboxSync | None = None
        self._current_id: MailboxId | None = None
        self._scanned_at: dict[MailboxId, float] = {}
        self._looked_at: float | None = None
        self._notify = False
        self._agenda: dict[MailboxId, Mailbox] = {}

    def round(self, *, thorough: bool) -> str:
        """Bring everything up to date; a sentence about a mailbox that could not be, else "".

        `thorough` believes no count of a server without mod-sequences. Raises Leave when asked to stop.
        """
        self._replay_waiting()
        now = self._desk.clock.monotonic()
        thorough = thorough or self._looked_at is None or now - self._looked_at > FULL_LOOK_S
        self._agenda = self._due(trust_counts=not thorough)
        fault = ""
        while self._agenda:
            fault = self._next_of_agenda() or fault
            self._obey()
        self._replay_waiting(stubborn=True)
        while to_look_at := self._orders.take_looks():  # what was moved to where the server did not say
            self._look_into(to_look_at)
            self._replay_waiting()
        if thorough:
            self._looked_at = now
        return fault

    @property
    def remark(self) -> str:
        """A sentence about what the server could not do as it was wished; empty when there is nothing to say."""
        return self._replay.remark

    def watch(self, poll_at: float) -> None:
        """Wait for news until `poll_at` or until something was asked, and take it in."""
        self._notify = self._notify or self._session.notify()
        while self._wanted():
            if self._orders.take_wake():
                self._replay_waiting()
            self._look_into(self._orders.take_looks())
            left_s = poll_at - self._desk.clock.monotonic()
            if left_s <= 0 or self._orders.waiting:
                return
            watched = self._to_watch()
            self._watch_inbox_too(watched)
            if watched is not None and self._current_id != watched.id:
                self._sync(watched)
            elif self._current is not None:
                longest_s = IDLE_S if self._session.has("IDLE") else NOOP_S
                self._take_in(self._session.idle(self._orders.bell.fileno(), min(longest_s, left_s)))
                self._orders.bell.hush()
            else:
                self._orders.bell.wait(left_s)

    # --- parts of a round -------------------------------------------------------

    def _next_of_agenda(self) -> str:
        """Sync the most wanted mailbox; a sentence when it cannot be read."""
        wanted = plan.order(list(self._agenda.values()), self._orders.shown)
        mailbox = self._store.mailboxes.get(wanted[0].id) if wanted else None  # it may bear another name by now
        if mailbox is None or mailbox.name_there is None:
            self._agenda = {one.id: one for one in wanted[1:]}
            return ""
        finished, sentence = self._sync(mailbox)
        if finished:
            del self._agenda[mailbox.id]
        return sentence

    def _due(self, *, trust_counts: bool) -> dict[MailboxId, Mailbox]:
        """The mailboxes that need a look."""
        listed, changed = list_mailboxes(self._session, self._store, self._desk)
        if changed:
            self._desk.tell(TreeChanged(self._desk.name))
        by_name = {one.name: one for one in listed}
        due = {}
        for mailbox in self._store.mailboxes.all(self._desk.name):
            found = by_name.get(mailbox.name_there or "")
            if mailbox.selectable and found and not self._is_current(mailbox, found, trust_counts=trust_counts):
                due[mailbox.id] = mailbox
        return due

    def _is_current(self, mailbox: Mailbox, told: Listed | StatusNews, *, trust_counts: bool) -> bool:
        point = self._store.mailboxes.sync_point(mailbox.id)
        total, unread = (
            (told.total, told.unread) if isinstance(told, StatusNews) else (told.server_total, told.server_unread)
        )
        here = mailbox.total
        if here != total:  # some may be shown elsewhere already, or be hidden
            here = len(self._store.envelopes.uids(mailbox.id))
        known = plan.Known(
            point.uid_validity, point.uid_next, point.highest_modseq, here, mailbox.unread, point.filled_down_to == 1
        )
        server = plan.Numbers(told.uid_validity, told.uid_next, told.highest_modseq, total, unread)
        return plan.is_current(server, known, trust_counts=trust_counts)

    def _sync(self, mailbox: Mailbox) -> tuple[bool, str]:
        """Sync one mailbox: whether it is done with, and a sentence when it cannot be read."""

        def interrupted() -> bool:
            asked = self._orders.peek()
            return (
                not self._wanted()
                or asked.renew
                or (asked.wake and self._store.pending.count(self._desk.name) > 0)
                or self._somebody_waits_for_another(mailbox)
            )

        self._leave_mailbox()
        now = self._desk.clock.monotonic()
        scan_flags = now - self._scanned_at.get(mailbox.id, -FULL_LOOK_S) > RESCAN_S or mailbox.id in self._agenda
        sync = MailboxSync(self._session, self._store, self._desk, mailbox, interrupted)
        try:
            finished = sync.open(scan_flags=scan_flags)
        except ServerRefused as exc:
            words = clean_line(exc.words, 200) if exc.words else exc.sentence
            sentence = f"{clean_line(mailbox.name, 80)} cannot be read; the server says: {words}"
            self._store.mailboxes.set_error(mailbox.id, sentence)
            self._desk.tell(MailboxChanged(mailbox.id))
            return True, sentence
        if mailbox.error:
            self._store.mailboxes.set_error(mailbox.id, "")
        self._current, self._current_id = sync, mailbox.id
        self._replay.ground.selected = (mailbox.id, sync.uid_validity)
        if finished and scan_flags:
            self._scanned_at[mailbox.id] = now
        return finished, ""

    def _leave_mailbox(self) -> None:
        self._current = self._current_id = self._replay.ground.selected = None

    def _somebody_waits_for_another(self, mailbox: Mailbox) -> bool:
        """Whether the mailbox on the screen is due, and still has nothing to show."""
        shown = self._orders.shown
        if shown is None or shown == mailbox.id or shown not in self._agenda:
            return False
        waiting = self._store.mailboxes.get(shown)
        return waiting is not None and waiting.total == 0

    def _obey(self) -> None:
        """Between two jobs: do what presses, or leave."""
        if self._orders.peek().renew or not self._wanted():
            raise Leave
        if self._orders.take_wake():
            self._replay_waiting()

    def _replay_waiting(self, *, stubborn: bool = False) -> None:
        """Tell what waits; what must be looked for afterwards is put on the list of looks."""
        if not self._store.pending.count(self._desk.name):
            return
        self._replay.run(stubborn=stubborn)
        if self._replay.large_wait:
            self._upload()
        to_look_at, self._replay.to_look_at = self._replay.to_look_at, set()
        for mailbox_id in to_look_at:
            self._orders.look(mailbox_id)
        selected = self._replay.ground.selected
        if selected is None or selected[0] != self._current_id:
            self._current = self._current_id = None

    # --- watching ---------------------------------------------------------------

    def _to_watch(self) -> Mailbox | None:
        shown = self._store.mailboxes.get(self._orders.shown) if self._orders.shown is not None else None
        if shown is not None and shown.account == self._desk.name and shown.selectable and not shown.error \
                and shown.name_there is not None:
            return shown
        return self._store.mailboxes.with_role(self._desk.name, Role.INBOX)

    def _to_watch_id(self) -> MailboxId | None:
        watched = self._to_watch()
        return watched.id if watched is not None else None

    def _take_in(self, news: News) -> None:
        if self._current is not None:
            self._current.refresh(news)
        if news.mailboxes_changed:
            self._orders.ask(try_again=True)
        for status in news.statuses:
            mailbox = self._by_name_there(status.name)
            if mailbox is None:
                self._orders.ask(try_again=True)
            elif mailbox.id != self._current_id and not self._is_current(mailbox, status, trust_counts=True):
                self._orders.look(mailbox.id)

    def _by_name_there(self, name: str) -> Mailbox | None:
        found = self._store.mailboxes.find(self._desk.name, name)
        if found is not None and found.name_there == name:
            return found
        return next((one for one in self._store.mailboxes.all(self._desk.name) if one.name_there == name), None)

    def _look_into(self, mailboxes: set[MailboxId]) -> None:
        for mailbox_id in mailboxes:
            mailbox = self._store.mailboxes.get(mailbox_id)
            if mailbox is None or not mailbox.selectable or mailbox.name_there is None:
                continue
            if mailbox_id == self._current_id:
                self._take_in(self._session.noop())
            else:
                self._sync(mailbox)

    def _watch_inbox_too(self, watched: Mailbox | None) -> None:
        """The inbox gets a watcher of its own while another mailbox is watched here."""
        inbox = self._store.mailboxes.with_role(self._desk.name, Role.INBOX)
        is_needed = inbox is not None and watched is not None and watched.id != inbox.id and not self._notify
        self._watch_inbox(inbox if is_needed and self._session.has("IDLE") else None)
