"""Which parts of a message are its text, and which are its attachments.

Decided on the tree alone (RFC 2046 5.1, RFC 2183, RFC 2387), before any byte of a part
is here: the engine fetches what this says.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuimail.model import Part, Section

_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
     "application/pgp-encrypted"}
)  # fmt: skip
_READABLE = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown"})

MAX_CALENDAR_OCTETS = 128 * 1024
"""A larger calendar is a file, not an invitation."""
EXCUSE_OCTETS = 300
"""A plain part below this can be an excuse for having none."""


@dataclass(frozen=True, slots=True)
class TextChoice:
    """What a person reads of a message, in document order, in one or two tellings."""

    plain: tuple[Part, ...] = ()
    """The parts to read where plain text is preferred; empty when that would be the same as `html`."""
    html: tuple[Part, ...] = ()
    """The parts to read where HTML is preferred (plain parts between them included); empty without HTML."""
    calendar: tuple[Part, ...] = ()
    """The first small calendar part, attached or not: an invitation. It also opens `plain` and `html`."""


def text_parts(root: Part) -> TextChoice:
    """The parts a person reads; of alternatives, one for each telling."""
    calendar: list[Part] = []
    start = root
    if root.content_type.startswith("message/") and root.children:
        start = root.children[0]  # a message that is nothing but another one
    plain, html = _read(start, calendar, is_first=True)
    tellings = [tuple(plain), tuple(html)]
    if tellings[0] == tellings[1]:
        has_html = any(part.content_type == "text/html" for part in tellings[0])
        tellings = [(), tellings[0]] if has_html else [tellings[0], ()]
    invitation = tuple(calendar[:1])
    if not any(tellings):
        return TextChoice(invitation, (), invitation)
    in_plain, in_html = (invitation + parts if parts else () for parts in tellings)
    return TextChoice(in_plain, in_html, invitation)


def telling(root: Part, kind: str) -> tuple[str, tuple[Part, ...]]:
    """Which telling of a message is read, and the parts that takes; a `kind` of `text` is the better one."""
    choice = text_parts(root)
    prefer = kind
    if kind == "text":
        plain_octets, html_octets = choice_octets(choice)
        # A plain part of two lines beside a whole newsletter only says: get another program.
        is_excuse = plain_octets < EXCUSE_OCTETS and html_octets > 20 * plain_octets
        prefer = "html" if choice.html and (is_excuse or not choice.plain) else "plain"
    chosen = choice.html or choice.plain if prefer == "html" else choice.plain or choice.html
    sections = {part.section for part in chosen}
    return prefer, (*chosen, *(part for part in choice.calendar if part.section not in sections))


def choice_octets(choice: TextChoice) -> tuple[int, int]:
    """What both tellings weigh, as transferred."""
    return sum(part.size_octets for part in choice.plain), sum(part.size_octets for part in choice.html)


def _read(part: Part, calendar: list[Part], *, is_first: bool) -> tuple[list[Part], list[Part]]:
    """The two tellings of a part, plain first. Depth is bounded by the tree's."""
    kind = part.content_type
    if kind == "multipart/alternative":
        return _alternatives(part, calendar)
    if kind == "multipart/related":
        return _read(part.children[0], calendar, is_first=is_first) if part.children else ([], [])
    if kind == "multipart/signed":
        return _read(part.children[0], calendar, is_first=is_first) if part.children else ([], [])
    if kind == "multipart/encrypted":
        return [], []
    if kind.startswith("multipart/"):
        plain: list[Part] = []
        html: list[Part] = []
        for index, child in enumerate(part.children):
            in_plain, in_html = _read(child, calendar, is_first=is_first and index == 0)
            plain += in_plain
            html += in_html
        return plain, html
    if kind == "text/calendar" and part.size_octets <= MAX_CALENDAR_OCTETS:
        calendar.append(part)
        return [], []
    return ([part], [part]) if _is_text(part, is_first=is_first) else ([], [])


def _is_text(part: Part, *, is_first: bool) -> bool:
    if part.disposition == "attachment" or not part.content_type.startswith("text/"):
        return False
    if part.content_type in _READABLE:
        # A named text after the first part is a file, unless its sender says inline.
        return is_first or not part.filename or part.disposition == "inline"
    return not part.filename and part.content_type != "text/rfc822-headers"


def _alternatives(part: Part, calendar: list[Part]) -> tuple[list[Part], list[Part]]:
    """RFC 2046 5.1.4: the last alternative is the richest; each telling takes the last that suits it."""
    plain: list[Part] = []
    html: list[Part] = []
    other: list[Part] = []
    for child in part.children:
        in_plain, in_html = _read(child, calendar, is_first=True)
        if any(found.content_type == "text/html" for found in in_html):
            html = in_html
            if in_plain and in_plain != in_html:
                plain = in_plain
        elif any(found.content_type == "text/plain" for found in in_plain):
            plain = in_plain
        elif in_plain:
            other = in_plain
    plain = plain or html or other
    return plain, html or plain


def attachments(root: Part) -> tuple[Part, ...]:
    """Parts to save, in document order: files, images, nested messages; not text, not signatures."""
    chosen = text_parts(root)
    read = {part.section for part in (*chosen.plain, *chosen.html) if part.content_type != "text/calendar"}
    found: list[Part] = []
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if part.children and part.content_type.startswith("multipart/"):
            waiting.extend(reversed(_unread(part, read)))
        elif part.content_type.startswith("multipart/") or part.section in read:
            continue
        elif part.content_type not in _SIGNATURES:
            found.append(part)
    return tuple(found)


def _unread(part: Part, read: set[Section]) -> list[Part]:
    """The children, without alternative texts that another telling already stands for."""
    if part.content_type != "multipart/alternative" or not read:
        return list(part.children)
    return [child for child in part.children if child.content_type not in ("text/plain", "text/html")]


def estimate_decoded(part: Part) -> int:
    """About how many octets the part has once its transfer encoding is undone."""
    if part.encoding == "base64":
        # 57 octets become a line of 76 and CR LF.
        return part.size_octets * 57 // 78
    return part.size_octets
