"""What one connection has been told about its selected mailbox, and what it must still be told.

Sequence numbers live here and nowhere else: they count the messages that this client knows, until it was told of an
expunge (RFC 3501 7.4.1). Flag changes are found by modseq, so nothing is told twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tuimail.demo.imap.fetch import flag_list
from tuimail.demo.imap.syntax import format_set, pick_from_set
from tuimail.demo.mailstore import Mailbox, Message


class View:
    """The selected mailbox as the client knows it."""

    def __init__(self, mailbox: Mailbox, *, read_only: bool) -> None:
        """Start with what is in the mailbox now."""
        self.mailbox = mailbox
        self.read_only = read_only
        self.uid_validity = mailbox.uid_validity
        self.messages: list[Message] = list(mailbox.messages)
        self._told_modseq = mailbox.highest_modseq
        self._flags = {message.uid: message.flags for message in self.messages}

    def uids(self) -> list[int]:
        """The uids the client knows, ascending."""
        return [message.uid for message in self.messages]

    def sequence(self, uid: int) -> int:
        """The sequence number of a uid that the client knows."""
        return bisect_left(self.messages, uid, key=lambda message: message.uid) + 1

    def pick(self, text: bytes, *, by_uid: bool) -> list[tuple[int, Message]]:
        """(sequence number, message) for each message of a sequence set."""
        if by_uid:
            return [
                (self.sequence(uid), self.messages[self.sequence(uid) - 1]) for uid in pick_from_set(text, self.uids())
            ]
        return [(number, self.messages[number - 1]) for number in pick_from_set(text, range(1, len(self.messages) + 1))]

    def stale(self) -> bool:
        """True when the mailbox has changed since the client was last told."""
        return self.mailbox.highest_modseq != self._told_modseq or len(self.mailbox.messages) != len(self.messages)

    def news(self, *, with_expunges: bool, vanished: bool, modseq: bool, with_uid: bool) -> list[bytes]:
        """The untagged lines that bring the client up to date, each with its CRLF.

        with_expunges: False while a command runs that must not renumber. vanished: RFC 7162 VANISHED in place of
        EXPUNGE.
        """
        with self.mailbox.lock:
            if not self.stale():
                return []
            lines = self._expunges(vanished=vanished) if with_expunges else []
            known = self.messages[-1].uid if self.messages else 0
            first_new = bisect_left(self.mailbox.messages, known + 1, key=lambda message: message.uid)
            fresh = [m for m in self.mailbox.messages[first_new:] if m.uid not in self._flags]
            if fresh:
                self.messages += fresh
                self._flags |= {message.uid: message.flags for message in fresh}
                lines += [b"* %d EXISTS\r\n" % len(self.messages), b"* 0 RECENT\r\n"]
            lines += self._flag_changes(modseq=modseq, with_uid=with_uid)
            self._told_modseq = self.mailbox.highest_modseq
            return lines

    def note_flags(self, message: Message) -> None:
        """The client knows the flags of this message by its own command."""
        self._flags[message.uid] = message.flags

    def _expunges(self, *, vanished: bool) -> list[bytes]:
        alive = {message.uid for message in self.mailbox.messages}
        gone = [(index, m.uid) for index, m in enumerate(self.messages, start=1) if m.uid not in alive]
        self.messages = [message for message in self.messages if message.uid in alive]
        for _, uid in gone:
            del self._flags[uid]
        if vanished:
            return [b"* VANISHED " + format_set(uid for _, uid in gone) + b"\r\n"] if gone else []
        return [b"* %d EXPUNGE\r\n" % (index - told) for told, (index, _) in enumerate(gone)]

    def _flag_changes(self, *, modseq: bool, with_uid: bool) -> list[bytes]:
        lines = []
        for index, message in enumerate(self.messages, start=1):
            if message.modseq > self._told_modseq and self._flags[message.uid] != message.flags:
                self._flags[message.uid] = message.flags
                lines.append(flags_line(index, message, modseq=modseq, with_uid=with_uid))
        return lines


def flags_line(sequence: int, message: Message, *, modseq: bool, with_uid: bool) -> bytes:
    """`* 3 FETCH (FLAGS (\\Seen))`, with UID and MODSEQ where the client wants them."""
    pieces = [b"UID %d " % message.uid] if with_uid else []
    pieces.append(b"FLAGS " + flag_list(message.flags))
    if modseq:
        pieces.append(b" MODSEQ (%d)" % message.modseq)
    return b"* %d FETCH (" % sequence + b"".join(pieces) + b")\r\n"


def used_flags(messages: Sequence[Message]) -> list[str]:
    """The keywords in use, for the FLAGS answer of SELECT."""
    return sorted({flag for message in messages for flag in message.flags if not flag.startswith("\\")}, key=str.lower)
