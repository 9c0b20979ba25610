"""The tree of a mail's HTML to markup that html2text turns into lines without surprises.

What comes out has paragraphs, headings, lists, quotes and rules, no attribute but the
start of a list, and every character of text either harmless or a mark of
`html_marks`. Layout tables are unwrapped, data tables laid out, images become words,
links get their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tuimail.mime import html_marks as marks
from tuimail.mime.clean import cell_width, clean_line, clean_text
from tuimail.mime.html_tree import Element
from tuimail.mime.links import LinkBook, examine

MAX_LIST_DEPTH = 6
MAX_QUOTE_DEPTH = 8
MAX_TABLE_CELLS_WIDE = 100
MAX_COLUMNS = 12
MAX_ALT_CHARACTERS = 120
MAX_SHORT_ROW = 100
"""Characters of a layout table's row that may stand on one line."""

_HARD = frozenset(["p", "ul", "ol", "dl", "blockquote", "pre", "table", "hr", "figure"])
_SOFT = frozenset(
    ["div", "section", "article", "header", "footer", "nav", "main", "aside", "address", "center", "form", "fieldset",
     "tr", "td", "th", "li", "dt", "dd", "figcaption", "details", "summary", "legend", "caption", "tbody", "thead",
     "tfoot", "option"]
)  # fmt: skip
_BOLD = frozenset(["b", "strong", "th", "dt"])
_ITALIC = frozenset(["i", "em", "cite", "dfn", "var"])
_CODE = frozenset(["code", "tt", "kbd", "samp"])
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
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
class _Style:
    on: str
    off: str


@dataclass(slots=True)
class MarkupWriter:
    """Walks the tree once and writes markup. Its depth is that of the tree, which is bounded."""

    book: LinkBook
    counts: Counts = field(default_factory=Counts)
    out: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    """The open paragraph, in carried characters and marks."""
    line_empty: bool = True
    space: bool = False
    styles: list[_Style] = field(default_factory=list)
    quote_depth: int = 0
    list_depth: int = 0
    item_open: bool = False
    """A list item was opened and has no text yet."""
    heading: str = ""

    def write(self, element: Element) -> str:
        """The markup of everything below the element."""
        self._children(element)
        self.flush()
        return "".join(self.out)

    # --- paragraphs ---------------------------------------------------------------

    def flush(self, prefix: str = "") -> None:
        """End the paragraph."""
        while self.line and self.line[-1] == marks.BREAK:
            self.line.pop()
        if any(piece not in _STYLE_MARKS for piece in self.line):
            content = "".join((*self.line, *(style.off for style in reversed(self.styles))))
            self._paragraph(f"{marks.TEXT}{prefix}{content}")
        self.line = []
        self.line_empty = True
        self.space = False

    def _paragraph(self, content: str) -> None:
        if self.item_open:
            self.item_open = False
            self.out.append(content if not self.heading else f"<{self.heading}>{content}</{self.heading}>")
            return
        if self.list_depth and not self.heading:
            content = content.replace(marks.TEXT, f"{marks.TEXT}{marks.HANG}{self.list_depth}", 1)
        tag = self.heading or "p"
        self.out.append(f"<{tag}>{content}</{tag}>")

    def soft_break(self) -> None:
        """The next text starts a new line."""
        if not self.line_empty:
            self.line.append(marks.BREAK)
            self.line_empty = True
        self.space = False

    def _hard_line_break(self) -> None:
        if self.line_empty:
            self.flush()  # two in a row leave an empty line
        else:
            self.soft_break()

    def _start_text(self) -> None:
        if not self.line and self.styles:
            self.line += [style.on for style in self.styles]
        if self.space and not self.line_empty:
            self.line.append(" ")
        self.space = False
        self.line_empty = False

    def text(self, raw: str) -> None:
        """Running text: white space collapsed, hidden characters gone."""
        cleaned = marks.carried(clean_text(raw))
        words = " ".join(cleaned.split())
        if not words:
            self.space = self.space or bool(cleaned)
            return
        self.space = self.space or cleaned[0].isspace()
        self._start_text()
        self.line.append(words)
        self.space = cleaned[-1].isspace()

    def _styled(self, element: Element, on: str, off: str) -> None:
        style = _Style(on, off)
        if self.space and not self.line_empty:
            self.line.append(" ")
            self.space = False
        if self.line:
            self.line.append(on)
        self.styles.append(style)
        self._children(element)
        self.styles.pop()
        if self.line:
            self.line.append(off)

    # --- elements -----------------------------------------------------------------

    def _children(self, element: Element) -> None:
        for child in element.children:
            if isinstance(child, str):
                self.text(child)
            else:
                self._element(child)

    def _element(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            self._hard_line_break()
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
        elif tag == "hr":
            self.flush()
            self.out.append("<hr>")
        elif tag in _HARD or tag in _SOFT:
            self._block(element)
        elif tag == "q":
            self.text("“")
            self._children(element)
            self.text("”")
        else:
            self._inline(element)

    def _inline(self, element: Element) -> None:
        tag = element.tag
        weight = element.style.get("font-weight", "")
        if tag in _BOLD or weight.startswith(("bold", "600", "700", "800", "900")):
            self._styled(element, marks.BOLD_ON, marks.BOLD_OFF)
        elif tag in _ITALIC or element.style.get("font-style", "").startswith("italic"):
            self._styled(element, marks.ITALIC_ON, marks.ITALIC_OFF)
        elif tag in _CODE:
            self._styled(element, marks.CODE_ON, marks.CODE_OFF)
        else:
            self._children(element)

    def _block(self, element: Element) -> None:
        soft = element.tag in _SOFT or _is_close(element)
        if not soft:
            self.flush()
        else:
            self.soft_break()
        before = len(self.line), len(self.out)
        if element.tag in _BOLD:
            self._styled(element, marks.BOLD_ON, marks.BOLD_OFF)
        else:
            self._children(element)
        is_blank = before == (len(self.line), len(self.out))
        if not soft or (is_blank and element.tag in ("p", "div") and self.space):
            self.flush()  # <p>&nbsp;</p> is how mailers write an empty line
        else:
            self.soft_break()

    def _heading(self, element: Element) -> None:
        self.flush()
        self.heading = element.tag
        self._children(element)
        self.flush()
        self.heading = ""

    def _quote(self, element: Element) -> None:
        self.flush()
        self.item_open = False
        deep = self.quote_depth >= MAX_QUOTE_DEPTH
        self.quote_depth += 1
        outer, self.list_depth = self.list_depth, 0
        self.out.append("" if deep else "<blockquote>")
        self._children(element)
        self.flush()
        self.out.append("" if deep else "</blockquote>")
        self.list_depth = outer
        self.quote_depth -= 1

    def _list(self, element: Element) -> None:
        self.flush()
        deep = self.list_depth >= MAX_LIST_DEPTH
        start = element.attributes.get("start") or ""
        numbered = f' start="{start}"' if element.tag == "ol" and start.isascii() and start.isdigit() else ""
        self.out.append("" if deep else f"<{element.tag}{numbered[:14]}>")
        self.list_depth += not deep
        for child in element.children:
            if isinstance(child, Element) and child.tag == "li":
                self._item(child)
            elif isinstance(child, Element):
                self._element(child)
            elif child.strip():
                self.text(child)
        self.flush()
        self.list_depth -= not deep
        self.out.append("" if deep else f"</{element.tag}>")

    def _item(self, element: Element) -> None:
        self.flush()
        self.out.append("<li>")
        self.item_open = True
        self._children(element)
        self.flush()
        self.item_open = False
        self.out.append("</li>")

    def _preformatted(self, element: Element) -> None:
        self.flush()
        text = marks.carried(clean_text("".join(_texts(element)))).strip("\n")
        lines = [line.rstrip().replace(" ", marks.SPACE) for line in text.split("\n")]
        self._fixed(lines)

    def _fixed(self, lines: Sequence[str]) -> None:
        """Lines that are never wrapped, blank ones included."""
        if any(lines):
            self._paragraph(marks.TEXT + marks.FIXED + marks.BREAK.join(lines))

    # --- images and links ---------------------------------------------------------

    def _image(self, element: Element) -> None:
        words = self._image_words(element)
        if words:
            self.text(f" {words} ")

    def _image_words(self, element: Element) -> str:
        source = (element.attributes.get("src") or "").strip()
        remote = bool(_REMOTE.match(source))
        self.counts.remote_images += remote
        if _is_invisible(element):
            self.counts.invisible_images += remote
            return ""
        alt = clean_line(" ".join((element.attributes.get("alt") or "").split()), MAX_ALT_CHARACTERS)
        if not remote and source[:4].lower() in ("cid:", "data"):
            return f"[image in this message: {alt}]" if alt else "[image in this message]"
        return f"[image: {alt}]" if alt else ""

    def _link(self, element: Element) -> None:
        href = (element.attributes.get("href") or "").strip()
        target = examine(href) if href else None
        if target is None:
            self.counts.refused_links += bool(href) and not href.startswith("#")
            self._inline(element)
            return
        label = " ".join("".join(_texts(element)).split())
        has_image = any(True for _ in _images(element))
        if not label and not has_image:
            return
        number, marker = self.book.add(clean_line(label or "[image]"), target)
        if not number:
            self._children(element)
            return
        if self.space and not self.line_empty:
            self.line.append(" ")
            self.space = False
        on = f"{marks.LINK_ON}{number}{marks.LINK_NUMBER_END}"
        if self.line:
            self.line.append(on)
        self.styles.append(_Style(on, marks.LINK_OFF))
        before = len(self.line), len(self.out)
        self._children(element)
        if not label and before == (len(self.line), len(self.out)):
            self.text("[image]")
        while self.line and self.line[-1] == marks.BREAK:
            self.line.pop()
            self.line_empty = False
        self.space = not self.line_empty
        self.text(marker)
        self.styles.pop()
        self.line.append(marks.LINK_OFF)

    # --- tables -------------------------------------------------------------------

    def _table(self, table: Element) -> None:
        self.flush()
        if _is_data(table):
            self._data_table(table)
        else:
            self._layout_table(table)
        self.flush()

    def _layout_table(self, table: Element) -> None:
        for row in _rows(table):
            cells = [cell for cell in row if _has_content(cell)]
            short = len(cells) > 1 and not any(cell.has_block for cell in cells)
            if short and sum(len("".join(_texts(cell))) for cell in cells) <= MAX_SHORT_ROW:
                self.soft_break()
                for number, cell in enumerate(cells):
                    if number:
                        self.space = True
                        self.text("|")
                        self.space = True
                    self._children(cell)
                self.soft_break()
                continue
            for cell in cells:
                if cell.has_block or len(cells) > 1:
                    self.flush()
                else:
                    self.soft_break()
                self._children(cell)
                if cell.has_block:
                    self.flush()
        for caption in table.children:
            if isinstance(caption, Element) and caption.tag == "caption":
                self.soft_break()
                self._children(caption)

    def _data_table(self, table: Element) -> None:
        rows = [[self._cell(cell) for cell in row[:MAX_COLUMNS]] for row in _rows(table)]
        rows = [row for row in rows if any(row)]
        if not rows:
            return
        columns = max(len(row) for row in rows)
        widths = [0] * columns
        for row in rows:
            for column, content in enumerate(row):
                widths[column] = max(widths[column], cell_width(marks.without_marks(content)))
        if sum(widths) + 3 * (columns - 1) <= MAX_TABLE_CELLS_WIDE:
            self._fixed([_laid_out(row, widths) for row in rows])
            return
        for row in rows:
            self._start_text()
            self.line.append(" | ".join(content for content in row if content))
            self.soft_break()

    def _cell(self, cell: Element) -> str:
        """The content of a cell on one line, in carried characters and marks."""
        inner = MarkupWriter(self.book, self.counts)
        if cell.tag == "th":
            inner._styled(cell, marks.BOLD_ON, marks.BOLD_OFF)
        else:
            inner._children(cell)
        while inner.line and inner.line[-1] == marks.BREAK:
            inner.line.pop()
        content = "".join((*inner.line, *(style.off for style in inner.styles)))
        if inner.out:  # a paragraph or list inside: its text is enough
            written = "".join(inner.out) + content
            content = " ".join(re.sub(f"<[^<>]*>|[{marks.TEXT}{marks.FIXED}]|{marks.HANG}[0-9]", " ", written).split())
        return content.replace(marks.BREAK, " ").strip()


_STYLE_MARKS = frozenset(
    [marks.BOLD_ON, marks.BOLD_OFF, marks.ITALIC_ON, marks.ITALIC_OFF, marks.CODE_ON, marks.CODE_OFF, marks.LINK_OFF,
     marks.BREAK, " "]
)  # fmt: skip


def _laid_out(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        content + " " * (width - cell_width(marks.without_marks(content)))
        for content, width in zip(row, widths, strict=False)
    ]
    return " | ".join(padded).rstrip().replace(" ", marks.SPACE)


def _is_close(element: Element) -> bool:
    """A paragraph without space around it, as Word writes lines."""
    name = element.attributes.get("class") or ""
    if element.tag != "p":
        return False
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
            if child.tag == "img":
                if not _is_invisible(child):
                    yield child
            else:
                yield from _images(child)


def _has_content(cell: Element) -> bool:
    return any(text.strip() for text in _texts(cell)) or any(True for _ in _images(cell))


def _rows(table: Element) -> Iterator[list[Element]]:
    for child in table.children:
        if not isinstance(child, Element):
            continue
        if child.tag == "tr":
            yield [cell for cell in child.children if isinstance(cell, Element) and cell.tag in ("td", "th")]
        elif child.tag in ("tbody", "thead", "tfoot"):
            yield from _rows(child)


def _is_data(table: Element) -> bool:
    """A table of values, not one that places things on a page."""
    attributes: Mapping[str, str | None] = table.attributes
    if table.has_table or (attributes.get("role") or "").lower() in ("presentation", "none"):
        return False
    rows = list(_rows(table))
    if max((len(row) for row in rows), default=0) < 2:
        return False
    has_head = any(cell.tag == "th" for row in rows for cell in row)
    border = (attributes.get("border") or "0").strip()
    return has_head or (border not in ("", "0") and len(rows) > 1)
