"""Tiny attachments made by hand: each shows one thing that an examination must see, or must not."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

PE = b"MZ" + b"\0" * 58 + struct.pack("<L", 64) + b"PE\0\0" + b"\0" * 200
ELF = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHL", 2, 62, 1) + b"\0" * 60
MACH_O = bytes.fromhex("cffaedfe07000001030000000200000010000000") + b"\0" * 60
MACH_O_FAT = bytes.fromhex("cafebabe0000000201000007") + b"\0" * 60
JAVA_CLASS = bytes.fromhex("cafebabe00000034001d0a00") + b"\0" * 60
LNK = bytes.fromhex("4c0000000114020000000000c000000000000046") + b"\0" * 60
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
    b"\0\0\0\x0cIDATx\x9cc```\0\0\0\4\0\1\xf6\x178U\0\0\0\0IEND\xaeB`\x82"
)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"\xff\xdb" + b"\1" * 60 + b"\xff\xd9"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
ICS = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Lunch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
VCF = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n"
OLE_MARK = bytes.fromhex("d0cf11e0a1b11ae1")
MSI_CLASS = bytes.fromhex("84100c0000000000c000000000000046")
ONENOTE_ID = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
EMBEDDED_FILE_ID = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
RAR_5 = b"Rar!\x1a\x07\x01\x00"
SEVEN = b"7z\xbc\xaf\x27\x1c\0\4"

OFFICE = {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<Relationships/>"}


def pdf(inside: bytes) -> bytes:
    """A PDF with something in its catalog."""
    return PDF.replace(b"/Type/Catalog", b"/Type/Catalog" + inside)


def zipped(files: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP archive."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, octets in files.items():
            archive.writestr(zipfile.ZipInfo(name), octets, method)
    return buffer.getvalue()


def document(files: Mapping[str, bytes] | None = None) -> bytes:
    """A Word document as far as its names go."""
    return zipped({**OFFICE, "word/document.xml": b"<w/>", **(files or {})})


def encrypted(archive: bytes) -> bytes:
    """The same ZIP archive, its first entry marked as encrypted."""
    octets = bytearray(archive)
    at = archive.index(b"PK\x01\x02")
    octets[at + 8] |= 1
    octets[6] |= 1
    return bytes(octets)


def central_entry(
    name: bytes, *, packed: int = 1, unpacked: int = 1, offset: int = 0, flags: int = 0, attributes: int = 0,
    extra: bytes = b"",
) -> bytes:  # fmt: skip
    """One entry of a central directory."""
    head = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 0x0314, 20, flags, 8, 0, 0, 0, packed, unpacked, len(name), len(extra), 0, 0, 0,
        attributes, offset,
    )  # fmt: skip
    return head + name + extra


def local_entry(name: bytes, octets: bytes) -> bytes:
    """One file of an archive with the header in front of it."""
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(octets), len(octets), len(name), 0)
    return head + name + octets


def archive_of(body: bytes, directory: bytes, count: int) -> bytes:
    """A ZIP archive from its pieces."""
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def wide_archive(name: bytes) -> bytes:
    """A ZIP64 archive with one file; every number that may be is in the wide fields."""
    body = local_entry(name, b"x")
    extra = struct.pack("<HHQQQ", 1, 24, 1, 1, 0)
    directory = central_entry(name, packed=0xFFFFFFFF, unpacked=0xFFFFFFFF, offset=0xFFFFFFFF, extra=extra)
    wide_end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), len(body))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body) + len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return body + directory + wide_end + locator + end


def bomb() -> bytes:
    """1 MB that claims to be a gigabyte of zeros."""
    body = local_entry(b"zeros", b"\0" * 1_000_000)
    return archive_of(body, central_entry(b"zeros", packed=1_000_000, unpacked=1_000_000_000), 1)


def overlapping() -> bytes:
    """Two files that share their octets."""
    body = local_entry(b"a.txt", b"0123456789")
    directory = central_entry(b"a.txt", packed=10) + central_entry(b"b.txt", packed=10)
    return archive_of(body, directory, 2)


def ole(*names: str, class_id: bytes = b"") -> bytes:
    """A compound file as far as the names in its directory go."""
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *names))
    return (OLE_MARK + class_id).ljust(512, b"\0") + entries


def onenote(embedded: bytes) -> bytes:
    """A OneNote file with something embedded."""
    return ONENOTE_ID + b"\0" * 64 + EMBEDDED_FILE_ID + struct.pack("<QLQ", len(embedded), 0, 0) + embedded


def disk(*names: bytes) -> bytes:
    """An ISO 9660 image as far as its mark and names go."""
    return (b"\0" * 0x8001 + b"CD001\x01").ljust(0x9000, b"\0") + b"\0".join(names) + b"\0" * 64


def tar(*names: str) -> bytes:
    """A tar archive of empty files."""
    blocks = [
        name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"00000000000\0" + b"0" * 12
        + b" " * 8 + b"0" + b"\0" * 100 + b"ustar\x0000" + b"\0" * 247
        for name in names
    ]  # fmt: skip
    return b"".join(blocks) + b"\0" * 1024


def _vint(number: int) -> bytes:
    octets = bytearray()
    while number >= 0x80:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def rar_5_block(kind: int, rest: bytes = b"", flags: int = 0) -> bytes:
    """One block of a RAR 5 archive."""
    header = _vint(kind) + _vint(flags) + rest
    sized = _vint(len(header)) + header
    return struct.pack("<L", zlib.crc32(sized)) + sized


def rar_5(*names: bytes, packed: bytes = b"", extra: bytes = b"") -> bytes:
    """A RAR 5 archive; each file has the same octets and extra records."""
    files = b""
    for name in names:
        about = _vint(0) + _vint(0) + _vint(0) + _vint(0) + _vint(0) + _vint(len(name)) + name
        sizes = (_vint(len(extra)) if extra else b"") + _vint(len(packed))
        files += rar_5_block(2, sizes + about + extra, flags=3 if extra else 2) + packed
    return RAR_5 + rar_5_block(1, _vint(0)) + files + rar_5_block(5, _vint(0))


def rar_4(*names: bytes, flags: int = 0, archive_flags: int = 0, packed: bytes = b"") -> bytes:
    """A RAR 4 archive; each file has the same flags and octets."""
    files = b""
    for name in names:
        about = struct.pack("<LLBLLBBHL", len(packed), 0, 2, 0, 0, 29, 0x30, len(name), 0) + name
        files += struct.pack("<HBHH", 0, 0x74, flags, 7 + len(about)) + about + packed
    head = struct.pack("<HBHH", 0, 0x73, archive_flags, 13) + b"\0" * 6
    return b"Rar!\x1a\x07\x00" + head + files + b"\0\0\x7b\0\x40\7\0"


def cabinet(*names: bytes) -> bytes:
    """A cabinet as far as its names go."""
    files = b"".join(struct.pack("<LLHHHH", 0, 0, 0, 0, 0, 0) + name + b"\0" for name in names)
    head = b"MSCF" + struct.pack("<LLLLLBBHHHHH", 0, 36 + len(files), 0, 36, 0, 3, 1, 1, len(names), 0, 0, 0)
    return head + files


def seven(header: bytes) -> bytes:
    """A 7z archive with this as its header."""
    return SEVEN + b"\0" * 4 + struct.pack("<QQL", 4, len(header), 0) + b"data" + header
