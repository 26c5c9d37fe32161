"""Answers from an earlier state of the folder: `Earlier(engine).at("2026-10-01").ask(question)`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType

from .ask import pipeline
from .ask.answer import Answer
from .ask.follow_up import Turn
from .corpus import documents
from .corpus.folders import Corpus
from .engine import Engine
from .errors import MismatchError, QuestionError
from .index import open_store
from .index.calibration import calibrated
from .index.fit import check_encoder, made_from
from .index.generation import OpenGeneration
from .index.scope import Scope
from .index.states import AsOf, State, Version, moment_of, shown, state_at

_MAKING = threading.Lock()
_OPENED = 3  # states that stay open


class EarlierEngine(Engine):
    """Answers from one earlier state, with the models of the engine of the present. Nothing is built from it."""

    def __init__(self, present: Engine, generation: OpenGeneration, as_of: AsOf) -> None:
        super().__init__(present.config, can_build=False)
        self._present = present
        self._fixed = generation
        self.as_of = as_of

    @property
    def generation(self) -> OpenGeneration:
        """The generation of this state."""
        self._check_open()
        return self._fixed

    @property
    def corpus(self) -> Corpus | None:
        """None: what is gone from the folder answers all the same."""
        return None

    def changed(self, path: str) -> bool:
        """Whether the document's file is another one now, or is gone."""
        info, corpus = self.generation.facts([path]).get(path), self._present.corpus
        return info is None or (corpus is not None and documents.has_changed(corpus, info.file))

    def ask(
        self,
        question: str,
        top_k: int = 5,
        history: Sequence[Turn] = (),
        without: Sequence[str] = (),
        scope: Scope | Mapping[str, object] | None = None,
        threshold: float = 0.0,
    ) -> Answer:
        """Answer one question as `Engine.ask`; the answer says of which state it is."""
        answer = super().ask(question, top_k, history, without, scope, threshold)
        state = self.as_of.state.generation
        changed = {path: self.changed(path) for path in {each.document for each in answer.citations}}
        citations = tuple(replace(each, changed=changed[each.document], state=state) for each in answer.citations)
        return replace(answer, citations=citations, as_of=self.as_of)

    def _resources(self) -> pipeline.Resources:
        generation, built = self._fixed, self._fixed.manifest.encoder
        now = self._present.generation.manifest.encoder
        if made_from(built) != made_from(now):
            raise MismatchError(
                f"The state of {shown(self.as_of.state.created)} was indexed with the encoder {built.get('name')!r} "
                f"and the present one with {now.get('name')!r}: ask without a date, or set QA_ENCODER back."
            )
        encoder, reader = self._present._models(generation)
        check_encoder(generation, encoder)
        config = calibrated(self.config, built)
        return pipeline.Resources(config, generation, encoder, reader, self._encoding, None)


def earlier_of(engine: Engine) -> Earlier:
    """The earlier states of the folder of an engine, one object for all who ask, which lasts as long as the engine."""
    with _MAKING:
        known: Earlier = vars(engine).setdefault("_earlier_states", Earlier(engine))
        return known


class Earlier(AbstractContextManager["Earlier"]):
    """The earlier states of the folder of an engine, opened as they are asked. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = open_store(engine.config)
        self._opened: OrderedDict[str, EarlierEngine] = OrderedDict()
        self._opening = threading.Lock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release what was opened; questions of other threads are still answered."""
        with self._opening:
            for opened in self._opened.values():
                opened.close()
            self._opened.clear()
        self._store.close()

    def states(self) -> tuple[State, ...]:
        """The states that can be asked, the oldest first, the present one last. Raises StoreError."""
        return self._store.states()

    def versions(self, path: str) -> tuple[Version, ...]:
        """A file as it was in the states that are kept, the oldest first. Raises QuestionError or StoreError."""
        self._require()
        return self._store.versions(path)

    def size(self) -> int:
        """The bytes that the earlier states take, beside the generations that are kept whole."""
        return self._store.states_size()

    def mend(self) -> list[str]:
        """Restore or drop what is damaged in the earlier states, and say so, a sentence each.

        Raises BusyError or StoreError.
        """
        return self._store.mend_states()

    def forget(self) -> int:
        """Delete all earlier states and return how many bytes they took. Raises BusyError or StoreError."""
        size = self.size()
        with self._store.writing():
            self._store.forget_states()
        return size - self.size()

    def at(self, moment: str) -> EarlierEngine:
        """An engine of the state that was current at that time: a day (its end) or a time, in ISO 8601.

        It is closed with this object. Raises QuestionError if no such state is kept, or StoreError.
        """
        asked = moment_of(moment)
        self._require()
        return self._engine_of(state_at(self.states(), asked))

    def of(self, generation: str) -> EarlierEngine:
        """An engine of the state with this generation. Raises as `at`."""
        self._require()
        state = next((each for each in self.states() if each.generation == generation), None)
        if state is None:
            raise QuestionError("This state of the folder is not kept any more: ask again, without a date.")
        return self._engine_of(AsOf(state.created, state))

    def _require(self) -> None:
        if self._store.shared:
            raise QuestionError("An index on a server keeps no earlier states: ask without a date.")

    def _engine_of(self, as_of: AsOf) -> EarlierEngine:
        key = f"{as_of.state.generation} {as_of.state.created} {as_of.state.ended} {as_of.asked}"
        with self._opening:
            opened = self._opened.pop(key, None)
            if opened is None:
                present = as_of.state.ended is None
                generation = self._engine.generation if present else self._store.open_state(as_of.state)
                opened = EarlierEngine(self._engine, generation, as_of)
            self._opened[key] = opened
            while len(self._opened) > _OPENED:
                self._opened.popitem(last=False)  # not closed: somebody may be about to ask it
            return opened
