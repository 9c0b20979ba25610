"""`sync`: do everything that is due, once or for as long as somebody lets it."""

from __future__ import annotations

import queue
import signal
from types import FrameType

from tuimail.cli.accounts import STATUS_WORDS
from tuimail.cli.cli import Cli
from tuimail.cli.output import Cell, count_words
from tuimail.cli.questions import password_from_stdin
from tuimail.cli.waiting import give_password, wants_password
from tuimail.engine.office import Office
from tuimail.engine.protocol import (
    ActionRefused,
    Credential,
    EngineChanged,
    NewMail,
    Notice,
    Progress,
    StatusChanged,
)
from tuimail.errors import UsageError
from tuimail.model import AccountName, AccountStatus
from tuimail.store import Store


def sync(cli: Cli) -> int:
    """Sync, and say for each account how it went."""
    name = cli.account(cli.options.account).name if cli.options.account else AccountName("")
    accounts = [name] if name else list(cli.some_config().accounts)
    cli.paths.make()  # what cannot be written is told at once, and not after waiting for an engine
    run = _Sync(cli, accounts)
    office = Office.join(cli.paths, on_notice=run.hear, watch=cli.options.watch)
    try:
        if cli.options.password_stdin:
            if len(accounts) > 1:
                raise UsageError("Whose password is it?", "Name the account: tuimail sync ACCOUNT --password-stdin")
            office.send(Credential(accounts[0], password_from_stdin()))
        code = run.once(office, name)
        if cli.options.watch:
            return run.watch(office)
        return code
    finally:
        office.close()


class _Sync:
    """One run of `sync`."""

    def __init__(self, cli: Cli, accounts: list[AccountName]) -> None:
        self._cli = cli
        self._accounts = accounts
        self._new: dict[str, int] = {}
        self._refused: list[str] = []
        self._news: queue.SimpleQueue[Notice | None] = queue.SimpleQueue()

    def hear(self, notice: Notice) -> None:
        """A notice, in the office's thread."""
        match notice:
            case Progress():
                total = f" of {notice.total:,}" if notice.total else ""
                self._cli.out.progress(f"{notice.account}: {notice.job} {notice.done:,}{total}")
            case NewMail():
                self._new[notice.account] = self._new.get(notice.account, 0) + notice.count
            case ActionRefused():
                self._refused.append(notice.sentence)
        self._news.put(notice)

    def once(self, office: Office, name: AccountName) -> int:
        """Sync and wait for the end; 1 when an account had trouble."""
        answers = office.wait_sync(name)
        again = [AccountName(each) for each, sentence in answers.items() if sentence and self._lacks_password(each)]
        for lacking in again:
            if give_password(self._cli, office, lacking):
                answers |= office.wait_sync(lacking)
        self._cli.out.progress("")
        results = []
        for each in filter(None, dict.fromkeys([*map(str, self._accounts), *answers])):
            sentence = answers.get(each, "")
            results.append({"account": each, "ok": not sentence, "sentence": sentence, "new": self._new.get(each, 0)})
        if answers.get(""):
            results.append({"account": "", "ok": False, "sentence": answers[""], "new": 0})
        if self._cli.out.as_json:
            self._cli.out.json(results)
        else:
            for result in results:
                self._say(str(result["account"]), str(result["sentence"]), int(str(result["new"])))
        for lacking in again:
            if answers.get(lacking) and not self._cli.out.as_json:
                self._cli.out.note(
                    f"{lacking} needs a password: set password_command, keep it in a keyring with "
                    f"`tuimail account test {lacking}`, or give it by --password-stdin."
                )
        for sentence in self._refused:
            self._cli.out.note(sentence)
        return 0 if all(result["ok"] for result in results) and not self._refused else 1

    def watch(self, office: Office) -> int:
        """Stay and tell what happens, until a signal."""

        def end(number: int, frame: FrameType | None) -> None:
            self._news.put(None)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, end)
        with self._cli.store() as store:
            while True:
                try:
                    notice = self._news.get(timeout=3600)  # a timeout, or a signal would not wake it
                except queue.Empty:
                    continue
                if notice is None:
                    return 0
                name = wants_password(notice)
                if name and not give_password(self._cli, office, name):
                    self._cli.out.note(f"{name} needs a password. `tuimail account test {name}` asks for it.")
                self._tell(store, notice)
                self._cli.out.stdout.flush()

    def _lacks_password(self, name: str) -> bool:
        with self._cli.store() as store:
            account = store.accounts.get(AccountName(name))
        return account is not None and account.status is AccountStatus.NEEDS_PASSWORD

    def _say(self, name: str, sentence: str, new: int) -> None:
        out = self._cli.out
        said = sentence or ("done, " + count_words(new, "new message") if new else "done")
        out.line(Cell(name or "tuimail", "bold"), ": ", Cell(said, "bad" if sentence else ""))

    def _tell(self, store: Store, notice: Notice) -> None:
        values: dict[str, object] = {}
        words = ""
        match notice:
            case NewMail():
                mailbox = store.mailboxes.get(notice.mailbox_id)
                where = mailbox.name if mailbox else ""
                values = {"event": "new_mail", "account": notice.account, "mailbox": where, "count": notice.count}
                words = f"{notice.account}: {count_words(notice.count, 'new message')} in {where}"
            case StatusChanged():
                account = store.accounts.get(AccountName(notice.account))
                if account and account.status is not AccountStatus.SYNCING:
                    values = {"event": "status", "account": account.name, "status": str(account.status)}
                    values["sentence"] = account.sentence
                    words = f"{account.name}: {STATUS_WORDS[account.status]}. {account.sentence}".rstrip()
            case ActionRefused():
                values = {"event": "refused", "account": notice.account, "sentence": notice.sentence}
                words = f"{notice.account}: {notice.sentence}"
            case EngineChanged() if not notice.alive:
                values = {"event": "engine", "alive": False, "sentence": notice.sentence}
                words = notice.sentence
        if self._cli.out.as_json and values:
            self._cli.out.json(values)
        elif words:
            self._cli.out.line(words)
