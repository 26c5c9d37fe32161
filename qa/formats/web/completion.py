"""Completes an article that was extracted from a page with the parts that the extraction missed.

Extraction misses more than it adds, so the result is the part of the page that contains the extracted text, pruned of
navigation and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .blocks import BLOCKS, WORD, Element, length_of, text_of

FRAME = ("nav", "header", "footer", "aside", "form")
_BOILERPLATE = re.compile(  # ids and classes of parts that do not belong to the article
    r"comment|disqus|related|recirc|recommend|share|sharing|social|side-?bar|promo|advert|\bads?\b|sponsor|newsletter"
    r"|subscri|sign-?up|breadcrumb|footer|popular|trending|outbrain|taboola|author-?bio|byline|\btags?\b|pagination|pager"
    r"|more-(?:from|stories|articles)|read-?more|read-?next|also-?like|most-?read|teaser|widget|paywall|login|toolbar"
    r"|menu|\bnav|profile|user-?info|signature|avatar",
    re.IGNORECASE,
)
# Fitted with benchmarks.pages on half of its pages; the figures in docs/formats.md are measured on the other half.
_CORE = 0.8  # share of the extracted text that the core contains
_KNOWN = 0.3  # share of a part's letters that were extracted from which it belongs to the article
_LINKED = 0.3  # share of a part's letters in links above which it is navigation
_LINKED_DATA = 0.6  # … if it is or contains a table whose columns or rows have names, which often link to pages
_DATA = "descendant-or-self::table[not(.//table) and .//th and .//td]"
_WHOLE = 1.5  # an article with such a table, of at most this many times the core's letters, is kept whole
_PROSE = 60  # letters from which a line is prose, not a label
_MORE = 0.2  # share of the core's letters in similar siblings above which the article continues there
_RUN = 4  # words in a row that identify a line as extracted


@dataclass(slots=True, eq=False)
class _Part:
    """A block of a page with its child blocks; counts are in letters."""

    element: Element
    parent: _Part | None
    children: list[_Part] = field(default_factory=list)
    letters: int = 0
    linked: int = 0
    known: int = 0  # in extracted lines
    prose: int = 0  # in other long lines

    @property
    def words(self) -> tuple[str, ...]:
        return _words(text_of(self.element))

    def is_boilerplate(self) -> bool:
        """Whether its tag, links or name mark it as not part of the article."""
        names = f"{self.element.get('id', '')} {self.element.get('class', '')}"
        if _BOILERPLATE.search(names) or self.linked > _LINKED_DATA * self.letters:
            return True
        is_other = self.element.tag in FRAME or self.linked > _LINKED * self.letters
        return is_other and not self.element.xpath(_DATA)

    def is_like(self, other: _Part) -> bool:
        one, two = self.element, other.element
        return bool(one.tag == two.tag and one.get("class") == two.get("class"))


def complete(body: Element, article: Element) -> Element | None:
    """The part of `body` that contains the extracted `article`, pruned; None if none of its text is in `body`.

    Changes `body` in place.
    """
    top = _Measure(article).measure(body, None)
    if not top.known:
        return None
    core = _core(top)
    root = core
    while root.known < top.known and root.parent:
        root = root.parent
    lines = {part.words for part in _leaves(core)}
    _prune(core, set())
    _clear(root, core, lines)
    return root.element


class _Measure:
    """Counts how much of each part of a page is in the extracted article."""

    def __init__(self, article: Element) -> None:
        self._runs = set(_runs(_words(text_of(article))))
        self._lines = {_words(text_of(element)) for element in article.iter(*BLOCKS) if element is not article}

    def measure(self, element: Element, parent: _Part | None) -> _Part:
        """The part of an element, with its counts and those of its children."""
        part = _Part(element, parent)
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
        for child in part.children:
            part.letters += child.letters
            part.linked += child.linked
            part.known += child.known
            part.prose += child.prose
        return part

    def _read(self, element: Element, part: _Part, lines: list[list[str]]) -> None:
        """Collect an element's own text, in lines between its child blocks, which are measured too."""
        lines[-1].append(element.text or "")
        for child in element:
            if child.tag in BLOCKS or child.tag == "pre":
                part.children.append(self.measure(child, part))
                lines.append([])
            else:
                part.linked += length_of(child) if child.tag == "a" else 0
                self._read(child, part, lines)
            lines[-1].append(child.tail or "")

    def _is_known(self, words: tuple[str, ...]) -> bool:
        runs = set(_runs(words))
        return words in self._lines if len(words) < _RUN else 2 * len(runs & self._runs) >= len(runs)


def _core(top: _Part) -> _Part:
    """The smallest part with nearly all of the extracted text, or its parent if similar siblings contain more prose."""
    core = top
    while child := next((part for part in core.children if part.known >= _CORE * top.known), None):
        core = child
    while parent := core.parent:
        siblings = [
            part for part in parent.children if part is not core and part.is_like(core) and not part.is_boilerplate()
        ]
        if sum(part.prose for part in siblings) <= _MORE * core.letters and parent.letters > core.letters:
            break
        core = parent
    return _with_tables(core)


def _with_tables(core: _Part) -> _Part:
    """The core, or the article around it if that is hardly longer and has more tables: of its properties, mostly."""
    tables, part = len(core.element.xpath(_DATA)), core
    while part.parent and part.parent.letters <= _WHOLE * core.letters:
        part = part.parent
        if part.element.tag in ("article", "main") and len(part.element.xpath(_DATA)) > tables:
            return part
    return core


def _prune(part: _Part, seen: set[tuple[str, ...]]) -> None:
    """Remove boilerplate, and paragraphs that repeat an earlier one; a table with names is kept or removed whole."""
    for child in part.children:
        if child.letters and child.known < _KNOWN * child.letters and child.is_boilerplate():
            drop(child.element)
        elif child.element.tag == "table" and child.element.xpath(_DATA):
            continue
        elif child.children:
            _prune(child, seen)
        else:
            words = child.words
            if not child.known and child.letters > _PROSE / 2 and child.element.tag in ("p", "div") and words in seen:
                drop(child.element)
            seen.add(words)


def _clear(part: _Part, core: _Part, lines: set[tuple[str, ...]]) -> None:
    """Remove everything outside the core, except extracted text that the core does not contain."""
    for child in part.children if part is not core else ():
        if child is core or child.element in core.element.iterancestors():
            _clear(child, core, lines)
        elif not child.known or len(words := child.words) < _RUN or words in lines:
            drop(child.element)
        else:
            _clear(child, core, lines)


def _leaves(part: _Part) -> Iterator[_Part]:
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def drop(element: Element) -> None:
    """Remove an element from its tree, but keep its tail."""
    if element.getparent() is not None:
        element.drop_tree()


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text.casefold()))


def _runs(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (words[start : start + _RUN] for start in range(max(1, len(words) - _RUN + 1)) if words)
