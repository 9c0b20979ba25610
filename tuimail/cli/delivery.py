"""Having the engine send what was just put into the outbox, and waiting for the outcome."""

from __future__ import annotations

import queue
import time
from typing import Final

from tuimail.cli.cli import Cli
from tuimail.cli.questions import Questions
from tuimail.engine.link.spawn import spawn
from tuimail.engine.office import Office, engine_runs
from tuimail.engine.protocol import Credential, EngineChanged, Notice, OutboxChanged, PasswordWanted, Progress, Wake
from tuimail.errors import EngineGone
from tuimail.model import AccountName, OutboxId, OutboxItem, OutState
from tuimail.store import Store

READY_S: Final = 2.0
LOOK_S: Final = 5.0
"""Looked at so often without being told anything."""
_ENDS: Final = frozenset({OutState.SENT, OutState.FILED, OutState.FAILED, OutState.UNKNOWN, OutState.CANCELLED})
_GOOD: Final = frozenset({OutState.SENT, OutState.FILED})


def deliver(cli: Cli, store: Store, account: AccountName, outbox_id: OutboxId, *, wait: bool) -> int:
    """Wake the engine, started when none runs; with `wait`, stay until it is sent or is known not to be.

    The exit code: 1 when it was not sent while somebody waited. It is in the outbox whatever happens.
    """
    if wait:
        return _wait(cli, store, account, outbox_id)
    wake(cli, account)
    return 0


def wake(cli: Cli, account: AccountName) -> None:
    """Have an engine look into the outbox, without waiting for what it does."""
    if not engine_runs(cli.paths):
        spawn(cli.paths)  # it looks by itself, and stays until everything that is due is sent
        return
    office = Office.join(cli.paths, on_notice=lambda notice: None, watch=False)
    try:
        if office.wait_ready(READY_S):
            office.send(Wake(account))
    finally:
        office.close()


def _wait(cli: Cli, store: Store, account: AccountName, outbox_id: OutboxId) -> int:
    notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    office = Office.join(cli.paths, on_notice=notices.put, watch=False)
    has_asked = False
    try:
        if not office.wait_ready():
            raise EngineGone("The mail engine does not start.", "The message is in the outbox; see `tuimail doctor`.")
        office.send(Wake(account))
        while True:
            item = store.outbox.get(outbox_id)
            if item is None or item.state in _ENDS or _is_put_off(item):
                cli.out.progress("")
                if not has_asked and item is not None and _lacks_password(notices, account):
                    has_asked = True
                    if _give_password(cli, office, account):
                        continue
                return 0 if item is not None and item.state in _GOOD else 1
            _hear(cli, notices, account)
    finally:
        office.close()


def _is_put_off(item: OutboxItem) -> bool:
    """It was tried, and will be tried again by itself: whoever waits is told, and need not stay."""
    return item.state is OutState.QUEUED and bool(item.sentence) and item.not_before > time.time()


def _hear(cli: Cli, notices: queue.SimpleQueue[Notice], account: AccountName) -> None:
    """Wait until something of it may have changed."""
    deadline = time.monotonic() + LOOK_S
    while (left_s := deadline - time.monotonic()) > 0:
        try:
            notice = notices.get(timeout=left_s)
        except queue.Empty:
            return
        match notice:
            case Progress(job="sending", done=done, total=total) if notice.account == account:
                cli.out.progress(f"Sending: {100 * done // max(total, 1)} %")
            case OutboxChanged() if notice.account == account:
                return
            case PasswordWanted(part="send") if notice.account == account:
                notices.put(notice)
                return
            case EngineChanged() if not notice.alive:
                raise EngineGone(notice.sentence or "The mail engine ended.", "The message is in the outbox.")


def _lacks_password(notices: queue.SimpleQueue[Notice], account: AccountName) -> bool:
    while True:
        try:
            notice = notices.get_nowait()
        except queue.Empty:
            return False
        if isinstance(notice, PasswordWanted) and notice.part == "send" and notice.account == account:
            return True


def _give_password(cli: Cli, office: Office, account: AccountName) -> bool:
    """Ask a person for the password for sending; False when nobody is there."""
    send = cli.account(account).send
    if send is None or not cli.is_asked:
        return False
    secret = Questions(cli.out).secret(f"Password of {send.user} at {send.host}")
    if secret:
        office.send(Credential(account, secret, "send"))
    return bool(secret)
