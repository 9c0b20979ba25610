"""Held attachments as lines of the screen: the list of them, and everything known of one.

Pure: nothing here reads a file or knows Textual. Every text that came with mail is
cleaned on its way into a run; bytes are shown as digits and printable ASCII only.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tuimail.mime.clean import clean_line, elide_middle, safe_filename
from tuimail.mime.examining.peek import text_lines
from tuimail.model import Held, HeldState, Verdict
from tuimail.ui.lines.cells import fit
from tuimail.ui.lines.held_filter import STATES, Filter
from tuimail.ui.lines.rows import BAR, Run, Runs, both_ends
from tuimail.ui.lines.type_names import type_label
from tuimail.ui.lines.when import counted, full_date, long_size, short_date
from tuimail.ui.lines.wrapping import break_at

LINES_PER_ROW = 2
MAX_NAMES = 200
"""Names inside an archive that are listed."""
MAX_LINES = 1000
"""Lines of text that are shown."""
NO_REASON = "Nothing was found that speaks against it. That does not mean that it is harmless."
NOT_EXAMINED = "It is examined by itself soon. Until then nothing speaks for it."
_LABEL = 11
_MARGIN = 2


class View(enum.Enum):
    """How bytes are shown."""

    HEX = "hex"
    TEXT = "text"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Inside:
    """What a look into the bytes gave; nothing of it was run or unpacked."""

    names: tuple[str, ...] = ()
    """Names in an archive, not cleaned."""
    octets: bytes = b""
    """The first of its decoded octets."""
    view: View = View.HEX
    trouble: str = ""
    """One sentence when it could not be looked into."""


def shown_name(held: Held) -> str:
    """The harmless form of its name, with its true extension."""
    return safe_filename(held.filename, f"attachment-{held.section.replace('.', '-')}")


def state_words(held: Held) -> str:
    """`dangerous`, `no finding`, `not examined`; of one that was decided: `released`, `deleted`."""
    if held.state is not HeldState.HELD:
        return held.state.value
    return verdict_words(held.verdict)


def verdict_words(verdict: Verdict | None) -> str:
    """In words for a person; there is none that says that something is safe."""
    return "not examined" if verdict is None else verdict.words


def verdict_mark(held: Held) -> tuple[str, str]:
    """One cell and the role it is drawn in."""
    if held.state is HeldState.RELEASED:
        return "✓", "ok"
    if held.state is HeldState.DELETED:
        return "×", "muted"
    return {
        Verdict.DANGEROUS: ("✖", "error"),
        Verdict.SUSPICIOUS: ("▲", "warning"),
        Verdict.NO_FINDING: ("○", "muted"),
        None: ("?", "muted"),
    }[held.verdict]


# --- the list ---------------------------------------------------------------------


def held_row(held: Held, width: int, now: float, *, cursor: bool = False) -> list[Runs]:
    """Two lines of exactly `width` cells: name and date, then verdict, type, size and sender."""
    mark, role = verdict_mark(held)
    bar = Run(BAR if cursor else " ", "bar")
    date = fit(short_date(held.sort_at, now), 7, right=True)
    name = elide_middle(shown_name(held), max(4, width - 12))
    gone = held.state is HeldState.DELETED
    first = both_ends(
        [bar, Run(f"{mark} ", role), Run(name, "muted" if gone else "unread-text")], [Run(f"{date} ", "date")], width
    )
    kind = type_label(held.real_type or held.declared_type)
    sender = clean_line(held.sender, 200).strip() or "(no sender)"
    facts = f" · {kind} · {long_size(held.size_octets)} · {sender}"
    words = state_words(held)
    room = max(0, width - 4 - len(words))
    second = [bar, Run("  " + words, role), Run(fit(facts, room), "muted"), Run(" ", "text")]
    return [first, both_ends(second, [], width)]


def title_line(held: Sequence[Held], wanted: Filter, width: int) -> Runs:
    """` Quarantine   held 4  released 1 …`, and at the right end which verdict is shown."""
    runs = [Run(" Quarantine ", "title")]
    for state in STATES:
        count = sum(Filter(state, account=wanted.account).fits(each) for each in held)
        word = "all" if state is None else state.value
        is_chosen = state == wanted.state
        runs.append(Run(f"  {word} {counted(count)}", "accent" if is_chosen else "muted"))
    verdict = "every verdict" if wanted.verdict is None else f"only {wanted.verdict.words}"
    return both_ends(runs, [Run(f"{verdict} ▾ ", "muted" if wanted.verdict is None else "accent")], width)


def empty_page(states: Collection[HeldState], is_filtered: bool) -> list[Runs]:
    """What stands in the list while it has no rows."""
    if is_filtered:
        return [[Run("Nothing fits", "strong")], [], [Run("v shows every verdict, f other states.", "muted")]]
    if set(states) == {HeldState.RELEASED}:
        return [[Run("Nothing was released", "strong")]]
    if set(states) == {HeldState.DELETED}:
        return [[Run("Nothing was deleted", "strong")]]
    return [
        [Run("Nothing is held", "strong")],
        [],
        [Run("Attachments of POP3 mail wait here until you look at them.", "muted")],
    ]


# --- everything known of one ---------------------------------------------------------


def details(held: Held, inside: Inside, width: int) -> list[Runs]:
    """All that is known, in lines of at most `width` cells."""
    mark, role = verdict_mark(held)
    room = max(8, width - 2 * _MARGIN)
    lines: list[Runs] = [
        _indented([Run(elide_middle(shown_name(held), room), "strong")]),
        _indented([Run(f"{mark} {_verdict_line(held)}", role)]),
        [],
        *_section("Why", _why(held), width),
        *_section("What it is", _facts(held, room), width),
        *_section("The message it came with", _message(held, room), width),
    ]
    if inside.names:
        lines += _section(f"Inside, by name only ({counted(len(inside.names))})", _names(inside.names, room), width)
    if inside.trouble:
        lines += _section("Its octets", [[Run(clean_line(inside.trouble, 300), "warning")]], width)
    elif inside.view is not View.NONE and inside.octets:
        lines += _octets(held, inside, width)
    return lines


def _octets(held: Held, inside: Inside, width: int) -> list[Runs]:
    """The bytes, under a heading that says how many of them these are."""
    shown = len(inside.octets)
    part = "All" if shown >= held.size_octets else "The first"
    title = f"{part} {counted(shown)} octets, as {inside.view.value}"
    lines = [_indented([Run(title, "heading"), Run("  x shows them otherwise", "muted")])]
    if inside.view is View.HEX:
        return [*lines, *(_indented(line) for line in hex_lines(inside.octets, width)), []]
    for line in text_lines(inside.octets)[:MAX_LINES]:
        lines += [_indented(piece) for piece in folded([Run(line or " ", "text")], max(8, width - 2 * _MARGIN))]
    return [*lines, []]


def _verdict_line(held: Held) -> str:
    if held.state is HeldState.HELD:
        return f"{verdict_words(held.verdict)} · held"
    when = f" on {full_date(held.decided_at)}" if held.decided_at is not None else ""
    return f"{held.state.value}{when} · was: {verdict_words(held.verdict)}"


def _why(held: Held) -> list[Runs]:
    if not held.reasons:
        return [[Run(NOT_EXAMINED if held.verdict is None else NO_REASON, "text")]]
    return [[Run("• ", "muted"), Run(clean_line(reason, 600), "text")] for reason in held.reasons]


def _facts(held: Held, room: int) -> list[Runs]:
    sent = clean_line(held.filename, 1000)
    facts = [("Sent as", _type(held.declared_type))]
    if sent != shown_name(held):
        facts.insert(0, ("Its name", sent or "(it has none)"))
    facts.append(("Really", _type(held.real_type) if held.real_type else "not known"))
    octets = f" ({counted(held.size_octets)} octets)" if held.size_octets >= 1000 else ""
    facts.append(("Size", long_size(held.size_octets) + octets))
    lines = [_fact(label, value, room) for label, value in facts]
    digest = clean_line(held.sha256, 64) or "not known"
    step = 32 if room < _LABEL + 64 else 64
    pieces = [digest[start : start + step] for start in range(0, len(digest), step)]
    return lines + [_fact("" if at else "SHA-256", piece, room) for at, piece in enumerate(pieces)]


def _message(held: Held, room: int) -> list[Runs]:
    return [
        _fact("From", clean_line(held.sender, 300).strip() or "(no sender)", room),
        _fact("Subject", clean_line(held.subject, 300).strip() or "(no subject)", room),
        _fact("Sent", full_date(held.sort_at), room),
    ]


def _names(names: Sequence[str], room: int) -> list[Runs]:
    lines = [[Run(elide_middle(clean_line(name, 1000) or "(no name)", room), "code")] for name in names[:MAX_NAMES]]
    if len(names) > MAX_NAMES:
        lines.append([Run(f"and {counted(len(names) - MAX_NAMES)} more", "muted")])
    return lines


def _type(content_type: str) -> str:
    declared = clean_line(content_type, 120) or "unknown"
    label = type_label(declared)
    return declared if label == declared else f"{label} ({declared})"


def _fact(label: str, value: str, room: int) -> Runs:
    return [Run(fit(label, _LABEL), "muted"), Run(elide_middle(value, max(4, room - _LABEL)), "text")]


def _section(title: str, body: Iterable[Runs], width: int) -> list[Runs]:
    """A heading, its lines folded to the width, and an empty one."""
    lines: list[Runs] = [_indented([Run(title, "heading")])]
    for runs in body:
        lines += [_indented(part) for part in folded(runs, max(8, width - 2 * _MARGIN))]
    return [*lines, []]


def _indented(runs: Runs) -> Runs:
    return [Run(" " * _MARGIN, "text"), *runs]


def folded(runs: Runs, width: int) -> list[Runs]:
    """Lines that fit: the last run is broken at spaces, and hangs below its own beginning."""
    *before, last = runs
    indent = sum(len(run.text) for run in before)
    text, role = last
    room = max(8, width - indent)
    parts: list[Runs] = []
    start = 0
    while start < len(text) or not parts:
        end = break_at(text, start, room)
        lead = before if not parts else [Run(" " * indent, "text")] if indent else []
        parts.append([*lead, Run(text[start:end].rstrip(), role)])
        start = end
    return parts


# --- bytes ---------------------------------------------------------------------------


def hex_lines(data: bytes, width: int) -> list[Runs]:
    """Offset, octets in hex, and those that are printable ASCII; 16 octets a line where there is room, else 8."""
    each = 16 if width >= 78 + 2 * _MARGIN else 8
    return [_hex_line(data[start : start + each], start, each) for start in range(0, len(data), each)]


def _hex_line(octets: bytes, offset: int, each: int) -> Runs:
    half = each // 2
    digits = f"{octets[:half].hex(' '):<{half * 3}} {octets[half:].hex(' '):<{half * 3}}"
    printable = "".join(chr(octet) if 0x20 <= octet < 0x7F else "·" for octet in octets)
    return [Run(f"{offset:08x}  ", "muted"), Run(digits + " ", "code"), Run(printable, "text")]
