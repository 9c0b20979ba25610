"""Was it sent? What the Sent mailbox of a server says of a message of which nobody knows.

Only what a server files by itself can be found there: our own copy is filed after the
message is known to be sent. So one that is found was sent, and one that is missing proves nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from tuimail.config import Protocol
from tuimail.engine.desk import Desk
from tuimail.engine.imap.session import dial
from tuimail.errors import MailError
from tuimail.model import Role
from tuimail.store import Store

MOST_FETCHED = 20


class Evidence(NamedTuple):
    """What was found."""

    is_there: bool
    sentence: str


def look(desk: Desk, store: Store, message_id: str) -> Evidence:
    """Look for a Message-ID in Sent. Never raises MailError: that nothing could be found out is an answer, too."""
    if desk.account.receive.protocol is not Protocol.IMAP:
        return Evidence(False, "This account has no mailbox on the server in which it could be looked for.")
    sent = store.mailboxes.with_role(desk.name, Role.SENT)
    if sent is None and not store.mailboxes.all(desk.name):
        return Evidence(False, "It could not be looked for: the mailboxes of the account are not known yet.")
    if sent is None or not message_id:
        return Evidence(False, "There is no Sent on the server in which it could be looked for.")
    try:
        is_there = _is_in(desk, sent.name, message_id)
    except MailError as exc:
        return Evidence(False, f"It could not be looked for in {sent.leaf}: {exc.sentence}")
    if is_there:
        return Evidence(True, f"It was found in {sent.leaf}, so it was sent.")
    return Evidence(False, f"It is not in {sent.leaf} on the server.")


def _is_in(desk: Desk, mailbox: str, message_id: str) -> bool:
    session = dial(desk)
    try:
        session.select(mailbox, readonly=True)
        uids = session.find_message_id(message_id)[-MOST_FETCHED:]
        wanted = f"{message_id}".encode("utf-8", "replace")
        found = any(
            wanted in header.header for uid in uids for header in session.fetch_headers(str(uid))
        )
        session.logout()
    finally:
        session.close()
    return found
