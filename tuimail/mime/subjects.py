"""What a subject says of a conversation: its words without marks of an answer, and whether it has one.

For people whose correspondents' programs name no messages. Pure.
"""

from __future__ import annotations

import re
from typing import Final

from tuimail.mime.decoding.headers import thread_id_of

_ANSWER: Final = re.compile(
    r"\s*(?:re|aw|sv|antw|vs|res|ynt|odp|回复|答复)\s*(?:\[\d{1,4}\]|\^\d{1,4})?\s*[:：]", re.IGNORECASE
)
_PASSED_ON: Final = re.compile(r"\s*(?:fwd?|wg|tr|转发)\s*[:：]", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s<>,;:\"()]{1,200}@[^\s<>,;:\"()]{1,200}")
_MOST_MARKS: Final = 20
_MOST_CHARACTERS: Final = 1000


def bare(subject: str) -> tuple[str, bool]:
    """The subject in small letters without marks of an answer before it, and whether it had one.

    What is passed on is another conversation: that mark stays.

    >>> bare("Re: AW: Lunch  on Thursday")
    ('lunch on thursday', True)
    """
    rest, is_answer = subject[:_MOST_CHARACTERS], False
    for _ in range(_MOST_MARKS):
        mark = _ANSWER.match(rest)
        if mark is None:
            break
        rest, is_answer = rest[mark.end() :], True
    return " ".join(rest.casefold().split()), is_answer


def topic_of(subject: str, in_reply_to: str, references: str) -> tuple[int, bool] | None:
    """63 bits of what a message is about, and whether it is an answer that names none; None without a subject."""
    words, is_marked = bare(subject)
    if not words or _PASSED_ON.fullmatch(words):
        return None
    return thread_id_of(f"subject {words}"), is_marked and "<" not in in_reply_to and "<" not in references


def people_of(*lines: str) -> frozenset[str]:
    """The addresses in header lines, in small letters."""
    return frozenset(found.casefold() for line in lines for found in _ADDRESS.findall(line[:20_000]))
