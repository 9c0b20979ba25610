"""What to think about before a draft is sent: `writing.warnings`, asked with what store and configuration know."""

from __future__ import annotations

from tuimail.config import Config
from tuimail.errors import MailError
from tuimail.mime.writing.answers import FORWARDED, How, Mine, Original, original_of, reply_to
from tuimail.mime.writing.typed import entries, folded
from tuimail.mime.writing.warnings import Known, Warning, warnings
from tuimail.model import Draft
from tuimail.store import Store
from tuimail.wishes.identities import everyone_of_mine, mine_of
from tuimail.wishes.sources import header_of

__all__ = ["Warning", "warnings_for"]


def warnings_for(store: Store, config: Config, draft: Draft) -> list[Warning]:
    """What to think about, the serious first; nothing when warnings are turned off."""
    if not config.compose.warnings or not config.accounts:
        return []
    account = config.accounts.get(draft.account)
    everyone = everyone_of_mine(config)
    original = _original(store, draft)
    known = Known(
        mine=everyone,
        domains=store.people.domains_written_to(),
        account_addresses=mine_of(account) if account is not None else None,
        came_to=next(
            (
                entry.address
                for typed in (original.to, original.cc)
                for entry in entries(typed)
                if entry.address in everyone
            ),
            "",
        ),
        list_address=original.list_address,
    )
    found = warnings(
        from_=draft.from_, to=draft.to, cc=draft.cc, bcc=draft.bcc, subject=draft.subject, body=draft.body,
        file_count=len(draft.files), known=known,
    )  # fmt: skip
    return found + _led_elsewhere(original, draft, everyone)


def _led_elsewhere(original: Original, draft: Draft, everyone: Mine) -> list[Warning]:
    """That the answer goes where Reply-To led it, which is not where the letter came from."""
    if not original.reply_to and not original.mail_reply_to:
        return []
    proposed = reply_to(original, How.REPLY, everyone)
    kept = {folded(entry.address) for entry in entries(draft.to)}
    if not kept.issuperset(folded(entry.address) for entry in entries(proposed.to)):
        return []
    return [Warning(note) for note in proposed.notes]


def _original(store: Store, draft: Draft) -> Original:
    """The message that is answered, empty when there is none or it is gone."""
    envelope = store.envelopes.envelope(draft.answers) if draft.answers is not None else None
    if envelope is None or FORWARDED in draft.body:
        return Original()
    try:
        header = header_of(store, envelope.id)
    except MailError:
        header = None  # its file is gone; what the list shows of it is still known
    return original_of(envelope, header)
