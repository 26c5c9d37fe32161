"""Parses office documents, e-books and markup languages from the syntax tree of a pandoc process.

Only what pandoc leaves out (properties, speaker notes) is read from the files themselves.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import tempfile
import threading
import zipfile
from datetime import datetime
from pathlib import Path, PurePosixPath

from ...text.document import Document
from ..archive_limits import local_name, open_archive, read_xml
from ..decoding import Empty, Unreadable, decode
from ..xml_text import xml_text
from .tree import Node, TreeWriter, fold

KINDS = {
    "docx": "Word document",
    "odt": "OpenDocument text",
    "pptx": "PowerPoint presentation",
    "epub": "EPUB book",
    "rtf": "RTF document",
    "rst": "reStructuredText",
    "org": "Org text",
    "ipynb": "Jupyter notebook",
    "latex": "LaTeX text",
    "asciidoc": "AsciiDoc text",
    "textile": "Textile text",
    "mediawiki": "MediaWiki text",
    "dokuwiki": "DokuWiki text",
    "creole": "Creole text",
    "muse": "Muse text",
    "t2t": "txt2tags text",
    "man": "manual page",
    "mdoc": "manual page",
    "pod": "Perl documentation",
    "opml": "OPML outline",
    "fb2": "FictionBook",
    "docbook": "DocBook text",
    "jats": "JATS article",
    "bibtex": "BibTeX bibliography",
    "ris": "RIS bibliography",
}
_ZIPPED = ("docx", "odt", "pptx", "epub")
_XML = ("opml", "fb2", "docbook", "jats")
_TEXT = (
    "rst", "org", "ipynb", "latex", "asciidoc", "textile", "mediawiki", "dokuwiki", "creole", "muse", "t2t", "man",
    "mdoc", "pod", "bibtex", "ris",
)  # fmt: skip
# Pandoc moves the visible title of these from the text to the metadata.
_SHOWS_TITLE = (
    "docx", "rst", "org", "latex", "asciidoc", "muse", "t2t", "man", "mdoc", "opml", "docbook", "jats",
)  # fmt: skip
_SECONDS = 60
_MAX_OUTPUT = 64_000_000  # bytes of the syntax tree: about 1,500,000 words
_HEAP = "512M"
_HEAP_EXHAUSTED = 251  # exit status
# A generated title.
_GENERATED_TITLE = re.compile(
    r"PowerPoint[ -]Pr\w+|Microsoft (?:Word|PowerPoint) - .*|Untitled.*|Document\d*|\S+\.\w{3,4}"
)
_DATES = ("%d %B %Y", "%d. %B %Y", "%B %d, %Y", "%B %d %Y", "%d %b %Y", "%b %d, %Y", "%Y/%m/%d")
# Directives that include other files: because of one, pandoc would refuse the whole text.
_RST_FILES = re.compile(r"^[ \t]*(?:\.\.[ \t]+(?:literal)?include::.*|:(?:file|url):.*)$", re.MULTILINE)
_FILES = {"rst": _RST_FILES, "asciidoc": re.compile(r"^include::.*$", re.MULTILINE)}
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHAPE = "{http://schemas.openxmlformats.org/presentationml/2006/main}sp"
_NOT_CONTROL = bytes([0, 9, 10, 12, 13, *range(32, 256)])
_RTF_HEADING = re.compile(rb"\{\\s(\d{1,4})\\[^{}]{0,400} [Hh]eading ([1-9]);\}")
# A heading in a list of chapter numbers: pandoc would take it for an item and change the order of lists.
_RTF_NUMBERED_HEADING = re.compile(rb"(\\outlinelevel\d(?:(?!\\par[ \r\n\\{}]).){0,300}?)\\ls\d+", re.DOTALL)
_RTF_STYLE = re.compile(rb"\\s(\d{1,4})(?=[\\ \r\n])")


def parse_with_pandoc(path: str, data: bytes, form: str = "") -> Document:
    """Parse a file as `form`, one of the KINDS, or in the format of its extension.

    Raises Unreadable, or Empty if the file contains no text.
    """
    form = form or PurePosixPath(path).suffix.lower().lstrip(".")
    archive = open_archive(data, KINDS[form]) if form in _ZIPPED else None
    try:
        tree = read_with_pandoc(form, data)
        document = _document(path, form, tree, archive)
    except RecursionError:
        raise Unreadable("is nested too deeply to be read") from None
    except (ValueError, KeyError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(_damaged(form)) from error
    if not document.text.strip():
        raise Empty("contains no text")
    return document


def read_with_pandoc(form: str, data: bytes) -> Node:
    """The syntax tree of a file of one of the KINDS, whose words and spaces are strings. Raises Unreadable."""
    if form in _TEXT:
        text = decode(data)
        pattern = _FILES.get(form)
        data = (pattern.sub("", text) if pattern else text).encode("utf-8", "replace")
    elif form in _XML:
        data = xml_text(data).encode("utf-8", "replace")
    elif form == "rtf":
        if not data.lstrip().startswith(b"{\\rtf") or _is_binary(data):
            raise Unreadable(_damaged(form))
        data = _simplify_rtf(data)
    output = _run(form, data)
    try:
        tree: Node = json.loads(output, object_hook=fold)
    except ValueError as error:
        raise Unreadable(_damaged(form)) from error
    return tree


def _damaged(form: str) -> str:
    return f"is damaged: it cannot be opened as {KINDS[form]}"


def _is_binary(data: bytes) -> bool:
    """Whether an RTF file, which should be ASCII except for binary pictures, has more than a few stray bytes."""
    return b"\\bin" not in data and len(data.translate(None, _NOT_CONTROL)) > 0.01 * len(data)


def _simplify_rtf(data: bytes) -> bytes:
    """Add each heading's level where its style is used (pandoc ignores styles), and write footnotes as Word does."""
    levels = {match[1]: int(match[2]) - 1 for match in _RTF_HEADING.finditer(data)}

    def with_level(match: re.Match[bytes]) -> bytes:
        return match[0] + b"\\outlinelevel%d" % levels[match[1]] if match[1] in levels else match[0]

    data = _RTF_STYLE.sub(with_level, data.replace(b"{\\*\\footnote", b"{\\footnote"))
    return _RTF_NUMBERED_HEADING.sub(rb"\1", data)


# --- the process ------------------------------------------------------------------------------------------------------


def _program() -> Path:
    """The pandoc of pypandoc_binary. The package is located but never imported: it could download another pandoc."""
    package = importlib.util.find_spec("pypandoc")
    name = "pandoc.exe" if os.name == "nt" else "pandoc"
    program = Path(package.origin).parent / "files" / name if package and package.origin else None
    if program is None or not program.is_file():
        raise Unreadable("needs pandoc: install the package pypandoc_binary")
    return program


def _run(form: str, data: bytes) -> bytes:
    """The syntax tree as JSON, from a process with no environment, no other files, and limits on time and memory.

    It runs in the folder of pandoc: a temporary folder would remain if this process were killed.
    """
    program = _program()
    command = [str(program), "--sandbox", "--standalone", "-f", form.replace("epub", "epub-raw_html"), "-t", "json"]
    environment = {
        name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ
    }  # Windows needs it to start a process
    expired = threading.Event()
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.seek(0)
        process = subprocess.Popen(  # noqa: S603 (nothing of the document is in the command)
            [*command, "+RTS", f"-M{_HEAP}", "-RTS"],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=program.parent,
            env=environment,
        )

        def stop() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(_SECONDS, stop)
        timer.start()
        try:
            assert process.stdout is not None
            with process.stdout:
                output = process.stdout.read(_MAX_OUTPUT + 1)
            if len(output) > _MAX_OUTPUT:
                raise Unreadable("contains more text than can be read from one file: split it")
            status = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
    if expired.is_set():
        raise Unreadable(f"takes longer than {_SECONDS} seconds to read")
    if status == _HEAP_EXHAUSTED:
        raise Unreadable("needs too much memory to be read: split it")
    if status != 0:
        raise Unreadable(_damaged(form))
    return output


# --- the document -----------------------------------------------------------------------------------------------------


def _document(path: str, form: str, tree: Node, archive: zipfile.ZipFile | None) -> Document:
    writer = TreeWriter()
    meta = tree["meta"]
    metadata = {name: writer.text(meta[name]) for name in ("title", "author", "date") if name in meta}
    if isinstance(meta.get("author"), dict) and meta["author"]["t"] == "MetaList":
        metadata["author"] = ", ".join(map(writer.text, meta["author"]["c"]))
    properties = _properties(archive, form) if archive else {}
    # The properties of an EPUB are its metadata, in which pandoc reverses the order of authors.
    sources = (metadata, properties) if form == "epub" else (properties, metadata)  # the last one wins
    fields = {name: value for source in sources for name, value in source.items() if value.strip()}
    if "date" in fields:
        fields["date"] = _iso_date(fields["date"])
    title, blocks = fields.get("title", ""), tree["blocks"]
    if form in _SHOWS_TITLE and metadata.get("title"):
        writer.builder.heading(1, title)
    elif title and blocks and blocks[0]["t"] == "Para" and TreeWriter().text(blocks[0]["c"]).split() == title.split():
        writer.builder.heading(1, title)
        blocks = blocks[1:]
    for value in (meta.get("subtitle"), meta.get("abstract")):
        if form in _SHOWS_TITLE and isinstance(value, dict):
            writer.write(value["c"] if value["t"] == "MetaBlocks" else [{"t": "Para", "c": writer.text(value)}])
    if form == "pptx":
        writer.slides(blocks, _speaker_notes(archive) if archive else {})
    else:
        writer.write(blocks)
    return writer.builder.document(path, title, fields)


def _properties(archive: zipfile.ZipFile, form: str) -> dict[str, str]:
    """Title, author and date from the file's properties, which pandoc reads only for e-books."""
    names = {"docx": "docProps/core.xml", "pptx": "docProps/core.xml", "odt": "meta.xml"}
    packages = [name for name in archive.namelist() if name.endswith(".opf")]
    root = read_xml(archive, names.get(form, packages[0] if packages else ""))
    values: dict[str, list[str]] = {}
    for element in root.iter() if root is not None else ():
        text = " ".join((element.text or "").split())
        if text:
            values.setdefault(local_name(element), []).append(text)
    authors = values.get("initial-creator") or values.get("creator", [])
    dates = values.get("creation-date") or values.get("created") or values.get("date", [])
    title = next((title for title in values.get("title", []) if not _GENERATED_TITLE.fullmatch(title)), "")
    return {"title": title, "author": ", ".join(authors), "date": dates[0] if dates else ""}


def _speaker_notes(archive: zipfile.ZipFile) -> dict[int, list[str]]:
    """The paragraphs of the speaker notes of each slide, by its number; pandoc leaves them out."""
    presentation = read_xml(archive, "ppt/presentation.xml")
    slides = _targets(archive, "ppt/_rels/presentation.xml.rels")
    notes: dict[int, list[str]] = {}
    order = (
        [element for element in presentation.iter() if local_name(element) == "sldId"]
        if presentation is not None
        else []
    )
    for number, element in enumerate(order, start=1):
        name = slides.get(element.get(_RELATION, ""), "")
        related = _targets(archive, f"ppt/slides/_rels/{name}.rels").values()
        note = next((read_xml(archive, f"ppt/notesSlides/{part}") for part in related if "notesSlide" in part), None)
        for shape in note.iter(_SHAPE) if note is not None else ():
            placeholders = [element.get("type") for element in shape.iter() if local_name(element) == "ph"]
            if placeholders == ["body"]:  # the others show the slide, its number and the date
                paragraphs = (part for part in shape.iter() if local_name(part) == "p")
                notes.setdefault(number, []).extend("".join(part.itertext()) for part in paragraphs)
    return notes


def _targets(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """The file name of each relationship, by its id."""
    root = read_xml(archive, name)
    return {} if root is None else {e.get("Id", ""): PurePosixPath(e.get("Target", "")).name for e in root}


def _iso_date(date_text: str) -> str:
    """`4 May 2024`, `2024-05-04T10:30:00Z` → `2024-05-04`; an unknown form is returned unchanged."""
    date_text = " ".join(date_text.split())
    for form, text in [("%Y-%m-%d", date_text[:10]), *((form, date_text) for form in _DATES)]:
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    return date_text
