"""Passwords and signing in, for the account commands: a thin layer over engine and net.

A password lives in a variable here and nowhere else; it is never printed, logged or put
into a file.
"""

from __future__ import annotations

from tuimail.cli.cli import Cli
from tuimail.cli.questions import Questions, password_from_stdin
from tuimail.config import AccountConfig, Protocol, Send
from tuimail.errors import AuthError, MailError


def keyring_name() -> str | None:
    """What the system's keyring is called, or None where there is none."""
    from tuimail.net.credentials import auth  # deferred: 150 ms of keyring, for account commands alone

    return auth.keyring_name()


def find(cli: Cli, account: AccountConfig, questions: Questions) -> tuple[str | None, bool]:
    """The password to sign in with, and whether a person just typed it; None for a maildir.

    Raises AuthError when there is none and nobody to ask.
    """
    if account.receive.protocol is Protocol.MAILDIR:
        return None, False
    if getattr(cli.options, "password_stdin", False):
        return password_from_stdin(), True
    from tuimail.net.credentials import auth  # deferred: as above

    try:
        return auth.find_password(account, "receive", session={}), False
    except AuthError as exc:
        if not (exc.password_missing and cli.is_asked):
            raise
    return questions.secret(f"Password of {account.receive.user} at {account.receive.host}"), True


def find_for_sending(cli: Cli, account: AccountConfig, questions: Questions, received_with: str | None) -> str:
    """The password to sign in with for sending: its own, else the one that opened the mail of the same user.

    Raises AuthError when there is none and nobody to ask.
    """
    from tuimail.net.credentials import auth  # deferred: as above

    assert account.send is not None  # noqa: S101 - the caller looked
    try:
        return auth.find_password(account, "send", session={})
    except AuthError as exc:
        if not exc.password_missing:
            raise
        if received_with is not None and account.send.user == account.receive.user:
            return received_with
        if not cli.is_asked:
            raise
    return questions.secret(f"Password of {account.send.user} at {account.send.host}")


def keep(account: AccountConfig, password: str) -> str:
    """Put the password into the keyring; what went wrong in a sentence, or nothing."""
    from tuimail.net.credentials import auth  # deferred: as above

    try:
        auth.store_password(account, "receive", password)
        if account.send:
            auth.store_password(account, "send", password)
    except MailError as exc:
        return exc.sentence
    return ""


def forget(account: AccountConfig) -> None:
    """Take the account's passwords out of the keyring; that there are none is fine."""
    from tuimail.net.credentials import auth  # deferred: as above

    auth.delete_password(account, "receive")
    if account.send:
        auth.delete_password(account, "send")


def from_command(argv: tuple[str, ...]) -> str:
    """What a password command prints; raises AuthError."""
    from tuimail.net.credentials import auth  # deferred: as above

    return auth.run_password_command(argv)


def sign_in(account: AccountConfig, password: str | None) -> list[str]:
    """Sign in for real: what works, one sentence a step. Raises MailError at the first that does not."""
    from tuimail.engine.check import check_account  # deferred: 150 ms of imapclient, for account commands alone

    return check_account(account, password)


def sign_in_to_send(send: Send, password: str | None, *, deadline_s: float | None = None) -> tuple[list[str], int]:
    """The same for the server that sends, and the port that answered; nothing is sent."""
    from tuimail.engine.check import check_sending  # deferred: as above

    return check_sending(send, password, deadline_s=deadline_s)
