"""A message without one of its parts: a note stands where the part was, the rest stays octet for octet."""

from __future__ import annotations

import re
from typing import Final

from tuimail.store.maildirs.filing import StoredPart

_FIELD: Final = re.compile(rb"[^\n]*\n(?:[ \t][^\n]*\n)*")
"""A header field with its continuation lines (RFC 5322 2.2.3)."""


def note_of(*, filename: str, declared_type: str, size_octets: int, sha256: bytes | None, on: str) -> str:
    """What stands in place of a part: what it was. The name is quoted as a sender chose it, on one line."""
    name = "".join(character if character.isprintable() else "\ufffd" for character in filename)[:200]
    lines = [
        f"An attachment was deleted here by tuimail on {on}.",
        "",
        f"Name: {name or '(none)'}",
        f"Type: {declared_type}",
        f"Size: {size_octets:,} bytes",
        f"SHA-256: {sha256.hex() if sha256 is not None else '(not known)'}",
    ]
    return "\n".join(lines)


def without_part(raw: bytes, part: StoredPart, note: str) -> bytes:
    """The message with `note` as text/plain in place of a part.

    Of a message that is nothing but the part, the header stays but for the fields that
    describe the body.
    """
    ending = b"\r\n" if raw[: raw.find(b"\n") + 1].endswith(b"\r\n") else b"\n"
    text = note.encode("utf-8", "replace").replace(b"\n", ending)
    about = ending.join([
        b"Content-Type: text/plain; charset=utf-8", b"Content-Disposition: inline", b"Content-Transfer-Encoding: 8bit",
        b"",
    ])
    if part.header_start > 0:
        return raw[: part.header_start] + about + ending + text + raw[part.body_end :]
    kept = b"".join(
        field for field in _fields(raw[: part.body_start]) if field[:8].lower() != b"content-"
    )
    return kept + about + ending + text + ending + raw[part.body_end :]


def _fields(block: bytes) -> list[bytes]:
    """The fields of a header, each with its line ends, without the empty line."""
    if not block.endswith(b"\n"):
        block += b"\n"
    return [field for field in _FIELD.findall(block) if field.strip()]
