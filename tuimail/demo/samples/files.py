"""The attachments of the sample mail: small, real files that open (PDF, PNG, ZIP, DOCX, CSV, calendar, contact)."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

_ZIP_DATE = (2024, 12, 10, 12, 0, 0)


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """One page of text in Courier."""
    escaped = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in lines]
    text = "BT /F1 16 Tf 60 780 Td ({}) Tj /F2 10 Tf 0 -30 Td 13 TL {} ET".format(
        title.replace("(", "\\(").replace(")", "\\)"), " ".join(f"({line}) Tj T*" for line in escaped)
    )
    stream = zlib.compress(text.encode("latin-1", "replace"), 9)
    fonts = b"/F1 5 0 R /F2 6 0 R"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << %s >> >> >>"
        % fonts,
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


Pixel = tuple[int, int, int]


def png(width: int, height: int, pixel: Callable[[int, int], Pixel]) -> bytes:
    """A picture from a function of x and y."""
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def moth_png() -> bytes:
    """A moth, more or less, on a page of the logbook."""
    wing: Pixel = (122, 92, 58)
    page: Pixel = (244, 236, 216)
    rule: Pixel = (190, 200, 222)

    def pixel(x: int, y: int) -> Pixel:
        dx, dy = abs(x - 36), y - 30
        if dx <= 2 and -12 <= dy <= 14:
            return (60, 44, 30)
        if dx + abs(dy) // 2 < 22 and dy < 10 and (dx * 3 + dy) % 7:
            return wing
        return rule if y % 9 == 0 else page

    return png(72, 60, pixel)


def weave_png() -> bytes:
    """A pattern as a Jacquard loom would weave it."""
    return png(64, 64, lambda x, y: (40, 60, 120) if (x * y + (x ^ y)) % 8 < 4 else (228, 216, 190))


def dot_png() -> bytes:
    """One grey pixel, as letterheads have them."""
    return png(1, 1, lambda _x, _y: (128, 128, 128))


def wav(notes: Sequence[tuple[float, float]], rate: int = 16_000) -> bytes:
    """A tune as 8-bit mono sound: (frequency in Hz, 0 for a rest; length in seconds) for each note."""
    samples = b"".join(_tone(frequency, int(seconds * rate), rate) for frequency, seconds in notes)
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(samples),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        rate,
        1,
        8,
        b"data",
        len(samples),
    )
    return header + samples


def _tone(frequency: float, length: int, rate: int) -> bytes:
    if not frequency:
        return b"\x80" * length
    period = round(rate / frequency)
    wave = bytes(128 + round(60 * math.sin(2 * math.pi * step / period)) for step in range(period))
    return (wave * (length // period + 1))[: length * 9 // 10].ljust(length, b"\x80")


def archive(entries: Sequence[tuple[str, str]]) -> bytes:
    """A ZIP of text files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, text in entries:
            opened.writestr(zipfile.ZipInfo(name, _ZIP_DATE), text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def docx(paragraphs: Sequence[str]) -> bytes:
    """A word processor's document with these paragraphs."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    top = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    text = "".join(f"<w:p><w:r><w:t>{paragraph}</w:t></w:r></w:p>" for paragraph in paragraphs)
    types = (
        f'{top}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>'
    )
    relation = f'<Relationship Id="rId1" Type="{kind}" Target="word/document.xml"/>'
    relations = f'{top}<Relationships xmlns="{package}/relationships">{relation}</Relationships>'
    document = f'{top}<w:document xmlns:w="{word}"><w:body>{text}</w:body></w:document>'
    return archive([("[Content_Types].xml", types), ("_rels/.rels", relations), ("word/document.xml", document)])


def invite(uid: str, start: str, end: str, summary: str, place: str, organizer: str, guest: str) -> str:
    """A calendar invitation (RFC 5546 REQUEST); times are UTC as `20250130T090000Z`, or `{thursday}T090000Z`."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//tuimail//demo//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "SEQUENCE:0",
        f"DTSTAMP:{start}",
        f"DTSTART:{start}",
        f"DTEND:{end}",
        f"SUMMARY:{summary}",
        f"LOCATION:{place}",
        f"ORGANIZER:mailto:{organizer}",
        f"ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:{guest}",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\n".join(lines) + "\n"


def contact(name: str, address: str, telephone: str, note: str) -> bytes:
    """A contact card (vCard 4.0)."""
    family = name.rpartition(" ")[2]
    given = name.rpartition(" ")[0]
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"FN:{name}",
        f"N:{family};{given};;;",
        f"EMAIL:{address}",
        f"TEL;VALUE=uri:tel:{telephone}",
    ]
    return "\r\n".join([*lines, f"NOTE:{note}", "END:VCARD", ""]).encode("utf-8")
