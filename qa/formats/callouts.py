"""Finds the callouts, tabs and similar containers in a Markdown text, whose marks differ from one program to the next.

MkDocs (`!!! note "Title"`, `=== "Tab"`), GitHub and Obsidian (`> [!note]`), Docusaurus, MyST and Quarto (`:::note`),
MDX (`<TabItem label="Tab">`), GitBook and Hugo (`{% hint %}`): each is made plain Markdown, line by line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .callout_kinds import LABELS

_INDENTED = re.compile(
    r"""( *)(?:(?:!!!|\?\?\?\+?)[ ]+[\w-]+(?:[ ]+[\w-]+)*(?:[ ]+(?:"(.*)"|'(.*)'))?"""
    r"""|===[!+]?[ ]+(?:"(.+)"|'(.+)'))[ ]*"""
)
_QUOTED = re.compile(r"( *)>[ ]?\[![\w| -]{1,60}\][-+]?[ ]*(.*)")
_FENCED = re.compile(r"( *)(:{3,}|`{3,}|~{3,})[ ]*(\{[^{}]*\}|[\w-]+)[ ]*(.*)")
_FENCE_END = re.compile(r" *(:{3,}|`{3,}|~{3,})[ ]*")
_SLASHED = re.compile(r"( *)(/{3,})[ ]*[\w-]+[ ]*(?:\|[ ]*(.*))?")
_SLASHED_END = re.compile(r" *(/{3,})[ ]*")
_TAG = re.compile(
    r"( *)(?:<(?P<jsx>[A-Z][\w.]*)(?P<a>(?:[ ]+[\w:-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}))?)*)[ ]*>"
    r"|\{%-?[ ]*(?P<jinja>[a-z][\w-]*)(?P<b>[^%]*?)-?%\}"
    r"|\{\{[<%][ ]*(?P<hugo>[a-z][\w/-]*)(?P<c>[^{}]*?)[ ]*[>%]\}\})[ ]*"
)
_TAG_END = re.compile(
    r" *(?:</(?P<jsx>[A-Z][\w.]*|details)>|\{%-?[ ]*end[_-]?(?P<jinja>[a-z][\w-]*)[ ]*-?%\}"
    r"|\{\{[<%][ ]*/[ ]*(?P<hugo>[a-z][\w/-]*)[ ]*[>%]\}\})[ ]*"
)
_DETAILS = re.compile(r"( *)<details\b[^<>]*>[ ]*(?:<summary\b[^<>]*>(.*)</summary>)?[ ]*", re.IGNORECASE)
_SUMMARY = re.compile(r" *<summary\b[^<>]*>(.*)</summary> *", re.IGNORECASE)
_HTML_TAG = re.compile(r"<[^<>]*>")
_CODE = {"highlight", "raw", "comment", "code-block", "verbatim", "mermaid"}  # tags around what is no prose
_OPTION = re.compile(r" *:[\w-]+:(?: .*)?")  # of a directive
_NAMED = re.compile(r"""\b(title|label|header|heading|summary|name|tab|value|type|style)=\{?["']([^"']*)["']\}?""")
_POSITIONAL = re.compile(r'"([^"]*)"')
_ATTRIBUTES = re.compile(r"""\{[^{}]*\}|[\w-]+=(?:"[^"]*"|'[^']*'|\S+)""")
_ANY = re.compile(
    r"!!!|\?\?\?|=== ?[\"']|===[!+]|\[!|:::|``` ?\{|~~~ ?\{|^ *///|^ *</?[A-Z]|<details|\{%|\{\{[<%]", re.MULTILINE
)
_ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)]) ")
_MAX_LINE = 1_000  # characters of a mark
_MAX_DEPTH = 30
_REACH = 300  # lines above an indented mark, among which is the item of the list that it is in
_SENTENCE = re.compile(r"[.!?][\"'”’)]*$")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a container begins, whose title may be empty; or, with `title` None, where the last open one ends."""

    line: int
    title: str | None


@dataclass(frozen=True, slots=True)
class PlainLines:
    """The lines of a text as plain Markdown; of each line, the first `margins` characters of the original are left out.

    `marks` are in order.
    """

    lines: Sequence[str]
    margins: Sequence[int]
    marks: Sequence[Mark]


@dataclass(slots=True)
class _Open:
    """An open container: `indent` is that of its mark, and what ends it depends on its kind."""

    kind: str  # "indented", "quoted", "rest" (of a list's item), or the characters or the name of its mark
    indent: int
    fence: str = ""  # of a piece of code in it
    is_first: bool = True


def plain_lines(text: str) -> PlainLines | None:
    """The text as plain Markdown, with as many lines; None if there is no container in it."""
    if not _ANY.search(text):
        return None
    reader = _Reader(text.split("\n"))
    reader.read()
    return PlainLines(reader.lines, reader.margins, reader.marks) if reader.found else None


@dataclass(slots=True)
class _Reader:
    source: list[str]
    lines: list[str] = field(default_factory=list)
    margins: list[int] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    found: bool = False
    _open: list[_Open] = field(default_factory=list)
    _fence: str = ""  # of a piece of code outside all containers
    _ends: dict[str, int] = field(default_factory=dict)  # the last line that ends a tag, by its name

    def read(self) -> None:
        for number, line in enumerate(self.source):
            if len(line) <= _MAX_LINE and (end := _TAG_END.fullmatch(line)):
                self._ends[str(end["jsx"] or end["jinja"] or end["hugo"])] = number
        was_quote = False
        for number, line in enumerate(self.source):
            inner, margin = self._inside(number, line)
            is_quote = inner.lstrip().startswith(">")
            blank = len(inner) <= _MAX_LINE and self._is_mark(number, inner, was_quote)
            was_quote = is_quote and not blank
            self.lines.append("" if blank else inner)
            self.margins.append(len(line) if blank else margin)
        self._close(0, len(self.source))

    def _inside(self, number: int, line: str) -> tuple[str, int]:
        """A line without what the containers around it put before it, and how much that is; closes those that ended."""
        inner, blank = line, not line.strip()
        for depth, each in enumerate(self._open):
            width = each.indent + 4 if each.kind == "indented" else each.indent
            if each.kind == "quoted":
                mark = re.match(r" {0,3}> ?", inner)
                if mark is None:
                    self._close(depth, number)
                    break
                inner = inner[mark.end() :]
            elif each.kind in ("indented", "rest"):
                if not blank and not inner.startswith(" " * width):
                    if not (each.kind == "indented" and inner.startswith("\t")):
                        self._close(depth, number)
                        break
                    width = 1
                inner = "" if blank else inner[width:]
            elif each.indent and inner.startswith(" " * each.indent):
                inner = inner[each.indent :]
        return inner, len(line) - len(inner)

    def _close(self, depth: int, number: int) -> None:
        for each in reversed(self._open[depth:]):
            if each.kind != "rest":
                self.marks.append(Mark(number, None))
        del self._open[depth:]

    def _is_mark(self, number: int, line: str, was_quote: bool) -> bool:
        """Whether a line begins or ends a container, or is an option of one; opens or closes it."""
        if self._is_code(line):
            return False
        return self._ends_one(number, line) or self._is_option(line) or self._begins_one(number, line, was_quote)

    def _is_code(self, line: str) -> bool:
        """Whether a line is in a piece of code, or begins or ends one."""
        fence = self._open[-1].fence if self._open else self._fence
        mark = re.match(r" {0,3}(`{3,}|~{3,})(.*)", line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                self._set_fence("")
            return True
        if mark is None or (self._open and self._open[-1].kind == mark[1] and not mark[2].strip()):
            return False
        name = re.match(r"\{([\w-]+)\}", mark[2].strip())
        if name and name[1] in LABELS:
            return False
        if mark[1][0] == "~" or "`" not in mark[2]:
            self._set_fence(mark[1])
        return True

    def _set_fence(self, fence: str) -> None:
        if self._open:
            self._open[-1].fence = fence
        else:
            self._fence = fence

    def _ends_one(self, number: int, line: str) -> bool:
        if end := _FENCE_END.fullmatch(line) or _SLASHED_END.fullmatch(line):
            mark = end[1]
            return self._close_last(number, lambda kind: kind[0] == mark[0] and len(kind) <= len(mark))
        if end := _TAG_END.fullmatch(line):
            name = f"<{end['jsx'] or end['jinja'] or end['hugo']}"
            return self._close_last(number, lambda kind: kind == name)
        return False

    def _close_last(self, number: int, is_meant: Callable[[str], bool]) -> bool:
        """Close the innermost open container of the kind that is meant, with those in it; whether there is one."""
        for depth in reversed(range(len(self._open))):
            if is_meant(self._open[depth].kind):
                self._close(depth, number)
                return True
        return False

    def _summary_below(self, number: int) -> str:
        """The summary of `details` in the next line; empty if there is none."""
        found = _SUMMARY.fullmatch(self.source[number + 1]) if number + 1 < len(self.source) else None
        return found[1] if found else ""

    def _is_option(self, line: str) -> bool:
        """Whether a line directly below the mark of a directive sets an option of it, or is a summary."""
        if not self._open or not self._open[-1].is_first:
            return False
        kind = self._open[-1].kind
        pattern = _SUMMARY if kind == "<details" else _OPTION
        is_option = kind[0] in ":`~<" and pattern.fullmatch(line) is not None
        self._open[-1].is_first = is_option
        return is_option

    def _begins_one(self, number: int, line: str, was_quote: bool) -> bool:
        if len(self._open) > _MAX_DEPTH:
            return False
        mark, kind, title = _INDENTED.fullmatch(line), "indented", ""
        if mark is not None:
            title = mark[2] or mark[3] or mark[4] or mark[5] or ""
            if not self._has_body(number, len(mark[1])):
                return False
        elif not was_quote and (mark := _QUOTED.fullmatch(line)):
            kind, title = "quoted", mark[2]
        elif (mark := _FENCED.fullmatch(line)) and not mark[4].rstrip().endswith(mark[2]):
            kind, title = mark[2], _title_of_directive(mark[3], mark[4])
        elif (mark := _DETAILS.fullmatch(line)) and self._ends.get("details", -1) > number:
            kind, title = "<details", _HTML_TAG.sub("", mark[2] or self._summary_below(number))
            if not title.strip():
                return False
        elif mark := _SLASHED.fullmatch(line):
            kind, title = mark[2], mark[3] or ""
        elif mark := _TAG.fullmatch(line):
            name = str(mark["jsx"] or mark["jinja"] or mark["hugo"])
            if self._ends.get(name, -1) <= number or name in _CODE:
                return False
            kind, title = f"<{name}", _title_of_tag(name, mark["a"] or mark["b"] or mark["c"] or "")
        if mark is None:
            return False
        indent = len(mark[1])
        if indent >= 4 and not self._is_in_item(number, indent):
            return False  # it is code
        if _SENTENCE.search(title) and kind[0] in ":`~":
            title = ""  # its first sentence, which stays in its line
        self.found = True
        if indent:
            self._open.append(_Open("rest", indent))
        self._open.append(_Open(kind, 0))
        self.marks.append(Mark(number, title.strip()))
        return True

    def _has_body(self, number: int, indent: int) -> bool:
        """Whether the next line with text is indented below the mark, in the containers around it."""
        before = len(self.source[number]) - len(self.source[number].lstrip(" "))
        for line in self.source[number + 1 : number + _REACH]:
            rest = re.sub(r"^ *(?:> ?)*", lambda mark: " " * len(mark[0]), line)
            if rest.strip():
                own = len(rest) - len(rest.lstrip(" "))
                return rest.startswith("\t") or own >= max(before, indent) + 4
        return False

    def _is_in_item(self, number: int, indent: int) -> bool:
        for line in reversed(self.lines[max(0, number - _REACH) : number]):
            own = len(line) - len(line.lstrip(" "))
            if line.strip() and own < indent:
                return _ITEM.match(line) is not None
        return False


def _title_of_directive(name: str, rest: str) -> str:
    """`:::tip Title`, `:::tip[Title]`, `::: {.callout-tip title="Title"}`, `:::{tab-item} Title`."""
    for attributes in (name, rest):
        if found := re.search(r"""\b(?:title|label|name)=(?:"([^"]*)"|'([^']*)')""", attributes):
            return found[1] or found[2] or ""
    rest = _ATTRIBUTES.sub("", rest).strip()
    return rest[1:-1] if rest.startswith("[") and rest.endswith("]") else rest


def _title_of_tag(name: str, attributes: str) -> str:
    """The title that a tag states, or else what kind of callout it is."""
    found: dict[str, str] = dict(_NAMED.findall(attributes))
    for key in ("title", "label", "header", "heading", "summary", "name", "tab"):
        if found.get(key):
            return found[key]
    if positional := _POSITIONAL.search(_ATTRIBUTES.sub("", attributes)):
        return positional[1]
    words = attributes.split()
    is_tab = name.casefold() in ("tabitem", "tab")
    kinds = [
        found.get("value", "") if is_tab else "",
        found.get("type", ""),
        found.get("style", ""),
        name.casefold(),
        *words[:1],
    ]
    kind = next((each for each in kinds if each and (each.casefold() in LABELS or is_tab) and each != "callout"), "")
    return (
        "" if kind in ("tabs", "tab-set", "details") else kind.capitalize() if kind.islower() and not is_tab else kind
    )
