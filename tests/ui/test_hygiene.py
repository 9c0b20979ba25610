"""Rules that the code of the UI keeps: no mail string as markup, nothing heavy before the first frame."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tuimail.ui

UI = Path(tuimail.ui.__file__).parent
SOURCES = sorted(UI.rglob("*.py"))

_READS_MARKUP = {
    "Static", "Label", "Button", "Checkbox", "RadioButton", "Collapsible", "Tab", "TabPane", "Option", "Link", "Select",
}  # fmt: skip
"""Widgets that read a str as markup."""


def _calls(source: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Call)]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_plain_text(node: ast.expr) -> bool:
    """A literal of ours, or something that is built as a str."""
    is_literal = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_literal or isinstance(node, ast.JoinedStr | ast.BinOp)


def _never_markup(call: ast.Call) -> bool:
    return any(each.arg == "markup" and getattr(each.value, "value", None) is False for each in call.keywords)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_widget_is_handed_a_str_that_it_would_read_as_markup(source: Path) -> None:
    found = [
        f"{source.name}:{call.lineno}"
        for call in _calls(source)
        if _name(call) in _READS_MARKUP and call.args and _is_plain_text(call.args[0]) and not _never_markup(call)
    ]
    assert found == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_notify_says_that_it_is_no_markup(source: Path) -> None:
    found = [
        f"{source.name}:{call.lineno}" for call in _calls(source) if _name(call) == "notify" and not _never_markup(call)
    ]
    assert found == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_markup_is_never_read_from_anything(source: Path) -> None:
    assert [call.lineno for call in _calls(source) if _name(call) in ("from_markup", "from_ansi")] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_rich_texts_are_made_in_one_place(source: Path) -> None:
    """Segments and Strips come from `ui.text`; dialogs make Contents of our own words."""
    names = {"Segment", "Strip"} if source.name != "text.py" else set()
    assert [call.lineno for call in _calls(source) if _name(call) in names] == []


def loaded_by(module: str) -> set[str]:
    """What importing a module loads, in a fresh process."""
    code = f"import sys, {module}; print(chr(10).join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())


def test_the_first_frame_loads_neither_textual_nor_anything_else_that_is_heavy() -> None:
    heavy = {"textual", "rich", "asyncio", "email", "imapclient", "ssl", "socket", "html2text", "tomllib", "argparse"}
    assert loaded_by("tuimail.ui.start.first_frame") & heavy == set()


def test_the_app_loads_no_protocol_and_no_converter() -> None:
    heavy = {"imapclient", "imaplib", "smtplib", "poplib", "keyring", "html2text", "selectolax", "magic", "email"}
    assert loaded_by("tuimail.ui.app") & heavy == set()
