"""Compares the speed of this program with peers on one machine: `python -m benchmarks.speed --peers-python PYTHON`.

Every measurement runs in a separate process, and the systems take turns. The results are kept in docs/speed.json by
part and size, and docs/speed.md is written from them, so that `--only` and `--sizes` repeat single measurements;
`--page` only writes the page. Peers (the extra `bench`) are installed into a separate environment: without
`--peers-python` only this program is measured.

    encode   passages a second, and one question, with each system's own defaults
    build    files of prose → a saved index, the whole process, encoding included (sizes up to 6,000)
    scale    passages of every kind → an index; with `--rows` the embeddings come from a file
    ask      one question in a warm process         cold     one question from a cold process
    add      one article into the index             noop     a build with nothing to do
    http     the chat's plain endpoint and gradio's, one question at a time and 64 at once
    busy     the chat's plain endpoint beside a build of its own and beside `qa build`
    memory   of the chat after 50 questions         loss     nDCG@10 beside sentence-transformers' fp32

`--rows` names a .npy file of float32 embeddings in the order of shared/eval/scale-corpus.jsonl.gz, such as the one
that benchmarks.dense encodes and keeps; rows of zeros are filled as there, and the page says so. Indexes are kept in
`--work` and reused; repeat `scale` after a change of the index format.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import speed_page
from benchmarks.common import CACHE, ROOT, SETS, CachingEncoder, machine
from benchmarks.dense import filled
from benchmarks.http_load import Chat, chat, gradio, plain
from benchmarks.peers import ROWS, Record
from benchmarks.peers.ours import SCALE
from qa.models.encoders import default_folder

OURS = "ours"
UNREAD = "unread"  # this program with QA_READER=off: retrieval and the sentence, which is all that a peer does
IMPORT = "import sentence_transformers"
PEERS = ("txtai", "plain", "chroma", "bm25s")
PARTS = ("encode", "build", "scale", "ask", "cold", "add", "noop", "http", "busy", "memory", "loss")
_SIZES = (1_000, 5_000, 20_000, 50_000, 202_208)
_PROSE = 38_952  # so many records at the head of the corpus are natural prose
_WORDS = range(60, 131)  # of a passage of prose: it stays whole in every system
_MOST_PROSE = 6_000
_MOST_FILES = 10_000
_ENCODED = 1_000  # passages, in the part `encode`
_AT_ONCE = 64
_LOSS_QUESTIONS = 400
_NEW_FILES = 300  # of prose, one passage each: a build beside questions without a pause takes ten times as long
_NOTICED = 3.0  # seconds until new files are surely being built

_SAID = (
    "passages_per_second", "question_ms", "open_seconds", "ask_ms", "resident_mb", "anonymous_mb", "stand_ins",
    "passages", "passages_encoded", "torch",
)  # fmt: skip

Figures = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that succeeded: wall clock and processor seconds, peak memory in MB, and its last line of output."""

    seconds: float
    cpu: float
    peak_mb: float
    printed: dict[str, Any]

    def figures(self) -> Figures:
        """The figures to store."""
        printed = {name: self.printed[name] for name in _SAID if name in self.printed}
        if "seconds" in self.printed:
            printed["inside_seconds"] = self.printed["seconds"]
        row = {"seconds": self.seconds, "cpu": self.cpu, "peak_mb": self.peak_mb, **printed}
        return {name: value if isinstance(value, list) else [value] for name, value in row.items()}


def run(command: Sequence[str], job: dict[str, Any] | None = None, **settings: str) -> Ran:
    """Run a process to its end; its last line of output is JSON. `settings` are added to its environment."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true", **settings}
    with (
        tempfile.TemporaryFile("w+") as given,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        json.dump(job, given)
        given.seek(0)
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdin=given, stdout=out, stderr=err, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {err.read()[-2000:]}")
        lines = [line for line in out.read().splitlines() if line.strip()]
    return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, json.loads(lines[-1]) if lines else {})


class Bench:
    """One run of this benchmark: the systems, and the folder of corpora and indexes."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._pythons = {OURS: sys.executable}
        if options.peers_python:
            self._pythons |= dict.fromkeys(options.peers, str(options.peers_python))
        self.systems = tuple(self._pythons)
        self._work: Path = options.work
        self._rows, self._real = "", 0
        if options.rows:
            # In another process: the peak memory of a new process counts what the one that starts it has.
            with ProcessPoolExecutor(1) as process:
                rows, self._real = process.submit(filled, options.rows.resolve()).result()
            self._rows = str(rows)
        self._repeats: int = options.repeats
        self._questions = _questions(40 + 5)
        self.measured = speed_page.load(ROOT / "docs" / "speed.json")

    def measure(self, part: str, size: int) -> None:
        """Measure one part at one size, and write the page."""
        before = os.getloadavg()[0]
        figures: dict[str, Figures] = getattr(self, f"_{part}")(size)
        self._keep(part, size, figures, before)

    def _keep(self, part: str, size: int, new: dict[str, Figures], before: float) -> None:
        entries = [
            {
                "part": part,
                "size": size,
                "system": system,
                "rows": self._real if part not in ("encode", "build", "loss") else 0,
                "date": date.today().isoformat(),
                "machine": machine(),
                "load": [round(before, 1), round(os.getloadavg()[0], 1)],
                "figures": {name: [float(f"{value:.4g}") for value in values] for name, values in figures.items()},
            }
            for system, figures in new.items()
            if figures
        ]
        self.measured = [e for e in self.measured if (e["part"], e["size"]) != (part, size)] + entries
        for entry in entries:
            print(json.dumps(entry), flush=True)
        save(self.measured)

    # --- the parts: each returns what it measured of every system

    def _encode(self, size: int) -> dict[str, Figures]:
        place = self._place("prose", min(size, _ENCODED))
        self._begun(place)
        work = {"work": "encode", "questions": self._questions}
        return self._in_turns(lambda system: self._job(system, place, work).figures())

    def _build(self, size: int) -> dict[str, Figures]:
        place = self._place("prose", size)
        shutil.rmtree(place / OURS, ignore_errors=True)
        first = self._qa(place, "build", "--json").figures()

        def once(system: str) -> Figures:
            if system == OURS:
                return self._qa(place, "build", "--full", "--json").figures()
            return self._built(system, place, rows="").figures()

        by_system = self._in_turns(once)
        by_system[OURS]["first_seconds"] = first["seconds"]
        return by_system

    def _scale(self, size: int) -> dict[str, Figures]:
        place = self._place("mixed", size)
        for system in self.systems:
            shutil.rmtree(self._index(system, place), ignore_errors=True)
        return {system: self._prepared(system, place) for system in self.systems}

    def _ask(self, size: int) -> dict[str, Figures]:
        place = self._ready(size)
        work = {"work": "ask", "questions": self._questions}
        return self._in_turns(lambda system: self._job(system, place, work).figures(), (UNREAD, *self.systems))

    def _cold(self, size: int) -> dict[str, Figures]:
        place = self._ready(size)
        question = self._questions[0]

        def once(system: str) -> Figures:
            if system == IMPORT:
                return run([self._pythons[self.systems[-1]], "-c", IMPORT]).figures()
            if system == OURS:
                return self._qa(place, "ask", question, "--json").figures()
            return self._job(system, place, {"work": "cold", "questions": [question]}).figures()

        by_system = self._in_turns(once, (*self.systems, IMPORT))
        # Measured from inside, in another process: one that ends with os._exit cannot be measured afterwards.
        look = (
            "import sys; from qa.cli import main; main(sys.argv[1:]); print(); print('torch' in sys.modules and 1 or 0)"
        )
        asked = ["ask", question, *self._folders(place)]
        done = subprocess.run(
            [sys.executable, "-c", look, *asked], cwd=ROOT, check=True, capture_output=True, text=True
        )
        by_system[OURS]["torch"] = [float(done.stdout.split()[-1])]
        return by_system

    def _add(self, size: int) -> dict[str, Figures]:
        place = self._ready(size)

        def once(system: str) -> Figures:
            name = f"article-{time.time_ns()}"
            text = f"This is {name}. " + " ".join(self._questions[:8])
            if system != OURS:
                work = {"work": "add", "record": {"title": name, "text": text}}
                return self._job(system, place, work).figures()
            (place / "corpus" / f"{name}.md").write_text(f"# {name}\n\n{text}\n", "utf-8")
            return self._qa(place, "build", "--json").figures()

        return self._in_turns(once)

    def _noop(self, size: int) -> dict[str, Figures]:
        place = self._ready(size, (OURS,))
        files = float(sum(1 for _ in (place / "corpus").iterdir()))
        self._qa(place, "build", "--json")  # the next ones have nothing to do
        return self._in_turns(lambda _: {**self._qa(place, "build", "--json").figures(), "files": [files]}, (OURS,))

    def _http(self, size: int) -> dict[str, Figures]:
        place = self._ready(size, (OURS,))
        questions = {"alone": (_questions(100, 1), 1), "together": (_questions(6 * _AT_ONCE, 2), _AT_ONCE)}
        by_system: dict[str, Figures] = {}
        for system, way in ((OURS, plain), ("gradio", gradio)):
            with chat(ROOT, place / "corpus", place / OURS, self._questions[:5]) as server:
                server.ask(way, self._questions, _AT_ONCE)  # after this its threads exist
                by_system[system] = {
                    f"{name}_{figure}": values
                    for name, (some, at_once) in questions.items()
                    for figure, values in server.ask(way, some, at_once).figures().items()
                }
        return by_system

    def _busy(self, size: int) -> dict[str, Figures]:
        place = self._ready(size, (OURS,))
        copy = place / "busy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(place / "corpus", copy / "corpus")
        shutil.copytree(place / OURS, copy / OURS)
        current, questions = copy / OURS / "CURRENT", iter(_questions(4_000, 4))
        by_system: dict[str, Figures] = {}

        def ask(server: Chat, when: str, done: Callable[[], bool]) -> None:
            times, unread = server.ask_until(done, questions)
            by_system[when] = {"ms": times, "unread": [float(unread)]}

        with chat(ROOT, copy / "corpus", copy / OURS, self._questions[:5], follows=True) as server:
            ask(server, OURS, _after(15.0))
            before = current.read_text("utf-8")
            self._new_files(copy / "corpus", "own")
            time.sleep(_NOTICED)
            ask(server, "own build", lambda: current.read_text("utf-8") != before)
        with chat(ROOT, copy / "corpus", copy / OURS, self._questions[:5]) as server:
            self._new_files(copy / "corpus", "other")
            command = [sys.executable, "-m", "qa", "build", "--json", *self._folders(copy)]
            build = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
            time.sleep(_NOTICED)
            ask(server, "qa build", lambda: build.poll() is not None)
            if build.wait() != 0:
                raise RuntimeError(f"{' '.join(command)} failed")
        shutil.rmtree(copy)
        return by_system

    def _new_files(self, corpus: Path, name: str) -> None:
        for number, record in enumerate(choose("prose", _NEW_FILES)):
            text = f"# {record['title']}\n\nEdition {number} of the {name} one: {record['text']}\n"
            (corpus / f"{name}-{number:05}.md").write_text(text, "utf-8")

    def _memory(self, size: int) -> dict[str, Figures]:
        place = self._ready(size)
        with chat(ROOT, place / "corpus", place / OURS, _questions(50, 3)) as server:
            by_system = {OURS: {name: [value] for name, value in server.memory_mb().items()}}
        work = {"work": "ask", "questions": _questions(50, 3)}
        for system in self.systems[1:]:
            figures = self._job(system, place, work).figures()
            by_system[system] = {name: figures[name] for name in ("resident_mb", "anonymous_mb")}
        return by_system

    def _loss(self, _: int) -> dict[str, Figures]:
        from benchmarks.reference import ReferenceEncoder
        from qa import Config, Engine
        from qa.evaluate import evaluate

        place = self._place("prose", 10)
        self._begun(place)
        fast = Engine.open(Config(place / "corpus", place / OURS)).encoder
        plain = ReferenceEncoder(default_folder(), replace(fast.identity, runtime="torch"))
        encoders = {OURS: CachingEncoder(fast), "plain": CachingEncoder(plain)}
        return {
            system: {
                name: [evaluate(SETS / name, encoder, _LOSS_QUESTIONS)["ndcg@10"]] for name in speed_page.LOSS_SETS
            }
            for system, encoder in encoders.items()
        }

    # --- how they are run

    def _in_turns(self, once: Callable[[str], Figures], systems: Sequence[str] = ()) -> dict[str, Figures]:
        """Run each system in turn, reversing the order in every other round; the results of each, in order."""
        figures: dict[str, Figures] = {system: {} for system in systems or self.systems}
        for number in range(self._repeats):
            for system in list(figures)[:: 1 if number % 2 == 0 else -1]:
                for name, values in once(system).items():
                    figures[system].setdefault(name, []).extend(values)
                    if len(values) > 1:
                        figures[system].setdefault(f"{name}_medians", []).append(speed_page.median(values))
        return figures

    def _job(self, system: str, place: Path, job: dict[str, Any]) -> Ran:
        given = {"model": str(default_folder()), "corpus": str(place / "corpus"), "rows": "", **job}
        settings = {"QA_READER": "off"} if system == UNREAD else {}
        system = OURS if system == UNREAD else system
        given["index"] = str(self._index(system, place))
        return run([self._pythons[system], "-m", f"benchmarks.peers.{system}"], given, **settings)

    def _built(self, system: str, place: Path, rows: str) -> Ran:
        shutil.rmtree(self._index(system, place), ignore_errors=True)
        return self._job(system, place, {"work": "build", "rows": rows})

    def _qa(self, place: Path, *arguments: str) -> Ran:
        return run([sys.executable, "-m", "qa", *arguments, *self._folders(place)])

    def _folders(self, place: Path) -> list[str]:
        return ["--corpus", str(place / "corpus"), "--index", str(place / OURS)]

    # --- corpora and indexes

    def _index(self, system: str, place: Path) -> Path:
        return place / system

    def _place(self, kind: str, size: int) -> Path:
        """The folder of a corpus with this number of passages, which is written if it is missing."""
        place = self._work / f"{kind}-{size}{'-rows' if self._rows and kind == 'mixed' else ''}"
        if not (place / ROWS).is_file():
            write_corpus(place / "corpus", choose(kind, size))
        return place

    def _begun(self, place: Path) -> None:
        """Create an index of this program, so that the encoder is exported as for a user."""
        if not (place / OURS / "CURRENT").is_file():
            with tempfile.TemporaryDirectory() as folder:
                write_corpus(Path(folder) / "corpus", choose("prose", 1))
                folders = ["--corpus", f"{folder}/corpus", "--index", str(place / OURS)]
                run([sys.executable, "-m", "qa", "build", "--json", *folders])

    def _ready(self, size: int, systems: Sequence[str] = ()) -> Path:
        """The folder with every system's index of this size; a missing index is built, and the build is measured."""
        place, before = self._place("mixed", size), os.getloadavg()[0]
        missing = [s for s in systems or self.systems if not (place / f"{s}.json").is_file()]
        if missing:
            known = {e["system"]: e["figures"] for e in self.measured if (e["part"], e["size"]) == ("scale", size)}
            self._keep("scale", size, known | {s: self._prepared(s, place) for s in missing}, before)
        return place

    def _prepared(self, system: str, place: Path) -> Figures:
        if system != OURS:
            row = self._built(system, place, self._rows).figures()
        elif self._rows:
            self._begun(place)
            row = self._job(system, place, {"work": "build", "rows": self._rows}).figures()
        else:
            row = self._qa(place, "build", "--json").figures()
        row["disk_mb"] = [_size(self._index(system, place)) / 1e6]
        (place / f"{system}.json").write_text(json.dumps(row), "utf-8")
        return row


def save(measured: list[dict[str, Any]]) -> None:
    """Write both files in docs/."""
    report = {"machine": machine(), "measured": measured}
    (ROOT / "docs" / "speed.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    (ROOT / "docs" / "speed.md").write_text(speed_page.page(report), "utf-8")


def choose(kind: str, size: int) -> list[Record]:
    """Records with their index in the corpus: "prose" of one length, or "mixed" from all of it."""
    with gzip.open(SCALE, "rt", encoding="utf-8") as lines:
        records = [{"row": row, **json.loads(line)} for row, line in enumerate(lines)]
    if kind == "prose":
        # One paragraph each: only this program would cut at apparent headings or lists.
        records = [r for r in records[:_PROSE] if len(r["text"].split()) in _WORDS and "\n" not in r["text"]]
    picked = sorted(random.Random(7).sample(range(len(records)), min(size, len(records))))
    return [{key: records[place][key] for key in ("title", "text", "row")} for place in picked]


def write_corpus(folder: Path, records: Sequence[Record]) -> None:
    """Write at most 10,000 JSON Lines files, and beside them the rows; each record is an article."""
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    each = -(-len(records) // _MOST_FILES)
    for number, start in enumerate(range(0, len(records), each)):
        some = ({key: record[key] for key in ("title", "text")} for record in records[start : start + each])
        (beside / f"{number:05}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in some), "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    folder.with_name(ROWS).write_text(json.dumps([record["row"] for record in records]), "utf-8")


def _after(seconds: float) -> Callable[[], bool]:
    ends = time.perf_counter() + seconds
    return lambda: time.perf_counter() > ends


def _questions(count: int, seed: int = 0) -> list[str]:
    lines = (SETS / "squad-v1.1-dev" / "queries.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in random.Random(seed).sample(lines, count)]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=_listed(int), default=_SIZES, help="passages, such as 1000,5000")
    parser.add_argument("--only", type=_listed(str), default=PARTS, help=f"of {','.join(PARTS)}")
    parser.add_argument("--peers-python", type=Path, help="the interpreter of the environment with the extra `bench`")
    parser.add_argument("--peers", type=_listed(str), default=PEERS, help=f"of {','.join(PEERS)}")
    parser.add_argument("--rows", type=Path, help="embeddings of the scale corpus, for all parts but encode and build")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--work", type=Path, default=CACHE / "speed")
    parser.add_argument("--page", action="store_true", help="only write the page, from stored measurements")
    return parser.parse_args()


def _listed(kind: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    return lambda text: tuple(map(kind, text.split(",")))


def main() -> int:
    """Measure what the arguments name and write the page; returns 2 if the corpus is missing."""
    options = _options()
    if not SCALE.is_file():
        print(f"The corpus is missing ({SETS.name}/{SCALE.name} next to the project): nothing was measured.")
        return 2
    bench = Bench(options)
    if options.page:
        save(bench.measured)
        return 0
    for part in options.only:
        if part not in PARTS:
            print(f"There is no part {part!r}: name parts of {', '.join(PARTS)}.")
            return 2
    for part in (part for part in PARTS if part in options.only):
        sizes = sorted({min(size, _ENCODED) for size in options.sizes}) if part == "encode" else options.sizes
        for size in (0,) if part == "loss" else sizes:
            if part != "build" or size <= _MOST_PROSE:
                bench.measure(part, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
