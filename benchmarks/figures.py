"""Figures and how they are printed: medians, ratios, and what the machine is."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence


def median(values: Sequence[float | None]) -> float | None:
    """The median of what was measured; None when a run saw nothing."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known and len(known) == len(values) else None


def seconds(value: float | None) -> str:
    """`12.3 ms` or `1.23 s`, or `not seen`."""
    if value is None:
        return "not seen"
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def ratio(ours: float | None, theirs: float | None) -> str:
    """`0.42 x`."""
    return "-" if ours is None or not theirs else f"{ours / theirs:.2f} x"


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table on stdout, to be pasted into docs/performance.md."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def machine() -> str:
    """One line about where this ran."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def load() -> str:
    """How busy the machine is: how many wanted a processor in the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def dovecot_version() -> str:
    """The server's version."""
    done = subprocess.run(["/usr/sbin/dovecot", "--version"], capture_output=True, text=True)
    return "Dovecot " + done.stdout.split()[0]
