"""The kinds of files that are read: for each its name for display, the extensions of its files, and its parser's name.

Other packages add formats without changing this one: an entry point of the group `qa.formats` is named after an
extension (`srt`), and its value is a function that takes the path and the bytes of a file and returns a Document or
Contents. No parser is imported here (see `registry`): who asks needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from ..text.document import stem_and_suffix

_GROUP = "qa.formats"


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `extensions` are in lower case, with their dot; `parser` is a key of `registry.PARSERS`."""

    name: str
    extensions: tuple[str, ...]
    parser: str


_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".heic", ".heif")
_SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xltx", ".xltm", ".xls", ".xlt", ".ods", ".ots", ".fods")
FORMATS = (
    Format("Markdown", (".md", ".markdown", ".mdown", ".mdx", ".qmd", ".rmd"), "markdown"),
    Format("text", (".txt", ".text"), "text"),
    Format("web page", (".html", ".htm", ".xhtml"), "html"),
    Format("web page", (".mhtml", ".mht"), "mhtml"),
    Format("PDF", (".pdf",), "pdf"),
    Format("image", _IMAGES, "image"),
    Format("Word", (".docx", ".docm", ".dotx", ".dotm"), "docx"),
    Format("Word", (".doc", ".dot"), "old_word"),
    Format("OpenDocument", (".odt", ".ott", ".odm", ".fodt", ".odg", ".otg", ".fodg"), "odt"),
    Format("OpenDocument slides", (".odp", ".otp", ".fodp"), "odt"),
    Format("PowerPoint", (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"), "pptx"),
    Format("PowerPoint", (".ppt", ".pps", ".pot"), "old_slides"),
    Format("e-book", (".epub",), "epub"),
    Format("RTF", (".rtf",), "rtf"),
    Format("reStructuredText", (".rst",), "rst"),
    Format("Org", (".org",), "org"),
    Format("notebook", (".ipynb",), "ipynb"),
    Format("LaTeX", (".tex", ".ltx", ".latex"), "markup"),
    Format("AsciiDoc", (".adoc", ".asciidoc", ".asc"), "markup"),
    Format(
        "wiki text",
        (".mediawiki", ".wiki", ".dokuwiki", ".creole", ".jira", ".confluence", ".textile", ".muse", ".t2t"),
        "markup",
    ),
    Format("manual page", (".man", ".1", ".2", ".3", ".4", ".5", ".6", ".7", ".8", ".9", ".pod"), "manual"),
    Format("XML", (".xml", ".rss", ".atom", ".enex", ".opml", ".fb2", ".dbk", ".docbook", ".jats", ".nxml"), "xml"),
    Format("bibliography", (".bib", ".bibtex", ".ris"), "references"),
    Format("JSON", (".json",), "json"),
    Format("JSON Lines", (".jsonl", ".ndjson"), "jsonl"),
    Format("CSV", (".csv",), "csv"),
    Format("spreadsheet", _SHEETS, "spreadsheet"),
    Format("TSV", (".tsv",), "csv"),
    Format("subtitles", (".srt", ".vtt"), "subtitles"),
    Format("settings", (".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".env", ".properties"), "settings"),
    Format("log", (".log",), "log"),
    Format("mail", (".eml", ".emlx"), "mail"),
    Format("Outlook mail", (".msg",), "outlook"),
    Format("mailbox", (".mbox", ".mbx"), "mailbox"),
    Format("zip archive", (".zip",), "zip"),
)
SOURCE = Format("source code", (), "source")  # for `ReadingSettings.text_files`


@cache
def known() -> dict[str, Format]:
    """The formats of this package by extension."""
    return {extension: each for each in FORMATS for extension in each.extensions}


def supported(path: str, text_files: Sequence[str] = ()) -> bool:
    """Whether files with this extension are read, with those of `text_files` (see ReadingSettings)."""
    extension = extension_of(path)
    return extension in known() or extension in plugins() or extension in text_files


def kind(path: str) -> str:
    """The kind of a file by its extension, for display: `PDF`, `web page`; `PNG file` for one that is not supported."""
    extension = extension_of(path)
    found = known().get(extension)
    return found.name if found else f"{extension[1:].upper()} file".lstrip()


def has_pages(path: str) -> bool:
    """Whether the pages of the file can be drawn, by its extension."""
    return extension_of(path) in (".pdf", *_IMAGES)


def extensions(text_files: Sequence[str] = ()) -> tuple[str, ...]:
    """The extensions of all files that are read, those of other packages and of `text_files` last."""
    return tuple(dict.fromkeys((*known(), *plugins(), *text_files)))


def extension_of(path: str) -> str:
    """The extension of a file in lower case, with its dot."""
    return stem_and_suffix(path)[1].lower()


@cache
def plugins() -> dict[str, EntryPoint]:
    """The formats of other installed packages by extension; an extension that this package reads stays its own."""
    found = {f".{plugin.name.lower().lstrip('.')}": plugin for plugin in entry_points(group=_GROUP)}
    return {extension: plugin for extension, plugin in sorted(found.items()) if extension not in known()}


def plugin_versions() -> dict[str, str]:
    """The packages that provide the plugins, with their versions: if one changes, its files are parsed again."""
    return {
        extension: f"{plugin.dist.name} {plugin.dist.version}" if plugin.dist else plugin.value
        for extension, plugin in plugins().items()
    }
