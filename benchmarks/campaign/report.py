"""What a campaign counts, and how it is printed."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

FAULTS = {  # what must be 0
    "lost": "answers that never came, or that an undamaged index did not give",
    "wrong": "answers that are not in their article as it was in their generation, or of another article",
    "in": "strangers' requests that got in",
    "leaked": "replies with a word of a file that is no article",
    "died": "times that a server or builder ended by itself",
    "gone": "articles and accepted uploads that the last build does not have",
    "unnoticed": "damaged files that `qa verify` took for whole",
}
_LIFE = 600.0  # seconds in which a growth of memory can be told from its usual ups and downs
_KEPT = 12  # examples of each fault


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of one server at a moment: MB of memory (`private` without file pages) and open descriptors."""

    second: float
    resident: float
    private: float
    descriptors: int


@dataclass
class Tally:
    """Counts of everything, examples of each fault, and samples of each server. Safe to use from several threads."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    _lives: Counter[str] = field(default_factory=Counter)  # the number of its first sample since it was started
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, example: str = "") -> None:
        """Count something; `example` says what happened."""
        with self._lock:
            self.counts[what] += 1
            kept = self.examples.setdefault(what, [])
            if example and len(kept) < _KEPT:
                kept.append(f"{time.monotonic() - self.begun:,.0f} s: {example}")

    def took(self, seconds: float) -> None:
        """Note how long an answer took."""
        with self._lock:
            self.latencies.append(seconds)

    def sample(self, server: str, resident: float, private: float, descriptors: int) -> None:
        with self._lock:
            taken = Sample(time.monotonic() - self.begun, resident, private, descriptors)
            self.samples.setdefault(server, []).append(taken)

    @property
    def faults(self) -> dict[str, int]:
        """The counts of all faults, those of 0 included."""
        return {name: self.counts[name] for name in FAULTS}

    def started(self, server: str) -> None:
        """Note that a server was started again, so that its memory begins anew."""
        with self._lock:
            self._lives[server] = len(self.samples.get(server, []))

    def growth(self, server: str) -> float | None:
        """MB of private memory that a server grew in an hour, from the third quarter of its samples to the last one.

        None if it has not run for long enough since it was last started.
        """
        taken = self.samples.get(server, [])[self._lives[server] :]
        quarter = len(taken) // 4
        if not quarter or taken[-1].second - taken[0].second < _LIFE:
            return None
        before, after = taken[2 * quarter : 3 * quarter], taken[3 * quarter :]
        hours = (_middle(after, "second") - _middle(before, "second")) / 3600
        return (_middle(after, "private") - _middle(before, "private")) / hours


def _middle(samples: list[Sample], name: str) -> float:
    return float(statistics.median(getattr(each, name) for each in samples))


def lines(tally: Tally, rows: int = 13) -> Iterator[str]:
    """The report as Markdown: faults, other counts, and memory over time."""
    yield "| must be 0 | |\n|---|--:|"
    for name, number in tally.faults.items():
        yield f"| {name}: {FAULTS[name]} | {number:,} |"
    yield "\n| count | |\n|---|--:|"
    for name, number in sorted(tally.counts.items()):
        if name not in FAULTS:
            yield f"| {name} | {number:,} |"
    if len(tally.latencies) > 1:
        cut = statistics.quantiles(tally.latencies, n=100)
        yield f"| seconds to an answer: half, 95 %, most | {cut[49]:.2f}, {cut[94]:.2f}, {max(tally.latencies):.1f} |"
    if tally.restarts:
        slowest = max(tally.restarts)
        yield f"| seconds to start again: half, most | {statistics.median(tally.restarts):.1f}, {slowest:.1f} |"
    for server, taken in tally.samples.items():
        grown = tally.growth(server)
        yield f"\n{server}\n" if grown is None else f"\n{server}: at the end it grew by {grown:+.0f} MB an hour\n"
        yield "| minute | MB | of it private | descriptors |\n|--:|--:|--:|--:|"
        for each in taken[:: max(1, len(taken) // rows)]:
            yield f"| {each.second / 60:.1f} | {each.resident:,.0f} | {each.private:,.0f} | {each.descriptors} |"
    for name, examples in sorted(tally.examples.items()):
        if examples:
            yield f"\n{name}:"
            yield from (f"- {example}" for example in examples)
