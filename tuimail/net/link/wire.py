"""What may be written to a mail server, and what may be repeated of what it said.

Every argument of every command passes through here: a CR, LF or NUL in one would end the
command and begin another that an attacker chose (RFC 9051 9: neither stands in a quoted string).
No socket is touched here.
"""

from __future__ import annotations

import base64
import re

from tuimail.errors import UsageError
from tuimail.model import Section

MAX_WORDS = 200
"""Characters of a server's text that are repeated to a person."""

_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*")
_ATOM = re.compile(r"[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]+")
_FLAG = re.compile(r"\\?[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]+")
_SECTION = re.compile(r"(?:[1-9]\d{0,4}(?:\.[1-9]\d{0,4}){0,99})?(?:\.?(?:HEADER|TEXT|MIME))?")
_SYNTAX = re.compile(r"[\x20-\x7e]+")


class Literal(bytes):
    """Octets that travel as an IMAP literal, with their length in front."""


def check(text: str) -> str:
    """The text itself; raises UsageError for CR, LF or NUL."""
    if "\r" in text or "\n" in text or "\0" in text:
        raise UsageError("A value for the server holds a line break or a NUL.")
    return text


def check_octets(octets: bytes) -> bytes:
    """The octets themselves; raises UsageError for CR, LF or NUL."""
    if b"\r" in octets or b"\n" in octets or b"\0" in octets:
        raise UsageError("A value for the server holds a line break or a NUL.")
    return octets


def string(octets: bytes) -> bytes:
    """A string argument: quoted where it may be, else a literal. Raises UsageError for CR, LF, NUL."""
    check_octets(octets)
    # RFC 9051 9: a quoted string holds 7-bit characters; long ones would burst the command line.
    if len(octets) <= 1000 and _QUOTABLE.fullmatch(octets):
        return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return Literal(octets)


def atom(text: str) -> bytes:
    """An atom; raises UsageError for anything else."""
    if not _ATOM.fullmatch(text):
        raise UsageError("A word for the server holds a character that cannot be sent.")
    return text.encode("ascii")


def flag(text: str) -> bytes:
    r"""A flag (`\Seen`) or keyword; raises UsageError for anything else."""
    if not _FLAG.fullmatch(text):
        raise UsageError("A flag holds a character that cannot be sent.")
    return text.encode("ascii")


def syntax(text: str) -> bytes:
    """Words of a search that tuimail itself wrote: printable ASCII, sent as it is."""
    if not _SYNTAX.fullmatch(text):
        raise UsageError("A search word holds a character that cannot be sent.")
    return text.encode("ascii")


def section(text: Section) -> bytes:
    """A section specification (RFC 9051 6.4.5); raises UsageError for anything else."""
    if not _SECTION.fullmatch(text):
        raise UsageError("No such part.")
    return text.encode("ascii")


def b64(octets: bytes) -> bytes:
    """Base64 for a SASL exchange; `=` for an empty initial response (RFC 4959 3)."""
    return base64.b64encode(octets) or b"="


def plain_words(octets: bytes) -> str:
    """What a server said, short and printable, for a sentence or a log."""
    text = octets[: 8 * MAX_WORDS].decode("utf-8", "replace")
    shown = "".join(char if char.isprintable() else " " for char in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= MAX_WORDS else shown[: MAX_WORDS - 1] + "…"
