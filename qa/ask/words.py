"""Words an answer: as plain text for a terminal, and in phrases that all interfaces share, in the reader's language."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from ..strings import numbers
from ..strings.catalogue import any_of, counted, each_of, listed, quoted, say
from ..strings.sentences import said
from ..strings.spoken import ENGLISH, spoken
from ..text.document import SECTION_SEPARATOR
from .row_text import MOST_COLUMNS, cell_text, pairs_of, row_lines
from .rows import TableRow, names_in
from .state_words import as_of_words
from .why import ReaderScores, Why

if TYPE_CHECKING:  # an answer shows itself in a notebook with these words
    from .answer import Answer, Citation, OtherValue

NOT_FOUND = "Your articles do not seem to contain the answer."
UNCERTAIN = "No passage of your articles answers this for certain."
NOT_IN_SCOPE = "The articles that were asked do not seem to contain the answer."
UNCERTAIN_IN_SCOPE = "No passage of the articles that were asked answers this for certain."
NEAREST = "Nearest passages: related, but not an answer"
CLOSEST = "The passages that come closest"
_MOST_NAMED = 5  # missing words that the sentence on what is lacking names
_LONGEST_QUOTE = 400  # characters of what came closest
# Passages are worth reading from this confidence on. Of 373 real questions with an answer, 133 were refused with this
# confidence or more; of 21 off-topic questions, 3 (each collection held out).
_CLOSE = 0.2
_BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # changes the order in which text is shown
_SURE = 0.9  # of the words of a page that was read from an image: below that, a reader should look at the picture
_BOLD, _PLAIN = "\x1b[1;4m", "\x1b[22;24m"
_LINK, _ENDS = "\x1b]8;;", "\x1b\\"  # OSC 8: the address follows, or nothing at the end of what is linked
_QUOTES = frozenset('"“”„«»')


def confidence_words(probability: float) -> str:
    """What a person reads: "very likely" from .9, "likely" from .7, "possible" from .5, else "unlikely"."""
    for least, words in ((0.9, "very likely"), (0.7, "likely"), (0.5, "possible")):
        if probability >= least:
            return words
    return "unlikely"


def is_quoted(text: str) -> bool:
    """Whether a text already begins or ends with a quotation mark."""
    return text[:1] in _QUOTES or text[-1:] in _QUOTES


def percent(share: float) -> str:
    """`0.957` → `96 %`; only what is certain is 100 %."""
    return numbers.percent(round(100 * share) if share >= 1 else min(99, round(100 * share)))


def where(citation: Citation) -> str:
    """`Title › Section › Subsection`, plain text."""
    return " › ".join((title_of(citation), *sections_of(citation)))


def title_of(citation: Citation) -> str:
    return citation.title or citation.document


def sections_of(citation: Citation) -> list[str]:
    """The headings above a passage, without the header of its table."""
    section = citation.section.removesuffix(citation.header) if citation.header else citation.section
    return [part for part in section.split(SECTION_SEPARATOR) if part]


def columns_of(citation: Citation) -> str:
    """The columns of the table inside which a passage begins; the first of many. Empty if it begins in none."""
    names = names_in(citation.header) if citation.header else ()
    shown = " | ".join(filter(None, map(cell_text, names[:MOST_COLUMNS])))
    return f"{shown} | … ({counted(len(names), 'column')})" if len(names) > MOST_COLUMNS else shown


def corrected_words(answer: Answer) -> str:
    """`Showing results for “honey”`, plain text; empty if every word was searched for as typed."""
    words = each_of([quoted(meant) for _, meant in answer.corrected])
    return say("Showing results for {words}", words=words) if words else ""


def literal_words(answer: Answer) -> str:
    """`Search for “hony”`: what undoes the correction, plain text."""
    return say("Search for {words}", words=each_of([quoted(typed) for typed, _ in answer.corrected]))


def unmentioned_words(answer: Answer) -> str:
    """`The article does not mention “Costco”.`, plain text; empty if it mentions every name in the question."""
    words = any_of([quoted(word) for word in answer.unmentioned])
    return say("The article does not mention {words}.", words=words) if words else ""


def unread_words(answer: Answer) -> str:
    """What the reader had no time for, plain text; empty if it read everything."""
    if not answer.unread:
        return ""
    return say(
        "{n} texts were left unread on this slow machine, so a better answer may be missed: raise QA_READER_MS.",
        n=answer.unread,
    )


def other_words(answer: Answer) -> str:
    """The date of the lead and what the other values are, plain text; empty if there are none."""
    if not answer.others:
        return ""
    date = answer.lead.date if answer.lead is not None else ""
    are_older = date and all(other.date for other in answer.others)
    own = say("Dated {date}.", date=date) + " " if date else ""
    others = say("Older articles give another value:") if are_older else say("Other articles give another value:")
    return own + others


def scope_words(answer: Answer) -> str:
    """`Asked 12 articles: in:reports after:2023`, plain text; empty if all articles were asked."""
    scope = answer.scope
    return say("Asked {n} articles: {filters}", n=scope.articles, filters=str(scope.scope)) if scope else ""


def not_found_words(answer: Answer) -> str:
    """Why there is no answer, plain text, with the words of the question that stand in no article."""
    if answer.reason:
        return said(answer.reason)
    words = any_of([quoted(word) for word in answer.why.unknown]) if answer.why else ""
    if answer.scope:
        refusal = say(UNCERTAIN_IN_SCOPE) if is_close(answer) else say(NOT_IN_SCOPE)
        unknown = say("None of your articles contains {words}.", words=words)
    else:
        refusal = say(UNCERTAIN) if is_close(answer) else say(NOT_FOUND)
        unknown = say("None of them contains {words}.", words=words)
    return f"{refusal} {unknown}" if words else refusal


def searched_words(answer: Answer) -> str:
    """How many articles were searched in vain, and in how many files the answer could be; empty for an answer."""
    searched = answer.searched
    if searched is None:
        return ""
    words = say("Searched {n} articles.", n=searched.articles)
    if not searched.hidden:
        return words
    hidden = say("{n} files could not be read, or not all of them, and the answer may be there.", n=searched.hidden)
    return f"{words} {hidden}"


def nearest_words(answer: Answer) -> str:
    """The heading of the passages below a refused answer, plain text."""
    return say(CLOSEST) if is_close(answer) else say(NEAREST)


def is_close(answer: Answer) -> bool:
    """Whether an answer was refused although the passages may well contain one."""
    return answer.lead is None and answer.confidence >= _CLOSE


def why_rows(why: Why, closest: bool) -> list[tuple[str, str]]:
    """Labels, each with what `why` says under it, plain text; `closest` if there is no answer, only what came closest.

    A label for which there is nothing to say is left out.
    """
    absent = [word for word in why.missing if word not in why.unknown]
    rows = (
        (say("Came closest"), _came_closest(why) if closest else ""),
        (say("What it lacks"), what_it_lacks(why)),
        (say("Matched"), listed(why.matched)),
        (say("In its passage or title"), listed(why.nearby)),
        (say("Not in this passage"), listed(absent)),
        (say("In no article"), listed(why.unknown)),
        (say("Found"), _ranks_words(why)),
        (say("Reader’s estimates"), _reader_words(why.reader)),
        (say("Confidence"), _confidence_row(why)),
    )
    return [(label, text) for label, text in rows if text]


def _confidence_row(why: Why) -> str:
    own, least = percent(why.confidence), percent(why.threshold)
    return say("{confidence}; an answer is shown from {threshold}", confidence=own, threshold=least)


def what_it_lacks(why: Why) -> str:
    """What `why` says that the closest quotation lacks; empty for an answer."""
    return lacks_words(why) if why.lacks and spoken() != ENGLISH else why.lacks


def lacks_words(why: Why) -> str:
    """One sentence on what the closest quotation lacks: names and numbers, or else the other words it does not have."""
    reasons = []
    words = (why.missing_names + why.missing_numbers or why.missing)[:_MOST_NAMED]
    if words:
        reasons.append(say("its passage does not mention {words}", words=any_of([quoted(word) for word in words])))
    if why.lacks_number:
        reasons.append(say("its sentence has no number in digits"))
    if why.answers_another:
        reasons.append(say("it answers another question than yours"))
    reader = why.reader
    if reader is not None and max(reader.passage, reader.sentence or 0.0) < 0.5:
        reasons.append(say("the reader finds no answer in it"))
    if not reasons:
        return say("It is less certain than an answer must be.")
    *first, last = reasons
    sentence = say("{reasons}, and {last}", reasons=say(", ").join(first), last=last) if first else last
    return f"{sentence[0].upper()}{sentence[1:]}."


def _came_closest(why: Why) -> str:
    words = " ".join(why.text.split())
    short = words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE].rsplit(' ', 1)[0]} …"
    shown = short if is_quoted(short) else quoted(short)
    return f"{shown} [{why.citation}]" if why.citation is not None else f"{shown} {why.document}"


def _ranks_words(why: Why) -> str:
    """`1st by words, 3rd by meaning, 1st together; 2nd after reading`."""
    ranks = why.ranks
    by_words, by_meaning = say("not among the best by words"), say("not among the best by meaning")
    if ranks.words:
        by_words = say("{rank} by words", rank=ordinal(ranks.words))
    if ranks.meaning:
        by_meaning = say("{rank} by meaning", rank=ordinal(ranks.meaning))
    together = [say("{rank} together", rank=ordinal(ranks.fused))] if ranks.fused else []
    parts = [listed([by_words, by_meaning, *together])]
    if ranks.read:
        parts.append(say("{rank} after reading", rank=ordinal(ranks.read)))
    if why.carried:
        parts.append(say("searched for with {words}", words=listed(why.carried)))
    return say("; ").join(parts)


def _reader_words(scores: ReaderScores | None) -> str:
    """How likely the reader finds it that passage and sentence answer."""
    if scores is None:
        return say("none, it did not read this passage")
    parts = (
        (say("passage"), scores.passage),
        (say("sentence"), scores.sentence),
        (say("sentence on its own"), scores.alone),
    )
    return listed([f"{part} {percent(score)}" for part, score in parts if score is not None])


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`; in another language the number alone, to which the words around it belong."""
    if spoken() != ENGLISH:
        return numbers.number(number)
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def as_text(answer: Answer, styled: bool = False, explained: bool = False, linked: bool = False) -> str:
    """One answer for a terminal: the lead, its confidence, and numbered citations.

    If `styled`, the short answer in the lead is bold and underlined (ECMA-48). If `explained`, lines below it say why.
    If `linked`, the number of the lead's citation and the head of each one open the article in the chat (OSC 8).
    """

    def opening(link: str, text: str) -> str:
        return f"{_LINK}{link}{_ENDS}{text}{_LINK}{_ENDS}" if linked else text

    if answer.lead is None:
        lines = [_line(not_found_words(answer))]
    else:
        before, short, after = map(plain, answer.lead.pieces())
        shown = f"{_BOLD}{short}{_PLAIN}" if styled and short else short
        line = " ".join(f"{before}{shown}{after}".split())
        lines = [line if answer.lead.is_stated or is_quoted(answer.lead.text) else f"“{line}”"]
        if answer.lead.row is not None:
            lines = _row_lines(answer.lead.row, styled, explained)
        if answer.lead.limit_behind:
            lines += [f"{say('It goes on:')} “{_line(answer.lead.limit_behind)}”"]
        number = opening(answer.lead_link, f"[{answer.lead.citation}]")
        lines += [f"{confidence_words(answer.confidence)} ({percent(answer.confidence)}) {number}"]
        if (recognised := recognised_words(answer.citations[answer.lead.citation - 1])) and not answer.lead.is_stated:
            lines += [recognised]
        if answer.unmentioned:
            lines += [_line(unmentioned_words(answer))]
        if answer.others:
            lines += [other_words(answer)]
            lines += [f"  {_value(value, answer)}" for value in answer.values]
    if answer.searched:
        lines += [searched_words(answer)]
    if answer.unread:
        lines += [unread_words(answer)]
    if answer.corrected:
        lines.insert(0, f"{_line(corrected_words(answer))} (in quotes, a word is searched for as it is typed)")
    if answer.carried:
        lines += [f"From the conversation: {', '.join(map(_line, answer.carried))}"]
    if answer.scope:
        lines += [_line(scope_words(answer))]
    lines += [as_of_words(answer.as_of)] if answer.as_of else []
    if explained and answer.why is not None:
        rows = why_rows(answer.why, answer.lead is None)
        lines += ["", "Why?", *(f"    {label}: {_line(text)}" for label, text in rows)]
    if answer.lead is None and answer.citations:
        lines += ["", f"{nearest_words(answer)}:"]
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page is not None else ""
        changed = f" (changed since {'then' if answer.as_of else 'it was indexed'})" if citation.changed else ""
        lines += ["", opening(answer.link(citation), f"[{citation.rank}] {_line(where(citation))}")]
        lines += [f"    {_line(citation.document)}{page}, {percent(citation.score)}{changed}"]
        lines += [f"    not all of this file was read: {_line(citation.incomplete)}"] if citation.incomplete else []
        lines += [f"    {recognised_words(citation)}"] if citation.recognised is not None else []
        lines += [f"    columns: {_line(columns_of(citation))}"] if citation.header else []
        lines += [f"    | {line}".rstrip() for line in plain(citation.text).split("\n")]
    return "\n".join(lines)


def recognised_words(citation: Citation) -> str:
    """Says that a passage was read from an image, and how certain its page is; empty for any other text."""
    if citation.recognised is None:
        return ""
    share = percent(citation.recognised)
    if citation.recognised < _SURE:
        return say(
            "Read from an image, {share} of the words of its page certain: compare it with the picture.", share=share
        )
    return say("Read from an image, {share} of the words of its page certain.", share=share)


def _row_lines(row: TableRow, styled: bool, whole: bool) -> list[str]:
    """A quoted row under its header; `whole` with all its columns."""
    row = replace(row, columns=tuple(map(_line, row.columns)), cells=tuple(map(_line, row.cells)))
    most = len(row.columns) if whole else MOST_COLUMNS
    return [*row_lines(row, lambda text: f"{_BOLD}{text}{_PLAIN}" if styled else text, most), ""]


def _value(value: OtherValue, answer: Answer) -> str:
    said = f"“{_line(value.sentence_text)}”" if value.row is None else _line(pairs_of(value.row))
    dated = f" ({value.date})" if value.date else ""
    return f"{said}{dated} [{value.citation}] {_line(answer.citations[value.citation - 1].document)}"


def plain(text: str) -> str:
    """The text without control characters, with which an article could control the terminal."""
    return "".join(c if c in "\n\t" or not _is_control(c) else "�" for c in text)


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _BIDIRECTIONAL
