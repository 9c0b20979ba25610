"""The two ways in: `tuimail` and `python -m tuimail`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run what was typed, and exit."""
    from tuimail.cli.run import run  # here, so that importing this module does nothing

    sys.exit(run(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
