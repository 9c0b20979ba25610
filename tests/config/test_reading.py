"""config.toml -> Config: defaults, and every mistake at once."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail import config
from tuimail.config import AuthKind, Protocol, Security
from tuimail.errors import ConfigError
from tuimail.model import AccountName

FILE = Path("/home/ada/.config/tuimail/config.toml")
WORK = AccountName("work")

ACCOUNT = """
[accounts.work]
address = "ada@example.org"
[accounts.work.receive]
protocol = "imap"
host = "imap.example.org"
"""


def mistakes_in(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, FILE)
    return caught.value.mistakes


def mistakes_or_none(text: str) -> tuple[str, ...]:
    try:
        config.parse(text, FILE)
    except ConfigError as exc:
        return exc.mistakes or ("",)
    return ()


def test_a_missing_file_is_an_empty_configuration(tmp_path: Path) -> None:
    found = config.load(tmp_path / "nowhere" / "config.toml")
    assert found.accounts == {}
    assert found.ui.theme == "tuimail-dark"


def test_every_default_is_filled_in() -> None:
    account = config.parse(ACCOUNT, FILE).accounts[WORK]
    receive = account.receive
    assert (receive.port, receive.security, receive.user) == (993, Security.TLS, "ada@example.org")
    assert (receive.auth, receive.password_command, receive.ca_file) == (AuthKind.PASSWORD, (), None)
    assert (receive.offline_days, receive.subscribed_only, receive.quarantine) == (30, False, False)
    assert account.send is None
    assert account.full_name == ""


@pytest.mark.parametrize(
    ("protocol", "lines", "port", "security"),
    [
        ("imap", "", 993, Security.TLS),
        ("imap", 'security = "starttls"', 143, Security.STARTTLS),
        ("imap", "port = 143", 143, Security.STARTTLS),
        ("imap", "port = 1143", 1143, Security.TLS),
        ("imap", 'port = 143\nsecurity = "tls"', 143, Security.TLS),
        ("pop3", "", 995, Security.TLS),
        ("pop3", 'security = "starttls"', 110, Security.STARTTLS),
        ("pop3", "port = 110", 110, Security.STARTTLS),
    ],
)
def test_ports_and_security_follow_each_other(protocol: str, lines: str, port: int, security: Security) -> None:
    text = ACCOUNT.replace('"imap"', f'"{protocol}"') + lines
    receive = config.parse(text, FILE).accounts[WORK].receive
    assert (receive.port, receive.security) == (port, security)


@pytest.mark.parametrize(
    ("lines", "port", "security"),
    [
        ("", 465, Security.TLS),
        ('security = "starttls"', 587, Security.STARTTLS),
        ("port = 587", 587, Security.STARTTLS),
    ],
)
def test_ports_of_sending_follow_security(lines: str, port: int, security: Security) -> None:
    send = config.parse(ACCOUNT + '[accounts.work.send]\nhost = "smtp.example.org"\n' + lines, FILE).accounts[WORK].send
    assert send is not None
    assert (send.port, send.security) == (port, security)


def test_sending_takes_user_command_and_root_from_receiving() -> None:
    text = ACCOUNT + 'user = "ada"\npassword_command = ["pass", "x"]\nca_file = "/root.pem"\n'
    send = config.parse(text + '[accounts.work.send]\nhost = "smtp.example.org"', FILE).accounts[WORK].send
    assert send is not None
    assert (send.user, send.password_command, send.ca_file) == ("ada", ("pass", "x"), Path("/root.pem"))


@pytest.mark.parametrize(("written", "days"), [("none", 0), ("7d", 7), ("all", None)])
def test_offline_is_nothing_days_or_everything(written: str, days: int | None) -> None:
    receive = config.parse(ACCOUNT + f'offline = "{written}"', FILE).accounts[WORK].receive
    assert receive.offline_days == days


@pytest.mark.parametrize("written", ['"0d"', '"-1d"', '"30"', "30", '"d"', '"1e3d"', '"٣d"', '"99999999999d"'])
def test_other_words_for_days_are_mistakes(written: str) -> None:
    assert len(mistakes_in(ACCOUNT + f"offline = {written}")) == 1


@pytest.mark.parametrize(("written", "octets"), [("1K", 1 << 10), ("64M", 64 << 20), ("1G", 1 << 30)])
def test_a_limit_is_a_size_in_binary_units(written: str, octets: int) -> None:
    text = ACCOUNT.replace('protocol = "imap"', 'protocol = "pop3"') + f'limit = "{written}"'
    assert config.parse(text, FILE).accounts[WORK].receive.limit_octets == octets


@pytest.mark.parametrize("written", ['"0M"', '"1025M"', '"2G"', '"64"', "64", '"M"', '"-1M"', '"1.5M"', '"64 M"'])
def test_other_words_for_sizes_are_mistakes(written: str) -> None:
    text = ACCOUNT.replace('protocol = "imap"', 'protocol = "pop3"') + f"limit = {written}"
    assert len(mistakes_in(text)) == 1


def test_a_maildir_needs_a_path_and_no_server() -> None:
    text = '[accounts.old]\naddress = "a@b.c"\n[accounts.old.receive]\nprotocol = "maildir"\n'
    receive = config.parse(text + 'path = "/mail"', FILE).accounts[AccountName("old")].receive
    assert (receive.protocol, receive.path, receive.port) == (Protocol.MAILDIR, Path("/mail"), 0)
    assert "receive.path: expected an absolute path" in mistakes_in(text)[0]
    assert "only, found it beside" in mistakes_in(text + 'path = "/mail"\nhost = "x"')[0]


def test_five_mistakes_are_told_at_once_with_line_key_and_expectation() -> None:
    text = """\
[ui]
theem = "dark"
[accounts.work]
address = "ada"
[accounts.work.receive]
protocol = "imap"
host = "imap.example.org"
port = 99999
security = "none"
offline = 30
"""
    found = mistakes_in(text)
    assert [line.removeprefix(f"{FILE}:").split(":")[:2] for line in found] == [
        ["2", " ui.theem"],
        ["4", " accounts.work.address"],
        ["8", " accounts.work.receive.port"],
        ["9", " accounts.work.receive.security"],
        ["10", " accounts.work.receive.offline"],
    ]
    assert found[0].endswith('no such key; did you mean "theme"?')
    assert found[1].endswith('expected a mail address such as "ada@example.org", found "ada"')
    assert found[2].endswith("expected a whole number from 1 to 65535, found 99999")
    assert found[4].endswith('found 30')


def test_the_sentence_counts_the_mistakes_and_names_the_file() -> None:
    with pytest.raises(ConfigError, match=r"config\.toml has 2 mistakes"):
        config.parse("a = 1\nb = 2", FILE)


@pytest.mark.parametrize(
    "text",
    [
        ACCOUNT + 'password = "hunter2"',
        ACCOUNT.replace("[accounts.work]", '[accounts.work]\npassword = "hunter2"'),
        'password = "hunter2"\n' + ACCOUNT,
        ACCOUNT + '[nobody.knows.this]\nPassword = "hunter2"',
        ACCOUNT + 'password = ["hunter2"]',
        ACCOUNT + '[[lists]]\npassword = "hunter2"',
    ],
)
def test_a_password_is_refused_with_the_way_to_do_it_right_and_not_shown(text: str) -> None:
    found = mistakes_in(text)
    assert any("never stands in this file" in line and "password_command" in line for line in found)
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize("value", ['"echo hunter2"', '["echo", 3, "hunter2"]', "[]", '[""]', '["a\\u0000"]', "true"])
def test_a_wrong_password_command_is_not_shown_either(value: str) -> None:
    found = mistakes_in(ACCOUNT + f"password_command = {value}")
    assert "expected a list of words" in found[0]
    assert "hunter2" not in found[0]


def test_tables_in_tables_without_end_are_a_mistake_and_no_crash() -> None:
    assert mistakes_in(".".join(["a"] * 5000) + " = 1")


@pytest.mark.parametrize(
    ("text", "place"),
    [("[ui]\ntheme = ", ":2: not valid TOML"), ("[x", ":1: not valid TOML"), ("a = 1\na = 2", ":2: not valid TOML"),
     ("a = " + "[" * 100_000, ": not valid TOML")],
)  # fmt: skip
def test_a_syntax_error_names_its_line(text: str, place: str) -> None:
    (found,) = mistakes_in(text)
    assert found.startswith(f"{FILE}{place}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "mail.localhost"])
def test_no_protection_is_fine_on_this_machine(host: str) -> None:
    text = ACCOUNT.replace("imap.example.org", host) + 'security = "none"'
    assert config.parse(text, FILE).accounts[WORK].receive.security is Security.NONE


@pytest.mark.parametrize("host", ["imap.example.org", "127.0.0.1.example.org", "localhost.example.org", "10.0.0.1"])
def test_no_protection_is_refused_elsewhere(host: str) -> None:
    text = ACCOUNT.replace("imap.example.org", host) + 'security = "none"'
    assert 'expected "tls" or "starttls"' in mistakes_in(text)[0]


def test_no_protection_is_refused_for_sending_too() -> None:
    text = ACCOUNT + '[accounts.work.send]\nhost = "smtp.example.org"\nsecurity = "none"'
    assert "accounts.work.send.security" in mistakes_in(text)[0]


@pytest.mark.parametrize("name", ["../x", ".hidden", "-rf", "a b", "a/b", "\\u001b[31m", "x" * 65, ""])
def test_a_wild_account_name_is_a_mistake(name: str) -> None:
    found = mistakes_in(ACCOUNT.replace("accounts.work", f'accounts."{name}"'))
    assert any("letters, digits" in line for line in found)
    assert all(line.isprintable() for line in found)


def test_names_that_differ_only_in_case_are_a_mistake() -> None:
    assert "in more than case" in mistakes_in(ACCOUNT + ACCOUNT.replace("accounts.work", "accounts.WORK"))[0]


def test_oauth2_needs_a_command_that_prints_a_token() -> None:
    assert "receive.token_command: expected a list of words" in mistakes_in(ACCOUNT + 'auth = "oauth2"')[0]
    text = ACCOUNT + '[accounts.work.send]\nhost = "smtp.example.org"\nauth = "oauth2"'
    assert "send.token_command: expected a list of words" in mistakes_in(text)[0]


def test_sending_takes_the_way_to_sign_in_from_receiving() -> None:
    text = ACCOUNT + 'auth = "oauth2"\ntoken_command = ["oama", "access", "ada@example.org"]\n'
    send = config.parse(text + '[accounts.work.send]\nhost = "smtp.example.org"', FILE).accounts[WORK].send
    assert send is not None
    assert (send.auth, send.token_command) == (AuthKind.OAUTH2, ("oama", "access", "ada@example.org"))


def test_a_token_command_is_not_run_from_a_file_that_others_may_write(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(ACCOUNT + 'auth = "oauth2"\ntoken_command = ["oama"]\n')
    file.chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert "receive.token_command: others may write this file" in caught.value.mistakes[0]


def test_port_25_is_used_only_when_it_is_named() -> None:
    text = ACCOUNT + '[accounts.work.send]\nhost = "127.0.0.1"\nsecurity = "none"\n'
    send = config.parse(text, FILE).accounts[WORK].send
    assert send is not None
    assert send.port == 587


def test_keys_are_lists_or_text_and_may_be_written_without_quotes() -> None:
    text = '[ui.keys]\n"message.star" = ["s", "f2"]\nmessage.seen = "m"\n'
    assert config.parse(text, FILE).ui.keys == {"message.star": "s,f2", "message.seen": "m"}


def test_never_marking_as_seen_is_an_infinite_wait() -> None:
    assert config.parse('[ui]\nmark_seen_after_s = "never"', FILE).ui.mark_seen_after_s == math.inf
    assert config.parse("[ui]\nmark_seen_after_s = 2", FILE).ui.mark_seen_after_s == 2.0
    assert len(mistakes_in("[ui]\nmark_seen_after_s = nan")) == 1


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_command_is_not_run_from_a_file_that_others_may_write(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "config.toml"
    file.write_text(ACCOUNT + 'password_command = ["pass", "x"]')
    file.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert "chmod 600" in caught.value.mistakes[0]
    file.chmod(0o644)
    assert config.load(file).accounts


def test_a_file_that_others_may_write_is_read_when_it_has_no_command(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(ACCOUNT)
    file.chmod(0o666)
    assert config.load(file).accounts


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b'[ui]\ntheme = "caf\xe9"\n')
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert f"{file}:2:" in caught.value.mistakes[0]


def test_a_directory_or_a_huge_file_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        config.load(tmp_path)
    file = tmp_path / "config.toml"
    file.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="larger than"):
        config.load(file)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("\ufeff" + ACCOUNT)
    assert config.load(file).accounts


def test_a_key_in_the_wrong_table_is_told_where_it_belongs() -> None:
    assert mistakes_in(ACCOUNT + 'theme = "x"')[0].endswith("it belongs in [ui]")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_config_error(text: str) -> None:
    assert all(line and line.isprintable() for line in mistakes_or_none(text))


_KEYS = st.sampled_from(
    ["ui", "theme", "keys", "accounts", "work", "receive", "send", "address", "protocol", "host", "port", "password",
     "security", "offline", "ca_file", "fallback_ports", "path", "x\x1b"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.sampled_from(["imap", "tls"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=20,
)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08x}" for char in value if not 0xD800 <= ord(char) < 0xE000) + '"'
    if isinstance(value, bool) or value is None:
        return "true" if value else "false"
    return str(value) if isinstance(value, float) or abs(int(str(value))) < 2**63 else "0"


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_any_shape_of_tables_is_a_configuration_or_a_config_error(tables: dict[str, object]) -> None:
    text = "\n".join(f"{_toml(key)} = {_toml(value)}" for key, value in tables.items())
    assert all(line and line.isprintable() for line in mistakes_or_none(text))
