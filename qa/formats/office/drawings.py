"""Reads the charts and diagrams (SmartArt) of Office packages, which are parts of their own."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree  # type: ignore[import-untyped]

from .package import name_of, read_tree

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MAX_POINTS = 20_000  # of a series
_MAX_DEPTH = 20  # levels of a diagram
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')  # parts of a number format that are not codes
_LAYOUT = ("pres", "parTrans", "sibTrans")  # the kinds of points of a diagram that only lay out the others
_MAX_DATE = 2_958_465  # 31 December 9999 as a spreadsheet counts days


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as a caption and tables, with the values under the names of their series; or a diagram, as a caption."""

    caption: str
    tables: tuple[list[list[str]], ...] = ()


def drawing(archive: zipfile.ZipFile, element: etree._Element, targets: dict[str, str]) -> Drawing | None:
    """What an element of a page refers to, if it is a chart or a diagram; `targets` are the parts by relation ids."""
    kind = name_of(element)
    if kind == "chart" and (root := read_tree(archive, targets.get(element.get(f"{RELATION}id", ""), ""))) is not None:
        return _extended_chart(root) if name_of(root) == "chartSpace" and "chartex" in root.tag else chart(root)
    if kind == "relIds" and (root := read_tree(archive, targets.get(element.get(f"{RELATION}dm", ""), ""))) is not None:
        texts = [text for text in _points(root) if text]
        return Drawing("Diagram: " + "; ".join(texts)) if texts else None
    return None


# --- charts -----------------------------------------------------------------------------------------------------------


def chart(root: etree._Element) -> Drawing | None:
    """A chart: one table for each run of series with the same categories."""
    titles = [_rich(title) for title in root.iterfind("{*}chart/{*}title")]
    axes = [(name_of(axis), _rich(axis.find("{*}title"))) for axis in root.iterfind("{*}chart/{*}plotArea/*")]
    named = {kind: title for kind, title in reversed(axes) if title}
    across = named.get("catAx") or named.get("dateAx", "")
    runs: list[tuple[list[str], list[str], list[list[str]]]] = []  # categories, names of series, values of each
    for number, series in enumerate(root.iterfind(".//{*}plotArea//{*}ser"), start=1):
        categories = _values(series, "cat", "xVal")
        values = _values(series, "val", "yVal")
        name = " ".join(_values(series, "tx").values()) or _rich(series.find("{*}tx")) or f"Series {number}"
        places = sorted(categories.keys() | values.keys())
        labels = [categories.get(place, str(place + 1)) for place in places]
        column = [values.get(place, "") for place in places]
        if runs and runs[-1][0] == labels:
            runs[-1][1].append(name)
            runs[-1][2].append(column)
        elif places:
            runs.append((labels, [name], [column]))
    return _drawn(titles, [across, named.get("valAx", "")], across, runs)


def _drawn(
    titles: Sequence[str],
    axes: Sequence[str],
    corner: str,
    runs: Sequence[tuple[list[str], list[str], list[list[str]]]],
) -> Drawing | None:
    tables = tuple(
        [[corner, *names], *([label, *row] for label, *row in zip(labels, *columns, strict=True))]
        for labels, names, columns in runs
    )
    title, axis = "; ".join(filter(None, titles)), ", ".join(filter(None, axes))
    caption = f"{title} ({axis})" if title and axis else title or axis
    return Drawing(f"Chart: {caption}" if caption else "Chart", tables) if caption or tables else None


def _values(series: etree._Element, *names: str) -> dict[int, str]:
    """The values of a series, its categories or its name, by their places; labels of several levels are joined."""
    values: dict[int, str] = {}
    for name in names:
        for cache in series.iterfind(f"{{*}}{name}//{{*}}ptCount/.."):
            form = cache.findtext("{*}formatCode") or ""
            for point in cache.iterfind("{*}pt"):
                place, text = point.get("idx", ""), (point.findtext("{*}v") or "").strip()
                if place.isascii() and place.isdecimal() and len(place) < 9 and text and len(values) < _MAX_POINTS:
                    shown = _shown(text, point.get("formatCode", form))
                    values[int(place)] = f"{shown} {values[int(place)]}" if int(place) in values else shown
    if not values and (text := series.findtext(f"{{*}}{names[0]}/{{*}}v")):
        values[0] = text
    return values


def _shown(text: str, form: str) -> str:
    """A number as a chart shows it: dates and percentages by their format, others without noise in the last digit."""
    try:
        number = float(text)
        codes = _QUOTED.sub("", form.split(";")[0].casefold())
        if re.search(r"[yd]", codes) and 0 < number < _MAX_DATE and "general" not in codes:
            return (datetime(1899, 12, 30) + timedelta(days=number)).date().isoformat()
        if "%" in codes:
            digits = len(re.sub(r"[^0#]", "", codes.partition(".")[2]))
            return f"{number * 100:.{min(digits, 6)}f}%"
        return f"{number:.12g}" if len(text) > 14 else text
    except (ValueError, OverflowError):
        return text


def _extended_chart(root: etree._Element) -> Drawing | None:
    """A chart of a newer kind (waterfall, sunburst …): its dimensions are the columns of one table."""
    columns = []
    for data in root.iterfind("{*}chartData/{*}data"):
        levels = [
            [(point.text or "").strip() for point in level.iterfind("{*}pt")] for level in data.iterfind("*/{*}lvl")
        ]
        columns += [level[:_MAX_POINTS] for level in levels]
    length = max(map(len, columns), default=0)
    rows = [[column[place] if place < len(column) else "" for column in columns] for place in range(length)]
    title = _rich(root.find("{*}chart/{*}title"))
    return Drawing(f"Chart: {title}" if title else "Chart", (rows,) if rows else ()) if title or rows else None


def _rich(element: etree._Element | None) -> str:
    """The text of a title."""
    if element is None:
        return ""
    runs = "".join(run.text or "" for run in element.iter("{*}t"))
    return " ".join((runs or " ".join(value.text or "" for value in element.iter("{*}v"))).split())


# --- diagrams ---------------------------------------------------------------------------------------------------------


def _points(root: etree._Element) -> Iterator[str]:
    """The texts of a diagram in the order in which it shows them; those without a place come last."""
    points = {point.get("modelId", ""): point for point in root.iterfind("{*}ptLst/{*}pt")}
    below: dict[str, list[tuple[int, str]]] = {}
    for line in root.iterfind("{*}cxnLst/{*}cxn"):
        if line.get("type", "parOf") == "parOf":
            order = line.get("srcOrd", "0")
            entry = (
                int(order) if order.isascii() and order.isdecimal() and len(order) < 9 else 0,
                line.get("destId", ""),
            )
            below.setdefault(line.get("srcId", ""), []).append(entry)
    waiting = [(name, 0) for name, point in reversed(points.items())]  # the last is taken first
    waiting += [(name, 0) for name, point in reversed(points.items()) if point.get("type") == "doc"]
    seen: set[str] = set()
    while waiting:
        name, depth = waiting.pop()
        if name in seen or name not in points:
            continue
        seen.add(name)
        point = points[name]
        if point.get("type") not in _LAYOUT:
            paragraphs = ("".join(run.text or "" for run in line.iter("{*}t")) for line in point.iterfind("{*}t/{*}p"))
            yield " ".join(" ".join(paragraphs).split())
        if depth < _MAX_DEPTH:
            waiting += [(child, depth + 1) for _, child in sorted(below.get(name, ()), reverse=True)]
