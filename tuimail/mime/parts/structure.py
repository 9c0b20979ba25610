"""BODYSTRUCTURE (RFC 9051 7.5.2, RFC 3501 7.4.2) to a tree of parts, from raw bytes.

Servers differ: fields are missing, NIL stands everywhere, strings stand where lists
should, continuations are joined or not. So positions are trusted only as far as their
type fits. Nothing is raised, nothing recurses deeper than the depth cap.

What must not live here: what a part's bytes are (`parse`), and which part is shown to
whom beyond the choice of text and attachments (`readable`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tuimail.mime.decoding.charset import decode_unnamed
from tuimail.mime.decoding.parameters import resolve
from tuimail.mime.decoding.words import decode_header
from tuimail.mime.parts.choice import TextChoice, attachments, estimate_decoded, text_parts
from tuimail.model import Part, Section

__all__ = [
    "MAX_DEPTH", "MAX_PARTS", "TextChoice", "attachments", "estimate_decoded", "has_attachments",
    "parse_bodystructure", "text_parts",
]  # fmt: skip

MAX_DEPTH = 50
MAX_PARTS = 1_000
MAX_STRUCTURE_OCTETS = 4 * 1024 * 1024
_MAX_LIST_DEPTH = 3 * MAX_DEPTH + 10
"""Parentheses: a nested message adds its own list, an envelope two more."""
_MAX_NODES = 400_000

_Node = bytes | None | list["_Node"]
"""A string or atom, NIL, or a list."""

_TOKEN = re.compile(
    rb"""[\s]*+(?:(\()|(\))|"((?:[^"\\]|\\.?)*+)(?:"|\Z)|\{([0-9]{1,10})\+?\}\r?\n|([^\s()"{]++|.))""", re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def parse_bodystructure(raw: bytes) -> Part | None:
    """The tree of parts; None when the bytes hold no body structure at all.

    Section numbers are IMAP's: a root that is no multipart is `1`, a multipart root has
    the empty section, the multipart inside a message at `2` has `2.TEXT`.
    """
    tree = _read_lists(raw)
    if not isinstance(tree, list) or not tree:
        return None
    if len(tree) == 1 and isinstance(tree[0], list) and _is_body(tree[0]) and not _looks_like_part(tree[0]):
        tree = tree[0]
    if not _is_body(tree):
        return None
    return _Builder().body(tree, Section(""), 0)


def _read_lists(raw: bytes) -> _Node:
    """The first parenthesised list as Python lists; too deep or too many nodes are left out."""
    root: list[_Node] = []
    stack: list[list[_Node]] = [root]
    skipped = 0
    position = 0
    nodes = 0
    raw = raw[:MAX_STRUCTURE_OCTETS]
    while nodes < _MAX_NODES and (found := _TOKEN.match(raw, position)):
        position = found.end()
        nodes += 1
        if found.group(1):
            if skipped or len(stack) > _MAX_LIST_DEPTH:
                skipped += 1
                continue
            inner: list[_Node] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif found.group(2):
            if skipped:
                skipped -= 1
                continue
            if len(stack) > 1:
                stack.pop()
            if len(stack) == 1:
                break
        else:
            value, position = _scalar(found, raw, position)
            if not skipped:
                stack[-1].append(value)
    return root[0] if root else None


def _scalar(found: re.Match[bytes], raw: bytes, position: int) -> tuple[bytes | None, int]:
    quoted, octets, atom = found.group(3), found.group(4), found.group(5)
    if octets is not None:
        stop = position + int(octets)
        return raw[position:stop], stop
    if quoted is not None:
        return (_ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted), position
    return (None if atom.upper() == b"NIL" else atom), position


def _is_body(node: _Node) -> bool:
    """True for what can be a body: parts, or a type and a subtype."""
    if not isinstance(node, list) or not node:
        return False
    if isinstance(node[0], list):
        return True
    # (NIL "mixed" ...): a multipart without parts, as Exchange writes it.
    return len(node) >= 2 and (isinstance(node[1], bytes) or isinstance(node[0], bytes))


def _looks_like_part(node: list[_Node]) -> bool:
    return len(node) > 1 and isinstance(node[0], bytes) and isinstance(node[1], bytes)


def _string(node: list[_Node], index: int) -> bytes:
    value = node[index] if index < len(node) else None
    return value if isinstance(value, bytes) else b""


def _lower(octets: bytes) -> str:
    return decode_unnamed(octets).strip().lower()


def _pairs(node: _Node) -> dict[str, str]:
    """A parameter list `("name" "value" ...)`; anything else is no parameters."""
    if not isinstance(node, list):
        return {}
    strings = [decode_unnamed(value) if isinstance(value, bytes) else "" for value in node[:400]]
    return resolve(zip(strings[::2], strings[1::2], strict=False))


def _disposition(node: list[_Node], start: int) -> tuple[str, dict[str, str]]:
    """Kind and parameters of the first thing at or after `start` that is a disposition."""
    for value in node[start:]:
        if isinstance(value, list) and value and isinstance(value[0], bytes):
            kind = _lower(value[0])
            if kind in ("inline", "attachment") or (len(value) == 2 and not isinstance(value[1], bytes)):
                return kind, _pairs(value[1]) if len(value) > 1 else {}
        elif isinstance(value, bytes) and value.lower() in (b"inline", b"attachment"):
            return _lower(value), {}  # a string where a list belongs
    return "", {}


def _size(octets: bytes) -> int:
    return int(octets) if octets.isdigit() and len(octets) <= 18 else 0


@dataclass(slots=True)
class _Builder:
    parts: int = 0

    def body(self, node: list[_Node], section: Section, depth: int) -> Part:
        """The part of a body that is a whole message, or of the message at `section`."""
        if isinstance(node[0], list) or node[0] is None:
            own = Section(f"{section}.TEXT") if section else Section("")
            return self.multipart(node, own, f"{section}." if section else "", depth)
        return self.leaf(node, Section(f"{section}.1" if section else "1"), depth)

    def part(self, node: list[_Node], section: Section, depth: int) -> Part:
        if isinstance(node[0], list) or node[0] is None:
            return self.multipart(node, section, f"{section}.", depth)
        return self.leaf(node, section, depth)

    def multipart(self, node: list[_Node], section: Section, prefix: str, depth: int) -> Part:
        self.parts += 1
        count = 0
        while count < len(node) and isinstance(node[count], list):
            count += 1
        children: list[Part] = []
        for number, child in enumerate(node[:count], 1):
            if depth >= MAX_DEPTH or self.parts >= MAX_PARTS:
                break
            if isinstance(child, list) and _is_body(child):
                children.append(self.part(child, Section(f"{prefix}{number}"), depth + 1))
        if count == 0:
            count = 1  # NIL in place of the parts
        subtype = _lower(_string(node, count)) or "mixed"
        kind, _ = _disposition(node, count + 1)
        return Part(
            section=section, content_type=f"multipart/{subtype}", charset="", encoding="", size_octets=0,
            disposition=kind, filename="", content_id="", format_flowed=False, del_sp=False, children=tuple(children),
        )  # fmt: skip

    def leaf(self, node: list[_Node], section: Section, depth: int) -> Part:
        self.parts += 1
        content_type = f"{_lower(_string(node, 0)) or 'text'}/{_lower(_string(node, 1)) or 'plain'}"
        given = _pairs(node[2] if len(node) > 2 else None)
        is_message = content_type in ("message/rfc822", "message/global")
        children: tuple[Part, ...] = ()
        if is_message and depth < MAX_DEPTH and self.parts < MAX_PARTS and (inner := _nested_body(node)):
            children = (self.body(inner, section, depth + 1),)
        kind, about = _disposition(node, 10 if is_message and children else 7)
        return make_part(
            section=section,
            content_type=content_type,
            parameters=given,
            encoding=_lower(_string(node, 5)),
            size_octets=_size(_string(node, 6)),
            disposition=kind,
            disposition_parameters=about,
            content_id=decode_header(_string(node, 3)).strip(),
            children=children,
        )


def _nested_body(node: list[_Node]) -> list[_Node] | None:
    """The body of a message/rfc822: after the envelope, wherever the server put it."""
    for value in node[8:10]:
        if isinstance(value, list) and _is_body(value) and (isinstance(value[0], list) or _looks_like_part(value)):
            return value
    return None


def make_part(
    *,
    section: Section,
    content_type: str,
    parameters: dict[str, str],
    encoding: str,
    size_octets: int,
    disposition: str,
    disposition_parameters: dict[str, str],
    content_id: str,
    children: tuple[Part, ...] = (),
) -> Part:
    """A part from its headers' values, however they were read."""
    kind = disposition
    if kind not in ("", "inline"):
        kind = "attachment"  # RFC 2183 2.8: an unknown disposition is an attachment
    return Part(
        section=section,
        content_type=content_type,
        charset=parameters.get("charset", "").strip().lower(),
        encoding=encoding,
        size_octets=size_octets,
        disposition=kind,
        filename=disposition_parameters.get("filename") or parameters.get("name") or "",
        content_id=content_id,
        format_flowed=parameters.get("format", "").strip().lower() == "flowed",
        del_sp=parameters.get("delsp", "").strip().lower() == "yes",
        children=children,
    )


# Every alternative begins at the parenthesis of a part or of a disposition.
_ATTACHED = re.compile(
    rb'\("(?:attachment"'
    rb'|(?:application|audio|video|model|font)" "(?!(?:pgp-signature|(?:x-)?pkcs7-(?:signature|mime)|pgp-encrypted)")'
    rb'|message" "(?:rfc822|global)"'
    rb'|image" "[^"]*" (?:NIL|\([^()]*\)) NIL )',  # an image that no text refers to by a Content-ID
    re.IGNORECASE,
)


def has_attachments(raw: bytes) -> bool:
    """Whether a list should show an attachment mark: a scan of the raw structure, no parsing."""
    return _ATTACHED.search(raw) is not None
