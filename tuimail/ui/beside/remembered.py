"""What the screen remembers between runs: the mailbox, the place in it, widths, folds.

A thin, typed layer over `store.state`; a value that makes no sense is as good as none.
No Textual here: the first frame reads the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tuimail.errors import StoreError
from tuimail.model import AccountName, EnvelopeId
from tuimail.store import Store
from tuimail.ui.layout import PaneWidths
from tuimail.ui.lines.rows import Shape

PLACE_KEY = "ui.place"
PANES_KEY = "ui.panes"
FOLDED_KEY = "ui.folded"
FRAME_KEY = "ui.frame"
THEME_KEY = "ui.theme"
LISTS_KEY = "ui.lists"
SHAPE_KEY = "ui.list_shape"
_MOST_LISTS = 500


class Look(NamedTuple):
    """How a list is ordered."""

    sort: str = "date"
    """A `store.lists.views.Sort`."""
    is_reversed: bool = False
    is_threaded: bool = False


class Place(NamedTuple):
    """Where a person was."""

    account: AccountName
    """Empty for a view over all accounts."""
    mailbox: str
    """Its full name, or that of the view; rows may be numbered anew."""
    envelope_id: EnvelopeId | None
    cursor: int
    """Position of the cursor, for when the message is gone."""
    top: int
    """First visible position."""


class Remembered:
    """Reads and writes it."""

    def __init__(self, store: Store) -> None:
        self._state = store.state

    def place(self) -> Place | None:
        """Where a person was when they left; None at first."""
        found = self._mapping(PLACE_KEY)
        envelope_id = found.get("envelope_id")
        if not isinstance(found.get("account"), str) or not isinstance(found.get("mailbox"), str):
            return None
        return Place(
            AccountName(found["account"]),
            found["mailbox"],
            EnvelopeId(envelope_id) if isinstance(envelope_id, int) else None,
            _number(found, "cursor", 0),
            _number(found, "top", 0),
        )

    def look(self, account: str, name: str) -> Look:
        """How a list was ordered when it was left."""
        found = self._mapping(LISTS_KEY).get(f"{account}\0{name}")
        if not isinstance(found, list) or len(found) != len(Look._fields) or not isinstance(found[0], str):
            return Look()
        return Look(found[0], found[1] is True, found[2] is True)

    def keep_look(self, account: str, name: str, look: Look) -> None:
        """Remember it, if it is not the usual one."""
        lists = self._mapping(LISTS_KEY)
        lists.pop(f"{account}\0{name}", None)
        if look != Look():
            lists[f"{account}\0{name}"] = list(look)
        self._keep(LISTS_KEY, dict(list(lists.items())[-_MOST_LISTS:]))

    def shape(self) -> Shape:
        """How rows look."""
        found = self._mapping(SHAPE_KEY)
        return Shape(found.get("is_roomy") is True, found.get("by_day") is True)

    def keep_shape(self, shape: Shape) -> None:
        """Remember it."""
        self._keep(SHAPE_KEY, shape._asdict())

    def panes(self) -> PaneWidths:
        """The widths that were dragged, or the usual ones."""
        found = self._mapping(PANES_KEY)
        usual = PaneWidths()
        share = found.get("list_share", usual.list_share)
        if not isinstance(share, float | int) or not 0.1 <= share <= 0.9:
            share = usual.list_share
        return PaneWidths(
            tree_cells=_number(found, "tree_cells", usual.tree_cells),
            list_share=float(share),
            tree_hidden=found.get("tree_hidden") is True,
        )

    def keep_panes(self, widths: PaneWidths) -> None:
        """Remember widths."""
        self._keep(
            PANES_KEY,
            {"tree_cells": widths.tree_cells, "list_share": widths.list_share, "tree_hidden": widths.tree_hidden},
        )

    def folded(self) -> set[str]:
        """Keys of folded rows of the tree."""
        found = self._state.get(FOLDED_KEY, [])
        return {key for key in found if isinstance(key, str)} if isinstance(found, list) else set()

    def keep_folded(self, keys: Iterable[str]) -> None:
        """Remember folds."""
        self._keep(FOLDED_KEY, sorted(keys))

    def theme(self, configured: str) -> str:
        """The theme that was chosen on the screen, unless the configuration was changed since."""
        found = self._mapping(THEME_KEY)
        chosen = found.get("chosen")
        return chosen if isinstance(chosen, str) and found.get("configured") == configured else configured

    def keep_theme(self, chosen: str, configured: str) -> None:
        """Remember a choice, and what the configuration said then."""
        self._keep(THEME_KEY, {"chosen": chosen, "configured": configured})

    def frame(self) -> Mapping[str, Any]:
        """What the first frame needs of the app; see `first_frame`. `Any`: JSON, checked where it is used."""
        return self._mapping(FRAME_KEY)

    def _keep(self, key: str, value: object) -> None:
        """What cannot be remembered (a full disk) is forgotten: it must not stop anybody."""
        with contextlib.suppress(StoreError):
            self._state.set(key, value)

    def _mapping(self, key: str) -> dict[str, Any]:
        found = self._state.get(key, None)
        return found if isinstance(found, dict) else {}


def _number(found: Mapping[str, Any], key: str, usual: int) -> int:
    value = found.get(key, usual)
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else usual
