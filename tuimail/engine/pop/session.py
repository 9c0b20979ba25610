"""One session with a POP3 server, from the listing to QUIT (RFC 1939; the rules are in `pop_plan`).

Listing, plan, looks at headers, downloads, and, once everything is durable, DELE and
QUIT. QUIT is only sent when every octet that was retrieved is durable: some servers
delete what was retrieved. Any doubt ends the session without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.local.describe import describe_preview
from tuimail.engine.pop import plan as pop_plan
from tuimail.engine.pop.download import Download, Learned
from tuimail.engine.pop.intake import Intake
from tuimail.engine.pop.plan import Brake, Known, Plan, Policy, Seen, Wanted
from tuimail.engine.protocol import MailboxChanged
from tuimail.errors import ServerRefused
from tuimail.mime.parts.parse import header_block
from tuimail.model import EnvelopeId
from tuimail.net.pop.session import Listing, PopSession
from tuimail.store import Store
from tuimail.store.maildirs.uidls import Uidl, UidlState

FORGET_S: Final = 90 * pop_plan.DAY_S
"""Rows of messages that are neither here nor there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a session did."""

    stored: int
    deleted: int
    sentences: tuple[str, ...]
    """What a person should know."""


class PopRound:
    """The work of one session that is logged in."""

    def __init__(
        self,
        session: PopSession,
        store: Store,
        desk: Desk,
        learned: Learned,
        *,
        filed: Callable[[Sequence[EnvelopeId]], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._session = session
        self._store = store
        self._uidls = store.local.uidls
        self._desk = desk
        self._learned = learned
        self._filed = filed
        self._stopping = stopping
        self._now = int(desk.clock.wall())

    def run(self) -> Outcome:
        """Everything that is due; the session is over afterwards.

        Raises ConnectionProblem, ProtocolViolation, ServerRefused, StoreError: then nothing
        was deleted that is not durable, and the rest is done by a later session.
        """
        listing = self._session.listing()
        keys = pop_plan.keys_of(listing)
        usable = {key: listing.sizes[number] for number, key in keys.items() if key}
        before = self._uidls.all(self._desk.name)
        is_complete = listing.whole and listing.uidls is not None
        # What has no key yet gets one below: until then an absent row may still be one of these.
        is_keyed = all(keys.values())
        rows = self._uidls.note_listing(self._desk.name, usable, at=self._now, complete=is_complete and is_keyed)
        known = {uidl: known_of(row, before.get(uidl)) for uidl, row in {**before, **rows}.items()}
        policy = self._policy()
        learned = self._learned
        plan = pop_plan.make_plan(
            listing, known.values(), policy, self._now,
            demanded=learned.demanded, avoided=learned.troubles, oversized=learned.oversized,
        )  # fmt: skip
        self._uidls.set_state(self._desk.name, plan.returned, UidlState.VANISHED, at=self._now)
        new, derived = self._identify(plan, known)
        if is_complete and not is_keyed:
            self._uidls.note_listing(self._desk.name, {**usable, **derived}, at=self._now, complete=True)
        if is_complete:
            self._uidls.prune(self._desk.name, gone_before=self._now - FORGET_S)
        self._preview([*plan.preview, *(one for one in new if one.octets > policy.limit_octets)])
        wanted = [*plan.retrieve, *(one for one in new if one.octets <= policy.limit_octets)]
        stored, refused = self._retrieve(wanted, plan, policy)
        if not self._session.alive:
            return Outcome(len(stored), 0, plan.sentences)  # we are ending
        deleted = self._delete(plan, listing, keys, policy, stored)
        kept = list(self._about_sizes(plan, listing, keys, policy))
        is_settled = self._session.quit()
        unfetched = len(plan.preview) + sum(
            row.state is UidlState.PREVIEWED and row.uidl in usable and row.uidl not in stored for row in known.values()
        )
        sentences = [*plan.sentences, *kept, *_sentences(refused, is_settled, deleted), *self._about_expiry(unfetched)]
        return Outcome(len(stored), deleted, tuple(sentences))

    def _about_expiry(self, unfetched: int) -> Iterable[str]:
        """What EXPIRE (RFC 2449 6.7) means for this person."""
        days = self._session.expire_days
        if days is not None and unfetched:
            large = f"{pop_plan.counted(unfetched)} too large and only previewed"
            yield f"The server deletes mail after {days} days; {large}."
        if days == 0 and self._desk.account.receive.keep_on_server_days != 0:
            yield "This server keeps no mail once it was fetched, whatever keep_on_server says."

    def _policy(self) -> Policy:
        keep_days = self._desk.account.receive.keep_on_server_days
        key = f"pop.clock.{self._desk.name}"
        kept = self._store.state.get(key, None)
        note = pop_plan.ClockNote(*kept) if isinstance(kept, list) and len(kept) == 2 else None
        checked = pop_plan.check_clock(note, self._now, keep_days)
        self._store.state.set(key, list(checked))
        can_preview = self._session.has("TOP") or not self._session.capabilities
        return Policy(
            keep_days, self._desk.account.receive.limit_octets, can_preview=can_preview,
            may_expire=pop_plan.believes_clock(checked, self._now),
        )

    # --- looking first ----------------------------------------------------------------

    def _identify(self, plan: Plan, known: Mapping[bytes, Known]) -> tuple[list[Wanted], dict[bytes, int]]:
        """Look at the headers of what may be here already: what is new, and keys that were made from headers."""
        seen = {one.number: found for one in plan.identify if (found := self._look(one)) is not None}
        keyed = {one.number: seen[one.number] for one in plan.identify if one.key and one.number in seen}
        matched = pop_plan.match(keyed, plan.candidates, plan.brake)
        contents = {(row.digest, row.octets) for row in known.values() if row.state in pop_plan.HERE}
        renamed: list[tuple[bytes, bytes]] = []
        derived: dict[bytes, int] = {}
        new: list[Wanted] = []
        for one in plan.identify:
            found = seen.get(one.number)
            row = matched.get(one.number)
            if row is not None:
                renamed += [(row.uidl, one.key)] if row.uidl != one.key else []
            elif one.key or found is None:
                new.append(one)
            else:
                key = pop_plan.key_by_header(found.digest, one.octets)
                is_known = key in known or key in derived or _is_among(contents, found)
                derived[key] = one.octets
                new += [] if is_known else [one._replace(key=key)]
        if renamed:
            self._uidls.rename(self._desk.name, renamed, at=self._now)
            self._uidls.set_state(self._desk.name, [uidl for _, uidl in renamed], UidlState.VANISHED, at=self._now)
        return new, derived

    def _look(self, wanted: Wanted) -> Seen | None:
        try:
            header = header_block(self._session.top(wanted.number, 0))
        except ServerRefused:
            return None
        return Seen(pop_plan.header_digest(header), wanted.octets, pop_plan.has_message_id(header))

    def _preview(self, wanted: Iterable[Wanted]) -> None:
        """List what is too large from its header."""
        for one in wanted:
            try:
                header = self._session.top(one.number, 0)
            except ServerRefused:
                continue
            described = describe_preview(header, size_octets=one.octets)
            self._store.local.preview(self._desk.name, one.key, described, size_octets=one.octets)
            self._desk.tell(MailboxChanged(self._store.local.delivery(self._desk.name).mailbox_id))
            if self._stopping():
                return

    # --- downloading --------------------------------------------------------------------

    def _retrieve(
        self, wanted: Sequence[Wanted], plan: Plan, policy: Policy
    ) -> tuple[set[bytes], list[ServerRefused]]:
        """The keys of what is durable now, and what the server did not give out."""
        if not wanted:
            return set(), []
        candidates = {row.uidl for row in plan.candidates}
        intake = Intake(self._desk, self._filed)
        download = Download(
            self._session, self._store.local.delivery(self._desk.name), intake, self._desk, self._learned,
            stopping=self._stopping,
            is_here=lambda key, sha256: self._is_here(key, sha256, plan.brake, candidates),
        )  # fmt: skip
        try:
            download.run(wanted, policy.limit_octets)
            stored = set(intake.settled(download.keep_alive))
        finally:
            intake.close()
        self._learned.demanded -= stored
        return stored, download.refused

    def _is_here(self, key: bytes, sha256: bytes, brake: Brake, candidates: set[bytes]) -> bool:
        """Whether a message that just came is one that is known under a name of before."""
        if key and brake is not Brake.CHANGED:
            return False
        for row in self._uidls.same_content(self._desk.name, sha256=sha256):
            if not key:
                return True
            if row.uidl is not None and row.uidl in candidates:
                candidates.discard(row.uidl)
                self._uidls.rename(self._desk.name, [(row.uidl, key)], at=self._now)
                return True
        return False

    # --- deleting -----------------------------------------------------------------------

    def _delete(
        self, plan: Plan, listing: Listing, keys: Mapping[int, bytes], policy: Policy, stored: set[bytes]
    ) -> int:
        """Mark everything that is due, now that it is durable; how many the server took."""
        if plan.brake is not Brake.OFF or listing.uidls is None or self._stopping():
            return 0
        doomed = dict(plan.delete)
        doomed.update(self._verified(plan.verify))
        if stored:
            rows = self._uidls.all(self._desk.name)
            for number, key in keys.items():
                row = rows.get(key) if key in stored else None
                if row is not None and pop_plan.may_delete(
                    known_of(row, None), listing.sizes[number], policy, self._now
                ):
                    doomed[number] = key
        if not doomed:
            return 0
        self._uidls.set_state(self._desk.name, doomed.values(), UidlState.DELE_SENT, at=self._now)
        return len(self._session.delete(sorted(doomed)))

    def _about_sizes(
        self, plan: Plan, listing: Listing, keys: Mapping[int, bytes], policy: Policy
    ) -> Iterable[str]:
        """What stays there, though it is here and due, because the server's sizes are not those of what came."""
        if plan.brake is not Brake.OFF or listing.uidls is None or policy.keep_days is None:
            return
        rows = self._uidls.all(self._desk.name)
        kept = [
            rows[key].envelope_id
            for number, key in sorted(keys.items(), reverse=True)
            if key in rows
            and pop_plan.is_kept_for_its_size(known_of(rows[key], None), listing.sizes[number], policy, self._now)
        ]
        if kept:
            newest = [one for one in kept if one is not None][: pop_plan.MOST_NAMED]
            found = [self._store.envelopes.envelope(one) for one in newest]
            yield pop_plan.about_sizes(len(kept), [one.subject for one in found if one is not None])

    def _verified(self, wanted: Iterable[Wanted]) -> dict[int, bytes]:
        """Those that are here octet for octet; the others are never asked about again in this process."""
        same: dict[int, bytes] = {}
        for one in wanted:
            row = self._uidls.get(self._desk.name, one.key)
            if one.key in self._learned.unlike or row is None or row.sha256 is None:
                continue
            digest = hashlib.sha256()
            try:
                self._session.retrieve(one.number, digest.update, expected_octets=one.octets)
            except ServerRefused:
                continue
            if digest.digest() == row.sha256:
                same[one.number] = one.key
            else:
                self._learned.unlike.add(one.key)
        return same


def known_of(row: Uidl, before: Uidl | None) -> Known:
    """A row for the plan. `before`: as it was before this listing was noted."""
    return Known(
        uidl=row.uidl or b"",
        state=row.state,
        octets=row.size_octets,
        stored_at=row.stored_at,
        missing_since=before.gone_at if before is not None else row.gone_at,
        digest=row.top_sha256 or b"",
        has_message=row.envelope_id is not None,
    )


def _is_among(contents: set[tuple[bytes, int | None]], found: Seen) -> bool:
    return (found.digest, found.octets) in contents or (found.digest, found.octets + 2) in contents


def _sentences(refused: Sequence[ServerRefused], is_settled: bool, deleted: int) -> Iterable[str]:
    if refused:
        yield f"{pop_plan.counted(len(refused))} left on the server, which refused this time."
    if deleted and not is_settled:
        yield "The server did not confirm that it deleted everything; the next check tells."
