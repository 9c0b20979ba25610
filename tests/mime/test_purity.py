"""The room loads little, and reads nothing but what it is given."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIGHT = ["clean", "threads", "decoding.headers", "html.fallback"]
LIGHT += ["parts.structure", "parts.choice", "parts.parse", "reading.text", "reading.readable", "reading.calendar"]
LIGHT += ["writing.compose", "writing.answers", "writing.mailto", "writing.vcard", "writing.warnings"]
LIGHT += ["examining.risk", "examining.examine", "examining.verdicts", "examining.zipnames", "examining.peek"]
HEAVY = {"html2text", "selectolax", "magic", "pylibmagic", "email", "textual", "rich", "sqlite3", "socket", "ssl"}


@pytest.mark.parametrize("module", LIGHT)
def test_a_module_loads_no_converter_and_no_network(module: str) -> None:
    """html2text and selectolax take 35 ms, libmagic 29: only who converts or sniffs pays."""
    script = f"import sys, tuimail.mime.{module}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert not HEAVY & set(done.stdout.split())
