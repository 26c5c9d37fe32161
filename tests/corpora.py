"""Made-up articles, and what tests compare of an index.

It does not import pytest. Tests take TinyEncoder from the fixture `tiny`, since several folders have a `conftest`.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from qa.config import Address, Config
from qa.index import open_store
from qa.index.generation import OpenGeneration
from qa.index.local import store
from qa.index.milvus.store import MilvusStore
from qa.models.protocols import Vectors
from qa.text.passage import Passage

REBUILD = "run `qa build --full`."


def prose(word: str, sentences: int = 8) -> str:
    """A paragraph with `word` in every sentence, long enough to be a passage by itself."""
    return " ".join(
        f"The {word} report says that {word}{n} lies beside the old stone wall of the town." for n in range(sentences)
    )


def article(title: str, *words: str) -> str:
    """A Markdown article with one section, and so one passage, per word."""
    head = f"# {title}\n\n" if title else ""
    return head + "\n\n".join(f"## On {word}\n\n{prose(word)}" for word in words) + "\n"


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files by their path below `folder`."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())


def on_server(folder: Path, server: str, name: str) -> tuple[Config, MilvusStore]:
    """An empty corpus below a folder, to be indexed under a name on a Milvus server (host:port)."""
    (folder / "corpus").mkdir()
    address = Address.parse(f"milvus://{server}/{name}", {})
    config = Config(corpus=folder / "corpus", index=folder / "index", reader="off", store=address)
    opened = open_store(config)
    assert isinstance(opened, MilvusStore)
    return config, opened


def passages_of(generation: OpenGeneration, path: str) -> list[tuple[int, Passage]]:
    """The ids and passages of one document, in its order."""
    files = [head.file.path for head in generation.heads([path]).values()]
    ids = [number for file in files for number in generation.parts()[file].passages]
    pairs = zip(ids, generation.passages(ids), strict=True)
    return [(number, passage) for number, passage in pairs if passage.document == path]


def embeddings(generation: OpenGeneration) -> dict[tuple[object, ...], Vectors]:
    """Everything that a generation contains about each passage, with its embedding."""
    rows: dict[tuple[object, ...], Vectors] = {}
    for path in generation.documents():
        for number, p in passages_of(generation, path):
            fact = (p.document, p.order, p.span, p.text, p.title, p.section, p.page, p.sentences)
            rows[fact] = generation.vectors([number])[0]
    return rows


def is_whole(index: Path) -> bool:
    """Whether the index opens and passes its check."""
    generation = store.LocalStore(index).open_current()
    problems = generation.verify()
    generation.close()
    return problems == []


def replace_unseen(place: Path, content: str, by_another: bool = False) -> None:
    """Give a file other content of the same size and the same time of modification, as some programs do.

    With `by_another`, another file takes its place, as when a copy is restored.
    """
    before = place.stat()
    target = place.with_name(".other") if by_another else place
    target.write_text(content)
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    target.replace(place)
    after = place.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, size and time of every file, to see whether anything was written.

    Not of the writers' lock, nor of the note that a FAISS index was compared, which is written where it was copied.
    """
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / ".lock" and path.suffix != ".checked"
    }


@contextmanager
def installed(folder: Path, name: str = "memory", factory: str = "memory_store:MemoryStore") -> Iterator[None]:
    """While this runs, a package below `folder` is installed that provides a store through an entry point."""
    package = folder / "other_store-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: other-store\nVersion: 1.0\n", "utf-8")
    (package / "entry_points.txt").write_text(f"[qa.stores]\n{name} = {factory}\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield


def illustrated_book(picture: bytes) -> bytes:
    """An EPUB of two chapters, with a picture in a folder beside them at the end of the first."""
    package = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">
    <metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">b</dc:identifier>
    <dc:title>Bees</dc:title><dc:language>en</dc:language></metadata>
    <manifest><item id="b" href="text/b.xhtml" media-type="application/xhtml+xml"/>
    <item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>
    <item id="p" href="img/hive%20one.png" media-type="image/png"/></manifest>
    <spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{}</body></html>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        )
        archive.writestr("OEBPS/book.opf", package)
        archive.writestr(
            "OEBPS/text/a.xhtml",
            page.format(
                "<h1>Winter</h1><p>In winter the bees keep each other warm.</p>"
                '<p><img src="../img/hive%20one.png" alt="A hive"/></p>'
            ),
        )
        archive.writestr("OEBPS/text/b.xhtml", page.format("<h1>Summer</h1><p>In summer they fan their wings.</p>"))
        archive.writestr("OEBPS/img/hive one.png", picture)
    return file.getvalue()
