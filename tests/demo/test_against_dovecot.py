"""The embedded IMAP server says about each sample mail what Dovecot says about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from imapclient import IMAPClient

from tests.demo.raw import RawImap
from tests.servers.dovecot import Dovecot
from tuimail.demo.server import DemoServer

pytestmark = pytest.mark.dovecot

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
MAILBOXES = ("INBOX", "Archive", "Junk", "Lists/Compilers")
SECTIONS = (
    *("BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[1.MIME]", "BODY.PEEK[1.1]"),
    *("BODY.PEEK[1.1.MIME]", "BODY.PEEK[1.2]", "BODY.PEEK[2]", "BODY.PEEK[2.MIME]", "BODY.PEEK[2.HEADER]"),
    *("BODY.PEEK[2.TEXT]", "BODY.PEEK[2.1]", "BODY.PEEK[2.1.MIME]", "BODY.PEEK[3]", "BODY.PEEK[9]"),
    *("BODY.PEEK[HEADER.FIELDS (SUBJECT FROM X-NONE)]", "BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT FROM)]"),
    *("BODY.PEEK[2.HEADER.FIELDS (SUBJECT)]", "BODY.PEEK[]<7.90>", "BODY.PEEK[1]<0.20>", "BODY.PEEK[TEXT]<9999999.5>"),
)

Pair = tuple[IMAPClient, IMAPClient]


@pytest.fixture(scope="module")
def pair(dovecot: Dovecot) -> Iterator[Pair]:
    """Two clients with the same mail: on the demo, and on Dovecot."""
    with DemoServer.start(now=NOW) as demo:
        user = dovecot.new_user("same")
        for name in MAILBOXES:
            user.append_many([message.raw for message in demo.store.mailbox(name).messages], name)
        ours = IMAPClient(demo.host, demo.imap_port, ssl=False)
        ours.login(demo.user, demo.password)
        theirs = IMAPClient(dovecot.host, dovecot.imap_port, ssl=False)
        theirs.login(user.name, user.password)
        yield ours, theirs
        ours.logout()
        theirs.logout()


def fetched(client: IMAPClient, mailbox: str, items: list[str]) -> list[dict[bytes, Any]]:
    """The answers for every message, oldest first, without the sequence number."""
    client.select_folder(mailbox, readonly=True)
    answers = client.fetch(client.search(), items)
    return [{key: value for key, value in answers[uid].items() if key != b"SEQ"} for uid in sorted(answers)]


def lowered(value: Any) -> Any:
    """A structure for comparison: where the RFCs say that case does not matter, it does not."""
    if isinstance(value, (list, tuple)):
        return tuple(lowered(inner) for inner in value)
    return value.lower() if isinstance(value, bytes) else value


def without_nil(answer: dict[bytes, Any]) -> dict[bytes, Any]:
    """A part that does not exist is NIL here and an empty string in Dovecot; both are met in the wild."""
    return {key: b"" if value is None else value for key, value in answer.items()}


@pytest.mark.parametrize("mailbox", MAILBOXES)
@pytest.mark.parametrize("item", ["BODYSTRUCTURE", "BODY"])
def test_structures_are_those_of_dovecot(pair: Pair, mailbox: str, item: str) -> None:
    ours, theirs = (fetched(client, mailbox, [item]) for client in pair)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert lowered(mine[item.encode()]) == lowered(other[item.encode()])


@pytest.mark.parametrize("mailbox", MAILBOXES)
def test_envelopes_are_those_of_dovecot(pair: Pair, mailbox: str) -> None:
    ours, theirs = (fetched(client, mailbox, ["ENVELOPE", "RFC822.SIZE"]) for client in pair)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine[b"RFC822.SIZE"] == other[b"RFC822.SIZE"]
        if b"SYNTAX_ERROR" not in repr(other[b"ENVELOPE"]).encode():  # its word for an address that is none
            assert mine[b"ENVELOPE"] == other[b"ENVELOPE"]


@pytest.mark.parametrize("mailbox", MAILBOXES)
@pytest.mark.parametrize("section", SECTIONS)
def test_sections_are_those_of_dovecot(pair: Pair, mailbox: str, section: str) -> None:
    ours, theirs = (fetched(client, mailbox, [section]) for client in pair)
    assert [without_nil(mine) for mine in ours] == [without_nil(other) for other in theirs]


CONVERSATION = (
    "SELECT INBOX",
    "FETCH 1:* (UID FLAGS)",
    "STORE 2 +FLAGS (\\Deleted Work)",
    "STORE 3 +FLAGS.SILENT (\\Deleted)",
    "STORE 4 FLAGS (\\Seen \\Answered $Forwarded)",
    "STORE 4 -FLAGS (\\Answered)",
    "UID STORE 5:6 +FLAGS (\\Flagged)",
    "SEARCH DELETED",
    "UID SEARCH NOT SEEN",
    "SEARCH OR FLAGGED KEYWORD Work",
    "SEARCH 2:4,9:*",
    "SEARCH UID 3:1",
    "SEARCH SUBJECT compiler NOT FROM grace",
    "SEARCH HEADER list-id notes",
    "SEARCH BODY nanosecond",
    'SEARCH TEXT "grace@navy.example"',
    "SEARCH LARGER 4000 SMALLER 6000",
    "SEARCH SENTBEFORE 1-Jan-2026",
    "SEARCH SENTON 13-Jan-2026",
    "SEARCH CHARSET UTF-8 SUBJECT R\u00e9union",
    "SEARCH RETURN (MIN MAX COUNT ALL) UNDELETED",
    "UID SEARCH RETURN () FLAGGED",
    "UID SEARCH RETURN (COUNT) DELETED ANSWERED",
    "UID EXPUNGE 3",
    "EXPUNGE",
    "FETCH 1:4 (UID FLAGS)",
    "FETCH 3 (BODY[HEADER.FIELDS (SUBJECT)])",
    "FETCH 3 FLAGS",
    "UID FETCH 999999:* UID",
    "COPY 1:2 Trash",
    "UID MOVE 10 Trash",
    "STATUS Trash (MESSAGES UNSEEN UIDNEXT)",
    "CREATE Copies/Deep",
    "RENAME Copies Kept",
    'LIST "" "Kept*"',
    "DELETE Kept/Deep",
    "SELECT Nowhere",
    "SELECT Trash",
    "FETCH 1:* (UID FLAGS RFC822.SIZE)",
    "CLOSE",
    "EXAMINE INBOX",
    "NONSENSE",
)


RESYNCHRONISATION = (
    "ENABLE QRESYNC",
    "SELECT INBOX",
    "UID STORE 2:3 +FLAGS.SILENT (\\Deleted)",
    "UID STORE 4 +FLAGS (\\Flagged)",
    "STORE 6 FLAGS (\\Seen)",
    "UID EXPUNGE 2:3",
    "UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} VANISHED)",
    "UID FETCH 2:9 (FLAGS) (CHANGEDSINCE {modseq})",
    "UID STORE 4:5 (UNCHANGEDSINCE {modseq}) +FLAGS (Work)",
    "STORE 1 (UNCHANGEDSINCE {modseq}) +FLAGS.SILENT (Work)",
    "UNSELECT",
    "SELECT INBOX (QRESYNC ({validity} {modseq}))",
    "SELECT INBOX (QRESYNC ({validity} {modseq} 1:4))",
    "SELECT INBOX (QRESYNC (1 {modseq}))",
    "UID SEARCH MODSEQ 1 FLAGGED",
    "UID MOVE 7:8 Trash",
    "CLOSE",
)


@pytest.mark.parametrize("commands", [CONVERSATION, RESYNCHRONISATION], ids=["plain", "qresync"])
def test_a_whole_conversation_is_answered_as_dovecot_answers_it(dovecot: Dovecot, commands: tuple[str, ...]) -> None:
    user = dovecot.new_user("talk")
    with DemoServer.start(samples=False) as demo, DemoServer.start(now=NOW) as source:
        demo.store.create("Trash")
        raws = [message.raw for message in source.store.mailbox("INBOX").messages[-20:]]
        user.append_many(raws)
        for raw in raws:
            demo.deliver(raw)
        with RawImap(demo.imap_port) as ours, RawImap(dovecot.imap_port) as theirs:
            ours.command(f"LOGIN {demo.user} {demo.password}")
            theirs.command(f"LOGIN {user.name} {user.password}")
            # Asking for a modseq turns CONDSTORE on, so the plain conversation must not ask.
            known = [numbers_of(raw) if commands is RESYNCHRONISATION else {} for raw in (ours, theirs)]
            for command in commands:
                mine, other = (
                    raw.command(fill(command, numbers)) for raw, numbers in zip((ours, theirs), known, strict=True)
                )
                assert essence(command, mine) == essence(command, other), command


def numbers_of(raw: RawImap) -> dict[str, str]:
    """What differs between the servers by nature: UIDVALIDITY and HIGHESTMODSEQ of INBOX."""
    line = next(line for line in raw.command("STATUS INBOX (UIDVALIDITY HIGHESTMODSEQ)") if b"STATUS" in line)
    return {
        name: re.findall(rf"{word} (\d+)", line.decode())[0]
        for name, word in (("validity", "UIDVALIDITY"), ("modseq", "MODSEQ"))
    }


def fill(command: str, numbers: dict[str, str]) -> str:
    """The command with the numbers of one server."""
    for name, number in numbers.items():
        command = command.replace(f"{{{name}}}", number)
    return command


def essence(command: str, lines: list[bytes]) -> list[bytes]:
    """The answer without free text, counters that differ by nature, and orders that do not matter."""
    kept = []
    for line in lines:
        if re.match(rb"\* (OK|\d+ RECENT|FLAGS)", line) or b"HasNoChildren" in line:
            continue
        line = re.sub(rb'TAG "[^"]*"', b"TAG", line)
        if (modseq := re.search(rb" ?\bMODSEQ \(?\d+\)?", line)) is not None:
            line = b"with modseq: " + re.sub(rb"\( ", b"(", line.replace(modseq[0], b""))
        if line.startswith((b"* STATUS", b"* LIST")):
            head, _, items = line.replace(b'"', b"").partition(b"(")
            line = head + b" ".join(sorted(items.strip(b")").split()))
        line = re.sub(
            rb"FLAGS \(([^)]*)\)", lambda m: b"FLAGS " + b" ".join(sorted(set(m[1].split()) - {b"\\Recent"})), line
        )
        kept.append(re.sub(rb"^\S+ (OK|NO|BAD) .*", rb"\1", line) if line == lines[-1] else line)
    return kept
