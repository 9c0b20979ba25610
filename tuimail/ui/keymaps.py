"""Which keys are in force: named keymaps, a person's own keys, and the names of keys.

What lives here: overrides of the table in `keys`, the check for clashes and unknown
names, and how a key is written for Textual and for a person. What must not: Textual.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from tuimail.ui.keys import ACTIONS, GLOBAL, MAIN, PANES, SCREENS, ActionSpec, spec

KEYMAPS: dict[str, dict[str, str]] = {
    "vim": {},
    "emacs": {
        "app.palette": "alt+x",
        "app.find": "ctrl+s,slash",
        "pane.back": "escape,ctrl+g",
        "message.undo": "ctrl+underscore,u",
        "list.next": "ctrl+n,down",
        "list.previous": "ctrl+p,up",
        "list.page_down": "ctrl+v,pagedown",
        "list.page_up": "alt+v,pageup",
        "list.top": "less_than_sign,home",
        "list.bottom": "greater_than_sign,end",
        "list.open": "enter",
        "list.into": "ctrl+f,right",
        "list.back": "ctrl+b,left",
        "reader.down": "ctrl+n,down",
        "reader.up": "ctrl+p,up",
        "reader.page_down": "ctrl+v,pagedown",
        "reader.page_up": "alt+v,pageup",
        "reader.top": "less_than_sign,home",
        "reader.bottom": "greater_than_sign,end",
        "reader.back": "ctrl+b,left",
        "reader.copy": "alt+w,y",
        "tree.next": "ctrl+n,down",
        "tree.previous": "ctrl+p,up",
        "tree.page_down": "ctrl+v,pagedown",
        "tree.page_up": "alt+v,pageup",
        "tree.top": "less_than_sign,home",
        "tree.bottom": "greater_than_sign,end",
        "tree.expand": "ctrl+f,right",
        "tree.collapse": "ctrl+b,left",
        "attachments.next": "ctrl+n,down,ctrl+f,right",
        "attachments.previous": "ctrl+p,up,ctrl+b,left",
        "quarantine.next": "ctrl+n,down",
        "quarantine.previous": "ctrl+p,up",
        "quarantine.top": "less_than_sign,home",
        "quarantine.bottom": "greater_than_sign,end",
        "quarantine.look": "enter,ctrl+f,right",
        "quarantine.down": "ctrl+v,pagedown,space",
        "quarantine.up": "alt+v,pageup",
        "quarantine.back": "escape,ctrl+g,ctrl+b,left,Q",
        "composer.save": "f2",
        "outbox.next": "ctrl+n,down",
        "outbox.previous": "ctrl+p,up",
        "outbox.top": "less_than_sign,home",
        "outbox.bottom": "greater_than_sign,end",
        "outbox.back": "escape,ctrl+g,ctrl+b,left,O",
        "journal.next": "ctrl+n,down",
        "journal.previous": "ctrl+p,up",
        "journal.top": "less_than_sign,home",
        "journal.bottom": "greater_than_sign,end",
        "journal.back": "escape,ctrl+g,ctrl+b,left,U",
        "mailbox.search": "alt+g",
        "search.next": "ctrl+n,down",
        "search.previous": "ctrl+p,up",
        "search.page_down": "ctrl+v,pagedown,space",
        "search.page_up": "alt+v,pageup",
        "search.top": "less_than_sign,home",
        "search.bottom": "greater_than_sign,end",
        "search.open": "enter,ctrl+f,right",
        "search.other": "alt+n",
        "search.save": "f2",
        "search.undo": "ctrl+underscore,u",
        "search.back": "escape,ctrl+g,ctrl+b,left",
    },
    "pine": {
        "app.find": "w,slash",
        "mailbox.jump": "g",
        "message.next": "ctrl+n",
        "message.previous": "ctrl+k",
        "message.star": "asterisk",
        "reader.headers": "h",
        "attachments.save": "s,S",
        "list.next": "n,j,down",
        "list.previous": "p,k,up",
        "list.page_up": "minus,pageup",
        "list.top": "home",
        "list.bottom": "end",
        "list.open": "enter,greater_than_sign",
        "list.into": "right",
        "list.back": "less_than_sign,l,left",
        "list.select": "x,semicolon",
        "list.sort": "dollar_sign,comma",
        "list.date": "alt+d",
        "list.select_all": "ctrl+a",
        "reader.page_up": "minus,pageup",
        "reader.top": "home",
        "reader.bottom": "end",
        "reader.back": "less_than_sign,l,left",
        "tree.next": "n,j,down",
        "tree.previous": "p,k,up",
        "tree.top": "home",
        "tree.bottom": "end",
        "tree.expand": "greater_than_sign,right",
        "tree.collapse": "less_than_sign,left",
        "attachments.next": "n,j,down,right",
        "attachments.previous": "p,k,up,left",
        "quarantine.next": "n,j,down",
        "quarantine.previous": "p,k,up",
        "quarantine.look": "enter,greater_than_sign,right",
        "quarantine.up": "minus,pageup",
        "quarantine.back": "escape,less_than_sign,l,left,Q",
        "writing.drafts": "P",
        "composer.send": "ctrl+x,f5",
        "composer.attach": "ctrl+j,ctrl+t",
        "outbox.next": "n,j,down",
        "outbox.previous": "p,k,up",
        "outbox.back": "escape,less_than_sign,l,left,O",
        "journal.next": "n,j,down",
        "journal.previous": "p,k,up",
        "journal.back": "escape,less_than_sign,l,left,U",
        "search.next": "n,j,down",
        "search.previous": "p,k,up",
        "search.page_up": "minus,pageup",
        "search.top": "home",
        "search.bottom": "end",
        "search.open": "enter,greater_than_sign,right",
        "search.select": "x,semicolon",
        "search.select_all": "ctrl+a",
        "search.star": "asterisk",
        "search.back": "escape,less_than_sign,l,left",
    },
    "gmail": {
        "pane.back": "u,escape",
        "mailbox.jump": "g",
        "message.seen": "I",
        "message.undo": "z",
        "message.archive": "e,y",
        "message.delete": "number_sign,d",
        "message.mute": "m,K",
        "reader.quotes": "Z",
        "reader.links": "L",
        "list.fold": "semicolon",
        "list.date": "alt+d",
        "list.top": "home",
        "list.bottom": "end",
        "list.open": "o,enter",
        "list.into": "right",
        "list.back": "left",
        "reader.top": "home",
        "reader.bottom": "end",
        "reader.copy": "alt+y",
        "tree.top": "home",
        "tree.bottom": "end",
        "tree.open": "o,enter",
        "attachments.open": "o,enter",
        "quarantine.look": "enter,right",
        "quarantine.back": "u,escape,left,Q",
        "writing.reply_list": "alt+l",
        "outbox.back": "u,escape,left,O",
        "journal.undo": "z",
        "journal.back": "u,escape,left,U",
        "search.top": "home",
        "search.bottom": "end",
        "search.open": "o,enter,right",
        "search.archive": "e,y",
        "search.delete": "number_sign,d",
        "search.seen": "I",
        "search.undo": "z",
        "search.back": "u,escape,left",
    },
}
"""Named keymaps: what differs from the table. None has a clash, by the check that a person's own keys get."""


class KeyWishes(Protocol):
    """The part of the configuration that is about keys (`UiConfig`)."""

    @property
    def keymap(self) -> str:
        """One of `KEYMAPS`."""

    @property
    def keys(self) -> Mapping[str, str]:
        """`[ui.keys]`: id of an action to its keys."""


class KeymapResult(NamedTuple):
    """What `App.set_keymap` gets, and what a person should be told."""

    keymap: dict[str, str]
    mistakes: tuple[str, ...]
    """Sentences. An override that is named here was left out; the key works as before."""


def keymap_for(wishes: KeyWishes) -> KeymapResult:
    """The named keymap with a person's own keys over it, every mistake as a sentence.

    Textual ignores unknown ids and deletes the other binding on a clash, both
    silently; so an override that would do that is told and not used.
    """
    mistakes: list[str] = []
    base = KEYMAPS.get(wishes.keymap)
    if base is None:
        mistakes.append(f'keymap = "{wishes.keymap}" is not known; choose {_one_of(KEYMAPS)}. Using vim.')
        base = {}
    own: dict[str, str] = {}
    for action_id, keys in wishes.keys.items():
        fault = _fault(action_id, keys)
        if fault:
            mistakes.append(f'[ui.keys] "{action_id}": {fault}')
        else:
            own[action_id] = normal_keys(keys)
    while found := next(iter(clashes({**base, **own})), None):
        guilty = [action_id for action_id in found.ids if action_id in own]
        if not guilty:  # the table itself: kept free of clashes by a test
            break
        for action_id in guilty:
            del own[action_id]
            other = next(other for other in found.ids if other != action_id)
            mistakes.append(
                f'[ui.keys] "{action_id}": {key_label(found.key)} already does "{spec(other).description}" '
                f"({other}) there, so your key is left out."
            )
    return KeymapResult({**base, **own}, tuple(mistakes))


class Clash(NamedTuple):
    """One key that two actions of the same place want."""

    key: str
    ids: tuple[str, str]


def clashes(keymap: Mapping[str, str]) -> list[Clash]:
    """Keys that would be taken twice in one pane (its own keys, main's and global's) or in one screen."""
    found: dict[tuple[str, str], Clash] = {}
    for place in [*((pane, MAIN, GLOBAL) for pane in PANES), *((screen, GLOBAL) for screen in SCREENS)]:
        taken: dict[str, str] = {}
        for each in ACTIONS:
            if each.where not in place:
                continue
            for key in keys_of(each, keymap):
                first = taken.setdefault(key, each.id)
                if first != each.id:
                    found.setdefault((first, each.id), Clash(key, (first, each.id)))
    return list(found.values())


def keys_of(each: ActionSpec, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """The keys that do it, as Textual names them; none for what only the palette finds."""
    return tuple(key for key in keymap.get(each.id, each.keys).split(",") if key)


# --- names of keys ------------------------------------------------------------

_NAMES = {
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape", "tab", "space",
    "backspace", "delete", "insert", *(f"f{number}" for number in range(1, 25)),
}  # fmt: skip
_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_SHORTER = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
_LABELS = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "↵", "escape": "Esc", "pageup": "PgUp",
    "pagedown": "PgDn", "backspace": "⌫", "delete": "Del", "insert": "Ins", "home": "Home", "end": "End",
    "tab": "Tab", "space": "Space",
}  # fmt: skip


def normal_keys(keys: str) -> str:
    """Keys as Textual names them: `?, shift+s` becomes `question_mark,S`. Wrong ones are left as they are."""
    return ",".join(_normal_key(key) for key in keys.split(","))


def key_label(key: str) -> str:
    """A key as a person reads it: `?`, `Ctrl+D`, `↓`, `Shift+Tab`."""
    *modifiers, base = key.split("+")
    label = _LABELS.get(base) or _character(base) or (base.upper() if base in _NAMES else base)
    if modifiers and len(label) == 1:
        label = label.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), label])


def short_label(key: str) -> str:
    """The same in fewer cells, for the key bar: `^P` for Ctrl+P."""
    return key_label(key).replace("Ctrl+", "^").replace("Space", "␣")


def _normal_key(key: str) -> str:
    *modifiers, base = (key.strip() or key).split("+") if len(key.strip()) > 1 else (key.strip() or key,)
    if len(base) == 1 and not base.isalnum():
        base = unicodedata.name(base, base).lower().replace("-", "_").replace(" ", "_")
        base = _SHORTER.get(base, base)
    if modifiers == ["shift"] and len(base) == 1 and base.isalpha():
        return base.upper()  # what a terminal sends
    return "+".join([*(modifier.lower() for modifier in modifiers), base])


def _character(base: str) -> str:
    """The printable character that a key name stands for, else the empty string."""
    if len(base) == 1:
        return base
    longer = {short: long for long, short in _SHORTER.items()}.get(base, base)
    for name in (longer.replace("_", " "), longer.replace("_", "-"), longer.replace("_", "-", 1).replace("_", " ")):
        try:
            found = unicodedata.lookup(name)
        except KeyError:
            continue
        if found.isprintable():
            return found
    return ""


def _fault(action_id: str, keys: str) -> str:
    """Why this override cannot be used, in a sentence; empty when it can."""
    if action_id not in {each.id for each in ACTIONS}:
        near = [each.id for each in ACTIONS if each.id.partition(".")[2] == action_id.partition(".")[2]]
        hint = f" Did you mean {_one_of(near[:3])}?" if near else " See `tuimail keys` for all of them."
        return f"there is no such action.{hint}"
    if not keys.strip():
        return "a key is missing. An action cannot be without keys; give it one that you do not use."
    for key in normal_keys(keys).split(","):
        *modifiers, base = key.split("+")
        if any(modifier not in _MODIFIERS for modifier in modifiers) or not (base in _NAMES or _character(base)):
            return f'"{key}" is not a key. Write it like "j", "ctrl+d", "f5", "enter" or "j,down" for two.'
    if len(set(normal_keys(keys).split(","))) < len(keys.split(",")):
        return f'"{keys}" names a key twice. The comma means "or"; sequences of keys are not supported.'
    return ""


def _one_of(names: Iterable[str]) -> str:
    return " or ".join(names)
