"""What a POP3 session has to do, decided from plain values: no socket, no store, no clock.

`make_plan` compares a listing with what is known of the account: what to retrieve, what to
preview, what to look at first because it may be here already, what may be deleted, which
rows end. The rules that keep the promise (nothing leaves a server before it is here):

- a message is deleted only under a legal id that one message alone bears, when the row says
  that its octets are stored, and they are as many as LIST says now;
- an id that a complete listing lacked may mean another message when it is listed again, and a
  message that was only known again by its header is compared octet for octet before it goes;
- when a listing is empty though many were known, or most of it is new, somebody renumbered
  the drop: nothing is deleted, and what has the size and header of a known message is not
  fetched again (the brake).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from tuimail.config.values import POP3_LIMIT_OCTETS
from tuimail.net.pop.values import sizes_agree
from tuimail.store.maildirs.uidls import UidlState

DAY_S: Final = 86_400
MANY: Final = 5
"""Fewer known messages than this are no sign of a renumbered drop."""
MAX_VERIFIED: Final = 50
"""In one session: each costs a second download."""
NEAR_OCTETS: Final = 4096
MAX_HEADER_OCTETS: Final = 512 * 1024
MAX_ABSENCE_S: Final = 30 * DAY_S
"""Longer than this since the last check, and the clock is not believed."""
SKEW_S: Final = 3600
DERIVED: Final = b"\x00"
"""First octet of keys of our own; no legal id begins with it."""
_ILLEGAL: Final = DERIVED + b"i"
_BY_HEADER: Final = DERIVED + b"h"
_BY_CONTENT: Final = DERIVED + b"c"


HERE: Final = frozenset({UidlState.STORED, UidlState.DELETE_WANTED, UidlState.DELE_SENT, UidlState.VANISHED})
"""The states that say: its bytes are durable here, or were and a person did away with them."""


class Brake(Enum):
    """Why nothing is deleted in this session."""

    OFF = "off"
    EMPTY = "empty"
    """Nothing is listed, though many were known."""
    CHANGED = "changed"
    """Most of what is listed is new, and much of what was known is missing."""
    UNSURE = "unsure"
    """The server contradicts itself."""


class Offered(Protocol):
    """What the plan reads of `net.pop.values.Listing`."""

    @property
    def sizes(self) -> Mapping[int, int]:
        """Octets by number."""

    @property
    def uidls(self) -> Mapping[int, bytes] | None:
        """Legal ids by number; None for a server without."""

    @property
    def illegal(self) -> Mapping[int, bytes]:
        """Ids that are not allowed, by number."""

    @property
    def duplicates(self) -> frozenset[bytes]:
        """Ids that several messages bear."""

    @property
    def contradicted(self) -> frozenset[int]:
        """Numbers about which two things were said."""

    @property
    def whole(self) -> bool:
        """Whether what is not listed is really gone."""


@dataclass(frozen=True, slots=True)
class Known:
    """One row: a message of the account."""

    uidl: bytes
    state: UidlState
    octets: int | None
    """What is stored; before that, what LIST said."""
    stored_at: int | None
    """Seconds since 1970 UTC, by this machine's clock."""
    missing_since: int | None = None
    """None while the last complete listing had it."""
    digest: bytes = b""
    """Of its header, as `header_digest` makes it; empty when unknown."""
    has_message: bool = True
    """Whether a message of the store belongs to it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the person, and the server, want."""

    keep_days: int | None
    """0 deletes what is stored, None never deletes."""
    limit_octets: int = POP3_LIMIT_OCTETS
    """Larger ones are only previewed."""
    can_preview: bool = True
    """The server has TOP."""
    may_expire: bool = True
    """False while the clock is not believed: nothing happens on account of a date."""


class Wanted(NamedTuple):
    """One message to be asked for."""

    number: int
    key: bytes
    """What it is known by; empty while that must be found out from its bytes."""
    octets: int


class Doomed(NamedTuple):
    """One message to be deleted."""

    number: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do in one session. Newest (highest number) first."""

    retrieve: tuple[Wanted, ...] = ()
    preview: tuple[Wanted, ...] = ()
    identify: tuple[Wanted, ...] = ()
    """They may be here already: look at the header (TOP) first, then retrieve what is new."""
    verify: tuple[Wanted, ...] = ()
    """Due to be deleted, but only known by their header: to be compared octet for octet first."""
    delete: tuple[Doomed, ...] = ()
    """Due already; what is stored in this session is judged by `may_delete` afterwards."""
    candidates: tuple[Known, ...] = ()
    """Rows that what is to be identified may turn out to be."""
    returned: tuple[bytes, ...] = ()
    """Rows that a complete listing lacked and that are listed again: their id may mean another message now."""
    brake: Brake = Brake.OFF
    too_large: tuple[Wanted, ...] = ()
    """Over the limit, on a server without TOP: they stay where they are, unseen."""
    sentences: tuple[str, ...] = ()
    """What a person should know."""


def keys_of(listing: Offered) -> dict[int, bytes]:
    """What each number is known by; empty for those whose bytes must tell."""
    uidls = listing.uidls or {}
    borne: dict[bytes, int] = {}
    for unique_id in listing.illegal.values():
        borne[unique_id] = borne.get(unique_id, 0) + 1
    keys: dict[int, bytes] = {}
    for number in listing.sizes:
        keys[number] = b""
        if number in listing.contradicted:
            continue
        unique_id = uidls.get(number, b"")
        if unique_id and unique_id not in listing.duplicates:
            keys[number] = unique_id
        elif (illegal := listing.illegal.get(number)) and borne[illegal] == 1:
            keys[number] = _ILLEGAL + sha256(illegal).hexdigest().encode()
    return keys


def make_plan(
    listing: Offered,
    rows: Iterable[Known],
    policy: Policy,
    now: int,
    *,
    demanded: Collection[bytes] = (),
    avoided: Collection[bytes] = (),
    oversized: Collection[bytes] = (),
) -> Plan:
    """The plan for a session.

    demanded: keys of previews that somebody wants whole, whatever their size.
    avoided: keys that broke earlier sessions; they come last.
    oversized: keys that were larger than listed; they are previewed.
    """
    known = {row.uidl: row for row in rows if row.state is not UidlState.LISTED}
    keys = keys_of(listing)
    # An id that two messages bear is no key, but whoever had it alone is not gone.
    listed = (set(keys.values()) | set((listing.uidls or {}).values())) - {b""}
    absent = [row for row in known.values() if row.uidl not in listed and not _is_derived_from_bytes(row.uidl)]
    returned = {row.uidl for row in known.values() if row.missing_since is not None and row.uidl in listed}
    brake = _brake(listing, known, listed, absent)
    fresh = [
        Wanted(n, keys[n], max(listing.sizes[n], policy.limit_octets + 1 if keys[n] in oversized else 0))
        for n in sorted(listing.sizes, reverse=True)
        if not _is_here(known.get(keys[n]), demanded, returned)
    ]
    fresh.sort(key=lambda wanted: (wanted.key in avoided, wanted.key not in demanded))
    sizes = {row.octets for row in (*absent, *(known[key] for key in returned))}
    retrieve, preview, identify, too_large = _sorted_out(fresh, known, sizes, policy, brake, demanded)
    due = [doomed for doomed in _due(listing, keys, known, policy, now, brake) if doomed.key not in returned]
    doubtful = {doomed.key for doomed in due if known[doomed.key].state is UidlState.VANISHED}
    return Plan(
        retrieve=tuple(retrieve),
        preview=tuple(preview),
        identify=tuple(identify),
        verify=tuple(Wanted(n, key, listing.sizes[n]) for n, key in due if key in doubtful)[:MAX_VERIFIED],
        delete=tuple(doomed for doomed in due if doomed.key not in doubtful),
        candidates=(*absent, *(known[key] for key in returned)),
        returned=tuple(sorted(returned)),
        brake=brake,
        too_large=tuple(too_large),
        sentences=tuple(_sentences(listing, absent, brake, len(identify), len(too_large))),
    )


def may_delete(row: Known, listed_octets: int, policy: Policy, now: int) -> bool:
    """Whether a message may leave the server, judged by its row alone (one that VANISHED: once it is verified)."""
    if policy.keep_days is None or row.state not in HERE or row.uidl.startswith(DERIVED):
        return False
    if row.octets is None or not sizes_agree(row.octets, listed_octets):
        return False
    if row.state in (UidlState.DELETE_WANTED, UidlState.DELE_SENT):
        return True
    if not row.has_message or row.stored_at is None:
        return False
    return policy.keep_days == 0 or (policy.may_expire and now - row.stored_at >= policy.keep_days * DAY_S)


def is_kept_for_its_size(row: Known, listed_octets: int, policy: Policy, now: int) -> bool:
    """Whether a message is due to leave the server, and stays because its size there is not the one that came."""
    if row.octets is None or sizes_agree(row.octets, listed_octets):
        return False
    return may_delete(row, row.octets, policy, now)


MOST_NAMED: Final = 2


def about_sizes(count: int, subjects: Sequence[str]) -> str:
    """Why messages stay on the server though they are here. `subjects`: of some, as they may be shown."""
    named = ", ".join(f"“{subject[:40]}”" for subject in subjects[:MOST_NAMED])
    more = f" and {count - len(subjects[:MOST_NAMED]):,} more" if named and count > len(subjects[:MOST_NAMED]) else ""
    names = f" ({named}{more})" if named else ""
    return (
        f"{counted(count)} here but stay on the server, which gives sizes that do not fit{names}. "
        'Delete them there by its website, or set keep_on_server = "always".'
    )


class Seen(NamedTuple):
    """A message on the server as TOP shows it."""

    digest: bytes
    octets: int
    """As listed."""
    has_message_id: bool


def match(found: Mapping[int, Seen], candidates: Iterable[Known], brake: Brake) -> dict[int, Known]:
    """Which known row each number is: the same header, and the same size.

    While the brake says that most names changed, another program may count octets in another
    way or add a line of its own: then a size that is near will do, for a message that bears a
    Message-ID. No row is used twice, and the nearest size wins.
    """
    by_digest: dict[bytes, list[Known]] = {}
    for row in candidates:
        if row.digest and row.octets is not None:
            by_digest.setdefault(row.digest, []).append(row)
    pairs: list[tuple[int, int, Known]] = []
    for number, seen in found.items():
        reach = NEAR_OCTETS if brake is Brake.CHANGED and seen.has_message_id else 0
        for row in by_digest.get(seen.digest, ()):
            distance = abs((row.octets or 0) - seen.octets)
            if distance <= reach or sizes_agree(row.octets or 0, seen.octets):
                pairs.append((distance, number, row))
    used: set[bytes] = set()
    matched: dict[int, Known] = {}
    for _, number, row in sorted(pairs, key=lambda pair: (pair[0], pair[1], pair[2].uidl)):
        if number not in matched and row.uidl not in used:
            matched[number] = row
            used.add(row.uidl)
    return matched


def header_digest(header: bytes) -> bytes:
    """What a message is known again by under another name: its author's fields, whatever servers add.

    Without a Message-ID all fields count, but for those that servers change.
    """
    found = _fields(header)
    if _names_itself(found):
        found = [field for field in found if field[0] in _OF_THE_AUTHOR]
    else:
        found = [field for field in found if field[0] not in _OF_SERVERS]
    fields = sorted((name, b" ".join(value.split())) for name, value in found)
    return sha256(b"\n".join(name + b":" + value for name, value in fields)).digest()


def has_message_id(header: bytes) -> bool:
    """Whether there is one that is not empty."""
    return _names_itself(_fields(header))


def _names_itself(fields: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"message-id" and value.strip() for name, value in fields)


_OF_THE_AUTHOR: Final = frozenset(
    {b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"content-type", b"sender"}
)
_OF_SERVERS: Final = frozenset(
    {b"status", b"x-status", b"x-uid", b"x-uidl", b"x-keywords", b"x-imapbase", b"x-imap", b"lines"}
)
_FIELD: Final = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.MULTILINE)


def _fields(header: bytes) -> list[tuple[bytes, bytes]]:
    """Names in small letters, and values as they stand."""
    return [(name.lower(), value) for name, value in _FIELD.findall(header[:MAX_HEADER_OCTETS])]


def key_by_header(digest: bytes, octets: int) -> bytes:
    """The key of a message without a usable id whose header could be looked at."""
    return _BY_HEADER + digest.hex().encode() + b".%d" % octets


def key_by_content(digest: bytes) -> bytes:
    """The key of a message without a usable id on a server without TOP, by the sha256 of all its octets."""
    return _BY_CONTENT + digest.hex().encode()


class ClockNote(NamedTuple):
    """What is remembered of the clock between sessions."""

    last_at: int
    """When the last check was, by the wall clock."""
    hold_until: int
    """Until then nothing happens on account of a date."""


def check_clock(note: ClockNote | None, now: int, keep_days: int | None) -> ClockNote:
    """The note to keep after a look at the clock now.

    A clock that went back, or far ahead, may be wrong now or may have been wrong then: mail
    stays on the server for `keep_days` longer, which loses nothing.
    """
    if note is None:
        return ClockNote(now, 0)
    if now < note.last_at - SKEW_S or now > note.last_at + MAX_ABSENCE_S:
        return ClockNote(now, now + max(1, keep_days or 1) * DAY_S)
    # A hold from a time that lies in the future is of a clock that was put right.
    return ClockNote(now, note.hold_until if note.hold_until < now + 3660 * DAY_S else 0)


def believes_clock(note: ClockNote, now: int) -> bool:
    """Whether something may happen on account of a date."""
    return now >= note.hold_until


def counted(messages: int) -> str:
    """`1 message is`, or `3 messages are`: the beginning of a sentence."""
    return "1 message is" if messages == 1 else f"{messages:,} messages are"


def batches(wanted: Sequence[Wanted], messages: int, octets: int) -> list[list[Wanted]]:
    """Neighbours that are made durable together; a large message may be alone."""
    made: list[list[Wanted]] = []
    weight = 0
    for one in wanted:
        if not made or len(made[-1]) >= messages or weight + one.octets > octets:
            made.append([])
            weight = 0
        made[-1].append(one)
        weight += one.octets
    return made


# --- the pieces -------------------------------------------------------------------


def _is_derived_from_bytes(key: bytes) -> bool:
    """Keys that no listing shows, so that their absence says nothing."""
    return key.startswith((_BY_HEADER, _BY_CONTENT))


def _is_here(row: Known | None, demanded: Collection[bytes], returned: Collection[bytes]) -> bool:
    if row is None or row.uidl in returned:
        return False
    return not (row.state is UidlState.PREVIEWED and row.uidl in demanded)


def _brake(listing: Offered, known: Mapping[bytes, Known], listed: set[bytes], absent: Sequence[Known]) -> Brake:
    live = [row for row in known.values() if row.state is not UidlState.DELE_SENT]
    lost = [row for row in absent if row.state is not UidlState.DELE_SENT]
    if not listing.whole:
        return Brake.UNSURE
    if not listing.sizes:
        return Brake.EMPTY if sum(row.missing_since is None for row in lost) >= MANY else Brake.OFF
    unknown = sum(key not in known for key in listed) + sum(1 for n in listing.sizes if n not in (listing.uidls or {}))
    if len(live) >= MANY and unknown * 2 > len(listing.sizes) and len(lost) * 2 > len(live):
        return Brake.CHANGED
    return Brake.OFF


def _sorted_out(
    fresh: Sequence[Wanted],
    known: Mapping[bytes, Known],
    sizes: set[int | None],
    policy: Policy,
    brake: Brake,
    demanded: Collection[bytes],
) -> tuple[list[Wanted], list[Wanted], list[Wanted], list[Wanted]]:
    """To retrieve, to preview, to identify first, and to leave alone."""
    retrieve: list[Wanted] = []
    preview: list[Wanted] = []
    identify: list[Wanted] = []
    too_large: list[Wanted] = []
    for wanted in fresh:
        may_be_here = not wanted.key or brake is Brake.CHANGED or bool({wanted.octets, wanted.octets + 2} & sizes)
        if wanted.key in demanded:
            retrieve.append(wanted)
        elif policy.can_preview and may_be_here:
            identify.append(wanted)
        elif policy.can_preview and wanted.octets > policy.limit_octets:
            preview.append(wanted)
        elif wanted.octets <= policy.limit_octets:
            retrieve.append(wanted)
        else:
            too_large.append(wanted)
    return retrieve, preview, identify, too_large


def _due(
    listing: Offered, keys: Mapping[int, bytes], known: Mapping[bytes, Known], policy: Policy, now: int, brake: Brake
) -> Iterable[Doomed]:
    if brake is not Brake.OFF or listing.uidls is None:
        return
    for number, key in keys.items():
        row = known.get(key)
        if row is not None and may_delete(row, listing.sizes[number], policy, now):
            yield Doomed(number, key)


def _sentences(
    listing: Offered, absent: Sequence[Known], brake: Brake, doubtful: int, too_large: int
) -> Iterable[str]:
    if brake is Brake.EMPTY:
        yield f"The server lists no mail, though {len(absent):,} messages were known there. Nothing here was removed."
    elif brake is Brake.CHANGED:
        yield (
            f"The server gave its messages new names ({doubtful:,} of {len(listing.sizes):,}). "
            "Nothing is deleted there until the next check agrees; known mail is not fetched again."
        )
    elif brake is Brake.UNSURE:
        yield "The server contradicts itself about what it holds. Nothing is deleted there."
    if listing.uidls is None and listing.sizes:
        yield "This server cannot name its messages (no UIDL), so nothing is deleted there."
    elif listing.duplicates or listing.illegal:
        count = len(listing.duplicates) + len(listing.illegal)
        yield f"The server has no usable name for some messages ({count:,}); they stay there."
    if too_large:
        yield f"{counted(too_large)} too large, and this server shows no previews; they stay there."
