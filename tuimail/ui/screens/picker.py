"""Choosing a mailbox to move or copy to, and keywords: sources for the palette.

What lives here: what is offered, in which order, and the offer of a new one. What must
not: moving anything, and remembering what was chosen (`ui.beside.learned` says what that is).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tuimail.mime.clean import clean_line
from tuimail.model import Account, AccountName, Mailbox, MailboxId
from tuimail.ui.beside.learned import name_of
from tuimail.ui.commands import Hit, mailbox_path
from tuimail.ui.fuzzy import match
from tuimail.ui.lines.tree_rows import ROLE_GLYPHS

LONGEST_NAME = 200
_LEARNED = 4.0
"""A mailbox that is always chosen stands as high as one whose name fits a word better."""


@dataclass(frozen=True, slots=True)
class Destination:
    """What was chosen: a mailbox, or a name for a new one."""

    account: AccountName
    mailbox_id: MailboxId | None
    name: str
    """As it is to be shown; for a new one as it was typed."""


class DestinationSource:
    """Mailboxes that mail can go to: likely ones first, then those of its own account, then the others."""

    heading = "Mailboxes"
    limit = 100
    is_slow = False

    def __init__(
        self,
        mailboxes: Sequence[Mailbox],
        accounts: Sequence[Account],
        choose: Callable[[Destination], object],
        *,
        home: AccountName,
        leave_out: MailboxId | None = None,
        likely: Mapping[str, float],
    ) -> None:
        """`home`: the account of the messages, where a new mailbox is made; `likely`: `learned.weights`."""
        self._mailboxes = [each for each in mailboxes if each.selectable and each.id != leave_out]
        self._taken = {each.name.casefold() for each in mailboxes if each.account == home}
        self._addresses = {account.name: clean_line(account.address, 80) for account in accounts}
        self._choose = choose
        self._home = home
        self._likely = likely
        most = max(likely.values(), default=0.0)
        self._share = {name: weight / most for name, weight in likely.items()} if most else {}

    def hits(self, query: str) -> list[Hit]:
        """What fits, the likeliest first; at the end a new mailbox of the name that was typed."""
        found = [
            hit for place, each in enumerate(self._mailboxes) if (hit := self._hit(each, query, place)) is not None
        ]
        found.sort(key=lambda hit: -hit.score)
        name = clean_line(query, LONGEST_NAME).strip().strip("/")
        if name and name.casefold() not in self._taken:
            found.append(self._new(name))
        return found

    def _hit(self, mailbox: Mailbox, query: str, place: int) -> Hit | None:
        label = mailbox_path(mailbox)
        account = self._addresses.get(mailbox.account, "") if len(self._addresses) > 1 else ""
        fits = match(query, f"{label} {account} {mailbox.account}")
        if fits is None:
            return None
        share = self._share.get(name_of(mailbox), 0.0)
        at_home = mailbox.account == self._home
        return Hit(
            label=label,
            note=account,
            detail="often" if share > 0.3 else "",
            glyph=ROLE_GLYPHS.get(mailbox.role, "▪"),
            score=(fits.score if query else -place / 1000) + _LEARNED * share + (1.0 if at_home else 0.0),
            positions=tuple(at for at in fits.positions if at < len(label)),
            act=functools.partial(self._choose, Destination(mailbox.account, mailbox.id, label)),
        )

    def _new(self, name: str) -> Hit:
        account = self._addresses.get(self._home, "") if len(self._addresses) > 1 else ""
        act = functools.partial(self._choose, Destination(self._home, None, name))
        return Hit(f"New mailbox: {name}", account, "", "+", -1.0, (), act)


class KeywordSource:
    """Keywords to give or take: those that the messages have first, then known ones, then what was typed."""

    heading = "Keywords"
    limit = 100
    is_slow = False

    def __init__(
        self,
        given: Mapping[str, int],
        count: int,
        known: Sequence[str],
        choose: Callable[[str, bool], object],
    ) -> None:
        """`given`: how many of the `count` messages have each; `choose(keyword, give)`."""
        self._given = dict(given)
        self._count = count
        self._names = [*given, *(each for each in known if each not in given)]
        self._choose = choose

    def hits(self, query: str) -> list[Hit]:
        """What fits; choosing one that every message has takes it off."""
        found = []
        for number, name in enumerate(self._names):
            fits = match(query, name)
            if fits is None:
                continue
            having = self._given.get(name, 0)
            all_have = having == self._count
            detail = "take off" if all_have else f"on {having} of {self._count}" if having else ""
            act = functools.partial(self._choose, name, not all_have)
            order = fits.score if query else -float(number)
            label = clean_line(name, LONGEST_NAME)
            found.append(Hit(label, "", detail, "✓" if all_have else " ", order, fits.positions, act))
        found.sort(key=lambda hit: -hit.score)
        name = query.strip()
        if name and name not in self._names:
            act = functools.partial(self._choose, name, True)
            found.append(Hit(f"New keyword: {clean_line(name, LONGEST_NAME)}", "", "", "+", -1000.0, (), act))
        return found
