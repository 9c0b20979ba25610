"""HTML of mail to readable lines; nothing remote is ever loaded, nothing is ever run.

lexbor (selectolax) reads the markup as browsers do, what is hidden or decoration goes,
html2text lays out the rest, and marks that no mail can forge carry links, emphasis and
kinds through it. `html_fallback` needs neither and takes linear time on any input.
"""

from __future__ import annotations

import html2text

from tuimail.mime.html.fallback import CUT, MAX_MARKUP_CHARACTERS, SIMPLE, fallback_readable
from tuimail.mime.html.lines import lines_of
from tuimail.mime.html.markup import Counts, MarkupWriter
from tuimail.mime.html.tree import TooComplex, parse_tree
from tuimail.mime.reading.links import LinkBook
from tuimail.model import ReadableText

__all__ = ["CUT", "FORM", "MAX_MARKUP_CHARACTERS", "SIMPLE", "fallback_readable", "html_to_readable"]

FORM = "This message has a form; it cannot be filled in here."


def html_to_readable(
    markup: str, *, first_link: int = 1, size_limit: int = MAX_MARKUP_CHARACTERS
) -> ReadableText:
    """The readable lines of HTML; links are numbered from `first_link`.

    Beyond `size_limit` characters nothing is read, and that is said in a note. Markup
    that lexbor would take too long for goes to `fallback_readable`.
    """
    cut = len(markup) > size_limit
    markup = markup[:size_limit]
    try:
        tree = parse_tree(markup)
    except TooComplex:
        return fallback_readable(markup, first_link=first_link)
    writer = MarkupWriter(LinkBook(first=first_link))
    lines = lines_of(_laid_out(writer.write(tree.body)))
    notes = _notes(writer.counts)
    if tree.has_form:
        notes.append(FORM)
    if cut or writer.page.is_full:
        notes.append(CUT)
    return ReadableText("html", lines, tuple(writer.book.links), tuple(notes))


def _laid_out(markup: str) -> str:
    """Our own bounded markup through html2text."""
    converter = html2text.HTML2Text(bodywidth=0)
    converter.unicode_snob = True
    converter.ignore_links = True
    converter.ignore_images = True
    converter.ul_item_mark = "*"
    return str(converter.handle(markup))


def _notes(counts: Counts) -> list[str]:
    notes: list[str] = []
    if counts.remote_images:
        many = counts.remote_images > 1
        words = f"{counts.remote_images} remote images were" if many else "1 remote image was"
        hidden = f", {counts.invisible_images} of them invisible" if many and counts.invisible_images else ""
        notes.append(f"{words} not loaded{hidden}.")
    if counts.refused_links:
        words = "1 link was" if counts.refused_links == 1 else f"{counts.refused_links} links were"
        notes.append(f"{words} left out: not a web or mail address.")
    return notes
