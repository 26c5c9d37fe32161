"""Flips single bits in every file of an index and counts what the program makes of it: docs/reliability.md.

    python -m benchmarks.damage [--tries 400] [--seed 20] [--corpus FOLDER] [--plain]

Each try copies the index, flips one bit at a random place of a random file (each file as often as any other), sets the
file's times back, as a disk that loses a bit leaves them, and asks the same questions again. It is reported (one
sentence, before or in place of an answer), harmless (the same passages in the same order, scores and texts) or silent
(another ranking). `--plain` leaves the check of checksums in the background out, as before there was one. Then
`verify` is asked: a flip that it does not find is missed.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import QAError
from qa.index.generation import OpenGeneration
from qa.index.local.generation import Generation
from qa.models.encoders import shipped_encoder
from qa.models.protocols import Encoder

QUESTIONS = (
    "Which forums do they cooperate through?",
    "What was agreed on terrorism?",
    "Does anything leave my machine?",
    '"counter-terrorism" summit',
    "When was the agreement signed?",
)
_SHOWN = 20  # passages of each ranking that are compared

Ranking = tuple[tuple[str, int, str, float], ...]


def rankings(engine: Engine, questions: Sequence[str]) -> list[Ranking]:
    """The passages that each question finds, with their places, texts and scores."""
    return [
        tuple(
            (hit.passage.document, hit.passage.span.start, hit.passage.text, round(hit.score, 5))
            for hit in engine.search(question, _SHOWN).hits
        )
        for question in questions
    ]


def flipped(index: Path, generation: str, random_: random.Random) -> Iterator[tuple[str, Path]]:
    """Yield, again and again, the name of a file and a copy of the index in which one of its bits is another."""
    folder = index / "generations" / generation
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.stat().st_size)
    # A note of what was compared (`.checked`) can be deleted: nothing is read from it.
    names = [name for name in names if (folder / name).is_file() and not name.endswith((".lock", ".checked"))]
    while True:
        with tempfile.TemporaryDirectory() as place:
            copy = Path(shutil.copytree(index, Path(place) / "index"))
            name = random_.choice(names)
            flip(copy / "generations" / generation / name, random_)
            yield name, copy


def flip(path: Path, random_: random.Random) -> None:
    """Flip one bit of a file, and leave its size and times as they are."""
    import os

    facts, data = path.stat(), bytearray(path.read_bytes())
    data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def outcome(config: Config, encoder: Encoder, questions: Sequence[str], before: list[Ranking]) -> str:
    """Whether a damaged index is "reported", "harmless" or "silent"."""
    with Engine.open(config, encoder) as engine:
        try:
            return "harmless" if rankings(engine, questions) == before else "silent"
        except QAError:
            return "reported"


def is_found(config: Config, encoder: Encoder) -> bool:
    """Whether `verify` finds something wrong."""
    with Engine.open(config, encoder) as engine:
        try:
            return bool(engine.verify())
        except QAError:
            return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line for each kind of file, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tries", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--plain", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.plain:
        Generation.checked_in_background = OpenGeneration.checked_in_background  # type: ignore[method-assign,assignment]
    encoder, random_ = shipped_encoder(), random.Random(chosen.seed)
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as place:
        config = Config(chosen.corpus, Path(place) / "index", reader="off")
        generation = build(config, encoder).generation
        with Engine.open(config, encoder) as engine:
            before = rankings(engine, QUESTIONS)
        for number, (name, copy) in enumerate(flipped(config.index, generation, random_), 1):
            damaged = Config(chosen.corpus, copy, reader="off")
            kind = Path(name).suffix if name.startswith("lexical/") and Path(name).stem[:1] not in ".m" else name
            counts[kind, outcome(damaged, encoder, QUESTIONS, before)] += 1
            counts[kind, "found" if is_found(damaged, encoder) else "missed"] += 1
            if number == chosen.tries:
                break
    columns = ("reported", "harmless", "silent", "found", "missed")
    print("| file | " + " | ".join(columns) + " |\n|---|" + "--:|" * len(columns))
    for kind in sorted({kind for kind, _ in counts}):
        print(f"| {kind} | " + " | ".join(str(counts[kind, column]) for column in columns) + " |")
    sums = [sum(number for (_, what), number in counts.items() if what == column) for column in columns]
    print("| **all** | " + " | ".join(map(str, sums)) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
