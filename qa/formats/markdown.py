"""Markdown → Document: headings, paragraphs, lists, tables and code by their lines; front matter is metadata.

It knows nothing about files or passages.
"""

from __future__ import annotations

from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from ..types import BlockKind, Document, Span
from .outline import Outline, line_starts

_MARKDOWN = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "blockquote_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "html_block": "paragraph",
}
_PART_OPENERS = {"list": "list_item_open", "table": "tr_open"}
_METADATA = ("title", "author", "date", "url", "description")


def parse_markdown(path: str, text: str) -> Document:
    """The Document of a Markdown text; never raises: what is no structure is a paragraph."""
    tokens = _MARKDOWN.parse(text)
    starts = line_starts(text)
    outline = Outline(text)
    metadata: dict[str, str] = {}
    for number, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        span = _span(token, starts)
        if token.type == "front_matter":
            metadata = _front_matter(token.content)
        elif token.type == "heading_open":
            outline.heading(int(token.tag[1]), _plain(tokens[number + 1]), span)
        elif token.type in _KINDS and not _is_comment(token):
            kind = _KINDS[token.type]
            outline.block(kind, span, _parts(tokens, number, kind, starts))
    return outline.document(path, metadata.get("title", ""), metadata)


def _span(token: Token, starts: list[int]) -> Span:
    first, end = token.map or [0, 0]
    return Span(starts[min(first, len(starts) - 1)], starts[min(end, len(starts) - 1)])


def _parts(tokens: list[Token], opener: int, kind: BlockKind, starts: list[int]) -> tuple[Span, ...]:
    """The items of a list (a nested item is a part of its own), or the rows of a table."""
    wanted = _PART_OPENERS.get(kind)
    if wanted is None:
        return ()
    end_line = (tokens[opener].map or [0, 0])[1]
    lines: list[int] = []
    for token in tokens[opener + 1 :]:
        if token.level == 0:
            break
        if token.type == wanted and token.map and token.map[0] not in lines:
            lines.append(token.map[0])
    edges = [*lines, end_line]
    return tuple(
        Span(starts[edges[i]], starts[min(edges[i + 1], len(starts) - 1)]) for i in range(len(lines))
    )


def _plain(inline: Token) -> str:
    """A heading's words without their marks."""
    return "".join(
        child.content if child.type in ("text", "code_inline") else " " if "break" in child.type else ""
        for child in inline.children or ()
    )


def _is_comment(token: Token) -> bool:
    content = token.content.strip()
    return token.type == "html_block" and content.startswith("<!--") and content.endswith("-->")


def _front_matter(raw: str) -> dict[str, str]:
    """The fields that this program shows; a block that is not YAML has none."""
    try:
        fields: Any = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    lowered = {str(name).lower().rpartition(".")[2]: value for name, value in fields.items()}
    return {
        name: " ".join(str(lowered[name]).split())
        for name in _METADATA
        if isinstance(lowered.get(name), (str, int, float)) or hasattr(lowered.get(name), "isoformat")
    }
