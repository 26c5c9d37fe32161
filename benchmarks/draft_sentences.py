"""Writes by rule the sentences that `benchmarks.drafts` checks: `python -m benchmarks.draft_sentences`.

It reads the collections of real articles, makes literal, altered, contradicted, invented and cut sentences of them, and
writes these to `draft_sentences.jsonl` beside those that were written by hand, which it keeps. What is drawn is drawn
again by every run.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from benchmarks.common import ARTICLES, ROOT, SETS
from qa import formats
from qa.check.values import is_negation, kind_of
from qa.check.words import Words, words_of
from qa.formats.decoding import Empty, Unreadable
from qa.text.document import Document, Span
from qa.text.sentences import sentence_spans
from qa.text.terms import is_function_word

SET = ROOT / "benchmarks" / "draft_sentences.jsonl"
_REAL = SETS / "real"
FOLDERS = {name: _REAL / name for name in ("handbook", "law", "minutes", "papers", "recipes", "stories", "filings")} | {
    "cpp-docs": ARTICLES / "cpp-docs"
}
_FILES = {"papers": 14, "filings": 10}  # PDFs take long
_MOST_FILES = 60
_UNSUITABLE = re.compile(r"[<>{}|`\[\]\\=_*\n]|https?:|\bBy-law was\b|COVID-19")
_CUT = re.compile(r",? (?:but|unless|except|provided that|only if|although|as long as|subject to)\b(?! also)")
_MODALS = "is are was were can could may must shall should will would has had"
_VERBS = frozenset(_MODALS.split())
_NEGATED, _NAMED = 0.04, 0.25  # the shares of contradictions by a negation, and by a name where there is a number
_COUNTS = {"literal": 60, "quoted": 30, "altered": 80, "contradicted": 80, "invented": 50, "cut": 40}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a draft, with what is right to say of it, how it was made, and the sentence that it was made of.

    `start` and `end` are the offsets of that sentence in the text of its document; -1 if there is none.
    """

    verdict: str
    how: str
    collection: str
    document: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Source:
    collection: str
    document: Document
    span: Span

    @property
    def text(self) -> str:
        return self.span.of(self.document.text)

    @property
    def words(self) -> Words:
        return words_of(self.text)

    def made(self, verdict: str, how: str, text: str) -> Sentence:
        return Sentence(verdict, how, self.collection, self.document.path, self.span.start, self.span.end, text)


def read() -> list[Sentence]:
    """The sentences of the set."""
    return [Sentence(**json.loads(line)) for line in SET.read_text("utf-8").splitlines()]


def _sources(draw: random.Random) -> list[_Source]:
    found: list[_Source] = []
    for name, folder in FOLDERS.items():
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix in (".md", ".html", ".htm", ".pdf")]
        draw.shuffle(paths)
        for path in paths[: _FILES.get(name, _MOST_FILES)]:
            try:
                contents = formats.parse(path.relative_to(folder).as_posix(), path.read_bytes())
            except (Unreadable, Empty):
                continue
            for document in contents.documents:
                sentences = list(_suitable(document))
                draw.shuffle(sentences)
                found += [_Source(name, document, span) for span in sentences[:16]]
    draw.shuffle(found)
    return found


def _suitable(document: Document) -> Iterator[Span]:
    for block in document.blocks:
        if block.kind in ("paragraph", "list"):
            for span in sentence_spans(document.text, block.span, document.language):
                text = span.of(document.text)
                if 9 <= len(text.split()) <= 32 and text[0].isupper() and text[-1] == "." and not _unsuitable(text):
                    yield span


def _unsuitable(text: str) -> bool:
    return (
        bool(_UNSUITABLE.search(text)) or bool(re.search(r"\b(?:I|you|your)\b", text)) or any(c in text for c in '“”"')
    )


def _literal(source: _Source, _: random.Random, __: Sequence[_Source]) -> Sentence:
    return source.made("literal", "as it stands", source.text)


def _quoted(source: _Source, draw: random.Random, _: Sequence[_Source]) -> Sentence | None:
    words = source.words
    if draw.random() < 0.5:
        return source.made("literal", "between quotation marks", f"It says there: “{source.text}”")
    if len(words) < 16 or _CUT.search(source.text):
        return None
    gap = draw.randrange(5, len(words) - 8)
    head, tail = words.slice(0, gap).span.of(source.text), words.slice(gap + 2, len(words)).span.of(source.text)
    return source.made("literal", "quoted with words left out", f"It says there: “{head} … {tail}.”")


def _altered(source: _Source, draw: random.Random, others: Sequence[_Source]) -> Sentence | None:
    words = source.words
    plain = [number for number in range(1, len(words)) if _is_plain(words, number)]
    if len(plain) < 4:
        return None
    how = draw.choice(("a word exchanged", "two words exchanged", "a word left out", "a word put in"))
    text, count = source.text, 2 if how.startswith("two") else 1
    for number in sorted(draw.sample(plain, count), reverse=True):
        span = words.spans[number]
        new = _plain_word(draw, others) if how != "a word left out" else ""
        if how == "a word put in":
            new = f"{span.of(source.text)} {new}"
        text = text[: span.start] + new + text[span.end :]
    quoted = f"It says there: “{_tidy(text)}”" if draw.random() < 0.5 else _tidy(text)
    return source.made("altered", how, quoted)


def _contradicted(source: _Source, draw: random.Random, others: Sequence[_Source]) -> Sentence | None:
    words = source.words
    lower = {form for form in words_of(source.document.text).forms if form.islower()}
    kinds = {number: kind_of(words, number, lower) for number in range(len(words))}
    verbs = [number for number in range(1, len(words)) if words.forms[number] in _VERBS]
    if verbs and draw.random() < _NEGATED:
        span = words.spans[verbs[0]]
        text = f"{source.text[: span.end]} not{source.text[span.end :]}"
        return source.made("contradicted", "a negation put in", text)
    usable = [number for number, kind in kinds.items() if kind in ("number", "date")]
    if draw.random() < _NAMED:
        usable = [number for number, kind in kinds.items() if kind == "name" and number > 0]
    if not usable:
        return None
    number = draw.choice(usable)
    kind, span = kinds[number], words.spans[number]
    own = span.of(source.text)
    new = _another(own, str(kind), draw, others)
    if new is None:
        return None
    if kind == "name":  # with all words of the name
        last = number
        while kinds.get(last + 1) == "name" and source.text[words.spans[last].end : words.spans[last + 1].start] == " ":
            last += 1
        span = Span(span.start, words.spans[last].end)
    text = source.text[: span.start] + new + source.text[span.end :]
    return source.made("contradicted", f"another {kind}", text)


def _another(own: str, kind: str, draw: random.Random, others: Sequence[_Source]) -> str | None:
    if kind == "number":
        if not (own.isascii() and own.isdecimal()):
            return None
        value = int(own)
        return str(value + draw.choice((-3, -2, 2, 3, 7)) if value > 5 else value + draw.choice((2, 3, 4)))
    if kind == "date":
        months = ["January", "March", "May", "July", "October", "December"]
        days = ["Monday", "Wednesday", "Friday"]
        like = months if own in (*months, "February", "April", "June", "August", "September", "November") else days
        return draw.choice([each for each in like if each != own])
    for _ in range(50):
        words = draw.choice(others).words
        names = [n for n in range(1, len(words)) if kind_of(words, n) == "name" and len(words.forms[n]) > 3]
        if names and words.forms[names[0]] != own:
            return words.forms[names[0]]
    return None


def _invented(source: _Source, draw: random.Random, others: Sequence[_Source]) -> Sentence | None:
    """The beginning of one sentence and the end of another one of the same article: its words, and nothing it says."""
    same = [each for each in others if each.document is source.document and each.span != source.span]
    if not same:
        return None
    end = draw.choice(same)
    words, tail = source.words, end.words
    if len(words) < 10 or len(tail) < 10:
        return None
    head = words.slice(0, len(words) // 2).span.of(source.text)
    rest = tail.slice(len(tail) // 2, len(tail)).span.of(end.text)
    return source.made("invented", "halves of two sentences", f"{head} {rest}.")


def _cut(source: _Source, _: random.Random, __: Sequence[_Source]) -> Sentence | None:
    found = _CUT.search(source.text)
    if found is None or len(source.text[: found.start()].split()) < 5:
        return None
    return source.made("cut", "cut before what limits it", f"It says there: “{source.text[: found.start()]}.”")


def _is_plain(words: Words, number: int) -> bool:
    form = words.forms[number]
    return (
        form.isalpha()
        and form.islower()
        and len(form) > 3
        and kind_of(words, number) is None
        and not is_negation(words.folded[number])
        and not is_function_word(form)
    )


def _plain_word(draw: random.Random, others: Sequence[_Source]) -> str:
    while True:
        words = draw.choice(others).words
        plain = [number for number in range(len(words)) if _is_plain(words, number)]
        if plain:
            return words.forms[draw.choice(plain)]


def _tidy(text: str) -> str:
    return re.sub(r" +([.,;:])", r"\1", re.sub(r" {2,}", " ", text))


_Make = Callable[[_Source, random.Random, Sequence[_Source]], Sentence | None]
_RULES: dict[str, _Make] = {
    "literal": _literal, "quoted": _quoted, "altered": _altered, "contradicted": _contradicted, "invented": _invented,
    "cut": _cut,
}  # fmt: skip


def by_rule() -> list[Sentence]:
    """The sentences that are made by rule, of each collection about as many."""
    draw = random.Random(21)
    sources = _sources(draw)
    made: list[Sentence] = []
    used: set[tuple[str, int]] = set()
    for rule, make in _RULES.items():
        most = -(-_COUNTS[rule] // len(FOLDERS))
        counts = dict.fromkeys(FOLDERS, 0)
        for source in sources:
            place = source.document.path, source.span.start
            if counts[source.collection] < most and place not in used:
                sentence = make(source, draw, sources)
                if sentence is not None:
                    made.append(sentence)
                    used.add(place)
                    counts[source.collection] += 1
    return made


def main() -> None:
    """Write the set again."""
    by_hand = [sentence for sentence in read() if sentence.how == "by hand"] if SET.exists() else []
    lines = (json.dumps(asdict(each), ensure_ascii=False) for each in chain(by_hand, by_rule()))
    Path(SET).write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
