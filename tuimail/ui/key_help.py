"""The words for people made from the table of actions: help and `docs/keys.md`.

What lives here: pure functions over `keys` and `keymaps`. What must not: Textual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tuimail.ui.keymaps import KEYMAPS, key_label, keys_of
from tuimail.ui.keys import ACTIONS, TOPICS, ActionSpec

DIALOG_SENTENCE = "In every dialog: Enter accepts, Tab moves on, Esc leaves without doing anything."
PALETTE_ONLY = "palette"
"""In place of keys, for what has none."""

class HelpRow(NamedTuple):
    """One line of the help."""

    keys: tuple[str, ...]
    """Labels for a person."""
    spec: ActionSpec


class HelpGroup(NamedTuple):
    """The lines under one heading."""

    title: str
    rows: tuple[HelpRow, ...]


def help_groups(keymap: Mapping[str, str], words: str = "") -> list[HelpGroup]:
    """All actions by topic, with the keys in force; only those in which every one of `words` is found."""
    wanted = words.casefold().split()
    groups = []
    for topic, title in TOPICS:
        rows = []
        for each in ACTIONS:
            labels = tuple(key_label(key) for key in keys_of(each, keymap))
            text = " ".join((*(labels or (PALETTE_ONLY,)), each.id, each.description, each.help, title)).casefold()
            if each.topic == topic and all(word in text for word in wanted):
                rows.append(HelpRow(labels, each))
        if rows:
            groups.append(HelpGroup(title, tuple(rows)))
    return groups


def keys_markdown() -> str:
    """The whole of `docs/keys.md`."""
    lines = [
        "# Keys",
        "",
        "<!-- Made from tuimail/ui/keys.py by `python -m tuimail.ui.key_help > docs/keys.md`; do not edit. -->",
        "",
        "Arrow keys and vim keys work everywhere. `?` shows this table inside tuimail, with a search, and",
        "`Ctrl+P` finds any command, mailbox, message or theme by typing a few letters of it.",
        DIALOG_SENTENCE,
        "",
    ]
    for group in help_groups({}):
        lines += [f"## {group.title}", "", "| Keys | What it does | Id |", "| --- | --- | --- |"]
        lines += [f"| {_code(row.keys) or PALETTE_ONLY} | {row.spec.help} | `{row.spec.id}` |" for row in group.rows]
        lines.append("")
    return "\n".join(lines + _keymaps_markdown())


def _keymaps_markdown() -> list[str]:
    lines = [
        "## Keymaps of other programs",
        "",
        '`keymap = "emacs"` under `[ui]` in the configuration changes these keys; `pine` and `gmail` do the same,',
        "and `vim` is the table above. A dot means: as above.",
        "",
    ]
    names = [name for name, overrides in KEYMAPS.items() if overrides]
    lines += [f"| Id | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
    for each in ACTIONS:
        if any(each.id in KEYMAPS[name] for name in names):
            cells = [_labels(each, KEYMAPS[name]) if each.id in KEYMAPS[name] else "·" for name in names]
            lines.append(f"| `{each.id}` | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        "## Your own keys",
        "",
        "Single actions are moved by their id; all keys of that action are replaced:",
        "",
        "```toml",
        "[ui]",
        'keymap = "vim"',
        "",
        "[ui.keys]",
        '"message.star" = "f2,*"',
        '"list.select_all" = "ctrl+a"',
        "```",
        "",
        "A comma means `or`. Keys are written `j`, `J`, `ctrl+d`, `alt+x`, `f5`, `enter`, `space`, `pagedown`, `?`.",
        "An id that does not exist, and a key that already does something else in the same place, are told when",
        "tuimail starts, and left out.",
        "",
    ]


def _labels(each: ActionSpec, keymap: Mapping[str, str]) -> str:
    return _code(key_label(key) for key in keys_of(each, keymap))


def _code(labels: Iterable[str]) -> str:
    """Labels as Markdown code, fit for a table cell."""
    return " ".join(f"`{label}`" if label != "|" else "`\\|`" for label in labels)


if __name__ == "__main__":
    print(keys_markdown(), end="")
