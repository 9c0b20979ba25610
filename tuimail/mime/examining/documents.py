"""What documents hold that can run or load something: PDF, RTF, older Office, OneNote, web pages, SVG; and polyglots.

Octets are searched, never interpreted: what a sender packed or encrypted is not seen,
and the absence of a finding says no more than that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tuimail.mime.examining.scripts import has_windows_tells, text_of
from tuimail.mime.examining.signatures import OLE_MARK, ONENOTE_ID
from tuimail.mime.examining.verdicts import Finding, Sample, Verdict

EMBEDDED_FILE_ID: Final = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
"""MS-ONESTORE 2.6.13: FileDataStoreObject; 36 octets later the embedded file begins."""
_EMBEDDED_AFTER: Final = 36
_MAX_EMBEDDED: Final = 200
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*", b"\x01\0\0\0", b"\0\0\0")

_PDF_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_SCRIPT: Final = re.compile(rb"/JavaScript\b|/JS\s*(?:[(<]|\d+ \d+ R)")
_PDF_AT_ONCE: Final = re.compile(rb"/OpenAction\b|/AA\s*<<")
_RTF_ACTIVE: Final = re.compile(rb"\\objupdate|\\objautlink|\\objocx|\\objclass\s*(?:Package|Equation)", re.IGNORECASE)
_TEMPLATE: Final = re.compile(rb"\\\*\\template\s*[^}]{0,20}(?:https?:|\\\\\\\\)", re.IGNORECASE)


def document_findings(sample: Sample, family: str) -> tuple[Finding, ...]:
    """What the octets give away; `family` is the kind that the bytes (or else the name) have."""
    head = sample.head
    found: list[Finding] = []
    if b"%PDF-" in head[:1024]:
        found += _pdf(sample)
    if head.lstrip()[:4] == b"{\\rt":
        found += _rtf(head + sample.tail)
    if head.startswith(OLE_MARK):
        found += _ole(head + sample.tail)
    if head.startswith(ONENOTE_ID):
        found += _onenote(head)
    if family == "html":
        found += _page(text_of(head))
    elif family == "svg" or b"<svg" in head[:4096]:
        found += _svg(text_of(head))
    found += _polyglot(sample, family)
    return tuple(found)


def _suspicious(reason: str) -> Finding:
    return Finding(Verdict.SUSPICIOUS, reason)


def _dangerous(reason: str) -> Finding:
    return Finding(Verdict.DANGEROUS, reason)


def _pdf(sample: Sample) -> Iterator[Finding]:
    octets = sample.head + sample.tail
    if b"#" in octets:
        # ISO 32000-1 7.3.5: any octet of a name may be written as #xx, which hides it from a search.
        octets = _PDF_ESCAPE.sub(lambda found: bytes([int(found.group(1), 16)]), octets)
    if b"/Launch" in octets:
        yield _dangerous("The PDF can start a program (/Launch).")
    if _PDF_SCRIPT.search(octets):
        at_once = " as soon as it is opened" if _PDF_AT_ONCE.search(octets) else ""
        yield _suspicious(f"The PDF runs a script{at_once} (/JavaScript).")
    elif _PDF_AT_ONCE.search(octets):
        yield Finding(Verdict.NO_FINDING, "The PDF does something when it is opened (/OpenAction); most only scroll.")
    if b"/EmbeddedFile" in octets:
        yield _suspicious("The PDF holds other files (/EmbeddedFile).")
    if b"/RichMedia" in octets:
        yield _suspicious("The PDF holds active media (/RichMedia).")
    if b"/Encrypt" in octets:
        yield Finding(Verdict.NO_FINDING, "The PDF is encrypted: what it holds was not seen.")


def _rtf(octets: bytes) -> Iterator[Finding]:
    if _RTF_ACTIVE.search(octets) and b"\\obj" in octets:
        yield _dangerous("The document holds an object that acts when it is opened.")
    elif b"\\objdata" in octets:
        yield _suspicious("The document holds an embedded object (objdata).")
    if _TEMPLATE.search(octets):
        yield _dangerous("The document loads a template from elsewhere when it is opened.")


def _ole(octets: bytes) -> Iterator[Finding]:
    def has(name: str) -> bool:
        return name.encode("utf-16-le") in octets

    if has("_VBA_PROJECT") or has("VBA".ljust(16, "\0")):
        yield _dangerous("The document holds macros (VBA), which are programs.")
    if has("EncryptedPackage"):
        yield _suspicious("The document is encrypted: no scanner can look into it.")
    if has("\x01Ole10Native"):
        yield _suspicious("The document holds an embedded file.")
    if has("Equation Native"):
        yield _suspicious("The document holds an object of the old equation editor, which attacks use.")


def _onenote(head: bytes) -> Iterator[Finding]:
    at = head.find(EMBEDDED_FILE_ID)
    for _ in range(_MAX_EMBEDDED):
        if at < 0:
            return
        embedded = head[at + _EMBEDDED_AFTER : at + _EMBEDDED_AFTER + 8]
        if embedded and not embedded.startswith(_PICTURES):
            yield _dangerous("The OneNote file holds another file that is no picture.")
            return
        at = head.find(EMBEDDED_FILE_ID, at + 1)


def _page(text: str) -> Iterator[Finding]:
    lower = text.lower()
    if has_windows_tells(lower) or "<hta:application" in lower:
        yield _dangerous("The page drives Windows by script.")
    builds = re.search(r"\batob\s*\(|\bnew blob\b|\bfromcharcode\b", lower)
    if builds and re.search(r"createobjecturl|mssaveoropenblob|mssaveblob", lower):
        yield _dangerous("The page builds a file in the browser and hands it over (smuggling).")
    if re.search(r"<input\b[^>]{0,300}\btype\s*=\s*[\"']?password", lower):
        yield _dangerous("The page asks for a password.")
    if re.search(r"\beval\s*\(|\bunescape\s*\(|document\.write\s*\(\s*(?:atob|unescape|decodeuri)", lower):
        yield _suspicious("The page hides its own script.")
    elif "<script" in lower or re.search(r"\shref\s*=\s*[\"']?\s*javascript:", lower):
        yield _suspicious("The page runs a script.")
    if re.search(r"http-equiv\s*=\s*[\"']?refresh", lower):
        yield _suspicious("The page leads on to another one by itself.")


def _svg(text: str) -> Iterator[Finding]:
    lower = text.lower()
    if "<script" in lower or "javascript:" in lower or re.search(r"\son[a-z]{3,16}\s*=", lower):
        yield _dangerous("The picture runs a script.")
    if "<foreignobject" in lower:
        yield _suspicious("The picture holds a web page.")
    if "<!entity" in lower:
        yield _suspicious("The picture loads or builds text by entities.")


def _polyglot(sample: Sample, family: str) -> Iterator[Finding]:
    """One file, two readings: a picture to a viewer, a program to a server or browser."""
    if family not in ("image", "pdf", "audio", "video"):
        return
    octets = sample.head + sample.tail
    lower = octets[: 256 * 1024].lower() + octets[-64 * 1024 :].lower()
    if b"<?php" in lower or b"<%eval" in lower:
        yield _suspicious("There is PHP in it: it is a program for a web server too.")
    elif family != "pdf" and (b"<script" in lower or b"<html" in lower):
        yield _suspicious("There is a web page in it: it may be one thing to a viewer and another to a browser.")
    if family == "image" and b"MZ" in octets and b"This program cannot be run in DOS mode" in octets:
        yield _suspicious("There is a Windows program in it.")
    if b"%PDF-" in sample.head[1:1024] and not sample.head.startswith(b"%PDF-"):
        yield _suspicious("It is a PDF that begins as something else.")
