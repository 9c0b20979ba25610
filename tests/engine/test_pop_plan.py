"""What a POP3 session plans: nothing leaves a server unproved, nothing is fetched twice, nothing is forgotten early."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.engine.pop import plan as pop_plan
from tuimail.engine.pop.plan import Brake, ClockNote, Known, Plan, Policy, Seen, make_plan
from tuimail.net.pop.values import Listing, sizes_agree
from tuimail.store.maildirs.uidls import UidlState

NOW = 1_800_000_000
DAY = 86_400
NEVER = Policy(keep_days=0)
ALWAYS = Policy(keep_days=None)


def listing(*messages: tuple[bytes, int], promised: int | None = None, uidls: bool = True) -> Listing:
    """A listing of messages numbered from 1; an empty id is an illegal one."""
    legal = {n: uidl for n, (uidl, _) in enumerate(messages, 1) if uidl}
    counts = Counter(legal.values())
    return Listing(
        sizes={n: octets for n, (_, octets) in enumerate(messages, 1)},
        uidls=legal if uidls else None,
        illegal={n: b"" for n, (uidl, _) in enumerate(messages, 1) if not uidl} if uidls else {},
        duplicates=frozenset(uidl for uidl, count in counts.items() if count > 1) if uidls else frozenset(),
        contradicted=frozenset(),
        promised=len(messages) if promised is None else promised,
    )


def stored(uidl: bytes, octets: int = 100, **changes: object) -> Known:
    """A row of a message that is here."""
    row = Known(uidl, UidlState.STORED, octets, stored_at=NOW - DAY)
    return replace(row, **changes)  # type: ignore[arg-type]


def numbers(wanted: tuple[pop_plan.Wanted, ...]) -> list[int]:
    return [one.number for one in wanted]


# --- single decisions ---------------------------------------------------------------


def test_what_is_unknown_is_fetched_newest_first() -> None:
    plan = make_plan(listing((b"a", 1), (b"b", 2), (b"c", 3)), [stored(b"b", 2)], ALWAYS, NOW)
    assert numbers(plan.retrieve) == [3, 1]


def test_a_stored_message_is_deleted_only_when_the_person_wants_no_copy_there() -> None:
    there = listing((b"a", 100))
    assert make_plan(there, [stored(b"a")], NEVER, NOW).delete == ((1, b"a"),)
    assert make_plan(there, [stored(b"a")], ALWAYS, NOW).delete == ()


def test_mail_is_kept_on_the_server_for_as_many_days_as_asked() -> None:
    there = listing((b"old", 100), (b"young", 100))
    rows = [stored(b"old", stored_at=NOW - 14 * DAY), stored(b"young", stored_at=NOW - 14 * DAY + 1)]
    assert make_plan(there, rows, Policy(keep_days=14), NOW).delete == ((1, b"old"),)


def test_what_a_person_deleted_here_is_deleted_there_too_unless_always_kept() -> None:
    row = stored(b"a", state=UidlState.DELETE_WANTED)
    assert make_plan(listing((b"a", 100)), [row], Policy(keep_days=14), NOW).delete == ((1, b"a"),)
    assert make_plan(listing((b"a", 100)), [row], ALWAYS, NOW).delete == ()


def test_a_delete_that_may_not_have_happened_is_sent_again() -> None:
    row = stored(b"a", state=UidlState.DELE_SENT)
    plan = make_plan(listing((b"a", 100)), [row], NEVER, NOW)
    assert plan.delete == ((1, b"a"),)
    assert plan.retrieve == ()


def test_nothing_is_deleted_whose_octets_are_not_as_many_as_listed() -> None:
    there = listing((b"a", 100))
    assert make_plan(there, [stored(b"a", 99)], NEVER, NOW).delete == ()
    assert make_plan(there, [stored(b"a", 101)], NEVER, NOW).delete == ()
    assert make_plan(there, [stored(b"a", 102)], NEVER, NOW).delete == ((1, b"a"),)  # a last line end was added


def test_nothing_is_deleted_that_has_no_message_here_unless_a_person_did_away_with_it() -> None:
    there = listing((b"a", 100))
    assert make_plan(there, [stored(b"a", has_message=False)], NEVER, NOW).delete == ()
    wanted = stored(b"a", has_message=False, state=UidlState.DELETE_WANTED)
    assert make_plan(there, [wanted], NEVER, NOW).delete == ((1, b"a"),)


def test_what_is_only_known_by_its_header_is_verified_before_it_is_deleted() -> None:
    plan = make_plan(listing((b"a", 100)), [stored(b"a", state=UidlState.VANISHED)], NEVER, NOW)
    assert plan.delete == ()
    assert numbers(plan.verify) == [1]


def test_nothing_is_deleted_by_date_while_the_clock_is_not_believed() -> None:
    row = stored(b"a", stored_at=NOW - 5000 * DAY)
    doubting = Policy(keep_days=14, may_expire=False)
    assert make_plan(listing((b"a", 100)), [row], doubting, NOW).delete == ()


def test_messages_that_share_an_id_are_looked_at_and_never_deleted() -> None:
    plan = make_plan(listing((b"a", 100), (b"a", 100)), [stored(b"a")], NEVER, NOW)
    assert plan.delete == ()
    assert numbers(plan.identify) == [2, 1]


def test_a_server_without_ids_is_looked_through_by_headers_and_nothing_is_deleted() -> None:
    plan = make_plan(listing((b"", 100), (b"", 200), uidls=False), [], NEVER, NOW)
    assert numbers(plan.identify) == [2, 1]
    assert "UIDL" in plan.sentences[0]


def test_without_ids_and_without_top_everything_is_fetched() -> None:
    plan = make_plan(listing((b"", 100), uidls=False), [], Policy(keep_days=0, can_preview=False), NOW)
    assert numbers(plan.retrieve) == [1]


def test_a_message_over_the_limit_is_only_previewed_until_somebody_wants_it() -> None:
    policy = Policy(keep_days=0, limit_octets=1000)
    there = listing((b"small", 1000), (b"large", 1001))
    assert numbers(make_plan(there, [], policy, NOW).preview) == [2]
    preview = Known(b"large", UidlState.PREVIEWED, 1001, stored_at=None)
    assert numbers(make_plan(there, [preview], policy, NOW).retrieve) == [1]
    assert numbers(make_plan(there, [preview], policy, NOW, demanded={b"large"}).retrieve) == [2, 1]


def test_a_preview_is_never_deleted() -> None:
    preview = Known(b"a", UidlState.PREVIEWED, 100, stored_at=0)
    assert make_plan(listing((b"a", 100)), [preview], NEVER, NOW).delete == ()


def test_what_is_too_large_for_a_server_without_top_is_told() -> None:
    plan = make_plan(listing((b"a", 101)), [], Policy(keep_days=0, limit_octets=100, can_preview=False), NOW)
    assert numbers(plan.too_large) == [1]
    assert "too large" in plan.sentences[0]


def test_an_id_that_comes_back_after_a_complete_listing_lacked_it_is_looked_at_and_not_deleted() -> None:
    row = stored(b"a", state=UidlState.DELE_SENT, missing_since=NOW - DAY)
    plan = make_plan(listing((b"a", 100)), [row], NEVER, NOW)
    assert (plan.returned, plan.retrieve, plan.delete) == ((b"a",), (), ())
    assert numbers(plan.identify) == [1]
    assert numbers(make_plan(listing((b"a", 50)), [row], NEVER, NOW).retrieve) == [1]


def test_an_empty_listing_puts_the_brake_on_and_forgets_nothing() -> None:
    rows = [stored(b"%d" % n) for n in range(10)]
    plan = make_plan(listing(), rows, NEVER, NOW)
    assert plan.brake is Brake.EMPTY
    assert "10 messages" in plan.sentences[0]


def test_an_emptied_drop_is_told_once() -> None:
    rows = [stored(b"%d" % n, missing_since=NOW - DAY) for n in range(10)]
    assert make_plan(listing(), rows, NEVER, NOW).sentences == ()


def test_a_renumbered_drop_is_looked_through_instead_of_fetched_and_nothing_is_deleted() -> None:
    rows = [stored(b"old%d" % n, 100 + n) for n in range(10)]
    plan = make_plan(listing(*[(b"new%d" % n, 100 + n) for n in range(10)], (b"old3", 103)), rows, NEVER, NOW)
    assert plan.brake is Brake.CHANGED
    assert len(plan.identify) == 10
    assert (plan.retrieve, plan.delete) == ((), ())


def test_new_mail_beside_known_mail_puts_no_brake_on() -> None:
    rows = [stored(b"%d" % n) for n in range(10)]
    plan = make_plan(listing(*[(b"%d" % n, 100) for n in range(10)], (b"x", 7)), rows, NEVER, NOW)
    assert plan.brake is Brake.OFF
    assert numbers(plan.retrieve) == [11]


def test_mail_that_a_program_deleted_there_puts_no_brake_on_the_mail_that_came_since() -> None:
    rows = [stored(b"%d" % n, state=UidlState.DELE_SENT) for n in range(10)]
    plan = make_plan(listing((b"x", 7), (b"y", 8)), rows, NEVER, NOW)
    assert plan.brake is Brake.OFF


# --- knowing a message again ----------------------------------------------------------


def test_a_message_is_known_again_by_header_and_size_and_every_row_once() -> None:
    rows = [stored(b"a", 10, digest=b"h"), stored(b"b", 10, digest=b"h")]
    found = {n: Seen(b"h", 10, True) for n in (1, 2, 3)} | {4: Seen(b"h", 13, True), 5: Seen(b"", 10, True)}
    matched = pop_plan.match(found, rows, Brake.OFF)
    assert {number: row.uidl for number, row in matched.items()} == {1: b"a", 2: b"b"}


def test_in_a_renumbered_drop_a_size_that_is_near_will_do_for_a_message_with_an_id() -> None:
    rows = [stored(b"a", 1000, digest=b"h"), stored(b"b", 1100, digest=b"h")]
    found = {1: Seen(b"h", 1090, True), 2: Seen(b"h", 990, True), 3: Seen(b"h", 9000, True)}
    matched = pop_plan.match(found, rows, Brake.CHANGED)
    assert {number: row.uidl for number, row in matched.items()} == {1: b"b", 2: b"a"}
    assert pop_plan.match(found, rows, Brake.OFF) == {}
    assert pop_plan.match({1: Seen(b"h", 1090, False)}, rows, Brake.CHANGED) == {}


def test_a_header_digest_does_not_see_what_servers_add_and_how_lines_are_folded() -> None:
    plain = b"From: a@x\r\nMessage-ID: <1@x>\r\nSubject: one\r\n two\r\n"
    added = b"Received: by y\nX-UIDL: 7\nfrom:  a@x\nMessage-Id: <1@x>\nStatus: RO\n more\nSubject: one two\n\n"
    assert pop_plan.header_digest(plain) == pop_plan.header_digest(added)
    assert pop_plan.header_digest(plain) != pop_plan.header_digest(plain.replace(b"two", b"three"))


def test_without_a_message_id_every_field_of_a_header_counts() -> None:
    plain = b"From: a@x\r\nSubject: one\r\n"
    assert pop_plan.header_digest(plain) != pop_plan.header_digest(b"Received: by y\r\n" + plain)
    assert pop_plan.header_digest(plain) == pop_plan.header_digest(b"Status: RO\r\n" + plain)


# --- the clock --------------------------------------------------------------------------


def test_a_clock_that_jumps_holds_back_what_happens_by_date() -> None:
    note = pop_plan.check_clock(None, NOW, 14)
    assert pop_plan.believes_clock(note, NOW)
    for jump in (-10 * 365 * DAY, -2 * 3600, 60 * DAY, 10 * 365 * DAY):
        jumped = pop_plan.check_clock(note, NOW + jump, 14)
        assert not pop_plan.believes_clock(jumped, NOW + jump)
        assert not pop_plan.believes_clock(pop_plan.check_clock(jumped, NOW + jump + 60, 14), NOW + jump + 60)


def test_a_clock_that_was_put_right_is_believed_again_after_the_days_of_grace() -> None:
    note = pop_plan.check_clock(ClockNote(NOW, 0), NOW + 3650 * DAY, 14)
    for day in range(20):
        note = pop_plan.check_clock(note, NOW + day * DAY, 14)
    assert pop_plan.believes_clock(note, NOW + 19 * DAY)


# --- whatever comes -----------------------------------------------------------------------

IDS = st.sampled_from([b"", *(b"u%d" % n for n in range(12))])
SIZES = st.sampled_from([0, 1, 100, 1000, 5000])
ROWS = st.lists(
    st.builds(
        Known,
        uidl=st.sampled_from([b"u%d" % n for n in range(12)] + [b"\x00h1.1", b"\x00c2"]),
        state=st.sampled_from(list(UidlState)),
        octets=st.one_of(st.none(), SIZES),
        stored_at=st.sampled_from([None, NOW - 100 * DAY, NOW, NOW + 100 * DAY]),
        has_message=st.booleans(),
        missing_since=st.sampled_from([None, NOW - 40 * DAY, NOW]),
    ),
    unique_by=lambda row: row.uidl,
)
POLICIES = st.builds(
    Policy,
    keep_days=st.sampled_from([None, 0, 14]),
    limit_octets=st.sampled_from([10, 2000]),
    can_preview=st.booleans(),
    may_expire=st.booleans(),
)
LISTINGS = st.builds(
    lambda messages, promised, uidls: listing(*messages, promised=promised, uidls=uidls),
    st.lists(st.tuples(IDS, SIZES), max_size=12),
    st.sampled_from([None, None, None, 3]),
    st.sampled_from([True, True, True, False]),
)


@settings(max_examples=200)
@given(there=LISTINGS, rows=ROWS, policy=POLICIES, demanded=st.sets(IDS))
def test_every_plan_keeps_the_promise(there: Listing, rows: list[Known], policy: Policy, demanded: set[bytes]) -> None:
    plan = make_plan(there, rows, policy, NOW, demanded=demanded)
    known = {row.uidl: row for row in rows}
    borne = Counter((there.uidls or {}).values())
    for number, key in plan.delete:
        row = known[key]
        assert policy.keep_days is not None
        assert there.whole
        assert plan.brake is Brake.OFF
        assert there.uidls is not None
        assert there.uidls[number] == key
        assert borne[key] == 1
        assert row.state in (UidlState.STORED, UidlState.DELETE_WANTED, UidlState.DELE_SENT)
        assert row.octets is not None
        assert sizes_agree(row.octets, there.sizes[number])
        assert row.missing_since is None
        assert number not in {one.number for some in (plan.retrieve, plan.identify, plan.verify) for one in some}
    assert_each_is_handled_once(plan, there, known)


def assert_each_is_handled_once(plan: Plan, there: Listing, known: dict[bytes, Known]) -> None:
    handled = Counter(
        one.number for some in (plan.retrieve, plan.preview, plan.identify, plan.too_large) for one in some
    )
    keys = pop_plan.keys_of(there)
    for number in there.sizes:
        row = known.get(keys[number])
        is_here = row is not None and row.state in pop_plan.HERE and row.missing_since is None
        assert handled[number] == 0 if is_here else handled[number] <= 1
        if row is None or row.state is UidlState.LISTED:
            assert handled[number] == 1


@settings(max_examples=100)
@given(st.lists(SIZES), st.integers(1, 5), st.integers(1, 6000))
def test_batches_keep_order_and_stay_within_limits(sizes: list[int], messages: int, octets: int) -> None:
    wanted = [pop_plan.Wanted(n, b"", size) for n, size in enumerate(sizes)]
    made = pop_plan.batches(wanted, messages, octets)
    assert [one for batch in made for one in batch] == wanted
    for batch in made:
        assert 0 < len(batch) <= messages
        assert len(batch) == 1 or sum(one.octets for one in batch) <= octets
