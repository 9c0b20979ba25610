"""When a server is asked again for what it put off: mail that it did not take yet, a copy that it would not file.

What must not live here: what is put off and what is given up (`send.plan`, `imap.replay`).
"""

from __future__ import annotations

from typing import Final

PAUSES_S: Final = (60, 300, 900, 3600)
"""After the first, second, third try, and every one after that."""
MOST_TRIES: Final = 75
"""Of what a server puts off: about three days."""


def pause_after(tries: int) -> int:
    """Seconds to wait after a try that was in vain; `tries`: how many were before it."""
    return PAUSES_S[min(tries, len(PAUSES_S) - 1)]
