"""The formats that are read: for each its name for display, the extensions of its files, and its parser.

A new format is a module with a parser and one line in FORMATS. Other packages add formats without changing this one:
an entry point of the group `qa.formats` is named after an extension (`srt`), and its value is a function that takes the
path and the bytes of a file and returns a Document or Contents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points

from ..text.document import Contents, Document, stem_and_suffix
from .archives import parse_zip, people_in
from .articles import Fields
from .chat_lines import chat_of
from .conversations import document_of as conversation_document
from .decoding import Unreadable, decode
from .delimited import parse_csv
from .markdown import parse_markdown
from .plain import parse_plain
from .reading_settings import USUAL, ReadingSettings
from .recognition import recognised
from .records import parse_json, parse_jsonl
from .remarks import first_notes, noting

Parser = Callable[[str, bytes, ReadingSettings], Contents]
_GROUP = "qa.formats"


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `extensions` are in lower case, with their dot; `parse` takes path, bytes and settings."""

    name: str
    extensions: tuple[str, ...]
    parse: Parser


def parse(path: str, data: bytes, settings: ReadingSettings = USUAL) -> Contents:
    """Parse one file; `path` is its path below the corpus folder.

    Raises `decoding.Unreadable` or `decoding.Empty` (ValueErrors whose message is the reason), and KeyError for an
    extension that is not `supported`.
    """
    extension = _extension(path)
    is_text = extension in settings.text_files and extension not in plugins()
    own = _own().get(extension, _SOURCE if is_text else None)
    parser = _from_plugin(plugins()[extension]) if own is None else _own().get(recognised(extension, data), own).parse
    with noting() as noted:
        contents = parser(path, data, settings)
    return replace(contents, notes=(*contents.notes, *first_notes(noted)))


def supported(path: str, text_files: Sequence[str] = ()) -> bool:
    """Whether files with this extension are read, with those of `text_files` (see ReadingSettings)."""
    extension = _extension(path)
    return extension in _own() or extension in plugins() or extension in text_files


def kind(path: str) -> str:
    """The kind of a file by its extension, for display: `PDF`, `web page`; `PNG file` for one that is not supported."""
    extension = _extension(path)
    own = _own().get(extension)
    return own.name if own else f"{extension[1:].upper()} file".lstrip()


def has_pages(path: str) -> bool:
    """Whether the pages of the file can be drawn, by its extension."""
    return _extension(path) in (".pdf", *_IMAGES)


def extensions(text_files: Sequence[str] = ()) -> tuple[str, ...]:
    """The extensions of all files that are read, those of other packages and of `text_files` last."""
    return tuple(dict.fromkeys((*_own(), *plugins(), *text_files)))


def _extension(path: str) -> str:
    return stem_and_suffix(path)[1].lower()


@cache
def plugins() -> dict[str, EntryPoint]:
    """The formats of other installed packages by extension; an extension that this package reads stays its own."""
    found = {f".{plugin.name.lower().lstrip('.')}": plugin for plugin in entry_points(group=_GROUP)}
    return {extension: plugin for extension, plugin in sorted(found.items()) if extension not in _own()}


def plugin_versions() -> dict[str, str]:
    """The packages that provide the plugins, with their versions: if one changes, its files are parsed again."""
    return {
        extension: f"{plugin.dist.name} {plugin.dist.version}" if plugin.dist else plugin.value
        for extension, plugin in plugins().items()
    }


def _from_plugin(plugin: EntryPoint) -> Parser:
    try:
        parse = plugin.load()
    except Exception as error:  # importing another package runs its code, which can raise anything
        raise Unreadable(f"cannot be read by {plugin.value} ({error}): update the package that provides it") from error
    return _single(parse)


# --- adapters ---------------------------------------------------------------------------------------------------------


def _single(parse_bytes: Callable[[str, bytes], Document | Contents]) -> Parser:
    """The parser of a format without settings, whose files contain one or several documents each."""

    def parse(path: str, data: bytes, _: ReadingSettings) -> Contents:
        parsed = parse_bytes(path, data)
        return parsed if isinstance(parsed, Contents) else Contents((parsed,))

    return parse


def _text(parse_text: Callable[[str, str], Document]) -> Parser:
    """The parser of a text format, from a function that takes the decoded text."""
    return _single(lambda path, data: parse_text(path, decode(data)))


def _records(parse_records: Callable[[str, bytes, Fields], Contents]) -> Parser:
    """The parser of a format of records, with the configured field names."""
    return lambda path, data, settings: parse_records(path, data, Fields.named(settings.fields))


def _inner(settings: ReadingSettings) -> tuple[Callable[[str, bytes], Contents], Callable[[str], bool]]:
    """The parser of the files inside a file, which are read with its settings, and whether one is read."""
    return partial(parse, settings=settings), partial(supported, text_files=settings.text_files)


def _plain(path: str, text: str) -> Document:
    return chat_of(path, text) or parse_plain(path, text)


# The libraries of these formats are imported with the first file that needs them.


def _html(path: str, data: bytes) -> Document:
    from .web.page import chat_in, parse_html

    chat = chat_in(data)
    document = conversation_document(path, chat) if chat else None
    return document or parse_html(path, data)


def _mhtml(path: str, data: bytes) -> Document:
    from .web.page import parse_mhtml

    return parse_mhtml(path, data)


def _pdf(path: str, data: bytes) -> Contents:
    from .pdf.parse import parse_pdf

    return parse_pdf(path, data)


def _image(path: str, data: bytes) -> Contents:
    from .pdf.images import parse_image

    return parse_image(path, data)


def _office(form: str) -> Parser:
    """The parser of a format that pandoc calls `form`, or of one that is read beside it."""

    def parse(path: str, data: bytes) -> Document:
        from .office.parse import parse_office

        return parse_office(path, data, form)

    return _single(parse)


def _old_word(path: str, data: bytes) -> Document:
    from .office.old_word import parse_old_word

    return parse_old_word(path, data)


def _old_slides(path: str, data: bytes) -> Document:
    from .office.old_slides import parse_old_slides

    return parse_old_slides(path, data)


def _markup(path: str, data: bytes) -> Contents:
    """Parse a text in a markup language that pandoc reads; its extension says which.

    A text with an error in its markup is read as plain text.
    """
    from .office.parse import parse_office

    try:
        return Contents((parse_office(path, data, _MARKUP[_extension(path)]),))
    except Unreadable as error:
        return Contents((parse_plain(path, decode(data)),), (f"is read as plain text, because it {error}",))


def _references(path: str, data: bytes) -> Contents:
    from .office.references import parse_references

    return parse_references(path, data, "ris" if _extension(path) == ".ris" else "bibtex")


def _manual(path: str, data: bytes) -> Document:
    """Parse a manual page; any other file whose name ends with a digit (`syslog.1`) is text."""
    form = "pod" if _extension(path) == ".pod" else "mdoc" if _MDOC.search(data) else "man" if _MAN.search(data) else ""
    if not form:
        return parse_plain(path, decode(data))
    from .office.parse import parse_office

    return parse_office(path, data, form)


def _xml(path: str, data: bytes, settings: ReadingSettings) -> Contents:
    from .xml_kinds import parse_xml

    return parse_xml(path, data, *_inner(settings))


def _spreadsheet(path: str, data: bytes) -> Contents:
    from .office.spreadsheet import parse_spreadsheet

    return parse_spreadsheet(path, data)


def _zip(path: str, data: bytes, settings: ReadingSettings) -> Contents:
    people = people_in(data)
    parse_other, is_read = _inner(settings)

    def parse_inside(inner: str, content: bytes) -> Contents:
        if not people or _extension(inner) != ".json":
            return parse_other(inner, content)
        return parse_json(inner, content, Fields.named(settings.fields), people)

    return parse_zip(path, data, parse_inside, is_read)


def _mail(path: str, data: bytes, settings: ReadingSettings) -> Contents:
    from .mime import parse_eml

    return parse_eml(path, data, *_inner(settings))


def _outlook(path: str, data: bytes, settings: ReadingSettings) -> Contents:
    from .outlook import parse_msg

    return parse_msg(path, data, *_inner(settings))


def _mailbox(path: str, data: bytes, settings: ReadingSettings) -> Contents:
    from .mime import parse_mbox

    return parse_mbox(path, data, *_inner(settings))


def _subtitles(path: str, text: str) -> Document:
    from .subtitles import parse_subtitles

    return parse_subtitles(path, text)


def _settings(path: str, text: str) -> Document:
    from .settings import parse_settings

    return parse_settings(path, text)


def _log(path: str, text: str) -> Document:
    from .settings import parse_log

    return parse_log(path, text)


def _source(path: str, text: str) -> Document:
    from .source import parse_source

    return parse_source(path, text)


# What pandoc calls the markup language of an extension.
_MARKUP = {
    **dict.fromkeys((".tex", ".ltx", ".latex"), "latex"),
    **dict.fromkeys((".adoc", ".asciidoc", ".asc"), "asciidoc"),
    **dict.fromkeys((".mediawiki", ".wiki"), "mediawiki"),
    **dict.fromkeys((".jira", ".confluence"), "jira"),
    **{f".{form}": form for form in ("dokuwiki", "creole", "textile", "muse", "t2t")},
}
_MAN = re.compile(rb"^[.'][ \t]*TH[ \t]", re.MULTILINE)
_MDOC = re.compile(rb"^[.'][ \t]*D[dt][ \t]", re.MULTILINE)

# --- the formats ------------------------------------------------------------------------------------------------------

_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".heic", ".heif")
_SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xltx", ".xltm", ".xls", ".xlt", ".ods", ".ots", ".fods")
FORMATS = (
    Format("Markdown", (".md", ".markdown", ".mdown", ".mdx", ".qmd", ".rmd"), _text(parse_markdown)),
    Format("text", (".txt", ".text"), _text(_plain)),
    Format("web page", (".html", ".htm", ".xhtml"), _single(_html)),
    Format("web page", (".mhtml", ".mht"), _single(_mhtml)),
    Format("PDF", (".pdf",), _single(_pdf)),
    Format("image", _IMAGES, _single(_image)),
    Format("Word", (".docx", ".docm", ".dotx", ".dotm"), _office("docx")),
    Format("Word", (".doc", ".dot"), _single(_old_word)),
    Format("OpenDocument", (".odt", ".ott", ".odm", ".fodt", ".odg", ".otg", ".fodg"), _office("odt")),
    Format("OpenDocument slides", (".odp", ".otp", ".fodp"), _office("odt")),
    Format("PowerPoint", (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"), _office("pptx")),
    Format("PowerPoint", (".ppt", ".pps", ".pot"), _single(_old_slides)),
    Format("e-book", (".epub",), _office("epub")),
    Format("RTF", (".rtf",), _office("rtf")),
    Format("reStructuredText", (".rst",), _office("rst")),
    Format("Org", (".org",), _office("org")),
    Format("notebook", (".ipynb",), _office("ipynb")),
    Format("LaTeX", (".tex", ".ltx", ".latex"), _single(_markup)),
    Format("AsciiDoc", (".adoc", ".asciidoc", ".asc"), _single(_markup)),
    Format(
        "wiki text",
        (".mediawiki", ".wiki", ".dokuwiki", ".creole", ".jira", ".confluence", ".textile", ".muse", ".t2t"),
        _single(_markup),
    ),
    Format("manual page", (".man", ".1", ".2", ".3", ".4", ".5", ".6", ".7", ".8", ".9", ".pod"), _single(_manual)),
    Format("XML", (".xml", ".rss", ".atom", ".enex", ".opml", ".fb2", ".dbk", ".docbook", ".jats", ".nxml"), _xml),
    Format("bibliography", (".bib", ".bibtex", ".ris"), _single(_references)),
    Format("JSON", (".json",), _records(parse_json)),
    Format("JSON Lines", (".jsonl", ".ndjson"), _records(parse_jsonl)),
    Format("CSV", (".csv",), _records(parse_csv)),
    Format("spreadsheet", _SHEETS, _single(_spreadsheet)),
    Format("TSV", (".tsv",), _records(parse_csv)),
    Format("subtitles", (".srt", ".vtt"), _text(_subtitles)),
    Format("settings", (".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".env", ".properties"), _text(_settings)),
    Format("log", (".log",), _text(_log)),
    Format("mail", (".eml", ".emlx"), _mail),
    Format("Outlook mail", (".msg",), _outlook),
    Format("mailbox", (".mbox", ".mbx"), _mailbox),
    Format("zip archive", (".zip",), _zip),
)
_SOURCE = Format("source code", (), _text(_source))  # for `ReadingSettings.text_files`


@cache
def _own() -> dict[str, Format]:
    return {extension: each for each in FORMATS for extension in each.extensions}
