"""Finds what limits the quoted sentence: the exception or condition that follows it, in its passage or behind that."""

from __future__ import annotations

import re
from dataclasses import replace

from ..index.generation import OpenGeneration
from ..text.document import Span
from ..text.limiting import limits
from ..text.message_heads import sender_of
from ..text.sentences import sentence_spans
from .answer import Answer, Limit
from .rows import is_row
from .units import is_bare

_AHEAD = 1_500  # characters after the sentence in which its limit is looked for
_MOST_WORDS = 120  # of a limit
_ITEM = re.compile(r"\n\s*(?:[-*+•·–]|\(?\w{1,3}[.)])\s")  # the mark before a list's item
_LONGEST_MARK = 6  # characters of it
_MOST = 3  # sentences of a limit, unless it introduces a list


def with_limit(answer: Answer, generation: OpenGeneration) -> Answer:
    """The answer, whose lead has its limit, if one follows it directly."""
    lead = answer.lead
    if lead is None or lead.is_stated or lead.row is not None:
        return answer
    document = generation.document(answer.citations[lead.citation - 1].document)
    if document is None:
        return answer
    end = min(len(document.text), lead.sentence.end + _AHEAD)
    span = limit_after(document.text, lead.sentence, end, document.language or "en")
    return answer if span is None else replace(answer, lead=replace(lead, limit=Limit(span.of(document.text), span)))


def limit_after(text: str, sentence: Span, end: int, language: str) -> Span | None:
    """Where the limit of a sentence is: the next one, if it limits it, with more that do, and the list of its cases."""
    said, spans = sentence.of(text), sentence_spans(text, Span(sentence.end, end), language)
    if end < len(text):
        spans = spans[:-1]  # it is cut
    found: list[Span] = []
    for number, span in enumerate(spans):
        before = found[-1].end if found else sentence.end
        following = span.of(text)
        if is_row(following) or sender_of(following) is not None or not is_bare(text[before : span.start]):
            break
        introduces = bool(found) and found[0].of(text).rstrip().endswith(":")
        in_list = introduces and _ITEM.search(text, before, span.start + _LONGEST_MARK) is not None
        if not in_list and (number >= _MOST or not limits(following, said, language)):
            break
        if len(text[sentence.end : span.end].split()) > _MOST_WORDS:
            break
        found.append(span)
    return Span(found[0].start, found[-1].end) if found else None
