"""Media types by the first octets (and a few by the last), for what libmagic leaves out or is not there to see.

Whatever runs when it is opened has its line; of the rest only what is common.
"""

from __future__ import annotations

import struct
from typing import Final

from tuimail.mime.examining.verdicts import Sample

WINDOWS: Final = "application/x-dosexec"
LINUX: Final = "application/x-executable"
MAC: Final = "application/x-mach-binary"
JAVA: Final = "application/java-archive"
SHORTCUT: Final = "application/x-ms-shortcut"
DISK: Final = "application/x-iso9660-image"
ONENOTE: Final = "application/onenote"
INSTALLER: Final = "application/x-msi"
OLE: Final = "application/x-ole-storage"
PDF: Final = "application/pdf"

ONENOTE_ID: Final = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
"""MS-ONESTORE 2.3.1: guidFileType of a .one file."""
OLE_MARK: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_LNK: Final = bytes.fromhex("4c0000000114020000000000c000000000000046")
"""MS-SHLLINK 2.1: header size and class id."""
_MSI_CLASS: Final = bytes.fromhex("84100c0000000000c000000000000046")
_MACH: Final = frozenset(bytes.fromhex(mark) for mark in ("feedface", "feedfacf", "cefaedfe", "cffaedfe"))
_MAX_FAT_ARCHITECTURES: Final = 42
"""The same four octets begin a Java class, where its version follows: 45 or more."""

_HEADS: Final = (
    (b"\x7fELF", LINUX),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"dex\n03", "application/vnd.android.package-archive"),
    (b"!<arch>\ndebian", "application/vnd.debian.binary-package"),
    (b"\xed\xab\xee\xdb", "application/x-rpm"),
    (b"xar!", MAC),
    (b"FasdUAS", "application/x-sh"),
    (_LNK, SHORTCUT),
    (ONENOTE_ID, ONENOTE),
    (b"vhdxfile", DISK),
    (b"conectix", DISK),
    (b"KDMV", DISK),
    (b"QFI\xfb", DISK),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/x-rar"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"%PDF-", PDF),
    (b"{\\rt", "application/rtf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


def type_by_octets(sample: Sample) -> str:
    """The media type that some octets give away; empty when none do."""
    head = sample.head
    for mark, media_type in _HEADS:
        if head.startswith(mark):
            return media_type
    if head.startswith(b"MZ"):
        return WINDOWS if _is_windows_program(head) else ""
    if head.startswith(OLE_MARK):
        return INSTALLER if _MSI_CLASS in head else OLE
    if head[:4] in _MACH:
        return MAC
    if head.startswith(b"\xca\xfe\xba\xbe") and len(head) >= 8:
        return MAC if struct.unpack_from(">L", head, 4)[0] <= _MAX_FAT_ARCHITECTURES else JAVA
    return _disk_type(sample)


def _is_windows_program(head: bytes) -> bool:
    """`MZ` can begin a text; a program has a header where the DOS header says, or at least a DOS header."""
    if len(head) < 64:
        return not head[2:].isascii() or b"\0" in head
    offset: int = struct.unpack_from("<L", head, 60)[0]
    return head[offset : offset + 2] in (b"PE", b"NE", b"LE", b"LX") or b"\0" in head[:64]


def _disk_type(sample: Sample) -> str:
    head = sample.head
    if head[0x8001:0x8006] in (b"CD001", b"BEA01", b"NSR02", b"NSR03"):
        return DISK
    last = sample.end[-512:]
    if last.startswith(b"conectix"):
        return DISK
    if len(last) == 512 and last.startswith(b"koly\0\0\0\x04"):
        return "application/x-apple-diskimage"
    return ""
