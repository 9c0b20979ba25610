"""POP3 over the INBOX of an account: RFC 1939, CAPA (RFC 2449), STLS (RFC 2595), SASL (RFC 5034).

A session sees the messages that were there at login, and deletes only at QUIT.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

from tuimail.demo.accounts import Account, Accounts, Cancelled, decode_base64
from tuimail.demo.mailstore import Message
from tuimail.demo.wire import Wire, WireClosed


class _Refused(Exception):
    """The answer is -ERR with these words."""


class PopSession:
    """One connection."""

    def __init__(
        self, wire: Wire, accounts: Accounts, log: list[str], can_start_tls: Callable[[], Awaitable[None]] | None
    ) -> None:
        """log: gets every command received, without passwords."""
        self._wire = wire
        self._accounts = accounts
        self._log = log
        self._start_tls = can_start_tls
        self._user = ""
        self._account: Account | None = None
        self._messages: list[Message] = []
        self._deleted: set[int] = set()
        self._open = True
        self._verbs: dict[str, Callable[[list[str]], Awaitable[bytes]]] = {
            "CAPA": self._capa,
            "STLS": self._stls,
            "USER": self._name,
            "PASS": self._pass,
            "AUTH": self._auth,
            "QUIT": self._quit,
            "STAT": self._stat,
            "LIST": self._list,
            "UIDL": self._uidl,
            "RETR": self._retr,
            "TOP": self._top,
            "DELE": self._dele,
            "RSET": self._rset,
            "NOOP": self._noop,
        }

    async def run(self) -> None:
        """Greet and serve until the client leaves."""
        try:
            await self._wire.send(b"+OK the tuimail demo server is ready\r\n")
            while self._open:
                await self._serve_one()
        except (WireClosed, ConnectionError, TimeoutError):
            return
        finally:
            await self._wire.close()

    async def _serve_one(self) -> None:
        verb, *args = (await self._wire.line()).decode("utf-8", "replace").split(" ") or [""]
        verb = verb.upper()
        self._log.append(verb if verb in ("PASS", "AUTH", "USER") else " ".join([verb, *args]))
        try:
            if verb == "PASS":
                args = [" ".join(args)]
            handler = self._verbs.get(verb)
            if handler is None:
                raise _Refused("an unknown command")
            if self._account is None and verb not in ("CAPA", "STLS", "USER", "PASS", "AUTH", "QUIT"):
                raise _Refused("log in first")
            answer = await handler(args)
        except _Refused as refusal:
            answer = f"-ERR {refusal}\r\n".encode()
        if answer:
            await self._wire.send(answer)

    # -- before login ---------------------------------------------------------------------------------------------

    @property
    def _needs_tls(self) -> bool:
        return self._start_tls is not None and not self._wire.secure

    async def _capa(self, args: list[str]) -> bytes:
        login = ["STLS"] if self._needs_tls else ["USER", "SASL PLAIN SCRAM-SHA-256 XOAUTH2 OAUTHBEARER"]
        lines = [
            "+OK",
            *login,
            "TOP",
            "UIDL",
            "PIPELINING",
            "RESP-CODES",
            "AUTH-RESP-CODE",
            "IMPLEMENTATION tuimail-demo",
            ".",
        ]
        return ("\r\n".join(lines) + "\r\n").encode()

    async def _stls(self, args: list[str]) -> bytes:
        if self._start_tls is None or self._wire.secure:
            raise _Refused("TLS is not offered")
        await self._wire.send(b"+OK begin TLS now\r\n")
        await self._start_tls()
        return b""

    async def _name(self, args: list[str]) -> bytes:
        if self._needs_tls:
            raise _Refused("start TLS first")
        self._user = " ".join(args)
        return b"+OK now the password\r\n"

    async def _pass(self, args: list[str]) -> bytes:
        if self._needs_tls:
            raise _Refused("start TLS first")
        return self._enter(self._accounts.check(self._user, args[0]))

    async def _auth(self, args: list[str]) -> bytes:
        if self._needs_tls:
            raise _Refused("start TLS first")
        if not args:
            return b"+OK\r\nPLAIN\r\nSCRAM-SHA-256\r\n.\r\n"

        async def ask(challenge: bytes) -> bytes:
            await self._wire.send(b"+ " + base64.b64encode(challenge) + b"\r\n")
            return decode_base64(await self._wire.line())

        try:
            initial = decode_base64(args[1].encode()) if len(args) > 1 else None
            return self._enter(await self._accounts.authenticate(args[0].upper(), initial, ask))
        except (Cancelled, LookupError) as exc:
            raise _Refused("the authentication was cancelled or is not offered") from exc

    def _enter(self, account: Account | None) -> bytes:
        if account is None or self._account is not None:
            raise _Refused("[AUTH] the user name or the password is wrong")
        self._account = account
        self._messages = list(account.store.mailbox("INBOX").messages)
        return b"+OK welcome\r\n"

    # -- after login ----------------------------------------------------------------------------------------------

    def _message(self, args: list[str]) -> tuple[int, Message]:
        number = int(args[0]) if args and args[0].isascii() and args[0].isdigit() else 0
        if not 1 <= number <= len(self._messages) or number in self._deleted:
            raise _Refused("there is no such message")
        return number, self._messages[number - 1]

    def _listing(self, args: list[str], describe: Callable[[Message], str]) -> bytes:
        if args:
            number, message = self._message(args)
            return f"+OK {number} {describe(message)}\r\n".encode()
        rows = [f"{n} {describe(m)}\r\n" for n, m in enumerate(self._messages, start=1) if n not in self._deleted]
        return ("+OK\r\n" + "".join(rows) + ".\r\n").encode()

    async def _stat(self, args: list[str]) -> bytes:
        left = [m for n, m in enumerate(self._messages, start=1) if n not in self._deleted]
        return f"+OK {len(left)} {sum(len(m.raw) for m in left)}\r\n".encode()

    async def _list(self, args: list[str]) -> bytes:
        return self._listing(args, lambda message: str(len(message.raw)))

    async def _uidl(self, args: list[str]) -> bytes:
        validity = self._account.store.mailbox("INBOX").uid_validity if self._account is not None else 0
        return self._listing(args, lambda message: f"{validity:08x}{message.uid:08x}")

    async def _retr(self, args: list[str]) -> bytes:
        _, message = self._message(args)
        return f"+OK {len(message.raw)} octets\r\n".encode() + dot_stuffed(message.raw)

    async def _top(self, args: list[str]) -> bytes:
        _, message = self._message(args)
        if len(args) != 2 or not (args[1].isascii() and args[1].isdigit()):
            raise _Refused("TOP takes a message and a number of lines")
        head, empty_line, body = message.raw.partition(b"\r\n\r\n")
        lines = body.splitlines(keepends=True)[: int(args[1])]
        return b"+OK\r\n" + dot_stuffed(head + empty_line + b"".join(lines))

    async def _dele(self, args: list[str]) -> bytes:
        number, _ = self._message(args)
        self._deleted.add(number)
        return b"+OK gone at QUIT\r\n"

    async def _rset(self, args: list[str]) -> bytes:
        self._deleted.clear()
        return b"+OK nothing is deleted\r\n"

    async def _noop(self, args: list[str]) -> bytes:
        return b"+OK\r\n"

    async def _quit(self, args: list[str]) -> bytes:
        if self._account is not None and self._deleted:
            inbox = self._account.store.mailbox("INBOX")
            inbox.expunge(self._messages[number - 1].uid for number in self._deleted)
        self._open = False
        return b"+OK until next time\r\n"


def dot_stuffed(raw: bytes) -> bytes:
    """A multi-line answer: lines with a dot in front get a second one, and a lone dot ends it (RFC 1939 3)."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"
