"""What a message's own bytes say of its structure survives being written as BODYSTRUCTURE."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.demo.mailstore import MailStore
from tuimail.demo.samples import mailbox
from tuimail.mime.parts.parse import parse_message
from tuimail.mime.parts.structure import has_attachments, parse_bodystructure
from tuimail.mime.parts.write_structure import to_bodystructure

NAMES = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)


def assert_same(raw: bytes) -> None:
    root = parse_message(raw).root
    assert parse_bodystructure(to_bodystructure(root)) == root


def test_the_structure_of_every_sample_survives() -> None:
    store = MailStore()
    mailbox.fill(store, datetime(2026, 3, 5, tzinfo=UTC))
    count = 0
    for name in store.names():
        for message in store.mailbox(name).messages:
            assert_same(message.raw)
            count += 1
    assert count > 100


@settings(max_examples=150)
@given(name=NAMES, kind=st.sampled_from(["attachment", "inline", ""]), charset=st.sampled_from(["utf-8", 'a"b\\', ""]))
def test_any_name_survives(name: str, kind: str, charset: str) -> None:
    encoded = "".join(f"%{octet:02X}" for octet in name.encode())
    about = f"Content-Disposition: {kind}; filename*=utf-8''{encoded}\r\n" if kind else ""
    raw = (
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
        f"Content-Type: application/pdf; charset={charset}; name*=utf-8''{encoded}\r\n{about}"
        "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n"
    )
    assert_same(raw.encode())


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_any_octets_make_a_structure_that_can_be_read(octets: bytes) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + octets + b"\r\n--b\r\n" + octets
    read = parse_bodystructure(to_bodystructure(parse_message(raw).root))
    assert read is not None
    assert [part.section for part in read.walk()] == [part.section for part in parse_message(raw).root.walk()]


def test_a_list_shows_the_attachment_mark_for_it() -> None:
    raw = b"Content-Type: application/pdf; name=a.pdf\r\n\r\nx"
    assert has_attachments(to_bodystructure(parse_message(raw).root))
    assert not has_attachments(to_bodystructure(parse_message(b"Subject: x\r\n\r\nx").root))
