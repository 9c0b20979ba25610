"""The tree of a mail's HTML to markup that html2text turns into lines without surprises.

What comes out has paragraphs, headings, lists, quotes and rules, no attribute but the
start of a list, and every character of text either harmless or a mark of
`html_marks`. Layout tables are unwrapped, data tables laid out, images become words,
links get their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tuimail.mime.clean import clean_line, clean_text
from tuimail.mime.html import marks, tables
from tuimail.mime.html.page import BOLD, CODE, ITALIC, Page, Style
from tuimail.mime.html.tree import Element
from tuimail.mime.reading.links import LinkBook, examine

MAX_LIST_DEPTH = 6
MAX_QUOTE_DEPTH = 8
MAX_ALT_CHARACTERS = 120
MAX_SHORT_ROW = 100
"""Characters of a layout table's row that may stand on one line."""

_HARD = frozenset(["p", "dl", "figure"])
_SOFT = frozenset(
    ["div", "section", "article", "header", "footer", "nav", "main", "aside", "address", "center", "form", "fieldset",
     "tr", "td", "th", "li", "dt", "dd", "figcaption", "details", "summary", "legend", "caption", "tbody", "thead",
     "tfoot", "option"]
)  # fmt: skip
_STYLES = {
    "b": BOLD, "strong": BOLD, "th": BOLD, "dt": BOLD,
    "i": ITALIC, "em": ITALIC, "cite": ITALIC, "dfn": ITALIC, "var": ITALIC,
    "code": CODE, "tt": CODE, "kbd": CODE, "samp": CODE,
}  # fmt: skip
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_HEAVY = ("bold", "600", "700", "800", "900")
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_NO_MARGIN = re.compile(r"0(?:px|pt|cm|in)?(?:\s|\Z)")
_SIZE = re.compile(r"\s*([0-9]{1,6})")


@dataclass(slots=True)
class Counts:
    """What was left out."""

    remote_images: int = 0
    invisible_images: int = 0
    refused_links: int = 0


@dataclass(slots=True)
class MarkupWriter:
    """Walks the tree once and writes markup. Its depth is that of the tree, which is bounded."""

    book: LinkBook
    counts: Counts = field(default_factory=Counts)
    page: Page = field(default_factory=Page)
    quote_depth: int = 0

    def write(self, element: Element) -> str:
        """The markup of everything below the element."""
        self._children(element)
        return self.page.markup()

    def _children(self, element: Element) -> None:
        for child in element.children:
            if self.page.is_full:
                return
            if isinstance(child, str):
                self.page.text(child)
            else:
                self._element(child)

    def _element(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            self.page.line_break()
        elif tag == "hr":
            self.page.element("hr")
        elif tag == "img":
            self._image(element)
        elif tag == "a":
            self._link(element)
        elif tag in _HEADINGS:
            self._heading(element)
        elif tag == "table":
            self._table(element)
        elif tag in ("ul", "ol"):
            self._list(element)
        elif tag == "pre":
            self._preformatted(element)
        elif tag == "blockquote":
            self._quote(element)
        elif tag in _HARD or tag in _SOFT:
            self._block(element)
        elif tag == "q":
            self.page.text("“")
            self._children(element)
            self.page.text("”")
        else:
            self._inline(element)

    def _inline(self, element: Element) -> None:
        style = _STYLES.get(element.tag)
        if style is None and element.style:
            if element.style.get("font-weight", "").startswith(_HEAVY):
                style = BOLD
            elif element.style.get("font-style", "").startswith("italic"):
                style = ITALIC
        if style is None:
            self._children(element)
            return
        with self.page.styled(style):
            self._children(element)

    def _block(self, element: Element) -> None:
        page = self.page
        soft = element.tag in _SOFT or _is_close(element)
        if soft:
            page.soft_break()
        else:
            page.flush()
        before = page.position()
        self._inline(element)
        is_blank = before == page.position() and page.space and element.tag in ("p", "div")
        if not soft or is_blank:  # <p>&nbsp;</p> is how mailers write an empty line
            page.flush()
        else:
            page.soft_break()

    def _heading(self, element: Element) -> None:
        self.page.flush()
        self.page.heading = element.tag
        self._children(element)
        self.page.flush()
        self.page.heading = ""

    def _quote(self, element: Element) -> None:
        page = self.page
        page.flush()
        page.item_open = False
        shown = self.quote_depth < MAX_QUOTE_DEPTH
        self.quote_depth += 1
        outer, page.list_depth = page.list_depth, 0
        if shown:
            page.element("blockquote")
        self._children(element)
        page.flush()
        if shown:
            page.element("/blockquote")
        page.list_depth = outer
        self.quote_depth -= 1

    def _list(self, element: Element) -> None:
        page = self.page
        page.flush()
        shown = page.list_depth < MAX_LIST_DEPTH
        start = element.attributes.get("start") or ""
        is_numbered = element.tag == "ol" and re.fullmatch("[0-9]{1,4}", start)
        if shown:
            page.element(f'{element.tag} start="{start}"' if is_numbered else element.tag)
            page.list_depth += 1
        for child in element.children:
            if isinstance(child, str):
                page.text(child)
            elif child.tag == "li":
                self._item(child)
            else:
                self._element(child)
        page.flush()
        if shown:
            page.list_depth -= 1
            page.element(f"/{element.tag}")

    def _item(self, element: Element) -> None:
        page = self.page
        if page.is_full:
            return
        page.element("li")
        page.item_open = True
        self._children(element)
        page.flush()
        page.item_open = False
        page.element("/li")

    def _preformatted(self, element: Element) -> None:
        text = marks.carried(clean_text("".join(_texts(element)))).strip("\n")
        self.page.fixed([line.rstrip().replace(" ", marks.SPACE) for line in text.split("\n")])

    # --- images and links ---------------------------------------------------------

    def _image(self, element: Element) -> None:
        source = (element.attributes.get("src") or "").strip()
        is_remote = bool(_REMOTE.match(source))
        self.counts.remote_images += is_remote
        if _is_invisible(element):
            self.counts.invisible_images += is_remote
            return
        alt = clean_line(" ".join((element.attributes.get("alt") or "").split()), MAX_ALT_CHARACTERS)
        if source[:4].lower() in ("cid:", "data"):
            self.page.text(f" [image in this message: {alt}] " if alt else " [image in this message] ")
        elif alt:
            self.page.text(f" [image: {alt}] ")

    def _link(self, element: Element) -> None:
        href = (element.attributes.get("href") or "").strip()
        target = examine(href) if href else None
        if target is None:
            self.counts.refused_links += bool(href) and not href.startswith("#")
            self._inline(element)
            return
        label = " ".join("".join(_texts(element)).split())
        if not label and not any(True for _ in _images(element)):
            return
        number, marker = self.book.add(label or "[image]", target)
        if not number:
            self._children(element)
            return
        page = self.page
        with page.styled(Style(f"{marks.LINK_ON}{number}{marks.LINK_NUMBER_END}", marks.LINK_OFF)):
            before = page.position()
            self._children(element)
            if not label and before == page.position():
                page.text("[image]")
            was_ended = page.rejoin()
            page.text(marker)
        if was_ended:
            page.soft_break()

    # --- tables -------------------------------------------------------------------

    def _table(self, table: Element) -> None:
        self.page.flush()
        if tables.is_data(table):
            self._data_table(table)
        else:
            self._layout_table(table)
        self.page.flush()

    def _layout_table(self, table: Element) -> None:
        for row in tables.rows(table):
            cells = [cell for cell in row if _has_content(cell)]
            is_short = len(cells) > 1 and not any(cell.has_block for cell in cells)
            if is_short and sum(len("".join(_texts(cell))) for cell in cells) <= MAX_SHORT_ROW:
                self._short_row(cells)
                continue
            for cell in cells:
                if cell.has_block or len(cells) > 1:
                    self.page.flush()
                else:
                    self.page.soft_break()
                self._children(cell)
                if cell.has_block:
                    self.page.flush()

    def _short_row(self, cells: list[Element]) -> None:
        self.page.soft_break()
        for number, cell in enumerate(cells):
            if number:
                self.page.text(" | ")
            self._children(cell)
        self.page.soft_break()

    def _data_table(self, table: Element) -> None:
        contents = [[self._cell(cell) for cell in row[: tables.MAX_COLUMNS]] for row in tables.rows(table)]
        contents = [row for row in contents if any(row)]
        if not contents:
            return
        lines = tables.laid_out(contents)
        if lines is not None:
            self.page.fixed(lines)
            return
        for row in contents:
            self.page.carried(" | ".join(content for content in row if content))
            self.page.soft_break()

    def _cell(self, cell: Element) -> str:
        """The content of a cell on one line, in carried characters and marks."""
        inner = MarkupWriter(self.book, self.counts)
        inner._inline(cell)
        content = inner.page.one_line()
        return tables.flattened("".join((*inner.page.out, content))) if inner.page.out else content


def _is_close(element: Element) -> bool:
    """A paragraph without space around it, as Word writes lines."""
    if element.tag != "p":
        return False
    name = element.attributes.get("class") or ""
    return name.lower().startswith("mso") or bool(_NO_MARGIN.match(element.style.get("margin", "")))


def _is_invisible(element: Element) -> bool:
    for name in ("width", "height"):
        given = element.attributes.get(name) or element.style.get(name) or ""
        found = _SIZE.match(given)
        if found and int(found.group(1)) <= 2 and "%" not in given and "em" not in given:
            return True
    return False


def _texts(element: Element) -> Iterator[str]:
    """All text below, image descriptions included; depth is bounded by the tree's."""
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.tag == "br":
            yield "\n"
        elif child.tag == "img":
            yield f" {child.attributes.get('alt') or ''} "
        else:
            yield from _texts(child)


def _images(element: Element) -> Iterator[Element]:
    for child in element.children:
        if isinstance(child, Element):
            if child.tag == "img" and not _is_invisible(child):
                yield child
            yield from _images(child)


def _has_content(cell: Element) -> bool:
    return any(text.strip() for text in _texts(cell)) or any(True for _ in _images(cell))
