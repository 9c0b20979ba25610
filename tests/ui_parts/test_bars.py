"""The parts bar and the key bar."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Button

from tests.ui_parts.host import Host, attachment, piloted, screen_text, until
from tests.ui_parts.hostile import HOSTILE, NEVER
from tuimail.ui.keymaps import KEYMAPS
from tuimail.ui.keys import BARS, COMPOSER, GLOBAL, bindings
from tuimail.ui.lines.type_names import type_label
from tuimail.ui.widgets.key_bar import KeyBar, bar_slots
from tuimail.ui.widgets.parts_bar import PartsBar, part_line

LONG = "Urlaub 2026 mit allen Bildern und einem sehr langen Namen, der nirgends endet.jpeg"


class Keeping(Host):
    """Keeps the messages of the bar."""

    BINDINGS = [*bindings(GLOBAL)]

    def __init__(self, *widgets: Any) -> None:
        super().__init__(widgets=widgets)
        self.kept: list[Message] = []
        self.helped = 0

    def on_parts_bar_save_requested(self, message: PartsBar.SaveRequested) -> None:
        """Keep it."""
        self.kept.append(message)

    def on_parts_bar_save_all_requested(self, message: PartsBar.SaveAllRequested) -> None:
        """Keep it."""
        self.kept.append(message)

    def action_app_help(self) -> None:
        """Count."""
        self.helped += 1


def test_enter_asks_to_save_the_attachment_under_the_cursor() -> None:
    bar = PartsBar()
    app = Keeping(bar)

    async def steps(pilot: Pilot[Any]) -> None:
        bar.show([attachment(section="2"), attachment(section="3", filename="b.txt")])
        bar.focus()
        await pilot.press("j", "enter")
        assert bar.request_save_all()
        await until(pilot, lambda: len(app.kept) == 2)

    piloted(app, steps)
    first, second = app.kept
    assert isinstance(first, PartsBar.SaveRequested)
    assert first.attachment.filename == "b.txt"
    assert isinstance(second, PartsBar.SaveAllRequested)
    assert len(second.attachments) == 2


def test_without_attachments_the_bar_is_gone_and_says_that_there_is_nothing() -> None:
    bar = PartsBar()
    app = Keeping(bar)

    async def steps(pilot: Pilot[Any]) -> None:
        shown = [bar.display]
        assert not bar.request_save()
        assert not bar.request_save_all()
        for attachments in ([attachment()], []):
            bar.show(attachments)
            shown.append(bar.display)
        assert shown == [False, True, False]

    piloted(app, steps)


def test_the_cursor_stays_on_its_attachment_when_news_come() -> None:
    bar = PartsBar()

    async def steps(pilot: Pilot[Any]) -> None:
        bar.show([attachment(section="2"), attachment(section="3")])
        bar.cursor = 1
        bar.show([attachment(section="2"), attachment(section="3", is_here=True)])
        assert bar.current is not None
        assert bar.current.section == "3"
        bar.show([attachment(2, section="2")])
        assert bar.cursor == 0

    piloted(Keeping(bar), steps)


def test_many_attachments_scroll() -> None:
    bar = PartsBar()
    app = Keeping(bar)

    async def steps(pilot: Pilot[Any]) -> None:
        bar.show([attachment(section=str(number), filename=f"file{number}.txt") for number in range(2, 42)])
        bar.focus()
        await pilot.press(*["j"] * 39)
        assert bar.cursor == 39
        assert bar.size.height <= 6
        await until(pilot, lambda: "file41.txt" in screen_text(app))

    piloted(app, steps)


def test_a_second_click_asks_to_save() -> None:
    bar = PartsBar()
    app = Keeping(bar)

    async def steps(pilot: Pilot[Any]) -> None:
        bar.show([attachment(section="2"), attachment(section="3")])
        await pilot.pause()
        await pilot.click(bar, offset=(5, 2))
        assert bar.cursor == 1
        assert app.kept == []
        await pilot.click(bar, offset=(5, 2), times=2)
        await until(pilot, lambda: app.kept)

    piloted(app, steps)


@pytest.mark.parametrize("width", [12, 24, 30, 44, 56, 120])
@pytest.mark.parametrize("name", [LONG, "会議の予定について" * 9 + ".docx", "a.b"])
def test_the_extension_is_never_cut_and_the_line_is_exactly_as_wide_as_the_pane(name: str, width: int) -> None:
    line = "".join(run.text for run in part_line(attachment(filename=name), width))
    assert name.rpartition(".")[2] in line or width < 24
    assert cell_len(line) == width or width < 20


def test_no_hostile_name_reaches_the_bar() -> None:
    bar = PartsBar()
    app = Keeping(bar)

    async def steps(pilot: Pilot[Any]) -> None:
        for name in HOSTILE:
            bar.show([attachment(filename=name, declared_type=name, real_type=name, warnings=(name,))])
            bar.focus()
            await pilot.pause()
            assert [char for char in NEVER if char in screen_text(app)] == []

    piloted(app, steps, (80, 10))


def test_types_are_words() -> None:
    assert type_label("application/PDF") == "PDF"
    assert type_label("image/x-unheard-of") == "image"
    assert type_label("application/x-thing") == "x-thing"
    assert type_label("") == "unknown"


@given(st.text(max_size=100))
def test_any_type_has_a_label_without_controls(declared: str) -> None:
    assert type_label(declared)
    assert not [char for char in NEVER if char in type_label(declared)]


@pytest.mark.parametrize("pane", BARS)
@pytest.mark.parametrize("keymap", KEYMAPS)
def test_keys_fit_and_help_stays(pane: str, keymap: str) -> None:
    for width in (12, 40, 60, 80, 200):
        slots = bar_slots(pane, KEYMAPS[keymap], width)
        assert slots[-1].key == ("f1" if pane == COMPOSER else "question_mark"), "where people type, ? is a letter"
        assert slots[-1].end <= width or width < 14
    assert len(bar_slots(pane, KEYMAPS[keymap], 200)) == len(BARS[pane])


def test_a_click_on_a_key_does_what_the_key_does_and_the_bar_follows_the_focus() -> None:
    keys = KeyBar()
    app = Keeping(keys, Button("x"))

    async def steps(pilot: Pilot[Any]) -> None:
        assert "open" in screen_text(app)
        keys.show("reader")
        await pilot.pause()
        assert "read on" in screen_text(app)
        keys.show("nowhere")
        last = bar_slots("reader", {}, keys.size.width)[-1]
        await pilot.click(keys, offset=(last.start + 1, 0))
        await until(pilot, lambda: app.helped == 1)

    piloted(app, steps)


def test_the_key_bar_leaves_out_what_has_nothing_to_act_on() -> None:
    every = [slot.words for slot in bar_slots("reader", {}, 200)]
    assert [slot.words for slot in bar_slots("reader", {}, 200, {"attachments.save"})] == [
        words for words in every if words != "save"
    ]
    bar = KeyBar(pane="reader")
    app = Host(widgets=[bar])

    def shown() -> bool:
        return "S save" in screen_text(app)

    def hidden() -> bool:
        return not shown()

    async def steps(pilot: Pilot[Any]) -> None:
        for idle, is_shown in ((("attachments.save",), False), ((), True)):
            bar.leave_out(*idle)
            await until(pilot, shown if is_shown else hidden)

    piloted(app, steps)
