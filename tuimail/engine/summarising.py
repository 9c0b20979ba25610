"""The child of `summaries`: header blocks to what the store keeps of them, and how that travels.

Its answers are read as plain text, never unpickled: a text for each value, a NUL behind
it, which no summary holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tuimail.engine.serving import serve
from tuimail.mime import headers


class Told(NamedTuple):
    """What a header block says, for a row of the store."""

    from_: str
    sender: str
    reply_to: str
    to: str
    cc: str
    subject: str
    sent_at: int | None
    message_id: str
    in_reply_to: str
    references: str
    list_id: str
    thread_id: int


_WIDTH: Final = len(Told._fields)
_SENT_AT: Final = Told._fields.index("sent_at")
_THREAD_ID: Final = Told._fields.index("thread_id")


def main() -> None:
    """Serve until the parent is gone."""
    serve(_answer)


def _answer(kind: str, *subject: Any) -> bytes:  # Any: as summaries.Job sends it
    return packed(subject[0])


def tell(block: bytes) -> Told:
    """What one header block says."""
    summary = headers.summarize(block)
    return Told(
        summary.from_, summary.sender_name or summary.sender_address, summary.reply_to, summary.to, summary.cc,
        summary.subject, summary.sent_at, summary.message_id, summary.in_reply_to, summary.references,
        summary.list_id, headers.thread_key(summary),
    )  # fmt: skip


def packed(blocks: Sequence[bytes]) -> bytes:
    """What header blocks say, for the pipe."""
    values: list[str] = []
    for block in blocks:
        told = tell(block)
        values += told[:_SENT_AT]  # type: ignore[arg-type] # all of them are str
        values.append("" if told.sent_at is None else str(told.sent_at))
        values += told[_SENT_AT + 1 : _THREAD_ID]  # type: ignore[arg-type]
        values.append(str(told.thread_id))
    return "\0".join(values).encode()


def unpacked(octets: bytes, count: int) -> list[Told] | None:
    """What `packed` made of `count` blocks; None when it is not that."""
    try:
        values = octets.decode().split("\0") if count else []
        if len(values) != count * _WIDTH:
            return None
        columns: list[Any] = [values[at::_WIDTH] for at in range(_WIDTH)]
        columns[_SENT_AT] = [int(value) if value else None for value in columns[_SENT_AT]]
        columns[_THREAD_ID] = list(map(int, columns[_THREAD_ID]))
    except ValueError:
        return None
    return list(map(Told._make, zip(*columns, strict=True)))
