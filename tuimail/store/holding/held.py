"""Which sections may not leave a message. The one question that every way out asks."""

from __future__ import annotations

from tuimail.errors import QuarantineRefused
from tuimail.model import EnvelopeId
from tuimail.store.database import Database


def refuse_held(database: Database, envelope_id: EnvelopeId, section: str) -> None:
    """Raises QuarantineRefused when a section is held or deleted, holds such a part, or lies in one.

    The whole message is refused only where a server would bring back with it what was deleted here.
    """
    for other, state, on_server in database.rows(
        "SELECT section, state, body_end IS NULL FROM stored_part"
        " WHERE envelope_id = ? AND state IN ('held', 'deleting', 'deleted')",
        (envelope_id,),
    ):
        if not section:
            if state == "deleted" and on_server:
                raise QuarantineRefused(
                    "An attachment of this message was deleted here.",
                    "The server still has it, and the whole message would bring it back.",
                )
        elif section == other or section.startswith(f"{other}.") or other.startswith(f"{section}."):
            if state == "deleted" and on_server:
                raise QuarantineRefused(
                    "This attachment was deleted here.", "The server still has it, in its copy of the message."
                )
            if state == "deleted":
                if section == other:
                    raise QuarantineRefused("This attachment was deleted.", "A note in its place says what it was.")
                continue
            raise QuarantineRefused(
                "This attachment is held in quarantine.", "Look at it there, and release it if you trust it."
            )


def is_held(database: Database, envelope_id: EnvelopeId, section: str) -> bool:
    """Whether a section may not leave a message."""
    try:
        refuse_held(database, envelope_id, section)
    except QuarantineRefused:
        return True
    return False
