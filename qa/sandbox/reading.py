"""The bytes of one file → what is found in it: its documents, each with its language and its passages.

A reading process does this for a build (see `workers`), and any program by itself. It knows nothing about folders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .. import formats
from ..formats.decoding import Unreadable
from ..text import languages
from ..text.document import Contents, Document
from ..text.packed import PackedPassages
from ..text.passage import Passage
from ..text.passages import Splitting, each_passage

Parse = Callable[[str, bytes], Contents]
MOST_SECTIONS = 300_000  # of one file: each takes half a kilobyte wherever its document goes


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds: documents with their passages, documents without text, and what could not be read of it.

    The documents have no blocks any more.
    """

    documents: Sequence[tuple[Document, Sequence[Passage]]] = ()
    bare: Sequence[Document] = ()
    problems: Sequence[str] = ()


Read = Callable[[str, bytes, Splitting], Found]
Judge = Callable[[Sequence[str]], str]


def read(path: str, data: bytes, splitting: Splitting, parse: Parse = formats.parse) -> Found:
    """Read one file in this process; raises as `formats.parse`, and Unreadable where it has too many headings."""
    contents = parse(path, data)
    documents = [
        (document, PackedPassages(document, passages)) for document, passages in split_each(contents, splitting)
    ]
    return Found(documents, bare(contents), contents.problems)


def bare(contents: Contents) -> list[Document]:
    """The documents that hold no text."""
    return [document for document in contents.documents if not document.blocks]


def split_each(
    contents: Contents, splitting: Splitting, judge: Judge = languages.judged
) -> Iterator[tuple[Document, Iterator[Passage]]]:
    """Each document that holds text, without its blocks, and its passages as they are made. Raises Unreadable.

    `judge` tells its language by samples of it.
    """
    if sum(len(document.sections) for document in contents.documents) > MOST_SECTIONS + len(contents.documents):
        raise Unreadable(f"holds more than {MOST_SECTIONS:,} headings: split it into several files")
    for document in contents.documents:
        if document.blocks:
            told = replace(document, language=judge(languages.samples(document.text)))
            yield replace(told, blocks=()), each_passage(told, splitting)
