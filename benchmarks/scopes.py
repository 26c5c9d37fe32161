"""Measures what a scope adds to a search: `python -m benchmarks.scopes [--passages 200000] [--folder FOLDER]`.

The index is made up and written directly: articles of ten passages in 40 folders, Markdown and text by turns, words as
frequent as in a language, and random embeddings, since neither search depends on what a text means. Times are those of
the processor for one search without the reader, and the encoder does nothing here: other work does not count.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import machine
from qa import Config, Document, Engine, FileRecord, Passage, PassageSettings, Scope, Section, Span
from qa.index.local.store import LocalStore
from qa.index.manifest import Manifest
from qa.models.protocols import EncoderIdentity, Vectors

_PASSAGES, _FOLDERS, _WORDS = 10, 40, 30  # of an article, of the index, of a passage
_QUESTIONS = 30
_SCOPES = {
    "all articles": Scope(),
    "one folder of 40": Scope(folders=("f07",)),
    "one kind of two": Scope(kinds=("text",)),
    "all but one folder": Scope(without=Scope(folders=("f07",))),
    "written since 2010": Scope(since="2010"),
    "five folders of 40": Scope(folders=("f01", "f11", "f21", "f31", "f39")),
}


class RandomEncoder:
    """Gives every text a random unit vector of its own."""

    identity = EncoderIdentity("random", "0" * 64, 384, 256, True, "", "")
    languages = ("en",)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        rows = (
            np.random.default_rng(zlib.crc32(texts[0].encode())).standard_normal((len(texts), 384)).astype(np.float32)
        )
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    encode_queries = encode_passages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def write_index(config: Config, passages: int) -> None:
    """Write an index with so many passages."""
    random = np.random.default_rng(0)
    manifest = Manifest.begun(RandomEncoder.identity, PassageSettings().as_json(), encoder_languages=("en",))
    articles = passages // _PASSAGES
    encoder = RandomEncoder()
    store = LocalStore(config.index)
    with store.writing(), store.writer(manifest) as writer:
        for number in range(articles):
            folder = number * _FOLDERS // articles  # files come in the order of their paths
            path = f"f{folder:02}/{number:06}.{('md', 'txt')[number % 2]}"
            document, parts = _article(path, np.minimum(random.zipf(1.15, size=(_PASSAGES, _WORDS)), 60_000))
            vectors = encoder.encode_passages([str(number)] * len(parts))
            writer.add(FileRecord(path, 100, 0, sha256=f"{number:064}", language="en"), [(document, parts)], vectors)
        writer.publish(1)


def _article(path: str, words: NDArray[np.int64]) -> tuple[Document, list[Passage]]:
    """An article with a passage for each row of words."""
    passages: list[Passage] = []
    start = 0
    for order, row in enumerate(words):
        text = " ".join(_word(int(each)) for each in row) + "."
        span = Span(start, start + len(text))
        passages.append(Passage(path, order, span, text, "", (), None, (span,), "en"))
        start = span.end + 1
    text = "\n".join(passage.text for passage in passages)
    year = 2000 + int(words[0, 0] + words[1, 0]) % 20
    sections = (Section((), 0, Span(0, len(text))),)
    return Document(path, "", text, sections, (), metadata={"date": f"{year}"}, language="en"), passages


def _word(rank: int) -> str:
    """A word of its own for each rank, which no stemmer changes."""
    letters = ""
    while rank:
        rank, digit = divmod(rank, 10)
        letters += "bdfgklmnpt"[digit] + "ao"[digit % 2]
    return f"{letters}k"


def measure(engine: Engine, scope: Scope) -> tuple[float, float, int]:
    """Milliseconds of the first search in a scope, of a later one (median), and how many passages the scope holds."""
    random = np.random.default_rng(1)
    times = []
    for _ in range(_QUESTIONS):
        question = " ".join(_word(int(rank)) for rank in random.integers(20, 4_000, 5))
        started = time.process_time()
        engine.search(question, 10, scope=scope)
        times.append(1e3 * (time.process_time() - started))
    selection = engine.generation.selection(scope)
    held = engine.generation.count() if selection is None else int(selection.passages.sum())
    return times[0], median(times[1:]), held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where the index is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        config = Config(corpus=folder / "corpus", index=folder / "index", reader="off")
        if not config.index.exists():
            config.index.mkdir(parents=True)
            write_index(config, options.passages)
        with Engine.open(config, RandomEncoder(), can_build=False) as engine:
            engine.search("bak dok", 10)
            known = engine.generation.manifest
            print(f"{known.documents:,} articles, {known.passages:,} passages; {machine()}")
            print("| scope | passages | first search, ms | later ones, ms |\n|---|---|---|---|")
            for name, scope in _SCOPES.items():
                first, later, held = measure(engine, scope)
                print(f"| {name} | {held:,} | {first:.1f} | {later:.1f} |", flush=True)


if __name__ == "__main__":
    main()
