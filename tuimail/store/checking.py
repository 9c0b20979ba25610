"""Is the store what it claims to be? Every counter against a recount, every row against its owner."""

from __future__ import annotations

from tuimail.errors import StoreError
from tuimail.model import MailboxId
from tuimail.store.acting.away import Away
from tuimail.store.database import Database
from tuimail.store.flags import Flags
from tuimail.store.lists.order import Order

_TOTALS = (
    "SELECT mailbox.id, total, unread, count(envelope.id), coalesce(sum(flags & 1 = 0), 0)"
    " FROM mailbox LEFT JOIN envelope ON envelope.mailbox_id = mailbox.id GROUP BY mailbox.id"
)
_STRETCHES = (
    "SELECT lowest, total, coalesce(lead(lowest) OVER (ORDER BY lowest), 9223372036854775807)"
    " FROM stretch WHERE mailbox_id = ?"
)


def check(database: Database) -> list[str]:
    """Findings in sentences, none when all is well."""
    found: list[str] = []
    try:
        found += [f"SQLite: {line}" for line in database.column("PRAGMA integrity_check(20)") if line != "ok"]
        if found:
            return found
        for table, _, parent, _ in database.rows("PRAGMA foreign_key_check"):
            found.append(f"A row of {table} belongs to a row of {parent} that is gone.")
        with database.snapshot():
            found += _check_counts(database)
            found += _check_rows(database)
            astray = Away(database, Order(database)).changes(database.column(
                "SELECT envelope_id FROM away UNION SELECT envelope_id FROM pending WHERE envelope_id IS NOT NULL"
            ))
            if astray:
                found.append(f"{len(astray)} messages are shown where neither the server nor an action put them.")
    except StoreError as exc:
        found.append(exc.sentence)
    return found[:50]


def repair_counters(database: Database, order: Order) -> None:
    """Make every derived column what it should be."""
    flags = Flags(database)
    with database.transaction(durable=True):
        Away(database, order).refold(database.column("SELECT envelope_id FROM away"))
        for mailbox_id in database.column("SELECT id FROM mailbox"):
            ids = database.column("SELECT id FROM envelope WHERE mailbox_id = ?", (mailbox_id,))
            flags.refold(MailboxId(mailbox_id), ids)
            order.rewrite(MailboxId(mailbox_id))
        database.run(
            "UPDATE mailbox SET revision = revision + 1, order_revision = order_revision + 1,"
            " total = (SELECT count(*) FROM envelope WHERE mailbox_id = mailbox.id),"
            " unread = (SELECT count(*) FROM envelope WHERE mailbox_id = mailbox.id AND flags & 1 = 0)"
        )
        database.run(
            "UPDATE meta SET value = max(value, (SELECT coalesce(max(id), 0) + 1 FROM envelope))"
            " WHERE key = 'next_envelope_id'"
        )


def _check_counts(database: Database) -> list[str]:
    found = []
    for mailbox_id, total, unread, rows, unseen in database.rows(_TOTALS):
        if (total, unread) != (rows, unseen):
            found.append(f"Mailbox {mailbox_id} counts {total} messages, {unread} unread; it has {rows}, {unseen}.")
        counted = 0
        for lowest, claimed, above in database.rows(_STRETCHES, (mailbox_id,)):
            row = database.row(
                "SELECT count(*) FROM envelope WHERE mailbox_id = ? AND place >= ? AND place < ?",
                (mailbox_id, lowest, above),
            )
            counted += claimed
            if row is not None and row[0] != claimed:
                found.append(f"A stretch of mailbox {mailbox_id} counts {claimed} messages; it has {row[0]}.")
        if counted != rows:
            found.append(f"The stretches of mailbox {mailbox_id} hold {counted} messages of {rows}.")
    return found


def _check_rows(database: Database) -> list[str]:
    questions = {
        "{} messages have no header.": "SELECT count(*) FROM envelope WHERE id NOT IN (SELECT id FROM header)",
        "{} headers have no message.": "SELECT count(*) FROM header WHERE id NOT IN (SELECT id FROM envelope)",
        "{} messages bear a number that was not given out.":
            "SELECT count(*) FROM envelope WHERE id >= (SELECT value FROM meta WHERE key = 'next_envelope_id')",
        "{} messages show flags that neither the server nor an action gave them.":
            "SELECT count(*) FROM envelope WHERE (flags <> server_flags OR keywords <> server_keywords)"
            " AND id NOT IN (SELECT envelope_id FROM pending WHERE state = 0 AND kind = 'set_flags')",
        "{} messages have a uid although they are elsewhere.":
            "SELECT count(*) FROM envelope JOIN away ON away.envelope_id = envelope.id WHERE envelope.uid IS NOT NULL",
        "{} messages are hidden for no reason.":
            "SELECT count(*) FROM envelope WHERE mailbox_id = 0 AND id NOT IN (SELECT envelope_id FROM away)",
        "{} kept texts belong to nobody.": "SELECT count(*) FROM raw WHERE uses <= 0",
    }
    found = []
    for sentence, sql in questions.items():
        row = database.row(sql)
        if row is not None and row[0]:
            found.append(sentence.format(row[0]))
    return found
