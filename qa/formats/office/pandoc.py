"""Reads office documents, e-books and markup languages with a pandoc process, which gives a syntax tree."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

from ..decoding import Unreadable, decode
from ..xml_text import xml_text
from .tree import Node, fold
from .wiki_macros import without_macros

KINDS = {
    "docx": "Word document",
    "odt": "OpenDocument file",
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
    "jira": "Jira text",
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
_XML = ("opml", "fb2", "docbook", "jats")
_TEXT = (
    "rst", "org", "ipynb", "latex", "asciidoc", "textile", "mediawiki", "dokuwiki", "creole", "jira", "muse", "t2t",
    "man",     "mdoc", "pod", "bibtex", "ris",
)  # fmt: skip
_SECONDS = 60
# Markup that takes longer (nested so that the parser tries every reading) is read as plain text instead, for which the
# sandbox must have time left.
_MARKUP_SECONDS, _MARKUP_SECONDS_PER_MB, _MAX_MARKUP_SECONDS = 8, 30, 40
_MAX_OUTPUT = 64_000_000  # bytes of the syntax tree: about 1,500,000 words
_HEAP = "512M"
_HEAP_EXHAUSTED = 251  # exit status
# Directives that include other files: because of one, pandoc would refuse the whole text.
_RST_FILES = re.compile(r"^[ \t]*(?:\.\.[ \t]+(?:literal)?include::.*|:(?:file|url):.*)$", re.MULTILINE)
_FILES = {"rst": _RST_FILES, "asciidoc": re.compile(r"^include::.*$", re.MULTILINE)}
# The label of a paragraph, which pandoc would drop; that of a block it keeps.
_ADOC_LABEL = re.compile(r"^\[(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*\n(?=[^\s=\-*_.+|\[/])", re.MULTILINE)
_NOT_CONTROL = bytes([0, 9, 10, 12, 13, *range(32, 256)])
_RTF_HEADING = re.compile(rb"\{\\s(\d{1,4})\\[^{}]{0,400} [Hh]eading ([1-9]);\}")
# A heading in a list of chapter numbers: pandoc would take it for an item and change the order of lists.
_RTF_NUMBERED_HEADING = re.compile(rb"(\\outlinelevel\d(?:(?!\\par[ \r\n\\{}]).){0,300}?)\\ls\d+", re.DOTALL)
_RTF_STYLE = re.compile(rb"\\s(\d{1,4})(?=[\\ \r\n])")


def read_with_pandoc(form: str, data: bytes) -> Node:
    """The syntax tree of a file of one of the KINDS, whose words and spaces are strings. Raises Unreadable."""
    if form in _TEXT:
        text = decode(data)
        pattern = _FILES.get(form)
        text = without_macros(form, pattern.sub("", text) if pattern else text)
        if form == "asciidoc":
            text = _ADOC_LABEL.sub(r"\1: ", text)
        data = text.encode("utf-8", "replace")
    elif form in _XML:
        data = xml_text(data).encode("utf-8", "replace")
    elif form == "rtf":
        if not data.lstrip().startswith(b"{\\rtf") or _is_binary(data):
            raise Unreadable(damaged(form))
        data = _simplify_rtf(data)
    output = _run(form, data)
    try:
        tree: Node = json.loads(output, object_hook=fold)
    except ValueError as error:
        raise Unreadable(damaged(form)) from error
    return tree


def damaged(form: str) -> str:
    """The reason for a file that cannot be opened."""
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
    seconds = _SECONDS
    if form in _TEXT:
        seconds = min(_MAX_MARKUP_SECONDS, _MARKUP_SECONDS + _MARKUP_SECONDS_PER_MB * len(data) // 1_000_000)
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

        timer = threading.Timer(seconds, stop)
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
        raise Unreadable(f"takes longer than {seconds} seconds to read")
    if status == _HEAP_EXHAUSTED:
        raise Unreadable("needs too much memory to be read: split it")
    if status != 0:
        raise Unreadable(damaged(form))
    return output
