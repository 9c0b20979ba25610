"""What a POP3 session has to do, decided from plain values: no socket, no store, no clock.

`make_plan` compares a listing with what is known of the account: what to retrieve, what to
preview, what to look at first because it may be here already, what may be deleted, which
rows end. The rules that keep the promise (nothing leaves a server before it is here):

- a message is deleted only under a legal id that one message alone bears, when the row says
  that its bytes are stored and proved, and the size listed now is the one listed then;
- a row ends only when a later, complete listing lacks it;
- when a listing is empty though many were known, or most of it is new, somebody renumbered
  the drop: nothing is deleted, and what has the size and header of a known message is not
  fetched again (the brake).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

DAY_S: Final = 86_400
GRACE_S: Final = 30 * DAY_S
"""A stored message that is missing from complete listings is forgotten after so long."""
MANY: Final = 5
"""Fewer known messages than this are no sign of a renumbered drop."""
MAX_ABSENCE_S: Final = 30 * DAY_S
"""Longer than this since the last check, and the clock is not believed."""
SKEW_S: Final = 3600
DEFAULT_LIMIT_OCTETS: Final = 64 << 20
DERIVED: Final = b"\x00"
"""First octet of keys of our own; no legal id begins with it."""
_ILLEGAL: Final = DERIVED + b"i"
_BY_HEADER: Final = DERIVED + b"h"
_BY_CONTENT: Final = DERIVED + b"c"


class UidlState(StrEnum):
    """How far a message on a server is known here (one row for each account and uidl)."""

    LISTED = "listed"
    PREVIEWED = "previewed"
    """Its header is here; it is too large to be fetched unasked."""
    STORED = "stored"
    """Its bytes are durable here."""
    DELETE_WANTED = "delete_wanted"
    """Stored, and a person deleted it here."""
    DELE_SENT = "dele_sent"
    """Told to be deleted; whether it happened, a later listing tells."""
    GONE = "gone"


LIVE: Final = frozenset(
    {UidlState.PREVIEWED, UidlState.STORED, UidlState.DELETE_WANTED, UidlState.DELE_SENT}
)
HERE: Final = frozenset({UidlState.STORED, UidlState.DELETE_WANTED, UidlState.DELE_SENT})
"""The states that say: its bytes are durable here."""


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
    """What the plan reads of `net.pop_values.Listing`."""

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
    listed_octets: int
    """What LIST said when it was fetched."""
    is_proved: bool
    """Its stored octets are as many as LIST said, under this very id."""
    stored_at: int
    """Seconds since 1970 UTC, by this machine's clock."""
    missing_since: int | None = None
    """None while the last complete listing had it."""
    message_id: str = ""
    header_digest: str = ""
    """As `header_digest` gives it; empty when unknown."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the person, and the server, want."""

    keep_days: int | None
    """0 deletes what is stored, None never deletes."""
    limit_octets: int = DEFAULT_LIMIT_OCTETS
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
    delete: tuple[Doomed, ...] = ()
    """Due already; what is stored in this session is judged by `may_delete` afterwards."""
    missing: tuple[bytes, ...] = ()
    """Rows that the listing lacks for the first time."""
    returned: tuple[bytes, ...] = ()
    """Rows that were missing and are listed again."""
    ended: tuple[bytes, ...] = ()
    """Rows whose life is over."""
    brake: Brake = Brake.OFF
    too_large: tuple[Wanted, ...] = ()
    """Over the limit, on a server without TOP: they stay where they are, unseen."""
    sentences: tuple[str, ...] = field(default=())
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
) -> Plan:
    """The plan for a session.

    demanded: keys of previews that somebody wants whole, whatever their size.
    avoided: keys that broke earlier sessions; they come last.
    """
    known = {row.uidl: row for row in rows if row.state is not UidlState.GONE}
    keys = keys_of(listing)
    # An id that two messages bear is no key, but whoever had it alone is not gone.
    listed = (set(keys.values()) | set((listing.uidls or {}).values())) - {b""}
    absent = [row for row in known.values() if row.uidl not in listed and not _is_derived_from_bytes(row.uidl)]
    brake = _brake(listing, known, listed, absent)
    fresh = [Wanted(n, keys[n], listing.sizes[n]) for n in sorted(listing.sizes, reverse=True)
             if not _is_here(known.get(keys[n]), demanded)]  # fmt: skip
    fresh.sort(key=lambda wanted: (wanted.key in avoided, wanted.key not in demanded))
    retrieve, preview, identify, too_large = _sorted_out(fresh, known, absent, policy, brake, demanded)
    believed = listing.whole and listing.uidls is not None
    return Plan(
        retrieve=tuple(retrieve),
        preview=tuple(preview),
        identify=tuple(identify),
        delete=tuple(_due(listing, keys, known, policy, now, brake)),
        missing=tuple(row.uidl for row in absent if row.missing_since is None) if believed else (),
        returned=tuple(row.uidl for row in known.values() if row.missing_since is not None and row.uidl in listed),
        ended=tuple(row.uidl for row in absent if _is_over(row, policy, now, brake)) if believed else (),
        brake=brake,
        too_large=tuple(too_large),
        sentences=tuple(_sentences(listing, absent, brake, len(identify), len(too_large))),
    )


def may_delete(row: Known, listed_octets: int, policy: Policy, now: int) -> bool:
    """Whether a message may leave the server, judged by its row alone."""
    if policy.keep_days is None or row.state not in HERE or not row.is_proved or row.uidl.startswith(DERIVED):
        return False
    if row.listed_octets != listed_octets:
        return False
    if row.state in (UidlState.DELETE_WANTED, UidlState.DELE_SENT) or policy.keep_days == 0:
        return True
    return policy.may_expire and now - row.stored_at >= policy.keep_days * DAY_S


def match(
    found: Mapping[int, tuple[str, str, int]], candidates: Iterable[Known]
) -> dict[int, Known]:
    """Which known row each number is: by header and size, or by Message-ID and size. No row is used twice.

    found: number to header digest, Message-ID, octets as listed.
    """
    by_digest: dict[str, list[Known]] = {}
    by_id: dict[tuple[str, int], list[Known]] = {}
    for row in candidates:
        if row.header_digest:
            by_digest.setdefault(row.header_digest, []).append(row)
        if row.message_id:
            by_id.setdefault((row.message_id, row.listed_octets), []).append(row)
    used: set[bytes] = set()
    matched: dict[int, Known] = {}
    for number, (digest, message_id, octets) in sorted(found.items()):
        same_header = [row for row in by_digest.get(digest, ()) if row.uidl not in used and digest]
        same_id = [row for row in by_id.get((message_id, octets), ()) if row.uidl not in used]
        # A header alone names a message only when the sizes do not speak against it.
        close = [row for row in same_header if row.listed_octets == octets] or same_id
        if close:
            matched[number] = close[0]
            used.add(close[0].uidl)
    return matched


def header_digest(header: bytes) -> str:
    """A digest of a header block without the fields that servers add and change, and without line ends."""
    kept: list[bytes] = []
    dropping = False
    for line in header.replace(b"\r\n", b"\n").split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            dropping = line.partition(b":")[0].strip().lower() in _CHANGING
        if not dropping and line.strip():
            kept.append(line.rstrip())
    return sha256(b"\n".join(kept)).hexdigest()


_CHANGING: Final = frozenset({b"status", b"x-status", b"x-uid", b"x-uidl", b"x-keywords", b"x-imapbase", b"x-imap"})


def key_by_header(digest: str, octets: int) -> bytes:
    """The key of a message without a usable id whose header could be looked at."""
    return _BY_HEADER + digest.encode() + b"." + str(octets).encode()


def key_by_content(digest: str) -> bytes:
    """The key of a message without a usable id on a server without TOP: sha256 of all its bytes, in hex."""
    return _BY_CONTENT + digest.encode()


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


def _is_here(row: Known | None, demanded: Collection[bytes]) -> bool:
    if row is None or row.state is UidlState.LISTED:
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
    absent: Sequence[Known],
    policy: Policy,
    brake: Brake,
    demanded: Collection[bytes],
) -> tuple[list[Wanted], list[Wanted], list[Wanted], list[Wanted]]:
    """To retrieve, to preview, to identify first, and to leave alone."""
    retrieve: list[Wanted] = []
    preview: list[Wanted] = []
    identify: list[Wanted] = []
    too_large: list[Wanted] = []
    sizes = {row.listed_octets for row in absent}
    for wanted in fresh:
        may_be_here = not wanted.key or brake is Brake.CHANGED or wanted.octets in sizes
        if wanted.key in demanded:
            retrieve.append(wanted)
        elif policy.can_preview and may_be_here and wanted.key not in known:
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


def _is_over(row: Known, policy: Policy, now: int, brake: Brake) -> bool:
    if row.state in (UidlState.DELE_SENT, UidlState.DELETE_WANTED):
        return True  # That is what was wanted of it.
    if brake is not Brake.OFF or row.missing_since is None or not policy.may_expire:
        return False
    return now - row.missing_since >= GRACE_S


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
        yield f"{count:,} messages have no usable name on the server; they stay there."
    if too_large:
        yield f"{too_large:,} messages are too large, and this server shows no previews; they stay there."
