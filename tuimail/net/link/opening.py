"""The way in that all sessions share: rules of encryption, then a connected channel. Nothing is sent here."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TypeVar

from tuimail.config import Receive, Security, Send, is_loopback
from tuimail.errors import UsageError
from tuimail.net.link import tls
from tuimail.net.link.channel import Channel
from tuimail.net.link.dial import dial

_Made = TypeVar("_Made", bound=Channel)


def opened(
    server: Receive | Send, kind: type[_Made], *, deadline: float, clock: Callable[[], float], port: int | None = None
) -> tuple[_Made, ssl.SSLContext | None]:
    """A channel to the account's server, and the context to secure it with: None when it stays in the clear.

    `port` in place of the server's own. Raises UsageError for an unencrypted connection to another machine,
    ConfigError, Unreachable, TimedOut.
    """
    plain = server.security is Security.NONE
    if plain and not is_loopback(server.host):
        sending = isinstance(server, Send)
        what = f"sent through {server.host}" if sending else f"fetched from {server.host}"
        raise UsageError(f"Mail is not {what} without encryption.", 'Set security = "tls" or "starttls".')
    context = None if plain else tls.context(server.ca_file)
    number = server.port if port is None else port
    sock = dial(server.host.strip("[]"), number, deadline=deadline, clock=clock, loopback_only=plain)
    return kind(sock, server.host, number, clock), context
