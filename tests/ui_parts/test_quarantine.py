"""The quarantine screen: what it shows, what it asks, and what no key of it does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.store.making import places
from tests.ui_parts.host import NOW, Host, desk, piloted, screen_text, until
from tests.ui_parts.quarantined import HOSTILE, INVOICE, MACROS, SEVERAL, FakeHolding, held
from tuimail.errors import StoreError
from tuimail.model import EnvelopeId, Held, HeldState, MailboxId, Verdict
from tuimail.ui.beside.notices import News
from tuimail.ui.keys import ACTIONS, QUARANTINE
from tuimail.ui.screens.dialogs import Choose, Confirm
from tuimail.ui.screens.quarantine import QuarantineScreen
from tuimail.ui.screens.save_prompt import SavePrompt
from tuimail.ui.widgets.held import HeldList

Steps = Callable[[Pilot[Any]], Coroutine[Any, Any, None]]
Compare = Callable[..., bool]


class Visit:
    """The screen over a desk in memory."""

    def __init__(self, tmp_path: Path, several: list[Held] | None = None, **options: Any) -> None:
        self.holding = FakeHolding(several)
        self.opened: list[tuple[MailboxId, EnvelopeId]] = []
        self.changes = 0
        saving = desk(places(tmp_path), tmp_path / "home")
        self.screen = QuarantineScreen(
            self.holding, saving, lambda: NOW, open_message=lambda *where: self.opened.append(where),
            changed=self._count, **options,
        )  # fmt: skip
        self.app = Host(self.screen)

    def _count(self) -> None:
        self.changes += 1

    @property
    def current(self) -> Held | None:
        """Under the cursor."""
        return self.screen.query_one(HeldList).current

    def run(self, steps: Steps, size: tuple[int, int] = (140, 40)) -> None:
        """Do `steps` once the list is filled."""

        async def all_steps(pilot: Pilot[Any]) -> None:
            if self.holding.held:
                await until(pilot, lambda: "held" in screen_text(self.app) and self.current)
            await steps(pilot)

        piloted(self.app, all_steps, size)


def test_the_list_tells_name_verdict_type_size_and_sender(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    async def steps(pilot: Pilot[Any]) -> None:
        shown = screen_text(visit.app)
        for words in ("invoice.pdf.exe", "dangerous", "suspicious", "no finding", "not examined", "Accounts"):
            assert words in shown, words
        assert "photos.zip" not in shown, "a released one among the held ones"

    visit.run(steps)


def test_details_tell_every_reason_both_types_the_digest_and_the_message(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=INVOICE.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "4d 5a 90 00" in screen_text(visit.app))
        shown = screen_text(visit.app)
        for words in ("is a program (.exe)", "whatever the name says", "PDF (application/pdf)",
                      "program (application/x-dosexec)", INVOICE.sha256, "Invoice 2024-1107, overdue"):  # fmt: skip
            assert words in shown, words

    visit.run(steps)


def test_names_in_an_archive_are_listed_cleaned(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=MACROS.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "word/vbaProject.bin" in screen_text(visit.app))
        assert "../../evil\ufffd.sh" in screen_text(visit.app)

    visit.run(steps)


def test_nothing_hostile_reaches_the_screen(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=HOSTILE.key)

    async def steps(pilot: Pilot[Any]) -> None:
        for _ in range(3):  # hex, text, neither
            await pilot.press("x")
            await pilot.pause(0.15)
            shown = screen_text(visit.app)
            assert all(char.isprintable() or char == "\n" for char in shown)
            assert "\u202e" not in shown
        assert "[@click=app.quit]" in shown, "brackets are shown as they are"
        await pilot.click(HeldList, offset=(6, 8))
        assert visit.app.is_running

    visit.run(steps)


def test_x_shows_octets_as_hex_then_as_text_then_not_at_all(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=INVOICE.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "octets, as hex" in screen_text(visit.app))
        await pilot.press("x")
        await until(pilot, lambda: "octets, as text" in screen_text(visit.app))
        assert "this only begins like a program" in screen_text(visit.app)
        await pilot.press("x")
        await until(pilot, lambda: "octets, as" not in screen_text(visit.app))

    visit.run(steps)


def test_one_without_findings_is_released_after_one_question(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(visit.app.screen, Confirm))
        assert visit.holding.state_of(SEVERAL[0]) is HeldState.HELD
        await pilot.press("y")
        await until(pilot, lambda: visit.holding.state_of(SEVERAL[0]) is HeldState.RELEASED)
        await until(pilot, lambda: visit.current is not None and visit.current.key == SEVERAL[0].key)

    visit.run(steps)
    assert visit.changes == 1


@pytest.mark.parametrize("one", [INVOICE, MACROS, HOSTILE], ids=["dangerous", "suspicious", "not examined"])
def test_one_with_findings_is_released_after_two_questions_that_say_why(tmp_path: Path, one: Held) -> None:
    visit = Visit(tmp_path, first=one.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(visit.app.screen, Choose))
        for reason in one.reasons:
            assert reason.split(",")[0].split(":")[0] in screen_text(visit.app)
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(visit.app.screen, Confirm))
        assert visit.holding.state_of(one) is HeldState.HELD, "released after the first question"
        await pilot.press("right", "enter")
        await until(pilot, lambda: visit.holding.state_of(one) is HeldState.RELEASED)

    visit.run(steps)


@pytest.mark.parametrize("keys", [["enter"], ["escape"], ["right", "enter", "enter"], ["right", "enter", "escape"]])
def test_enter_and_escape_do_not_release_one_with_findings(tmp_path: Path, keys: list[str]) -> None:
    visit = Visit(tmp_path, first=INVOICE.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(visit.app.screen, Choose))
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.05)
        await until(pilot, lambda: visit.app.screen is visit.screen)
        assert visit.holding.state_of(INVOICE) is HeldState.HELD

    visit.run(steps)
    assert visit.changes == 0


def test_delete_says_of_imap_mail_that_the_server_keeps_its_copy(tmp_path: Path) -> None:
    fetched = held(7, "report.pdf", on_server=True)
    visit = Visit(tmp_path, [fetched], first=fetched.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: isinstance(visit.app.screen, Confirm))
        assert "The server keeps its copy" in " ".join(screen_text(visit.app).split())
        await pilot.press("y")
        await until(pilot, lambda: visit.holding.state_of(fetched) is HeldState.DELETED)
        await until(pilot, lambda: "The server still has it" in " ".join(screen_text(visit.app).split()))

    visit.run(steps)


def test_delete_asks_says_that_a_note_stays_and_takes_enter_for_no(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=INVOICE.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: isinstance(visit.app.screen, Confirm))
        assert "keeps a note" in screen_text(visit.app)
        await pilot.press("enter")
        await until(pilot, lambda: visit.app.screen is visit.screen)
        assert visit.holding.state_of(INVOICE) is HeldState.HELD
        await pilot.press("d")
        await until(pilot, lambda: isinstance(visit.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: visit.holding.state_of(INVOICE) is HeldState.DELETED)
        await until(pilot, lambda: "deleted 1" in screen_text(visit.app))

    visit.run(steps)


def test_a_decision_that_fails_is_told_and_nothing_changes(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    visit.holding.refuse = StoreError("The disk is full.", "Make room.")

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(visit.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: any("The disk is full. Make room." in told for told in visit.app.told))

    visit.run(steps)
    assert visit.changes == 0


def test_s_saves_a_released_one_and_only_that(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("S")
        await pilot.pause(0.1)
        assert visit.app.screen is visit.screen
        assert any("held" in told for told in visit.app.told)
        await pilot.press("f")
        await until(pilot, lambda: visit.current is not None and visit.current.state is HeldState.RELEASED)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(visit.app.screen, SavePrompt))
        await pilot.press("escape")
        await until(pilot, lambda: visit.app.screen is visit.screen)

    visit.run(steps)


def test_filters_by_state_and_verdict(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("v")
        await until(pilot, lambda: visit.current == INVOICE)
        assert "Quartalszahlen" not in screen_text(visit.app)
        await pilot.press("v", "v", "v", "f", "f")
        await until(pilot, lambda: "Nothing was deleted" in screen_text(visit.app))
        await pilot.press("f")
        await until(pilot, lambda: "photos.zip" in screen_text(visit.app) and "listing.pdf" in screen_text(visit.app))
        await pilot.click("#title", offset=(16, 0))
        await until(pilot, lambda: "photos.zip" not in screen_text(visit.app))

    visit.run(steps)


def test_o_opens_the_message_it_came_with(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=INVOICE.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("o")
        await until(pilot, lambda: visit.opened)

    visit.run(steps)
    assert visit.opened == [(INVOICE.mailbox_id, INVOICE.envelope_id)]


def test_in_a_narrow_window_enter_looks_closer_and_escape_goes_back_step_by_step(tmp_path: Path) -> None:
    visit = Visit(tmp_path)

    async def steps(pilot: Pilot[Any]) -> None:
        assert "SHA-256" not in screen_text(visit.app)
        await pilot.press("enter")
        await until(pilot, lambda: "SHA-256" in screen_text(visit.app))
        await pilot.press("escape")
        await until(pilot, lambda: "SHA-256" not in screen_text(visit.app))
        await pilot.press("escape")
        await until(pilot, lambda: visit.app.screen is not visit.screen)

    visit.run(steps, (72, 24))


def test_news_are_read_and_the_cursor_stays_on_its_attachment(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=MACROS.key)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: visit.current == MACROS)
        visit.holding.held.insert(0, held(9, "newest.png", sort_at=NOW))
        visit.screen.take_news(News(tree=True))
        await until(pilot, lambda: "newest.png" in screen_text(visit.app))
        assert visit.current == MACROS

    visit.run(steps)


def test_nothing_held_says_so(tmp_path: Path) -> None:
    visit = Visit(tmp_path, [])

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "Nothing is held" in screen_text(visit.app))
        for spec in ACTIONS:
            if spec.where == QUARANTINE and spec.id != "quarantine.back":
                await pilot.press(spec.keys.split(",")[0])
        assert visit.app.screen is visit.screen

    visit.run(steps)


def test_no_key_at_all_decides_anything_by_itself(tmp_path: Path) -> None:
    visit = Visit(tmp_path, first=INVOICE.key)
    before = list(visit.holding.held)

    async def steps(pilot: Pilot[Any]) -> None:
        for key in [chr(code) for code in range(0x21, 0x7F)] + ["space", "tab", "delete", "backspace", "f5"]:
            await pilot.press(key)
            while visit.app.screen is not visit.screen and len(visit.app.screen_stack) > 1:
                if visit.screen not in visit.app.screen_stack:
                    break
                await pilot.press("escape")
            if visit.screen not in visit.app.screen_stack:
                visit.app.push_screen(visit.screen)
                await pilot.pause()

    visit.run(steps)
    assert visit.holding.held == before


def test_many_are_shown_without_reading_them_all(tmp_path: Path) -> None:
    several = [held(number, f"file-{number}.pdf", verdict=Verdict.NO_FINDING) for number in range(1, 2001)]
    visit = Visit(tmp_path, several)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("G")
        await until(pilot, lambda: "file-2000.pdf" in screen_text(visit.app))
        await pilot.press(*["k"] * 30)
        await pilot.pause(0.3)

    visit.run(steps)
    assert len(visit.holding.looked_into) < 40, "only where the cursor rested"


@pytest.mark.parametrize(
    ("size", "theme", "keys"),
    [((140, 40), "tuimail-dark", "j"), ((100, 30), "tuimail-light", "jj"), ((72, 24), "ansi", "j"),
     ((100, 30), "tuimail-dark", "jr")],
    ids=["wide", "light", "narrow", "release"],
)  # fmt: skip
def test_the_quarantine(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], theme: str, keys: str
) -> None:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    saving = desk(places(tmp_path), tmp_path / "home")
    screen = QuarantineScreen(FakeHolding(), saving, lambda: NOW)

    async def settled(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: screen.query_one(HeldList).current)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)

    assert snap_compare(Host(screen, theme=theme), terminal_size=size, run_before=settled)
