"""HTML of mail without its tags: what is shown when a real reader of HTML failed.

Linear on any input, and light: neither lexbor nor html2text is loaded, so the process
that owns the store may call it.
"""

from __future__ import annotations

import html
import re

from tuimail.mime.clean import clean_text
from tuimail.mime.reading.text import plain_to_readable
from tuimail.model import ReadableText

MAX_MARKUP_CHARACTERS = 256 * 1024

CUT = "The rest of this message is too long and is not shown."
SIMPLE = "The layout of this message could not be read; only its words are shown."

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,15}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};?)")
_CONTENT_DROPPED = frozenset(["script", "style", "head", "title", "template", "svg", "textarea", "select"])
_BREAKS = frozenset(
    ["p", "div", "br", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr",
     "td", "th", "dt", "dd", "section", "article", "header", "footer", "center", "body"]
)  # fmt: skip


def fallback_readable(markup: str, *, first_link: int = 1, size_limit: int = MAX_MARKUP_CHARACTERS) -> ReadableText:
    """The words of the markup without its tags, in linear time, whatever it is."""
    words = _without_tags(markup[:size_limit])
    # Runs of white space mean nothing in HTML; only the breaks that tags made are kept.
    lines = (" ".join(line.split()) for line in clean_text(words).split("\n"))
    readable = plain_to_readable("\n".join(lines), first_link=first_link)
    notes = (SIMPLE, CUT) if len(markup) > size_limit else (SIMPLE,)
    return ReadableText("html", readable.lines, readable.links, notes)


def _without_tags(markup: str) -> str:
    pieces: list[str] = []
    position = 0
    while (start := markup.find("<", position)) >= 0:
        pieces.append(_unescaped(markup[position:start]))
        if markup.startswith("<!--", start):
            end = markup.find("-->", start + 4)
            position = end + 3 if end >= 0 else len(markup)
            continue
        named = _NAME.match(markup, start + 2 if markup.startswith("/", start + 1) else start + 1)
        end = markup.find(">", start)
        if end < 0:
            position = len(markup)  # an unfinished tag has no words
            break
        if named is None and not markup.startswith(("<!", "<?", "</"), start):
            pieces.append("<")  # "1 < 2" is text
            position = start + 1
            continue
        position = end + 1
        name = named.group().lower() if named else ""
        if name in _BREAKS:
            pieces.append("\n")
        if name in _CONTENT_DROPPED and not markup.startswith("/", start + 1):
            position = _after_content(markup, name, position)
    pieces.append(_unescaped(markup[position:]))
    return "".join(pieces)


def _after_content(markup: str, name: str, position: int) -> int:
    """After the end tag of an element whose content is no text; the end when it never ends."""
    found = re.compile(f"</{name}[^>]*>?", re.IGNORECASE).search(markup, position)
    return found.end() if found else len(markup)


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text.replace("\n", " ")
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text).replace("\n", " ")
