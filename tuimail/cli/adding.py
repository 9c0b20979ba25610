"""`account add`: ask or take options, sign in for real, then write it down.

Nothing is written before the server has let us in (or a person said to keep it anyway).
The password ends in the keyring, in a command of the person's, or nowhere.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tuimail import config
from tuimail.cli import passwords, sending_setup
from tuimail.cli.accounts import account_values, tell_engine
from tuimail.cli.cli import Cli
from tuimail.cli.output import Cell
from tuimail.cli.providers import Provider, host_guesses, provider_of
from tuimail.cli.questions import Questions, password_from_stdin
from tuimail.config import (
    AccountConfig,
    ConfigEditor,
    Protocol,
    Receive,
    Security,
    Send,
    default_port,
    default_security,
)
from tuimail.config.reading import account_name_fault
from tuimail.config.table import ACCOUNT, RECEIVE, SEND, settings_of
from tuimail.errors import AuthError, MailError, TimedOut, Unreachable, UsageError
from tuimail.model import AccountName

KEYRING, COMMAND, ASK, NONE = "keyring", "command", "ask", "none"
TRIES = 3
_Fault = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Secret:
    """The password and where it will live."""

    home: str
    """`keyring`, `command`, `ask`, or `none` for an account without one."""
    password: str | None = None

    def __repr__(self) -> str:
        return f"Secret(home={self.home!r})"


def add(cli: Cli) -> int:
    """Set up an account."""
    maker = _Maker(cli)
    account, further_hosts = maker.account()
    account, secret = maker.with_secret(account)
    report: list[str] = []
    if not cli.options.no_check:
        account, secret, report = maker.checked(account, secret, further_hosts)
        account, sending = sending_setup.checked(cli, account, secret.password, maker.say)
        report = [*report, *sending]
    ConfigEditor(cli.paths.config_file).add_account(account)
    _keep(cli, account, secret)
    tell_engine(cli)
    if cli.out.as_json:
        cli.out.json({**account_values(account, None), "report": report})
    else:
        name = Cell(account.name, "bold")
        cli.out.line("Account ", name, f" is set up in {cli.paths.config_file}. Now run `tuimail`.")
    return 0


class _Maker:
    """Makes one account out of options and answers."""

    def __init__(self, cli: Cli) -> None:
        self._cli = cli
        self._options = cli.options
        self._questions = Questions(cli.out)
        self._taken = set(cli.config.accounts)

    def account(self) -> tuple[AccountConfig, tuple[str, ...]]:
        """The account, and hosts to try when its own cannot be reached because it was only guessed."""
        address = self._address()
        name = self._name(address)
        full_name = self._options.full_name
        if full_name is None:
            full_name = self._questions.text("Your name, as others see it", _own_name()) if self._asks else ""
        protocol = Protocol(self._options.protocol or Protocol.IMAP)
        if protocol is Protocol.MAILDIR:
            receive = Receive(protocol, path=self._path())
            return self._validated(AccountConfig(name, address, full_name, receive)), ()
        provider = provider_of(address) if protocol is Protocol.IMAP else None
        if provider and provider.note and not self._options.host:
            self._cli.out.note(provider.note)
        receive, further = self._receive(address, protocol, provider)
        send = self._send(address, receive, provider)
        return self._validated(AccountConfig(name, address, full_name, receive, send)), further

    def with_secret(self, account: AccountConfig) -> tuple[AccountConfig, Secret]:
        """Where the password comes from, and the password when signing in will need it."""
        options = self._options
        if account.receive.protocol is Protocol.MAILDIR:
            return account, Secret(NONE)
        home = options.keep_password
        if options.password_command:
            return self._with_command(account, options.password_command)
        if options.password_stdin:
            return account, Secret(home or KEYRING, password_from_stdin())
        if not self._asks:
            if options.no_check:
                return account, Secret(home or ASK)
            raise UsageError("There is no password to sign in with.", "Give --password-command or --password-stdin.")
        while True:
            chosen = home or self._home()
            if chosen != COMMAND:
                return account, Secret(chosen, self._ask_password(account))
            words = self._questions.text('Command that prints the password, such as "pass show mail/ada"')
            try:
                return self._with_command(account, words)
            except MailError:
                # Nothing of the answer is printed: somebody may have typed the password itself.
                self._cli.out.note("That command gave no password.")

    def checked(
        self, account: AccountConfig, secret: Secret, further_hosts: tuple[str, ...]
    ) -> tuple[AccountConfig, Secret, list[str]]:
        """The account as it works, after signing in; raises what is wrong."""
        hosts = [account.receive.host, *further_hosts]
        tries = 0
        while True:
            account = replace(account, receive=replace(account.receive, host=hosts[0]))
            self.say(f"Signing in at {hosts[0]} ..." if hosts[0] else "Looking into the maildir ...")
            try:
                report = passwords.sign_in(account, secret.password)
            except (Unreachable, TimedOut):
                if len(hosts) > 1:
                    hosts.pop(0)
                    continue
                raise
            except AuthError as exc:
                tries += 1
                if not self._asks or secret.home not in (KEYRING, ASK) or tries >= TRIES:
                    raise
                self._cli.out.note(f"{exc.sentence} {exc.advice}".rstrip())
                secret = replace(secret, password=self._ask_password(account))
                continue
            for sentence in report:
                self.say(sentence)
            return account, secret, report

    # --- one thing after the other ----------------------------------------------

    @property
    def _asks(self) -> bool:
        return self._cli.is_asked and not self._options.password_stdin

    def say(self, sentence: str) -> None:
        """Tell a person how it goes."""
        if not self._cli.out.as_json:
            self._cli.out.note(sentence)

    def _address(self) -> str:
        read = settings_of(ACCOUNT)["address"].kind

        def fault(answer: str) -> str:
            try:
                read.read(answer)
            except ValueError:
                return f"Please give {read.expected}."
            return ""

        return self._given("--address", self._options.address, "Mail address", "", fault)

    def _name(self, address: str) -> AccountName:
        def fault(answer: str) -> str:
            wrong = account_name_fault(answer)
            if wrong:
                return f"Please choose another name: {wrong}."
            return f"There is an account {answer} already." if answer in self._taken else ""

        domain = address.rpartition("@")[2]
        proposals = [domain.split(".")[0], domain, address, *(f"{domain.split('.')[0]}-{n}" for n in range(2, 99))]
        proposal = next((each for each in proposals if not fault(each)), "mail")
        if self._options.name is None and not self._asks:
            return AccountName(proposal)
        return AccountName(self._given("--name", self._options.name, "Name for the account", proposal, fault))

    def _given(self, option: str, value: str | None, question: str, default: str, fault: _Fault) -> str:
        """An option's value, else an answer; both are checked."""
        if value is not None:
            wrong = fault(value)
            if wrong:
                raise UsageError(f"{option} cannot be {value!r}.", wrong)
            return value
        if not self._asks:
            raise UsageError(f"{option} is missing.", "Give it, or run this in a terminal to be asked.")
        return self._questions.text(question, default, fault=fault)

    def _path(self) -> Path:
        def fault(answer: str) -> str:
            return "" if Path(answer or "/nowhere").expanduser().is_dir() else "That is not a directory."

        return Path(self._given("--path", self._options.path, "Directory", "", fault)).expanduser().absolute()

    def _receive(
        self, address: str, protocol: Protocol, provider: Provider | None
    ) -> tuple[Receive, tuple[str, ...]]:
        options = self._options
        host, port, security = options.host, options.port, options.security and Security(options.security)
        further: tuple[str, ...] = ()
        if host is None and provider:
            host, well_port, well_security = provider.receive
            security = security or (well_security if port is None else default_security(port))
            port = port or (well_port if security is well_security else default_port(protocol, security))
        elif host is None:
            guesses = host_guesses(address, protocol)
            host = self._questions.text("Server that mail comes from", guesses[0]) if self._asks else guesses[0]
            further = guesses[1:] if host == guesses[0] else ()
        if self._asks and port is None and security is None:
            port = self._port(default_port(protocol, Security.TLS))
            security = self._security(host) if port != default_port(protocol, default_security(port)) else None
        security = security or default_security(port)
        user = options.user or (address.rpartition("@")[0] if provider and provider.user_is_local_part else address)
        if self._asks and options.user is None and not provider:
            user = self._questions.text("Login name", user)
        return Receive(
            protocol, host, port or default_port(protocol, security), security, user,
            ca_file=Path(options.ca_file).expanduser().absolute() if options.ca_file else None,
            offline_days=self._days("offline", 30),
            keep_on_server_days=self._days("keep_on_server", None),
            quarantine=protocol is Protocol.POP3,
        ), further  # fmt: skip

    def _port(self, default: int) -> int:
        def fault(answer: str) -> str:
            good = answer.isascii() and answer.isdigit() and len(answer) <= 5 and 1 <= int(answer) <= 65535
            return "" if good else "Please give a number from 1 to 65535."

        return int(self._questions.text("Port", str(default), fault=fault))

    def _security(self, host: str) -> Security:
        answers = [("tls", "TLS from the first octet"), ("starttls", "STARTTLS")]
        if config.is_loopback(host):
            answers.append(("none", "none: it is this machine"))
        return Security(self._questions.choice("How is the connection protected?", answers))

    def _days(self, name: str, default: int | None) -> int | None:
        """A setting in days, from the option of its name; None for all of them."""
        value = getattr(self._options, name)
        if value is None:
            return default
        kind = settings_of(RECEIVE)[name].kind
        try:
            days = kind.read(value)
        except ValueError as exc:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} cannot be {value!r}.", f"It is {kind.expected}.") from exc
        return days if days is None else int(str(days))

    def _send(self, address: str, receive: Receive, provider: Provider | None) -> Send | None:
        options = self._options
        if options.no_smtp:
            return None
        host, port = options.smtp_host, options.smtp_port
        security = options.smtp_security and Security(options.smtp_security)
        if host is None and provider:
            host, well_port, well_security = provider.send
            security = security or (well_security if port is None else default_security(port))
            port = port or (well_port if security is well_security else default_port("smtp", security))
        elif host is None and self._asks:
            host = self._questions.text("Server that sends, or - for none", host_guesses(address, "smtp")[0])
            if host != "-" and port is None and security is None:
                port = self._port(465)
                security = self._security(host) if port not in (465, 587) else None
        if host is None or host == "-":
            return None
        security = security or default_security(port)
        return Send(
            host, port or default_port("smtp", security), security,
            user=options.smtp_user or receive.user, ca_file=receive.ca_file,
        )  # fmt: skip

    def _validated(self, account: AccountConfig) -> AccountConfig:
        """The same rules as for the file, before anybody is connected to; raises UsageError."""
        settings = [("host", RECEIVE, account.receive.host)] if account.receive.host else []
        settings += [("host", SEND, account.send.host)] if account.send else []
        for name, scope, value in settings:
            kind = settings_of(scope)[name].kind
            try:
                kind.read(value)
            except ValueError as exc:
                raise UsageError(f"{value!r} is not a host.", f"Give {kind.expected}.") from exc
        servers: list[Receive | Send] = [account.receive, *([account.send] if account.send else [])]
        for server in servers:
            if server.security is Security.NONE and server.host and not config.is_loopback(server.host):
                raise UsageError(
                    f"A connection to {server.host} has to be protected.",
                    "Use tls or starttls; none is for this machine only.",
                )
        return account

    def _with_command(self, account: AccountConfig, words: str) -> tuple[AccountConfig, Secret]:
        try:
            argv = tuple(shlex.split(words))
        except ValueError as exc:
            raise UsageError("The password command cannot be split into words.", f"Look at its quotes: {exc}.") from exc
        if not argv:
            raise UsageError("The password command is empty.", 'It is something like "pass show mail/ada".')
        password = None if self._options.no_check else passwords.from_command(argv)
        send = replace(account.send, password_command=argv) if account.send else None
        return replace(account, receive=replace(account.receive, password_command=argv), send=send), Secret(
            COMMAND, password
        )

    def _home(self) -> str:
        keyring = passwords.keyring_name()
        command = (COMMAND, 'from a command of yours, such as "pass show mail/ada"')
        ask = (ASK, "asked for in each run, kept in memory only")
        if keyring:
            answers = [(KEYRING, f"in the keyring of this system ({keyring})"), command, ask]
        else:
            answers = [ask, command]
            self._cli.out.note("This machine has no keyring that could keep the password.")
        return self._questions.choice("Where shall the password live?", answers)

    def _ask_password(self, account: AccountConfig) -> str:
        while True:
            secret = self._questions.secret(f"Password of {account.receive.user} at {account.receive.host}")
            if secret:
                return secret


def _keep(cli: Cli, account: AccountConfig, secret: Secret) -> None:
    if secret.home != KEYRING or secret.password is None:
        return
    fault = passwords.keep(account, secret.password) if passwords.keyring_name() else "This machine has no keyring."
    if fault:
        cli.out.note(f"{fault} The password was not kept; tuimail will ask for it.")


def _own_name() -> str:
    """The full name that the system has for this user, or nothing."""
    import os  # beside its one use
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0].strip()
    except KeyError:
        return ""
    return name if name.isprintable() and name != "root" else ""
