"""What all sessions share: the engine, the build job, the verdicts, and how things stand.

It starts what should run by itself (the first build, loading the encoder, a build for each change of the folder) and
knows nothing about HTML.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from dataclasses import dataclass
from itertools import islice

from ..corpus import documents
from ..corpus.watch import changes
from ..engine import Engine
from ..errors import CorpusError, NoGenerationError, QAError, QuestionError
from ..status import Status
from . import examples
from .feedback import Feedback
from .jobs import BuildJob, JobState
from .remedies import in_page
from .unexpected import LastError, unexpected

logger = logging.getLogger(__name__)

_LOOKED_AT = 24  # articles that example questions are taken from


@dataclass(frozen=True, slots=True)
class View:
    """How things stand. `generation` is "" where none can answer; `problem` is one sentence.

    `waiting` files are new, changed or removed since the index was built; `followed` says that these are taken
    in by themselves, `unfollowed` in one sentence why they no longer are, `only_reads` that the index is built
    elsewhere, `empty` that there is nothing to index or none in the index, `settled` that nothing is under way.
    """

    generation: str
    created: str
    documents: int
    passages: int
    job: JobState
    problem: str
    empty: bool
    waiting: int
    followed: bool
    unfollowed: str
    only_reads: bool
    examples: tuple[str, ...]
    settled: bool


class Desk:
    """One for each server. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.job = BuildJob(engine)
        self.feedback = Feedback(engine.config.index / "feedback.sqlite")
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._preparing: threading.Thread | None = None
        self._following: threading.Thread | None = None
        self._prepared = ""  # the generation that the next two belong to
        self._examples: tuple[str, ...] = ()
        self._problem = ""
        self._waiting = 0
        self._unfollowed = ""
        self._looking = LastError()

    def look(self) -> View:
        """How things stand now; begins what has to run by itself. Costs little: it is called every second."""
        generation = created = problem = ""
        articles = passages = 0
        is_bare = False
        try:
            if self._is_built():
                manifest = self.engine.generation.manifest
                generation, created = manifest.id, manifest.created
                articles, passages = manifest.documents, manifest.passages
            elif not self.job.state.running:
                is_bare = not self._has_articles()
                if not is_bare and self._builds and self.job.state.phase == "idle":
                    self.job.start()
            self._looking.clear()
        except QAError as error:
            problem = in_page(error, not self.engine.can_build)
        except Exception as error:  # an edge: the page shows what went wrong, and looks again
            if self._looking.is_other(error):
                logger.exception("how things stand could not be found out")
            problem = unexpected(error, "restart the chat if this stays")
        if generation:
            self._prepare(generation)
            problem = self._problem if self._prepared == generation else ""
        ready = not generation or (self._prepared == generation)
        job = self.job.state
        return View(
            generation=generation,
            created=created,
            documents=articles,
            passages=passages,
            job=job,
            problem=problem,
            empty=(is_bare and not job.running) or (bool(generation) and not passages),
            waiting=self._waiting,
            followed=self._following is not None and self._following.is_alive(),
            unfollowed=self._unfollowed,
            only_reads=not self.engine.can_build,
            examples=self._examples if generation else (),
            settled=ready and not job.running,
        )

    def status(self) -> Status:
        """Every file; also counts those that wait for a rebuild. Raises CorpusError or StoreError."""
        status = self.engine.status()
        self._waiting = sum(bool(file.pending) for file in status.files) if status.generation else 0
        return status

    def follow(self, quiet: float = 1.0) -> None:
        """From now on take in what changes in the folder, once nothing was written there for `quiet` seconds."""
        self._following = threading.Thread(target=self._follow, args=(quiet,), name="follow", daemon=True)
        self._following.start()

    def close(self, seconds: float = 30) -> bool:
        """End what runs in the background; the last index still answers. Whether all has ended after so many seconds.

        A thread that is inside the encoder brings a program down that ends in the ordinary way.
        """
        end = time.monotonic() + seconds
        self._closing.set()
        ended = self.job.stop(seconds)
        for thread in filter(None, (self._following, self._preparing)):
            thread.join(max(0, end - time.monotonic()))
            ended = ended and not thread.is_alive()
        self.engine.close()
        return ended

    @property
    def _builds(self) -> bool:
        """Whether builds begin by themselves: an index that others ask too is built where somebody said so."""
        return not self.engine.shared or self._following is not None

    def _is_built(self) -> bool:
        """Whether there is an index. Raises QAError where it cannot be used."""
        try:
            self.engine.preflight()
        except NoGenerationError:
            return False
        return True

    def _follow(self, quiet: float) -> None:
        try:
            self._take_in(quiet)
        except BaseException as error:  # an edge: nobody else hears of what ends a thread
            logger.exception("the folder is no longer followed")
            advice = "press “Rebuild index” after a change, or restart the chat to follow them again"
            self._unfollowed = unexpected(error, advice)

    def _take_in(self, quiet: float) -> None:
        for _ in changes(self.engine.config, self._closing, quiet):
            if self.job.state.running and self.job.wait().phase == "stopped":
                continue  # a person stopped it: the next change or that person begins another
            if self._is_behind():
                self.job.start()
                self.job.wait()

    def _is_behind(self) -> bool:
        """Whether a build would do anything: one that only finds out that it has nothing to do would be seen."""
        try:
            with contextlib.suppress(NoGenerationError):
                self.engine.preflight()
            return any(file.pending for file in self.status().files)
        except (QAError, OSError):
            return False  # the screen says what is wrong, and a person decides

    def _has_articles(self) -> bool:
        config = self.engine.config
        if not self.engine.can_build:
            return False
        try:
            found = documents.scan(config.corpus, config.max_file_bytes, config.index)
            return any(file.readable for file in found)
        except CorpusError:
            return False

    def _prepare(self, generation: str) -> None:
        """Load the encoder and find the examples in the background, so that the first question is not slow."""
        with self._lock:
            busy = self._preparing is not None and self._preparing.is_alive()
            if busy or self._prepared == generation or self.job.state.running or self._closing.is_set():
                return
            preparing = threading.Thread(target=self._work, args=(generation,), name="prepare", daemon=True)
            try:
                preparing.start()
            except RuntimeError as error:  # the system gives no thread
                logger.exception("nothing can be made ready for the first question")
                self._problem, self._prepared = unexpected(error, "restart the chat"), generation
            else:
                self._preparing = preparing

    def _work(self, generation: str) -> None:
        problem = ""
        found: tuple[str, ...] = ()
        try:
            self.engine.search("What is said here?", 1)  # loads what the first question needs
            found = tuple(examples.choose(self._questions(), self._is_answered))
        except QAError as error:
            problem = in_page(error, not self.engine.can_build)
        except BaseException as error:  # an edge: nobody else hears of what ends a thread
            logger.exception("nothing could be made ready for the first question")
            problem = unexpected(error, "restart the chat")
        self._problem, self._examples, self._prepared = problem, found, generation

    def _questions(self) -> list[list[str]]:
        paths = self.engine.generation.documents()
        articles = (self.engine.document(path) for path in islice(paths, _LOOKED_AT))
        return [examples.questions(article) for article in articles if article is not None]

    def _is_answered(self, question: str) -> bool:
        if self._closing.is_set():
            return False
        try:
            return self.engine.ask(question, 3).answerable
        except QuestionError:  # a heading such as "-h" only says what to leave out
            return False
