"""One IMAP session: what the engine holds, blocking, used by one thread.

Only `close()` may come from another thread; whoever waits then gets Dropped. An error of
the kinds TimedOut, Dropped and ProtocolViolation ends the session for good; ServerRefused
and UsageError leave it usable. The work is done in the modules beside this one:

    dial, tls, channel, deflate   from a host name to octets, with deadline and budget
    wire, uids, names             what may be written, and how it is spelled
    dialogue, answers, news       commands, responses, what was said unasked
    client, login, scram          the border to IMAPClient; signing in
    mailboxes, messages, fetch    commands, and the reader of FETCH
    idle                          waiting
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

import tuimail
from tuimail.config import AuthKind, Receive, Security
from tuimail.errors import MailError, ProtocolViolation, ServerRefused, UsageError
from tuimail.model import Section
from tuimail.net.imap import fetch, idle, login, mailboxes, messages, names
from tuimail.net.imap.client import GuardedClient
from tuimail.net.imap.dialogue import Dialogue
from tuimail.net.imap.limits import Limits
from tuimail.net.imap.uids import compress_uids, expand
from tuimail.net.imap.values import (
    Appended,
    Copied,
    FetchedFlags,
    FetchedHeader,
    FlagsAnswer,
    Known,
    Listed,
    News,
    Selected,
    StatusNews,
)
from tuimail.net.link.channel import Channel
from tuimail.net.link.opening import opened

__all__ = [
    "Appended", "Copied", "FetchedFlags", "FetchedHeader", "FlagsAnswer", "ImapSession", "Known", "Limits", "Listed",
    "News", "Selected", "StatusNews", "compress_uids", "expand",
]  # fmt: skip

_GREETING_OCTETS = 256 * 1024
_GREETING_LINES = 1000

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


def _or_close(
    method: Callable[Concatenate[ImapSession, _Arguments], _Answer],
) -> Callable[Concatenate[ImapSession, _Arguments], _Answer]:
    """A session that was told nonsense is not used again."""

    @functools.wraps(method)
    def guarded(self: ImapSession, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
        try:
            return method(self, *args, **kwargs)
        except ProtocolViolation:
            self.close()
            raise

    return guarded


class ImapSession:
    """A connection to an IMAP server, secured, and after `login` usable."""

    def __init__(self, client: GuardedClient, dialogue: Dialogue, clock: Callable[[], float]) -> None:
        """Use `connect`."""
        self._client = client
        self._dialogue = dialogue
        self._clock = clock
        self.capabilities: frozenset[str] = client.offered()
        """In capitals; they change with STARTTLS and login."""
        self.server_id: dict[str, str] = {}
        """What the server says of itself (RFC 2971), printable."""
        self.qresync = False
        self.condstore = False

    @classmethod
    def connect(
        cls, receive: Receive, *, deadline_s: float = 15.0, clock: Callable[[], float] = time.monotonic,
        log: Callable[[str], None] | None = None, limits: Limits | None = None,
    ) -> ImapSession:
        """Connect, secure and greet, all within the deadline.

        Raises Unreachable, TimedOut, Dropped, CertificateError, ConfigError (ca_file), ProtocolViolation,
        and UsageError for an unencrypted connection to another machine.
        """
        deadline = clock() + deadline_s
        channel, context = opened(receive, Channel, deadline=deadline, clock=clock)
        try:
            channel.begin(deadline - clock(), silence_s=deadline_s, octets=_GREETING_OCTETS, lines=_GREETING_LINES)
            if context is not None and receive.security is Security.TLS:
                channel.start_tls(context)
            dialogue = Dialogue(channel, limits or Limits(), log)
            client = GuardedClient(dialogue)
            if context is not None and receive.security is Security.STARTTLS:
                client.secure(context)
            return cls(client, dialogue, clock)
        except BaseException:
            channel.close()
            raise

    # --- the session

    @_or_close
    def login(self, user: str, password: str, *, auth: AuthKind = AuthKind.PASSWORD) -> None:
        """Sign in with a password or an access token. Raises AuthError (never try again by itself) or Unreachable."""
        if not self._client.preauthenticated:
            status = login.login(self._dialogue, self.capabilities, user, password, auth)
            if status.code == "CAPABILITY":
                told = status.code_text
            else:
                reply = self._dialogue.run("CAPABILITY", wanted=("CAPABILITY",))
                told = b" ".join(answer.text for answer in reply.answers)
            self.capabilities = frozenset(told.decode("ascii", "replace").upper().split())
        self._client.note_login(self.capabilities)
        self._dialogue.literal_plus = "LITERAL+" in self.capabilities
        self._identify()

    def _identify(self) -> None:
        if not self.has("ID"):
            return
        try:
            # Never an empty list: some servers refuse it, others want to know us before SELECT.
            self.server_id = self._client.identify({"name": "tuimail", "version": tuimail.__version__})
        except ServerRefused:
            self.server_id = {}

    def has(self, name: str) -> bool:
        """Whether the server offers a capability."""
        return name.upper() in self.capabilities

    @property
    def alive(self) -> bool:
        """False once anything ended the session."""
        return not self._dialogue.channel.broken

    @property
    def encrypted(self) -> bool:
        """True under TLS."""
        return self._dialogue.channel.encrypted

    @_or_close
    def enable_all(self) -> None:
        """Ask for QRESYNC and CONDSTORE where offered; `qresync` and `condstore` tell what was granted."""
        self.condstore = self.has("CONDSTORE") or self.has("QRESYNC")
        wanted = [name for name in ("QRESYNC", "CONDSTORE") if self.has(name)]
        if not wanted or not self.has("ENABLE"):
            return
        try:
            # A server that promises QRESYNC and does not confirm it is not trusted to tell what vanished.
            self.qresync = "QRESYNC" in self._client.enable_capabilities(*wanted)
        except ServerRefused:
            self.qresync = False

    @_or_close
    def compress(self) -> bool:
        """COMPRESS=DEFLATE (RFC 4978) where offered; True when it is on."""
        if not self.has("COMPRESS=DEFLATE"):
            return False
        try:
            self._dialogue.run("COMPRESS", b"DEFLATE")
        except ServerRefused:
            return False
        self._dialogue.channel.start_deflate()
        return True

    @_or_close
    def namespaces(self) -> list[tuple[str, str]]:
        """Prefix and delimiter of our own mailboxes; empty when the server does not tell."""
        return self._client.personal_namespaces() if self.has("NAMESPACE") else []

    def take_news(self) -> News:
        """What was said unasked since the last time, without asking."""
        return self._dialogue.news.take()

    @_or_close
    def noop(self) -> News:
        """Ask whether there is news."""
        self._dialogue.run("NOOP")
        return self._dialogue.news.take()

    @_or_close
    def notify(self) -> bool:
        """NOTIFY (RFC 5465) where offered: news of all mailboxes on this connection."""
        return self.has("NOTIFY") and idle.notify(self._dialogue)

    @_or_close
    def idle(self, wake: int | None, timeout_s: float) -> News:
        """Wait for news, for `wake` (a readable descriptor) or for the end of time."""
        if not self.has("IDLE"):
            return idle.wait_without_idle(self._dialogue, wake, timeout_s)
        return idle.idle(self._dialogue, wake, timeout_s, self._clock)

    def logout(self) -> None:
        """Say goodbye and close; never raises."""
        try:
            if self.alive:
                self._dialogue.run("LOGOUT", deadline_s=self._dialogue.limits.idle_end_s)
        except MailError:
            pass  # it was leaving anyway
        self.close()

    def close(self) -> None:
        """End the session at once; any thread may do it."""
        self._dialogue.channel.close()

    # --- mailboxes

    @_or_close
    def list_mailboxes(self, *, subscribed_only: bool = False) -> list[Listed]:
        """All mailboxes with roles and, as far as the server tells, counts."""
        return mailboxes.list_mailboxes(self._dialogue, self.capabilities, subscribed_only=subscribed_only)

    @_or_close
    def status(self, name: str) -> StatusNews:
        """STATUS of a mailbox that is not selected."""
        return mailboxes.status(self._dialogue, self.capabilities, name)

    @_or_close
    def statuses(self, wanted: Sequence[str]) -> list[StatusNews]:
        """STATUS of several mailboxes in few round trips; those that are refused are left out."""
        return mailboxes.statuses_of(self._dialogue, self.capabilities, wanted)

    @_or_close
    def select(self, name: str, *, readonly: bool = False, known: Known | None = None) -> Selected:
        """Open a mailbox. `known` asks for the difference to it, where QRESYNC is on."""
        parameter = b"(CONDSTORE)" if self.condstore and not self.qresync else b""
        asking = known if self.qresync and known is not None and known.uid_validity and known.highest_modseq else None
        if asking is not None:
            parameter = mailboxes.known_parameter(asking)
        selected = mailboxes.select(self._dialogue, name, read_only=readonly, parameter=parameter)
        resynced = (
            asking is not None and selected.uid_validity == asking.uid_validity and selected.highest_modseq is not None
        )
        return replace(selected, resynced=resynced)

    @_or_close
    def unselect(self) -> None:
        """Leave the mailbox without expunging it, where the server can."""
        if self.has("UNSELECT"):
            self._dialogue.run("UNSELECT")
        self._dialogue.news.clear_mailbox()

    def create(self, name: str) -> None:
        """Make a mailbox."""
        self._dialogue.run("CREATE", names.argument(name))

    def rename(self, name: str, new_name: str) -> None:
        """Rename a mailbox with all below it."""
        self._dialogue.run("RENAME", names.argument(name), names.argument(new_name))

    def delete(self, name: str) -> None:
        """Delete a mailbox with its messages."""
        self._dialogue.run("DELETE", names.argument(name))

    def subscribe(self, name: str, *, subscribed: bool = True) -> None:
        """Subscribe or unsubscribe."""
        self._dialogue.run("SUBSCRIBE" if subscribed else "UNSUBSCRIBE", names.argument(name))

    @_or_close
    def append(
        self, name: str, raw: bytes, *, flags: Sequence[str] = (), received_at: int | None = None,
        sent: Callable[[int], None] | None = None,
    ) -> Appended | None:
        """Put a message into a mailbox; where it went, when the server tells it. `sent` hears octets on their way."""
        return mailboxes.append(self._dialogue, name, raw, flags, received_at, sent)

    @property
    def append_limit(self) -> int | None:
        """The largest message that the server takes (RFC 7889); None where it does not say."""
        told = (name.partition("=")[2] for name in self.capabilities if name.startswith("APPENDLIMIT="))
        return next((int(digits) for digits in told if digits.isdigit() and len(digits) < 20), None)

    # --- messages of the selected mailbox; `uids` is a set such as "5:9,12"

    def fetch_headers(
        self, uids: str, fields: tuple[str, ...] = fetch.HEADER_FIELDS, *, then: str = ""
    ) -> Iterator[FetchedHeader]:
        """Headers as they come, each uid once. An iterator that is dropped early ends the session.

        `then`: what the next call will ask for; the server begins with it at once.
        """
        return messages.fetch_headers(self._dialogue, uids, fields, with_modseq=self.condstore, then=then)

    @_or_close
    def fetch_flags(self, uids: str, changed_since: int | None = None, vanished: bool = False) -> FlagsAnswer:
        """Flags of messages; `changed_since` needs CONDSTORE, `vanished` QRESYNC."""
        if (changed_since is not None and not self.condstore) or (vanished and not self.qresync):
            raise UsageError("The server keeps no record of changes.")
        return messages.fetch_flags(
            self._dialogue, uids, with_modseq=self.condstore, changed_since=changed_since, vanished=vanished
        )

    @_or_close
    def fetch_structure(self, uid: int) -> tuple[bytes, bytes] | None:
        """Raw BODYSTRUCTURE and whole header of a message; None when it is gone."""
        return messages.fetch_structure(self._dialogue, uid)

    @_or_close
    def fetch_slice(self, uid: int, section: Section, offset: int, length: int) -> bytes | None:
        """Some octets of a section, not decoded, fewer at its end; None when the message is gone."""
        return messages.fetch_slice(self._dialogue, uid, section, offset, length)

    def fetch_whole(self, uids: str) -> Iterator[tuple[int, bytes]]:
        """Whole messages as they come; those over the limit are left out."""
        return messages.fetch_whole(self._dialogue, uids)

    @_or_close
    def search_uids(self, criteria: Sequence[str | bytes] = ("ALL",)) -> list[int]:
        """Uids that match, rising. `str` is syntax of our own, `bytes` are values from anywhere."""
        compact = self.has("ESEARCH") or self.has("IMAP4REV2")
        return messages.search(self._dialogue, criteria, compact=compact)

    @_or_close
    def find_message_id(self, message_id: str) -> list[int]:
        """Uids of messages that may have this Message-ID: servers compare by substring, so look at them.

        Raises UsageError for one that cannot be sent (CR, LF, NUL).
        """
        return self.search_uids(("HEADER Message-ID", message_id.encode("utf-8", "replace")))

    @_or_close
    def store_flags(self, uids: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[FetchedFlags]:
        """Change flags; what they are now, as far as the server said."""
        return messages.store_flags(self._dialogue, uids, add, remove)

    @_or_close
    def copy(self, uids: str, mailbox: str) -> Copied | None:
        """Copy messages; where they went, when the server tells it."""
        return messages.copy(self._dialogue, uids, mailbox, move=False)

    @_or_close
    def move(self, uids: str, mailbox: str) -> Copied | None:
        """Move messages, by MOVE or by copy, mark and UID EXPUNGE."""
        if self.has("MOVE") or self.has("IMAP4REV2"):
            return messages.copy(self._dialogue, uids, mailbox, move=True)
        if not self.has("UIDPLUS"):
            raise UsageError("The server can only copy messages, not move them.")
        copied = messages.copy(self._dialogue, uids, mailbox, move=False)
        messages.store_flags(self._dialogue, uids, ["\\Deleted"], [])
        messages.uid_expunge(self._dialogue, uids)
        return copied

    @_or_close
    def uid_expunge(self, uids: str) -> None:
        r"""Remove those of these messages that are marked as \Deleted, for ever."""
        messages.uid_expunge(self._dialogue, uids)
