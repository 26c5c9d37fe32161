"""What every retriever says about a passage, as flat metadata that any framework can store and filter by."""

from __future__ import annotations

from typing import Any

from ..ask.answer import Answer, Citation
from ..ask.words import not_found_words, title_of


def found(answer: Answer, only_answers: bool) -> list[tuple[str, str, float, dict[str, Any]]]:
    """The id, text, score and metadata of each cited passage, best first.

    With `only_answers`, there are none if the articles do not seem to contain the answer.
    """
    if only_answers and answer.lead is None:
        return []
    return [
        (f"{citation.document}#{citation.span.start}-{citation.span.end}", citation.text, citation.score, facts)
        for citation in answer.citations
        for facts in (_metadata(citation, answer),)
    ]


def refusal(answer: Answer) -> str | None:
    """Why there is no answer, in one or two sentences; None if there is one."""
    return None if answer.lead is not None else not_found_words(answer)


def missing(library: str, extra: str) -> ImportError:
    """What is raised where a framework is not installed."""
    return ImportError(f"This retriever needs {library}, which is not installed: pip install 'qa-articles[{extra}]'.")


def _metadata(citation: Citation, answer: Answer) -> dict[str, Any]:
    """`start` and `end` are characters of the document: `engine.document(path).text[start:end]` is the passage.

    `url` is the address at which the article was published, and `link` opens it in the chat at the passage.
    """
    lead = answer.lead
    return {
        "document": citation.document,
        "title": title_of(citation),
        "section": citation.section,
        "page": citation.page,
        "start": citation.span.start,
        "end": citation.span.end,
        "url": citation.url,
        "link": answer.link(citation),
        "author": citation.author or None,
        "date": citation.date or None,
        "rank": citation.rank,
        "score": round(citation.score, 4),
        "changed": citation.changed,
        "answerable": answer.answerable,
        "confidence": round(answer.confidence, 4),
        "answer": lead.text if lead is not None and lead.citation == citation.rank else None,
        "refusal": refusal(answer),
        "generation": answer.generation,
    }
