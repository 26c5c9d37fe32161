"""Questions and passages → token sequences with labels, in groups of one question each.

A sequence is `[CLS] question [SEP] title. text [SEP]`, as the program pairs them. It knows nothing about models
or losses.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from qa.text.document import Span
from qa.text.passage import context
from qa.text.sentences import sentence_spans

from .config import Sampling
from .data import Example, QuestionSet, occurrences
from .near_misses import changed_question, pieces, without_answer

MOST_QUESTION = 48  # tokens of a question that are read
LONGEST = 256  # tokens of a sequence at run time


@dataclass(frozen=True, slots=True)
class Paired:
    """One sequence. `question` is how many tokens come before the passage's title, `text` before its text.

    `starts` and `ends` are the places of each occurrence of the answer (its first and last token); without any, the
    answer is not there. `spanned` says whether that is known: an answer in other words than the passage's is not.
    """

    ids: tuple[int, ...]
    question: int
    text: int
    relevant: bool = False
    spanned: bool = True
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


Group = tuple[Paired, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A question to learn from, with the passages that may stand against its own.

    `articles` are those of all questions of its set that are learnt from.
    """

    example: Example
    of: QuestionSet
    negatives: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a passage: the title's, the text's with their characters, and each sentence's range of those."""

    title: tuple[int, ...]
    ids: tuple[int, ...]
    characters: tuple[Span, ...]
    sentences: tuple[Span, ...]

    def of(self, span: Span) -> Span:
        """The tokens that a range of characters touches."""
        ends, starts = [c.end for c in self.characters], [c.start for c in self.characters]
        return Span(bisect_right(ends, span.start), bisect_left(starts, span.end))


def tokenizer(folder: Path) -> Any:
    """The tokeniser of the encoder in a folder, without truncation or padding."""
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.no_truncation()
    return made


class Sequences:
    """Makes the sequences of an item: the same for the same item and state of `draw`."""

    def __init__(self, tokenizer: Any, sampling: Sampling) -> None:
        self._tokenizer = tokenizer
        self._sampling = sampling
        self._tokens: dict[tuple[str, str], Tokens] = {}
        self._pieces: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._cls, self._sep = int(tokenizer.token_to_id("[CLS]")), int(tokenizer.token_to_id("[SEP]"))

    def whole(self, question: str, title: str, text: str) -> tuple[Paired, tuple[Span, ...]]:
        """A pair as at run time, cut at 256 tokens, and the characters of its tokens from `Paired.text` on."""
        asked, tokens = self._asked(question), self._tokenised(title, text)
        room = LONGEST - len(asked) - len(tokens.title) - 3
        return self._paired(asked, tokens, range(min(room, len(tokens.ids)))), tokens.characters[:room]

    def groups(self, item: Item, draw: random.Random) -> tuple[Group, ...]:
        """The sequences of one question, and with some luck those of a changed one, a group of its own."""
        example = item.example
        if not example.answerable:
            passage = draw.choice(example.passages)
            return ((self._cut(example.question, item, passage, draw),),)
        places = [(p, occurrences(item.of.sources[p].text, example.answers)) for p in example.passages]
        passage, found = draw.choice([place for place in places if place[1]] or places)
        made = [self._own(item, passage, found, draw)]
        if draw.random() < self._sampling.changed:
            made += self._changed(item, passage, found, draw)
        return tuple(made)

    def _own(self, item: Item, passage: str, found: list[Span], draw: random.Random) -> Group:
        example = item.example
        state = draw.random()  # the question, its size and whether there is a title are the same in a group
        group = [self._cut(example.question, item, passage, random.Random(state), found, relevant=True, pick=draw)]
        others = draw.sample(item.negatives, min(self._sampling.mined, len(item.negatives)))
        group += [self._cut(example.question, item, p, random.Random(state), pick=draw) for p in others]
        if draw.random() < self._sampling.removed:
            text = item.of.sources[passage].text
            sentences = sentence_spans(text, language="en")
            kept = without_answer(text, sentences, example.answers)
            if kept:
                numbers = [sentences.index(span) for span in kept]
                cut = self._cut(example.question, item, passage, random.Random(state), pick=draw, allowed=numbers)
                group.append(cut)
        return tuple(group)

    def _changed(self, item: Item, passage: str, found: list[Span], draw: random.Random) -> list[Group]:
        source = item.of.sources[passage]
        article = source.article
        if item.articles and draw.random() < self._sampling.foreign:
            article = draw.choice(item.articles)
        question = changed_question(item.example.question, self._others(item.of, article), source.text, draw)
        return [] if question is None else [(self._cut(question, item, passage, draw, found),)]

    def _others(self, of: QuestionSet, article: str) -> dict[str, list[str]]:
        """The names, years and numbers of an article; of the whole set where it is one passage."""
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
    ) -> Paired:
        """A question with a part of a passage: whole sentences in a row, as many as there is room for.

        Only the `allowed` ones, if given. Where the answer is `found`, one occurrence is in the part; `pick` draws it.
        """
        sampling = self._sampling
        if draw.random() < sampling.bare_question:
            question = question.rstrip("? ")
        size = draw.choices(sampling.sizes, sampling.size_shares)[0]
        has_title = draw.random() >= sampling.no_title
        pick = pick or draw
        source = item.of.sources[passage]
        if (item.of.name, passage) not in self._tokens:
            self._tokens[item.of.name, passage] = self._tokenised(source.title, source.text)
        tokens = self._tokens[item.of.name, passage]
        if not has_title:
            tokens = Tokens((), tokens.ids, tokens.characters, tokens.sentences)
        asked = self._asked(question)
        places = [place for place in map(tokens.of, found) if len(place)]
        room = max(16, size - len(asked) - len(tokens.title) - 3)
        around = pick.choice(places) if places else None
        window = _window(tokens.sentences, allowed or range(len(tokens.sentences)), room, around, pick)
        return self._paired(asked, tokens, window, relevant, places if relevant else [])

    def _paired(
        self, asked: Sequence[int], tokens: Tokens, window: Sequence[int], relevant: bool = False,
        places: Sequence[Span] = (),
    ) -> Paired:  # fmt: skip
        head = (self._cls, *asked, self._sep)
        ids = (*head, *tokens.title, *(tokens.ids[token] for token in window), self._sep)
        first = len(head) + len(tokens.title)
        at = {token: first + number for number, token in enumerate(window)}
        inside = [(at[p.start], at[p.end - 1]) for p in places if p.start in at and p.end - 1 in at]
        return Paired(
            ids, len(head), first, relevant, bool(inside) or not relevant,
            tuple(start for start, _ in inside), tuple(end for _, end in inside),
        )  # fmt: skip

    def _asked(self, question: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(question, add_special_tokens=False).ids[:MOST_QUESTION])

    def _tokenised(self, title: str, text: str) -> Tokens:
        """Title and text by themselves give the tokens that they give together: words are split at blanks first."""
        head = "".join(f"{part}. " for part in context(title, ()) if part)
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        characters = tuple(Span(*offsets) for offsets in encoded.offsets)
        starts = [span.start for span in characters]
        bounds = [bisect_left(starts, span.start) for span in sentence_spans(text, language="en")] or [0]
        bounds[0] = 0
        ranges = tuple(Span(a, b) for a, b in zip(bounds, [*bounds[1:], len(starts)], strict=True))
        return Tokens(
            tuple(self._tokenizer.encode(head, add_special_tokens=False).ids), tuple(encoded.ids), characters, ranges
        )


def _window(
    sentences: Sequence[Span], allowed: Sequence[int], room: int, around: Span | None, draw: random.Random
) -> list[int]:
    """Tokens of allowed sentences in a row, at most `room`, with those `around` if given; a long sentence is cut."""
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
