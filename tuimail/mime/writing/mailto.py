"""`mailto:` links (RFC 6068) as the beginning of a message, and nothing that a link should not decide.

To, Cc, Bcc, Subject and Body are taken; every other field, and attachments above all, is
left out and named. What is decoded is bounded, and holds no control character.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tuimail.errors import UsageError
from tuimail.mime.clean import clean_line, clean_text
from tuimail.mime.decoding.charset import decode_unnamed
from tuimail.mime.writing.typed import joined, one_line

MAX_LINK_CHARACTERS = 64 * 1024
MAX_FIELDS = 100
MAX_SUBJECT_CHARACTERS = 1_000
MAX_BODY_CHARACTERS = 50_000
MAX_PEOPLE = 100

_SCHEME = re.compile(r"\s*mailto:(?://)?", re.IGNORECASE)


class Mailto(NamedTuple):
    """What a link asks for; the address fields as a person would type them."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    body: str = ""
    notes: tuple[str, ...] = ()
    """What was left out, in sentences."""


def parse_mailto(link: str) -> Mailto:
    """The message that a link begins. Raises UsageError for what is no mailto link."""
    found = _SCHEME.match(link)
    if not found:
        raise UsageError("This is not a mailto: link.", "A link looks like mailto:ada@example.org?subject=Hello.")
    if len(link) > MAX_LINK_CHARACTERS:
        raise UsageError("This mailto: link is too long.", "Write the message by hand.")
    path, _, query = link[found.end() :].partition("#")[0].partition("?")
    people: dict[str, list[str]] = {"to": _addresses(path), "cc": [], "bcc": []}
    text = {"subject": "", "body": ""}
    ignored: list[str] = []
    for pair in re.split(r"&(?:amp;)?", query)[:MAX_FIELDS]:
        name, _, value = pair.partition("=")
        key = one_line(_decoded(name)).lower()
        if key in people:
            people[key] += _addresses(value)
        elif key == "subject":
            text["subject"] = clean_line(_decoded(value).replace("\r\n", " "), MAX_SUBJECT_CHARACTERS).strip()
        elif key == "body":
            # Several bodies are lines of one (RFC 6068 2 allows one; programs write more).
            text["body"] += ("\n" if text["body"] else "") + clean_text(_decoded(value))[:MAX_BODY_CHARACTERS]
        elif key:
            ignored.append(clean_line(key, 40))
    return Mailto(
        _joined(people["to"]), _joined(people["cc"]), _joined(people["bcc"]), text["subject"],
        text["body"][:MAX_BODY_CHARACTERS], tuple(_notes(ignored, people)),
    )  # fmt: skip


def _notes(ignored: list[str], people: dict[str, list[str]]) -> list[str]:
    notes = []
    if ignored:
        names = ", ".join(dict.fromkeys(ignored[:10]))
        notes.append(f"The link asked for more, which was left out: {names}.")
    if people["bcc"]:
        notes.append("The link asks for a blind copy: look at Bcc before you send this.")
    return notes


def _addresses(value: str) -> list[str]:
    # RFC 6068 2 (2): a comma between addresses stands as it is, one within an address is encoded.
    return [address for each in value.split(",")[:MAX_PEOPLE] if (address := clean_line(_decoded(each), 400).strip())]


def _joined(people: list[str]) -> str:
    """A list that splits where the link did: an address with a comma in it stays one."""
    return joined(("", each.replace(",", " ").replace(";", " ")) for each in people[:MAX_PEOPLE])


def _decoded(value: str) -> str:
    # "+" is a plus here and no space (RFC 6068 5).
    return decode_unnamed(unquote_to_bytes(value.encode("utf-8", "replace")))
