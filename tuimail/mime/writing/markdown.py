"""What a person wrote in Markdown as an HTML page for those who read mail that way, and as a preview.

CommonMark with tables and struck-out text, by markdown-it. Raw HTML is shown as text,
pictures are links, and links lead to web pages and addresses only: the body can quote
what a stranger wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from tuimail.mime.reading.links import examine
from tuimail.mime.writing.flowing import plain_text
from tuimail.model import ReadableText

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererProtocol
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

MAX_CHARACTERS = 200_000
"""A longer text, which is mostly a quote, is not taken apart: it goes as it stands."""
_MARK = "-- "
_AFTER_QUOTE = re.compile(r"^( {0,3}>[^\n]*\n)(?=[^\n>])(?! {0,3}>)(?! *\n)", re.MULTILINE)
"""CommonMark 5.1 takes a line right after a quote for a part of it, which mail does not."""
_STYLE = "font-family:sans-serif"
_QUOTE = "border-left:2px solid #999;margin:0 0 0 .5em;padding-left:.8em;color:#555"


def to_html(body: str) -> str:
    """The body's HTML, without a page around it. No raw HTML, no picture, no script comes out."""
    text, signature = _signed(plain_text(body))
    if len(text) > MAX_CHARACTERS:
        return f"<pre>{escape(text)}</pre>\n" + signature
    return str(_reader().render(_AFTER_QUOTE.sub(r"\1\n", text))) + signature


def to_page(body: str) -> str:
    """A whole page, as it is sent beside the plain text."""
    head = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>'
    return f'{head}<body style="{_STYLE}">\n{to_html(body)}</body></html>\n'


def preview(body: str) -> ReadableText:
    """What a reader of the HTML sees, in the lines of our own reader."""
    from tuimail.mime.html.convert import html_to_readable  # deferred: selectolax and html2text, 35 ms

    return html_to_readable(to_page(body))


def _signed(text: str) -> tuple[str, str]:
    """The text before its signature, and the signature as HTML: its lines are no Markdown."""
    before, mark, after = text.rpartition(f"\n{_MARK}\n")
    if not mark:
        return text, ""
    lines = "<br>\n".join(escape(line) for line in after.rstrip("\n").split("\n"))
    return before + "\n", f'<div style="color:#555">{_MARK}<br>\n{lines}</div>\n'


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt  # deferred: 30 ms

    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    reader.enable(["table", "strikethrough"])
    reader.validateLink = _may_link  # type: ignore[method-assign]  # its documented way of saying which links are good
    reader.add_render_rule("image", _picture)
    reader.add_render_rule("blockquote_open", _quote)
    return reader


def _may_link(url: str) -> bool:
    return examine(url) is not None


def _quote(
    self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<blockquote style="{_QUOTE}">\n'


def _picture(
    self: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """A picture loads something when it is read, so only its address goes along."""
    token = tokens[index]
    url = escape(str(token.attrs.get("src", "")), quote=True)
    return f'<a href="{url}">{escape(token.content or url)}</a>'
