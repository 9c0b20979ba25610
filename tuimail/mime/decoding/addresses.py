"""Address lists of headers (RFC 5322 3.4) as people really write them.

One pass, no recursion, no exception: groups, comments of any depth, quotes that never
end. What cannot be read is kept as a name without an address, never guessed into a
different mailbox (the lesson of CVE-2023-27043).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from tuimail.model import Address

MAX_ADDRESSES = 200
MAX_VALUE_CHARACTERS = 16 * 1024

_SPEC = r"""[^\s"<>()\[\]:;@\\,]++@[^\s"<>()\[\]:;@\\,]++"""
# Possessive throughout: one attempt, linear on any input.
_SIMPLE = re.compile(rf"""\s*+(?:"([^"\\]*+)"\s*+|([^"<>()\[\]:;@\\,]*+))<\s*+({_SPEC})\s*+>\s*+\Z""")
_BARE = re.compile(rf"\s*+({_SPEC})\s*+\Z")
_TOKEN = re.compile(r'[^"(<>,;:\[\\]+|.', re.DOTALL)
_QUOTE_END = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_LITERAL_END = re.compile(r"[^\]]*\]?")
_ANGLE_END = re.compile(r'(?:[^<>"\\]|\\.|"(?:[^"\\]|\\.?)*+(?:"|\Z))*+', re.DOTALL)
_COMMENT_STEP = re.compile(r"[^()\\]*(?:\\.[^()\\]*)*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_addresses(value: str) -> tuple[Address, ...]:
    """The mailboxes of a decoded header value, groups flattened, at most 200.

    An entry without a usable address has an empty `address` and its words as `name`.
    """
    value = value[:MAX_VALUE_CHARACTERS]
    if simple := _one(value):
        return (simple,)
    return tuple(_Reader(value).read())


@lru_cache(maxsize=8192)
def first_address(value: str) -> Address:
    """The first mailbox of a header value; both fields empty when there is none."""
    simple = _one(value)
    if simple:
        return simple
    found = parse_addresses(value)
    return found[0] if found else Address("", "")


def _one(value: str) -> Address | None:
    """The usual `Name <local@domain>` or bare address, without the long way round."""
    if found := _SIMPLE.match(value):
        return Address(" ".join((found[1] or found[2] or "").split()), found[3])
    if found := _BARE.match(value):
        return Address("", found[1])
    return None


@dataclass(slots=True)
class _Reader:
    """One walk over a value. `words` and `comments` belong to the entry being read."""

    value: str
    found: list[Address] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    quoted: bool = False
    has_at: bool = False

    def read(self) -> list[Address]:
        position = 0
        end = len(self.value)
        while position < end and len(self.found) < MAX_ADDRESSES:
            character = self.value[position]
            position = self._step(character, position)
        if len(self.found) < MAX_ADDRESSES:
            self._finish()
        return self.found

    def _step(self, character: str, position: int) -> int:
        """Read one token at `position`; the position after it."""
        if character == '"':
            return self._quoted(position + 1)
        if character == "(":
            return self._comment(position + 1)
        if character == "<":
            return self._angle(position + 1)
        if character == "[":
            literal = _LITERAL_END.match(self.value, position)
            stop = literal.end() if literal else position + 1
            self._word(self.value[position:stop])
            return stop
        if character in ",;":
            self._finish()
            return position + 1
        if character == ":" and self.angle is None and not self.has_at:
            self._forget()  # the name of a group; its members follow (RFC 5322 3.4)
            return position + 1
        token = _TOKEN.match(self.value, position)
        stop = token.end() if token else position + 1
        self._word(self.value[position:stop])
        return stop

    def _word(self, text: str) -> None:
        self.words.append(text)
        self.has_at = self.has_at or "@" in text

    def _quoted(self, position: int) -> int:
        inner = _QUOTE_END.match(self.value, position)
        stop = inner.end() if inner else position
        text = _ESCAPED.sub(r"\1", self.value[position:stop])
        # "john doe"@example.org: the quotes belong to the address (RFC 5322 3.4.1).
        after = self.value[stop + 1 : stop + 2]
        self.words.append(f'"{text}"' if after == "@" else text)
        self.quoted = True
        return stop + 1

    def _angle(self, position: int) -> int:
        inner = _ANGLE_END.match(self.value, position)
        stop = inner.end() if inner else position
        if self.angle is None:
            self.angle = self.value[position:stop]
        else:
            self.words.append(f"<{self.value[position:stop]}>")
        return stop + 1 if self.value[stop : stop + 1] == ">" else max(stop, position)

    def _comment(self, position: int) -> int:
        depth = 1
        start = position
        end = len(self.value)
        while position < end:
            step = _COMMENT_STEP.match(self.value, position)
            position = step.end() if step else position
            mark = self.value[position : position + 1]
            position += 1
            depth += (mark == "(") - (mark == ")")
            if depth == 0:
                self.comments.append(self.value[start : position - 1])
                return position
        return end

    def _forget(self) -> None:
        self.words.clear()
        self.comments.clear()
        self.angle = None
        self.quoted = False
        self.has_at = False

    def _finish(self) -> None:
        text = " ".join("".join(self.words).split())
        comment = " ".join(" ".join(self.comments).split())
        if self.angle is not None:
            address = "".join(self.angle.split()) if "@" in self.angle else self.angle.strip()
            if address.startswith("@") and ":" in address:
                address = address.split(":", 1)[1]  # a source route (RFC 5322 4.4)
            self.found.append(Address(text or comment, address))
        elif text:
            self.found.append(_without_angle(text, comment, quoted=self.quoted))
        self._forget()


def _without_angle(text: str, comment: str, *, quoted: bool) -> Address:
    """An entry without angle brackets: an address if it is exactly that, else a name."""
    if text.count("@") == 1 or (quoted and text.rpartition("@")[0].startswith('"')):
        local, _, domain = text.rpartition("@")
        if local and domain and " " not in domain and (" " not in local or local.startswith('"')):
            return Address(comment, text)
    return Address(text, "")
