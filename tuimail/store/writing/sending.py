"""The engine's side of the outbox: what is due, and each step of a message on its way out.

What lives here: the steps that sending takes, each durable when it returns, and the port
that answered. What must not: what a person decides (`outbox`), SMTP, and when to try again.

    QUEUED -> SENDING -> SENT -> FILED
              SENDING -> QUEUED (again later), FAILED, UNKNOWN
    QUEUED, FAILED, UNKNOWN -> CANCELLED;  FAILED -> QUEUED;  UNKNOWN -> QUEUED or SENT, when a person says so

A step that does not start where the message is changes nothing and says False: two who
act at once cannot both be right.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from tuimail.model import AccountName, DraftId, EnvelopeId, OutboxId, OutState, PendingId, RawId
from tuimail.store.acting.raws import Raws
from tuimail.store.database import Database
from tuimail.store.writing.drafts import forget

OPEN: Final = "state NOT IN ('filed', 'cancelled')"
"""As the index of `outbox` says it."""
_NETWORK: Final = "network"
_PASSWORD: Final = "password"  # noqa: S105 - a word of the schema, not a secret


class Letter(NamedTuple):
    """What the sending of a message needs to know."""

    id: OutboxId
    account: AccountName
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    message_id: str
    notify: bool
    tries: int


class Rest(NamedTuple):
    """The recipients for whom a server did not take a message yet, while it took it for others."""

    refused: tuple[tuple[str, str], ...]
    """Each with the server's words."""
    not_before: int
    """When it is tried again, for them alone."""
    sentence: str


class Sent(NamedTuple):
    """A message that was sent and whose copy is not known to be in Sent."""

    id: OutboxId
    raw: RawId | None
    size_octets: int
    message_id: str
    sent_at: int
    answers: EnvelopeId | None
    answer_flag: str
    filing: PendingId | None
    """The action that puts the copy there; None: nobody asked for it yet."""
    is_rest: bool
    """Others had it before, so its copy is there."""


class Sending:
    """The messages that are on their way out, for who sends them."""

    def __init__(self, database: Database, raws: Raws) -> None:
        self._database = database
        self._raws = raws

    def due(self, account: AccountName, now: int, *, network: bool = False) -> list[OutboxId]:
        """What is to be sent now, oldest first; `network`: also what only waits for a network."""
        return [OutboxId(one) for one in self._database.column(
            f"SELECT id FROM outbox WHERE account = ? AND {OPEN} AND state = 'queued'"
            " AND (not_before <= ? OR (? AND waits_for = ?)) ORDER BY id",
            (account, now, int(network), _NETWORK),
        )]

    def next_at(self, account: AccountName) -> int | None:
        """When the next message is due, seconds since 1970 UTC; None when none waits."""
        row = self._database.row(
            f"SELECT min(not_before) FROM outbox WHERE account = ? AND {OPEN} AND state = 'queued'", (account,)
        )
        return None if row is None or row[0] is None else int(row[0])

    def in_state(self, account: AccountName, state: OutState) -> list[OutboxId]:
        """The messages of an account in a state, oldest first."""
        return [OutboxId(one) for one in self._database.column(
            f"SELECT id FROM outbox WHERE account = ? AND {OPEN} AND state = ? ORDER BY id", (account, state)
        )]

    # --- sending --------------------------------------------------------------------

    def begin(self, outbox_id: OutboxId) -> Letter | None:
        """From now on it may go out: SENDING. None when it does not wait any longer."""
        with self._database.transaction(durable=True):
            if not self._step(outbox_id, (OutState.QUEUED,), OutState.SENDING, "ending = 0"):
                return None
            return self.letter(outbox_id)

    def letter(self, outbox_id: OutboxId) -> Letter | None:
        """What is needed to send it, whatever its state; None when its octets are not kept any longer."""
        row = self._database.row(
            "SELECT account, sender, recipients, raw, message_id, notify, tries FROM outbox WHERE id = ?", (outbox_id,)
        )
        if row is None or row[3] is None:
            return None
        account, sender, recipients, raw, message_id, notify, tries = row
        return Letter(
            outbox_id, AccountName(account), sender, tuple(json.loads(recipients)), self._raws.read(RawId(raw)),
            message_id, bool(notify), tries,
        )  # fmt: skip

    def ending(self, outbox_id: OutboxId, refused: Sequence[tuple[str, str]] = ()) -> bool:
        """The octets without which a server takes nothing go out next: from here on it may have been sent.

        It was not to `refused` (recipient and the server's words), whatever becomes of it.
        """
        return self._step(
            outbox_id, (OutState.SENDING,), OutState.SENDING, "ending = 1, refused = ?", (_pairs(refused),)
        )

    def was_ending(self, outbox_id: OutboxId) -> bool:
        """Whether it may have been sent, for one that is found SENDING."""
        row = self._database.row("SELECT ending FROM outbox WHERE id = ?", (outbox_id,))
        return row is not None and bool(row[0])

    def sent(
        self, outbox_id: OutboxId, reply: str, refused: Sequence[tuple[str, str]] = (), *, at: int, sentence: str = "",
        rest: Rest | None = None,
    ) -> bool:
        """The server took it, but not for `refused` (recipient and the server's words).

        For those of `rest` it waits on, as a message of its own that is there as soon as this one is SENT.
        """
        with self._database.transaction(durable=True):
            if not self._step(
                outbox_id, (OutState.SENDING, OutState.UNKNOWN), OutState.SENT,
                "sentence = ?, reply = ?, refused = ?, sent_at = ?",
                (sentence, reply, _pairs(refused), at),
            ):  # fmt: skip
                return False
            if rest is not None:
                keep_rest(self._database, self._raws, outbox_id, rest)
            return True

    def unknown(self, outbox_id: OutboxId, sentence: str) -> bool:
        """Whether it was sent cannot be known: a person decides."""
        return self._step(
            outbox_id, (OutState.SENDING, OutState.UNKNOWN), OutState.UNKNOWN, "sentence = ?", (sentence,)
        )

    def failed(
        self, outbox_id: OutboxId, sentence: str, refused: Sequence[tuple[str, str]] = (), *, password: bool = False
    ) -> bool:
        """The server does not have it, and it is not tried again before a person acts (`password`: types one)."""
        return self._step(
            outbox_id, (OutState.SENDING, OutState.QUEUED), OutState.FAILED,
            "sentence = ?, refused = ?, waits_for = ?, tries = tries + 1",
            (sentence, _pairs(refused), _PASSWORD if password else ""),
        )  # fmt: skip

    def retry_at(
        self, outbox_id: OutboxId, when: int, sentence: str, refused: Sequence[tuple[str, str]] = (), *,
        network: bool = False,
    ) -> bool:
        """The server does not have it; it is tried again then, or (`network`) as soon as there may be a network."""
        return self._step(
            outbox_id, (OutState.SENDING, OutState.QUEUED), OutState.QUEUED,
            "sentence = ?, refused = ?, not_before = ?, waits_for = ?, tries = tries + 1",
            (sentence, _pairs(refused), when, _NETWORK if network else ""),
        )  # fmt: skip

    def back(self, outbox_id: OutboxId) -> bool:
        """Nothing of it was taken, and nothing is known against it: it waits as it did before."""
        return self._step(outbox_id, (OutState.SENDING,), OutState.QUEUED, "ending = 0")

    def tries(self, outbox_id: OutboxId) -> int:
        """How often it was tried in vain."""
        row = self._database.row("SELECT tries FROM outbox WHERE id = ?", (outbox_id,))
        return int(row[0]) if row is not None else 0

    def password_came(self, account: AccountName, *, at: int) -> int:
        """A person typed a password: what waited for that is due; how many messages."""
        with self._database.transaction(durable=True):
            return self._database.run(
                "UPDATE outbox SET state = 'queued', sentence = '', waits_for = '', not_before = ?"
                f" WHERE account = ? AND {OPEN} AND state = 'failed' AND waits_for = ?",
                (at, account, _PASSWORD),
            )

    def waits_for_network(self, account: AccountName) -> bool:
        """Whether anything is tried as soon as there may be a network."""
        return self._database.row(
            f"SELECT 1 FROM outbox WHERE account = ? AND {OPEN} AND state = 'queued' AND waits_for = ? LIMIT 1",
            (account, _NETWORK),
        ) is not None  # fmt: skip

    # --- filing ---------------------------------------------------------------------

    def unfiled(self, account: AccountName) -> list[Sent]:
        """What was sent and is not known to be in Sent, oldest first."""
        rows = self._database.rows(
            "SELECT id, raw, size_octets, message_id, coalesce(sent_at, 0), answers, answer_flag, filing,"
            " of_recipients > 0 FROM outbox"
            f" WHERE account = ? AND {OPEN} AND state = 'sent' ORDER BY id",
            (account,),
        )
        return [
            Sent(
                OutboxId(identity), None if raw is None else RawId(raw), size, message_id, sent_at,
                None if answers is None else EnvelopeId(answers), flag, None if filing is None else PendingId(filing),
                bool(is_rest),
            )
            for identity, raw, size, message_id, sent_at, answers, flag, filing, is_rest in rows
        ]  # fmt: skip

    def filing(self, outbox_id: OutboxId, pending_id: PendingId) -> bool:
        """An action puts the copy into Sent, and the octets are that action's from now on."""
        with self._database.transaction(durable=True):
            _forget_draft(self._database, outbox_id)
            return self._step(outbox_id, (OutState.SENT,), OutState.SENT, "filing = ?, raw = NULL", (pending_id,))

    def filed(self, outbox_id: OutboxId) -> bool:
        """Its copy is in Sent, or nobody wants one: nothing more is to be done."""
        with self._database.transaction(durable=True):
            return finish(self._database, self._raws, outbox_id, (OutState.SENT,), OutState.FILED)

    def say(self, outbox_id: OutboxId, sentence: str) -> None:
        """Tell something of it where there is nothing to say yet, without changing where it is."""
        with self._database.transaction(durable=True):
            self._database.run("UPDATE outbox SET sentence = ? WHERE id = ? AND sentence = ''", (sentence, outbox_id))

    def unsay(self, outbox_id: OutboxId, sentence: str) -> None:
        """What was told is no longer so."""
        with self._database.transaction(durable=True):
            self._database.run("UPDATE outbox SET sentence = '' WHERE id = ? AND sentence = ?", (outbox_id, sentence))

    # --- the port that answered -----------------------------------------------------

    def port(self, account: AccountName, host: str) -> int | None:
        """The port of a sending server that answered last."""
        row = self._database.row("SELECT port FROM send_port WHERE account = ? AND host = ?", (account, host))
        return int(row[0]) if row is not None else None

    def set_port(self, account: AccountName, host: str, port: int) -> None:
        """Remember the port that answered; writes only when it is another one."""
        if self.port(account, host) != port:
            with self._database.transaction():
                self._database.run("INSERT OR REPLACE INTO send_port VALUES (?, ?, ?)", (account, host, port))

    def _step(
        self, outbox_id: OutboxId, origins: Sequence[OutState], state: OutState, setting: str,
        values: Sequence[object] = (),
    ) -> bool:
        return step(self._database, outbox_id, origins, state, setting, values)


def step(
    database: Database, outbox_id: OutboxId, origins: Sequence[OutState], state: OutState, setting: str,
    values: Sequence[object] = (),
) -> bool:
    """Whether it was in one of these states, and durably is in the new one now."""
    marks = ", ".join("?" * len(origins))
    with database.transaction(durable=True):
        changed = database.run(
            f"UPDATE outbox SET state = ?, {setting} WHERE id = ? AND state IN ({marks})",
            (state, *values, outbox_id, *origins),
        )
    return changed > 0


def finish(
    database: Database, raws: Raws, outbox_id: OutboxId, origins: Sequence[OutState], state: OutState
) -> bool:
    """A last step: neither its octets nor its draft are needed any longer."""
    with database.transaction(durable=True):
        if not step(database, outbox_id, origins, state, "waits_for = ''"):
            return False
        _forget_draft(database, outbox_id)
        row = database.row("SELECT raw FROM outbox WHERE id = ?", (outbox_id,))
        if row is not None and row[0] is not None:
            database.run("UPDATE outbox SET raw = NULL WHERE id = ?", (outbox_id,))
            raws.drop(RawId(row[0]))
        return True


def keep_rest(database: Database, raws: Raws, outbox_id: OutboxId, rest: Rest) -> None:
    """What waits on for some recipients of a message that others have, in the current transaction."""
    recipients = [who for who, _ in rest.refused]
    database.run(
        "INSERT INTO outbox (account, state, sentence, sender, recipients, refused, to_line, subject, message_id,"
        " size_octets, raw, notify, answer_flag, not_before, tries, added_at, of_recipients)"
        " SELECT account, 'queued', ?, sender, ?, ?, ?, subject, message_id, size_octets, raw, notify, '', ?,"
        " tries + 1, added_at, max(of_recipients, json_array_length(recipients)) FROM outbox WHERE id = ?",
        (
            rest.sentence, json.dumps(recipients), _pairs(rest.refused),
            ", ".join(recipients), rest.not_before, outbox_id,
        ),
    )
    row = database.row("SELECT raw FROM outbox WHERE id = ?", (outbox_id,))
    if row is not None and row[0] is not None:
        raws.share(RawId(row[0]))


def is_put_off(words: str) -> bool:
    """Whether what a server said of a recipient is a "not now"."""
    return words.startswith("4")


def _pairs(refused: Sequence[tuple[str, str]]) -> str:
    return json.dumps([list(one) for one in refused])


def _forget_draft(database: Database, outbox_id: OutboxId) -> None:
    row = database.row("SELECT draft_id FROM outbox WHERE id = ?", (outbox_id,))
    if row is not None and row[0] is not None:
        database.run("UPDATE outbox SET draft_id = NULL WHERE id = ?", (outbox_id,))
        forget(database, DraftId(row[0]))
