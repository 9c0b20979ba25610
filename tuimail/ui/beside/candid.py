"""A fault inside tuimail is said and written down, wherever on the screen it happened.

Work beside the loop must not end the program when it fails in a way nobody thought of,
and must not fail silently either. What must not live here: what is expected to go wrong
(`MailError`, which each place tells in its own words).
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.message_pump import MessagePump
from textual.worker import Worker, WorkerState

SENTENCE = "Something went wrong inside tuimail; its log says where."


@runtime_checkable
class HearsFaults(Protocol):
    """An app that tells them."""

    def hear_fault(self, error: BaseException) -> None:
        """Say that it happened, and write down where."""


class Candid(MessagePump):
    """For apps, screens and widgets that run workers; stands before Textual's class."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker of this node failed."""
        error, app = event.worker.error, self.app
        if event.state is WorkerState.ERROR and error is not None and isinstance(app, HearsFaults):
            app.hear_fault(error)
