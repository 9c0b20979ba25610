"""ENVELOPE and the address lists in it (RFC 3501 7.4.2, RFC 5322 3.4), from header fields as bytes.

Values stay undecoded, as the RFC wants; broken ones give what can be read of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tuimail.demo.imap.syntax import nstring


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox, or the start (name in `local`, no host) or the end (neither) of a group."""

    name: bytes | None
    local: bytes | None
    host: bytes | None


def envelope(header: Callable[[bytes], bytes | None]) -> bytes:
    """The ENVELOPE of a message whose fields `header` looks up."""
    sender = header(b"From")
    pieces = [nstring(header(b"Date")), nstring(header(b"Subject")), _address_list(sender)]
    for name in (b"Sender", b"Reply-To"):
        value = header(name)
        # RFC 3501 7.4.2: an absent or empty Sender or Reply-To is that of From.
        listed = _address_list(value) if value else b"NIL"
        pieces.append(_address_list(sender) if listed == b"NIL" else listed)
    pieces += [_address_list(header(name)) for name in (b"To", b"Cc", b"Bcc")]
    pieces += [nstring(header(b"In-Reply-To")), nstring(header(b"Message-ID"))]
    return b"(" + b" ".join(pieces) + b")"


def _address_list(value: bytes | None) -> bytes:
    addresses = parse_addresses(value or b"")
    if not addresses:
        return b"NIL"
    return b"(" + b"".join(_address(address) for address in addresses) + b")"


def _address(address: Address) -> bytes:
    return b"(%s NIL %s %s)" % (nstring(address.name), nstring(address.local), nstring(address.host))


@dataclass(slots=True)
class _Pending:
    """What was read since the last comma."""

    words: list[bytes] = field(default_factory=list)
    angle: list[bytes] | None = None
    comment: bytes | None = None

    def address(self) -> Address | None:
        if self.angle is not None:
            route_less = b"".join(self.angle).rpartition(b":")[2] if b":" in self.angle else b"".join(self.angle)
            local, _, host = route_less.rpartition(b"@")
            name = b" ".join(self.words).strip() or None
            return Address(name, local or host or b"", host if local else b"")
        text = b"".join(self.words)
        if not text:
            return None
        local, at, host = text.rpartition(b"@")
        return Address(self.comment, local, host) if at else Address(None, b" ".join(self.words), b"")


def parse_addresses(value: bytes) -> list[Address]:
    """The addresses and groups of a header value, in order."""
    found: list[Address] = []
    pending = _Pending()
    in_angle = in_group = False
    for kind, text in _lexemes(value):
        if kind == "comment":
            pending.comment = text
        elif text == b"<" and kind == "special":
            pending.angle, in_angle = [], True
        elif text == b">" and kind == "special":
            in_angle = False
        elif in_angle and pending.angle is not None:
            pending.angle.append(text)
        elif text == b":" and kind == "special":
            found.append(Address(None, b" ".join(pending.words), None))
            pending, in_group = _Pending(), True
        elif text in (b",", b";") and kind == "special":
            address = pending.address()
            found += [address] if address else []
            pending = _Pending()
            if text == b";" and in_group:
                found.append(Address(None, None, None))
                in_group = False
        else:
            pending.words.append(text)
    address = pending.address()
    found += [address] if address else []
    if in_group:
        found.append(Address(None, None, None))
    return found


def _lexemes(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Atoms (`@` and `.` bind their neighbours), quoted strings, comments and the specials `<>,:;`."""
    position = 0
    while position < len(value):
        octet = value[position : position + 1]
        if octet in b" \t\r\n":
            position += 1
        elif octet == b'"':
            text, position = _until_quote(value, position + 1)
            yield "quoted", text
        elif octet == b"(":
            text, position = _until_parenthesis(value, position + 1)
            yield "comment", text
        elif octet in b"<>,:;":
            position += 1
            yield "special", octet
        else:
            end = position
            while end < len(value) and value[end : end + 1] not in b' \t\r\n"(<>,:;':
                end += 1
            yield "atom", value[position : max(end, position + 1)]
            position = max(end, position + 1)


def _until_quote(value: bytes, position: int) -> tuple[bytes, int]:
    text = bytearray()
    while position < len(value) and value[position] != 0x22:
        if value[position] == 0x5C and position + 1 < len(value):
            position += 1
        text.append(value[position])
        position += 1
    return bytes(text), position + 1


def _until_parenthesis(value: bytes, position: int) -> tuple[bytes, int]:
    text = bytearray()
    depth = 1
    while position < len(value):
        octet = value[position]
        if octet == 0x5C and position + 1 < len(value):
            position += 1
            octet = value[position]
        elif octet == 0x28:
            depth += 1
        elif octet == 0x29:
            depth -= 1
            if not depth:
                return bytes(text), position + 1
        text.append(octet)
        position += 1
    return bytes(text), position
