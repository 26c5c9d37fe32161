"""Word search on disk: BM25 over stemmed terms, in an index of tantivy.

The stored number of each text is its passage id. BM25 is tantivy's (k1 1.2, b 0.75); `index/bm25.py` computes the same
scores without an index.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import tantivy
from numpy.typing import NDArray

from ...errors import Remedy, StoreError
from ...models.protocols import Vectors
from ...text.query_term import QueryTerm
from ...text.terms import indexed_terms, plain_words
from ..protocols import Sought

_FIELD_TOKENIZER = "terms"
_HEAP_BYTES = 64_000_000


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False, tokenizer_name=_FIELD_TOKENIZER, index_option="freq")
    builder.add_text_field("words", stored=False, tokenizer_name=_FIELD_TOKENIZER, index_option="position")
    builder.add_unsigned_field("id", fast=True, indexed=True)
    return builder.build()


def write_index(folder: Path, texts: Iterable[tuple[str, str]]) -> None:
    """Index texts, each with its language, in a new folder; the first has id 0.

    One field contains their terms, so that it (and one inverse document frequency) serves all languages; another
    contains their words with positions. There is one segment, so equal input gives equal scores.
    """
    folder.mkdir(parents=True)
    _write(tantivy.Index(_schema(), path=str(folder)), [], enumerate(texts))


def extend_index(folder: Path, removed: Sequence[int], texts: Iterable[tuple[int, tuple[str, str]]]) -> None:
    """Take the ids `removed` out of the index in `folder`, a copy, and add texts with their ids and languages.

    Scores equal those of an index that is written at once, except that the removed texts still count in the
    frequencies of terms.
    """
    _write(tantivy.Index.open(str(folder)), removed, texts)


def _write(index: tantivy.Index, removed: Sequence[int], texts: Iterable[tuple[int, tuple[str, str]]]) -> None:
    _register(index)
    writer = index.writer(_HEAP_BYTES, 1)
    if removed:
        writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "id", list(removed)))
    for number, (text, language) in texts:
        document = tantivy.Document()
        document.add_text("text", " ".join(indexed_terms(text, language)))
        document.add_text("words", " ".join(plain_words(text)))
        document.add_unsigned("id", number)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer(_FIELD_TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


class LexicalIndex:
    """An index read from disk. Searching is safe from several threads."""

    def __init__(self, folder: Path) -> None:
        self._name = folder.name
        with self._reading():
            index = self._open(folder)
            _register(index)
            self._searcher = index.searcher()
        self._schema = _schema()

    def _open(self, folder: Path) -> tantivy.Index:
        try:
            return tantivy.Index.open(str(folder))
        except (ValueError, OSError) as error:
            if "Lockfile" not in str(error):
                raise
        # tantivy locks the folder even to read it. If it is read-only, a folder of links to its files is locked.
        links = Path(tempfile.mkdtemp(prefix="qa-lexical-"))
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (links / path.name).symlink_to(path.resolve())
        return tantivy.Index.open(str(links))

    def count(self) -> int:
        return int(self._searcher.num_docs)

    def best(self, sought: Sought, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The ids and BM25 scores of the best `k` texts that contain a term, best first.

        Each contains all phrases and nothing that is excluded.
        """
        if not sought.terms or not self.count():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        clauses = [(tantivy.Occur.Should, self._clause(term, sought.frequencies)) for term in sought.terms]
        query = tantivy.Query.boolean_query(clauses)
        if sought.phrases or sought.excluded:
            must = [tantivy.Query.const_score_query(self._phrase(words), 0) for words in sought.phrases]
            must_not = [(tantivy.Occur.MustNot, self._phrase(words)) for words in sought.excluded]
            query = tantivy.Query.boolean_query([*((tantivy.Occur.Must, each) for each in (query, *must)), *must_not])
        return self._hits(query, k)

    def containing(self, phrase: str) -> NDArray[np.int64]:
        """The ids of all texts that contain this phrase, in any case and with or without accents."""
        return self._hits(tantivy.Query.const_score_query(self._phrase(phrase), 0), self.count())[0]

    def contains(self, phrase: str) -> bool:
        """Whether a text contains this phrase."""
        return bool(len(self._hits(tantivy.Query.const_score_query(self._phrase(phrase), 0), 1)[0]))

    def frequencies(self, field: Literal["terms", "words"], values: Iterable[str]) -> dict[str, int]:
        """How many texts contain each of these terms, or of these words in lower case and without accents."""
        name = "text" if field == "terms" else "words"
        with self._reading():
            return {value: int(self._searcher.doc_freq(name, value)) for value in values}

    def beginning(self, starts: Iterable[str]) -> dict[str, int]:
        """All words that start with one of these strings, and how many texts contain each."""
        with self._reading():
            return dict(pair for start in starts for pair in self._searcher.terms_with_prefix("words", start))

    def _hits(self, query: tantivy.Query, k: int) -> tuple[NDArray[np.int64], Vectors]:
        if not self.count():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        with self._reading():
            hits = self._searcher.search(query, min(k, self.count()), count=False).hits
            numbers = self._searcher.fast_field_values("id", [address for _, address in hits])
            if None in numbers:  # for one that it cannot read
                raise ValueError("a text has no number")
        ids = np.array(numbers, dtype=np.int64)
        return ids, np.array([score for score, _ in hits], dtype=np.float32)

    def _phrase(self, text: str) -> tantivy.Query:
        words = plain_words(text)
        if not words:  # punctuation alone is in no text
            return tantivy.Query.empty_query()
        if len(words) == 1:
            return tantivy.Query.term_query(self._schema, "words", words[0])
        return tantivy.Query.phrase_query(self._schema, "words", list(words))

    def _clause(self, term: QueryTerm, frequencies: Mapping[str, int]) -> tantivy.Query:
        """The best of a word's forms: a word counts once, in whichever language or way a text says it."""
        # Forms that are in no text would only keep tantivy from skipping texts that cannot be among the best.
        present = sorted(form for form in term.forms if frequencies.get(form))
        forms = [self._form(form) for form in present or [min(term.forms)]]
        for groups in term.also:
            every = [(tantivy.Occur.Must, self._any(sorted(group))) for group in groups]
            forms.append(tantivy.Query.const_score_query(tantivy.Query.boolean_query(every), term.weight))
        phrases = (self._phrase(compound.phrase) for compound in term.compounds)
        forms += (tantivy.Query.const_score_query(phrase, term.weight) for phrase in phrases)
        if term.labels:
            forms.append(tantivy.Query.const_score_query(self._any(sorted(term.labels)), term.label_weight))
        return forms[0] if len(forms) == 1 else tantivy.Query.disjunction_max_query(forms)

    def _any(self, forms: Sequence[str]) -> tantivy.Query:
        return tantivy.Query.disjunction_max_query([self._form(form) for form in forms])

    def _form(self, form: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, "text", form, "freq")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn the errors and panics of tantivy for damaged files into a StoreError."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, (ValueError, OSError)) or type(error).__name__ == "PanicException":
                raise StoreError(f"{self._name}/ is damaged", Remedy.FULL_BUILD) from error
            raise
