"""What every test may ask for, and the rule that under CI nothing is skipped."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers import dovecot as dovecot_server
from tests.servers import postfix as postfix_server

settings.register_profile("tuimail", deadline=None, max_examples=100, derandomize=True, database=None)
settings.register_profile("long", deadline=None, max_examples=2000, database=None)
settings.load_profile("tuimail")


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the home, the keyring or the mail of whoever runs it."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))


@pytest.fixture(scope="session")
def short_directory() -> Iterator[Path]:
    """A directory with a path short enough for sockets, gone at the end."""
    directory = Path(tempfile.mkdtemp(prefix="tm", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(autouse=True)
def umask_as_it_was() -> Iterator[None]:
    """Commands narrow the umask of their process; a server that starts in a later test needs the usual one."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def dovecot(short_directory: Path) -> Iterator[dovecot_server.Dovecot]:
    """A private Dovecot with all it offers; take `dovecot.new_user()`."""
    reason = dovecot_server.available()
    if reason:
        pytest.skip(reason)
    server = dovecot_server.Dovecot.start(short_directory / "full")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def plain_dovecot(short_directory: Path) -> Iterator[dovecot_server.Dovecot]:
    """A private Dovecot that offers neither CONDSTORE nor SPECIAL-USE, as some big providers."""
    reason = dovecot_server.available()
    if reason:
        pytest.skip(reason)
    server = dovecot_server.Dovecot.start(
        short_directory / "plain", capabilities=dovecot_server.PLAIN_CAPABILITIES
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postfix(short_directory: Path) -> Iterator[postfix_server.Postfix]:
    """A private Postfix that takes submissions, and a Dovecot that gets them; take `postfix.new_user()`."""
    reason = postfix_server.available()
    if reason:
        pytest.skip(reason)
    server = postfix_server.Postfix.start(short_directory / "mta")
    yield server
    server.stop()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes and long texts are named by their length: an id is for people, and the same in every process."""
    if isinstance(val, bytes) or (isinstance(val, str) and (len(val) > 60 or not val.isascii())):
        return f"{argname}-{len(val)}"
    return None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI=true a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None or hasattr(session.config, "workerinput"):
        return
    if reporter.stats.get("skipped") and exitstatus == 0:
        reporter.write_line("Under CI=true nothing may be skipped.", red=True)
        session.exitstatus = 1
