"""Searches a whole generation for conflicts: passages → statements → pairs → what the reader confirms."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from ..ask.pipeline import Resources
from ..ask.presence import GoneDocuments
from ..ask.sources import context_of
from ..ask.versions import date_of
from ..corpus.heads import dated
from ..index.generation import OpenGeneration
from ..index.scope import EVERYTHING, AppliedScope, Scope
from ..index.selection import Selection
from ..system.precedence import questions
from ..text.dates import as_iso
from ..text.passage import Passage
from .candidates import Catalogue, Place
from .comparison import Context, Pair, compared
from .findings import Conflict, Conflicts, Said
from .reading import is_confirmed
from .statements import Statement, statements_of

_KEPT = 2_000  # passages whose statements are kept
Step = Callable[[str, int, int], None]


def conflicts(resources: Resources, scope: Scope = EVERYTHING, step: Step = lambda words, done, of: None) -> Conflicts:
    """The conflicts among the articles in a scope; `step` is told what is done, how much of it, and of how much.

    Raises QuestionError if no article is in the scope, or StoreError.
    """
    generation = resources.generation
    selection = generation.selection(scope)
    catalogue, passages = _catalogue(resources, selection, step)
    search = _Search(generation, catalogue)
    places = list(catalogue.pairs())
    found: dict[tuple[str, str, str, str], Pair] = {}  # what two articles say several times is said once
    for done, (one, other) in enumerate(places):
        step("comparing", done, len(places))
        questions.give_way()
        pair = search.compared(one, other)
        if pair is not None and is_confirmed(resources.reader, pair):
            found.setdefault(_said_by(pair), pair)
    return Conflicts(
        tuple(_newest_first(generation, list(found.values()))),
        passages,
        len(catalogue),
        generation.id,
        None if selection is None else AppliedScope(scope, selection.articles),
        resources.config.chat,
    )


def _catalogue(resources: Resources, selection: Selection | None, step: Step) -> tuple[Catalogue, int]:
    """All statements in the scope, and how many passages were read for them."""
    generation, is_gone = resources.generation, GoneDocuments(resources.corpus)
    catalogue, read = Catalogue(), 0
    for path in generation.records:  # without the files that were withdrawn
        for number, passage in generation.in_order(generation.parts()[path].passages, questions.give_way):
            step("reading", number, generation.count())
            if (selection is not None and not selection.passages[number]) or is_gone(passage.document):
                continue
            read += 1
            for place, statement in enumerate(statements_of(number, passage)):
                catalogue.add(statement, place)
    return catalogue, read


class _Search:
    """Compares statements by their places; those of the last passages are kept."""

    def __init__(self, generation: OpenGeneration, catalogue: Catalogue) -> None:
        self._generation = generation
        self._catalogue = catalogue
        self._statements: OrderedDict[int, tuple[Sequence[Statement], dict[int, Context]]] = OrderedDict()

    def compared(self, one: Place, other: Place) -> Pair | None:
        (ours, around), (theirs, around_theirs) = self._at(one), self._at(other)
        return compared(
            ours,
            theirs,
            (around, around_theirs),
            self._catalogue.weight,
            lambda: self._catalogue.articles(ours, theirs),
        )

    def _at(self, place: Place) -> tuple[Statement, Callable[[], Context]]:
        if place.passage not in self._statements:
            (passage,) = self._generation.passages([place.passage])
            self._statements[place.passage] = list(statements_of(place.passage, passage)), {}
            if len(self._statements) > _KEPT:
                self._statements.popitem(last=False)
        statements, contexts = self._statements[place.passage]
        statement = statements[place.number]

        def context() -> Context:
            if place.number not in contexts:
                contexts[place.number] = Context(statement)
            return contexts[place.number]

        return statement, context


def _said_by(pair: Pair) -> tuple[str, str, str, str]:
    return pair.one.document, pair.one.text, pair.other.document, pair.other.text


def _newest_first(generation: OpenGeneration, pairs: Sequence[Pair]) -> Iterator[Conflict]:
    made = []
    for pair in pairs:
        sides = [_said(generation, *each) for each in ((pair.one, pair.at), (pair.other, pair.at_other))]
        if all(side.date for side in sides):
            sides.sort(key=lambda side: side.date, reverse=True)
        made.append(Conflict(pair.kind, (sides[0], sides[1])))
    return iter(sorted(made, key=lambda conflict: max(side.date for side in conflict.said), reverse=True))


def _said(generation: OpenGeneration, statement: Statement, at: tuple[int, int]) -> Said:
    unit, passage = statement.unit, statement.unit.passage
    info = generation.facts([passage.document])[passage.document]
    contexts = {passage.document: context_of(passage.document, info)}
    date = as_iso(date_of(unit, contexts, {passage.document: dated(info.metadata)}))
    return Said(
        passage.document, info.title, _section(passage), passage.page, unit.sentence, unit.sentence_text, date,
        statement.value(at), statement.value_in_article(at),
    )  # fmt: skip


def _section(passage: Passage) -> tuple[str, ...]:
    return tuple(part for part in passage.section if part != passage.header)
