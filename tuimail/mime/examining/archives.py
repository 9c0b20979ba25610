"""What the names in an archive give away: programs, macros, other archives, traps for whoever unpacks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tuimail.mime.clean import clean_line
from tuimail.mime.examining import archivenames, zipnames
from tuimail.mime.examining.kinds import Kind, kind_of_extension
from tuimail.mime.examining.namefaults import CLASS_ID, CONTROLS, REACHES_OUT, name_faults
from tuimail.mime.examining.risk import About, doubts, extensions_of
from tuimail.mime.examining.verdicts import Finding, Sample, Verdict

FEW_FILES = 20
"""A script among so few files is meant to be opened."""
BOMB_RATIO = 200
BOMB_OCTETS = 100 * 1024 * 1024
HUGE_OCTETS = 10 * 1024 * 1024 * 1024
DEFLATE_LIMIT = 1_100
"""No deflated octet stands for more than 1,032."""
MAX_NAMES_SHOWN = 3
MAX_NAME_SHOWN = 60

UNLISTED = "What is in this archive cannot be seen without unpacking it."
_OFFICE = frozenset(["word", "excel", "slides", "macro"])
_ARCHIVES = frozenset(["zip", "archive", "image-disk"])
_DOUBLE_CLICK = frozenset(
    ["js", "jse", "vb", "vbs", "vbe", "vbscript", "ws", "wsc", "wsf", "wsh", "hta", "ps1", "bat", "cmd", "sct", "au3"]
)
"""Scripts that Windows runs when they are opened."""
_PACKAGES = frozenset(["java", "package", "ebook", "onenote"])
"""ZIP by their build, with a class of their own: programs in them say nothing new."""


class _Inside(NamedTuple):
    """Names that count, by why."""

    programs: list[str]
    scripts: list[str]
    archives: list[str]
    faults: dict[str, str]
    """Sentence to the first name it is about."""


def archive_findings(sample: Sample, named: Kind | None) -> tuple[Finding, ...] | None:
    """What an archive holds; None when the bytes are no archive that is known here."""
    if zipnames.looks_like_zip(sample):
        return tuple(_zip_findings(sample, named))
    names = archivenames.names_in(sample)
    if names is None:
        return None
    found = list(_names_findings(names.names))
    if names.is_encrypted:
        found.append(_suspicious("The archive is encrypted: no scanner can look into it."))
    if not names.is_complete and not found:
        found.append(Finding(Verdict.NO_FINDING, UNLISTED))
    return tuple(found)


def _suspicious(reason: str) -> Finding:
    return Finding(Verdict.SUSPICIOUS, reason)


def _dangerous(reason: str) -> Finding:
    return Finding(Verdict.DANGEROUS, reason)


def _zip_findings(sample: Sample, named: Kind | None) -> Iterator[Finding]:
    listing = zipnames.listing(sample)
    names = [entry.name for entry in listing.entries]
    is_office = _is_office(names)
    if is_office:
        yield from _office_findings(names)
    elif named is None or named.family not in _PACKAGES:
        yield from _names_findings(names)
    yield from _trap_findings(listing)
    if not sample.head.startswith(b"PK"):
        yield _suspicious("It is something else and a ZIP archive at once; programs may take it for either.")
    if not listing.is_readable:
        yield _suspicious("The list of what is in this archive is damaged or missing.")
    elif not listing.is_complete:
        claimed = max(listing.claimed, len(names))
        yield _suspicious(f"Only {len(names):,} of the {claimed:,} files in this archive could be listed.")


def _is_office(names: Sequence[str]) -> bool:
    lower = {name.lower() for name in names[:2_000]}
    return "[content_types].xml" in lower or ("content.xml" in lower and "meta-inf/manifest.xml" in lower)


def _office_findings(names: Sequence[str]) -> Iterator[Finding]:
    lower = [name.lower().replace("\\", "/") for name in names]
    if any(name.endswith("vbaproject.bin") for name in lower):
        yield _dangerous("The document holds macros (vbaProject.bin), which are programs.")
    if any("/macrosheets/" in name or "/dialogsheets/" in name for name in lower):
        yield _dangerous("The workbook holds Excel 4 macro sheets, which are programs.")
    if any(name.startswith(("basic/", "scripts/")) and not name.endswith("/") for name in lower):
        yield _dangerous("The document holds macros (Basic), which are programs.")
    if any("/activex/" in name for name in lower):
        yield _suspicious("The document holds ActiveX controls.")
    if any("/embeddings/" in name and name.endswith(".bin") for name in lower):
        yield _suspicious("The document holds embedded objects.")
    inside = _look_at(names)
    if inside.programs:
        yield _dangerous(f"The document holds a program: {_shown(inside.programs)}.")
    for sentence, name in inside.faults.items():
        yield _suspicious(f"In it, {_shown([name])}: {sentence}")


def _names_findings(names: Sequence[str]) -> Iterator[Finding]:
    inside = _look_at(names)
    files = sum(not name.endswith("/") for name in names)
    if inside.programs:
        yield _dangerous(f"It holds {_counted(inside.programs, 'program')}: {_shown(inside.programs)}.")
    if inside.scripts:
        windows = [name for name in inside.scripts if extensions_of(name)[-1] in _DOUBLE_CLICK]
        make = _dangerous if windows and files <= FEW_FILES else _suspicious
        yield make(f"It holds {_counted(inside.scripts, 'script')}: {_shown(windows or inside.scripts)}.")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        yield _dangerous("It holds macros (vbaProject.bin), which are programs.")
    for sentence, name in inside.faults.items():
        yield _suspicious(f"In it, {_shown([name])}: {sentence}")
    if inside.archives:
        yield _suspicious(f"It holds {_counted(inside.archives, 'archive')} in itself: {_shown(inside.archives)}.")


def _look_at(names: Iterable[str]) -> _Inside:
    inside = _Inside([], [], [], {})
    for name in names:
        if name.endswith(("/", "\\")):
            continue
        extensions = extensions_of(name)
        kind = kind_of_extension(extensions[-1]) if extensions else None
        if kind is not None and kind.family == "script":
            inside.scripts.append(name)
        elif kind is not None and kind.family in _ARCHIVES:
            inside.archives.append(name)
        elif kind is not None and kind.is_program and kind.family not in ("macro", "onenote"):
            inside.programs.append(name)
        elif kind is not None and kind.family == "macro":
            inside.faults.setdefault("it can hold macros, which are programs.", name)
        _look_at_name(name, inside)
    return inside


def _look_at_name(name: str, inside: _Inside) -> None:
    """Paths are what archives are made of; what leaves them, or hides in a name, is not."""
    if name.isalnum() or len(inside.faults) > 5:
        return
    for fault in name_faults(name):
        if fault.reason in (REACHES_OUT, CONTROLS, CLASS_ID):
            inside.faults.setdefault(_as_clause(fault.reason), name)
    if name.startswith(("/", "\\")) or name[1:3] in (":\\", ":/"):
        inside.faults.setdefault("the name is an absolute path.", name)
    for doubt in doubts(name.replace("\\", "/").rpartition("/")[2], "", ""):
        if doubt.about is About.NAME:
            inside.faults.setdefault(_as_clause(doubt.sentence), name)


def _as_clause(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _trap_findings(listing: zipnames.Listing) -> Iterator[Finding]:
    if listing.is_encrypted:
        yield _suspicious("The archive is encrypted: no scanner can look into it.")
    if listing.has_overlaps:
        yield _suspicious("Files in the archive overlap each other, as in archives made to fill a disk.")
    packed = sum(entry.packed_octets for entry in listing.entries)
    unpacked = sum(entry.unpacked_octets for entry in listing.entries)
    worst = max((entry.unpacked_octets / max(entry.packed_octets, 1) for entry in listing.entries), default=0.0)
    if unpacked > HUGE_OCTETS or (unpacked > BOMB_OCTETS and unpacked > BOMB_RATIO * max(packed, 1)):
        yield _suspicious(f"Unpacked it would take {_size(unpacked)}.")
    elif worst > DEFLATE_LIMIT and unpacked > 1_000_000:
        yield _suspicious("The sizes it tells of its files cannot be true.")
    if listing.has_two_ends:
        yield _suspicious("It has two lists of contents; programs may see different files in it.")
    if listing.names_differ:
        yield _suspicious("A file in it has two names; programs may see different ones.")
    if links := [entry.name for entry in listing.entries if entry.is_symlink]:
        yield _suspicious(f"It holds {_counted(links, 'link')} to another place: {_shown(links)}.")


def _counted(names: Sequence[str], noun: str) -> str:
    article = "an" if noun[0] in "aeiou" else "a"
    return f"{article} {noun}" if len(names) == 1 else f"{len(names):,} {noun}s"


def _shown(names: Sequence[str]) -> str:
    """Some of the names, cleaned; the end of each is what counts."""
    cleaned = [clean_line(name, 2_000).strip() or "?" for name in names[:MAX_NAMES_SHOWN]]
    shown = [name if len(name) <= MAX_NAME_SHOWN else f"…{name[1 - MAX_NAME_SHOWN :]}" for name in cleaned]
    more = f" and {len(names) - MAX_NAMES_SHOWN:,} more" if len(names) > MAX_NAMES_SHOWN else ""
    return ", ".join(shown) + more


def _size(octets: int) -> str:
    for unit, factor in (("TB", 10**12), ("GB", 10**9)):
        if octets >= factor:
            return f"{octets / factor:,.0f} {unit}"
    return f"{octets / 10**6:,.0f} MB"
