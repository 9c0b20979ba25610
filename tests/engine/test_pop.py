"""A POP3 account at work: downloaded whole, read from its file, and deleted there only as wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.engine.pop_house import ACCOUNT, PopHouse
from tests.faults.drop_server import CAPABILITIES, Drop, DropServer, arrived
from tests.faults.mails import hard_ones, letter, with_attachment
from tests.faults.promise import assert_promise, assert_settled, stored_by_uidl
from tuimail.actions import SetFlags, Target
from tuimail.engine.local import bodies as local_bodies
from tuimail.engine.pop import download as pop_download
from tuimail.engine.pop import intake as pop_intake
from tuimail.engine.protocol import (
    Credential,
    MailboxChanged,
    NewMail,
    PartArrived,
    PartFailed,
    PasswordWanted,
    Progress,
    StatusChanged,
    SyncNow,
    Wake,
    Want,
)
from tuimail.errors import QuarantineRefused
from tuimail.mime.reading.readable import from_json
from tuimail.model import AccountStatus, BodyState, EnvelopeId, Flag, Section
from tuimail.store.maildirs.filing import Described
from tuimail.store.maildirs.local import Delivery
from tuimail.store.maildirs.maildir import Arriving
from tuimail.store.maildirs.uidls import UidlState

DAY = 86_400


class Setting:
    """A drop, its server, and a house."""

    def __init__(self, drop: Drop, server: DropServer, house: PopHouse) -> None:
        self.drop = drop
        self.server = server
        self.house = house

    def heard_of(self, verb: str) -> list[str]:
        """Commands of one verb so far."""
        return [line for line in self.drop.heard if line.split(" ")[0] == verb]

    def sync(self, clock: MovedClock | None = None) -> str:
        """One sync; afterwards the server is done too."""
        sentence = self.house.sync(clock=clock)
        self.server.drained()
        return sentence

    def sentence(self) -> str:
        """What the account's status says."""
        account = self.house.store.accounts.get(ACCOUNT)
        assert account is not None
        return account.sentence

    def subjects(self) -> list[str]:
        return sorted(row.subject for row in self.house.rows())


class MovedClock:
    """The wall clock moves at a test's word, time itself does not."""

    def __init__(self) -> None:
        self.start = self.now = time.time()  # the store reads the real one

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return 1000.0


@pytest.fixture
def setting_of(tmp_path: Path) -> Iterator[Callable[..., Setting]]:
    """Makes settings."""
    made: list[Setting] = []

    def make(messages: dict[bytes, bytes], *, keep: str = "never", **other: object) -> Setting:
        drop = Drop(dict(messages), **other)  # type: ignore[arg-type]
        server = DropServer(drop)
        made.append(Setting(drop, server, PopHouse(tmp_path / f"house{len(made)}", server, keep=keep)))
        return made[-1]

    yield make
    for setting in made:
        setting.house.close()
        setting.server.stop()


def letters(count: int) -> dict[bytes, bytes]:
    return {b"u%03d" % n: letter(n) for n in range(1, count + 1)}


# --- downloading ------------------------------------------------------------------------


def test_a_drop_comes_whole_and_leaves_the_server_only_then(setting_of: Callable[..., Setting]) -> None:
    mails = hard_ones()
    setting = setting_of(mails)
    assert setting.sync() == ""
    assert_promise(setting.drop, mails, setting.house.store, ACCOUNT)
    assert_settled(setting.drop, mails, setting.house.store, ACCOUNT, setting.house.paths.maildir)
    verbs = [line.split(" ")[0] for line in setting.drop.heard]
    assert verbs.index("DELE") > max(index for index, verb in enumerate(verbs) if verb == "RETR")


def test_a_second_check_asks_for_nothing_that_is_here(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(3), keep="always")
    setting.sync()
    before = len(setting.drop.heard)
    setting.drop.messages[b"new"] = letter(9)
    assert setting.sync() == ""
    assert [line for line in setting.drop.heard[before:] if line.split(" ")[0] in ("RETR", "DELE", "TOP")] == ["RETR 4"]
    assert_settled(
        setting.drop, setting.drop.start(), setting.house.store, ACCOUNT, setting.house.paths.maildir, keeps=True
    )


def test_mail_leaves_the_server_after_the_days_it_is_kept(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(2), keep="14d")
    rows = setting.house.store.local.uidls
    clock = MovedClock()
    setting.sync(clock)
    assert setting.heard_of("DELE") == []
    stored_at = max(row.stored_at or 0 for row in rows.all(ACCOUNT).values())
    for day in (1, 13):
        clock.now = stored_at + day * DAY
        setting.sync(clock)
    assert setting.heard_of("DELE") == []
    clock.now = stored_at + 14 * DAY
    setting.sync(clock)
    assert len(setting.heard_of("DELE")) == 2


def test_a_clock_that_jumps_ten_years_deletes_nothing(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(2), keep="14d")
    clock = MovedClock()
    setting.sync(clock)
    for years in (10, -10, 0):
        clock.now = clock.start + years * 365 * DAY
        setting.sync(clock)
    assert setting.heard_of("DELE") == []


def test_large_drops_come_in_batches_and_say_how_far_they_are(
    setting_of: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pop_download, "TELL_S", -1.0)
    setting = setting_of(letters(120))
    monkeypatch.setattr(pop_download, "BATCH_MESSAGES", 50)
    setting.sync()
    told = [(one.job, one.done, one.total) for one in setting.house.ears.all(Progress)]
    assert ("messages", 0, 120) in told
    assert ("messages", 120, 120) in told
    octets = sum(map(len, letters(120).values()))
    assert ("octets", octets, octets) in told
    assert [one.count for one in setting.house.ears.all(NewMail)] == [50, 50, 20]


def test_a_server_without_pipelining_is_asked_one_by_one(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(5), capabilities=("TOP", "UIDL", "USER"))
    assert setting.sync() == ""
    assert_settled(setting.drop, letters(5), setting.house.store, ACCOUNT, setting.house.paths.maildir)


def test_a_server_that_lies_about_sizes_keeps_its_mail_and_ours_is_whole(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(5), size_of=lambda raw: len(raw) - 7)
    with setting.house.office(watch=True) as office:
        setting.house.ears.wait_until(lambda: len(stored_by_uidl(setting.house.store, ACCOUNT)) == 5)
        assert office.alive
    setting.server.drained()
    assert_promise(setting.drop, letters(5), setting.house.store, ACCOUNT)
    assert setting.heard_of("DELE") == []


def test_mail_that_stays_on_a_server_that_lies_about_sizes_is_told(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(5), capabilities=("TOP", "UIDL", "USER"), size_of=lambda raw: len(raw) - 7)
    for _ in range(2):
        assert setting.sync() == ""
        said = setting.house.store.accounts.all()[0].sentence
        assert said.startswith("5 messages are here but stay on the server")
        assert "“Letter 5”, “Letter 4” and 3 more" in said
        assert "keep_on_server" in said
    setting.house.write_config(keep="always")
    assert setting.sync() == ""
    assert setting.house.store.accounts.all()[0].sentence == ""
    assert setting.heard_of("DELE") == []


# --- what is too large ------------------------------------------------------------------


def test_a_message_over_the_limit_is_previewed_and_fetched_when_somebody_opens_it(
    setting_of: Callable[..., Setting]
) -> None:
    head = len(letter(1, b""))
    at_limit, over = letter(1, b"x" * (8190 - head) + b"\r\n"), letter(2, b"x" * (8191 - head) + b"\r\n")
    mails = {b"small": at_limit, b"large": over}
    assert [len(raw) for raw in mails.values()] == [8192, 8193]
    setting = setting_of(mails)
    setting.house.write_config(limit="8K")
    setting.sync()
    large = setting.house.with_subject("Letter 2")
    assert setting.house.envelope(large).body is BodyState.ABSENT
    assert set(setting.drop.messages) == {b"large"}
    with setting.house.office(watch=False) as office:
        office.send(Want(large))
        setting.house.ears.wait_for(PartArrived, lambda notice: notice.envelope_id == large)
        setting.server.drained()
    assert setting.house.envelope(large).body is BodyState.WHOLE
    assert_settled(setting.drop, mails, setting.house.store, ACCOUNT, setting.house.paths.maildir)


def test_a_demanded_message_over_the_ceiling_is_refused_with_its_size_and_stays(
    setting_of: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    ceiling_at(monkeypatch, 8192)
    head = len(letter(1, b""))
    at, over = letter(1, b"x" * (8190 - head) + b"\r\n"), letter(2, b"x" * (8191 - head) + b"\r\n")
    setting = setting_of({b"at": at, b"over": over})
    setting.house.write_config(limit="1K")
    setting.sync()
    with setting.house.office(watch=False) as office:
        office.send(Want(setting.house.with_subject("Letter 2")))
        failed = setting.house.ears.wait_for(PartFailed)
        office.send(Want(setting.house.with_subject("Letter 1")))
        setting.house.ears.wait_for(PartArrived)
        setting.server.drained()
    assert failed.sentence.startswith("This message has 8,193 octets; more than 8,192 are not fetched. It stays on")
    assert (setting.drop.retrieved, set(setting.drop.messages)) == ({b"at": 1}, {b"over"})


def test_a_demanded_message_that_is_larger_than_listed_is_not_begun_again_in_every_session(
    setting_of: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    ceiling_at(monkeypatch, 8192)
    setting = setting_of({b"over": letter(1, b"x" * 9000 + b"\r\n")}, size_of=lambda raw: 5000)
    setting.house.write_config(limit="1K")
    setting.sync()
    with setting.house.office(watch=False) as office:
        office.send(Want(setting.house.with_subject("Letter 1")))
        failed = setting.house.ears.wait_for(PartFailed)
        assert "more than 8,192 octets, though it had said 5,000" in failed.sentence
        assert office.wait_sync(timeout_s=20)[ACCOUNT] == ""
        setting.server.drained()
    assert (setting.drop.retrieved, set(setting.drop.messages)) == ({b"over": 1}, {b"over"})


def ceiling_at(monkeypatch: pytest.MonkeyPatch, octets: int) -> None:
    """No message larger than this is fetched when somebody asks for it."""
    for module in (pop_download, local_bodies):
        monkeypatch.setattr(module, "POP3_DEMANDED_OCTETS", octets)


def test_opening_a_preview_while_the_server_is_away_says_why(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of({b"large": with_attachment(2, 5_000)})
    setting.house.write_config(limit="1K")
    setting.sync()
    setting.server.stop()
    large = setting.house.with_subject("Letter 2")
    with setting.house.office(watch=False) as office:
        office.send(Want(large))
        failed = setting.house.ears.wait_for(PartFailed)
    assert "Not downloaded" in failed.sentence


# --- reading ----------------------------------------------------------------------------


def test_text_and_header_are_read_from_the_file_without_a_server(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of({b"a": letter(1, b"One line.\r\n")})
    setting.sync()
    setting.server.stop()
    letter_id = setting.house.with_subject("Letter 1")
    with setting.house.office(watch=False) as office:
        for section in (Section("plain"), Section("HEADER")):
            since = setting.house.ask(office, Want(letter_id, section))
            setting.house.ears.wait_for(PartArrived, since=since)
    text = setting.house.store.parts.text(letter_id, "plain")
    assert text is not None
    assert [line.text for line in from_json(text).lines] == ["One line."]
    header = setting.house.store.parts.get(letter_id, Section("HEADER"))
    assert header is not None
    assert b"Message-ID: <1@navy.example>" in header


def test_an_attachment_is_held_examined_and_refused(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of({b"a": with_attachment(1, 500)})
    setting.sync()
    house = setting.house
    letter_id = house.with_subject("Letter 1")
    with house.office(watch=False) as office:
        office.send(Want(letter_id, Section("2")))
        failed = house.ears.wait_for(PartFailed)
        assert "quarantine" in failed.sentence
        house.ears.wait_until(lambda: house.store.quarantine.unexamined() == [])
    (held,) = house.store.quarantine.of_message(letter_id)
    assert held.verdict in ("no finding", "suspicious")
    assert held.sha256 is not None
    assert house.store.parts.get(letter_id, Section("2")) is None
    with pytest.raises(QuarantineRefused):
        house.store.local.part(letter_id, Section("2"))


def test_a_released_attachment_can_be_had(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of({b"a": with_attachment(1, 500)})
    setting.sync()
    house = setting.house
    letter_id = house.with_subject("Letter 1")
    house.store.quarantine.release(letter_id, Section("2"), at=1)
    with house.office(watch=False) as office:
        office.send(Want(letter_id, Section("2")))
        house.ears.wait_for(PartArrived)
    assert house.store.parts.get(letter_id, Section("2")) is not None


def test_flags_are_set_at_once_in_the_name_of_the_file(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of({b"a": letter(1)})
    setting.sync()
    house = setting.house
    letter_id = house.with_subject("Letter 1")
    target = Target(letter_id, house.mailbox().id, None, None, "")
    house.store.pending.add([SetFlags(ACCOUNT, target, add=Flag.SEEN | Flag.FLAGGED)], at=1)
    with house.office(watch=False) as office:
        office.send(Wake(ACCOUNT))
        house.ears.wait_for(MailboxChanged)
        house.ears.wait_until(lambda: house.store.pending.count(ACCOUNT) == 0)
    (file,) = house.files()
    assert (file.parent.name, file.name.partition(":2,")[2]) == ("cur", "FS")
    assert house.rows()[0].flags == Flag.SEEN | Flag.FLAGGED
    setting.sync()
    assert house.rows()[0].flags == Flag.SEEN | Flag.FLAGGED


# --- names ------------------------------------------------------------------------------


def test_a_renumbered_drop_is_not_fetched_again_and_deleted_only_after_it_was_verified(
    setting_of: Callable[..., Setting],
) -> None:
    setting = setting_of(letters(10), keep="always")
    setting.sync()
    fetched = len(setting.heard_of("RETR"))
    setting.drop.messages = {b"x" + uidl: raw for uidl, raw in setting.drop.messages.items()}
    setting.sync()
    assert len(setting.heard_of("RETR")) == fetched
    assert len(setting.house.rows()) == 10
    assert "new names" in setting.sentence()
    setting.house.write_config(keep="never")
    setting.sync()
    assert len(setting.heard_of("RETR")) == fetched + 10
    assert setting.drop.messages == {}
    assert len(setting.house.rows()) == 10


def test_an_empty_listing_is_told_and_changes_nothing(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(10), keep="always")
    setting.sync()
    there, setting.drop.messages = setting.drop.messages, {}
    setting.sync()
    assert "Nothing here was removed" in setting.sentence()
    setting.drop.messages = there
    fetched = len(setting.heard_of("RETR"))
    setting.sync()
    assert len(setting.heard_of("RETR")) == fetched
    assert len(setting.house.rows()) == 10


def test_messages_that_share_a_name_both_come_and_both_stay(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(3), shown={b"u001": b"same", b"u002": b"same"})
    for _ in range(2):
        setting.sync()
        assert setting.subjects() == ["Letter 1", "Letter 2", "Letter 3"]
    assert set(setting.drop.messages) == {b"u001", b"u002"}
    assert len(setting.heard_of("RETR")) == 3


def test_illegal_names_do_not_keep_mail_from_coming(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(2), shown={b"u001": b"\xff\xfe" * 60})
    for _ in range(2):
        setting.sync()
        assert setting.subjects() == ["Letter 1", "Letter 2"]
    assert set(setting.drop.messages) == {b"u001"}
    assert len(setting.heard_of("RETR")) == 2


@pytest.mark.parametrize("capabilities", [("TOP", "USER"), ("USER",)])
def test_a_server_without_names_keeps_its_mail_and_nothing_is_listed_twice(
    setting_of: Callable[..., Setting], capabilities: tuple[str, ...]
) -> None:
    setting = setting_of(letters(3), capabilities=capabilities)
    for _ in range(3):
        setting.sync()
        assert setting.subjects() == ["Letter 1", "Letter 2", "Letter 3"]
        assert len(setting.house.files()) == 3
    assert len(setting.drop.messages) == 3
    assert len(setting.heard_of("RETR")) == (3 if "TOP" in capabilities else 9)
    assert "UIDL" in setting.sentence()


def test_a_name_that_comes_back_for_another_message_is_fetched_and_not_deleted_unseen(
    setting_of: Callable[..., Setting],
) -> None:
    setting = setting_of({b"a": letter(1), b"b": letter(2)})
    setting.sync()
    setting.drop.messages[b"c"] = letter(3)
    setting.sync()
    setting.drop.messages[b"a"] = letter(4, b"Another one.\r\n")
    setting.sync()
    assert setting.subjects() == ["Letter 1", "Letter 2", "Letter 3", "Letter 4"]


# --- trouble ----------------------------------------------------------------------------


def test_a_drop_that_another_session_holds_is_tried_again_quietly(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(1), faults={"PASS": b"-ERR [IN-USE] locked\r\n", "AUTH": b"-ERR no\r\n"})
    said = setting.sync()
    assert "again" in said
    account = setting.house.store.accounts.get(ACCOUNT)
    assert account is not None
    assert account.status is AccountStatus.OFFLINE
    assert setting.house.ears.all(PasswordWanted) == []
    setting.drop.faults.clear()
    assert setting.sync() == ""


def test_a_refused_password_is_asked_for_and_the_new_one_is_tried(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(1), faults={"PASS": b"-ERR [AUTH] wrong\r\n", "AUTH": b"-ERR [AUTH] wrong\r\n"})
    house = setting.house
    with house.office() as office:
        house.ears.wait_for(PasswordWanted)
        setting.drop.faults.clear()
        office.send(Credential(ACCOUNT, "secret"))
        house.ears.wait_until(lambda: len(house.rows()) == 1)


def test_mail_that_one_retr_refuses_stays_and_the_rest_comes(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(3), faults={"RETR": "err:once"})
    assert setting.sync() == ""
    assert len(setting.house.rows()) == 2
    assert len(setting.drop.messages) == 1
    assert "1 message is left on the server" in setting.sentence()
    setting.sync()
    assert setting.subjects() == ["Letter 1", "Letter 2", "Letter 3"]
    assert setting.drop.messages == {}


def test_a_delete_that_was_not_confirmed_is_sent_again(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(2), faults={"QUIT": "close:once"})
    setting.sync()
    assert len(setting.drop.messages) == 2
    states = {row.state for row in setting.house.store.local.uidls.all(ACCOUNT).values()}
    assert states == {UidlState.DELE_SENT}
    fetched = len(setting.heard_of("RETR"))
    assert setting.sync() == ""
    assert setting.drop.messages == {}
    assert len(setting.heard_of("RETR")) == fetched


def test_a_watched_account_checks_again_when_asked(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(1))
    house = setting.house
    with house.office() as office:
        house.ears.wait_for(StatusChanged)
        house.ears.wait_until(lambda: len(house.rows()) == 1)
        setting.server.drained()
        setting.drop.messages[b"later"] = letter(7)
        office.send(SyncNow(ACCOUNT, "t"))
        house.ears.wait_until(lambda: len(house.rows()) == 2)


def test_nothing_is_asked_of_the_server_sooner_than_it_wishes(setting_of: Callable[..., Setting]) -> None:
    setting = setting_of(letters(1), capabilities=(*CAPABILITIES, "LOGIN-DELAY 600"))
    clock = MovedClock()
    with setting.house.office(watch=False, clock=clock) as office:
        assert office.wait_sync(timeout_s=30)[ACCOUNT] == ""
        setting.drop.messages[b"later"] = letter(7)
        said = office.wait_sync(timeout_s=30)[ACCOUNT]
    assert setting.drop.sessions == 1
    assert "10 min" in said


def test_what_a_broken_session_brought_whole_is_kept_and_nothing_is_deleted(
    setting_of: Callable[..., Setting],
) -> None:
    mails = letters(20)
    setting = setting_of(mails)
    setting.drop.cut_after = sum(map(len, list(mails.values())[:10]))
    setting.sync()
    store = setting.house.store
    kept = len(setting.house.rows())
    assert 0 < kept < 20
    assert setting.heard_of("DELE") == []
    assert_promise(setting.drop, mails, store, ACCOUNT)
    assert setting.sync() == ""
    assert_settled(setting.drop, mails, store, ACCOUNT, setting.house.paths.maildir)
    assert max(setting.drop.retrieved.values()) <= 2


def test_a_message_is_the_same_octet_for_octet(setting_of: Callable[..., Setting]) -> None:
    mails = hard_ones()
    setting = setting_of(mails, keep="always")
    setting.sync()
    assert stored_by_uidl(setting.house.store, ACCOUNT) == {uidl: arrived(raw) for uidl, raw in mails.items()}


def test_a_server_hears_of_us_while_the_disk_is_busy(
    setting_of: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = setting_of(letters(3))
    commit = Delivery.commit

    def slow(self: Delivery, batch: Sequence[tuple[Arriving, Described]]) -> list[EnvelopeId]:
        setting.house.ears.wait_until(lambda: "NOOP" in setting.drop.heard)
        return commit(self, batch)

    monkeypatch.setattr(pop_download, "QUIET_S", 0.0)
    monkeypatch.setattr(pop_intake, "PATIENCE_S", 0.01)
    monkeypatch.setattr(Delivery, "commit", slow)
    assert setting.sync() == ""
    assert setting.drop.messages == {}


def test_a_server_that_deletes_by_itself_is_told_of(setting_of: Callable[..., Setting]) -> None:
    mails = {b"small": letter(1), b"large": with_attachment(2, 50_000)}
    setting = setting_of(mails, keep="always", capabilities=(*CAPABILITIES, "EXPIRE 0"))
    setting.house.write_config(keep="always", limit="8K")
    for _ in range(2):
        setting.sync()
        assert "1 message is too large and only previewed" in setting.sentence()
        assert "keeps no mail once it was fetched" in setting.sentence()
