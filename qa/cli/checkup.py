"""All checks, in order, each as soon as it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..config import Effective
from ..engine import Engine
from ..errors import QAError
from ..index.verification import advised
from ..strings.catalogue import counted
from . import check_models as models
from . import check_place as place
from .check import ADVICE, FAILED, FINE, Check

_WORD = re.compile(r"\w+")
_LONGEST = 200  # characters of a title that are asked for
_CHANGES = ("pending", "removed")


def checkup(settings: Effective) -> Iterator[Check]:
    """Check everything that the program needs; writes nothing. Raises ConfigError for settings that do not fit."""
    config = settings.config()
    yield place.program()
    yield from place.settings(settings)
    yield place.articles(config)
    yield place.disk(config)
    yield place.port(settings)
    yield from place.permissions(settings)
    check, encoder = models.encoder(config)
    yield check
    yield models.reader(config)
    yield from models.formats(encoder)
    with Engine.open(config) as engine:
        yield from index(engine)


def index(engine: Engine) -> Iterator[Check]:
    """The index opens, is up to date and whole, and answers a question with words that are in the article."""
    try:
        status, problems = engine.status(), engine.verify()
    except QAError as error:
        yield Check("index", FAILED, str(error))
        return
    changes = sum(status.counts[name] for name in _CHANGES)
    words = f"{counted(status.documents, 'article')}, {counted(status.passages, 'passage')}"
    if problems:
        yield Check("index", FAILED, advised(problems[0]).rstrip("."))
        return
    if not status.documents:
        yield Check("index", FAILED, f"{words}: add articles, then run `qa build`")
        return
    if changes:
        yield Check("index", ADVICE, f"{words}; the folder has changed since: run `qa build`")
    else:
        yield Check("index", FINE, f"{words}, up to date")
    yield _question(engine)


def _question(engine: Engine) -> Check:
    """Ask for the title of the first article."""
    path = next(iter(engine.generation.documents()))
    document = engine.document(path)
    title = document.display_title if document else path
    asked = " ".join(_WORD.findall(title))[:_LONGEST]  # without what a question would take for an operator
    try:
        answer = engine.ask(asked, 1)
    except QAError as error:
        return Check("question", FAILED, str(error))
    cited = answer.citations[0] if answer.citations else None
    source = engine.document(cited.document) if cited else None
    if cited is None or source is None or cited.span.of(source.text) != cited.text:
        return Check("question", FAILED, f"“{asked}” is answered with no literal quotation: run `qa build --full`")
    return Check(
        "question", FINE, f"“{asked}” is answered from {cited.document} in {answer.timings_ms['total']:.0f} ms"
    )
