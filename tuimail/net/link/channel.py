"""Octets to and from one server: buffered, with an absolute deadline and a budget.

The one place that waits on a mail socket. Before every wait the time that is left until
the command's deadline becomes the socket's timeout, so that neither silence nor a drip of
single octets can outlast it, and no thread is needed to watch. It knows TLS and DEFLATE,
and no protocol. One thread uses a channel; any thread may `close()` it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from typing import NoReturn

from tuimail.errors import CertificateError, Dropped, MailError, ProtocolViolation, TimedOut
from tuimail.net.link import tls
from tuimail.net.link.deflate import Deflate

RECEIVE_OCTETS = 256 * 1024


class Channel:
    """A connected socket that is read by lines and by counted octets."""

    def __init__(self, sock: socket.socket, host: str, port: int, clock: Callable[[], float]) -> None:
        """Take over a connected socket."""
        self.host = host
        self.port = port
        self.encrypted = False
        self.line_limit = 8 * 1024 * 1024
        self._sock = sock
        self._clock = clock
        self._buffer = b""
        self._at = 0
        self._deflate: Deflate | None = None
        self._deadline = float("inf")
        self._silence_s = float("inf")
        self._octets_left = 0
        self._lines_left = 0
        self._lock = threading.Lock()
        self._gone: MailError | None = None
        self.octets_read = 0
        """Since the connection began, after decompression."""

    # --- deadline and budget

    def begin(self, deadline_s: float, *, silence_s: float, octets: int, lines: int) -> None:
        """A new command: everything until the next `begin` must fit into this."""
        self._deadline = self._clock() + deadline_s
        self._silence_s = silence_s
        self._octets_left = octets
        self._lines_left = lines

    @property
    def broken(self) -> bool:
        """True once anything failed: it is never used again."""
        return self._gone is not None

    @property
    def socket(self) -> socket.socket:
        """The socket itself, for options and polling only."""
        return self._sock

    # --- reading

    def line(self) -> bytes:
        """The next line without its end."""
        self._lines_left -= 1
        if self._lines_left < 0:
            self._violate("sent more lines than an answer can have")
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            return self._slow_line()
        start = self._at
        self._at = end + 1
        if end > start and self._buffer[end - 1] == 13:
            return self._buffer[start : end - 1]
        return self._buffer[start:end]

    def _slow_line(self) -> bytes:
        pieces = [self._buffer[self._at :]]
        length = len(pieces[0])
        self._at = len(self._buffer)
        while True:
            self._fill()
            end = self._buffer.find(b"\n")
            if end >= 0:
                break
            pieces.append(self._buffer)
            length += len(self._buffer)
            self._at = len(self._buffer)
            if length > self.line_limit:
                self._violate("sent a line that is too long")
        pieces.append(self._buffer[:end])
        self._at = end + 1
        line = b"".join(pieces)
        return line[:-1] if line.endswith(b"\r") else line

    def admit(self, count: int) -> None:
        """Refuse an announcement of more octets than the budget has left, before anything is read."""
        if count > self._octets_left + len(self._buffer) - self._at:
            self._violate("announced more octets than an answer can have")

    def octets(self, count: int) -> bytes:
        """Exactly `count` octets. A count beyond the budget is refused before anything is read."""
        self.admit(count)
        end = self._at + count
        if end <= len(self._buffer):
            found = self._buffer[self._at : end]
            self._at = end
            return found
        pieces = [self._buffer[self._at :]]
        missing = count - len(pieces[0])
        while True:
            self._at = len(self._buffer)
            self._fill()
            if missing <= len(self._buffer):
                break
            pieces.append(self._buffer)
            missing -= len(self._buffer)
        pieces.append(self._buffer[:missing])
        self._at = missing
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Read `count` octets and drop them, a block at a time."""
        self.admit(count)
        while count > 0:
            here = min(count, len(self._buffer) - self._at)
            if here:
                self._at += here
                count -= here
            else:
                self._fill()

    def has_line(self) -> bool:
        """Whether `line()` would return without waiting."""
        return self._buffer.find(b"\n", self._at) >= 0

    @property
    def untouched(self) -> bool:
        """True while nothing was received that was not read."""
        return self._at >= len(self._buffer)

    def _fill(self) -> None:
        """Wait for more; what is left in the buffer stays in front."""
        while True:
            octets = self._receive(self._time_left())
            if octets:
                break
        self._keep(octets)

    def _keep(self, octets: bytes) -> None:
        self.octets_read += len(octets)
        self._octets_left -= len(octets)
        if self._octets_left < 0:
            self._violate("sent more than an answer can have")
        self._buffer = self._buffer[self._at :] + octets if self._at < len(self._buffer) else octets
        self._at = 0

    def _time_left(self) -> float:
        left_s = self._deadline - self._clock()
        if left_s <= 0:
            self._give_up(TimedOut(f"{self.host} did not finish its answer in time."))
        return min(left_s, self._silence_s)

    def _receive(self, timeout_s: float) -> bytes:
        """Some octets, or none when what came does not inflate to anything yet."""
        deflate = self._deflate
        if deflate is not None and deflate.more:
            return deflate.feed(b"")
        with self._io():
            try:
                self._sock.settimeout(timeout_s)
                octets = self._sock.recv(RECEIVE_OCTETS)
            except TimeoutError:
                self._give_up(TimedOut(f"{self.host} did not answer in time."))
            except (OSError, ValueError) as exc:
                self._give_up(self._dropped(), exc)
            if not octets:
                self._give_up(self._dropped())
        return octets if deflate is None else self._inflated(deflate, octets)

    def _inflated(self, deflate: Deflate, octets: bytes) -> bytes:
        try:
            block = deflate.feed(octets)
        except zlib.error as exc:
            self._give_up(ProtocolViolation(f"{self.host} sent octets that are not compressed as agreed."), exc)
        if not block and deflate.ended:
            self._give_up(self._dropped())
        return block

    # --- waiting for whoever comes first

    def wait(self, wake_fd: int | None, timeout_s: float) -> bool:
        """Until octets are here (True), or `wake_fd` is readable or the time is over (False).

        True may come without a complete line, and without any octet at all: look again.
        """
        if self._deflate is not None and self._deflate.more:
            self._keep(self._deflate.feed(b""))
            return True
        pending = isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0
        if not pending:
            poll = select.poll()
            with self._io():
                descriptor = self._sock.fileno()
                poll.register(descriptor, select.POLLIN)
                if wake_fd is not None:
                    poll.register(wake_fd, select.POLLIN)
                ready = {fd for fd, _ in poll.poll(max(0.0, timeout_s) * 1000)}
            if descriptor not in ready:
                return False
        self._fill_now()
        return True

    def _fill_now(self) -> None:
        """Take what is here without waiting: a TLS record may hold no octet of ours."""
        with self._io():
            try:
                self._sock.settimeout(0)
                octets = self._sock.recv(RECEIVE_OCTETS)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except (OSError, ValueError) as exc:
                self._give_up(self._dropped(), exc)
            if not octets:
                self._give_up(self._dropped())
        if self._deflate is not None:
            octets = self._inflated(self._deflate, octets)
        if octets:
            self._keep(octets)

    # --- writing

    def send(self, octets: bytes) -> None:
        """Everything, before the deadline."""
        if self._deflate is not None:
            octets = self._deflate.pack(octets)
        view = memoryview(octets)
        with self._io():
            while view:
                try:
                    self._sock.settimeout(self._time_left())
                    view = view[self._sock.send(view) :]
                except TimeoutError:
                    self._give_up(TimedOut(f"{self.host} did not take what was sent in time."))
                except (OSError, ValueError) as exc:
                    self._give_up(self._dropped(), exc)

    # --- layers

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on under TLS; whatever was received in the clear and not read yet is dropped (RFC 9051 6.2.1)."""
        self._buffer = b""
        self._at = 0
        with self._io():
            try:
                self._sock.settimeout(self._time_left())
                self._sock = context.wrap_socket(
                    self._sock, server_hostname=self.host.strip("[]").rstrip("."), do_handshake_on_connect=False
                )
                self._sock.settimeout(self._time_left())
                self._sock.do_handshake()
            except TimeoutError:
                self._give_up(TimedOut(f"{self.host} did not finish setting up TLS in time."))
            except OSError as exc:  # first: a failed verification is both an OSError and a ValueError
                self._give_up(tls.translate(exc, self.host, self.port), exc)
            except ValueError as exc:
                self._give_up(CertificateError(f"{self.host} is not a name that TLS can check."), exc)
        self.encrypted = True

    def start_deflate(self) -> None:
        """Go on compressed; what is in the buffer already came after the server's OK and is compressed."""
        early = self._buffer[self._at :]
        self._deflate = Deflate()
        self._buffer = b""
        self._at = 0
        if early:
            self._buffer = self._inflated(self._deflate, early)

    # --- the end

    def close(self) -> None:
        """End the connection; callable from any thread, a waiting one gets Dropped."""
        if self._gone is None:
            self._gone = Dropped(f"The connection to {self.host} was closed.")
        with contextlib.suppress(OSError):  # never connected, or gone already
            # Not SSLSocket.shutdown: it takes TLS away under a thread that is reading.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        if self._lock.acquire(blocking=False):
            try:
                self._sock.close()
            finally:
                self._lock.release()

    def fail(self, error: MailError) -> NoReturn:
        """Give the connection up because of `error`, and raise it."""
        self._give_up(error)

    def _violate(self, what: str) -> NoReturn:
        self._give_up(ProtocolViolation(f"{self.host} {what}."))

    def _dropped(self) -> MailError:
        return self._gone or Dropped(f"{self.host} closed the connection.")

    def _give_up(self, error: MailError, cause: BaseException | None = None) -> NoReturn:
        if self._gone is None:
            self._gone = error
        self._sock.close()
        raise error from cause

    def _io(self) -> _Turn:
        return _Turn(self)


class _Turn:
    """Holds the socket while a system call runs, so that `close()` from another thread cannot reuse its number."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __enter__(self) -> None:
        channel = self._channel
        channel._lock.acquire()
        if channel._gone is not None:
            channel._lock.release()
            gone = channel._gone
            raise type(gone)(gone.sentence, gone.advice) from None

    def __exit__(self, *exc: object) -> None:
        channel = self._channel
        channel._lock.release()
        if channel._gone is not None:
            channel._sock.close()
