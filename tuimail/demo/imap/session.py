"""One IMAP connection: it reads commands with their literals, finds the verb, answers, and tells news when that is
allowed.

What the verbs do is in `access`, `mailboxes` and `messages`; they get the session and a `Call`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from tuimail.demo.accounts import Account, Accounts
from tuimail.demo.imap.fetch import Item, Renderer
from tuimail.demo.imap.syntax import BadSyntax, Token, Word, parse_command
from tuimail.demo.imap.view import View
from tuimail.demo.mailstore import Mailbox, NoSuchMailbox
from tuimail.demo.wire import Wire, WireClosed

LITERAL_LIMIT_OCTETS = 64 * 1024 * 1024
_LITERAL = re.compile(rb"\{(\d{1,12})(\+?)\}$")


class State(Enum):
    """RFC 3501 section 3."""

    NOT_AUTHENTICATED = auto()
    AUTHENTICATED = auto()
    SELECTED = auto()
    LOGOUT = auto()


class Refused(Exception):
    """The command's answer is NO or BAD; the text may begin with a response code."""

    def __init__(self, text: str, kind: str = "NO") -> None:
        """kind: NO or BAD."""
        super().__init__(text)
        self.text = text
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it was sent."""

    tag: str
    verb: str
    args: list[Token]
    by_uid: bool = False

    def word(self, index: int) -> Word:
        """An argument that must be a word."""
        token = self.args[index] if index < len(self.args) else None
        if not isinstance(token, Word):
            raise BadSyntax("an argument is missing")
        return token

    def rest(self, index: int) -> list[Token]:
        """The arguments from `index` on."""
        return self.args[index:]


Handler = Callable[["Session", Call], Awaitable[str]]
"""Does one verb and returns the text of its OK."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One command of the protocol."""

    handler: Handler
    states: frozenset[State]
    needs: str = ""
    """The capability without which the verb is unknown."""
    takes_uid: bool = False
    renumbers: bool = True
    """False where RFC 3501 7.4.1 forbids EXPUNGE while the command runs (FETCH, STORE, SEARCH without UID)."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What NOTIFY asked for (RFC 5465)."""

    new_message_items: tuple[Item, ...]
    """What to fetch of a message that arrives in the selected mailbox."""
    others: bool
    """Tell the STATUS of mailboxes that are not selected."""


@dataclass(slots=True, eq=False)
class Session:
    """The state of one connection."""

    wire: Wire
    accounts: Accounts
    offered: frozenset[str]
    verbs: Mapping[str, Verb]
    refusals: Mapping[str, str]
    """Verb to answer (`NO [LIMIT] not now`), for tests of a client's manners."""
    log: list[str]
    """Every command line received, without the words of logins."""
    can_start_tls: Callable[[], Awaitable[None]] | None
    state: State = State.NOT_AUTHENTICATED
    account: Account | None = None
    view: View | None = None
    renderer: Renderer = field(default_factory=Renderer)
    condstore: bool = False
    qresync: bool = False
    watch: Watch | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    changed_mailboxes: set[str] = field(default_factory=set)
    stop_listening: Callable[[], None] | None = None
    _line_task: asyncio.Task[bytes] | None = None

    # -- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Greet and serve until the client leaves."""
        try:
            await self.wire.send(
                f"* OK [CAPABILITY {self.capability_text()}] the tuimail demo server is ready\r\n".encode()
            )
            while self.state is not State.LOGOUT:
                await self._serve_one()
        except (WireClosed, ConnectionError, TimeoutError):
            return
        finally:
            if self._line_task is not None:
                self._line_task.cancel()
            if self.stop_listening is not None:
                self.stop_listening()
            await self.wire.close()

    async def _serve_one(self) -> None:
        line = await self.next_line()
        tag, _, _ = line.partition(b" ")
        name = tag.decode("latin-1")
        try:
            call = self._call(await self._chunks(line))
            name = call.tag
            verb = self._verb(call)
            if call.verb in self.refusals:
                await self.wire.send(f"{call.tag} {self.refusals[call.verb]}\r\n".encode())
                return
            text = await verb.handler(self, call)
        except Refused as refusal:
            await self.flush()
            await self.wire.send(f"{name} {refusal.kind} {refusal.text}\r\n".encode())
            return
        except BadSyntax as exc:
            await self.wire.send(f"{name or '*'} BAD {exc}\r\n".encode())
            return
        except NoSuchMailbox:
            await self.wire.send(f"{name} NO [NONEXISTENT] there is no such mailbox\r\n".encode())
            return
        await self.flush(with_expunges=verb.renumbers or call.by_uid)
        if text:
            await self.wire.send(f"{call.tag} OK {text}\r\n".encode())

    async def next_line(self) -> bytes:
        """The next line; while NOTIFY is on, news go out as they come."""
        while True:
            if self._line_task is None:
                self._line_task = asyncio.ensure_future(self.wire.line())
            if self.watch is None:
                line = await self._line_task
                self._line_task = None
                return line
            if await self.line_before_news():
                line = self._line_task.result()
                self._line_task = None
                return line
            await self.flush()

    async def line_before_news(self) -> bool:
        """Wait for a line (True: the next `next_line` has it at once) or for a change of the store (False)."""
        if self._line_task is None:
            self._line_task = asyncio.ensure_future(self.wire.line())
        news = asyncio.ensure_future(self.changed.wait())
        try:
            await asyncio.wait({self._line_task, news}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if self._line_task.done():
            return True
        self.changed.clear()
        return False

    async def _chunks(self, line: bytes) -> list[bytes]:
        """The command with its literals, as `parse_command` wants it."""
        chunks = []
        while (match := _LITERAL.search(line)) is not None:
            size = int(match[1])
            if match[2] and "LITERAL+" not in self.offered:
                raise WireClosed("a non-synchronizing literal that was not offered")
            if size > LITERAL_LIMIT_OCTETS:
                if match[2]:
                    raise WireClosed("a literal over the limit")
                raise Refused("[TOOBIG] the literal is too big")
            if not match[2]:
                await self.wire.send(b"+ go ahead\r\n")
            chunks += [line[: match.start()], await self.wire.octets(size)]
            line = await self.wire.line()
        return [*chunks, line]

    def _call(self, chunks: list[bytes]) -> Call:
        tokens = parse_command(chunks)
        if len(tokens) < 2 or not isinstance(tokens[0], Word) or not isinstance(tokens[1], Word):
            raise BadSyntax("a command is a tag and a verb")
        tag = tokens[0].value.decode("latin-1")
        verb, args, by_uid = tokens[1].upper, tokens[2:], False
        if verb == "UID" and args and isinstance(args[0], Word):
            verb, args, by_uid = args[0].upper, args[1:], True
        secret = verb in ("LOGIN", "AUTHENTICATE")
        self.log.append(
            verb
            if secret
            else (b"UID " * by_uid + chunks[0].partition(b" ")[2].removeprefix(b"UID ")).decode("latin-1")
        )
        return Call(tag, verb, args, by_uid)

    def _verb(self, call: Call) -> Verb:
        verb = self.verbs.get(call.verb)
        if verb is None or (verb.needs and verb.needs not in self.offered) or (call.by_uid and not verb.takes_uid):
            raise BadSyntax("an unknown command")
        if call.by_uid and call.verb == "EXPUNGE" and "UIDPLUS" not in self.offered:
            raise BadSyntax("an unknown command")
        if self.state not in verb.states:
            raise BadSyntax("not in this state")
        return verb

    # -- what verbs use -------------------------------------------------------------------------------------------

    def capability_text(self) -> str:
        """The capabilities as they are now: before TLS no login is offered where TLS is."""
        names = set(self.offered)
        if self.state is not State.NOT_AUTHENTICATED:
            names = {name for name in names if not name.startswith("AUTH=")}
        elif self.can_start_tls is not None and not self.wire.secure:
            names = {name for name in names if not name.startswith("AUTH=")} | {"STARTTLS", "LOGINDISABLED"}
        if self.wire.compressed:
            names.discard("COMPRESS=DEFLATE")
        return " ".join(sorted(names, key=lambda name: (name != "IMAP4rev1", name)))

    def enter(self, account: Account) -> None:
        """The client has logged in."""
        self.account = account
        self.state = State.AUTHENTICATED
        loop = asyncio.get_running_loop()

        def listener(mailbox: Mailbox) -> None:
            loop.call_soon_threadsafe(self._note_change, mailbox.name)

        self.stop_listening = account.store.listen(listener)

    def _note_change(self, name: str) -> None:
        self.changed_mailboxes.add(name)
        self.changed.set()

    @property
    def mail(self) -> Account:
        """The account after login."""
        if self.account is None:
            raise Refused("not logged in", "BAD")
        return self.account

    @property
    def selected(self) -> View:
        """The selected mailbox."""
        if self.view is None:
            raise Refused("no mailbox is selected", "BAD")
        return self.view

    def writable(self) -> View:
        """The selected mailbox when it may be changed."""
        if self.selected.read_only:
            raise Refused("[READ-ONLY] the mailbox was opened with EXAMINE")
        return self.selected

    def leave_mailbox(self) -> None:
        """Back to the authenticated state."""
        self.view = None
        self.state = State.AUTHENTICATED

    async def flush(self, *, with_expunges: bool = True) -> None:
        """Tell what is new in the selected mailbox, and with NOTIFY in the others."""
        if self.view is not None:
            await self._check_mailbox(self.view)
            if self.state is State.LOGOUT:
                return
            before = len(self.view.messages)
            lines = self.view.news(
                with_expunges=with_expunges, vanished=self.qresync, modseq=self.condstore, with_uid=self.qresync
            )
            if self.watch is not None and self.watch.new_message_items:
                lines += self._announced_messages(before)
            if lines:
                await self.wire.send(b"".join(lines))
        if self.watch is not None and self.watch.others:
            await self._tell_others()

    def _announced_messages(self, before: int) -> list[bytes]:
        items = self.watch.new_message_items if self.watch is not None else ()
        messages = self.selected.messages
        return [self.renderer.answer(i + 1, messages[i], items) for i in range(before, len(messages))]

    async def _tell_others(self) -> None:
        selected = self.view.mailbox.name if self.view is not None else None
        names, self.changed_mailboxes = self.changed_mailboxes - {selected or ""}, set()
        for name in sorted(names):
            handler = self.verbs["STATUS"].handler
            items: list[Token] = [
                Word(b"MESSAGES"),
                Word(b"UIDNEXT"),
                Word(b"UIDVALIDITY"),
                Word(b"UNSEEN"),
                Word(b"HIGHESTMODSEQ"),
            ]
            try:
                await handler(self, Call("*", "STATUS", [Word(name.encode("utf-8"), quoted=True), items]))
            except NoSuchMailbox:
                continue

    async def _check_mailbox(self, view: View) -> None:
        """A mailbox that was deleted, or renumbered, under a client ends its connection, as Dovecot does."""
        try:
            gone = self.mail.store.mailbox(view.mailbox.name) is not view.mailbox or not view.mailbox.selectable
        except NoSuchMailbox:
            gone = True
        if gone or view.uid_validity != view.mailbox.uid_validity:
            await self.wire.send(b"* BYE the selected mailbox is no longer what it was\r\n")
            self.state = State.LOGOUT
