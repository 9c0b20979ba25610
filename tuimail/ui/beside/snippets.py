"""The beginning of a message's text, for rows with room."""

from __future__ import annotations

from typing import Final

from tuimail.errors import StoreError
from tuimail.mime.reading.readable import from_json
from tuimail.model import EnvelopeId, LineKind
from tuimail.store import Store
from tuimail.store.packing import READABLE

LONGEST_OCTETS: Final = 64 << 10
"""Longer texts are not looked into while rows are drawn."""
_LINES: Final = 40
_CHARACTERS: Final = 300


def snippet_of(store: Store, envelope_id: EnvelopeId) -> str:
    """The first words of its own, without quotes; empty when its text is not here. Not cleaned."""
    try:
        info = store.parts.info(envelope_id, f"{READABLE}text")
        found = store.parts.text(envelope_id, "text") if info is None or info.size_octets <= LONGEST_OCTETS else None
        if found is None or len(found) > LONGEST_OCTETS:
            return ""
        lines = from_json(found).lines[:_LINES]
    except (StoreError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return ""  # a cache that was made by another version, or is gone
    own = (line.text.strip() for line in lines if line.kind == LineKind.TEXT and not line.quote_depth)
    return " ".join(part for part in own if part)[:_CHARACTERS]
