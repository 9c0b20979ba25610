"""Acting on messages after a choice: conversations, mailboxes to move or copy to, keywords.

What lives here: what is chosen from, and what becomes of the choice. What must not: how
anything is done (`acting`), and what is offered in which order (`picker`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tuimail.model import EnvelopeId, Mailbox
from tuimail.store import Store
from tuimail.ui.beside import acting as beside
from tuimail.ui.beside import learned
from tuimail.ui.commands import Hit, Source
from tuimail.ui.screens.acting import MOST_LOOKED_AT, ActingScreen, Deed, Ids, messages_of
from tuimail.ui.screens.palette import PaletteScreen
from tuimail.ui.screens.picker import Destination, DestinationSource, KeywordSource
from tuimail.wishes import acting
from tuimail.wishes.acting import Done


class ChoosingScreen(ActingScreen):
    """Acting on what is chosen. `MailboxesScreen` adds mailboxes themselves."""

    # --- whole conversations --------------------------------------------------------------

    def action_message_thread(self) -> None:
        """Select the conversation."""
        self._with_thread(self.list_view.select)

    def action_message_archive_thread(self) -> None:
        """Archive the conversation."""
        self._with_thread(self.archive)

    def action_message_delete_thread(self) -> None:
        """Delete the conversation."""
        self._with_thread(self.delete_messages)

    def action_message_move_thread(self) -> None:
        """Move the conversation."""
        self._with_thread(self.move)

    def _with_thread(self, do: Callable[[Ids], object]) -> None:
        """Find what of the conversations of the chosen messages lies in this mailbox, then `do` on it."""
        shown_in, ids = self.shown_in, self.meant()
        if not shown_in or not ids:
            return

        def find(store: Store) -> list[EnvelopeId]:
            return sorted({*ids, *store.conversations.within(ids, shown_in)})

        async def run() -> None:
            with self.telling():
                do(await self.lane.run(find))

        self.run_worker(run(), group="acts", exit_on_error=False)

    # --- moving and copying ---------------------------------------------------------------

    def action_message_move(self) -> None:
        """To a mailbox that is chosen."""
        self.move(self.meant())

    def move(self, ids: Ids) -> None:
        """Move these to a mailbox that is chosen."""
        self._pick(ids, copies=False)

    def action_message_copy(self) -> None:
        """A copy of it."""
        self.copy(self.meant())

    def copy(self, ids: Ids) -> None:
        """Copy these to a mailbox that is chosen."""
        self._pick(ids, copies=True)

    def _pick(self, ids: Ids, *, copies: bool) -> None:
        lie_in = [row.mailbox_id for row in self.store.envelopes.rows(ids[:MOST_LOOKED_AT])]
        here = self.mailboxes.get(lie_in[0]) if lie_in else None
        if here is None:
            return
        is_one = len(ids) <= MOST_LOOKED_AT and len(set(lie_in)) == 1
        memory = learned.memory_of(self.store.state.get(learned.KEY))
        source = DestinationSource(
            list(self.mailboxes.values()),
            self.accounts,
            lambda destination: self._put(ids, here, destination, copies=copies),
            home=here.account,
            leave_out=here.id if is_one and not copies else None,
            likely=learned.weights(memory, learned.name_of(here), self.now()),
        )
        verb = "Copy" if copies else "Move"
        self._choose(source, f"{verb} {messages_of(len(ids))} to", "A few letters of its name, or a new one")

    def _put(self, ids: Ids, here: Mailbox, destination: Destination, *, copies: bool) -> None:
        at = self.now()

        def work(store: Store, ids: Ids, _: bool) -> Done | None:
            to = destination.mailbox_id
            if to is None:
                to = acting.mailbox_made(store, destination.account, destination.name, at=at)
            there = store.mailboxes.get(to)
            if there is not None:
                beside.remember_destination(store, learned.name_of(here), learned.name_of(there), at=at)
            return (acting.copy if copies else acting.move)(store, ids, at=at, to=to)

        self.act(ids, Deed(work, "Copying" if copies else "Moving", leaves=not copies))

    def _choose(self, source: Source, title: str, hint: str) -> None:
        def chosen(hit: Hit | None) -> None:
            if hit is not None:
                hit.act()

        self.app.push_screen(PaletteScreen([source], hint=hint, title=title), chosen)

    # --- keywords -------------------------------------------------------------------------

    def action_message_keywords(self) -> None:
        """Give keywords, or take them off."""
        self.choose_keywords(self.meant())

    def choose_keywords(self, ids: Ids) -> None:
        """Give these keywords that are chosen, or take them off."""
        if not ids:
            return
        rows = self.overlay.rows(ids[:MOST_LOOKED_AT])
        given = Counter(keyword for row in rows for keyword in row.keywords.split())
        source = KeywordSource(
            dict(given.most_common()),
            len(ids),
            beside.lately_given(self.store),
            lambda keyword, give: self._keyword(ids, keyword, give=give),
        )
        self._choose(source, f"Keywords of {messages_of(len(ids))}", "A keyword, or a new one")

    def _keyword(self, ids: Ids, keyword: str, *, give: bool) -> None:
        at = self.now()

        def work(store: Store, ids: Ids, _: bool) -> Done | None:
            add, remove = ([keyword], []) if give else ([], [keyword])
            done = acting.keywords(store, ids, add=add, remove=remove, at=at)
            if give:
                beside.remember_keyword(store, keyword)
            return done

        self.act(ids, Deed(work, "Marking"))
