"""Identities, signatures and how messages are written: defaults, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.test_reading import ACCOUNT, FILE, WORK, mistakes_in
from tuimail import config
from tuimail.config import ComposeConfig, IdentityConfig
from tuimail.errors import ConfigError

IDENTITIES = """
[[accounts.work.identities]]
address = "countess@example.net"
name = "Lovelace"
[[accounts.work.identities]]
address = "a@b.org"
signature = '''
one
two'''
"""


def test_an_account_has_at_least_its_own_address() -> None:
    account = config.parse(ACCOUNT, FILE).accounts[WORK]
    assert account.senders == (IdentityConfig("ada@example.org"),)
    assert account.aliases == ()


def test_identities_take_name_and_signature_from_their_account() -> None:
    text = ACCOUNT.replace("[accounts.work]", '[accounts.work]\nname = "Ada"\nsignature = "S"') + IDENTITIES
    assert config.parse(text, FILE).accounts[WORK].senders == (
        IdentityConfig("ada@example.org", "Ada", "S"),
        IdentityConfig("countess@example.net", "Lovelace", "S"),
        IdentityConfig("a@b.org", "Ada", "one\ntwo"),
    )


def test_an_identity_with_the_accounts_own_address_stands_in_its_place() -> None:
    text = ACCOUNT + '[[accounts.work.identities]]\naddress = "ADA@example.org"\nsignature = "mine"\n'
    assert config.parse(text, FILE).accounts[WORK].senders == (IdentityConfig("ADA@example.org", "", "mine"),)


def test_everything_about_writing_has_a_default_and_can_be_set() -> None:
    assert config.parse(ACCOUNT, FILE).compose == ComposeConfig()
    text = """
[compose]
editor = ["nvim", "+star"]
format_flowed = false
markdown = true
warnings = false
vcard_dir = "/cards"
address_book_command = ["khard", "email", "--parsable", "%s"]
spell = "off"
"""
    assert config.parse(text, FILE).compose == ComposeConfig(
        ("nvim", "+star"), False, True, False, Path("/cards"), ("khard", "email", "--parsable", "%s"), "off"
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[compose]\neditor = "vim"', "compose.editor: expected a list of words"),
        ('[compose]\nspell = "yes"', "compose.spell: expected an absolute path"),
        ('[compose]\nvcard-dir = "/x"', 'did you mean "vcard_dir"?'),
        ("[compose]\nmarkdown = 1", "compose.markdown: expected true or false, found 1"),
        ("compose = 3", "compose: expected a table, found 3"),
        ('[accounts.work.identities]\naddress = "a@b.org"', "accounts.work.identities: expected at most 100 tables"),
        ('[[accounts.work.identities]]\nname = "x"', "accounts.work.identities.address: expected a mail address"),
        ('[[accounts.work.identities]]\naddress = "a@b.org"\nmail = "x"', "accounts.work.identities.mail: no such key"),
        ('[[accounts.work.identities]]\naddress = "a@b.org"\npassword = "x"', "a password never stands in this file"),
        (
            '[[accounts.work.identities]]\naddress = "a@b.org"\nsignature = "a\\u001bb"',
            "expected text of at most 4,000",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key(lines: str, words: str) -> None:
    text = f"{lines}\n{ACCOUNT}" if lines.startswith("compose =") else f"{ACCOUNT}\n{lines}\n"
    found = mistakes_in(text)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("aliases", ['"*@example.org"', "[3]", '["*"]', '["a@*"]', '["a b@x.org"]', '["@x.org"]'])
def test_an_alias_is_an_address_with_stars_before_the_at_only(aliases: str) -> None:
    text = ACCOUNT.replace("[accounts.work]", f"[accounts.work]\naliases = {aliases}")
    assert "accounts.work.aliases" in mistakes_in(text)[0]


def test_aliases_are_patterns() -> None:
    text = ACCOUNT.replace("[accounts.work]", '[accounts.work]\naliases = ["*@example.net", "ada-*@x.org", "b@y.org"]')
    assert config.parse(text, FILE).accounts[WORK].aliases == ("*@example.net", "ada-*@x.org", "b@y.org")


@pytest.mark.parametrize("key", ["editor", "address_book_command"])
def test_commands_of_a_file_that_others_may_write_are_not_run(tmp_path: Path, key: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'{ACCOUNT}\n[compose]\n{key} = ["x"]\n')
    file.chmod(0o600)
    assert config.load(file).compose != ComposeConfig()
    file.chmod(0o622)
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert f"compose.{key}" in caught.value.mistakes[0]
    assert "chmod 600" in caught.value.mistakes[0]
