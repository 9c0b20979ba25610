"""`import`, `export` and `doctor --rebuild` on mail that lies here."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import CHECKOUT, CONFIG, Home
from tests.cli.local_mail import CONFIG as POP_CONFIG
from tests.cli.local_mail import MAILS, POP, fill, mail
from tuimail.cli.exchanging import bar_line
from tuimail.model import EnvelopeId, Flag, Section

Ids = dict[bytes, EnvelopeId]


@pytest.fixture
def ids(home: Home) -> Ids:
    """The messages by name."""
    return fill(home)


def contents(home: Home, mailbox: str) -> list[tuple[bytes, int]]:
    """Octets and flags of all messages of a mailbox."""
    with home.store() as store:
        found = store.mailboxes.find(POP, mailbox)
        assert found is not None, mailbox
        rows = store.envelopes.window(found.id, 0, 1000).rows
        return sorted((store.local.raw(row.id), row.flags) for row in rows)


def test_an_mbox_goes_out_and_comes_in_as_it_was(home: Home, ids: Ids, tmp_path: Path) -> None:
    home.run("flag", ids[b"listing"], "+seen", "+flagged")
    file = tmp_path / "out.mbox"
    done = home.run("export", "--mbox", file, "--mailbox", "inbox")
    assert (done.code, "Exported 3 messages" in done.out) == (0, True), done.err
    back = home.run("import", file)
    assert (back.code, "Imported 3 messages into Imported" in back.out) == (0, True), back.err
    assert contents(home, "Imported") == contents(home, "INBOX")
    assert [raw for raw, _ in contents(home, "Imported")] == sorted(map(mail, MAILS))


def test_a_maildir_goes_out_and_comes_in_as_it_was(home: Home, ids: Ids, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert home.run("export", "--maildir", target, "--account", "pop").code == 0
    back = home.run("import", target, "--mailbox", "Old", "--json")
    assert (back.code, back.json()["messages"]) == (0, 3)
    assert [raw for raw, _ in contents(home, "Old")] == sorted(map(mail, MAILS))


def test_attachments_of_imported_mail_are_held_where_the_account_holds_them(
    home: Home, ids: Ids, tmp_path: Path
) -> None:
    home.run("export", "--mbox", tmp_path / "out.mbox", "--mailbox", "inbox")
    home.run("import", tmp_path / "out.mbox")
    assert len(home.run("quarantine", "list", "--json").json()) == 6


def test_nothing_is_overwritten_unasked(home: Home, ids: Ids, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x").write_text("x")
    (tmp_path / "there.mbox").write_text("x")
    assert home.run("export", "--maildir", tmp_path / "there").code == 2
    assert home.run("export", "--mbox", tmp_path / "there.mbox").code == 2
    assert (tmp_path / "there.mbox").read_text() == "x"
    assert home.run("export", "--mbox", tmp_path / "there.mbox", "--overwrite").code == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["import", "/nowhere/at/all"], "There is no /nowhere"),
        (["export"], "--maildir"),
        (["export", "--mbox", "x", "--mailbox", "Inbx"], "Did you mean INBOX"),
        (["import", "/etc/hostname", "--mailbox", "../../etc"], ""),
    ],
    ids=["no-file", "no-form", "no-mailbox", "evil-mailbox"],
)
def test_what_makes_no_sense_is_told(home: Home, ids: Ids, argv: list[str], words: str) -> None:
    done = home.run(*argv)
    assert done.code in (1, 2)
    assert words in done.err


def test_mail_is_imported_into_accounts_whose_mail_lies_here_only(home: Home, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(b"From me Thu Nov  5 09:12:00 2026\nSubject: x\n\nx\n\n")
    home.configure(CONFIG)
    assert "no account whose mail lies here" in home.run("import", tmp_path / "in.mbox").err
    assert "on a server" in home.run("import", tmp_path / "in.mbox", "--account", "work").err
    home.configure(CONFIG + POP_CONFIG + POP_CONFIG.replace("accounts.pop", "accounts.pop2"))
    assert "--account pop or pop2" in home.run("import", tmp_path / "in.mbox").err
    assert home.run("import", tmp_path / "in.mbox", "--account", "pop").code == 0


def test_a_bar_is_shown_where_a_person_looks(home: Home, ids: Ids, tmp_path: Path) -> None:
    child = pexpect.spawn(
        sys.executable, ["-m", "tuimail", "export", "--mbox", str(tmp_path / "out.mbox")], env=home.environ,
        cwd=str(CHECKOUT), encoding="utf-8", timeout=30,
    )  # fmt: skip
    child.expect("Exporting ━")
    child.expect("3 of 3 messages")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_bar_is_exact_at_its_ends() -> None:
    assert bar_line("Importing", "octets", 0, 2_000_000).count("━") == 0
    assert "100 %" in bar_line("Importing", "octets", 2_000_000, 2_000_000)
    assert "2.0 MB of 2.0 MB" in bar_line("Importing", "octets", 2_000_000, 2_000_000)
    assert "100 %" in bar_line("Exporting", "messages", 0, 0)


def test_a_lost_database_is_made_again_from_the_files(home: Home, ids: Ids) -> None:
    home.run("flag", ids[b"listing"], "+flagged")
    home.run("quarantine", "release", f"{ids[b'listing']}:2", "--yes")
    with home.store() as store:
        store.local.set_flags(ids[b"listing"], int(Flag.FLAGGED), "")
    before = contents(home, "INBOX")
    for file in home.paths.data.glob("mail.db*"):
        file.write_bytes(b"rubbish" * 100)
    done = home.run("doctor", "--rebuild")
    assert "made again from the mail files: 3 messages" in done.out, done.err
    assert contents(home, "INBOX") == before
    with home.store() as store:
        states = {part.filename: str(part.state) for part in store.quarantine.find(states=["held", "released"])}  # type: ignore[list-item]  # words are enough
        assert states["listing.pdf"] == "released"
        assert store.quarantine.get(EnvelopeId(999), Section("2")) is None
    assert list(states.values()).count("held") == 2
    assert home.run("doctor").code == 0
