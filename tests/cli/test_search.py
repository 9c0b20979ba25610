"""`tuimail search` on a store whose server is away, and with a server that is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Home
from tests.cli.test_with_engine import online, server  # noqa: F401 - fixtures
from tuimail.engine.office import Office
from tuimail.engine.protocol import Stop


@pytest.fixture
def searched(seeded: Home) -> Iterator[Home]:
    """A home with mail; the engine that makes its index ends with the test."""
    yield seeded
    office = Office.join(seeded.paths, on_notice=lambda notice: None, watch=False, start=False)
    if office.wait_ready(1.0):
        office.send(Stop())
    office.close()


def test_search_makes_its_index_and_finds(searched: Home) -> None:
    assert "A listing" in searched.run("search", "LISTING").out
    assert "会議" in searched.run("search", "会議の").out
    (found,) = searched.run("search", "filename:listing", "--json").json()
    assert found["subject"] == "A listing"
    assert {"id", "account", "mailbox", "uid", "message_id", "from", "date", "flags", "snippet"} <= set(found)
    nothing = searched.run("search", "zebra")
    assert (nothing.code, nothing.out) == (0, "")
    assert "Nothing was found" in nothing.err
    assert searched.run("search", "zebra", "--json").json() == []
    everything = searched.run("search", "has:attachment", "OR", "is:unread", "OR", "is:read", "--json").json()
    some = searched.run("search", "-filename:listing", "--json").json()
    assert len(some) == len(everything) - 1
    assert len(searched.run("search", "is:read", "OR", "is:unread", "--limit", "2", "--json").json()) == 2


def test_a_mistake_is_pointed_at_and_exits_with_2(searched: Home) -> None:
    done = searched.run("search", "lunch", "before:2026-02-30")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "tuimail: February 2026 has 28 days.\n"
        "  lunch before:2026-02-30\n"
        "        ^^^^^^^^^^^^^^^^^\n"
    )


def test_words_on_a_server_are_found_there(online: Home) -> None:  # noqa: F811 - the fixture
    assert online.run("sync").code == 0
    assert online.run("search", "body:ahead", "--json").json() == []
    (found,) = online.run("search", "body:ahead", "--server", "--json").json()
    assert found["subject"] == "Old"
    refused = online.run("search", "is:unread", "--server")
    assert "nothing in this query" in refused.err
    online.run("show", str(found["id"]))
    for _ in range(50):  # the engine reads the new text when nobody waits
        if found_here := online.run("search", "ahead", "--json").json():
            break
    (here,) = found_here
    assert here["snippet"] == "Fetched ahead."
    assert here["highlights"] == [[8, 13]]
