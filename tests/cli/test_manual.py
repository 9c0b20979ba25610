"""Man page and completions come from the same table as argparse, and are up to date."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Home
from tuimail.cli.commands import GLOBAL_ARGUMENTS, leaves
from tuimail.cli.manual import man_page
from tuimail.cli.parser import build

PAGE = Path(__file__).parents[2] / "docs" / "tuimail.1"


def test_the_man_page_in_docs_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == man_page()


def test_every_command_and_option_is_in_the_man_page() -> None:
    page = man_page()
    for name, command in leaves():
        assert f'.SS "tuimail {name}"' in page
        for argument in (*command.arguments, *GLOBAL_ARGUMENTS):
            if argument.names[0].startswith("-"):
                assert argument.names[0].replace("-", "\\-") in page


def test_every_help_is_a_phrase_and_every_description_a_sentence() -> None:
    for name, command in leaves():
        assert command.summary[0].islower(), name
        assert command.description.endswith("."), name
        for argument in command.arguments:
            assert not argument.help.endswith("."), (name, argument.names)


def test_the_man_page_is_good_roff() -> None:
    groff = shutil.which("groff")
    if groff is None:
        assert man_page().startswith('.\\"')
        return
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", "-z"], input=man_page(), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_know_every_command(shell: str, home: Home) -> None:
    done = home.run("completions", shell)
    assert (done.code, done.err) == (0, "")
    for name, _ in leaves():
        assert name.split()[-1] in done.out
    found = shutil.which(shell)
    if found:
        subprocess.run([found, "-n"], input=done.octets, capture_output=True, timeout=60, check=True)


def test_bash_completes_a_command(home: Home, tmp_path: Path) -> None:
    script = tmp_path / "tuimail.bash"
    script.write_text(home.run("completions", "bash").out)
    ask = f"source {script}; COMP_WORDS=(tuimail att); COMP_CWORD=1; _shtab_tuimail; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["attachments"]


def test_the_parser_takes_no_abbreviations() -> None:
    with pytest.raises(SystemExit):
        build().parse_args(["list", "--lim", "3"])
