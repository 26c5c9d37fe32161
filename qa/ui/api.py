"""The three named endpoints that programs may call: /ask, /search, /status.

They return what the engine says, as JSON. It knows nothing about the screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from ..conversation import turns
from ..engine import Engine
from ..errors import QAError
from ..types import SECTION_SEPARATOR, Hit

_NOTHING: list[dict[str, str]] = []  # nobody changes it


class Page(gr.Blocks):  # type: ignore[misc]  # gradio is not looked into
    """Blocks whose endpoints may be called with fewer values: those that are left out at the end have their defaults.

    gradio gives them to its own client alone, and a program that knows fewer parameters is not to break.
    """

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        for block in block_fn.inputs[len(inputs) :]:
            if not isinstance(block, Api) or block.value is None:
                break
            inputs.append(block.value)
        super().validate_inputs(block_fn, inputs)


def add_api(engine: Engine) -> None:
    """Add the endpoints to the Blocks that are being built."""

    def ask(question: str, top_k: int = 5, conversation: list[dict[str, str]] = _NOTHING) -> dict[str, Any]:
        """Answer one question: the object of `qa ask --json`. The conversation is what was said before it."""
        with _errors():
            return engine.ask(question, top_k, turns(conversation or [])).as_json()

    def search(query: str, top_k: int = 10) -> dict[str, Any]:
        """The passages for a query, ranked, without an answer."""
        with _errors():
            generation, ranking, _ = engine.rank(query, top_k)
            return {
                "query": str(ranking.query),
                "hits": [hit_json(hit) for hit in ranking.hits],
                "generation": generation.id,
            }

    def status() -> dict[str, Any]:
        """Every file of the folder and its state: the object of `qa status --json`."""
        with _errors():
            return engine.status().as_json()

    gr.api(ask, api_name="ask")
    gr.api(search, api_name="search")
    gr.api(status, api_name="status")


def hit_json(hit: Hit) -> dict[str, Any]:
    """One entry of `hits`."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "document": passage.document,
        "title": passage.title,
        "section": SECTION_SEPARATOR.join(passage.section),
        "page": passage.page,
        "start": passage.span.start,
        "end": passage.span.end,
        "text": passage.text,
    }


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except QAError as error:
        raise gr.Error(str(error), print_exception=False) from error
