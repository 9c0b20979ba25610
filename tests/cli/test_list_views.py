"""`list --view`, `--sort`, `--threads`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Home


def test_a_view_lists_what_the_screen_shows(seeded: Home) -> None:
    everything = seeded.run("list", "--json").json()
    unread = seeded.run("list", "--view", "unread", "--json").json()
    assert unread
    assert all("seen" not in each["flags"] for each in unread)
    starred = seeded.run("list", "--view", "starred", "--json").json()
    assert {each["id"] for each in starred} >= {each["id"] for each in everything if "flagged" in each["flags"]}


@pytest.mark.parametrize(("sort", "key"), [("subject", "subject"), ("size", "size_octets"), ("date", "date")])
def test_a_list_is_sorted_either_way(seeded: Home, sort: str, key: str) -> None:
    one = [each[key] for each in seeded.run("list", "--sort", sort, "--json").json()]
    other = [each[key] for each in seeded.run("list", "--sort", sort, "--reverse", "--json").json()]
    assert one == other[::-1] or len(set(one)) < len(one)
    assert sorted(one) == sorted(other)


def test_a_conversation_is_one_line_with_its_people(seeded: Home) -> None:
    lines = seeded.run("list", "--threads", "--json").json()
    assert len({each["thread_id"] for each in lines}) == len(lines)
    assert seeded.run("list", "--threads", "--view", "inboxes").code == 0


def test_an_empty_view_says_so(seeded: Home) -> None:
    done = seeded.run("list", "--view", "today", "--account", "work")
    assert done.code == 0
    assert "No messages here." in done.err
