"""Renders where two articles give different values for the same thing: both quotations side by side, values marked."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ...conflicts.findings import Conflicts, Said
from ...text.document import Span
from ..rendering.article import part_html
from .templating import render

_NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class _Side:
    """What one article says, as the template shows it."""

    said: Said
    html: Markup


def conflicts_html(found: Conflicts) -> str:
    """Render the list, or what was compared in vain; the links of the quotations open them in the source pane."""
    pairs = [[_Side(said, _quotation(said)) for said in conflict.said] for conflict in found.conflicts]
    return render("conflicts.html", pairs=pairs, statements=found.statements, passages=found.passages)


def _quotation(said: Said) -> Markup:
    at, start = said.value_span, said.span.start
    cited = [] if at is None else [Span(at.start - start, at.end - start)]
    return part_html(said.document, said.text, _NOWHERE, cited)
