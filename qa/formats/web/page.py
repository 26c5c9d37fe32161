"""Saved web pages → Document: the article without what stands around it, its headings, lists, tables and code.

It knows nothing about files, passages or the network: nothing that a page refers to is ever loaded.
"""

from __future__ import annotations

import codecs
import email
import logging
import re
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]

from ...text.document import Document
from ..builder import TextBuilder
from ..decoding import Empty, Unreadable, decode
from .blocks import BLOCKS, BREAKS, HEADINGS, SPACE, WORD, Element, Writer, length_of, level_of, text_of
from .completion import FRAME, completed, drop

_CHARSET = re.compile(rb"""<(?:meta|\?xml)\b[^<>]*?\b(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARED_WITHIN = 8192  # bytes
_TEXT_ENCODING = re.compile(r"iso8859|iso2022|latin|ascii|cp\d|koi8|gb|hz|big5|shift_jis|euc|mac|tis")
# By some names browsers understand another encoding, one that holds more.
_AS_BROWSERS_DO = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u00ad\ufffe\uffff]")  # and soft hyphens: words are whole
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_LONGEST_TAG = 20_000  # characters outside quotes: the parser takes the square of the number of attributes
_LONG_TAG = re.compile(rf"<([a-zA-Z][^\s<>/]{{0,99}})([^<>]{{{_LONGEST_TAG},}})")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_BAR = re.compile(r"\s+(?:[|·•»:–—-]|::)\s+")

_RAW = {"script", "style", "title", "textarea"}

_ARTICLE_WITHIN = "(self::body or self::html or self::article or self::main or .//h1 or .//article or .//main)"
_NOISE = (  # not for readers, or not of the article, on every page
    "//head|//script|//style|//noscript|//template|//svg|//annotation|//textarea|//select|//button|//dialog"
    "|//*[@hidden and not(@hidden='until-found' or starts-with(@id, 'S:'))]|//*[@aria-hidden='true' and not(.//p)]"
    "|//*[@role='navigation' or @role='search' or @role='dialog' or @role='alertdialog' or @role='contentinfo']"
    # Not all that is named after cookies: an article may be about them.
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
_LINKED_AUTHOR = re.compile(r'"author" ?: ?\[? ?\{[^{}]*?"name" ?: ?"([^"\\]+)"')
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)T.*")
_BY = re.compile(r"\A(?:by|von|par|por)\s+", re.IGNORECASE)
_LONGEST_NAME = 100  # characters: what is longer tells of the author
_SAVED = re.compile(r"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:)\s*(https?://[^\s>]+)")
_LINKED_DATE = re.compile(r'"datePublished" ?: ?"([^"\\]+)"')
_REGIONS = ("//article", "//main|//*[@role='main']", "//body")
_LARGEST = 30_000  # elements: for more, choosing the article takes too long
_LEAST_SHARE, _ENOUGH = 1 / 3, 1000  # of a region's letters; letters that are an article however much is around
_SHORT = 250  # characters: of less, trafilatura gives words without their places
_POST_CHARACTERS = 60
_POST = re.compile(r"\b(?:post|message|answer)\b")
_REGEXPS = {"re": "http://exslt.org/regular-expressions"}

for _name in ("trafilatura", "htmldate"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # what they make of a page is no news to the reader


def parse_html(path: str, data: bytes) -> Document:
    """The Document of a saved page. Raises Unreadable for what is no text, Empty for a page without any."""
    return _document(path, _decode(data))


def parse_mhtml(path: str, data: bytes) -> Document:
    """The Document of a page that was saved with its images in one file; raises as `parse_html` does."""
    try:
        message = email.message_from_bytes(data)
        pages = [part for part in message.walk() if part.get_content_type() == "text/html"]
    except RecursionError as error:
        raise Unreadable("is nested too deeply") from error
    if not pages:
        raise Unreadable("holds no web page")
    payload = pages[0].get_payload(decode=True)
    charset = str(pages[0].get_content_charset() or "")
    address = str(message.get("Snapshot-Content-Location") or pages[0].get("Content-Location") or "")
    return _document(path, _decode(payload if isinstance(payload, bytes) else b"", charset), address)


def parse_fragment(path: str, text: str, title: str) -> Document:
    """The Document of HTML that is an article and nothing else, as feeds hold it. Raises Empty if it has no text."""
    page = _tree(_CONTROL.sub("", text))
    _quieten(page)
    _dress(page)
    builder = TextBuilder()
    Writer(builder).article(page)
    document = builder.document(path, title)
    if not document.blocks:
        raise Empty("holds no text")
    return document


def _decode(data: bytes, charset: str = "") -> str:
    """UTF-8 where it is that (whatever the page says: programs that save pages change it), else as declared."""
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
    return decode(data.decode(_AS_BROWSERS_DO.get(encoding, encoding), "replace").encode())


def _document(path: str, text: str, address: str = "") -> Document:
    page = _tree(_CONTROL.sub("", text))
    saved = _SAVED.search(text)
    metadata = _metadata(page, address or (saved[1] if saved else ""))
    _quieten(page)
    _dress(page)
    article = _article(page)
    builder = TextBuilder()
    heading = _main_heading(page, metadata["title"])
    if heading and _words(heading) not in [_words(text_of(head)) for head in article.iter(*HEADINGS)]:
        builder.heading(1, heading)  # it stood above the article
    Writer(builder).article(article)
    title = metadata["title"] or heading
    document = builder.document(path, title, {name: value for name, value in metadata.items() if value})
    if not document.blocks:
        raise Empty("holds no text")
    return document


def _tree(text: str) -> Element:
    """The page; one that is nested more deeply than the parser allows loses its nesting, not its words.

    A tag of thousands of attributes loses these.
    """
    text = _LONG_TAG.sub(_shorter, text)
    for flat in (False, True):
        parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
        try:
            page = html.document_fromstring((_TAG.sub(_flatter, text) if flat else text).encode(), parser=parser)
        except etree.ParserError as error:
            raise Empty("holds no text") from error
        if not any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
            break
    return page


def _flatter(tag: re.Match[str]) -> str:
    name = tag[1].lower()
    return tag[0] if name in _RAW else "<p>" if name in BLOCKS | BREAKS else ""


def _shorter(tag: re.Match[str]) -> str:
    return f"<{tag[1]}" if len(_QUOTED.sub("", tag[2])) >= _LONGEST_TAG else tag[0]


def _quieten(page: Element) -> None:
    """Take out what is noise on every page."""
    for noise in page.xpath(_NOISE, namespaces=_REGEXPS):
        if not noise.xpath(_ARTICLE_WITHIN):
            drop(noise)


def _metadata(page: Element, address: str) -> dict[str, str]:
    """`title`, `author`, `date` and `url`, each empty where the page does not say."""
    site, title = _first(page, "//meta[@property='og:site_name']/@content"), _first(page, *_TITLE)
    links = [*(_first(page, xpath) for xpath in _ADDRESS), address]
    linked = SPACE.sub(" ", " ".join(page.xpath("//script[@type='application/ld+json']/text()")))
    author, date = _LINKED_AUTHOR.search(linked), _LINKED_DATE.search(linked)
    written_by = _BY.sub("", _first(page, *_AUTHOR) or (author[1] if author else ""), count=1)
    return {
        "title": _without_site(title, site, page),
        "author": written_by if len(written_by) <= _LONGEST_NAME else "",
        "date": _DAY.sub(r"\1", _first(page, *_DATE[:-1]) or (date[1] if date else "") or _first(page, _DATE[-1])),
        "url": next((link for link in links if link.lower().startswith(("http://", "https://"))), ""),
    }


def _first(page: Element, *xpaths: str) -> str:
    """The words of what is found first, or nothing."""
    return next((words for xpath in xpaths for found in page.xpath(xpath) if (words := _one_line(found))), "")


def _one_line(found: Element | str) -> str:
    return SPACE.sub(" ", found if isinstance(found, str) else text_of(found)).strip()


def _without_site(title: str, site: str, page: Element) -> str:
    """`Ferry returns | Northern Courier` → `Ferry returns`, where that is a heading or the site names itself."""
    headings = {_words(heading) for heading in map(text_of, page.iter("h1"))}
    for bar in _BAR.finditer(title):
        before, after = title[: bar.start()], title[bar.end() :]
        if _words(before) in headings or (site and _words(after) == _words(site)):
            return before
        if site and _words(before) == _words(site):
            return after
    return title.rpartition(" | ")[0] or title


def _main_heading(page: Element, title: str) -> str:
    """The heading that titles the page; without a title the first there is, but not a site's name."""
    headings = [_one_line(heading) for heading in page.iter("h1")]
    if not title:
        return next(filter(None, headings), "")
    return next((heading for heading in headings if heading and _words(heading) <= _words(title)), "")


def _dress(page: Element) -> None:
    """Save what would be lost: captions become paragraphs, questions that open are headings, posts are no comments."""
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
    """Whether it is one of several alike: the posts of a thread, of which only the first would be taken."""
    if element.tag != "article" and not _POST.search(element.get("class", "")):
        return False
    beside = [other for other in (element.getprevious(), element.getnext()) if other is not None]
    alike = [other for other in beside if other.tag == element.tag and other.get("class") == element.get("class")]
    return bool(alike) and all(length_of(post, outside_links=True) >= _POST_CHARACTERS for post in (element, *alike))


def _article(page: Element) -> Element:
    """What trafilatura takes for the article, completed; where it is far too little, what the page marks as such."""
    from trafilatura import bare_extraction

    found: Any = None
    if sum(1 for _ in page.iter()) <= _LARGEST:
        try:
            found = bare_extraction(page, output_format="xml", include_comments=False, include_formatting=False)
        except Exception:  # noqa: BLE001 - rules for a thousand sites: where one fails, the page is still there
            found = None
    region = next((parts[0] for xpath in _REGIONS if len(parts := page.xpath(xpath)) == 1), page)
    for part in [*region.iter(*FRAME)]:
        if not part.xpath(_ARTICLE_WITHIN):
            drop(part)
    least = min(_ENOUGH, max(_SHORT, _LEAST_SHARE * length_of(region, outside_links=True)))
    if found is None or length_of(found.body) < least:
        return region
    body = page if page.tag == "body" else page.find(".//body")
    whole = completed(body, found.body) if body is not None else None
    return found.body if whole is None else whole


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.casefold()))
