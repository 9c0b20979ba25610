"""What was decided about attachments, kept beside the mail and in rows.

What lives here: the lines of `quarantine.jsonl`, by which a store that is made again
knows what was released or deleted, and the rows of copies. A file's key names the
message: it stays the same while the file is moved about in its account.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from tuimail.model import EnvelopeId
from tuimail.store.database import Database
from tuimail.store.maildirs import journal

JOURNAL: Final = "quarantine.jsonl"
_COLUMNS: Final = (
    "section, state, header_start, body_start, body_end, encoding, filename, declared_type, real_type, size_octets,"
    " sha256, verdict, reasons, examined_at, decided_at"
)


class Decision(NamedTuple):
    """What a person decided about one part."""

    state: str
    """`released` or `deleted`."""
    filename: str
    declared_type: str
    real_type: str
    size_octets: int
    sha256: bytes | None
    verdict: str
    reasons: tuple[str, ...]
    decided_at: int
    original: bytes | None = None
    """Of `deleted`: the SHA-256 of the message as it arrived, by which its server's copy is known again."""


def write(directory: Path, key: str, sections: Iterable[tuple[str, Decision]]) -> None:
    """Write decisions down, durably, before they are carried out. Raises StoreError."""
    journal.append(directory / JOURNAL, (
        {
            "file": key.encode("utf-8", "surrogateescape").decode("latin-1"), "section": section,
            **decision._asdict(), "sha256": _hex(decision.sha256), "original": _hex(decision.original),
        }
        for section, decision in sections
    ))


def read(directory: Path) -> dict[str, dict[str, Decision]]:
    """The last decision on each part, by key of the file and section. Raises StoreError."""
    found: dict[str, dict[str, Decision]] = {}
    for line in journal.read(directory / JOURNAL):
        key, section, state = line.get("file"), line.get("section"), line.get("state")
        if not isinstance(key, str) or not isinstance(section, str) or state not in ("released", "deleted"):
            continue
        try:
            decoded = key.encode("latin-1").decode("utf-8", "surrogateescape")
            found.setdefault(decoded, {})[section] = _decision(state, line)
        except (UnicodeError, ValueError, TypeError):
            continue
    return found


def decisions(database: Database, envelope_id: EnvelopeId) -> list[tuple[str, Decision]]:
    """What was decided about a message's parts, from its rows."""
    return [
        (row[0], Decision(
            row[1], row[2], row[3], row[4], row[5], row[6], row[7], sentences(row[8]), row[9] or 0,
            original=row[10] if row[1] == "deleted" else None,
        ))
        for row in database.rows(
            "SELECT section, state, filename, declared_type, real_type, size_octets, sha256, verdict, reasons,"
            " decided_at, (SELECT sha256 FROM uidl WHERE envelope_id = stored_part.envelope_id) FROM stored_part"
            " WHERE envelope_id = ? AND state IN ('released', 'deleted')",
            (envelope_id,),
        )
    ]


def copy(database: Database, envelope_id: EnvelopeId, directory: Path, key: str) -> None:
    """Write a message's decisions down under another key, or in another account."""
    write(directory, key, decisions(database, envelope_id))


def copy_rows(database: Database, source: EnvelopeId, target: EnvelopeId) -> None:
    """The parts of a copy are as those of the message, in the current transaction."""
    database.run(
        f"INSERT INTO stored_part (envelope_id, {_COLUMNS}) SELECT ?, {_COLUMNS} FROM stored_part"
        " WHERE envelope_id = ?",
        (target, source),
    )


def _decision(state: str, line: dict[str, object]) -> Decision:
    reasons = line.get("reasons")
    return Decision(
        state=state,
        filename=str(line.get("filename") or ""),
        declared_type=str(line.get("declared_type") or ""),
        real_type=str(line.get("real_type") or ""),
        size_octets=int(str(line.get("size_octets") or 0)),
        sha256=_octets(line.get("sha256")),
        verdict=str(line.get("verdict") or ""),
        reasons=tuple(map(str, reasons)) if isinstance(reasons, list) else (),
        decided_at=int(str(line.get("decided_at") or 0)),
        original=_octets(line.get("original")),
    )


def _hex(digest: bytes | None) -> str | None:
    return digest.hex() if digest is not None else None


def _octets(text: object) -> bytes | None:
    return bytes.fromhex(text) if isinstance(text, str) else None


def sentences(text: str) -> tuple[str, ...]:
    """A JSON list of sentences; nothing when it is none."""
    try:
        values = json.loads(text)
    except ValueError:
        return ()
    return tuple(map(str, values)) if isinstance(values, list) else ()
