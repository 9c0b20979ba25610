"""`python -m tuimail.engine`: the engine's process, for those who want to see it run."""

from __future__ import annotations

import sys

from tuimail.engine.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
