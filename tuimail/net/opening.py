"""The way in that all sessions share: rules of encryption, then a connected channel. Nothing is sent here."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TypeVar

from tuimail.config import Receive, Security, is_loopback
from tuimail.errors import UsageError
from tuimail.net import tls
from tuimail.net.channel import Channel
from tuimail.net.dial import dial

_Made = TypeVar("_Made", bound=Channel)


def opened(
    receive: Receive, kind: type[_Made], *, deadline: float, clock: Callable[[], float]
) -> tuple[_Made, ssl.SSLContext | None]:
    """A channel to the account's server, and the context to secure it with: None when it stays in the clear.

    Raises UsageError for an unencrypted connection to another machine, ConfigError, Unreachable, TimedOut.
    """
    plain = receive.security is Security.NONE
    if plain and not is_loopback(receive.host):
        raise UsageError(
            f"Mail from {receive.host} is not fetched without encryption.", 'Set security = "tls" or "starttls".'
        )
    context = None if plain else tls.context(receive.ca_file)
    sock = dial(receive.host.strip("[]"), receive.port, deadline=deadline, clock=clock, loopback_only=plain)
    return kind(sock, receive.host, receive.port, clock), context
