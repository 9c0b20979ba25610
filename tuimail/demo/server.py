"""The embedded mail server as one object: IMAP, POP3 and SMTP on free loopback ports, in a daemon thread.

`DemoServer.start()` returns when all three listen; it is a context manager. Methods may be called from any thread.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

from tuimail.demo.accounts import Account, Accounts
from tuimail.demo.imap.capabilities import FULL
from tuimail.demo.imap.session import Session
from tuimail.demo.imap.verbs import VERBS
from tuimail.demo.mailstore import MailStore, Message
from tuimail.demo.pop3 import PopSession
from tuimail.demo.samples import answers, mailbox
from tuimail.demo.smtp import Sink, SmtpSession, Submission
from tuimail.demo.wire import Wire

HOST = "127.0.0.1"
START_TIMEOUT_S = 15.0

_T = TypeVar("_T")
_Serve = Callable[[Wire], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the server behaves; the defaults are those of tests."""

    samples: bool = True
    """Fill the mailboxes with the sample mail, else leave an empty INBOX."""
    now: datetime | None = None
    """The moment the sample mail is dated around; None for the real one."""
    capabilities: frozenset[str] = FULL
    """See `tuimail.demo.imap.capabilities`."""
    drip_s: float | None = None
    """Seconds between messages that arrive by themselves; None for never."""
    reply_delay_s: float = 4.0
    """How long the people who answer take to do so."""
    tls: ssl.SSLContext | None = None
    """TLS from the first octet on all three ports."""
    starttls: ssl.SSLContext | None = None
    """STARTTLS and STLS, and no login before it."""
    password: str | None = None
    """None for a random one."""
    delimiter: str = "/"
    """Between the levels of a mailbox name."""


class DemoServer:
    """A running server. `user` and `pop3_user` are two accounts with the same password and mail of their own."""

    host = HOST
    user = mailbox.OWNER_USER
    address = mailbox.OWNER_ADDRESS
    name = mailbox.OWNER_NAME
    pop3_user = mailbox.POP_USER
    pop3_address = mailbox.POP_ADDRESS

    def __init__(self, options: Options) -> None:
        """Use `start`."""
        self._options = options
        self.password = options.password or secrets.token_urlsafe(12)
        self.imap_port = self.pop3_port = self.smtp_port = 0
        self.smtps_port = 0
        """SMTP under TLS from the first octet, with the certificate for STARTTLS; 0 without one."""
        self.store = MailStore(delimiter=options.delimiter)
        """The mail of `user`."""
        self.pop3_store = MailStore(uid_validity=1_600_000_000)
        """The mail of `pop3_user`."""
        self.accounts = Accounts(
            [
                Account(self.user, self.address, self.password, self.store),
                Account(self.pop3_user, self.pop3_address, self.password, self.pop3_store),
            ]
        )
        self.sink = Sink(self._deliver_submission)
        self.log: list[str] = []
        """Every command received by any protocol, without secrets."""
        self.refusals: dict[str, str] = {}
        """IMAP verb to answer: `server.refusals["STORE"] = "NO [LIMIT] not now"` until it is taken out again."""
        self._later = mailbox.later(options.now or datetime.now(UTC)) if options.drip_s else []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo-server", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._drip: asyncio.Task[None] | None = None

    @classmethod
    def start(
        cls,
        *,
        samples: bool = True,
        now: datetime | None = None,
        capabilities: frozenset[str] = FULL,
        drip_s: float | None = None,
        reply_delay_s: float = 4.0,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        password: str | None = None,
        delimiter: str = "/",
    ) -> Self:
        """Start and listen; the fields of `Options` say what each argument means."""
        options = Options(
            samples=samples,
            now=now,
            capabilities=capabilities,
            drip_s=drip_s,
            reply_delay_s=reply_delay_s,
            tls=tls,
            starttls=starttls,
            password=password,
            delimiter=delimiter,
        )
        server = cls(options)
        if samples:
            moment = now or datetime.now(UTC)
            mailbox.fill(server.store, moment)
            mailbox.fill_pop3(server.pop3_store, moment)
        server._thread.start()
        server._run(server._listen())
        if drip_s:
            server._run(server._start_drip(drip_s))
        return server

    def stop(self) -> None:
        """Close every connection and end the thread; harmless when called twice."""
        if not self._thread.is_alive():
            return
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT_S)
        self._loop.close()

    def go_offline(self) -> None:
        """Refuse new connections and cut the open ones; the mail and the ports stay ours."""
        self._run(self._close_servers())
        self._run(self._cut())

    def go_online(self) -> None:
        """Listen again on the same ports."""
        self._run(self._listen())

    def cut_clients(self) -> None:
        """Drop every open connection without a word."""
        self._run(self._cut())

    def deliver(
        self, raw: bytes, mailbox: str = "INBOX", flags: Iterable[str] = (), internal_date: datetime | None = None
    ) -> Message:
        """Put a message into a mailbox, as a mail server that received it does."""
        return self.store.mailbox(mailbox).append(raw, flags, internal_date)

    def __enter__(self) -> Self:
        """The server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    # -- in the loop ----------------------------------------------------------------------------------------------

    def _run(self, work: Coroutine[None, None, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT_S)

    async def _listen(self) -> None:
        self.imap_port = await self._serve(self._imap, self.imap_port)
        self.pop3_port = await self._serve(self._pop3, self.pop3_port)
        self.smtp_port = await self._serve(self._smtp, self.smtp_port)
        if self._options.starttls is not None:
            self.smtps_port = await self._serve(self._smtp, self.smtps_port, self._options.starttls)

    async def _serve(self, serve: _Serve, port: int, tls: ssl.SSLContext | None = None) -> int:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is None:
                return
            self._clients.add(task)
            self._writers.add(writer)
            try:
                await serve(Wire(reader, writer))
            except asyncio.CancelledError:
                return  # the server is stopping; asyncio would log the cancelled handler as an error
            finally:
                self._clients.discard(task)
                self._writers.discard(writer)

        context = tls or self._options.tls
        server = await asyncio.start_server(connected, HOST, port, ssl=context, limit=4 * 1024 * 1024)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    def _starter(self, wire: Wire) -> Callable[[], Awaitable[None]] | None:
        context = self._options.starttls
        return None if context is None else lambda: wire.start_tls(context)

    async def _imap(self, wire: Wire) -> None:
        offered = self._options.capabilities
        await Session(wire, self.accounts, offered, VERBS, self.refusals, self.log, self._starter(wire)).run()

    async def _pop3(self, wire: Wire) -> None:
        await PopSession(wire, self.accounts, self.log, self._starter(wire)).run()

    async def _smtp(self, wire: Wire) -> None:
        await SmtpSession(wire, self.accounts, self.sink, self.log, self._starter(wire)).run()

    async def _close_servers(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        if self._clients:
            await asyncio.wait(list(self._clients), timeout=5)

    async def _shut(self) -> None:
        await self._close_servers()
        if self._drip is not None:
            self._drip.cancel()
        await self._cut()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    async def _start_drip(self, period_s: float) -> None:
        self._drip = asyncio.create_task(self._drip_messages(self._later, period_s))

    async def _drip_messages(self, later: Sequence[Callable[[datetime], bytes]], period_s: float) -> None:
        for make in later:
            await asyncio.sleep(period_s)
            self.deliver(make(datetime.now(UTC)))

    def _deliver_submission(self, submission: Submission) -> None:
        """Mail to our own users goes to their INBOX; some others answer after a while."""
        for recipient in submission.recipients:
            account = self.accounts.find(recipient)
            if account is not None:
                account.store.mailbox("INBOX").append(submission.raw)
                continue
            answer = answers.answer_to(recipient, submission.raw, datetime.now(UTC))
            sender = self.accounts.find(submission.sender)
            if answer is not None and sender is not None:
                inbox = sender.store.mailbox("INBOX")
                self._loop.call_later(self._options.reply_delay_s, inbox.append, answer)
