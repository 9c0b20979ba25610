r"""Signing in with an OAuth 2 access token, in the words that IMAP, POP3 and SMTP share. Pure; no socket.

XOAUTH2 is the older form that every big provider takes, OAUTHBEARER the standard one (RFC 7628).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tuimail.config import AuthKind
from tuimail.errors import AuthError, UsageError

TOKEN_MECHANISMS = ("XOAUTH2", "OAUTHBEARER")
"""In the order of our liking: what every provider is tested with comes first."""

REFUSAL_ANSWER = {"XOAUTH2": b"", "OAUTHBEARER": b"\x01"}
"""What is said to the reason of a refusal, so that the server ends the exchange."""

ADVICE: Mapping[AuthKind, str] = {
    AuthKind.PASSWORD: "Check user name and password. Some providers need an app password.",
    AuthKind.OAUTH2: "The access token may have expired: run your token_command by hand and look.",
}
"""What to do when a login is refused."""

_TOKEN = re.compile(r"[!-~]{1,16384}")


def token_response(mechanism: str, user: str, token: str, host: str, port: int) -> bytes:
    """The one response of the client. Raises AuthError for what cannot be a token, UsageError for such a user name."""
    if not _TOKEN.fullmatch(token):
        raise AuthError(
            "The access token holds characters that no token has.", "Run your token_command by hand and look."
        )
    if any(char < " " for char in user):
        raise UsageError("A user name holds a control character.")
    if mechanism == "XOAUTH2":
        return f"user={user}\1auth=Bearer {token}\1\1".encode()
    name = user.replace("=", "=3D").replace(",", "=2C")  # RFC 5801 4
    return f"n,a={name},\1host={host}\1port={port}\1auth=Bearer {token}\1\1".encode()
