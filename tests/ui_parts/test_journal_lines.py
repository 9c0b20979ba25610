"""The journal in words: what failed, what waits, what was done."""

from __future__ import annotations

from tests.ui.values import NOW
from tuimail.model import AccountName, DeedId, PendingId
from tuimail.store.acting.deeds import Deed
from tuimail.store.acting.pending import Waiting
from tuimail.ui.lines.journal_lines import Part, about, entries, line_runs, lines_of, title_runs

WORK = AccountName("work")


def waiting(
    id: int, words: str, *, state: str = "waiting", deed: int | None = None, sentence: str = "", tries: int = 0
) -> Waiting:
    """One action."""
    known = None if deed is None else DeedId(deed)
    return Waiting(PendingId(id), WORK, "INBOX", words, state, sentence, tries, NOW - id, known)


def shown(*found: Waiting, deeds: tuple[Deed, ...] = (), width: int = 100) -> list[str]:
    """The lines as text."""
    lines = lines_of(entries(found, deeds))
    return ["".join(run.text for run in line_runs(line, width, NOW, cursor=False)).rstrip() for line in lines]


def test_what_failed_comes_first_with_its_reason_then_what_waits_then_what_was_done() -> None:
    lines = shown(
        waiting(1, "star: Hello"),
        waiting(2, "move to Trash: Lunch", state="failed", sentence="The server said no."),
        deeds=(Deed(DeedId(9), "Deleted 1 message", NOW, "done"), Deed(DeedId(8), "Starred 1 message", NOW, "undone")),
    )
    headings = [line.strip() for line in (lines[0], lines[3], lines[6])]
    assert headings == ["Failed", "Waiting for the server", "Done lately"]
    assert "✗ Move to Trash: Lunch · INBOX, work · The server said no." in lines[1]
    assert "… Star: Hello · INBOX, work" in lines[4]
    assert "✓ Deleted 1 message" in lines[7]
    assert "Starred 1 message · undone" in lines[8]


def test_a_deed_is_not_called_done_while_the_server_has_not_done_all_of_it() -> None:
    deeds = tuple(Deed(DeedId(n), f"Starred {n} messages", NOW, state) for n, state in (
        (4, "done"), (3, "done"), (2, "done"), (1, "given up")
    ))
    lines = shown(
        waiting(1, "star: A", deed=4), waiting(2, "star: B", deed=4, state="failed"),
        waiting(3, "star: C", deed=3, state="failed"), deeds=deeds,
    )[-4:]
    assert "… Starred 4 messages · waiting for the server" in lines[0]
    assert "✗ Starred 3 messages · failed" in lines[1]
    assert "✓ Starred 2 messages" in lines[2]
    assert "· Starred 1 messages · given up" in lines[3]


def test_ten_thousand_actions_of_one_deed_are_one_line() -> None:
    found = [waiting(number, f"move to Archive: Re: number {number}", deed=7) for number in range(1, 10_001)]
    (entry,) = entries(found, [])
    assert entry.words == "Move to Archive: 10,000 messages"
    assert len(entry.ids) == 10_000
    assert "".join(run.text for run in title_runs([entry], 80)) == " Journal · 10,000 waiting"


def test_actions_of_one_deed_that_fare_differently_are_lines_of_their_own() -> None:
    found = entries([waiting(1, "star: A", deed=7), waiting(2, "star: B", deed=7, state="failed")], [])
    assert [(entry.part, entry.words) for entry in found] == [(Part.FAILED, "Star: B"), (Part.WAITING, "Star: A")]


def test_a_subject_cannot_do_anything_to_the_terminal() -> None:
    lines = shown(waiting(1, "star: \x1b[31m\u202egpj.exe"), width=60)
    assert all(line.isprintable() for line in lines)
    assert all(len(line) <= 60 for line in lines)


def test_every_entry_says_what_can_be_done() -> None:
    failed, waits = entries([waiting(1, "star: A", state="failed"), waiting(2, "star: B", tries=3)], [])
    assert "Try it again, or give it up." in about(failed)[1]
    assert "Tried 3 times." in about(waits)[0]
    assert about(None) == []
