"""Tells whether a question asks of another article or folder than a text is from: of Drakenstein, not of Swartland.

The same subject recurs from town to town and from dish to dish, and what tells them apart is often the name of an
article or of its folder alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from ..text.document import without_record
from ..text.kin import contained_with_kin
from ..text.passage import Passage
from ..text.terms import plain_words

Words = tuple[str, ...]


def names_another_article(question: str, own: Passage, near: str, passages: Sequence[Passage]) -> bool:
    """Whether a question has the name of another article, or of its folder, of which a word is not `near` its passage.

    `passages` are those that were found, of all articles. The word has to be a name: with a capital wherever they have
    it. A question that also has a name of the own article may compare the two.
    """
    asked = plain_words(question)
    mine = [name for name in _names(own.document, own.title) if _contains(asked, name)]
    articles = {(passage.document, passage.title) for passage in passages if passage.document != own.document}
    others = {name for article in articles for name in _names(*article)}
    for name in others:
        if _contains(asked, name) and all(_contains(name, each) for each in mine):
            known = contained_with_kin(near, own.language)
            missing = [word for word in name if known.isdisjoint(contained_with_kin(word, own.language))]
            if any(_is_name(word, (passage.text for passage in passages)) for word in missing):
                return True
    return False


@lru_cache(4_096)  # all passages of an article have the same
def _names(document: str, title: str) -> tuple[Words, ...]:
    """The title of an article, the name of its file and those of its folders, in plain words."""
    path = PurePosixPath(without_record(document))
    return tuple(name for each in (title, path.stem, *path.parent.parts) if (name := tuple(plain_words(each))))


def _contains(words: Sequence[str], name: Words) -> bool:
    return any(tuple(words[start : start + len(name)]) == name for start in range(len(words) - len(name) + 1))


def _is_name(word: str, texts: Iterable[str]) -> bool:
    """Whether texts have a word, and always with a capital; no acronym, which has many other forms."""
    written = [found for text in texts for found in re.findall(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.I)]
    return bool(written) and all(found[0].isupper() for found in written) and not all(map(str.isupper, written))
