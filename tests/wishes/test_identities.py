"""Who a person writes as, and the signature below it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.wishes.house import configuration
from tuimail.errors import ConfigError
from tuimail.model import AccountName
from tuimail.wishes.identities import identities, sign, signature

WORK = AccountName("work")


def test_all_addresses_can_be_chosen_those_that_can_send_first() -> None:
    assert [(each.account, each.header) for each in identities(configuration())] == [
        ("work", "Ada Byron <ada@example.org>"),
        ("work", "Lovelace <countess@example.net>"),
        ("pop", "ada@pop.example"),
    ]


@pytest.mark.parametrize(
    ("from_", "text"),
    [
        ("ada@example.org", "-- \nAda\n"),
        ("Lovelace <COUNTESS@example.net>", "-- \nThe Countess\n"),
        ("x <countess+lab@example.net>", "-- \nThe Countess\n"),
        ("somebody@byron.example", "-- \nAda\n"),
        ("stranger@x.org", "-- \nAda\n"),
        ("", "-- \nAda\n"),
    ],
)
def test_each_identity_has_its_signature(from_: str, text: str) -> None:
    assert signature(configuration(), WORK, from_) == text


def test_an_account_without_a_signature_has_none() -> None:
    assert signature(configuration(), AccountName("pop"), "ada@pop.example") == ""
    assert signature(configuration(), AccountName("gone"), "ada@pop.example") == ""


def with_file(file: Path) -> str:
    return f"""
[accounts.filed]
address = "f@example.org"
signature_file = "{file}"
[accounts.filed.receive]
protocol = "maildir"
path = "/mail"
"""


def test_a_signature_is_read_from_its_file_and_cleaned(tmp_path: Path) -> None:
    file = tmp_path / "signature"
    file.write_bytes(b"\n Ada\r\n\x1b]0;x\x07Byron\xff\n\n")
    text = signature(configuration(with_file(file)), AccountName("filed"), "f@example.org")
    assert text.startswith("-- \n Ada\n")
    assert "\x1b" not in text


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe"])
def test_a_signature_file_that_is_none_is_told(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "signature"
    if kind == "directory":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        signature(configuration(with_file(file)), AccountName("filed"), "f@example.org")


@pytest.mark.parametrize(
    ("body", "old", "new", "signed"),
    [
        ("Hi\n\n-- \nAda\n", "-- \nAda\n", "-- \nC\n", "Hi\n\n-- \nC\n"),
        ("Hi\n\n-- \nAda\n", "-- \nAda\n", "", "Hi\n"),
        ("Hi\n", "", "-- \nC\n", "Hi\n\n-- \nC\n"),
        ("Hi\n\n-- \nAda B.\n", "-- \nAda\n", "-- \nC\n", "Hi\n\n-- \nAda B.\n"),
        ("\n-- \nAda\n---- Forwarded\nx\n", "-- \nAda\n", "-- \nC\n", "\n-- \nC\n---- Forwarded\nx\n"),
        ("Hi\n", "-- \nAda\n", "-- \nC\n", "Hi\n"),
    ],
)
def test_another_sender_brings_another_signature_unless_it_was_edited(
    body: str, old: str, new: str, signed: str
) -> None:
    assert sign(body, old, new) == signed
