"""Renders `templates/`, which contains all HTML of the chat; Jinja2 escapes every value that is inserted."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from ..ask import words
from ..ask.row_text import LONGEST_CELL, MOST_COLUMNS, cell_text, pairs_of
from .quotations import lead_html, passage_html
from .rendering.article import plain_words
from .rendering.html import printable as printable_text

_LINE_BREAK_AT_TAG = re.compile(r"(?<=>)\s*\n\s*|\s*\n\s*(?=<)|\A\s*\n\s*|\s*\n\s*\Z")
_LINE_BREAK = re.compile(r"\s*\n\s*")


def render(template: str, /, **values: object) -> str:
    """Return the HTML of a template in `templates/`; a value that the template uses and nobody gave raises."""
    return _ENVIRONMENT.get_template(template).render(values)


def printable(value: Any) -> Any:
    """Replace NUL and lone surrogates of a text by U+FFFD; anything else passes through."""
    return printable_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


class _IndentedHtml(Extension):
    """Lets templates be indented without putting white space on the page.

    A line break and the blanks around it vanish next to a tag, an expression or a statement; elsewhere they become
    one space.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type == "data":
                text = _LINE_BREAK.sub(" ", _LINE_BREAK_AT_TAG.sub("", token.value))
                token = Token(token.lineno, "data", text)
            yield token


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("qa.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        extensions=[_IndentedHtml],
        auto_reload=False,
    )
    environment.filters |= {
        "as_text": words.as_text,
        "cell_text": cell_text,
        "base64": lambda data: b64encode(data).decode(),
        "columns_of": words.columns_of,
        "confidence_words": words.confidence_words,
        "corrected_words": words.corrected_words,
        "counted": words.counted,
        "lead_html": lead_html,
        "plain_words": plain_words,
        "is_close": words.is_close,
        "is_quoted": words.is_quoted,
        "nearest_words": words.nearest_words,
        "not_found_words": words.not_found_words,
        "pairs_of": pairs_of,
        "passage_html": passage_html,
        "percent": words.percent,
        "quotation": words.quotation,
        "sections_of": words.sections_of,
        "share": "{:.3%}".format,
        "title_of": words.title_of,
        "other_words": words.other_words,
        "unmentioned_words": words.unmentioned_words,
        "recognised_words": words.recognised_words,
        "unread_words": words.unread_words,
        "why_rows": words.why_rows,
    }
    environment.globals |= {"most_columns": MOST_COLUMNS, "longest_cell": LONGEST_CELL}
    return environment


_ENVIRONMENT = _environment()
