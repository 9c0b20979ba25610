"""Content-Transfer-Encodings undone (RFC 2045 6), forgiving what mail does wrong. Never raises."""

from __future__ import annotations

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_MAX_JOINED = 10_000
_UU_BEGIN = re.compile(rb"(?:\A|\n)begin(?:-base64)? [0-7]{3,4} [^\r\n]*\r?\n")


def decode_transfer(octets: bytes, encoding: str) -> bytes:
    """The octets without their transfer encoding; an unknown encoding leaves them as they are."""
    kind = encoding.strip().lower()
    if kind == "base64":
        return decode_base64(octets)
    if kind == "quoted-printable":
        # a2b_qp keeps spaces at line ends, which RFC 2045 6.7 (3) says were added on the way.
        return binascii.a2b_qp(_trailing_space_removed(octets))
    if kind in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(octets)
    return octets


def _trailing_space_removed(octets: bytes) -> bytes:
    if b" \n" not in octets and b" \r" not in octets and b"\t\r" not in octets and b"\t\n" not in octets:
        return octets
    return b"\n".join(
        line[:-1].rstrip(b" \t") + b"\r" if line.endswith(b"\r") else line.rstrip(b" \t")
        for line in octets.split(b"\n")
    )


def decode_base64(octets: bytes) -> bytes:
    """The octets of base64, whatever stands between; a last character that makes no octet is dropped."""
    clean = _NOT_BASE64.sub(b"", octets).rstrip(b"=")
    if b"=" in clean:
        # Several encodings joined, each with its padding, or a footer added behind the end.
        pieces = clean.split(b"=") if clean.count(b"=") <= _MAX_JOINED else [clean.replace(b"=", b"")]
        return b"".join(_unpadded(piece) for piece in pieces)
    return _unpadded(clean)


def _unpadded(clean: bytes) -> bytes:
    whole = len(clean) // 4 * 4
    rest = clean[whole:]
    decoded = binascii.a2b_base64(clean[:whole])
    if len(rest) >= 2:
        decoded += binascii.a2b_base64(rest + b"=" * (4 - len(rest)))
    return decoded


def _uuencoded(octets: bytes) -> bytes:
    begin = _UU_BEGIN.search(octets)
    decoded: list[bytes] = []
    for line in octets[begin.end() if begin else 0 :].split(b"\n"):
        line = line.rstrip(b"\r")
        if line in (b"end", b"", b"`"):
            if line == b"end":
                break
            continue
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Encoders that count wrong: as many octets as the length character promises.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            decoded.append(_uu_line(line[: wanted + 1]))
    return b"".join(decoded)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return b""
