"""Keywords of local mail, kept beside the mail: names of files have no place for them.

What lives here: the lines of `keywords.jsonl`, by which a store that is made again knows
the keywords of each message. What must not: SQL. A file's key names the message, as in
`quarantine_record`; the last line about it counts.

Dovecot's letters `a` to `z` in file names were not chosen: there are 26 of them for a
folder, they mean something else in the next folder, and a name that changes is a change
that neomutt and notmuch have to follow. A file beside the mail disturbs nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tuimail.store.maildirs import journal

RECORD: Final = "keywords.jsonl"


def write(directory: Path, keywords: Iterable[tuple[str, str]]) -> None:
    """Write down the keywords of messages by key, with spaces between them, durably. Raises StoreError."""
    journal.append(directory / RECORD, map(_line, keywords), _last)


def _line(told: tuple[str, str]) -> dict[str, object]:
    return {"file": told[0].encode("utf-8", "surrogateescape").decode("latin-1"), "keywords": told[1]}


def _last(lines: Iterable[dict[str, object]]) -> Iterable[dict[str, object]]:
    """What counts of them: the keywords that messages have now."""
    return (_line((key, words)) for key, words in _found(lines).items() if words)


def read(directory: Path) -> dict[str, str]:
    """The keywords of messages by key; empty for those that have none any more. Raises StoreError."""
    return _found(journal.read(directory / RECORD))


def _found(lines: Iterable[dict[str, object]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        key, words = line.get("file"), line.get("keywords")
        if not isinstance(key, str) or not isinstance(words, str):
            continue
        try:
            found[key.encode("latin-1").decode("utf-8", "surrogateescape")] = " ".join(sorted(set(words.split())))
        except UnicodeError:
            continue
    return found


__all__ = ["RECORD", "read", "write"]
