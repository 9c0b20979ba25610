"""Parameters of MIME headers: RFC 2045 5.1 syntax, RFC 2231 continuations and charsets.

Two sources: a header's text, and the lists of a BODYSTRUCTURE, where some servers
join the continuations and some do not. Names come out lower case, values decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tuimail.mime.decoding.charset import decode_charset
from tuimail.mime.decoding.words import decode_header

MAX_PARAMETERS = 200
MAX_VALUE_CHARACTERS = 16 * 1024
_USUAL_CHARACTERS = 100

_PARAMETER = re.compile(
    r""";\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;]*+))""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTINUED = re.compile(r"([^*]+)\*(?:([0-9]{1,4})(\*?))?\Z")


class HeaderValue(NamedTuple):
    """A structured header: `attachment; filename=x` is a value and its parameters."""

    value: str
    """Lower case, without parameters."""
    parameters: Mapping[str, str]


def parse_value(text: str) -> HeaderValue:
    """A Content-Type, Content-Disposition or the like, from its unfolded text. Never raises."""
    return _remembered(text) if len(text) <= _USUAL_CHARACTERS else _parsed(text[:MAX_VALUE_CHARACTERS])


@lru_cache(maxsize=512)
def _remembered(text: str) -> HeaderValue:
    """Half of all messages say `text/plain; charset=utf-8`."""
    value, parameters = _parsed(text)
    return HeaderValue(value, MappingProxyType(dict(parameters)))


def _parsed(text: str) -> HeaderValue:
    value, separator, _ = text.partition(";")
    found = _PARAMETER.finditer(text, len(value)) if separator else ()
    pairs: list[tuple[str, str]] = []
    for match in found:
        quoted, bare = match.group(2), match.group(3)
        raw = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare.strip()
        pairs.append((match.group(1), raw))
        if len(pairs) >= MAX_PARAMETERS:
            break
    return HeaderValue(" ".join(_without_comment(value).split()).lower(), resolve(pairs))


def _without_comment(value: str) -> str:
    return value.partition("(")[0]


def resolve(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters by lower-case name, continuations joined and charsets decoded.

    The extended form of a name wins over the plain one (RFC 6266 4.3); of two equal
    names the first counts.
    """
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in pairs:
        name = name.lower()
        found = _CONTINUED.match(name)
        if not found:
            plain.setdefault(name, decode_header(value))
            continue
        base, index, starred = found.groups()
        encoded = index is None or starred == "*"
        pieces.setdefault(base, {}).setdefault(int(index or 0), (value, encoded))
    for base, numbered in pieces.items():
        plain[base] = _join(numbered)
    return plain


def _join(numbered: Mapping[int, tuple[str, bool]]) -> str:
    octets = b""
    charset = ""
    for position, index in enumerate(sorted(numbered)):
        if index != position:
            break  # RFC 2231 3: a gap ends the value
        value, encoded = numbered[index]
        if encoded and index == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        octets += unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace")
    if 0 not in numbered:
        value, encoded = next(iter(numbered.values()))
        octets = unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace")
    return decode_header(decode_charset(octets, charset))
