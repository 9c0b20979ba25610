"""A text that changes while it is on the screen.

What lives here: one widget, which is given its place anew whenever its text changes. What
must not: what the text says, and cleaning it (`ui.text`).
"""

from __future__ import annotations

from typing import Self

from textual.geometry import Region
from textual.widgets import Static


class Words(Static):
    """A Static whose height follows its text, always.

    Textual keeps a widget's height by the number of changes that it counted, and does not count one that comes
    while another still waits for the layout. When a layout for something else came between the two, the height of
    the first stayed, and the lines of the second could not be seen (Textual 8.2).
    """

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As of any widget; every change of the layout is counted."""
        if layout:
            self._layout_updates += 1
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
