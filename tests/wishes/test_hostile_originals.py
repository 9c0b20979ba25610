"""Answering mail that means harm: no header, recipient or control character comes over from it unseen.

The subject of `=?utf-8?b?8J+SqSA9P1VURi04P1E/PTBBPz1CY2M6...` made a second header in Python's own
library (CVE-2024-6923).
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.wishes.house import AT, LETTER, arrive, configuration, fetch
from tuimail.demo.samples import hostile
from tuimail.demo.samples.builder import build
from tuimail.errors import UsageError
from tuimail.mime.decoding.headers import header_lines
from tuimail.mime.parts.parse import header_block
from tuimail.mime.writing import compose
from tuimail.mime.writing.typed import entries
from tuimail.model import DraftId
from tuimail.store import Store
from tuimail.wishes import sending, writing

CONFIG = configuration()
CORPUS = Path(__file__).parents[1] / "corpus"
NAMES = {
    "From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip
BREAKS = [
    "\n", "\r\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029",
    "\n ", "\n\t", "=?utf-8?q?=0ABcc:_e@f.example?=", "=0A", "%0A", "\ud800", "\x1b]0;x\x07", "\u202e",
]  # fmt: skip


def word(text: str) -> bytes:
    """An encoded word of anything."""
    return b"=?utf-8?b?" + base64.b64encode(text.encode("utf-8", "surrogatepass")) + b"?="


def originals() -> list[bytes]:
    """Mail in whose headers something hides, and the corpora there are."""
    found = [file.read_bytes() for file in sorted(CORPUS.glob("*.eml"))]
    found += [build(mail, datetime(2026, 11, 23, tzinfo=UTC)).raw for mail in hostile.mails()]
    # CVE-2024-6923, as it was reported
    found.append(
        LETTER.replace(b"Compiler", b"=?utf-8?b?8J+SqSA9P1VURi04P1E/PTBBPz1CY2M6IGluamVjdGVkQGV4YW1wbGUuY29t?=")
    )
    for each in BREAKS:
        hidden = word(f"a{each}Bcc: evil@hidden.example{each}b")
        raw = each.encode("utf-8", "surrogatepass") + b"Bcc: evil@hidden.example"
        for value in (hidden, raw):
            found += [
                LETTER.replace(b"Subject: Compiler", b"Subject: " + value),
                LETTER.replace(b"Grace Hopper <", value + b" <"),
                LETTER.replace(b"Grace Hopper <", b'"' + value + b'" <'),
                LETTER.replace(b"<2@navy.example>", b"<2" + value + b"@navy.example>"),
                LETTER.replace(b"<1@navy.example>", b"<1@navy.example> " + value),
                b"Reply-To: " + value + b" <r@navy.example>\r\n" + LETTER,
                b"List-Post: <mailto:l" + value + b"@lists.example>\r\n" + LETTER,
                b"List-Post: <mailto:l@lists.example> " + value + b"\r\n" + LETTER,
                b"Mail-Followup-To: " + value + b", f@navy.example\r\n" + LETTER,
                b"Delivered-To: " + value + b"ada@example.org\r\n" + LETTER,
                LETTER.replace(b"Shall we?", b"Shall we?\r\n" + value + b"\r\n.\r\n"),
            ]
    for odd in (
        b"Message-ID: <>",
        b'From: "',
        b"From: <@",
        b"To: " + b"(" * 1000,
        b"To: A: b@x.org, c@x.org;, d@x.org",
    ):
        name = odd.partition(b":")[0]
        found.append(b"\r\n".join(odd if line.startswith(name) else line for line in LETTER.split(b"\r\n")))
    return found


ORIGINALS = originals()


def check(store: Store, draft_id: DraftId) -> None:
    """What must be true of any draft that a stranger's mail began, and of what it is sent as."""
    draft = store.drafts.get(draft_id)
    assert draft is not None
    for field in (draft.from_, draft.to, draft.cc, draft.bcc, draft.subject, *draft.body.split("\n")):
        assert not any(ord(char) < 32 or 127 <= ord(char) < 160 or 0xD800 <= ord(char) < 0xE000 for char in field)
        assert "\u202e" not in field
    assert draft.bcc == ""
    assert [entry.address for entry in entries(draft.from_)] == ["ada@example.org"]
    written = sending.outgoing_of(CONFIG, draft)
    visible = {entry.address for entry in (*entries(draft.to), *entries(draft.cc))}
    assert set(compose.recipients(written)) <= visible
    if compose.refusals(written):
        assert not draft.to
        return
    raw = compose.build(written, sending.enclosed_of(store, draft), now=datetime(2026, 11, 23, tzinfo=UTC))
    names = [name for name, _ in header_lines(header_block(raw))]
    assert set(names) <= NAMES
    assert len(names) == len(set(names))
    assert raw.isascii() or not all(address.isascii() for address in visible)
    assert not set(raw.replace(b"\r\n", b"")) & {0, 10, 13, 27}


@pytest.mark.parametrize("how", ["reply", "all", "list", "inline"])
def test_no_header_and_no_recipient_comes_over_from_a_hostile_message(store: Store, how: str) -> None:
    of_no_list = 0
    for uid, raw in enumerate(ORIGINALS, 1):
        envelope_id = arrive(store, raw, uid=uid)
        fetch(store, envelope_id, raw, "text", "")
        try:
            if how == "inline":
                draft_id = writing.forward(store, CONFIG, envelope_id, at=AT)
            else:
                draft_id = writing.reply(store, CONFIG, envelope_id, how, at=AT)
        except UsageError:
            of_no_list += 1
            continue
        check(store, draft_id)
    assert (of_no_list > 100) is (how == "list")
    assert of_no_list < len(ORIGINALS) - 10


def test_whole_messages_are_passed_on_without_becoming_ours(store: Store) -> None:
    for uid, raw in enumerate(ORIGINALS[::5], 1):
        envelope_id = arrive(store, raw, uid=uid)
        fetch(store, envelope_id, raw, "")
        draft_id = writing.forward(store, CONFIG, envelope_id, "attached", at=AT)
        check(store, draft_id)
        outbox_id = writing.send_bounce(store, writing.bounce(store, CONFIG, envelope_id), "a@x.org", at=AT)
        item, sent = store.outbox.get(outbox_id), store.outbox.raw(outbox_id)
        assert item is not None
        assert item.recipients == ("a@x.org",)
        assert not any(name.lower() in ("bcc", "resent-bcc") for name, _ in header_lines(header_block(sent)))
        assert b"\n" not in sent.replace(b"\r\n", b"")
        assert b"\r" not in sent.replace(b"\r\n", b"")
