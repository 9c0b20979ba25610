"""Acting on mail, beside the screen: what a key needs besides `wishes.acting`.

What lives here: functions over a store for the lane. What must not: widgets, and how
anything is done to mail (`tuimail.wishes`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tuimail.actions import SetFlags, Target
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId, Role
from tuimail.store import Store
from tuimail.ui.beside import learned

FARTHEST = 20_000
"""So many rows above the cursor are looked at, to find out how many of them stay."""
_AT_ONCE = 2000
KEYWORDS_KEY = "keywords"
"""Keywords that were given lately, newest first, in `store.state`."""
MOST_KEYWORDS = 50


def was_read(store: Store, envelope_id: EnvelopeId, *, at: int) -> AccountName | None:
    """A message was on the screen for a while: mark it as read. Its account; None when it was marked or is gone.

    Not a deed: nobody pressed a key, so there is nothing to undo.
    """
    now = store.envelopes.envelope(envelope_id)
    if now is None or now.flags & Flag.SEEN:
        return None
    target = Target(now.id, now.mailbox_id, now.uid, now.uid_validity, now.message_id)
    store.pending.add([SetFlags(now.account, target, add=int(Flag.SEEN))], at=at)
    return now.account


def landing(store: Store, mailbox_id: MailboxId, ids: Collection[EnvelopeId], cursor: int) -> int:
    """Where the cursor will stand when `ids` have left: on the row after it that stays."""
    if cursor > FARTHEST:
        return cursor
    kept = 0
    for start in range(0, cursor, _AT_ONCE):
        rows = store.envelopes.window(mailbox_id, start, min(_AT_ONCE, cursor - start)).rows
        kept += sum(row.id not in ids for row in rows)
    return kept


def in_mailbox(store: Store, ids: Iterable[EnvelopeId], mailbox_id: MailboxId) -> list[EnvelopeId]:
    """Those of `ids` that lie in a mailbox."""
    found = ((envelope_id, store.envelopes.envelope(envelope_id)) for envelope_id in ids)
    return [envelope_id for envelope_id, envelope in found if envelope and envelope.mailbox_id == mailbox_id]


def are_all_in(store: Store, ids: Sequence[EnvelopeId], role: Role) -> bool:
    """Whether each of these messages lies in a mailbox with this role."""
    wanted = {mailbox.id for mailbox in store.mailboxes.all() if mailbox.role is role}
    pages = (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
    return bool(wanted) and all(row.mailbox_id in wanted for page in pages for row in store.envelopes.rows(page))


def remember_destination(store: Store, source: str, destination: str, *, at: int) -> None:
    """Mail of `source` was put into `destination` (`learned.name_of`)."""
    memory = learned.memory_of(store.state.get(learned.KEY))
    store.state.set(learned.KEY, learned.learn(memory, source, destination, at))


def remember_keyword(store: Store, keyword: str) -> None:
    """A keyword was given."""
    store.state.set(KEYWORDS_KEY, [keyword, *(each for each in lately_given(store) if each != keyword)][:MOST_KEYWORDS])


def lately_given(store: Store) -> list[str]:
    """Keywords that were given lately, newest first."""
    found = store.state.get(KEYWORDS_KEY)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
