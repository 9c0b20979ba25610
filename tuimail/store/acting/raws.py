"""Octets of whole messages that are kept durably: mail that waits to be sent, or to be filed on a server.

What lives here: keeping, reading and letting go. Several may use the same octets; they
go when the last one lets them go. What must not: who needs them, and what they say.
"""

from __future__ import annotations

from tuimail.errors import Vanished
from tuimail.model import RawId
from tuimail.store.database import Database


class Raws:
    """The octets that are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, raw: bytes) -> RawId:
        """Keep the octets of a message, durably; they have one user now."""
        with self._database.transaction(durable=True):
            return RawId(self._database.insert("INSERT INTO raw (size_octets, octets) VALUES (?, ?)", (len(raw), raw)))

    def share(self, raw_id: RawId) -> RawId:
        """One more uses these octets, and lets them go with `drop`."""
        with self._database.transaction(durable=True):
            self._database.run("UPDATE raw SET uses = uses + 1 WHERE id = ?", (raw_id,))
        return raw_id

    def read(self, raw_id: RawId) -> bytes:
        """The octets as they were given. Raises Vanished when they were let go."""
        row = self._database.row("SELECT octets FROM raw WHERE id = ?", (raw_id,))
        if row is None:
            raise Vanished("The text of this message is no longer kept.")
        return bytes(row[0])

    def size(self, raw_id: RawId) -> int:
        """How many octets there are; 0 when they were let go."""
        row = self._database.row("SELECT size_octets FROM raw WHERE id = ?", (raw_id,))
        return int(row[0]) if row else 0

    def drop(self, raw_id: RawId) -> None:
        """One user lets go; the last one ends them."""
        with self._database.transaction():
            self._database.run("UPDATE raw SET uses = uses - 1 WHERE id = ?", (raw_id,))
            self._database.run("DELETE FROM raw WHERE id = ? AND uses <= 0", (raw_id,))
