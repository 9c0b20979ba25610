"""The sample mailbox: complete, the same for the same moment, and with files that are what they say."""

from __future__ import annotations

import email
import email.policy
import io
import subprocess
import sys
import threading
import wave
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from tuimail.demo.mailstore import Mailbox, MailStore
from tuimail.demo.samples import mailbox
from tuimail.demo.samples.builder import build, flow, quote_of, sent_at, wrapped
from tuimail.demo.server import DemoServer

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
HOSTILE_SENDERS = ("sidechannel.example", "broken.example", "invoices.example", "bank-verify.example", "paypaI.example")


@pytest.fixture(scope="module")
def store() -> MailStore:
    """The sample mail of one moment."""
    filled = MailStore()
    mailbox.fill(filled, NOW)
    return filled


def everything(store: MailStore) -> list[bytes]:
    """All messages of all mailboxes."""
    return [message.raw for name in store.names() for message in store.mailbox(name).messages]


def test_there_are_about_150_messages_in_the_mailboxes_a_stranger_expects(store: MailStore) -> None:
    assert 140 <= len(everything(store)) <= 170
    counts = {name: len(store.mailbox(name).messages) for name in store.names()}
    assert counts["Someday"] == 0
    assert counts["Drafts"] == 1
    assert all(counts[name] for name in ("INBOX", "Sent", "Archive", "Junk", "Trash", "Lists/Café des sciences"))
    assert {box.special_use for box in map(store.mailbox, store.names()) if box.special_use} == set(
        mailbox.SPECIAL_USE.values()
    )


def test_the_same_moment_gives_the_same_bytes(store: MailStore) -> None:
    again = MailStore()
    mailbox.fill(again, NOW)
    assert everything(again) == everything(store)


def test_another_moment_moves_every_date(store: MailStore) -> None:
    later = MailStore()
    mailbox.fill(later, NOW + timedelta(days=3))
    first, second = (box.mailbox("INBOX").messages[0].internal_date for box in (store, later))
    assert second - first == timedelta(days=3)


def test_nothing_is_dated_after_now_and_lists_are_in_order(store: MailStore) -> None:
    for name in store.names():
        dates = [message.internal_date for message in store.mailbox(name).messages]
        assert dates == sorted(dates)
        assert all(date <= NOW for date in dates)


def test_a_few_are_of_today_and_a_tail_is_over_a_year_old(store: MailStore) -> None:
    ages = [NOW - message.internal_date for name in store.names() for message in store.mailbox(name).messages]
    assert 5 <= sum(age < timedelta(hours=24) for age in ages) <= 40
    assert sum(age < timedelta(days=7) for age in ages) > 50
    assert sum(age > timedelta(days=365) for age in ages) >= 2


def test_message_ids_are_unique_and_every_answer_has_its_question(store: MailStore) -> None:
    parsed = [email.message_from_bytes(raw) for raw in everything(store)]
    ids = [str(message["Message-ID"]) for message in parsed if message["Message-ID"] != "<>"]
    assert len(ids) == len(set(ids))
    for message in parsed:
        if message["In-Reply-To"]:
            assert message["In-Reply-To"] in ids
            assert str(message["References"]).split()[-1] == message["In-Reply-To"]


def test_honest_mail_is_read_without_a_defect(store: MailStore) -> None:
    for raw in everything(store):
        if any(sender.encode() in raw for sender in HOSTILE_SENDERS) or b"caf\xe9" in raw:
            continue
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert raw.endswith(b"\r\n")
        assert b"\n" not in raw.replace(b"\r\n", b"")
        for part in message.walk():
            assert not part.defects
            if part.get_content_maintype() == "text":
                assert "\ufffd" not in str(part.get_content())


def test_many_charsets_and_languages_are_there(store: MailStore) -> None:
    whole = b"".join(everything(store)).lower()
    for charset in ("iso-2022-jp", "koi8-r", "gb18030", "iso-8859-7", "iso-8859-8", "iso-8859-15", "windows-1252"):
        assert f"charset={charset}".encode() in whole


def attached(store: MailStore, name: str) -> bytes:
    """The content of an attachment, found by its file name."""
    for raw in everything(store):
        if name.encode() in raw:
            for part in email.message_from_bytes(raw).walk():
                if part.get_filename() == name:
                    content = part.get_payload(decode=True)
                    assert isinstance(content, bytes)
                    return content
    raise LookupError(name)


def test_attachments_are_what_they_say(store: MailStore) -> None:
    assert attached(store, "listing.pdf").startswith(b"%PDF-1.4\n")
    assert attached(store, "listing.pdf").endswith(b"%%EOF\n")
    assert attached(store, "logbook-page-92.png").startswith(b"\x89PNG\r\n\x1a\n")
    assert "DTSTART:20260122T100000Z" in attached(store, "invite.ics").decode()  # the Thursday after a Thursday
    with zipfile.ZipFile(io.BytesIO(attached(store, "pictures.zip"))) as archive:
        assert archive.testzip() is None
    with zipfile.ZipFile(io.BytesIO(attached(store, "labels-draft.docx"))) as document:
        assert "word/document.xml" in document.namelist()
    with wave.open(io.BytesIO(attached(store, "eight-bars.wav"))) as tune:
        assert tune.getnframes() > 100_000


def test_hostile_mail_carries_its_weapons(store: MailStore) -> None:
    whole = b"".join(everything(store))
    for weapon in (b"\x1b]52;c;", b"[@click=app.quit]", b"../../../../etc/passwd", b".exe", b"%E2%80%AE", b"x-klingon"):
        assert weapon in whole


def test_the_pop3_account_has_mail_of_its_own() -> None:
    filled = MailStore()
    mailbox.fill_pop3(filled, NOW)
    assert len(filled.mailbox("INBOX").messages) == 8


def test_a_drip_delivers_the_later_messages() -> None:
    arrived = threading.Event()

    def listener(box: Mailbox) -> None:
        arrived.set()

    with DemoServer.start(samples=False, drip_s=0.001) as server:
        server.store.listen(listener)
        assert arrived.wait(10)
        assert b"Subject:" in server.store.mailbox("INBOX").messages[0].raw


def test_times_of_the_day_are_the_owners_and_never_in_the_future() -> None:
    mail = next(mail for mail in mailbox.all_mails() if mail.when == "0d 02:05")
    assert sent_at(mail, NOW).isoformat() == "2026-01-15T02:05:35+01:00"
    early = datetime(2026, 1, 15, 0, 30, tzinfo=UTC)
    assert sent_at(mail, early) == early


def test_flowed_text_breaks_softly_and_keeps_quotes() -> None:
    text = "word " * 30 + "end\n> quoted " + "x" * 80
    lines = flow(text).split("\n")
    assert all(len(line) <= 75 for line in lines[:-1])
    assert [line.endswith(" ") for line in lines] == [True, True, False, False]


def test_wrapping_joins_what_was_one_paragraph() -> None:
    assert wrapped("a" * 60 + " " + "b" * 40 + "\nc\n\nd") == "a" * 60 + "\n" + "b" * 40 + " c\n\nd"
    assert wrapped("> " + "a " * 60) == "> " + "a " * 60


def test_quotes_of_quotes_go_one_deeper() -> None:
    mail = next(mail for mail in mailbox.all_mails() if "\n> " in mail.text)
    assert "\n>> " in quote_of(mail, 40)


def test_every_mail_builds_on_its_own() -> None:
    for mail in mailbox.all_mails():
        built = build(mail, NOW)
        assert b"\r\n\r\n" in built.raw
        assert built.date.tzinfo is not None


def test_the_server_imports_nothing_but_the_standard_library_and_itself() -> None:
    program = (
        "import sys, tuimail.demo.server\n"
        "print([name for name in sys.modules if name.startswith(('textual', 'rich', 'imapclient', 'poplib', 'smtplib',"
        " 'sqlite3', 'tuimail.')) and not name.startswith('tuimail.demo')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
