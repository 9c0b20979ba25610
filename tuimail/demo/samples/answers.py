"""People who answer mail that the demo sends: each reads one line of it and writes back."""

from __future__ import annotations

from datetime import datetime

from tuimail.demo.samples.builder import encode_words, format_date
from tuimail.demo.samples.people import ALAN, CHARLES, EMILE, GRACE, OWNER, Person

_ANSWERS: tuple[tuple[Person, str], ...] = (
    (GRACE, "Got it, thank you. It is easier to ask forgiveness than permission, so I have started already.\n\nGrace"),
    (ALAN, "Received, and understood by a human being, as far as you can tell from the outside.\n\nAlan"),
    (EMILE, "Bien reçu, merci ! Je regarde cela demain matin, après le café.\n\nÉmile"),
    (
        CHARLES,
        (
            "Your letter finds me designing something larger. I shall answer properly when it is finished,\n"
            "which may be some time.\n\nC. B."
        ),
    ),
)


def answer_to(recipient: str, raw: bytes, now: datetime) -> bytes | None:
    """What this recipient writes back, as a whole message; None for people who do not answer."""
    found = next(((person, text) for person, text in _ANSWERS if person.address == recipient.lower()), None)
    if found is None:
        return None
    person, text = found
    subject = _header(raw, b"subject") or "your letter"
    if not subject.lower().startswith("re:"):
        subject = f"Re: {subject}"
    parent = _header(raw, b"message-id")
    lines = [
        f"Date: {format_date(now)}",
        f"From: {encode_words(person.name, 'utf-8')} <{person.address}>",
        f"To: {OWNER.name} <{OWNER.address}>",
        f"Subject: {subject}",
        f"Message-ID: <{now:%Y%m%d%H%M%S%f}.answer@{person.address.rpartition('@')[2]}>",
        *([f"In-Reply-To: {parent}", f"References: {parent}"] if parent else []),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        text,
        "",
    ]
    return "\n".join(lines).encode("utf-8").replace(b"\n", b"\r\n")


def _header(raw: bytes, name: bytes) -> str:
    """The first line of a header field, without control characters; a folded one is cut."""
    for line in raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        field, colon, value = line.partition(b":")
        if colon and field.strip().lower() == name:
            return "".join(c for c in value.strip().decode("utf-8", "replace") if c.isprintable())
    return ""
