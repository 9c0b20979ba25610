r"""The octets of POP3: lines that end in CRLF and nothing else, and bodies that end in `\r\n.\r\n`.

A bare LF or a bare CR never ends anything here (RFC 1939 3): `\n.\r\n` inside a mail is mail, and
an end of the connection is never an end of a message. Bodies are read by blocks: the end is
looked for, and dots are unstuffed, in whole blocks, with no loop over lines.
"""

from __future__ import annotations

from tuimail.errors import TooLarge
from tuimail.net.link.channel import Channel
from tuimail.net.pop.values import Sink

END = b"\r\n.\r\n"
STUFFED = b"\r\n.."
UNSTUFFED = b"\r\n."


class PopChannel(Channel):
    """A channel that is read by CRLF lines and by dot-stuffed bodies."""

    def line(self) -> bytes:
        """The next line without its CRLF. Raises ProtocolViolation for a line that a bare LF ends."""
        self._lines_left -= 1
        if self._lines_left < 0:
            self._violate("sent more lines than an answer can have")
        while True:
            end = self._buffer.find(b"\n", self._at)
            if end >= 0:
                break
            if len(self._buffer) - self._at > self.line_limit:
                self._violate("sent a line that is too long")
            self._fill()
        if end == self._at or self._buffer[end - 1] != 13:
            self._violate("ends its lines with LF, which POP3 does not allow")
        line = self._buffer[self._at : end - 1]
        if len(line) > self.line_limit:
            self._violate("sent a line that is too long")
        self._at = end + 1
        return line

    def body(self, sink: Sink, limit_octets: int) -> int:
        """Everything up to the dot on a line of its own, unstuffed, to the sink; how many octets that were.

        Stands right behind a line that `line` returned. Raises TooLarge beyond the limit, and whatever
        the sink raises; after either the channel is closed, since the answer's rest was not read.
        """
        count = 0
        at = self._at - 2  # the CRLF of the status line is the line end before the first line
        unread = 2  # and no part of the body
        try:
            while True:
                buffer = self._buffer
                end = buffer.find(END, at)
                # What may be the beginning of an end or of a stuffed dot waits for the next block.
                stop = end + 2 if end >= 0 else buffer.find(b"\r", max(at, len(buffer) - 4))
                if stop < 0:
                    stop = len(buffer)
                if stop > at:
                    piece = buffer[at:stop].replace(STUFFED, UNSTUFFED)
                    if unread:
                        piece, unread = piece[unread:], 0
                    count += len(piece)
                    if count > limit_octets:
                        raise TooLarge(f"A message is larger than {limit_octets} octets.")
                    if piece:
                        sink(piece)
                if end >= 0:
                    self._at = end + len(END)
                    return count
                self._at = stop
                self._fill()
                at = self._at
        except BaseException:
            self.close()
            raise
