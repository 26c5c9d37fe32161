"""Detects the language of a text, with py3langid, and names languages in English."""

from __future__ import annotations

import lzma
import re
import threading
from array import array
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any
from unicodedata import name

import numpy as np
from py3langid.langid import MODEL_DIR, LanguageIdentifier

# The languages that `detect` returns, by ISO 639-1 code. Of those that py3langid knows, languages without such a code
# are left out (English with many names is most often mistaken for one), and Volapük (as are lists of numbers).
_NAMES = {
    "af": "Afrikaans", "am": "Amharic", "an": "Aragonese", "ar": "Arabic", "as": "Assamese", "az": "Azerbaijani",
    "ba": "Bashkir", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "br": "Breton", "bs": "Bosnian",
    "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "dz": "Dzongkha", "el": "Greek",
    "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fo": "Faroese", "fr": "French", "fy": "West Frisian", "ga": "Irish", "gd": "Scottish Gaelic",
    "gl": "Galician", "gu": "Gujarati", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "ht": "Haitian Creole", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "ig": "Igbo", "is": "Icelandic",
    "it": "Italian", "ja": "Japanese", "jv": "Javanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer",
    "kn": "Kannada", "ko": "Korean", "ku": "Kurdish", "ky": "Kyrgyz", "la": "Latin", "lb": "Luxembourgish",
    "lg": "Ganda", "ln": "Lingala", "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian", "mg": "Malagasy",
    "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese",
    "my": "Burmese", "ne": "Nepali", "nl": "Dutch", "no": "Norwegian", "oc": "Occitan", "om": "Oromo", "or": "Odia",
    "pa": "Punjabi", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "qu": "Quechua", "ro": "Romanian",
    "ru": "Russian", "rw": "Kinyarwanda", "sa": "Sanskrit", "se": "Northern Sami", "si": "Sinhala", "sk": "Slovak",
    "sl": "Slovenian", "sn": "Shona", "so": "Somali", "sq": "Albanian", "sr": "Serbian", "st": "Southern Sotho",
    "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "tg": "Tajik", "th": "Thai", "tk": "Turkmen",
    "tl": "Tagalog", "tr": "Turkish", "tt": "Tatar", "ug": "Uyghur", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "vi": "Vietnamese", "wa": "Walloon", "xh": "Xhosa", "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip
# Of these, those that are written in another script than the Latin one (Serbian in both).
NOT_LATIN = frozenset({
    "am", "ar", "as", "ba", "be", "bg", "bn", "dz", "el", "fa", "gu", "he", "hi", "hy", "ja", "ka", "kk", "km",
    "kn", "ko", "ky", "lo", "mk", "ml", "mn", "mr", "my", "ne", "or", "pa", "ps", "ru", "sa", "si", "sr", "ta",
    "te", "tg", "th", "tt", "ug", "uk", "ur", "zh",
})  # fmt: skip
_NORWEGIAN = {"nb": "no", "nn": "no"}  # one language to the stemmer, and in the list of files
_NO_LANGUAGE = "zxx"  # the code of ISO 639-2 for no linguistic content

# The language is detected from the start of a text or, if it is long, from four samples: a majority must agree.
_SAMPLES, _SAMPLE_CHARACTERS = 4, 300
# A sample needs this many bytes of letters in UTF-8 (bytes, since letters of scripts with more bytes tell more) …
_MIN_BYTES = 60
# … unless half its letters are of a script that only one language uses.
_UNIQUE_SCRIPT = re.compile(
    r"[\u0370-\u03ff\u0530-\u05ff\u0a80-\u0dff\u0e00-\u0eff\u10a0-\u10ff\u1780-\u17ff\u3040-\u30ff\uac00-\ud7a3]"
)
_MIN_UNIQUE = 4
_MIN_PROBABILITY = 0.5
# Addresses, code and numbers belong to no language.
_FOREIGN = re.compile(r"://|www\.|[@_\\{}<>=|`]")
_NUMBER = re.compile(r"\d+")
_unpacking = threading.Lock()


def detect(text: str) -> str:
    """The ISO 639-1 code of the language of `text`; empty if it is too short, mixed, or code or numbers."""
    return detect_from_samples(samples(text))


def samples(text: str) -> list[str]:
    """At most four short parts of a text, from which its language is detected."""
    number = min(_SAMPLES, max(1, len(text) // _SAMPLE_CHARACTERS))
    starts = [index * (len(text) - _SAMPLE_CHARACTERS) // max(1, number - 1) for index in range(number)]
    return [text[start : start + _SAMPLE_CHARACTERS] for start in starts]


def detect_from_samples(texts: Sequence[str]) -> str:
    """The result of `detect` for a text with these samples."""
    verdicts: Counter[str] = Counter()
    for text in texts:
        if verdict := _detect_sample(text):
            verdicts[verdict] += 1
            if 2 * verdicts[verdict] > len(texts):
                return verdict  # whatever the others say
    best, votes = next(iter(verdicts.most_common(1)), ("", 0))
    return best if 2 * votes > verdicts.total() else ""


def detect_question(text: str) -> str:
    """As `detect`, for a question, which may be as short as it likes."""
    return _classify(_NUMBER.sub(" ", text))


def is_latin(text: str) -> bool:
    """Whether at least half the letters of a text are Latin; true without letters."""
    letters = list(filter(str.isalpha, text))
    return 2 * sum(name(letter, "").startswith("LATIN") for letter in letters) >= len(letters)


def language_name(code: str) -> str:
    """The English name of a language: `de` → `German`; an unknown code is returned unchanged."""
    return _NAMES.get(known_code(code), code)


def known_code(code: str) -> str:
    """The code in the form that `detect` returns: `nb` → `no`, `zh-Hant` → `zh`."""
    short = code.lower().replace("_", "-").partition("-")[0]
    return _NORWEGIAN.get(short, short)


def _detect_sample(text: str) -> str:
    text = _NUMBER.sub(" ", " ".join(word for word in text.split() if not _FOREIGN.search(word)))
    letters = "".join(filter(str.isalpha, text))
    unique = len(_UNIQUE_SCRIPT.findall(letters))
    if len(letters.encode("utf-8", "ignore")) < _MIN_BYTES and unique < max(_MIN_UNIQUE, len(letters) / 2):
        return ""
    return _classify(text)


def _classify(text: str) -> str:
    """The code of the likeliest language; empty if it is not likely enough."""
    with _unpacking:  # the first two questions at once would unpack it twice
        identifier = _identifier()
    code, probability = identifier.classify(text)
    return known_code(code) if probability >= _MIN_PROBABILITY and code != _NO_LANGUAGE else ""


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """The model, which takes half a second to unpack; its file is in NumPy's format, without pickle.

    py3langid itself unpacks it through a temporary file of 68 MB, for which a disk may lack room.
    """
    with lzma.open(MODEL_DIR / "data" / "model.npz.xz") as file:
        model = np.load(BytesIO(file.read()), allow_pickle=False)
    wanted, classes = {*_NAMES, "nn", _NO_LANGUAGE}, model["classes"].tolist()
    columns = [number for number, code in enumerate(classes) if code in wanted]
    # `set_languages` would also keep those of all languages; columns that are strided are half as fast.
    return LanguageIdentifier(
        np.ascontiguousarray(model["ptc"][:, columns]),
        model["pc"][columns],
        [classes[number] for number in columns],
        *(_array(model["nextmove"]), model["out_feat"].tolist()),
        norm_probs=True,
        tk_row=_array(model["nextmove_row"]),
    )


def _array(numbers: np.ndarray[Any, Any]) -> array[int]:
    """Numbers that Python reads one at a time, twice as fast as from NumPy."""
    result = array("I")
    result.frombytes(np.ascontiguousarray(numbers, np.uint32).data.cast("B"))
    return result
