"""Answers questions from the current generation: `Engine.open(config)`, `.ask()`, `.search()`, `.status()`.

It opens a new generation as soon as one is published, so a running chat moves on to it between two questions.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

from .ask import pipeline
from .ask.answer import Answer, Citation
from .ask.follow_up import Turn
from .ask.ranking import Ranking
from .config import Config
from .corpus import documents
from .corpus.folders import Corpus, Folders, corpus_of
from .corpus.illustrations import Illustrations
from .corpus.pages import Pages
from .errors import ClosedError, ModelError, NoGenerationError
from .formats import has_pages
from .formats.decoding import Unreadable
from .formats.pictures import PagePicture
from .index import open_store
from .index.calibration import calibrated
from .index.fit import check_encoder, check_settings, made_from, mismatch, problems
from .index.generation import OpenGeneration
from .index.scope import Scope
from .models.encoders import DEFAULT_NAME, load_encoder, open_encoder
from .models.protocols import Encoder, Reader
from .models.reader import shipped_reader
from .sandbox.pool import SandboxProcess
from .sandbox.read_pages import ReadPages
from .status import Status, status_of
from .system.precedence import questions
from .system.recent import Recent
from .text.document import Document
from .text.passages import PassageSettings

_CACHED_PICTURES = 16  # citations whose pages are cached
_PICTURE_SECONDS = 20.0  # the text is shown meanwhile, but the end of the program waits for this
_ENCODED = 4  # questions at a time: while one is encoded, its words are searched for


class Engine:
    """Answers questions from one index, until it is closed (`with` does that). Safe to use from several threads."""

    def __init__(
        self,
        config: Config,
        encoder: Encoder | None = None,
        settings: PassageSettings | None = None,
        reader: Reader | None = None,
        can_build: bool = True,
    ) -> None:
        self.config = config
        self._can_build = can_build
        self._given = encoder
        self._given_reader = reader
        self._opened: Encoder | None = None
        self._settings = settings or PassageSettings()
        self._generation: OpenGeneration | None = None
        self._store = open_store(config)
        self._opening = threading.RLock()
        self._loading = threading.Lock()
        self._pictures = Recent[tuple[PagePicture, ...]](_CACHED_PICTURES)
        self._drawing = SandboxProcess(_PICTURE_SECONDS, pages=ReadPages(config.index))
        self.illustrations = Illustrations(self._drawing, corpus_of(config))  # internal to the program, as `pages` is
        self._answers = Recent[Answer](0)  # those being found: the same question at once is answered once
        self._encoding = ThreadPoolExecutor(_ENCODED, thread_name_prefix="question")
        self._asked = 0  # questions in progress
        self._counting = threading.Lock()
        self._closed = False

    @classmethod
    def open(
        cls,
        config: Config,
        encoder: Encoder | None = None,
        settings: PassageSettings | None = None,
        reader: Reader | None = None,
        *,
        can_build: bool = True,
    ) -> Engine:
        """An engine on `config.index`; encoder and reader (the configured ones by default) are loaded when needed.

        `settings` are those that the index must have been built with, the program's own by default. Without `can_build`
        the index is built on another machine: it is not compared with `config.corpus`.
        """
        return cls(config, encoder, settings, reader, can_build)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release everything that was opened, and end the process that renders pages; no question may follow.

        Questions of other threads are still answered, and the last of them releases. Closing twice is not an error.
        """
        with self._counting:
            was_closed, self._closed = self._closed, True
            is_last = not was_closed and not self._asked
        self._drawing.close()
        if is_last:
            self._let_go()

    @property
    def can_build(self) -> bool:
        """Whether this program may build the index; otherwise it only reads one that another machine builds."""
        return self._can_build

    @property
    def shared(self) -> bool:
        """Whether other machines answer from the index too."""
        return self._store.shared

    @property
    def encoder(self) -> Encoder:
        """The encoder that made the current generation, opened. Raises StoreError or ModelError."""
        return self._given if self._given is not None else self._encoder_of(self.generation)

    @property
    def reader(self) -> Reader | None:
        """The reader, opened; None if it is off. Raises ModelError."""
        if self.config.reader == "off":
            return None
        return self._given_reader or shipped_reader()

    def encoder_for_build(self) -> Encoder:
        """The encoder of the present model files, prepared for this index (seconds, the first time). Raises ModelError.

        If the files have not changed, it is the one that answers: the process keeps only one.
        """
        if self._given is not None:
            return self._given
        config = self.config
        prompts = (config.query_prompt, config.passage_prompt)
        encoder = load_encoder(config.encoder, *prompts, config.index, opened=self._opened)
        with self._loading:
            self._opened = encoder
        return encoder

    @property
    def generation(self) -> OpenGeneration:
        """The current generation, opened. Raises NoGenerationError before the first build, ClosedError, or StoreError.

        It is internal to the program and may change with any version.
        """
        self._check_open()
        with self._opening:
            number = self._store.recent_id()
            if self._generation is None or self._generation.id != number:
                self._generation = self._store.open_current().checked_in_background()
            return self._generation

    def ask(
        self,
        question: str,
        top_k: int = 5,
        history: Sequence[Turn] = (),
        without: Sequence[str] = (),
        scope: Scope | Mapping[str, object] | None = None,
        threshold: float = 0.0,
    ) -> Answer:
        """Answer one question. Raises QuestionError, StoreError (MismatchError included), ModelError or ClosedError.

        `history` is the conversation before it, oldest turn first; a follow-up reuses words from it, but none of
        `without`. Only articles in `scope` (or in that of an object, as JSON has it) are asked; filters typed in the
        question (`in:reports`) replace its own. An answer needs a confidence of `threshold`, if that is more than the
        configuration asks for.
        """
        request = pipeline.request_of(question, top_k, history, without, scope, threshold)
        with self.resources() as resources:  # opening is not part of the answer's time
            key = (request, resources.generation, resources.config.threshold)
            return self._answers.get(key, lambda: pipeline.answer(request, resources))

    def search(
        self,
        query: str,
        top_k: int = 10,
        history: Sequence[Turn] = (),
        without: Sequence[str] = (),
        scope: Scope | Mapping[str, object] | None = None,
    ) -> Ranking:
        """The ranked passages alone. Raises as `ask`."""
        request = pipeline.request_of(query, top_k, history, without, scope)
        with self._question():
            return pipeline.rank(request, self._resources())

    @contextlib.contextmanager
    def resources(self, first: bool = True) -> Iterator[pipeline.Resources]:
        """What a question needs, for other work, which gives way to questions unless it is `first`. Raises as `ask`."""
        with self._question(first):
            yield self._resources()

    def preflight(self) -> None:
        """Raise what `ask` would raise for the index and the encoder's name, without loading a model."""
        self._check_name(self.generation.manifest.encoder)
        check_settings(self.generation, self._settings)

    def document(self, path: str) -> Document | None:
        """A document as it was indexed; None if the current generation does not contain it."""
        return self.generation.document(path)

    def pictures(self, citation: Citation) -> tuple[PagePicture, ...]:
        """The pages of a PDF or image that contain a citation, with its words boxed.

        Empty if the file is neither, has changed since it was indexed, or cannot be rendered; its text can still be
        shown. Raises StoreError.
        """
        opened = self.pages(citation.document)
        if opened is None or citation.span.of(opened.document.text) != citation.text:
            return ()

        def draw() -> tuple[PagePicture, ...]:
            try:
                return opened.pictures(citation.span, citation.highlights)
            except Unreadable:
                return ()

        return self._pictures.get((opened.sha256, citation.span, citation.highlights), draw)

    def pages(self, path: str) -> Pages | None:
        """The pages of a PDF or image; None without any, or if the file has changed. Raises StoreError.

        It is internal to the program, as `generation` is.
        """
        info = self.generation.facts([path]).get(path)
        if info is None or not has_pages(info.file.path) or info.file.path != path:
            return None
        document, data = self.document(path), documents.read_unchanged(corpus_of(self.config), info.file)
        if document is None or data is None or not document.pages:
            return None
        return Pages(self._drawing, data, document, info.file.sha256)

    def changed(self, path: str) -> bool:
        """Whether the document's file has changed since it was indexed, or is gone."""
        info, corpus = self.generation.facts([path]).get(path), self.corpus
        return info is None or (corpus is not None and documents.has_changed(corpus, info.file))

    def status(self) -> Status:
        """Every file of the folder and of the index; of the index alone if another machine builds it.

        Raises CorpusError or StoreError, but not for an index that was never built.
        """
        config, generation = self.config, None
        with contextlib.suppress(NoGenerationError):
            generation = self.generation
        files = None
        if self.corpus is not None:
            files = documents.scan(self.corpus, config.max_file_bytes, config.index, config.text_files)
        return status_of(generation, files, corpus_of(config), self._store.description)

    def withdraw(self, files: Sequence[str]) -> None:
        """Take files out of the current generation, if the store can do that without a build. Raises StoreError."""
        self._check_open()
        self._store.withdraw(files)
        self._answers.clear()  # a question from now on must not get an answer from these files

    def verify(self) -> list[str]:
        """Everything that is wrong with the current generation and the models, one sentence each (`fit.problems`)."""
        return problems(self.generation, None if self._given or self.shared else self.config, lambda: self.reader)

    @contextlib.contextmanager
    def _question(self, first: bool = True) -> Iterator[None]:
        """While one question is processed, before other work if it goes `first`. Raises ClosedError."""
        with self._counting:
            self._check_open()
            self._asked += 1
        try:
            with self._store.question(), questions.first() if first else contextlib.nullcontext():
                yield
        finally:
            with self._counting:
                self._asked -= 1
                is_last = self._closed and not self._asked
            if is_last:
                self._let_go()

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("This engine was closed: open another with `Engine.open`.")

    def _let_go(self) -> None:
        self._encoding.shutdown()
        self._store.close()
        with self._opening, self._loading:
            self._generation = self._opened = None  # a generation closes when nobody refers to it
            self._pictures.clear()

    def _resources(self) -> pipeline.Resources:
        """Open what the next question needs."""
        generation = self.generation
        self._check_name(generation.manifest.encoder)  # what needs no model is checked first
        check_settings(generation, self._settings)
        encoder, reader = self._models(generation)
        check_encoder(generation, encoder)
        config = calibrated(self.config, generation.manifest.encoder)
        return pipeline.Resources(config, generation, encoder, reader, self._encoding, self.corpus)

    def _models(self, generation: OpenGeneration) -> tuple[Encoder, Reader | None]:
        """The encoder and the reader, opened in parallel."""
        if self.config.reader == "off" or self._given is not None or self._opened is not None:
            return self._encoder_of(generation), self.reader
        with ThreadPoolExecutor(1) as executor:
            reader = executor.submit(lambda: self.reader)
            return self._encoder_of(generation), reader.result()

    def _encoder_of(self, generation: OpenGeneration) -> Encoder:
        if self._given is not None:
            return self._given
        with self._loading:
            built, config, opened = generation.manifest.encoder, self.config, self._opened
            self._check_name(built)
            if opened is None or made_from(opened.identity.as_json()) != made_from(built):
                prompts = (config.query_prompt, config.passage_prompt)
                try:
                    opened = open_encoder(config.encoder, *prompts, config.index, built)
                except ModelError:
                    if not self.shared:
                        raise
                    # Built on another machine: prepare the encoder for this one, as a build would.
                    opened = load_encoder(config.encoder, *prompts, config.index)
                self._opened = opened
            return opened

    @property
    def corpus(self) -> Corpus | None:
        """The articles; None if they are on another machine: a folder of that name here may be unrelated."""
        corpus = corpus_of(self.config)
        is_elsewhere = not self.can_build or (
            self.shared and not all(path.is_dir() for path in Folders.of(corpus).paths)
        )
        return None if is_elsewhere else corpus

    def _check_name(self, built: Mapping[str, Any]) -> None:
        wanted = self.config.encoder or DEFAULT_NAME
        if self._given is None and built.get("name") != wanted:
            raise mismatch(built.get("name"), wanted, "name")
        if "runtime" not in built:  # of an older version
            raise mismatch(wanted, wanted, "runtime")
