"""The application: Textual, told about themes, keys, the store and the engine.

What lives here: start and end, the global keys, and the way of notices from the
engine's thread to the main screen. What must not: anything about mail.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import Screen

from tuimail.config.values import Config
from tuimail.engine.log import Log
from tuimail.engine.office import Office
from tuimail.engine.protocol import Notice, Request
from tuimail.errors import MailError
from tuimail.model import EnvelopeId, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.candid import SENTENCE, Candid
from tuimail.ui.beside.memory import Memory
from tuimail.ui.beside.notices import Inbox, NoticesArrived
from tuimail.ui.beside.punctual import Punctual
from tuimail.ui.beside.remembered import Remembered
from tuimail.ui.commands import Kind
from tuimail.ui.keymaps import keymap_for
from tuimail.ui.keys import GLOBAL, bindings
from tuimail.ui.looks.theme_files import own_themes_dir
from tuimail.ui.looks.themes import APP_VARIABLES, ThemeKeeper
from tuimail.ui.open_palette import finder, open_palette
from tuimail.ui.screens.help import HelpScreen
from tuimail.ui.screens.main import MainScreen
from tuimail.ui.screens.search import SearchScreen
from tuimail.ui.start.driver import continuing_driver, forget_written_size
from tuimail.ui.start.ending import heed
from tuimail.ui.start.first_frame import Painted
from tuimail.ui.widgets.lines import LineView

SETTLE_S = 0.02
"""After the first layout the widgets hear of their sizes, and lay themselves out."""


class Engine(Protocol):
    """What the app needs of an office."""

    def send(self, request: Request) -> None:
        """Tell the engine; never waits."""

    def close(self) -> None:
        """Leave."""


class TuimailApp(Candid, Punctual, App[None], inherit_bindings=False):
    """tuimail on the screen."""

    TITLE = "tuimail"
    CSS_PATH = "screens/main.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(GLOBAL)]
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (90, "-two"), (140, "-three")]

    def __init__(
        self,
        store: Store,
        paths: Paths,
        config: Config,
        join: Callable[[Callable[[Notice], None]], Engine],
        *,
        clock: Callable[[], float] = time.time,
        demo: bool = False,
        mailto: str = "",
        driver: type[Driver] | None = None,
    ) -> None:
        """`mailto`: a link; the composer opens on it."""
        super().__init__(driver_class=driver)
        self._mailto = mailto
        self._said_unsaved = False
        self.store = store
        self.paths = paths
        self.config = config
        self.clock = clock
        self.inbox = Inbox()
        self._join = join
        self._engine: Engine | None = None
        self._unsent: list[Request] = []
        self._faults = Log(paths.log_file)
        self._keys = keymap_for(config.ui)
        self.set_keymap(self._keys.keymap)
        self.keeper = ThemeKeeper(self, own_themes_dir(paths.config_dir), tell=self.tell)
        self._theme_fault = self.keeper.register(Remembered(store).theme(config.ui.theme))
        self.main = MainScreen(
            store,
            paths,
            self.send,
            self.inbox,
            clock,
            config=config,
            mark_seen_after_s=config.ui.mark_seen_after_s,
            demo=demo,
            find_mailbox=lambda: self.find(Kind.MAILBOXES),
        )
        self.main.archive_by_year = config.ui.archive_by_year
        self.memory = Memory(self, self.main, paths, self._keys.keymap)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our CSS variables."""
        return dict(APP_VARIABLES)

    def get_default_screen(self) -> Screen[Any]:
        """The main screen. `Any` as in Textual."""
        return self.main

    def on_mount(self) -> None:
        """The terminal is ours: a signal, or its end, is an end in order too."""
        driver = self._driver  # Textual has no public name for it
        if driver is not None and not driver.is_headless:
            heed(self._leave, getattr(driver, "attrs_before", None))

    def on_ready(self) -> None:
        """The first paint is done: now the engine, and what must be said."""
        if not self.is_headless:  # tests start many apps in one process
            # All that was loaded stays. Else each full collection walks it again: 110 ms in which no key is heard.
            gc.freeze()
        self._engine = self._join(self.hear)
        for request in self._unsent:
            self._engine.send(request)
        self._unsent.clear()
        self.main.key_bar.set_keymap(self._keys.keymap)
        self.set_timer(SETTLE_S, self.main.settle)
        for sentence in (self._theme_fault, "\n".join(self._keys.mistakes)):
            if sentence:
                self.notify(sentence, markup=False, severity="warning", timeout=8)
        self.keeper.watch()
        self.theme_changed_signal.subscribe(self, lambda _: self.memory.looks_changed())
        self.memory.soon()
        self.main.outbox_changed()
        if self._mailto:
            self.main.compose_mailto(self._mailto)

    async def on_event(self, event: events.Event) -> None:
        """A key for a pane goes to its bindings at once: on the way up from the pane nobody else hears it.

        Textual would first hand it to the pane and from there to everything around it: 0.4 ms a key.
        """
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self.main.pace.key()
        if not isinstance(self.focused, LineView) or self.screen.maximized is not None:
            await super().on_event(event)
        elif not await self._check_bindings(event.key, priority=True):  # no public name in Textual, and nor
            pane = self.focused
            if not await self._check_bindings(event.key):
                pane._forward_event(event)  # has this

    def on_message_list_cursor_moved(self) -> None:
        """Another message or another mailbox."""
        self.memory.soon()

    # --- the engine ------------------------------------------------------------

    def send(self, request: Request) -> None:
        """Tell the engine, or keep it until there is one."""
        if self._engine is None:
            self._unsent.append(request)
        else:
            self._engine.send(request)

    def hear(self, notice: Notice) -> None:
        """Called in the engine's thread."""
        self.inbox.add(notice)
        self.main.post_message(NoticesArrived())

    def tell(self, sentence: str) -> None:
        """One sentence for a person."""
        self.notify(text.sentence(sentence), markup=False)

    def hear_fault(self, error: BaseException) -> None:
        """Work beside the loop failed in a way that nobody thought of: say so, and write down where."""
        self._faults.fault("screen.fault", error)
        sentence = error.sentence if isinstance(error, MailError) else SENTENCE
        self.notify(text.sentence(sentence), markup=False, severity="error")

    def _handle_exception(self, error: Exception) -> None:
        """The loop's own work failed: write down where, before it closes."""
        self._faults.fault("screen.ended", error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Close. Textual would print a traceback with the values of variables: mail, for everybody to see."""
        self._close_messages_no_wait()

    # --- global keys -----------------------------------------------------------

    async def action_app_quit(self) -> None:
        """Leave; remember the place and how the screen looks. A draft that cannot be saved is told first."""
        unsaved = await self.main.save_drafts()
        if unsaved and not self._said_unsaved:
            self._said_unsaved = True
            self.notify(
                text.sentence(f"A draft is not saved. {unsaved} Quit once more to lose it."),
                markup=False, severity="error", timeout=10,
            )  # fmt: skip
            return
        self.memory.now()
        self.exit()

    def _leave(self, exit_code: int) -> None:
        """Told from outside to end."""
        self.main.save_drafts_now()
        self.memory.now()
        self.exit(return_code=exit_code)

    def action_app_help(self) -> None:
        """Every key."""
        self.push_screen(HelpScreen(self._keys.keymap))

    def action_app_palette(self) -> None:
        """Find anything."""
        self.find(Kind.ALL)

    def action_app_find(self) -> None:
        """Search all mail."""
        if isinstance(self.screen, SearchScreen):
            self.screen.action_search_field()
            return
        self._to_main()
        self.main.open_search()

    def action_app_theme(self) -> None:
        """Choose a theme."""
        self.find(Kind.THEMES)

    def find(self, kind: Kind) -> None:
        """Open the palette."""
        open_palette(
            self,
            kind,
            store=self.store,
            keymap=self._keys.keymap,
            open_mailbox=self._open_mailbox,
            open_message=self._open_message,
            keep_theme=lambda name: self.main.remembered.keep_theme(name, self.config.ui.theme),
            clock=self.clock,
            find=finder(self.paths),
        )

    def _open_mailbox(self, mailbox_id: MailboxId) -> None:
        self._to_main()
        self.main.open_mailbox(mailbox_id)

    def _open_message(self, mailbox_id: MailboxId, envelope_id: EnvelopeId) -> None:
        self._to_main()
        self.main.open_message(mailbox_id, envelope_id)

    def _to_main(self) -> None:
        """Leave what lies over the mail, such as the quarantine."""
        while self.screen is not self.main and len(self.screen_stack) > 1:
            self.pop_screen()

    def action_app_suspend(self) -> None:
        """To the shell."""
        self.action_suspend_process()

    def close(self) -> None:
        """After the last paint: write what was asked for, and leave the engine."""
        self.main.lane.close()
        if self._engine is not None:
            self._engine.close()


def run(
    paths: Paths, config: Config, *, demo: bool = False, mailto: str = "", painted: Painted | None = None
) -> int:
    """Open the UI and stay in it until a person leaves. Raises StoreError when the store cannot be opened."""
    try:
        store = Store.open(paths)
    except BaseException:
        if painted is not None:
            painted.abandon()
        raise
    with store:
        _take_accounts(store, config)
        forget_written_size(os.environ)
        driver = continuing_driver(painted) if painted is not None else None
        app = TuimailApp(
            store, paths, config, lambda hear: Office.join(paths, on_notice=hear), demo=demo, mailto=mailto,
            driver=driver,
        )  # fmt: skip
        try:
            app.run()
        finally:
            app.close()
        if app._exception is not None:  # Textual has no public name for it
            raise app._exception
        return app.return_code or 0


def _take_accounts(store: Store, config: Config) -> None:
    """The accounts of the configuration, if the engine has not written them down yet."""
    known = {account.name for account in store.accounts.all()}
    if known != set(config.accounts):
        store.accounts.sync_names(
            (account.name, account.address, account.receive.protocol) for account in config.accounts.values()
        )
