"""Writes the macros and templates of wikis as their content, since pandoc leaves them out or as markup in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..callout_kinds import LABELS

_MAX_DEPTH = 20  # templates inside each other
_MAX_TEMPLATE = 50_000  # characters
FIELDS = "fields-of-a-template"  # the class of a list that is written as `name: value` lines

# --- MediaWiki --------------------------------------------------------------------------------------------------------

_WIKI_MARK = re.compile(r"<(nowiki|pre|source|syntaxhighlight|math|code)\b[^<>/]*>|<!--|\{\{|\}\}", re.IGNORECASE)
_LINK = re.compile(r"\[\[[^\[\]]*\]\]")
_NO_MARKS = {2: None, 3: None}  # which stand around the number of a link that is hidden for a while
_HIDDEN_LINK = re.compile("\x02(\\d+)\x03")
_BREAK = re.compile(r"<br\s*/?>|\n[*#:;]+", re.IGNORECASE)
_TECHNICAL = re.compile(
    r"(?:.*[ _-])?(?:image|logo|map|photo|file|style|class|width|size|alignment|align|colou?r|background|border"
    r"|url-status|access-date|accessdate|ref|nocat|cat|category|coordinates|coord)\d*",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"lang(?:-\w+)?|transl(?:iteration)?", re.IGNORECASE)
_DATE = re.compile(r"(?:start|end|birth|death|film|release)[ -]date.*|date|dob|dts", re.IGNORECASE)
_CITATION = re.compile(r"cite\b.*|citation|literatur|internetquelle|ouvrage|lien web", re.IGNORECASE)
_CITED = ("title", "titel", "author", "autor", "last", "first", "werk", "work", "publisher", "date", "datum", "year")
_NUMBER = re.compile(r"\d{1,4}")


def _mediawiki(text: str) -> str:
    """The text with each template as its content: a list of its named values, or the text in it."""
    pieces: list[list[str]] = [[]]  # of the text, and of each open template
    never = set[str]()  # the ends that do not follow
    text, place = text.translate(_NO_MARKS), 0
    while (mark := _WIKI_MARK.search(text, place)) is not None:
        pieces[-1].append(text[place : mark.start()])
        place = mark.end()
        if mark[0] == "{{" and len(pieces) <= _MAX_DEPTH:
            pieces.append([])
        elif mark[0] == "}}" and len(pieces) > 1:
            inner = "".join(pieces.pop())
            is_block = len(pieces) == 1 and _begins_line(pieces[0]) and text[place : place + 1] in ("", "\n")
            pieces[-1].append(_template(inner, is_block) if len(inner) <= _MAX_TEMPLATE else inner)
        elif mark[0] in ("{{", "}}"):
            pieces[-1].append(mark[0])
        else:  # a comment, or code; one that is left open is for pandoc to read
            closing = f"</{mark[1].lower()}>" if mark[1] else "-->"
            end = None if closing in never else re.compile(closing, re.IGNORECASE).search(text, place)
            never.update([closing] if end is None else [])
            place = end.start() if end else place
            pieces[-1].append(text[mark.start() : place])
    rest = "".join("".join(part) for part in pieces)
    return rest + text[place:]


def _begins_line(pieces: list[str]) -> bool:
    last = next((piece for piece in reversed(pieces) if piece), "\n")
    return last.endswith("\n")


def _template(inner: str, is_block: bool) -> str:
    links: list[str] = []

    def hide(link: re.Match[str]) -> str:
        links.append(link[0])
        return f"\x02{len(links) - 1}\x03"

    def show(part: str) -> str:
        return _HIDDEN_LINK.sub(lambda mark: links[int(mark[1])], part)

    name, *parts = _LINK.sub(hide, inner).split("|")
    name, named, positional = name.strip(), dict[str, str](), []
    for part in parts:
        key, equals, value = part.partition("=")
        is_named = bool(equals) and "<" not in key and "\n\n" not in key and len(key) < 60
        key, value = show(key), show(value if is_named else part)
        value = " ".join(_BREAK.sub(", ", value.strip()).split()).strip(", ")
        if is_named and not key.strip().isdecimal():
            named[key.strip()] = value
        elif value:
            positional.append(value)
    if name.startswith("#") or ":" in name:
        return ""
    if is_block and len(named) > 1 and not positional:
        fields = [f"{key.replace('_', ' ')}: {value}" for key, value in named.items() if _is_said(key, value)]
        lines = "\n".join(f"* {field}" for field in fields)
        return f'<div class="{FIELDS}">\n{lines}\n</div>' if fields else ""
    if _CITATION.fullmatch(name):
        return ", ".join(dict.fromkeys(named[key] for key in _CITED if named.get(key)))
    return _content(name, positional, named)


def _is_said(key: str, value: str) -> bool:
    """Whether a field of a template says something to a reader."""
    return bool(value) and not _TECHNICAL.fullmatch(key)


def _content(name: str, texts: list[str], named: dict[str, str]) -> str:
    """What a template with texts in it says, or the text that it is named for."""
    if not texts:
        return next((named[key] for key in ("text", "content", "inhalt", "1") if named.get(key)), "")
    if _LANGUAGE.fullmatch(name):
        return texts[-1]
    if _DATE.fullmatch(name) and all(map(_NUMBER.fullmatch, texts)):
        return "-".join(text.zfill(2) for text in texts[:3])
    if name.casefold() in ("convert", "cvt"):
        return " ".join(texts[:2])
    label = LABELS.get(name.casefold(), "")
    return f"{label}: {' '.join(texts)}" if label else " ".join(texts)


# --- Jira and Confluence ----------------------------------------------------------------------------------------------

_JIRA_CODE = re.compile(r"(\{(code|noformat)\b[^{}\n]*\}.*?(?:\{\2\}|\Z))", re.DOTALL)
_JIRA_MACRO = re.compile(r"\{([a-z][a-z-]*)(?::([^{}\n]*))?\}")
_JIRA_TITLE = re.compile(r"(?:^|\|)\s*title=([^|]*)")
_SHOWN = ("status", "jira")  # macros that are one word of the text
_SILENT = (
    "toc", "toc-zone", "children", "anchor", "include", "excerpt", "excerpt-include", "section", "column", "pagetree",
    "recently-updated", "contentbylabel", "attachments", "gallery", "livesearch", "index", "pageproperties", "div",
    "span", "gliffy", "drawio", "widget", "html", "ui-expand", "ui-tabs", "ui-tab", "deck",
)  # fmt: skip


def _jira(text: str) -> str:
    """The text with its callouts as panels, which pandoc reads, and without other macros."""
    parts = _JIRA_CODE.split(text)
    opened: list[str] = []

    def write(macro: re.Match[str]) -> str:
        name, values = macro[1], macro[2] or ""
        title = next((found[1].strip() for found in _JIRA_TITLE.finditer(values)), "")
        if name in _SHOWN:
            return title or values.partition("|")[0].removeprefix("key=")
        if name not in (*LABELS, *_SILENT) or name == "panel":
            return macro[0]
        if opened[-1:] == [name] and not values:
            opened.pop()
            return "\n{panel}\n" if name in LABELS else ""
        title = title or (values if "=" not in values and name == "expand" else "") or LABELS.get(name, "")
        is_panel = name in LABELS
        if is_panel:
            opened.append(name)
        return f"\n{{panel:title={title or 'Details'}}}\n" if is_panel else ""

    # Of each piece of code, the pattern gives the whole and its name.
    return "".join(_JIRA_MACRO.sub(write, part) if n % 3 == 0 else part for n, part in enumerate(parts) if n % 3 != 2)


# --- DokuWiki ---------------------------------------------------------------------------------------------------------

_DOKU_CODE = re.compile(r"<(code|file|nowiki)\b[^<>]*>.*?(?:</\1>|\Z)|%%.*?(?:%%|\Z)", re.DOTALL)
_DOKU_BOX = re.compile(
    r"<(/?)(note|wrap|panel|callout|alert|well|accordion|tabs|tab|hidden|box)\b([^<>]*)>", re.IGNORECASE
)
_DOKU_SILENT = re.compile(r"\{\{(?:tag|page|section|topic|blog|gallery|indexmenu)>[^{}\n]*\}\}|~~[A-Z][^~\n]{0,60}~~")
_DOKU_TITLE = re.compile(r"""\btitle=["']([^"']*)["']""")


def _dokuwiki(text: str) -> str:
    """The text with the content of its boxes as paragraphs, behind their titles or what their kinds are called."""
    return "".join(
        part if is_code else _DOKU_SILENT.sub("", _DOKU_BOX.sub(_box, part)) for part, is_code in _divided(text)
    )


def _divided(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the text in pieces, with whether each is code."""
    place = 0
    for code in _DOKU_CODE.finditer(text):
        yield text[place : code.start()], False
        yield code[0], True
        place = code.end()
    yield text[place:], False


def _box(mark: re.Match[str]) -> str:
    is_inline = mark[2] == "wrap"
    if mark[1]:
        return "" if is_inline else "\n\n"
    title = _DOKU_TITLE.search(mark[3])
    kinds = [word for word in mark[3].casefold().split() if LABELS.get(word)] + [mark[2]]
    label = title[1] if title else LABELS.get(kinds[0], "") if not is_inline else ""
    return ("" if is_inline else "\n\n") + (f"{label}: " if label else "")


# --- AsciiDoc ---------------------------------------------------------------------------------------------------------

_TABS = re.compile(r"^\[tabs[^\]\n]*\][ \t]*\n(?=(={4,})[ \t]*\n)", re.MULTILINE)


def _asciidoc(text: str) -> str:
    """The text with its tabs as a block that pandoc keeps apart."""
    return _TABS.sub("[.tabs]\n", text)


_WRITERS = {"mediawiki": _mediawiki, "jira": _jira, "dokuwiki": _dokuwiki, "asciidoc": _asciidoc}


def without_macros(form: str, text: str) -> str:
    """The text of a markup language with its macros and templates as their content."""
    writer = _WRITERS.get(form)
    return writer(text) if writer else text
