"""A retriever for LlamaIndex (`pip install 'qa-articles[llama-index]'`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..ask.answer import Answer
from ..engine import Engine
from .passages import found, missing

try:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
except ModuleNotFoundError as error:
    raise missing("llama-index-core", "llama-index") from error

_SHOWN = frozenset({"document", "title", "section", "page", "url", "link", "author", "date"})  # to a language model


class ArticlesRetriever(BaseRetriever):
    """Finds the cited passages of a question, with exact offsets, as LlamaIndex's nodes.

    The metadata of a node is that of the retriever for LangChain; a language model is shown where a passage stands,
    but no numbers. With `only_answers`, nothing is found if the articles do not seem to contain the answer. Calls raise
    as `Engine.ask` does.
    """

    def __init__(
        self, engine: Engine, top_k: int = 5, scope: Mapping[str, Any] | None = None, only_answers: bool = False
    ) -> None:
        super().__init__()
        self._engine, self._top_k, self._scope, self._only_answers = engine, top_k, scope, only_answers

    def answer(self, query: str) -> Answer:
        """The answer itself, quoted or refused."""
        return self._engine.ask(query, self._top_k, scope=self._scope)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        passages = found(self.answer(query_bundle.query_str), self._only_answers)
        return [NodeWithScore(node=_node(name, text, facts), score=score) for name, text, score, facts in passages]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(name: str, text: str, facts: dict[str, Any]) -> TextNode:
    return TextNode(
        id_=name,
        text=text,
        metadata=facts,
        start_char_idx=facts["start"],
        end_char_idx=facts["end"],
        excluded_llm_metadata_keys=sorted(facts.keys() - _SHOWN),
        excluded_embed_metadata_keys=sorted(facts.keys() - {"title", "section"}),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=facts["document"])},
    )
