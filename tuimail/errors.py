"""The tree of errors. Foreign libraries are translated at one border each.

    MailError
      ConfigError            a mistake in the configuration (file, key)
      ConnectionProblem      the way to a server, or its flow; tried again by itself
        Unreachable            no such name, refused, no route
        TimedOut               an absolute deadline passed
        Dropped                the other side closed or reset
      TrustError             never tried again by itself
        CertificateError       TLS could not be verified
        AuthError              the login was refused, or there is no password
      ServerRefused          a NO, BAD, -ERR, 4xx or 5xx, with the server's words
        RecipientsRefused      SMTP: nobody of those that a message was for
      ProtocolViolation      the server said what the standard does not allow
        PipelineBroken         answers did not follow the commands that were sent ahead
      StoreError             our own files
        Corrupt  TooNew  DiskFull  Locked  ReadOnly
      MessageProblem         one message, not the account
        TooLarge  Vanished  NotDownloaded  QuarantineRefused
        NotHere                messages that must be downloaded first (which)
      EngineGone             the engine's process cannot be reached
      UsageError             what a person asked for makes no sense
        Unchangeable           a message on its way out that goes as it is, or not at all
      NeedsYes               what cannot be undone waits for a yes

Every error carries one sentence for a person (`str(error)`) and, in `advice`,
what to do next. `retry` says whether trying again by itself can help, and `reached`,
while a message is sent, whether it may have been taken.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Reached(Enum):
    """How far the sending of a message came before its error."""

    NOTHING = "nothing"
    """The end of the message never went out: the server does not have it, and sending again cannot send twice."""
    UNKNOWN = "unknown"
    """The end went out, perhaps in part, and no complete answer came: the server may have taken the message."""
    ANSWERED = "answered"
    """The server answered, completely, that it does not take it."""


class Refused(NamedTuple):
    """One recipient whom the server did not take."""

    recipient: str
    code: str
    """Three digits."""
    words: str
    """What the server said, on one line."""

    @property
    def temporary(self) -> bool:
        """Whether the same may go well later (4xx)."""
        return self.code.startswith("4")


class MailError(Exception):
    """The root: one sentence for a person, and what to do."""

    retry = False
    reached = Reached.NOTHING

    def __init__(self, sentence: str, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice


class ConfigError(MailError):
    """One or more mistakes in the configuration.

    `mistakes` are complete lines: file, key, what was expected.
    """

    def __init__(self, sentence: str, advice: str = "", mistakes: tuple[str, ...] = ()) -> None:
        super().__init__(sentence, advice)
        self.mistakes = mistakes


class ConnectionProblem(MailError):
    """The way to a server does not work just now."""

    retry = True


class Unreachable(ConnectionProblem):
    """No such name, connection refused, no route."""


class TimedOut(ConnectionProblem):
    """An absolute deadline passed."""


class Dropped(ConnectionProblem):
    """The other side closed, or said goodbye."""


class TrustError(MailError):
    """Something a person must look at before anything is tried again."""


class CertificateError(TrustError):
    """TLS could not be verified: the sentence names the fault and the host."""


class AuthError(TrustError):
    """The login was refused, or there is no password to try."""

    def __init__(self, sentence: str, advice: str = "", *, password_missing: bool = False) -> None:
        super().__init__(sentence, advice)
        self.password_missing = password_missing


class ServerRefused(MailError):
    """The server said no, in `words` (not cleaned)."""

    def __init__(self, sentence: str, advice: str = "", *, words: str = "", code: str = "") -> None:
        super().__init__(sentence, advice)
        self.words = words
        self.code = code
        """Response code in brackets, upper case, for example `TRYCREATE`; else empty.

        SMTP: the three digits, or the keyword of what the server does not offer: SIZE, 8BITMIME, SMTPUTF8.
        """


class RecipientsRefused(ServerRefused):
    """Every recipient of a message was refused; tried again by itself when each may be taken later."""

    def __init__(self, sentence: str, advice: str = "", *, refused: tuple[Refused, ...]) -> None:
        super().__init__(sentence, advice, words=refused[0].words, code=refused[0].code)
        self.refused = refused
        self.retry = all(each.temporary for each in refused)


class ProtocolViolation(MailError):
    """The server broke its protocol, or a limit of ours; the connection is given up."""

    retry = True


class PipelineBroken(ProtocolViolation):
    """Answers did not follow the commands that were sent ahead: ask this server one by one from now on."""


class StoreError(MailError):
    """Our own files."""


class Corrupt(StoreError):
    """The database is damaged."""


class TooNew(StoreError):
    """The store was written by a newer tuimail."""


class DiskFull(StoreError):
    """No space is left."""


class Locked(StoreError):
    """Somebody else holds it."""


class ReadOnly(StoreError):
    """The directory or file cannot be written."""


class MessageProblem(MailError):
    """One message cannot be handled; the account goes on."""


class TooLarge(MessageProblem):
    """Over a limit."""


class Vanished(MessageProblem):
    """The message or mailbox is no longer there."""


class NotDownloaded(MessageProblem):
    """Its bytes are not here, and cannot be had just now."""


class NotHere(NotDownloaded):
    """Whole messages are needed, and some are not here yet."""

    def __init__(self, sentence: str, ids: tuple[int, ...], advice: str = "Download them, and try again.") -> None:
        super().__init__(sentence, advice)
        self.ids = ids
        """Their rows."""


class QuarantineRefused(MessageProblem):
    """Held until a person releases it."""


class EngineGone(MailError):
    """The engine's process cannot be started or reached."""

    retry = True


class UsageError(MailError):
    """What a person asked for makes no sense."""


class Unchangeable(UsageError):
    """A message on its way out can be sent as it is, or cancelled, and nothing else."""


class NeedsYes(MailError):
    """What was asked for cannot be undone: a person must say yes first. The sentence is the question."""

    def __init__(self, sentence: str, count: int) -> None:
        super().__init__(sentence, "Say that you are sure, and it is done.")
        self.count = count
        """Messages that would be gone for good."""
