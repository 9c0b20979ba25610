"""The private Dovecot is what the tests believe it is."""

from __future__ import annotations

import imaplib
import ssl

import pytest

from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.dovecot


def test_a_message_comes_back_by_imap_with_its_flags(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    user.append(b"Subject: one\r\n\r\nbody\r\n", flags=["\\Flagged"])
    state = user.state()
    assert state["INBOX"][1][0] == {"\\Flagged"}
    assert {"Sent", "Drafts", "Junk", "Trash"} <= set(state)


def test_tls_is_verified_against_the_servers_own_root(dovecot: Dovecot) -> None:
    context = ssl.create_default_context(cafile=str(dovecot.ca_file))
    connection = imaplib.IMAP4_SSL(dovecot.host, dovecot.imaps_port, ssl_context=context)
    assert "CONDSTORE" in connection.capabilities or connection.login("someone", "Pass-word.1")
    connection.logout()


def test_the_plain_server_offers_neither_condstore_nor_special_use(plain_dovecot: Dovecot) -> None:
    connection = plain_dovecot.new_user().imap()
    _, words = connection.capability()
    connection.logout()
    assert b"CONDSTORE" not in words[0]
    assert b"SPECIAL-USE" not in words[0]
    assert b"IDLE" in words[0]


def test_a_stopped_server_comes_back_with_its_mail(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    user.append(b"Subject: kept\r\n\r\n")
    dovecot.stop()
    dovecot.start_again()
    assert len(user.state()["INBOX"]) == 1
