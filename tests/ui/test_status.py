"""The status line: what matters stays, whatever the width."""

from __future__ import annotations

import dataclasses

import pytest

from tests.ui.values import NOW, account
from tuimail.mime.clean import cell_width
from tuimail.model import Account, AccountStatus
from tuimail.ui.lines.status import AWAY, HAND, PROGRESS, TROUBLE, Part, account_parts, most_cells, status_runs

DOWNLOAD = Part("312 of 1,204 · 48 MB · 2 min left", "busy", PROGRESS, "312 of 1,204")
NOT_SENT = Part("1 not sent, O shows why", "error", TROUBLE, "1 not sent")
AWAY_NOW = account(status=AccountStatus.OFFLINE, sentence="imap.example refused the connection.", pending=2)
LONG = "312 of 1,204 · 48 MB · 2 min left · 1 not sent, O shows why · 2 waiting · offline since 08:12"
ALL = [DOWNLOAD, NOT_SENT, *account_parts([AWAY_NOW], NOW)]


def words(parts: list[Part], room: int) -> str:
    """What it says."""
    return "".join(run.text for run in status_runs(parts, room))


def test_the_status_line_says_the_truth_and_nothing_when_all_is_well() -> None:
    assert account_parts([account(status=AccountStatus.ONLINE)], NOW) == []
    assert words(account_parts([AWAY_NOW], NOW), 200) == (
        "2 waiting · offline since 08:12 · imap.example refused the connection."
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (250, f"{LONG} · imap.example refused the connection."),
        (220, f"{LONG} · imap.example refused the connecti…"),
        (180, LONG),
        (100, "312 of 1,204 · 1 not sent · 2 waiting · offline"),
        (80, "1 not sent · 2 waiting · offline"),
        (60, "1 not sent · 2 waiting · offline"),
        (40, "1 not sent · offline"),
    ],
)
def test_reasons_go_first_and_what_needs_a_person_last(columns: int, said: str) -> None:
    room = most_cells(columns) - 2
    assert words(ALL, room) == said
    assert cell_width(words(ALL, room)) <= room


def test_at_no_width_is_there_more_than_room() -> None:
    many = [*ALL, Part("9 lines · r quotes · y copies", "busy", HAND, "9 lines · r quotes"), *account_parts(
        [account(str(number), status=AccountStatus.NEEDS_PASSWORD, sentence="why " * 40) for number in range(7)], NOW
    )]  # fmt: skip
    for room in range(200):
        assert cell_width(words(many, room)) <= room


def test_what_a_person_does_with_the_hands_stays_longest() -> None:
    hand = Part("9 lines · r quotes · y copies · Esc ends", "busy", HAND, "9 lines · r quotes")
    assert words([hand, *ALL], 34).startswith("9 lines")
    assert words([hand, Part("engine away", "offline", AWAY)], 20) == "9 lines · r quotes"


def two(status: AccountStatus, other: AccountStatus, **addresses: str) -> list[Account]:
    """Two accounts, both ada's."""
    one = account("work", status=status, sentence="imap.example refused the connection.")
    second = account("home", status=other, sentence="imap.example refused the connection.")
    return [one, dataclasses.replace(second, address=addresses.get("second", "ada@example.net"))]


def test_what_all_accounts_have_in_common_is_said_once() -> None:
    parts = account_parts(two(AccountStatus.OFFLINE, AccountStatus.OFFLINE), NOW)
    assert words(parts, 200) == "2 accounts offline since 08:12 · imap.example refused the connection."
    assert words(parts, 20) == "offline"
    needy = account_parts(two(AccountStatus.NEEDS_PASSWORD, AccountStatus.NEEDS_PASSWORD), NOW)
    assert words(needy, 35) == "2 accounts need their passwords"
    assert account_parts(two(AccountStatus.ONLINE, AccountStatus.ONLINE), NOW) == []


@pytest.mark.parametrize(
    ("second", "said"), [("bob@example.org", "ada"), ("ada@example.net", "example.org"), ("ada@example.org", "work")]
)
def test_accounts_are_told_apart_in_few_words(second: str, said: str) -> None:
    accounts = two(AccountStatus.OFFLINE, AccountStatus.ONLINE, second=second)
    assert words(account_parts(accounts, NOW), 25) == f"{said}: offline"
