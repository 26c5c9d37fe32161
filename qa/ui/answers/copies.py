"""Writes a quotation with its source, to be pasted elsewhere as text or as Markdown (`bibtex` writes its entry).

The page puts its own address before a link, which begins with `#`.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from ...ask.answer import Answer, Citation, Lead
from ...ask.links import citation_link, lead_link
from ...ask.row_text import cell_text, pairs_of
from ...ask.rows import TableRow
from ...ask.words import is_quoted, where
from ...strings.catalogue import say
from ..rendering.article import is_markdown, plain_words
from .markdown_text import escaped, on_one_line

_BROKEN = re.compile(r"(?<=\S)\n(?=\S)")
_INDENTED = re.compile(r"^[ \t]+\S", re.MULTILINE)
_TICKS = re.compile("`+")
_URL = "%/:?#[]@!$&'*+,;=-._~"  # what stays as it is in an address between angle brackets


def answer_link(answer: Answer) -> str:
    """The address that opens the article of a lead at the short answer, or else at the sentence that answers."""
    assert answer.lead is not None
    return lead_link(answer.lead, cited(answer))


def cited(answer: Answer) -> Citation:
    """The citation that contains the lead of an answer that has one."""
    assert answer.lead is not None
    return answer.citations[answer.lead.citation - 1]


def source_words(citation: Citation) -> str:
    """`The cat › Monday (notes/cat.md, page 3), A. Mouse, 2024-05-01`: plain text in one line."""
    return ", ".join((f"{on_one_line(where(citation))} ({_file(citation)})", *_properties(citation)))


def answer_as_text(answer: Answer) -> str:
    """What leads an answer that has a lead, without markup, with its source and its link."""
    assert answer.lead is not None
    lead, citation = answer.lead, cited(answer)
    is_quotation = lead.row is None and not lead.is_stated
    words = pairs_of(lead.row) if lead.row is not None else lead.said if lead.is_stated else _whole(lead)
    words = plain_words(words, citation.document) if is_quotation else words
    return _as_text(words, citation, answer_link(answer), is_quotation)


def passage_as_text(citation: Citation) -> str:
    """A cited passage, literally, with its source and its link, below the header of the table in which it begins."""
    header = f"{citation.header}\n" if citation.header else ""
    return header + _as_text(citation.text, citation, citation_link(citation), is_quotation=True)


def answer_as_markdown(answer: Answer, address: str = "") -> str:
    """What leads an answer that has a lead as a quotation in Markdown, a row under its header; the title is the link.

    Markdown stays what it is, and the text of any other article is shown as it is. `address` is that of the page.
    """
    return _as_markdown(quoted_as_markdown(answer), cited(answer), address + answer_link(answer))


def quoted_as_markdown(answer: Answer) -> str:
    """What leads an answer that has a lead, in Markdown, without its source; a row under its header."""
    assert answer.lead is not None
    lead, document = answer.lead, cited(answer).document
    if lead.row is not None:
        return _table(lead.row, is_markdown(document))
    return lead.said if lead.is_stated else text_as_markdown(_whole(lead), document)


def _whole(lead: Lead) -> str:
    """The quotation with what limits it."""
    return f"{lead.text} … {lead.limit_behind}" if lead.limit_behind else lead.text


def _as_text(words: str, citation: Citation, link: str, is_quotation: bool) -> str:
    quoted = f"“{words}”" if is_quotation and not is_quoted(words) else words
    return "\n".join(filter(None, (quoted, f"— {source_words(citation)}", citation.url or "", link)))


def _as_markdown(words: str, citation: Citation, link: str) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in words.split("\n"))
    return f"{quoted}\n\n— {source_as_markdown(citation, link)}"


def source_as_markdown(citation: Citation, link: str) -> str:
    """Where a citation is from, in one line of Markdown; the title leads to `link`."""
    title = f"[{escaped(on_one_line(where(citation)))}]({link.replace('(', '%28').replace(')', '%29')})"
    original = [f"<{quote(citation.url, safe=_URL, errors='replace')}>"] if citation.url else []
    properties = map(escaped, _properties(citation))
    return ", ".join((f"{title} ({escaped(_file(citation))})", *properties, *original))


def text_as_markdown(text: str, document: str) -> str:
    """A text of an article as Markdown; of an article that is something else, line breaks and indentation are kept."""
    if is_markdown(document):
        return text
    if _INDENTED.search(text):
        fence = "`" * max(3, *(len(ticks) + 1 for ticks in _TICKS.findall(text)), 0)
        return f"{fence}\n{text}\n{fence}"
    return _BROKEN.sub("\\\\\n", escaped(text))


def _table(row: TableRow, written_in_markdown: bool) -> str:
    written = (lambda text: cell_text(text).replace("|", r"\|")) if written_in_markdown else escaped
    lines = ([*map(written, row.columns)], ["---"] * len(row.columns), [*map(written, row.cells)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _file(citation: Citation) -> str:
    return on_one_line(citation.document) + (say(", page {n}", n=citation.page) if citation.page is not None else "")


def _properties(citation: Citation) -> list[str]:
    return [on_one_line(value) for value in (citation.author, citation.date) if value]
