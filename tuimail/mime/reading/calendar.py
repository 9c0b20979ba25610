"""A calendar invitation (RFC 5545, iTIP RFC 5546) in a few readable lines.

Only what a person asks first: what, when, where, who. Times are shown as they are
given, with the zone named; nothing is computed. What cannot be read is left out.
"""

from __future__ import annotations

import re

from tuimail.mime.clean import clean_line
from tuimail.mime.decoding.parameters import parse_value
from tuimail.model import LineKind, Span, TextLine

MAX_CALENDAR_CHARACTERS = 256 * 1024
MAX_EVENTS = 5
MAX_GUESTS_SHOWN = 6

_METHODS = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "REPLY": "Answer to an invitation",
    "PUBLISH": "Event",
    "COUNTER": "Another time is proposed",
}
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "maybe"}
_WHEN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})?(Z)?)?\Z")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_Event = dict[str, list[tuple[dict[str, str], str]]]


def calendar_lines(text: str) -> tuple[TextLine, ...]:
    """The lines that tell of the events in a text/calendar part; none when it has no event."""
    method, events = _events(text[:MAX_CALENDAR_CHARACTERS])
    lines: list[TextLine] = []
    for event in events[:MAX_EVENTS]:
        if lines:
            lines.append(TextLine(""))
        lines += _event_lines(event, method)
    if len(events) > MAX_EVENTS:
        lines.append(TextLine(f"and {len(events) - MAX_EVENTS} more events", kind=LineKind.NOTE))
    return tuple(lines)


def _events(text: str) -> tuple[str, list[_Event]]:
    method = ""
    events: list[_Event] = []
    inside = 0
    for name, parameters, value in _content_lines(text):
        if name == "METHOD":
            method = value.strip().upper()
        elif name == "BEGIN":
            if value.strip().upper() == "VEVENT" and not inside:
                events.append({})
                inside = 1
            elif inside:
                inside += 1  # an alarm in the event; its properties are not the event's
        elif name == "END":
            inside = max(inside - 1, 0)
        elif inside == 1 and events:
            events[-1].setdefault(name, []).append((parameters, value))
    return method, events


def _content_lines(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Unfolded `NAME;PARAMETER=x:VALUE` lines (RFC 5545 3.1)."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    found: list[tuple[str, dict[str, str], str]] = []
    for line in unfolded.splitlines():
        head, value = _split_value(line[:8_000])
        if head:
            name, _, parameters = head.partition(";")
            known = dict(parse_value(f"x;{parameters}").parameters) if parameters else {}
            found.append((name.strip().upper(), known, value))
    return found


def _split_value(line: str) -> tuple[str, str]:
    """Name with parameters, and value: apart at the first colon outside quotes."""
    quoted = False
    for position, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            return line[:position], line[position + 1 :]
    return "", ""


def _event_lines(event: _Event, method: str) -> list[TextLine]:
    title = _text(event, "SUMMARY") or "no title"
    status = _text(event, "STATUS").upper()
    label = _METHODS.get("CANCEL" if status == "CANCELLED" else method, "Event")
    lines = [TextLine(f"{label}: {title}", kind=LineKind.HEADING)]
    rows = [
        ("When", _period(event)),
        ("Where", _text(event, "LOCATION")),
        ("From", _person(event.get("ORGANIZER", [])[:1])),
        ("Guests", _person(event.get("ATTENDEE", []))),
    ]
    for name, value in rows:
        if value:
            lines.append(TextLine(f"{name}: {value}", indent_cells=len(name) + 2, spans=(Span(0, len(name), "bold"),)))
    return lines


def _text(event: _Event, name: str) -> str:
    values = event.get(name)
    if not values:
        return ""
    plain = _ESCAPED.sub(lambda found: " " if found.group(1) in "nN" else found.group(1), values[0][1])
    return clean_line(" ".join(plain.split()), 300)


def _period(event: _Event) -> str:
    start = _moment(event.get("DTSTART"))
    if not start:
        return ""
    end = _moment(event.get("DTEND"))
    zone = _zone(event["DTSTART"][0])
    text = start
    if end and end != start:
        # The same day is said once.
        text += f" to {end[11:] if len(end) > 10 and end[:10] == start[:10] else end}"
    return f"{text}{zone}{', repeats' if 'RRULE' in event else ''}"


def _moment(values: list[tuple[dict[str, str], str]] | None) -> str:
    found = _WHEN.match(values[0][1].strip()) if values else None
    if not found:
        return ""
    year, month, day, hour, minute = found.group(1, 2, 3, 4, 5)
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}" if hour else "")


def _zone(value: tuple[dict[str, str], str]) -> str:
    parameters, moment = value
    if moment.strip().endswith("Z"):
        return " UTC"
    zone = clean_line(parameters.get("tzid", ""), 60)
    return f" ({zone})" if zone and "T" in moment else ""


def _person(values: list[tuple[dict[str, str], str]]) -> str:
    names: list[str] = []
    for parameters, value in values[:MAX_GUESTS_SHOWN]:
        address = value.strip()
        address = address[7:] if address[:7].lower() == "mailto:" else address
        name = parameters.get("cn", "")
        answer = _ANSWERS.get(parameters.get("partstat", "").upper(), "")
        shown = f"{name} <{address}>" if name and name != address else address
        names.append(clean_line(shown, 120) + (f" ({answer})" if answer else ""))
    if len(values) > MAX_GUESTS_SHOWN:
        names.append(f"and {len(values) - MAX_GUESTS_SHOWN} more")
    return ", ".join(names)
