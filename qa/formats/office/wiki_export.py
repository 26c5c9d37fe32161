"""Parses exports of MediaWiki: a document for each page, in its last version, with pandoc."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from ...text.document import Contents, Document
from ..contained import first_of
from ..decoding import Empty, Unreadable
from ..plain import parse_plain
from .pandoc import read_with_pandoc
from .tree import Node, TreeWriter

_MAX_PAGES = 100_000
_BATCH = 400_000  # characters that one process reads
_FIRST_OWN = 100  # the first number of the namespaces that a wiki adds; odd ones are discussions
_ARTICLES = (0, 4, 12)  # articles, the project, help
_MARK = "page mark 7f3a9c"  # of the headings that separate pages
_NO_REVISIONS = "is damaged: it cannot be opened as XML"


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    title: str
    text: str
    author: str
    date: str


def parse_wiki_export(path: str, text: str) -> Contents:
    """The pages of an export, without redirects, discussions and templates: `wiki.xml#3`. Raises Unreadable, Empty."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(_NO_REVISIONS) from error
    if root is None:
        raise Unreadable(_NO_REVISIONS)
    documents: list[Document] = []
    problems: list[str] = []
    for batch in _batches([*_pages(root)][:_MAX_PAGES]):
        for page, blocks in _read(batch):
            document = _document(f"{path}#{page.number}", page, blocks)
            if document.blocks:
                documents.append(document)
            if blocks is None:
                problems.append(f"{page.title}: is read as plain text, because its markup has an error")
    if not documents:
        raise Empty("contains no text")
    return Contents(tuple(documents), tuple(first_of(problems)))


def _document(path: str, page: _Page, blocks: list[Node] | None) -> Document:
    metadata = {name: value for name, value in (("author", page.author), ("date", page.date)) if value}
    if blocks is None:
        return replace(parse_plain(path, page.text, page.title), metadata=metadata)
    writer = TreeWriter()
    writer.write(blocks)
    return writer.builder.document(path, page.title, metadata)


def _pages(root: Any) -> Iterator[_Page]:
    number = 0
    for page in root.iter("{*}page"):
        number += 1
        revisions = page.findall("{*}revision")
        namespace = page.findtext("{*}ns", "0").strip()
        kind = int(namespace) if namespace.isascii() and namespace.isdigit() and len(namespace) < 6 else -1
        is_article = kind in _ARTICLES or (kind >= _FIRST_OWN and kind % 2 == 0)
        if not revisions or not is_article or page.find("{*}redirect") is not None:
            continue
        last = revisions[-1]
        text = last.findtext("{*}text", "")
        if text.strip():
            date = last.findtext("{*}timestamp", "")[:10]
            author = last.findtext("{*}contributor/{*}username", "")
            yield _Page(number, " ".join(page.findtext("{*}title", "").split()), text, author, date)


def _batches(pages: Sequence[_Page]) -> Iterator[list[_Page]]:
    batch: list[_Page] = []
    for page in pages:
        if batch and sum(len(each.text) for each in batch) + len(page.text) > _BATCH:
            yield batch
            batch = []
        batch.append(page)
    if batch:
        yield batch


def _read(batch: list[_Page]) -> Iterator[tuple[_Page, list[Node] | None]]:
    """The blocks of each page; None for one that pandoc does not read.

    Pages are read together, or fewer at a time where the markup of one has an error or swallows the next.
    """
    text = "".join(f"\n\n= {_MARK} {n} =\n\n{page.text}\n" for n, page in enumerate(batch))
    try:
        blocks = read_with_pandoc("mediawiki", text.encode("utf-8", "replace"))["blocks"]
    except Unreadable:
        blocks = []
    marks = [n for n, block in enumerate(blocks) if _is_mark(block)]
    if len(marks) == len(batch):
        for page, start, end in zip(batch, marks, [*marks[1:], len(blocks)], strict=True):
            yield page, blocks[start + 1 : end]
    elif len(batch) > 1:
        half = len(batch) // 2
        yield from _read(batch[:half])
        yield from _read(batch[half:])
    else:
        yield batch[0], None


def _is_mark(block: Node) -> bool:
    return block["t"] == "Header" and block["c"][0] == 1 and TreeWriter().text(block["c"][2]).startswith(_MARK)
