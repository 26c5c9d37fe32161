"""Tells whether a sentence limits the one before it: an exception, a condition, or what is not covered.

A limit is announced ("However, …"), restricts "this" ("This does not apply …"), or denies for a case what the sentence
before it says ("You do not have to pay if …"). A sentence that says nothing to be limited (a number, a heading, "For
more information, see …") has none, and an exception that limits the rest of its own sentence ("Unless we agree
otherwise, you pay the postage") limits no other.
"""

from __future__ import annotations

import re
from functools import cache

from .terms import analyze

_MARK = r"\W*(?:(?:\(?[a-z]{1,4}\)|\(?\d+(?:\.\d+)*[.)]?|[a-z][.)])\s+)?"  # before a list's item or a numbered clause
# What each language begins a limit with.
_OPENINGS = {
    "en": (
        r"(?:however(?! (?:long|much|many|often|far|small|large|it happens)\b)|but|nevertheless|"
        r"nonetheless|notwithstanding|except (?:that|for|if|when|in)|unless|only if|exceptions?(?! (?:of|for)\b)|"
        r"exclusions?(?=:)|provided(?:,? that|,? however)|save (?:that|for|where)|"
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
    "en": r"(?<![;\s])(?:, however\b| however(?=[,.]))",
    "de": r"\b(?:jedoch|allerdings)\b",
    "es": r",? sin embargo\b",
    "fr": r",? (?:toutefois|cependant)\b",
}
_EARLY, _LATE = 60, 12  # characters at the beginning and the end in which a "however" speaks of the whole sentence

# What begins like a limit in English and is none: an exception to the rest of its own sentence, advice, and a contrast
# that names no condition, duty, denial, exception or number ("But the roots of our work reach further back").
_OWN = re.compile(
    rf"{_MARK}(?:unless|except)\b[^.;:]*?, ?(?:(?:but|and)\b[^,.;:]*, )?(?:(?:you|we|they|it|he|she|i)\b|"
    r"(?:the|an?|this|these|that|those|no|any|all|each|every|neither|either|both|your|our|its|their|[a-z]+) "
    r"[^.;:]*\b(?:is|are|was|were|will|shall|must|may|can|cannot|should|would|has|have|do|does)\b)",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    rf"{_MARK}(?:however|but|nevertheless|nonetheless),? (?:"
    r"you should (?:make sure|be sure|review|read|check|consider)|"
    r"we (?:\w+ly )?(?:encourage|recommend|advise|suggest|urge|seek|strive|endeavou?r|try|aim))\b",
    re.IGNORECASE,
)
_CONTRAST = re.compile(rf"{_MARK}(?:however|but|nevertheless|nonetheless)\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:if|when(?:ever)?|unless|until|not|cannot|no|none|nothing|nobody|never|neither|only|must|"
    r"needs?|ha(?:ve|s) to|required?|may|"
    r"might|shall|should|some|certain|cases?|except|other than|limited|subject to|special|fees?|charges?|depend\w*|"
    r"differ\w*|var(?:y|ies)|exclu\w+|exempt\w*|restrict\w*|prohibit\w*|expire\w*|reserve\w*|surviv\w+|\d+)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
# What says nothing that could be limited: a reference to another text, a number or a heading.
_REFERENCE = re.compile(
    rf"^{_MARK}(?:for (?:more|further)\s+(?:information|details?)|see|refer to|read (?:this|these|the))\b",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"\s*#|\s*\d+(?:\.\d+)*[.)]?\s+(?:[^\W\d_][\w'’-]*,? ?){1,10}$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FEWEST_WORDS, _LONGEST_HEADING = 2, 5
_LOWER = re.compile(r"\b(?!(?:of|and|the|in|to|for|on|under|this|or|an?|by|with|from|not)\b)[a-z]{2,}")

# What restricts something that was just said, in English.
_NAMED = (
    r"(?:rule|offer|exception|exemption|limit|provision|obligation|requirement|restriction|right|benefit|discount|service|"
    r"function|feature|option|setting|control)s?"
)
_THIS = (
    r"(?:this|these|that(?! (?:an?|any|all|each|no|the|these|this|it|they|we|you)\b)|those|it|they|such \w+|"
    rf"some(?: \w+){{1,2}}|other(?: \w+){{1,2}}|the (?:foregoing|above|same|previous|preceding|{_NAMED}))"
)
_NOT = r"(?:do not|does not|don['’]t|doesn['’]t|shall not|will not|won['’]t|may not|must not|is not|are not|cannot)"
_NOT_SO = rf"{_MARK}(?:that )?{_THIS}\b[^.;:]{{0,60}}?\b{_NOT}\b(?! (?:just|only|merely)\b)[^.;:]{{0,40}}?\b"
_EXEMPT = re.compile(
    rf"{_NOT_SO}(?:appl|extend(?:s|ed)? to|prevent|prohibit|"
    r"affect(?![^.;:]*\b(?:performance|function(?:ality|s)?|lifespan|life|quality|operation)\b))",
    re.IGNORECASE,
)
_RESTRICTED = re.compile(
    rf"(?:{_NOT_SO}(?:includ|cover|count|limit(?!ed to)|restrict|relate|entitl|permitted|required)"
    rf"|{_MARK}{_THIS}\b[^.;:]{{0,50}}?\b(?:(?:is|are|will be|shall be|can be|may be) (?:(?:available )?only|"
    r"limited to)|appl(?:y|ies) only|only (?:appl|cover|relat|work)|shall be for [^.;:]{1,40} only)"
    rf"|{_MARK}you(?:['’]ll| can| may| will)? only (?:be allowed to \w+|\w+) (?:this|it|that)\b"
    rf"|{_MARK}[^.;:]{{3,60}}\b(?:is|are) not (?:included|covered)\b)",
    re.IGNORECASE,
)
# What is not to be had everywhere, which limits what is offered, and neither a duty nor another such remark.
_UNAVAILABLE = re.compile(rf"{_NOT_SO}(?:available|supported|guaranteed|valid|be used|work)", re.IGNORECASE)
_UNOFFERED = re.compile(
    r"\b(?:must|recommend|make sure|be sure|may (?:differ|vary|look|appear)|depend(?:s|ing)? on)\b", re.IGNORECASE
)
# A denial with what is denied ("do not normally have to pay"), and the case in which it is.
_DENIED = re.compile(
    r"\b(?:(?:do|does|need|can|could|may|must|will|shall|is|are)(?: not|n['’]t)|cannot)\b"
    r"(?: (?:normally|usually|generally|also|always|have|need|to|be))* (?P<what>(?!just\b|only\b|merely\b)\w+)",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(rf"{_MARK}(?:do not|don['’]t|never)\b", re.IGNORECASE)
_CASE = re.compile(r"\b(?:if|unless|when|where|while|until|on:)\b|:\s", re.IGNORECASE)
_LEAST_SHARED = 2  # words that a denial has in common with what it denies


def limits(following: str, said: str, language: str = "en") -> bool:
    """Whether `following`, the sentence after `said`, limits it. In a language without rules, none does."""
    if language not in _OPENINGS:
        return False
    opening, elsewhere = _patterns(language)
    if language != "en":
        return bool(opening.match(following) or _is_in(elsewhere, following))
    if not _says_something(said) or len(_WORD.findall(following)) < _FEWEST_WORDS:
        return False
    following, said = " ".join(following.split()), " ".join(said.split())
    if opening.match(following) or _is_in(elsewhere, following):
        return not (_OWN.match(following) or _ADVICE.match(following)) and _names_a_case(following, elsewhere)
    return bool(_EXEMPT.match(following)) or (not _DENIED.search(said) and _restricts(following, said))


def _is_in(elsewhere: re.Pattern[str], following: str) -> bool:
    """Whether a word that announces a limit stands where it speaks of the whole sentence."""
    return bool(elsewhere.search(following[:_EARLY]) or elsewhere.search(following[-_LATE:]))


def _names_a_case(following: str, elsewhere: re.Pattern[str]) -> bool:
    """Whether a sentence that is announced as a limit is more than a contrast, if it is one."""
    is_contrast = _CONTRAST.match(following) or _is_in(elsewhere, following)
    return not is_contrast or _CONDITION.search(following) is not None


def _says_something(said: str) -> bool:
    """Whether a sentence is one that can be limited, in English."""
    if _HEADING.match(said):
        return False
    if said.isupper():
        return len(_WORD.findall(said)) > _LONGEST_HEADING
    return (":" in said or _LOWER.search(said) is not None) and not _REFERENCE.search(said)


def _restricts(following: str, said: str) -> bool:
    """Whether a sentence restricts what the one before it says, which denies nothing."""
    if _UNAVAILABLE.match(following) and not _UNOFFERED.search(said):
        return True
    return bool(_RESTRICTED.match(following)) or _denies(following, said)


def _denies(following: str, said: str) -> bool:
    """Whether a sentence denies, for some case, what the one before says of the same thing."""
    denied = _DENIED.search(following[:_EARLY])
    if denied is None or _IMPERATIVE.match(following) or not _CASE.search(following, denied.end()):
        return False
    if _CASE.search(following, 0, denied.start()):
        return False  # "If you do not …" denies nothing
    before, what = {*analyze(said, "en")}, {*analyze(denied["what"], "en")}
    return bool(what) and what <= before and len(before & {*analyze(following, "en")}) >= _LEAST_SHARED


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    opening = re.compile(f"{_MARK}{_OPENINGS[language]}", re.IGNORECASE)
    return opening, re.compile(_ELSEWHERE[language], re.IGNORECASE)
