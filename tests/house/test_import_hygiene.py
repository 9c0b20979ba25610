"""What is loaded, and when: run for real in a fresh interpreter.

A static graph cannot tell an import at the top from one inside the function that
needs it, so these ask `sys.modules` after the thing was done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "textual", "rich", "imapclient", "imaplib", "poplib", "smtplib", "keyring", "html2text", "selectolax", "magic",
    "email", "tomlkit", "ssl", "asyncio",
}


def loaded_after(code: str, directory: Path) -> set[str]:
    """The top-level names in sys.modules after `code` ran."""
    program = f"import sys, json\n{code}\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    environ = {**os.environ, "HOME": str(directory)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=environ, check=True
    )
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return set(names) | {name.split(".")[0] for name in names}


def test_the_package_itself_imports_nothing(tmp_path: Path) -> None:
    loaded = loaded_after("import tuimail", tmp_path)
    assert {name for name in loaded if name.startswith("tuimail.")} == set()
    assert not loaded & HEAVY


@pytest.mark.parametrize("module", ["tuimail.model", "tuimail.errors", "tuimail.paths", "tuimail.actions"])
def test_the_lower_rooms_are_light(module: str, tmp_path: Path) -> None:
    assert not loaded_after(f"import {module}", tmp_path) & (HEAVY | {"sqlite3"})


def test_the_store_loads_sqlite_and_nothing_heavy(tmp_path: Path) -> None:
    assert not loaded_after("import tuimail.store", tmp_path) & HEAVY


def test_the_first_frame_needs_no_textual(tmp_path: Path) -> None:
    assert not loaded_after("import tuimail.ui.start.first_frame", tmp_path) & HEAVY


def test_the_ui_loads_no_mail_protocol_and_no_keyring(tmp_path: Path) -> None:
    loaded = loaded_after("import tuimail.ui.app", tmp_path)
    assert not loaded & {"imapclient", "imaplib", "poplib", "smtplib", "keyring", "html2text", "selectolax", "magic"}
    assert not {name for name in loaded if name.startswith("tuimail.net")}


@pytest.mark.parametrize("arguments", ["--version", "--help", "list", "mailboxes", "keys"])
def test_a_command_line_that_prints_stays_light(arguments: str, tmp_path: Path) -> None:
    code = (
        f"sys.argv = ['tuimail', {arguments!r}]\nfrom tuimail.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert not loaded_after(code, tmp_path) & (HEAVY - {"asyncio", "ssl", "email"})


def test_the_office_speaks_to_the_engine_without_its_libraries(tmp_path: Path) -> None:
    assert not loaded_after("import tuimail.engine.office", tmp_path) & (HEAVY - {"asyncio"})
