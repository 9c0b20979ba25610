"""`account list`, `account test`, `account remove`."""

from __future__ import annotations

import shutil

from tuimail.cli import passwords
from tuimail.cli.cli import HOW_TO_BEGIN, Cli
from tuimail.cli.output import Cell, Column, count_words, nearest
from tuimail.cli.questions import Questions
from tuimail.cli.times import ago, iso
from tuimail.config import AccountConfig, ConfigEditor
from tuimail.errors import AuthError, MailError, UsageError
from tuimail.model import Account, AccountName, AccountStatus

STATUS_WORDS = {
    AccountStatus.NEVER: "not connected yet",
    AccountStatus.CONNECTING: "connecting",
    AccountStatus.SYNCING: "syncing",
    AccountStatus.ONLINE: "online",
    AccountStatus.OFFLINE: "offline",
    AccountStatus.NEEDS_PASSWORD: "needs a password",
    AccountStatus.FAILED: "needs you",
}


def list_accounts(cli: Cli) -> int:
    """Print the accounts, in the order of the configuration."""
    known = accounts_in_store(cli)
    accounts = list(cli.config.accounts.values())
    if cli.out.as_json:
        cli.out.json([account_values(account, known.get(account.name)) for account in accounts])
        return 0
    if not accounts:
        cli.out.note("There is no account yet. " + HOW_TO_BEGIN)
        return 0
    rows = []
    for account in accounts:
        row = known.get(account.name)
        rows.append((
            Cell(account.name, "bold"),
            account.address,
            account.receive.protocol,
            account.receive.host or str(account.receive.path),
            STATUS_WORDS[row.status] if row else STATUS_WORDS[AccountStatus.NEVER],
            ago(row.synced_at) if row and row.synced_at else "never",
            str(row.pending) if row and row.pending else "",
        ))  # fmt: skip
    columns = [Column("ACCOUNT"), Column("ADDRESS", flexible=True), Column("BY"), Column("SERVER", flexible=True),
               Column("STATE"), Column("SYNCED"), Column("WAITING", right=True)]  # fmt: skip
    cli.out.table(columns, rows)
    for account in accounts:
        row = known.get(account.name)
        if row and row.sentence:
            cli.out.line(f"{account.name}: {row.sentence}")
    return 0


def account_values(account: AccountConfig, row: Account | None) -> dict[str, object]:
    """An account as JSON shows it."""
    return {
        "name": account.name,
        "address": account.address,
        "full_name": account.full_name,
        "protocol": str(account.receive.protocol),
        "host": account.receive.host,
        "port": account.receive.port,
        "security": str(account.receive.security),
        "user": account.receive.user,
        "sends": account.send is not None,
        "status": str(row.status if row else AccountStatus.NEVER),
        "sentence": row.sentence if row else "",
        "synced_at": iso(row.synced_at) if row else None,
        "pending": row.pending if row else 0,
    }


def accounts_in_store(cli: Cli) -> dict[AccountName, Account]:
    """What the store knows of accounts; nothing while there is no store."""
    if not cli.paths.has_store:
        return {}
    with cli.store() as store:
        return {account.name: account for account in store.accounts.all()}


def test(cli: Cli) -> int:
    """Sign in to one account or all, and say what works."""
    chosen = [cli.account(cli.options.account)] if cli.options.account else list(cli.some_config().accounts.values())
    results = [_test(cli, account) for account in chosen]
    if cli.out.as_json:
        cli.out.json(results)
    return 0 if all(result["ok"] for result in results) else 1


def _test(cli: Cli, account: AccountConfig) -> dict[str, object]:
    said: list[str] = []
    error: MailError | None = None
    password: str | None = None
    typed = False
    if not cli.out.as_json:
        cli.out.line(Cell(account.name, "bold"), f"  {account.address}")
    questions = Questions(cli.out)
    try:
        password, typed = passwords.find(cli, account, questions)
        said = passwords.sign_in(account, password)
    except MailError as exc:
        error = exc
    if account.send is not None and not isinstance(error, AuthError):
        try:
            secret = passwords.find_for_sending(cli, account, questions, password)
            said += passwords.sign_in_to_send(account.send, secret)[0]
        except MailError as exc:
            error = error or exc
    if not cli.out.as_json:
        for sentence in said:
            cli.out.line(Cell("  ok  ", "good"), sentence)
        if error:
            cli.out.line(Cell("  no  ", "bad"), error.sentence)
            if error.advice:
                cli.out.line("      ", error.advice)
    if not error and password and typed and cli.is_asked:
        offer_to_keep(cli, account, password, questions)
    return {
        "account": account.name,
        "ok": error is None,
        "report": said,
        "error": error.sentence if error else "",
        "advice": error.advice if error else "",
    }


def offer_to_keep(cli: Cli, account: AccountConfig, password: str, questions: Questions) -> None:
    """Offer the keyring for a password that was typed and works."""
    keyring = passwords.keyring_name()
    if keyring and questions.yes(f"Keep this password in the keyring ({keyring})?", default=True):
        fault = passwords.keep(account, password)
        cli.out.note(fault or "The password is in the keyring.")


def remove(cli: Cli) -> int:
    """Remove an account from the configuration, its password, and with --purge its mail."""
    name = cli.options.account
    account = cli.config.accounts.get(AccountName(name))
    local = accounts_in_store(cli)
    if account is None and not (cli.options.purge and name in local):
        raise UsageError(f"There is no account {name}.", nearest(name, [*cli.config.accounts, *local]))
    _confirm(cli, name)
    done = []
    if account:
        ConfigEditor(cli.paths.config_file).remove_account(name)
        done.append("It was taken out of the configuration")
        try:
            passwords.forget(account)
        except MailError as exc:
            cli.out.note(exc.sentence)
    tell_engine(cli)
    _tell_unsent(cli, AccountName(name))
    purged = cli.options.purge and name in local
    if cli.options.purge:
        _purge(cli, name)
        done.append("its mail here was deleted")
    elif name in local:
        done.append(f"its mail here was kept (`tuimail account remove {name} --purge` deletes it)")
    if cli.out.as_json:
        cli.out.json({"account": name, "removed": account is not None, "purged": purged})
    else:
        cli.out.line("; ".join(done) + ".")
    return 0


def _tell_unsent(cli: Cli, name: AccountName) -> None:
    """What was written with the account is kept: it is sent once there is one of its name again."""
    if not cli.paths.has_store:
        return
    with cli.store(write=True) as store:
        unsent = store.outbox.count(name)
    if unsent:
        it_waits = "1 message waits" if unsent == 1 else f"{unsent} messages wait"
        cli.out.note(f"{it_waits} in its outbox, and will not be sent: see `tuimail outbox list`.")


def _confirm(cli: Cli, name: str) -> None:
    if cli.options.yes:
        return
    if not cli.is_asked:
        raise UsageError(f"Removing {name} needs a yes, and there is nobody to ask.", "Add --yes.")
    what = f"Remove {name}" + (" and delete its mail on this machine" if cli.options.purge else "")
    if not Questions(cli.out).yes(what + "?", default=False):
        raise UsageError("Nothing was removed.")


def _purge(cli: Cli, name: str) -> None:
    if cli.paths.has_store:
        with cli.store(write=True) as store:
            waiting = next((account.pending for account in store.accounts.all() if account.name == name), 0)
            if waiting:
                cli.out.note(f"{count_words(waiting, 'change')} had not reached the server.")
            store.accounts.remove(AccountName(name))
    directory = cli.paths.maildir / name
    if directory.parent == cli.paths.maildir and directory.is_dir() and not directory.is_symlink():
        shutil.rmtree(directory)


def tell_engine(cli: Cli) -> None:
    """Let an engine that runs read the configuration again."""
    from tuimail.engine.office import Office, engine_runs  # deferred: 15 ms, only after a change
    from tuimail.engine.protocol import Reload

    if not engine_runs(cli.paths):
        return
    office = Office.join(cli.paths, on_notice=lambda notice: None, watch=False, start=False)
    try:
        if office.wait_ready(2.0):
            office.send(Reload())
    finally:
        office.close()
