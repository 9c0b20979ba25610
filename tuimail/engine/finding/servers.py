"""Searches on servers: which accounts are asked, and when all have answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from tuimail.engine.protocol import Notice, SearchEnded, SearchServer


@runtime_checkable
class CanSearch(Protocol):
    """An account whose server can be asked."""

    def search(self, query: str, ticket: str) -> None:
        """Look for it, and say `SearchEnded`. Returns at once."""


class ServerSearches:
    """Tickets of searches that run."""

    def __init__(self, tell: Callable[[Notice], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting: dict[str, set[str]] = {}

    def begin(self, request: SearchServer, accounts: Mapping[str, object]) -> None:
        """Ask the accounts; those that keep all their mail here answer at once."""
        names = [request.account] if request.account else list(accounts)
        with self._lock:
            self._waiting[request.ticket] = set(names)
        for name in names:
            account = accounts.get(name)
            if isinstance(account, CanSearch):
                account.search(request.query, request.ticket)
            else:
                sentence = "" if account is not None else f"There is no account called {name}."
                notice = SearchEnded(request.ticket, name, (), sentence)
                self._tell(notice)
                self.hear(notice)
        if not names:
            self._end(request.ticket)

    @property
    def busy(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def hear(self, notice: Notice) -> None:
        """An account answered: after the last one comes the word that this was all."""
        if not isinstance(notice, SearchEnded) or not notice.account:
            return
        with self._lock:
            waiting = self._waiting.get(notice.ticket)
            if waiting is None:
                return
            waiting.discard(notice.account)
        if not waiting:
            self._end(notice.ticket)

    def dismiss(self, account: str) -> None:
        """The account goes: nobody waits for it."""
        with self._lock:
            tickets = [ticket for ticket, names in self._waiting.items() if account in names]
        for ticket in tickets:
            notice = SearchEnded(ticket, account, (), "The account was changed meanwhile.")
            self._tell(notice)
            self.hear(notice)

    def refuse(self, request: SearchServer, sentence: str) -> None:
        """Nothing can be looked for."""
        self._tell(SearchEnded(request.ticket, "", (), sentence))

    def _end(self, ticket: str) -> None:
        with self._lock:
            if self._waiting.pop(ticket, None) is None:
                return
        self._tell(SearchEnded(ticket, ""))
