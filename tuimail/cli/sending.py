"""`send`: put a message into the outbox, from a file, a pipe or options, and wait for it where that is wanted."""

from __future__ import annotations

import mimetypes
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from tuimail.cli.cli import Cli
from tuimail.cli.delivery import deliver
from tuimail.cli.output import Cell, size_words
from tuimail.cli.times import iso, local
from tuimail.errors import UsageError
from tuimail.mime.writing.compose import Enclosed, Outgoing, build, recipients, sender
from tuimail.model import AccountName, OutboxItem, OutState
from tuimail.store.writing.drafts import pieces_of
from tuimail.wishes.later import moment
from tuimail.wishes.sending import new_message_id, post_message
from tuimail.wishes.submitting import MAX_OCTETS, Submission, identity_for, refuse_strangers, submission

_STDIN: Final = "-"
_HEADER_OPTIONS: Final = ("to", "cc", "bcc", "subject", "sender")


def send(cli: Cli) -> int:
    """Take a message into the outbox."""
    config = cli.some_config()
    at = int(time.time())
    delay_s = _delay_s(cli, at)
    account = cli.account(cli.options.account).name if cli.options.account else None
    made = _composed(cli, account, at + delay_s) if _has_options(cli) else submission(
        _read(cli), config, account=account, now=datetime.fromtimestamp(at + delay_s).astimezone()
    )
    if not cli.options.yes:
        refuse_strangers(config, made.sender)
    with cli.store(write=True) as store:
        outbox_id = post_message(
            store, config, made.account, made.sender, made.recipients, made.raw, message_id=made.message_id, at=at,
            delay_s=delay_s, to=made.to, subject=made.subject, notify=cli.options.notify,
        )  # fmt: skip
        code = deliver(cli, store, made.account, outbox_id, wait=cli.options.wait)
        item = store.outbox.get(outbox_id)
        if item is not None:
            _tell(cli, item, made.account)
        return code


def _tell(cli: Cli, item: OutboxItem, account: AccountName) -> None:
    if cli.out.as_json:
        cli.out.json(values(item))
        return
    if item.sent_at is not None:
        cli.out.line("Message ", Cell(str(item.id), "bold"), " was sent.", f" {item.sentence}" if item.sentence else "")
    elif item.sentence:
        how = "was not sent, and stays" if item.state is OutState.FAILED else "waits"
        cli.out.line("Message ", Cell(str(item.id), "bold"), f" {how} in the outbox of {account}: ", item.sentence)
    else:
        when = f", to be sent at {local(item.not_before)}" if item.not_before > time.time() + 5 else ""
        cli.out.line("Message ", Cell(str(item.id), "bold"), f" is in the outbox of {account}{when}.")


def values(item: OutboxItem) -> dict[str, object]:
    """A message of the outbox as JSON shows it."""
    return {
        "id": item.id,
        "account": item.account,
        "state": str(item.state),
        "sentence": item.sentence,
        "from": item.sender,
        "recipients": list(item.recipients),
        "of_recipients": item.of_recipients or None,
        "refused": [{"recipient": who, "words": words} for who, words in item.refused],
        "to": item.to,
        "subject": item.subject,
        "message_id": item.message_id,
        "size_octets": item.size_octets,
        "not_before": iso(item.not_before) if item.not_before else None,
        "tries": item.tries,
        "added_at": iso(item.added_at),
        "sent_at": iso(item.sent_at),
    }


def _delay_s(cli: Cli, at: int) -> int:
    if not cli.options.at:
        return 0
    if cli.options.wait:
        raise UsageError("--at and --wait do not go together.", "Leave one of them out.")
    now = datetime.fromtimestamp(at).astimezone().replace(tzinfo=None)
    return int(moment(cli.options.at, now).timestamp()) - at


def _has_options(cli: Cli) -> bool:
    """Whether the message is made of options, and not read whole."""
    options = cli.options
    given = any(getattr(options, name) for name in _HEADER_OPTIONS) or options.body is not None or options.attach
    if given and options.file is not None:
        raise UsageError(
            "A message file and options such as --to do not go together.", "Write the headers into the file."
        )
    return bool(given)


# --- a whole message --------------------------------------------------------------


def _read(cli: Cli) -> bytes:
    name = cli.options.file
    if name is None and sys.stdin.isatty():
        raise UsageError(
            "There is no message.", "Name a file, pipe a message in, or give --to, --subject and --body."
        )
    if name in (None, _STDIN):
        raw = sys.stdin.buffer.read(MAX_OCTETS + 1)
    else:
        raw = b"".join(_limited(pieces_of(Path(name))))
    if not raw.strip():
        raise UsageError("The message is empty.", "Begin it with lines such as `To: ada@example.org`.")
    return raw


def _limited(pieces: Iterator[bytes]) -> Iterator[bytes]:
    octets = 0
    for piece in pieces:
        octets += len(piece)
        if octets > MAX_OCTETS:
            raise UsageError(f"The message is larger than {size_words(MAX_OCTETS)}.", "Send a link instead.")
        yield piece


# --- a message made of options ----------------------------------------------------


def _composed(cli: Cli, account: AccountName | None, at: int) -> Submission:
    options = cli.options
    for name in _HEADER_OPTIONS:
        for value in _each(getattr(options, name)):
            if not value.isprintable():
                shown = "from" if name == "sender" else name
                raise UsageError(
                    f"--{shown} holds a line break or another control character.", "Nothing was sent: take it out."
                )
    identity = identity_for(cli.config, options.sender or "", account)
    outgoing = Outgoing(
        from_=options.sender or identity.header,
        to=", ".join(options.to), cc=", ".join(options.cc), bcc=", ".join(options.bcc),
        subject=options.subject or "", body=_body(cli), message_id=new_message_id(identity.address),
        flowed=cli.config.compose.format_flowed,
    )  # fmt: skip
    files = [_enclosed(Path(name).expanduser()) for name in options.attach]
    raw = build(outgoing, files, now=datetime.fromtimestamp(at).astimezone())
    return Submission(
        identity.account, sender(outgoing), recipients(outgoing), raw, outgoing.message_id,
        outgoing.to or outgoing.cc or outgoing.bcc, outgoing.subject,
    )  # fmt: skip


def _each(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _body(cli: Cli) -> str:
    """--body, else what is piped in."""
    if cli.options.body is not None:
        text: str = cli.options.body
    elif sys.stdin.isatty():
        raise UsageError("There is no text.", "Give --body, or pipe it in.")
    else:
        text = sys.stdin.buffer.read(MAX_OCTETS).decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _enclosed(path: Path) -> Enclosed:
    kind, packing = mimetypes.guess_type(path.name)
    data = b"".join(_limited(pieces_of(path)))
    return Enclosed(path.name, "application/octet-stream" if packing or not kind else kind, data)

