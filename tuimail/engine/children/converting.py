"""The child of `convert`: HTML to text, bytes to a type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuimail.engine.children.serving import serve
from tuimail.mime.examining import risk
from tuimail.mime.reading import readable
from tuimail.model import Part


def main() -> None:
    """Serve until the parent is gone."""
    serve(_answer)


def _answer(kind: str, *subject: Any) -> bytes:  # Any: as convert.Converter sends it, by kind
    return _readable(*subject) if kind == "readable" else _type(*subject)


def _readable(parts: Sequence[tuple[Part, bytes]], root: Part, prefer: str) -> bytes:
    return readable.to_json(readable.readable_of(parts, prefer, root=root))


def _type(octets: bytes) -> bytes:
    return risk.real_type(octets).encode("ascii", "replace") or b"-"
