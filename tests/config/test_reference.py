"""The reference in docs is the table, and the table is what the reader takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tuimail import config
from tuimail.config import CONFIG_TABLE, Setting
from tuimail.config.reference import EXAMPLE, SECTIONS, configuration_markdown

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_in_docs_is_up_to_date() -> None:
    assert (DOCS / "configuration.md").read_text("utf-8") == configuration_markdown()


def test_the_example_in_the_reference_is_a_good_configuration() -> None:
    assert config.parse(EXAMPLE, Path("config.toml")).accounts


@pytest.mark.parametrize("setting", CONFIG_TABLE, ids=lambda setting: setting.key)
def test_every_setting_has_a_section_and_a_sentence(setting: Setting) -> None:
    assert setting.scope in dict(SECTIONS)
    assert setting.description.endswith(".")
    assert f"`{setting.name}` — " in configuration_markdown()


def test_importing_the_room_loads_no_toml_library() -> None:
    program = "import sys, tuimail.config; print([m for m in ('tomllib', 'tomlkit', 'difflib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
