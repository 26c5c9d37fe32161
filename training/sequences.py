"""Makes labelled token sequences of questions and passages, in groups of one question each.

A sequence is `[CLS] question [SEP] title. text [SEP]`, as at run time.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from qa.text.document import Span
from qa.text.passage import context
from qa.text.sentences import sentence_spans

from .config import Sampling
from .data import Example, QuestionSet, occurrences
from .near_misses import changed_question, naming, pieces, without_answer
from .tables import unit_spans, with_bars

MOST_QUESTION = 48  # most tokens of a question
LONGEST = 256  # most tokens of a sequence at run time
_LONGEST_SPAN = 30  # most tokens of an answer span (qa.models.reader.LONGEST_ANSWER); a longer one is whole units
_MOST_PLACES = 2  # most units with a short answer: of more, it is unknown which ones answer
_MADE = 0.7  # share of the changed questions that are generated near-misses, if there are any
_REMEMBERED = 20_000  # passages


@dataclass(frozen=True, slots=True)
class Paired:
    """One sequence; `question` is the number of tokens before the passage's title, `text` the number before its text.

    `starts` and `ends` are the first and last token of each occurrence of the answer; if empty, it does not occur.
    `spanned` is whether these labels are known: those of an answer in other words than the passage's are not. `units`
    are the tokens of each sentence, item or row, `right` the indices of those that answer; if empty, none does, and
    `united` is whether these labels are known.
    """

    ids: tuple[int, ...]
    question: int
    text: int
    relevant: bool = False
    spanned: bool = True
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    units: tuple[Span, ...] = ()
    right: tuple[int, ...] = ()
    united: bool = True


Group = tuple[Paired, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A training question, with its negative passages and its `near`-misses.

    The `negatives` of an unanswerable question are the passages with which it may be paired. `articles` are those of
    all training questions of its set.
    """

    example: Example
    of: QuestionSet
    negatives: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    near: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a passage: of the title, of the text with their characters, and the characters of each sentence."""

    title: tuple[int, ...]
    ids: tuple[int, ...]
    characters: tuple[Span, ...]
    sentences: tuple[Span, ...]

    def of(self, span: Span) -> Span:
        """The tokens that overlap a range of characters."""
        ends, starts = [c.end for c in self.characters], [c.start for c in self.characters]
        return Span(bisect_right(ends, span.start), bisect_left(starts, span.end))


def tokenizer(folder: Path) -> Any:
    """The tokenizer of the encoder in a folder, without truncation and padding."""
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.no_truncation()
    return made


class Sequences:
    """Makes the sequences of an item, which depend only on the item and the state of `draw`."""

    def __init__(self, tokenizer: Any, sampling: Sampling) -> None:
        self._tokenizer = tokenizer
        self._sampling = sampling
        self._tokens: dict[tuple[str, str, bool], Tokens] = {}
        self._pieces: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._cls, self._sep = int(tokenizer.token_to_id("[CLS]")), int(tokenizer.token_to_id("[SEP]"))

    def whole(
        self, question: str, title: str, text: str, section: Sequence[str] = ()
    ) -> tuple[Paired, tuple[Span, ...]]:
        """A pair as at run time, truncated at 256 tokens, and the characters of its tokens from `Paired.text` on."""
        asked, tokens = self._asked(question), self._tokenised(title, text, section)
        room = LONGEST - len(asked) - len(tokens.title) - 3
        return self._paired(asked, tokens, range(min(room, len(tokens.ids)))), tokens.characters[:room]

    def groups(self, item: Item, draw: random.Random) -> tuple[Group, ...]:
        """The sequences of one question, and randomly those of a changed one, in a separate group or in the same.

        Each sequence of an unanswerable question is a separate group.
        """
        example, sampling = item.example, self._sampling
        if not example.answerable:
            asked_of = item.negatives or example.passages
            if not sampling.same_article:
                return ((self._cut(example.question, item, draw.choice(asked_of), draw),),)
            passages = draw.sample(asked_of, min(sampling.mined, len(asked_of)))
            return tuple((self._cut(example.question, item, passage, draw),) for passage in passages)
        piped = bool(sampling.piped) and draw.random() < sampling.piped
        places = [(p, self._places(item, p, piped)) for p in example.passages]
        passage, found = draw.choice([place for place in places if place[1]] or places)
        if sampling.named and draw.random() < sampling.named:
            item, other = self._named(item, passage, draw)
        else:
            other = None
        made = [self._own(item, passage, found, draw, piped, other)]
        if draw.random() < sampling.changed:
            made += self._changed(item, passage, found, draw, piped)
        return (tuple(s for group in made for s in group),) if sampling.together else tuple(made)

    def _named(self, item: Item, passage: str, draw: random.Random) -> tuple[Item, str | None]:
        """The item with a question that names its article, and the title of another; without one, it is unchanged."""
        of, title = item.of, item.of.sources[passage].title
        if not title or not item.articles:
            return item, None
        other = of.sources[draw.choice(of.articles.get(draw.choice(item.articles)) or [passage])].title
        asked = naming(item.example.question, title, other, draw) if other else None
        return (item, None) if asked is None else (replace(item, example=replace(item.example, question=asked)), other)

    def _own(
        self, item: Item, passage: str, found: list[Span], draw: random.Random, piped: bool, other: str | None = None
    ) -> Group:
        example = item.example
        state = draw.random()  # question, size and whether there is a title are the same within a group
        group = [self._cut(example.question, item, passage, random.Random(state), found, True, pick=draw, piped=piped)]
        group += [
            self._cut(example.question, item, p, random.Random(state), pick=draw, piped=piped)
            for p in self._against(item, passage, draw)
        ]
        if other is not None:  # the same text of another article
            group.append(
                self._cut(example.question, item, passage, random.Random(state), pick=draw, piped=piped, title=other)
            )
        if draw.random() < self._sampling.removed:
            numbers = self._left(item, passage, found, piped)
            if numbers:
                group.append(
                    self._cut(
                        example.question, item, passage, random.Random(state), pick=draw, allowed=numbers, piped=piped
                    )
                )
        return tuple(group)

    def _left(self, item: Item, passage: str, found: Sequence[Span], piped: bool) -> list[int]:
        """The indices of a passage's units without the answer; empty if nothing can be removed."""
        text, units = self._text(item.of, passage, piped)
        kept = without_answer(text, units, item.example.answers)
        if not self._sampling.lines:
            return [units.index(span) for span in kept]
        kept = kept or tuple(units)  # an answer of several units is in none of them
        left = [
            n for n, u in enumerate(units) if u in kept and not any(u.start < f.end and f.start < u.end for f in found)
        ]
        return left if len(left) < len(units) else []

    def _against(self, item: Item, passage: str, draw: random.Random) -> list[str]:
        """Distinct passages that do not answer, with the configured share from the same article."""
        sampling = self._sampling
        if not sampling.same_article:
            return draw.sample(item.negatives, min(sampling.mined, len(item.negatives)))
        article = item.of.sources[passage].article
        near = [p for p in item.negatives if item.of.sources[p].article == article]
        far = [p for p in item.negatives if item.of.sources[p].article != article]
        chosen: list[str] = []
        for _ in range(min(sampling.mined, len(item.negatives))):
            some = near if near and (not far or draw.random() < sampling.same_article) else far
            chosen.append(some.pop(draw.randrange(len(some))))
        return chosen

    def _changed(self, item: Item, passage: str, found: list[Span], draw: random.Random, piped: bool) -> list[Group]:
        if item.near and draw.random() < _MADE:
            near = draw.choice(item.near)
            of = near.passages[0]
            return [(self._cut(near.question, item, of, draw, found if of == passage else (), piped=piped),)]
        source = item.of.sources[passage]
        article = source.article
        if item.articles and draw.random() < self._sampling.foreign:
            article = draw.choice(item.articles)
        question = changed_question(item.example.question, self._others(item.of, article), source.text, draw)
        return [] if question is None else [(self._cut(question, item, passage, draw, found, piped=piped),)]

    def _text(self, of: QuestionSet, passage: str, piped: bool) -> tuple[str, list[Span]]:
        """The text of a passage as it is used, and its units."""
        text = of.sources[passage].text
        text = (with_bars(text) if piped else None) or text
        return text, self._spans(text)

    def _spans(self, text: str) -> list[Span]:
        return unit_spans(text) if self._sampling.lines else sentence_spans(text, language="en")

    def _places(self, item: Item, passage: str, piped: bool) -> list[Span]:
        """The occurrences of the answer in a passage as it is used; for several whole units, all of them."""
        text, answers = self._text(item.of, passage, piped)[0], item.example.answers
        if item.example.kind == "units" and self._sampling.lines:
            return sorted({span for answer in answers for span in occurrences(text, [answer])}, key=lambda s: s.start)
        return occurrences(text, answers)

    def _others(self, of: QuestionSet, article: str) -> dict[str, list[str]]:
        """The names, years and numbers of an article, or of the whole set if the article is one passage."""
        if (of.name, article) not in self._pieces:
            texts = [source.text for source in of.sources.values() if source.article == article]
            if len(texts) == 1:
                article, texts = "", [source.text for source in of.sources.values()]
            if (of.name, article) not in self._pieces:
                self._pieces[of.name, article] = pieces(texts)
        return self._pieces.get((of.name, article)) or self._pieces[of.name, ""]

    def _cut(
        self,
        question: str,
        item: Item,
        passage: str,
        draw: random.Random,
        found: Sequence[Span] = (),
        relevant: bool = False,
        allowed: Sequence[int] = (),
        pick: random.Random | None = None,
        piped: bool = False,
        title: str | None = None,
    ) -> Paired:
        """A question with a part of a passage: as many consecutive whole sentences as there is room for.

        With `allowed`, only those sentences. If the answer is `found`, the part contains an occurrence drawn by `pick`.
        A `title` stands in place of the passage's own.
        """
        sampling = self._sampling
        if draw.random() < sampling.bare_question:
            question = question.rstrip("? ")
        size = draw.choices(sampling.sizes, sampling.size_shares)[0]
        has_title = draw.random() >= sampling.no_title
        pick = pick or draw
        source = item.of.sources[passage]
        key = item.of.name, passage, piped
        if key not in self._tokens:
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.clear()
            self._tokens[key] = self._tokenised(source.title, self._text(item.of, passage, piped)[0])
        tokens = self._tokens[key]
        if title is not None:
            tokens = replace(tokens, title=self._title(title))
        elif not has_title:
            tokens = Tokens((), tokens.ids, tokens.characters, tokens.sentences)
        asked = self._asked(question)
        places = [place for place in map(tokens.of, found) if len(place)]
        room = max(16, size - len(asked) - len(tokens.title) - 3)
        around = pick.choice(places) if places else None
        window = _window(tokens.sentences, allowed or range(len(tokens.sentences)), room, around, pick)
        return self._paired(asked, tokens, window, relevant, places if relevant else [], item.example.kind)

    def _paired(
        self, asked: Sequence[int], tokens: Tokens, window: Sequence[int], relevant: bool = False,
        places: Sequence[Span] = (), kind: str = "span",
    ) -> Paired:  # fmt: skip
        head = (self._cls, *asked, self._sep)
        ids = (*head, *tokens.title, *(tokens.ids[token] for token in window), self._sep)
        first = len(head) + len(tokens.title)
        at = {token: first + number for number, token in enumerate(window)}
        inside = [(at[p.start], at[p.end - 1]) for p in places if p.start in at and p.end - 1 in at]
        if not self._sampling.lines:
            return Paired(
                ids, len(head), first, relevant, bool(inside) or not relevant,
                tuple(start for start, _ in inside), tuple(end for _, end in inside),
            )  # fmt: skip
        marked = [(start, end) for start, end in inside if kind == "span" and end - start < _LONGEST_SPAN]
        units = [Span(*ends) for s in tokens.sentences if (ends := _shown(s, at))]
        touched = [p for p in places if any(token in at for token in range(p.start, p.end))]
        right = [
            number
            for number, unit in enumerate(units)
            if any(unit.start <= at[t] < unit.end for p in touched for t in range(p.start, p.end) if t in at)
        ]
        held = sum(any(s.start < p.end and p.start < s.end for p in places) for s in tokens.sentences)
        if kind == "passage" or (kind == "span" and held > _MOST_PLACES):
            right = []
        return Paired(
            ids, len(head), first, relevant, bool(marked) or not relevant,
            tuple(start for start, _ in marked), tuple(end for _, end in marked),
            tuple(units), tuple(right), bool(right) or not relevant,
        )  # fmt: skip

    def _asked(self, question: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(question, add_special_tokens=False).ids[:MOST_QUESTION])

    def _tokenised(self, title: str, text: str, section: Sequence[str] = ()) -> Tokens:
        """Tokenize title and text separately, which gives the same tokens, since words are split at blanks first."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        characters = tuple(Span(*offsets) for offsets in encoded.offsets)
        starts = [span.start for span in characters]
        bounds = [bisect_left(starts, span.start) for span in self._spans(text)] or [0]
        bounds[0] = 0
        ranges = tuple(Span(a, b) for a, b in zip(bounds, [*bounds[1:], len(starts)], strict=True))
        return Tokens(self._title(title, section), tuple(encoded.ids), characters, ranges)

    def _title(self, title: str, section: Sequence[str] = ()) -> tuple[int, ...]:
        head = "".join(f"{part}. " for part in context(title, section) if part)
        return tuple(self._tokenizer.encode(head, add_special_tokens=False).ids)


def _shown(unit: Span, at: Mapping[int, int]) -> tuple[int, int] | None:
    """The range of a unit's consecutive tokens in a sequence, if it has any."""
    places = [at[token] for token in range(unit.start, unit.end) if token in at]
    return (places[0], places[-1] + 1) if places else None


def _window(
    sentences: Sequence[Span], allowed: Sequence[int], room: int, around: Span | None, draw: random.Random
) -> list[int]:
    """At most `room` tokens of consecutive allowed sentences, including `around` if given; a long sentence is cut."""
    if around is None:
        first = last = draw.randrange(len(allowed))
    else:
        inside = [
            n for n, s in enumerate(allowed) if sentences[s].start < around.end and around.start < sentences[s].end
        ]
        first, last = (inside[0], inside[-1]) if inside else (0, 0)
    taken = [t for s in allowed[first : last + 1] for t in range(sentences[s].start, sentences[s].end)]
    if len(taken) > room:
        least = 0 if around is None else max(0, around.end - taken[0] - room)
        most = len(taken) - room if around is None else max(least, min(len(taken) - room, around.start - taken[0]))
        start = draw.randint(least, most)
        return taken[start : start + room]
    while True:
        sides = []
        if first > 0 and len(taken) + len(sentences[allowed[first - 1]]) <= room:
            sides.append(-1)
        if last + 1 < len(allowed) and len(taken) + len(sentences[allowed[last + 1]]) <= room:
            sides.append(1)
        if not sides:
            return taken
        if draw.choice(sides) < 0:
            first -= 1
            taken = [*range(sentences[allowed[first]].start, sentences[allowed[first]].end), *taken]
        else:
            last += 1
            taken += range(sentences[allowed[last]].start, sentences[allowed[last]].end)
