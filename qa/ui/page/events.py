"""Reads what a page sends with an event, which may be anything, and answers in the language of the page."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import gradio as gr

from ...strings.spoken import speaking
from ..web.readers import language_of


def in_language(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler of an event that speaks the language of the page which the event comes from.

    Gradio recognises what to pass, beside the inputs, by the types of the parameters: so those of `handler` are kept,
    after the request. A handler that yields values runs in any of several threads, and speaks it anew for each value.
    """

    def answer(request: gr.Request, *given: Any) -> Any:
        with speaking(_language(request)):
            return handler(*given)

    def answers(request: gr.Request, *given: Any) -> Iterator[Any]:
        language, values, ended = _language(request), handler(*given), object()
        while True:
            with speaking(language):
                value = next(values, ended)
            if value is ended:
                return
            yield value

    wrapper: Any = answers if inspect.isgeneratorfunction(handler) else answer
    parameters = inspect.signature(handler).parameters.values()
    request = inspect.Parameter("request_of_page", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wrapper.__signature__ = inspect.Signature([request, *parameters])
    wrapper.__name__ = handler.__name__
    wrapper.__annotations__ = {"request_of_page": gr.Request, **get_type_hints(handler)}
    return wrapper  # type: ignore[no-any-return]


def _language(request: gr.Request) -> str:
    return language_of(request.query_params, request.cookies, request.headers)


def number_in(event: gr.EventData, name: str) -> int:
    """Return a number that the page sent; for anything else -1, which names nothing."""
    value = getattr(event, name, None)
    return value if isinstance(value, int) else -1


def text_in(event: gr.EventData, name: str) -> str:
    """Return a text that the page sent; empty for anything else."""
    value = getattr(event, name, None)
    return value if isinstance(value, str) else ""
