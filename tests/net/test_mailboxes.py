"""LIST, STATUS and SELECT in the manner of several servers."""

from __future__ import annotations

import pytest

from tests.fakes.scripted import Peer
from tests.net.conftest import answering, signed_in
from tuimail.errors import ProtocolViolation, ServerRefused
from tuimail.model import Role
from tuimail.net.imap.session import Appended, Copied, FetchedFlags, ImapSession, Known, Limits, Listed, StatusNews

ALL = "IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ UIDPLUS MOVE IDLE LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE"


def listed(*answers: str, capabilities: str = ALL, subscribed_only: bool = False) -> list[Listed]:
    with signed_in(answering(*answers), capabilities=capabilities) as session:
        return session.list_mailboxes(subscribed_only=subscribed_only)


def test_one_round_trip_tells_everything() -> None:
    found = listed(
        '* LIST (\\Subscribed) "/" INBOX|* STATUS INBOX (MESSAGES 9 UNSEEN 2 UIDNEXT 10 UIDVALIDITY 5 HIGHESTMODSEQ 7)|'
        '* LIST (\\Noselect) "/" "Lists"|* LIST (\\Sent) "/" "Lists/Entw&APw-rfe"|'
        '* STATUS "Lists/Entw&APw-rfe" (MESSAGES 0 UNSEEN 0 )|{tag} OK'
    )
    assert found == [
        Listed("INBOX", "/", Role.INBOX, True, True, 9, 2, 5, 10, 7),
        Listed("Lists", "/", Role.NONE, False, False, None, None, None, None, None),
        Listed("Lists/Entwürfe", "/", Role.SENT, True, False, 0, 0, None, None, None),
    ]


def test_a_server_without_extensions_is_asked_one_thing_at_a_time() -> None:
    found = listed(
        '* LIST (\\HasNoChildren) "." INBOX|* LIST () "." "INBOX.Gesendete Objekte"|* LIST (\\Noselect) NIL x|{tag} OK',
        '* LSUB () "." "INBOX.Gesendete Objekte"|{tag} OK',
        "* STATUS INBOX (MESSAGES 3 UNSEEN 1 UIDVALIDITY 2 UIDNEXT 8)|{tag} OK",
        "{tag} NO gone",
        capabilities="IMAP4rev1 AUTH=PLAIN",
    )
    assert [(m.name, m.role, m.subscribed, m.server_total) for m in found] == [
        ("INBOX", Role.INBOX, True, 3), ("INBOX.Gesendete Objekte", Role.SENT, True, None),
        ("x", Role.NONE, False, None),
    ]  # fmt: skip


def test_statuses_travel_together() -> None:
    """Twenty in flight: the peer answers the first only after it has read the last."""

    def script(peer: Peer) -> None:
        for size in (20, 5):
            commands = [peer.command() for _ in range(size)]
            for tag, command in commands:
                name = command.split()[1]
                peer.lines(f"* STATUS {name} (MESSAGES 1 UNSEEN 0)", f"{tag} OK")

    with signed_in(script) as session:
        assert len(session.statuses([f"box {n}".replace(" ", "-") for n in range(25)])) == 25


def test_a_server_that_chokes_on_the_long_form_gets_the_short_one() -> None:
    found = listed("{tag} BAD what", '* LIST (\\Trash) "/" Bin|{tag} OK', "{tag} BAD no LSUB", "{tag} OK")
    assert [(m.name, m.role) for m in found] == [("Bin", Role.TRASH)]


def test_only_subscribed_mailboxes_and_always_the_inbox() -> None:
    answer = (
        '* LIST () "/" inbox|* STATUS INBOX (MESSAGES 1)|* LIST (\\Subscribed) "/" a|* STATUS a (MESSAGES 1)|'
        '* LIST () "/" b|* STATUS b (MESSAGES 1)|{tag} OK'
    )
    assert [m.name for m in listed(answer, subscribed_only=True)] == ["INBOX", "a"]


ODD_NAMES = {
    "terminal": '"a\x1b]0;PWN\x07b"',
    "path": '"../../../etc/passwd"',
    "raw utf-8": '"Entwürfe"',
    "quotes": '"say \\"hi\\" \\\\ ok"',
    "nil": "NIL",
    "number": '"2024"',
    "literal": "{3}|a{b",
}


@pytest.mark.parametrize("spelled", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_are_opened_as_they_were_listed(spelled: str) -> None:
    opened: list[str] = []

    def script(peer: Peer) -> None:
        listing = f'* LIST () "/" {spelled}|'.replace("|", "\r\n").encode()
        for before in (listing, b"", b"", b""):
            tag, command = peer.command()
            opened.append(command)
            peer.send(before + f"{tag} OK\r\n".encode())

    with signed_in(script, capabilities="IMAP4rev1 AUTH=PLAIN LITERAL+") as session:
        (found,) = session.list_mailboxes()
        session.select(found.name)
    expected = {"nil": '"NIL"', "literal": '"a{b"', "raw utf-8": "Entwürfe"}  # ours has no quotes around a literal
    name = next(key for key, value in ODD_NAMES.items() if value == spelled)
    assert opened[-1] == f"SELECT {expected.get(name, spelled)}"


def test_names_that_cannot_be_sent_back_and_ghosts_are_left_out() -> None:
    found = listed('* LIST () "/" {3}|a|*|* LIST (\\NonExistent) "/" ghost|* LIST () "/" ""|{tag} OK', "{tag} OK")
    assert found == []


def test_a_role_is_given_once() -> None:
    answer = '* LIST (\\Sent) "/" a|* LIST (\\Sent) "/" b|* LIST () "/" "Sent Items"|* LIST () "/" Spam|{tag} OK'
    found = listed(answer, *["{tag} NO"] * 4)
    assert [m.role for m in found] == [Role.SENT, Role.NONE, Role.NONE, Role.JUNK]


@pytest.mark.parametrize(
    "answer",
    ["* LIST x", "* LIST (a", '* LIST () "/"', "* LIST () (a) b", "* STATUS x (MESSAGES y)", "* STATUS (a) ()"],
)
def test_a_listing_that_cannot_be_read_ends_the_session(answer: str) -> None:
    with signed_in(answering(answer + "|{tag} OK"), capabilities=ALL) as session:
        with pytest.raises(ProtocolViolation):
            session.list_mailboxes()
        assert not session.alive


def test_ten_thousand_mailboxes_are_the_limit() -> None:
    answer = "".join(f'* LIST () "/" m{n}|* STATUS m{n} (MESSAGES 1)|' for n in range(10_001)) + "{tag} OK"
    assert len(listed(answer)) == 10_000


SELECTED = (
    "* FLAGS (\\Seen a)|* 172 EXISTS|* 1 RECENT|* OK [UIDVALIDITY 3857529045] ok|* OK [UIDNEXT 4392]|"
    "* OK [PERMANENTFLAGS (\\Seen a] \\*)] Limited|* OK [HIGHESTMODSEQ 715194045007]|"
)


def test_a_mailbox_is_opened() -> None:
    with signed_in(answering(SELECTED + "{tag} OK [READ-WRITE] done")) as session:
        selected = session.select("INBOX")
    assert (selected.uid_validity, selected.uid_next, selected.exists) == (3857529045, 4392, 172)
    assert selected.highest_modseq == 715194045007
    assert selected.permanent_flags == {"\\Seen", "a]", "\\*"}
    assert not selected.read_only
    assert not selected.resynced


def test_what_the_server_leaves_out_is_none() -> None:
    with signed_in(answering("* 0 EXISTS|* OK [NOMODSEQ] none|{tag} OK [READ-ONLY]")) as session:
        selected = session.select("INBOX")
    assert selected.uid_validity == 0
    assert selected.uid_next is None
    assert selected.highest_modseq is None
    assert selected.read_only


def parameters(session: ImapSession, *, qresync: bool, condstore: bool, known: Known | None) -> None:
    session.qresync, session.condstore = qresync, condstore
    session.select("INBOX", known=known)


@pytest.mark.parametrize(
    ("qresync", "condstore", "known", "command"),
    [
        (False, False, Known(5, 7), 'SELECT "INBOX"'),
        (False, True, Known(5, 7), 'SELECT "INBOX" (CONDSTORE)'),
        (True, True, None, 'SELECT "INBOX"'),
        (True, True, Known(5, 7, "1:4"), 'SELECT "INBOX" (QRESYNC (5 7 1:4))'),
        (True, True, Known(5, 7), 'SELECT "INBOX" (QRESYNC (5 7))'),
        (True, True, Known(0, 7), 'SELECT "INBOX"'),
        (True, True, Known(5, 7, ",".join(map(str, range(1, 9999, 2)))), 'SELECT "INBOX" (QRESYNC (5 7))'),
    ],
)
def test_the_known_state_is_told_where_it_helps(
    qresync: bool, condstore: bool, known: Known | None, command: str
) -> None:
    heard: list[str] = []

    def script(peer: Peer) -> None:
        tag, said = peer.command()
        heard.append(said)
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        parameters(session, qresync=qresync, condstore=condstore, known=known)
    assert heard == [command]


CHANGES = "* VANISHED (EARLIER) 1:2,9|* 3 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (8))|* 4 FETCH (FLAGS () UID 4)|"


@pytest.mark.parametrize(
    ("validity", "resynced"), [("3857529045", True), ("1", False)]
)
def test_the_difference_counts_only_under_the_known_uid_validity(validity: str, resynced: bool) -> None:
    answer = SELECTED.replace("3857529045", validity) + CHANGES + "{tag} OK"
    with signed_in(answering(answer)) as session:
        session.qresync = session.condstore = True
        selected = session.select("INBOX", known=Known(3857529045, 7))
    assert selected.resynced is resynced
    assert selected.vanished == [(1, 2), (9, 9)]
    assert selected.changed == [FetchedFlags(3, 1, "", 8), FetchedFlags(4, 0, "", None)]


def test_what_was_said_of_the_old_mailbox_is_not_mixed_in() -> None:
    answer = "* VANISHED 5|* 9 EXISTS|* OK [UIDVALIDITY 1]|* OK [CLOSED] bye|" + SELECTED + "{tag} OK"
    with signed_in(answering(answer)) as session:
        selected = session.select("INBOX")
        assert not session.take_news()
    assert (selected.uid_validity, selected.exists, selected.vanished) == (3857529045, 172, [])


def test_news_of_the_old_mailbox_is_forgotten_when_another_is_opened() -> None:
    with signed_in(answering("* 7 EXISTS|{tag} OK", SELECTED + "{tag} OK")) as session:
        session.unselect()
        session._dialogue.run("NOOP")
        session.select("INBOX")
        assert not session.take_news()


def test_a_mailbox_that_is_not_there_is_refused_and_the_session_goes_on() -> None:
    with signed_in(answering("{tag} NO [NONEXISTENT] no such mailbox \x1b[31m", "{tag} OK")) as session:
        with pytest.raises(ServerRefused) as caught:
            session.select("nothing")
        assert caught.value.code == "NONEXISTENT"
        assert "no such mailbox" in caught.value.sentence
        assert caught.value.sentence.isprintable()
        assert caught.value.advice
        session.noop()


def test_a_status_names_the_mailbox_that_was_asked_for() -> None:
    with signed_in(answering("* STATUS {3}|a b (MESSAGES 4 UNSEEN 1)|{tag} OK")) as session:
        assert session.status("a b") == StatusNews("a b", 4, 1, None, None, None)


def test_search_answers_of_both_sorts() -> None:
    with signed_in(answering("* SEARCH 5 3|* SEARCH 9 (MODSEQ 7)|* SEARCH|{tag} OK", "{tag} OK")) as session:
        assert session.search_uids() == [3, 5, 9]
        assert session.search_uids() == []
    answer = '* ESEARCH (TAG "t3") UID ALL 7:9,2 COUNT 4|{tag} OK'
    with signed_in(answering(answer, '* ESEARCH (TAG "t4") UID|{tag} OK'), capabilities=ALL + " ESEARCH") as session:
        assert session.search_uids() == [2, 7, 8, 9]
        assert session.search_uids() == []


def test_a_search_over_half_a_million_messages_fits() -> None:
    numbers = " ".join(str(n) for n in range(1, 500_001))
    with signed_in(answering("* SEARCH " + numbers + "|{tag} OK")) as session:
        assert session.search_uids() == list(range(1, 500_001))


@pytest.mark.parametrize("answer", ["* SEARCH x", "* SEARCH 0", "* SEARCH 4294967296", "* SEARCH -1"])
def test_a_search_that_cannot_be_read_ends_the_session(answer: str) -> None:
    with signed_in(answering(answer + "|{tag} OK")) as session:
        with pytest.raises(ProtocolViolation):
            session.search_uids()
        assert not session.alive


def test_esearch_of_four_billion_is_a_violation() -> None:
    answer = '* ESEARCH (TAG "t3") UID ALL 1:4294967295|{tag} OK'
    with signed_in(answering(answer), capabilities=ALL + " ESEARCH") as session, pytest.raises(ProtocolViolation):
        session.search_uids()


def test_search_values_are_never_syntax() -> None:
    heard: list[bytes] = []

    def script(peer: Peer) -> None:
        tag, _ = peer.command()
        heard.extend(peer.received[-1:])
        peer.lines(f"{tag} OK")
        tag, _ = peer.command()
        heard.extend(peer.received[-2:])
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        session.search_uids(["HEADER", "MESSAGE-ID", b'<a" OR ALL \\>'])
        session.search_uids(["SUBJECT", "grün".encode()])
    assert heard[0].endswith(b'UID SEARCH HEADER MESSAGE-ID "<a\\" OR ALL \\\\>"\r\n')
    assert heard[1].endswith(b"UID SEARCH CHARSET UTF-8 SUBJECT {5+}\r\n")


def test_long_sets_are_split_into_commands_that_servers_take() -> None:
    heard: list[bytes] = []

    def script(peer: Peer) -> None:
        for _ in range(3):
            tag, _ = peer.command()
            heard.append(peer.received[-1])
            peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        assert session.store_flags(",".join(map(str, range(1, 8000, 2))), add=["\\Seen"]) == []
    assert all(len(line) < 8000 for line in heard)
    assert len(heard) == 3


def test_a_move_tells_where_messages_went() -> None:
    answer = "* OK [COPYUID 38 3,5:6 10:12] moved|* 3 EXPUNGE|{tag} OK done"
    with signed_in(answering(answer, "{tag} OK [COPYUID 38 1 13] x", "{tag} OK [COPYUID junk] x")) as session:
        assert session.move("3,5:6", "Archive") == Copied(38, [3, 5, 6], [10, 11, 12])
        assert session.copy("1", "Archive") == Copied(38, [1], [13])
        assert session.copy("1", "Archive") is None


def test_without_move_a_message_is_copied_marked_and_removed_alone() -> None:
    heard: list[str] = []

    def script(peer: Peer) -> None:
        for _ in range(3):
            tag, command = peer.command()
            heard.append(command)
            peer.lines(f"{tag} OK")

    with signed_in(script, capabilities="IMAP4rev1 AUTH=PLAIN UIDPLUS") as session:
        session.move("3", "Bin")
    assert heard == ['UID COPY 3 "Bin"', "UID STORE 3 +FLAGS (\\Deleted)", "UID EXPUNGE 3"]


def test_an_appended_message_is_sent_as_it_is() -> None:
    received: list[bytes] = []
    raw = b"Subject: \xff\r\n\r\nt9 LOGOUT\r\n.\r\n"

    def script(peer: Peer) -> None:
        tag, _, command = peer.line().partition(b" ")
        peer.lines("+ go")
        received.extend([command, peer.octets(len(raw)), peer.line()])
        peer.send(tag + b" OK [APPENDUID 38 4] done\r\n")

    with signed_in(script, capabilities="IMAP4rev1 AUTH=PLAIN") as session:
        told = session.append("Sent", raw, flags=["\\Seen"], received_at=837596665)
    assert told == Appended(38, 4)
    date = b'"17-Jul-1996 09:44:25 +0000"'
    assert received == [b'APPEND "Sent" (\\Seen) ' + date + b" {%d}" % len(raw), raw, b""]


def test_a_literal_that_the_server_does_not_want_is_not_sent() -> None:
    with signed_in(answering("{tag} OK"), capabilities="IMAP4rev1 AUTH=PLAIN") as session:
        session.noop()

    def script(peer: Peer) -> None:
        tag, _, _ = peer.line().partition(b" ")
        peer.send(tag + b" NO [OVERQUOTA] full\r\n")
        other, _, command = peer.line().partition(b" ")
        assert command == b"NOOP"
        peer.send(other + b" OK\r\n")

    with signed_in(script, capabilities="IMAP4rev1 AUTH=PLAIN") as session:
        with pytest.raises(ServerRefused) as caught:
            session.append("Sent", b"x" * 5000)
        assert caught.value.code == "OVERQUOTA"
        session.noop()


def test_a_server_that_confirms_no_qresync_is_not_trusted_with_it() -> None:
    capabilities = "IMAP4rev1 AUTH=PLAIN ENABLE QRESYNC CONDSTORE"
    with signed_in(answering("{tag} OK"), capabilities=capabilities) as session:
        session.enable_all()
        assert not session.qresync
        assert session.condstore
    with signed_in(answering("{tag} BAD"), capabilities=capabilities) as session:
        session.enable_all()
        assert not session.qresync


def test_an_account_of_few_words_has_small_limits() -> None:
    with signed_in(answering("* LIST () NIL {99}|{tag} OK"), limits=Limits(literal_octets=98)) as session:
        with pytest.raises(ProtocolViolation):
            session.list_mailboxes()
        assert not session.alive
