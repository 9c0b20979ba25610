"""What a message that lies here says of itself, for the store: a row, its structure, its parts.

Pure but for the time it takes; the octets are a stranger's, and nothing they hold raises.
"""

from __future__ import annotations

from tuimail.engine.pop.plan import header_digest
from tuimail.mime.decoding import headers
from tuimail.mime.parts import structure
from tuimail.mime.parts.parse import ParsedMessage, header_block, parse_message
from tuimail.mime.parts.write_structure import to_bodystructure
from tuimail.model import Section
from tuimail.store.incoming import Incoming
from tuimail.store.maildirs.filing import Described, StoredPart


def describe(raw: bytes, *, hold: bool) -> Described:
    """A whole message. `hold`: its attachments go into quarantine."""
    parsed = parse_message(raw)
    return Described(
        incoming_of(parsed.summary, to_bodystructure(parsed.root), size_octets=len(raw)),
        parts_of(parsed, hold=hold),
        header_digest(header_block(raw)),
    )


def describe_preview(header: bytes, *, size_octets: int) -> Described:
    """A message of which only the header is here."""
    block = header_block(header)
    return Described(incoming_of(headers.summarize(block), b"", size_octets=size_octets), (), header_digest(block))


def parts_of(parsed: ParsedMessage, *, hold: bool) -> tuple[StoredPart, ...]:
    """Everything that can be taken out of a message, in document order."""
    attached = {part.section for part in structure.attachments(parsed.root)} if hold else set[Section]()
    return tuple(
        StoredPart(
            section=part.section,
            header_start=parsed.heads[part.section],
            body_start=parsed.spans[part.section][0],
            body_end=parsed.spans[part.section][1],
            encoding=part.encoding,
            filename=part.filename,
            declared_type=part.content_type,
            size_octets=structure.estimate_decoded(part),
            held=part.section in attached,
        )
        for part in parsed.root.walk()
        if part.section in parsed.spans and not part.content_type.startswith("multipart/")
    )


def incoming_of(summary: headers.Summary, body_structure: bytes, *, size_octets: int) -> Incoming:
    """The row of a message that no IMAP server numbers."""
    return Incoming(
        uid=0,
        flags=0,
        keywords="",
        modseq=None,
        received_at=None,
        size_octets=size_octets,
        structure=body_structure,
        has_attachments=structure.has_attachments(body_structure),
        from_=summary.from_,
        sender=summary.sender_name or summary.sender_address,
        reply_to=summary.reply_to,
        to=summary.to,
        cc=summary.cc,
        subject=summary.subject,
        sent_at=summary.sent_at,
        message_id=summary.message_id,
        in_reply_to=summary.in_reply_to,
        references=summary.references,
        list_id=summary.list_id,
        thread_id=headers.thread_key(summary),
    )
