"""Textual's driver, told that the first frame is already on the screen.

Entering the alternate screen a second time would clear it: the frame would flash. And
the terminal's own settings were saved before the first frame changed them; those are
what must come back at the end. And a size that somebody wrote into the environment is
not the terminal's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from tuimail.ui.start.first_frame import ENTER_ALTERNATE, Painted


def continuing_driver(painted: Painted) -> type[LinuxDriver]:
    """A driver class that goes on from a painted first frame."""

    class ContinuingDriver(LinuxDriver):
        def __init__(
            self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
        ) -> None:
            super().__init__(app, debug=debug, mouse=mouse, size=size)
            self._is_entered = True

        def write(self, data: str) -> None:
            if self._is_entered and data == ENTER_ALTERNATE:
                self._is_entered = False
                return
            super().write(data)

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual has no types here
            self.attrs_before = painted.tty_attributes

    return ContinuingDriver


def forget_written_size(environ: MutableMapping[str, str]) -> None:
    """Take `LINES` and `COLUMNS` out of the environment where a terminal can be asked.

    Shells and programs with readline hand theirs on to all that they start. Textual
    believes them more than the terminal: the screen would be drawn for a size that is
    not there, some of it or all of it out of sight, and a resize would change nothing.
    """
    try:
        size = os.get_terminal_size(sys.__stdout__.fileno())  # type: ignore[union-attr]  # None is an AttributeError
    except (AttributeError, ValueError, OSError):
        return
    if size.columns > 0 and size.lines > 0:
        environ.pop("LINES", None)
        environ.pop("COLUMNS", None)
