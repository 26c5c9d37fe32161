"""One generation in Milvus, opened: a collection of passages, and one of what else is known, to be searched and read.

Where the server has BM25, it finds by meaning and by words; else the passages that hold the rarest words of a question
are looked through. BM25 is worked out here either way (see `bm25`), so that scores are those of an index on disk.
Nothing of an article or a question ever stands in an expression that the server reads: words and paths are numbers and
hashes there. It knows nothing about how generations are built or which of them answers.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ...corpus.records import DocumentFacts, FileRecord, Part, parts_of
from ...errors import StoreError
from ...models.protocols import Vectors
from ...text.document import Document, title_from_path
from ...text.passage import Passage, encoded
from ...text.query_term import QueryTerm
from ...text.spelling import nearest
from ...text.stored import loaded, typed
from ...text.terms import forms_of, plain_words, possible_acronyms, query_terms, read_question, searched_terms
from ..manifest import REBUILD, Manifest, record_from_json
from ..protocols import Candidates, Embedding, Query
from ..rows import UNSOUND, has_stray_sentence, is_literal
from . import bm25
from .client import Server
from .connection import READING, WRITING
from .facts import HERE, LEAST, Facts, Pairs, Words, damaged, fact_rows, hashed
from .query import (
    RESCORED,
    SEARCHED,
    Candidate,
    Mark,
    Wanted,
    allows_text,
    both_hold,
    condition_for,
    document_of_body,
    is_hidden,
    led_by_rarest,
    passage_of_row,
    shown_only,
)
from .rows import ACRONYMS, COLUMNS, FORM, MANIFEST, PUBLISHED, RECORDS, TERMS, WITHDRAWN, WORDS, facts_of

if TYPE_CHECKING:
    from ...text.terms import Word

_BLOCK = 1_000  # rows that are read at a time
_MOST_READ = 4_096  # passages that are looked through for a phrase: each two neighbours are there, not all in a row
_LATELY, _MOST_LATELY = 10.0, 64  # seconds for which questions are kept as they were read, and how many
# Seconds for which all rows are taken to be loaded once they were counted: at least, and as a multiple of its own time.
# (Milvus Lite looks at each row.)
_FRESH, _SELDOM = 1.0, 20.0
_NEVER = (float("-inf"), float("-inf"))
_SPARE = 2  # so many times as many are taken from the server's BM25, which is not quite ours
_LEAST_COMPARED = 400  # passages that a search among nearest ones compares at least


class MilvusGeneration:
    """One published build, read-only: a PassageIndex. Safe to use from several threads."""

    def __init__(self, server: Server, collection: str, seconds: float = READING) -> None:
        """Reads its manifest, within so many seconds. Raises StoreError."""
        self.collection = collection
        self._server = server
        self._facts = Facts(server, facts_of(collection))
        with self._sound():
            said = loaded(self._facts.one(MANIFEST, seconds), dict)
            if said.get("form") != FORM:
                raise StoreError(
                    f"{collection} is of another version of this program: {REBUILD} where the articles are."
                )
            self.manifest = Manifest.from_json(typed(said["manifest"], dict))
            self._length = typed(said["terms"], int)
        self._terms, self._words = Words(self._facts, TERMS), Words(self._facts, WORDS)
        self._acronyms = Pairs(self._facts, ACRONYMS)
        self._known: tuple[str, list[Mark]] = "", []  # a state of the facts, and what was taken out by then
        # When all rows were seen to be loaded, and until when that is taken to be so (monotonic).
        self._counted = _NEVER
        self._lately: dict[str, tuple[tuple[Word, ...], float]] = {}  # questions, as they were read, and when

    @property
    def id(self) -> str:
        return self.manifest.id

    @cached_property
    def searches_words(self) -> bool:
        """Whether the server finds passages by their words."""
        fields = self._server.call("describe_collection", self.collection)["fields"]
        return any(field["name"] == "sparse" for field in fields)

    @cached_property
    def _written(self) -> Mapping[str, FileRecord]:
        """The records of all files, those that were withdrawn since among them."""
        lines = filter(None, self._facts.one(RECORDS, WRITING).split("\n"))
        with self._sound():
            return {record.path: record for record in map(record_from_json, lines)}

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """What is known of each file, by its path below the corpus folder, in order."""
        gone = self.withdrawn()
        return {path: record for path, record in self._written.items() if path not in gone} if gone else self._written

    def withdrawn(self, seconds: float = READING) -> frozenset[str]:
        """The files that were taken out since it was published."""
        return frozenset(mark.file for mark in self._marks(seconds))

    def _marks(self, seconds: float) -> list[Mark]:
        marks = self._facts.beginning(WITHDRAWN, seconds).values()
        with self._sound():
            return [Mark.from_json(mark) for mark in marks]

    def _hidden(self, seconds: float = READING) -> list[Mark]:
        """As `_marks`, for every question: the same list until something is taken out."""
        state = self._facts.state(seconds)
        known, marks = self._known
        if state != known:
            marks = self._marks(seconds)
            self._known = state, marks
        return marks

    def _check(self) -> None:
        """Return when all rows are loaded, or were a moment ago. Raises UnreachableError."""
        begun = time.monotonic()
        counted, until = self._counted
        if until <= begun or counted <= self._server.failed:
            self._facts.check()
            self._server.until_loaded(self.collection, lambda found: found >= self._facts.least()[1])
            self._counted = begun, begun + max(_FRESH, _SELDOM * (time.monotonic() - begun))

    def parts(self) -> dict[str, Part]:
        """Which documents and passages each file gave, by its path."""
        return self._parts

    @cached_property
    def _parts(self) -> dict[str, Part]:
        return parts_of(self._written)

    def count(self) -> int:
        return self.manifest.passages

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        words = self._read(query.text)
        frequency = self._frequency(words)
        terms = searched_terms(words, frequency, self.count())
        forms = {form for term in terms for group in (term.forms, *chain(*term.also)) for form in group}
        held = {form: number for form in forms if (number := frequency(form))}
        score = partial(bm25.scores, terms, frequency=frequency, count=self.count(), total_length=self._length)
        allows = cache(partial(allows_text, query)) if query.phrases or query.excluded else None
        wanted = Wanted(embedding(), held, score, k, allows, "")
        # Beside the pool of all, by which scores are scaled: what is allowed may stand anywhere.
        found = self._found(wanted, ("",) if allows is None else ("", condition_for(query)))
        ids = sorted(found)
        cosine = np.array([found[number].cosine for number in ids], dtype=np.float32)
        scores = np.array([found[number].bm25 for number in ids], dtype=np.float32)
        allowed = None
        if allows is not None:
            allowed = np.array([allows(found[number].text) for number in ids], dtype=np.bool_)
        return Candidates(np.array(ids, dtype=np.int64), cosine, scores, allowed)

    def holds(self, phrase: str) -> bool:
        query = Query("", (phrase,))
        condition = both_hold(condition_for(query), shown_only(self._hidden()))
        rows = self._call("query", filter=condition, output_fields=["id", *SEARCHED], limit=_MOST_READ)
        self._check()
        # So many that hold each two neighbours of its words: what is behind them is not known to be without it.
        return len(rows) == _MOST_READ or any(allows_text(query, self._text(row)) for row in rows)

    def nearest_word(self, word: str) -> str | None:
        """The word of the articles that one was meant to be that they do not hold in any form; None where none is."""
        if self._terms.frequencies(forms_of(word, self.manifest.languages)):
            return None
        return nearest("".join(plain_words(word)), self._words.frequencies, self._words.beginning)

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        words = self._read(text)
        return query_terms(words, self._frequency(words), self.count())

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        rows = self.rows(ids)
        if len(rows) < len(set(ids)):
            self._counted = _NEVER
            self._check()
            rows = self.rows(ids)  # they may have been loaded meanwhile
        with self._sound():
            found = {row["id"]: passage_of_row(row) for row in rows}
        if missing := [number for number in ids if number not in found]:
            raise StoreError(f"{len(missing)} of the passages found were withdrawn meanwhile: ask again.")
        return [found[number] for number in ids]

    def documents(self, file: str | None = None) -> Iterator[str]:
        """The paths of the documents, in order: of one file, or of all."""
        numbers = range(self.manifest.documents) if file is None else self.parts()[file].documents
        hidden = self._hidden(WRITING)
        for start in range(0, len(numbers), _BLOCK):
            some = numbers[start : start + _BLOCK]
            heads = self.heads(some)
            shown = (number for number in some if not is_hidden(number, hidden))
            yield from (heads[number]["path"] for number in shown if number in heads)

    def document(self, path: str) -> Document | None:
        """A document with its text and sections (without blocks), or None where it is not in this generation."""
        number = self._numbers([path]).get(path)
        body = None if number is None else self._facts.get([f"body:{number}"]).get(f"body:{number}")
        if body is None:
            return None
        with self._sound():
            return replace(document_of_body(body), path=path)

    def facts(self, paths: Sequence[str]) -> dict[str, DocumentFacts]:
        """What is known of these documents, without their texts."""
        heads = self.heads(self._numbers(paths).values(), READING).values()
        with self._sound():
            return {
                typed(head["path"], str): DocumentFacts(
                    FileRecord.from_json(head["file"]),
                    typed(head["title"], str) or title_from_path(head["path"]),
                    typed(head["metadata"], dict),
                )
                for head in heads
            }

    def keys(self) -> list[bytes]:
        """The key of every passage, by id; empty where it was withdrawn."""
        found = self._column("key", range(self.count()))
        with self._sound():
            return [bytes.fromhex(found.get(number, "")) for number in range(self.count())]

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The embeddings of these passages."""
        found = self._column("vector", ids)
        with self._sound():
            return np.array([found[number] for number in ids], dtype=np.float32)

    def rows(self, ids: Sequence[int], more: Sequence[str] = (), seconds: float = READING) -> list[dict[str, Any]]:
        """The rows of these passages as they were written; those that were withdrawn are left out."""
        found = self._call("get", ids=list(ids), output_fields=[*COLUMNS, *more], seconds=seconds)
        rows = [dict(row) for row in found]
        for row in rows:
            if not row["text"]:
                texts = self._facts.one(f"passage:{row['id']}", seconds)
                with self._sound():
                    row.update(loaded(texts, dict))
        return rows

    def heads(self, numbers: Iterable[int], seconds: float = WRITING) -> dict[int, dict[str, Any]]:
        """What is known of the documents with these numbers, without their texts."""
        keys = {f"head:{number}": number for number in numbers}
        found = self._facts.get(keys, seconds)
        with self._sound():
            return {keys[key]: loaded(value, dict) for key, value in found.items()}

    def bodies(self, numbers: Iterable[int]) -> dict[int, str]:
        """The documents with these numbers, as they are stored."""
        keys = {f"body:{number}": number for number in numbers}
        return {keys[key]: value for key, value in self._facts.get(keys, WRITING).items()}

    def taken(self, ids: range) -> Iterator[dict[str, Any]]:
        """The rows of these passages in order, as they were before they were fitted. Raises StoreError."""
        with self._sound():
            counted = 0
            for row in self._in_order(ids, ["vector", "sha256", "terms", "words"]):
                passage_of_row(row)  # what is taken over is checked here, and not again
                counted += 1
                yield {**row, "vector": list(row["vector"]), "words": list(row["words"])}
            if counted != len(ids):
                raise ValueError(f"{counted} rows of {len(ids)}")

    def published(self) -> float | None:
        """When it began to answer (seconds since 1970); None where that is not known."""
        said = self._facts.get([PUBLISHED], WRITING).get(PUBLISHED)
        with self._sound():
            return None if said is None else float(said)

    def withdraw(self, file: str) -> None:
        """Mark a file as taken out; returns when no reader finds it any more. Nothing is deleted under a build."""
        if (part := self.parts().get(file)) is not None:
            self._write(Mark(file, part))

    def delete_withdrawn(self) -> None:
        """Delete the documents and passages of files that were taken out, while nobody builds."""
        for mark in self._marks(WRITING):
            if mark.is_deleted:
                continue
            documents, passages = mark.part.documents, mark.part.passages
            heads = self.heads(documents)
            keys = [key for number in documents for key in (f"head:{number}", f"body:{number}")]
            keys += [f"path:{hashed(head['path'])}" for head in heads.values()]
            keys += [f"passage:{number}" for number in passages]
            rows = self._facts.rows_of(keys)
            self._expect(len(rows))
            self._delete(self.collection, list(passages))
            self._delete(self._facts.collection, rows)
            self._write(replace(mark, is_deleted=True))

    def _expect(self, lost: int) -> None:
        """Let no reader miss what is about to be deleted: so many facts, and the passages of all marks."""
        passages = self.count() - sum(len(mark.part.passages) for mark in self._marks(WRITING))
        least = self._facts.least(WRITING)[0] - lost
        self._server.call(
            "upsert", self._facts.collection, list(fact_rows(LEAST, f"{least} {passages}")), seconds=WRITING
        )
        self._server.count(self._facts.collection)  # which waits until what was written is seen

    def _write(self, mark: Mark) -> None:
        facts = self._facts.collection
        state = fact_rows(HERE, secrets.token_hex(8))
        rows = [*fact_rows(f"{WITHDRAWN}{hashed(mark.file)}", mark.as_json()), *state]
        self._server.call("upsert", facts, rows, seconds=WRITING)
        self._server.count(facts)  # which waits until what was written is seen

    def _delete(self, collection: str, ids: Sequence[int | str]) -> None:
        for start in range(0, len(ids), _BLOCK):
            self._server.call("delete", collection, ids=ids[start : start + _BLOCK], seconds=WRITING)
        self._server.count(collection)  # which waits until what was deleted is seen

    def altered(self) -> list[str]:
        """What is not as it was published and would not be noticed when it is taken over, a sentence for each."""
        marks = self._marks(WRITING)
        # What is taken out is there, is gone, or, where a deletion was cut off, is there in part.
        most = self.count() - sum(len(mark.part.passages) for mark in marks if mark.is_deleted)
        least = self.count() - sum(len(mark.part.passages) for mark in marks)
        counted = self._server.count(self.collection)
        return [] if least <= counted <= most else [f"{counted} passages where the manifest says {most}"]

    def verify(self) -> list[str]:
        """Everything that is off, one sentence each: checksums, counts, spans, embeddings. Empty when whole."""
        try:
            return self.altered() or list(self._problems())
        except (*UNSOUND, StoreError) as error:
            return [f"{self.collection} cannot be read ({error})"]

    def _problems(self) -> Iterator[str]:
        parts, gone = self.parts(), self.withdrawn(WRITING)
        for path in self._written:
            part = parts[path]
            if path in gone:
                continue
            texts: dict[str, str] = {}
            for number, body in self.bodies(part.documents).items():
                document = document_of_body(body)
                texts[self.heads([number])[number]["path"]] = document.text
            if len(texts) != len(part.documents):
                yield f"{path} has {len(texts)} articles, not {len(part.documents)}"
                continue
            counted = 0
            for row in self._in_order(part.passages, ["vector"]):
                counted += 1
                passage = passage_of_row(row)
                if not is_literal(passage, texts.get(passage.document, "")):
                    yield f"passage {row['id']} of {path} is not a literal part of its document"
                if has_stray_sentence(passage):
                    yield f"passage {row['id']} of {path} has a sentence outside itself"
                if abs(float(np.linalg.norm(np.array(row["vector"], dtype=np.float32))) - 1) > 1e-3:
                    yield f"passage {row['id']} of {path} has an embedding that is not of unit length"
            if counted != len(part.passages):
                yield f"{path} has {counted} passages, not {len(part.passages)}"

    # --- searching

    def _read(self, text: str) -> tuple[Word, ...]:
        """The words of a question, with what the acronyms of the articles make of them."""
        now = time.monotonic()
        words, read = self._lately.get(text, ((), float("-inf")))
        if read > max(now - _LATELY, self._server.failed):
            return words
        shorts, longs = possible_acronyms(text)
        pairs = [pair for pair in self._acronyms.of(shorts | longs) if pair[0] in shorts or pair[1] in longs]
        words = read_question(text, self.manifest.languages, pairs)
        if len(self._lately) >= _MOST_LATELY:
            self._lately = {}
        self._lately[text] = words, now
        return words

    def _frequency(self, words: Sequence[Word]) -> Callable[[str], int]:
        """How many passages hold a form of these words, or of what else they may be called."""
        forms = {form for word in words for group in (word.forms, *chain(*word.also)) for form in group}
        found = self._terms.frequencies(forms)
        return lambda form: found.get(form, 0)

    def _found(self, wanted: Wanted, conditions: Sequence[str]) -> dict[int, Candidate]:
        """The best of each side under each condition, by id.

        What is taken out is hidden as it was known last; where that has changed, and where a part of the server gave
        no answer meanwhile (others may have found too little then), everything is looked for once more.
        """
        is_again = False
        while True:
            begun, marks = time.monotonic(), self._known[1]
            shown = replace(wanted, shown=shown_only(marks))
            works: list[Callable[[], Any]] = [self._hidden, self._check]
            for condition in conditions:
                works += [partial(side, shown, shown.k, condition) for side in (self._worded, self._near)]
            # The side that takes longest is this thread's.
            *sides, now, _ = self._server.beside(*works[2:], *works[:2])
            if now is marks and (is_again or self._server.failed < begun):
                break
            is_again = True
        found: dict[int, Candidate] = {}
        for number, condition in enumerate(conditions):
            found |= self._pool(shown, condition, *sides[2 * number : 2 * number + 2])
        return found

    def _pool(
        self, wanted: Wanted, condition: str, worded: list[Candidate], near: list[Candidate]
    ) -> dict[int, Candidate]:
        """The best of each side, by id, of those that the query allows where there is a condition.

        A condition sees to it that all words are there, not that they stand together: where too few of the passages
        that the server finds are allowed, more are asked for, up to a limit.
        """
        limit, most = wanted.k, min(_MOST_READ, self.count())
        while condition:
            found = worded, near
            worded, near = (list(filter(wanted.allows_row, side)) for side in found)
            if limit >= most or all(
                len(a) >= wanted.k or len(b) < limit for a, b in zip((worded, near), found, strict=True)
            ):
                break
            limit = min(4 * limit, most)
            worded, near = self._server.beside(
                *(partial(side, wanted, limit, condition) for side in (self._worded, self._near))
            )
        # The nearest may be among the best by words too: the words that lead to those are not all.
        rows = list({row.id: row for row in (*near, *worded)}.values())
        scores = wanted.score([row.terms for row in rows])
        best = [at for at in np.argsort(-scores, kind="stable")[: wanted.k].tolist() if scores[at] > 0]
        return {row.id: row for row in near[: wanted.k]} | {
            rows[at].id: replace(rows[at], bm25=float(scores[at])) for at in best
        }

    def _near(self, wanted: Wanted, limit: int, condition: str) -> list[Candidate]:
        """The passages with the largest cosines, best first."""
        parameters = {"metric_type": "IP", "params": {"ef": max(2 * limit, _LEAST_COMPARED)}}
        hits = self._hits("vector", wanted.dense.tolist(), limit, condition, wanted.shown, parameters, wanted.columns)
        return [self._candidate(hit, float(hit["distance"]), wanted) for hit in hits]

    def _worded(self, wanted: Wanted, limit: int, condition: str) -> list[Candidate]:
        """The passages that the server's own BM25 puts first, or the nearest of those that hold the rarest words."""
        if not wanted.asked:
            return []
        if not self.searches_words:
            return self._near(wanted, max(limit, RESCORED), both_hold(condition, led_by_rarest(wanted.asked)))
        asked = " ".join(wanted.asked)
        columns = ("vector", *wanted.columns)
        hits = self._hits("sparse", asked, _SPARE * limit, condition, wanted.shown, {"metric_type": "BM25"}, columns)
        return [self._candidate(hit, float(np.dot(hit["entity"]["vector"], wanted.dense)), wanted) for hit in hits]

    def _hits(
        self,
        field: str,
        data: Any,
        limit: int,
        condition: str,
        shown: str,
        parameters: Mapping[str, Any],
        columns: Sequence[str],
    ) -> list[dict[str, Any]]:
        if not self.count():
            return []
        hits: list[dict[str, Any]] = self._call(
            "search",
            [data],
            anns_field=field,
            limit=limit,
            search_params=parameters,
            filter=both_hold(condition, shown),
            output_fields=list(columns),
            # The nearest passages are always some; what holds certain words may be nowhere.
            whole=lambda found: bool(found[0] or condition or field != "vector" or self._is_empty()),
        )[0]
        return hits

    def _is_empty(self) -> bool:
        """Whether all passages were withdrawn."""
        return sum(len(mark.part.passages) for mark in self._hidden()) >= self.count()

    def _candidate(self, hit: Mapping[str, Any], cosine: float, wanted: Wanted) -> Candidate:
        row = hit["entity"]
        text = self._text({**row, "id": hit["id"]}) if wanted.allows is not None else ""
        return Candidate(int(hit["id"]), cosine, row["terms"], text)

    def _text(self, row: Mapping[str, Any]) -> str:
        """What is searched for words of a row."""
        if not row["text"]:
            row = next(iter(self.rows([row["id"]])), row)
        return encoded(row["title"], json.loads(row["section"] or "[]"), row["text"])

    # --- reading

    def _numbers(self, paths: Sequence[str]) -> dict[str, int]:
        """The numbers of the documents with these paths, as far as they are there."""
        keys = {f"path:{hashed(path)}": path for path in paths}
        found, hidden = self._server.beside(partial(self._facts.get, keys), self._hidden)
        if len(found) < len(keys):
            self._facts.check()
            found = self._facts.get(keys)  # they may have been loaded meanwhile
        with self._sound():
            numbers = {keys[key]: int(value) for key, value in found.items()}
        return {path: number for path, number in numbers.items() if not is_hidden(number, hidden)}

    def _in_order(self, ids: range, more: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows of these passages, by id; those that were withdrawn are left out."""
        for start in range(0, len(ids), _BLOCK):
            yield from sorted(self.rows(ids[start : start + _BLOCK], more, WRITING), key=lambda row: int(row["id"]))

    def _column(self, name: str, ids: Sequence[int]) -> dict[int, Any]:
        """One column of these passages' rows, by id."""
        found = {}
        for start in range(0, len(ids), _BLOCK):
            some = list(ids[start : start + _BLOCK])
            rows = self._call("get", ids=some, output_fields=["id", name], seconds=WRITING)
            found.update({row["id"]: row[name] for row in rows})
        return found

    def _call(self, method: str, *arguments: Any, **named: Any) -> Any:
        # A published generation does not change, but for what is withdrawn, which waits until it is seen everywhere.
        return self._server.call(method, self.collection, *arguments, consistency_level="Eventually", **named)

    @contextlib.contextmanager
    def _sound(self) -> Iterator[None]:
        """Turns what rows that are not as they were written lead to into a StoreError."""
        try:
            yield
        except UNSOUND as error:
            raise damaged(self.collection) from error
