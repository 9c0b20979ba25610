"""From the definition of a mail to its bytes: dates, headers, encodings, MIME parts and quotes of the mail before.

Written by hand rather than with the `email` package: the demo starts in a tenth of a second, and every byte is under
control, which old charsets, format=flowed and broken mail need. Nothing random and no clock: the same definition and
moment, the same bytes.
"""

from __future__ import annotations

import base64
import re
import textwrap
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

from tuimail.demo.samples.people import OWNER, Person

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ENCODED_WORD_OCTETS = 42


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, or with `content_id` a picture inside the HTML."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    disposition: str = "attachment"
    raw_headers: str = ""
    """Written in place of the usual headers, for file names that lie."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail before it has a date and bytes."""

    sender: Person
    subject: str
    text: str
    when: str
    """`40m` or `3h` before now, or `2d 09:12`: two days ago at that time of the owner's day."""
    mailbox: str = "INBOX"
    to: tuple[Person, ...] = (OWNER,)
    cc: tuple[Person, ...] = ()
    flags: str = ""
    """S seen, F flagged, A answered, D draft; any other word is a keyword."""
    html: str = ""
    files: tuple[File, ...] = ()
    charset: str = "utf-8"
    flowed: bool = False
    """format=flowed (RFC 3676): the lines of `text` are joined to paragraphs and wrapped softly."""
    headers: tuple[tuple[str, str], ...] = ()
    parent: str = ""
    """Message-ID of the mail that this one answers."""
    ancestors: tuple[str, ...] = ()
    """The Message-IDs before the parent's, oldest first."""
    raw: str = ""
    """The whole message instead of all this, Latin-1 octet by octet; `{date}` and `{id}` are filled in."""


@dataclass(frozen=True, slots=True)
class Built:
    """One mail as bytes, ready for a mailbox."""

    mailbox: str
    raw: bytes
    flags: tuple[str, ...]
    date: datetime
    """When the server received it, in UTC."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a `thread`."""

    sender: Person
    when: str
    text: str
    quote: int = 6
    """How many lines of the mail before are quoted above it; 0 for none."""
    flags: str = "S"
    files: tuple[File, ...] = ()
    to: int = -1
    """Which mail of the thread it answers: -1 the one before, 0 the first."""
    flowed: bool = False


def thread(first: Mail, *replies: Reply) -> list[Mail]:
    """A conversation: each reply quotes and answers a mail before it; the owner's own go to Sent."""
    mails = [first]
    for reply in replies:
        parent = mails[reply.to]
        others = dict.fromkeys((parent.sender, *parent.to, *parent.cc))
        to = tuple(person for person in others if person != reply.sender) or (first.sender,)
        subject = parent.subject if parent.subject.startswith(("Re: ", "RE: ", "AW: ")) else f"Re: {parent.subject}"
        mails.append(
            Mail(
                reply.sender,
                subject,
                reply.text.strip() + quote_of(parent, reply.quote),
                reply.when,
                mailbox=_place_of_reply(reply.sender, first.mailbox),
                to=to[:1],
                cc=to[1:],
                flags=reply.flags,
                files=reply.files,
                charset=first.charset,
                flowed=reply.flowed,
                headers=first.headers if first.mailbox.startswith("Lists") else (),
                parent=message_id(parent),
                ancestors=(*parent.ancestors, *([parent.parent] if parent.parent else [])),
            )
        )
    return mails


def _place_of_reply(sender: Person, mailbox: str) -> str:
    if sender == OWNER and not mailbox.startswith("Lists"):
        return "Sent"
    return "INBOX" if mailbox == "Sent" else mailbox


def quote_of(parent: Mail, lines: int) -> str:
    """The mail before, quoted: the first `lines` lines, and what it quoted itself one level deeper."""
    if not lines:
        return ""
    quoted = [f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in _shown(parent)[:lines]]
    return f"\n\n{parent.sender.name} wrote:\n" + "\n".join(quoted)


def _shown(mail: Mail) -> list[str]:
    """The lines of a mail as its reader sees them."""
    text = mail.text.strip()
    return [line.rstrip() for line in (flow(text) if mail.flowed else wrapped(text)).split("\n")]


def message_id(mail: Mail) -> str:
    """The same for the same mail: sender, subject, age and text decide."""
    digest = zlib.crc32(f"{mail.subject}\0{mail.when}\0{mail.text}".encode("utf-8", "surrogatepass"))
    return f"<{digest:08x}.{zlib.crc32(mail.sender.address.encode()):08x}@{mail.sender.address.rpartition('@')[2]}>"


def build(mail: Mail, now: datetime) -> Built:
    """The mail as it would lie in a mailbox at `now`."""
    date = sent_at(mail, now)
    mail = replace(mail, charset=_fitting_charset(mail), files=tuple(_dated(file, date) for file in mail.files))
    names = {"S": "\\Seen", "F": "\\Flagged", "A": "\\Answered", "D": "\\Draft"}
    flags = tuple(names.get(flag, flag) for flag in _flag_words(mail.flags))
    if mail.raw:
        text = mail.raw.strip("\n").replace("{date}", format_date(date)).replace("{id}", message_id(mail))
        raw = text.encode("latin-1").replace(b"\n", b"\r\n") + b"\r\n"
        return Built(mail.mailbox, raw, flags, date.astimezone(UTC))
    head = [
        ("Date", format_date(date)),
        ("From", address(mail.sender, mail.charset)),
        ("To", _addresses(mail.to, mail.charset)),
    ]
    if mail.cc:
        head.append(("Cc", _addresses(mail.cc, mail.charset)))
    head += [("Subject", encode_words(mail.subject, mail.charset)), ("Message-ID", message_id(mail))]
    if mail.parent:
        head += [("In-Reply-To", mail.parent), ("References", fold(" ".join((*mail.ancestors, mail.parent))))]
    head += [*mail.headers, ("MIME-Version", "1.0")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
    return Built(mail.mailbox, lines.encode("utf-8") + _body(mail), flags, date.astimezone(UTC))


def _dated(file: File, date: datetime) -> File:
    """An invitation to the Thursday after the mail; other files as they are."""
    if not file.content_type.startswith("text/calendar"):
        return file
    thursday = date + timedelta(days=(3 - date.weekday()) % 7 or 7)
    return replace(file, content=file.content.replace(b"{thursday}", f"{thursday:%Y%m%d}".encode()))


def _fitting_charset(mail: Mail) -> str:
    """The charset asked for, or UTF-8 when the text has characters that it lacks."""
    try:
        (mail.text + mail.html).encode(mail.charset)
    except UnicodeEncodeError:
        return "utf-8"
    return mail.charset


def _flag_words(flags: str) -> Iterable[str]:
    for word in flags.split():
        yield from (word if word.isupper() and len(word) <= 4 else [word])


# -- dates ------------------------------------------------------------------------------------------------------------


def sent_at(mail: Mail, now: datetime) -> datetime:
    """When a mail was sent; never after `now`."""
    zone = timezone(timedelta(minutes=mail.sender.utc_offset_minutes))
    match = re.fullmatch(r"(?:(\d+)m|(\d+)h|(\d+)d (\d\d):(\d\d))", mail.when)
    if match is None:
        raise ValueError(f"not an age: {mail.when}")
    if match[3] is None:
        return (
            (now - timedelta(minutes=int(match[1] or 0), hours=int(match[2] or 0)))
            .astimezone(zone)
            .replace(microsecond=0)
        )
    home = timezone(timedelta(minutes=OWNER.utc_offset_minutes))
    day = now.astimezone(home) - timedelta(days=int(match[3]))
    hour, minute = int(match[4]), int(match[5])
    sent = day.replace(hour=hour, minute=minute, second=minute * 7 % 60, microsecond=0)
    return min(sent, now).astimezone(zone)


def format_date(date: datetime) -> str:
    """A Date header in English, whatever the locale."""
    return f"{_DAYS[date.weekday()]}, {date.day:02d} {_MONTHS[date.month - 1]} {date.year} {date:%H:%M:%S %z}"


# -- headers ----------------------------------------------------------------------------------------------------------


def address(person: Person, charset: str) -> str:
    """`Name <address>`, the name encoded where it must be."""
    if not person.name:
        return person.address
    if not person.name.isascii():
        return f"{encode_words(person.name, charset)} <{person.address}>"
    name = f'"{person.name}"' if re.search(r'[()<>\[\]:;@\\,."]', person.name) else person.name
    return f"{name} <{person.address}>"


def _addresses(people: Sequence[Person], charset: str) -> str:
    return ",\r\n ".join(address(person, charset) for person in people)


def encode_words(text: str, charset: str) -> str:
    """Encoded words of RFC 2047 for text that is not ASCII, in `charset` or, where that lacks a character, UTF-8."""
    if text.isascii():
        return fold(text)
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    words, piece = [], ""
    for character in text:
        if len((piece + character).encode(charset)) > _ENCODED_WORD_OCTETS:
            words.append(piece)
            piece = ""
        piece += character
    words.append(piece)
    return "\r\n ".join(f"=?{charset}?B?{base64.b64encode(word.encode(charset)).decode()}?=" for word in words)


def fold(text: str) -> str:
    """Long header lines broken at spaces."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) > 70:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


# -- bodies -----------------------------------------------------------------------------------------------------------


def _body(mail: Mail) -> bytes:
    """Everything from Content-Type on."""
    seed = zlib.crc32(message_id(mail).encode())
    part = _text_part(mail)
    if mail.html:
        html = _leaf(f"text/html; charset={mail.charset}", mail.html.strip() + "\n", mail.charset)
        inline = [_file_part(file) for file in mail.files if file.content_id]
        if inline:
            html = _multipart("related", f"rel-{seed:08x}", [html, *inline])
        part = _multipart("alternative", f"alt-{seed:08x}", [part, html]) if mail.text else html
    attached = [_file_part(file) for file in mail.files if not file.content_id]
    if attached:
        part = _multipart("mixed", f"mix-{seed:08x}", [part, *attached])
    return part


def _text_part(mail: Mail) -> bytes:
    text = mail.text.strip("\n") + "\n"
    content_type = f"text/plain; charset={mail.charset}"
    if mail.flowed:
        return _leaf(content_type + "; format=flowed", flow(text), mail.charset)
    return _leaf(content_type, wrapped(text), mail.charset)


def flow(text: str) -> str:
    """Paragraphs wrapped at 72 with the soft line ends of RFC 3676; quoted and indented lines stay."""
    out = []
    for paragraph in text.split("\n"):
        if paragraph.startswith((">", " ")) or len(paragraph) <= 72:
            out.append(paragraph.rstrip() if paragraph != "-- " else paragraph)
            continue
        line = ""
        for word in paragraph.split(" "):
            if line and len(line) + len(word) > 72:
                out.append(line + " ")
                line = word
            else:
                line = f"{line} {word}" if line else word
        out.append(line)
    return "\n".join(out)


def _leaf(content_type: str, text: str, charset: str) -> bytes:
    octets = text.encode(charset)
    longest = max((len(line) for line in octets.split(b"\n")), default=0)
    if octets.isascii() and longest < 900:
        return _headed(content_type, "7bit", octets.replace(b"\n", b"\r\n"))
    if charset in ("gb18030", "gb2312", "big5", "utf-16") or _is_mostly_high(octets):
        return _headed(content_type, "base64", _base64_lines(octets))
    return _headed(content_type, "quoted-printable", _quoted_printable(octets))


def _is_mostly_high(octets: bytes) -> bool:
    return sum(octet > 127 for octet in octets) * 3 > len(octets)


def _headed(content_type: str, encoding: str, body: bytes, more: str = "") -> bytes:
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n{more}\r\n".encode() + body


def _base64_lines(octets: bytes) -> bytes:
    encoded = base64.b64encode(octets)
    return b"".join(encoded[start : start + 76] + b"\r\n" for start in range(0, len(encoded), 76))


def _quoted_printable(octets: bytes) -> bytes:
    lines = []
    for line in octets.split(b"\n"):
        encoded = re.sub(rb"[^\t\x20-\x3c\x3e-\x7e]|[\t ]$", lambda match: b"=%02X" % match[0][0], line)
        while len(encoded) > 76:
            cut = 75
            while b"=" in encoded[cut - 2 : cut]:
                cut -= 1
            lines.append(encoded[:cut] + b"=")
            encoded = encoded[cut:]
        lines.append(encoded)
    return b"\r\n".join(lines)


def _multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    inner = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return (
        f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
        + inner
        + f"--{boundary}--\r\n".encode()
    )


def _file_part(file: File) -> bytes:
    if file.raw_headers:
        head = file.raw_headers.strip("\n").replace("\n", "\r\n").encode("utf-8")
        return head + b"\r\n\r\n" + _base64_lines(file.content)
    if file.content_type.startswith("message/rfc822"):
        return (
            f"Content-Type: message/rfc822\r\nContent-Disposition: {file.disposition}\r\n\r\n".encode() + file.content
        )
    name = f'filename="{file.name}"' if file.name.isascii() else f"filename*=utf-8''{_percent(file.name)}"
    more = f"Content-Disposition: {file.disposition};\r\n {name}\r\n"
    if file.content_id:
        more += f"Content-ID: <{file.content_id}>\r\n"
    return _headed(file.content_type, "base64", _base64_lines(file.content), more)


def _percent(name: str) -> str:
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
    return "".join(chr(octet) if octet in safe else f"%{octet:02X}" for octet in name.encode("utf-8"))


def wrapped(text: str, width: int = 78) -> str:
    """Paragraphs of long lines as people type them: wrapped, with the line ends inside a paragraph joined first."""
    joined = re.sub(r"(?m)^([^>\s].{89,})\n(?=\S)", r"\1 ", text)
    return "\n".join(_filled(line, width) for line in joined.split("\n"))


def _filled(line: str, width: int) -> str:
    if len(line) <= width or line.startswith((">", " ")):
        return line
    return textwrap.fill(line, 74, break_long_words=False, break_on_hyphens=False)
