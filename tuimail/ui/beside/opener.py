"""Opening a link in the person's own browser.

What lives here: which addresses may be opened, and the argument list that does it.
What must not: a shell, and any address that was not shown whole before.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from tuimail.errors import UsageError

MAX_URL = 8192
Which = Callable[[str], str | None]


def browser_argv(url: str, environ: Mapping[str, str], which: Which = shutil.which) -> list[str]:
    """The command that opens `url`; raises UsageError when it must not or cannot be opened.

    `$BROWSER` may name several programs, separated by colons, with `%s` for the address.
    """
    check_url(url)
    for wish in environ.get("BROWSER", "").split(":"):
        argv = _split(wish)
        if argv and which(argv[0]):
            return [part.replace("%s", url) for part in argv] if "%s" in wish else [*argv, url]
    for name in ("open",) if sys.platform == "darwin" else ("xdg-open", "gio", "wslview"):
        if which(name):
            return [name, "open", url] if name == "gio" else [name, url]
    raise UsageError("No browser was found.", "Copy the address instead, or set BROWSER.")


def check_url(url: str) -> None:
    """Raises UsageError unless `url` is an ordinary web address, fit to be an argument."""
    if len(url) > MAX_URL or not url.isprintable() or any(char.isspace() for char in url):
        raise UsageError("This address is not well formed, so it is not opened.", "Copy it to look at it.")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as exc:
        raise UsageError("This address is not well formed, so it is not opened.", "Copy it to look at it.") from exc
    # The scheme comes first, so the argument can never begin with a dash.
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError("Only http and https addresses are opened.", "Copy it to use it elsewhere.")


def open_url(url: str, environ: Mapping[str, str]) -> None:
    """Start the browser and let it go; raises UsageError when it does not start."""
    argv = browser_argv(url, environ)
    try:
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as exc:
        raise UsageError(f"The browser did not start: {exc.strerror}.", "Copy the address instead.") from exc


def _split(wish: str) -> list[str]:
    try:
        return shlex.split(wish)
    except ValueError:
        return []
