"""`python -m tuimail.demo`: run the embedded server by itself and say how to reach it."""

from __future__ import annotations

import argparse
import sys
import threading

from tuimail.demo.imap import capabilities
from tuimail.demo.server import DemoServer


def main(argv: list[str] | None = None) -> int:
    """Serve until interrupted."""
    profiles = {
        "full": capabilities.FULL,
        "condstore": capabilities.CONDSTORE_ONLY,
        "outlook": capabilities.OUTLOOK,
        "gmail": capabilities.GMAIL,
        "bare": capabilities.BARE,
    }
    parser = argparse.ArgumentParser(
        prog="python -m tuimail.demo", description="The embedded demo mail server, by itself."
    )
    parser.add_argument("--profile", choices=sorted(profiles), default="full", help="which extensions to offer")
    parser.add_argument(
        "--drip", type=float, default=45.0, metavar="SECONDS", help="a new message this often; 0 for never"
    )
    parser.add_argument("--password", help="instead of a random one")
    options = parser.parse_args(argv)
    with DemoServer.start(
        capabilities=profiles[options.profile], drip_s=options.drip or None, password=options.password
    ) as server:
        print(f"IMAP  {server.host}:{server.imap_port}  no TLS")
        print(f"POP3  {server.host}:{server.pop3_port}  no TLS, user {server.pop3_user}")
        print(f"SMTP  {server.host}:{server.smtp_port}  no TLS")
        print(f"user {server.user}  password {server.password}  address {server.address}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
