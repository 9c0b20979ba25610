"""What a file claims to be, and what its bytes are: differences, in sentences.

Never "safe": only findings, or none. The bytes come in as a buffer, never as a path
that somebody else could change. libmagic is memory-unsafe C: `real_type` is called in
a process that may die, not in the one that owns the terminal.
"""

from __future__ import annotations

import re
from enum import Enum
from types import ModuleType
from typing import NamedTuple

from tuimail.mime.clean import clean_line
from tuimail.mime.examining.kinds import GENERIC_TYPES, Kind, kind_of_extension, kind_of_type

MAX_SNIFFED_OCTETS = 1024 * 1024

_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HIDDEN = re.compile("[\u00ad\u200b-\u200d\u2060-\u2064\ufeff\U000e0000-\U000e0fff]")
_SPACES = re.compile(r"\s{3,}")
_ZIPPED = frozenset(["word", "excel", "slides", "macro", "java", "package", "ebook", "zip", "onenote"])
_OLE = frozenset(["word", "excel", "slides", "macro", "ole", "windows"])
_TEXTUAL = frozenset(
    ["text", "html", "calendar", "contact", "mail", "xml", "svg", "script", "key", "shortcut", "postscript"]
)
_MACROS = frozenset(["word", "excel", "slides", "macro"])
_EMPTY = ("inode/x-empty", "application/x-empty")


class About(Enum):
    """What a doubt rests on."""

    BYTES = 1
    """The bytes are not what the name (or, without one, the type) says."""
    NAME = 2
    """The name misleads."""
    DECLARED = 3
    """Only the type that was sent differs; programs that send mail are often wrong there."""
    RUNS = 4
    """It can run when it is opened."""
    EMPTY = 5
    """There is nothing in it."""


class Doubt(NamedTuple):
    """One thing that does not fit."""

    about: About
    sentence: str


def _magic() -> ModuleType | None:
    """python-magic over the system's libmagic, else over the one that pylibmagic brings, else None."""
    # Deferred: 29 ms, and a C library that only the process that sniffs shall load.
    try:
        import magic
    except ImportError:
        try:
            import pylibmagic  # noqa: F401 - makes its own libmagic findable
        except ImportError:
            return None
        try:
            import magic
        except ImportError:
            return None
    module: ModuleType = magic
    return module


def real_type(data: bytes) -> str:
    """The media type that libmagic sees in the first MiB; empty when it cannot tell or is not there."""
    magic = _magic()
    if magic is None:
        return ""
    try:
        found = magic.from_buffer(data[:MAX_SNIFFED_OCTETS], mime=True)
    except (magic.MagicException, OSError, ValueError):
        return ""
    return clean_line(str(found), 100).strip().lower()


def magic_version() -> str:
    """The libmagic in use, for example `5.44`; empty when there is none."""
    magic = _magic()
    if magic is None:
        return ""
    try:
        version = int(magic.version())
    except (NotImplementedError, AttributeError, ValueError):
        return "unknown version"
    return f"{version // 100}.{version % 100:02d}"


def mismatches(filename: str, declared: str, real: str) -> tuple[str, ...]:
    """One sentence for each thing that does not fit; the worst first.

    `filename` as it came (not cleaned), `declared` and `real` media types; `real` is
    empty while the bytes are not here.
    """
    return tuple(doubt.sentence for doubt in doubts(filename, declared, real))


def doubts(filename: str, declared: str, real: str) -> tuple[Doubt, ...]:
    """As `mismatches`, each with what it is about."""
    extensions = extensions_of(filename)
    last = extensions[-1] if extensions else ""
    named = kind_of_extension(last) if last else None
    actual = kind_of_type(real)
    against = _name_against_bytes(named, actual, real, declared, has_extension=bool(last), filename=filename)
    return (
        *(Doubt(About.EMPTY if real in _EMPTY else About.BYTES, sentence) for sentence in against),
        *(Doubt(About.NAME, sentence) for sentence in _tricks_of_the_name(filename, extensions, named)),
        *(Doubt(About.DECLARED, sentence) for sentence in _declared_against_name(declared, named, actual, last)),
        *(Doubt(About.RUNS, sentence) for sentence in _danger(named, actual, last)),
    )


def extensions_of(filename: str) -> list[str]:
    """What follows the dots of the cleaned name, lower case, at most the last two."""
    name = clean_line(filename, 2_000).strip().rstrip(". ")
    pieces = [piece.strip().lower() for piece in name.split(".")]
    return [piece for piece in pieces[1:][-2:] if 0 < len(piece) <= 16 and " " not in piece]


def _name_against_bytes(
    named: Kind | None, actual: Kind | None, real: str, declared: str, *, has_extension: bool, filename: str
) -> list[str]:
    if real in _EMPTY:
        return ["The file is empty."]
    if actual is None:
        return []
    if named is not None and not fits(named, actual):
        return [f"The name says {_claim(named)}, the bytes are {actual.words}."]
    if filename and not has_extension and actual.family != "text":
        return [f"The name has no extension; the bytes are {actual.words}."]
    said = kind_of_type(declared)
    if named is None and said is not None and not fits(said, actual):
        return [f"It was sent as {said.words}, the bytes are {actual.words}."]
    return []


def _tricks_of_the_name(filename: str, extensions: list[str], named: Kind | None) -> list[str]:
    end = f".{clean_line(extensions[-1], 20)}" if extensions else "nothing"
    found: list[str] = []
    if _DIRECTION.search(filename):
        found.append(f"The name holds hidden direction characters; it really ends in {end}.")
    elif _HIDDEN.search(filename):
        found.append("The name holds invisible characters.")
    if _SPACES.search(clean_line(filename, 2_000).strip()):
        found.append(f"The name has a run of spaces that hides its end: {end}.")
    if len(extensions) == 2 and named is not None and named.is_program:
        before = kind_of_extension(extensions[0])
        if before is not None and not before.is_program:
            found.append(f"The name has two extensions; only the last one counts: {end}.")
    return found


def _declared_against_name(declared: str, named: Kind | None, actual: Kind | None, last: str) -> list[str]:
    said = kind_of_type(declared)
    if said is None or named is None or declared.lower() in GENERIC_TYPES or fits(named, said):
        return []
    if actual is not None and not fits(named, actual):
        return []  # the bytes have spoken; a third opinion is noise
    return [f"It was sent as {said.words}, but the name ends in .{clean_line(last, 20)}."]


def _danger(named: Kind | None, actual: Kind | None, last: str) -> list[str]:
    if actual is not None and actual.is_program:
        return [f"This is {actual.words}: opened, it can do whatever you can."]
    if named is not None and named.is_program:
        return [f"Files that end in .{clean_line(last, 20)} can run when they are opened."]
    return []


def _claim(kind: Kind) -> str:
    """`a PDF` as in "The name says PDF"."""
    return kind.words.removeprefix("a ").removeprefix("an ")


def fits(claimed: Kind, actual: Kind) -> bool:
    """Whether bytes (or a type) of kind `actual` may well be what `claimed` says."""
    if claimed.family == actual.family:
        return True
    if actual.family == "zip":
        return claimed.family in _ZIPPED
    if actual.family == "ole":
        return claimed.family in _OLE
    if actual.family in ("text", "xml", "html", "script"):
        # libmagic guesses among kinds of text; a script by another text's name is still told.
        return claimed.family in _TEXTUAL and not (actual.family == "script" and claimed.family != "text")
    if claimed.family == "text":
        return actual.family in _TEXTUAL
    if {claimed.family, actual.family} <= _MACROS:
        return claimed.family == "macro" or actual.family == "macro"
    if claimed.family == "tnef":
        return True  # .dat is anything
    pair = {claimed.family, actual.family}
    return pair in ({"svg", "image"}, {"key", "text"}, {"audio", "video"}, {"zip", "archive"})
