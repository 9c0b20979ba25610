"""Passwords come from a person, a command or the keyring; a keyring that forgets or hangs is found out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from keyring import errors as keyring_errors
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null

from tuimail.config import AccountConfig, AuthKind, Protocol, Receive, Send
from tuimail.errors import AuthError
from tuimail.model import AccountName
from tuimail.net.credentials import auth

SECRET = "sw0rdfish-Zq ü"


def account(*command: str) -> AccountConfig:
    receive = Receive(Protocol.IMAP, "imap.example", 993, user="ada", password_command=command)
    send = Send("smtp.example", 465, user="ada@example")
    return AccountConfig(AccountName("work"), "ada@example", "Ada", receive, send)


class Memory(KeyringBackend):
    """A keyring that keeps what it is told."""

    priority = 1.0
    name = "Memory"

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has half its types
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Forgetful(Memory):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Say nothing."""


class Locked(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise keyring_errors.KeyringLocked("Failed to unlock the collection!")


class Dismissed(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise keyring_errors.InitError("Prompt dismissed")


class Broken(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"dbus fell over with {SECRET}")


class Hanging(Memory):
    """Waits for a person who never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.over.wait(30)
        return None


@pytest.fixture(autouse=True)
def own_keyring() -> Iterator[None]:
    """Whatever a test sets is gone afterwards."""
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_a_password_is_kept_under_the_name_of_the_server() -> None:
    backend = Memory()
    keyring.set_keyring(backend)
    auth.store_password(account(), "receive", SECRET)
    auth.store_password(account(), "send", "other")
    assert backend.kept == {
        ("tuimail:imap:imap.example", "ada"): SECRET, ("tuimail:smtp:smtp.example", "ada@example"): "other"
    }  # fmt: skip
    assert auth.find_password(account(), "receive", session={}) == SECRET
    assert auth.find_password(account(), "send", session={}) == "other"
    assert auth.delete_password(account(), "receive")
    assert not auth.delete_password(account(), "receive")
    assert auth.keyring_name() == "Memory"


def test_what_a_person_typed_wins() -> None:
    keyring.set_keyring(Broken())
    assert auth.find_password(account("false"), "receive", session={"work": "typed"}) == "typed"


def test_no_password_yet_can_be_asked_for() -> None:
    keyring.set_keyring(Memory())
    with pytest.raises(AuthError, match="no password for ada") as caught:
        auth.find_password(account(), "receive", session={"home": "x"})
    assert caught.value.password_missing


def test_a_keyring_that_forgets_is_found_out_when_writing() -> None:
    keyring.set_keyring(Forgetful())
    with pytest.raises(AuthError, match="does not give it back"):
        auth.store_password(account(), "receive", SECRET)


@pytest.mark.parametrize(
    ("backend", "words"),
    [(Locked, "locked"), (Dismissed, "could not be opened"), (Broken, "RuntimeError"), (fail.Keyring, "no keyring"),
     (null.Keyring, "no keyring")],
)  # fmt: skip
def test_a_keyring_that_fails_is_told_in_a_sentence(backend: type[KeyringBackend], words: str) -> None:
    keyring.set_keyring(backend())
    for ask in (
        lambda: auth.find_password(account(), "receive", session={}),
        lambda: auth.store_password(account(), "receive", SECRET),
    ):
        with pytest.raises(AuthError, match=words) as caught:
            ask()
        assert caught.value.password_missing
        assert SECRET not in caught.value.sentence + caught.value.advice


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, chainer.ChainerBackend])
def test_a_keyring_that_keeps_nothing_has_no_name(
    backend: type[KeyringBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [])
    keyring.set_keyring(backend())
    assert auth.keyring_name() is None
    assert not auth.delete_password(account(), "receive")


def test_a_chain_is_named_by_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [Memory()])
    chain: type[KeyringBackend] = chainer.ChainerBackend
    keyring.set_keyring(chain())
    assert auth.keyring_name() == "Memory"


def test_a_readable_file_is_no_keyring_unless_a_person_chose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plaintext = type("PlaintextKeyring", (Memory,), {"__module__": "keyrings.alt.file", "name": "Plaintext"})
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    keyring.set_keyring(plaintext())
    assert auth.keyring_name() is None
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    assert auth.keyring_name() == "Plaintext"


def test_a_keyring_that_waits_for_somebody_is_left_behind() -> None:
    backend = Hanging()
    keyring.set_keyring(backend)
    with pytest.raises(AuthError, match="did not answer") as caught:
        auth.find_password(account(), "receive", session={}, timeout_s=0.05)
    assert caught.value.password_missing
    backend.over.set()


def test_an_account_without_a_server_to_send_through_has_no_password_for_it() -> None:
    bare = AccountConfig(AccountName("work"), "a@b", "", account().receive)
    with pytest.raises(AuthError, match="no server to send"):
        auth.find_password(bare, "send", session={})


# --- password command


def printing(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


@pytest.mark.parametrize(
    ("code", "password"),
    [
        ("print('secret')", "secret"),
        ("print('secret\\nlogin: ada\\n')", "secret"),
        ("import sys; sys.stdout.write('no line end')", "no line end"),
        ("import sys; sys.stdout.buffer.write(b' sp ace \\r\\nx')", " sp ace "),
        ("import sys; sys.stdout.buffer.write('pässword'.encode())", "pässword"),
        ("import sys; print('s'); sys.stderr.write('x' * 500000); sys.stdout.write('y' * 500000)", "s"),
    ],
)
def test_the_first_line_is_the_password(code: str, password: str) -> None:
    assert auth.find_password(account(*printing(code)), "receive", session={}) == password


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.stderr.write('gpg: no \\x1b[1mkey\\nmore'); sys.exit(2)", "gpg: no  ?.1mkey$|no .1mkey"),
        ("import sys; sys.exit(3)", "exit status 3"),
        ("pass", "printed no password"),
        ("print()", "printed no password"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')", "not text"),
        ("import os; os.kill(os.getpid(), 9)", "exit status -9"),
    ],
)
def test_a_command_that_fails_is_told_in_a_sentence(code: str, words: str) -> None:
    with pytest.raises(AuthError, match=words) as caught:
        auth.run_password_command(printing(code))
    assert caught.value.password_missing
    assert caught.value.sentence.isprintable()


def test_what_a_failing_command_printed_is_not_repeated() -> None:
    code = f"import sys; sys.stdout.buffer.write({SECRET!r}.encode()); sys.exit(1)"
    with pytest.raises(AuthError) as caught:
        auth.run_password_command(printing(code))
    assert SECRET not in repr(caught.value) + caught.value.sentence + caught.value.advice


def test_an_account_with_oauth2_gets_the_token_that_its_command_prints_and_nobody_is_asked_for_one() -> None:
    good = Receive(
        Protocol.IMAP, "imap.example", 993, auth=AuthKind.OAUTH2, token_command=("echo", SECRET),
        password_command=("echo", "not this one"),
    )  # fmt: skip
    bad = Send("smtp.example", 465, auth=AuthKind.OAUTH2, token_command=("false",))
    made = replace(account(), receive=good, send=bad)
    assert auth.find_password(made, "receive", session={"work": "typed"}) == SECRET
    with pytest.raises(AuthError, match="The token command false failed: exit status 1") as caught:
        auth.find_password(made, "send", session={"work": "typed"})
    assert not caught.value.password_missing
    assert "type" not in caught.value.advice


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthError, match="nothing-like-it was not found"):
        auth.run_password_command([str(tmp_path / "nothing-like-it")])
    (tmp_path / "plain").write_text("x")
    with pytest.raises(AuthError, match="plain cannot be run"):
        auth.run_password_command([str(tmp_path / "plain")])
    with pytest.raises(AuthError, match="cannot be run"):
        auth.run_password_command(["echo", "a\0b"])


def test_words_of_a_command_are_no_shell(tmp_path: Path) -> None:
    assert auth.run_password_command(["echo", "$HOME; touch x", "`id`"]) == "$HOME; touch x `id`"


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"""
        import os, signal, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        open({str(note)!r} + ".new", "w").write(str(child.pid))
        os.rename({str(note)!r} + ".new", {str(note)!r})
        signal.pause()
    """
    with pytest.raises(AuthError, match="did not finish within 3 seconds"):
        auth.run_password_command(printing(textwrap.dedent(code)), timeout_s=3)
    pid = int(note.read_text())
    waiting = threading.Event()
    for _ in range(500):  # killed already, but its new parent may not have buried it yet
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{pid}/stat").exists() and ") Z" in Path(f"/proc/{pid}/stat").read_text():
            break
        waiting.wait(0.02)
    else:
        pytest.fail("the grandchild lives on")


def test_an_agent_that_a_command_leaves_behind_does_not_hold_it_up() -> None:
    code = """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        print("secret", flush=True)
        import os; os._exit(0)
    """
    assert auth.run_password_command(printing(textwrap.dedent(code))) == "secret"


# --- a real keyring

REAL = """
import sys
from pathlib import Path
from tuimail.config import AccountConfig, AuthKind, Protocol, Receive
from tuimail.net.credentials import auth
account = AccountConfig("work", "a@b", "", Receive(Protocol.IMAP, "imap.example", 993, user="ada"))
name = auth.keyring_name()
auth.store_password(account, "receive", {secret!r})
assert auth.find_password(account, "receive", session={{}}) == {secret!r}
long = "tok\\u00fcn" * 1000
auth.store_password(account, "receive", long)
assert auth.find_password(account, "receive", session={{}}) == long
assert auth.delete_password(account, "receive")
assert not auth.delete_password(account, "receive")
print("kept by", name)
"""


def test_a_real_gnome_keyring_keeps_a_password(tmp_path: Path) -> None:
    if not shutil.which("gnome-keyring-daemon") or not shutil.which("dbus-run-session"):
        pytest.skip("gnome-keyring or dbus-run-session is not installed")
    script = tmp_path / "script.py"
    script.write_text(REAL.format(secret=SECRET))
    started = 'printf pw | gnome-keyring-daemon --unlock --components=secrets | sed "s/^/export /"'
    unlock = f'eval "$({started})"; exec "$0" "$1"'
    environ = {key: value for key, value in os.environ.items() if key not in ("PYTHON_KEYRING_BACKEND", "DISPLAY")}
    environ["PYTHONPATH"] = str(Path(auth.__file__).parents[2])
    for name in ("HOME", "XDG_DATA_HOME"):
        Path(environ[name]).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", unlock, sys.executable, str(script)],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )
    assert "kept by" in done.stdout, done.stderr
    assert "None" not in done.stdout
    for file in tmp_path.rglob("*"):
        if file.is_file() and file != script:
            assert SECRET.encode() not in file.read_bytes(), file
