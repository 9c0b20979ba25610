"""The central directory read by hand: the same names as others read, and limits."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mime import samples
from tuimail.mime.examining import archivenames, zipnames
from tuimail.mime.examining.verdicts import Sample

_FILES = st.dictionaries(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.binary(max_size=60),
    max_size=8,
)


def reread(octets: bytes) -> zipnames.Listing:
    return zipnames.listing(Sample.of(octets))


@given(_FILES, st.sampled_from([b"", b"#!/bin/sh\n", b"\0" * 70_000]), st.sampled_from([b"", b"a comment", b"PK\1\2"]))
@settings(max_examples=100, deadline=None)
def test_names_and_sizes_are_those_that_zipfile_reads(files: dict[str, bytes], before: bytes, comment: bytes) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, octets in files.items():
            archive.writestr(zipfile.ZipInfo(name), octets)
        archive.comment = comment
    octets = before + buffer.getvalue()
    listing = reread(octets)
    with zipfile.ZipFile(BytesIO(octets)) as archive:
        theirs = [(info.orig_filename, info.file_size, info.header_offset) for info in archive.infolist()]
    assert [(entry.name, entry.unpacked_octets, entry.offset) for entry in listing.entries] == theirs
    assert listing.is_complete
    assert listing.starts_at == len(before)
    assert not any((listing.has_overlaps, listing.names_differ, listing.is_encrypted, listing.has_two_ends))


def test_wide_numbers_are_read() -> None:
    (entry,) = reread(samples.wide_archive(b"a.txt")).entries
    assert entry == zipnames.Entry("a.txt", False, False, 1, 1, 0, 5)


def test_only_the_numbers_that_did_not_fit_are_wide() -> None:
    extra = struct.pack("<HH4xHHQ", 0x7777, 4, 1, 8, 5_000_000_000)
    directory = samples.central_entry(b"a.txt", packed=7, unpacked=0xFFFFFFFF, extra=extra)
    (entry,) = reread(samples.archive_of(b"PK\3\4", directory, 1)).entries
    assert (entry.packed_octets, entry.unpacked_octets, entry.offset) == (7, 5_000_000_000, 0)


@pytest.mark.parametrize("count", [zipnames.MAX_ENTRIES - 1, zipnames.MAX_ENTRIES, zipnames.MAX_ENTRIES + 1])
def test_no_more_than_so_many_entries_are_read(count: int) -> None:
    octets = samples.archive_of(b"", samples.central_entry(b"x", packed=0) * count, count)
    listing = reread(octets)
    assert len(listing.entries) == min(count, zipnames.MAX_ENTRIES)
    assert listing.is_complete is (count <= zipnames.MAX_ENTRIES)


def test_no_more_than_a_mebibyte_of_the_directory_is_read() -> None:
    entry = samples.central_entry(b"n" * 1_000, packed=0)
    count = 2 * zipnames.MAX_DIRECTORY_OCTETS // len(entry)
    listing = reread(samples.archive_of(b"", entry * count, count))
    assert 0 < len(listing.entries) <= zipnames.MAX_DIRECTORY_OCTETS // len(entry) + 1
    assert not listing.is_complete


def test_two_directories_are_told() -> None:
    first = samples.zipped({"a.txt": b"x"})
    hidden = samples.zipped({"b.exe": b"x"})
    inner = bytearray(first + hidden)
    end = first.rindex(b"PK\x05\x06")
    inner[end + 20 : end + 22] = len(hidden).to_bytes(2, "little")
    listing = reread(bytes(inner))
    assert listing.has_two_ends


@given(st.binary(max_size=400), st.binary(max_size=40), st.integers(0, 500))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_listing(octets: bytes, patch: bytes, at: int) -> None:
    good = samples.wide_archive(b"a.txt") + octets
    for broken in (octets, good[:at] + patch + good[at + len(patch) :], good[:at]):
        assert len(reread(broken).entries) <= 10


ARCHIVES = {
    "rar 5": samples.rar_5(b"a.txt"),
    "rar 4": samples.rar_4(b"a.txt"),
    "7z": samples.seven(b"\x17\x06"),
    "cabinet": samples.cabinet(b"a.txt"),
    "tar": samples.tar("a.txt"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
@given(st.binary(min_size=1, max_size=12), st.integers(0, 120))
@settings(max_examples=60, deadline=None)
def test_any_damage_to_other_archives_gives_names_or_none(kind: str, patch: bytes, at: int) -> None:
    octets = ARCHIVES[kind]
    for broken in (octets[:at] + patch + octets[at + len(patch) :], octets[:at]):
        names = archivenames.names_in(Sample.of(broken))
        assert names is None or len(names.names) <= 10


def test_long_names_and_later_records_of_rar_5_are_read() -> None:
    name = b"n" * 300 + b".txt"
    about_time, about_key = b"\3\3\0\0", b"\2\1\0"
    names = archivenames.names_in(Sample.of(samples.rar_5(name, extra=about_time + about_key, packed=b"x" * 200)))
    assert names == ((name.decode(),), True, True)


def test_blocks_without_length_end_the_reading() -> None:
    for octets in (samples.rar_4(b"a.txt"), samples.rar_5(b"a.txt")):
        broken = octets[:30] + b"\0" * 3_000
        names = archivenames.names_in(Sample.of(broken))
        assert names is not None
        assert not names.is_complete


@pytest.mark.parametrize("kind", ["rar 5", "rar 4", "cabinet", "tar"])
def test_names_in_other_archives_are_read(kind: str) -> None:
    assert archivenames.names_in(Sample.of(ARCHIVES[kind])) == (("a.txt",), False, True)
