"""Messages on their way out, in words and lines.

Pure. What must not live here: the store, Textual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tuimail.mime.clean import clean_line
from tuimail.model import OutboxItem, OutState
from tuimail.ui.lines.cells import fit
from tuimail.ui.lines.rows import BAR, Run, Runs
from tuimail.ui.lines.when import clock_time, days_between, full_date, long_size, short_size

CAN_EDIT = (OutState.QUEUED, OutState.FAILED, OutState.UNKNOWN)
CAN_SEND = (OutState.QUEUED, OutState.FAILED)
DONE = (OutState.FILED, OutState.CANCELLED)
_UNDER_WAY = (OutState.QUEUED, OutState.SENDING)
_NEEDS_A_PERSON = (OutState.FAILED, OutState.UNKNOWN)


class Words(NamedTuple):
    """A state for a person."""

    words: str
    role: str
    short: str = ""
    """The same where it is narrow."""


NO_WORDS = Words("", "busy")


def state_words(item: OutboxItem, now: float) -> Words:
    """`waits until 14:00`, `sending`, `not sent`, `sent 12:04`."""
    match item.state:
        case OutState.QUEUED if item.of_recipients:
            again = f" till {_moment(item.not_before, now)}" if item.not_before > now else ""
            return Words(f"{len(item.recipients)} of {item.of_recipients} wait{again}", "busy")
        case OutState.QUEUED if item.not_before > now:
            return Words(f"{'tries again' if item.tries else 'leaves'} {_moment(item.not_before, now)}", "busy")
        case OutState.QUEUED:
            return Words("waits", "busy")
        case OutState.SENDING:
            return Words("sending…", "busy")
        case OutState.UNKNOWN:
            return Words("sent? r decides", "error")
        case OutState.FAILED:
            return Words("not sent", "error")
        case OutState.SENT | OutState.FILED:
            sent = f"sent {clock_time(item.sent_at or item.added_at, now)}"
            return Words(f"{sent}, {len(item.refused)} refused", "warning") if item.refused else Words(sent, "ok")
        case _:
            return Words("cancelled", "muted")


def _moment(at: int, now: float) -> str:
    """`18:30` today, else `Tue 24 Nov, 08:00`."""
    day, clock = full_date(at).rsplit(", ", 1)
    return clock if days_between(now, at) == 0 else f"{day.rsplit(' ', 1)[0]}, {clock}"


def outbox_row(item: OutboxItem, width: int, now: float, *, cursor: bool = False) -> Runs:
    """One message in exactly `width` cells: to whom, about what, size, state."""
    state = state_words(item, now)
    state_cells = min(28, max(12, width * 26 // 100))
    size_cells = 6 if width >= 70 else 0
    who_cells = max(10, (width - 3 - state_cells - size_cells) * 36 // 100)
    subject_cells = max(0, width - 2 - who_cells - 2 - size_cells - state_cells - 1)
    quiet = item.state in DONE
    runs = [
        Run(BAR if cursor else " ", "bar"), Run(" ", "text"),
        Run(fit(clean_line(item.to, 300) or "(nobody)", who_cells), "muted" if quiet else "unread-text"),
        Run("  " + fit(clean_line(item.subject, 300).strip() or "(no subject)", subject_cells), "read-text"),
    ]  # fmt: skip
    if size_cells:
        runs.append(Run(fit(short_size(item.size_octets), size_cells - 1, right=True) + " ", "date"))
    return [*runs, Run(fit(state.words, state_cells, right=True), state.role), Run(" ", "text")]


def details(item: OutboxItem, now: float) -> list[tuple[str, str, str]]:
    """Everything known of one: label, text, role. Texts of servers and people are cleaned by whoever draws them."""
    lines = [("State", state_words(item, now).words, state_words(item, now).role)]
    if item.sentence:
        lines.append(("", item.sentence, "warning" if item.state in _NEEDS_A_PERSON else "text"))
    if item.of_recipients and item.state not in DONE:
        these = f"{len(item.recipients)} of {item.of_recipients} recipients; the others have it"
        lines.append(("Waits for", these, "text"))
    lines += [("", f"{recipient}: {words}", "warning") for recipient, words in item.refused]
    lines += [
        ("From", item.sender, "text"),
        ("To", ", ".join(item.recipients), "text"),
        ("Subject", item.subject or "(no subject)", "text"),
        ("Size", long_size(item.size_octets), "text"),
        ("Written", full_date(item.added_at), "text"),
    ]
    if item.state is OutState.QUEUED and item.not_before > now:
        lines.append(("Next try" if item.tries else "Leaves", full_date(item.not_before), "text"))
    if item.sent_at is not None:
        lines.append(("Sent", full_date(item.sent_at), "text"))
    if item.tries:
        lines.append(("Tries", str(item.tries), "text"))
    return [*lines, ("Message-ID", item.message_id, "muted")]


def reason(item: OutboxItem) -> str:
    """Why it waits, failed, or did not reach everybody; empty when there is nothing to say. Not cleaned."""
    if item.state in DONE:
        return ""
    return item.sentence or " ".join(f"{recipient}: {words}." for recipient, words in item.refused)


def status_words(items: Sequence[OutboxItem]) -> Words:
    """What the status line says: `1 to send`, or that a person is needed; empty when all is gone."""
    needing = sum(item.state in _NEEDS_A_PERSON for item in items)
    waiting = sum(item.state in _UNDER_WAY for item in items)
    if needing:
        return Words(f"{needing} not sent, O shows why", "error", f"{needing} not sent")
    return Words(f"{waiting} to send", "busy") if waiting else NO_WORDS


def evidence(item: OutboxItem) -> str:
    """What is known of one that may have been sent."""
    return item.sentence or (
        "The connection broke after the last octet, before the server had answered: it may have taken the message."
    )
