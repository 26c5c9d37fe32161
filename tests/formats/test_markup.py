"""Markup languages, manual pages, bibliographies, and XML by its root element."""

from __future__ import annotations

import fuzz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.decoding import Empty, Unreadable
from qa.formats.xml_text import root_of, xml_text
from qa.text.document import Contents, Document

WITHOUT_TABLE = (".opml", ".fb2", ".dbk", ".nxml")
TABLE = "a | b\n1 | 2"
TEXTS = {
    "a.tex": r"""\documentclass{article}\newcommand{\loud}{loud}\title{Bees}\author{Ada}\date{4 May 2024}
\begin{document}\maketitle\section{Winter}Bees \emph{sleep}. \input{/etc/passwd}\include{/etc/passwd}\verbatiminput{/etc/passwd}

They are \loud\footnote{A note.}.

\begin{tabular}{ll}a & b\\1 & 2\end{tabular}\end{document}""",
    "a.adoc": "= Bees\nAda\n\n== Winter\n\nBees *sleep*.\n\ninclude::/etc/passwd[]\n\n|===\n|a |b\n\n|1 |2\n|===\n",
    "a.wiki": "= Bees =\n== Winter ==\nBees '''sleep'''. {{note|x}}\n\n{|\n! a !! b\n|-\n| 1 || 2\n|}",
    "a.dokuwiki": "====== Bees ======\n===== Winter =====\nBees **sleep**.\n\n^ a ^ b ^\n| 1 | 2 |\n",
    "a.creole": "= Bees\n== Winter\nBees **sleep**.\n\n|=a|=b|\n|1|2|\n",
    "a.textile": "h1. Bees\n\nh2. Winter\n\nBees *sleep*.\n\n|_. a|_. b|\n|1|2|\n",
    "a.muse": "#title Bees\n#author Ada\n\n* Winter\n\nBees *sleep*.\n\n a || b\n 1 | 2\n",
    "a.t2t": "Bees\nAda\n2024\n\n= Winter =\n\nBees **sleep**.\n%!include: /etc/passwd\n\n|| a | b |\n | 1 | 2 |\n",
    "a.opml": "<opml version='2.0'><head><title>Bees</title></head><body><outline text='Winter' _note='Bees sleep.'/></body></opml>",
    "a.fb2": "<FictionBook xmlns='http://www.gribuser.ru/xml/fictionbook/2.0'><description><title-info><author><first-name>Ada"
    "</first-name></author><book-title>Bees</book-title></title-info></description><body><title><p>Bees</p></title>"
    "<section><title><p>Winter</p></title><p>Bees sleep.</p></section></body></FictionBook>",
    "a.dbk": "<!DOCTYPE article PUBLIC '-//OASIS//DTD DocBook XML V4.5//EN' 'http://x/docbookx.dtd' [<!ENTITY b 'Bees'>]>"
    "<article><articleinfo><title>Bees</title><author><firstname>Ada</firstname></author></articleinfo><section><title>Winter"
    "</title><para>&b; sleep.</para></section></article>",
    "a.nxml": "<article><front><article-meta><title-group><article-title>Bees</article-title></title-group></article-meta>"
    "</front><body><sec><title>Winter</title><p>Bees sleep.</p></sec></body></article>",
}  # fmt: skip


def contents(path: str, data: str | bytes) -> Contents:
    found = parse(path, data.encode() if isinstance(data, str) else data)
    assert [problem for document in found.documents for problem in fuzz.problems(document)] == []
    return found


def read(path: str, data: str | bytes) -> Document:
    (document,) = contents(path, data).documents
    return document


@pytest.mark.parametrize("path", TEXTS)
def test_a_text_keeps_its_title_headings_and_tables_and_reads_no_other_file(path: str) -> None:
    found = read(path, TEXTS[path])
    assert found.title == "Bees"
    (section,) = [found.sections[block.section] for block in found.blocks if "sleep" in block.span.of(found.text)]
    assert section.path[-1] == "Winter"
    assert "Bees sleep." in found.text
    assert TABLE in found.text or path.endswith(WITHOUT_TABLE)
    assert "root:" not in found.text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("bees.1", '.TH BEES 1 2024-05-04\n.SH NAME\nbees \\- sleep\n.so /etc/passwd\n.SH OPTIONS\n.TP\n\\fB-x\\fR\nrest\n'),
        ("bees.8", ".Dd May 4, 2024\n.Dt BEES 8\n.Os\n.Sh NAME\n.Nm bees\n.Nd sleep\n.Sh OPTIONS\n.Bl -tag\n.It Fl x\nrest\n.El\n"),
    ],
)  # fmt: skip
def test_manual_pages_keep_their_options(path: str, text: str) -> None:
    found = read(path, text)
    assert found.title == "BEES"
    assert found.metadata["date"] == "2024-05-04"
    assert found.sections[-1].path == ("OPTIONS",)
    assert "-x: rest" in found.text
    assert "root:" not in found.text


def test_a_text_with_an_error_in_its_markup_is_read_as_plain_text() -> None:
    (found,) = contents("a.wiki", "Bees sleep.\n\n{|\n| left open\n").documents
    assert found.text == "Bees sleep.\n\n{|\n| left open\n"
    (problem,) = contents("a.tex", "Bees sleep. \\begin{document}").problems
    assert problem == "is read as plain text, because it is damaged: it cannot be opened as LaTeX text"


def test_another_file_whose_name_ends_with_a_digit_is_text() -> None:
    assert read("syslog.1", "The service started.\n").text == "The service started.\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.bib", "@article{bees, title={Bees {Sleep}}, author={Ada Lovelace and Bo B}, year=2024, journal={Hive}, "
         "abstract={They sleep all winter.}, keywords={winter}}\n@book{w, title={Wasps}, editor={Eve E}}"),
        ("a.ris", "TY  - JOUR\nTI  - Bees Sleep\nAU  - Lovelace, Ada\nAU  - B, Bo\nPY  - 2024\nJO  - Hive\nKW  - winter\n"
         "AB  - They sleep all winter.\nER  - \n\nTY  - BOOK\nTI  - Wasps\nED  - E, Eve\nER  - \n"),
    ],
)  # fmt: skip
def test_each_entry_of_a_bibliography_is_a_document(path: str, text: str) -> None:
    bees, wasps = contents(path, text).documents
    assert (bees.path, bees.title.casefold(), wasps.title) == (f"{path}#1", "bees sleep", "Wasps")
    assert bees.metadata == {"author": "Ada Lovelace, Bo B", "date": "2024", "tags": "winter"}
    assert "Author: Ada Lovelace, Bo B\nDate: 2024\nIn: Hive\n" in bees.text
    assert "They sleep all winter." in bees.text
    assert wasps.metadata["author"] == "Eve E"


# --- feeds and exports ------------------------------------------------------------------------------------------------

FIELDS = {"author": "Ada", "date": "2024-09-03", "url": "https://example.org/1", "tags": "hive, winter"}
RSS = """<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>All</title>
<item><title>Bees &amp; wasps</title><link>https://example.org/1</link><pubDate>Tue, 03 Sep 2024 10:00:00 GMT</pubDate>
<dc:creator>Ada</dc:creator><category>hive</category><category>winter</category><description>Short.</description>
<content:encoded><![CDATA[<p>Bees <b>sleep</b>.</p><ul><li>one</li></ul>]]></content:encoded></item>
<item><title>Empty</title></item>
<item><title>A picture</title><wp:post_type>attachment</wp:post_type><description>Not this.</description></item>
<item><title>Thrown away</title><wp:status>trash</wp:status><description>Nor this.</description></item>
<item><title>Plain</title><description>Plain words.</description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>All</title><entry><title>Bees &amp; wasps</title>
<link rel="self" href="https://example.org/self"/><link href="https://example.org/1"/><author><name>Ada</name></author>
<published>2024-09-03T10:00:00Z</published><category term="hive"/><category term="winter"/><content type="html">
&lt;p&gt;Bees &lt;b&gt;sleep&lt;/b&gt;.&lt;/p&gt;&lt;ul&gt;&lt;li&gt;one&lt;/li&gt;&lt;/ul&gt;</content></entry></feed>"""
XHTML = ATOM.partition("&lt;")[0].replace('type="html"', 'type="xhtml"') + (
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>Bees <b>sleep</b>.</p><ul><li>one</li></ul></div></content></entry></feed>'
)  # fmt: skip
ENEX = """<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE en-export SYSTEM "http://xml.evernote.com/pub/evernote-export4.dtd">
<en-export><note><title>Bees &amp; wasps</title><content><![CDATA[<?xml version="1.0"?><!DOCTYPE en-note SYSTEM "x"><en-note>
<div>Bees <b>sleep</b>.</div><en-crypt>c2VjcmV0</en-crypt><ul><li>one</li></ul><en-media type="x" hash="y"/></en-note>]]></content>
<created>20240903T101200Z</created><tag>hive</tag><tag>winter</tag><note-attributes><author>Ada</author><source-url>https://example.org/1
</source-url></note-attributes><resource><data encoding="base64">V29yZHMgb2YgYSBub3RlLg==</data><mime>text/plain</mime>
<resource-attributes><file-name>../a.txt</file-name></resource-attributes></resource></note></en-export>"""


@pytest.mark.parametrize(
    ("path", "text"), [("a.rss", RSS), ("a.xml", RSS), ("a.atom", ATOM), ("a.xml", XHTML), ("a.enex", ENEX)]
)
def test_each_entry_of_a_feed_or_export_is_a_document(path: str, text: str) -> None:
    first = contents(path, text).documents[0]
    assert (first.path, first.title, first.metadata) == (f"{path}#1", "Bees & wasps", FIELDS)
    assert first.text == "Bees sleep.\n\n- one\n\n"


def test_what_is_no_post_is_left_out_and_an_entry_without_text_is_a_problem() -> None:
    found = contents("a.rss", RSS)
    assert [each.title for each in found.documents] == ["Bees & wasps", "Plain"]
    assert found.problems == ("1 entry contains no text",)


def test_attachments_of_a_note_are_documents_of_their_own() -> None:
    assert [each.path for each in contents("a.enex", ENEX).documents] == ["a.enex#1", "a.enex#1/a.txt"]


def page(title: str, text: str, namespace: int = 0, inside: str = "") -> str:
    return (
        f"<page><title>{title}</title><ns>{namespace}</ns>{inside}<revision><text>Old words.</text></revision><revision>"
        f"<timestamp>2024-09-03T10:00:00Z</timestamp><contributor><username>Ada</username></contributor><text>{text}</text>"
        "</revision></page>"
    )


def test_pages_of_a_wiki_are_documents_in_their_last_version_whatever_markup_is_left_open() -> None:
    pages = [
        page("Bees", "'''Bees''' sleep.\n\n== Winter ==\nThey rest. &lt;nowiki&gt;"), page("Talk:Bees", "Not this.", 1),
        page("Wasps", "{|\n| Wasps sting."), page("Bee", "#REDIRECT [[Bees]]", 0, "<redirect title='Bees'/>"),
        page("Hornets", "&lt;!-- left open\n\nHornets buzz."), page("Template:X", "Nor this.", 10), page("Ants", "Ants walk."),
    ]  # fmt: skip
    text = "<mediawiki xmlns='http://www.mediawiki.org/xml/export-0.10/'><siteinfo/>" + "".join(pages) + "</mediawiki>"
    found = {each.title: each for each in contents("a.xml", text).documents}
    assert set(found) == {"Bees", "Wasps", "Hornets", "Ants"}
    assert found["Bees"].path == "a.xml#1"
    assert found["Bees"].metadata == {"author": "Ada", "date": "2024-09-03"}
    assert found["Bees"].sections[-1].path == ("Winter",)
    assert found["Ants"].text == "Ants walk.\n\n"
    assert not any("Old words" in each.text or "page mark" in each.text for each in found.values())


# --- XML --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<config><a>1</a></config>", "is XML of a kind that is not read"),
        ("Bees sleep.", "is damaged: it cannot be opened as XML"),
        ("<article><para>open", "is damaged: it cannot be opened as DocBook text"),
    ],
)
def test_other_xml_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        contents("a.xml", text)
    with pytest.raises(Empty, match="contains no text"):
        contents("a.xml", "<rss><channel/></rss>")


def test_xml_is_decoded_loses_its_doctype_and_has_small_entities_written_out() -> None:
    text = "<?xml version='1.0' encoding='koi8-r'?><!DOCTYPE a [<!ENTITY w 'зима'><!ENTITY x SYSTEM '/etc/passwd'>]><a>&w;&x; &mdash; &amp; лес</a>"
    assert xml_text(text.encode("koi8-r")) == "<a>зима — &amp; лес</a>"
    laughs = "<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><a>&b;</a>"
    assert xml_text(laughs.encode()) == "<a></a>"
    assert xml_text(b"<a>&#228;&#xE4;&#38;&#xD800;&#0;&#99999999;\x01</a>") == "<a>ää&amp;</a>"
    assert root_of("<!-- c --><?p?>\n<db:article xml:id='x'>") == ("article", " xml:id='x'")


@settings(max_examples=30)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1, max_size=9), min_size=1, max_size=9
    )
)
def test_every_word_of_an_entry_is_kept(words: list[str]) -> None:
    text = f"<rss><item><title>t</title><description>{' '.join(words)}</description></item></rss>"
    assert read("a.rss", text).text.split() == " ".join(words).split()
