"""`show`: messages as a person reads them, their headers, or their octets."""

from __future__ import annotations

import sys

from tuimail.cli.cli import Cli
from tuimail.cli.listed import envelope_of, envelope_values
from tuimail.cli.output import Cell, Text, report, size_words
from tuimail.cli.parts import attachment_values
from tuimail.cli.times import local
from tuimail.cli.waiting import Fetcher
from tuimail.engine.protocol import TEXT
from tuimail.errors import MailError, NotDownloaded
from tuimail.mime.clean import cell_width, clean_text
from tuimail.mime.decoding.headers import header_lines
from tuimail.mime.reading.readable import from_json
from tuimail.model import Envelope, LineKind, ReadableText, Section, TextLine
from tuimail.store import Store
from tuimail.ui.beside.attached import attachments_of

WHOLE = Section("")
HEADER = Section("HEADER")
LINE_STYLES = {
    LineKind.HEADING: "bold",
    LineKind.SIGNATURE: "dim",
    LineKind.NOTE: "dim",
}
WIDEST_TEXT_CELLS = 100


def show(cli: Cli) -> int:
    """Print messages; those that cannot be had are told at the end of each, and make the exit code 1."""
    values: list[dict[str, object]] = []
    failed = False
    with cli.store() as store, Fetcher(cli, store) as fetcher:
        shower = _Shower(cli, store, fetcher)
        for number, envelope_id in enumerate(cli.options.ids):
            try:
                envelope = envelope_of(store, envelope_id)
                if cli.out.as_json:
                    values.append(shower.values(envelope))
                    continue
                if number and not cli.options.raw:
                    cli.out.line()
                shower.print(envelope)
            except MailError as exc:
                if len(cli.options.ids) == 1:
                    raise
                failed = True
                cli.out.stdout.flush()
                report(exc, cli.out.stderr)
    if cli.out.as_json:
        cli.out.json(values)
    return 1 if failed else 0


class _Shower:
    """Prints messages of one store."""

    def __init__(self, cli: Cli, store: Store, fetcher: Fetcher) -> None:
        self._cli = cli
        self._out = cli.out
        self._store = store
        self._fetcher = fetcher

    def values(self, envelope: Envelope) -> dict[str, object]:
        """A message as JSON shows it: the envelope and what was asked for."""
        options = self._cli.options
        values = envelope_values(envelope)
        if options.raw:
            # Octets have no place in JSON; latin-1 maps each to the character of its number.
            return {**values, "raw": self._octets(envelope, WHOLE).decode("latin-1")}
        if options.headers:
            return {**values, "headers": [list(line) for line in self._headers(envelope)]}
        readable = self._readable(envelope)
        return {
            **values,
            "text": "\n".join("> " * line.quote_depth + line.text for line in readable.lines),
            "source": readable.source,
            "notes": list(readable.notes),
            "links": [{"number": link.number, "label": link.label, "url": link.url} for link in readable.links],
            "attachments": [attachment_values(each) for each in attachments_of(self._store, envelope)],
        }

    def print(self, envelope: Envelope) -> None:
        """Print one message."""
        options = self._cli.options
        if options.raw:
            self._print_raw(self._octets(envelope, WHOLE))
        elif options.headers:
            for name, value in self._headers(envelope):
                self._out.line(Cell(f"{name}:", "accent"), " ", value)
        else:
            readable = self._readable(envelope)
            if not options.text:
                self._print_card(envelope)
            self._print_text(readable)
            if not options.text:
                self._print_attachments(envelope)

    # --- what is in the store, or fetched ---------------------------------------

    def _octets(self, envelope: Envelope, section: Section) -> bytes:
        if section == WHOLE and self._store.local.is_local(envelope.id):
            return self._store.local.raw(envelope.id)
        found = self._store.parts.get(envelope.id, section)
        if found is None:
            self._fetcher.fetch(envelope, section)
            found = self._store.parts.get(envelope.id, section)
        if found is None:
            raise _gone_again(envelope)
        return found

    def _headers(self, envelope: Envelope) -> list[tuple[str, str]]:
        whole = self._store.parts.get(envelope.id, WHOLE)
        return header_lines(_header_block(whole) if whole is not None else self._octets(envelope, HEADER))

    def _readable(self, envelope: Envelope) -> ReadableText:
        found = self._store.parts.text(envelope.id, TEXT)
        if found is None:
            self._fetcher.fetch(envelope, TEXT)
            found = self._store.parts.text(envelope.id, TEXT)
        if found is None:
            raise _gone_again(envelope)
        return from_json(found)

    # --- print --------------------------------------------------------------------

    def _print_raw(self, octets: bytes) -> None:
        """As it came; on a terminal without what could steer it."""
        if self._out.is_tty:
            self._out.stdout.write(clean_text(octets.decode("utf-8", "replace")) + "\n")
            return
        self._out.stdout.flush()
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()

    def _print_card(self, envelope: Envelope) -> None:
        card = [
            ("From", envelope.from_),
            ("To", envelope.to),
            ("Cc", envelope.cc),
            ("Date", local(envelope.sort_at)),
            ("Subject", envelope.subject or "(no subject)"),
            ("Mailbox", f"{envelope.account}/{envelope.mailbox}"),
        ]
        for name, value in card:
            if value:
                self._out.line(Cell(f"{name}:", "accent"), " ", Cell(value, "bold" if name == "Subject" else ""))
        self._out.line()

    def _print_text(self, readable: ReadableText) -> None:
        for line in readable.lines:
            for texts in self._pieces(line):
                self._out.line(*texts)
        if readable.links:
            self._out.line()
        for link in readable.links:
            self._out.line(Cell(f"[{link.number}]", "accent"), f" {link.url}", Cell(_warned(link.warning), "warn"))
        for note in readable.notes:
            self._out.line(Cell(f"({note})", "dim"))

    def _print_attachments(self, envelope: Envelope) -> None:
        found = attachments_of(self._store, envelope)
        if found:
            self._out.line()
        for each in found:
            size = ("" if each.is_here else "~") + size_words(each.size_octets)
            known = f"{each.filename} ({each.declared_type}, {size})"
            self._out.line(Cell(f"Attachment {each.section}: ", "accent"), known)

    def _pieces(self, line: TextLine) -> list[tuple[Text, ...]]:
        """A line of the message as lines of the terminal."""
        before = "> " * line.quote_depth
        style = LINE_STYLES.get(LineKind(line.kind), "") if line.kind in list(LineKind) else ""
        if line.kind == LineKind.RULE:
            return [(Cell(before + "-" * 20, "dim"),)]
        if not self._out.is_tty or line.kind == LineKind.CODE:
            return [(before, Cell(line.text, style))]
        width = max(min(self._out.width_cells() - 1, WIDEST_TEXT_CELLS) - len(before), 10)
        return [(before, Cell(piece, style)) for piece in wrapped(line.text, width, line.indent_cells)]


def wrapped(text: str, width_cells: int, indent_cells: int = 0) -> list[str]:
    """Words in lines of at most so many cells; a longer word stands alone, and is not broken."""
    lines: list[str] = []
    current, *words = text.split(" ")
    for word in words:
        candidate = f"{current} {word}"
        if current.strip() and cell_width(candidate) > width_cells:
            lines.append(current)
            current = " " * indent_cells + word
        else:
            current = candidate
    return [*lines, current]


def _header_block(octets: bytes) -> bytes:
    ends = [end for end in (octets.find(b"\r\n\r\n"), octets.find(b"\n\n")) if end >= 0]
    return octets[: min(ends) + 2] if ends else octets


def _warned(warning: str) -> str:
    return f"  {warning}" if warning else ""


def _gone_again(envelope: Envelope) -> NotDownloaded:
    return NotDownloaded(f"Message {envelope.id} came, but could not be kept here.", "Look into `tuimail doctor`.")
