"""Makes the environment that `./run` and `./test` work in. Standard library only, Python 3.11 or newer.

The environment is `.venv` in the checkout: a virtual environment with the packages of
pyproject.toml and a path file that points at the checkout. It is made anew when the
packages asked for have changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


class Refused(Exception):
    """One sentence for a person: what is missing and what to do."""


def fitting_python() -> None:
    """Stops with a sentence on a Python that is too old."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        raise Refused(f"tuimail needs Python 3.11 or newer; this is {found} ({sys.executable}).")


def wanted_packages(*, with_tests: bool) -> list[str]:
    """The requirements of pyproject.toml, with the `dev` group for tests."""
    import tomllib

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    packages: list[str] = list(project["project"]["dependencies"])
    if with_tests:
        packages += project["dependency-groups"]["dev"]
    return packages


def make(*, with_tests: bool, say: object = None) -> Path:
    """The environment's python, after making or mending the environment where needed."""
    fitting_python()
    root = CHECKOUT / ".venv"
    python = root / "bin" / "python"
    packages = wanted_packages(with_tests=with_tests)
    key = hashlib.sha256("\n".join([sys.version, str(CHECKOUT), *sorted(packages)]).encode()).hexdigest()
    stamp = root / (".ready-tests" if with_tests else ".ready")
    if _is_ready(stamp, key, python):
        return python
    with _alone():
        if _is_ready(stamp, key, python):
            return python
        print("Making the environment in .venv (once; about half a minute) ...", file=sys.stderr, flush=True)
        if not _works(python):
            _make_venv(root)
        _install(python, packages)
        _point_at_checkout(python)
        stamp.write_text(key, encoding="ascii")
        if with_tests:
            base = hashlib.sha256(
                "\n".join([sys.version, str(CHECKOUT), *sorted(wanted_packages(with_tests=False))]).encode()
            ).hexdigest()
            (root / ".ready").write_text(base, encoding="ascii")
    return python


def _is_ready(stamp: Path, key: str, python: Path) -> bool:
    try:
        return stamp.read_text(encoding="ascii") == key and python.exists()
    except OSError:
        return False


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time makes the environment."""
    with (CHECKOUT / ".ci" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _works(python: Path) -> bool:
    try:
        return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _make_venv(root: Path) -> None:
    """A virtual environment with pip; Debian's python3 comes without the means to make one."""
    shutil.rmtree(root, ignore_errors=True)
    if _quiet([sys.executable, "-m", "venv", str(root)]):
        return
    shutil.rmtree(root, ignore_errors=True)
    tools = CHECKOUT / ".cache" / "virtualenv"
    if _quiet([sys.executable, "-m", "pip", "install", "-q", "--target", str(tools), "virtualenv"]):
        environ = {**os.environ, "PYTHONPATH": str(tools)}
        if _quiet([sys.executable, "-m", "virtualenv", "-q", str(root)], environ):
            return
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        _quiet([apt, "update", "-qq"])
        if _quiet([apt, "install", "-y", "-qq", "--no-install-recommends", "python3-venv"]) and _quiet(
            [sys.executable, "-m", "venv", str(root)]
        ):
            return
    raise Refused(
        f"{sys.executable} cannot make a virtual environment; install its venv module (on Debian: apt install "
        "python3-venv) and run this again."
    )


def _quiet(argv: list[str], environ: dict[str, str] | None = None) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, env=environ, stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _install(python: Path, packages: list[str]) -> None:
    """pip's own words are shown only when it fails."""
    argv = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", *packages]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
        raise Refused("The packages could not be installed (see above); is the package index reachable?")


def _point_at_checkout(python: Path) -> None:
    """`python -m tuimail` finds the checkout from any directory, and so does a `tuimail` command."""
    asked = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )
    Path(asked.stdout.strip(), "tuimail-checkout.pth").write_text(f"{CHECKOUT}\n", encoding="utf-8")
    command = python.parent / "tuimail"
    command.write_text(
        f"#!{python}\nimport sys\nfrom tuimail.__main__ import main\nsys.exit(main())\n", encoding="utf-8"
    )
    command.chmod(0o755)
