"""The folder tree as lines."""

from __future__ import annotations

from tests.ui.values import account, mailbox
from tuimail.model import AccountStatus, Role
from tuimail.ui.lines.rows import runs_width
from tuimail.ui.lines.tree_rows import TreeRow, tree_line, tree_rows


def labels(rows: list[TreeRow]) -> list[str]:
    return ["  " * row.depth + row.label for row in rows]


def test_special_mailboxes_come_first_in_their_order_and_others_by_name() -> None:
    found = tree_rows(
        [account()],
        [
            mailbox(1, name="zebra"),
            mailbox(2, name="Trash", role=Role.TRASH),
            mailbox(3, name="Alpha"),
            mailbox(4, name="INBOX", role=Role.INBOX),
        ],
        (),
    )
    assert labels(found) == ["ada@example.org", "Inbox", "Trash", "Alpha", "zebra"]


def test_names_nest_by_their_delimiter_and_a_missing_parent_is_shown_as_a_name_only() -> None:
    found = tree_rows([account()], [mailbox(1, name="Lists/python/dev"), mailbox(2, name="Lists/rust")], ())
    assert labels(found) == ["ada@example.org", "Lists", "  python", "    dev", "  rust"]
    assert found[1].mailbox_id is None
    assert found[3].mailbox_id == 1


def test_a_folded_row_hides_what_is_below_and_counts_its_unread() -> None:
    mailboxes = [mailbox(1, name="Lists", unread=1), mailbox(2, name="Lists/python", unread=4)]
    folded_key = tree_rows([account()], mailboxes, ())[1].key
    found = tree_rows([account()], mailboxes, {folded_key})
    assert labels(found) == ["ada@example.org", "Lists"]
    assert found[1].unread == 5


def test_servers_that_put_everything_below_the_inbox_get_a_flat_tree() -> None:
    found = tree_rows(
        [account()],
        [
            mailbox(1, name="INBOX", delimiter=".", role=Role.INBOX),
            mailbox(2, name="INBOX.Sent", delimiter=".", role=Role.SENT),
            mailbox(3, name="INBOX.work.tax", delimiter="."),
        ],
        (),
    )
    assert labels(found) == ["ada@example.org", "Inbox", "Sent", "work", "  tax"]


def test_what_lies_below_a_special_mailbox_stands_below_it() -> None:
    mailboxes = [
        mailbox(1, name="INBOX", role=Role.INBOX),
        mailbox(2, name="Archive", role=Role.ARCHIVE),
        mailbox(3, name="Archive/2026", unread=2),
        mailbox(4, name="Archive/2026/trips", unread=3),
        mailbox(5, name="Archive/Sent", role=Role.SENT),
        mailbox(6, name="Archive/Sent/old"),
        mailbox(7, name="INBOX/bills"),
        mailbox(8, name="Archived"),
    ]
    found = tree_rows([account()], mailboxes, ())
    assert labels(found) == [
        "ada@example.org", "Inbox", "  bills", "Sent", "  old", "Archive", "  2026", "    trips", "Archived"
    ]
    assert len({row.key for row in found}) == len(found)
    archive = next(row for row in found if row.mailbox_id == 2)
    assert archive.folded is False
    found = tree_rows([account()], mailboxes, {archive.key})
    assert labels(found) == ["ada@example.org", "Inbox", "  bills", "Sent", "  old", "Archive", "Archived"]
    (archive,) = (row for row in found if row.mailbox_id == 2)
    assert archive.unread == 5
    assert "▸" in "".join(run.text for run in tree_line(archive, 30))


def test_names_that_differ_only_in_case_or_are_empty_or_hostile_are_rows_of_their_own() -> None:
    names = ["a", "A", "", "[c]", "x\x1b]0;PWN\x07\ny", "../../etc"]
    found = tree_rows([account()], [mailbox(n, name=name, delimiter="") for n, name in enumerate(names, 1)], ())
    assert sorted(row.mailbox_id or 0 for row in found[1:]) == [1, 2, 3, 4, 5, 6]
    assert len({row.key for row in found}) == len(found)
    assert all(row.label.isprintable() for row in found)


def test_accounts_are_set_apart_by_a_gap_on_which_no_cursor_stops() -> None:
    found = tree_rows([account("a"), account("b")], [mailbox(1, account="a"), mailbox(2, account="b")], ())
    assert [row.can_stop for row in found] == [True, True, False, True, True]


def test_every_line_fills_its_width() -> None:
    rows = tree_rows(
        [account(status=AccountStatus.OFFLINE)],
        [mailbox(1, name="a/b/c/d/e/f/g/h/i/j", unread=12345), mailbox(2, name="会議" * 20, unread=3, error="no")],
        (),
    )
    for width in range(14, 60):
        for row in rows:
            assert runs_width(tree_line(row, width, is_open=True)) == width, (width, row)
