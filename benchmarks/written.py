"""Measures how much is read of files that other programs wrote from the same articles.

The articles are every fourth chapter of benchmarks/collections/textbook. pandoc writes its formats, Python's own
libraries mails, tables, records and feeds, and Chromium PDF. The words wanted are those of pandoc's plain text. Nothing
here writes old binary formats, exports of chats or pictures: there the tests compare with what they made themselves.
"""

from __future__ import annotations

import csv
import io
import json
import mailbox
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from statistics import mean
from xml.etree import ElementTree

import pypandoc  # type: ignore[import-untyped]

from benchmarks.common import ROOT
from qa.formats import parse

FOLDER = ROOT / "benchmarks" / "collections" / "textbook"
_WORD, _IMAGE = re.compile(r"[^\W_]+"), re.compile(r"<img\b[^>]*>")
# By extension, as pandoc names them.
_MARKUP = {
    ".adoc": "asciidoc", ".dbk": "docbook5", ".dokuwiki": "dokuwiki", ".fb2": "fb2", ".ipynb": "ipynb",
    ".jats": "jats_archiving", ".jira": "jira", ".1": "man", ".md": "gfm", ".mediawiki": "mediawiki", ".muse": "muse",
    ".opml": "opml", ".org": "org", ".rst": "rst", ".rtf": "rtf", ".tex": "latex", ".textile": "textile",
    ".txt": "plain", ".docx": "docx", ".epub": "epub", ".odt": "odt", ".pptx": "pptx",
}  # fmt: skip
_CONTENT = "http://purl.org/rss/1.0/modules/content/"


@dataclass(frozen=True, slots=True)
class Article:
    """An article as a web page, as plain text, and as the paragraphs of that."""

    page: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        return [" ".join(part.split()) for part in self.text.split("\n\n") if part.strip()]


def read_written() -> Iterator[str]:
    """The lines of a table with a row for each format."""
    # Without the pictures, whose files are not there.
    pages = [_IMAGE.sub("", path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.html"))[::4]]
    articles = [Article(page, _converted(page, "plain", "--wrap=none").decode()) for page in pages]
    yield "| format | written by | files | words found | … of the worst | at least .97 | s per MB |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for extension, (writer, write) in sorted(_WRITERS.items()):
        recalls, seconds, size = [], 0.0, 0
        for article in articles:
            data = write(article)
            started = time.perf_counter()
            documents = parse(f"article{extension}", data).documents
            seconds, size = seconds + time.perf_counter() - started, size + len(data)
            wanted = _words(article.text)
            actual = _words("\n".join(f"{document.title} {document.text}" for document in documents))
            recalls.append((wanted & actual).total() / wanted.total())
        found = f"{mean(recalls):.3f} | {min(recalls):.3f} | {sum(recall >= 0.97 for recall in recalls)}"
        yield f"| {extension[1:]} | {writer} | {len(recalls)} | {found} | {seconds / size * 1e6:.1f} |"


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.replace("\u00ad", "").casefold()))


def _converted(page: str, form: str, *options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "written"
        pypandoc.convert_text(
            page, form, "html", extra_args=["--standalone", "--metadata=title:", *options], outputfile=str(target)
        )
        return target.read_bytes()


def _printed(article: Article) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(f"<meta charset=utf-8>{article.page}", "utf-8")
        chromium = shutil.which("chromium") or "chromium"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={target}"]
        subprocess.run([chromium, *options, source.as_uri()], check=True, capture_output=True, timeout=120)
        return target.read_bytes()


# --- Python's own libraries -------------------------------------------------------------------------------------------


def _mail(article: Article) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada Marsh <ada@example.org>", "bo@example.org", "A chapter"
    mail["Date"], mail["Message-ID"] = "Tue, 05 Mar 2024 10:00:00 +0000", "<chapter@example.org>"
    mail.set_content(article.text)
    mail.add_alternative(article.page, subtype="html")
    return mail


def _mailbox(article: Article) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box"
        box = mailbox.mbox(path)
        box.add(mailbox.mboxMessage(_mail(article)))
        box.close()
        return path.read_bytes()


def _table(article: Article, delimiter: str) -> bytes:
    out = io.StringIO()
    rows = csv.writer(out, delimiter=delimiter)
    rows.writerow(["number", "text"])
    rows.writerows(enumerate(article.paragraphs, start=1))
    return out.getvalue().encode()


def _records(article: Article) -> list[dict[str, object]]:
    return [{"id": number, "text": text} for number, text in enumerate(article.paragraphs, start=1)]


def _feed(article: Article) -> bytes:
    ElementTree.register_namespace("content", _CONTENT)
    root = ElementTree.Element("rss", version="2.0")
    item = ElementTree.SubElement(ElementTree.SubElement(root, "channel"), "item")
    ElementTree.SubElement(item, "title").text = "A chapter"
    ElementTree.SubElement(item, f"{{{_CONTENT}}}encoded").text = article.page
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def _notes(article: Article) -> bytes:
    root = ElementTree.Element("en-export")
    note = ElementTree.SubElement(root, "note")
    ElementTree.SubElement(note, "title").text = "A chapter"
    lines = "".join(f"<div>{_escaped(text)}</div>" for text in article.paragraphs)
    ElementTree.SubElement(note, "content").text = f"<?xml version='1.0'?><en-note>{lines}</en-note>"
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _subtitles(article: Article, head: str, mark: str) -> bytes:
    parts = [
        f"{n + 1}\n00:{n // 60 % 60:02}:{n % 60:02}{mark}000 --> 00:{n // 60 % 60:02}:{n % 60:02}{mark}900\n{text}\n"
        for n, text in enumerate(article.paragraphs)
    ]
    return (head + "\n".join(parts)).encode()


_OWN: Mapping[str, Callable[[Article], bytes]] = {
    ".csv": lambda article: _table(article, ","),
    ".tsv": lambda article: _table(article, "\t"),
    ".json": lambda article: json.dumps(_records(article)).encode(),
    ".jsonl": lambda article: "\n".join(map(json.dumps, _records(article))).encode(),
    ".eml": lambda article: bytes(_mail(article)),
    ".mbox": _mailbox,
    ".rss": _feed,
    ".enex": _notes,
    ".srt": lambda article: _subtitles(article, "", ","),
    ".vtt": lambda article: _subtitles(article, "WEBVTT\n\n", "."),
}
_WRITERS: Mapping[str, tuple[str, Callable[[Article], bytes]]] = {
    **{
        extension: ("pandoc", lambda article, form=form: _converted(article.page, form))  # type: ignore[misc]
        for extension, form in _MARKUP.items()
    },
    **{extension: ("Python", write) for extension, write in _OWN.items()},
    ".pdf": ("Chromium", _printed),
}
