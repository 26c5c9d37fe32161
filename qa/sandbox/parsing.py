"""Parses the bytes of one file into documents, each with its language and its passages.

A build does this in a sandbox process (`pool`); it can equally be called in the current process.
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
from ..text.passages import Splitting, iter_passages
from ..text.properties import with_properties

Parse = Callable[[str, bytes], Contents]
MAX_SECTIONS = 300_000  # in one file: each takes half a kilobyte in every process that the document passes through


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The documents of one file with their passages, its documents without text, and what could not be read in it.

    `notes` say how it was read.

    The documents no longer have their blocks, which only splitting needs.
    """

    documents: Sequence[tuple[Document, Sequence[Passage]]] = ()
    empty: Sequence[Document] = ()
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()


ParseFile = Callable[[str, bytes, Splitting], ParsedFile]
DetectLanguage = Callable[[Sequence[str]], str]


def parse_file(path: str, data: bytes, splitting: Splitting, parse: Parse = formats.parse) -> ParsedFile:
    """Parse one file and split its documents, in this process.

    Raises what `formats.parse` raises, and Unreadable if the file has more than MAX_SECTIONS headings.
    """
    contents = parse(path, data)
    documents = [
        (document, PackedPassages(document, passages)) for document, passages in split_documents(contents, splitting)
    ]
    return ParsedFile(documents, empty_documents(contents), contents.problems, contents.notes)


def empty_documents(contents: Contents) -> list[Document]:
    """The documents that contain no text."""
    return [document for document in contents.documents if not document.blocks]


def split_documents(
    contents: Contents, splitting: Splitting, detect_language: DetectLanguage = languages.detect_from_samples
) -> Iterator[tuple[Document, Iterator[Passage]]]:
    """Yield each document that contains text, without its blocks, and an iterator over its passages.

    `detect_language` takes samples of a document's text and returns an ISO 639-1 code. Raises Unreadable if the file
    has more than MAX_SECTIONS headings.
    """
    if sum(len(document.sections) for document in contents.documents) > MAX_SECTIONS + len(contents.documents):
        raise Unreadable(f"contains more than {MAX_SECTIONS:,} headings: split it into several files")
    for document in contents.documents:
        if document.blocks:
            document = replace(with_properties(document), language=detect_language(languages.samples(document.text)))
            yield replace(document, blocks=()), iter_passages(document, splitting)
