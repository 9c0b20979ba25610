"""What Dovecot cannot be asked, or is not asked: profiles, pushes, resynchronisation, logins and hostile input."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import ssl
import zlib
from collections.abc import Iterator

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imapclient import IMAPClient

from tests.demo.raw import RawImap
from tuimail.demo.imap import capabilities
from tuimail.demo.imap.envelope import parse_addresses
from tuimail.demo.imap.structure import body_structure, parse_message, section
from tuimail.demo.imap.syntax import BadSyntax, decode_mailbox, encode_mailbox, format_set, parse_command, pick_from_set
from tuimail.demo.mailstore import MailStore
from tuimail.demo.server import DemoServer

LETTER = b"From: a@example.org\r\nSubject: %d\r\n\r\nhello\r\n"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """A server with five letters in INBOX, and an Archive."""
    with DemoServer.start(samples=False) as started:
        for number in range(1, 6):
            started.deliver(LETTER % number)
        started.store.create("Archive")
        yield started


@pytest.fixture
def client(server: DemoServer) -> Iterator[RawImap]:
    """Logged in, INBOX selected."""
    with RawImap(server.imap_port) as raw:
        raw.command(f"LOGIN {server.user} {server.password}")
        raw.command("SELECT INBOX")
        yield raw


def resynced(server: DemoServer) -> RawImap:
    """A client with QRESYNC enabled."""
    raw = RawImap(server.imap_port)
    raw.command(f"LOGIN {server.user} {server.password}")
    assert raw.command("ENABLE QRESYNC")[0] == b"* ENABLED QRESYNC"
    return raw


# -- logging in -------------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_refused_and_a_right_one_is_not(server: DemoServer) -> None:
    with RawImap(server.imap_port) as raw:
        assert b"NO [AUTHENTICATIONFAILED]" in raw.command(f"LOGIN {server.user} wrong")[-1]
        assert b" OK [CAPABILITY IMAP4rev1" in raw.command(f"LOGIN {server.address} {server.password}")[-1]


def test_plain_works_with_and_without_an_initial_response(server: DemoServer) -> None:
    secret = base64.b64encode(f"\0{server.user}\0{server.password}".encode()).decode()
    with RawImap(server.imap_port) as raw:
        assert b" OK " in raw.command(f"AUTHENTICATE PLAIN {secret}")[-1]
    with RawImap(server.imap_port) as raw:
        tag = raw.start("AUTHENTICATE PLAIN")
        assert raw.line() == b"+ "
        raw.send(secret + "\r\n")
        assert b" OK " in raw.finish(tag)[-1]


def test_a_cancelled_login_leaves_the_connection_usable(server: DemoServer) -> None:
    with RawImap(server.imap_port) as raw:
        tag = raw.start("AUTHENTICATE PLAIN")
        raw.line()
        raw.send("*\r\n")
        assert b" BAD " in raw.finish(tag)[-1]
        assert b" OK " in raw.command("NOOP")[-1]


def test_nothing_secret_stands_in_the_log(server: DemoServer, client: RawImap) -> None:
    assert server.log[:2] == ["LOGIN", "SELECT INBOX"]
    assert not any(server.password in line for line in server.log)


def test_starttls_drops_what_was_sent_before_it_and_offers_no_login_without_it() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with DemoServer.start(samples=False, starttls=context) as server:
        with RawImap(server.imap_port) as raw:
            assert b"LOGINDISABLED" in raw.greeting
            assert b"AUTH=" not in raw.greeting
            assert b"NO [PRIVACYREQUIRED]" in raw.command(f"LOGIN {server.user} {server.password}")[-1]
        client = IMAPClient(server.host, server.imap_port, ssl=False)
        client.starttls(trusting)
        assert b"STARTTLS" not in client.capabilities()
        client.login(server.user, server.password)
        client.logout()


def test_a_command_that_was_smuggled_in_before_tls_is_not_run_under_it() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with DemoServer.start(samples=False, starttls=context) as server, RawImap(server.imap_port) as raw:
        raw.send("a STARTTLS\r\nb NOOP\r\n")
        assert raw.line().startswith(b"a OK")
        raw.start_tls(trusting)
        assert raw.command("NOOP") == [b"t1 OK done"]


def scram(raw: RawImap, user: str, password: str) -> list[bytes]:
    """Log in by SCRAM-SHA-256 as RFC 5802 3 has it; the lines after the client's proof."""
    first = f"n={user},r=abc"
    tag = raw.start("AUTHENTICATE SCRAM-SHA-256 " + base64.b64encode(b"n,," + first.encode()).decode())
    challenge = base64.b64decode(raw.line().removeprefix(b"+ ")).decode()
    nonce, salt, rounds = (piece[2:] for piece in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    without_proof = f"c=biws,r={nonce}"
    signed = f"{first},{challenge},{without_proof}".encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature, strict=True))).decode()
    raw.send(base64.b64encode(f"{without_proof},p={proof}".encode()) + b"\r\n")
    answer = raw.line()
    if not answer.startswith(b"+ "):
        return [answer]
    expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    assert base64.b64decode(answer[2:]) == b"v=" + base64.b64encode(expected)
    raw.send("\r\n")
    return raw.finish(tag)


def test_scram_proves_both_sides(server: DemoServer) -> None:
    with RawImap(server.imap_port) as raw:
        assert b" NO [AUTHENTICATIONFAILED]" in scram(raw, server.user, "wrong")[-1]
        assert b" NO [AUTHENTICATIONFAILED]" in scram(raw, "nobody", "")[-1]
        assert b" OK " in scram(raw, server.user, server.password)[-1]


def test_implicit_tls_serves_imap() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with DemoServer.start(samples=False, tls=context) as server:
        client = IMAPClient(server.host, server.imap_port, ssl=True, ssl_context=trusting)
        client.login(server.user, server.password)
        assert client.select_folder("INBOX")[b"EXISTS"] == 0
        client.logout()


# -- profiles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "command"),
    [
        (capabilities.OUTLOOK, "ENABLE CONDSTORE"),
        (capabilities.OUTLOOK, "NOTIFY NONE"),
        (capabilities.CONDSTORE_ONLY, "COMPRESS DEFLATE"),
        (capabilities.BARE, "IDLE"),
        (capabilities.BARE, "NAMESPACE"),
        (capabilities.BARE, "UID MOVE 1 Archive"),
        (capabilities.BARE, "UID EXPUNGE 1"),
        (capabilities.BARE, "UNSELECT"),
    ],
)
def test_what_a_profile_lacks_is_an_unknown_command(offered: frozenset[str], command: str) -> None:
    with DemoServer.start(samples=False, capabilities=offered) as server, RawImap(server.imap_port) as raw:
        raw.command(f"LOGIN {server.user} {server.password}")
        raw.command("SELECT INBOX")
        assert b" BAD " in raw.command(command)[-1]


def test_a_plain_server_tells_no_special_use_and_no_modseq() -> None:
    with DemoServer.start(capabilities=capabilities.OUTLOOK) as server, RawImap(server.imap_port) as raw:
        raw.command(f"LOGIN {server.user} {server.password}")
        assert not any(b"\\Sent" in line for line in raw.command('LIST "" "*"'))
        assert not any(b"HIGHESTMODSEQ" in line for line in raw.command("SELECT INBOX"))
        assert b" BAD " in raw.command("FETCH 1 MODSEQ")[-1]
        assert b" BAD " in raw.command("STATUS INBOX (HIGHESTMODSEQ)")[-1]


def test_one_list_tells_special_uses_and_counts() -> None:
    with DemoServer.start() as server, RawImap(server.imap_port) as raw:
        raw.command(f"LOGIN {server.user} {server.password}")
        lines = raw.command('LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UNSEEN))')
    assert b'* LIST (\\HasNoChildren \\Drafts \\Subscribed) "/" "Drafts"' in lines
    assert b'* STATUS "Drafts" (MESSAGES 1 UNSEEN 0)' in lines
    assert b'* LIST (\\HasNoChildren \\Subscribed) "/" "Lists/Caf&AOk- des sciences"' in lines


def test_a_refusal_hook_answers_in_place_of_the_command(server: DemoServer, client: RawImap) -> None:
    server.refusals["STORE"] = "NO [LIMIT] not now"
    assert client.command("STORE 1 +FLAGS (\\Seen)")[-1].endswith(b"NO [LIMIT] not now")
    del server.refusals["STORE"]
    assert b" OK " in client.command("STORE 1 +FLAGS (\\Seen)")[-1]


# -- what is told, and when -------------------------------------------------------------------------------------------


def test_an_expunge_is_held_back_during_fetch_and_told_at_noop(server: DemoServer, client: RawImap) -> None:
    server.store.mailbox("INBOX").expunge([2, 3])
    assert not any(b"EXPUNGE" in line for line in client.command("FETCH 5 UID"))
    assert client.command("NOOP")[:2] == [b"* 2 EXPUNGE", b"* 2 EXPUNGE"]
    assert client.command("FETCH 2:3 UID")[:2] == [b"* 2 FETCH (UID 4)", b"* 3 FETCH (UID 5)"]


def test_a_uid_command_may_tell_an_expunge(server: DemoServer, client: RawImap) -> None:
    server.store.mailbox("INBOX").expunge([1])
    assert b"* 1 EXPUNGE" in client.command("UID FETCH 5 FLAGS")


def test_another_clients_flags_are_told_once(server: DemoServer, client: RawImap) -> None:
    inbox = server.store.mailbox("INBOX")
    inbox.set_flags(inbox.messages[1], ["\\Seen", "Work"])
    assert client.command("NOOP")[0] == b"* 2 FETCH (FLAGS (\\Seen Work))"
    assert len(client.command("NOOP")) == 1


def test_idle_pushes_mail_flags_and_expunges_at_once(server: DemoServer, client: RawImap) -> None:
    tag = client.start("IDLE")
    assert client.line().startswith(b"+ ")
    server.deliver(LETTER % 6)
    assert [client.line(), client.line()] == [b"* 6 EXISTS", b"* 0 RECENT"]
    inbox = server.store.mailbox("INBOX")
    inbox.set_flags(inbox.messages[0], ["\\Flagged"])
    assert client.line() == b"* 1 FETCH (FLAGS (\\Flagged))"
    inbox.expunge([4])
    assert client.line() == b"* 4 EXPUNGE"
    client.send("DONE\r\n")
    assert b" OK " in client.finish(tag)[-1]


def test_notify_pushes_other_mailboxes_and_envelopes_without_idle(server: DemoServer, client: RawImap) -> None:
    events = "(MessageNew (UID FLAGS) MessageExpunge FlagChange)"
    command = f"NOTIFY SET (selected-delayed {events}) (personal (MessageNew MessageExpunge FlagChange))"
    assert b" OK " in client.command(command)[-1]
    server.deliver(LETTER % 7, "Archive")
    assert client.line().startswith(b'* STATUS "Archive" (MESSAGES 1 UIDNEXT 2 ')
    server.deliver(LETTER % 8)
    assert [client.line() for _ in range(3)][2] == b"* 6 FETCH (UID 6 FLAGS ())"


def test_a_mailbox_that_is_deleted_while_it_is_open_ends_the_connection(server: DemoServer, client: RawImap) -> None:
    client.command("SELECT Archive")
    server.store.delete("Archive")
    client.start("NOOP")
    assert client.line().startswith(b"* BYE")


# -- CONDSTORE and QRESYNC --------------------------------------------------------------------------------------------


def test_changedsince_answers_only_what_changed(server: DemoServer, client: RawImap) -> None:
    inbox = server.store.mailbox("INBOX")
    before = inbox.highest_modseq
    inbox.set_flags(inbox.messages[2], ["\\Seen"])
    lines = client.command(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before})")
    fetched = [line for line in lines if b"FETCH (UID" in line]
    assert fetched == [b"* 3 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (%d))" % inbox.highest_modseq]


def test_unchangedsince_leaves_alone_what_another_client_changed(server: DemoServer, client: RawImap) -> None:
    inbox = server.store.mailbox("INBOX")
    before = inbox.highest_modseq
    inbox.set_flags(inbox.messages[0], ["\\Flagged"])
    lines = client.command(f"UID STORE 1:2 (UNCHANGEDSINCE {before}) +FLAGS.SILENT (\\Seen)")
    assert b"OK [MODIFIED 1]" in lines[-1]
    assert [message.flags for message in inbox.messages[:2]] == [{"\\Flagged"}, {"\\Seen"}]


def test_qresync_tells_on_select_what_happened_meanwhile(server: DemoServer) -> None:
    inbox = server.store.mailbox("INBOX")
    known = inbox.highest_modseq
    inbox.expunge([2, 4])
    inbox.set_flags(inbox.messages[0], ["\\Seen"])
    server.deliver(LETTER % 6)
    with resynced(server) as raw:
        lines = raw.command(f"SELECT INBOX (QRESYNC ({inbox.uid_validity} {known}))")
        assert b"* VANISHED (EARLIER) 2,4" in lines
        assert b"* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (8))" in lines
        assert b"* 4 FETCH (UID 6 FLAGS () MODSEQ (9))" in lines
        assert sum(b" FETCH " in line for line in lines) == 2


def test_qresync_with_known_uids_speaks_only_of_them(server: DemoServer) -> None:
    inbox = server.store.mailbox("INBOX")
    inbox.expunge([1, 5])
    with resynced(server) as raw:
        lines = raw.command(f"SELECT INBOX (QRESYNC ({inbox.uid_validity} 1 1:2))")
    assert b"* VANISHED (EARLIER) 1" in lines


def test_qresync_under_another_uidvalidity_tells_nothing(server: DemoServer) -> None:
    server.store.mailbox("INBOX").expunge([1])
    with resynced(server) as raw:
        lines = raw.command("SELECT INBOX (QRESYNC (1 1))")
    assert not any(b"VANISHED" in line or b"FETCH" in line for line in lines)


def test_qresync_turns_expunges_into_vanished(server: DemoServer) -> None:
    with resynced(server) as raw:
        raw.command("SELECT INBOX")
        raw.command("UID STORE 1:3 +FLAGS.SILENT (\\Deleted)")
        lines = raw.command("UID EXPUNGE 1:2")
    assert lines[0] == b"* VANISHED 1:2"
    assert b"[HIGHESTMODSEQ" in lines[-1]


def test_a_new_uidvalidity_gives_new_uids_and_can_turn_them_round(server: DemoServer) -> None:
    inbox = server.store.mailbox("INBOX")
    before = [message.raw for message in inbox.messages]
    validity = inbox.uid_validity
    inbox.renew_uid_validity(reverse=True)
    assert inbox.uid_validity > validity
    assert [message.uid for message in inbox.messages] == [1, 2, 3, 4, 5]
    assert [message.raw for message in inbox.messages] == before[::-1]


# -- changes by clients -----------------------------------------------------------------------------------------------


def test_append_and_move_answer_with_the_new_uids(server: DemoServer, client: RawImap) -> None:
    tag = client.start('APPEND Archive (\\Seen Work) "01-Feb-2024 10:00:00 +0100" {6}')
    assert client.line().startswith(b"+ ")
    client.send(b"A: b\r\n\r\n")
    archive = server.store.mailbox("Archive")
    assert b"OK [APPENDUID %d 1]" % archive.uid_validity in client.finish(tag)[-1]
    assert archive.messages[0].flags == {"\\Seen", "Work"}
    lines = client.command("UID MOVE 2,4 Archive")
    assert lines[0].startswith(b"* OK [COPYUID %d 2,4 2:3]" % archive.uid_validity)
    assert lines[1:3] == [b"* 2 EXPUNGE", b"* 3 EXPUNGE"]


def test_append_to_a_mailbox_that_is_not_there_says_trycreate(client: RawImap) -> None:
    assert b"NO [TRYCREATE]" in client.command("APPEND Nowhere {1+}\r\nx")[-1]


def test_keywords_are_kept_and_listed(client: RawImap) -> None:
    client.command("STORE 1 +FLAGS ($Forwarded NonJunk)")
    flags = next(line for line in client.command("SELECT INBOX") if line.startswith(b"* FLAGS"))
    assert b"$Forwarded NonJunk" in flags


def test_fetching_a_body_marks_it_seen_and_peeking_does_not(server: DemoServer, client: RawImap) -> None:
    client.command("FETCH 1 BODY.PEEK[]")
    client.command("FETCH 2 BODY[]")
    messages = server.store.mailbox("INBOX").messages
    assert [message.flags for message in messages[:2]] == [frozenset(), {"\\Seen"}]


def test_compression_goes_both_ways(server: DemoServer) -> None:
    with RawImap(server.imap_port) as raw:
        raw.command(f"LOGIN {server.user} {server.password}")
        assert b" OK " in raw.command("COMPRESS DEFLATE")[-1]
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        raw.send(deflate.compress(b"z1 STATUS INBOX (MESSAGES)\r\n") + deflate.flush(zlib.Z_SYNC_FLUSH))
        inflate = zlib.decompressobj(-15)
        received = b""
        while b"z1 OK" not in received:
            received += inflate.decompress(raw.receive())
    assert b'* STATUS "INBOX" (MESSAGES 5)' in received


# -- the server itself ------------------------------------------------------------------------------------------------


def test_offline_refuses_and_online_has_the_same_port_and_mail(server: DemoServer, client: RawImap) -> None:
    port = server.imap_port
    server.go_offline()
    with pytest.raises((EOFError, ConnectionError)):
        client.command("NOOP")
    with pytest.raises(ConnectionError):
        RawImap(port)
    server.go_online()
    with RawImap(port) as raw:
        raw.command(f"LOGIN {server.user} {server.password}")
        assert b"* 5 EXISTS" in raw.command("SELECT INBOX")


def test_many_clients_see_one_mailbox(server: DemoServer) -> None:
    raws = [RawImap(server.imap_port) for _ in range(3)]
    for raw in raws:
        raw.command(f"LOGIN {server.user} {server.password}")
        raw.command("SELECT INBOX")
    raws[0].command("STORE 1 +FLAGS (\\Deleted)")
    raws[1].command("EXPUNGE")
    assert raws[2].command("NOOP")[0] == b"* 1 EXPUNGE"
    for raw in raws:
        raw.__exit__(None, None, None)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\r\n",
        b"x\r\n",
        b"a FETCH\r\n",
        b"a FETCH 1 (((((\r\n",
        b'a LIST "\r\n',
        b"\xff\xfe\r\n",
        b"a UID UID UID\r\n",
        b"a SELECT {3+}\r\na\r\n\r\n",
    ],
)
def test_nonsense_is_answered_and_the_connection_lives(client: RawImap, nonsense: bytes) -> None:
    client.send(nonsense)
    client.send(b"\r\n")
    tag = client.start("NOOP")
    assert b" OK " in client.finish(tag)[-1]


# -- pure parts -------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_any_bytes_are_a_message(raw: bytes) -> None:
    tree = parse_message(raw)
    assert body_structure(tree, extended=True).startswith(b"(")
    assert section(tree, "") == raw


_PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"text\r\n",
    ]
)


@given(st.lists(_PIECES, max_size=25))
@settings(max_examples=200)
def test_the_parts_of_any_structure_lie_inside_it(pieces: list[bytes]) -> None:
    for part in parse_message(b"".join(pieces)).walk():
        assert part.start <= part.body <= part.end
        for child in part.children:
            assert part.body <= child.start <= child.end <= part.end


def test_a_message_nested_a_thousand_deep_is_cut_off() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 1000 + b"\r\nend\r\n"
    assert b"octet-stream" in body_structure(parse_message(raw), extended=True)


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_have_addresses_or_none(value: bytes) -> None:
    assert isinstance(parse_addresses(value), list)


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30))
@settings(max_examples=100)
def test_a_mailbox_name_survives_modified_utf7(name: str) -> None:
    encoded = encode_mailbox(name)
    assert re.fullmatch(rb"[\x20-\x7e]*", encoded)
    assert decode_mailbox(encoded) == name


@given(st.sets(st.integers(1, 60)))
@settings(max_examples=100)
def test_a_sequence_set_names_just_its_numbers(numbers: set[int]) -> None:
    ascending = sorted(numbers)
    if ascending:
        assert pick_from_set(format_set(ascending), range(1, 61)) == ascending


def test_star_is_the_last_message_even_below_the_range() -> None:
    assert pick_from_set(b"9:*", [1, 2, 3]) == [3]
    assert pick_from_set(b"*:2", [1, 2, 3]) == [2, 3]
    assert pick_from_set(b"*", []) == []


@given(st.binary(max_size=60))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_any_line_is_a_command_or_bad_syntax(line: bytes) -> None:
    try:
        parse_command([line])
    except BadSyntax:
        return


def test_listeners_are_told_and_can_leave() -> None:
    store = MailStore()
    heard: list[str] = []
    stop = store.listen(lambda mailbox: heard.append(mailbox.name))
    store.mailbox("inbox").append(b"a: b\n\n")
    stop()
    store.create("Other")
    assert heard == ["INBOX"]


def test_renaming_takes_inferiors_along_and_keeps_uids() -> None:
    store = MailStore()
    store.create("a/b").append(b"x: y\n\n")
    store.rename("a", "c")
    assert store.names() == ["INBOX", "c", "c/b"]
    assert store.mailbox("c/b").messages[0].raw == b"x: y\r\n\r\n"
