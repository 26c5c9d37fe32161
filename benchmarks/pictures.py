"""Draws curves as an SVG picture with axes from 0 to 1 and a legend, readable on any background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

_SIZE, _LEFT, _TOP = 360, 64, 40  # size and origin of the plotting area
_LEGEND = 270
_COLOURS = ("#0057b8", "#c2410c", "#15803d", "#7e22ce", "#525252")
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 4")


def curves(
    title: str, x: str, y: str, lines: Mapping[str, Sequence[tuple[float, float]]], diagonal: str = "", top: float = 1.0
) -> str:
    """An SVG picture of lines through points with x in 0–1 and y in 0–`top`; `diagonal` is the label of that line."""

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return _LEFT + _SIZE * point[0], _TOP + _SIZE * (1 - point[1] / top)

    def text(place: tuple[float, float], words: str, more: str = "") -> str:
        return f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" {more}>{escape(words)}</text>'

    def line(points: Sequence[tuple[float, float]], colour: str, more: str = "") -> str:
        joined = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        return f'<polyline points="{joined}" fill="none" stroke="{colour}" {more}/>'

    width, height = _LEFT + _SIZE + _LEGEND, _TOP + _SIZE + 60
    middle = _LEFT + _SIZE / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        f'role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="13" fill="#1a1a1a">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        text((_LEFT, _TOP - 16), title, 'font-weight="bold" font-size="15"'),
        text((middle, height - 14), x, 'text-anchor="middle"'),
        text((18, _TOP + _SIZE / 2), y, f'text-anchor="middle" transform="rotate(-90 18 {_TOP + _SIZE / 2})"'),
    ]
    for step in range(6):
        share = step / 5
        (across, bottom), (left, up) = at((share, 0)), at((0, share * top))
        parts += [
            line([at((share, 0)), at((share, top))], "#d4d4d4"),
            line([at((0, share * top)), at((1, share * top))], "#d4d4d4"),
            text((across, bottom + 18), f"{share:.1f}", 'text-anchor="middle"'),
            text((left - 8, up + 4), f"{share * top:.1f}", 'text-anchor="end"'),
        ]
    named = {**({diagonal: [(0.0, 0.0), (1.0, top)]} if diagonal else {}), **lines}
    for number, (name, points) in enumerate(named.items()):
        colour = "#737373" if name == diagonal else _COLOURS[number % len(_COLOURS)]
        style = f'stroke-width="2.5" stroke-dasharray="{_DASHES[number % len(_DASHES)]}"'
        row = _TOP + 16 + 22 * number
        parts += [
            line([at(point) for point in points], colour, style),
            line([(_LEFT + _SIZE + 14, row), (_LEFT + _SIZE + 44, row)], colour, style),
            text((_LEFT + _SIZE + 52, row + 4), name),
        ]
    return "\n".join([*parts, "</svg>", ""])
