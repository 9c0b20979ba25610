"""Mailbox names: between the wire's modified UTF-7 (RFC 3501 5.1.3) and text, always reversible.

A name is an opaque key, never a path. What a server spells in a way that would not encode
back to the same octets (raw UTF-8, Latin-1, broken UTF-7) keeps its octets behind a marker,
so that such a mailbox can still be opened.
"""

from __future__ import annotations

import base64
import binascii
import re

from tuimail.errors import UsageError
from tuimail.net.link import wire

RAW_UTF8 = "\ufdd0"
"""In front of a name that the server spelled in UTF-8. A noncharacter: in no real name, but SQLite stores it."""
RAW_OCTETS = "\ufdd1"
"""In front of a name whose octets are each one character of Latin-1."""

_SHIFTED = re.compile(r"&([^-]*)-")
_WIDE = re.compile(r"[^\x20-\x7e]+")


def decode(raw: bytes) -> str:
    """A name as text; `encode` gives back the same octets, whatever they were (INBOX in capitals)."""
    if raw.upper() == b"INBOX":
        return "INBOX"  # RFC 9051 5.1: in any case
    text = _decode_utf7(raw)
    if text is not None:
        return text
    try:
        return RAW_UTF8 + raw.decode("utf-8")
    except UnicodeDecodeError:
        return RAW_OCTETS + raw.decode("latin-1")


def encode(name: str) -> bytes:
    """The octets of a name. UsageError when it is empty, holds CR, LF, NUL, or cannot be spelled."""
    if not name:
        raise UsageError("A mailbox needs a name.")
    wire.check(name)
    try:
        if name.startswith(RAW_UTF8):
            return name[1:].encode("utf-8")
        if name.startswith(RAW_OCTETS):
            return name[1:].encode("latin-1")
        return _encode_utf7(name)
    except UnicodeEncodeError:
        raise UsageError("That name of a mailbox cannot be sent to a server.") from None


def argument(name: str) -> bytes:
    """A name as a command's argument."""
    return wire.string(encode(name))


def _decode_utf7(raw: bytes) -> str | None:
    try:
        text = raw.decode("ascii")
        if "&" in text:
            text = _SHIFTED.sub(lambda match: _decode_shifted(match[1]), text)
        wire.check(text)
        return text if _encode_utf7(text) == raw and text[:1] not in (RAW_UTF8, RAW_OCTETS) else None
    except (UnicodeError, binascii.Error, ValueError, UsageError):
        return None


def _decode_shifted(shifted: str) -> str:
    if not shifted:
        return "&"
    padded = shifted.replace(",", "/") + "=" * (-len(shifted) % 4)
    return base64.b64decode(padded, validate=True).decode("utf-16-be")


def _encode_utf7(text: str) -> bytes:
    escaped = text.replace("&", "&-")
    return _WIDE.sub(lambda match: _encode_shifted(match[0]), escaped).encode("ascii")


def _encode_shifted(wide: str) -> str:
    return "&" + base64.b64encode(wide.encode("utf-16-be")).decode("ascii").rstrip("=").replace("/", ",") + "-"
