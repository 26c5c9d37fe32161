"""Recognises the one-byte encoding of a text by the letters of the language that the decoded text is in."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import islice

from ..text.languages import detect

# The most common first: of equally plausible encodings, the first is chosen.
_ENCODINGS = (
    "cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1254", "cp1257", "mac_roman", "cp850", "cp437", "cp852", "cp857",
    "cp775", "mac_latin2", "mac_turkish", "cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic", "cp1253",
    "iso8859_7", "cp737", "cp1255",
)  # fmt: skip
# The lower-case letters of each language that ASCII lacks, those of common loanwords included.
_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"
_LETTERS = {
    "cs": "áčďéěíňóřšťúůýžöü", "sk": "áäčďéíĺľňóôŕšťúýžöü", "pl": "ąćęłńóśźżöü", "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ", "tr": "çğıöşüâîû", "az": "çəğıöşü", "ru": _RUSSIAN, "bg": _RUSSIAN[:-1],
    "uk": _RUSSIAN + "іїєґ", "be": _RUSSIAN + "іў", "sr": _RUSSIAN + "ђјљњћџčćđšž", "mk": _RUSSIAN + "ѓѕјљњќџ",
    "el": _GREEK,
    "he": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "de": "äöüßé", "lb": "äëéöüßèêôû", "nl": "éëïóèêüöáíú", "af": "éëïêôûèáóúöü", "en": "éèêëàâáçïîôöüäñ",
    "fr": "àâæçéèêëîïôœùûüÿ", "oc": "àáçèéíïòóúü", "ca": "àçèéíïòóúü·", "es": "áéíñóúü", "gl": "áéíñóúüï",
    "pt": "áâãàçéêíóôõúü", "it": "àèéìíòóùúî", "da": "æøåéö", "no": "æøåéòôóäö", "sv": "åäöéàü", "fi": "äöåéšž",
    "et": "äöüõšž", "is": "áðéíóúýþæö", "fo": "áðíóúýæø", "lv": "āčēģīķļņšūžō", "lt": "ąčęėįšųūž",
    "hr": "čćđšž", "bs": "čćđšž", "sl": "čšžćđ", "sq": "ëç", "ga": "áéíóú", "eu": "ñçü", "cy": "âêîôûŵŷäëïö",
}  # fmt: skip
# A text in no certain language is compared with each of these.
_COMMON = ("de", "fr", "es", "it", "da", "sv", "pt", "cs", "pl", "hu", "ro", "tr", "ru", "el")
_LATIN_1 = frozenset("àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿß")
_MARKS = frozenset("‘’‚“”„–—…€£§°«»‹›©®™•·¿¡±×÷½¼¾²³µ´ªº№†‡‰\u00a0")
_TYPOGRAPHIC = frozenset("‘’‚“”„–—…€µ«»")
_WORDS = frozenset("àáâåæèéêíìóòôöøőùúýāēаеєжиійосувкяηήοόώ")  # words of one letter
_FREQUENT = frozenset("оеаинтсрвліαοιετσνηυρπκμλςίόάέήύώיוהלאמרתשנבם")
_IN_WORDS = frozenset("’–—·\u00ad\u00a0…/")
_FINAL = frozenset("ςךםןףץ")  # forms of letters that end a word
_LATIN_END = "\u036f"
_NOT_ASCII = re.compile(r"(?s)(?<=(.))([^\x00-\x7f])(?=(.))")
_UTF8 = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+")
_SAMPLE = 20_000  # bytes
_NEAR, _UNUSUAL = 0.3, 0.05


def guess(sample: bytes) -> tuple[str, float]:
    """The most plausible one-byte encoding of bytes that are not UTF-8, and how plausible it is: at most 1."""
    lines = sample[: 2 * _SAMPLE].split(b"\n")
    sample = b"\n".join(b"" if _is_utf8(line) else line for line in lines)[:_SAMPLE] or sample[:_SAMPLE]
    texts = {encoding: sample.decode(encoding, errors="replace") for encoding in _ENCODINGS}
    bounds = {encoding: _mean_worth(_beyond_ascii(text), None) for encoding, text in texts.items()}
    best = max(bounds, key=bounds.__getitem__)
    if bounds[best] <= 0:  # no encoding makes text of it, so no language need be detected
        return best, bounds[best]
    near = [encoding for encoding in _ENCODINGS if bounds[encoding] > bounds[best] - _NEAR]
    languages = {encoding: detect(texts[encoding]) for encoding in near}
    # The ASCII part, which all share, often tells the language: one that only a wrong letter suggests counts less.
    usual = Counter(languages.values()).most_common(1)[0][0]
    scores = {
        encoding: max(
            _plausibility(texts[encoding], language) - _UNUSUAL * (language != usual),
            _plausibility(texts[encoding], usual) - _UNUSUAL,
        )
        for encoding, language in languages.items()
    }
    best = max(near, key=scores.__getitem__)
    return best, scores[best]


def _is_utf8(line: bytes) -> bool:
    """Whether a line is UTF-8 throughout, beyond ASCII: it says nothing about the encoding of the others."""
    return not line.isascii() and _UTF8.sub(b"", line).isascii()


def decode_mixed(data: bytes, encoding: str) -> str:
    """`data` in an encoding; if it is one-byte, runs of UTF-8 are read as such where that fits better."""
    found = islice(_UTF8.finditer(data), _SAMPLE // 40)
    runs = b"\n".join(data[max(0, run.start() - 20) : run.end() + 20] for run in found)
    plain = runs.decode(encoding, errors="replace")
    mixed = _mixed(runs, encoding)
    if (
        not runs
        or encoding not in _ENCODINGS
        or _plausibility(mixed, detect(mixed)) <= _plausibility(plain, detect(plain))
    ):
        return data.decode(encoding, errors="replace")
    return _mixed(data, encoding)


def _plausibility(text: str, language: str) -> float:
    """The mean worth of the characters beyond ASCII: 1 for a letter of the language, less than 0 for misplaced ones."""
    found = _beyond_ascii(text)
    if language in _LETTERS:
        return _mean_worth(found, _LETTERS[language])
    return max(_mean_worth(found, _LETTERS[other]) for other in _COMMON) - _UNUSUAL


def _beyond_ascii(text: str) -> Counter[tuple[str, str, str]]:
    """How often each character beyond ASCII occurs between the two characters around it."""
    return Counter((match[1], match[2], match[3]) for match in _NOT_ASCII.finditer(f" {text} "))


def _mean_worth(found: Counter[tuple[str, str, str]], letters: str | None) -> float:
    total = math.fsum(number * _worth(*around, letters) for around, number in found.items())
    return total / max(1, found.total())


def _worth(before: str, character: str, after: str, letters: str | None) -> float:
    """The worth of a character between two others; without `letters`, its upper bound for all languages."""
    if character == "\ufffd" or "\x80" <= character < "\xa0":
        return -3
    if not character.isalpha() or character in _MARKS:
        if before.isalpha() and after.isalpha() and character not in _IN_WORDS:
            return -2
        if character in _TYPOGRAPHIC:
            return 1
        return -0.5 if character not in _MARKS else 0.9 if before.isalpha() or after.isalpha() else 0.97
    if (character.isupper() and (before.islower() or (before.isalpha() and after.islower()))) or (
        character.islower() and after.isupper()
    ):
        return -2  # no capital stands inside a word of small letters
    if any(other.isalpha() and (other > _LATIN_END) != (character > _LATIN_END) for other in (before, after)):
        return -2  # no word is in two scripts
    if before.isdigit() or after.isdigit():
        return -0.5
    if character in _FINAL and after.isalpha():
        return -2
    lower = character.lower()
    if letters is not None and lower not in letters:
        return -0.5 if lower in _LATIN_1 else -1
    if not before.isalpha() and not after.isalpha() and lower not in _WORDS:
        return 0.3
    if character > _LATIN_END:  # one encoding's capitals are the small letters of another: frequent letters tell
        return 1 if letters is None or lower in _FREQUENT else 0.9
    return 1 if character == lower else 0.97


def _mixed(data: bytes, encoding: str) -> str:
    parts, end = [], 0
    for run in _UTF8.finditer(data):
        parts += [data[end : run.start()].decode(encoding, errors="replace"), run[0].decode("utf-8", errors="replace")]
        end = run.end()
    return "".join([*parts, data[end:].decode(encoding, errors="replace")])
