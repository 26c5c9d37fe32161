"""Word search: BM25 over stemmed terms; the only home of tantivy.

It knows nothing about embeddings. The stored number of each text is its passage id. BM25 is tantivy's
(k1 1.2, b 0.75); the inverse document frequency is its formula, ln(1 + (N − n + ½) / (n + ½)).
"""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from .errors import StoreError
from .types import Vectors

_TOKENIZER = "english"
_HEAP_BYTES = 64_000_000
# Terms of a question beyond this many are dropped, the commonest first: a pasted page stays fast.
_MOST_TERMS = 64

_analyzer = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    .filter(tantivy.Filter.remove_long(60))
    .filter(tantivy.Filter.lowercase())
    .filter(tantivy.Filter.ascii_fold())
    .filter(tantivy.Filter.stemmer("english"))
    .build()
)
_analyzing = threading.Lock()
# Words that questions are made of, not about. In a corpus of manuals "did" and "say" are rarer than what is asked
# for, and would count for more.
_FUNCTION_WORDS = (
    "a about an and are as at be been but by can could did do does for from had has have how i if in into is it its "
    "may me might must my of on or our shall should so such that the their them then there these they this those to "
    "us was we were what when where which while who whom whose why will with would you your"
)


def analyze(text: str) -> list[str]:
    """The search terms of a text, in order: words, lower case, without accents, stemmed."""
    with _analyzing:
        terms: list[str] = _analyzer.analyze(text)
    return terms


def is_function_word(word: str) -> bool:
    """Whether a word is one that questions are made of ("what", "did"), not about."""
    return _function_terms().issuperset(analyze(word))


@lru_cache(maxsize=1)
def _function_terms() -> frozenset[str]:
    return frozenset(analyze(_FUNCTION_WORDS))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False, tokenizer_name=_TOKENIZER, index_option="freq")
    builder.add_unsigned_field("id", fast=True, indexed=True)
    return builder.build()


def write_index(folder: Path, texts: Iterable[str]) -> None:
    """Index `texts` in a new folder; the first has id 0. One segment, so equal input gives equal scores."""
    folder.mkdir(parents=True)
    _write(tantivy.Index(_schema(), path=str(folder)), [], enumerate(texts))


def extend_index(folder: Path, old: Path, removed: Sequence[int], texts: Iterable[tuple[int, str]]) -> None:
    """Index in a new folder what `old` holds, without the texts with the ids `removed`, and these with their ids.

    Scores are those of an index that is written at once, but that the removed texts still count in how frequent
    terms are.
    """
    shutil.copytree(old, folder, ignore=shutil.ignore_patterns("*.lock"))
    _write(tantivy.Index.open(str(folder)), removed, texts)


def _write(index: tantivy.Index, removed: Sequence[int], texts: Iterable[tuple[int, str]]) -> None:
    index.register_tokenizer(_TOKENIZER, _analyzer)
    writer = index.writer(_HEAP_BYTES, 1)
    if removed:
        writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "id", list(removed)))
    for number, text in texts:
        document = tantivy.Document()
        document.add_text("text", text)
        document.add_unsigned("id", number)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class LexicalIndex:
    """An index read from disk. Searching is safe from several threads."""

    def __init__(self, folder: Path) -> None:
        self._name = folder.name
        with self._reading():
            index = self._open(folder)
            index.register_tokenizer(_TOKENIZER, _analyzer)
            self._searcher = index.searcher()
        self._schema = _schema()

    def _open(self, folder: Path) -> tantivy.Index:
        try:
            return tantivy.Index.open(str(folder))
        except (ValueError, OSError) as error:
            if "Lockfile" not in str(error):
                raise
        # tantivy takes a lock even to read. Where the index may only be read, it takes it beside links to it.
        links = Path(tempfile.mkdtemp(prefix="qa-lexical-"))
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (links / path.name).symlink_to(path.resolve())
        return tantivy.Index.open(str(links))

    def count(self) -> int:
        return int(self._searcher.num_docs)

    def term_weights(self, text: str) -> dict[str, float]:
        """The inverse document frequency of each term in `text`; function words only where there is nothing else."""
        weights = self._frequencies(text)
        return {term: weight for term, weight in weights.items() if term not in _function_terms()} or weights

    def _frequencies(self, text: str) -> dict[str, float]:
        total = self.count()
        weights = {}
        for term in dict.fromkeys(analyze(text)):
            with self._reading():
                frequency = self._searcher.doc_freq("text", term)
            weights[term] = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
        return weights

    def search(self, text: str, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The ids and BM25 scores of the best `k` texts that hold a term of `text`, best first.

        Function words are searched for too: without them one chance word of a question would decide alone.
        """
        weights = self._frequencies(text)
        terms = sorted(weights, key=lambda term: -weights[term])[:_MOST_TERMS]
        if not terms or not self.count():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        query = tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "text", term, "freq")) for term in terms]
        )
        with self._reading():
            hits = self._searcher.search(query, min(k, self.count()), count=False).hits
            ids = self._searcher.fast_field_values("id", [address for _, address in hits])
        return np.array(ids, dtype=np.int64), np.array([score for score, _ in hits], dtype=np.float32)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Turns what tantivy raises for damaged files, its panics included, into a StoreError."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, (ValueError, OSError)) or type(error).__name__ == "PanicException":
                raise StoreError(f"{self._name}/ is damaged: run `qa build --full`.") from error
            raise
