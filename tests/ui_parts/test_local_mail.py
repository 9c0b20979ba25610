"""POP3 accounts in the app: the quarantine line, held attachments in the bar, local mailboxes, downloads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.cli.local_mail import MAILS, POP, mail
from tests.ui.seed import FakeEngine, make_app
from tests.ui.values import NOW
from tests.ui_parts.host import Host, attachment, piloted, screen_text, until
from tuimail.engine.local.describe import describe
from tuimail.engine.protocol import Progress, SyncEnded, Wake
from tuimail.model import AccountStatus, Attachment, EnvelopeId, HeldState, MailboxId, Section, Verdict
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.lines.downloads import Download, Downloads, time_left
from tuimail.ui.screens.dialogs import Confirm
from tuimail.ui.screens.mailbox_name import MailboxName
from tuimail.ui.screens.quarantine import QuarantineScreen
from tuimail.ui.screens.save_prompt import SavePrompt
from tuimail.ui.widgets.folder_tree import FolderTree
from tuimail.ui.widgets.held import HeldList
from tuimail.ui.widgets.parts_bar import PartsBar, part_line, state_of

Compare = Callable[..., bool]


class House:
    """The app over a POP3 account with three messages, each with an attachment that is held."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        home = tmp_path / "home"
        (home / "Downloads").mkdir(parents=True)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
        self.paths = Paths.from_environment({"HOME": str(home)}, data_dir=str(tmp_path / "data"))
        self.ids: dict[bytes, EnvelopeId] = {}
        with Store.open(self.paths) as store:
            store.accounts.sync_names([(POP, "ada@example.net", "pop3")])
            store.accounts.set_status(POP, AccountStatus.ONLINE, "", at=NOW)
            store.accounts.set_synced(POP, NOW - 480)
            store.local.open_account(POP)
            with store.local.delivery(POP) as delivery:
                for name in MAILS:
                    arriving = delivery.begin(name)
                    arriving.write(mail(name))
                    (self.ids[name],) = delivery.commit([(arriving, describe(arriving.read(), hold=True))])
            for mailbox in store.mailboxes.all():
                store.mailboxes.set_synced(mailbox.id, NOW - 480)
            for name, verdict in ((b"invoice", "dangerous"), (b"listing", "no finding")):
                store.quarantine.set_findings(
                    self.ids[name], Section("2"), verdict=verdict, reasons=["A reason."], real_type="application/pdf",
                    sha256=b"\x5f" * 32, size_octets=400, at=NOW,
                )  # fmt: skip
        self.engine = FakeEngine()
        self.app = make_app(self.paths, engine=self.engine)

    def names(self) -> list[str]:
        """Names of all mailboxes."""
        with Store.open(self.paths) as store:
            return [mailbox.name for mailbox in store.mailboxes.all()]

    def mailbox(self, name: str) -> MailboxId:
        """A mailbox by name."""
        with Store.open(self.paths) as store:
            found = store.mailboxes.find(POP, name)
        assert found is not None
        return found.id

    async def open(self, pilot: Pilot[Any], name: bytes) -> PartsBar:
        """A message is in the reader, its attachment in the bar."""
        await until(pilot, lambda: self.app.screen is self.app.main and self.app.main.shown is not None)
        self.app.main.open_message(self.mailbox("INBOX"), self.ids[name])
        bar = self.app.main.parts_bar
        await until(pilot, lambda: bar.current is not None and bar.current.envelope_id == self.ids[name])
        return bar

    async def in_tree(self, pilot: Pilot[Any], name: str) -> None:
        """The cursor of the tree is on a mailbox."""
        tree = self.app.screen.query_one(FolderTree)
        self.app.main.focus_tree()
        await pilot.press("g")
        for _ in range(20):
            row = tree._current()
            if row is not None and row.label == name:
                return
            await pilot.press("j")
        raise AssertionError(f"{name} is not in the tree")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


# --- quarantine -------------------------------------------------------------------


def test_the_tree_counts_what_is_held_and_leads_there(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: any("Quarantine" in line and "3" in line for line in lines(house)))
        await house.in_tree(pilot, "Quarantine")
        assert house.app.screen is house.app.main, "walking over it opens nothing"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(house.app.screen, QuarantineScreen))

    piloted(house.app, steps, (150, 40))


@pytest.mark.parametrize("key", ["S", "A", "enter"])
def test_saving_what_is_held_leads_to_its_review(house: House, key: str) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        bar = await house.open(pilot, b"invoice")
        assert "held, dangerous" in screen_text(house.app)
        bar.focus()
        await pilot.press(key)
        await until(pilot, lambda: isinstance(house.app.screen, QuarantineScreen))
        held_list = house.app.screen.query_one(HeldList)
        await until(pilot, lambda: held_list.current and held_list.current.envelope_id == house.ids[b"invoice"])

    piloted(house.app, steps, (150, 40))


def test_release_in_the_screen_reaches_store_bar_and_save_prompt(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        bar = await house.open(pilot, b"listing")
        await pilot.press("S")
        await until(pilot, lambda: isinstance(house.app.screen, QuarantineScreen))
        await until(pilot, lambda: house.app.screen.query_one(HeldList).current)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(house.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: bar.current is not None and bar.current.hold is HeldState.RELEASED)
        await pilot.press("escape")
        await until(pilot, lambda: house.app.screen is house.app.main)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(house.app.screen, SavePrompt))

    piloted(house.app, steps, (150, 40))


def test_delete_in_the_screen_rewrites_the_message(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("Q")
        await until(pilot, lambda: isinstance(house.app.screen, QuarantineScreen))
        await until(pilot, lambda: house.app.screen.query_one(HeldList).current)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(house.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "deleted 1" in screen_text(house.app))

    piloted(house.app, steps, (150, 40))
    with Store.open(house.paths) as store:
        assert store.quarantine.count() == 2


def test_no_key_of_the_main_screen_saves_what_is_held(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        bar = await house.open(pilot, b"invoice")
        for place in (house.app.main.list_view, house.app.main.reader, bar):
            place.focus()
            for key in ("S", "A", "v", "enter", "o", "space"):
                await pilot.press(key)
                await pilot.pause()
                assert not isinstance(house.app.screen, SavePrompt)
                while house.app.screen is not house.app.main:
                    await pilot.press("escape")
                    await pilot.pause()

    piloted(house.app, steps, (150, 40))


def test_the_palette_leads_from_the_quarantine_to_a_mailbox(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("Q")
        await until(pilot, lambda: isinstance(house.app.screen, QuarantineScreen))
        await pilot.press("ctrl+p", *"drafts")
        await pilot.pause(0.3)
        await pilot.press("enter")
        drafts = house.mailbox("Drafts")
        await until(pilot, lambda: house.app.screen is house.app.main and house.app.main.shown == drafts)

    piloted(house.app, steps, (150, 40))


@pytest.mark.parametrize(
    ("changes", "words", "role"),
    [
        ({"hold": HeldState.HELD, "verdict": Verdict.DANGEROUS}, "held, dangerous", "error"),
        ({"hold": HeldState.HELD, "verdict": Verdict.SUSPICIOUS}, "held, suspicious", "warning"),
        ({"hold": HeldState.HELD, "verdict": Verdict.NO_FINDING}, "held", "busy"),
        ({"hold": HeldState.HELD}, "held", "busy"),
        ({"hold": HeldState.DELETED}, "deleted", "muted"),
        ({"hold": HeldState.RELEASED, "verdict": Verdict.NO_FINDING}, "released", "ok"),
    ],
)
def test_the_bar_says_what_became_of_an_attachment(changes: dict[str, Any], words: str, role: str) -> None:
    one = attachment(is_here=True, **changes)
    assert words in state_of(one)[0]
    assert state_of(one)[1] == role
    for width in (30, 44, 60, 100):
        assert sum(len(run.text) for run in part_line(one, width, state_cells=18)) == width


def test_save_all_leaves_out_what_is_held() -> None:
    free, held = attachment(section="2"), attachment(section="3", hold=HeldState.HELD)
    asked: list[tuple[tuple[Attachment, ...], int]] = []
    bar = PartsBar()

    class Heard(Host):
        def on_parts_bar_save_all_requested(self, event: PartsBar.SaveAllRequested) -> None:
            asked.append((event.attachments, event.left_out))

    async def steps(pilot: Pilot[Any]) -> None:
        bar.show([free, held, held])
        bar.request_save_all()
        await pilot.pause()

    piloted(Heard(widgets=[bar]), steps)
    assert asked == [((free,), 2)]


# --- local mailboxes ----------------------------------------------------------------


def test_a_mailbox_is_made_renamed_and_deleted(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await house.in_tree(pilot, "Inbox")
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(house.app.screen, MailboxName))
        await pilot.press(*"Looms", "enter")
        await until(pilot, lambda: "Looms" in house.names() and house.app.screen is house.app.main)
        await house.in_tree(pilot, "Looms")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(house.app.screen, MailboxName))
        await pilot.press("end", "s", "enter")
        await until(pilot, lambda: "Loomss" in house.names() and house.app.screen is house.app.main)
        await house.in_tree(pilot, "Loomss")
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(house.app.screen, Confirm))
        await pilot.press("enter")  # not deleted by a mere Enter
        await until(pilot, lambda: house.app.screen is house.app.main)
        assert "Loomss" in house.names()
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(house.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "Loomss" not in house.names())

    piloted(house.app, steps, (150, 40))
    assert Wake(POP) in house.engine.heard


def test_a_name_that_is_taken_is_told_and_asked_again(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await house.in_tree(pilot, "Inbox")
        await pilot.press("plus", *"Trash", "enter")
        await until(pilot, lambda: "already" in screen_text(house.app))
        await pilot.press("escape")
        await until(pilot, lambda: house.app.screen is house.app.main)

    piloted(house.app, steps, (150, 40))


def test_a_mailbox_with_mail_is_deleted_only_after_its_mail_went_to_the_trash(house: House) -> None:
    with Store.open(house.paths) as store:
        looms = store.local.folders.create(POP, "Looms")
        store.local.move([house.ids[b"listing"]], looms)

    async def steps(pilot: Pilot[Any]) -> None:
        await house.in_tree(pilot, "Looms")
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(house.app.screen, Confirm))
        assert "1 message" in screen_text(house.app)
        await pilot.press("enter")  # goes back
        await until(pilot, lambda: house.app.screen is house.app.main)
        assert "Looms" in house.names()
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(house.app.screen, Confirm))
        await pilot.press("right", "enter")
        await until(pilot, lambda: "Looms" not in house.names())

    piloted(house.app, steps, (150, 40))
    with Store.open(house.paths) as store:
        assert [row.id for row in store.envelopes.window(house.mailbox("Trash"), 0, 9).rows] == [house.ids[b"listing"]]


def test_mailboxes_with_a_purpose_stay(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await house.in_tree(pilot, "Trash")
        await pilot.press("delete")
        await until(pilot, lambda: "purpose" in screen_text(house.app))

    piloted(house.app, steps, (150, 40))
    assert "Trash" in house.names()


# --- downloads -----------------------------------------------------------------------


def test_the_status_line_tells_a_download_until_it_ends(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        inbox = house.mailbox("INBOX")
        house.engine.say(Progress(POP, inbox, "messages", 312, 1204))
        house.engine.say(Progress(POP, inbox, "octets", 48_000_000, 120_000_000))
        await until(pilot, lambda: "312 of 1,204 · 48 MB" in screen_text(house.app))
        house.engine.say(SyncEnded(POP))
        await until(pilot, lambda: "312 of 1,204" not in screen_text(house.app))

    piloted(house.app, steps, (150, 40))


def test_time_left_follows_the_pace_of_the_last_seconds() -> None:
    download = Download()
    download.take({"messages": (0, 100), "octets": (0, 120_000_000)}, 0)
    assert download.words == "0 of 100"
    download.take({"messages": (10, 100), "octets": (10_000_000, 120_000_000)}, 10)
    assert download.words == "10 of 100 · 10 MB · 2 min left"
    download.take({"octets": (11_000_000, 120_000_000)}, 60)
    assert download.seconds_left == pytest.approx(109_000_000 / (1_000_000 / 50), rel=0.01)


def test_a_clock_that_jumps_back_and_a_total_that_is_not_known_give_no_guess() -> None:
    download = Download()
    download.take({"messages": (1, 5), "octets": (10, 0)}, 1000)
    download.take({"octets": (20, 0)}, 1010)
    assert download.seconds_left is None
    download.take({"octets": (30, 100)}, 5)
    assert download.seconds_left is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "a few seconds left"), (38, "40 s left"), (60, "1 min left"), (3599, "1 h left"), (4200, "1 h 10 min left"),
     (1e9, "days left")],
)  # fmt: skip
def test_time_left_in_words(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


def test_two_downloads_are_told_apart() -> None:
    downloads = Downloads()
    downloads.take({"a": {"messages": (1, 2)}, "b": {"messages": (3, 4)}}, set(), 0)
    assert downloads.words == ("a 1 of 2 · b 3 of 4", "busy", "4 of 6")
    downloads.take({"a": {"messages": (2, 2)}}, {"b"}, 1)
    assert downloads.words.words == ""


def test_a_pop3_account_on_the_screen(snap_compare: Compare, house: House) -> None:
    async def settled(pilot: Pilot[Any]) -> None:
        await house.open(pilot, b"invoice")
        house.engine.say(Progress(POP, house.mailbox("INBOX"), "messages", 312, 1204))
        house.engine.say(Progress(POP, house.mailbox("INBOX"), "octets", 48_000_000, 120_000_000))
        await until(pilot, lambda: "312 of 1,204 · 48 MB" in screen_text(house.app))

    assert snap_compare(house.app, terminal_size=(150, 40), run_before=settled)


def lines(house: House) -> list[str]:
    """What is on the screen."""
    return screen_text(house.app).splitlines()
