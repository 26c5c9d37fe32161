"""Text → the code of the language that it is written in; and what languages are called.

It knows nothing about documents or indexes; the verdicts are those of py3langid.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import numpy as np
from py3langid.langid import LanguageIdentifier

# What `detect` can say, by ISO 639-1. Of what py3langid tells apart, languages without such a code are left out (to
# them English with many names goes wrong most often), and Volapük, which lists of numbers look like to it.
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
_NORWEGIAN = {"nb": "no", "nn": "no"}  # one language to the stemmer, and to who reads the list of files
_NO_LANGUAGE = "zxx"  # ISO 639's code for what is none, such as code

# A text is judged by its opening or, if it is long, by four parts of it: one language must have the most of them.
_PARTS, _PART_CHARACTERS = 4, 300
# Below this many bytes of letters in UTF-8 a part is not judged: bytes, as scripts of more bytes say more in a letter …
_LEAST_BYTES = 60
# … unless half its letters are of a script that one language has for itself.
_OWN_SCRIPT = re.compile(
    r"[\u0370-\u03ff\u0530-\u05ff\u0a80-\u0dff\u0e00-\u0eff\u10a0-\u10ff\u1780-\u17ff\u3040-\u30ff\uac00-\ud7a3]"
)
_LEAST_OWN = 4
_LEAST_PROBABILITY = 0.5
# Addresses, code and numbers are of no language.
_FOREIGN = re.compile(r"://|www\.|[@_\\{}<>=|`]")
_NUMBER = re.compile(r"\d+")


def detect(text: str) -> str:
    """The ISO 639-1 code of the language of `text`; empty where it can't be told: too short, mixed, code, numbers."""
    number = min(_PARTS, max(1, len(text) // _PART_CHARACTERS))
    starts = [part * (len(text) - _PART_CHARACTERS) // max(1, number - 1) for part in range(number)]
    parts = [text[start : start + _PART_CHARACTERS] for start in starts]
    verdicts = Counter(filter(None, map(_detect_part, parts)))
    best, votes = next(iter(verdicts.most_common(1)), ("", 0))
    return best if 2 * votes > verdicts.total() else ""


def language_name(code: str) -> str:
    """What a language is called in English: `de` → `German`; a code that is not known stays what it is."""
    return _NAMES.get(known_code(code), code)


def known_code(code: str) -> str:
    """The code in the form that `detect` gives: `nb` → `no`, `zh-Hant` → `zh`."""
    short = code.lower().replace("_", "-").partition("-")[0]
    return _NORWEGIAN.get(short, short)


def _detect_part(text: str) -> str:
    text = _NUMBER.sub(" ", " ".join(word for word in text.split() if not _FOREIGN.search(word)))
    letters = "".join(filter(str.isalpha, text))
    own = len(_OWN_SCRIPT.findall(letters))
    if len(letters.encode("utf-8", "ignore")) < _LEAST_BYTES and own < max(_LEAST_OWN, len(letters) / 2):
        return ""
    code, probability = _identifier().classify(text)
    return known_code(code) if probability >= _LEAST_PROBABILITY and code != _NO_LANGUAGE else ""


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """The model, which takes half a second to unpack; its file is of NumPy's own format, without pickle."""
    identifier = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    identifier.set_languages([*_NAMES, "nn", _NO_LANGUAGE])
    identifier.nb_ptc = np.ascontiguousarray(identifier.nb_ptc)  # the chosen columns are left apart: half as fast
    return identifier
