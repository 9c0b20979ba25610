"""Curves as SVG, both axes logarithmic: written by hand, readable on a light and on a dark page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 860
HEIGHT: Final = 430
LEFT, RIGHT, TOP, BOTTOM = 60, 250, 50, 50
LABEL_PX: Final = 17
COLOURS: Final = (
    "#1f5fa8", "#c2410c", "#15803d", "#7c3aed", "#b91c1c", "#0e7490", "#a16207", "#be185d", "#475569", "#4d7c0f",
)  # fmt: skip


class Line(NamedTuple):
    """A name, and points that are both above zero."""

    name: str
    points: Sequence[tuple[float, float]]


class Frame:
    """Where a value lies in the picture; whole decades around all points."""

    def __init__(self, lines: Sequence[Line]) -> None:
        xs = [math.log10(x) for line in lines for x, _ in line.points]
        ys = [math.log10(y) for line in lines for _, y in line.points]
        self.left, self.right = math.floor(min(xs)), max(*xs, math.floor(min(xs)) + 1.0)
        self.low, self.high = min(-1, math.floor(min(ys))), max(1, math.ceil(max(ys)))

    def x(self, value: float) -> float:
        """Of a size."""
        return LEFT + (math.log10(value) - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Of a multiple."""
        return HEIGHT - BOTTOM - (math.log10(value) - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def drawn(title: str, lines: Sequence[Line]) -> str:
    """The picture."""
    frame = Frame(lines)
    body = [f'<text x="{LEFT}" y="28" font-size="16" font-weight="bold">{escape(title)}</text>', *_axes(frame)]
    ends = _apart([(frame.y(line.points[-1][1]), number) for number, line in enumerate(lines)])
    for number, line in enumerate(lines):
        body += _curve(frame, line, COLOURS[number % len(COLOURS)], ends[number])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' font-family="sans-serif" font-size="13" fill="#1f2937" role="img" aria-label="{escape(title)}">'
    )
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    return "\n".join([head, paper, *body, "</svg>", ""])


def _axes(frame: Frame) -> list[str]:
    """Grid, ticks and the name of the horizontal one."""
    found = []
    for power in range(frame.low, frame.high + 1):
        y = frame.y(10.0**power)
        stroke = "#6b7280" if power == 0 else "#e5e7eb"
        found.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{stroke}"/>')
        found.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} x</text>')
    for power in range(frame.left, math.floor(frame.right) + 1):
        x = frame.x(10.0**power)
        found.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e5e7eb"/>')
        found.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{10**power:,}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    found.append(f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle">messages</text>')
    return found


def _curve(frame: Frame, line: Line, colour: str, label_y: float) -> list[str]:
    places = [(frame.x(x), frame.y(y)) for x, y in line.points]
    last_x, last_y = places[-1]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    label_x = WIDTH - RIGHT + 24
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places),
        f'<path d="M{last_x:.1f} {last_y:.1f}L{label_x - 4} {label_y - 4:.1f}" stroke="{colour}" stroke-width="0.5"/>',
        f'<text x="{label_x}" y="{label_y:.1f}" fill="{colour}">{escape(line.name)}, {line.points[-1][1]:.2f} x</text>',
    ]


def _apart(wanted: Sequence[tuple[float, int]]) -> dict[int, float]:
    """Heights of labels as near to the wanted ones as they can be without lying on each other."""
    room = len(wanted) * LABEL_PX
    found: dict[int, float] = {}
    lowest = TOP + 4.0
    for place, (y, number) in enumerate(sorted(wanted)):
        left = room - place * LABEL_PX
        lowest = max(lowest, min(y + 4, HEIGHT - 12.0 - left + LABEL_PX))
        found[number] = lowest
        lowest += LABEL_PX
    return found
