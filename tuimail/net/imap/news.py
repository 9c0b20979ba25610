"""Gathers what a server says unasked, whichever command it comes with.

FLAGS of a message that is named by its number only are never given to any message: the
number may mean another one by now. Such news says `flags_unknown`, and somebody scans.
"""

from __future__ import annotations

from tuimail.net.imap import answers, fetch, names, uids
from tuimail.net.imap.answers import Answer, Status
from tuimail.net.imap.values import FetchedFlags, News, StatusNews
from tuimail.net.link import wire

MAX_KEPT = 20_000
"""Of one sort; beyond it the news is only that there was too much to tell."""


class NewsDesk:
    """News since it was last taken."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._parser = fetch.ItemParser()
        self.clear()

    def clear(self) -> None:
        """Forget everything: another mailbox was selected, or the connection changed."""
        self._exists: int | None = None
        self._expunged = False
        self._vanished: uids.Ranges = []
        self._flags: list[FetchedFlags] = []
        self._flags_unknown = False
        self._mailboxes_changed = False
        self._statuses: dict[str, StatusNews] = {}
        self._alerts: list[str] = []

    def clear_mailbox(self) -> None:
        """Forget what was about the selected mailbox: another one is selected now."""
        self._exists = None
        self._expunged = False
        self._vanished = []
        self._flags = []
        self._flags_unknown = False

    @property
    def any(self) -> bool:
        """Whether there is something to take."""
        return bool(
            self._exists is not None or self._expunged or self._vanished or self._flags or self._flags_unknown
            or self._mailboxes_changed or self._statuses or self._alerts
        )

    def take(self) -> News:
        """Everything so far; the desk is empty afterwards."""
        news = News(
            exists=self._exists, expunged=self._expunged, vanished=tuple(self._vanished), flags=tuple(self._flags),
            flags_unknown=self._flags_unknown, statuses=tuple(self._statuses.values()),
            mailboxes_changed=self._mailboxes_changed, alerts=tuple(self._alerts),
        )
        self.clear()
        return news

    def hear(self, answer: Answer) -> None:
        """Note an untagged response; kinds that mean nothing here are passed over."""
        kind = answer.kind
        if kind == "EXISTS" and answer.number is not None:
            self._exists = answer.number
        elif kind == "EXPUNGE":
            self._expunged = True
        elif kind == "VANISHED":
            self.hear_vanished(answer)
        elif kind == "FETCH":
            self.hear_flags(answer)
        elif kind == "STATUS":
            self._hear_status(answer)
        elif kind in ("LIST", "LSUB"):
            self._mailboxes_changed = True
        elif kind in ("OK", "NO", "BAD"):
            self.hear_status_line(answers.parse_status(kind, answer.text))

    def hear_status_line(self, status: Status) -> None:
        """Alerts, and the end of NOTIFY (RFC 5465 5.8)."""
        if status.code == "ALERT" and len(self._alerts) < 20:
            self._alerts.append(wire.plain_words(status.words))
        elif status.code == "NOTIFICATIONOVERFLOW":
            self._mailboxes_changed = True
            self._flags_unknown = True

    def hear_vanished(self, answer: Answer) -> None:
        """VANISHED outside of a resynchronisation (RFC 7162 3.2.10.2)."""
        self._expunged = True
        if len(self._vanished) < MAX_KEPT:
            self._vanished.extend(vanished_ranges(answer))

    def hear_flags(self, answer: Answer) -> None:
        """A FETCH that nobody asked for, or that repeats one."""
        items = self._parser.parse(answer.pieces)
        if items.uid is None or items.flags is None or len(self._flags) >= MAX_KEPT:
            self._flags_unknown = self._flags_unknown or items.flags is not None
            return
        self._flags.append(FetchedFlags(items.uid, *items.flags, items.modseq))

    def add_flags(self, found: FetchedFlags) -> None:
        """Flags of a message by its uid, read already."""
        if len(self._flags) < MAX_KEPT:
            self._flags.append(found)
        else:
            self._flags_unknown = True

    def flags_without_uid(self) -> None:
        """Flags came for a message by its number only."""
        self._flags_unknown = True

    def _hear_status(self, answer: Answer) -> None:
        if len(self._statuses) < MAX_KEPT:
            status = parse_status_answer(answer)
            self._statuses[status.name] = status


def vanished_ranges(answer: Answer) -> uids.Ranges:
    """The uids of `VANISHED 3:4` or `VANISHED (EARLIER) 3:4`."""
    octets = answer.text.strip()
    if octets[:9].upper() == b"(EARLIER)":
        octets = octets[9:].strip()
    return uids.parse_ranges(octets) if octets else []


def parse_status_answer(answer: Answer) -> StatusNews:
    """`STATUS name (MESSAGES 3 UNSEEN 1 ...)` as a value."""
    values = answers.parse_values(answer.pieces)
    if len(values) < 2 or not isinstance(values[0], bytes | None):
        raise answers.unreadable()
    told = answers.pairs(values[1])
    counts = {
        word: answers.number(told[word])
        for word in ("MESSAGES", "UNSEEN", "UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ")
        if word in told
    }
    return StatusNews(
        # RFC 9051 9: a mailbox may be spelled by the atom NIL.
        names.decode(b"NIL" if values[0] is None else values[0]),
        counts.get("MESSAGES"), counts.get("UNSEEN"), counts.get("UIDVALIDITY") or None,
        counts.get("UIDNEXT") or None, counts.get("HIGHESTMODSEQ") or None,
    )  # fmt: skip
