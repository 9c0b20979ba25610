"""The schema of mail.db and the way from an older one to the current one.

What lives here: which version a file has, and the running of the numbered files in
`schema/`. A migration is a new file `schema/NNNN_what.sql`; an old one is never edited.
Each is one transaction that ends by saying its number, so one that was interrupted
never happened and is run again at the next start.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tuimail.errors import Locked, TooNew
from tuimail.store.border import corrupt
from tuimail.store.database import Database

SCHEMA_VERSION: Final = 8
"""The number of the newest file in `schema/`."""
APPLICATION_ID: Final = 1953851757
"""`tuim`: a file of another program is not touched."""
SCHEMA_DIRECTORY: Final = Path(__file__).parent / "schema"
PATIENCE_S: Final = 15.0
PAUSE_S: Final = 0.05
_VERSIONS: Final = (
    "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
    " FROM pragma_application_id, pragma_user_version"
)


def bring_up_to_date(database: Database, directory: Path = SCHEMA_DIRECTORY, newest: int = SCHEMA_VERSION) -> None:
    """Make the schema the current one; one SELECT when it is already. Raises TooNew, Corrupt, Locked."""
    last = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _bring_up_to_date(database, directory, newest)
        except Locked:
            # Screen and engine begin a new store together; SQLite does not wait where it fears a deadlock.
            if time.monotonic() > last:
                raise
            time.sleep(PAUSE_S)


def _bring_up_to_date(database: Database, directory: Path, newest: int) -> None:
    if found_version(database, newest) == newest:
        return
    database.run("PRAGMA auto_vacuum=INCREMENTAL")  # heard only as long as the file is empty; see `spare`
    database.run("PRAGMA journal_mode=WAL")
    for number, file in migration_files(directory):
        if number <= newest:
            _migrate(database, number, file.read_text(encoding="utf-8"), newest)


def found_version(database: Database, newest: int = SCHEMA_VERSION) -> int:
    """The number of the schema in the file, 0 for an empty file. Raises TooNew, Corrupt."""
    row = database.row(_VERSIONS)
    application_id, version, tables = row if row else (0, 0, 0)
    if version == 0 and application_id == 0 and tables == 0:
        return 0
    if application_id != APPLICATION_ID:
        raise corrupt(database.file, "it is not a file of tuimail")
    if version > newest:
        raise TooNew(
            f"The mail store {database.file} was written by a newer tuimail (version {version}, this one knows"
            f" {newest}).",
            "Update tuimail, or choose another place with --data-dir.",
        )
    return int(version)


def migration_files(directory: Path = SCHEMA_DIRECTORY) -> list[tuple[int, Path]]:
    """The numbered files, in order."""
    return sorted((int(file.name[:4]), file) for file in directory.glob("[0-9][0-9][0-9][0-9]_*.sql"))


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would commit before each."""
    waiting = ""
    for line in script.splitlines(keepends=True):
        waiting += line
        if ";" in line and sqlite3.complete_statement(waiting):
            yield waiting
            waiting = ""
    if waiting.strip():
        yield waiting


def _migrate(database: Database, number: int, script: str, newest: int) -> None:
    with database.transaction(durable=True):
        if found_version(database, newest) >= number:
            return  # another process was faster
        for statement in statements(script):
            database.run(statement)
        database.run(f"PRAGMA user_version={number}")
