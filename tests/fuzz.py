"""Tries to break the parsers: `python -m tests.fuzz [--seconds 300] [--seed 0] [--processes 2] [FORMAT …]`.

Each format is read in separate processes, one per core. An input is a failure if it ends a process, raises an
unexpected exception, takes longer than ten seconds, or gives a document with invalid spans. It is written to the folder
`--failures`, named after format, seed and number. Prints a table; exits with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fuzz_inputs import FORMATS, TEXT_FILES, input_of

from qa import formats
from qa.formats import ReadingSettings
from qa.formats.decoding import Empty, Unreadable
from qa.sandbox import wire
from qa.text.data_urls import data_urls
from qa.text.document import Document, Span
from qa.text.passage import MAX_CHARACTERS
from qa.text.passages import PassageSettings, split

LONGEST = 10.0  # seconds of processor time for one input
HANGS = 120  # seconds on the clock after which a process is given up
MEGABYTES = 2_048
MAX_TOKENS = 256
SHORT = PassageSettings(most=40, small=12)
_WORD = re.compile(r"\w+")
_HALF = re.compile("[\ud800-\udfff]")  # of a pair of surrogates
_APART = 10_000_000  # between the numbers of two processes


# --- invariants -------------------------------------------------------------------------------------------------------


def examined(path: str, data: bytes) -> tuple[str, str]:
    """("parsed" | "refused" | "failed", what went wrong), after reading one input and checking every invariant."""
    try:
        documents = formats.parse(path, data, ReadingSettings(text_files=TEXT_FILES)).documents
    except (Unreadable, Empty) as error:
        return ("refused", "") if str(error) else ("failed", "a refusal without a reason")
    except (RecursionError, MemoryError):  # the sandbox has a reason for these
        return "refused", ""
    except Exception as error:  # noqa: BLE001 (this is what is looked for)
        return "failed", repr(error)
    try:
        wrong = next((problem for document in documents for problem in problems(document)), "")
    except Exception as error:  # noqa: BLE001 (so is this: nothing of a document may harm the builder)
        wrong = repr(error)
    return ("failed", wrong) if wrong else ("parsed", "")


def problems(document: Document) -> Iterator[str]:
    """Every invariant that one document breaks."""
    text = document.text
    names = [
        document.title,
        *document.metadata.values(),
        *(name for section in document.sections for name in section.path),
    ]
    for part in (text, *names):
        if _HALF.search(part):
            yield "holds half a character"
    yield from _in_order("section", [section.span for section in document.sections], Span(0, len(text)))
    yield from _in_order("page", list(document.pages), Span(0, len(text)))
    yield from _in_order("block", [block.span for block in document.blocks], Span(0, len(text)))
    for block in document.blocks:
        if not block.span.of(text).strip():
            yield f"an empty block at {block.span.start}"
        if not 0 <= block.section < len(document.sections):
            yield f"a block of no section at {block.span.start}"
        yield from _in_order("part", list(block.parts), block.span)
        if not all(part.of(text).strip() for part in block.parts):
            yield f"an empty part at {block.span.start}"
    if wire.document_from_json(json.loads(json.dumps(wire.document_json(document)))) != document:
        yield "is not the same after JSON"
    passages = split(document, count_words, MAX_TOKENS, SHORT)
    for passage in passages:
        if not len(passage.span) or passage.text != passage.span.of(text):
            yield f"a passage that is not literal at {passage.span.start}"
        if count_words([passage.encoded])[0] > MAX_TOKENS:
            yield f"a passage that is too long at {passage.span.start}"
        if len(passage.span) > MAX_CHARACTERS or any(data_urls(passage.text)):
            yield f"a passage of too many characters, or with a file in it, at {passage.span.start}"
        if passage.page is not None and not 1 <= passage.page <= len(document.pages):
            yield f"a passage on page {passage.page} of {len(document.pages)}"
        yield from _in_order("sentence", list(passage.sentences), passage.span)
        if not all(sentence.of(text).strip() for sentence in passage.sentences):
            yield f"an empty sentence at {passage.span.start}"
        passage.key  # noqa: B018 (it encodes the text)
    yield from _in_order("passage", [passage.span for passage in passages], Span(0, len(text)))
    if any(_WORD.search(block.span.of(text)) for block in document.blocks) and not passages:
        yield "words without a passage"


def _in_order(what: str, spans: list[Span], inside: Span) -> Iterator[str]:
    for span in spans:
        if not inside.start <= span.start <= span.end <= inside.end:
            yield f"a {what} outside its place: {span.start}–{span.end} of {inside.start}–{inside.end}"
    for one, two in pairwise(spans):
        if one.end > two.start:
            yield f"a {what} that overlaps the next: {one.end} > {two.start}"


def count_words(texts: Sequence[str]) -> list[int]:
    """Counts like the tests' tiny encoder."""
    return [len(_WORD.findall(text)) for text in texts]


# --- the process that parses ------------------------------------------------------------------------------------------


def work(name: str, seed: int, first: int, seconds: float, folder: Path) -> None:
    """Read inputs until the time is up; print a line of JSON for each: number, outcome, seconds, what went wrong.

    The current input is stored in `folder`, in case it ends this process.
    """
    import resource  # missing on Windows, which this program does not support

    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES * 1_000_000, MEGABYTES * 1_000_000))
    until = time.monotonic() + seconds
    path = f"input{FORMATS[name].ending}"
    for number in count(first):
        data = input_of(name, seed, number)
        (folder / f"{first // _APART}").write_bytes(data)
        faulthandler.dump_traceback_later(HANGS, exit=True)
        started = _processor_seconds()
        outcome, wrong = examined(path, data)
        used = _processor_seconds() - started
        faulthandler.cancel_dump_traceback_later()
        if used > LONGEST and outcome != "failed":
            outcome, wrong = "failed", f"took {used:.1f} s"
        if outcome == "failed":
            (folder / f"{name}-{seed}-{number}{FORMATS[name].ending}").write_bytes(data)
        print(json.dumps([number, outcome, round(used, 3), wrong]), flush=True)
        if time.monotonic() > until:
            return


def _processor_seconds() -> float:
    """The time of this process and of its children: the wall clock would also count other programs."""
    import resource

    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


# --- the process that watches -----------------------------------------------------------------------------------------


@dataclass
class Tally:
    """The results for the inputs of one format."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


def watched(name: str, seed: int, first: int, seconds: float, folder: Path, tally: Tally) -> None:
    """Keep one process at work until the time is up; an input that ends it is a failure, and the next one follows."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        command = [sys.executable, "-X", "faulthandler", __file__, name, "--work", str(first), "--seed", str(seed)]
        process = subprocess.Popen(
            [*command, "--seconds", str(left), "--failures", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        with process, ThreadPoolExecutor(1) as pool:
            errors = pool.submit(process.stderr.read)
            for line in process.stdout:
                number, outcome, used, wrong = json.loads(line)
                tally.outcomes[outcome] += 1
                tally.slowest = max(tally.slowest, used)
                if wrong:
                    tally.failures.append(f"{name}-{seed}-{number}{FORMATS[name].ending}: {wrong}")
                first = number + 1
        if process.returncode == 0:
            return
        tally.outcomes["failed"] += 1
        kept = folder / f"{name}-{seed}-{first}{FORMATS[name].ending}"
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(folder / f"{first // _APART}", kept)
        tally.failures.append(f"{kept.name}: ended its process ({process.returncode}) {errors.result()[-1500:]}")
        first += 1


def fuzz(name: str, seed: int, seconds: float, processes: int, folder: Path) -> Tally:
    """Try one format for so many seconds; failing inputs are written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(processes) as pool:
        place = Path(scratch)
        for done in [
            pool.submit(watched, name, seed, number * _APART, seconds, place, tally) for number in range(processes)
        ]:
            done.result()
        for kept in place.glob(f"{name}-*"):
            shutil.copy(kept, folder)
    return tally


def main() -> int:
    """Try the formats and print the table; returns 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", choices=[*FORMATS, []], metavar="FORMAT", help=f"of {', '.join(FORMATS)}")
    parser.add_argument("--seconds", type=float, default=300.0, help="for each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="where failing inputs are written")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work is not None:
        work(options.formats[0], options.seed, options.work, options.seconds, options.failures)
        return 0
    print("| format | inputs | read | refused | slowest s | failures |\n|---|--:|--:|--:|--:|--:|", flush=True)
    failures: list[str] = []
    for name in options.formats or FORMATS:
        tally = fuzz(name, options.seed, options.seconds, options.processes, options.failures)
        counts = tally.outcomes
        print(
            f"| {name} | {counts.total():,} | {counts['parsed']:,} | {counts['refused']:,} | {tally.slowest:.1f} "
            f"| {counts['failed']:,} |",
            flush=True,
        )
        failures += tally.failures
    print(*failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
