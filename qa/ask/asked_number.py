"""Tells whether a question asks for a number or a date, in many languages, and whether a text has one."""

from __future__ import annotations

import re

_ENGLISH = re.compile(
    r"\b(?:how (?:many|much|long|old|far|often|tall|big|large)|when"
    r"|what (?:year|date|time|number|percentage|rate|amount|price|cost)|which (?:year|quarter))\b",
    re.I,
)
# "How many", "how much", "how long", "when" and "in which year".
_OTHERS = re.compile(
    r"\b(?:wie ?viele?r?|wann|welche[ms] jahr|wie (?:lange?|alt|hoch|groß|weit|oft|teuer|schwer|schnell)"  # German
    r"|hoeveel|wanneer|welk jaar|hoe (?:lang|oud|hoog|groot)"  # Dutch
    r"|combien|quand|quelle année|quel âge|cu[áa]nt[oa]s?|cu[áa]ndo|qué año"  # French, Spanish
    r"|quant[oaie]s?|quando|(?:che|quale) anno|(?:que|qual) ano"  # Italian, Portuguese
    r"|câ[tț][eiăa]?|când|ce an|kuinka (?:monta|paljon)|milloin|montako"  # Romanian, Finnish
    r"|сколько|когда|как(?:ом|ой|их) год(?:у|а|ах)?|скільки|коли|πόσ\w+|πότε"  # Russian, Ukrainian, Greek
    r"|kaç\w*|ne zaman|hangi (?:yıl|tarih)\w*|ne kadar|bao nhiêu|khi nào|năm nào|mấy"  # Turkish, Vietnamese
    r"|كم|متى|[أا]ي (?:عام|سنة)|چند|چه سالی|چه زمانی|چقدر)\b"  # Arabic, Persian
    r"|कितन|कब |किस (?:वर्ष|साल)|กี่|เท่าไร|เท่าไหร่|เมื่อไร|เมื่อใด|ปีใด"  # Hindi, Thai
    r"|多少|几|幾|哪一?年|何[时時]|什[么麼][时時][候]|多[长長大高久]"  # Chinese
    r"|いつ|何[年人個回度歳本枚月日円倍分歩]|いくつ|いくら|どのくらい|どれくらい|몇|언제|얼마",  # Japanese, Korean
    re.I,
)
_DIGIT = re.compile(r"\d")
_NUMERAL = re.compile(r"[\d〇零一二三四五六七八九十百千万萬億亿两兩]")


def asks_for_number(question: str, language: str) -> bool:
    """Whether a question asks for a number or a date, of a text in this language; it may be in English too."""
    if _ENGLISH.search(question) is not None:
        return True
    return not _is_english(language) and _OTHERS.search(question) is not None


def has_number(text: str, language: str) -> bool:
    """Whether a text in this language contains a number, in digits or in Chinese characters."""
    return (_DIGIT if _is_english(language) else _NUMERAL).search(text) is not None


def _is_english(language: str) -> bool:
    return language in ("", "en")
