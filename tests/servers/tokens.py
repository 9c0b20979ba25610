"""Who an access token belongs to, for a private Dovecot that takes XOAUTH2 and OAUTHBEARER (RFC 7662, over HTTP)."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

GOOD = "good-token-of-"
"""In front of a user's name: their token. Every other one has expired."""
MECHANISMS = "plain login scram-sha-256 xoauth2 oauthbearer"


class TokenServer:
    """Answers Dovecot's questions about tokens; `stop()` ends it."""

    def __init__(self) -> None:
        """On a free port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, name="tokens", daemon=True)
        self._thread.start()

    def passdb(self, directory: Path) -> str:
        """A block of Dovecot's configuration, with a file of its own below `directory`."""
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "oauth2.conf"
        file.write_text(
            f"introspection_mode = auth\nintrospection_url = http://127.0.0.1:{self._server.server_port}/\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        return f"\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {file}\n}}\n"

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        active = token.startswith(GOOD)
        body = json.dumps({"active": active, "username": token.removeprefix(GOOD) if active else ""}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
