"""Question → Answer from the generation that is current: `Engine.open(config)`, `.ask()`, `.search()`, `.status()`.

It follows CURRENT by itself, so that a running chat moves to a new build between two questions. It knows
nothing about how answers are shown.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

from . import formats
from .ask.answer import Answer, Citation
from .ask.compose import Facts, compose, names, threshold_for
from .ask.follow_up import Turn, read
from .ask.query import parse, spelled
from .ask.ranking import Ranking
from .ask.search import READ, rank_follow_up, reread, together
from .ask.two_in_one import split
from .config import Config
from .corpus import documents
from .corpus.records import FileRecord
from .errors import MismatchError, ModelError, NoGenerationError, QuestionError
from .formats.decoding import Unreadable
from .formats.pictures import PagePicture
from .formats.sandbox import ReaderProcess
from .index import open_store
from .index.protocols import OpenGeneration
from .models.encoders import DEFAULT_NAME, load_encoder, open_encoder
from .models.protocols import Encoder, Reader, Vectors
from .models.reader import shipped_reader
from .text.document import Document, Span
from .text.passages import PassageSettings
from .text.terms import analyze

MAX_QUESTION_CHARACTERS = 2_000
MAX_TOP_K = 100
_ENDINGS = ("s", "d", "ed", "ing")
_CACHED_PICTURES = 16  # citations whose pages are remembered
_PICTURE_SECONDS = 20.0  # the text is there meanwhile, but the program's end waits for it

_ENCODED = 4  # questions at a time: while one is encoded, its words are searched for

_Marked = tuple[str, Span, tuple[Span, ...]]  # a file by its sha256, a passage and its highlights


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of the folder: what the index knows of it, and what a rebuild would do about it.

    `pending` is "" or "new", "changed" or "removed", as the folder stands now against the index.
    """

    record: FileRecord
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the index and of every file; `generation` is "" before the first build.

    `encoder_languages` are those that the encoder was made for (ISO 639-1); empty where that is not known. `store` is
    None for the index folder of this machine, else the `address`, the `server`, and whether `words` are searched for
    by that ("engine"), or in the passages that hold the rarest of them ("rescored").
    """

    generation: str
    created: str
    encoder: str
    documents: int
    passages: int
    files: tuple[FileState, ...]
    encoder_languages: tuple[str, ...] = ()
    store: Mapping[str, str] | None = None

    def covers(self, language: str) -> bool:
        """Whether the encoder was made for a language, as far as both are known."""
        return not language or not self.encoder_languages or language in self.encoder_languages

    @property
    def counts(self) -> dict[str, int]:
        """How many files stand in each state; "files" counts those in the folder, so not the removed ones."""
        counts = dict.fromkeys(("indexed", "empty", "failed", "skipped", "pending", "removed"), 0)
        for file in self.files:
            counts[{"": file.record.status, "removed": "removed"}.get(file.pending, "pending")] += 1
        return {"files": len(self.files) - counts["removed"], **counts}

    def as_json(self) -> dict[str, Any]:
        """The object of `qa status --json`."""
        return {
            "generation": self.generation or None,
            "created": self.created or None,
            "encoder": self.encoder or None,
            "encoder_languages": list(self.encoder_languages),
            "documents": self.documents,
            "passages": self.passages,
            "store": None if self.store is None else dict(self.store),
            "counts": self.counts,
            "files": [
                {
                    "document": file.record.path,
                    "status": None if file.pending == "new" else file.record.status,
                    "pending": file.pending or None,
                    "reason": file.record.reason or None,
                    "title": file.record.title,
                    "kind": formats.kind(file.record.path),
                    "documents": file.record.documents,
                    "covered": self.covers(file.record.language),
                    "passages": file.record.passages,
                    "pages": file.record.pages or None,
                    "language": file.record.language or None,
                    "indexed": file.record.indexed or None,
                    "size": file.record.size,
                    "sha256": file.record.sha256 or None,
                }
                for file in self.files
            ],
        }


class Engine:
    """Answers questions from one index. Safe to use from several threads."""

    def __init__(
        self,
        config: Config,
        encoder: Encoder | None = None,
        settings: PassageSettings | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.config = config
        self._given = encoder
        self._given_reader = reader
        self._opened: Encoder | None = None
        self._settings = settings or PassageSettings()
        self._generation: OpenGeneration | None = None
        self._store = open_store(config)
        self._opening = threading.RLock()
        self._loading = threading.Lock()
        self._caching = threading.Lock()
        self._pictures: OrderedDict[_Marked, tuple[PagePicture, ...]] = OrderedDict()
        self._pages = ReaderProcess(_PICTURE_SECONDS)
        self._encoding = ThreadPoolExecutor(_ENCODED, thread_name_prefix="question")

    @classmethod
    def open(
        cls,
        config: Config,
        encoder: Encoder | None = None,
        settings: PassageSettings | None = None,
        reader: Reader | None = None,
    ) -> Engine:
        """An engine on `config.index`; encoder and reader (the configured ones by default) are loaded when needed.

        `settings` are those that the index must have been built with, the program's own by default.
        """
        return cls(config, encoder, settings, reader)

    @property
    def encoder(self) -> Encoder:
        """The encoder that made the current generation, opened. Raises StoreError or ModelError."""
        if self._given is not None:
            return self._given
        with self._loading:
            built, config = self.generation.manifest.encoder, self.config
            self._check_name(built)
            opened = self._opened
            if opened is None or _made_from(opened.identity.as_json()) != _made_from(built):
                prompts = (config.query_prompt, config.passage_prompt)
                try:
                    opened = open_encoder(config.encoder, *prompts, config.index, built)
                except ModelError:
                    if config.store is None:
                        raise
                    # Built on another machine: it is made ready for this one, as a build would.
                    opened = load_encoder(config.encoder, *prompts, config.index)
                self._opened = opened
            return opened

    @property
    def reader(self) -> Reader | None:
        """The reader, opened; None where it is off. Raises ModelError."""
        if self.config.reader == "off":
            return None
        return self._given_reader or shipped_reader()

    def encoder_for_build(self) -> Encoder:
        """The encoder as its files are now, made ready for this index (seconds, the first time). Raises ModelError."""
        config = self.config
        return self._given or load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)

    @property
    def generation(self) -> OpenGeneration:
        """The current generation, opened. Raises NoGenerationError before the first build, else StoreError."""
        with self._opening:
            number = self._store.current_id()
            if self._generation is None or self._generation.id != number:
                self._generation = self._store.open_current()
            return self._generation

    def ask(self, question: str, top_k: int = 5, history: Sequence[Turn] = (), without: Sequence[str] = ()) -> Answer:
        """Answer one question. Raises QuestionError, StoreError (MismatchError included) or ModelError.

        `history` is the conversation before it, oldest turn first; words of it are carried where the question leans
        on them, but none of `without`.
        """
        check_question(question)
        with self._store.question():
            self._load()  # which is not part of the answer's time
            started = time.perf_counter()
            generation, ranking, timings = self.rank(question, top_k, history, without)
            chosen = time.perf_counter()
            answer = compose(
                question=question,
                ranking=ranking,
                facts=self._facts(generation, ranking),
                terms=analyze,
                threshold=self._threshold(ranking),
                timings_ms=timings,
            )
            if answer.lead is not None:
                answer = replace(answer, unmentioned=_unmentioned(generation, ranking, answer.citations[0]))
        ended = time.perf_counter()
        timings["answer"] = 1e3 * (ended - chosen)
        timings["total"] = 1e3 * (ended - started)
        return answer

    def search(self, query: str, top_k: int = 10, history: Sequence[Turn] = (), without: Sequence[str] = ()) -> Ranking:
        """The ranked passages alone. Raises as `ask`."""
        return self.rank(query, top_k, history, without)[1]

    def preflight(self) -> None:
        """Raise what `ask` would raise for the index and the encoder's name, without loading a model."""
        self._check_name(self.generation.manifest.encoder)
        _check_settings(self.generation, self._settings)

    def document(self, path: str) -> Document | None:
        """A document as it was indexed, or None where the current generation does not hold it."""
        return self.generation.document(path)

    def pictures(self, citation: Citation) -> tuple[PagePicture, ...]:
        """The pages of a PDF that a citation stands on, with its words boxed.

        None where the file is no PDF, is not what was indexed, or its pages can't be shown: the text still can.
        Raises StoreError.
        """
        known = self.generation.facts([citation.document]).get(citation.document)
        if known is None or not known.file.path.lower().endswith(".pdf"):
            return ()
        record = known.file
        wanted = record.sha256, citation.span, citation.highlights
        with self._caching:
            if wanted in self._pictures:
                self._pictures.move_to_end(wanted)
                return self._pictures[wanted]
        document, data = self.document(record.path), documents.unchanged(self.config.corpus, record)
        if document is None or data is None or citation.span.of(document.text) != citation.text:
            return ()
        try:
            made = self._pages.pictures(data, document.text, document.pages, citation.span, citation.highlights)
        except Unreadable:
            made = ()
        with self._caching:
            self._pictures[wanted] = made
            while len(self._pictures) > _CACHED_PICTURES:
                self._pictures.popitem(last=False)
        return made

    def close(self) -> None:
        """End the process that shows pages; the next page starts another."""
        self._pages.close()

    def changed(self, path: str) -> bool:
        """Whether the document's file is not what it was when it was indexed, or is gone."""
        known = self.generation.facts([path]).get(path)
        return known is None or self._has_changed(known.file)

    def status(self) -> Status:
        """Every file of the folder and of the index; of the index alone where that is built elsewhere.

        Raises CorpusError or StoreError; an unbuilt index is none.
        """
        try:
            generation = self.generation
        except NoGenerationError:
            generation = None
        known = dict(generation.records) if generation else {}
        states = []
        config = self.config
        found = [] if self._only_reads else documents.scan(config.corpus, config.max_file_bytes, config.index)
        for file in found:
            old = known.pop(file.record.path, None)
            if old is None:
                states.append(FileState(file.record, "new" if file.readable else ""))
            elif not file.readable:
                states.append(FileState(file.record, "changed" if old.status == "indexed" else ""))
            else:
                is_other = old.status == "skipped" or documents.has_changed(self.config.corpus, old)
                states.append(FileState(old, "changed" if is_other else ""))
        states += [FileState(old, "" if self._only_reads else "removed") for old in known.values()]
        return Status(
            generation=generation.id if generation else "",
            created=generation.manifest.created if generation else "",
            encoder=str(generation.manifest.encoder.get("name", "")) if generation else "",
            documents=generation.manifest.documents if generation else 0,
            passages=generation.manifest.passages if generation else 0,
            files=tuple(sorted(states, key=lambda state: state.record.path)),
            encoder_languages=generation.manifest.encoder_languages if generation else (),
            store=self._store.description,
        )

    def withdraw(self, files: Sequence[str]) -> None:
        """Take files out of what answers, where the index can do that without a build. Raises StoreError."""
        self._store.withdraw(files)

    def verify(self) -> list[str]:
        """Everything that is off with the current generation, one sentence each."""
        return self.generation.verify()

    def rank(
        self, query: str, top_k: int, history: Sequence[Turn] = (), without: Sequence[str] = ()
    ) -> tuple[OpenGeneration, Ranking, dict[str, float]]:
        """As `search`, with the generation that was searched and the milliseconds that each stage took."""
        with self._store.question():
            return self._rank(query, top_k, history, without)

    def _rank(
        self, query: str, top_k: int, history: Sequence[Turn], without: Sequence[str]
    ) -> tuple[OpenGeneration, Ranking, dict[str, float]]:
        asked = parse(check_question(query))
        if not isinstance(top_k, int) or not 1 <= top_k <= MAX_TOP_K:
            raise QuestionError(f"top_k is {top_k!r}: give a whole number from 1 to {MAX_TOP_K}.")
        generation, encoder, reader = self.generation, self.encoder, self.reader
        _check_encoder(generation, encoder)
        _check_settings(generation, self._settings)
        started = time.perf_counter()
        terms = cache(generation.query_terms)  # each of them is read with the same history
        terms(asked.text)  # what is known of its words is read at once
        asked = spelled(asked, lambda word: _meant(word, generation, encoder))
        parts = () if asked.phrases else split(asked.text)
        queries = [asked, *(replace(asked, text=part) for part in parts)]
        readings = [read(each, history, terms, generation.count(), without) for each in queries]
        texts = list(dict.fromkeys(each.text for reading in readings for each in (reading.question, reading.query)))
        encoding = self._encoding.submit(_timed, partial(encoder.encode_queries, texts))
        embeddings = {text: partial(_row, encoding, number) for number, text in enumerate(texts)}
        wanted = top_k if reader is None else max(top_k, READ)
        rankings = [rank_follow_up(generation, reading, embeddings, wanted) for reading in readings]
        searched = time.perf_counter()
        if reader is not None:
            seconds = self.config.reader_ms / 1e3 / len(rankings)
            rankings = [reread(each, reader, seconds) for each in rankings]
        ranking, *others = rankings
        ranking = together(ranking, others, top_k) if others else replace(ranking, hits=ranking.hits[:top_k])
        timings = {"encode": encoding.result()[1], "search": 1e3 * (searched - started)}
        timings["read"] = 1e3 * (time.perf_counter() - searched)
        return generation, ranking, timings

    def _load(self) -> None:
        """Open encoder and reader, beside each other."""
        if self.config.reader == "off" or self._given is not None or self._opened is not None:
            _ = self.encoder, self.reader
            return
        with ThreadPoolExecutor(1) as beside:
            reader = beside.submit(lambda: self.reader)
            _ = self.encoder
            reader.result()

    def _threshold(self, ranking: Ranking) -> float:
        risk = self.config.risk
        return self.config.threshold if risk is None else threshold_for(risk, ranking.readings[0].evidence)

    @property
    def _only_reads(self) -> bool:
        """Whether the articles are on another machine: a folder of that name here may be another one."""
        config = self.config
        return config.only_reads or (config.store is not None and not config.corpus.is_dir())

    def _has_changed(self, record: FileRecord) -> bool:
        """Whether a file is not what it was when it was indexed, as far as that can be told here."""
        return not self._only_reads and documents.has_changed(self.config.corpus, record)

    def _check_name(self, built: Mapping[str, Any]) -> None:
        wanted = self.config.encoder or DEFAULT_NAME
        if self._given is None and built.get("name") != wanted:
            raise _mismatch(built.get("name"), wanted, "name")
        if "runtime" not in built:  # of an older version
            raise _mismatch(wanted, wanted, "runtime")

    def _facts(self, generation: OpenGeneration, ranking: Ranking) -> Facts:
        paths = list(dict.fromkeys(hit.passage.document for hit in ranking.hits))
        known = generation.facts(paths)
        files = {facts.file.path: facts.file for facts in known.values()}
        changed = {path for path, record in files.items() if self._has_changed(record)}
        urls = {path: facts.metadata.get("url", "") for path, facts in known.items()}
        return Facts(
            generation=generation.id,
            titles={path: facts.title for path, facts in known.items()},
            urls={path: url for path, url in urls.items() if _is_web(url)},
            changed=frozenset(path for path, facts in known.items() if facts.file.path in changed),
        )


def _timed(encode: Callable[[], Vectors]) -> tuple[Vectors, float]:
    """What it gives, and the milliseconds that it took."""
    started = time.perf_counter()
    return encode(), 1e3 * (time.perf_counter() - started)


def _row(encoding: Future[tuple[Vectors, float]], number: int) -> Vectors:
    row: Vectors = encoding.result()[0][number]
    return row


def check_question(question: str) -> str:
    """The question without the space around it. Raises QuestionError where it cannot be asked."""
    question = question.strip()
    if not question:
        raise QuestionError("The question is empty: type what you want to know.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question is {len(question):,} characters long: shorten it to {MAX_QUESTION_CHARACTERS:,}."
        )
    if not any(map(str.isalnum, question)):
        raise QuestionError("The question holds no words: type what you want to know.")
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise QuestionError("The question holds characters that are not text: type it in UTF-8.")
    parse(question)  # it may say only what to leave out
    return question


def _meant(word: str, generation: OpenGeneration, encoder: Encoder) -> str | None:
    """The word of the articles that a word was meant to be, or None.

    One that the encoder has whole in its vocabulary, as it is or without an English ending, is spelt right: the
    articles merely do not use it.
    """
    meant = generation.nearest_word(word)
    if meant is None:
        return None
    forms = {word, *(word.removesuffix(ending) for ending in _ENDINGS)}
    return meant if min(encoder.count_tokens(sorted(forms))) > 1 else None


def _unmentioned(generation: OpenGeneration, ranking: Ranking, cited: Citation) -> tuple[str, ...]:
    """The names in the question that stand nowhere in the article that is cited, nor in its path."""
    near = f"{cited.title} {cited.section} {cited.text}".casefold()
    asked = [term for term in names(ranking.readings[0]) if term.word.casefold() not in near]
    document = generation.document(cited.document) if asked else None
    if document is None:
        return ()
    path = document.path.replace("_", " ")
    held = set(analyze(f"{cited.title}\n{path}\n{document.text}", document.language))
    return tuple(dict.fromkeys(term.word for term in asked if not term.is_in(held)))


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:  # such as an open bracket in the host
        return False


def _made_from(encoder: Mapping[str, Any]) -> tuple[object, object]:
    return encoder["weights_sha256"], encoder["runtime"]


def _check_encoder(generation: OpenGeneration, encoder: Encoder) -> None:
    built, now = dict(generation.manifest.encoder), asdict(encoder.identity)
    differs = next((name for name in now if built.get(name) != now[name]), None)
    if differs is not None:
        raise _mismatch(built.get("name"), now["name"], differs)


def _check_settings(generation: OpenGeneration, settings: PassageSettings) -> None:
    built, now = dict(generation.manifest.passage_settings), settings.as_json()
    if built != now:
        raise MismatchError(f"The index was built with the passage settings {built} and not {now}: run `qa build`.")


def _mismatch(built: object, wanted: object, differs: str) -> MismatchError:
    return MismatchError(
        f"The index was built with the encoder {built!r} and this program is set to {wanted!r} "
        f"(they differ in {differs}): run `qa build`, or set QA_ENCODER back."
    )
