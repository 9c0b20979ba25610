"""A finished message from a file or a script, made ready for the outbox (what `sendmail -t` does).

What lives here: whom it is for, what it lacks, and what may not stand in it. What must
not: reading files or the terminal (`cli`). Nothing but the header block is changed.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

from tuimail.config import Config
from tuimail.errors import UsageError
from tuimail.mime.clean import clean_line
from tuimail.mime.decoding.headers import summarize, whole_value
from tuimail.mime.decoding.words import decode_address_header
from tuimail.mime.parts.parse import header_block
from tuimail.mime.writing.typed import entries, faults, folded
from tuimail.mime.writing.wording import address_atoms, date_atoms, field, id_atoms
from tuimail.model import AccountName
from tuimail.wishes.identities import Sender, account_of, everyone_of_mine, identities
from tuimail.wishes.sending import new_message_id, sending_account

MAX_OCTETS: Final = 200 << 20
_NAME: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_PEOPLE: Final = ("to", "cc", "bcc")
_BLIND: Final = (b"bcc", b"resent-bcc")


class Submission(NamedTuple):
    """A message that can be put into the outbox."""

    account: AccountName
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    message_id: str
    to: str
    subject: str


def submission(raw: bytes, config: Config, *, account: AccountName | None, now: datetime) -> Submission:
    """Make a message ready: Bcc is used and taken out, a missing From, Date or Message-ID is filled in.

    `account`: the one to send with; else the one that the sender belongs to, else the first
    that can send. Raises UsageError.
    """
    if len(raw) > MAX_OCTETS:
        raise UsageError(f"The message is larger than {MAX_OCTETS >> 20} MB.", "Send a link to what is in it instead.")
    head, body = _taken_apart(raw)
    names = {_name(line) for line in head}
    values = _values(head)
    recipients = _recipients(values)
    chosen = identity_for(config, values.get("from", ""), account)
    found = entries(values.get("from", ""))
    missing = []
    if b"from" not in names:
        missing.append(field("From", address_atoms(entries(chosen.header))))
    if b"date" not in names:
        missing.append(field("Date", date_atoms(now)))
    message_id = summarize(b"".join(head)).message_id if b"message-id" in names else ""
    if not message_id:
        message_id = new_message_id(chosen.address)
        head = [line for line in head if _name(line) != b"message-id"]
        missing.append(field("Message-ID", id_atoms(message_id)))
    kept = [line for line in head if _name(line) not in _BLIND]
    return Submission(
        sending_account(config, chosen.account).name, found[0].address if found else chosen.address, recipients,
        b"".join([*missing, *kept, b"\r\n", body]), message_id,
        values.get("to") or values.get("cc") or values.get("bcc", ""), values.get("subject", ""),
    )  # fmt: skip


def written_to(raw: bytes) -> tuple[str, str, str]:
    """To, Cc and Bcc of a finished message, whole. Raises UsageError for a header that hides something."""
    values = _values(_taken_apart(header_block(raw))[0])
    return values["to"], values["cc"], values["bcc"]


def refuse_strangers(config: Config, sender: str) -> None:
    """Raises UsageError when the sender is none of a person's own addresses, as the composer would warn."""
    if config.compose.warnings and sender not in everyone_of_mine(config):
        raise UsageError(
            f"{clean_line(sender, 100)} is none of your addresses.",
            "Nothing was sent: name one of yours, add it to your identities, or say --yes.",
        )


def _taken_apart(raw: bytes) -> tuple[list[bytes], bytes]:
    """The header fields, each with its line end, and the body; line ends are made CR LF.

    A header that holds a lone CR, or lines ended in two ways, could hide a field from whoever
    wrote it: it is refused, and not guessed at.
    """
    raw = raw.lstrip(b"\r\n")
    if raw.startswith(b"From "):
        raw = raw[raw.find(b"\n") + 1 :]
    uses_crlf = b"\r\n" in raw.partition(b"\n")[0] + b"\n"
    end = raw.find(b"\r\n\r\n" if uses_crlf else b"\n\n")
    head = raw if end < 0 else raw[: end + (2 if uses_crlf else 1)]
    lone = head.replace(b"\r\n", b"") if uses_crlf else head.replace(b"\n", b"")
    if b"\r" in lone or (uses_crlf and b"\n" in lone) or b"\0" in head:
        raise UsageError(
            "The header of the message holds a lone CR, a NUL, or lines that end in two ways.",
            "Nothing was sent: end each line of it in the same way.",
        )
    fields: list[bytes] = []
    for text in head.removesuffix(b"\n").split(b"\n") if head else []:
        line = text.removesuffix(b"\r") + b"\r\n"
        if line[:1] in b" \t" and fields:
            fields[-1] += line
        elif _NAME.match(line):
            fields.append(line)
        else:
            shown = clean_line(line.decode("utf-8", "replace"), 60)
            raise UsageError(
                f"The message does not begin with a header: “{shown}” is no field.",
                "Begin it with lines such as `To: ada@example.org`, then an empty line, then the text.",
            )
    body = b"" if end < 0 else raw[end + (4 if uses_crlf else 2) :]
    if b"\0" in body:
        raise UsageError("There is a NUL in the message.", "Nothing was sent: attach such a file instead.")
    if body and not body.endswith((b"\n", b"\r")):
        body += b"\n"
    return fields, _LINE_END.sub(b"\r\n", body)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()


def _values(head: list[bytes]) -> dict[str, str]:
    """The decoded headers that matter; several of one kind are joined, as people's programs mean it."""
    summary = summarize(b"".join(head))
    values = {"from": summary.from_ if _has(head, b"from") else "", "subject": summary.subject}
    for name in (*_PEOPLE, *(f"resent-{each}" for each in _PEOPLE)):
        told = [whole_value(line) for line in head if _name(line) == name.encode()]
        values[name] = ", ".join(filter(None, map(decode_address_header, told)))
    return values


def _has(head: list[bytes], name: bytes) -> bool:
    return any(_name(line) == name for line in head)


def _recipients(values: dict[str, str]) -> tuple[str, ...]:
    """Everybody it is for, each once. Resent fields are for whoever passes mail on (RFC 5322 3.6.6)."""
    resent = any(values[f"resent-{name}"] for name in _PEOPLE)
    found: dict[str, str] = {}
    for name in _PEOPLE:
        typed = values[f"resent-{name}" if resent else name]
        if wrong := faults(typed):
            raise UsageError(wrong[0], "Correct it; nothing was sent.")
        for entry in entries(typed):
            found.setdefault(folded(entry.address), entry.address)
    if not found:
        raise UsageError("There is nobody to send it to.", "Give the message a line `To: ada@example.org`, or --to.")
    return tuple(found.values())


def identity_for(config: Config, from_: str, account: AccountName | None) -> Sender:
    """The identity that sends: that of the From line where it is one of ours."""
    if wrong := faults(from_):
        raise UsageError(wrong[0], "Correct From; nothing was sent.")
    found = entries(from_)
    if len(found) > 1:
        raise UsageError("From names several people.", "Name one; nothing was sent.")
    known = identities(config)
    mine = [each for each in known if account is None or each.account == account]
    if found:
        for each in mine:
            if folded(each.address) == folded(found[0].address):
                return each
    told = account_of(config, account)
    return next(each for each in known if each.account == told.name)
