"""The only SQL, the only files: accounts, mailboxes, messages, actions, parts, state.

Importing this loads sqlite3 and the nouns, nothing more: the first frame waits for it.
"""

import sqlite3

from tuimail.store.store import Store

__all__ = ["Store", "sqlite_version"]


def sqlite_version() -> str:
    """The SQLite in use, for `doctor`."""
    return sqlite3.sqlite_version
