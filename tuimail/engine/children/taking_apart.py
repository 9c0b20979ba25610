"""Whole messages taken apart, in the child of `examine`: decoded parts, types of files, and what a person reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tuimail.engine.children.apart import TEXT, Apart, framed
from tuimail.mime.examining import risk
from tuimail.mime.parts import parse
from tuimail.mime.parts.choice import attachments, telling
from tuimail.mime.reading import readable, whole
from tuimail.store.packing import Packed, pack

SNIFFED_OCTETS = 1 << 20


def parts_of_all(raws: Sequence[bytes], *, without_files: bool) -> bytes:
    """The framed answer for several messages. One that cannot be taken apart does not spoil the others."""
    return _of_all(raws, lambda raw: parts_of(raw, without_files=without_files))


def texts_of_all(raws: Sequence[bytes]) -> bytes:
    """As `parts_of_all`, of the readable texts alone."""
    return _of_all(raws, lambda raw: [pack(TEXT, readable.to_json(whole.text_of(raw, "text")))])


def _of_all(raws: Sequence[bytes], take: Callable[[bytes], list[Packed]]) -> bytes:
    found: list[Apart] = []
    for raw in raws:
        try:
            found.append(take(raw))
        except Exception:  # noqa: BLE001 - the parent takes it apart by itself, carefully
            found.append(None)
    return framed(found)


def parts_of(raw: bytes, *, without_files: bool) -> list[Packed]:
    """Every part of a message, and its readable text; `without_files` leaves attachments out."""
    parsed = parse.parse_message(raw)
    leaves = {part.section: octets for part, octets in parse.leaves(raw, parsed)}
    files = {part.section for part in attachments(parsed.root)}
    prefer, wanted = telling(parsed.root, "text")
    got = [(part, leaves.get(part.section, b"")) for part in wanted]
    text = readable.readable_of(got, prefer, root=parsed.root)
    return [
        pack(TEXT, readable.to_json(text)),
        *(
            pack(section, octets, risk.real_type(octets[:SNIFFED_OCTETS]) if section in files else "")
            for section, octets in leaves.items()
            if not (without_files and section in files)
        ),
    ]
