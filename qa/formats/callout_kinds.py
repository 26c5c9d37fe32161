"""The kinds of callouts, tabs and similar containers of all formats, and what those without a title are called."""

from __future__ import annotations

# What a container is called that has no title of its own, by its kind; empty for one that is then only its content.
LABELS = {
    **{kind: kind.capitalize() for kind in (
        "note", "tip", "hint", "info", "information", "important", "warning", "caution", "danger", "error",
        "attention", "success", "todo", "question", "example", "quote", "abstract", "summary", "bug", "failure",
        "check", "deprecated", "notice",
    )},
    "seealso": "See also", "versionadded": "Added in version", "versionchanged": "Changed in version",
    **dict.fromkeys((
        "admonition", "dropdown", "collapse", "details", "expand", "tab", "tab-item", "tab-set", "tabs", "card",
        "grid", "grid-item-card", "topic", "sidebar", "panel", "callout", "alert", "aside",
    ), ""),
}  # fmt: skip
# Kinds whose first paragraph is their title, where a syntax tree has no other.
TITLED = frozenset((
    "admonition", "dropdown", "collapse", "details", "tab", "tab-item", "card", "grid-item-card", "topic", "sidebar",
    "panel",
))  # fmt: skip
# Titles that say only what kind of text follows.
ONLY_KINDS = frozenset((
    *(label.casefold() for label in LABELS.values() if label), "notes", "tips", "warnings", "remark", "hinweis",
    "achtung", "warnung", "tipp", "wichtig", "vorsicht", "merke", "beispiel", "remarque", "astuce", "nota", "aviso",
    "importante", "consejo",
))  # fmt: skip
