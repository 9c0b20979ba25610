"""The quarantine beside the screen: reading it, deciding, and looking into bytes.

What lives here: the desk that the quarantine screen holds, and questions in words. What
must not: Textual. Everything that touches a disk is called in a thread, with a Store of
its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tuimail.mime.clean import clean_line, elide_middle
from tuimail.mime.decoding.transfer import decode_transfer
from tuimail.mime.examining import archivenames, zipnames
from tuimail.mime.examining.verdicts import Sample
from tuimail.model import AccountName, Attachment, Held, HeldState, Verdict
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.holding.quarantine import HeldPart, PartState
from tuimail.ui.lines.held_lines import Inside, shown_name, verdict_words

PEEK_OCTETS = 64 * 1024
"""Looked into at most; the rest stays where it is."""
LARGEST_LISTED_OCTETS = 32 * 1024 * 1024
"""Names inside larger archives are not listed."""
MOST = 5000
ARCHIVES = (b"PK", b"Rar!", b"7z\xbc\xaf", b"MSCF")
_STATES = {
    PartState.HELD: HeldState.HELD,
    PartState.DELETING: HeldState.DELETED,
    PartState.DELETED: HeldState.DELETED,
    PartState.RELEASED: HeldState.RELEASED,
}


class Holding(Protocol):
    """What the screen needs. Every method may block and raise MailError."""

    def all(self) -> list[Held]:
        """Held, released and deleted ones, newest first."""

    def release(self, held: Held) -> None:
        """Let it go."""

    def delete(self, held: Held) -> None:
        """Replace it in the stored message by a note."""

    def look_into(self, held: Held) -> Inside:
        """Its first octets, and names in it; nothing of it is run or unpacked."""


@dataclass(frozen=True, slots=True)
class HoldDesk:
    """`Holding` over the store of one data directory."""

    paths: Paths
    clock: Callable[[], float] = time.time

    def all(self) -> list[Held]:
        """Held, released and deleted ones, newest first."""
        states = [state for state in PartState if state is not PartState.FREE]
        with Store.open(self.paths, write=False) as store:
            return [held_of(part) for part in store.quarantine.find(states=states, limit=MOST)]

    def release(self, held: Held) -> None:
        """Let it go."""
        with Store.open(self.paths) as store:
            store.quarantine.release(held.envelope_id, held.section, at=int(self.clock()))

    def delete(self, held: Held) -> None:
        """Replace it in the stored message by a note; raises what the store does when it cannot."""
        with Store.open(self.paths) as store:
            delete_held(store, held, at=int(self.clock()))

    def look_into(self, held: Held) -> Inside:
        """Its first octets, and names in it; nothing of it is run or unpacked."""
        with Store.open(self.paths, write=False) as store:
            return look_into(store, held)


def held_of(part: HeldPart) -> Held:
    """As screens and commands know it."""
    return Held(
        envelope_id=part.envelope_id,
        section=part.section,
        account=part.account,
        mailbox_id=part.mailbox_id,
        state=_STATES[part.state],
        verdict=verdict_of(part.verdict),
        reasons=part.reasons,
        filename=part.filename,
        declared_type=part.declared_type,
        real_type=part.real_type,
        size_octets=part.size_octets,
        sha256=part.sha256.hex() if part.sha256 is not None else "",
        sender=part.sender,
        subject=part.subject,
        sort_at=part.sort_at,
        decided_at=part.decided_at,
        on_server=not part.is_here,
    )


def verdict_of(stored: str) -> Verdict | None:
    """The verdict that the store keeps by its words; None before the examination."""
    return next((verdict for verdict in Verdict if verdict.words == stored.lower().replace("_", " ")), None)


def delete_held(store: Store, held: Held, *, at: int) -> None:
    """Replace one in the stored message by a note, or let go of all that was fetched of it."""
    from tuimail.engine.local.describe import describe  # 8 ms, only when something is deleted

    store.quarantine.delete(held.envelope_id, held.section, lambda raw: describe(raw, hold=True), at=at)


def look_into(store: Store, held: Held) -> Inside:
    """The first octets of one, and the names in it when it is an archive; nothing is run or unpacked."""
    first = store.quarantine.peek(held.envelope_id, held.section)
    octets = decode_transfer(first.octets, first.encoding)[:PEEK_OCTETS]
    names: tuple[str, ...] = ()
    if held.size_octets <= LARGEST_LISTED_OCTETS and octets.startswith(ARCHIVES):
        whole = store.quarantine.octets(held.envelope_id, held.section)
        names = names_inside(Sample.of(decode_transfer(whole.octets, whole.encoding)))
    return Inside(names, octets)


def names_inside(sample: Sample) -> tuple[str, ...]:
    """The names that an archive's directory tells, as they stand there."""
    if zipnames.looks_like_zip(sample):
        return tuple(entry.name for entry in zipnames.listing(sample).entries)
    found = archivenames.names_in(sample)
    return found.names if found is not None else ()


def attachment_of(held: Held) -> Attachment:
    """As the save prompt wants it."""
    return Attachment(
        envelope_id=held.envelope_id,
        section=held.section,
        filename=shown_name(held),
        original_filename=held.filename,
        declared_type=held.declared_type,
        real_type=held.real_type,
        size_octets=held.size_octets,
        is_here=not held.on_server,
        warnings=held.reasons if (held.verdict or 0) > Verdict.NO_FINDING else (),
        hold=held.state,
        verdict=held.verdict,
    )


def has_findings(held: Held) -> bool:
    """Whether there is a reason to ask twice; one that nobody examined counts as one."""
    return held.verdict is not Verdict.NO_FINDING


def worst_reason(held: Held) -> str:
    """The first of its reasons, cleaned."""
    if held.reasons:
        return clean_line(held.reasons[0], 300)
    return "Nobody has examined it yet." if held.verdict is None else ""


def deleted_words(held: Held) -> str:
    """What is left of one that was deleted, as a sentence."""
    if held.on_server:
        return "The server still has it, in its copy of the message."
    return "Its message keeps a note of it."


def short_name(held: Held) -> str:
    """For sentences: elided, its extension in sight."""
    return elide_middle(shown_name(held), 48)


def told(held: Held) -> str:
    """`invoice.exe (dangerous)`."""
    return f"{short_name(held)} ({verdict_words(held.verdict)})"


def held_counts(store: Store) -> dict[AccountName, int]:
    """How many attachments are held, by account."""
    if not store.quarantine.count():
        return {}
    return {account.name: store.quarantine.count(account.name) for account in store.accounts.all()}
