"""One toast for what was just done; the next one takes its place.

Whoever archives ten messages in a row must not have ten toasts over the list. What must
not live here: other toasts, such as errors, which stay.
"""

from __future__ import annotations

import contextlib
from typing import Any

from textual.app import App
from textual.notifications import Notification, Notify

from tuimail.ui import text

TIMEOUT_S = 5.0


class Toasts:
    """Says what was done."""

    def __init__(self) -> None:
        self._last: Notification | None = None

    def say(self, app: App[Any], sentence: str, timeout_s: float = TIMEOUT_S) -> None:
        """Say it in place of what was said before. `Any`: what an app returns does not matter."""
        self._take_off(app, refresh=False)
        self._last = Notification(text.sentence(sentence), timeout=timeout_s, markup=False)
        app.post_message(Notify(self._last))

    def hush(self, app: App[Any]) -> None:
        """Take it back."""
        self._take_off(app, refresh=True)

    def _take_off(self, app: App[Any], *, refresh: bool) -> None:
        last, self._last = self._last, None
        if last is not None:
            app.call_later(_remove, app, last, refresh)  # after the message that shows it


def _remove(app: App[Any], notification: Notification, refresh: bool) -> None:
    with contextlib.suppress(KeyError):  # it is gone already
        app._unnotify(notification, refresh=refresh)  # not public in Textual; there is only "all of them" else
