"""Messages that are hard to carry: dots, long lines, no last line end, attachments, two hundred kilobytes."""

from __future__ import annotations

import base64
import random


def letter(number: int, body: bytes = b"Hello.\r\n", head: bytes = b"") -> bytes:
    """A small message."""
    return (
        b"From: Grace Hopper <grace@navy.example>\r\nTo: ada@example.net\r\nSubject: Letter %d\r\n"
        b"Message-ID: <%d@navy.example>\r\nDate: Tue, 14 Nov 2023 22:13:%02d +0000\r\n" % (number, number, number % 60)
    ) + head + b"\r\n" + body


def with_attachment(number: int, octets: int) -> bytes:
    """A message with a file in it, about so large."""
    data = base64.encodebytes(random.Random(number).randbytes(octets * 3 // 4)).replace(b"\n", b"\r\n")
    return letter(
        number,
        b"--=_b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--=_b\r\n"
        b'Content-Type: application/octet-stream; name="file.bin"\r\nContent-Disposition: attachment\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + data + b"--=_b--\r\n",
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_b"\r\n',
    )


def hard_ones() -> dict[bytes, bytes]:
    """The five of the fault tests, by uidl."""
    return {
        b"short": letter(1),
        b"dots": letter(2, b".\r\n..\r\n.a\r\n.\r\n...\r\nend\r\n\n.\r\n \n.\nx\r\n"),
        b"long": letter(3, b"x" * 3000 + b"\r\n"),
        b"bare": letter(4, b"bare \r and \n in it, and no line end at the end"),
        b"large": with_attachment(5, 200_000),
    }


def small_ones() -> dict[bytes, bytes]:
    """All but the large one, and a small attachment."""
    hard = hard_ones()
    del hard[b"large"]
    hard[b"file"] = with_attachment(6, 300)
    return hard
