"""Waiting for the engine: parts of messages that are not here, and passwords it lacks."""

from __future__ import annotations

import queue
from types import TracebackType
from typing import Self

from tuimail.cli.cli import Cli
from tuimail.cli.output import size_words
from tuimail.cli.questions import Questions
from tuimail.engine.office import Office
from tuimail.engine.protocol import (
    Credential,
    EngineChanged,
    Notice,
    PartArrived,
    PartFailed,
    PartProgress,
    PasswordWanted,
    Unwant,
    Want,
)
from tuimail.errors import EngineGone, NotDownloaded
from tuimail.model import AccountName, AccountStatus, Envelope, EnvelopeId, Section
from tuimail.store import Store

SILENCE_S = 60.0
"""Nothing was heard of a wanted part for so long: give up."""
ENGINE_TRIES = 3


class Fetcher:
    """Fetches parts through the engine, which it joins when the first one is wanted."""

    def __init__(self, cli: Cli, store: Store) -> None:
        self._cli = cli
        self._store = store
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._office: Office | None = None
        self._asked_for: set[AccountName] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._office:
            self._office.close()

    def fetch(self, envelope: Envelope, section: Section) -> None:
        """Bring a part into the store; raises NotDownloaded with the reason, EngineGone."""
        if self._office is None:
            self._office = Office.join(self._cli.paths, on_notice=self._notices.put, watch=False)
        self._office.send(Want(envelope.id, section))
        try:
            failure = self._wait(envelope.id, section)
            if failure is not None and self._gave_password(envelope.account):
                self._office.send(Want(envelope.id, section))
                failure = self._wait(envelope.id, section)
        except BaseException:
            self._office.send(Unwant(envelope.id, section))
            raise
        finally:
            self._cli.out.progress("")
        if failure is not None:
            raise NotDownloaded(f"Message {envelope.id}: {failure}", "What is here already can be read at any time.")

    def _wait(self, envelope_id: EnvelopeId, section: Section) -> str | None:
        """Wait for one part: None when it came, else why not."""
        tries = 0
        while True:
            try:
                notice = self._notices.get(timeout=SILENCE_S)
            except queue.Empty:
                return "it did not come within a minute."
            match notice:
                case PartArrived() if (notice.envelope_id, notice.section) == (envelope_id, section):
                    return None
                case PartFailed() if (notice.envelope_id, notice.section) == (envelope_id, section):
                    return notice.sentence
                case PartProgress() if (notice.envelope_id, notice.section) == (envelope_id, section):
                    total = f" of {size_words(notice.total_octets)}" if notice.total_octets else ""
                    self._cli.out.progress(f"Fetching: {size_words(notice.done_octets)}{total}")
                case EngineChanged() if not notice.alive:
                    tries += 1
                    if tries >= ENGINE_TRIES:
                        raise EngineGone(notice.sentence or "The mail engine ended.", "Look into `tuimail doctor`.")
                case _:
                    continue

    def _gave_password(self, name: AccountName) -> bool:
        """Whether the account lacked a password and a person has now typed it."""
        account = self._store.accounts.get(name)
        lacks = account is not None and account.status is AccountStatus.NEEDS_PASSWORD
        if not lacks or name in self._asked_for or self._office is None:
            return False
        self._asked_for.add(name)
        return give_password(self._cli, self._office, name)


def give_password(cli: Cli, office: Office, name: AccountName) -> bool:
    """Ask a person for an account's password and hand it to the engine; False when nobody is there."""
    account = cli.config.accounts.get(name)
    if account is None or not cli.is_asked:
        return False
    cli.out.progress("")
    question = f"Password of {account.receive.user} at {account.receive.host}"
    secret = Questions(cli.out).secret(question)
    if secret:
        office.send(Credential(name, secret))
    return bool(secret)


def wants_password(notice: Notice) -> AccountName | None:
    """The account whose password the engine asks for in this notice."""
    return AccountName(notice.account) if isinstance(notice, PasswordWanted) else None
