"""The attachments of a message as the bar and the save prompt show them."""

from __future__ import annotations

from tuimail.mime.clean import safe_filename
from tuimail.mime.examining.risk import mismatches
from tuimail.mime.parts.choice import attachments, estimate_decoded
from tuimail.mime.parts.structure import parse_bodystructure
from tuimail.model import Attachment, Envelope, Held, HeldState, Part
from tuimail.store import Store
from tuimail.store.parts import PartInfo
from tuimail.ui.beside.holding import attachment_of, has_findings, held_of


def attachments_of(store: Store, envelope: Envelope) -> tuple[Attachment, ...]:
    """What is attached, in the order of the message, with what is here of it; empty when unknown."""
    root = parse_bodystructure(envelope.structure) if envelope.structure else None
    if root is None:
        return ()
    holds = {part.section: held_of(part) for part in store.quarantine.of_message(envelope.id)}
    found = []
    for number, part in enumerate(attachments(root), 1):
        held = holds.get(part.section)
        if held is not None and held.state is not HeldState.RELEASED:
            found.append(attachment_of(held))
        else:
            here = store.parts.info(envelope.id, part.section)
            found.append(_free(envelope, part, f"attachment-{number}", here, held))
    return tuple(found)


def _free(envelope: Envelope, part: Part, fallback: str, here: PartInfo | None, released: Held | None) -> Attachment:
    """One that may be saved: never held, or released."""
    real_type = here.real_type if here is not None else ""
    warnings = mismatches(part.filename, part.content_type, real_type)
    if released is not None:
        real_type = real_type or released.real_type
        warnings = released.reasons if has_findings(released) else ()
    return Attachment(
        envelope_id=envelope.id,
        section=part.section,
        filename=safe_filename(part.filename, fallback),
        original_filename=part.filename,
        declared_type=part.content_type,
        real_type=real_type,
        size_octets=here.size_octets if here is not None else estimate_decoded(part),
        is_here=here is not None,
        warnings=warnings,
        hold=released.state if released is not None else None,
        verdict=released.verdict if released is not None else None,
    )
