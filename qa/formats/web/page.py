"""Parses saved web pages: the headings, paragraphs, lists, tables and code of the article on the page.

Nothing that a page refers to is ever loaded.
"""

from __future__ import annotations

import codecs
import logging
import re
from dataclasses import replace
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]

from ...text.document import Document
from ...text.properties import tags_of
from ...text.web_address import web_address
from ..builder import TextBuilder
from ..conversation import Conversation
from ..decoding import Empty, decode
from . import merged_cells
from .blocks import BLOCKS, BREAKS, HEADINGS, SPACE, WORD, Element, Writer, is_remark, length_of, level_of, text_of
from .chat_page import conversation_of, is_chat_page
from .completion import FRAME, complete, drop
from .panels import reveal
from .references import keep_addresses, place_notes
from .saved import saved_page
from .script_data import text_in_scripts

_CHARSET = re.compile(rb"""<(?:meta|\?xml)\b[^<>]*?\b(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARED_WITHIN = 8192  # bytes
_TEXT_ENCODING = re.compile(r"iso8859|iso2022|latin|ascii|cp\d|koi8|gb|hz|big5|shift_jis|euc|mac|tis")
# Browsers take some names to mean another encoding, with more characters.
_BROWSER_ENCODINGS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u00ad\ufffe\uffff]")  # and soft hyphens, which would divide words
# What lxml can read but not write; HTML allows a form feed.
_NOT_XML = re.compile(
    r"\x0c|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8b-cB-Ce-fE-F]|1[\da-fA-F]))(?![\da-fA-F]);?"
)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_MAX_TAG = 20_000  # characters outside quotes: the parser's time is quadratic in the number of attributes
_LONG_TAG = re.compile(rf"<([a-zA-Z][^\s<>/]{{0,99}})([^<>]{{{_MAX_TAG},}})")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_BAR = re.compile(r"\s+(?:[|·•»:–—-]|::)\s+")

_RAW_TEXT = {"script", "style", "title", "textarea"}

_CONTAINS_ARTICLE = "(self::body or self::html or self::article or self::main or .//h1 or .//article or .//main)"
_NOISE = (  # invisible, or not part of the article on any page
    "//head|//script|//style|//noscript|//template|//svg|//annotation|//textarea|//select|//button|//dialog"
    "|//*[@hidden and not(@hidden='until-found' or starts-with(@id, 'S:'))]|//*[@aria-hidden='true' and not(.//p)]"
    "|//*[@role='navigation' or @role='search' or @role='dialog' or @role='alertdialog' or @role='contentinfo']"
    # Only some names with "cookie": an article may be about cookies.
    "|//*[re:test(concat(@id, ' ', @class), 'cookie-?(banner|bar|notice|consent|popup)|gdpr|site-?notice"
    "|newsletter-|skip-link|editsection|cite-backlink|headerlink|linenos', 'i')]"
)
_TITLE = ("//meta[@property='og:title']/@content", "//head/title", "//title")
_ADDRESS = ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content")
_AUTHOR = ("//meta[@name='author']/@content", "//*[@rel='author' or @itemprop='author']")
_DATE = (
    "//meta[@property='article:published_time' or @name='date' or @itemprop='datePublished']/@content",
    "//article//time/@datetime|//main//time/@datetime",
)
_KEYWORDS = "//meta[translate(@name, 'KEYWORDS', 'keywords')='keywords']/@content"
_LINKED_AUTHOR = re.compile(r'"author" ?: ?\[? ?\{[^{}]*?"name" ?: ?"([^"\\]+)"')
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)T.*")
_BY = re.compile(r"\A(?:by|von|par|por)\s+", re.IGNORECASE)
_MAX_NAME = 100  # characters: a longer text is about the author
_SAVED = re.compile(r"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:)\s*(https?://[^\s>]+)")
_LINKED_DATE = re.compile(r'"datePublished" ?: ?"([^"\\]+)"')
_REGIONS = ("//article", "//main|//*[@role='main']", "//body")
_MAX_ELEMENTS = 30_000  # on a larger page, extracting the article takes too long
_MIN_SHARE, _ENOUGH = 1 / 3, 1000  # of a region's letters; letters that are an article however large the region
_SHORT = 250  # letters: of a shorter article, trafilatura returns unstructured text
_POST_CHARACTERS = 60
_POST = re.compile(r"\b(?:post|message|answer)\b")
_REGEXPS = {"re": "http://exslt.org/regular-expressions"}

for _name in ("trafilatura", "htmldate"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # the user need not know what they think of a page


def parse_html(path: str, data: bytes) -> Document:
    """Parse a saved page. Raises Unreadable if the data is not text, Empty if the page contains no text."""
    return _document(path, _decode(data))


def chat_in(data: bytes) -> Conversation | None:
    """The conversation on a page that Telegram has exported; None for any other page."""
    if not is_chat_page(data):
        return None
    return conversation_of(_tree(_CONTROL.sub("", _decode(data))))


def parse_mhtml(path: str, data: bytes) -> Document:
    """Parse a page that was saved in one file with its images (MHTML); raises as `parse_html` does."""
    saved = saved_page(data)
    document = _document(path, _decode(saved.html, saved.charset), saved.address)
    # The day says that the page is no older, not how new it is: it is no date of the article.
    return replace(document, metadata={**document.metadata, **({"saved": saved.day} if saved.day else {})})


def parse_fragment(path: str, text: str, title: str) -> Document:
    """Parse HTML that consists of an article, as in a feed. Raises Empty if it contains no text."""
    page = _tree(_CONTROL.sub("", text))
    _clean(page)
    keep_addresses(page, "")
    builder = TextBuilder()
    Writer(builder).article(page)
    document = builder.document(path, title)
    if not document.blocks:
        raise Empty("contains no text")
    return document


def cleaned(data: bytes, charset: str = "") -> Element:
    """The elements of a page in which its article is looked for. Raises Unreadable or Empty as `parse_html` does."""
    page = _tree(_CONTROL.sub("", _decode(data, charset)))
    _clean(page)
    return page


def _decode(data: bytes, charset: str = "") -> str:
    """The text as UTF-8 if it is valid UTF-8 (which programs that save pages write), else in the declared encoding."""
    declared = _CHARSET.search(data[:_DECLARED_WITHIN])
    name = charset or (declared[1].decode("ascii", "replace") if declared else "")
    try:
        if b"\x1b" not in data:  # ISO-2022 looks like ASCII
            data.decode("utf-8")
            return decode(data)
    except UnicodeDecodeError:
        pass
    try:
        encoding = codecs.lookup(name).name
    except (LookupError, ValueError):
        return decode(data)
    if not _TEXT_ENCODING.match(encoding) or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data)
    return decode(data.decode(_BROWSER_ENCODINGS.get(encoding, encoding), "replace").encode())


def _document(path: str, text: str, address: str = "") -> Document:
    page = _tree(_CONTROL.sub("", text))
    saved_from = _SAVED.search(text)
    metadata = _metadata(page, address or (saved_from[1] if saved_from else ""))
    in_scripts = text_in_scripts(page)
    _clean(page)
    article = _article(page)
    keep_addresses(article, metadata["url"])
    builder = TextBuilder()
    heading = _main_heading(page, metadata["title"])
    if heading and _words(heading) not in [_words(text_of(head)) for head in article.iter(*HEADINGS)]:
        builder.heading(1, heading)  # it was above the article
    Writer(builder).article(article)
    title = metadata["title"] or heading
    document = builder.document(path, title, {name: value for name, value in metadata.items() if value})
    if not document.blocks and in_scripts:  # a script would have shown it
        return replace(parse_fragment(path, in_scripts, title), metadata=document.metadata)
    if not document.blocks:
        raise Empty("contains no text")
    return document


def _tree(text: str) -> Element:
    """The element tree of a page.

    If it is nested more deeply than the parser allows, it loses its nesting but not its text. A tag with thousands of
    attributes loses them.
    """
    text = _LONG_TAG.sub(_without_attributes, _NOT_XML.sub(" ", text))
    for flat in (False, True):
        parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
        try:
            page = html.document_fromstring((_TAG.sub(_flatten_tag, text) if flat else text).encode(), parser=parser)
        except etree.ParserError as error:
            raise Empty("contains no text") from error
        if not any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
            break
    return page


def _flatten_tag(tag: re.Match[str]) -> str:
    name = tag[1].lower()
    return tag[0] if name in _RAW_TEXT else "<p>" if name in BLOCKS | BREAKS else ""


def _without_attributes(tag: re.Match[str]) -> str:
    return f"<{tag[1]}" if len(_QUOTED.sub("", tag[2])) >= _MAX_TAG else tag[0]


def _clean(page: Element) -> None:
    """Prepare a page for extraction: show what a click would show, put notes in their places, remove what is noise."""
    reveal(page)
    _remove_noise(page)
    place_notes(page)
    _prepare(page)


def _remove_noise(page: Element) -> None:
    """Remove elements that are never part of the article."""
    for noise in page.xpath(_NOISE, namespaces=_REGEXPS):
        if not noise.xpath(_CONTAINS_ARTICLE):
            drop(noise)


def _metadata(page: Element, address: str) -> dict[str, str]:
    """`title`, `author`, `date`, `tags` and `url`; empty if the page does not state them."""
    site, title = _first(page, "//meta[@property='og:site_name']/@content"), _first(page, *_TITLE)
    links = [*(_first(page, xpath) for xpath in _ADDRESS), address]
    linked_data = SPACE.sub(" ", " ".join(page.xpath("//script[@type='application/ld+json']/text()")))
    author, date = _LINKED_AUTHOR.search(linked_data), _LINKED_DATE.search(linked_data)
    author_name = _BY.sub("", _first(page, *_AUTHOR) or (author[1] if author else ""), count=1)
    return {
        "title": _without_site(title, site, page),
        "author": author_name if len(author_name) <= _MAX_NAME else "",
        "date": _DAY.sub(r"\1", _first(page, *_DATE[:-1]) or (date[1] if date else "") or _first(page, _DATE[-1])),
        "tags": tags_of(page.xpath("//meta[@property='article:tag']/@content") or page.xpath(_KEYWORDS)),
        "url": next(filter(None, map(web_address, links)), ""),
    }


def _first(page: Element, *xpaths: str) -> str:
    """The first text that an XPath matches; empty if there is none."""
    return next((text for xpath in xpaths for match in page.xpath(xpath) if (text := _one_line(match))), "")


def _one_line(match: Element | str) -> str:
    return SPACE.sub(" ", match if isinstance(match, str) else text_of(match)).strip()


def _without_site(title: str, site: str, page: Element) -> str:
    """`Ferry returns | Northern Courier` → `Ferry returns`, if that is a heading or the rest is the site's name."""
    headings = {_words(heading) for heading in map(text_of, page.iter("h1"))}
    for bar in _BAR.finditer(title):
        before, after = title[: bar.start()], title[bar.end() :]
        if _words(before) in headings or (site and _words(after) == _words(site)):
            return before
        if site and _words(before) == _words(site):
            return after
    return title.rpartition(" | ")[0] or title


def _main_heading(page: Element, title: str) -> str:
    """The heading that matches the page's title; without a title, the first heading."""
    headings = [_one_line(heading) for heading in page.iter("h1")]
    if not title:
        return next(filter(None, headings), "")
    return next((heading for heading in headings if heading and _words(heading) <= _words(title)), "")


def _prepare(page: Element) -> None:
    """Change elements that extraction would drop: captions to paragraphs, summaries to headings, posts to divisions."""
    merged_cells.fill(page)
    for aside in page.iter("aside"):
        if is_remark(aside):
            aside.tag = "div"
    posts = [element for element in page.iter("article", "div", "li") if _is_post(element)]
    for post in posts:
        post.tag = "div"
        post.attrib.clear()
    level = 1
    for element in page.iter(*HEADINGS, "summary", "figure", "figcaption"):
        if element.tag in ("figure", "figcaption"):
            element.tag = "div" if element.tag == "figure" else "p"
            element.attrib.clear()
        elif element.tag == "summary":
            element.tag = f"h{min(level + 1, 6)}"
        else:
            level = level_of(element)


def _is_post(element: Element) -> bool:
    """Whether it is one of several similar neighbours: posts, of which only the first would be extracted."""
    if element.tag != "article" and not _POST.search(element.get("class", "")):
        return False
    neighbours = [other for other in (element.getprevious(), element.getnext()) if other is not None]
    posts = [other for other in neighbours if other.tag == element.tag and other.get("class") == element.get("class")]
    return bool(posts) and all(length_of(post, outside_links=True) >= _POST_CHARACTERS for post in (element, *posts))


def _article(page: Element) -> Element:
    """The article that trafilatura extracts, completed; if that is far too short, the region marked as article."""
    from trafilatura import bare_extraction

    extracted: Any = None
    if sum(1 for _ in page.iter()) <= _MAX_ELEMENTS:
        try:
            extracted = bare_extraction(page, output_format="xml", include_comments=False, include_formatting=False)
        except Exception:  # noqa: BLE001 - rules for a thousand sites: if one fails, the page itself remains
            extracted = None
    region = next((parts[0] for xpath in _REGIONS if len(parts := page.xpath(xpath)) == 1), page)
    for part in [*region.iter(*FRAME)]:
        if not part.xpath(_CONTAINS_ARTICLE):
            drop(part)
    least = min(_ENOUGH, max(_SHORT, _MIN_SHARE * length_of(region, outside_links=True)))
    if extracted is None or length_of(extracted.body) < least:
        return region
    body = page if page.tag == "body" else page.find(".//body")
    whole = complete(body, extracted.body) if body is not None else None
    return extracted.body if whole is None else whole


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.casefold()))
