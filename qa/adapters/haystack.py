"""A component for Haystack (`pip install 'qa-articles[haystack]'`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..config import Config
from ..engine import Engine
from .passages import found, missing, refusal

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ModuleNotFoundError as error:
    raise missing("haystack-ai", "haystack") from error


@component
class ArticlesRetriever:
    """Finds the cited passages of a question, with exact offsets, as Haystack's documents.

    The metadata of a document is that of the retriever for LangChain. Beside the documents, `answer` is the object of
    `qa ask --json`, and `refusal` says why there is none, empty if there is one. With `only_answers`, there are no
    documents then. Calls raise as `Engine.ask` does.
    """

    def __init__(
        self, engine: Engine, top_k: int = 5, scope: Mapping[str, Any] | None = None, only_answers: bool = False
    ) -> None:
        self.engine, self.top_k, self.scope, self.only_answers = engine, top_k, scope, only_answers

    @component.output_types(documents=list[Document], answer=dict[str, Any], refusal=str)
    def run(self, query: str) -> dict[str, Any]:
        """Ask one question."""
        answer = self.engine.ask(query, self.top_k, scope=self.scope)
        passages = found(answer, self.only_answers)
        documents = [Document(id=name, content=text, meta=facts, score=score) for name, text, score, facts in passages]
        return {"documents": documents, "answer": answer.as_json(), "refusal": refusal(answer) or ""}

    def to_dict(self) -> dict[str, Any]:
        """The component for the file of a pipeline: it names the folders, and no other setting of the engine."""
        corpus, index = str(self.engine.config.corpus), str(self.engine.config.index)
        own = {"top_k": self.top_k, "scope": self.scope, "only_answers": self.only_answers}
        return default_to_dict(self, corpus=corpus, index=index, **own)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ArticlesRetriever:
        """The component from such a file, with the settings of the environment (`QA_…`)."""
        own = dict(data["init_parameters"])
        engine = Engine.open(Config.from_env(os.environ, own.pop("corpus"), own.pop("index")))
        return default_from_dict(cls, {**data, "init_parameters": {**own, "engine": engine}})  # type: ignore[no-any-return]
