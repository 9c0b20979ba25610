"""The server that sends, while an account is added: found where nobody named one, and signed in to.

What lives here: which hosts and ports are worth a try, and what becomes of an account whose
sending does not work. RFC 8314 3.3 prefers port 465; 2525 is what many providers offer where
others are blocked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from tuimail.cli import passwords
from tuimail.cli.cli import Cli
from tuimail.cli.providers import host_guesses
from tuimail.cli.questions import Questions
from tuimail.config import AccountConfig, Protocol, Security, Send, is_loopback
from tuimail.errors import AuthError, MailError, ServerRefused, UsageError

FURTHER_PORT: Final = 2525
GUESS_S: Final = 6.0
"""For each guess; a server that nobody named is not waited for longer."""


def checked(
    cli: Cli, account: AccountConfig, password: str | None, say: Callable[[str], None]
) -> tuple[AccountConfig, list[str]]:
    """The account with a server that sends and lets us in, and what was found out.

    One that was named and does not work is told; a person may keep it all the same. Raises
    its MailError where nobody can be asked.
    """
    if account.send is None:
        if cli.options.no_smtp or not _is_worth_guessing(account):
            return account, []
        return _found(account, password, say)
    say(f"Signing in to send at {account.send.host} ...")
    try:
        return _signed_in(cli, account, account.send, password, say)
    except MailError as exc:
        if not cli.is_asked:
            raise UsageError(
                f"Receiving works, sending does not: {exc.sentence}",
                f"{exc.advice} Nothing was written; --no-smtp adds an account that only receives.".strip(),
            ) from exc
        cli.out.note(f"{exc.sentence} {exc.advice}".rstrip())
        if not Questions(cli.out).yes("Keep this server for sending all the same?", default=True):
            return replace(account, send=None), []
        return account, []


def _signed_in(
    cli: Cli, account: AccountConfig, send: Send, password: str | None, say: Callable[[str], None]
) -> tuple[AccountConfig, list[str]]:
    has_port = cli.options.smtp_port is not None
    send = send if has_port else replace(send, fallback_ports=send.fallback_ports or further_ports(send))
    secret = passwords.find_for_sending(cli, replace(account, send=send), Questions(cli.out), password)
    report, _ = passwords.sign_in_to_send(send, secret)
    for sentence in report:
        say(sentence)
    return replace(account, send=send), report


def _found(
    account: AccountConfig, password: str | None, say: Callable[[str], None]
) -> tuple[AccountConfig, list[str]]:
    """The first guess that lets us in; an account that only receives when there is none."""
    say("Looking for the server that sends ...")
    for send in guesses(account):
        try:
            report, _ = passwords.sign_in_to_send(send, password, deadline_s=GUESS_S)
        except (AuthError, ServerRefused) as exc:
            say(f"{exc.sentence} {exc.advice}".rstrip())
            break  # it is the one, and one refused login is enough
        except MailError:
            continue
        for sentence in report:
            say(sentence)
        return replace(account, send=send), report
    say("No server that sends was found; give it by --smtp-host, or add it to the configuration.")
    return account, []


def guesses(account: AccountConfig) -> Iterator[Send]:
    """Servers to try, the likeliest first."""
    receive = account.receive
    hosts = dict.fromkeys((*host_guesses(account.address, "smtp"), receive.host))
    for host in hosts:
        for port, security in ((465, Security.TLS), (587, Security.STARTTLS)):
            send = Send(
                host, port, security, user=receive.user, auth=receive.auth, ca_file=receive.ca_file,
                password_command=receive.password_command, token_command=receive.token_command,
            )  # fmt: skip
            yield replace(send, fallback_ports=further_ports(send))


def further_ports(send: Send) -> tuple[int, ...]:
    """Where else a server with this security may listen."""
    if send.security is Security.STARTTLS and send.port == 587 and not is_loopback(send.host):
        return (FURTHER_PORT,)
    return ()


def _is_worth_guessing(account: AccountConfig) -> bool:
    return account.receive.protocol is not Protocol.MAILDIR and not is_loopback(account.receive.host)
