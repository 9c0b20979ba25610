"""Starting the engine's process.

It is a session of its own with nothing of ours open, so that it outlives a terminal
that is closed; a thread waits for its end, so that it never stays behind as a zombie.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import tuimail
from tuimail.paths import Paths

# -P keeps the current directory off sys.path: a `json.py` there would be run. A checkout
# is found by its path instead, which is put in front only when Python does not know it.
_TRAMPOLINE = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from tuimail.engine.process import main; sys.exit(main(sys.argv[1:]))"
)


def command(paths: Paths) -> list[str]:
    """The engine's argv for these places."""
    root = Path(tuimail.__file__).parent.parent
    return [
        sys.executable, "-P", "-c", _TRAMPOLINE, str(root),
        "--data-dir", str(paths.data), "--state-dir", str(paths.state),
        "--runtime-dir", str(paths.runtime), "--config", str(paths.config_file),
    ]  # fmt: skip


def spawn(paths: Paths, *, watch: bool = False) -> int:
    """Start it and return its pid at once; it ends by itself when another holds the lock.

    `watch`: a client that wants everything fresh will follow, so it may connect at once.
    """
    process = subprocess.Popen(
        [*command(paths), *(["--watch"] if watch else [])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    threading.Thread(target=process.wait, name="engine reaper", daemon=True).start()
    return process.pid
