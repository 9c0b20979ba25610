"""List rows, titles and bars as runs."""

from __future__ import annotations

import pytest

from tests.ui.values import NOW, account, mailbox, row
from tuimail.mime.clean import cell_width
from tuimail.model import Flag, Role
from tuimail.ui.lines.rows import (
    Runs,
    lines_per_row,
    list_columns,
    list_row,
    list_title,
    row_lines,
    runs_width,
    top_bar,
)

HOSTILE = "\x1b]0;x\x07\x9b31m\u202e\u200b\ud800\x00[/] [@click=app.quit]x[/]" + "a" * 2000


def words(runs: Runs) -> str:
    return "".join(run.text for run in runs)


@pytest.mark.parametrize("width", [*range(5, 60), 80, 120, 200])
def test_a_row_fills_its_width_whatever_is_in_it(width: int) -> None:
    for subject in ("Plain", "会議の予定について、木曜日に" * 5, HOSTILE, "", "👩‍👩‍👧 e\u0301"):
        found = row(subject=subject, sender=subject, flags=Flag.FLAGGED, has_attachments=True)
        assert runs_width(list_row(found, list_columns(width), NOW)) == width


@pytest.mark.parametrize("width", range(28, 60))
def test_narrow_lists_give_a_message_two_lines(width: int) -> None:
    found = row_lines(row(subject="会議の予定について" * 9, flags=Flag.FLAGGED), width, NOW)
    assert len(found) == lines_per_row(width) == (2 if width < 46 else 1)
    assert [runs_width(runs) for runs in found] == [width] * len(found)


def test_nothing_of_a_row_is_a_control_format_or_surrogate_character() -> None:
    shown = words(list_row(row(sender=HOSTILE, subject=HOSTILE), list_columns(120), NOW))
    assert shown.isprintable()
    assert "[@click=app.quit]" in shown, "markup is text like any other"


def test_an_unread_message_is_told_by_a_dot_and_not_by_colour_alone() -> None:
    assert "●" in words(list_row(row(flags=0), list_columns(60), NOW))
    assert "●" not in words(list_row(row(flags=Flag.SEEN), list_columns(60), NOW))
    assert any(run.role == "unread-text" for run in list_row(row(flags=0), list_columns(60), NOW))


def test_star_attachment_and_selection_have_their_marks() -> None:
    found = row(flags=Flag.SEEN | Flag.FLAGGED, has_attachments=True)
    shown = words(list_row(found, list_columns(60), NOW, cursor=True, selected=True))
    assert shown.startswith("▎✓")
    assert "★" in shown
    assert "📎" in shown


def test_the_title_counts_and_gives_way_from_the_right() -> None:
    inbox = mailbox(role=Role.INBOX, name="INBOX", total=12480, unread=3)
    assert words(list_title(inbox, 60)).split() == ["Inbox", "·", "3", "unread", "of", "12,480", "by", "date", "▾"]
    assert cell_width(words(list_title(inbox, 20))) == 20
    assert "2 selected" in words(list_title(inbox, 60, selected=2))
    assert "fetching 1,200 of 80,000" in words(list_title(inbox, 60, fetching=(1200, 80000)))


def test_the_top_bar_tells_when_the_account_was_synced() -> None:
    shown = words(top_bar([account(synced_at=NOW - 600)], "work", 80, NOW))
    assert shown.startswith(" tuimail")
    assert shown.endswith("ada@example.org · synced 09:02 ")
