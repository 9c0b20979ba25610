"""The client's half of SCRAM (RFC 5802, RFC 7677), without channel binding. Pure; no socket.

The password is never sent, and the server must prove that it knows it too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import stringprep
import unicodedata

from tuimail.errors import AuthError

DIGESTS = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
MIN_ITERATIONS = 1000
"""RFC 5802 asks for 4096 at least; fewer than this is an invitation to guess."""
MAX_ITERATIONS = 1_000_000
"""More would only burn our time: about half a second."""


class Scram:
    """One exchange: `first()`, then `final(server_first)`, then `verify(server_final)`."""

    def __init__(self, mechanism: str, user: str, password: str, nonce: str | None = None) -> None:
        """For SCRAM-SHA-256 or SCRAM-SHA-1; tests pass the nonce."""
        self._digest = DIGESTS[mechanism]
        self._password = prepare(password).encode("utf-8")
        self._nonce = nonce or secrets.token_urlsafe(24)
        name = prepare(user).replace("=", "=3D").replace(",", "=2C")
        self._first_bare = f"n={name},r={self._nonce}"
        self._expected = b""

    def first(self) -> bytes:
        """The client-first message."""
        return f"n,,{self._first_bare}".encode()

    def final(self, server_first: bytes) -> bytes:
        """The client-final message with our proof; AuthError when the server's message makes no sense."""
        text = _decoded(server_first)
        fields = _fields(text)
        nonce, iterations = fields.get("r", ""), fields.get("i", "")
        try:
            salt = base64.b64decode(fields.get("s", ""), validate=True)
        except (binascii.Error, ValueError):
            salt = b""
        if not salt or not nonce.startswith(self._nonce) or len(nonce) <= len(self._nonce) or "m" in fields:
            raise _senseless()
        if not iterations.isdigit() or not MIN_ITERATIONS <= int(iterations[:10]) <= MAX_ITERATIONS:
            raise _senseless()
        salted = hashlib.pbkdf2_hmac(self._digest, self._password, salt, int(iterations))
        client_key = hmac.digest(salted, b"Client Key", self._digest)
        without_proof = f"c=biws,r={nonce}"
        signed = f"{self._first_bare},{text},{without_proof}".encode()
        signature = hmac.digest(hashlib.new(self._digest, client_key).digest(), signed, self._digest)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._expected = hmac.digest(hmac.digest(salted, b"Server Key", self._digest), signed, self._digest)
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, server_final: bytes) -> None:
        """AuthError unless the server proved that it knows the password."""
        try:
            signature = base64.b64decode(_fields(_decoded(server_final)).get("v", ""), validate=True)
        except (binascii.Error, ValueError):
            signature = b""
        if not self._expected or not hmac.compare_digest(signature, self._expected):
            raise AuthError(
                "The server could not prove that it knows your password.",
                "It may be an impostor: check the host before you try again.",
            )

    def __repr__(self) -> str:
        return "Scram(...)"


def prepare(text: str) -> str:
    """SASLprep (RFC 4013) without its prohibitions: what a person typed is what they meant."""
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    return unicodedata.normalize("NFKC", mapped)


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise _senseless() from None


def _fields(text: str) -> dict[str, str]:
    return {piece[0]: piece[2:] for piece in text.split(",") if piece[1:2] == "="}


def _senseless() -> AuthError:
    return AuthError("The server's part of the login (SCRAM) makes no sense.", "Ask the owner of the server.")
