"""Header blocks (RFC 5322 2.2) to decoded, bounded values that a store can keep.

The hot path of a first sync: `summarize` runs once a message, so it makes one regular
expression pass, and the rare cases (encoded words, raw 8-bit octets, limits) leave
that path. It never raises: what is odd is a defect, a short sentence beside the values.

What must not live here: cleaning for a terminal (`clean`), threads beyond their key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from tuimail.mime.decoding.addresses import first_address, parse_addresses
from tuimail.mime.decoding.charset import decode_unnamed
from tuimail.mime.decoding.dates import parse_date
from tuimail.mime.decoding.words import decode_address_header, decode_header

__all__ = [
    "HEADER_FIELDS", "Summary", "decode_header", "header_lines", "header_values", "parse_addresses", "parse_date",
    "split_headers", "summarize", "summary_of", "thread_key", "values_of", "whole_value",
]  # fmt: skip

MAX_HEADER_OCTETS = 16 * 1024
MAX_BLOCK_OCTETS = 512 * 1024
MAX_HEADERS = 2_000

TOO_LONG_HEADER = "A header was longer than 16 KiB and was cut."
TOO_LONG_BLOCK = "The headers were longer than 512 KiB; only the first were read."
TOO_MANY_HEADERS = "There were more than 2,000 headers; only the first were read."
SEVERAL_FROM = "There are several From headers."
NO_FROM = "There is no From header."
BAD_DATE = "The Date header names no possible time."

HEADER_FIELDS = (
    "FROM", "SENDER", "REPLY-TO", "TO", "CC", "SUBJECT", "DATE", "MESSAGE-ID", "IN-REPLY-TO", "REFERENCES", "LIST-ID",
)  # fmt: skip
"""What `summarize` reads, for BODY.PEEK[HEADER.FIELDS (...)]."""


class Summary(NamedTuple):
    """What lists and threads need of one message, decoded, not cleaned.

    No text holds a lone surrogate or a NUL, and none is longer than 16 Ki characters.
    """

    from_: str
    """Every From header, joined by a comma; the Sender when there is none."""
    sender_name: str
    """Display name of the first author, may be empty."""
    sender_address: str
    reply_to: str
    to: str
    cc: str
    subject: str
    sent_at: int | None
    """Seconds since 1970 UTC; None when Date is absent or impossible."""
    message_id: str
    """With angle brackets; empty when absent."""
    in_reply_to: str
    references: str
    list_id: str
    defects: tuple[str, ...]


# One field: a name, then everything up to a line that does not begin with white space.
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*+:[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")
_ID = re.compile(r"<[^<>\s]+>")
_SPACE = re.compile(r"\s+")


def split_headers(block: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """Names as written and unfolded values as one character an octet, plus defects.

    Bounded by the limits above. Values with octets over 127 still need `decode_header`
    of their latin-1 octets: `header_values` and `header_lines` do that.
    """
    defects: list[str] = []
    if len(block) > MAX_BLOCK_OCTETS:
        block = block[:MAX_BLOCK_OCTETS]
        defects.append(TOO_LONG_BLOCK)
    found = _FIELD.findall(block.decode("latin-1"))
    if len(found) > MAX_HEADERS:
        del found[MAX_HEADERS:]
        defects.append(TOO_MANY_HEADERS)
    if len(block) > MAX_HEADER_OCTETS and any(len(value) > MAX_HEADER_OCTETS for _, value in found):
        found = [(name, value[:MAX_HEADER_OCTETS]) for name, value in found]
        defects.append(TOO_LONG_HEADER)
    return found, defects


def _unfold(value: str) -> str:
    # RFC 5322 2.2.3 keeps the white space of a fold; people want one space.
    return (_FOLD.sub(" ", value) if "\n" in value else value).strip()


def _is_plain(value: str) -> bool:
    """One line of ASCII without an encoded word: what it says is what it means."""
    return value.isascii() and "=?" not in value and "\n" not in value and "\r" not in value and "\0" not in value


def _text(value: str) -> str:
    """The decoded text of a latin-1 carried header value."""
    value = value.strip()
    if _is_plain(value):
        return value
    value = _unfold(value)
    return decode_header(value if value.isascii() else decode_unnamed(value.encode("latin-1")))


@lru_cache(maxsize=8192)
def _address_text(value: str) -> str:
    """The same for a list of addresses; people write to the same ones again and again."""
    value = value.strip()
    if _is_plain(value):
        return value
    value = _unfold(value)
    return decode_address_header(value if value.isascii() else decode_unnamed(value.encode("latin-1")))


def summarize(header_block: bytes) -> Summary:
    """The summary of a header block (whole, or the HEADER_FIELDS of it). Never raises."""
    return summary_of(*split_headers(header_block))


def summary_of(found: Sequence[tuple[str, str]], defects: Sequence[str]) -> Summary:
    """The same of fields that `split_headers` found."""
    defects = list(defects)
    first: dict[str, str] = {}
    authors = 0
    for name, value in found:
        key = name.lower()
        if key == "from":
            authors += 1
            if authors > 1:
                value = f"{first[key]}, {value}"[:MAX_HEADER_OCTETS]
            first[key] = value
        elif key not in first:
            first[key] = value
    get = first.get
    if authors > 1:
        defects.append(SEVERAL_FROM)
    elif not authors:
        defects.append(NO_FROM)
    author = get("from") or get("sender")
    from_ = _address_text(author) if author else ""
    sender = first_address(from_)
    date = get("date")
    sent_at = parse_date(_unfold(date)) if date else None
    if date and sent_at is None:
        defects.append(BAD_DATE)
    return Summary(
        from_,
        sender.name,
        sender.address,
        _address_text(told) if (told := get("reply-to")) else "",
        _address_text(told) if (told := get("to")) else "",
        _address_text(told) if (told := get("cc")) else "",
        _text(told) if (told := get("subject")) else "",
        sent_at,
        _text(told) if (told := get("message-id")) else "",
        _text(told) if (told := get("in-reply-to")) else "",
        _text(told) if (told := get("references")) else "",
        _text(told) if (told := get("list-id")) else "",
        tuple(defects),
    )


def thread_key(summary: Summary) -> int:
    """63 bits that the messages of one conversation share.

    Of the oldest message they name: the first id of References, else of In-Reply-To,
    else their own Message-ID, else sender, subject and date.
    """
    for ids in (summary.references, summary.in_reply_to, summary.message_id):
        if found := _ID.search(ids):
            return _hash(found.group())
        if ids and not ids.isspace():
            return _hash(_SPACE.sub(" ", ids.strip()).partition(" ")[0])
    return _hash(f"{summary.from_}\n{summary.subject}\n{summary.sent_at}")


def thread_id_of(message_id: str) -> int:
    """63 bits of a Message-ID with its angle brackets: the conversation that it begins."""
    return _hash(message_id)


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def header_lines(block: bytes) -> list[tuple[str, str]]:
    """All headers in order, names as written and values decoded, for the view of all headers."""
    found, _ = split_headers(block)
    return [(name, _text(value)) for name, value in found]


def header_values(block: bytes, wanted: Callable[[str], bool]) -> dict[str, str]:
    """The first value of each header whose lower-case name is wanted, unfolded, not word-decoded."""
    return values_of(split_headers(block)[0], wanted)


def whole_value(line: bytes) -> str:
    """The value of one field however long it is, unfolded, not word-decoded: for a message that one sends oneself."""
    unfolded = _unfold(line.partition(b":")[2].decode("latin-1"))
    return unfolded if unfolded.isascii() else decode_unnamed(unfolded.encode("latin-1"))


def values_of(found: Iterable[tuple[str, str]], wanted: Callable[[str], bool]) -> dict[str, str]:
    """The same of fields that `split_headers` found."""
    values: dict[str, str] = {}
    for name, value in found:
        key = name.lower()
        if key not in values and wanted(key):
            unfolded = _unfold(value)
            values[key] = unfolded if unfolded.isascii() else decode_unnamed(unfolded.encode("latin-1"))
    return values
