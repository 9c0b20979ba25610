"""A typed text as it goes out: format=flowed (RFC 3676), and the transfer encoding that fits (RFC 2045 6).

What must not live here: reading flowed text (`text`), HTML (`markdown`).
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

from tuimail.mime.decoding.charset import without_surrogates

WIDTH = 72
MAX_LINE_OCTETS = 998
"""RFC 5322 2.1.1, without CR LF."""
SIGNATURE_MARK = "-- "

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_QUOTE = re.compile(r">(?: ?>)*")
_WORD = re.compile(r"[^ ]+ *| +")


class Encoded(NamedTuple):
    """Octets for the wire and what its header says of them."""

    charset: str
    encoding: str
    octets: bytes
    """Lines end in CR LF."""


def plain_text(text: str) -> str:
    """The text with LF line ends, without controls and lone surrogates, and with a line end at its end."""
    text = without_surrogates(text).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = _CONTROLS.sub("", text)
    return text if text.endswith("\n") or not text else text + "\n"


def flow(text: str) -> str:
    """The text in lines of at most 72 characters that a reader may join again, quotes kept as such.

    A line that begins with `>` is a quote. Spaces at line ends are taken away, since
    they would join lines (RFC 3676 4.2).
    """
    lines: list[str] = []
    for line in plain_text(text).removesuffix("\n").split("\n"):
        lines += _flowed(line)
    return "\n".join(lines) + "\n" if text else ""


def _flowed(line: str) -> list[str]:
    found = _QUOTE.match(line)
    marks = ">" * found.group().count(">") if found else ""
    content = line[found.end() :].removeprefix(" ") if found else line
    if content != SIGNATURE_MARK:
        content = content.rstrip(" ")
    # RFC 3676 4.4: a space before what would be read as a quote, a space or an mbox line.
    return [
        f"{marks} {piece}" if piece and (marks or piece.startswith((" ", ">", "From "))) else marks + piece
        for piece in _pieces(content, WIDTH - len(marks) - 1)
    ]


def _pieces(content: str, width: int) -> list[str]:
    """The content cut after spaces; every piece but the last ends in one."""
    if len(content) <= width + 6 or content == SIGNATURE_MARK:
        return [content]
    pieces: list[str] = []
    piece = ""
    for word in _WORD.findall(content):
        if piece and len(piece) + len(word.rstrip(" ")) >= width and piece != SIGNATURE_MARK:
            pieces.append(piece)
            piece = ""
        piece += word
    pieces.append(piece)
    return pieces


def encoded(text: str, *, eight_bit: bool = False) -> Encoded:
    """The text for the wire: as it is where it is plain, else quoted-printable or base64, whichever is shorter."""
    octets = plain_text(text).replace("\n", "\r\n").encode("utf-8")
    is_short = all(len(line) <= MAX_LINE_OCTETS for line in octets.split(b"\r\n"))
    charset = "us-ascii" if octets.isascii() else "utf-8"
    if is_short and (octets.isascii() or eight_bit):
        return Encoded(charset, "7bit" if octets.isascii() else "8bit", octets)
    printable = binascii.b2a_qp(octets, istext=True)
    if len(printable) <= len(octets) * 78 // 57:
        return Encoded(charset, "quoted-printable", printable)
    return Encoded(charset, "base64", base64_lines(octets))


def base64_lines(octets: bytes) -> bytes:
    """Base64 in lines of 76, each with its CR LF."""
    whole = binascii.b2a_base64(octets, newline=False)
    return b"".join(whole[start : start + 76] + b"\r\n" for start in range(0, len(whole), 76))


def unflow(text: str, *, del_sp: bool = False) -> str:
    """Flowed text as a person edits it: a paragraph a line, quotes as `> > text` (RFC 3676 4.2 to 4.5)."""
    lines: list[str] = []
    depth, paragraph = 0, ""
    is_open = False
    for line in text.removesuffix("\n").split("\n"):
        content = line.lstrip(">")
        marks = len(line) - len(content)
        content = content.removeprefix(" ")
        if is_open and (marks != depth or content == SIGNATURE_MARK):
            lines.append("> " * depth + paragraph.rstrip(" "))
            is_open, paragraph = False, ""
        depth = marks
        is_open = content.endswith(" ") and content != SIGNATURE_MARK
        paragraph += content[:-1] if is_open and del_sp else content
        if not is_open:
            lines.append(("> " * depth + paragraph) if paragraph else ("> " * depth).rstrip())
            paragraph = ""
    if is_open:
        lines.append("> " * depth + paragraph.rstrip(" "))
    return "\n".join(lines) + "\n"
