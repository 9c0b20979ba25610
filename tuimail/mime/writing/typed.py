"""What a person typed into To, Cc or Bcc: the addresses in it, and in words what is none.

More tolerant than a header's grammar where people are (semicolons, line breaks, a pasted
`mailto:`), and stricter where a server will be (RFC 5321 4.1.2, RFC 6531). What must not
live here: headers of mail that came (`addresses`), and how an address is written on the
wire beyond its own spelling (`wording`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tuimail.mime.clean import clean_line
from tuimail.mime.decoding.addresses import parse_addresses
from tuimail.mime.decoding.charset import without_surrogates
from tuimail.mime.reading.links import ascii_host

MAX_TYPED_CHARACTERS = 256 * 1024
MAX_ENTRY_CHARACTERS = 2_000
MAX_LOCAL_OCTETS = 64
MAX_ADDRESS_OCTETS = 254
"""RFC 5321 4.5.3.1.3: a path has 256 octets, its angle brackets included."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_COMMENT = re.compile(r"\([^()\n]*\)")
_ANGLE = re.compile(r"<[^<>\n]*>?")
_RUN = re.compile(r'[^",;<(:\n]+')

_BEYOND = "\u00a1-\ud7ff\ue000-\U0010ffff"
_ATOM = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_BEYOND}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_BEYOND}-]+)*\Z")
_QUOTED_LOCAL = re.compile(rf'"(?:[ !#-\[\]-~{_BEYOND}]|\\[ -~])*"\Z')
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*\Z")
_LITERAL = re.compile(r"\[[A-Za-z0-9.:-]+\]\Z")


class Entry(NamedTuple):
    """One person in a list, or what could not be read as one."""

    name: str
    """Display name, on one line; may be empty."""
    address: str
    """As it goes out, its domain in ASCII where the rest is; empty when `fault` is not."""
    fault: str
    """Why this is no address, in a sentence; else empty."""


def entries(typed: str) -> tuple[Entry, ...]:
    """The people in a list as it was typed, in order; groups are taken apart, nobody is left out."""
    return tuple(_entry(text) for text in _split(without_surrogates(typed[:MAX_TYPED_CHARACTERS])))


def faults(typed: str) -> tuple[str, ...]:
    """What is no address in a list, a sentence each; none when all is well."""
    found = [entry.fault for entry in entries(typed) if entry.fault]
    if len(typed) > MAX_TYPED_CHARACTERS:
        found.append("The list of addresses is too long.")
    return tuple(dict.fromkeys(found))


def one_line(text: str) -> str:
    """The text without line breaks, controls and lone surrogates: a space stands for each run of them."""
    text = without_surrogates(text)
    if not text.isprintable():
        text = _CONTROLS.sub(" ", text)
    return text.strip()


def normal(address: str) -> str:
    """The address as it goes out: the domain in ASCII (RFC 5891) where the local part is; empty when it is none."""
    return "" if fault_of(address) else _spelled(address)


def folded(address: str) -> str:
    """What two spellings of one mailbox have in common. Local parts are compared without case, as all servers do."""
    return _spelled(address.strip()).casefold()


def _spelled(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if not at or domain.isascii() or not local.isascii():
        return address
    return f"{local}@{ascii_host(domain) or domain}"


def fault_of(address: str) -> str:
    """Why this is not an address, in a sentence; empty when it is one."""
    shown = clean_line(address, 80)
    local, at, domain = address.rpartition("@")
    if not at:
        return f"“{shown}” is not an address: there is no @ in it."
    if not local or not domain:
        return f"“{shown}” is not an address: something is missing beside the @."
    if clean_line(address, len(address)) != address:
        return f"“{shown}” is not an address: there is a character in it that cannot be seen."
    host = domain if domain.isascii() else ascii_host(domain)
    if not (_HOST.match(host) or _LITERAL.match(domain)) or len(host) > 253:
        return f"“{shown}” is not an address: what follows the @ is no domain."
    if any(len(label) > 63 for label in host.split(".")) and not _LITERAL.match(domain):
        return f"“{shown}” is not an address: a part of its domain is too long."
    if not (_ATOM.match(local) or _QUOTED_LOCAL.match(local)):
        return f"“{shown}” is not an address: what stands before the @ cannot stand there."
    if len(local.encode()) > MAX_LOCAL_OCTETS or len(address.encode()) > MAX_ADDRESS_OCTETS:
        return f"“{shown}” is not an address: it is too long."
    return ""


def joined(addresses: Iterable[tuple[str, str]]) -> str:
    """Names and addresses as one list for a person to edit, which `entries` reads back."""
    return ", ".join(shown(name, address) for name, address in addresses)


def shown(name: str, address: str) -> str:
    """`Ada Byron <ada@example.org>`, in quotes where the name needs them."""
    name = one_line(name)
    if not name or name == address:
        return address
    if re.search(r'[()<>\[\]:;@\\,."]', name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def _split(typed: str) -> Iterator[str]:
    """The entries of a list: at commas, semicolons and line breaks that stand in no quotes."""
    pieces: list[str] = []
    is_address = False
    quotes_end = True
    position = 0
    while position < len(typed):
        character = typed[position]
        found = None
        if character == '"' and quotes_end:
            found = _QUOTED.match(typed, position)
            quotes_end = found is not None
        elif character == "(":
            found = _COMMENT.match(typed, position)
        elif character == "<":
            found = _ANGLE.match(typed, position)
            is_address = True
        elif character in ",;\n":
            yield from _finished(pieces)
            is_address = False
            position += 1
            continue
        elif character == ":" and not is_address and "@" not in "".join(pieces[-4:]):
            pieces.clear()  # the name of a group, or `mailto:`
            position += 1
            continue
        else:
            found = _RUN.match(typed, position)
        text = found.group() if found else character
        pieces.append(text)
        position += len(text)
    yield from _finished(pieces)


def _finished(pieces: list[str]) -> Iterator[str]:
    text = "".join(pieces).strip()
    pieces.clear()
    if text:
        yield text


def _entry(text: str) -> Entry:
    if len(text) > MAX_ENTRY_CHARACTERS:
        return Entry(one_line(text[:80]), "", f"“{clean_line(text, 80)}” is not an address: it is too long.")
    found = parse_addresses(one_line(text))
    if len(found) != 1:
        return Entry(one_line(text), "", f"“{clean_line(text, 80)}” is not an address.")
    name, address = found[0]
    if not address:
        return Entry(one_line(text), "", _unreadable(one_line(text)))
    fault = fault_of(address)
    return Entry(one_line(text), "", fault) if fault else Entry(one_line(name), _spelled(address), "")


def _unreadable(text: str) -> str:
    """Words for something without an address; a bare address behind a name gets the right spelling told."""
    name, _, last = text.rpartition(" ")
    if name and normal(last):
        return f"“{clean_line(text, 80)}” is not an address; write {clean_line(shown(name, last), 120)}."
    return fault_of(text) or f"“{clean_line(text, 80)}” is not an address."
