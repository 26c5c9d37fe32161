"""Text → search terms, and a question → the words that it is searched by, in the languages of an index.

The tokenisers and stemmers are tantivy's. It knows nothing about indexes: how many texts hold a term is asked of
whoever knows.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import islice

import tantivy

from .query_term import QueryTerm

# Words of a question beyond this many are not searched for, the commonest first: a pasted page stays fast.
_MOST_SEARCHED = 64
_KEPT = 64  # questions that are kept as they were read: each is ranked, explained, and read with its conversation
_MOST_WORDS, _LONGEST_FORM = 64, 12  # words of a question in which acronyms are looked for, and of what they stand for

# The languages that tantivy has a stemmer for; a text in another one is not stemmed. One whose language cannot be
# told is a short note, and those are English most often.
_STEMMERS = {
    "": "english", "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
# Words that questions are made of, not about. In a corpus of manuals "did" and "say" are rarer than what is asked
# for, and would count for more. For most languages tantivy has a list; made for articles, they lack the words that
# questions begin with. (Four have none there.)
_FUNCTION_WORDS = {
    "english": "a about an and are as at be been but by can could did do does for from had has have how i if in into "
    "is it its may me might must my of on or our shall should so such that the their them then there these they this "
    "those to us was we were what when where which while who whom whose why will with would you your",
    "arabic": "أي أين إلى التي الذي الى أو بين ذلك على عن في كان كانت كم كيف لماذا ما ماذا متى من هذا هذه هل هو هي و",
    "danish": "hvem hvilke hvilken hvilket hvor hvordan hvorfor hvornår",
    "dutch": "hoe hoeveel waar waarmee waarom wanneer welk welke wie",
    "finnish": "kuinka kumpi milloin miten",
    "french": "a combien comment est faut où pourquoi quand quoi",
    "german": "wann warum welche wem wen wer weshalb wessen wie wieso wieviel wodurch woher wohin womit worden",
    "greek": "από για γιατί είναι η ήταν και με μια να ο οι ποια ποιο ποιοι ποιος πού πόσα πόσο πότε πώς σε στη στην "
    "στο στον τα τη την της τι το τον του τους των",
    "hungarian": "hány hol honnan hova melyik mennyi",
    "italian": "cos cosa quale quali quando quanto",
    "norwegian": "hvem hvilke hvilken hvilket hvor hvordan hvorfor når",
    "portuguese": "aonde onde porque porquê quais quando quanta quantas quanto quantos",
    "romanian": "a al ale are care când câte câți cât ce cine cu cum de din este în la o pe pentru sau se sunt și un "
    "unde",
    "russian": "какая какие каких какой кого кто откуда почему сколько чей",
    "spanish": "adónde cuál cuáles cuándo cuánta cuántas cuánto cuántos cómo dónde quién quiénes",
    "swedish": "hur vad var varför vem vems vilka vilken vilket",
    "turkish": "bir bu da de hangi ile için kaç kim mi mu mı mü nasıl ne neden nerede nereden nereye niçin niye ve "
    "zaman",
}
_NO_LIST = ("arabic", "greek", "romanian", "turkish")

# In the scripts of India, signs that are no letters join the letters of a word. The pattern that knows them takes
# twice the time of tantivy's own rule, and is the same elsewhere.
_INDIAN = re.compile(r"[\u0900-\u0dff]")
_WORD = r"(?:[\p{Alphabetic}\p{N}]|[\u0900-\u0dff&&\p{M}])+"
# Scripts without spaces between words (Thai, Lao, Burmese, Khmer, kana, Han), and Hangul, which writes particles to
# the word before them.
_RUN = re.compile(
    "([\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f]+)"
)
_TURKISH = str.maketrans({"I": "ı", "İ": "i"})  # as no other language has them in lower case
_NAME = re.compile(r"\w+")
_analyzing = threading.Lock()

Acronyms = Sequence[tuple[str, str]]
Frequency = Callable[[str], int]  # how many texts hold a term


def analyze(text: str, language: str = "") -> list[str]:
    """The search terms of a text, in order: words, lower case, without accents, stemmed as `language` (ISO 639-1) is.

    Where a script has no spaces, each two neighbouring characters are a term.
    """
    return _analyze(text, _STEMMERS.get(language, ""))


def plain_words(text: str) -> list[str]:
    """The words of a text as they stand there, in lower case, without accents; where no spaces are, each character."""
    return _run(_analyzer("", _INDIAN.search(text) is not None), text, pairs=False)


def is_function_word(word: str, stemmer: str = "english") -> bool:
    """Whether a word is one that questions are made of ("what", "did"), not about."""
    if stemmer == "english":
        return _function_terms().issuperset(_analyze(word, stemmer))
    return not _run(_function_filter(stemmer), word)


@cache
def _function_terms() -> frozenset[str]:
    return frozenset(analyze(_FUNCTION_WORDS["english"]))


def _analyze(text: str, stemmer: str) -> list[str]:
    if stemmer == "turkish":
        text = unicodedata.normalize("NFC", text).translate(_TURKISH)
    return _run(_analyzer(stemmer, _INDIAN.search(text) is not None), text)


def _run(analyzer: tantivy.TextAnalyzer, text: str, pairs: bool = True) -> list[str]:
    """The terms of `text`, with pairs of characters (or each by itself) for the scripts without spaces."""
    terms: list[str] = []
    for number, piece in enumerate(_RUN.split(unicodedata.normalize("NFC", text))):
        if number % 2:
            terms += [piece[i : i + 2] for i in range(max(1, len(piece) - 1))] if pairs else piece
        elif piece:
            with _analyzing:
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
    # Other languages have accents in their endings: "mangée" is to become "mang".
    first, second = (fold, stem) if stemmer == "english" else (stem, fold)
    return words.filter(first).filter(second).build()


@cache
def _function_filter(stemmer: str) -> tantivy.TextAnalyzer:
    """Words → those that are not on the language's lists. (By their stems, Spanish "comer" would be "cómo".)"""
    words = _words().filter(tantivy.Filter.lowercase())
    words = words.filter(tantivy.Filter.custom_stopword(_FUNCTION_WORDS[stemmer].split()))
    return (words if stemmer in _NO_LIST else words.filter(tantivy.Filter.stopword(stemmer))).build()


@cache
def _splitter() -> tantivy.TextAnalyzer:
    """Text → words as they stand there."""
    return _words().build()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question: the search terms that it is in the languages of an index.

    Words that share a term are one word. `written` is the word as it first stands there, and `is_function` marks one
    that the question is made of, not about. `also` is as in QueryTerm.
    """

    forms: frozenset[str]
    written: str
    is_function: bool
    also: tuple[tuple[frozenset[str], ...], ...] = ()


def read_question(text: str, languages: Iterable[str], acronyms: Acronyms = ()) -> tuple[Word, ...]:
    """The words of a question, in order, read in each of the `languages` of an index: it is too short to tell its own.

    `acronyms` are pairs of a short and a long form in plain words: where the text has one, it means the other too.
    """
    return _read(text, _stemmers(languages), tuple(acronyms))


def forms_of(word: str, languages: Iterable[str]) -> list[str]:
    """The search terms of a word, or of a few, in each of these languages."""
    return _forms(word, _stemmers(languages))


def query_terms(words: Sequence[Word], frequency: Frequency, count: int) -> tuple[QueryTerm, ...]:
    """The words of a question that say what it is about; function words only where there is nothing else.

    `frequency` is asked how many of the `count` texts hold a term, for the forms of the words and for nothing else.
    """
    about = tuple(_weighed(word, frequency, count) for word in words if not word.is_function)
    return about or tuple(replace(_weighed(word, frequency, count), says_little=True) for word in words)


def searched_terms(words: Sequence[Word], frequency: Frequency, count: int) -> list[QueryTerm]:
    """The words of a question that texts are searched for, the heaviest first. `frequency` is asked as by query_terms.

    Function words are among them: without them one chance word of a question would decide alone.
    """
    return sorted((_weighed(word, frequency, count) for word in words), key=lambda t: -t.weight)[:_MOST_SEARCHED]


def inverse_frequency(frequency: int, count: int) -> float:
    """What a term weighs that `frequency` of `count` texts hold: tantivy's ln(1 + (N − n + ½) / (n + ½))."""
    return math.log(1 + (count - frequency + 0.5) / (frequency + 0.5))


def possible_acronyms(text: str) -> tuple[set[str], set[str]]:
    """What in a question may be an acronym, and what may be spelt out of one, in plain words."""
    words = plain_words(text)[:_MOST_WORDS]
    runs = {" ".join(words[i : i + n]) for n in range(2, _LONGEST_FORM) for i in range(len(words) - n + 1)}
    # In lower case "who" and "it" are no acronyms.
    said = (word for word in _NAME.findall(text) if sum(map(str.isupper, word)) > 1 or not is_function_word(word))
    return {" ".join(plain_words(word)) for word in islice(said, _MOST_WORDS)}, runs


def _weighed(word: Word, frequency: Frequency, count: int) -> QueryTerm:
    """With the inverse document frequency of the most frequent of its forms."""
    most = min(max(map(frequency, word.forms)), count)  # removed texts may still be among those that hold it
    return QueryTerm(word.forms, inverse_frequency(most, count), word.written, also=word.also)


def _stemmers(languages: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_STEMMERS.get(language, "") for language in languages}))


def _forms(word: str, stemmers: Iterable[str]) -> list[str]:
    return [form for stemmer in stemmers for form in _analyze(word, stemmer)]


@lru_cache(_KEPT)
def _read(text: str, stemmers: tuple[str, ...], acronyms: tuple[tuple[str, str], ...]) -> tuple[Word, ...]:
    found: list[tuple[list[str], list[str]]] = []  # the forms of each word, and how it is written
    place: dict[str, int] = {}
    for word in _run(_splitter(), text):
        forms = _forms(word, stemmers)
        if not forms:
            continue
        number = next((place[form] for form in forms if form in place), len(found))
        if number == len(found):
            found.append(([], []))
        found[number][0].extend(forms)
        found[number][1].append(word)
        place.update((form, number) for form in forms if form not in place)
    left_out = _function_words([word for _, words in found for word in words], stemmers)
    said = _said_otherwise(text, acronyms, stemmers)
    return tuple(
        Word(
            frozenset(forms),
            words[0],
            left_out.issuperset(words),
            tuple(dict.fromkeys(groups for form in forms for groups in said.get(form, ()))),
        )
        for forms, words in found
    )


def _said_otherwise(
    text: str, acronyms: Acronyms, stemmers: Sequence[str]
) -> dict[str, list[tuple[frozenset[str], ...]]]:
    """Of each form in `text` that belongs to an acronym or to what one stands for, the other way to say it.

    Function words are not asked of a text: "Organisation of Bees" may be called the Bees' Organisation.
    """
    said: dict[str, list[tuple[frozenset[str], ...]]] = {}
    words = f" {' '.join(plain_words(text))} "
    for short, long in acronyms:
        about = [word for word in long.split() if not is_function_word(word)] or long.split()
        groups = tuple(frozenset(_forms(word, stemmers)) for word in about)
        other = (frozenset(_forms(short, stemmers)),)
        if f" {short} " in words:
            said.setdefault(min(other[0]), []).append(groups)
        if f" {long} " in words:
            for group in groups:
                said.setdefault(min(group), []).append(other)
    return said


def _function_words(words: Sequence[str], stemmers: Sequence[str]) -> frozenset[str]:
    """Those of a question's words that it is made of in its language: the one that knows most of them as such.

    (In German "die" is an article and in an English question it may be what is asked. Where languages know
    equally many, a word must be one in all of them.)
    """
    known = [
        frozenset(word for word in words if is_function_word(word, stemmer))
        for stemmer in stemmers
        if stemmer in _FUNCTION_WORDS
    ]
    most = max(map(len, known), default=0)
    return frozenset.intersection(*(found for found in known if len(found) == most)) if most else frozenset()
