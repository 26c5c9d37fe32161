"""A retriever for LangChain (`pip install 'qa-articles[langchain]'`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ask.answer import Answer
from ..engine import Engine
from .passages import found, missing

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ModuleNotFoundError as error:
    raise missing("langchain-core", "langchain") from error


class ArticlesRetriever(BaseRetriever):
    """Finds the cited passages of a question, with exact offsets, as LangChain's documents.

    Each document's metadata has `document`, `title`, `section`, `page`, `start`, `end`, `url` and, for the question as
    a whole, `answerable`, `confidence` and `refusal`. With `only_answers`, nothing is found if the articles do not
    seem to contain the answer. Calls raise as `Engine.ask` does.
    """

    engine: Engine
    top_k: int = 5
    scope: Mapping[str, Any] | None = None
    only_answers: bool = False

    def answer(self, query: str) -> Answer:
        """The answer itself, quoted or refused."""
        return self.engine.ask(query, self.top_k, scope=self.scope)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        passages = found(self.answer(query), self.only_answers)
        return [Document(page_content=text, metadata=facts, id=name) for name, text, _, facts in passages]
