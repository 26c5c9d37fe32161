"""Parses a file with the parser of its format: `PARSERS` has one for each that `kinds` names.

A new format is a module with a parser, one line in PARSERS and one in `kinds.FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import EntryPoint

from ..text.document import Contents, Document
from .archives import parse_zip, people_in
from .articles import Fields
from .chat_lines import chat_of
from .conversations import document_of as conversation_document
from .decoding import Unreadable, decode
from .delimited import parse_csv
from .kinds import SOURCE, extension_of, known, plugins, supported
from .markdown import parse_markdown
from .plain import parse_plain
from .reading_settings import USUAL, ReadingSettings
from .recognition import recognised
from .records import parse_json, parse_jsonl
from .remarks import first_notes, noting

Parser = Callable[[str, bytes, ReadingSettings], Contents]


def parse(path: str, data: bytes, settings: ReadingSettings = USUAL) -> Contents:
    """Parse one file; `path` is its path below the corpus folder.

    Raises `decoding.Unreadable` or `decoding.Empty` (ValueErrors whose message is the reason), and KeyError for an
    extension that is not `supported`.
    """
    extension = extension_of(path)
    is_text = extension in settings.text_files and extension not in plugins()
    form = known().get(extension, SOURCE if is_text else None)
    if form is None:
        parser = _from_plugin(plugins()[extension])
    else:
        parser = PARSERS[known().get(recognised(extension, data), form).parser]
    with noting() as noted:
        contents = parser(path, data, settings)
    return replace(contents, notes=(*contents.notes, *first_notes(noted)))


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
        return Contents((parse_office(path, data, _MARKUP[extension_of(path)]),))
    except Unreadable as error:
        return Contents((parse_plain(path, decode(data)),), (f"is read as plain text, because it {error}",))


def _references(path: str, data: bytes) -> Contents:
    from .office.references import parse_references

    return parse_references(path, data, "ris" if extension_of(path) == ".ris" else "bibtex")


def _manual(path: str, data: bytes) -> Document:
    """Parse a manual page; any other file whose name ends with a digit (`syslog.1`) is text."""
    if extension_of(path) == ".pod":
        form = "pod"
    else:
        form = "mdoc" if _MDOC.search(data) else "man" if _MAN.search(data) else ""
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
        if not people or extension_of(inner) != ".json":
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

PARSERS: dict[str, Parser] = {
    "markdown": _text(parse_markdown),
    "text": _text(_plain),
    "html": _single(_html),
    "mhtml": _single(_mhtml),
    "pdf": _single(_pdf),
    "image": _single(_image),
    "old_word": _single(_old_word),
    "old_slides": _single(_old_slides),
    "markup": _single(_markup),
    "manual": _single(_manual),
    "xml": _xml,
    "references": _single(_references),
    "json": _records(parse_json),
    "jsonl": _records(parse_jsonl),
    "csv": _records(parse_csv),
    "spreadsheet": _single(_spreadsheet),
    "subtitles": _text(_subtitles),
    "settings": _text(_settings),
    "log": _text(_log),
    "mail": _mail,
    "outlook": _outlook,
    "mailbox": _mailbox,
    "zip": _zip,
    "source": _text(_source),
    **{form: _office(form) for form in ("docx", "odt", "pptx", "epub", "rtf", "rst", "org", "ipynb")},
}
