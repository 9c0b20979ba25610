"""The fields of the query language: names, what they take, and how they are explained."""

from __future__ import annotations

from typing import Final, NamedTuple

from tuimail.query.tree import Is


class Field(NamedTuple):
    """A word before a colon."""

    name: str
    help: str
    values: tuple[str, ...] = ()
    """What is usually written after the colon."""


_DATES: Final = ("today", "yesterday", "2026-11-23", "2026-11", "3d", "2w", "6m", "1y", "monday")
_AGES: Final = ("3d", "2w", "6m", "1y")
_TYPES: Final = ("pdf", "image", "word", "excel", "slides", "zip", "archive", "calendar", "audio", "video", "text")

TABLE: Final = (
    Field("from", "who wrote it"),
    Field("to", "whom it is for"),
    Field("cc", "who got a copy"),
    Field("subject", "words of the subject"),
    Field("body", "words of the text"),
    Field("list", "the mailing list"),
    Field("in", "a mailbox, by name or by what it is for"),
    Field("account", "an account"),
    Field("is", "its state", tuple(Is)),
    Field("has", "what it carries", ("attachment",)),
    Field("filename", "the name of an attachment"),
    Field("type", "the type of an attachment", _TYPES),
    Field("before", "sent before a day", _DATES),
    Field("after", "sent on a day or later", _DATES),
    Field("during", "sent on a day, in a month or a year", _DATES),
    Field("older", "sent longer ago", _AGES),
    Field("newer", "sent less long ago", _AGES),
    Field("larger", "of more octets", ("100k", "1M", "10M")),
    Field("smaller", "of fewer octets", ("10k", "100k", "1M")),
    Field("thread", "the conversation with this number"),
)
BY_NAME: Final = {field.name: field for field in TABLE}
IN_TEXT: Final = frozenset(("from", "to", "cc", "subject", "body", "list", "filename", "type"))
"""Fields that take words."""
ALIKE: Final = {
    "date": "during", "day": "during", "on": "during", "sent": "during", "since": "after", "until": "before",
    "size": "larger", "bigger": "larger", "folder": "in", "mailbox": "in", "label": "in", "tag": "in", "sender": "from",
    "author": "from", "recipient": "to", "text": "body", "content": "body", "title": "subject", "file": "filename",
    "attachment": "filename", "flag": "is", "status": "is", "state": "is", "mime": "type", "age": "older",
}  # fmt: skip
"""What other programs call them."""
NO_FIELDS: Final = frozenset(
    ("re", "fw", "fwd", "aw", "sv", "vs", "tr", "http", "https", "mailto", "urn", "tel", "news")
)  # fmt: skip
"""What stands before a colon and asks for nothing."""
STATES: Final = {state.value: state for state in Is} | {"flagged": Is.STARRED, "seen": Is.READ, "replied": Is.ANSWERED}
ATTACHMENT: Final = frozenset(("attachment", "attachments", "file", "files"))
