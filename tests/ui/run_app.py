"""The app with its first frame over the store of a data directory, and nobody behind it: `python run_app.py DIR`."""

from __future__ import annotations

import sys

from tests.ui.values import NOW
from tuimail.paths import Paths
from tuimail.ui.start import first_frame


def main(directory: str) -> None:
    """Paint, then run."""
    paths = Paths.from_environment(
        {"HOME": directory, "XDG_RUNTIME_DIR": directory}, data_dir=directory + "/data", config=directory + "/c.toml"
    )
    painted = first_frame.paint(paths, now=NOW)
    from tests.ui.seed import make_app
    from tuimail.ui.start.driver import continuing_driver

    app = make_app(paths, driver=continuing_driver(painted) if painted is not None else None)
    app.run()
    sys.exit(app.return_code)


if __name__ == "__main__":
    main(sys.argv[1])
