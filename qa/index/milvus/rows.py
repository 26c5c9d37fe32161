"""The collections of a generation on Milvus: their fields, a passage's row, and rows written in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...models.protocols import Vectors
from ...text.passage import Passage
from ...text.terms import indexed_terms, plain_words
from ..rows import row_checksum, row_of
from . import rarest_words
from .client import Server
from .connection import WRITING
from .facts import LONGEST
from .phrases import MOST_WORDS, neighbours, numbers_of

# The keys of the facts of a whole generation, and the beginning of the keys of withdrawn files.
MANIFEST, RECORDS, ACRONYMS, TERMS, WORDS, WITHDRAWN = "manifest", "records", "acronyms", "terms", "words", "withdrawn:"
PUBLISHED = "published"  # when it was published
FORM, UNLABELLED = 2, 1  # the version of this layout, and the last one without labels, which is still read
_TEXTS = ("document", "text", "title", "section", "sentences", "labels")
COLUMNS = ("id", *_TEXTS, "position", "start", "end", "page", "language", "key", "checksum")  # of a passage
_BATCH_ROWS, _BATCH_SIZE = 1_000, 1_000_000  # the most rows, and characters and numbers in them, of one insertion
_INTEGER, _TEXT = {"datatype": "INT64"}, {"datatype": "VARCHAR", "max_length": LONGEST}
_NUMBERS = {"datatype": "ARRAY", "element_type": "INT64", "max_capacity": MOST_WORDS}
_GRAPH = {"M": 16, "efConstruction": 200}  # of nearest passages


def fields(dimension: int, tokenizer: str = "") -> dict[str, Mapping[str, Any]]:
    """The fields of a passage; `sparse` is what the server searches for words, if it has a `tokenizer` for that."""
    short = {"datatype": "VARCHAR", "max_length": 64}
    words = {"enable_analyzer": True, "analyzer_params": {"tokenizer": tokenizer}} if tokenizer else {}
    return {
        "id": _INTEGER,
        "vector": {"datatype": "FLOAT_VECTOR", "dim": dimension},
        **dict.fromkeys(_TEXTS, _TEXT),
        **dict.fromkeys(("position", "start", "end", "page", "checksum"), _INTEGER),
        **dict.fromkeys(("sha256", "language", "key"), short),  # of the file, of the document, of what is encoded
        "terms": {**_TEXT, **words},
        "words": _NUMBERS,
        **({"sparse": {"datatype": "SPARSE_FLOAT_VECTOR"}} if tokenizer else rarest_words.FIELDS),
    }


def indexes(tokenizer: str = "") -> dict[str, Mapping[str, Any]]:
    """The indexes of a passage's vectors."""
    dense = {"index_type": "HNSW", "metric_type": "IP", "params": _GRAPH}
    sparse = {"index_type": "SPARSE_INVERTED_INDEX", "metric_type": "BM25"}
    return {"vector": dense, **({"sparse": sparse} if tokenizer else {})}


def facts_of(collection: str) -> str:
    """The name of the collection with the facts of a generation."""
    return f"{collection}_facts"


def passage_row(number: int, passage: Passage, order: int, sha256: str, vector: Vectors) -> dict[str, Any]:
    """A passage as it is stored, before `fitted`."""
    position, start, end, text, section, page, sentences = facts = row_of(passage, order)
    return {
        "id": number, "vector": vector.tolist(), "document": passage.document, "position": position, "start": start,
        "end": end, "text": text, "title": passage.title, "section": section, "page": page or 0, "sentences": sentences,
        "labels": passage.labels, "language": passage.language, "sha256": sha256, "key": passage.key.hex(),
        "checksum": row_checksum(*facts, passage.language), **searched_columns(passage.searched, passage.language),
    }  # fmt: skip


def searched_columns(text: str, language: str) -> dict[str, Any]:
    """What the server searches of a passage with this searchable text: its terms, and numbers for its words."""
    words = plain_words(text)
    return {"terms": " ".join(indexed_terms(text, language)), "words": numbers_of([*words, *neighbours(words)])}


def fitted(row: Mapping[str, Any], has_bm25: bool) -> dict[str, Any]:
    """The row that a server takes: with terms that fit into a field, and what it needs if it has no BM25.

    All other texts fit: a passage, its title and its headings are each limited to a few thousand characters.
    """
    terms = row["terms"]
    if len(terms.encode()) > LONGEST:
        terms = terms.encode()[:LONGEST].decode(errors="ignore").rpartition(" ")[0]
    return {**row, "terms": terms, **({} if has_bm25 else rarest_words.stems(terms))}


class Batches:
    """Inserts rows into collections, many at a time. `step` is called before each insertion."""

    def __init__(self, server: Server, step: Callable[[], None]) -> None:
        self.counts: Counter[str] = Counter()  # of the rows of each collection
        self._server = server
        self._step = step
        self._rows: dict[str, list[Mapping[str, Any]]] = {}
        self._sizes: Counter[str] = Counter()

    def add(self, collection: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert these rows, now or together with later ones. Raises StoreError."""
        for row in rows:
            waiting = self._rows.setdefault(collection, [])
            waiting.append(row)
            self.counts[collection] += 1
            self._sizes[collection] += sum(len(value) for value in row.values() if isinstance(value, (str, list)))
            if len(waiting) >= _BATCH_ROWS or self._sizes[collection] >= _BATCH_SIZE:
                self._insert(collection)

    def finish(self) -> None:
        """Insert the remaining rows."""
        for collection in self._rows:
            self._insert(collection)

    def _insert(self, collection: str) -> None:
        if self._rows[collection]:
            self._step()
            self._server.call("insert", collection, self._rows[collection], seconds=WRITING)
        self._rows[collection] = []
        self._sizes[collection] = 0
