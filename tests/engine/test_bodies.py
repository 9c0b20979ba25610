"""Bodies and attachments on demand, and reading without a server."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, House
from tuimail.engine.protocol import PartArrived, PartFailed, PartProgress, Want
from tuimail.mime.reading import readable
from tuimail.model import BodyState, EnvelopeId, Section

Houses = Callable[..., House]

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 1000


def attached(subject: str = "with a file", message_id: str = "<file@x>", octets: bytes = PDF) -> bytes:
    """A message of a text and a PDF."""
    encoded = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    return (
        f"From: Ada <ada@example.org>\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
        "The text.\r\n--b\r\nContent-Type: application/pdf; name=list.pdf\r\nContent-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="list.pdf"\r\n\r\n'
    ).encode() + encoded + b"\r\n--b--\r\n"


def text_of(house: House, envelope_id: EnvelopeId, kind: str = "text") -> str:
    stored = house.store.parts.text(envelope_id, kind)
    assert stored is not None, "no readable text is here"
    return "\n".join(line.text for line in readable.from_json(stored).lines)


def test_a_wanted_body_is_readable_afterwards_without_a_server(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    demo.deliver(attached())
    house.sync()
    envelope_id = house.with_subject("with a file")
    with house.office() as office:
        house.ask(office, Want(envelope_id))
        house.ears.wait_for(PartArrived, lambda arrived: arrived.envelope_id == envelope_id)
    demo.go_offline()
    assert "The text." in text_of(house, envelope_id)
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    assert envelope.body is BodyState.TEXT
    with house.office() as office:
        since = house.ask(office, Want(envelope_id))
        house.ears.wait_for(PartArrived, since=since)


def test_opening_a_message_fetches_its_text_and_not_its_attachments(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    full.deliver(attached())
    house.sync()
    with house.office(watch=False) as office:
        before = len(full.log)
        house.ask(office, Want(house.with_subject("with a file")))
        house.ears.wait_for(PartArrived)
    fetched = [line for line in full.log[before:] if "BODY" in line]
    assert len(fetched) == 1
    assert "BODY.PEEK[1]<0." in fetched[0]


def test_an_attachment_comes_in_slices_and_is_kept_decoded_with_its_real_type(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    demo.deliver(attached())
    house.sync()
    envelope_id = house.with_subject("with a file")
    with house.office() as office:
        house.ask(office, Want(envelope_id, Section("2")))
        house.ears.wait_for(PartArrived, lambda arrived: arrived.section == "2")
    assert house.store.parts.get(envelope_id, Section("2")) == PDF
    info = house.store.parts.info(envelope_id, Section("2"))
    assert info is not None
    assert info.real_type == "application/pdf"
    progress = [told.done_octets for told in house.ears.all(PartProgress)]
    assert progress == sorted(progress)
    assert len(progress) > 3


def test_header_and_whole_message_come_as_they_are(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    raw = attached()
    full.deliver(raw)
    house.sync()
    envelope_id = house.with_subject("with a file")
    with house.office() as office:
        house.ask(office, Want(envelope_id, Section("HEADER")))
        house.ask(office, Want(envelope_id, Section("")))
        house.ears.wait_for(PartArrived, lambda arrived: arrived.section == "HEADER")
        house.ears.wait_for(PartArrived, lambda arrived: arrived.section == "")
    assert house.store.parts.get(envelope_id, Section("")) == raw
    assert house.store.parts.get(envelope_id, Section("HEADER")) == raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    assert envelope.body is BodyState.WHOLE


@pytest.mark.parametrize("section", ["text", "2", ""])
def test_without_a_server_a_want_fails_soon_and_says_why(full: Demo, house_of: Houses, section: str) -> None:
    house = house_of(full)
    full.deliver(attached())
    house.sync()
    full.go_offline()
    with house.office() as office:
        house.ask(office, Want(house.with_subject("with a file"), Section(section)))
        failed = house.ears.wait_for(PartFailed)
    assert "Not downloaded" in failed.sentence
    assert "127.0.0.1" in failed.sentence


def test_a_message_that_vanished_meanwhile_is_told_in_a_sentence(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    house.sync()
    envelope_id = house.newest()
    inbox = demo.store.mailbox("INBOX")
    inbox.expunge([message.uid for message in inbox.messages])
    with house.office(watch=False) as office:
        house.ask(office, Want(envelope_id))
        failed = house.ears.wait_for(PartFailed)
    assert failed.sentence == "This message is no longer on the server."


def test_a_part_that_no_message_has_is_told_in_a_sentence(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    house.sync()
    with house.office(watch=False) as office:
        house.ask(office, Want(house.newest(), Section("77")))
        assert "no such part" in house.ears.wait_for(PartFailed).sentence


def test_every_sample_message_can_be_read(full: Demo, house_of: Houses) -> None:
    house = house_of(full, offline="all")
    assert house.sync() == {ACCOUNT: ""}
    full.stop()
    for mailbox in house.store.mailboxes.all(ACCOUNT):
        for row in house.store.envelopes.window(mailbox.id, 0, 1000).rows:
            assert text_of(house, row.id), row.subject
            assert row.body != BodyState.ABSENT
    assert house.store.check() == []


def test_a_file_that_came_ahead_of_reading_was_examined_too(full: Demo, house_of: Houses) -> None:
    full.deliver(attached("a file ahead", "<ahead@x>", PDF[:1000]))
    house = house_of(full, offline="all")
    assert house.sync() == {ACCOUNT: ""}
    found = house.store.parts.info(house.with_subject("a file ahead"), Section("2"))
    assert found is not None
    assert found.real_type == "application/pdf"
