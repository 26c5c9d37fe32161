"""Words an answer: as plain text for a terminal, and in phrases that all interfaces share."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from ..text.document import SECTION_SEPARATOR
from .answer import Answer, Citation, OtherValue
from .row_text import MOST_COLUMNS, cell_text, pairs_of, row_lines
from .rows import TableRow, names_in
from .why import ReaderScores, Why

NOT_FOUND = "Your articles do not seem to contain the answer."
UNCERTAIN = "No passage of your articles answers this for certain."
NEAREST = "Nearest passages: related, but not an answer"
CLOSEST = "The passages that come closest"
_LONGEST_QUOTE = 400  # characters of what came closest
# Passages are worth reading from this confidence on. Of 373 real questions with an answer, 133 were refused with this
# confidence or more; of 21 off-topic questions, 3 (each collection held out).
_CLOSE = 0.2
_BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # changes the order in which text is shown
_SURE = 0.9  # of the words of a page that was read from an image: below that, a reader should look at the picture
_BOLD, _PLAIN = "\x1b[1;4m", "\x1b[22;24m"
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
    return f"{round(100 * share) if share >= 1 else min(99, round(100 * share))} %"


def counted(number: int, noun: str) -> str:
    """`1 article`, `1,200 passages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


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
    more = f" | … ({len(names)} columns)" if len(names) > MOST_COLUMNS else ""
    return " | ".join(map(cell_text, names[:MOST_COLUMNS])) + more


def corrected_words(answer: Answer) -> str:
    """`Showing results for “honey”`, plain text; empty if every word was searched for as typed."""
    words = " and ".join(f"“{meant}”" for _, meant in answer.corrected)
    return f"Showing results for {words}" if words else ""


def unmentioned_words(answer: Answer) -> str:
    """`The article does not mention “Costco”.`, plain text; empty if it mentions every name in the question."""
    words = _either([f"“{word}”" for word in answer.unmentioned])
    return f"The article does not mention {words}." if words else ""


def unread_words(answer: Answer) -> str:
    """What the reader had no time for, plain text; empty if it read everything."""
    if not answer.unread:
        return ""
    return f"{counted(answer.unread, 'text')} could not be read in time: ask again, or raise QA_READER_MS."


def other_words(answer: Answer) -> str:
    """The date of the lead and what the other values are, plain text; empty if there are none."""
    if not answer.others:
        return ""
    date = answer.lead.date if answer.lead is not None else ""
    are_older = date and all(other.date for other in answer.others)
    own = f"Dated {date}. " if date else ""
    return f"{own}{'Older articles' if are_older else 'Other articles'} give another value:"


def not_found_words(answer: Answer) -> str:
    """Why there is no answer, plain text, with the words of the question that stand in no article."""
    if answer.reason:
        return answer.reason
    words = _either([f"“{word}”" for word in answer.why.unknown]) if answer.why else ""
    return (UNCERTAIN if is_close(answer) else NOT_FOUND) + (f" None of them contains {words}." if words else "")


def _either(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def nearest_words(answer: Answer) -> str:
    """The heading of the passages below a refused answer, plain text."""
    return CLOSEST if is_close(answer) else NEAREST


def is_close(answer: Answer) -> bool:
    """Whether an answer was refused although the passages may well contain one."""
    return answer.lead is None and answer.confidence >= _CLOSE


def why_rows(why: Why, closest: bool) -> list[tuple[str, str]]:
    """Labels, each with what `why` says under it, plain text; `closest` if there is no answer, only what came closest.

    A label for which there is nothing to say is left out.
    """
    absent = [word for word in why.missing if word not in why.unknown]
    rows = (
        ("Came closest", _came_closest(why) if closest else ""),
        ("What it lacks", why.lacks),
        ("Matched", ", ".join(why.matched)),
        ("In its passage or title", ", ".join(why.nearby)),
        ("Not in this passage", ", ".join(absent)),
        ("In no article", ", ".join(why.unknown)),
        ("Found", _ranks_words(why)),
        ("Reader’s estimates", _reader_words(why.reader)),
        ("Confidence", f"{percent(why.confidence)}; an answer is shown from {percent(why.threshold)}"),
    )
    return [(label, text) for label, text in rows if text]


def _came_closest(why: Why) -> str:
    words = " ".join(why.text.split())
    short = words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE].rsplit(' ', 1)[0]} …"
    quoted = short if is_quoted(short) else f"“{short}”"
    return f"{quoted} [{why.citation}]" if why.citation is not None else f"{quoted} {why.document}"


def _ranks_words(why: Why) -> str:
    """`1st by words, 3rd by meaning, 1st together; 2nd after reading`."""
    ranks = why.ranks
    by = ((ranks.words, "by words"), (ranks.meaning, "by meaning"))
    sides = [f"{ordinal(rank)} {side}" if rank else f"not among the best {side}" for rank, side in by]
    together = f", {ordinal(ranks.fused)} together" if ranks.fused else ""
    read = f"; {ordinal(ranks.read)} after reading" if ranks.read else ""
    carried = f"; searched for with {', '.join(why.carried)}" if why.carried else ""
    return f"{', '.join(sides)}{together}{read}{carried}"


def _reader_words(scores: ReaderScores | None) -> str:
    """How likely the reader finds it that passage and sentence answer."""
    if scores is None:
        return "none, it did not read this passage"
    parts = (("passage", scores.passage), ("sentence", scores.sentence), ("sentence on its own", scores.alone))
    return ", ".join(f"{part} {percent(score)}" for part, score in parts if score is not None)


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def as_text(answer: Answer, styled: bool = False, explained: bool = False) -> str:
    """One answer for a terminal: the lead, its confidence, and numbered citations.

    If `styled`, the short answer in the lead is bold and underlined (ECMA-48). If `explained`, lines below it say why.
    """
    if answer.lead is None:
        lines = [_line(not_found_words(answer))]
    else:
        before, short, after = map(_plain, answer.lead.pieces())
        shown = f"{_BOLD}{short}{_PLAIN}" if styled and short else short
        quoted = " ".join(f"{before}{shown}{after}".split())
        lines = [quoted if answer.lead.is_stated or is_quoted(answer.lead.text) else f"“{quoted}”"]
        if answer.lead.row is not None:
            lines = _row_lines(answer.lead.row, styled, explained)
        lines += [f"{confidence_words(answer.confidence)} ({percent(answer.confidence)}) [{answer.lead.citation}]"]
        if (recognised := recognised_words(answer.citations[answer.lead.citation - 1])) and not answer.lead.is_stated:
            lines += [recognised]
        if answer.unmentioned:
            lines += [_line(unmentioned_words(answer))]
        if answer.others:
            lines += [other_words(answer)]
            lines += [f"  {_other(other)} {_dated(other)}[{other.citation}]" for other in answer.others]
    if answer.unread:
        lines += [unread_words(answer)]
    if answer.corrected:
        lines.insert(0, f"{_line(corrected_words(answer))} (in quotes, a word is searched for as it is typed)")
    if answer.carried:
        lines += [f"From the conversation: {', '.join(map(_line, answer.carried))}"]
    if explained and answer.why is not None:
        rows = why_rows(answer.why, answer.lead is None)
        lines += ["", "Why?", *(f"    {label}: {_line(text)}" for label, text in rows)]
    if answer.lead is None and answer.citations:
        lines += ["", f"{nearest_words(answer)}:"]
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page is not None else ""
        changed = " (changed since it was indexed)" if citation.changed else ""
        lines += ["", f"[{citation.rank}] {_line(where(citation))}"]
        lines += [f"    {_line(citation.document)}{page}, {percent(citation.score)}{changed}"]
        lines += [f"    not all of this file was read: {_line(citation.incomplete)}"] if citation.incomplete else []
        lines += [f"    {recognised_words(citation)}"] if citation.recognised is not None else []
        lines += [f"    columns: {_line(columns_of(citation))}"] if citation.header else []
        lines += [f"    | {line}".rstrip() for line in _plain(citation.text).split("\n")]
    return "\n".join(lines)


def recognised_words(citation: Citation) -> str:
    """Says that a passage was read from an image, and how certain its page is; empty for any other text."""
    if citation.recognised is None:
        return ""
    doubt = ": compare it with the picture" if citation.recognised < _SURE else ""
    return f"Read from an image, {percent(citation.recognised)} of the words of its page certain{doubt}."


def _row_lines(row: TableRow, styled: bool, whole: bool) -> list[str]:
    """A quoted row under its header; `whole` with all its columns."""
    row = replace(row, columns=tuple(map(_line, row.columns)), cells=tuple(map(_line, row.cells)))
    most = len(row.columns) if whole else MOST_COLUMNS
    return [*row_lines(row, lambda text: f"{_BOLD}{text}{_PLAIN}" if styled else text, most), ""]


def _other(other: OtherValue) -> str:
    return f"“{_line(other.text)}”" if other.row is None else _line(pairs_of(other.row))


def _dated(other: OtherValue) -> str:
    return f"({other.date}) " if other.date else ""


def quotation(citation: Citation) -> str:
    """A passage with its source, below the header of the table inside which it begins."""
    header = f"{citation.header}\n" if citation.header else ""
    return f"{header}“{citation.text}”\n— {where(citation)} ({citation.document})"


def _plain(text: str) -> str:
    """The text without control characters, with which an article could control the terminal."""
    return "".join(c if c in "\n\t" or not _is_control(c) else "�" for c in text)


def _line(text: str) -> str:
    return " ".join(_plain(text).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _BIDIRECTIONAL
