"""Writing beside the mail: the whole app, its keys, and an engine that only listens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from tests.ui.seed import WORK, FakeEngine, incoming, make_app, seed
from tests.ui.test_main_screen import Bench
from tests.ui.values import NOW
from tests.wishes.house import configuration
from tuimail.engine.protocol import OutboxChanged, PartArrived, PartFailed, Want
from tuimail.model import Draft, Flag, OutState, Role, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.screens.composer import Composer
from tuimail.ui.screens.drafts import DraftsScreen
from tuimail.ui.screens.outbox import OutboxScreen
from tuimail.ui.widgets.body_editor import BodyEditor

HEADER = Section("HEADER")
HEAD = (
    b"From: Grace Hopper <grace@navy.example>\r\nTo: Ada Byron <ada@example.org>, Alan <alan@park.example>\r\n"
    b"Subject: Compiler review, Thursday\r\nMessage-ID: <1000@example.org>\r\n\r\n"
)


class Desk(Bench):
    """A bench with words about composers."""

    @property
    def composer(self) -> Composer:
        """The one in front."""
        composer = self.app.main.composer
        assert composer is not None
        return composer

    @property
    def writes(self) -> bool:
        """Whether the keys go to a composer."""
        return self.app.main.is_writing

    def drafts(self) -> list[Draft]:
        """As the disk has them."""
        return self.store.drafts.all()

    def have_header(self) -> None:
        """The header of the first message is here."""
        self.store.parts.put(self.id_at(0), HEADER, HEAD)


@asynccontextmanager
async def desk_on(
    paths: Paths, size: tuple[int, int] = (150, 40), seeding: Callable[[Paths], None] = seed, **more: Any
) -> AsyncIterator[Desk]:
    """The app over seeded mail, with accounts that can write."""
    seeding(paths)
    engine = FakeEngine()
    app = make_app(paths, engine=engine, config=configuration(), **more)
    with Store.open(paths) as store:
        async with app.run_test(size=size, notifications=True) as pilot:
            bench: Pilot[Any] = pilot
            await bench.pause()
            yield Desk(app, engine, bench, store)
    app.main.store.close()


async def test_keys_after_c_belong_to_the_message(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        desk.app.post_message(events.Key("c", "c"))
        await desk.until(lambda: desk.app.focused is desk.app.main.keeper or desk.writes)
        for key in "sdem":
            desk.app.post_message(events.Key(key, key))
        await desk.until(lambda: desk.writes and desk.composer._to.value == "sdem")


async def test_keys_that_were_on_their_way_to_the_keeper_follow_the_others(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes and desk.app.focused is not desk.app.main.keeper)
        for key in "sde":
            desk.app.main.keeper.post_message(events.Key(key, key))
        await desk.until(lambda: desk.composer._to.value == "sde")


async def test_keys_that_come_in_one_burst_with_c_do_nothing_to_the_mail(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        before = [desk.id_at(position) for position in range(5)], [desk.flags_at(position) for position in range(5)]
        for key in "csdemr!":
            desk.app.post_message(events.Key(key, key))
        await desk.until(lambda: desk.writes)
        after = [desk.id_at(position) for position in range(5)], [desk.flags_at(position) for position in range(5)]
        assert after == before
        assert len(desk.drafts()) == 1


async def test_the_list_stays_beside_the_composer_and_tab_reaches_it(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        assert "Grace Hopper" in desk.text()
        desk.composer.body.focus()
        await desk.press("tab")
        assert desk.app.focused is desk.app.main.list_view
        await desk.press("j", "enter")
        await desk.until(lambda: desk.app.focused is desk.app.main.reader)
        assert not desk.app.main.composer_in_front
        await desk.press("w")
        await desk.until(lambda: desk.writes)


@pytest.mark.parametrize("size", [(60, 20), (100, 30)])
async def test_where_it_is_narrow_the_composer_has_the_whole_width_and_esc_gives_it_back(
    paths: Paths, size: tuple[int, int]
) -> None:
    async with desk_on(paths, size=size) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        assert "Grace Hopper" not in desk.text()
        assert desk.composer.region.width == size[0]
        assert desk.app.query_one(BodyEditor).region.height >= 8
        await desk.press("escape")
        await desk.until(lambda: "Grace Hopper" in desk.text())


async def test_a_draft_that_was_left_is_kept_and_one_that_was_not_touched_is_gone(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        assert len(desk.drafts()) == 1
        await desk.press("escape")
        await desk.until(lambda: desk.drafts() == [])
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        await desk.press("x", "escape")
        await desk.until(lambda: [draft.to for draft in desk.drafts()] == ["x"])


async def test_an_answer_waits_for_what_it_needs_and_then_opens(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("r")
        await desk.until(lambda: Want(desk.id_at(0), HEADER) in desk.engine.heard)
        assert not desk.writes
        await desk.press("j")
        assert desk.app.main.list_view.cursor == 1, "the keys are free while it is fetched"
        desk.have_header()
        desk.engine.say(PartArrived(desk.id_at(0), HEADER))
        await desk.until(lambda: desk.writes)
        assert desk.composer._to.value == "Grace Hopper <grace@navy.example>"
        assert "> shall we look at the second pass" in desk.composer.body.text
        assert desk.drafts()[0].in_reply_to == "<1000@example.org>"


async def test_an_answer_that_cannot_be_had_is_told(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("r")
        await desk.until(lambda: Want(desk.id_at(0), HEADER) in desk.engine.heard)
        desk.engine.say(PartFailed(desk.id_at(0), HEADER, "The server cannot be reached."))
        await desk.until(lambda: "cannot be reached" in desk.text())
        assert desk.drafts() == []


async def test_an_answer_does_not_tear_anybody_out_of_what_they_write(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("r")
        await desk.until(lambda: Want(desk.id_at(0), HEADER) in desk.engine.heard)
        desk.app.main.run_worker(desk.app.main.open_draft(desk.app.main.writing.compose(None), is_new=True))
        await desk.until(lambda: desk.writes)
        desk.have_header()
        desk.engine.say(PartArrived(desk.id_at(0), HEADER))
        await desk.until(lambda: "the draft is ready" in desk.text())
        assert desk.composer._to.value == ""


async def test_reply_to_all_leaves_the_person_out(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        desk.have_header()
        await desk.press("a")
        await desk.until(lambda: desk.writes)
        written_to = desk.composer._to.value + desk.composer._cc.value
        assert "grace@navy.example" in desk.composer._to.value
        assert "alan@" in written_to
        assert "ada@example.org" not in written_to


async def test_u_takes_back_what_was_sent_a_moment_ago(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        desk.have_header()
        await desk.press("r")
        await desk.until(lambda: desk.writes)
        await desk.press("f5")
        await desk.until(lambda: "u takes it back" in desk.text() or "Send anyway" in desk.text())
        if "Send anyway" in desk.text():
            await desk.pilot.click("#choice-send")
        await desk.until(lambda: "Sending in 10 s · u takes it back" in desk.text())
        assert "1 to send" in desk.text()
        await desk.press("u")
        await desk.until(lambda: desk.writes)
        assert [item.state for item in desk.store.outbox.all(done=True)] == [OutState.CANCELLED]
        assert len(desk.drafts()) == 1


async def test_u_after_something_else_means_that(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        await desk.press("x", "f8", "y")
        await desk.until(lambda: desk.drafts() == [])
        await desk.until(lambda: not desk.app.main.composers)
        await desk.press("j", "j", "x", "j", "x", "s")
        await desk.until(lambda: bool(desk.flags_at(2) & Flag.FLAGGED))
        await desk.until(lambda: "undoes" in desk.text())
        await desk.press("u")
        await desk.until(lambda: not desk.flags_at(2) & Flag.FLAGGED)
        assert desk.drafts() == []


async def test_several_drafts_are_chosen_from_a_list(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        for key in "xy":
            await desk.press("c")
            await desk.until(lambda: desk.writes)
            await desk.press(key, "escape")
            await desk.until(lambda: not desk.writes)
        await desk.press("w")
        await desk.until(lambda: isinstance(desk.app.screen, DraftsScreen))
        await desk.press("j", "enter")
        await desk.until(lambda: desk.writes)
        assert desk.composer._to.value in ("x", "y")
        assert len(desk.app.main.composers) == 2, "both are open, each with its undo"


async def test_no_key_acts_on_the_mail_while_a_field_without_letters_has_the_keys(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        desk.composer._from.focus()
        total = desk.store.envelopes.window(desk.inbox, 0, 1).total
        before = [desk.flags_at(position) for position in range(3)]
        await desk.press("s", "m", "d", "e", "n")
        await desk.pilot.pause(0.1)
        assert desk.store.envelopes.window(desk.inbox, 0, 1).total == total
        assert [desk.flags_at(position) for position in range(3)] == before


async def test_a_link_opens_the_composer_with_all_that_it_says(paths: Paths) -> None:
    link = "mailto:bob@b.example?cc=eve@b.example&bcc=mallory@b.example&subject=Hi&body=Line%0Atwo&attach=/etc/passwd"
    async with desk_on(paths, mailto=link) as desk:
        await desk.until(lambda: desk.writes)
        shown = desk.text()
        for said in ("bob@b.example", "eve@b.example", "mallory@b.example", "Hi", "Line", "two"):
            assert said in shown
        assert "passwd" not in shown
        assert desk.composer.draft.files == ()


async def test_leaving_the_program_saves_what_was_typed(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        await desk.press("x", "ctrl+q")
        await desk.until(lambda: [draft.to for draft in desk.drafts()] == ["x"])


async def test_the_end_from_outside_saves_what_was_typed(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await desk.press("c")
        await desk.until(lambda: desk.writes)
        await desk.press("x")
        desk.app._leave(143)
        assert [draft.to for draft in desk.drafts()] == ["x"]


async def test_the_outbox_opens_over_the_mail_and_a_failed_one_is_edited(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        draft = desk.store.drafts.begin(
            WORK, at=NOW, message_id="<d@example.org>", from_="Ada <ada@example.org>", to="bob@b.example",
            subject="Moth", body="x\n",
        )  # fmt: skip
        outbox_id = desk.app.main.writing.post(draft.id, 0)
        desk.store.sending.begin(outbox_id)
        desk.store.sending.failed(outbox_id, "The server does not know bob@b.example.")
        desk.engine.say(OutboxChanged("work"))
        await desk.until(lambda: "1 not sent, O shows why" in desk.text())
        await desk.press("O")
        await desk.until(lambda: isinstance(desk.app.screen, OutboxScreen) and "Moth" in desk.text())
        await desk.press("i")
        await desk.until(lambda: "does not know bob@b.example" in desk.text())
        await desk.press("escape", "e")
        await desk.until(lambda: desk.writes)
        assert desk.composer.subject == "Moth"


async def test_enter_in_a_mailbox_of_drafts_goes_on_writing(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        drafts = desk.store.mailboxes.with_role(WORK, Role.DRAFTS)
        assert drafts is not None
        desk.store.envelopes.ingest(drafts.id, [incoming(7, "Ada <ada@example.org>", "Half", 5, 0, 100, False)])
        desk.app.main.open_mailbox(drafts.id)
        await desk.press("enter")
        envelope_id = desk.store.envelopes.window(drafts.id, 0, 1).rows[0].id
        await desk.until(lambda: Want(envelope_id, Section("")) in desk.engine.heard)
        raw = b"From: Ada <ada@example.org>\r\nTo: bob@b.example\r\nSubject: Half\r\n\r\nDear Bob,\r\n"
        desk.store.parts.put(envelope_id, Section(""), raw)
        desk.engine.say(PartArrived(envelope_id, Section("")))
        await desk.until(lambda: desk.writes)
        assert desk.composer.body.text.startswith("Dear Bob,")


async def test_deleting_the_copy_of_a_draft_throws_the_draft_away_and_u_brings_it_back(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        drafts = desk.store.mailboxes.with_role(WORK, Role.DRAFTS)
        assert drafts is not None
        desk.store.envelopes.ingest(drafts.id, [incoming(7, "Ada <ada@example.org>", "Half", 5, 0, 100, False)])
        copy = desk.store.envelopes.window(drafts.id, 0, 1).rows[0].id
        draft = desk.store.drafts.begin(WORK, at=NOW, message_id="<d@example.org>", subject="Half")
        desk.store.drafts.set_server_copy(draft.id, copy, NOW)
        desk.app.main.open_mailbox(drafts.id)
        await desk.press("d")
        await desk.until(lambda: desk.drafts() == [])
        await desk.until(lambda: "u brings it back" in desk.text())
        await desk.press("u")
        await desk.until(lambda: [each.id for each in desk.drafts()] == [draft.id])
        await desk.until(lambda: desk.writes)
