"""Puts what a link refers to where it is read: a footnote behind its paragraph, an address behind its words."""

from __future__ import annotations

import re
from collections import Counter

from lxml import etree  # type: ignore[import-untyped]

from ...text.web_address import host_of
from ..addresses import is_personal, shown_address
from .blocks import HEADINGS, Element, text_of

_NOTE = re.compile(
    r"_?(?:sd)?(?:fn|ftn|foot-?note|end-?note|en|note|n)(?:text|body|def)?[-_:.]?\w{0,40}$", re.IGNORECASE
)
_NO_NOTE = re.compile(r"ref|back|cite|comment|top", re.IGNORECASE)
_MARK = re.compile(r"[\[(]?(?:\d{1,3}|[a-z*†‡§]{1,3}|note \d{1,3})[\])]?$", re.IGNORECASE)
_BACK = re.compile(r"[\s↩↑^⏎\ufe0e\ufe0f]*$|(?:back|return|zurück|up)\b.{0,30}$", re.IGNORECASE)
_NOTES_HEADING = re.compile(r"(?:foot|end)?notes?:?$|fußnoten:?$|anmerkungen:?$|notes de bas de page$", re.IGNORECASE)
_BLOCKS = {"p", "li", "dd", "dt", "blockquote", "div", "section", "figcaption", "td", "th", "caption", *HEADINGS}
_MAX_NOTE = 1_500  # characters
_MAX_NOTES = 2_000
_MAX_ADDRESSES = 8  # of a page that is about something, not a list of links


def place_notes(page: Element) -> None:
    """Move each footnote behind the paragraph that first refers to it, and leave out its mark there."""
    targets: dict[str, Element] = {}
    for element in page.xpath("//*[@id or @name]"):
        targets.setdefault(element.get("id") or element.get("name"), element)
    moved: set[Element] = set()
    last: dict[Element, Element] = {}  # the last note behind each paragraph
    for link in page.xpath("//a[starts-with(@href, '#')]")[: 10 * _MAX_NOTES]:
        name = link.get("href")[1:]
        note = _note(targets.get(name)) if _refers(link, name) else None
        if note is None or len(moved) >= _MAX_NOTES or link in moved or note in link.iterancestors():
            continue
        if note in moved:
            link.drop_tree()
        elif _place(link, note, last):
            moved.add(note)


def _refers(link: Element, name: str) -> bool:
    """Whether a link is the mark of a footnote."""
    if link.get("role") == "doc-noteref":
        return True
    return bool(_NOTE.match(name) and not _NO_NOTE.search(name) and _MARK.match(text_of(link)))


def _note(target: Element | None) -> Element | None:
    """The block that is the text of a note."""
    while target is not None and target.tag not in _BLOCKS | {"aside"}:
        target = target.getparent()
    if target is None or target.tag in ("th", "caption", *HEADINGS):
        return None
    return target if len(text_of(target)) <= _MAX_NOTE else None


def _place(link: Element, note: Element, last: dict[Element, Element]) -> bool:
    block = next((each for each in link.iterancestors() if each.tag in _BLOCKS), None)
    table = next((each for each in link.iterancestors("table")), None)
    block = block if table is None else table
    if block is None or block.getparent() is None or note in block.iterancestors() or note is block:
        return False
    for back in [*note.iter("a")]:
        is_mark = not back.tail or not text_of(back) or _MARK.match(text_of(back))
        if (
            back.get("href", "").startswith("#")
            and is_mark
            and (_BACK.match(text_of(back)) or _MARK.match(text_of(back)))
        ):
            back.drop_tree()
    text = re.sub(r"^[\[(]?(?:\d{1,3}|[*†‡§])[\]).:]*\s+", "", text_of(note)).strip(" ↩↑^\ufe0e")
    if not text:
        return False
    moved = etree.Element("p")
    moved.text = text
    if block.tag in ("li", "dd", "dt"):
        block.append(moved)
    else:
        after = last.get(block, block)
        moved.tail, after.tail = after.tail, None
        after.addnext(moved)
        last[block] = moved
    mark = (
        link.getparent()
        if link.getparent().tag in ("sup", "small") and text_of(link.getparent()) == text_of(link)
        else link
    )
    mark.drop_tree()
    _remove(note)
    return True


def _remove(note: Element) -> None:
    """Remove a note from its place, with the list and the heading that held nothing but notes."""
    parent, before, after = note.getparent(), note.getprevious(), note.getnext()
    note.drop_tree()
    if after is None or after.tag in HEADINGS:
        _remove_heading(before)
    while parent is not None and parent.tag in ("ol", "ul", "dl", "div", "section", "aside") and _is_empty(parent):
        note, parent = parent, parent.getparent()
        if parent is None:
            return
        before = note.getprevious()
        note.drop_tree()
        _remove_heading(before)


def _is_empty(element: Element) -> bool:
    """Whether an element contains nothing but rules and white space."""
    return not (element.text or "").strip() and all(
        each.tag == "hr" and not (each.tail or "").strip() for each in element
    )


def _remove_heading(before: Element | None) -> None:
    while before is not None and before.tag == "hr":
        before = before.getprevious()
    if before is not None and _NOTES_HEADING.match(text_of(before)) and before.getparent() is not None:
        before.drop_tree()


def keep_addresses(article: Element, own: str) -> None:
    """Write the addresses of an article's links to other sites behind their words; `own` is that of the page.

    A site that is linked several times may be the page's own. A page with many such links has none of them: its text
    would be hard to read.
    """
    host = host_of(own)
    hosts = Counter(host_of(link.get("href", "")) for link in article.iter("a"))
    links = []
    for link in article.iter("a"):
        href = link.get("href", "")
        is_heading = any(each.tag in HEADINGS for each in link.iterancestors())
        address = "" if is_heading else shown_address(href, text_of(link), host)
        if address and (is_personal(href) or hosts[host_of(href)] <= 1):
            links.append((link, address))
    many = sum(not is_personal(link.get("href")) for link, _ in links) > _MAX_ADDRESSES
    for link, address in links:
        if many and not is_personal(link.get("href")):
            continue
        if len(link):
            link[-1].tail = f"{link[-1].tail or ''} ({address})"
        else:
            link.text = f"{(link.text or '').rstrip()} ({address})"
