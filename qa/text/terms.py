"""Derives the search terms of a text, and the weighted terms of a question, in the languages of an index.

Tokenizers and stemmers are those of tantivy. The index appears here only as a function that returns how many of its
texts contain a term.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import chain, islice, pairwise

import tantivy

from .dates import dates_in, spelled
from .function_words import FUNCTION_WORDS, NO_LIST, STEMMERS
from .names import date_terms
from .passage import LABELS
from .query_term import OpenCompound, QueryTerm
from .visible import hidden, visible

# The most words of a question that are searched for, the rarest of them, so that a pasted page stays fast.
_MAX_SEARCHED = 64
_CACHED = 64  # parsed questions: each is used for ranking, for explaining and with its conversation
_MAX_WORDS, _MAX_EXPANSION = 64, 12  # of a question in which acronyms are looked for, and of a long form

# In the scripts of India, combining marks belong to a word. A pattern that includes them takes twice the time of
# tantivy's own rule, and gives the same result for other scripts.
_INDIAN = re.compile(r"[\u0900-\u0dff]")
_WORD = r"(?:[\p{Alphabetic}\p{N}]|[\u0900-\u0dff&&\p{M}])+"
# Scripts without spaces between words (Thai, Lao, Burmese, Khmer, kana, Han), and Hangul, which attaches particles to
# the previous word.
_RUN = re.compile(
    "([\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f]+)"
)
_TURKISH = str.maketrans({"I": "ı", "İ": "i"})  # the lower-case forms of no other language
_NAME = re.compile(r"\w+")
_LABEL = "ʘ"  # begins the terms of labels: a letter of hardly any language, which servers take for a part of the word
_LABEL_SHARE = 0.5  # of a word's weight, if only the labels of a text contain it (docs/decisions.md)
_analyzer_lock = threading.Lock()

Acronyms = Sequence[tuple[str, str]]
Compounds = Sequence[tuple[str, str]]
Frequency = Callable[[str], int]  # the number of texts that contain a term


def analyze(text: str, language: str = "") -> list[str]:
    """The search terms of a text, in order: its words in lower case, without accents, stemmed in `language`.

    `language` is an ISO 639-1 code. In a script without spaces each pair of neighbouring characters is a term.
    """
    return _analyze(text, STEMMERS.get(language, ""))


def indexed_terms(searched: str, language: str = "") -> list[str]:
    """The search terms of a passage's searched text, as the word index has them: those of its labels are apart.

    Labels are the same in all passages of a document: as words of the text, a tag would hide which passages are about
    it. What no reader sees counts as labels, too: addresses are found, but the "md" in each makes no word less rare.
    """
    text, labels = searched.rsplit(LABELS, 1) if LABELS in searched else (searched, "")
    apart = analyze(f"{labels}\n{unseen}", language) if (unseen := hidden(text)) or labels else ()
    return [*analyze(visible(text), language), *dict.fromkeys(f"{_LABEL}{term}" for term in apart)]


def contained_in(text: str, language: str = "") -> frozenset[str]:
    """What a text contains, as `QueryTerm.is_in` takes it: its search terms, and each two neighbours with a space."""
    terms = analyze(text, language)
    return frozenset(terms).union(map(" ".join, pairwise(terms)))


def plain_words(text: str) -> list[str]:
    """The words of a text, unstemmed, in lower case and without accents; in a script without spaces, each character."""
    return _run(_analyzer("", _INDIAN.search(text) is not None), text, pairs=False)


def is_function_word(word: str, stemmer: str = "english") -> bool:
    """Whether a word is a function word ("what", "did"), which cannot be the subject of a question."""
    if stemmer == "english":
        return _function_terms().issuperset(_analyze(word, stemmer))
    return not _run(_function_filter(stemmer), word)


@cache
def _function_terms() -> frozenset[str]:
    return frozenset(analyze(FUNCTION_WORDS["english"]))


def _analyze(text: str, stemmer: str) -> list[str]:
    if stemmer == "turkish":
        text = unicodedata.normalize("NFC", text).translate(_TURKISH)
    return _run(_analyzer(stemmer, _INDIAN.search(text) is not None), text)


def _run(analyzer: tantivy.TextAnalyzer, text: str, pairs: bool = True) -> list[str]:
    """The terms of `text`; in scripts without spaces, pairs of characters, or single ones if not `pairs`."""
    terms: list[str] = []
    for number, piece in enumerate([text] if text.isascii() else _RUN.split(unicodedata.normalize("NFC", text))):
        if number % 2:
            terms += [piece[i : i + 2] for i in range(max(1, len(piece) - 1))] if pairs else piece
        elif piece:
            with _analyzer_lock:
                terms += analyzer.analyze(piece)
    return terms


def _words(indian: bool = True) -> tantivy.TextAnalyzerBuilder:
    tokenizer = tantivy.Tokenizer.regex(_WORD) if indian else tantivy.Tokenizer.simple()
    return tantivy.TextAnalyzerBuilder(tokenizer).filter(tantivy.Filter.remove_long(60))


@cache
def _analyzer(stemmer: str, indian: bool) -> tantivy.TextAnalyzer:
    words, fold = _words(indian).filter(tantivy.Filter.lowercase()), tantivy.Filter.ascii_fold()
    if not stemmer:
        return words.filter(fold).build()
    stem = tantivy.Filter.stemmer(stemmer)
    # Other languages have accents in their endings: the stem of "mangée" is "mang".
    first, second = (fold, stem) if stemmer == "english" else (stem, fold)
    return words.filter(first).filter(second).build()


@cache
def _function_filter(stemmer: str) -> tantivy.TextAnalyzer:
    """Removes the function words of a language, compared unstemmed: the stem of Spanish "comer" is that of "cómo"."""
    words = _words().filter(tantivy.Filter.lowercase())
    words = words.filter(tantivy.Filter.custom_stopword(FUNCTION_WORDS[stemmer].split()))
    return (words if stemmer in NO_LIST else words.filter(tantivy.Filter.stopword(stemmer))).build()


@cache
def _splitter() -> tantivy.TextAnalyzer:
    """Splits a text into words without changing them."""
    return _words().build()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question, with its search terms in the languages of an index.

    Words that share a term are merged. `written` is the word as it first occurs, `is_function` marks a function word,
    and `also` and `compounds` are alternatives as in QueryTerm. `is_date` marks a whole date, which counts beside its
    words if the name of a document contains it.
    """

    forms: frozenset[str]
    written: str
    is_function: bool
    also: tuple[tuple[frozenset[str], ...], ...] = ()
    compounds: tuple[OpenCompound, ...] = ()
    is_date: bool = False

    @property
    def labels(self) -> frozenset[str]:
        """The terms by which labels contain the word."""
        return frozenset() if self.is_function or self.is_date else frozenset(map(_LABEL.__add__, self.forms))

    def terms(self) -> set[str]:
        """Every search term of the word and of its alternatives."""
        groups = chain([self.forms, self.labels], *self.also, (each.forms for each in self.compounds))
        return {term for forms in groups for form in forms for term in form.split()}


def analyze_question(
    text: str, languages: Iterable[str], acronyms: Acronyms = (), compounds: Compounds = ()
) -> tuple[Word, ...]:
    """The words of a question, in order, analysed in each of the `languages` of an index.

    A question is too short to detect its own language. `acronyms` are pairs of a short and a long form, `compounds`
    pairs of a closed and an open spelling, as plain words: if the text contains one of them, the other becomes an
    alternative.
    """
    return _question_words(text, _stemmers(languages), tuple(acronyms), tuple(compounds))


def forms_of(word: str, languages: Iterable[str]) -> list[str]:
    """The search terms of a word, or of several, in each of these languages, also those of labels."""
    forms = _forms(word, _stemmers(languages))
    return [*forms, *map(_LABEL.__add__, forms)]


def query_terms(words: Sequence[Word], frequency: Frequency, count: int) -> tuple[QueryTerm, ...]:
    """The content words of a question with their weights; its function words if it has no others.

    `frequency` returns how many of the `count` texts contain a term; it is called only for the words' forms and labels.
    """
    words = _known(words, frequency)
    content = tuple(_weigh(word, frequency, count) for word in words if not word.is_function)
    return content or tuple(replace(_weigh(word, frequency, count), says_little=True) for word in words)


def searched_terms(words: Sequence[Word], frequency: Frequency, count: int) -> list[QueryTerm]:
    """The words of a question to search for, the heaviest first; `frequency` and `count` are as for `query_terms`.

    Function words are included, because otherwise a single incidental word could decide the ranking.
    """
    terms = (_weigh(word, frequency, count) for word in _known(words, frequency))
    return sorted(terms, key=lambda term: -term.weight)[:_MAX_SEARCHED]


def inverse_frequency(frequency: int, count: int) -> float:
    """The weight of a term that `frequency` of `count` texts contain: ln(1 + (N − n + ½) / (n + ½)), as in tantivy."""
    return math.log(1 + (count - frequency + 0.5) / (frequency + 0.5))


def possible_acronyms(text: str) -> tuple[set[str], set[str]]:
    """The words of a question that may be acronyms, and the phrases that may be long forms, both as plain words."""
    words = plain_words(text)[:_MAX_WORDS]
    phrases = {" ".join(words[i : i + n]) for n in range(2, _MAX_EXPANSION) for i in range(len(words) - n + 1)}
    # In lower case "who" and "it" are not acronyms.
    names = (word for word in _NAME.findall(text) if sum(map(str.isupper, word)) > 1 or not is_function_word(word))
    return {" ".join(plain_words(word)) for word in islice(names, _MAX_WORDS)}, phrases


def _known(words: Sequence[Word], frequency: Frequency) -> Sequence[Word]:
    """The words without the dates that are in no name."""
    return [word for word in words if not word.is_date or any(map(frequency, word.forms))]


def _weigh(word: Word, frequency: Frequency, count: int) -> QueryTerm:
    """The word with the inverse document frequency of its most frequent form, or of its labels if no text has one."""
    in_texts, in_labels = (  # the frequency may still include removed texts
        min(max(map(frequency, forms), default=0), count) for forms in (word.forms, word.labels)
    )
    weight = inverse_frequency(in_texts or in_labels, count)
    share = _LABEL_SHARE * inverse_frequency(in_labels, count) if in_labels else 0.0
    labels = word.labels if in_labels else frozenset[str]()
    return QueryTerm(
        word.forms, weight, word.written, also=word.also, compounds=word.compounds, labels=labels, label_weight=share
    )


def _stemmers(languages: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({STEMMERS.get(language, "") for language in languages}))


def _forms(word: str, stemmers: Iterable[str]) -> list[str]:
    return [form for stemmer in stemmers for form in _analyze(word, stemmer)]


@lru_cache(_CACHED)
def _question_words(
    text: str,
    stemmers: tuple[str, ...],
    acronyms: tuple[tuple[str, str], ...],
    compounds: tuple[tuple[str, str], ...],
) -> tuple[Word, ...]:
    merged: list[tuple[list[str], list[str]]] = []  # the forms of each word, and its spellings
    number_of: dict[str, int] = {}  # of a form's word in `merged`
    for word in _run(_splitter(), text):
        forms = _forms(word, stemmers)
        if not forms:
            continue
        number = next((number_of[form] for form in forms if form in number_of), len(merged))
        if number == len(merged):
            merged.append(([], []))
        merged[number][0].extend(forms)
        merged[number][1].append(word)
        number_of.update((form, number) for form in forms if form not in number_of)
    function_words = _function_words([word for _, words in merged for word in words], stemmers)
    alternatives = _alternatives(text, acronyms, compounds, stemmers)
    dates, named = _dates(text, stemmers)
    for form, groups in named.items():
        alternatives.setdefault(form, []).extend(groups)
    opened = _open_compounds(compounds, stemmers)
    single = tuple(
        Word(
            frozenset(forms),
            words[0],
            function_words.issuperset(words),
            tuple(dict.fromkeys(groups for form in forms for groups in alternatives.get(form, ()))),
            tuple(dict.fromkeys(compound for form in forms for compound in opened.get(form, ()))),
        )
        for forms, words in merged
    )
    return (*single, *(date for date in dates if date.forms.isdisjoint(number_of)))


def _dates(text: str, stemmers: Sequence[str]) -> tuple[list[Word], dict[str, list[tuple[frozenset[str], ...]]]]:
    """The whole dates in a question, and for each form of their words the terms by which names contain them.

    A date is also in a text that contains all its words as they are spelled: "2024-03-06" in "6 March 2024".
    """
    dates: list[Word] = []
    named: dict[str, list[tuple[frozenset[str], ...]]] = {}
    for span, found in dates_in(text):
        terms = date_terms(found)
        if not terms:
            continue  # a year is a word like any other
        written, (_, _, day) = span.of(text), found
        also = tuple(frozenset(_forms(word, stemmers)) for word in spelled(found).split())
        dates.append(Word(frozenset(terms[:1]), written, False, (also,), is_date=True))
        words = _run(_splitter(), written)
        for word in words:
            says_day = len(words) == 1 or (bool(day) and word.rstrip("stndrh").lstrip("0") == str(day))
            other = terms[0] if says_day or len(terms) == 1 else terms[1]
            for form in _forms(word, stemmers):
                named.setdefault(form, []).append((frozenset({other}),))
    return dates, named


def _alternatives(
    text: str, acronyms: Acronyms, compounds: Compounds, stemmers: Sequence[str]
) -> dict[str, list[tuple[frozenset[str], ...]]]:
    """For each form in `text` that belongs to an acronym, to the long form of one or to an open compound: alternatives.

    An alternative leaves out function words: "Organisation of Bees" may be called the Bees' Organisation.
    """
    alternatives: dict[str, list[tuple[frozenset[str], ...]]] = {}
    words = f" {' '.join(plain_words(text))} "
    for short, long in (*acronyms, *compounds):
        content = [word for word in long.split() if not is_function_word(word)] or long.split()
        groups = tuple(frozenset(_forms(word, stemmers)) for word in content)
        other = (frozenset(_forms(short, stemmers)),)
        if f" {short} " in words and (short, long) in acronyms:
            alternatives.setdefault(min(other[0]), []).append(groups)
        if f" {long} " in words:
            for group in groups:
                alternatives.setdefault(min(group), []).append(other)
    return alternatives


def _open_compounds(compounds: Compounds, stemmers: Sequence[str]) -> dict[str, list[OpenCompound]]:
    """For the first form of each closed compound, its open spellings."""
    opened: dict[str, list[OpenCompound]] = {}
    for closed, phrase in compounds:
        forms = frozenset(" ".join(_analyze(phrase, stemmer)) for stemmer in stemmers)
        opened.setdefault(min(_forms(closed, stemmers)), []).append(OpenCompound(phrase, forms))
    return opened


def _function_words(words: Sequence[str], stemmers: Sequence[str]) -> frozenset[str]:
    """The function words of a question in its language, taken to be the one in which most of its words are such.

    ("die" is an article in German, but may be the subject of an English question. If several languages have equally
    many, a word must be a function word in all of them.)
    """
    by_language = [
        frozenset(word for word in words if is_function_word(word, stemmer))
        for stemmer in stemmers
        if stemmer in FUNCTION_WORDS
    ]
    most = max(map(len, by_language), default=0)
    return frozenset.intersection(*(known for known in by_language if len(known) == most)) if most else frozenset()
