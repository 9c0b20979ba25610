"""The engine itself: it takes requests from clients and hands them to the accounts they are about.

The same class runs in the engine's process and inside a test. One thread reads requests,
looks the account up, and keeps an eye on the clock.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tuimail import config
from tuimail.config import AccountConfig, Protocol
from tuimail.engine.at_work import AtWork
from tuimail.engine.children.clamd import Clamd, find_socket
from tuimail.engine.children.convert import Converter
from tuimail.engine.children.examine import Examiner
from tuimail.engine.clock import Clock, JumpDetector, SystemClock
from tuimail.engine.desk import Desk
from tuimail.engine.finding.indexing import Indexing
from tuimail.engine.finding.servers import ServerSearches
from tuimail.engine.imap.account import AccountAtWork
from tuimail.engine.local.maildir import MaildirAtWork
from tuimail.engine.log import Log
from tuimail.engine.pop.life import PopAtWork
from tuimail.engine.protocol import (
    Credential,
    Notice,
    PartFailed,
    Reload,
    Request,
    SearchServer,
    Show,
    SyncEnded,
    SyncNow,
    TreeChanged,
    Unwant,
    Wake,
    Want,
)
from tuimail.engine.send.senders import Senders
from tuimail.engine.standing import STORE_TROUBLE_S
from tuimail.errors import ConfigError, MailError, StoreError
from tuimail.mime.decoding.addresses import parse_addresses
from tuimail.model import EnvelopeId
from tuimail.paths import Paths
from tuimail.store import Store

TICK_S: Final = 5.0
LEARN_S: Final = 0.5
"""Of each tick, while there are people to learn."""
END_S: Final = 2.0


class Engine:
    """All accounts of one data directory at work."""

    def __init__(
        self,
        paths: Paths,
        *,
        tell: Callable[[Notice], None],
        clock: Clock | None = None,
        log: Log | None = None,
        converter: Converter | None = None,
    ) -> None:
        self._paths = paths
        self._tell_all = tell
        self._clock = clock or SystemClock()
        self._log = log or Log(None)
        self._converter = converter or Converter(self._log)
        self._examiner = Examiner(self._log)
        self._jumps = JumpDetector(self._clock)
        self._requests: queue.SimpleQueue[Request | Callable[[], None] | None] = queue.SimpleQueue()
        self._accounts: dict[str, AtWork] = {}
        self._senders = Senders(self._accounts.get, self._ended)
        self._indexing = Indexing(
            paths, tell, self._any_pressing, self._log, wake=lambda: self.handle(Wake()), below=self._looking_at,
        )
        self._searches = ServerSearches(tell)
        self._tickets: dict[str, set[str]] = {}
        self._tickets_lock = threading.Lock()
        self._fault = ""
        self._watching = False
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)

    def start(self) -> None:
        """Read the configuration and begin."""
        self._thread.start()
        self._indexing.start()

    def handle(self, request: Request) -> None:
        """A client asks. From any thread, returns at once."""
        self._requests.put(request)

    def watch(self, watching: bool) -> None:
        """Whether any client wants the accounts to stay connected."""
        self._requests.put(lambda: self._set_watching(watching))

    def tick(self) -> None:
        """Look at the clock now; happens by itself every few seconds."""
        self._requests.put(self._look_at_clock)

    @property
    def busy(self) -> bool:
        """Whether something that was asked for is still being done."""
        if self._tickets or self._searches.busy or self._indexing.at_work:
            return True
        return self.sending or self._any_at_work()

    @property
    def sending(self) -> bool:
        """Whether a message is on its way out, or will be soon."""
        return self._senders.busy

    def close(self) -> None:
        """End all accounts; what is not done yet stays to be done."""
        self._requests.put(None)
        self._indexing.stop()
        self._thread.join(END_S)
        accounts = list(self._accounts.values())
        for account in accounts:
            account.stop()
        self._senders.close()
        for account in accounts:
            account.join(END_S)
        self._indexing.join(END_S)
        self._converter.close()
        self._examiner.close()

    def _tell(self, notice: Notice) -> None:
        self._tell_all(notice)
        self._senders.hear(notice)
        self._indexing.hear(notice)
        self._searches.hear(notice)

    def _any_at_work(self) -> bool:
        """Whether any account does what it was asked for. From any thread."""
        return any(account.busy for account in list(self._accounts.values()))

    def _any_pressing(self) -> bool:
        """Whether any account does what somebody waits for. From any thread."""
        return any(account.pressing for account in list(self._accounts.values()))

    def _looking_at(self) -> EnvelopeId | None:
        """The oldest message that any account still looks at. From any thread."""
        found = (account.looking_at for account in list(self._accounts.values()))
        return min((one for one in found if one is not None), default=None)

    # --- the dispatcher's thread ------------------------------------------------

    def _run(self) -> None:
        asked: Request | None = None
        while True:
            try:
                with Store.open(self._paths) as store:
                    self._load(store)
                    if asked is not None:
                        self._do(asked, store)
                        asked = None
                    self._serve(store)
                return
            except MailError as exc:
                self._log.fault("dispatch.store", exc)
                if asked is not None:
                    self._refuse(asked, exc.sentence)
            except Exception as exc:  # noqa: BLE001 - the top of the thread
                self._log.fault("dispatch.fault", exc)
                self._serve_broken("Something went wrong inside tuimail; see its log.")
                return
            asked = self._next_asked()
            if asked is None:
                return

    def _serve(self, store: Store) -> None:
        while True:
            try:
                request = self._requests.get(timeout=TICK_S)
            except queue.Empty:
                self._look_at_clock()
                self._learn_people(store)
                continue
            if request is None:
                return
            if callable(request):
                request()
            else:
                self._do(request, store)

    def _learn_people(self, store: Store) -> None:
        """Go on counting who writes, a tenth of the time at most, and only while nobody asks for anything."""
        with suppress(StoreError):  # it is tried again, and nobody waits for it
            until = self._clock.monotonic() + LEARN_S
            while self._requests.empty() and self._clock.monotonic() <= until:
                if not store.people.learn(parse_addresses):
                    return

    def _next_asked(self) -> Request | None:
        """What is asked while the store cannot be used: it may be usable by then. None at the end."""
        while True:
            try:
                request = self._requests.get(timeout=STORE_TROUBLE_S)
            except queue.Empty:
                return Wake()
            if not callable(request):
                return request
            request()

    def _serve_broken(self, sentence: str) -> None:
        """Nothing can be done any longer: everybody who asks is told why."""
        while (request := self._requests.get()) is not None:
            if not callable(request):
                self._refuse(request, sentence)

    def _refuse(self, request: Request, sentence: str) -> None:
        if isinstance(request, SyncNow):
            self._tell(SyncEnded("", sentence, request.ticket))
        elif isinstance(request, Want):
            self._tell(PartFailed(request.envelope_id, request.section, sentence))
        elif isinstance(request, SearchServer):
            self._searches.refuse(request, sentence)

    def _do(self, request: Request, store: Store) -> None:
        match request:
            case Wake():
                for account in self._named(request.account):
                    account.wake()
                self._senders.wake(request.account)
            case Want():
                self._want(request, store)
            case Unwant():
                for account in self._accounts.values():
                    account.unwant(request.envelope_id, request.section)
            case Show():
                mailbox = store.mailboxes.get(request.mailbox_id)
                for name, account in self._accounts.items():
                    account.show(request.mailbox_id if mailbox is not None and mailbox.account == name else None)
            case SyncNow():
                self._sync(request)
            case Credential(part="send"):
                self._senders.credential(request.account, request.secret)
            case Credential():
                for account in self._named(request.account):
                    account.credential(request.secret)
            case SearchServer():
                self._searches.begin(request, self._accounts)
            case Reload():
                self._load(store)
            case _:
                pass

    def _named(self, name: str) -> list[AtWork]:
        if not name:
            return list(self._accounts.values())
        account = self._accounts.get(name)
        return [account] if account is not None else []

    def _want(self, want: Want, store: Store) -> None:
        envelope = store.envelopes.envelope(want.envelope_id)
        account = self._accounts.get(envelope.account) if envelope is not None else None
        if account is not None:
            account.want(want.envelope_id, want.section, urgent=want.urgent)
        elif want.urgent:
            why = "This message is no longer there." if envelope is None else "Its account is not set up any longer."
            self._tell(PartFailed(want.envelope_id, want.section, why))

    def _sync(self, request: SyncNow) -> None:
        names = [request.account] if request.account else list(self._accounts)
        known = [name for name in names if name in self._accounts]
        with self._tickets_lock:
            self._tickets.setdefault(request.ticket, set()).update(known)
        for name in names:
            if name not in self._accounts:
                self._tell(SyncEnded(name, f"There is no account called {name}.", request.ticket))
        for name in known:
            self._senders.sync(name, request.ticket)
            self._accounts[name].sync(request.ticket)
        if not known:
            self._end_ticket(request.ticket, self._fault)

    def _ended(self, account: str, tickets: list[str], sentence: str) -> None:
        """An account is done with these tickets. From its threads."""
        for ticket in tickets:
            self._tell(SyncEnded(account, sentence, ticket))
            with self._tickets_lock:
                waiting = self._tickets.get(ticket, set())
                waiting.discard(account)
            if not waiting:
                self._end_ticket(ticket, "")

    def _end_ticket(self, ticket: str, sentence: str) -> None:
        with self._tickets_lock:
            if self._tickets.pop(ticket, None) is None:
                return
        self._tell(SyncEnded("", sentence, ticket))

    # --- accounts ---------------------------------------------------------------

    def _load(self, store: Store) -> None:
        """Take the configuration as it is now; a mistake in it leaves the accounts as they were."""
        try:
            loaded = config.load(self._paths.config_file)
        except ConfigError as exc:
            self._fault = exc.sentence
            self._log.write("config.refused", mistakes=len(exc.mistakes))
            return
        self._fault = ""
        self._indexing.join_by_subject(loaded.ui.threads_by_subject)
        accounts = dict(loaded.accounts)
        scanner = find_socket(loaded.clamd)
        self._examiner.use(Clamd(scanner, self._log) if scanner is not None else None)
        store.accounts.sync_names(
            (account.name, account.address, account.receive.protocol.value) for account in accounts.values()
        )
        for name in list(self._accounts):
            if accounts.get(self._accounts[name].config.name) != self._accounts[name].config:
                self._dismiss(name)
        for account in accounts.values():
            if account.name in self._accounts:
                self._accounts[account.name].try_again()
            else:
                self._employ(account)
        for name in accounts:
            self._tell(TreeChanged(name))

    def _employ(self, account: AccountConfig) -> None:
        desk = Desk(
            self._paths, account, self._clock, self._log, self._tell, self._converter, self._examiner
        )
        at_work = self._accounts[account.name] = _at_work(desk, self._senders.tickets.mail)
        at_work.start()
        at_work.watch(self._watching)
        self._senders.employ(desk)

    def _dismiss(self, name: str) -> None:
        account = self._accounts.pop(name)
        account.stop()
        self._senders.dismiss(name)
        self._searches.dismiss(name)
        with self._tickets_lock:
            waiting = [ticket for ticket, names in self._tickets.items() if name in names]
        self._ended(name, waiting, "The account was changed meanwhile.")

    def _set_watching(self, watching: bool) -> None:
        self._watching = watching
        for account in self._accounts.values():
            account.watch(watching)

    def _look_at_clock(self) -> None:
        if self._jumps.jumped():
            self._log.write("clock.jumped")
            for account in self._accounts.values():
                account.renew()
            self._senders.renew()


def _at_work(desk: Desk, ended: Callable[[str, list[str], str], None]) -> AtWork:
    """The kind of work that an account's protocol takes."""
    match desk.account.receive.protocol:
        case Protocol.IMAP:
            return AccountAtWork(desk, ended)
        case Protocol.POP3:
            return PopAtWork(desk, ended)
        case Protocol.MAILDIR:
            return MaildirAtWork(desk, ended)
