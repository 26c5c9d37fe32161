"""Measures how parsing scales with file size: `python -m benchmarks.growth [--sizes 1 2 4 8] [--most 60] [NAME …]`.

Each kind of text is parsed and split at each size (MB) by a sandbox process, as in a build. The table shows the
processor seconds of both processes, their ratio to those of half the size, the peak memory of each, and the number of
passages, or the reason why there are none. After a size that takes longer than `--most` seconds, larger ones are left
out. Tokens are counted by letters, so that the encoder is not measured. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.formats.decoding import Empty, Unreadable
from qa.sandbox.pool import SandboxProcess, megabytes_for
from qa.text.passages import Splitting

_LINEAR = 2.6  # times the seconds of half the size; more than this is not linear
_PATIENCE = 600.0  # wall clock, which includes other work of the machine
_LEAST_SECONDS = 0.5  # below this a ratio is meaningless


def _repeated(unit: str, before: str = "", after: str = "") -> Callable[[int], bytes]:
    def data(size: int) -> bytes:
        start, one, end = before.encode(), unit.encode(), after.encode()
        return start + one * ((size - len(start) - len(end)) // len(one)) + end

    return data


def _numbered(line: Callable[[int], str], before: str = "", after: str = "") -> Callable[[int], bytes]:
    def data(size: int) -> bytes:
        parts, length, number = [before], len(before) + len(after), 0
        while length < size:
            parts.append(line(number))
            length += len(parts[-1])
            number += 1
        return "".join([*parts, after]).encode()

    return data


_SENTENCE = "The bees sleep in winter and they wake up again in the early spring. "
_ALIKE = {
    "prose": _SENTENCE * 6 + "\n\n",
    "line": _SENTENCE,
    "word": "x",
    "no end": "and so on ",
    "marks": "!?.,;:",
    "ideographs": "蜜蜂在睡觉。",
}
FIXTURES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    **{f"text: {name}": ("a.txt", _repeated(unit)) for name, unit in _ALIKE.items()},
    "text: wrapped": ("a.txt", _repeated("The bees sleep in winter and they wake up again in the early\nspring. ")),
    "text: lines of a letter": ("a.txt", _repeated("a\n")),
    "text: blank lines": ("a.txt", _repeated("\n", "a", "b")),
    "text: brackets": ("a.txt", _repeated("(")),
    "text: data addresses": ("a.txt", _repeated(f"See data:image/png;base64,{'iVBORw0KGgo' * 500} here.\n\n")),
    "text: one data address": ("a.txt", _repeated("iVBORw0KGgo", "See data:image/png;base64,", " here.\n\n")),
    **{f"Markdown: {name}": ("a.md", _repeated(unit)) for name, unit in _ALIKE.items() if name != "marks"},
    "Markdown: run of backticks": ("a.md", _repeated("`")),
    "Markdown: backticks": ("a.md", _repeated("`` ` ``` ")),
    "Markdown: inline code": ("a.md", _repeated("`code` and `more code` in a line. ")),
    "Markdown: links": ("a.md", _repeated("[a](b) and [c][d]. ")),
    "Markdown: open brackets": ("a.md", _repeated("[")),
    "Markdown: emphasis": ("a.md", _repeated("***a** ")),
    "Markdown: apostrophes": ("a.md", _repeated("' ")),
    "Markdown: headings": (
        "a.md",
        _numbered(lambda n: f"{'#' * (1 + n % 6)} Part {n}\n\nThe bees sleep in winter.\n\n"),
    ),
    "Markdown: headings of marks": ("a.md", _repeated(f"# {'`a' * 200} {'[' * 200} {'*a ' * 100}\n\nText.\n\n")),
    "Markdown: one heading": ("a.md", _repeated("a ", "# ", "\n\nText.\n")),
    "Markdown: table": ("a.md", _repeated("| bees | sleep |\n", "| a | b |\n|---|---|\n")),
    "Markdown: list": ("a.md", _repeated("- The bees sleep.\n")),
    "Markdown: nested lists": ("a.md", _repeated("".join(f"{'  ' * depth}- bees\n" for depth in range(12)))),
    "Markdown: lists apart": ("a.md", _repeated("- a\n\nText.\n\n")),
    "Markdown: quotes": ("a.md", _repeated("> " * 20 + "bees\n")),
    "Markdown: definitions": ("a.md", _numbered(lambda n: f"[a{n}]: https://example.org/{n}\n")),
    "Markdown: code": ("a.md", _repeated("bees = 1\n", "```\n", "```\n")),
    "Markdown: comments": ("a.md", _repeated("<!-- bees -->\n\nText.\n\n")),
    "Markdown: data addresses": ("a.md", _repeated(f"![A](data:image/png;base64,{'iVBORw0KGgo' * 500})\n\nText.\n\n")),
    "HTML: prose": (
        "a.html",
        _repeated(f"<p>{_SENTENCE * 6}</p>\n", "<html><body><article>", "</article></body></html>"),
    ),
    "HTML: one word": ("a.html", _repeated("x", "<html><body><p>", "</p></body></html>")),
    "HTML: nested": ("a.html", _repeated("<div>bees ", "<html><body>", "</body></html>")),
    "HTML: inline": ("a.html", _repeated("<b>bees</b> ", "<html><body><p>", "</p></body></html>")),
    "HTML: data addresses": (
        "a.html",
        _repeated(f'<p>A <img src="data:image/png;base64,{"iVBORw0KGgo" * 500}"> hive.</p>', "<body>", "</body>"),
    ),
    "JSON: one record": ("a.json", _repeated(_SENTENCE, '{"text": "', '"}')),
    "JSON: one word": ("a.json", _repeated("x", '{"text": "', '"}')),
    "JSON: records": ("a.json", _repeated(f'{{"text": "{_SENTENCE}"}},', "[", '{"text": "Bees."}]')),
    "JSON Lines: records": ("a.jsonl", _repeated(f'{{"text": "{_SENTENCE * 4}"}}\n')),
    "CSV: one cell": ("a.csv", _repeated(_SENTENCE, 'title,text\nBees,"', '"\n')),
    "CSV: rows": ("a.csv", _repeated(f"Bees,{_SENTENCE}\n", "title,text\n")),
    "reStructuredText: prose": ("a.rst", _repeated(_SENTENCE * 6 + "\n\n")),
}


@dataclass(frozen=True)
class Measured:
    """The cost of one file: processor seconds, peaks in MB, passages, and the reason if there are none."""

    name: str
    megabytes: float
    seconds: float
    reader_mb: int
    builder_mb: int
    passages: int
    reason: str = ""


def count_letters(texts: Sequence[str]) -> list[int]:
    """One token for every four letters, rounded up."""
    return [len(text) // 4 + 1 for text in texts]


def measured(name: str, megabytes: float) -> Measured:
    """Parse one file in a fresh sandbox process that has parsed a small one before."""
    path, make = FIXTURES[name]
    data = make(round(megabytes * 1e6))
    splitting = Splitting(count_letters, 256)
    passages, reason = 0, ""
    with SandboxProcess(_PATIENCE, megabytes_for(len(data))) as reader:
        reader.parse_file("a.md", _SENTENCE.encode() * 9, splitting)  # imports are done
        process = reader._process  # its pid, whose usage is read from the system
        assert process is not None
        watch = _Watch(process.pid)
        try:
            parsed = reader.parse_file(path, data, splitting)
            passages = sum(len(some) for _, some in parsed.documents)
        except (Unreadable, Empty) as error:
            reason = str(error)
        return Measured(name, megabytes, *watch.taken(), passages, reason)


class _Watch:
    """Measures this process and another one from now on."""

    def __init__(self, pid: int) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._status = Path(f"/proc/{pid}/status")
        Path("/proc/self/clear_refs").write_text("5")  # reset the peak
        self._before = self._reader_seconds()
        self._wall, self._own = time.perf_counter(), time.process_time()

    def taken(self) -> tuple[float, int, int]:
        """Seconds of both, and the peaks of the other and of this one; wall clock seconds if the other was killed."""
        try:
            seconds = self._reader_seconds() - self._before + time.process_time() - self._own
            return round(seconds, 2), _peak(self._status), _peak(Path("/proc/self/status"))
        except (OSError, IndexError, ValueError):
            return round(time.perf_counter() - self._wall, 2), 0, _peak(Path("/proc/self/status"))

    def _reader_seconds(self) -> float:
        user, system = self._stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _peak(status: Path) -> int:
    return round(int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1e3)


def main() -> int:
    """Measure and print the table; returns 1 if a kind of text takes more than linear time and is not refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="prefixes of the kinds to measure (default: all)")
    parser.add_argument("--sizes", nargs="+", type=float, default=[1, 2, 4, 8], help="MB")
    parser.add_argument("--most", type=float, default=60, help="seconds after which larger sizes are skipped")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    options = parser.parse_args()
    rows: list[Measured] = []
    steep: list[str] = []
    print("| text | MB | seconds | times half the size | sandbox, MB | builder, MB | passages |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name in FIXTURES:
        if options.names and not name.startswith(tuple(options.names)):
            continue
        before: Measured | None = None
        for megabytes in options.sizes:
            row = measured(name, megabytes)
            ratio = ""
            if before is not None and before.seconds >= _LEAST_SECONDS and 2 * before.megabytes == megabytes:
                ratio = f"{row.seconds / before.seconds:.1f}"
                if row.seconds / before.seconds > _LINEAR and not row.reason:
                    steep.append(f"{name} at {megabytes:g} MB")
            rows.append(row)
            print(
                f"| {name} | {megabytes:g} | {row.seconds:.1f} | {ratio} | {row.reader_mb} | {row.builder_mb} "
                f"| {row.reason or f'{row.passages:,}'} |",
                flush=True,
            )
            if row.seconds > options.most:
                print(f"| {name} | larger | left out: over {options.most:g} s | | | | |", flush=True)
                break
            before = row
    if options.json:
        options.json.write_text(json.dumps([row.__dict__ for row in rows], indent=1) + "\n", "utf-8")
    print("More than linear: " + (", ".join(steep) or "nothing") + ".")
    return int(bool(steep))


if __name__ == "__main__":
    raise SystemExit(main())
