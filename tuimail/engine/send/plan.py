"""What follows from an answer or from an error while a message is sent: pure decisions.

The order of the questions is the promise: whatever may have been taken is never sent again
by itself, whatever was not taken is never lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from tuimail.config import AccountConfig, SaveSent
from tuimail.engine.patience import MOST_TRIES, pause_after
from tuimail.errors import (
    AuthError,
    ConnectionProblem,
    MailError,
    ProtocolViolation,
    Reached,
    RecipientsRefused,
    Refused,
    ServerRefused,
)
from tuimail.mime.clean import clean_line
from tuimail.model import OutboxItem
from tuimail.store.writing.sending import Rest, is_put_off

WORDS_LENGTH: Final = 300
_FILE_THEMSELVES: Final = (
    "gmail.com", "googlemail.com", "outlook.com", "office365.com", "hotmail.com", "live.com",
)  # fmt: skip
"""Hosts whose servers put what they send into Sent."""


class Next(Enum):
    """What becomes of a message."""

    AGAIN = "again"
    """It is not sent, and is tried again by itself."""
    STOP = "stop"
    """It is not sent, and a person must do something."""
    ASK = "ask"
    """It may have been sent: look for evidence, then ask a person."""


class Outcome(NamedTuple):
    """The decision about one message."""

    next: Next
    sentence: str
    pause_s: int = 0
    network: bool = False
    """Tried as soon as there may be a network."""
    password: bool = False
    """Tried as soon as somebody types a password."""
    refused: tuple[tuple[str, str], ...] = ()


class LeftOut(NamedTuple):
    """Recipients for whom a message was not taken, while it was for others."""

    refused: tuple[tuple[str, str], ...]
    """For good, each with the server's words."""
    sentence: str
    """For a person; empty when everybody has it."""
    rest: Rest | None
    """What waits on for those who were put off."""


def after_error(error: MailError, tries: int) -> Outcome:
    """What follows from an error; `tries`: how often it was tried in vain before."""
    sentence = in_words(error)
    if error.reached is Reached.UNKNOWN:
        return Outcome(Next.ASK, sentence)
    refused = refusals(error.refused) if isinstance(error, RecipientsRefused) else ()
    if isinstance(error, AuthError):
        return Outcome(Next.STOP, sentence, password=True)
    no_way = isinstance(error, ConnectionProblem | ProtocolViolation)
    if not (no_way or error.retry) or (tries >= MOST_TRIES and not isinstance(error, ConnectionProblem)):
        return Outcome(Next.STOP, sentence, refused=refused)
    return Outcome(
        Next.AGAIN, sentence, pause_after(tries),
        network=isinstance(error, ConnectionProblem), refused=refused,
    )  # fmt: skip


def in_words(error: MailError) -> str:
    """The sentence of an error, the server's words where it has some, and what to do."""
    words = clean_line(error.words, WORDS_LENGTH) if isinstance(error, ServerRefused) else ""
    said = f"{error.sentence} It says: {words}" if words and words not in error.sentence else error.sentence
    if said and said[-1] not in ".!?":
        said += "."
    return f"{said} {error.advice}".strip()


def refusals(refused: Sequence[Refused]) -> tuple[tuple[str, str], ...]:
    """Recipients, each with the code and the words of the server, as the store keeps them."""
    return tuple((one.recipient, clean_line(f"{one.code} {one.words}".strip(), WORDS_LENGTH)) for one in refused)


def of_partial(refused: Sequence[tuple[str, str]], recipients: int, later: int = 0) -> str:
    """What a person is told of a message that not everybody has; empty when everybody does.

    `later`: how many are put off, and wait as a message of their own.
    """
    waits = f"{later} of {recipients} recipients still wait, and are tried again." if later else ""
    if not refused:
        return f"Sent. {waits}" if waits else ""
    who = clean_line(refused[0][0], 100)
    if len(refused) > 1:
        who = f"{len(refused)} of {recipients}, {who} among them"
    said = f"Sent, but not to {who}: the server says: {refused[0][1]}"
    return f"{said.rstrip('.')}. {waits}" if waits else said


def left_out(refused: Sequence[tuple[str, str]], item: OutboxItem, now: int) -> LeftOut:
    """What becomes of those for whom a message was not taken, while it was for others."""
    later = tuple(one for one in refused if is_put_off(one[1]))
    never = tuple(one for one in refused if not is_put_off(one[1]))
    recipients = item.of_recipients or len(item.recipients)
    return LeftOut(never, of_partial(never, recipients, len(later)), _rest(later, recipients, item.tries, now))


def _rest(later: tuple[tuple[str, str], ...], recipients: int, tries: int, now: int) -> Rest | None:
    if not later:
        return None
    pause_s = pause_after(tries)
    who = clean_line(later[0][0], 100)
    if len(later) > 1:
        who = f"{len(later)} of {recipients} recipients, {who} among them"
    sentence = f"Not sent to {who}, yet; the others have it. The server says: {later[0][1].rstrip('.')}."
    return Rest(later, now + pause_s, f"{sentence} {again_in(pause_s)}")


def again_in(pause_s: int, *, network: bool = False) -> str:
    """When it is tried again, in a sentence."""
    if network:
        return "Trying again as soon as there is a network."
    if pause_s <= 60:
        return "Trying again in a minute."
    return f"Trying again in {pause_s // 60} minutes." if pause_s < 3600 else "Trying again in an hour."


def saves_sent(account: AccountConfig) -> bool:
    """Whether it is for us to put a copy of what was sent into Sent."""
    if account.send is None or account.send.save_sent is not SaveSent.AUTO:
        return account.send is not None and account.send.save_sent is SaveSent.ALWAYS
    host = account.send.host.rstrip(".").lower()
    return not any(host == known or host.endswith(f".{known}") for known in _FILE_THEMSELVES)
