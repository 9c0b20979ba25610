"""Selecting lines in the reader: by keys and by the mouse, quoted by answers, copied."""

from __future__ import annotations

from dataclasses import replace

from tests.ui.seed import put_text
from tests.ui.test_lists import seed_conversation
from tests.ui.test_writing import HEAD, HEADER, Desk, desk_on
from tuimail.mime.reading.text import plain_to_readable
from tuimail.paths import Paths
from tuimail.ui.beside.listing import ViewListing
from tuimail.ui.widgets.reader import Reader

LETTER = "Ada,\n\nalpha\nbravo\ncharlie\n\n" + "".join(f"> quoted {number}\n" for number in range(9)) + "\nGrace\n"


async def read(desk: Desk, text: str = LETTER, alternatives: tuple[str, ...] = ()) -> Reader:
    """Have the second message open, with this text."""
    desk.store.parts.put(desk.id_at(1), HEADER, HEAD)
    put_text(desk.store, desk.id_at(1), replace(plain_to_readable(text), alternatives=alternatives))
    await desk.press("j", "enter")
    reader = desk.app.main.reader
    await desk.until(lambda: desk.app.focused is reader and "alpha" in desk.text())
    return reader


async def test_an_answer_quotes_only_the_lines_that_are_selected(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        reader = await read(desk)
        await desk.press("x", "j", "j", "X", "j")
        assert reader.selected_text() == "alpha\nbravo"
        assert "2 lines · r quotes · y copies · Esc ends" in desk.text()
        await desk.press("r")
        await desk.until(lambda: desk.writes)
        assert "> alpha\n> bravo\n" in desk.composer.body.text
        assert "charlie" not in desk.composer.body.text
        assert "Ada," not in desk.composer.body.text
        assert not reader.is_selecting


async def test_in_a_conversation_only_the_message_in_which_it_begins_is_quoted(paths: Paths) -> None:
    async with desk_on(paths, seeding=seed_conversation) as desk:
        screen = desk.app.main
        for position in range(3):
            desk.store.parts.put(desk.id_at(position), HEADER, HEAD)
        await desk.press("T")
        await desk.until(lambda: isinstance(screen.listing, ViewListing) and screen.listing.is_made)
        await desk.press("enter")
        await desk.until(lambda: "words of Grace" in desk.text() and "words of Mary" in desk.text())
        shown = screen.reading.current
        first, last = sorted(("Mary", "Grace"), key=lambda name: desk.text().index(f"words of {name}"))
        await desk.press("x", "G")
        assert f"words of {last}" in screen.reader.selected_text()
        found = screen.selected()
        assert found is not None
        assert found.envelope_id == shown
        await desk.press("r")
        await desk.until(lambda: desk.writes)
        assert f"> These are the words of {first}" in desk.composer.body.text
        assert last not in desk.composer.body.text


async def test_of_the_html_form_its_own_lines_are_quoted(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        both = ("plain", "html")
        html = replace(plain_to_readable("one of html\ntwo of html\n"), source="html", alternatives=both)
        put_text(desk.store, desk.id_at(1), html, "html")
        reader = await read(desk, alternatives=both)
        await desk.press("H")
        await desk.until(lambda: "two of html" in desk.text() and "alpha" not in desk.text())
        await desk.press("x", "j", "X")
        assert reader.selected_text() == "two of html"
        await desk.press("r")
        await desk.until(lambda: desk.writes)
        assert "> two of html\n" in desk.composer.body.text
        assert "one of html" not in desk.composer.body.text


async def test_so_does_a_forward(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await read(desk)
        await desk.press("x", "j", "j", "X", "F")
        await desk.until(lambda: desk.writes)
        assert "alpha\n" in desk.composer.body.text
        assert "bravo" not in desk.composer.body.text


async def test_esc_ends_the_selection_and_stays_in_the_reader(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        reader = await read(desk)
        await desk.press("x", "j")
        assert len(reader.selected_rows) == 2
        await desk.press("escape")
        assert not reader.is_selecting
        assert desk.app.focused is reader
        assert "r quotes" not in desk.text()
        await desk.press("r")
        await desk.until(lambda: desk.writes)
        assert "charlie" in desk.composer.body.text


async def test_copying_gives_the_terminal_clean_text(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        await read(desk, "alpha \x1b]52;c;ZXZpbA==\x07 b\u202eravo\nsecond\n")
        await desk.press("y")
        assert desk.app.clipboard == "", "nothing is selected"
        await desk.press("x", "G", "y")
        assert desk.app.clipboard.startswith("alpha ")
        assert desk.app.clipboard.endswith("second")
        assert all(char.isprintable() or char == "\n" for char in desk.app.clipboard)
        assert not desk.app.main.reader.is_selecting


async def test_what_no_clipboard_takes_is_not_copied(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        reader = await read(desk, "alpha\n" + f"{'x' * 70}\n" * 1_200)
        await desk.until(lambda: reader.flowed_completely)
        await desk.press("x", "G", "y")
        assert desk.app.clipboard == ""
        assert reader.is_selecting


async def test_a_selection_reaches_through_folds_and_stays_when_they_open(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        reader = await read(desk)
        await desk.press("x", "G")
        assert "▸ 9 quoted lines" in desk.text()
        whole = reader.selected_text()
        assert "> quoted 8" in whole
        await desk.press("z")
        assert reader.selected_text() == whole
        await desk.press("z", "r")
        await desk.until(lambda: desk.writes)
        assert "> > quoted 8" in desk.composer.body.text


async def test_dragging_with_the_mouse_selects(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        reader = await read(desk)
        await desk.pilot.mouse_down(reader, offset=(3, 2))
        await desk.pilot.hover(reader, offset=(9, 4))
        await desk.pilot.mouse_up(reader, offset=(9, 4))
        await desk.pilot.pause()
        assert reader.selected_text() == "alpha\nbravo\ncharlie"
        await desk.pilot.click(reader, offset=(3, 3))
        await desk.pilot.pause()
        assert not reader.is_selecting, "a click ends it"
        await desk.press("x")
        assert reader.selected_text() == "bravo", "the next one begins where the mouse pointed"


async def test_another_message_and_another_width_end_or_keep_it(paths: Paths) -> None:
    async with desk_on(paths) as desk:
        reader = await read(desk)
        await desk.press("x", "j", "j")
        before = reader.selected_text()
        await desk.pilot.resize_terminal(95, 30)
        await desk.pilot.pause()
        assert reader.selected_text() == before
        shown = desk.app.main.reading.current
        await desk.press("space", "space")
        assert desk.app.main.reading.current == shown, "Space selects on"
        assert reader.selected_text().endswith("Grace")
        await desk.press("n")
        assert not reader.is_selecting
