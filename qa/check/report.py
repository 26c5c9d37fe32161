"""Writes what was found of a draft as text for a terminal and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..strings.catalogue import counted, say
from .diff import Piece, as_text, pieces
from .findings import CheckedDraft, CheckedText, Finding, Verdict

SIGNS: dict[Verdict, str] = {"literal": "✓", "supported": "~", "altered": "≠", "contradicted": "✗", "not found": "?"}
_BLANK = re.compile(r"\s+")
_LONGEST = 300  # characters of a claim or of the words that limit it


def verdict_words(verdict: Verdict) -> str:
    """A verdict in the reader's language."""
    return {
        "literal": say("literal"),
        "altered": say("altered"),
        "supported": say("supported"),
        "contradicted": say("contradicted"),
        "not found": say("not found"),
    }[verdict]


def summary(draft: CheckedDraft) -> str:
    """How many claims have each verdict, in one line."""
    counts = [f"{number} {verdict_words(verdict)}" for verdict, number in draft.counts.items() if number]
    unchecked = sum(len(text.unchecked) for text in draft.texts)
    if not counts:
        return say("This draft quotes nothing and states nothing that could be checked.")
    rest = f"; {counted(unchecked, 'sentence')} {say('not checked')}" if unchecked else ""
    return f"{', '.join(counts)}{rest}"


def explanation(finding: Finding) -> str:
    """What a verdict means for this claim, in one sentence."""
    if finding.is_typography:
        return say("The words are the same, but not the punctuation or the capitals.")
    words = {
        "literal": say("These words stand in the article."),
        "altered": say("The article says it in other words."),
        "supported": say("The article says this in its own words."),
        "contradicted": say("The article says something else."),
        "not found": say("The articles do not say this."),
    }
    return words[finding.verdict]


def limit_words(finding: Finding) -> list[str]:
    """What limits the quoted words in the article, one sentence for each."""
    return [say("Left out beside it: “{words}”", words=shortened(limit.text)) for limit in finding.limits]


def difference(text: CheckedText, finding: Finding) -> tuple[Piece, ...]:
    """The claim with what the article has in the place of its words; empty if nothing differs."""
    if not finding.differences:
        return ()
    return tuple(pieces(text.text, finding.claim.span, finding.differences))


def as_terminal(draft: CheckedDraft, everything: bool = False) -> str:
    """The findings that must be mended, or all of them, and how many there are of each kind."""
    lines: list[str] = []
    for text in draft.texts:
        for finding in text.findings:
            if everything or finding.fails or finding.verdict == "not found":
                lines += [*_terminal_lines(text, finding), ""]
    return "\n".join([*lines, summary(draft)])


def as_markdown(draft: CheckedDraft) -> str:
    """A report: each claim, its verdict, the difference, and the source."""
    lines = [f"# {say('Check of {name}', name=draft.name)}", "", summary(draft), ""]
    for text in draft.texts:
        if len(draft.texts) > 1:
            lines += [f"## {plain(text.path)}", ""]
        for finding in text.findings:
            lines += [*_markdown_lines(draft, text, finding), ""]
    return "\n".join(lines).rstrip() + "\n"


def shortened(text: str) -> str:
    """A text in one line, cut if it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"


def _terminal_lines(text: CheckedText, finding: Finding) -> Iterator[str]:
    changed = as_text(difference(text, finding))
    yield f"{SIGNS[finding.verdict]} {verdict_words(finding.verdict)}: {shortened(changed or finding.claim.text)}"
    if finding.source is not None:
        page = say(", page {n}", n=finding.source.page) if finding.source.page else ""
        yield f"    {finding.source.where} ({finding.source.document}{page})"
    yield from (f"    ! {words}" for words in limit_words(finding))


def _markdown_lines(draft: CheckedDraft, text: CheckedText, finding: Finding) -> Iterator[str]:
    yield f"**{SIGNS[finding.verdict]} {verdict_words(finding.verdict)}**  "
    found = difference(text, finding)
    signs = {"both": "", "ours": "~~", "theirs": "**"}
    shown = "".join(
        f"{signs[piece.kind]}{plain(piece.text.strip() if signs[piece.kind] else piece.text)}{signs[piece.kind]}"
        for piece in found
    )
    yield f"> {' '.join((shown or plain(finding.claim.text)).split())}"
    if finding.source is not None:
        yield ""
        yield f"[{plain(finding.source.where)}](<{draft.chat}{finding.source.link}>): “{plain(finding.source.text)}”"
    for words in limit_words(finding):
        yield ""
        yield f"⚠ {plain(words)}"


def plain(text: str) -> str:
    """A text in one line in which Markdown takes nothing for a sign."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#~" else sign for sign in _BLANK.sub(" ", text))
