r"""A message and its envelope as octets for the wire, judged before anything is sent. Pure; no socket.

What would let somebody smuggle a second message or command is refused here: a line break, NUL or angle bracket in an
address, and a CR or LF that stands alone in the message (`\n.\r\n`, `\r.\r` end it for some servers). RFC 5321, 1870,
3461, 6152, 6531, 6533.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuimail.errors import ServerRefused, UsageError

MAX_RECIPIENTS = 10_000
MAX_ADDRESS_OCTETS = 320

_BEYOND = "\u00a1-\U0010ffff"
_WORD = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_BEYOND}.-]+"
_QUOTED = rf'"(?:[ !#-;=?-\[\]-~{_BEYOND}]|\\[ -;=?-~])*"'
_DOMAIN = rf"[A-Za-z0-9{_BEYOND}](?:[A-Za-z0-9_.{_BEYOND}-]*[A-Za-z0-9{_BEYOND}])?\.?|\[[A-Za-z0-9.:-]+\]"
_ADDRESS = re.compile(rf"(?:{_WORD}|{_QUOTED})@(?:{_DOMAIN})")
_DIFFERENT = frozenset("ß\u1e9e\u03c2\u200c\u200d")
"""IDNA 2003, which Python has, makes other domains of these than IDNA 2008: mail would go to a stranger."""
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to be sent to one server."""

    recipients: tuple[str, ...]
    """As they were given, each once."""
    mail: bytes
    """The MAIL command."""
    rcpts: tuple[bytes, ...]
    """A RCPT command for each recipient."""
    raw: bytes
    """Every line ends in CRLF, the last one too."""
    notifies: bool


def letter(
    sender: str, recipients: Sequence[str], raw: bytes, capabilities: Mapping[str, Sequence[str]], *,
    host: str, dsn: bool = False,
) -> Letter:
    """The commands for a message. An empty sender is the null path of bounces.

    Raises UsageError for what may be sent to nobody, and ServerRefused, whose `code` is SIZE, 8BITMIME or SMTPUTF8, for
    what this server says that it does not take.
    """
    check_message(raw)
    wanted = tuple(dict.fromkeys(recipients))
    if not 0 < len(wanted) <= MAX_RECIPIENTS:
        raise UsageError(f"A message goes to 1 to {MAX_RECIPIENTS} recipients.", "Add a recipient, or send it twice.")
    for address in wanted if not sender else (sender, *wanted):
        check_address(address)
    whole = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    _check_size(len(whole), size_limit(capabilities), host)
    utf8 = "SMTPUTF8" in capabilities
    paths = [_path(address, host, utf8=utf8) for address in (sender, *wanted)]
    notifies = dsn and "DSN" in capabilities
    options = _options(len(whole), eight_bit=not raw.isascii(), capabilities=capabilities, host=host)
    if not all(path.isascii() for path in paths):
        options.append("SMTPUTF8")
    if notifies:
        options.append("RET=HDRS")
    return Letter(
        wanted,
        " ".join([f"MAIL FROM:<{paths[0]}>", *options]).encode(),
        tuple(
            f"RCPT TO:<{path}>{_notify(address) if notifies else ''}".encode()
            for address, path in zip(wanted, paths[1:], strict=True)
        ),
        whole,
        notifies,
    )


def check_message(raw: bytes) -> None:
    """UsageError for octets that may not stand in a message (RFC 5321 2.3.8, 4.1.1.4)."""
    pairs = raw.count(b"\r\n")
    if not raw or raw.count(b"\r") != pairs or raw.count(b"\n") != pairs or b"\0" in raw:
        raise UsageError(
            "The message is empty, or holds a NUL or a line end that is not CR LF, so it is not sent.",
            "Open it in the composer and send it again.",
        )


def check_address(address: str) -> None:
    """UsageError for what is not one plain address, `local@domain`."""
    octets = len(address.encode("utf-8", "replace"))
    surrogate = any(0xD800 <= ord(char) <= 0xDFFF for char in address)
    if surrogate or octets > MAX_ADDRESS_OCTETS or not _ADDRESS.fullmatch(address):
        shown = "".join(char if char.isprintable() else "\ufffd" for char in address[:80])
        raise UsageError(f"{shown or 'Nothing'} is not a mail address.", "Correct it; the message was not sent.")


def is_normal(address: str) -> bool:
    """Whether `check_address` takes it."""
    try:
        check_address(address)
    except UsageError:
        return False
    return True


def size_limit(capabilities: Mapping[str, Sequence[str]]) -> int | None:
    """SIZE: octets of the largest message; None when nothing is said. RFC 1870 4: 0 is no fixed limit."""
    word = (*capabilities.get("SIZE", ()), "")[0]
    return int(word) or None if word.isascii() and word.isdigit() and len(word) < 19 else None


def _check_size(octets: int, limit: int | None, host: str) -> None:
    if limit is not None and octets > limit:
        raise ServerRefused(
            f"The message has {_mega(octets)} MB, and {host} takes {_mega(limit)} MB at most.",
            "Send smaller attachments, or a link to them.", code="SIZE",
        )


def _mega(octets: int) -> str:
    return f"{octets / 1_000_000:.1f}" if octets < 100_000_000 else f"{octets // 1_000_000}"


def _options(octets: int, *, eight_bit: bool, capabilities: Collection[str], host: str) -> list[str]:
    options = [f"SIZE={octets}"] if "SIZE" in capabilities else []
    if eight_bit:
        if "8BITMIME" not in capabilities:
            raise ServerRefused(
                f"The message holds 8-bit text, and {host} takes 7-bit text only.",
                "Send it with every part encoded as quoted-printable or base64.", code="8BITMIME",
            )
        options.append("BODY=8BITMIME")
    return options


def _path(address: str, host: str, *, utf8: bool) -> str:
    """An address as this server can read it; a domain beyond ASCII has a spelling within it (RFC 5890)."""
    if utf8 or address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    if local.isascii() and not set(domain) & _DIFFERENT:
        try:
            return f"{local}@{domain.encode('idna').decode('ascii')}"
        except UnicodeError:
            pass  # told below
    raise ServerRefused(
        f"{host} does not take addresses with letters beyond ASCII.",
        "Write to another address of these people, or send through another server.", code="SMTPUTF8",
    )


def _notify(address: str) -> str:
    """RFC 3461 4.1 and 4.2, RFC 6533 3."""
    if address.isascii():
        coded = _NOT_XTEXT.sub(lambda match: f"+{ord(match[0]):02X}", address)
        return f" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{coded}"
    coded = "".join(
        char if "!" <= char <= "~" and char not in "+=\\" else f"\\x{{{ord(char):02X}}}" for char in address
    )
    return f" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=utf-8;{coded}"


def dotted(raw: bytes, block_octets: int) -> Iterator[tuple[bytes, int]]:
    """Blocks for DATA, a second dot before each dot that begins a line, and how far into `raw` each comes.

    Every block ends between two lines, or within one: never between CR and LF (RFC 5321 4.5.2).
    """
    start = 0
    while start < len(raw):
        end = min(start + block_octets, len(raw))
        if raw[end - 1] == 13:
            end += 1
        block = raw[start:end].replace(b"\r\n.", b"\r\n..")
        if block.startswith(b".") and (start == 0 or raw[start - 2 : start] == b"\r\n"):
            block = b"." + block
        yield block, end
        start = end
