"""Finds what a question asks for without an index: each passage is read once, and then compared with the question."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..models.protocols import Vectors
from ..text.document import Document
from ..text.passage import Passage
from ..text.terms import indexed_terms
from . import bm25
from .protocols import Embedding, Pool, Sought
from .vocabulary import CountedVocabulary, acronyms_of


class ExhaustiveIndex:
    """Passages in memory, with their search terms and embeddings. Safe to use from several threads."""

    def __init__(
        self, documents: Iterable[Document], passages: Iterable[tuple[int, Passage]], vectors: Vectors, count: int
    ) -> None:
        """`passages` come with their ids, `vectors` are their embeddings, of shape (passages, dimension).

        `count` is how many passages the generation has, withdrawn ones included: scores depend on it.
        """
        self.vocabulary = CountedVocabulary()
        for document in documents:
            self.vocabulary.add_document(document.language, acronyms_of(document))
        ids, self._terms = list[int](), list[str]()
        for number, passage in passages:
            terms = indexed_terms(passage.searched, passage.language)
            self.vocabulary.add_passage(terms, passage.searched)
            ids.append(number)
            self._terms.append(" ".join(terms))
        self._ids = np.array(ids, dtype=np.int64)
        self._vectors = vectors
        self._count = count

    def candidates(self, embedding: Embedding, sought: Sought, k: int) -> Pool:
        """The `k` best passages of each side that `sought` marks; phrases and exclusions are not checked."""
        scores = bm25.scores(
            sought.terms,
            self._terms,
            lambda form: sought.frequencies.get(form, 0),
            self._count,
            self.vocabulary.length,
        )
        pool = Pool(self._ids, self._vectors @ embedding(), scores, np.ones(len(self._ids), dtype=np.bool_))
        return (pool if sought.within is None else pool.of(sought.within[self._ids])).best(k)
