"""Words made of stems by the rules of a Hunspell dictionary: `try/DGS` is tries, tried, trying too.

Pure. A word is taken apart when it is asked for, instead of all forms being made ahead:
English has 150,000. Known are simple rules, PFX and SFX with flags of one character; not
compounds, and not endings upon endings. What must not live here: files (`ui.beside.dictionary`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

MOST_RULES: Final = 10_000
LONGEST_WORD: Final = 60
_KIND: Final = re.compile(r"^FLAG[ \t]+(\S+)", re.MULTILINE)
_FORBIDDEN: Final = re.compile(r"^FORBIDDENWORD[ \t]+(\S)", re.MULTILINE)
_HEAD: Final = re.compile(r"^([PS])FX[ \t]+(\S)[ \t]+([YN])[ \t]+\d+", re.MULTILINE)
_RULE: Final = re.compile(r"^([PS])FX[ \t]+(\S)[ \t]+(\S+)[ \t]+([^\s/]+)(?:/\S*)?(?:[ \t]+(\S+))?", re.MULTILINE)
_ONE: Final = re.compile(r"\[\^?[^\]\s]+\]|[^\[\]]")


class Rule(NamedTuple):
    """How one ending, or beginning, is put on a stem."""

    flag: str
    strip: str
    """What the stem loses for it."""
    condition: re.Pattern[str]
    """How a stem ends, or begins, that takes it."""
    goes_with_others: bool
    """Whether a word may have a beginning and an ending at once."""


class Rules(NamedTuple):
    """All of a dictionary, by what they put on."""

    endings: Mapping[str, list[Rule]]
    beginnings: Mapping[str, list[Rule]]
    forbidden: str
    """The flag of what is no word though it can be made; may be empty."""


NO_RULES: Final = Rules({}, {}, "")


def rules_of(text: str) -> Rules:
    """The rules of an .aff file; none where its flags are of a kind that is not known here."""
    kind = _KIND.search(text)
    if kind is not None and kind.group(1) != "UTF-8":
        return NO_RULES
    crossing = {(side, flag) for side, flag, crosses in _HEAD.findall(text) if crosses == "Y"}
    found: dict[str, dict[str, list[Rule]]] = {"S": {}, "P": {}}
    for count, (side, flag, strip, add, condition) in enumerate(_RULE.findall(text)):
        if count >= MOST_RULES:
            break
        if strip in "YN" and add.isdigit():
            continue  # the head of a group
        pattern = "".join(map(_as_pattern, _ONE.findall(condition.lower())))
        compiled = re.compile(f"{pattern}\\Z" if side == "S" else pattern)
        rule = Rule(flag, "" if strip == "0" else strip.lower(), compiled, (side, flag) in crossing)
        found[side].setdefault("" if add == "0" else add.lower(), []).append(rule)
    forbidden = _FORBIDDEN.search(text)
    return Rules(found["S"], found["P"], forbidden.group(1) if forbidden is not None else "")


def _as_pattern(one: str) -> str:
    """One letter of a condition: itself, any, one of some, or none of some."""
    if len(one) == 1:
        return "." if one == "." else re.escape(one)
    without, letters = one[1:2] == "^", one[1:-1].removeprefix("^")
    return f"[{'^' if without else ''}{re.escape(letters)}]" if letters else "."


class Forms(Collection[str]):
    """Every word that stems and rules make, in lower case."""

    def __init__(self, stems: Mapping[str, str], rules: Rules) -> None:
        """`stems`: in lower case, each with its flags."""
        self._stems = stems
        self._rules = rules
        self._longest = max(map(len, [*rules.endings, *rules.beginnings]), default=0)

    def __len__(self) -> int:
        """How many stems there are."""
        return len(self._stems)

    def __iter__(self) -> Iterator[str]:
        """The stems."""
        return iter(self._stems)

    def __contains__(self, word: object) -> bool:
        """Whether a word, in lower case, is a stem or made of one."""
        if not isinstance(word, str) or len(word) > LONGEST_WORD:
            return False
        flags = self._stems.get(word)
        if flags is not None and not (self._rules.forbidden and self._rules.forbidden in flags):
            return True
        return self._ends_well(word, "") or any(
            rule.flag in self._stems.get(stem, "") or (rule.goes_with_others and self._ends_well(stem, rule.flag))
            for rule, stem in self._without_beginning(word)
        )

    def _ends_well(self, word: str, also: str) -> bool:
        """Whether an ending makes this word, of a stem that takes the flag `also` with it."""
        for length in range(min(self._longest, len(word) - 1) + 1):
            cut = len(word) - length
            for rule in self._rules.endings.get(word[cut:], ()):
                flags = self._stems.get(stem := word[:cut] + rule.strip, "")
                if (
                    rule.flag in flags
                    and (not also or (rule.goes_with_others and also in flags))
                    and rule.condition.search(stem)
                ):
                    return True
        return False

    def _without_beginning(self, word: str) -> Iterator[tuple[Rule, str]]:
        for length in range(min(self._longest, len(word) - 1) + 1):
            for rule in self._rules.beginnings.get(word[:length], ()):
                stem = rule.strip + word[length:]
                if rule.condition.match(stem):
                    yield rule, stem
