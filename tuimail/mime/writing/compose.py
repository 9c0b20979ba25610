"""A message that was written, as the octets that are sent.

Lines end in CR LF and are at most 998 octets long; nothing but US-ASCII comes out, save
addresses that are spelled otherwise (RFC 6532) and what `eight_bit` allows. Bcc stands in
no message that is sent, and no field says what program or computer wrote it. No clock and
no randomness in here: time and Message-ID are given. RFC 5322, RFC 2045, RFC 2183.

What must not live here: who a reply goes to (`answers`), what deserves a warning (`warnings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from tuimail.errors import UsageError
from tuimail.mime.writing.enclosing import as_message, without_blind_copies
from tuimail.mime.writing.flowing import Encoded, base64_lines, encoded, flow
from tuimail.mime.writing.typed import Entry, entries, faults, folded
from tuimail.mime.writing.wording import (
    address_atoms,
    content_type,
    date_atoms,
    field,
    id_atoms,
    parameter,
    text_atoms,
    with_parameters,
)

MAX_EXTRA = 50
_OURS = frozenset([
    "from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
    "mime-version", "resent-bcc", "sender", "return-path", "received",
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a person wrote it."""

    from_: str
    """One identity: `Ada Byron <ada@example.org>`."""
    to: str = ""
    """As typed; so are `cc`, `bcc` and `reply_to`."""
    cc: str = ""
    bcc: str = ""
    reply_to: str = ""
    subject: str = ""
    body: str = ""
    """Plain text, a paragraph a line or in lines, LF between them."""
    markdown: bool = False
    """An HTML form is made of the body and sent along."""
    message_id: str = ""
    """With angle brackets."""
    in_reply_to: str = ""
    references: str = ""
    flowed: bool = True
    """The plain text is sent as format=flowed."""
    extra: tuple[tuple[str, str], ...] = ()
    """Further fields, name and text; none that has its place above, and no Content one."""


class Enclosed(NamedTuple):
    """A file that goes along."""

    filename: str
    content_type: str
    data: bytes


def recipients(outgoing: Outgoing) -> tuple[str, ...]:
    """The addr-specs of To, Cc and Bcc, each once, in order; what is no address is left out: ask `refusals`."""
    found: dict[str, str] = {}
    for typed in (outgoing.to, outgoing.cc, outgoing.bcc):
        for entry in entries(typed):
            if entry.address:
                found.setdefault(folded(entry.address), entry.address)
    return tuple(found.values())


def sender(outgoing: Outgoing) -> str:
    """The addr-spec of From, empty when there is not exactly one."""
    found = entries(outgoing.from_)
    return found[0].address if len(found) == 1 else ""


def refusals(outgoing: Outgoing) -> tuple[str, ...]:
    """Why this cannot be sent, in sentences; none when it can be."""
    found = [*faults(outgoing.from_)]
    if not found and not sender(outgoing):
        found.append("There is no sender: choose one address in From.")
    for typed in (outgoing.to, outgoing.cc, outgoing.bcc, outgoing.reply_to):
        found += faults(typed)
    if not found and not recipients(outgoing):
        found.append("There is nobody to send it to: fill in To, Cc or Bcc.")
    return tuple(dict.fromkeys(found))


def build(outgoing: Outgoing, files: Sequence[Enclosed] = (), *, now: datetime, eight_bit: bool = False) -> bytes:
    """The message as it is sent; `now` knows its zone.

    Raises UsageError with the first of `refusals`. `eight_bit`: text may stand as UTF-8, for servers with 8BITMIME.
    """
    if refused := refusals(outgoing):
        raise UsageError(refused[0], "Correct it; nothing was sent.")
    return _message(outgoing, files, now, with_bcc=False, eight_bit=eight_bit)


def build_draft(outgoing: Outgoing, files: Sequence[Enclosed] = (), *, now: datetime) -> bytes:
    """The message as a mailbox of drafts keeps it: unfinished addresses and Bcc stand in it too. Never to be sent."""
    return _message(outgoing, files, now, with_bcc=True, eight_bit=False)


def new_message_id(address: str, random_octets: bytes) -> str:
    """A Message-ID of randomness and the sender's domain: neither time nor computer can be read from it."""
    found = entries(address)
    domain = found[0].address.rpartition("@")[2] if len(found) == 1 else ""
    if not domain.isascii() or not domain or domain.startswith("["):
        domain = "mail.invalid"
    return f"<{random_octets.hex()}@{domain}>"


def _message(
    outgoing: Outgoing, files: Sequence[Enclosed], now: datetime, *, with_bcc: bool, eight_bit: bool
) -> bytes:
    parts = _text_parts(outgoing, eight_bit=eight_bit)
    if files:
        parts = [_container("mixed", [*parts, *map(_file_part, files)], outgoing.message_id)]
    head = [*_head(outgoing, now, with_bcc=with_bcc), field("MIME-Version", ["1.0"])]
    return b"".join([*head, parts[0]])


def _head(outgoing: Outgoing, now: datetime, *, with_bcc: bool) -> Iterator[bytes]:
    addresses = [("From", outgoing.from_), ("Reply-To", outgoing.reply_to), ("To", outgoing.to), ("Cc", outgoing.cc)]
    if with_bcc:
        addresses.append(("Bcc", outgoing.bcc))
    for name, typed in addresses:
        people = entries(typed)
        if people:
            yield field(name, address_atoms(_once(people)))
        elif name == "To" and not entries(outgoing.cc) and not with_bcc:
            yield field("To", ["undisclosed-recipients:;"])
    yield field("Subject", text_atoms(outgoing.subject))
    yield field("Date", date_atoms(now))
    for name, ids in (
        ("Message-ID", id_atoms(outgoing.message_id)[:1]),
        ("In-Reply-To", id_atoms(outgoing.in_reply_to)[:1]),
        ("References", id_atoms(outgoing.references)),
    ):
        if ids:
            yield field(name, ids)
    for name, text in outgoing.extra[:MAX_EXTRA]:
        if name.lower() in _OURS or name.lower().startswith("content-"):
            raise UsageError(f"The header {name} cannot be set by hand.", "Leave it out.")
        yield field(name, text_atoms(text))


def _once(people: Sequence[Entry]) -> list[Entry]:
    """Each address once; what is no address stays as it is."""
    found: dict[str, Entry] = {}
    for number, entry in enumerate(people):
        found.setdefault(folded(entry.address) or f"{number}", entry)
    return list(found.values())


# --- the parts: each is its header fields, an empty line, its body ---------------


def _text_parts(outgoing: Outgoing, *, eight_bit: bool) -> list[bytes]:
    text = flow(outgoing.body) if outgoing.flowed else outgoing.body
    plain = _text_part("plain", encoded(text, eight_bit=eight_bit), ["format=flowed"] if outgoing.flowed else [])
    if not outgoing.markdown:
        return [plain]
    from tuimail.mime.writing.markdown import to_page  # deferred: 30 ms of markdown-it that plain letters do not need

    rich = _text_part("html", encoded(to_page(outgoing.body)), [])
    return [_container("alternative", [plain, rich], outgoing.message_id)]


def _text_part(kind: str, text: Encoded, parameters: list[str]) -> bytes:
    return b"".join([
        field("Content-Type", with_parameters(f"text/{kind}", [f"charset={text.charset}", *parameters])),
        field("Content-Transfer-Encoding", [text.encoding]),
        b"\r\n",
        text.octets,
    ])


def _file_part(file: Enclosed) -> bytes:
    kind = content_type(file.content_type)
    octets = base64_lines(file.data)
    encoding = "base64"
    if kind == "message/rfc822":
        # RFC 2046 5.2.1: no encoding may be laid over a message, so its own parts are encoded where they must be.
        inner = as_message(without_blind_copies(file.data))
        if inner is not None:
            octets, encoding = inner, "7bit"
        else:
            kind = "application/octet-stream"
    name = parameter("name", file.filename) if file.filename.isascii() else []
    return b"".join([
        field("Content-Type", with_parameters(kind, name)),
        field("Content-Transfer-Encoding", [encoding]),
        field("Content-Disposition", with_parameters("attachment", parameter("filename", file.filename))),
        b"\r\n",
        octets,
    ])


def _container(kind: str, parts: Sequence[bytes], seed: str) -> bytes:
    boundary = _boundary(seed, parts)
    line = b"--" + boundary.encode("ascii")
    return b"".join([
        field("Content-Type", with_parameters(f"multipart/{kind}", [f'boundary="{boundary}"'])),
        b"\r\n",
        *(b"".join([line, b"\r\n", part, b"\r\n"]) for part in parts),
        line,
        b"--\r\n",
    ])


def _boundary(seed: str, parts: Sequence[bytes]) -> str:
    """A boundary that stands in no part; `=_` can stand in neither base64 nor quoted-printable."""
    number = len(parts)
    while True:
        digest = blake2b(f"{seed} {number}".encode("utf-8", "replace"), digest_size=12).hexdigest()
        boundary = f"=_{digest}"
        if not any(boundary.encode("ascii") in part for part in parts):
            return boundary
        number += 1
