"""Tells whether a sentence limits the one before it: an exception, a condition, or what is not covered.

A limit is announced ("However, …"), restricts "this" ("This does not apply …"), or denies for a case what the sentence
before it says ("You do not have to pay if …").
"""

from __future__ import annotations

import re
from functools import cache

from .terms import analyze

_MARK = r"\W*(?:(?:\(?[a-z]{1,4}\)|\(?\d+(?:\.\d+)*[.)]?|[a-z][.)])\s+)?"  # before a list's item or a numbered clause
# What each language begins a limit with.
_OPENINGS = {
    "en": (
        r"(?:however|but|nevertheless|nonetheless|notwithstanding|except (?:that|for|if|when|in)|unless|only if|"
        r"exceptions?(?! of)|exclusions?:|provided(?:,? that|,? however)|save (?:that|for|where)|"
        r"nothing in (?:the foregoing|this (?:section|paragraph|clause|sentence|article)))\b"
    ),
    "de": (
        r"(?:(?:jedoch|allerdings|ausgenommen|ausnahmen?|es sei denn|außer|aber|sofern|vorausgesetzt|ungeachtet|"
        r"nur wenn)\b|"
        r"(?:dies(?:e[rs]?)?|das|sie|er|es|satz \d)\b[^.;:]{0,60}?\b(?:gilt|gelten|betrifft|umfasst|greift)\b"
        r"[^.;:]{0,60}?\b(?:nicht|nur)\b)"
    ),
    "es": (
        r"(?:(?:sin embargo|no obstante|pero|excepto|salvo|a menos que|excepci(?:ón|ones)|siempre que|solo si)\b|"
        r"(?:est[aoe]s?|ell[ao]s?)\b[^.;:]{0,60}?\bno (?:se aplica|se aplicará|será|incluye|cubre))"
    ),
    "fr": (
        r"(?:(?:toutefois|cependant|néanmoins|mais|sauf|excepté|à moins que|exceptions?|à condition que|pourvu que)\b|"
        r"(?:cel[ai]|ceci|cette|ces?|elles?|ils?)\b[^.;:]{0,60}?\bne (?:s['’]appliqu|sont pas|concern|compren))"
    ),
}
# The same at another place of the sentence.
_ELSEWHERE = {
    "en": r",? however\b",
    "de": r"\b(?:jedoch|allerdings)\b",
    "es": r",? sin embargo\b",
    "fr": r",? (?:toutefois|cependant)\b",
}
_EARLY, _LATE = 60, 12  # characters at the beginning and the end in which a "however" speaks of the whole sentence

# What restricts something that was just said, in English.
_NAMED = (
    r"(?:rule|offer|exception|exemption|limit|provision|obligation|requirement|restriction|right|benefit|discount|service|"
    r"function|feature|option|setting|control)s?"
)
_THIS = (
    r"(?:this|these|that|those|it|they|such \w+|some(?: \w+){1,2}|other(?: \w+){1,2}|"
    rf"the (?:foregoing|above|same|previous|preceding|{_NAMED}))"
)
_NOT = r"(?:do not|does not|don['’]t|doesn['’]t|shall not|will not|won['’]t|may not|must not|is not|are not|cannot)"
_EXEMPT = re.compile(
    rf"{_MARK}{_THIS}\b[^.;:]{{0,60}}?\b{_NOT}\b[^.;:]{{0,40}}?\b(?:appl|affect|includ|cover|exten|prevent|count|prohibit)",
    re.IGNORECASE,
)
_RESTRICTED = re.compile(
    rf"{_MARK}(?:{_THIS}\b[^.;:]{{0,60}}?\b{_NOT}\b[^.;:]{{0,40}}?\b(?:limit(?!ed to)|restrict|relate|entitl|valid|"
    r"available|supported|permitted|required|guaranteed|be used|work)"
    rf"|{_THIS}\b[^.;:]{{0,50}}?\b(?:(?:is|are|will be|shall be|can be|may be) (?:(?:available )?only|limited to)|"
    r"appl(?:y|ies) only|only (?:appl|cover|relat|work)|shall be for [^.;:]{1,40} only)"
    r"|you(?:['’]ll| can| may| will)? only (?:be allowed to \w+|\w+) (?:this|it|that)\b"
    r"|[^.;:]{3,60}\b(?:is|are) not (?:included|covered)\b)",
    re.IGNORECASE,
)
# A denial with what is denied ("do not normally have to pay"), and the case in which it is.
_DENIED = re.compile(
    r"\b(?:(?:do|does|need|can|could|may|must|will|shall|is|are)(?: not|n['’]t)|cannot)\b"
    r"(?: (?:normally|usually|generally|also|always|have|need|to|be))*(?: (?P<what>\w+))",
    re.IGNORECASE,
)
_CASE = re.compile(r"\b(?:if|unless|when|where|while|until|on:)\b|:\s", re.IGNORECASE)
_LEAST_SHARED = 2  # words that a denial has in common with what it denies


def limits(following: str, said: str, language: str = "en") -> bool:
    """Whether `following`, the sentence after `said`, limits it. In a language without rules, none does."""
    if language not in _OPENINGS:
        return False
    opening, elsewhere = _patterns(language)
    if opening.match(following) or elsewhere.search(following[:_EARLY]) or elsewhere.search(following[-_LATE:]):
        return True
    if language != "en":
        return False
    if _EXEMPT.match(following):
        return True
    return not _DENIED.search(said) and (bool(_RESTRICTED.match(following)) or _denies(following, said))


def _denies(following: str, said: str) -> bool:
    """Whether a sentence denies, for some case, what the one before says of the same thing."""
    denied = _DENIED.search(following[:_EARLY])
    if denied is None or not _CASE.search(following, denied.end()):
        return False
    if _CASE.search(following, 0, denied.start()):
        return False  # "If you do not …" denies nothing
    before = {*analyze(said, "en")}
    return (
        before.issuperset(analyze(denied["what"], "en")) and len(before & {*analyze(following, "en")}) >= _LEAST_SHARED
    )


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    opening = re.compile(f"{_MARK}{_OPENINGS[language]}", re.IGNORECASE)
    return opening, re.compile(_ELSEWHERE[language], re.IGNORECASE)
