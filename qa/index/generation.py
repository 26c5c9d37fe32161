"""One published generation, open for reading: everything that does not depend on the store that contains it.

A store supplies rows and vectors (the abstract methods of `OpenGeneration`), and postings if it has an index. Reading a
question, correcting words, acronyms, compounds, checking phrases and exclusions, and verification are written here,
once for all.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..corpus.records import DocumentInfo, FileRecord, Head, Part, parts_of
from ..errors import Remedy, StoreError
from ..models.protocols import EncoderTraits, Vectors
from ..text import compounds
from ..text.document import Document, title_from_path
from ..text.passage import Passage
from ..text.query_term import QueryTerm
from ..text.spelling import nearest
from ..text.terms import Word, analyze_question, forms_of, plain_words, possible_acronyms, query_terms, searched_terms
from .checked_search import MOST_READ, found, inflected_in, literal
from .exhaustive import ExhaustiveIndex
from .manifest import Manifest
from .phrases import Phrases
from .protocols import Candidates, Embedding, Pool, Query, Sought
from .rows import MALFORMED, checked
from .scope import Scope
from .selection import Selection, Selector
from .verification import blocks, contents_problems
from .vocabulary import Vocabulary

_EXAMPLES = 8  # passages that are read to see how they spell a compound


class OpenGeneration(ABC):
    """One published build, read-only: a PassageIndex. Safe to use from several threads.

    Documents and passages are numbered from 0, in the order of the files. A store sets `manifest`.
    """

    manifest: Manifest
    _last_compounds: tuple[str, Sequence[tuple[str, str]]] = "", ()  # a question asks several times
    _read_whole: tuple[frozenset[str], ExhaustiveIndex] | None = None  # what had been withdrawn by then, and the rest

    # --- what every store implements

    @abstractmethod
    def files(self) -> Iterable[FileRecord]:
        """The records of all files as they were written, in order. Raises StoreError, as every method here does."""

    @abstractmethod
    def body(self, wanted: int | str) -> tuple[int, Document] | None:
        """The document with this number or path, with its text and sections, and its number; None if there is none."""

    @abstractmethod
    def rows(self, ids: Sequence[int]) -> Iterable[Sequence[Any]]:
        """The rows of these passages in any order, as `rows.checked` takes them. Raises StoreError if one is gone."""

    @abstractmethod
    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The embeddings of these passages, of shape (passages, dimension)."""

    # --- what a store may implement

    def heads(self, wanted: Sequence[int] | Sequence[str]) -> dict[int, Head]:
        """The documents with these numbers, or with these paths, by number; those that do not exist are left out.

        Here from whole documents.
        """
        bodies = [each for each in map(self.body, wanted) if each is not None]
        stops = [part.documents.stop for part in self._parts.values()]
        files = list(self._written.values())
        return {
            number: Head(document.path, document.title, document.metadata, files[bisect_right(stops, number)])
            for number, document in bodies
        }

    def candidates(self, embedding: Embedding, sought: Sought, k: int) -> Pool:
        """The `k` passages with the largest cosines and the `k` with the best BM25 scores, as far as there are any.

        If `sought` has phrases, exclusions or marks, only passages that these may allow. A store may return passages
        that they do not allow, and even ignore them: what is returned is checked, and more is asked for.
        Here by comparing the question with every passage, all of which are kept in memory.
        """
        return self._exhaustive().candidates(embedding, sought, k)

    @property
    def vocabulary(self) -> Vocabulary:
        """What the passages and documents contain: words, search terms and acronyms; here counted by reading all."""
        return self._exhaustive().vocabulary

    def keys(self) -> list[bytes]:
        """The key of every passage, by id: here from whole rows."""
        passages = self.in_order(range(self.count()), lambda: None)
        return [passage.key for _, passage in passages]

    def languages(self, ids: Sequence[int]) -> list[str]:
        """The languages of these passages, in this order: here from whole rows."""
        return [passage.language for passage in self.passages(ids)]

    def paths(self) -> dict[int, str]:
        """The path of each document by its number; of withdrawn ones perhaps not. Here from their heads."""
        numbers = blocks(range(self.manifest.documents))
        return {number: head.path for block in numbers for number, head in self.heads(block).items()}

    def documents_of(self, ids: range) -> list[str]:
        """The documents of these passages, by path, in this order: here from whole rows."""
        return [passage.document for passage in self.passages(ids)]

    def allows(self, sought: Sought, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Of each of these passages whether its title, headings, text and name satisfy phrases and exclusions.

        Their texts are read for that; a store that knows where each word is can say so without.
        """
        phrases = Phrases(sought.phrases, sought.excluded)
        passages = self.passages([int(number) for number in ids]) if len(ids) else []
        return np.array([phrases.allows(passage.searched) for passage in passages], dtype=np.bool_)

    def altered(self) -> list[str]:
        """What differs from what was published and would go unnoticed if a build took it over, one sentence each."""
        return []

    def checked_in_background(self) -> OpenGeneration:
        """This generation, which compares everything with what was published while it answers already.

        A question raises StoreError if it differs; the first may wait. Here nothing: a server checks what it stores.
        """
        return self

    def faults(self) -> Iterable[str]:
        """What the store itself finds wrong with its tables, one sentence each."""
        return ()

    def withdrawn(self) -> frozenset[str]:
        """The files that were taken out since the generation was published."""
        return frozenset()

    def close(self) -> None:  # noqa: B027 (most have nothing to release)
        """Release what this generation alone keeps open."""

    def damage(self) -> StoreError:
        """The error to raise if a row differs from what was written."""
        return StoreError(f"Generation {self.id} is damaged", Remedy.FULL_BUILD)

    # --- what is the same for all stores

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def encoder(self) -> EncoderTraits:
        return self.manifest.encoder_traits

    def count(self) -> int:
        """The number of passages, withdrawn ones included."""
        return self.manifest.passages

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """The record of each file, by its path below the corpus folder, in order."""
        written, gone = self._written, self.withdrawn()
        return {path: record for path, record in written.items() if path not in gone} if gone else written

    @cached_property
    def _written(self) -> Mapping[str, FileRecord]:
        with self.reading():
            return {record.path: record for record in self.files()}

    def parts(self) -> dict[str, Part]:
        """The documents and passages of each file, by its path."""
        return self._parts

    @cached_property
    def _parts(self) -> dict[str, Part]:
        return parts_of(self._written)

    def documents(self, file: str | None = None) -> Iterator[str]:
        """The paths of the documents, in order: of one file, or of all."""
        numbers = range(self.manifest.documents)
        if file is not None:
            numbers = self._parts[file].documents if file in self._parts else range(0)
        for block in blocks(numbers):
            yield from (head.path for _, head in sorted(self.heads(block).items(), key=lambda item: item[0]))

    def document(self, path: str) -> Document | None:
        """A document with its text and sections (without blocks); None if this generation does not contain it."""
        with self.reading():
            stored = self.body(path)
            return None if stored is None else stored[1]

    def facts(self, paths: Sequence[str]) -> dict[str, DocumentInfo]:
        """The file, title and metadata of each of these documents."""
        heads = self.heads(paths)
        with self.reading():
            return {
                head.path: DocumentInfo(head.file, head.title or title_from_path(head.path), head.metadata)
                for _, head in sorted(heads.items(), key=lambda item: item[0])
            }

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in this order, each checked against its checksum."""
        with self.reading():
            passages = {row[0]: checked(row) for row in self.rows(ids)}
            return [passages[number] for number in ids]

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        """The words of a question that tell what it is about, with their weights."""
        words, frequencies = self._read(text)
        return query_terms(words, frequencies.__getitem__, self.count())

    def has_word(self, word: str) -> bool:
        """Whether a passage contains this word in any form."""
        return any(self.vocabulary.frequencies("terms", forms_of(word, self.manifest.languages)).values())

    def nearest_words(self, words: Iterable[str]) -> dict[str, str]:
        """The word of the articles that each of these words was meant to be, of those that they do not contain."""
        vocabulary, languages = self.vocabulary, self.manifest.languages
        forms = {word: forms_of(word, languages) for word in words}
        known = vocabulary.frequencies("terms", set(chain.from_iterable(forms.values())))
        unknown = {word: "".join(plain_words(word)) for word in forms if not any(map(known.get, forms[word]))}
        count = partial(vocabulary.frequencies, "words")
        return {word: best for word, plain in unknown.items() if (best := nearest(plain, count, vocabulary.beginning))}

    def compounds(self, text: str) -> Sequence[tuple[str, str]]:
        """The closed and the open spelling of each compound of a question that the articles spell otherwise."""
        last, pairs = self._last_compounds
        if text != last:
            pairs = compounds.find(text, partial(self.vocabulary.frequencies, "words"), self.contains, self._examples)
            self._last_compounds = text, pairs
        return pairs

    def contains(self, phrase: str) -> bool:
        """Whether a passage contains these words as a phrase."""
        pool, allowed = self._with_phrase(phrase, 1)
        # At most MOST_READ candidates are read; beyond these, any passage may contain the phrase.
        return bool(allowed.any()) or int(pool.near.sum()) >= MOST_READ

    def mentions(self, phrase: str) -> bool:
        """Whether a passage contains these words as a phrase, or with other endings where its language inflects."""
        return self.contains(phrase) or inflected_in(self, self._anywhere, Sought(phrases=(phrase,))) is not None

    def _anywhere(self) -> Vectors:
        """An embedding for a search that only words decide."""
        direction = np.zeros(int(self.manifest.encoder["dimension"]), dtype=np.float32)
        direction[0] = 1
        return direction

    def _with_phrase(self, phrase: str, k: int) -> tuple[Pool, NDArray[np.bool_]]:
        """`k` passages that may contain these words as a phrase, whatever they are about, and which of them do."""
        return literal(self, self._anywhere, Sought(phrases=(phrase,)), k)

    def _examples(self, phrase: str) -> list[str]:
        """Some of the texts that contain these words as a phrase."""
        pool, allowed = self._with_phrase(phrase, _EXAMPLES)
        return [passage.searched for passage in self.passages(pool.ids[allowed].tolist())]

    def selection(self, scope: Scope) -> Selection | None:
        """What a scope holds; None if it is empty. Raises QuestionError if no article is in it."""
        return self._selector.select(self, scope) if scope else None

    @cached_property
    def _selector(self) -> Selector:
        return Selector()

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        """The best `k` of each side for a query, and the best `k` of those that its phrases and exclusions allow.

        Raises QuestionError if no article is in the scope of the query.
        """
        selection = self.selection(query.scope)
        within = None if selection is None else selection.passages
        sought = replace(self.sought(query.text), phrases=query.phrases, excluded=query.excluded, within=within)
        return found(self, embedding, sought, k)

    def sought(self, text: str) -> Sought:
        """The words of a text, to be searched for."""
        words, frequencies = self._read(text)
        return Sought(tuple(searched_terms(words, frequencies.__getitem__, self.count())), frequencies)

    def _read(self, text: str) -> tuple[Sequence[Word], Counter[str]]:
        """The words of a question, with their acronyms and compounds, and how many passages contain each form."""
        shorts, longs = possible_acronyms(text)
        introduced = self.vocabulary.acronyms(shorts | longs)
        pairs = sorted({pair for pair in introduced if pair[0] in shorts or pair[1] in longs})
        words = analyze_question(text, self.manifest.languages, pairs, self.compounds(text))
        counts = self.vocabulary.frequencies("terms", {form for word in words for form in word.terms()})
        return words, Counter({form: number for form, number in counts.items() if number})

    def _exhaustive(self) -> ExhaustiveIndex:
        """All documents and passages that were not withdrawn, read once."""
        gone = self.withdrawn()
        if self._read_whole is None or self._read_whole[0] != gone:
            parts = [part for path, part in self._parts.items() if path not in gone]
            documents = filter(None, map(self.body, chain.from_iterable(part.documents for part in parts)))
            passages = chain.from_iterable(self.in_order(part.passages, lambda: None) for part in parts)
            vectors = self.vectors(list(chain.from_iterable(part.passages for part in parts)))
            with self.reading():
                index = ExhaustiveIndex((document for _, document in documents), passages, vectors, self.count())
            self._read_whole = gone, index
        return self._read_whole[1]

    # --- verification

    def verify(self) -> list[str]:
        """Everything that is wrong, one sentence each: checksums, counts, spans, embeddings. Empty if all is well."""
        try:
            return self.altered() or self.verify_contents()
        except StoreError as error:
            return [str(error)]

    def verify_contents(
        self, parts: Mapping[str, Part] | None = None, step: Callable[[], None] = lambda: None
    ) -> list[str]:
        """As `verify`, without `altered`; of the files only `parts`, if they are given.

        `step` is called before each document and each block of passages.
        """
        return contents_problems(self, parts, step)

    def in_order(self, ids: range, step: Callable[[], None]) -> Iterator[tuple[int, Passage]]:
        """The passages with these ids, in order; not read all at once, since one document may have very many."""
        for block in blocks(ids):
            step()
            yield from ((row[0], checked(row)) for row in sorted(self.rows(block), key=lambda row: int(row[0])))

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Turns the errors that damaged rows lead to into a StoreError."""
        try:
            yield
        except MALFORMED as error:
            raise self.damage() from error
