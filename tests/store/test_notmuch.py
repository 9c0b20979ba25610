"""notmuch reads and tags our Maildir, for real, and disturbs nothing in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.store.posting import POP, deliver, describe, files_of, listed, mailbox, message, with_pop
from tuimail.model import Flag
from tuimail.paths import Paths
from tuimail.store import Store

pytestmark = pytest.mark.skipif(shutil.which("notmuch") is None, reason="notmuch is not installed")


class Notmuch:
    """notmuch over one place, with a configuration of its own."""

    def __init__(self, home: Path, place: Path) -> None:
        file = home / "notmuch-config"
        file.write_text(
            f"[database]\npath={place}\n[user]\nname=Ada\nprimary_email=ada@example.org\n"
            "[new]\ntags=unread;inbox\n[maildir]\nsynchronize_flags=true\n"
        )
        self._environ = {**os.environ, "HOME": str(home), "NOTMUCH_CONFIG": str(file)}

    def run(self, *words: str) -> list[str]:
        """The lines that one command says; raises AssertionError when it complains."""
        done = subprocess.run(["notmuch", *words], env=self._environ, capture_output=True, text=True, timeout=30)
        # Maildir++ has an empty file of this name in each of its folders.
        complaints = [line for line in done.stderr.splitlines() if not line.endswith(("/maildirfolder", ".jsonl"))]
        assert (done.returncode, complaints) == (0, [])
        return done.stdout.splitlines()


@pytest.mark.parametrize("inside", ["", "pop"], ids=["all-accounts", "one-account"])
def test_notmuch_finds_and_tags_our_mail_and_leaves_the_rest_alone(paths: Paths, tmp_path: Path, inside: str) -> None:
    raws = [message(number, attachment=b"AAAA") for number in (1, 2, 3)]
    with Store.open(paths) as store:
        with_pop(store)
        archive = store.local.folders.create(POP, "Year 2023")
        ids = deliver(store, [(b"u%d" % number, raw) for number, raw in enumerate(raws)])
        store.local.set_flags(ids[1], int(Flag.SEEN | Flag.FLAGGED), "work")
        store.local.move([ids[2]], archive)
        place = store.local.where.root(POP) if inside else paths.maildir
        notmuch = Notmuch(tmp_path, place)
        assert any("Added 3 new messages" in line for line in notmuch.run("new"))
        mailboxes = [known.name for known in store.mailboxes.all(POP)]

        assert notmuch.run("search", "--output=messages", "subject:message")[0].startswith("id:")
        assert notmuch.run("search", "--output=messages", "tag:flagged") == ["id:2@navy.example"]
        assert notmuch.run("search", "--output=tags", "id:2@navy.example") == ["attachment", "flagged", "inbox"]
        assert notmuch.run("count", "tag:unread and attachment:a.pdf") == ["2"]

        notmuch.run("tag", "-unread", "+flagged", "id:1@navy.example", "id:3@navy.example")
        result = store.local.scan(POP, describe)
        assert (result.new, result.removed) == ({}, 0)
        assert [known.name for known in store.mailboxes.all(POP)] == mailboxes
        assert sorted(listed(store, mailbox(store, "INBOX"))) == ids[:2]
        assert listed(store, archive) == ids[2:]
        found = [store.envelopes.envelope(one) for one in ids]
        assert [(one.flags, one.keywords) for one in found if one] == [
            (Flag.SEEN | Flag.FLAGGED, ""), (Flag.SEEN | Flag.FLAGGED, "work"), (Flag.SEEN | Flag.FLAGGED, ""),
        ]  # fmt: skip
        assert [store.local.raw(one) for one in ids] == raws
        assert len(files_of(paths.maildir)) == 3
        assert store.check() == []

        store.local.set_flags(ids[0], int(Flag.SEEN | Flag.ANSWERED), "")
        notmuch.run("new")
        assert "replied" in notmuch.run("search", "--output=tags", "id:1@navy.example")
        assert notmuch.run("count", "*") == ["3"]
