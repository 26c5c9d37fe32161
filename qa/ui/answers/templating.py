"""Renders `templates/`, which contains all HTML of the chat; Jinja2 escapes every value that is inserted."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup, escape

from ...ask import words
from ...ask.links import citation_link
from ...ask.row_text import LONGEST_CELL, MOST_COLUMNS, cell_text, pairs_of
from ...ask.state_words import as_of_words
from ...strings import catalogue, numbers, spoken
from ...strings.sentences import said
from ..rendering.article import plain_words
from ..rendering.html import printable as printable_text
from . import copies, quotations
from .bibtex import bibtex
from .csl import csl_json

_LINE_BREAK_AT_TAG = re.compile(r"(?<=>)\s*\n\s*|\s*\n\s*(?=<)|\A\s*\n\s*|\s*\n\s*\Z")
_LINE_BREAK = re.compile(r"\s*\n\s*")


def render(template: str, /, **values: object) -> str:
    """Return the HTML of a template in `templates/`; a value that the template uses and nobody gave raises."""
    return _ENVIRONMENT.get_template(template).render(values)


def printable(value: Any) -> Any:
    """Replace NUL and lone surrogates of a text by U+FFFD; anything else passes through."""
    return printable_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def say(text: str, /, **values: object) -> str:
    """Return English words in the reader's language; if a value is Markup, so is the result, with all else escaped."""
    if not any(isinstance(value, Markup) for value in values.values()):
        return catalogue.say(text, **values)
    n = values.get("n")
    chosen = str(escape(catalogue.template(text, n if isinstance(n, int | float) else None)))
    inserted = {
        name: value if isinstance(value, Markup) else escape(_inserted(value)) for name, value in values.items()
    }
    return Markup(catalogue.filled(chosen, inserted))  # noqa: S704 - every part has been escaped


def _inserted(value: object) -> object:
    return printable(catalogue.shown(value))


def _element(html: str) -> Callable[[str], Markup]:
    return lambda text: Markup(html).format(printable(text))  # noqa: S704 - written below


def _small_count(number: int) -> Markup:
    """The number of articles, of which a screen shows the digits alone, and a screen reader says all."""
    digits, words = numbers.number(number), catalogue.counted(number, "article")
    if words.startswith(digits):
        return Markup('{}<span class="qa-unseen">{}</span>').format(digits, words.removeprefix(digits))
    return Markup('<span aria-hidden="true">{}</span><span class="qa-unseen">{}</span>').format(digits, words)


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


_FILTERS: dict[str, Callable[..., Any]] = {
    "answer_as_markdown": copies.answer_as_markdown,
    "answer_as_text": copies.answer_as_text,
    "answer_link": copies.answer_link,
    "bibtex": bibtex,
    "by_closeness": quotations.by_closeness,
    "by_strength": quotations.by_strength,
    "cited": copies.cited,
    "cell_html": quotations.cell_html,
    "cell_text": cell_text,
    "base64": lambda data: b64encode(data).decode(),
    "columns_of": words.columns_of,
    "confidence_words": words.confidence_words,
    "corrected_words": words.corrected_words,
    "csl_json": csl_json,
    "cut_at_end": quotations.cut_at_end,
    "bdi": _element("<bdi>{}</bdi>"),
    "bold": _element("<b><bdi>{}</bdi></b>"),
    "code": _element('<code dir="ltr">{}</code>'),
    "counted": catalogue.counted,
    "kbd": _element('<kbd dir="ltr">{}</kbd>'),
    "number": numbers.number,
    "said": said,
    "short_day": numbers.short_day,
    "size": catalogue.file_size,
    "small_count": _small_count,
    "what_it_lacks": words.what_it_lacks,
    "literal_words": words.literal_words,
    "file_of": quotations.file_of,
    "lead_html": quotations.lead_html,
    "limit_html": quotations.limit_html,
    "plain_words": plain_words,
    "is_close": words.is_close,
    "nearest_words": words.nearest_words,
    "not_found_words": words.not_found_words,
    "pairs_of": pairs_of,
    "passage_as_text": copies.passage_as_text,
    "passage_link": citation_link,
    "percent": words.percent,
    "as_of_words": as_of_words,
    "scope_words": words.scope_words,
    "sections_of": words.sections_of,
    "share": "{:.3%}".format,
    "snippet": quotations.snippet,
    "title_of": words.title_of,
    "other_words": words.other_words,
    "unmentioned_words": words.unmentioned_words,
    "recognised_words": words.recognised_words,
    "searched_words": words.searched_words,
    "unread_words": words.unread_words,
    "why_rows": words.why_rows,
}
_GLOBALS: dict[str, Any] = {
    "longest_cell": LONGEST_CELL,
    "most_columns": MOST_COLUMNS,
    "_": say,
    "direction": spoken.direction,
    "forms": catalogue.forms,
    "languages": spoken.LANGUAGES,
    "number_locale": numbers.number_locale,
    "spoken": spoken.spoken,
    "words": catalogue.words,
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("qa.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        extensions=[_IndentedHtml],
        auto_reload=False,
    )
    environment.filters |= _FILTERS
    environment.globals |= _GLOBALS
    return environment


_ENVIRONMENT = _environment()
