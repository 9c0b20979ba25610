"""HTML of mail to a small tree of what a browser would show, by way of lexbor.

lexbor (selectolax) reads what browsers read; here scripts, styles and hidden elements
go, depth is bounded, and what lexbor itself is slow at is refused before it starts.
What must not live here: how an element looks as text (`html_markup`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_TREE_DEPTH = 120
"""Elements below are kept, but not as a level of their own."""
MAX_NESTING = 3_000
"""lexbor's time grows with the square of open elements: 50,000 divs take 5 s."""
MAX_TAG_WORDS = 4_000
"""And with the square of the attributes of one tag."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_NEVER_NESTED = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
     "p", "li", "td", "th", "tr", "dt", "dd", "option", "optgroup", "thead", "tbody", "tfoot", "colgroup", "body",
     "html", "head"]
)  # fmt: skip
_DROPPED = frozenset(
    ["script", "style", "head", "title", "meta", "link", "base", "template", "iframe", "object", "embed", "applet",
     "audio", "video", "canvas", "svg", "map", "select", "datalist", "textarea", "input", "frameset", "frame",
     "noembed", "param", "source", "track", "col", "colgroup"]
)  # fmt: skip
_FORM = frozenset(["select", "textarea", "input"])
_BLOCKS = frozenset(
    ["p", "div", "table", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "hr", "h1", "h2", "h3", "h4", "h5",
     "h6", "section", "article", "header", "footer", "center", "form", "figure", "address", "aside", "nav", "main"]
)  # fmt: skip
_ZERO = re.compile(r"0+(?:\.0+)?(?:px|pt|em|rem|%)?(?:\s*!important)?\Z")


class TooComplex(ValueError):
    """This markup would take lexbor too long."""


@dataclass(slots=True, eq=False)
class Element:
    """One element that is shown."""

    tag: str
    attributes: Mapping[str, str | None]
    style: Mapping[str, str]
    """Lower-case declarations of the style attribute."""
    children: list[Element | str] = field(default_factory=list)
    has_table: bool = False
    """A table is somewhere below."""
    has_block: bool = False
    """A block element is somewhere below."""


@dataclass(slots=True)
class Tree:
    """The visible part of a document."""

    body: Element
    has_form: bool = False


def parse_tree(markup: str) -> Tree:
    """The tree of the markup. Raises TooComplex for what lexbor cannot do in time."""
    if _nesting(markup) > MAX_NESTING or _longest_tag(markup) > MAX_TAG_WORDS:
        raise TooComplex
    parser = LexborHTMLParser(markup)
    hidden = _hidden_classes(parser)
    tree = Tree(Element("body", {}, {}))
    root = parser.body if parser.body is not None else parser.root
    if root is not None:
        _grow(root, tree, hidden)
    return tree


def _nesting(markup: str) -> int:
    """How many elements would be open at once, by a scan of the tags."""
    depth = deepest = 0
    for found in _TAG.finditer(markup):
        if found.group(2).lower() in _NEVER_NESTED:
            continue
        depth = max(depth - 1, 0) if found.group(1) else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _longest_tag(markup: str) -> int:
    """The number of words in the longest stretch without a `>`; only long ones are counted."""
    return max((len(piece.split()) for piece in markup.split(">") if len(piece) > MAX_TAG_WORDS), default=0)


def _hidden_classes(parser: LexborHTMLParser) -> frozenset[str]:
    """Classes that a style sheet hides outside of media queries: preheaders, mostly."""
    found: set[str] = set()
    for node in parser.css("style")[:20]:
        sheet = node.text()[:100_000]
        depth = 0
        for piece in sheet.split("}"):
            selector, _, declarations = piece.rpartition("{")
            depth = max(depth + piece.count("{") - 1, 0)
            compact = "".join(declarations.split()).lower()
            if "@" in selector or depth or "display:none" not in compact:
                continue
            for name in selector.split(","):
                name = name.strip()
                if re.fullmatch(r"[a-zA-Z]{0,10}\.[\w-]{1,60}", name):
                    found.add(name.partition(".")[2])
    return frozenset(found)


def _grow(root: LexborNode, tree: Tree, hidden: frozenset[str]) -> None:
    """Copy what is shown below `root` into the tree, without recursion."""
    path: list[Element] = [tree.body]
    # Each entry: a node to take, the element it goes into, that one's depth, and whether text there has no size.
    waiting: list[tuple[LexborNode, int, bool]] = []
    node = root.last_child
    while node is not None:
        waiting.append((node, 1, False))
        node = node.prev
    while waiting:
        node, depth, tiny = waiting.pop()
        del path[depth:]
        parent = path[-1]
        tag = node.tag or ""
        if tag == "-text":
            if not tiny:
                parent.children.append(node.text_content or "")
            continue
        if node.is_comment_node or tag in _DROPPED or tag.startswith(("-", "!")):
            tree.has_form = tree.has_form or (tag in _FORM and node.attributes.get("type") != "hidden")
            continue
        attributes = node.attributes
        style = _style(attributes.get("style"))
        if _is_hidden(attributes, style, hidden):
            continue
        if size := style.get("font-size"):
            tiny = bool(_ZERO.match(size))
        below = depth
        if depth < MAX_TREE_DEPTH:
            element = Element(tag, attributes, style)
            parent.children.append(element)
            path.append(element)
            below = depth + 1
            _tell_ancestors(path, tag)
        child = node.last_child
        while child is not None:
            waiting.append((child, below, tiny))
            child = child.prev


def _tell_ancestors(path: list[Element], tag: str) -> None:
    if tag in _BLOCKS:
        for ancestor in reversed(path[:-1]):
            if ancestor.has_block and (tag != "table" or ancestor.has_table):
                break
            ancestor.has_block = True
            ancestor.has_table = ancestor.has_table or tag == "table"


def _style(text: str | None) -> dict[str, str]:
    if not text:
        return {}
    declarations: dict[str, str] = {}
    for declaration in text[:4_000].lower().split(";")[:60]:
        name, _, value = declaration.partition(":")
        declarations[name.strip()] = value.strip()
    return declarations


def _is_hidden(attributes: Mapping[str, str | None], style: Mapping[str, str], hidden: frozenset[str]) -> bool:
    if "hidden" in attributes:
        return True
    if hidden and any(name in hidden for name in (attributes.get("class") or "").split()):
        return True
    if not style:
        return False
    return (
        style.get("display", "").startswith("none")
        or style.get("visibility", "").startswith("hidden")
        or style.get("mso-hide", "").startswith("all")
        or bool(_ZERO.match(style.get("opacity", "1")))
        or (
            bool(_ZERO.match(style.get("max-height", "1")) or _ZERO.match(style.get("height", "1")))
            and style.get("overflow", "").startswith("hidden")
        )
    )
