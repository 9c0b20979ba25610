"""What a screen remembers between runs: the last mailbox, splitters, folders of saved files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuimail.store import scrub
from tuimail.store.database import Database


class State:
    """Values by key: anything that JSON can hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, `default` when there is none or it cannot be read."""
        row = self._database.row("SELECT value, is_json FROM ui_state WHERE key = ?", (key,))
        if row is None:
            return default
        value, is_json = row
        if not is_json:
            return value
        import json  # 3 ms that the first frame does not wait for

        try:
            return json.loads(value)
        except (ValueError, TypeError):
            return default

    def set(self, key: str, value: Any, *, durable: bool = False) -> None:
        """Remember a value; `durable` for what must survive a power loss."""
        self.set_many({key: value}, durable=durable)

    def set_many(self, values: Mapping[str, Any], *, durable: bool = False) -> None:
        """Remember several values at once."""
        with self._database.transaction(durable=durable):
            for key, value in values.items():
                self._database.run("INSERT OR REPLACE INTO ui_state VALUES (?, ?, ?)", (key, *_packed(value)))


def _packed(value: Any) -> tuple[int | str, int]:
    """Numbers and text as they are, since the first frame reads some; the rest as JSON."""
    if type(value) is str:
        return scrub.text(value), 0
    if type(value) is int and scrub.number(value) == value:
        return value, 0
    import json  # 3 ms that the first frame does not wait for

    return json.dumps(value), 1
