"""The store of one data directory: mail.db, and behind it parts.db.

What lives here: opening, closing, looking after. What is in it is in the rooms:
accounts, mailboxes, envelopes, pending, parts, state.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tuimail.store.accounts import Accounts
from tuimail.store.aside import finish
from tuimail.store.database import Database
from tuimail.store.envelopes import Envelopes
from tuimail.store.lists.order import Order
from tuimail.store.mailboxes import Mailboxes
from tuimail.store.migrations import bring_up_to_date
from tuimail.store.state import State

if TYPE_CHECKING:
    from tuimail.model import EnvelopeId, Section
    from tuimail.paths import Paths
    from tuimail.store.acting.deeds import Deeds
    from tuimail.store.acting.pending import Pending
    from tuimail.store.acting.raws import Raws
    from tuimail.store.finding.conversations import Conversations
    from tuimail.store.finding.mutes import Mutes
    from tuimail.store.finding.search import Search
    from tuimail.store.finding.search_index import SearchIndex
    from tuimail.store.finding.threads import Threads
    from tuimail.store.holding.quarantine import Quarantine
    from tuimail.store.lists.views import Views
    from tuimail.store.maildirs.local import Local
    from tuimail.store.parts import Parts
    from tuimail.store.upkeep import Upkeep
    from tuimail.store.writing.drafts import Drafts
    from tuimail.store.writing.outbox import Outbox
    from tuimail.store.writing.people import People
    from tuimail.store.writing.sending import Sending


class Store:
    """One connection to mail.db and, when it is needed, one to parts.db. Used by one thread."""

    def __init__(self, database: Database, parts_file: Path, maildir: Path, *, write: bool) -> None:
        self._database = database
        self._parts_file = parts_file
        self._maildir = maildir
        self._write = write
        self._parts: Parts | None = None
        self._order = Order(database)
        self.accounts = Accounts(database, self._order)
        self.mailboxes = Mailboxes(database, self._order)
        self.envelopes = Envelopes(database, self._order)
        self.state = State(database)

    @classmethod
    def open(cls, paths: Paths, *, write: bool = True) -> Store:
        """The store, made or brought up to date when needed; `write=False` for looking only.

        Raises TooNew, Corrupt, Locked, DiskFull, ReadOnly, each with a sentence and what to do.
        """
        if not paths.data.is_dir():
            paths.make()
        finish(paths.mail_db)
        database = Database.open(paths.mail_db)
        try:
            bring_up_to_date(database)
            if not write:
                database.run("PRAGMA query_only=ON")
        except BaseException:
            database.close()
            raise
        return cls(database, paths.parts_db, paths.maildir, write=write)

    @cached_property
    def pending(self) -> Pending:
        """Actions that a server has not confirmed."""
        from tuimail.store.acting.pending import Pending  # json: 3 ms that the first frame does not wait for

        return Pending(self._database, self._order)

    @cached_property
    def deeds(self) -> Deeds:
        """What a person did in one go, and the way back."""
        from tuimail.store.acting.deeds import Deeds  # as `pending`

        return Deeds(self._database, self._order, self.pending, self.envelopes.way_in, lambda: self.parts)

    @cached_property
    def raws(self) -> Raws:
        """Octets of messages that wait to be sent or filed."""
        from tuimail.store.acting.raws import Raws  # only who sends or files

        return Raws(self._database)

    @cached_property
    def local(self) -> Local:
        """Mail whose octets lie here: POP3 mail, local mailboxes, Maildirs."""
        from tuimail.store.maildirs.local import Local  # hashlib and more: 10 ms that the first frame does not wait for

        return Local(self._database, self._order, self._maildir, self.envelopes.way_in)

    @cached_property
    def quarantine(self) -> Quarantine:
        """Attachments that are held until a person releases them."""
        from tuimail.store.holding.quarantine import Quarantine  # as `local`

        return Quarantine(self._database, self.local.where, self._drop_part)

    @cached_property
    def threads(self) -> Threads:
        """Which messages are one conversation."""
        from tuimail.store.finding.threads import Threads  # only who joins them, or shows one

        return Threads(self._database)

    @cached_property
    def views(self) -> Views:
        """Lists over several mailboxes, filtered, sorted, by conversations."""
        from tuimail.store.lists.views import Views  # only who shows one

        return Views(self._database, self._parts_file.parent)

    @cached_property
    def conversations(self) -> Conversations:
        """Conversations as lists show them."""
        from tuimail.store.finding.conversations import Conversations  # as `threads`

        return Conversations(self._database)

    @cached_property
    def mutes(self) -> Mutes:
        """Muted conversations."""
        from tuimail.store.finding.mutes import Mutes  # json: 3 ms that the first frame does not wait for

        return Mutes(self._database, self.pending)

    @cached_property
    def people(self) -> People:
        """Who was written to, and who wrote."""
        from tuimail.store.writing.people import People  # only who writes needs it

        return People(self._database)

    @cached_property
    def drafts(self) -> Drafts:
        """Messages that are being written."""
        from tuimail.store.writing.drafts import (
            Drafts,  # hashlib, tempfile: 12 ms that the first frame does not wait for
        )

        return Drafts(self._database)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages on their way out."""
        from tuimail.store.writing.outbox import Outbox  # json: 3 ms that the first frame does not wait for

        return Outbox(self._database, self.raws)

    @cached_property
    def sending(self) -> Sending:
        """Messages on their way out, for who sends them."""
        from tuimail.store.writing.sending import Sending  # as `outbox`

        return Sending(self._database, self.raws)

    @cached_property
    def search(self) -> Search:
        """Looking for messages."""
        from tuimail.store.finding.search import Search  # 6 ms that the first frame does not wait for

        return Search(self._database, self._parts_file.with_name("search.db"))

    @cached_property
    def search_index(self) -> SearchIndex:
        """The writing of the index; for one thread of the engine."""
        from tuimail.store.finding.search_file import SearchFile  # as `search`
        from tuimail.store.finding.search_index import SearchIndex

        return SearchIndex(self._database, SearchFile(self._parts_file.with_name("search.db")))

    @cached_property
    def upkeep(self) -> Upkeep:
        """What keeps the store small."""
        from tuimail.store.upkeep import Upkeep  # only one thread of the engine

        return Upkeep(self._database, self.parts, lambda: self.drafts, lambda: self.outbox)

    @property
    def parts(self) -> Parts:
        """Bytes and readable texts."""
        if self._parts is None:
            from tuimail.store.parts import Parts  # 2 ms that the first frame does not wait for

            self._parts = Parts(self._database, self._parts_file, write=self._write)
        return self._parts

    def _drop_part(self, envelope_id: EnvelopeId, section: Section) -> None:
        self.parts.drop(envelope_id, section)  # opened only now

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """All or nothing, for several changes; inside another one it is part of that.

        `durable`: survives a power loss. Without it the last commits may be lost then,
        which is right for what a server can tell again.
        """
        return self._database.transaction(durable=durable)

    def check(self) -> list[str]:
        """Everything that is wrong in mail.db, in sentences; nothing when it is fine."""
        from tuimail.store.checking import check  # only `doctor` asks

        return check(self._database)

    def repair_counters(self) -> None:
        """Count everything anew: totals, unread ones, stretches, effective flags."""
        from tuimail.store.checking import repair_counters  # only `doctor` asks

        repair_counters(self._database, self._order)

    def close(self) -> None:
        """Give all files up."""
        for name in ("search", "search_index"):
            if name in self.__dict__:  # opened
                getattr(self, name).close()
        if self._parts is not None:
            self._parts.close()
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
