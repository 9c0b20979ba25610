"""The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

ITERATIONS = 4096


class ScramRefused(ValueError):
    """The client's proof or message does not hold."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The server-first message and what is needed to check the answer to it."""

    user: str
    client_first_bare: str
    server_first: str
    nonce: str
    salt: bytes
    header: str


def challenge(client_first: bytes, *, nonce: str | None = None) -> Challenge:
    """Answer the client-first message `n,,n=user,r=nonce`."""
    text = client_first.decode("utf-8")
    channel, _, rest = text.partition(",")
    authzid, _, bare = rest.partition(",")
    attributes = _attributes(bare)
    if channel not in ("n", "y") or "n" not in attributes or "r" not in attributes:
        raise ScramRefused("not a client-first message")
    salt = secrets.token_bytes(16)
    both = attributes["r"] + (nonce or secrets.token_urlsafe(18))
    server_first = f"r={both},s={base64.b64encode(salt).decode()},i={ITERATIONS}"
    user = attributes["n"].replace("=2C", ",").replace("=3D", "=")
    return Challenge(user, bare, server_first, both, salt, f"{channel},{authzid},")


def verify(sent: Challenge, client_final: bytes, password: str) -> bytes:
    """Check the proof; the server-final message `v=...`. ScramRefused when it is wrong."""
    text = client_final.decode("utf-8")
    without_proof, _, proof = text.rpartition(",p=")
    attributes = _attributes(without_proof)
    header = base64.b64decode(attributes.get("c", ""))
    if attributes.get("r") != sent.nonce or header.decode("utf-8") != sent.header:
        raise ScramRefused("nonce or channel binding differ")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8"), sent.salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    signed = f"{sent.client_first_bare},{sent.server_first},{without_proof}".encode()
    signature = hmac.digest(stored_key, signed, "sha256")
    offered = base64.b64decode(proof)
    client_key = bytes(a ^ b for a, b in zip(signature, offered, strict=False))
    if len(offered) != 32 or not hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key):
        raise ScramRefused("the proof is wrong")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return b"v=" + base64.b64encode(hmac.digest(server_key, signed, "sha256"))


def _attributes(text: str) -> dict[str, str]:
    return {piece[0]: piece[2:] for piece in text.split(",") if piece[1:2] == "="}
