"""What the reader shows of a message, as lines to be flowed: notes, headers, body, links.

Pure. The card above the text, and the pages that stand in for a text which is not
here, are made here too. What must not live here: colours, wrapping, the store.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tuimail.mime.clean import clean_line
from tuimail.mime.decoding.headers import parse_addresses
from tuimail.model import Address, Envelope, LineKind, Link, ReadableText, Span, TextLine
from tuimail.ui.lines.rows import Run, Runs, both_ends, cut_runs, runs_width
from tuimail.ui.lines.when import day_date, full_date

_MAX_SHOWN_ADDRESSES = 30


def document(readable: ReadableText, headers: Sequence[tuple[str, str]] = ()) -> tuple[TextLine, ...]:
    """All lines of a message in order: all headers when asked for, notes, the text, its links."""
    lines: list[TextLine] = []
    if headers:
        lines += [_header_line(name, value) for name, value in headers]
        lines += [TextLine("", kind=LineKind.RULE), TextLine("")]
    if readable.notes:
        lines += [TextLine(clean_line(note, 400), kind=LineKind.NOTE) for note in readable.notes]
        lines.append(TextLine(""))
    lines += _without_blank_ends(readable.lines)
    if readable.links:
        lines += [TextLine(""), TextLine("Links", kind=LineKind.HEADING)]
        for link in readable.links:
            lines += _link_lines(link)
    return tuple(lines)


def _header_line(name: str, value: str) -> TextLine:
    label = clean_line(name, 100) + ": "
    text = label + clean_line(value, 16_384)
    return TextLine(text, indent_cells=4, spans=(Span(0, len(label) - 1, "bold"),))


def _without_blank_ends(lines: Sequence[TextLine]) -> Sequence[TextLine]:
    first, end = 0, len(lines)
    while first < end and not lines[first].text.strip() and lines[first].kind == LineKind.TEXT:
        first += 1
    while end > first and not lines[end - 1].text.strip() and lines[end - 1].kind == LineKind.TEXT:
        end -= 1
    return lines[first:end]


def _link_lines(link: Link) -> list[TextLine]:
    number = f"[{link.number}] "
    host = clean_line(link.host, 200) or "(no host)"
    label = clean_line(link.label, 80)
    rest = f"  {label}" if label and label != link.url else ""
    spans = (Span(len(number), len(number) + len(host), "link", link.number),)
    lines = [TextLine(number + host + rest, indent_cells=len(number), spans=spans)]
    if link.warning:
        text = " " * len(number) + clean_line(link.warning, 300)
        lines.append(TextLine(text, indent_cells=len(number), spans=(Span(0, len(text), "warning"),)))
    return lines


def page(title: str, *sentences: str) -> tuple[TextLine, ...]:
    """A page that tuimail itself writes: why there is no text, and what to do."""
    lines = [TextLine(""), TextLine(clean_line(title, 300), kind=LineKind.HEADING), TextLine("")]
    for sentence in sentences:
        if sentence:
            lines += [TextLine(clean_line(sentence, 500), kind=LineKind.NOTE)]
    return tuple(lines)


def card(envelope: Envelope, own: Collection[str], width: int, *, tall: bool = True) -> list[Runs]:
    """The lines above the text: subject; who, with the real address, and when; to whom.

    `own` holds the person's own addresses, lower case. Two lines when not `tall`.
    """
    subject = clean_line(envelope.subject, 500).strip()
    first = [Run(" ", "text"), Run(subject, "title-focus") if subject else Run("(no subject)", "muted")]
    when = envelope.sent_at if envelope.sent_at is not None else envelope.sort_at
    authors = _author_runs(envelope)
    date = full_date(when)
    if runs_width(authors) + 2 + len(date) + 1 > width:
        date = day_date(when)
    second = both_ends(authors, [Run(date + " ", "date")], width)
    lines = [cut_runs(first, width - 1), second]
    if tall:
        lines.append(cut_runs(_recipient_runs(envelope, own), width - 1))
    return lines


def _author_runs(envelope: Envelope) -> Runs:
    authors = parse_addresses(envelope.from_)
    if not authors:
        raw = clean_line(envelope.from_, 200).strip()
        return [Run(" ", "text"), Run(raw or "(no sender)", "strong" if raw else "muted")]
    runs = [Run(" ", "text"), *_person(authors[0], "strong")]
    if len(authors) > 1:
        runs.append(Run(f"  several senders: {len(authors)}", "warning"))
    reply = parse_addresses(envelope.reply_to)
    if reply and reply[0].address.lower() != authors[0].address.lower() and not envelope.list_id:
        runs.append(Run("  replies go to " + clean_line(reply[0].address, 100), "note"))
    return runs


def _person(address: Address, role: str) -> Runs:
    """Name and address. The address is shown whatever the name claims to be."""
    name = " ".join(clean_line(address.name, 60).split())
    real = clean_line(address.address, 120).strip()
    if not name or name.lower() == real.lower():
        return [Run(real or "(no address)", role)]
    return [Run(name, role), Run(f" <{real}>", "muted")]


def _recipient_runs(envelope: Envelope, own: Collection[str]) -> Runs:
    to = _names(envelope.to, own)
    cc = _names(envelope.cc, own)
    text = " to " + (to or "nobody named")
    if cc:
        text += " · cc " + cc
    return [Run(text, "muted")]


def _names(value: str, own: Collection[str]) -> str:
    addresses = parse_addresses(value)
    names = []
    for address in addresses[:_MAX_SHOWN_ADDRESSES]:
        if address.address.lower() in own:
            names.append("me")
        else:
            shown = " ".join(clean_line(address.name, 60).split()) or clean_line(address.address, 80)
            names.append(shown or "(no address)")
    if len(addresses) > _MAX_SHOWN_ADDRESSES:
        names.append(f"{len(addresses) - _MAX_SHOWN_ADDRESSES} more")
    return ", ".join(names)


def cell_of_offset(runs: Runs, offset: int) -> int:
    """The cell at which character `offset` of the joined runs begins."""
    cells = 0
    for run in runs:
        if offset <= len(run.text):
            return cells + runs_width([Run(run.text[:offset], run.role)])
        cells += runs_width([run])
        offset -= len(run.text)
    return cells
