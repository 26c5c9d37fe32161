"""Makes parts of a page that a click would show content like the rest: tabs, accordions, "show more".

A person who saves a page wants them too. What is not part of the article (menus, dialogs, banners) stays hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]

from .blocks import HEADINGS, WORD, Element, length_of, text_of

_PANEL = re.compile(
    r"(?:^|[\s_-])(?:tab-?(?:pane|panel|item|content)|collapse|collapsible|collapsed|accordion|panel-collapse|expand(?:able|er)?"
    r"|toggle|show-?more|spoiler)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_NOT_CONTENT = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|submenu|dropdown|cookie|consent|gdpr|dialog|modal|popup|overlay|search|sidebar|drawer"
    r"|tooltip|login|newsletter|footer|share|social)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_ROLES_NOT_CONTENT = {"navigation", "menu", "menubar", "dialog", "alertdialog", "search", "banner", "contentinfo"}
_TAGS_NOT_CONTENT = {"nav", "header", "footer", "dialog", "template", "form", "aside"}
_TARGETS = ("aria-controls", "data-target", "data-bs-target", "href", "data-tab", "data-tab-target", "data-href")
_CANDIDATES = "//*[@role or @id or @class or self::details]|//button/following-sibling::*[1]"
_MAX_NAME = 200  # characters of the name of a panel
_MAX_PANELS = 300


def reveal(page: Element) -> None:
    """Show the hidden panels of a page's content, each under its name as a `summary`."""
    tabs = _tabs(page)
    panels = [element for element in page.xpath(_CANDIDATES) if _is_panel(element, tabs)][:_MAX_PANELS]
    used: set[Element] = set()
    for panel in panels:
        for name in ("hidden", "aria-hidden", "style"):
            panel.attrib.pop(name, None)
        tab = _tab_of(panel, panels, tabs)
        if tab is not None and tab not in used and _name(panel, tab):
            used.add(tab)
    for tab in used:
        _take_out(tab)
    for button in [*page.iter("button")]:
        if button.getparent() is not None and button.getparent().tag in HEADINGS | {"summary"}:
            button.drop_tag()


def _attributes(element: Element) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _is_panel(element: Element, tabs: dict[str, Element]) -> bool:
    """Whether an element is a panel that a tab or a button shows, and part of the page's content."""
    if not isinstance(element.tag, str) or element.tag in {"a", "button", "input", "html", "body", "li", "script"}:
        return False
    is_named = element.get("role") == "tabpanel" or element.get("id") in tabs
    before = element.getprevious()
    is_opened = before is not None and before.tag == "button" and _PANEL.search(before.get("class", ""))
    is_panel = is_named or is_opened or element.tag == "details" or _PANEL.search(element.get("class", ""))
    return bool(is_panel) and not any(map(_is_outside, _upwards(element)))


def _upwards(element: Element) -> Iterator[Element]:
    yield element
    yield from element.iterancestors()


def _is_outside(element: Element) -> bool:
    if element.tag in ("html", "body", "main", "article"):
        return False
    roles = element.get("role") in _ROLES_NOT_CONTENT
    return roles or element.tag in _TAGS_NOT_CONTENT or bool(_NOT_CONTENT.search(_attributes(element)))


def _tabs(page: Element) -> dict[str, Element]:
    """What shows a panel, by the id of the panel: a tab or a button, not just any link to a place in the page."""
    found: dict[str, Element] = {}
    for element in page.xpath("//*[@role='tab' or @aria-expanded or @data-toggle or @data-bs-toggle or self::button]"):
        for name in _TARGETS:
            target = element.get(name, "").lstrip("#").strip()
            if target and len(text_of(element)) <= _MAX_NAME:
                found.setdefault(target, element)
    return found


def _tab_of(panel: Element, panels: list[Element], tabs: dict[str, Element]) -> Element | None:
    """The tab of a panel: by its id, else the one at the same place in the list of tabs, else the button before it."""
    named = tabs.get(panel.get("id", ""))
    if named is not None:
        return named
    if panel.get("role") == "tabpanel" or re.search(r"tab-?(?:pane|panel|item|content)", panel.get("class", ""), re.I):
        beside = [other for other in panels if other.getparent() is panel.getparent() and other.tag == panel.tag]
        for parent in panel.iterancestors():
            lists = parent.xpath("./descendant::*[@role='tablist' or contains(concat(' ', @class, ' '), ' tabs ')]")
            names = [_names_in(each) for each in lists if panel not in each.iterdescendants()]
            fitting = next((each for each in names if len(each) == len(beside)), None)
            if fitting:
                return fitting[beside.index(panel)]
            if lists:
                break
    before = panel.getprevious()
    if before is not None and (before.tag == "button" or before.get("role") == "button") and text_of(before):
        return before
    return None


def _names_in(tablist: Element) -> list[Element]:
    marked = tablist.xpath(".//*[@role='tab']")
    return marked or [each for each in tablist if text_of(each)]


def _name(panel: Element, tab: Element) -> bool:
    """Put the name of a tab above its panel, unless a heading says it; whether the tab itself can go."""
    if any(each.tag in HEADINGS for each in tab.iterancestors()):
        return False  # it stands above its panel
    name = text_of(tab)
    if not WORD.search(name) or 2 * length_of(panel, outside_links=True) <= length_of(panel):
        return False  # an icon, or a panel of links
    if next(panel.iter(*HEADINGS), None) is not None:
        return False  # its own headings say what it contains
    first = next(panel.iter("summary"), None)
    if first is None or text_of(first).casefold() != name.casefold():
        heading = etree.SubElement(panel, "summary")
        heading.text = name
        heading.tail, panel.text = panel.text, None
        panel.insert(0, heading)
    return True


def _take_out(tab: Element) -> None:
    """Remove a tab whose name now stands above its panel, with the list or item that holds nothing else."""
    parent = tab.getparent()
    if parent is None:
        return
    tab.drop_tree()
    while parent is not None and parent.tag in ("li", "ul", "ol", "div", "nav") and not text_of(parent):
        above = parent.getparent()
        if above is None or len(parent):
            break
        parent.drop_tree()
        parent = above
