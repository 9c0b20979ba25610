"""Text to a tree, with every mistake and its place; nothing a person types raises.

Words beside each other must all be there. `OR` binds tighter than that, as it does
where people look for things on the web: `a b OR c` is `a (b OR c)`. Nothing here calls
itself, so that five thousand brackets are five thousand steps and not a full stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tuimail.query.fields import BY_NAME
from tuimail.query.leaf import Refused, leaf, unfinished
from tuimail.query.lexer import Kind, Piece, pieces
from tuimail.query.tree import All, Any, Known, Mistake, Node, Not, Query

MAX_CHARACTERS: Final = 4000
MAX_TERMS: Final = 64
MAX_DEPTH: Final = 12
"""Of the tree: brackets around brackets without anything beside them do not count."""
MAX_MISTAKES: Final = 20


@dataclass(slots=True)
class _Group:
    """What was read inside of a bracket."""

    name: str = ""
    """The field that words inside are looked for in."""
    start: int = 0
    negated: bool = False
    """The bracket itself has a minus."""
    rows: list[list[tuple[Node, int]]] = field(default_factory=list)
    """Alternatives that all must fit, each node with the depth of its tree."""
    is_or: bool = False
    """The next one is another alternative."""
    or_at: int = 0
    is_not: bool = False

    def add(self, node: Node, depth: int) -> None:
        if self.is_not:
            node, depth = (node.child, depth - 1) if isinstance(node, Not) else (Not(node), depth + 1)
        if self.is_or and self.rows:
            self.rows[-1].append((node, depth))
        else:
            self.rows.append([(node, depth)])
        self.is_or = self.is_not = False

    def tree(self) -> tuple[Node, int] | None:
        """All of it as one node, None when there is nothing."""
        found = [_joined(row, Any) for row in self.rows]
        return _joined(found, All) if found else None


def parse(text: str, *, now: float, known: Known | None = None, is_typing: bool = False) -> Query:
    """What `text` asks for. `now`: seconds since 1970 UTC. Without `known`, no mailbox has a name.

    `is_typing`: the last word may go on, so what begins with it is looked for.
    """
    return _Parser(text, now, known or Known(), is_typing=is_typing).query()


class _Parser:
    def __init__(self, text: str, now: float, known: Known, *, is_typing: bool) -> None:
        self._text = text
        self._is_typing = is_typing
        self._now = now
        self._known = known
        self._mistakes: list[Mistake] = []
        self._groups = [_Group()]
        self._terms = 0

    def query(self) -> Query:
        text = self._text
        if len(text) > MAX_CHARACTERS:
            self._mistake(MAX_CHARACTERS, len(text), f"Only the first {MAX_CHARACTERS:,} characters are looked at.")
            text = text[:MAX_CHARACTERS]
        for piece in pieces(text):
            self._take(piece)
        while len(self._groups) > 1:
            start = self._groups[-1].start
            self._mistake(start, start + 1, "This bracket is never closed.")
            self._close()
        self._dangling(self._groups[0], len(text))
        found = self._groups[0].tree()
        if found is None and not self._mistakes and self._text.strip():
            self._mistake(0, len(self._text), "There is nothing here that can be looked for.")
        return Query(self._text, found[0] if found else None, tuple(self._mistakes))

    def _take(self, piece: Piece) -> None:
        group = self._groups[-1]
        match piece.kind:
            case Kind.OPEN:
                self._open(piece)
            case Kind.CLOSE:
                if len(self._groups) == 1:
                    self._mistake(piece.start, piece.end, "This bracket was never opened.")
                else:
                    self._dangling(group, piece.start)
                    self._close()
            case Kind.OR:
                if not group.rows or group.is_or:
                    self._mistake(piece.start, piece.end, 'OR stands between two things; write "OR" to look for it.')
                else:
                    group.is_or, group.or_at = True, piece.start
            case Kind.NOT:
                group.is_not = not group.is_not
            case Kind.AND:
                pass  # what stands side by side must all fit anyway
            case Kind.WORD | Kind.QUOTED:
                self._word(piece, group)

    def _open(self, piece: Piece) -> None:
        group = self._groups[-1]
        name = piece.field.lower()
        if name and name not in BY_NAME:
            self._mistake(piece.start, piece.end, f"There is no field {name}.")
            name = ""
        self._groups.append(_Group(name or group.name, piece.end - 1, group.is_not))
        group.is_not = False

    def _close(self) -> None:
        closed = self._groups.pop()
        found = closed.tree()
        group = self._groups[-1]
        if found is None:
            group.is_or = False
            return
        if found[1] > MAX_DEPTH:
            self._mistake(closed.start, closed.start + 1, f"More than {MAX_DEPTH} brackets inside each other.")
            return
        group.is_not = closed.negated
        group.add(*found)

    def _word(self, piece: Piece, group: _Group) -> None:
        if self._terms >= MAX_TERMS:
            self._mistake(piece.start, piece.end, f"Only the first {MAX_TERMS} words are looked for.")
            return
        if piece.is_open:
            self._mistake(piece.start, piece.start + 1, "This quotation mark is never closed.")
        try:
            node = leaf(piece, group.name, self._now, self._known)
        except Refused as exc:
            self._mistake(piece.start, piece.end, exc.sentence)
            node = exc.instead
        if node is None:
            group.is_or = group.is_not = False
            return
        if self._is_typing and piece.end == len(self._text) and piece.kind is Kind.WORD:
            node = unfinished(node)
        self._terms += 1
        group.add(node, 1)

    def _dangling(self, group: _Group, at: int) -> None:
        if group.is_or:
            self._mistake(group.or_at, min(group.or_at + 2, at), "Something is missing after OR.")

    def _mistake(self, start: int, end: int, sentence: str) -> None:
        if len(self._mistakes) < MAX_MISTAKES:
            self._mistakes.append(Mistake(start, end, sentence))


def _joined(nodes: list[tuple[Node, int]], kind: type[All] | type[Any]) -> tuple[Node, int]:
    """One node of several; what is of the same kind already is taken apart."""
    if len(nodes) == 1:
        return nodes[0]
    children: list[Node] = []
    depth = 1
    for node, below in nodes:
        if isinstance(node, kind):
            children += node.children
            depth = max(depth, below - 1)
        else:
            children.append(node)
            depth = max(depth, below)
    return kind(tuple(children)), depth + 1
