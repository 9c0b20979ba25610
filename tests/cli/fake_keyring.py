"""A keyring for tests that lasts from one process to the next: a file in the test's own home."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    """Keeps everything in $FAKE_KEYRING, or drops it silently when that is `drop`."""

    priority = 1
    name = "test keyring"

    def get_password(self, service: str, username: str) -> str | None:
        """What was kept, or None."""
        found: dict[str, str] = self._read()
        return found.get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        if os.environ["FAKE_KEYRING"] != "drop":
            self._file().write_text(json.dumps({**self._read(), f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        """Forget a password."""
        self._file().write_text(json.dumps({k: v for k, v in self._read().items() if k != f"{service} {username}"}))

    def _file(self) -> Path:
        return Path(os.environ["FAKE_KEYRING"])

    def _read(self) -> dict[str, str]:
        return json.loads(self._file().read_text()) if self._file().exists() else {}
