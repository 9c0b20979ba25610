"""The attachments of a message as the bar and the save prompt show them."""

from __future__ import annotations

from tuimail.mime.choice import attachments, estimate_decoded
from tuimail.mime.clean import safe_filename
from tuimail.mime.risk import mismatches
from tuimail.mime.structure import parse_bodystructure
from tuimail.model import Attachment, Envelope
from tuimail.store import Store


def attachments_of(store: Store, envelope: Envelope) -> tuple[Attachment, ...]:
    """What is attached, in the order of the message, with what is here of it; empty when unknown."""
    root = parse_bodystructure(envelope.structure) if envelope.structure else None
    if root is None:
        return ()
    found = []
    for number, part in enumerate(attachments(root), 1):
        here = store.parts.info(envelope.id, part.section)
        real_type = here.real_type if here is not None else ""
        found.append(
            Attachment(
                envelope_id=envelope.id,
                section=part.section,
                filename=safe_filename(part.filename, f"attachment-{number}"),
                original_filename=part.filename,
                declared_type=part.content_type,
                real_type=real_type,
                size_octets=here.size_octets if here is not None else estimate_decoded(part),
                is_here=here is not None,
                warnings=mismatches(part.filename, part.content_type, real_type),
            )
        )
    return tuple(found)
