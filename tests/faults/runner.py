"""Sessions of a POP3 account without its threads of waiting: dial, one round, and what became of it."""

from __future__ import annotations

from pathlib import Path

from tests.faults.drop_server import Drop, DropServer
from tuimail.config import AccountConfig, Protocol, Receive, Security
from tuimail.engine.children.convert import Converter
from tuimail.engine.clock import Clock, SystemClock
from tuimail.engine.desk import Desk
from tuimail.engine.local.describe import describe
from tuimail.engine.log import Log
from tuimail.engine.pop.download import Learned
from tuimail.engine.pop.session import Outcome, PopRound
from tuimail.errors import MailError
from tuimail.model import AccountName
from tuimail.net.pop.session import PopLimits, PopSession
from tuimail.paths import Paths
from tuimail.store import Store

ACCOUNT = AccountName("pop")
QUICK = PopLimits(command_s=2.0, silence_s=0.3)


class Sessions:
    """One data directory, and sessions with a server."""

    def __init__(
        self, directory: Path, server: DropServer, *, keep_days: int | None = 0, clock: Clock | None = None
    ) -> None:
        self.server = server
        self.paths = Paths(directory / "config.toml", directory / "data", directory / "state", directory / "run")
        self.paths.make()
        self.receive = Receive(
            Protocol.POP3, server.host, server.pop3_port, Security.NONE, server.pop3_user,
            keep_on_server_days=keep_days, quarantine=True,
        )  # fmt: skip
        account = AccountConfig(ACCOUNT, "ada@example.net", "", self.receive)
        log = Log(None)
        self.desk = Desk(self.paths, account, clock or SystemClock(), log, lambda _: None, Converter(log))
        self.learned = Learned()
        self.limits = QUICK

    @property
    def drop(self) -> Drop:
        """What lies on the server."""
        return self.server.drop

    @property
    def maildir(self) -> Path:
        """Where mail lies here."""
        return self.paths.maildir

    def store(self) -> Store:
        """Opened as an engine opens it after a start."""
        store = Store.open(self.paths)
        store.accounts.sync_names([(ACCOUNT, "ada@example.net", "pop3")])
        return store

    def run(self) -> Outcome | MailError:
        """Everything that an engine does from its start to the end of a session; the server is done as well."""
        try:
            with self.store() as store:
                store.local.open_account(ACCOUNT)
                store.local.scan(ACCOUNT, lambda raw: describe(raw, hold=True))
                return self._session(store)
        except MailError as exc:
            return exc
        finally:
            self.server.drained()

    def session_with(self, store: Store) -> Outcome | MailError:
        """One session alone, in a store that is open already."""
        try:
            return self._session(store)
        except MailError as exc:
            return exc
        finally:
            self.server.drained()

    def _session(self, store: Store) -> Outcome:
        session = PopSession.connect(self.receive, deadline_s=2.0, limits=self.limits)
        try:
            session.login(self.receive.user, self.server.password)
            return PopRound(
                session, store, self.desk, self.learned, filed=lambda _: None, stopping=lambda: False
            ).run()
        finally:
            session.close()
