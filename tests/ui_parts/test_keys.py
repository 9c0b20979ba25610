"""The table of actions, the keymaps over it, and the page made of both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from textual.binding import BindingsMap
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tests.ui_parts.host import Host, piloted
from tuimail.ui.key_help import help_groups, keys_markdown
from tuimail.ui.keymaps import KEYMAPS, clashes, key_label, keymap_for, normal_keys, short_label
from tuimail.ui.keys import ACTIONS, BARS, GLOBAL, MAIN, PANES, SCREENS, TOPICS, bindings, spec

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


@dataclass(frozen=True)
class Wishes:
    """What `UiConfig` says of keys."""

    keymap: str = "vim"
    keys: Mapping[str, str] = field(default_factory=dict)


def test_ids_are_unique_and_each_has_a_sentence() -> None:
    assert len({each.id for each in ACTIONS}) == len(ACTIONS)
    for each in ACTIONS:
        assert each.help.endswith("."), each.id
        assert each.description, each.id
        assert len(each.description.split()) <= 3, each.id
        assert each.where in (GLOBAL, MAIN, *PANES, *SCREENS)
        assert each.topic in dict(TOPICS)


@pytest.mark.parametrize("name", KEYMAPS)
def test_no_key_does_two_things_in_one_place(name: str) -> None:
    assert clashes(KEYMAPS[name]) == []


@pytest.mark.parametrize("name", KEYMAPS)
def test_named_keymaps_name_known_actions_and_normal_keys(name: str) -> None:
    for action_id, keys in KEYMAPS[name].items():
        spec(action_id)
        assert keymap_for(Wishes(keys={action_id: keys})).mistakes == () or name != "vim"
        assert normal_keys(keys) == keys


def test_every_key_of_the_table_is_a_key_that_can_be_written_in_the_configuration() -> None:
    for each in (each for each in ACTIONS if each.keys):
        assert keymap_for(Wishes(keys={each.id: each.keys})) == ({each.id: each.keys}, ())


def test_a_clash_is_told_and_the_override_left_out() -> None:
    found = keymap_for(Wishes(keys={"message.star": "j"}))
    assert found.keymap == {}
    assert len(found.mistakes) == 1
    assert "message.star" in found.mistakes[0]
    assert "list.next" in found.mistakes[0]


def test_two_keys_can_change_places() -> None:
    found = keymap_for(Wishes(keys={"message.star": "m", "message.seen": "s"}))
    assert found.mistakes == ()
    assert found.keymap == {"message.star": "m", "message.seen": "s"}


def test_a_key_may_mean_different_things_in_different_panes() -> None:
    assert keymap_for(Wishes(keys={"reader.down": "J", "tree.next": "J"})).mistakes == ()


def test_unknown_ids_are_told() -> None:
    found = keymap_for(Wishes(keys={"list.star": "y", "nonsense": "y"}))
    assert found.keymap == {}
    assert "message.star" in found.mistakes[0]
    assert len(found.mistakes) == 2


@pytest.mark.parametrize("keys", ["", "  ", "foo", "ctrl+", "hurtz+a", "g,g", "j,,k"])
def test_what_is_no_key_is_told(keys: str) -> None:
    found = keymap_for(Wishes(keys={"message.star": keys}))
    assert found.keymap == {}
    assert len(found.mistakes) == 1


def test_an_unknown_keymap_is_told_and_vim_used() -> None:
    found = keymap_for(Wishes(keymap="nano"))
    assert found.keymap == {}
    assert "nano" in found.mistakes[0]


def test_own_keys_lie_over_the_named_keymap() -> None:
    found = keymap_for(Wishes(keymap="emacs", keys={"list.next": "y"}))
    assert found.keymap["list.next"] == "y"
    assert found.keymap["list.previous"] == "ctrl+p,up"


@pytest.mark.parametrize("character", [*"?/*<>:;-+=_@#!.'\"[]{}()|\\~^&%$ßéж"])
def test_single_characters_get_the_names_that_textual_gives_them(character: str) -> None:
    assert normal_keys(character) == _character_to_key(character)
    assert key_label(normal_keys(character)) == character


def test_labels_are_what_stands_on_the_keyboard() -> None:
    assert [key_label(key) for key in ("ctrl+d", "shift+tab", "question_mark", "f1", "G", "pagedown", "space")] == [
        "Ctrl+D", "Shift+Tab", "?", "F1", "G", "PgDn", "Space",
    ]  # fmt: skip
    assert short_label("ctrl+p") == "^P"


def test_bindings_carry_the_ids_that_a_keymap_moves() -> None:
    bound = BindingsMap(bindings("list"))
    bound.apply_keymap({"list.next": "y"})
    assert "j" not in bound.key_to_bindings
    assert bound.key_to_bindings["y"][0].action == "list_next"


def test_a_moved_key_works_in_an_app() -> None:
    class Counting(Host):
        BINDINGS = [*bindings(GLOBAL)]
        palettes = 0

        def action_app_palette(self) -> None:
            """Count."""
            self.palettes += 1

    app = Counting()
    app.set_keymap(keymap_for(Wishes(keys={"app.palette": "f2"})).keymap)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+p", "f2")

    piloted(app, steps)
    assert app.palettes == 1


def test_the_bars_name_actions_that_work_there_and_end_with_help() -> None:
    for pane, ids in BARS.items():
        assert 1 < len(ids) <= 6
        assert ids[-1] == "app.help"
        assert all(spec(action_id).where in (pane, MAIN, GLOBAL) for action_id in ids)


def test_help_shows_every_action_once_and_the_keys_in_force() -> None:
    groups = help_groups({"message.star": "f2"})
    shown = [row.spec.id for group in groups for row in group.rows]
    assert sorted(shown) == sorted(each.id for each in ACTIONS)
    assert next(row.keys for group in groups for row in group.rows if row.spec.id == "message.star") == ("F2",)


def test_help_is_searched_by_word_key_and_id() -> None:
    assert [row.spec.id for group in help_groups({}, "star off") for row in group.rows] == ["message.star"]
    assert "list.half_down" in [row.spec.id for group in help_groups({}, "ctrl+d") for row in group.rows]
    assert help_groups({}, "no such thing at all") == []


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == keys_markdown(), "run: python -m tuimail.ui.key_help > docs/keys.md"


def test_the_table_is_read_without_textual() -> None:
    code = "import sys, tuimail.ui.key_help; print([m for m in sys.modules if m.split('.')[0] in ('textual', 'rich')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
