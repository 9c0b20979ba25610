"""The FETCH reader: agrees with IMAPClient's parser, survives any octets, gives nothing to the wrong message."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from tests.fakes.scripted import Peer
from tests.net.conftest import answering, signed_in
from tuimail.errors import Dropped, ProtocolViolation, ServerRefused
from tuimail.model import Flag, Section
from tuimail.net.imap import fetch
from tuimail.net.imap.answers import Answer, Pieces
from tuimail.net.imap.limits import Limits
from tuimail.net.imap.session import FetchedFlags, FetchedHeader, ImapSession

FIELDS = "BODY[HEADER.FIELDS (DATE FROM SENDER REPLY-TO TO CC SUBJECT MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID)]"
PLAIN = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1 NIL NIL NIL NIL)'


def message(uid: int, header: str = "Subject: x||", structure: str = PLAIN, flags: str = "\\Seen") -> str:
    """One response as common servers send it; `|` stands for CRLF."""
    length = len(header.replace("|", "\r\n"))
    return (
        f'* 9 FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 4286 '
        f"BODYSTRUCTURE {structure} {FIELDS} {{{length}}}|{header})"
    )


def headers(*answer: str, uids: str = "1:9") -> list[FetchedHeader]:
    """What comes of a header request that is answered so."""
    with signed_in(answering("|".join(answer))) as session:
        return list(session.fetch_headers(uids))


def test_a_message_is_read_whole() -> None:
    assert headers(message(4, flags="\\Seen \\Recent $Junk a \\ANSWERED"), "{tag} OK done") == [
        FetchedHeader(
            4, Flag.SEEN | Flag.ANSWERED, "$Junk a", None, 837596665, 4286, PLAIN.encode(), b"Subject: x\r\n\r\n"
        )
    ]


ODD: dict[str, str] = {
    "other order": '* 1 FETCH (RFC822.SIZE 3 UID 4 {f} "x" FLAGS () BODYSTRUCTURE ("a" "b") INTERNALDATE NIL)',
    "lower case": '* 1 fetch (uid 4 flags () rfc822.size 3 body[header.fields (date)] "x" bodystructure ("a" "b"))',
    "a literal in the structure": '* 1 FETCH (UID 4 FLAGS () RFC822.SIZE 3 BODYSTRUCTURE ("a" {{1}}|b) {f} {{1}}|x)',
    "unknown items": (
        '* 1 FETCH (X-GM-MSGID 12 UID 4 X (a (b "c)")) FLAGS () RFC822.SIZE 3 {f} "x" BODYSTRUCTURE ("a" "b"))'
    ),
    "mod-sequence in front": '* 1 FETCH (UID 4 MODSEQ (7) FLAGS () RFC822.SIZE 3 BODYSTRUCTURE ("a" "b") {f} {{1}}|x)',
    "blanks": '* 1 FETCH (UID 4  FLAGS ()  RFC822.SIZE 3 BODYSTRUCTURE ("a" "b") {f} {{1}}|x )',
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD.keys())
def test_servers_may_answer_in_their_own_way(answer: str) -> None:
    (found,) = headers(answer.format(f=FIELDS), "{tag} OK done")
    assert (found.uid, found.size_octets, found.header, found.received_at) == (4, 3, b"x", None)
    assert found.structure in (b'("a" "b")', b'("a" {1}\r\nb)')


def test_a_body_that_is_nil_is_an_empty_header() -> None:
    (found,) = headers(f"* 1 FETCH (UID 4 FLAGS () RFC822.SIZE 3 {FIELDS} NIL)", "{tag} OK")
    assert found.header == b""
    assert found.structure == b""


def test_a_file_name_cannot_pretend_to_end_the_structure() -> None:
    evil = f'("text" "plain" ("name" "a) {FIELDS} {{5}}") NIL NIL "7bit" 7 1)'
    assert headers(message(4, structure=evil), "{tag} OK done")[0].structure == evil.encode()


def test_the_first_answer_for_a_uid_wins_and_others_are_ignored() -> None:
    found = headers(message(4, "a||"), message(4, "b||"), message(77, "c||"), message(5, "d||"), "{tag} OK")
    assert [(header.uid, header.header) for header in found] == [(4, b"a\r\n\r\n"), (5, b"d\r\n\r\n")]


@pytest.mark.parametrize(
    "answer", [f"* 4 FETCH (FLAGS (\\Flagged) RFC822.SIZE 3 {FIELDS} NIL)", "* 4 FETCH (FLAGS (\\Deleted))"]
)
def test_a_message_without_uid_is_given_to_nobody(answer: str) -> None:
    with signed_in(answering("|".join([answer, message(4), "{tag} OK"]))) as session:
        (found,) = session.fetch_headers("4")
        assert found.flags == Flag.SEEN
        news = session.take_news()
    assert news.flags_unknown
    assert news.flags == ()


def test_flags_that_come_in_between_are_news() -> None:
    between = ["* 12 EXISTS", "* 3 EXPUNGE", "* 7 FETCH (UID 7 FLAGS (\\Flagged) MODSEQ (8))", "* OK [ALERT] Disk full"]
    with signed_in(answering("|".join([message(1), *between, message(2), "{tag} OK"]))) as session:
        assert [header.uid for header in session.fetch_headers("1:9")] == [1, 2]
        news = session.take_news()
    assert (news.exists, news.expunged, news.alerts) == (12, True, ("Disk full",))
    assert news.flags == (FetchedFlags(7, Flag.FLAGGED, "", 8),)


def test_headers_flow_before_the_answer_is_complete() -> None:
    seen = threading.Event()

    def script(peer: Peer) -> None:
        tag, _ = peer.command()
        peer.send(message(1).replace("|", "\r\n").encode() + b"\r\n")
        peer.hold(seen)
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        found = session.fetch_headers("1:2")
        assert next(found).uid == 1
        seen.set()
        assert list(found) == []
        assert session.alive


def test_an_iterator_that_is_dropped_ends_the_session() -> None:
    with signed_in(answering("|".join([message(1), message(2), "{tag} OK"]))) as session:
        found = session.fetch_headers("1:2")
        next(found)
        del found
        assert not session.alive
        with pytest.raises(Dropped):
            session.noop()


@pytest.mark.parametrize(
    ("header_octets", "kept"), [(9, b"012345678"), (10, b"0123456789"), (11, b"0123456789")]
)
def test_a_header_over_the_limit_is_cut_and_the_session_goes_on(header_octets: int, kept: bytes) -> None:
    answer = "|".join([message(1, "0123456789"), message(2, "ab"), "{tag} OK"])
    with signed_in(answering(answer), limits=Limits(header_octets=header_octets)) as session:
        assert [found.header for found in session.fetch_headers("1:2")] == [kept, b"ab"]


def test_a_structure_over_the_limit_counts_as_unknown() -> None:
    with signed_in(answering(message(1) + "|{tag} OK"), limits=Limits(structure_octets=20)) as session:
        assert next(session.fetch_headers("1")).structure == b""


def test_expunged_messages_are_no_error() -> None:
    assert len(headers(message(1), "{tag} NO [EXPUNGEISSUED] Some are gone")) == 1


def test_a_refusal_comes_after_what_was_read() -> None:
    with signed_in(answering(message(1) + "|{tag} NO broken", "{tag} OK")) as session:
        found = session.fetch_headers("1:2")
        assert next(found).uid == 1
        with pytest.raises(ServerRefused):
            next(found)
        session.noop()


VIOLATIONS = {
    "uid 0": message(0),
    "uid too large": message(2**32),
    "a size beyond 63 bits": message(1).replace("4286", "9223372036854775808"),
    "no end": "* 1 FETCH (UID 4 FLAGS ()",
    "unbalanced": "* 1 FETCH (UID 4 BODYSTRUCTURE ((a))",
    "a string without end": '* 1 FETCH (UID 4 X "abc)',
    "words after the literal": message(1) + "x",
    "no list": "* 1 FETCH UID 4",
    "a literal of a terabyte": f"* 1 FETCH (UID 4 {FIELDS} {{1099511627776}}",
    "a literal of 30 digits": f"* 1 FETCH (UID 4 {FIELDS} {{{'1' * 20}}}",
}


@pytest.mark.parametrize("answer", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_nonsense_ends_the_session(answer: str) -> None:
    with signed_in(answering(answer + "|{tag} OK")) as session:
        with pytest.raises(ProtocolViolation):
            list(session.fetch_headers("1:9"))
        assert not session.alive


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        (b"17-Jul-1996 02:44:25 -0700", 837596665),
        (b" 1-Jan-1970 00:00:00 +0000", 0),
        (b"01-jan-1970 01:30:00 +0130", 0),
        (b"31-Dec-1969 23:59:59 +0000", -1),
        (b"29-Feb-2024 12:00:00 +0000", 1709208000),
        (b"17-Jul-1996 xx:44:25 -0700", None),
        (b"17-Foo-1996 02:44:25 -0700", None),
        (b"40-Jul-1996 02:44:25 -0700", None),
        (b"17-Jul-1996", None),
        (b"", None),
    ],
)
def test_dates_of_arrival_are_seconds(date: bytes, seconds: int | None) -> None:
    parser = fetch.ItemParser()
    assert parser.date(date) == seconds
    assert parser.date(b"17-Jul-1996 02:44:26 -0700") == 837596666
    assert parser.date(date) == seconds


@given(st.binary(max_size=40))
def test_any_date_is_a_number_or_none(date: bytes) -> None:
    fetch.ItemParser().date(date)


@given(
    st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2037, 12, 30)),  # noqa: DTZ001 - the zone is added
    st.integers(-14 * 60, 14 * 60),
)
def test_dates_agree_with_the_calendar(moment: dt.datetime, offset_minutes: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=dt.timezone(dt.timedelta(minutes=offset_minutes)))
    assert fetch.ItemParser().date(zoned.strftime("%d-%b-%Y %H:%M:%S %z").encode()) == int(zoned.timestamp())


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
FLAG_WORDS = st.lists(st.sampled_from(["\\Seen", "\\Flagged", "\\Recent", "\\Deleted", "$Work", "a"]), unique=True)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.integers(1, 2**32 - 1), FLAG_WORDS, st.integers(0, 2**40), st.binary(max_size=60), WORDS, st.booleans())
def test_the_reader_agrees_with_imapclients_parser_on_the_same_octets(
    uid: int, flags: list[str], size: int, header: bytes, file_name: str, by_literal: bool
) -> None:
    """Both ways of our own, and IMAPClient's, give the same values."""
    name = f"{{{len(file_name)}}}\r\n{file_name}" if by_literal else quoted(file_name)
    structure = f'("text" "plain" ("name" {name}) NIL NIL "8bit" {size} 3)'
    start = (
        f'7 FETCH (UID {uid} FLAGS ({" ".join(flags)}) INTERNALDATE "17-Jul-1996 02:44:25 +0000" RFC822.SIZE {size} '
        f"BODYSTRUCTURE {structure} {FIELDS} {{{len(header)}}}"
    ).encode()
    lines = start.split(b"\r\n", 1)
    pieces: Pieces = [start, header, b")"]
    if by_literal:
        pieces = [lines[0], file_name.encode(), lines[1][len(file_name) :], header, b")"]
    reader = fetch.HeaderReader(Limits())
    slow = reader.slow(Answer("FETCH", 7, [pieces[0][8:], *pieces[1:]]))
    if not by_literal:
        assert reader.fast(b"* " + start, lambda count: header[:count], lambda: b")") == slow
    # imaplib hands over pairs of text and literal, without the word FETCH.
    texts, literals = [pieces[0].replace(b"FETCH ", b"", 1), *pieces[2::2]], pieces[1::2]
    records = [*zip(texts, literals, strict=False), texts[-1]]
    theirs = parse_fetch_response(records, normalise_times=False)[uid]
    assert isinstance(slow, FetchedHeader)
    assert slow.uid == uid
    assert slow.size_octets == theirs[b"RFC822.SIZE"] == size
    arrived = theirs[b"INTERNALDATE"]
    assert isinstance(arrived, dt.datetime)
    assert slow.received_at == int(arrived.timestamp())
    assert slow.header == theirs[FIELDS.encode()] == header
    spelled = " ".join(sorted(word for word in flags if not word.startswith("\\")))
    assert slow.keywords == spelled
    assert bool(slow.flags & Flag.SEEN) == ("\\Seen" in flags)
    assert slow.structure == structure.encode()


LIKELY = st.lists(
    st.sampled_from(
        [b"(", b")", b" ", b'"', b"\\", b"UID 4", b"FLAGS (", b"{3}", b"BODY[", b"]", b"<0>", b"NIL", b"MODSEQ (9)",
         b"RFC822.SIZE 3", b"BODYSTRUCTURE ", b"BODY[HEADER.FIELDS (DATE)] ", b"\xff", b"99999999999999999999", b"{"]
    ),
    max_size=25,
).map(b"".join)  # fmt: skip


@example([b"(UID 4 BODYSTRUCTURE " + b"(" * 5000 + b")" * 5000 + b")"])
@example([b'(UID 4 X "' + b"\\" * 9999])
@given(
    st.one_of(
        st.binary(max_size=80).map(lambda text: [text]),
        LIKELY.map(lambda text: [b"(" + text]),
        st.tuples(LIKELY, st.binary(max_size=5), LIKELY).map(lambda three: [b"(" + three[0] + b"{5}", *three[1:]]),
    )
)
def test_any_octets_give_items_or_a_violation(pieces: Pieces) -> None:
    parsers: list[Callable[[], object]] = [
        lambda: fetch.ItemParser().parse(pieces),
        lambda: fetch.HeaderReader(Limits()).slow(Answer("FETCH", 1, pieces)),
        lambda: fetch.FlagsReader().slow(Answer("FETCH", 1, pieces)),
    ]
    for parse in parsers:
        try:
            parse()
        except ProtocolViolation:
            continue


@given(LIKELY)
def test_any_line_goes_the_fast_way_or_the_slow_one(line: bytes) -> None:
    reader = fetch.HeaderReader(Limits())
    with contextlib.suppress(ProtocolViolation):
        reader.fast(b"* 1 FETCH (" + line, lambda count: b"", lambda: b")")
        fetch.FlagsReader().fast(b"* 1 FETCH (" + line)


@pytest.mark.parametrize(
    ("filler", "count"),
    [('"', 10**6), ("\\", 10**6), ('"\\', 10**6), ("(", 10**6), ('("', 10**6), ('"a" ', 10**6), (" BODY[", 10**6),
     ("{1}", 3 * 10**6)],
)  # fmt: skip
def test_a_hostile_line_takes_linear_time(filler: str, count: int) -> None:
    """Were it quadratic, it would take minutes, and the test's own time limit would end it."""
    reader = fetch.HeaderReader(Limits())
    line = message(1).split("BODYSTRUCTURE")[0].encode() + b"BODYSTRUCTURE (" + filler.encode() * count
    assert reader.fast(line, lambda count: b"", lambda: b")") is None
    with pytest.raises(ProtocolViolation):
        reader.slow(Answer("FETCH", 1, [line[10:]]))


def test_flags_are_scanned_in_every_shape() -> None:
    answer = [
        "* 1 FETCH (UID 1 FLAGS (\\Seen))", "* 2 FETCH (UID 2 FLAGS (\\Seen a) MODSEQ (5))",
        "* 3 FETCH (FLAGS () UID 3)", "* 4 FETCH (UID 4 MODSEQ (6) FLAGS ())", "* VANISHED (EARLIER) 7:8,5",
        "* 9 FETCH (UID 90 FLAGS (\\Deleted))", "* 4 FETCH (FLAGS (\\Flagged))", "{tag} OK",
    ]  # fmt: skip
    with signed_in(answering("|".join(answer))) as session:
        found = session.fetch_flags("1:9")
        news = session.take_news()
    assert found.changed == [
        FetchedFlags(1, 1, "", None), FetchedFlags(2, 1, "a", 5), FetchedFlags(3, 0, "", None),
        FetchedFlags(4, 0, "", 6),
    ]
    assert found.vanished == [(7, 8), (5, 5)]
    assert [flags.uid for flags in news.flags] == [90]
    assert news.flags_unknown


def test_a_later_change_of_the_same_message_is_news() -> None:
    answer = "* 1 FETCH (UID 1 FLAGS (\\Seen))|* 1 FETCH (UID 1 FLAGS (\\Flagged))|{tag} OK"
    with signed_in(answering(answer)) as session:
        assert session.fetch_flags("1").changed == [FetchedFlags(1, Flag.SEEN, "", None)]
        assert session.take_news().flags == (FetchedFlags(1, Flag.FLAGGED, "", None),)


def test_after_a_store_the_last_word_counts() -> None:
    first = "* 1 FETCH (UID 1 FLAGS (\\Seen))|* 2 FETCH (UID 2 FLAGS ())|{tag} OK"
    with signed_in(answering(first, "* 1 FETCH (UID 1 FLAGS ())|{tag} OK")) as session:
        assert session.store_flags("1", add=["\\Seen"], remove=["\\Flagged"]) == [FetchedFlags(1, 0, "", None)]
        assert [flags.uid for flags in session.take_news().flags] == [2]


SLICES: dict[str, tuple[str, bytes | None]] = {
    "a slice": ("* 1 FETCH (UID 5 BODY[1.2]<10> {3}|abc)|{tag} OK", b"abc"),
    "quoted": ('* 1 FETCH (UID 5 BODY[1.2]<10> "abc")|{tag} OK', b"abc"),
    "past the end": ('* 1 FETCH (UID 5 BODY[1.2]<10> "")|{tag} OK', b""),
    "nil": ("* 1 FETCH (UID 5 BODY[1.2]<10> NIL)|{tag} OK", b""),
    "gone": ("{tag} OK", None),
    "gone with a no": ("{tag} NO [NONEXISTENT] gone", None),
    "another message": ("* 1 FETCH (UID 6 BODY[1.2]<10> {3}|abc)|{tag} OK", None),
    "another section": ("* 1 FETCH (UID 5 BODY[1]<10> {3}|abc)|{tag} OK", None),
    "no uid": ("* 5 FETCH (BODY[1.2]<10> {3}|abc)|{tag} OK", None),
    "twice": ("* 1 FETCH (UID 5 BODY[1.2]<10> {3}|abc)|* 1 FETCH (UID 5 BODY[1.2]<10> {3}|xyz)|{tag} OK", b"abc"),
}


@pytest.mark.parametrize(("answer", "octets"), SLICES.values(), ids=SLICES.keys())
def test_a_slice_is_the_asked_one_or_nothing(answer: str, octets: bytes | None) -> None:
    with signed_in(answering(answer, "{tag} OK")) as session:
        assert session.fetch_slice(5, Section("1.2"), 10, 3) == octets
        session.noop()


@pytest.mark.parametrize("answer", ["BODY[1.2]<11> {3}|abc", "BODY[1.2] {3}|abc", "BODY[1.2]<10> {4}|abcd"])
def test_another_slice_than_the_asked_one_ends_the_session(answer: str) -> None:
    with signed_in(answering(f"* 1 FETCH (UID 5 {answer})|{{tag}} OK")) as session:
        with pytest.raises(ProtocolViolation):
            session.fetch_slice(5, Section("1.2"), 10, 3)
        assert not session.alive


def test_whole_messages_come_as_they_are_and_large_ones_are_left_out() -> None:
    answer = (
        "* 1 FETCH (UID 1 BODY[] {4}|a|b)|* 2 FETCH (UID 2 BODY[] {6}|abcdef)|"
        "* 3 FETCH (UID 3 BODY[] {5}|abcde)|{tag} OK"
    )
    with signed_in(answering(answer, "{tag} OK"), limits=Limits(message_octets=5)) as session:
        assert list(session.fetch_whole("1:3")) == [(1, b"a\r\nb"), (3, b"abcde")]
        session.noop()


def test_the_request_names_uids_and_reads_nothing_as_seen() -> None:
    asked: list[str] = []

    def script(peer: Peer) -> None:
        for _ in range(3):
            tag, command = peer.command()
            asked.append(command)
            peer.lines(f"{tag} OK")

    def ask(session: ImapSession) -> None:
        list(session.fetch_headers("7"))
        session.fetch_slice(7, Section(""), 0, 65536)
        list(session.fetch_whole("7"))

    with signed_in(script) as session:
        ask(session)
    assert all(command.startswith("UID FETCH 7 (UID") for command in asked)
    assert all("BODY.PEEK[" in command and "BODY[" not in command for command in asked)
