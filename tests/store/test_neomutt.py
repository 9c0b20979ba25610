"""Another mail program at work in our Maildir, for real."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pexpect
import pytest

from tests.store.posting import POP, deliver, describe, listed, mailbox, message, with_pop
from tuimail.model import Flag
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.maildirs.exchange import export_mbox

pytestmark = [
    pytest.mark.pty,
    pytest.mark.skipif(shutil.which("neomutt") is None, reason="neomutt is not installed"),
]


def neomutt(place: Path, home: Path, keys: str, *shown: str) -> None:
    """Open a mailbox, see that something is shown, press keys, and leave."""
    (home / "Mail").mkdir()
    process = pexpect.spawn(
        "neomutt",
        ["-n", "-F", "/dev/null", "-f", str(place), "-e", "set quit=yes wait_key=no delete=yes sort=subject move=no"],
        env={**os.environ, "TERM": "xterm", "HOME": str(home)}, dimensions=(30, 120), timeout=20, encoding="utf-8",
    )
    try:
        for text in shown:
            process.expect_exact(text)
        process.send(f"{keys}q")
        process.expect(pexpect.EOF)
    finally:
        process.close(force=True)


def test_neomutt_reads_flags_and_deletes_in_our_maildir(paths: Paths, tmp_path: Path) -> None:
    with Store.open(paths) as store:
        with_pop(store)
        ids = deliver(store, [(b"u%d" % number, message(number, attachment=b"AAAA")) for number in (1, 2, 3)])
        store.local.set_flags(ids[1], int(Flag.SEEN), "work")
        neomutt(store.local.where.root(POP), tmp_path, "=F=jjjjd", "Message 1", "Message 2", "Message 3")
        result = store.local.scan(POP, describe)
        assert result.removed == 1
        assert sorted(listed(store, mailbox(store, "INBOX"))) == ids[:2]
        first, second = (store.envelopes.envelope(one) for one in ids[:2])
        assert first is not None
        assert second is not None
        assert first.flags & Flag.FLAGGED
        assert (second.flags, second.keywords) == (Flag.SEEN, "work")
        assert [store.local.raw(one) for one in ids[:2]] == [message(n, attachment=b"AAAA") for n in (1, 2)]
        assert store.check() == []


def test_neomutt_reads_an_mbox_of_ours(paths: Paths, tmp_path: Path) -> None:
    with Store.open(paths) as store:
        inbox = with_pop(store)
        ids = deliver(store, [(None, message(1)), (None, message(2)[:-2])])
        store.local.set_flags(ids[0], int(Flag.SEEN), "")
        export_mbox(store, [inbox], tmp_path / "out.mbox")
    neomutt(tmp_path / "out.mbox", tmp_path, "", "Message 1", "Message 2", "Msgs:2")
