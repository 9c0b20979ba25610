"""`quarantine list|show|release|delete`, and what `attachments` and `save` say of what is held."""

from __future__ import annotations

import sys
from typing import Any

import pexpect
import pytest

from tests.cli.conftest import CHECKOUT, Home
from tests.cli.local_mail import BYTES, fill, mail
from tuimail.model import EnvelopeId, Section
from tuimail.store.holding.quarantine import PartState

Ids = dict[bytes, EnvelopeId]


@pytest.fixture
def ids(home: Home) -> Ids:
    """The messages by name."""
    return fill(home)


def state_of(home: Home, envelope_id: EnvelopeId) -> PartState:
    """What became of its attachment."""
    with home.store() as store:
        part = store.quarantine.get(envelope_id, Section("2"))
    assert part is not None
    return part.state


def asked(home: Home, *argv: object) -> Any:
    """The real program on a terminal; Any: pexpect has no types."""
    return pexpect.spawn(
        sys.executable, ["-m", "tuimail", *map(str, argv)], env=home.environ, cwd=str(CHECKOUT), encoding="utf-8",
        timeout=30,
    )  # fmt: skip


def test_the_list_tells_id_verdict_name_and_sender_and_steers_no_terminal(home: Home, ids: Ids) -> None:
    done = home.run("quarantine", "list")
    assert done.code == 0
    assert f"{ids[b'invoice']}:2" in done.out
    for words in ("dangerous", "no finding", "not examined", "invoice.pdf.exe", "Grace Hopper"):
        assert words in done.out
    assert all(char.isprintable() or char == "\n" for char in done.out)


def test_the_list_is_filtered_by_verdict_and_state(home: Home, ids: Ids) -> None:
    def listed(*more: str) -> list[str]:
        return [each["id"] for each in home.run("quarantine", "list", "--json", *more).json()]

    assert listed("--verdict", "dangerous") == [f"{ids[b'invoice']}:2"]
    assert listed("--verdict", "not-examined") == [f"{ids[b'hostile']}:2"]
    assert listed("--state", "released") == []
    assert len(listed("--state", "all", "--account", "pop")) == 3


def test_show_prints_all_that_is_known_and_octets_only_on_request(home: Home, ids: Ids) -> None:
    name = f"{ids[b'invoice']}:2"
    done = home.run("quarantine", "show", name)
    for words in ("dangerous", "It says PDF.", "application/pdf", "application/x-dosexec", "5f" * 32, "Subject"):
        assert words.lower() in done.out.lower()
    assert "4d 5a 90" not in done.out
    shown = home.run("quarantine", "show", name, "--hex")
    assert "00000000  4d 5a 90 00" in shown.out
    assert all(char.isprintable() or char == "\n" for char in shown.out)
    text = home.run("quarantine", "show", name, "--text")
    assert "not a program" in text.out
    assert all(char.isprintable() or char == "\n" for char in text.out)


def test_json_carries_everything(home: Home, ids: Ids) -> None:
    (values,) = home.run("quarantine", "show", f"{ids[b'invoice']}:2", "--json").json()
    assert (values["state"], values["verdict"], values["part"]) == ("held", "dangerous", "2")
    assert values["original_filename"] == "invoice.pdf          .exe"
    assert values["reasons"][1] == "It says PDF."
    assert (values["message"], values["size_octets"]) == (ids[b"invoice"], len(BYTES))


@pytest.mark.parametrize("command", ["release", "delete"])
def test_nothing_is_decided_without_a_yes(home: Home, ids: Ids, command: str) -> None:
    done = home.run("quarantine", command, f"{ids[b'invoice']}:2")
    assert done.code == 2
    assert "--yes" in done.err
    assert state_of(home, ids[b"invoice"]) is PartState.HELD


def test_yes_releases_and_says_why_one_should_not(home: Home, ids: Ids) -> None:
    done = home.run("quarantine", "release", f"{ids[b'invoice']}:2", "--yes")
    assert done.code == 0
    assert "It says PDF." in done.err
    assert f"tuimail save {ids[b'invoice']} 2" in done.out
    assert state_of(home, ids[b"invoice"]) is PartState.RELEASED
    again = home.run("quarantine", "release", f"{ids[b'invoice']}:2", "--yes")
    assert again.code == 2
    assert "released already" in again.err


def test_one_with_findings_is_asked_about_twice(home: Home, ids: Ids) -> None:
    child = asked(home, "quarantine", "release", f"{ids[b'invoice']}:2")
    child.expect("It says PDF.")
    child.expect("Release .*\\? ")
    child.sendline("y")
    child.expect("Really\\? ")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert state_of(home, ids[b"invoice"]) is PartState.HELD


def test_one_without_findings_is_asked_about_once(home: Home, ids: Ids) -> None:
    child = asked(home, "quarantine", "release", f"{ids[b'listing']}:2")
    child.expect("Release .*\\? ")
    child.sendline("y")
    child.expect("Released")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert state_of(home, ids[b"listing"]) is PartState.RELEASED


def test_delete_leaves_a_note_and_everything_else(home: Home, ids: Ids) -> None:
    before = mail(b"invoice")
    done = home.run("quarantine", "delete", f"{ids[b'invoice']}:2", "--yes", "--json")
    assert done.code == 0
    assert done.json()[0]["state"] == "deleted"
    with home.store() as store:
        raw = store.local.raw(ids[b"invoice"])
    assert raw[: before.index(b"--=_b\r\nContent-Type: application")] in raw
    assert b"TVqQ" not in raw
    assert ("5f" * 32).encode() in raw.replace(b"=\r\n", b"").replace(b"\r\n", b"")
    assert home.run("quarantine", "delete", f"{ids[b'invoice']}:2", "--yes").code == 2


def test_what_is_held_cannot_be_saved(home: Home, ids: Ids) -> None:
    for part in ("2", "all"):
        done = home.run("save", ids[b"invoice"], part, "--to", home.directory)
        assert done.code == 1
        assert "is held" in done.err
        assert f"quarantine show {ids[b'invoice']}:2" in done.err
    assert not [path for path in home.directory.iterdir() if path.is_file()]


def test_attachments_says_what_is_held(home: Home, ids: Ids) -> None:
    assert "held, dangerous" in home.run("attachments", ids[b"invoice"]).out
    (values,) = home.run("attachments", ids[b"hostile"], "--json").json()
    assert (values["hold"], values["verdict"], values["is_here"]) == ("held", "not examined", True)


@pytest.mark.parametrize("name", ["17", "x:2", "17:", "17:x", "0:1", "17:2:3", "17:" + "1." * 70 + "1"])
def test_a_name_that_is_none_is_told(home: Home, ids: Ids, name: str) -> None:
    done = home.run("quarantine", "show", name)
    assert done.code == 2
    assert "17:2" in done.err or "number of a message" in done.err


def test_one_that_is_not_there_is_told(home: Home, ids: Ids) -> None:
    done = home.run("quarantine", "release", "999:2", "--yes")
    assert done.code == 1
    assert "999:2" in done.err
