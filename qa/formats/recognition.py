"""Tells what a file is by its first bytes, since names lie: a `.doc` that is RTF, a `.txt` that is PDF."""

from __future__ import annotations

import codecs
import io
import re
import struct
import zipfile

from .archive_limits import read_part
from .decoding import Unreadable

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD = 4_096  # bytes
_LONG_HEAD = 16_384  # bytes: a flat OpenDocument file says what it is behind the names of thirty kinds of elements
_PASSWORD = "EncryptedPackage".encode("utf-16-le")  # the stream of a file with a password
# The main stream of each kind of OLE file.
_STREAMS = {
    "WordDocument": ".doc",
    "PowerPoint Document": ".ppt",
    "Workbook": ".xls",
    "Book": ".xls",
    "__properties_version1.0": ".msg",
}
# The kinds of main parts in [Content_Types].xml.
_MAIN_PART = re.compile(
    rb"(wordprocessingml|ms-word|presentationml|ms-powerpoint|spreadsheetml|ms-excel)"
    rb"\.(?:document|template|presentation|slideshow|sheet|addin)(?:\.macroEnabled)?\.main\+xml"
)
_MAIN_PARTS = {
    b"wordprocessingml": ".docx",
    b"ms-word": ".docx",
    b"presentationml": ".pptx",
    b"ms-powerpoint": ".pptx",
    b"spreadsheetml": ".xlsx",
    b"ms-excel": ".xlsx",
}
_MEDIA_TYPE = re.compile(
    rb"application/(?:epub\+zip|vnd\.oasis\.opendocument\.(text|presentation|spreadsheet|graphics)(?:-\w+)*)"
)
_OPEN_DOCUMENTS = {None: ".epub", b"text": ".odt", b"presentation": ".odp", b"spreadsheet": ".ods", b"graphics": ".odg"}
_PAGE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|meta|body)\b", re.I | re.S)
_FLAT = re.compile(r"\s*<\?xml[^>]*>.{0,400}?<office:document\b([^>]*)", re.S)
_SAVED_PAGE = re.compile(r"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?Content-Type:\s*multipart/related", re.I)
_FLAT_DOCUMENTS = (".fodt", ".fods", ".fodp", ".fodg", ".xml")
# Files of these kinds begin with a mark of their own: if it is missing, they are what people rename to them.
_BINARY = (
    ".doc", ".dot", ".docx", ".pptx", ".ppt", ".pps", ".pdf", ".rtf", ".xls", ".xlsx", ".odt", ".odp", ".ods", ".odg",
    *_FLAT_DOCUMENTS,
)  # fmt: skip
# The lock and recovery files of Word and LibreOffice, copies of editors, and unfinished downloads.
_TEMPORARY_STARTS = ("~$", "~wrl", ".~lock")
_TEMPORARY_ENDS = ("~", ".tmp", ".part", ".crdownload", ".swp")
_OLD_WORD = (".doc", ".dot")
_PAGES = (".html", ".htm", ".xhtml", ".mhtml", ".mht")
_TEXTS = (".txt", ".text")


def is_temporary(name: str) -> bool:
    """Whether a file of this name is no article: a lock file, or one that a program writes before it is whole."""
    name = name.casefold()
    return name.startswith(_TEMPORARY_STARTS) or name.endswith(_TEMPORARY_ENDS)


def recognised(extension: str, data: bytes) -> str:
    """The extension of what the file is; its own, in lower case with the dot, where its first bytes say nothing."""
    head = data[:_HEAD].lstrip()
    if head.startswith(b"%PDF-"):
        return ".pdf"
    if head.startswith(b"{\\rtf"):
        return ".rtf"
    if data.startswith(OLE_MAGIC):
        return _in_ole(data) or extension
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_zip(data) or extension
    if extension in (*_BINARY, *_TEXTS, *_PAGES):
        if (flat := _FLAT.match(_text(data[:_LONG_HEAD]))) is not None:
            return ".fods" if "opendocument.spreadsheet" in flat[1] else ".fodt"
        return _as_text(extension, _text(data[:_HEAD])) or extension
    return extension


def _as_text(extension: str, head: str) -> str:
    """The kind of a file that should be binary, plain text or a web page, but is text of another kind."""
    if _SAVED_PAGE.match(head):
        return ".mhtml"
    if extension in _PAGES:
        return ""
    if _PAGE.match(head):
        # A text may quote the source of a page; only a complete one was saved under a wrong name.
        return ".html" if extension not in _TEXTS or head.lstrip()[:9].casefold() == "<!doctype" else ""
    return ".txt" if extension in _OLD_WORD and head and "\x00" not in head else ""


def _text(head: bytes) -> str:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1").replace("\r\n", "\n")


def _in_zip(data: bytes) -> str:
    """The kind of document in a zip archive, by its main part; empty for other archives."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error):
        return ""
    types = read_part(archive, "[Content_Types].xml")
    if (main := _MAIN_PART.search(types)) is not None:
        return _MAIN_PARTS[main[1]]
    media_type = _MEDIA_TYPE.fullmatch(read_part(archive, "mimetype").strip())
    return _OPEN_DOCUMENTS[media_type[1]] if media_type and media_type[1] in _OPEN_DOCUMENTS else ""


def _in_ole(data: bytes) -> str:
    """The kind of document in an OLE file, by its main stream."""
    from .ole import OleFile  # few files need it

    if _PASSWORD in data:
        return ".docx"  # whatever is inside: the parser of Word files says that it is locked
    try:
        file = OleFile(data, "")
    except Unreadable:
        return ""
    return next((extension for name, extension in _STREAMS.items() if file.has(name)), "")
