"""Names, declared types and bytes that do not fit each other."""

from __future__ import annotations

import builtins
import sys
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.examining import risk
from tuimail.mime.examining.risk import mismatches, real_type

EXE = "application/x-dosexec"


@pytest.mark.parametrize(
    ("filename", "declared", "real", "sentence"),
    [
        ("invoice.pdf", "application/pdf", EXE, "The name says PDF, the bytes are a Windows program."),
        ("photo.jpg", "image/jpeg", "text/html", "The name says picture, the bytes are a web page."),
        ("a.docx", "application/msword", "text/x-shellscript", "The name says Word document, the bytes are a script."),
        ("list.txt", "text/plain", "application/zip", "The name says plain text, the bytes are a ZIP archive."),
        ("invoice.pdf.exe", "", "", "The name has two extensions; only the last one counts: .exe."),
        ("invoice.pdf         .exe", "", "", "The name has a run of spaces that hides its end: .exe."),
        ("invoice.pdf\u00a0\u00a0\u00a0\u00a0.scr", "", "", "The name has a run of spaces that hides its end: .scr."),
        ("a\u202etxt.exe", "", "", "The name holds hidden direction characters; it really ends in .exe."),
        ("a\u2067fdp.js", "", "", "The name holds hidden direction characters; it really ends in .js."),
        ("inv\u200boice.pdf", "", "", "The name holds invisible characters."),
        ("scan", "application/octet-stream", "application/pdf", "The name has no extension; the bytes are a PDF."),
        ("", "image/png", EXE, "It was sent as a picture, the bytes are a Windows program."),
        ("x.pdf", "image/png", "application/pdf", "It was sent as a picture, but the name ends in .pdf."),
        ("x.js", "text/plain", "text/plain", "Files that end in .js can run when they are opened."),
        ("x.docm", "", "", "Files that end in .docm can run when they are opened."),
        ("x.desktop", "text/plain", "text/plain", "Files that end in .desktop can run when they are opened."),
        ("x.exe", "application/x-msdownload", EXE, "This is a Windows program: opened, it can do whatever you can."),
        ("x.exe. . ", "", "", "Files that end in .exe can run when they are opened."),
        ("x.pdf", "application/pdf", "application/x-empty", "The file is empty."),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(filename: str, declared: str, real: str, sentence: str) -> None:
    assert sentence in mismatches(filename, declared, real)


@pytest.mark.parametrize(
    ("filename", "declared", "real"),
    [
        ("report.pdf", "application/pdf", "application/pdf"),
        ("report.pdf", "application/octet-stream", ""),
        ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip"),
        ("old.doc", "application/msword", "application/x-ole-storage"),
        ("table.csv", "text/csv", "text/plain"),
        ("notes.md", "text/plain", "text/html"),
        ("data.json", "application/json", "application/json"),
        ("photo.jpg", "image/jpeg", "image/png"),
        ("logs.tar.gz", "application/gzip", "application/gzip"),
        ("meeting.ics", "text/calendar", "text/calendar"),
        ("key.asc", "application/pgp-keys", "text/plain"),
        ("README", "text/plain", "text/plain"),
        ("v1.2", "application/octet-stream", ""),
        ("strange.xyz", "application/x-xyz", "application/octet-stream"),
        ("Bericht 2024.final.pdf", "application/pdf", "application/pdf"),
    ],
)
def test_an_honest_file_gets_no_sentence(filename: str, declared: str, real: str) -> None:
    assert mismatches(filename, declared, real) == ()


_ANY = st.text(st.characters(blacklist_categories=()), max_size=60)


@given(_ANY, _ANY, _ANY)
@settings(max_examples=200, deadline=None)
def test_any_names_and_types_give_clean_sentences(filename: str, declared: str, real: str) -> None:
    for sentence in mismatches(filename, declared, real) + mismatches(f"{filename}.exe", declared, EXE):
        assert sentence.isprintable()
        assert sentence.endswith(".")


def a_zip() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"%PDF-1.4\n%\xe2\xe3\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0", "image/png"),
        (a_zip(), "application/zip"),
        (b"just words\n", "text/plain"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 60, "application/octet-stream"),
        (b"", "application/x-empty"),
    ],
)
def test_libmagic_tells_what_the_bytes_are(octets: bytes, expected: str) -> None:
    assert real_type(octets) == expected


def test_only_the_first_mebibyte_is_given_to_libmagic(monkeypatch: pytest.MonkeyPatch) -> None:
    given_octets: list[int] = []

    class Magic:
        MagicException = RuntimeError

        @staticmethod
        def from_buffer(octets: bytes, *, mime: bool) -> str:
            given_octets.append(len(octets))
            return "text/plain"

    monkeypatch.setattr(risk, "_magic", lambda: Magic)
    for size in (1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1):
        real_type(b"x" * size)
    assert given_octets == [1024 * 1024 - 1, 1024 * 1024, 1024 * 1024]


def test_a_fault_of_libmagic_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Magic:
        MagicException = RuntimeError

        @staticmethod
        def from_buffer(octets: bytes, *, mime: bool) -> str:
            raise RuntimeError("cannot")

    monkeypatch.setattr(risk, "_magic", lambda: Magic)
    assert real_type(b"x") == ""


def test_without_libmagic_the_one_of_pylibmagic_is_tried_and_then_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    real_import = builtins.__import__

    def refusing(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> object:
        if name in ("magic", "pylibmagic"):
            tried.append(name)
            if name == "magic" or tried.count("pylibmagic") > 1:
                raise ImportError(name)
        return real_import(name, globals, locals, fromlist, level)

    monkeypatch.delitem(sys.modules, "magic", raising=False)
    monkeypatch.setattr(builtins, "__import__", refusing)
    assert real_type(b"%PDF-1.4") == ""
    assert tried == ["magic", "pylibmagic", "magic"]
    assert risk.magic_version() == ""


def test_the_libmagic_in_use_has_a_version() -> None:
    assert risk.magic_version()[0].isdigit()
