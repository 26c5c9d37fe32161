"""The state that all pages share: the engine, the build job, verdicts and conversations.

It also starts what runs automatically: the first build, loading the encoder, and a build after changes to the folder.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from ...ask.answer import Answer
from ...conflicts.comparing import Progress, comparing_of
from ...corpus import documents
from ...corpus.folders import Folders, corpus_of
from ...corpus.watch import watch_folder
from ...engine import Engine
from ...errors import CorpusError, NoGenerationError, QAError, QuestionError
from ...status import Status
from ..answers import examples
from ..conversations.answering import Answering
from ..conversations.history import History
from ..conversations.rechecking import Rechecking
from ..failures import LastError, in_page, unexpected
from ..feedback.tables import feedback_path
from ..feedback.unanswered import Unanswered
from ..feedback.verdicts import Feedback
from ..library.jobs import BuildJob, JobState
from ..library.uploaded import Uploads

logger = logging.getLogger(__name__)

_EXAMPLE_ARTICLES = 24  # articles that example questions are taken from


@dataclass(frozen=True, slots=True)
class ChatState:
    """The state of index and chat; `generation` is "" if none can answer, and `problem` says why in one sentence.

    `waiting` counts the files that are new, changed or removed since the index was built. `followed`: changes are
    indexed automatically; `follow_problem` says why they no longer are. Without `can_build` the index is built on
    another machine. `empty`: there are no articles, in the folder or in the index. `settled`: nothing is in progress.
    `pinned` changes with the pinned questions and their answers; "" if nothing was ever pinned. `comparing` says how
    far the articles are compared, if they are, and `compared` how often they were.
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
    follow_problem: str
    can_build: bool
    examples: tuple[str, ...]
    settled: bool
    pinned: str = ""
    comparing: Progress | None = None
    compared: int = 0


class Chat:
    """The shared state of one server. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.pins = Rechecking(engine, lambda: self.wake())
        self.comparing = comparing_of(engine)
        self.job = BuildJob(engine, built=self.pins.start)
        self.feedback = Feedback(feedback_path(engine.config.index))
        self.unanswered = Unanswered(feedback_path(engine.config.index))
        self.history = History(engine.config.index / "conversations.sqlite") if engine.config.history else None
        self.answering = Answering(engine, lambda: self.job.state.running)
        self.address = engine.config.chat  # where it is reached, with a slash at its end
        self.wake: Callable[[], None] = _nobody  # tells whoever shows the state that it has changed
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._preparing: threading.Thread | None = None
        self._following: threading.Thread | None = None
        self._prepared = ""  # the generation that `_examples` and `_problem` belong to
        self._examples: tuple[str, ...] = ()
        self._problem = ""
        self._waiting = 0
        self._follow_problem = ""
        self._last_error = LastError()

    def refresh(self) -> ChatState:
        """Return the present state, and start what runs automatically. It is cheap, as it is called every second."""
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
            self._last_error.clear()
        except QAError as error:
            problem = in_page(error, self.engine.can_build)
        except Exception as error:  # an edge: the page shows what went wrong, and asks again
            if self._last_error.is_other(error):
                logger.exception("the state of the index could not be determined")
            problem = unexpected(error, "restart the chat if this persists")
        if generation:
            self._prepare(generation)
            problem = self._problem if self._prepared == generation else ""
        ready = not generation or (self._prepared == generation)
        job, comparing = self.job.state, self.comparing.progress
        return ChatState(
            generation=generation,
            created=created,
            documents=articles,
            passages=passages,
            job=job,
            problem=problem,
            empty=(is_bare and not job.running) or (bool(generation) and not passages),
            waiting=self._waiting,
            followed=self._following is not None and self._following.is_alive(),
            follow_problem=self._follow_problem,
            can_build=self.engine.can_build,
            examples=self._examples if generation else (),
            settled=ready and not job.running and comparing is None,
            pinned=self.pins.stamp,
            comparing=comparing,
            compared=self.comparing.ended,
        )

    def note(self, answer: Answer) -> str:
        """Keep the question of an answer that found nothing, if that is wanted; return what went wrong, or "".

        Not if only some articles were asked: the others may answer it.
        """
        if answer.answerable or answer.scope or not self.engine.config.gaps:
            return ""
        try:
            self.unanswered.add(answer)
        except QAError as error:
            return in_page(error, self.engine.can_build)
        except Exception as error:  # an edge: the answer is shown all the same
            logger.exception("an unanswered question could not be kept")
            return unexpected(error, "unset QA_GAPS if this persists")
        return ""

    def remember_added(self, path: str, sha256: str) -> None:
        """Remember a file that came from a browser, so that whoever may move uploads may move it. Raises StoreError."""
        Uploads(Folders.of(corpus_of(self.engine.config)), self.engine.config.index).add(path, sha256)

    def status(self) -> Status:
        """Return the state of every file, and count those that wait for a rebuild. Raises CorpusError or StoreError."""
        status = self.engine.status()
        self._waiting = sum(bool(file.pending) for file in status.files) if status.generation else 0
        return status

    def languages(self, documents: Iterable[str]) -> dict[str, str]:
        """Return the languages of documents (ISO 639-1) by path; without those whose language is not known.

        A file of several documents has the language of most, so that of each is not known.
        """
        try:
            found = self.engine.generation.facts(sorted(documents))
        except QAError:  # the page says elsewhere that the index cannot be read
            return {}
        files = {path: info.file for path, info in found.items()}
        return {path: file.language for path, file in files.items() if file.language and file.documents == 1}

    def builds_first(self) -> bool:
        """Whether the first index is being built, so that a question has to wait for it."""
        try:
            return self.job.state.running and not self._is_built()
        except QAError:
            return False

    def follow(self, quiet: float = 1.0) -> None:
        """Index changes to the folder from now on, each once nothing was written there for `quiet` seconds."""
        self._following = threading.Thread(target=self._follow, args=(quiet,), name="follow", daemon=True)
        self._following.start()

    def close(self, seconds: float = 30) -> bool:
        """Stop all background work, and return whether it ended within `seconds`; the last index still answers.

        A program that exits normally while a thread is inside the encoder crashes.
        """
        end = time.monotonic() + seconds
        self._closing.set()
        self.answering.close()
        ended = self.job.stop(seconds)
        for background in (self.pins, self.comparing):
            ended = background.close(max(0, end - time.monotonic())) and ended
        for thread in filter(None, (self._following, self._preparing)):
            thread.join(max(0, end - time.monotonic()))
            ended = ended and not thread.is_alive()
        self.engine.close()
        return ended

    @property
    def _builds(self) -> bool:
        """Whether builds start automatically: those of a shared index do so only if the user asked for it."""
        return not self.engine.shared or self._following is not None

    def _is_built(self) -> bool:
        """Return whether there is an index. Raises QAError if it cannot be used."""
        try:
            self.engine.preflight()
        except NoGenerationError:
            return False
        return True

    def _follow(self, quiet: float) -> None:
        try:
            self._index_changes(quiet)
        except BaseException as error:  # an edge: nothing else reports what ends a thread
            logger.exception("the folder is no longer followed")
            advice = "press “Rebuild index” after a change, or restart the chat"
            self._follow_problem = unexpected(error, advice)

    def _index_changes(self, quiet: float) -> None:
        for _ in watch_folder(self.engine.config, self._closing, quiet):
            if self.job.state.running and self.job.wait().phase == "stopped":
                continue  # a user stopped it: the next change or that user starts another
            if self._is_behind():
                self.job.start()
                self.wake()
                self.job.wait()

    def _is_behind(self) -> bool:
        """Return whether a build would do anything: a build that changes nothing would still appear on the page."""
        try:
            with contextlib.suppress(NoGenerationError):
                self.engine.preflight()
            return any(file.pending for file in self.status().files)
        except (QAError, OSError):
            return False  # the page says what is wrong, and a user decides

    def _has_articles(self) -> bool:
        config = self.engine.config
        if not self.engine.can_build:
            return False
        try:
            files = documents.scan(corpus_of(config), config.max_file_bytes, config.index, config.text_files)
            return any(file.readable for file in files)
        except CorpusError:
            return False

    def _prepare(self, generation: str) -> None:
        """Load the encoder and choose examples in the background, so that the first question is fast."""
        with self._lock:
            busy = self._preparing is not None and self._preparing.is_alive()
            if busy or self._prepared == generation or self.job.state.running or self._closing.is_set():
                return
            preparing = threading.Thread(target=self._prepare_now, args=(generation,), name="prepare", daemon=True)
            try:
                preparing.start()
            except RuntimeError as error:  # the system has no thread to spare
                logger.exception("the first question could not be prepared")
                self._problem, self._prepared = unexpected(error, "restart the chat"), generation
            else:
                self._preparing = preparing

    def _prepare_now(self, generation: str) -> None:
        problem = ""
        chosen: tuple[str, ...] = ()
        try:
            self.engine.search("What is said here?", 1)  # loads what the first question needs
            chosen = tuple(examples.choose(self._questions(), self._is_answered))
        except QAError as error:
            problem = in_page(error, self.engine.can_build)
        except BaseException as error:  # an edge: nothing else reports what ends a thread
            logger.exception("the first question could not be prepared")
            problem = unexpected(error, "restart the chat")
        self._problem, self._examples, self._prepared = problem, chosen, generation
        self.pins.start()  # the index may have been built by another program

    def _questions(self) -> list[list[str]]:
        paths = self.engine.generation.documents()
        articles = (self.engine.document(path) for path in islice(examples.spread(paths), _EXAMPLE_ARTICLES))
        return [examples.questions(article) for article in articles if article is not None]

    def _is_answered(self, question: str) -> bool:
        if self._closing.is_set():
            return False
        try:
            return self.engine.ask(question, 3).answerable
        except QuestionError:  # a heading such as "-h" consists of exclusions only
            return False


def _nobody() -> None:
    """Nobody shows the state."""
