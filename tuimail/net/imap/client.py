"""The border to IMAPClient: the only module that imports it, or imaplib.

IMAPClient opens the session (greeting, CAPABILITY, STARTTLS) and speaks its commands that
are rare (ID, NAMESPACE, ENABLE). It reads and writes through our channel, so deadlines,
budgets and TLS are ours. Its FETCH parser, IDLE, login and search are not used: too slow, not
safe against line breaks, blind to mod-sequences, or busy loops on a closed connection.
It keeps no log: imaplib's debug output prints passwords.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import imapclient
from imapclient.exceptions import CapabilityError

from tuimail.errors import CertificateError, MailError, ProtocolViolation, ServerRefused
from tuimail.net.imap.dialogue import Dialogue
from tuimail.net.link import wire

_UNFORESEEN = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, ArithmeticError, OSError,
)  # fmt: skip
_BARE_STATUS = re.compile(rb"(\S+ (?:OK|NO|BAD))")


class _GuardedImaplib(imaplib.IMAP4):
    """imaplib on our channel. News and goodbyes are taken out before imaplib sees them."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        super().__init__(dialogue.channel.host, dialogue.channel.port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host = host
        self.port = port
        self.sock = self._dialogue.channel.socket

    def read(self, size: int) -> bytes:
        return self._dialogue.channel.octets(size)

    def readline(self) -> bytes:
        while True:
            line = self._dialogue.channel.line()
            if not self._dialogue.unsolicited(line):
                break
        # imaplib takes `TAG OK` without words for garbage; some servers send it.
        return line + (b" \r\n" if _BARE_STATUS.fullmatch(line) else b"\r\n")

    def send(self, data: Any) -> None:
        self._dialogue.channel.send(bytes(data))

    def shutdown(self) -> None:
        self._dialogue.channel.close()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """RFC 9051 6.2.1. Everything that was heard in the clear is forgotten."""
        assert ssl_context is not None  # noqa: S101 - ours is always given
        kind, words = self._simple_command("STARTTLS")
        if kind != "OK":
            raise self.error("STARTTLS was refused")
        self._dialogue.channel.start_tls(ssl_context)
        self._dialogue.news.clear()
        self.untagged_responses = {}
        self._tls_established = True
        self._get_capabilities()
        return kind, words


class GuardedClient(imapclient.IMAPClient):  # type: ignore[misc]  # IMAPClient has no types
    """IMAPClient on our channel."""

    def __init__(self, dialogue: Dialogue) -> None:
        """Read the greeting and ask what the server can do."""
        self._dialogue = dialogue
        self._cached_capabilities: Any
        with translated(dialogue):
            super().__init__(dialogue.channel.host, dialogue.channel.port, ssl=False)
            self._imap.debug = 0

    def _create_IMAP4(self) -> _GuardedImaplib:  # noqa: N802 - IMAPClient's name
        return _GuardedImaplib(self._dialogue)

    def _set_read_timeout(self) -> None:
        """The channel sets the time of every wait."""

    @property
    def preauthenticated(self) -> bool:
        """The greeting was PREAUTH."""
        return bool(self._imap.state == "AUTH")

    def secure(self, context: ssl.SSLContext) -> None:
        """STARTTLS, or no session at all."""
        host = self._dialogue.host
        advice = 'Check the port, or set security = "tls". Nothing was sent in the clear.'
        if self.preauthenticated:
            raise CertificateError(f"{host} wants to go on without TLS (PREAUTH).", advice)
        try:
            with translated(self._dialogue):
                self.starttls(context)
        except ServerRefused as exc:
            raise CertificateError(f"{host} does not offer STARTTLS.", advice) from exc
        self._cached_capabilities = None

    def offered(self) -> frozenset[str]:
        """What the server offers now, as imaplib heard it, in capitals."""
        return frozenset(str(word).upper() for word in self._imap.capabilities)

    def identify(self, parameters: dict[str, str]) -> dict[str, str]:
        """ID (RFC 2971) both ways; printable and short."""
        answer = self._ask("ID", lambda: self.id_(parameters))
        words = answer[0] if answer and isinstance(answer[0], tuple) else ()
        texts = [wire.plain_words(word) if isinstance(word, bytes) else str(word or "") for word in words]
        return dict(zip(texts[::2][:30], texts[1::2][:30], strict=False))

    def enable_capabilities(self, *names: str) -> frozenset[str]:
        """ENABLE (RFC 5161); what the server took, in capitals."""
        taken = self._ask("ENABLE", lambda: self.enable(*names))
        return frozenset(wire.plain_words(name).upper() for name in taken if isinstance(name, bytes))

    def personal_namespaces(self) -> list[tuple[str, str]]:
        """NAMESPACE (RFC 2342): prefix and delimiter of our own mailboxes."""
        answer = self._ask("NAMESPACE", self.namespace)
        return [(str(prefix), str(delimiter or "")) for prefix, delimiter in answer.personal or ()]

    def note_login(self, capabilities: frozenset[str]) -> None:
        """The dialogue signed in, and asked what is offered now; IMAPClient's state must follow."""
        self._imap.state = "AUTH"
        self._imap.untagged_responses = {}
        # Without this IMAPClient would ask once more before each of its commands.
        self._cached_capabilities = tuple(name.encode("ascii", "replace") for name in capabilities)

    def _ask(self, verb: str, call: Callable[[], Any]) -> Any:
        self._dialogue.begin_foreign(verb)
        with translated(self._dialogue):
            answer = call()
        self._imap.untagged_responses = {}
        return answer


@contextmanager
def translated(dialogue: Dialogue) -> Iterator[None]:
    """Errors of IMAPClient and imaplib become ours; anything unforeseen gives the connection up."""
    try:
        yield
    except MailError:
        raise
    except CapabilityError as exc:
        raise ServerRefused(f"{dialogue.host} does not offer that.") from exc
    except imaplib.IMAP4.abort as exc:  # an end of the connection never gets here: the channel tells it
        _violated(dialogue, exc)
    except imaplib.IMAP4.error as exc:
        text = str(exc)
        if "command error" in text or "failed" in text or "refused" in text:
            raise ServerRefused(f"{dialogue.host} refused.", words=text) from exc
        _violated(dialogue, exc)
    except _UNFORESEEN as exc:
        _violated(dialogue, exc)


def _violated(dialogue: Dialogue, exc: BaseException) -> None:
    dialogue.channel.close()
    raise ProtocolViolation(f"{dialogue.host} sent an answer that cannot be read.") from exc
