"""One mailbox of the store becomes what the server has (RFC 9051, RFC 7162, RFC 4549).

Newest first, in chunks of a transaction each, so that it can be left and taken up again
anywhere. What to do is decided in `plan`; here it is done.

    known flags    QRESYNC: SELECT tells all; CONDSTORE: CHANGEDSINCE; else FLAGS of everything
    new messages   everything from uid_next on
    the rest       UID SEARCH ALL against the local uids: first sync, holes, vanished mail
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise

from tuimail.engine.desk import Desk
from tuimail.engine.imap import plan
from tuimail.engine.protocol import MailboxChanged, NewMail, Progress
from tuimail.errors import ProtocolViolation, ServerRefused
from tuimail.mime.decoding import headers
from tuimail.mime.parts import structure
from tuimail.model import Mailbox
from tuimail.net.imap.session import (
    FetchedFlags,
    FetchedHeader,
    ImapSession,
    Known,
    News,
    Selected,
    compress_uids,
    expand,
)
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.mailboxes import SyncPoint


class MailboxSync:
    """The sync of one mailbox over a session that is logged in."""

    def __init__(
        self,
        session: ImapSession,
        store: Store,
        desk: Desk,
        mailbox: Mailbox,
        interrupted: Callable[[], bool],
    ) -> None:
        self._session = session
        self._store = store
        self._desk = desk
        self._mailbox = mailbox
        self._id = mailbox.id
        self._interrupted = interrupted
        self._point = store.mailboxes.sync_point(mailbox.id)

    @property
    def uid_validity(self) -> int:
        """Of the mailbox as it was selected."""
        return self._point.uid_validity or 0

    def open(self, *, scan_flags: bool = True) -> bool:
        """Select the mailbox and bring all of it here; False when interrupted before the end.

        `scan_flags` False: they were compared a moment ago, where the server cannot tell what changed.
        """
        began = self._point
        selected = self._select()
        self._desk.log.write("mailbox.selected", mailbox=self._id, exists=selected.exists, resynced=selected.resynced)
        same = began.uid_validity == selected.uid_validity and selected.uid_validity != 0
        if began.uid_validity is not None and not same:
            self._renumber(selected)
        flags_known = not same or self._known_flags(selected) or not scan_flags
        self._new_messages(selected)
        self._first_look(selected)
        finished = self._rest(selected) and (flags_known or self._all_flags())
        if finished:
            self._finish(selected)
        return finished

    def refresh(self, news: News) -> None:
        """Take in what the server told of the selected mailbox."""
        if news == News():
            return
        self._apply_flags(news.flags)
        self._vanish_ranges(news.vanished)
        if news.flags_unknown:
            self._recheck()
        elif news.expunged and not news.vanished:
            self._vanish(plan.diff(self._store.envelopes.uids(self._id), self._session.search_uids()).gone)
        if news.exists is not None:
            self._fetch_from(self._point.uid_next or 1)
        self._store.mailboxes.set_synced(self._id, int(self._desk.clock.wall()))

    # --- steps of a sync --------------------------------------------------------

    def _select(self) -> Selected:
        point = self._point
        known = None
        if self._session.qresync and point.uid_validity and point.highest_modseq:
            known = Known(point.uid_validity, point.highest_modseq)
        return self._session.select(self._mailbox.name_there or self._mailbox.name, known=known)

    def _renumber(self, selected: Selected) -> None:
        """The uids mean nothing any longer: rows wait in limbo until they are recognised."""
        self._desk.log.write("mailbox.renumbered", mailbox=self._id)
        with self._store.transaction():
            self._store.envelopes.begin_renumbering(self._id)
            self._save_point(SyncPoint(selected.uid_validity, None, None, None))

    def _known_flags(self, selected: Selected) -> bool:
        """Catch up with changes to messages that are here; False where that takes a look at every one."""
        modseq = self._point.highest_modseq
        if selected.resynced:
            self._vanish_ranges(selected.vanished)
            self._apply_flags(selected.changed)
            return True
        if not (self._session.condstore and modseq and selected.highest_modseq):
            return False
        if selected.highest_modseq != modseq:
            self._apply_flags(self._session.fetch_flags("1:*", changed_since=modseq).changed)
        return True

    def _new_messages(self, selected: Selected) -> None:
        """What came since the last complete sync, ahead of anything else."""
        point = self._point
        if point.filled_down_to != 1 or not point.uid_next:
            return
        if selected.uid_next is None or selected.uid_next > point.uid_next or self._is_more_here(selected):
            self._fetch_from(point.uid_next)

    def _is_more_here(self, selected: Selected) -> bool:
        """Whether mail came while the server was answering: EXISTS may be told anew, UIDNEXT is not."""
        return selected.exists > len(self._store.envelopes.uids(self._id))

    def _fetch_from(self, first: int) -> None:
        unseen = 0
        for batch in self._batches(f"{first}:*", lambda uid: uid >= first):
            # RFC 9051 9 (seq-range): n:* always includes the last message, hence the filter.
            with self._store.transaction():
                ingested = self._store.envelopes.ingest(self._id, batch)
                highest = max(incoming.uid for incoming in batch)
                self._save_point(self._point._replace(uid_next=max(self._point.uid_next or 1, highest + 1)))
            unseen += ingested.new_unseen
            self._changed()
        if unseen:
            self._desk.tell(NewMail(self._desk.name, self._id, unseen))

    def _first_look(self, selected: Selected) -> None:
        """One screen of a large mailbox that is new here, before all its uids are asked for and compared."""
        if self._point.filled_down_to is not None or not selected.uid_next or selected.exists <= plan.CHUNK:
            return
        first = max(1, selected.uid_next - plan.FIRST_CHUNK)
        for batch in self._batches(f"{first}:*", lambda uid: uid >= first):
            self._store.envelopes.ingest(self._id, batch)
            self._changed()

    def _rest(self, selected: Selected) -> bool:
        """Compare all uids where anything is in doubt; False when interrupted."""
        complete = self._point.filled_down_to == 1
        here = self._store.envelopes.uids(self._id)
        if complete and len(here) == selected.exists:
            return True
        server = self._server_uids(selected.exists)
        difference = plan.diff(here, server)
        self._vanish(difference.gone)
        return self._fill(difference.missing, len(server), selected) and self._ask_again(server)

    def _server_uids(self, exists: int) -> list[int]:
        """All uids; raises ProtocolViolation when SEARCH knows fewer than SELECT did."""
        server = self._session.search_uids()
        if len(server) < exists:
            # Messages may have gone since SELECT; ask again before anything is forgotten here.
            news = self._session.noop()
            server = self._session.search_uids()
            if len(server) < exists and not server and not news.expunged:
                raise ProtocolViolation(f"The server says that {exists} messages are there, and finds none.")
        return server

    def _fill(self, missing: Sequence[int], total: int, selected: Selected) -> bool:
        done = total - len(missing)
        for wanted, batch in self._pieces(missing):
            point = self._point
            with self._store.transaction():
                self._store.envelopes.ingest(self._id, batch)
                self._save_point(
                    SyncPoint(
                        selected.uid_validity,
                        max(point.uid_next or 1, wanted[0] + 1),
                        # What was fetched before is only known as of then: the older one counts.
                        point.highest_modseq or selected.highest_modseq,
                        wanted[-1],
                    )
                )
            done += len(wanted)
            self._changed()
            self._desk.tell(Progress(self._desk.name, self._id, "headers", done, total))
        return done == total

    def _ask_again(self, server: Sequence[int]) -> bool:
        """Fetch once more what did not come; False when interrupted. What lacks then is looked for at each open."""
        lacking = plan.diff(self._store.envelopes.uids(self._id), server).missing
        for wanted in plan.chunks(lacking):
            if self._interrupted():
                return False
            batch = [incoming(header) for header in self._headers(compress_uids(wanted))]
            self._desk.log.write("headers.again", mailbox=self._id, asked=len(wanted), came=len(batch))
            with self._store.transaction():
                self._store.envelopes.ingest(self._id, batch)
            self._changed()
        return True

    def _pieces(self, missing: Sequence[int]) -> Iterator[tuple[Sequence[int], list[Incoming]]]:
        """The missing uids piece by piece with their rows, in order; fewer when interrupted.

        While a piece is understood and stored, the server is at the next one. The first piece is small.
        """
        pieces = list(plan.chunks(missing))
        sets = chain(map(compress_uids, pieces), [""])
        for wanted, (text, then) in zip(pieces, pairwise(sets), strict=True):
            if self._interrupted():
                break
            yield wanted, [incoming(header) for header in self._headers(text, then)]

    def _all_flags(self) -> bool:
        """The plain path: the flags of everything, compared in pieces; False when interrupted."""
        here = self._store.envelopes.uids(self._id)
        for start in range(0, len(here), plan.FLAGS_CHUNK):
            if self._interrupted():
                return False
            piece = here[start : start + plan.FLAGS_CHUNK]
            answer = self._session.fetch_flags(f"{piece[0]}:{piece[-1]}")
            known = self._store.envelopes.server_flags(self._id, piece[0], piece[-1])
            self._apply_flags(
                flags for flags in answer.changed if known.get(flags.uid, (flags.flags, flags.keywords)) != flags[1:3]
            )
        return True

    def _finish(self, selected: Selected) -> None:
        point = self._point
        now = int(self._desk.clock.wall())
        with self._store.transaction():
            unmatched = self._store.envelopes.end_renumbering(self._id)
            self._save_point(
                SyncPoint(
                    selected.uid_validity,
                    max(selected.uid_next or 1, point.uid_next or 1),
                    selected.highest_modseq,
                    1,
                )
            )
            self._store.mailboxes.set_synced(self._id, now)
        if unmatched:
            self._desk.log.write("mailbox.unmatched", mailbox=self._id, rows=unmatched)
        self._desk.tell(MailboxChanged(self._id))

    # --- news while selected ----------------------------------------------------

    def _recheck(self) -> None:
        """Something vanished or changed and the server did not say what."""
        point = self._point
        if self._session.condstore and point.highest_modseq:
            answer = self._session.fetch_flags(
                "1:*", changed_since=point.highest_modseq, vanished=self._session.qresync
            )
            self._apply_flags(answer.changed)
            seen = [flags.modseq for flags in answer.changed if flags.modseq]
            if seen:
                self._save_point(point._replace(highest_modseq=max(*seen, point.highest_modseq)))
            if self._session.qresync:
                self._vanish_ranges(answer.vanished)
                return
        else:
            self._apply_flags(self._session.fetch_flags("1:*").changed)
        here = self._store.envelopes.uids(self._id)
        self._vanish(plan.diff(here, self._session.search_uids()).gone)

    # --- into the store ---------------------------------------------------------

    def _batches(self, uids: str, wanted: Callable[[int], bool]) -> Iterator[list[Incoming]]:
        """Headers of a sequence set as rows for the store, in batches that fit a transaction."""
        batch: list[Incoming] = []
        for header in self._headers(uids):
            if wanted(header.uid):
                batch.append(incoming(header))
            if len(batch) >= plan.CHUNK:
                yield batch
                batch = []
        if batch:
            yield batch

    def _headers(self, uids: str, then: str = "") -> list[FetchedHeader]:
        """The headers; where the server cannot tell some message's, all the others'. `then` is wanted next."""
        try:
            return list(self._session.fetch_headers(uids, then=then))
        except ServerRefused:
            if "*" in uids:
                uids = compress_uids(uid for uid in self._session.search_uids() if uid >= int(uids.split(":")[0]))
            return [header for half in halves(uids) for header in self._headers(half)]

    def _apply_flags(self, changed: Iterable[FetchedFlags]) -> None:
        changes = [(one.uid, one.flags, one.keywords, one.modseq) for one in changed]
        if not changes:
            return
        with self._store.transaction():
            count = self._store.envelopes.set_flags(self._id, changes)
        if count:
            self._changed()

    def _vanish_ranges(self, ranges: Sequence[tuple[int, int]]) -> None:
        if not ranges:
            return
        here = self._store.envelopes.uids(self._id)
        gone = plan.inside(here, ranges)
        if plan.needs_proof(len(gone), len(here)):
            there = set(self._session.search_uids())
            self._desk.log.write("vanished.proved", mailbox=self._id, told=len(gone), there=len(there))
            gone = [uid for uid in gone if uid not in there]
        self._vanish(gone)

    def _vanish(self, uids: Sequence[int]) -> None:
        if not uids:
            return
        with self._store.transaction():
            self._store.envelopes.vanish(self._id, uids)
        self._changed()

    def _save_point(self, point: SyncPoint) -> None:
        self._store.mailboxes.set_sync_point(self._id, point)
        self._point = point

    def _changed(self) -> None:
        self._desk.tell(MailboxChanged(self._id))


def incoming(fetched: FetchedHeader) -> Incoming:
    """A fetched header as a row for the store."""
    uid, flags, keywords, modseq, received_at, size_octets, raw, block = fetched
    told = headers.summarize(block)
    # By position, in the order of Incoming: half the time that names would take, once for each message.
    return Incoming(
        uid, flags, keywords, modseq, received_at, size_octets, raw, structure.has_attachments(raw),
        told.from_, told.sender_name or told.sender_address, told.reply_to, told.to, told.cc, told.subject,
        told.sent_at, told.message_id, told.in_reply_to, told.references, told.list_id, headers.thread_key(told),
    )  # fmt: skip


def halves(uids: str) -> list[str]:
    """A sequence set cut in two, nothing when a single message is left: that one cannot be told."""
    all_uids = list(expand(uids))
    middle = len(all_uids) // 2
    return [compress_uids(all_uids[:middle]), compress_uids(all_uids[middle:])] if middle else []
