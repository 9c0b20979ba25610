"""Where passwords come from: typed for this run, a command, or the keyring. Never a file of ours.

A keyring may ask a person to unlock it, or never answer; a command may hang. Both get a
time limit. No password is logged, and no error repeats one. The access token of an account that
signs in by OAuth 2 comes from its `token_command`, behind the same `find_password`.
"""

from __future__ import annotations

import contextlib
import os
import queue
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from tuimail.config import AccountConfig, AuthKind
from tuimail.errors import AuthError
from tuimail.net.link import wire

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

KEYRING_TIMEOUT_S = 60.0
"""Long enough for a person to unlock it."""
COMMAND_TIMEOUT_S = 30.0
MAX_COMMAND_OCTETS = 64 * 1024
_LOOK_S = 0.1

_Found = TypeVar("_Found")

_NO_KEYRING = "This machine has no keyring that can be used."
_NO_KEYRING_ADVICE = "Set password_command in the configuration, or type the password for this run."
_HIDDEN_PLAIN_TEXT = ("keyrings.alt.", "keyrings.cryptfile.")
"""Backends that keep passwords in a readable file, or ask on the terminal; only by a person's own choice."""


def find_password(
    account: AccountConfig, part: str, *, session: Mapping[str, str], timeout_s: float = KEYRING_TIMEOUT_S
) -> str:
    """The password of an account's `receive` or `send` part, or its access token where it signs in by OAuth 2.

    `session` holds what people typed for this run, by account name; it wins. Then
    `password_command`, then the keyring. AuthError with `password_missing` when there is none.
    """
    server = account.send if part == "send" else account.receive
    if server is not None and server.auth is AuthKind.OAUTH2:
        return run_password_command(server.token_command, what="token")
    typed = session.get(account.name)
    if typed:
        return typed
    service, user, command = _place(account, part)
    if command:
        return run_password_command(command)
    stored = _ask_keyring(lambda backend: backend.get_password(service, user), timeout_s)
    if not stored:
        raise AuthError(
            f"There is no password for {user} yet.", "Type it, or set password_command.", password_missing=True
        )
    return stored


def store_password(
    account: AccountConfig, part: str, password: str, *, timeout_s: float = KEYRING_TIMEOUT_S
) -> None:
    """Put a password into the keyring and read it back; AuthError when it did not stay there."""
    service, user, _ = _place(account, part)

    def write_and_read(backend: KeyringBackend) -> bool:
        backend.set_password(service, user, password)
        return backend.get_password(service, user) == password

    if not _ask_keyring(write_and_read, timeout_s):
        raise AuthError("The keyring took the password, but does not give it back.", _NO_KEYRING_ADVICE)


def delete_password(account: AccountConfig, part: str, *, timeout_s: float = KEYRING_TIMEOUT_S) -> bool:
    """Take a password out of the keyring; False when it held none, or there is no keyring."""
    if keyring_name(timeout_s=timeout_s) is None:
        return False
    service, user, _ = _place(account, part)

    def delete(backend: KeyringBackend) -> bool:
        if backend.get_password(service, user) is None:
            return False
        backend.delete_password(service, user)
        return True

    return _ask_keyring(delete, timeout_s)


def keyring_name(*, timeout_s: float = 10.0) -> str | None:
    """The keyring in use, for a person; None when there is none that keeps anything safely."""
    try:
        return _in_time(_usable_name, timeout_s)
    except AuthError:
        return None


def service_name(account: AccountConfig, part: str) -> str:
    """Under which name the keyring knows it: `tuimail:imap:HOST`."""
    return _place(account, part)[0]


def _place(account: AccountConfig, part: str) -> tuple[str, str, tuple[str, ...]]:
    """Service, user and password command of a part."""
    if part == "send":
        if account.send is None:
            raise AuthError(f"The account {account.name} has no server to send through.", password_missing=True)
        return f"tuimail:smtp:{account.send.host}", account.send.user, account.send.password_command
    receive = account.receive
    return f"tuimail:{receive.protocol}:{receive.host}", receive.user, receive.password_command


# --- keyring


def _ask_keyring(question: Callable[[KeyringBackend], _Found], timeout_s: float) -> _Found:
    def ask() -> _Found:
        backend = _backend()
        if _name_of(backend) is None:
            raise AuthError(_NO_KEYRING, _NO_KEYRING_ADVICE, password_missing=True)
        return question(backend)

    return _in_time(ask, timeout_s)


def _in_time(call: Callable[[], _Found], timeout_s: float) -> _Found:
    """The result of a call into the keyring, made in a thread that is left behind when it is late."""
    results: queue.SimpleQueue[_Found | AuthError] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put(call())
        except AuthError as exc:
            results.put(exc)
        except Exception as exc:  # noqa: BLE001 - top of a thread: backends raise anything, D-Bus errors included
            results.put(_translated(exc))

    threading.Thread(target=run, name="tuimail-keyring", daemon=True).start()
    try:
        result = results.get(timeout=timeout_s)
    except queue.Empty:
        raise AuthError("The keyring did not answer in time.", _NO_KEYRING_ADVICE, password_missing=True) from None
    if isinstance(result, AuthError):
        raise result
    return result


def _backend() -> KeyringBackend:
    # Deferred: 70 ms for the import and up to 85 ms for its search of backends, and only some runs need it.
    import keyring

    return keyring.get_keyring()


def _usable_name() -> str | None:
    return _name_of(_backend())


def _name_of(backend: KeyringBackend) -> str | None:
    """The backend's name for a person; None for one that keeps nothing, or keeps it in the open unasked."""
    kind = type(backend)
    module = f"{kind.__module__}."
    if module.startswith("keyring.backends.chainer."):
        inner = list(getattr(backend, "backends", ()))
        return _name_of(inner[0]) if inner else None
    if module.startswith(("keyring.backends.fail.", "keyring.backends.null.")):
        return None
    if module.startswith(_HIDDEN_PLAIN_TEXT) and not _chosen():
        return None
    return str(backend.name)


def _chosen() -> bool:
    """Whether a person named the backend in the environment or in keyringrc.cfg."""
    from keyring import core  # loaded by `_backend` already

    return core.load_env() is not None or core.load_config() is not None


def _translated(exc: Exception) -> AuthError:
    """What went wrong in a keyring, without its text, which may hold anything."""
    kind = type(exc).__name__
    if kind == "KeyringLocked":
        advice = "Unlock it and try again, or type the password."
        return AuthError("The keyring is locked.", advice, password_missing=True)
    if kind == "NoKeyringError":
        return AuthError(_NO_KEYRING, _NO_KEYRING_ADVICE, password_missing=True)
    if kind == "InitError":
        return AuthError("The keyring could not be opened.", _NO_KEYRING_ADVICE, password_missing=True)
    return AuthError(f"The keyring failed ({kind}).", _NO_KEYRING_ADVICE, password_missing=True)


# --- password command


def run_password_command(
    argv: Sequence[str], timeout_s: float = COMMAND_TIMEOUT_S, *, what: str = "password"
) -> str:
    """The first line that a command prints. No shell; its group is killed when it is late.

    `what` it prints: `password` or `token`. AuthError with the first line of its stderr when it fails.
    """
    name = wire.plain_words(os.path.basename(argv[0]).encode("utf-8", "replace"))  # noqa: PTH119 - a word, not a path
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except FileNotFoundError:
        raise _command_error(what, f"The {what} command {name} was not found.") from None
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it holds a NUL"
        raise _command_error(what, f"The {what} command {name} cannot be run: {why}.") from None
    with process:
        printed = _gather(process, time.monotonic() + timeout_s)
        if printed is None:
            raise _command_error(what, f"The {what} command {name} did not finish within {timeout_s:g} seconds.")
    said, complained = printed
    if process.returncode != 0:
        reason = wire.plain_words(complained.strip().partition(b"\n")[0]) or f"exit status {process.returncode}"
        raise _command_error(what, f"The {what} command {name} failed: {reason}")
    try:
        password = said.partition(b"\n")[0].rstrip(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        raise _command_error(what, f"The {what} command {name} printed something that is not text.") from None
    if not password:
        raise _command_error(what, f"The {what} command {name} printed no {what}.")
    return password


def _command_error(what: str, sentence: str) -> AuthError:
    if what == "token":  # nobody can type one
        return AuthError(sentence, "Run it by hand and look.")
    return AuthError(sentence, "Run it by hand, or type the password for this run.", password_missing=True)


def _gather(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes] | None:
    """Everything up to a limit on stdout and stderr, once the process ended; None when it is late."""
    assert process.stdout is not None  # noqa: S101 - both are pipes
    assert process.stderr is not None  # noqa: S101
    kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    try:
        with selectors.DefaultSelector() as selector:
            for descriptor in kept:
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return None
                ready = selector.select(min(left_s, _LOOK_S))
                if not ready and process.poll() is not None:
                    break  # an agent that it started holds the pipes open
                for key, _ in ready:
                    block = os.read(key.fd, 4096)
                    if not block:
                        selector.unregister(key.fd)
                    elif len(kept[key.fd]) < MAX_COMMAND_OCTETS:
                        kept[key.fd] += block
        process.wait(max(0.01, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end_group(process)
    return bytes(kept[process.stdout.fileno()]), bytes(kept[process.stderr.fileno()])


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Nothing of the command stays behind when it is late."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
