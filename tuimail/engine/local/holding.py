"""Quarantine for mail whose octets are on a server: an attachment is held before its octets are kept here.

For accounts with `quarantine = true`. It is fetched to be examined, and then dropped: once a
person released it, it is fetched again like any other. The store never keeps what is held.
"""

from __future__ import annotations

from tuimail.engine.desk import Desk
from tuimail.mime.examining.verdicts import Context
from tuimail.mime.parts import structure
from tuimail.model import Envelope, EnvelopeId, Part, Section
from tuimail.store import Store


def is_held_back(desk: Desk, root: Part, section: Section) -> bool:
    """Whether a part of this message goes into quarantine."""
    if not desk.account.receive.quarantine:
        return False
    return any(part.section == section for part in structure.attachments(root))


def refuse_examined(store: Store, envelope_id: EnvelopeId, section: Section) -> None:
    """Raises QuarantineRefused for what is held and known: fetching it again would bring nothing new."""
    held = store.quarantine.get(envelope_id, section)
    if held is None or held.examined_at is not None:
        store.local.refuse_held(envelope_id, section)


def hold(store: Store, desk: Desk, envelope: Envelope, part: Part, octets: bytes) -> None:
    """Hold a part that was just fetched, and examine it. Before its octets are kept. `octets` are decoded.

    A part that somebody decided about already stays as it was decided.
    """
    store.quarantine.hold(
        envelope.id, part.section,
        filename=part.filename, declared_type=part.content_type, size_octets=len(octets), encoding="",
    )  # fmt: skip
    held = store.quarantine.get(envelope.id, part.section)
    if held is None or held.examined_at is not None:
        return
    context = Context(first_time_sender=False, from_list=bool(envelope.list_id))
    examined = desk.examiner.examine_attachment(
        octets, filename=part.filename, declared_type=part.content_type, context=context
    )
    store.quarantine.set_findings(
        envelope.id, part.section,
        verdict=examined.findings.verdict.words, reasons=examined.findings.reasons, real_type=examined.real_type,
        sha256=bytes.fromhex(examined.sha256), size_octets=examined.size_octets, at=int(desk.clock.wall()),
    )  # fmt: skip
