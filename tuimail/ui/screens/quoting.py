"""Lines that are selected in the reader: whose they are, what an answer quotes, the clipboard.

What must not live here: how lines are selected (`ui.widgets.selecting`), what an answer is
made of (`composing`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from textual import on

from tuimail.mime.clean import clean_text
from tuimail.model import EnvelopeId
from tuimail.ui.keymaps import keys_of, short_label
from tuimail.ui.keys import spec
from tuimail.ui.lines.outbox_lines import NO_WORDS, Words
from tuimail.ui.lines.when import counted
from tuimail.ui.screens.local_mail import LocalMailScreen
from tuimail.ui.widgets.reader import Reader

MOST_COPIED_OCTETS: Final = 74_994
"""As base64 100,000 octets: more than that, several terminals drop without a word."""


class Selected(NamedTuple):
    """What is selected of one message."""

    envelope_id: EnvelopeId
    text: str


class QuotingScreen(LocalMailScreen):
    """The reader's selection. `ComposersScreen` adds writing."""

    def selected(self) -> Selected | None:
        """What is selected in the reader; in a conversation, of the message in which the selection began."""
        line, current = self.reader.selection_begins_in, self.reading.current
        if line is None or current is None:
            return None
        if not self.conversation.is_on:
            return Selected(current, self.reader.selected_text())
        found = self.conversation.lines_around(line)
        return Selected(found[0], self.reader.selected_text(found[1])) if found is not None else None

    @property
    def selection_words(self) -> Words:
        """What the status line says of it; empty without one."""
        count = len(self.reader.selected_rows)
        if not count:
            return NO_WORDS
        does = (("writing.reply", "quotes"), ("reader.copy", "copies"), ("pane.back", "ends"))
        keys = [f"{short_label(found[0])} {verb}" for each, verb in does if (found := self._keys_of(each))]
        lines = f"{counted(count)} line{'' if count == 1 else 's'}"
        return Words(" · ".join([lines, *keys]), "busy", " · ".join([lines, *keys[:1]]))

    def _keys_of(self, action_id: str) -> tuple[str, ...]:
        return keys_of(spec(action_id), self.key_bar.keymap)

    @on(Reader.SelectionChanged)
    def _lines_selected(self, event: Reader.SelectionChanged) -> None:
        event.stop()
        self.tell_status()

    @on(Reader.CopyWanted)
    def _copy(self, event: Reader.CopyWanted) -> None:
        """By OSC 52: the terminal decides whether it lets a program do that."""
        event.stop()
        told = clean_text(self.reader.selected_text())
        count = len(self.reader.selected_rows)
        if not told:
            begin = self._keys_of("reader.select")
            self.notify(
                f"Select lines first, with {short_label(begin[0])}." if begin else "Select lines first.",
                markup=False, timeout=3,
            )  # fmt: skip
        elif len(told.encode()) > MOST_COPIED_OCTETS:
            self.notify("That is too much for a clipboard of a terminal. Select fewer lines.", markup=False, timeout=5)
        else:
            self.app.copy_to_clipboard(told)
            self.reader.end_selection()
            self.notify(
                f"{counted(count)} line{' is' if count == 1 else 's are'} in the clipboard.", markup=False, timeout=3
            )
