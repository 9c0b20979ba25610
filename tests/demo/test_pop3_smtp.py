"""POP3 and SMTP of the embedded server, driven by the standard library's clients."""

from __future__ import annotations

import poplib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme

from tuimail.demo.mailstore import Mailbox
from tuimail.demo.pop3 import dot_stuffed
from tuimail.demo.samples.people import GRACE
from tuimail.demo.server import DemoServer

DOTTED = b"Subject: dots\r\n\r\n.\r\n..two\r\n.end of it\r\nlast"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """Two letters for the POP3 user; people answer at once."""
    with DemoServer.start(samples=False, reply_delay_s=0) as started:
        inbox = started.pop3_store.mailbox("INBOX")
        inbox.append(DOTTED)
        inbox.append(b"Subject: second\r\n\r\none\r\ntwo\r\nthree\r\n")
        yield started


@pytest.fixture
def pop(server: DemoServer) -> Iterator[poplib.POP3]:
    """Logged in."""
    client = poplib.POP3(server.host, server.pop3_port, timeout=10)
    client.user(server.pop3_user)
    client.pass_(server.password)
    yield client
    client.close()


def smtp_for(server: DemoServer) -> smtplib.SMTP:
    """Logged in as the owner."""
    client = smtplib.SMTP(server.host, server.smtp_port, timeout=10)
    client.login(server.user, server.password)
    return client


def encryption() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for 127.0.0.1, and one for a client that trusts it."""
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return serving, trusting


# -- POP3 -------------------------------------------------------------------------------------------------------------


def test_lines_with_dots_arrive_as_they_were_sent(pop: poplib.POP3) -> None:
    _, lines, _ = pop.retr(1)
    assert lines == [b"Subject: dots", b"", b".", b"..two", b".end of it", b"last"]


def test_the_dots_on_the_wire_are_doubled() -> None:
    assert dot_stuffed(b".a\r\n\r\n.\r\nb") == b"..a\r\n\r\n..\r\nb\r\n.\r\n"


def test_top_gives_the_header_and_so_many_lines(pop: poplib.POP3) -> None:
    assert pop.top(2, 0)[1] == [b"Subject: second", b""]
    assert pop.top(2, 2)[1] == [b"Subject: second", b"", b"one", b"two"]


def test_sizes_and_numbers_agree(pop: poplib.POP3) -> None:
    assert pop.stat() == (2, len(DOTTED) + 36)
    assert pop.list()[1] == [b"1 %d" % len(DOTTED), b"2 36"]


def test_a_uidl_stays_with_its_message(server: DemoServer, pop: poplib.POP3) -> None:
    second = pop.uidl()[1][1].split()[1]
    pop.dele(1)
    pop.quit()
    again = poplib.POP3(server.host, server.pop3_port, timeout=10)
    again.user(server.pop3_user)
    again.pass_(server.password)
    assert again.uidl()[1] == [b"1 " + second]
    again.quit()


def test_nothing_is_deleted_without_quit_or_after_rset(server: DemoServer, pop: poplib.POP3) -> None:
    pop.dele(1)
    with pytest.raises(poplib.error_proto):
        pop.retr(1)
    pop.rset()
    pop.dele(2)
    pop.close()
    assert len(server.pop3_store.mailbox("INBOX").messages) == 2


def test_commands_sent_at_once_are_answered_in_order(server: DemoServer) -> None:
    with socket.create_connection((server.host, server.pop3_port), 10) as connection:
        commands = f"USER {server.pop3_user}\r\nPASS {server.password}\r\nSTAT\r\nNOPE\r\nQUIT\r\n"
        connection.sendall(commands.encode())
        with connection.makefile("rb") as answers:
            kinds = [line.split()[0] for line in answers]
    assert kinds == [b"+OK", b"+OK", b"+OK", b"+OK", b"-ERR", b"+OK"]


def test_a_wrong_pop3_password_is_refused(server: DemoServer) -> None:
    client = poplib.POP3(server.host, server.pop3_port, timeout=10)
    client.user(server.pop3_user)
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
        client.pass_("wrong")
    client.close()


def test_stls_comes_before_login() -> None:
    serving, trusting = encryption()
    with DemoServer.start(samples=False, starttls=serving) as server:
        client = poplib.POP3(server.host, server.pop3_port, timeout=10)
        assert "STLS" in client.capa()
        with pytest.raises(poplib.error_proto):
            client.user(server.pop3_user)
        client.stls(trusting)
        assert "SASL" in client.capa()
        client.user(server.pop3_user)
        client.pass_(server.password)
        client.quit()


# -- SMTP -------------------------------------------------------------------------------------------------------------


def test_mail_to_ourselves_lands_in_the_inbox_byte_for_byte(server: DemoServer) -> None:
    with smtp_for(server) as client:
        client.sendmail(server.address, [server.address], DOTTED + b"\r\n")
    assert [message.raw for message in server.store.mailbox("INBOX").messages] == [DOTTED + b"\r\n"]
    assert server.sink.sent[0].user == server.user


def test_mail_to_the_other_account_lands_there(server: DemoServer) -> None:
    with smtp_for(server) as client:
        client.sendmail(server.address, [server.pop3_address], b"Subject: over\r\n\r\nhere\r\n")
    assert len(server.pop3_store.mailbox("INBOX").messages) == 3


def test_some_people_answer_in_the_thread(server: DemoServer) -> None:
    arrived = threading.Event()

    def listener(mailbox: Mailbox) -> None:
        arrived.set()

    server.store.listen(listener)
    with smtp_for(server) as client:
        letter = b"Subject: lunch\r\nMessage-ID: <1@example.org>\r\n\r\nNow?\r\n"
        client.sendmail(server.address, [GRACE.address], letter)
    assert arrived.wait(10)
    answer = server.store.mailbox("INBOX").messages[0].raw
    assert b"\r\nSubject: Re: lunch\r\n" in answer
    assert b"\r\nIn-Reply-To: <1@example.org>\r\n" in answer


def test_a_refused_recipient_does_not_stop_the_others(server: DemoServer) -> None:
    server.sink.refused_recipients["nobody@example.org"] = "550 5.1.1 nobody of this name"
    with smtp_for(server) as client:
        refused = client.sendmail(server.address, ["nobody@example.org", server.address], b"Subject: x\r\n\r\n")
    assert refused == {"nobody@example.org": (550, b"5.1.1 nobody of this name")}
    assert server.sink.sent[0].recipients == (server.address,)


def test_sending_needs_a_login(server: DemoServer) -> None:
    with smtplib.SMTP(server.host, server.smtp_port, timeout=10) as client, pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail(server.address, [server.address], b"x")


def test_a_message_that_says_it_is_too_big_is_refused(server: DemoServer) -> None:
    with smtp_for(server) as client:
        client.ehlo()
        assert client.mail(server.address, ["SIZE=999999999"])[0] == 552


def test_addresses_beyond_ascii_are_accepted(server: DemoServer) -> None:
    with smtp_for(server) as client:
        client.ehlo()
        assert client.has_extn("SMTPUTF8")
        client.sendmail("ada@example.org", ["émile@exämple.example"], b"Subject: x\r\n\r\n", ["SMTPUTF8"])
    assert server.sink.sent[0].recipients == ("émile@exämple.example",)


def test_smtp_starttls_comes_before_login() -> None:
    serving, trusting = encryption()
    with DemoServer.start(samples=False, starttls=serving) as server:
        with smtplib.SMTP(server.host, server.smtp_port, timeout=10) as client:
            client.ehlo()
            assert client.has_extn("STARTTLS")
            assert not client.has_extn("AUTH")
            client.starttls(context=trusting)
            client.login(server.user, server.password)
            client.sendmail(server.address, [server.address], b"Subject: x\r\n\r\n")
        assert len(server.store.mailbox("INBOX").messages) == 1


def test_a_message_in_counted_chunks_arrives_whole(server: DemoServer) -> None:
    with smtp_for(server) as client:
        client.ehlo()
        assert client.has_extn("CHUNKING")
        client.mail(server.address, ["BODY=8BITMIME"])
        client.rcpt(server.address, ["NOTIFY=NEVER"])
        client.send(b"BDAT 12\r\nSubject: x\r\n")
        assert client.getreply()[0] == 250
        assert client.docmd("DATA")[0] == 503
        client.send(b"BDAT 6 LAST\r\n\r\n..\r\n")
        assert client.getreply()[0] == 250
        client.send(b"BDAT 3 LAST\r\nx\r\n")
        assert client.getreply()[0] == 503
        assert client.noop()[0] == 250
    assert server.sink.sent[0].raw == b"Subject: x\r\n\r\n..\r\n"
    assert server.sink.sent[0].options == ("BODY=8BITMIME",)
    assert server.sink.sent[0].recipient_options == (("NOTIFY=NEVER",),)


def test_only_a_line_end_of_cr_lf_ends_a_message(server: DemoServer) -> None:
    """With any other one a second message could be smuggled into the first."""
    for body in (b"a\n.\nMAIL FROM:<x@y.z>\r\n", b"a\r\n.\r", b"a\n.\r\nb"):
        with smtp_for(server) as client:
            client.mail(server.address)
            client.rcpt(server.address)
            client.docmd("DATA")
            client.send(body + b"\r\n.\r\n")
            assert client.getreply() == (550, b"5.6.0 a line end that is not CR LF")
            assert client.noop()[0] == 250
    assert server.sink.sent == []


def test_answers_are_given_to_order(server: DemoServer) -> None:
    server.sink.answers["MAIL"] = "451 4.3.0 not now"
    server.sink.offers = ("8BITMIME",)
    with smtp_for(server) as client:
        assert client.esmtp_features.keys() == {"8bitmime", "auth"}
        assert client.mail(server.address) == (451, b"4.3.0 not now")


def test_an_address_beyond_ascii_wants_to_be_announced(server: DemoServer) -> None:
    with smtp_for(server) as client:
        client.command_encoding = "utf-8"
        assert client.mail("émile@example.org")[0] == 553
        assert client.mail(server.address)[0] == 250
        assert client.rcpt("émile@example.org")[0] == 553


def test_one_certificate_serves_both_ports() -> None:
    serving, trusting = encryption()
    with DemoServer.start(samples=False, starttls=serving) as server:
        with smtplib.SMTP_SSL(server.host, server.smtps_port, timeout=10, context=trusting) as client:
            client.login(server.user, server.password)
            client.sendmail(server.address, [server.address], b"Subject: x\r\n\r\n")
        assert len(server.store.mailbox("INBOX").messages) == 1
    with DemoServer.start(samples=False) as server:
        assert server.smtps_port == 0
