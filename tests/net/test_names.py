"""Mailbox names go to the server exactly as they came, whatever they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient import imap_utf7

from tuimail.errors import UsageError
from tuimail.model import Role
from tuimail.net.imap import names, roles


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Lists/python", "Lists/python"),
        (b"Entw&APw-rfe", "Entwürfe"),
        (b"R&AOk-union &- caf&AOk-", "Réunion & café"),
        (b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
        (b"&2D3cqQ-", "💩"),
        (b'with "quotes" and \\', 'with "quotes" and \\'),
        (b"iNbOx", "INBOX"),
        (b"NIL", "NIL"),
        (b"../../../etc/passwd", "../../../etc/passwd"),
    ],
)
def test_names_are_read_as_people_wrote_them(raw: bytes, text: str) -> None:
    assert names.decode(raw) == text
    assert names.encode(text).upper() == raw.upper()


@pytest.mark.parametrize(
    "raw",
    [
        "Entwürfe".encode(), b"Entw\xfcrfe", b"&", b"&AOk", b"&AGE-", b"&2D0-", b"&AA0ACg-", b"&/,-", b"a&-&AOk-&AOk-",
        names.RAW_UTF8.encode() + b"x", "&-\ufdd1x".encode(), b"a\x1b]0;PWN\x07b",
    ],
)
def test_a_name_that_breaks_the_rules_is_still_a_key(raw: bytes) -> None:
    assert names.encode(names.decode(raw)) == raw


@given(st.binary(min_size=1, max_size=40).filter(lambda raw: not set(raw) & {0, 10, 13}))
def test_any_octets_come_back(raw: bytes) -> None:
    text = names.decode(raw)
    text.encode("utf-8")  # SQLite must store it
    assert names.encode(text) == (b"INBOX" if raw.upper() == b"INBOX" else raw)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0\ufdd0\ufdd1"), min_size=1))
def test_any_name_that_a_person_types_survives(text: str) -> None:
    assert names.decode(names.encode(text)) == ("INBOX" if text.upper() == "INBOX" else text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_the_codec_agrees_with_imapclients(text: str) -> None:
    if text[0] not in (names.RAW_UTF8, names.RAW_OCTETS):
        assert names.encode(text) == imap_utf7.encode(text)


@pytest.mark.parametrize("name", ["", "a\r\nb", "a\nb", "a\0b", "\ud800", "\ufdd1\u1234"])
def test_a_name_that_cannot_be_sent_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        names.argument(name)


def test_a_name_is_quoted_for_the_wire() -> None:
    assert names.argument('a"b\\c & ü') == b'"a\\"b\\\\c &- &APw-"'


@pytest.mark.parametrize(
    ("attribute", "role"),
    [
        (b"\\Sent", Role.SENT), (b"\\JUNK", Role.JUNK), (b"\\Spam", Role.JUNK), (b"\\Starred", Role.FLAGGED),
        (b"\\X", Role.NONE),
    ],
)
def test_the_server_says_what_a_mailbox_is_for(attribute: bytes, role: Role) -> None:
    assert roles.role_of([b"\\HasNoChildren", attribute]) is role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Sent Items", Role.SENT), ("Gesendete Objekte", Role.SENT), ("Corbeille", Role.TRASH),
        ("Entwürfe", Role.DRAFTS), ("Отправленные", Role.SENT), ("ゴミ箱", Role.TRASH), ("INBOX.Junk", Role.JUNK),
        ("Deleted Messages", Role.TRASH),
        ("Archiv", Role.ARCHIVE), ("Sentinel", Role.NONE), ("Presents", Role.NONE),
    ],
)
def test_names_tell_a_role_where_the_server_does_not(name: str, role: Role) -> None:
    assert roles.guess_roles([(name, ".")], set()).get(name, Role.NONE) is role


def test_a_role_is_guessed_once_and_nearest_to_the_root() -> None:
    boxes = [("Old/Sent", "/"), ("Sent", "/"), ("Sent Items", "/"), ("a/b/Trash", "/"), ("Junk", "/")]
    assert roles.guess_roles(boxes, {Role.JUNK}) == {"Sent": Role.SENT}
