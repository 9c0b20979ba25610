"""Choosing a mailbox by a few letters, likely ones first; and keywords."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as some

from tests.ui.values import account, mailbox
from tuimail.model import AccountName, MailboxId, Role
from tuimail.ui.beside import learned
from tuimail.ui.screens.picker import Destination, DestinationSource, KeywordSource

DAY = 86400
INBOX = mailbox(id=1, name="INBOX", role=Role.INBOX)
TREES = mailbox(id=2, name="Trees")
TRAVEL = mailbox(id=3, name="Travel")
OTHER = mailbox(id=4, name="Trains", account="home")
HEADING = mailbox(id=5, name="Tr", selectable=False)


def source(
    likely: Mapping[str, float] | None = None, leave_out: int | None = None
) -> tuple[DestinationSource, list[Destination]]:
    """A source over five mailboxes, and what was chosen from it."""
    chosen: list[Destination] = []
    accounts = [account(), account(name="home")]
    found = DestinationSource(
        [INBOX, TREES, TRAVEL, OTHER, HEADING], accounts, chosen.append, home=AccountName("work"),
        leave_out=None if leave_out is None else MailboxId(leave_out), likely=likely or {},
    )  # fmt: skip
    return found, chosen


def labels(found: DestinationSource, query: str) -> list[str]:
    """What is offered."""
    return [hit.label for hit in found.hits(query)]


def test_mailboxes_of_the_own_account_come_first_and_headings_are_not_offered() -> None:
    found, _ = source(leave_out=1)
    assert labels(found, "") == ["Trees", "Travel", "Trains"]


def test_what_was_chosen_before_comes_first_also_from_another_account() -> None:
    memory = learned.learn({}, learned.name_of(INBOX), learned.name_of(OTHER), 0)
    found, chosen = source(learned.weights(memory, learned.name_of(INBOX), 0))
    assert labels(found, "tr")[0] == "Trains"
    found.hits("tr")[0].act()
    assert chosen == [Destination(AccountName("home"), MailboxId(4), "Trains")]


def test_a_name_that_is_not_there_is_offered_as_a_new_mailbox_at_the_end() -> None:
    found, chosen = source()
    assert labels(found, "trav") == ["Travel", "New mailbox: trav"]
    assert labels(found, "Reisen/Zürich") == ["New mailbox: Reisen/Zürich"]
    found.hits("Reisen/Zürich")[0].act()
    assert chosen == [Destination(AccountName("work"), None, "Reisen/Zürich")]


def test_a_name_that_is_there_is_not_offered_again() -> None:
    found, _ = source()
    assert labels(found, "TREES") == ["Trees"]
    assert "New mailbox: \N{RIGHT-TO-LEFT OVERRIDE}" not in labels(found, "\N{RIGHT-TO-LEFT OVERRIDE}")


def test_choices_of_long_ago_count_less_than_new_ones() -> None:
    memory = learned.learn({}, "inbox", "old", 0)
    memory = learned.learn(memory, "inbox", "old", 0)
    memory = learned.learn(memory, "inbox", "new", 60 * DAY)
    now = learned.weights(memory, "inbox", 60 * DAY)
    assert now["new"] > now["old"]
    assert learned.weights(memory, "lists", 60 * DAY)["new"] < now["new"]


def test_the_memory_does_not_grow_without_end() -> None:
    memory: learned.Memory = {}
    for number in range(300):
        memory = learned.learn(memory, f"source {number % 150}", f"destination {number}", number)
        memory = learned.learn(memory, "one", f"destination {number}", number)
    assert len(memory) <= learned.MOST_SOURCES
    assert len(memory["one"]) <= learned.MOST_DESTINATIONS


@given(
    some.recursive(
        some.none() | some.integers() | some.floats() | some.text(),
        lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    )
)
def test_a_memory_that_makes_no_sense_is_none(stored: object) -> None:
    memory = learned.memory_of(stored)
    learned.weights(learned.learn(memory, "a", "b", 5), "a", 5)


def test_a_keyword_that_all_have_is_taken_off_and_one_that_some_have_is_given_to_all() -> None:
    chosen: list[tuple[str, bool]] = []
    found = KeywordSource({"$Later": 2, "work": 1}, 2, ["home", "work"], lambda word, give: chosen.append((word, give)))
    assert [(hit.label, hit.detail) for hit in found.hits("")] == [
        ("$Later", "take off"), ("work", "on 1 of 2"), ("home", ""),
    ]  # fmt: skip
    for hit in (*found.hits("")[:2], *found.hits("new one")):
        hit.act()
    assert chosen == [("$Later", False), ("work", True), ("new one", True)]
