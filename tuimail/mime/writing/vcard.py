"""vCards (RFC 2426, RFC 6350, and 2.1 as old phones write it) as names and addresses, and nothing more of them.

Any octets in, no exception out; bounded. What must not live here: reading files.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from tuimail.mime.clean import clean_line
from tuimail.mime.decoding.charset import decode_charset, decode_unnamed
from tuimail.mime.writing.typed import normal
from tuimail.model import Address

MAX_OCTETS = 8 << 20
"""Of one file; a whole address book can be one."""
MAX_CARDS = 20_000
MAX_LINE_OCTETS = 16 * 1024
MAX_ADDRESSES = 20
"""Of one person."""

_FOLD = re.compile(rb"\r?\n[ \t]")
_QP_BREAK = re.compile(rb"=\r?\n")
_LINE = re.compile(
    rb"^(?:[A-Za-z0-9-]++\.)?+(FN|N|EMAIL|ORG|BEGIN|END)((?:;[^:;\r\n\"]*+(?:\"[^\"\r\n]*+\")?+)*+):([^\r\n]*+)",
    re.IGNORECASE | re.MULTILINE,
)
_ESCAPE = re.compile(r"\\(.)")


def read_vcards(octets: bytes) -> Iterator[Address]:
    """Each address of each card with the person's name, in order; cards without an address give nothing."""
    octets = octets[:MAX_OCTETS]
    if b"QUOTED-PRINTABLE" in octets[:MAX_OCTETS].upper():
        octets = _QP_BREAK.sub(b"", octets)
    octets = _FOLD.sub(b"", octets)
    card: dict[str, str] = {}
    addresses: list[str] = []
    cards = 0
    for found in _LINE.finditer(octets):
        kind = found.group(1).upper().decode("ascii")
        if kind in ("BEGIN", "END"):
            yield from _people(card, addresses)
            card, addresses = {}, []
            cards += kind == "BEGIN"
            if cards > MAX_CARDS:
                return
            continue
        value = _value(found.group(2), found.group(3)[:MAX_LINE_OCTETS])
        if kind == "EMAIL":
            addresses.append(value)
        else:
            card.setdefault(kind, value)
    yield from _people(card, addresses)


def _people(card: dict[str, str], addresses: list[str]) -> Iterator[Address]:
    name = card.get("FN", "").strip()
    if not name and "N" in card:
        family, _, rest = card["N"].partition(";")
        name = f"{rest.partition(';')[0]} {family}".strip()
    if not name:
        name = card.get("ORG", "").partition(";")[0]
    name = clean_line(_ESCAPE.sub(r"\1", name), 200).strip()
    for address in addresses[:MAX_ADDRESSES]:
        address = _ESCAPE.sub(r"\1", address).strip()
        if address.lower().startswith("mailto:"):
            address = address[len("mailto:") :]
        if usable := normal(address):
            yield Address(name, usable)


def _value(parameters: bytes, value: bytes) -> str:
    told = parameters.upper()
    if b"QUOTED-PRINTABLE" in told:
        value = binascii.a2b_qp(value)
    named = re.search(rb"CHARSET=([A-Z0-9_-]{1,40})", told)
    return decode_charset(value, named.group(1).decode("ascii")) if named else decode_unnamed(value)
