"""Word search: BM25 over stemmed terms; the only home of tantivy.

It knows nothing about embeddings. The stored number of each text is its passage id. BM25 is tantivy's
(k1 1.2, b 0.75); the inverse document frequency is its formula, ln(1 + (N − n + ½) / (n + ½)).
"""

from __future__ import annotations

import contextlib
import math
import re
import shutil
import tempfile
import threading
import unicodedata
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from .errors import StoreError
from .types import QueryTerm, Vectors

_FIELD_TOKENIZER = "terms"
_HEAP_BYTES = 64_000_000
# Words of a question beyond this many are dropped, the commonest first: a pasted page stays fast.
_MOST_TERMS = 64

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
_analyzing = threading.Lock()

Acronyms = Sequence[tuple[str, str]]


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


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False, tokenizer_name=_FIELD_TOKENIZER, index_option="freq")
    builder.add_text_field("words", stored=False, tokenizer_name=_FIELD_TOKENIZER, index_option="position")
    builder.add_unsigned_field("id", fast=True, indexed=True)
    return builder.build()


def write_index(folder: Path, texts: Iterable[tuple[str, str]]) -> None:
    """Index texts, each with its language, in a new folder; the first has id 0.

    What is stored are their terms, so that one field (and one inverse document frequency) serves all languages, and in
    another field their words with their positions. One segment, so equal input gives equal scores.
    """
    folder.mkdir(parents=True)
    _write(tantivy.Index(_schema(), path=str(folder)), [], enumerate(texts))


def extend_index(folder: Path, old: Path, removed: Sequence[int], texts: Iterable[tuple[int, tuple[str, str]]]) -> None:
    """Index in a new folder what `old` holds, without the texts with the ids `removed`, and these with their ids.

    Texts come with their languages. Scores are those of an index that is written at once, but that the removed texts
    still count in how frequent terms are.
    """
    shutil.copytree(old, folder, ignore=shutil.ignore_patterns("*.lock"))
    _write(tantivy.Index.open(str(folder)), removed, texts)


def _write(index: tantivy.Index, removed: Sequence[int], texts: Iterable[tuple[int, tuple[str, str]]]) -> None:
    _register(index)
    writer = index.writer(_HEAP_BYTES, 1)
    if removed:
        writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "id", list(removed)))
    for number, (text, language) in texts:
        document = tantivy.Document()
        document.add_text("text", " ".join(analyze(text, language)))
        document.add_text("words", " ".join(plain_words(text)))
        document.add_unsigned("id", number)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer(_FIELD_TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


class LexicalIndex:
    """An index read from disk; `languages` are those of its texts. Searching is safe from several threads."""

    def __init__(self, folder: Path, languages: Iterable[str] = ("",)) -> None:
        self._name = folder.name
        self._stemmers = sorted({_STEMMERS.get(language, "") for language in languages})
        with self._reading():
            index = self._open(folder)
            _register(index)
            self._searcher = index.searcher()
        self._schema = _schema()

    def _open(self, folder: Path) -> tantivy.Index:
        try:
            return tantivy.Index.open(str(folder))
        except (ValueError, OSError) as error:
            if "Lockfile" not in str(error):
                raise
        # tantivy takes a lock even to read. Where the index may only be read, it takes it beside links to it.
        links = Path(tempfile.mkdtemp(prefix="qa-lexical-"))
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (links / path.name).symlink_to(path.resolve())
        return tantivy.Index.open(str(links))

    def count(self) -> int:
        return int(self._searcher.num_docs)

    def query_terms(self, text: str, acronyms: Acronyms = ()) -> tuple[QueryTerm, ...]:
        """The words of `text` that say what it is about; function words only where there is nothing else.

        `acronyms` are pairs of a short and a long form in plain words: where the text has one, it means the other too.
        """
        terms = self._terms(text, acronyms)
        left_out = self._function_words([word for _, words in terms for word in words])
        about = tuple(term for term, words in terms if not left_out.issuperset(words))
        return about or tuple(replace(term, says_little=True) for term, _ in terms)

    def search(
        self, text: str, k: int, acronyms: Acronyms = (), phrases: Sequence[str] = (), excluded: Sequence[str] = ()
    ) -> tuple[NDArray[np.int64], Vectors]:
        """The ids and BM25 scores of the best `k` texts that hold a word of `text`, best first.

        Each holds all `phrases` and none of `excluded`. Function words are searched for too: without them one chance
        word of a question would decide alone.
        """
        terms = sorted((term for term, _ in self._terms(text, acronyms)), key=lambda term: -term.weight)[:_MOST_TERMS]
        if not terms or not self.count():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, self._clause(term)) for term in terms])
        if phrases or excluded:
            must = [(tantivy.Occur.Must, tantivy.Query.const_score_query(self._phrase(words), 0)) for words in phrases]
            must_not = [(tantivy.Occur.MustNot, self._phrase(words)) for words in excluded]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *must, *must_not])
        return self._found(query, k)

    def holding(self, phrase: str) -> NDArray[np.int64]:
        """The ids of all texts that hold these words, one behind the other, in any case and with or without accents."""
        return self._found(tantivy.Query.const_score_query(self._phrase(phrase), 0), self.count())[0]

    def is_known(self, word: str) -> bool:
        """Whether a text holds a word, in any of its forms."""
        return any(self._frequency("text", form) for form in self._forms(word))

    def frequency(self, word: str) -> int:
        """How many texts hold a word just so, in lower case and without accents."""
        return self._frequency("words", word)

    def beginning(self, start: str) -> list[tuple[str, int]]:
        """All words with this beginning, and how many texts hold each."""
        with self._reading():
            return list(self._searcher.terms_with_prefix("words", start))

    def _found(self, query: tantivy.Query, k: int) -> tuple[NDArray[np.int64], Vectors]:
        if not self.count():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        with self._reading():
            hits = self._searcher.search(query, min(k, self.count()), count=False).hits
            ids = np.array(self._searcher.fast_field_values("id", [address for _, address in hits]), dtype=np.int64)
        return ids, np.array([score for score, _ in hits], dtype=np.float32)

    def _phrase(self, text: str) -> tantivy.Query:
        words = plain_words(text)
        if not words:  # signs alone, which are nowhere
            return tantivy.Query.empty_query()
        if len(words) == 1:
            return tantivy.Query.term_query(self._schema, "words", words[0])
        return tantivy.Query.phrase_query(self._schema, "words", list(words))

    def _clause(self, term: QueryTerm) -> tantivy.Query:
        """The best of a word's forms: a word is counted once, in whichever language or way a text says it."""
        forms = [self._form(form) for form in sorted(term.forms)]
        for groups in term.also:
            every = [(tantivy.Occur.Must, self._any(sorted(group))) for group in groups]
            forms.append(tantivy.Query.const_score_query(tantivy.Query.boolean_query(every), term.weight))
        return forms[0] if len(forms) == 1 else tantivy.Query.disjunction_max_query(forms)

    def _any(self, forms: Sequence[str]) -> tantivy.Query:
        return tantivy.Query.disjunction_max_query([self._form(form) for form in forms])

    def _form(self, form: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, "text", form, "freq")

    def _terms(self, text: str, acronyms: Acronyms = ()) -> list[tuple[QueryTerm, list[str]]]:
        """The words of a question, those together that share a form, and of each the forms as one term."""
        # A question is too short to tell its language by, so it is read in each language of the index.
        found: list[tuple[list[str], list[str]]] = []
        place: dict[str, int] = {}
        for word in _run(_splitter(), text):
            forms = self._forms(word)
            if not forms:
                continue
            number = next((place[form] for form in forms if form in place), len(found))
            if number == len(found):
                found.append(([], []))
            found[number][0].extend(forms)
            found[number][1].append(word)
            place.update((form, number) for form in forms if form not in place)
        said = self._said_otherwise(text, acronyms)
        terms = []
        for forms, words in found:
            also = tuple(dict.fromkeys(groups for form in forms for groups in said.get(form, ())))
            terms.append((QueryTerm(frozenset(forms), self._weight(forms), words[0], also=also), words))
        return terms

    def _said_otherwise(self, text: str, acronyms: Acronyms) -> dict[str, list[tuple[frozenset[str], ...]]]:
        """Of each form in `text` that belongs to an acronym or to what one stands for, the other way to say it.

        Function words are not asked of a text: "Organisation of Bees" may be called the Bees' Organisation.
        """
        said: dict[str, list[tuple[frozenset[str], ...]]] = {}
        words = f" {' '.join(plain_words(text))} "
        for short, long in acronyms:
            about = [word for word in long.split() if not is_function_word(word)] or long.split()
            groups = tuple(frozenset(self._forms(word)) for word in about)
            other = (frozenset(self._forms(short)),)
            if f" {short} " in words:
                said.setdefault(min(other[0]), []).append(groups)
            if f" {long} " in words:
                for group in groups:
                    said.setdefault(min(group), []).append(other)
        return said

    def _forms(self, word: str) -> list[str]:
        return [form for stemmer in self._stemmers for form in _analyze(word, stemmer)]

    def _weight(self, forms: Iterable[str]) -> float:
        """The inverse document frequency of the most frequent of these forms."""
        frequency = max(self._frequency("text", form) for form in set(forms))
        frequency = min(frequency, self.count())  # removed texts may still be among those that hold it
        return math.log(1 + (self.count() - frequency + 0.5) / (frequency + 0.5))

    def _frequency(self, field: str, term: str) -> int:
        with self._reading():
            return int(self._searcher.doc_freq(field, term))

    def _function_words(self, words: Sequence[str]) -> frozenset[str]:
        """Those of a question's words that it is made of in its language: the one that knows most of them as such.

        (In German "die" is an article and in an English question it may be what is asked. Where languages know
        equally many, a word must be one in all of them.)
        """
        known = [
            frozenset(word for word in words if is_function_word(word, stemmer))
            for stemmer in self._stemmers
            if stemmer in _FUNCTION_WORDS
        ]
        most = max(map(len, known), default=0)
        return frozenset.intersection(*(found for found in known if len(found) == most)) if most else frozenset()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Turns what tantivy raises for damaged files, its panics included, into a StoreError."""
        try:
            yield
        except BaseException as error:
            # (A TypeError: it gives no number where it cannot read one.)
            if isinstance(error, (ValueError, OSError, TypeError)) or type(error).__name__ == "PanicException":
                raise StoreError(f"{self._name}/ is damaged: run `qa build --full`.") from error
            raise
