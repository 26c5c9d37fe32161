"""An article as it was found on a page → with what was left out among its words, without what stands around them.

It knows nothing about how an article is found, but that what finds it forgets more than it adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .blocks import BLOCKS, WORD, Element, length_of, text_of

FRAME = ("nav", "header", "footer", "aside", "form")
_AROUND = re.compile(  # what pages call the parts that are not of the article
    r"comment|disqus|related|recirc|recommend|share|sharing|social|side-?bar|promo|advert|\bads?\b|sponsor|newsletter"
    r"|subscri|sign-?up|breadcrumb|footer|popular|trending|outbrain|taboola|author-?bio|byline|\btags?\b|pagination|pager"
    r"|more-(?:from|stories|articles)|read-?more|read-?next|also-?like|most-?read|teaser|widget|paywall|login|toolbar"
    r"|menu|\bnav|profile|user-?info|signature|avatar",
    re.IGNORECASE,
)
# Measured with benchmarks.pages on half of its pages; the figures in docs/formats.md are of the others.
_CORE = 0.8  # of what was found stands in the core
_KNOWN = 0.3  # of a part's letters: so much of it was found that it belongs to the article
_LINKED = 0.3  # of a part's letters in links: it leads elsewhere
_PROSE = 60  # letters: of a line that is no label
_MORE = 0.2  # of the core's letters in parts like it beside it: the article goes on there
_RUN = 4  # words that tell that a line is one that was found


@dataclass(slots=True, eq=False)
class _Part:
    """A block of a page with the blocks in it; counts are of letters."""

    element: Element
    above: _Part | None
    within: list[_Part] = field(default_factory=list)
    letters: int = 0
    linked: int = 0
    known: int = 0  # in lines that were found
    prose: int = 0  # in other long lines

    @property
    def words(self) -> tuple[str, ...]:
        return _words(text_of(self.element))

    def is_around(self) -> bool:
        """Whether it is none of the article, by its kind, its links or its name."""
        named = f"{self.element.get('id', '')} {self.element.get('class', '')}"
        return self.element.tag in FRAME or self.linked > _LINKED * self.letters or bool(_AROUND.search(named))

    def is_like(self, other: _Part) -> bool:
        one, two = self.element, other.element
        return bool(one.tag == two.tag and one.get("class") == two.get("class"))


def completed(body: Element, found: Element) -> Element | None:
    """The part of `body` that holds what was found, without what is around it; None where nothing is found again."""
    top = _Measure(found).of(body, None)
    if not top.known:
        return None
    core = _core(top)
    root = core
    while root.known < top.known and root.above:
        root = root.above
    lines = {part.words for part in _leaves(core)}
    _prune(core, set())
    _clear(root, core, lines)
    return root.element


class _Measure:
    """Counts, for a page's parts, how much of each is in an article that was found."""

    def __init__(self, found: Element) -> None:
        self._runs = set(_runs(_words(text_of(found))))
        self._lines = {_words(text_of(element)) for element in found.iter(*BLOCKS) if element is not found}

    def of(self, element: Element, above: _Part | None) -> _Part:
        part = _Part(element, above)
        lines: list[list[str]] = [[]]
        self._read(element, part, lines)
        for line in lines:
            words = _words("".join(line))
            letters = sum(map(len, words))
            part.letters += letters
            if self._is_known(words):
                part.known += letters
            elif letters >= _PROSE:
                part.prose += letters
        if part.linked > part.letters / 2:
            part.prose = 0
        for inner in part.within:
            part.letters += inner.letters
            part.linked += inner.linked
            part.known += inner.known
            part.prose += inner.prose
        return part

    def _read(self, element: Element, part: _Part, lines: list[list[str]]) -> None:
        """Its own text, in lines between the blocks in it; those are measured on the way."""
        lines[-1].append(element.text or "")
        for child in element:
            if child.tag in BLOCKS or child.tag == "pre":
                part.within.append(self.of(child, part))
                lines.append([])
            else:
                part.linked += length_of(child) if child.tag == "a" else 0
                self._read(child, part, lines)
            lines[-1].append(child.tail or "")

    def _is_known(self, words: tuple[str, ...]) -> bool:
        runs = set(_runs(words))
        return words in self._lines if len(words) < _RUN else 2 * len(runs & self._runs) >= len(runs)


def _core(top: _Part) -> _Part:
    """The least part with nearly all that was found, or the one above where more of the same stands beside it."""
    core = top
    while inner := next((part for part in core.within if part.known >= _CORE * top.known), None):
        core = inner
    while above := core.above:
        beside = [part for part in above.within if part is not core and part.is_like(core) and not part.is_around()]
        if sum(part.prose for part in beside) <= _MORE * core.letters and above.letters > core.letters:
            break
        core = above
    return core


def _prune(part: _Part, said: set[tuple[str, ...]]) -> None:
    """Take out what is around the article, and paragraphs that say what was said before."""
    for inner in part.within:
        if inner.letters and inner.known < _KNOWN * inner.letters and inner.is_around():
            drop(inner.element)
        elif inner.within:
            _prune(inner, said)
        else:
            words = inner.words
            if not inner.known and inner.letters > _PROSE / 2 and inner.element.tag in ("p", "div") and words in said:
                drop(inner.element)
            said.add(words)


def _clear(part: _Part, core: _Part, lines: set[tuple[str, ...]]) -> None:
    """Take out, beside the core, all but what was found there and is not in the core."""
    for inner in part.within if part is not core else ():
        if inner is core or inner.element in core.element.iterancestors():
            _clear(inner, core, lines)
        elif not inner.known or len(words := inner.words) < _RUN or words in lines:
            drop(inner.element)
        else:
            _clear(inner, core, lines)


def _leaves(part: _Part) -> Iterator[_Part]:
    if not part.within:
        yield part
    for inner in part.within:
        yield from _leaves(inner)


def drop(element: Element) -> None:
    """Take it out of its tree, but not the text after it."""
    if element.getparent() is not None:
        element.drop_tree()


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text.casefold()))


def _runs(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (words[start : start + _RUN] for start in range(max(1, len(words) - _RUN + 1)) if words)
