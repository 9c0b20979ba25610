"""Ids that belong together: a forest over numbers, and nothing of mail or SQL."""

from __future__ import annotations

from collections.abc import Iterable


class Kinship:
    """Which conversation each id belongs to, while messages are looked at one after the other."""

    def __init__(self, known: Iterable[tuple[int, int]]) -> None:
        """`known`: ids with their conversations, as found before; an id that is not there names its own."""
        self._of = dict(known)
        self.joined: dict[int, int] = {}
        """Conversations that are part of another one now."""

    def find(self, one: int) -> int:
        """The conversation of an id."""
        root = one
        while (above := self._of.get(root, root)) != root:
            root = above
        while one != root:  # the way is short for the next one
            self._of[one], one = root, self._of.get(one, root)
        return root

    def tie(self, ids: tuple[int, ...], conversation: int) -> int:
        """Put ids together; the conversation they are in then. `conversation` is what the message was in until now."""
        root = self.find(ids[0] if ids else conversation)
        for one in (*ids[1:], conversation):
            other = self.find(one)
            if other != root:
                self._of[other] = root
                self.joined[other] = root
        return root

    def name_after(self, chosen: int) -> None:
        """The conversation that `chosen` is in bears its name from now on."""
        root = self.find(chosen)
        if root != chosen:
            self._of[root] = self._of[chosen] = chosen
            self.joined.pop(chosen, None)
            self.joined[root] = chosen

    def unions(self) -> list[set[int]]:
        """Conversations that became one, with the one that names it now."""
        groups: dict[int, set[int]] = {}
        for part in self.joined:
            root = self.find(part)
            groups.setdefault(root, {root}).add(part)
        return list(groups.values())

    def conversations(self) -> list[tuple[int, int]]:
        """Every id that is not the name of its conversation, with that."""
        return [(one, root) for one in list(self._of) if (root := self.find(one)) != one]
