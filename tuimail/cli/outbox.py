"""`outbox list`, `show`, `retry`, `cancel`, `edit`, `resolve`: messages on their way out; what is decided of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tuimail.cli.cli import Cli
from tuimail.cli.delivery import wake
from tuimail.cli.output import Cell, Column, size_words
from tuimail.cli.sending import values
from tuimail.cli.times import ago, local
from tuimail.errors import MailError, UsageError
from tuimail.model import OutboxId, OutboxItem, OutState
from tuimail.store import Store
from tuimail.wishes import writing

STATE_WORDS = {
    OutState.QUEUED: "waits",
    OutState.SENDING: "being sent",
    OutState.UNKNOWN: "unknown",
    OutState.FAILED: "not sent",
    OutState.SENT: "sent",
    OutState.FILED: "sent, filed",
    OutState.CANCELLED: "cancelled",
}
_STYLES = {OutState.UNKNOWN: "bad", OutState.FAILED: "bad", OutState.SENT: "good", OutState.FILED: "good"}


def list_outbox(cli: Cli) -> int:
    """Print what is on its way out."""
    account = cli.account(cli.options.account).name if cli.options.account else None
    with cli.store(write=True) as store:
        items = store.outbox.all(account, done=cli.options.all)
    if cli.out.as_json:
        cli.out.json([values(item) for item in items])
        return 0
    if not items:
        cli.out.note("The outbox is empty.")
        return 0
    columns = [Column("ID", right=True), Column("STATE"), Column("WHEN"), Column("TO", flexible=True),
               Column("SUBJECT", flexible=True), Column("SIZE", right=True)]  # fmt: skip
    cli.out.table(columns, [
        (
            str(item.id), Cell(STATE_WORDS[item.state], _STYLES.get(item.state, "")), _when(item),
            item.to or ", ".join(item.recipients), item.subject, size_words(item.size_octets),
        )
        for item in items
    ])  # fmt: skip
    for item in items:
        if item.sentence:
            cli.out.line(f"{item.id}: {item.sentence}")
    return 0


def show(cli: Cli) -> int:
    """Print everything that is known of messages of the outbox, or one as it goes over the wire."""
    with cli.store(write=True) as store:
        items = [_item(store, outbox_id) for outbox_id in cli.options.outbox_ids]
        if cli.options.raw:
            sys.stdout.flush()
            for item in items:
                sys.stdout.buffer.write(store.outbox.raw(item.id))
            return 0
    if cli.out.as_json:
        cli.out.json([values(item) for item in items])
        return 0
    for item in items:
        cli.out.line("Message ", Cell(str(item.id), "bold"), f" of {item.account}: {STATE_WORDS[item.state]}")
        facts = [
            ("", item.sentence),
            ("Waits for", f"{len(item.recipients)} of {item.of_recipients} recipients" if item.of_recipients else ""),
            ("From", item.sender), ("To", ", ".join(item.recipients)), ("Subject", item.subject),
            ("Message-ID", item.message_id), ("Size", size_words(item.size_octets)), ("Written", local(item.added_at)),
            ("Next", local(item.not_before) if item.state is OutState.QUEUED and item.not_before else ""),
            ("Sent", local(item.sent_at)), ("Tries", str(item.tries) if item.tries else ""),
        ]  # fmt: skip
        for name, text in facts:
            if text:
                cli.out.line("  ", f"{name}: " if name else "", text)
        for who, words in item.refused:
            cli.out.line(f"  Refused: {who}: {words}")
    return 0


def retry(cli: Cli) -> int:
    """Try messages now: those that failed, or wait."""
    return _act(cli, "is tried now", "is neither waiting nor failed", lambda store, outbox_id: store.outbox.send_now(
        outbox_id, at=int(time.time())
    ), wakes=True)  # fmt: skip


def cancel(cli: Cli) -> int:
    """Do not send messages."""
    return _act(
        cli, "is not sent", "is being sent, or was",
        lambda store, outbox_id: store.outbox.cancel(outbox_id), wakes=False,
    )  # fmt: skip


def edit(cli: Cli) -> int:
    """Take messages back among the drafts; what cannot be taken back is said, and the others are."""
    edited: list[dict[str, object]] = []
    refused = 0
    config = cli.config  # its mistakes are no message's
    with cli.store(write=True) as store:
        for item in [_item(store, outbox_id) for outbox_id in cli.options.outbox_ids]:
            try:
                draft_id = writing.edit(store, config, item.id, at=int(time.time()))
            except MailError as exc:
                refused += 1
                cli.out.note(f"Message {item.id}: {exc.sentence} {exc.advice}".rstrip())
                continue
            edited.append({"id": item.id, "draft": draft_id})
            if not cli.out.as_json:
                cli.out.line("Message ", Cell(str(item.id), "bold"), " is a draft again: w opens it on the screen.")
    if cli.out.as_json:
        cli.out.json(edited)
    return 1 if refused else 0


def resolve(cli: Cli) -> int:
    """Say of messages of which nobody knows whether they were sent."""
    was_sent = cli.options.outcome == "sent"
    return _act(
        cli, "counts as sent" if was_sent else "is sent again", "is not one of which nobody knows",
        lambda store, outbox_id: store.outbox.resolve(outbox_id, sent=was_sent, at=int(time.time())), wakes=True,
    )  # fmt: skip


def _act(
    cli: Cli, done: str, refused: str, act: Callable[[Store, OutboxId], bool], *, wakes: bool
) -> int:
    """Do something to each; what cannot be done is said, and the rest is done."""
    with cli.store(write=True) as store:
        items = [_item(store, outbox_id) for outbox_id in cli.options.outbox_ids]
        results = [(item, act(store, item.id)) for item in items]
        told = [values(_item(store, item.id)) for item in items]
    if wakes:
        for account in {item.account for item, is_done in results if is_done}:
            wake(cli, account)
    if cli.out.as_json:
        cli.out.json(told)
    for item, is_done in results:
        if not is_done:
            cli.out.note(f"Message {item.id} {refused}: {STATE_WORDS[item.state]}.")
        elif not cli.out.as_json:
            cli.out.line("Message ", Cell(str(item.id), "bold"), f" {done}.")
    return 0 if all(is_done for _, is_done in results) else 1


def _item(store: Store, outbox_id: OutboxId) -> OutboxItem:
    item = store.outbox.get(outbox_id)
    if item is None:
        raise UsageError(f"There is no message {outbox_id} in the outbox.", "`tuimail outbox list` prints them.")
    return item


def _when(item: OutboxItem) -> str:
    if item.sent_at is not None:
        return ago(item.sent_at)
    if item.state is OutState.QUEUED and item.not_before > time.time():
        return local(item.not_before)
    return ago(item.added_at)
