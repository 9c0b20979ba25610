"""The promise as one assertion: nothing lost, nothing torn, nothing doubled, whatever happened.

The oracles: O1 every message is on the server or whole here; O2 what is here is octet for
octet what the server had; O3 one row a message, in the list and among the files; O5 every
attachment is held in its message; O7 the database is sound. O4 (durable before DELE) is
judged from a trace of system calls, O6 (settled) by `assert_settled`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.faults.drop_server import Drop, arrived
from tuimail.mime.parts import structure
from tuimail.mime.parts.parse import parse_message
from tuimail.model import AccountName
from tuimail.store import Store
from tuimail.store.maildirs.uidls import UidlState


def assert_promise(drop: Drop, start: Mapping[bytes, bytes], store: Store, account: AccountName) -> None:
    """O1, O2, O3, O5, O7. `start`: what the server had before, by uidl."""
    here = stored_by_uidl(store, account)
    for uidl, raw in here.items():
        assert raw == arrived(start[uidl]), f"torn: {uidl!r}"
    for uidl in start:
        assert uidl in drop.messages or uidl in here, f"lost: {uidl!r}"
    for uidl in here:
        assert uidl in start, f"invented: {uidl!r}"
    listed = listed_contents(store, account)
    assert max(listed.values(), default=0) <= 1, "a message is listed twice"
    assert_held(store, account)
    assert store.check() == []


def assert_settled(
    drop: Drop, start: Mapping[bytes, bytes], store: Store, account: AccountName, maildir: Path, *, keeps: bool = False
) -> None:
    """O6: after a clean run everything is here once, in the list and on the disk, and gone there if so wanted."""
    assert set(stored_by_uidl(store, account)) == set(start)
    contents = Counter(hashlib.sha256(arrived(raw)).hexdigest() for raw in start.values())
    assert listed_contents(store, account) == contents
    assert files_by_content(maildir) == contents
    assert set(drop.messages) == (set(start) if keeps else set())
    assert leftovers(maildir) == []


def stored_by_uidl(store: Store, account: AccountName) -> dict[bytes, bytes]:
    """The octets of every message that is here under a uidl."""
    found: dict[bytes, bytes] = {}
    for uidl, row in store.local.uidls.all(account).items():
        if row.state in (UidlState.STORED, UidlState.DELE_SENT, UidlState.DELETE_WANTED) and row.envelope_id:
            found[uidl] = store.local.raw(row.envelope_id)
    return found


def listed_contents(store: Store, account: AccountName) -> Counter[str]:
    """How often each content stands in a list."""
    found: Counter[str] = Counter()
    for mailbox in store.mailboxes.all(account):
        for row in store.envelopes.window(mailbox.id, 0, 100_000).rows:
            found[hashlib.sha256(store.local.raw(row.id)).hexdigest()] += 1
    return found


def assert_held(store: Store, account: AccountName) -> None:
    """Every attachment of every message is held, and its place in the message is known."""
    for mailbox in store.mailboxes.all(account):
        for row in store.envelopes.window(mailbox.id, 0, 100_000).rows:
            raw = store.local.raw(row.id)
            attached = {part.section for part in structure.attachments(parse_message(raw).root)}
            held = {part.section for part in store.local.parts(row.id) if part.held}
            assert held == attached, f"not held: {attached - held}"


def files_by_content(maildir: Path) -> Counter[str]:
    """Every message file, by what it holds, as another program sees them."""
    return Counter(
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in maildir.rglob("*")
        if path.parent.name in ("new", "cur") and path.is_file()
    )


def leftovers(maildir: Path) -> list[Path]:
    """Files in `tmp`."""
    return [path for path in maildir.rglob("tmp/*") if path.is_file()]
