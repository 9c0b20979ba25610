"""Installs the servers and tools that the tests talk to, where they are missing and where it may.

Only Debian's packages, only as root. Elsewhere the tests that need them are skipped by
name. No service is started here: the tests run private instances on free ports.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "dovecot-imapd": "/usr/sbin/dovecot",
    "dovecot-pop3d": "/usr/lib/dovecot/pop3",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
    "postfix": "/usr/sbin/postfix",
    "clamav-daemon": "/usr/sbin/clamd",
    "notmuch": "/usr/bin/notmuch",
    "gnome-keyring": "/usr/bin/gnome-keyring-daemon",
    "dbus": "/usr/bin/dbus-run-session",
    "tmux": "/usr/bin/tmux",
    "libmagic1": "",
}
"""Debian package > a file that is there when it is installed; empty: not looked for by itself."""

POLICY = Path("/usr/sbin/policy-rc.d")


def install_missing() -> None:
    """Install what is missing; says one line when it cannot, and goes on."""
    missing = [package for package, file in PACKAGES.items() if file and not Path(file).exists()]
    if not missing:
        return
    apt = shutil.which("apt-get") or ("/usr/bin/apt-get" if Path("/usr/bin/apt-get").exists() else None)
    if apt is None or os.geteuid() != 0:
        print(f"== not installed, and not permitted to: {', '.join(missing)}; their tests are skipped", flush=True)
        return
    print(f"== installing for the tests: {' '.join(missing)}", flush=True)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    environ["PATH"] = environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
    ours = not POLICY.exists()
    try:
        if ours:
            POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
            POLICY.chmod(0o755)
        install = [apt, "install", "-y", "-qq", "--no-install-recommends", *missing]
        subprocess.run([apt, "update", "-qq"], env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        done = subprocess.run(install, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            print("== the installation failed; the tests that need these are skipped", flush=True)
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)
