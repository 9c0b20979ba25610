"""An IMAP client with nothing between the test and the wire."""

from __future__ import annotations

import re
import socket
import ssl
from types import TracebackType
from typing import Self


class RawImap:
    """Sends lines and reads answers, literals included, as bytes."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """Connect and read the greeting."""
        self._socket = socket.create_connection((host, port), 10)
        self._file = self._socket.makefile("rb")
        self._number = 0
        self.greeting = self.line()

    def line(self) -> bytes:
        """One answer line without its CRLF; literals stay in it."""
        line = self._file.readline()
        if not line:
            raise EOFError
        while (match := re.search(rb"\{(\d+)\}\r\n$", line)) is not None:
            line += self._file.read(int(match[1])) + self._file.readline()
        return line.removesuffix(b"\r\n")

    def send(self, text: str | bytes) -> None:
        """Octets as they are."""
        self._socket.sendall(text.encode("utf-8") if isinstance(text, str) else text)

    def receive(self) -> bytes:
        """Some octets as they come; only after everything before was read by lines."""
        return self._socket.recv(65536)

    def start_tls(self, context: ssl.SSLContext, host: str = "127.0.0.1") -> None:
        """Shake hands, and read from the encrypted stream from here on."""
        self._file.close()
        self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self._file = self._socket.makefile("rb")

    def start(self, command: str) -> str:
        """Send a command; its tag."""
        self._number += 1
        tag = f"t{self._number}"
        self.send(f"{tag} {command}\r\n")
        return tag

    def finish(self, tag: str) -> list[bytes]:
        """All lines up to the tagged one."""
        lines = [self.line()]
        while not lines[-1].startswith(tag.encode() + b" "):
            lines.append(self.line())
        return lines

    def command(self, command: str) -> list[bytes]:
        """Send a command and read its whole answer."""
        return self.finish(self.start(command))

    def __enter__(self) -> Self:
        """Connected already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self._file.close()
        self._socket.close()
