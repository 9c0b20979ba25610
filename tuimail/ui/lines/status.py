"""What a person must know now, in as many cells as there are: what matters most stays.

Pure. Where it gets narrow, reasons go first, then every part says itself in fewer words, the
least important one first, then such parts go. What must not live here: who draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tuimail.mime.clean import cell_width, clean_line
from tuimail.model import Account, AccountName, AccountStatus
from tuimail.ui.lines.rows import Run, Runs, cut_runs, runs_width, status_role
from tuimail.ui.lines.when import clock_time, counted

SEPARATOR: Final = " · "
FEWEST_CELLS: Final = 16
"""Of a reason or of the last part: with fewer it says nothing."""


class Part(NamedTuple):
    """One thing to know."""

    words: str
    role: str
    weight: int
    """Parts with less go first. 0: a reason, which is cut where it is too long."""
    short: str = ""
    """The same in fewer words."""


REASON, PROGRESS, QUEUED, AWAY, TROUBLE, HAND = range(6)
"""Weights: why; how far something is; what waits; no network; a person is needed; what a person is doing."""


def account_parts(accounts: Sequence[Account], now: float) -> list[Part]:
    """`2 waiting · offline since 11:50 · why`; empty when all is well."""
    parts: list[Part] = []
    waiting = sum(account.pending for account in accounts)
    if waiting:
        parts.append(Part(f"{counted(waiting)} waiting", "busy", QUEUED))
    if len(accounts) > 1 and len({account.status for account in accounts}) == 1:
        return parts + _all_in_one_trouble(accounts, now)
    names = short_names(accounts)
    for account in accounts:
        trouble, short, weight = _trouble(account, now)
        if not trouble:
            continue
        address = clean_line(account.address, 60)
        who, name = (f"{address}: ", f"{names[account.name]}: ") if len(accounts) > 1 else ("", "")
        parts.append(Part(who + trouble, status_role(account), weight, name + short))
        if account.sentence:
            parts.append(Part(clean_line(account.sentence, 200), "muted", REASON))
    return parts


def _all_in_one_trouble(accounts: Sequence[Account], now: float) -> list[Part]:
    """What all accounts have in common, said once; nothing when all is well."""
    latest = max(accounts, key=lambda account: account.since)
    trouble, short, weight = _trouble(latest, now)
    if not trouble:
        return []
    many = f"{counted(len(accounts))} accounts"
    words = f"{many} need their passwords" if latest.status is AccountStatus.NEEDS_PASSWORD else f"{many} {trouble}"
    reasons = dict.fromkeys(clean_line(account.sentence, 200) for account in accounts if account.sentence)
    return [Part(words, status_role(latest), weight, short), *(Part(reason, "muted", REASON) for reason in reasons)]


def short_names(accounts: Sequence[Account]) -> dict[AccountName, str]:
    """Each account in few cells: who of its address, where two share that its domain, else its own name."""
    halves = [clean_line(account.address, 60).partition("@") for account in accounts]
    whos = [who[:12] for who, _, _ in halves]
    domains = [domain[:24] for _, _, domain in halves]
    names = {}
    for account, who, domain in zip(accounts, whos, domains, strict=True):
        if whos.count(who) == 1:
            names[account.name] = who
        else:
            names[account.name] = domain if domains.count(domain) == 1 else clean_line(account.name, 24)
    return names


def _trouble(account: Account, now: float) -> tuple[str, str, int]:
    if account.status is AccountStatus.OFFLINE:
        return f"offline since {clock_time(account.since, now)}", "offline", AWAY
    if account.status is AccountStatus.NEEDS_PASSWORD:
        return "needs its password", "password?", TROUBLE
    if account.status is AccountStatus.FAILED:
        return "stopped", "stopped", TROUBLE
    return "", "", 0


def most_cells(width: int) -> int:
    """The most that the status line takes of a line beside the keys."""
    return width * 6 // 10


def status_runs(parts: Sequence[Part], room: int) -> Runs:
    """The parts in at most `room` cells, in their order."""
    told = list(parts)
    for fewer in (_shorten_a_reason, _shorten, _drop):
        while cells_of(told) > room:
            less = fewer(told, room)
            if less is None:
                break
            told = less
    runs: Runs = []
    for part in told:
        runs += [*([Run(SEPARATOR, "muted")] if runs else []), Run(part.words, part.role)]
    return cut_runs(runs, room) if runs_width(runs) > room else runs


def cells_of(parts: Sequence[Part]) -> int:
    """The cells of parts with what stands between them."""
    return sum(cell_width(part.words) for part in parts) + cell_width(SEPARATOR) * max(0, len(parts) - 1)


def _shorten_a_reason(parts: list[Part], room: int) -> list[Part] | None:
    """The last reason cut to what is left for it, or gone; None when there is none."""
    at = max((at for at, part in enumerate(parts) if part.weight == REASON), default=None)
    if at is None:
        return None
    left = room - cells_of([*parts[:at], *parts[at + 1 :]]) - cell_width(SEPARATOR)
    if left < FEWEST_CELLS:
        return [*parts[:at], *parts[at + 1 :]]
    words = "".join(run.text for run in cut_runs([Run(parts[at].words, "muted")], left))
    return [*parts[:at], parts[at]._replace(words=words, weight=PROGRESS), *parts[at + 1 :]]


def _shorten(parts: list[Part], room: int) -> list[Part] | None:
    """The least important part that can say itself in fewer words."""
    can = [(part.weight, -at) for at, part in enumerate(parts) if part.short]
    if not can:
        return None
    at = -min(can)[1]
    return [*parts[:at], parts[at]._replace(words=parts[at].short, short=""), *parts[at + 1 :]]


def _drop(parts: list[Part], room: int) -> list[Part] | None:
    """All but the least important part; the last one stays."""
    if len(parts) < 2:
        return None
    at = -min((part.weight, -at) for at, part in enumerate(parts))[1]
    return [*parts[:at], *parts[at + 1 :]]
