"""What the app writes down for its next start: the place, and how the screen looks.

It does so a moment after something changed and not only at the end, so that a program
that was killed, or a machine that lost its power, starts where it was. The writing is
done in a thread: an engine that holds the store for a moment must not hold the keys.
What must not live here: reading it again (`first_frame`, `screens.mail`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.timer import Timer

from tuimail.errors import MailError
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.remembered import FRAME_KEY, PLACE_KEY
from tuimail.ui.keymaps import keys_of, short_label
from tuimail.ui.keys import BARS, LIST, spec
from tuimail.ui.lines.rows import GROUNDS, ROLES, Run
from tuimail.ui.screens.mail import MailScreen
from tuimail.ui.start.first_frame import FRAME_VERSION, terminal_now
from tuimail.ui.widgets.bars import TopBar

PAUSE_S = 2.0
"""So long after a change it is written; changes meanwhile are written with it."""


class Memory:
    """Writes it down. `keymap`: the keys in force, for the key bar."""

    def __init__(self, app: App[Any], main: MailScreen, paths: Paths, keymap: Mapping[str, str]) -> None:
        self._app = app
        self._main = main
        self._paths = paths
        self._keymap = keymap
        self._timer: Timer | None = None
        self._written: dict[str, object] = {}
        self._frame: dict[str, object] = {}

    def looks_changed(self) -> None:
        """Another theme."""
        self._frame = {}
        self.soon()

    def soon(self) -> None:
        """Something changed: write it down in a moment."""
        if self._timer is None:
            self._timer = self._app.set_timer(PAUSE_S, self._write_aside, name="memory")

    def now(self) -> None:
        """Write it down at once: this is the end."""
        changed = self._changed()
        try:
            self._main.store.state.set_many(changed)
        except MailError:
            return  # a store that cannot be written must not keep anybody from leaving

    def _write_aside(self) -> None:
        self._timer = None
        if not self._main.query(TopBar):  # the screen is being taken down; `now` has written it
            return
        changed = self._changed()
        if not changed:
            return
        self._written.update(changed)
        paths = self._paths

        def write() -> None:
            with Store.open(paths) as store:
                store.state.set_many(changed)

        async def run() -> None:
            try:
                await aside(write)
            except MailError:
                for key in changed:  # a full disk: the next change tries again
                    self._written.pop(key, None)

        self._app.run_worker(run(), group="memory", exit_on_error=False)

    def _changed(self) -> dict[str, object]:
        """The values that are not written down as they are now."""
        self._frame = self._frame or self._look()
        place = self._main.place
        values: dict[str, object] = {FRAME_KEY: self._frame}
        if place is not None:
            values[PLACE_KEY] = place._asdict()
        return {key: value for key, value in values.items() if self._written.get(key) != value}

    def _look(self) -> dict[str, object]:
        """Styles of all runs as SGR and the words of the key bar, for the first frame of the next start."""
        view, bar = self._main.list_view.palette, self._main.query_one(TopBar).palette
        styles: dict[str, str] = {}
        for role in ROLES:
            for ground in ("", *GROUNDS):
                styles[f"{role}/{ground}"] = self._sgr(view.style(role, ground))
            styles[f"{role}/panel"] = self._sgr(bar.style(role))
        keys = [(keys_of(spec(each), self._keymap)[0], spec(each).description) for each in BARS[LIST]]
        words = [[short_label(key), said[:1].lower() + said[1:]] for key, said in keys]
        terminal = terminal_now(no_color=self._app.no_color)
        return {"version": FRAME_VERSION, "terminal": terminal, "styles": styles, "keys": words}

    def _sgr(self, style: Style) -> str:
        """The style as Textual writes it, through the filters that it draws everything through."""
        system = self._app.console._color_system  # rich has no public name for the enum
        if system is None:
            return ""
        segments = list(text.strip([Run("x", "text")], lambda _: style, 1))
        for each in self._app.get_line_filters():
            segments = each.apply(segments, Color.parse("black"))
        written = segments[0].style
        return written._make_ansi_codes(system) if written is not None else ""
