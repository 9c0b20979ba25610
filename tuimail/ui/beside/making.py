"""Makes the view that is in the list, in a thread, and makes it anew when mail came or went.

What lives here: when, and that there is never more than one. What must not: what a view
holds (`store.lists.views`), what the list shows of it (`ui.beside.listing`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from tuimail.errors import MailError
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Made, Opened, Views
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.listing import ViewListing

SOONEST_S: Final = 0.15
"""After a change it waits so long for the next one."""
REST: Final = 8.0
"""It rests so many times as long as it worked: a view of millions is not made with every message."""


class Ticking(Protocol):
    """A timer."""

    def stop(self) -> None:
        """Forget it."""


class Making:
    """Makes views for one list."""

    def __init__(
        self,
        paths: Paths,
        run: Callable[[Coroutine[Any, Any, None]], object],
        later: Callable[[float, Callable[[], None]], Ticking],
        made: Callable[[ViewListing], None],
        failed: Callable[[MailError], None],
    ) -> None:
        """`run` takes a coroutine, `later` is a timer; `made` is told when a listing has all its rows."""
        self._paths = paths
        self._run = run
        self._later = later
        self._made = made
        self._failed = failed
        self._listing: ViewListing | None = None
        self._views: Views | None = None
        """Of the thread that is at work."""
        self._timer: Ticking | None = None
        self._is_at_work = False
        self._worked_s = 0.0
        self._swept = False

    def show(self, listing: ViewListing | None) -> None:
        """Another list is wanted: make it, and stop what was being made."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._listing, self._worked_s = listing, 0.0
        if self._is_at_work and self._views is not None:
            self._views.interrupt()
        elif listing is not None:
            self._begin(listing)

    def look(self) -> None:
        """Something changed: make the view again, in a while, if it needs that."""
        if self._listing is None or self._is_at_work or self._timer is not None or not self._listing.is_stale:
            return
        self._timer = self._later(max(SOONEST_S, REST * self._worked_s), self._due)

    def _due(self) -> None:
        self._timer = None
        if self._listing is not None and not self._is_at_work and self._listing.is_stale:
            self._begin(self._listing)

    def _begin(self, listing: ViewListing) -> None:
        self._is_at_work = True
        self._run(self._make(listing))

    async def _make(self, listing: ViewListing) -> None:
        spec, today_from, kept = listing.spec, listing.today_from, frozenset(listing.kept)

        def work() -> Made:
            with Store.open(self._paths) as store:
                self._views = store.views
                if not self._swept:
                    self._swept = True
                    store.views.sweep()
                return store.views.make(spec, today_from, kept)

        began_at = time.monotonic()
        error: MailError | None = None
        made: Made | None = None
        try:
            made = await aside(work)
        except MailError as exc:
            error = exc
        finally:
            self._is_at_work, self._views = False, None
        self._worked_s = time.monotonic() - began_at
        if listing is not self._listing:
            if made is not None:
                with contextlib.suppress(OSError):
                    made.file.unlink(missing_ok=True)
            if self._listing is not None:
                self._begin(self._listing)
            return
        try:
            if made is not None:
                listing.take(Opened(made))
        except MailError as exc:
            error = exc
        if error is not None:
            self._failed(error)
        else:
            self._made(listing)
            self.look()
