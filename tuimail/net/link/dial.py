"""From a host name to a connected TCP socket, before an absolute deadline.

Name lookup has no time limit of its own, so it runs in a thread that is left behind
when it is late. Nothing is sent here.
"""

from __future__ import annotations

import errno
import ipaddress
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

from tuimail.errors import ConnectionProblem, Dropped, TimedOut, Unreachable, UsageError

KEEPALIVE_IDLE_S = 60
KEEPALIVE_INTERVAL_S = 10
KEEPALIVE_PROBES = 6
UNACKED_LIMIT_MS = 90_000
"""Sent octets that nobody acknowledges for so long end the connection (RFC 5482)."""

_Found = tuple[int, int, int, str, Any]


def dial(
    host: str, port: int, *, deadline: float, clock: Callable[[], float], loopback_only: bool = False
) -> socket.socket:
    """A connected socket with keepalive. Raises Unreachable, TimedOut or Dropped, and UsageError beyond this machine.

    `loopback_only` refuses every address outside 127.0.0.0/8 and ::1, whatever the name pretends.
    """
    waiting = _lookup(host, port, deadline - clock())
    if loopback_only:
        waiting = [found for found in waiting if ipaddress.ip_address(found[4][0].split("%")[0]).is_loopback]
        if not waiting:
            raise UsageError(
                f"{host} is not this machine, so mail does not pass without encryption.",
                'Set security = "tls" or "starttls".',
            )
    problem: ConnectionProblem = Unreachable(f"{host} has no address.")
    while waiting:
        left_s = deadline - clock()
        if left_s <= 0:
            raise TimedOut(f"{host} did not answer on port {port} in time.")
        found = waiting.pop(0)
        try:
            # An address that swallows packets may not use up the time of the next one.
            return _connect(found, left_s / (len(waiting) + 1))
        except OSError as exc:
            problem = _translate(exc, host, port)
    raise problem


def _lookup(host: str, port: int, timeout_s: float) -> list[_Found]:
    answers: queue.SimpleQueue[list[_Found] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    threading.Thread(target=look_up, name="tuimail-lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=max(timeout_s, 0))
    except queue.Empty:
        raise TimedOut(f"The name {host} could not be looked up in time.") from None
    if isinstance(answer, socket.gaierror) and answer.errno == socket.EAI_AGAIN:
        raise Unreachable(f"The name {host} cannot be looked up just now.", "Is this machine online?") from answer
    if isinstance(answer, OSError | UnicodeError):
        raise Unreachable(f"There is no host with the name {host}.", "Check the host in the configuration.") from answer
    return answer


def _connect(found: _Found, timeout_s: float) -> socket.socket:
    family, kind, protocol, _, address = found
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(timeout_s)
        sock.connect(address)
        _keep_alive(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    options = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE_S,
        "TCP_KEEPALIVE": KEEPALIVE_IDLE_S,  # macOS's name of TCP_KEEPIDLE
        "TCP_KEEPINTVL": KEEPALIVE_INTERVAL_S,
        "TCP_KEEPCNT": KEEPALIVE_PROBES,
        "TCP_USER_TIMEOUT": UNACKED_LIMIT_MS,
    }
    for name, value in options.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _translate(exc: OSError, host: str, port: int) -> ConnectionProblem:
    if isinstance(exc, TimeoutError):
        return TimedOut(f"{host} did not answer on port {port} in time.")
    if exc.errno == errno.ECONNRESET:  # accepted and thrown away before we looked
        return Dropped(f"{host} closed the connection.")
    if exc.errno == errno.ECONNREFUSED:
        return Unreachable(f"{host} refused the connection on port {port}.", "Check the port. Does the server run?")
    if exc.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL):
        return Unreachable(f"There is no way to {host} from here.", "Is this machine online?")
    return Unreachable(f"{host} cannot be reached on port {port}: {exc.strerror or 'no reason given'}.")
