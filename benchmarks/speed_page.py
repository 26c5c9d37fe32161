"""Writes docs/speed.md from the results of benchmarks/speed.py: tables, targets, and estimates for larger indexes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import speed_plan
from benchmarks.common import COSINE

Entry = dict[str, Any]

LOSS_SETS = ("squad-v2-dev", "clapnq-dev", "cranfield", "squad-v1.1-dev", "inscit-dev")
_NAMES = {
    "ours": "this program",
    "unread": "this program, `QA_READER=off`",
    "txtai": "txtai, hybrid",
    "plain": "sentence-transformers + `IndexFlatIP`",
    "chroma": "Chroma (no word search)",
    "bm25s": "bm25s (words alone)",
}
_SCALE = 202_208
_FULL = 0.95  # share of processor time from which the processors are saturated
_PLANNED = (1_000_000, 10_000_000, 100_000_000)


def load(path: Path) -> list[Entry]:
    """The stored measurements; empty if there is no such file."""
    return list(json.loads(path.read_text("utf-8"))["measured"]) if path.is_file() else []


def median(values: Sequence[float]) -> float:
    return float(np.median(values))


class Measured:
    """The entries, looked up by part, size and system."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._figures: dict[tuple[str, int, str], dict[str, list[float]]] = {
            (e["part"], e["size"], e["system"]): e["figures"] for e in entries
        }
        self._looked_up = {(e["part"], e["size"]) for e in entries if e["rows"]}

    def sizes(self, part: str, system: str = "ours") -> list[int]:
        return sorted(size for name, size, who in self._figures if (name, who) == (part, system))

    def systems(self, part: str, size: int) -> list[str]:
        return [who for name, at, who in self._figures if (name, at) == (part, size)]

    def get(self, part: str, size: int, system: str, figure: str) -> list[float]:
        """The measured values; empty if there are none."""
        return self._figures.get((part, size, system), {}).get(figure, [])

    def median(self, part: str, size: int, figure: str, system: str = "ours") -> float | None:
        values = self.get(part, size, system, figure)
        return median(values) if values else None

    def without_encoding(self, size: int) -> float | None:
        """The seconds to index passages whose embeddings are read from a file, by their number."""
        return self.median("scale", size, "seconds") if ("scale", size) in self._looked_up else None

    def line(self, part: str, figure: str) -> speed_plan.Line | None:
        """The fit over all sizes of this program; None for fewer than three."""
        return self._line((size, self.median(part, size, figure)) for size in self.sizes(part))

    def indexing(self) -> speed_plan.Line | None:
        """The fit of the seconds without encoding, as `line`."""
        return self._line((size, self.without_encoding(size)) for size in self.sizes("scale"))

    def _line(self, points: Iterable[tuple[int, float | None]]) -> speed_plan.Line | None:
        known = [(float(size), cost) for size, cost in points if cost]
        return speed_plan.fit(known) if len(known) >= 3 else None


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table of targets; `met` is None if it was not measured."""

    work: str
    target: str
    measured: str
    met: bool | None


def targets(results: Measured, cores: int) -> list[Target]:
    """Each target of the project with the measured value."""
    encoded = max(results.sizes("encode"), default=0)
    lost = {
        name: plain[0] - ours[0]
        for name in LOSS_SETS
        if (ours := results.get("loss", 0, "ours", name)) and (plain := results.get("loss", 0, "plain", name))
    }
    asked = _ratio(results, "ask", _SCALE, "ask_ms", "txtai", system="unread")
    p95 = {who: _percentile(results, "ask", _SCALE, "ask_ms", 95, who) for who in ("unread", "ours")}
    torch = results.median("cold", _SCALE, "torch")
    cold, added = results.median("cold", _SCALE, "seconds"), results.median("add", _SCALE, "seconds")
    noop, growth = _noop(results), _growth(results)
    memory = results.median("memory", _SCALE, "resident_mb")
    return [
        _least("passages encoded a second, against sentence-transformers' default", 5, _ratio(results, "encode", encoded, "passages_per_second", "plain", higher=True)),
        Target(
            "nDCG@10 lost to the fast encoder on each development set",
            "≤ .004",
            ", ".join(f"{name} {loss:+.4f}" for name, loss in lost.items()),
            max(lost.values()) <= 0.004 if lost else None,
        ),
        _least("whole build of 5,000 passages of prose from files, against txtai hybrid", 3, _ratio(results, "build", 5_000, "seconds", "txtai")),
        _least(f"one question in a warm process, {_SCALE:,} passages, without the reader, against txtai hybrid", 5, asked),
        _most("the same, p95 in ms (sentence-transformers encodes one question in "
              f"{_shown(results.median('encode', encoded, 'question_ms', 'plain')) or '?'} ms)", 15, p95["unread"]),
        _most(f"one question in a warm process, {_SCALE:,} passages, with the reader, p95 in ms", 300, p95["ours"]),
        *(
            _most(f"the same over HTTP beside {build}", 300, _percentile(results, "busy", _SCALE, "ms", 95, who))
            for who, build in (("own build", "a build of the chat"), ("qa build", "`qa build`"))
        ),
        _most(f"`qa ask` from a cold process, {_SCALE:,} passages, seconds (`import sentence_transformers` takes "
              f"{_shown(results.median('cold', _SCALE, 'seconds', 'import sentence_transformers')) or '?'})", 1.5, cold),
        _most("the same: torch is loaded (1) or not (0)", 0, torch),
        _most(f"memory while serving {_SCALE:,} passages, MB resident", 600, memory),
        *(
            _most(f"{size:,} passages indexed without encoding, times the seconds of txtai hybrid", 1.5,
                  _ratio(results, "scale", size, "seconds", "txtai", higher=True))
            for size in (20_000, _SCALE)
        ),
        _most(f"one article added to {_SCALE:,} passages, seconds", 1.5, added),
        _most("a build with nothing to do, some 10,000 files, seconds", 2, noop),
        _most("seconds a passage at 202,208 against 20,000, without encoding (linear within 15 %)", 1.15, growth[0]),
        _most("p50 of a question at 202,208 against 20,000, without the reader", 1.5, growth[1]),
        _together(results, cores),
    ]  # fmt: skip


def _least(work: str, wanted: float, value: float | None) -> Target:
    return Target(work, f"≥ {wanted:g} ×", f"{_shown(value)} ×" if value else "", value >= wanted if value else None)


def _most(work: str, wanted: float, value: float | None) -> Target:
    return Target(work, f"≤ {wanted:g}", _shown(value), None if value is None else value <= wanted)


def _ratio(
    results: Measured, part: str, size: int, figure: str, peer: str, higher: bool = False, system: str = "ours"
) -> float | None:
    """By what factor this program's median is better."""
    ours, theirs = results.median(part, size, figure, system), results.median(part, size, figure, peer)
    if not ours or not theirs:
        return None
    return ours / theirs if higher else theirs / ours


def _percentile(
    results: Measured, part: str, size: int, figure: str, percent: float, system: str = "ours"
) -> float | None:
    values = results.get(part, size, system, figure)
    return float(np.percentile(values, percent)) if values else None


def _noop(results: Measured) -> float | None:
    sizes = [size for size in results.sizes("noop") if (results.median("noop", size, "files") or 0) >= 9_500]
    return results.median("noop", sizes[0], "seconds") if sizes else None


def _growth(results: Measured) -> tuple[float | None, float | None]:
    built = [results.without_encoding(size) for size in (20_000, _SCALE)]
    asked = [results.median("ask", size, "ask_ms", "unread") for size in (20_000, _SCALE)]
    return (
        (built[1] / _SCALE) / (built[0] / 20_000) if built[0] and built[1] else None,
        asked[1] / asked[0] if asked[0] and asked[1] else None,
    )


def _together(results: Measured, cores: int) -> Target:
    work = (
        f"64 questions at once through the HTTP endpoint: throughput against one at a time, or {100 * _FULL:.0f} % of all cores "
        "in use by the server and those who ask"
    )
    target = f"≥ 5 ×, or ≥ {_FULL * cores:g} cores; none lost"
    sizes = results.sizes("http")
    if not sizes:
        return Target(work, target, "", None)
    size = sizes[-1]
    alone, together, server, client, lost = (
        results.median("http", size, figure) or 0.0
        for figure in (
            "alone_per_second", "together_per_second", "together_server_cores", "together_client_cores", "together_lost"
        )
    )  # fmt: skip
    p99 = _percentile(results, "http", size, "together_ms", 99) or 0.0
    measured = (
        f"{together / alone:.1f} ×, {server:.2f} + {client:.2f} of {cores} cores, {lost:.0f} lost, "
        f"p99 {p99:,.0f} ms ({size:,} passages)"
    )
    return Target(work, target, measured, lost == 0 and (together >= 5 * alone or server + client >= _FULL * cores))


# --- the page


def page(report: dict[str, Any]) -> str:
    """docs/speed.md."""
    entries: list[Entry] = report["measured"]
    results = Measured(entries)
    lines = [
        "# Speed",
        "",
        "Written by `python -m benchmarks.speed`. Every measurement ran in a separate process; the systems took turns, with the",
        "same weights (all-MiniLM-L6-v2) and the same passages. Each part says on which machine and day it was measured: parts of",
        "different machines cannot be compared. Figures are medians, with the lowest and the highest in brackets (of the runs'",
        "medians if a run has many values). *Ratio* is a peer's median divided by this program's. The figures in JSON:",
        "[speed.json](speed.json).",
        "",
        *_table("Targets", ("work", "target", "measured", "met"), "---", [
            (t.work, t.target, t.measured or "not measured yet", {True: "yes", False: "**no**", None: "–"}[t.met])
            for t in sorted(targets(results, os.cpu_count() or 1), key=lambda t: {False: 0, None: 1, True: 2}[t.met])
        ]),
        *_WHY,
        *_losses(results),
    ]  # fmt: skip
    for title, words, part, figures in _SECTIONS:
        lines += _section(results, entries, title, words, part, figures)
    lines += _many_at_once(results, entries)
    lines += _beside_builds(results, entries)
    lines += _plan(results)
    return "\n".join(lines).rstrip() + "\n"


# Why targets are missed, by profiles of the work; shares and sizes are of 2026-12-01.
_WHY = (
    "Why those are missed that are:",
    "",
    "- **Indexing.** A peer stores the texts that it is given. This program reads each file in a sandbox process, finds its",
    "  structure and language (a quarter of the processor time), its sentences and passages, whose tokens it counts (another",
    "  quarter), compares the files of a generation with their checksums, reads back what it wrote, and publishes at once.",
    "- **One article added.** Every generation is a whole index of its own, which an interrupted build cannot harm and which can be",
    "  asked later (`--as-of`): all rows are copied, with their checksums. That grows with the index; the rest is a start.",
    "- **A question without the reader.** A peer returns passages. This program also compares some 30 sentences, rows and items with",
    "  the question, computes a confidence, looks for another article's value, and compares the cited files with what was indexed.",
    "- **64 questions at once.** A question with the reader takes .18 s of processor time, and one alone already uses 1.6 of two",
    "  processors. Fewer passages were read under load once, which was faster, and changed answers.",
    "- **Memory.** 111 MB are Gradio and what it imports, 69 the model of languages, which a folder in several languages needs",
    "  for each question, 59 the encoder and 46 the reader. Of a large index, much is pages of mapped files, which the system can",
    "  take back (*own* excludes them).",
    "- **Encoding.** Eight bits and sequences without padding bring this much; docs/decisions.md lists what else was tried.",
    "",
)

# part → title, words, figures as (name, heading); a number after a name asks for that percentile
_SECTIONS: tuple[tuple[str, str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Encoding",
        "Passages of 60 to 130 words of prose, each system with its defaults; and a single question.",
        "encode",
        (("passages_per_second", "passages a second"), ("question_ms", "one question, ms")),
    ),
    (
        "A whole build, encoding included",
        "From a folder with one file for each passage to a saved index: the whole process, prose of 60 to 130 words. "
        "This program also checks, splits, detects languages, verifies and publishes. The median excludes its very first "
        "build.",
        "build",
        (("seconds", "seconds"), ("cpu", "processor seconds"), ("first_seconds", "the very first, seconds")),
    ),
    (
        "Indexing at scale",
        "Passages of every kind, at most 10,000 files; built once for each size. This program splits passages that are too long for the encoder, so it has more of them; its peers do not encode their ends. Its time includes the seconds in which the benchmark finds the embedding of each passage by its text.",
        "scale",
        (("seconds", "seconds"), ("cpu", "processor seconds"), ("peak_mb", "peak memory, MB"), ("disk_mb", "on disk, MB"),
         ("passages", "passages indexed")),
    ),
    (
        "One question, warm",
        "Five passages for each question. This program also finds the sentence that answers, its confidence and highlights, "
        "and checks whether the cited files have changed. Its reader also reads ten passages with the question, "
        "which its peers do not; the ratio is to this program without the reader.",
        "ask",
        (("ask_ms", "ms"), ("ask_ms 95", "p95, ms"), ("open_seconds", "opening the index, s")),
    ),
    (
        "One question from a cold process",
        "From the start of the process to its end: `qa ask`, and the minimum that a peer needs.",
        "cold",
        (("seconds", "seconds"), ("cpu", "processor seconds"), ("peak_mb", "peak memory, MB")),
    ),
    (
        "One article added",
        "A whole process: `qa build` with one new file, and a peer that opens its index, adds one text and saves.",
        "add",
        (("seconds", "seconds"), ("cpu", "processor seconds"), ("inside_seconds", "without start, s")),
    ),
    (
        "A build with nothing to do",
        "`qa build`, the whole process.",
        "noop",
        (("seconds", "seconds"), ("inside_seconds", "without start, s"), ("files", "files")),
    ),
    (
        "Memory",
        "Resident after 50 questions: of the running chat for this program, of a process that does nothing else for a "
        "peer. *Own* excludes file pages, which the system can reclaim.",
        "memory",
        (("resident_mb", "MB"), ("anonymous_mb", "own, MB")),
    ),
)  # fmt: skip


def _losses(results: Measured) -> list[str]:
    """Whatever a peer does better, by part and size."""
    rows = []
    for title, _, part, figures in _SECTIONS:
        figure, head = figures[0]
        for size in results.sizes(part):
            alike = "unread" if "unread" in results.systems(part, size) else "ours"
            ours = results.median(part, size, figure, alike)
            for peer in results.systems(part, size):
                theirs = results.median(part, size, figure, peer)
                if peer in ("ours", "unread") or not ours or not theirs:
                    continue
                times = theirs / ours if part == "encode" else ours / theirs
                if times > 1:
                    rows.append(
                        (
                            title,
                            f"{size:,}",
                            _NAMES.get(peer, peer),
                            f"{_shown(ours)} and {_shown(theirs)} {head}",
                            f"{times:.1f}",
                        )
                    )
    return _table(
        "Where others are better", ("work", "passages", "peer", "this program and the peer", "times"), "---", rows,
        ["All of it, the peers that do less included: those without word search, or without embeddings.", ""],
    ) if rows else []  # fmt: skip


def _section(
    results: Measured, entries: list[Entry], title: str, words: str, part: str, figures: tuple[tuple[str, str], ...]
) -> list[str]:
    sizes = results.sizes(part)
    if not sizes:
        return []
    rows = []
    for size in sizes:
        alike = (
            "unread" if "unread" in results.systems(part, size) else "ours"
        )  # the variant with the same functions as a peer
        for system in results.systems(part, size):
            cells = [f"{size:,}", _NAMES.get(system, f"`{system}`")]
            for number, (named, _) in enumerate(figures):
                figure, _, percent = named.partition(" ")
                if percent:
                    cells.append(_shown(_percentile(results, part, size, figure, float(percent), system)))
                    continue
                values = results.get(part, size, system, figure)
                cells.append(_with_spread(values, results.get(part, size, system, f"{figure}_medians")))
                if number == 0:
                    ours = results.median(part, size, figure, alike)
                    is_peer = system not in ("ours", "unread")
                    cells.append(f"{median(values) / ours:.2f}" if ours and values and is_peer else "")
            rows.append(tuple(cells))
    heads = ["passages", "system", figures[0][1], "ratio", *(head for _, head in figures[1:])]
    return _table(title, tuple(heads), "--:", rows, [f"{words} {_circumstances(entries, part)}", ""])


def _circumstances(entries: list[Entry], part: str) -> str:
    """The date, the load of the machine, and the source of the embeddings."""
    own = [entry for entry in entries if entry["part"] == part]
    loads = [load for entry in own for load in entry["load"]]
    days = sorted({entry["date"] for entry in own})
    machines = " and ".join(dict.fromkeys(entry["machine"] for entry in own))
    words = f"Measured {' and '.join(dict.fromkeys((days[0], days[-1])))} ({machines}), load average {min(loads)} to {max(loads)}."
    real = max((entry["rows"] for entry in own), default=0)
    looked_up = sorted({entry["size"] for entry in own if entry["rows"]})
    if looked_up:
        words += (
            f" **The embeddings of passages were read from a file, for every system alike**, at "
            f"{', '.join(f'{size:,}' for size in looked_up)} passages. This program splits long articles; their parts, "
            "which the file does not contain, got embeddings of other passages."
        )
        if real < _SCALE:
            words += (
                f" Of the {_SCALE:,} embeddings in the file, {real:,} are those of their passages; the others are copies of these, "
                f"moved towards another to a cosine of {COSINE}: good for time and memory, for nothing else."
            )
    return words


def _many_at_once(results: Measured, entries: list[Entry]) -> list[str]:
    rows = [
        (
            f"{size:,}",
            name,
            _with_spread(results.get("http", size, system, "alone_ms")),
            _shown(results.median("http", size, "alone_per_second", system)),
            _cores(results, size, system, "alone"),
            _shown(results.median("http", size, "together_per_second", system)),
            _cores(results, size, system, "together"),
            _with_spread(results.get("http", size, system, "together_ms")),
            _shown(_percentile(results, "http", size, "together_ms", 99, system)),
            _shown(results.median("http", size, "together_lost", system)),
        )
        for size in sorted({*results.sizes("http"), *results.sizes("http", "gradio")})
        for system, name in (("ours", "`/api/ask`"), ("gradio", "gradio's"))
        if system in results.systems("http", size)
    ]
    heads = (
        "passages", "endpoint", "alone, ms", "a second", "cores", "64 at once, a second", "cores", "ms", "p99, ms", "lost",
    )  # fmt: skip
    words = (
        "`POST /api/ask`, and gradio's `POST /gradio_api/call/v2/ask` with its stream of events, over connections that "
        "stay open. *Cores*: the server's + the client's, which runs on the same machine, and the share of the machine's "
        "processor time that anything used meanwhile. The target counts the first two, so that nothing else that runs "
        "can meet it."
    )
    if not rows:
        return []
    return _table("Many at once over HTTP", heads, "--:", rows, [f"{words} {_circumstances(entries, 'http')}", ""])


def _beside_builds(results: Measured, entries: list[Entry]) -> list[str]:
    rows = [
        (
            f"{size:,}",
            {"ours": "nothing", "own build": "a build of the chat", "qa build": "`qa build`"}[who],
            f"{len(results.get('busy', size, who, 'ms')):,}",
            _shown(results.median("busy", size, "ms", who)),
            _shown(_percentile(results, "busy", size, "ms", 95, who)),
            _shown(max(results.get("busy", size, who, "ms"))),
            _shown(results.median("busy", size, "unread", who)),
        )
        for size in results.sizes("busy")
        for who in ("ours", "own build", "qa build")
    ]
    words = (
        "`POST /api/ask` with the reader, one different question after another, while 300 new files with a passage of prose "
        "each are encoded and indexed. *Not read in full*: answers for which the reader had no time to read everything, "
        "which they say."
    )
    heads = ("passages", "beside", "questions", "ms", "p95, ms", "longest, ms", "not read in full")
    if not rows:
        return []
    return _table("Questions beside a build", heads, "--:", rows, [f"{words} {_circumstances(entries, 'busy')}", ""])


def _cores(results: Measured, size: int, system: str, when: str) -> str:
    server, client, busy = (
        results.median("http", size, f"{when}_{figure}", system) for figure in ("server_cores", "client_cores", "busy")
    )
    return _shown(server) if client is None or busy is None else f"{server:.2f} + {client:.2f} ({100 * busy:.0f} %)"


def _plan(results: Measured) -> list[str]:
    """Estimates for sizes beyond this machine."""
    costs = [
        ("indexing without encoding, seconds", results.indexing()),
        ("on disk, MB", results.line("scale", "disk_mb")),
        ("memory of a build, MB", results.line("scale", "peak_mb")),
        ("memory of the chat, MB", results.line("memory", "resident_mb")),
        ("one question, ms", results.line("ask", "ask_ms")),
    ]
    rate = max(
        (results.median("encode", size, "passages_per_second") or 0.0 for size in results.sizes("encode")), default=0
    )
    known = {name: line for name, line in costs if line}
    if not known or not rate:
        return []
    fitted = [
        (name, _shown(line.fixed), _shown(1e6 * line.each), f"{100 * line.off:.0f} %") for name, line in known.items()
    ]
    lines = _table(
        "Beyond this machine",
        ("cost", "fixed", "for each million passages", "furthest measurement"),
        "--:",
        fitted,
        [
            "Cost = fixed + passages × a constant, fitted to all measured sizes by least squares of the relative errors.",
            "",
        ],
    )
    rows = []
    for passages in _PLANNED:
        kind = speed_plan.index_type(passages)
        hours = [line.at(passages) / 3600 for name, line in known.items() if name.startswith("indexing")]
        disk = [line.at(passages) / 1e3 for name, line in known.items() if name == "on disk, MB"]
        rows.append(
            (
                f"{passages:,}",
                _shown(passages / rate / 3600),
                _shown(hours[0]) if hours else "–",
                _shown(disk[0]) if disk else "–",
                kind.name,
                _shown(kind.memory_gb(passages)),
                _shown(kind.search_ms(passages)),
            )
        )
    heads = ("passages", "encoding, hours", "indexing, hours", "disk, GB", "index", "its memory, GB", "its search, ms")
    lines += _table("What more passages would need", heads, "--:", rows, level=3)
    return [
        *lines,
        "Assumptions:",
        "",
        f"- Encoding runs on this machine alone, at {rate:.0f} passages a second; divide the time by the number of such machines.",
        "- Indexing keeps growing linearly; nothing was measured beyond the largest size above.",
        "- The index is the simplest one whose codes or rows fit into "
        f"{speed_plan.MEMORY_GB:.0f} GB and can be read within {speed_plan.QUICK_MS:.0f} ms at {speed_plan.GB_PER_SECOND:.0f} GB a second. This is",
        f"  arithmetic over rows of {speed_plan.DIMENSION} numbers, not a measurement. It ignores recall, which has to be",
        "  measured on the embeddings in question.",
        f"- A graph has {speed_plan.LINKS} links per node (twice that in its lowest layer) and visits {speed_plan.VISITED:,} rows per question; an",
        "  inverted file has 4·√n lists, of which 64 are read.",
        "- Exact rows for the final comparison, texts and the word index stay on disk, on a drive with random reads of a tenth",
        "  of a millisecond.",
        "",
    ]


def _table(
    title: str,
    heads: Sequence[str],
    align: str,
    rows: Iterable[Sequence[str]],
    words: Sequence[str] = (),
    level: int = 2,
) -> list[str]:
    lines = [f"{'#' * level} {title}", "", *words, f"| {' | '.join(heads)} |", f"|{'|'.join([align] * len(heads))}|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _with_spread(values: Sequence[float], medians: Sequence[float] = ()) -> str:
    """`12 (11–14)`; if a run has many values, the spread is that of the runs' medians."""
    if not values:
        return "–"
    between = medians or values
    if len(between) < 2:
        return _shown(median(values))
    return f"{_shown(median(values))} ({_shown(min(between))}–{_shown(max(between))})"


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.3g}"
