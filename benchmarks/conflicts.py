"""Measures `qa conflicts`: `python -m benchmarks.conflicts FOLDER …`.

It indexes the articles of each folder, with an encoder that only hashes, since embeddings do not matter here, and lists
what is found in them as they are, to be read. Then it adds copies in which one number or date was changed by
rule, and copies with harmless edits alone, and says how many of the changes are found, and what is found that was not
changed. `conflict_pairs.jsonl` has what a reader said of each pair that was found in real articles: two states of a
public repository (`commits`) in two folders, or sets of passages. Prints JSON.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.building import HashingEncoder
from qa.ask.pipeline import Resources
from qa.build import build
from qa.check.values import ValueKind
from qa.config import Config
from qa.conflicts.findings import Conflict, Conflicts
from qa.conflicts.search import conflicts
from qa.conflicts.statements import Statement, statements_of
from qa.index import open_store
from qa.index.generation import OpenGeneration
from qa.models.reader import shipped_reader
from qa.sandbox.parsing import parse_file
from qa.text.document import Document, Span
from qa.text.passage import Passage

JUDGED = Path(__file__).with_name("conflict_pairs.jsonl")
_EVERY = 4  # one article of so many is copied
_FEWEST = 5  # statements of an article that is copied
_MONTHS = {"january": "March", "february": "May", "march": "June", "april": "July", "may": "August", "june": "October",
           "july": "April", "august": "May", "september": "March", "october": "February", "november": "June",
           "december": "July"}  # fmt: skip
# What an editor changes without changing what is said.
_HARMLESS = (
    (r"\bdo not\b", "don’t"), (r"\bcannot\b", "can’t"), (r"\bis not\b", "isn’t"), (r"’", "'"), (r"\bwhich\b", "that"),
    (r"\bin order to\b", "to"), (r"\bmust\b", "has to"), (r", and\b", " and"), (r"\bprior to\b", "before"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """A changed value: the copy that has it, the article that has the former one, and how it was made."""

    copy: str
    article: str
    kind: ValueKind
    way: str
    text: str


def measure(folder: Path) -> dict[str, Any]:
    """What is found in a folder as it is, and with copies."""
    with tempfile.TemporaryDirectory() as place:
        config = Config(Path(place, "articles"), Path(place, "index"))
        shutil.copytree(folder, config.corpus)
        plain, seconds = _found(config)
        copies = config.corpus / "copies"
        copies.mkdir()
        planted = list(_plant(_generation(config), copies))
        both, _ = _found(config)
    found = [_names(conflict) for conflict in both.conflicts]
    before = {tuple(said.text for said in conflict.said) for conflict in plain.conflicts}
    recall: dict[str, list[bool]] = {}
    expected = set()
    for each in planted:
        if each.way != "harmless":
            hit = any({each.copy, each.article} == names for names in found)
            recall.setdefault(f"{each.way} {each.kind}", []).append(hit)
            expected.add(frozenset((each.copy, each.article)))
    stray = [
        conflict
        for conflict, names in zip(both.conflicts, found, strict=True)
        if frozenset(names) not in expected and tuple(said.text for said in conflict.said) not in before
    ]
    return {
        "folder": folder.name,
        "passages": plain.passages,
        "statements": plain.statements,
        "seconds": round(seconds, 2),
        "judged": judged(plain.conflicts),
        "found": [conflict.as_json("") for conflict in plain.conflicts],
        "recall": {name: [sum(hits), len(hits)] for name, hits in sorted(recall.items())},
        "harmless": sum(each.way == "harmless" for each in planted),
        "stray": [conflict.as_json("") for conflict in stray],
    }


def judged(found: Sequence[Conflict]) -> dict[str, int]:
    """How many of these are conflicts and how many are `none` by what a reader said of them, and the `unread` rest."""
    known = {row["key"]: row["conflict"] for row in map(json.loads, JUDGED.read_text("utf-8").splitlines())}
    said = [known.get(key_of(*(each.text for each in conflict.said))) for conflict in found]
    return {"conflicts": said.count(True), "none": said.count(False), "unread": said.count(None)}


def key_of(*texts: str) -> str:
    """What names a pair of sentences in JUDGED, whichever is first and however they are broken into lines."""
    plain = "\n".join(sorted(" ".join(text.split()) for text in texts))
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _names(conflict: Conflict) -> set[str]:
    return {Path(said.document).name for said in conflict.said}


def _found(config: Config) -> tuple[Conflicts, float]:
    """The conflicts in a folder, and the seconds of processor time that they took."""
    build(config, HashingEncoder(), parse_file=parse_file)
    started = time.process_time()
    with ThreadPoolExecutor(1) as pool:
        reader = shipped_reader()
        resources = Resources(config, _generation(config), HashingEncoder(), reader, pool, config.corpus)
        return conflicts(resources), time.process_time() - started


def _generation(config: Config) -> OpenGeneration:
    generation: OpenGeneration = open_store(config).open_current()
    return generation


def _plant(generation: OpenGeneration, copies: Path) -> Iterator[Planted]:
    """Write the copies. Of an article that is copied, a version, an excerpt or one without a changed value is made."""
    chosen = random.Random(21)
    passages = [passage for _, passage in generation.in_order(range(generation.count()), lambda: None)]
    taken, own = Counter[str](), defaultdict[str, list[Passage]](list)
    for passage in passages:
        own[passage.document].append(passage)
    for number, path in enumerate(generation.documents()):
        document = generation.document(path)
        statements = [statement for passage in own[path] for statement in statements_of(0, passage)]
        if number % _EVERY or document is None or len(statements) < _FEWEST or not document.language.startswith("en"):
            continue
        way = ("version", "excerpt", "harmless")[taken.total() % 3]
        taken[way] += 1
        copy = f"copy-{number}-{Path(path).stem[:40]}.md"
        if way == "harmless":
            (copies / copy).write_text(_edited(document.text, chosen), "utf-8")
            yield Planted(copy, Path(path).name, "number", way, "")
            continue
        chosen.shuffle(statements)
        changed = next(filter(None, (_changed(each, chosen) for each in statements)), None)
        if changed is not None:
            statement, kind, text = changed
            sentence = statement.unit.sentence
            whole = _copied(document, sentence, text, way, statement, chosen)
            (copies / copy).write_text(whole, "utf-8")
            yield Planted(copy, Path(path).name, kind, way, text)


def _copied(
    document: Document, sentence: Span, text: str, way: str, statement: Statement, chosen: random.Random
) -> str:
    """A whole article with a changed sentence and harmless edits, or that sentence under the title of the article."""
    if way == "excerpt":
        heading = statement.unit.passage.section[-1] if statement.unit.passage.section else "Summary"
        return f"# {document.display_title}\n\n## {heading}\n\n{text}\n"
    before, after = document.text[: sentence.start], document.text[sentence.end :]
    return _edited(before, chosen) + text + _edited(after, chosen)


def _edited(text: str, chosen: random.Random) -> str:
    """A text in which some words were exchanged that change nothing."""
    for pattern, instead in _HARMLESS:
        pieces = re.split(f"({pattern})", text)
        pieces[1::2] = [instead if chosen.random() < 0.5 else piece for piece in pieces[1::2]]
        text = "".join(pieces)
    return text


def _changed(statement: Statement, chosen: random.Random) -> tuple[Statement, ValueKind, str] | None:
    """A sentence with one value changed, if it is no row and has one that can be."""
    if statement.unit.row is not None or "|" in statement.unit.sentence_text:
        return None
    text = statement.unit.sentence_text
    values = [value for value in statement.values if value.kind != "name"]
    chosen.shuffle(values)
    for value in values:
        span = statement.words.spans[value.at]
        new = _other(span.of(text), value.kind, chosen)
        if new:
            return statement, value.kind, text[: span.start] + new + text[span.end :]
    return None


def _other(value: str, kind: ValueKind, chosen: random.Random) -> str:
    if kind == "number" and value.isdigit():
        number = int(value)
        return str(number + chosen.choice((2, 3, 7)) if number < 2100 else number * 2 + 7)
    return _MONTHS.get(value.lower(), "") if kind == "date" else ""


if __name__ == "__main__":
    print(json.dumps([measure(Path(folder)) for folder in sys.argv[1:]], ensure_ascii=False, indent=1))
