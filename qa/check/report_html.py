"""Writes a checked draft as one HTML page: its text with a mark for each claim, and what was found beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..strings.catalogue import say
from ..strings.spoken import spoken
from ..text.document import Span
from .findings import CheckedDraft, CheckedText, Finding
from .report import SIGNS, difference, explanation, limit_words, summary, verdict_words

_TAGS = {"both": "span", "ours": "del", "theirs": "ins"}
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2421;--paper:#fdfcf9;--faint:#5d6661;--line:#d9ddd8;--literal:#1f7a4d;
--supported:#1c6a8c;--altered:#9a6200;--contradicted:#b3261e;--not-found:#68707a}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9e6;--paper:#171b19;--faint:#a0a9a4;--line:#343b37;--literal:#6fd19c;
--supported:#7cc4e4;--altered:#f0b860;--contradicted:#ff9a8f;--not-found:#a9b2bb}}
body{margin:0 auto;max-width:76rem;padding:1.5rem;font:1rem/1.6 system-ui,sans-serif;color:var(--ink);
background:var(--paper)}
main{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:2rem}
@media(max-width:60rem){main{grid-template-columns:minmax(0,1fr)}}
@media print{main{display:block}}
.text{white-space:pre-wrap;overflow-wrap:anywhere}
mark{color:inherit;background:color-mix(in srgb,var(--own) 16%,transparent);border-bottom:2px solid var(--own);
text-decoration:none}
mark a{color:var(--own);text-decoration:none;font-weight:600;margin-inline-start:.2em}
ol{list-style:none;margin:0;padding:0}
li{border-inline-start:4px solid var(--own);padding:.1rem .9rem;margin-bottom:1.2rem;overflow-wrap:anywhere}
h2{font-size:1rem;margin:0;color:var(--own)}
p{margin:.3rem 0}
del{color:var(--contradicted)}ins{color:var(--literal);text-decoration:none;font-weight:600}
.source{color:var(--faint);font-size:.9rem}.limit{color:var(--altered)}
.literal{--own:var(--literal)}.supported{--own:var(--supported)}.altered{--own:var(--altered)}
.contradicted{--own:var(--contradicted)}.not-found{--own:var(--not-found)}
"""


def as_html(draft: CheckedDraft) -> str:
    """The page; it loads nothing, and its links open the articles in the chat."""
    title = escape(say("Check of {name}", name=draft.name))
    numbers = iter(range(1, 1 + sum(len(text.findings) for text in draft.texts)))
    parts = [_part(draft, text, [(next(numbers), finding) for finding in text.findings]) for text in draft.texts]
    return (
        f'<!doctype html>\n<html lang="{escape(spoken())}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style>\n"
        f"<h1>{title}</h1>\n<p>{escape(summary(draft))}</p>\n{''.join(parts)}</html>\n"
    )


def _part(draft: CheckedDraft, text: CheckedText, findings: list[tuple[int, Finding]]) -> str:
    items = "".join(_item(draft, text, number, finding) for number, finding in findings)
    return (
        f'<main><div class="text" dir="auto">{"".join(_marked(text.text, findings))}</div>\n<ol>{items}</ol></main>\n'
    )


def _marked(text: str, findings: list[tuple[int, Finding]]) -> Iterator[str]:
    end = 0
    for number, finding in findings:
        span = finding.claim.span
        yield escape(text[end : span.start])
        yield (
            f'<mark class="{_kind(finding)}" title="{escape(verdict_words(finding.verdict))}">{escape(span.of(text))}'
            f'<a href="#finding-{number}">{SIGNS[finding.verdict]}{number}</a></mark>'
        )
        end = span.end
    yield escape(Span(end, len(text)).of(text))


def _item(draft: CheckedDraft, text: CheckedText, number: int, finding: Finding) -> str:
    lines = [
        f"<h2>{number}. {SIGNS[finding.verdict]} {escape(verdict_words(finding.verdict))}</h2>",
        f"<p>{escape(explanation(finding))}</p>",
    ]
    found = difference(text, finding)
    if found:
        shown = "".join(f"<{_TAGS[each.kind]}>{escape(each.text)}</{_TAGS[each.kind]}>" for each in found)
        shown = shown.replace("</del><ins>", "</del> <ins>")
        lines.append(f'<p dir="auto">{shown}</p>')
    if finding.source is not None:
        source = finding.source
        lines.append(
            f'<p class="source" dir="auto">“{escape(source.text)}” — '
            f'<a href="{escape(draft.chat + source.link)}">{escape(source.where)}</a> ({escape(source.document)})</p>'
        )
    lines += [f'<p class="limit" dir="auto">⚠ {escape(words)}</p>' for words in limit_words(finding)]
    return f'<li class="{_kind(finding)}" id="finding-{number}">{"".join(lines)}</li>'


def _kind(finding: Finding) -> str:
    return finding.verdict.replace(" ", "-")
