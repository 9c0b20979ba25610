"""The first frame: there before Textual, and the same cells as Textual paints over it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyte
import pytest

from tests.ui.seed import MAIL, inbox_of, seed
from tests.ui.terminal import Terminal, app_environ
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.remembered import FRAME_KEY, PLACE_KEY
from tuimail.ui.start import first_frame

TEXTUAL_BEGINS = b"\x1b[?1000h"


@pytest.fixture
def own_paths(tmp_path: Path) -> Paths:
    """The places that `run_app` uses."""
    directory = str(tmp_path)
    environ = {"HOME": directory, "XDG_RUNTIME_DIR": directory}
    return Paths.from_environment(environ, data_dir=directory + "/data", config=directory + "/c.toml")


def known(styles: object) -> dict[str, object]:
    """A frame's memory of this version and terminal."""
    return {"version": first_frame.FRAME_VERSION, "terminal": first_frame.terminal_now(), "styles": styles}


def start(tmp_path: Path, size: tuple[int, int], **environ: str) -> Terminal:
    """The app on a terminal of this size."""
    argv = [sys.executable, "-m", "tests.ui.run_app", str(tmp_path)]
    return Terminal(argv, {**app_environ(tmp_path), **environ}, width=size[0], height=size[1])


def visit(tmp_path: Path, size: tuple[int, int], keys: str = "", **environ: str) -> bytes:
    """Start, wait for Textual, type, quit; everything that was written."""
    with start(tmp_path, size, **environ) as terminal:
        terminal.read_until(lambda: b"all keys" in terminal.output.partition(TEXTUAL_BEGINS)[2])
        for key in keys:
            terminal.press(key)
        terminal.read_until_quiet(0.5)
        seen = bytes(terminal.output)
        terminal.press("q")
        assert terminal.wait() == 0
        assert b"\x1b[?1049l" in terminal.output
        return seen


def screen_of(output: bytes, size: tuple[int, int]) -> Any:
    """What a terminal shows of it. `Any`: pyte has no types."""
    screen = pyte.Screen(*size)
    stream = pyte.ByteStream(screen)
    stream.feed(output.replace(b"\x1b[>25u", b""))
    return screen


@pytest.mark.pty
@pytest.mark.parametrize(
    ("size", "environ", "keys"),
    [
        ((150, 24), {}, "jjjjj"), ((100, 24), {}, "jjjjj"), ((70, 20), {}, "jjjjj"),
        ((150, 24), {"NO_COLOR": "1"}, "jjjjj"), ((100, 24), {"COLORTERM": ""}, "jjjjj"),
        ((150, 24), {}, "TYjjjj"), ((150, 24), {}, "hgljj"),
        ((100, 24), {}, "\x19" + "j" * 40),
    ],
    ids=["three panes", "two panes", "one pane", "no colour", "256 colours", "threads, two lines", "a view", "days"],
)  # fmt: skip
def test_textual_paints_the_same_bars_tree_and_list_over_it(
    own_paths: Paths, tmp_path: Path, size: tuple[int, int], environ: dict[str, str], keys: str
) -> None:
    seed(own_paths, mail=[*MAIL, *[("Ada <a@b.example>", f"Older {n}", 9000 + n, 0, 100, False) for n in range(60)]])
    visit(tmp_path, size, keys, **environ)
    output = visit(tmp_path, size, **environ)
    first, rest = output.split(TEXTUAL_BEGINS, 1)
    assert first.startswith(b"\x1b[?1049h")
    assert b"\x1b[?1049h" not in rest, "the alternate screen would be cleared, and flash"
    before, after = screen_of(first, size), screen_of(output, size)
    width = {150: 74, 100: 39, 70: 69}[size[0]]  # without the scrollbar
    for y in range(size[1]):
        for x in range(size[0] if y in (0, size[1] - 1) else width):
            was, now = before.buffer[y][x], after.buffer[y][x]
            assert was.data == now.data, (x, y, before.display[y], after.display[y])
            if was.data.strip():
                assert (was.fg, was.bg, was.bold) == (now.fg, now.bg, now.bold), (x, y, was, now)
            else:
                assert was.bg == now.bg, (x, y, was, now)


@pytest.mark.pty
def test_a_frame_of_another_terminal_is_not_painted(own_paths: Paths, tmp_path: Path) -> None:
    seed(own_paths)
    visit(tmp_path, (100, 24))
    assert visit(tmp_path, (100, 24), NO_COLOR="1").startswith(b"\x1b[?1049h" + TEXTUAL_BEGINS)


@pytest.mark.pty
def test_the_place_and_the_frame_survive_a_kill(own_paths: Paths, tmp_path: Path) -> None:
    seed(own_paths)
    with start(tmp_path, (70, 20)) as terminal:
        terminal.read_until(lambda: terminal.shows("all keys"))
        terminal.press("jjj")
        with Store.open(own_paths) as store:
            terminal.read_until(lambda: (store.state.get(PLACE_KEY) or {}).get("cursor") == 3)
    first = visit(tmp_path, (70, 20)).split(TEXTUAL_BEGINS, 1)[0]
    assert screen_of(first, (70, 20)).display[5].startswith("▎")


@pytest.mark.pty
def test_keys_typed_before_textual_is_there_reach_the_list(own_paths: Paths, tmp_path: Path) -> None:
    seed(own_paths)
    visit(tmp_path, (150, 24))
    with start(tmp_path, (150, 24)) as terminal:
        terminal.read_until(lambda: bool(terminal.output))
        terminal.press("jjj")
        terminal.read_until(lambda: terminal.shows("taro@example.jp"))
        terminal.press("q")
        assert terminal.wait() == 0


@pytest.mark.pty
def test_the_very_first_start_paints_nothing_before_textual(own_paths: Paths, tmp_path: Path) -> None:
    seed(own_paths)
    assert visit(tmp_path, (100, 24)).startswith(b"\x1b[?1049h" + TEXTUAL_BEGINS)


def test_without_a_terminal_nothing_is_painted(own_paths: Paths) -> None:
    seed(own_paths)
    assert first_frame.paint(own_paths) is None


@pytest.mark.parametrize("frame", [None, 3, {}, known(3), {"version": 99, "styles": {}}])
def test_a_memory_that_makes_no_sense_is_as_good_as_none(own_paths: Paths, frame: object) -> None:
    seed(own_paths)
    with Store.open(own_paths) as store:
        store.state.set(FRAME_KEY, frame)
        store.state.set(PLACE_KEY, {"account": "work", "mailbox": "INBOX", "cursor": 3, "top": 0})
        assert first_frame.Frame(store, 120, 30, 0).ansi() is None


def test_styles_that_are_no_styles_are_left_out(own_paths: Paths) -> None:
    seed(own_paths)
    with Store.open(own_paths) as store:
        styles = {"text/": "31m\x1b]0;x\x07", "muted/": "38;2;1;2;3", "a": 5}
        store.state.set(FRAME_KEY, known(styles))
        store.state.set(PLACE_KEY, {"account": "work", "mailbox": "INBOX", "cursor": 3, "top": 0})
        frame = first_frame.Frame(store, 120, 30, 0).ansi()
    assert frame is not None
    assert "\x1b]" not in frame
    assert "38;2;1;2;3" in frame


def test_the_frame_of_a_mailbox_that_is_gone_is_not_painted(own_paths: Paths) -> None:
    seed(own_paths)
    with Store.open(own_paths) as store:
        store.state.set(FRAME_KEY, known({}))
        store.state.set(PLACE_KEY, {"account": "work", "mailbox": "Nowhere", "cursor": 3, "top": 0})
        assert first_frame.Frame(store, 120, 30, 0).ansi() is None
        assert inbox_of(store)
