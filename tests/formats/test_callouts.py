"""Callouts, tabs and panels: their titles are headings that end with them, and their text is read like any other."""

from __future__ import annotations

import fuzz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.builder import TextBuilder
from qa.formats.callouts import plain_lines
from qa.formats.markdown import parse_markdown
from qa.text.document import Document

BODY = "Light the smoker."


def read(path: str, text: str) -> Document:
    (document,) = parse(path, text.encode()).documents
    assert list(fuzz.problems(document)) == []
    return document


def content(document: Document) -> list[tuple[str, tuple[str, ...], str]]:
    return [(b.kind, document.sections[b.section].path, b.span.of(document.text)) for b in document.blocks]


TITLED = {
    "mkdocs": f'!!! warning "Before opening"\n    {BODY}\n',
    "mkdocs-blank": f'!!! warning inline end "Before opening"\n\n    {BODY}\n',
    "collapsible": f'???+ tip "Before opening"\n    {BODY}\n',
    "tab": f'=== "Before opening"\n\n    {BODY}\n',
    "obsidian": f"> [!tip]- Before opening\n> {BODY}\n",
    "docusaurus": f":::tip Before opening\n\n{BODY}\n\n:::\n",
    "docusaurus-3": f":::tip[Before opening]\n{BODY}\n:::\n",
    "quarto": f'::: {{.callout-note title="Before opening"}}\n{BODY}\n:::\n',
    "myst": f":::{{admonition}} Before opening\n:class: tip\n{BODY}\n:::\n",
    "myst-fence": f"````{{tab-set}}\n```{{tab-item}} Before opening\n{BODY}\n```\n````\n",
    "pymdownx": f"/// note | Before opening\n{BODY}\n///\n",
    "mdx": f'<Tabs>\n<TabItem value="x" label="Before opening">\n\n{BODY}\n\n</TabItem>\n</Tabs>\n',
    "gitbook": f'{{% tabs %}}\n{{% tab title="Before opening" %}}\n{BODY}\n{{% endtab %}}\n{{% endtabs %}}\n',
    "hugo": f'{{{{% notice tip "Before opening" %}}}}\n{BODY}\n{{{{% /notice %}}}}\n',
    "details": f"<details>\n<summary>Before opening</summary>\n\n{BODY}\n\n</details>\n",
}


@pytest.mark.parametrize("name", TITLED)
def test_a_title_is_a_heading_that_ends_with_its_callout(name: str) -> None:
    document = read("a.md", f"# Hives\n\n## Work\n\nFirst.\n\n{TITLED[name]}\nAfter.\n")
    assert content(document) == [
        ("paragraph", ("Work",), "First."),
        ("paragraph", ("Work", "Before opening"), BODY),
        ("paragraph", ("Work",), "After."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"!!! note\n    {BODY}\n", f"??? note\n    {BODY}\n", f"> [!WARNING]\n> {BODY}\n", f":::note\n\n{BODY}\n\n:::\n",
        f"```{{warning}}\n{BODY}\n```\n", f'!!! note ""\n    {BODY}\n',
    ],
)  # fmt: skip
def test_a_callout_without_a_title_stays_in_its_section(text: str) -> None:
    document = read("a.md", f"# Hives\n\nFirst.\n\n{text}\nAfter.\n")
    assert content(document) == [("paragraph", (), "First."), ("paragraph", (), BODY), ("paragraph", (), "After.")]


def test_lists_code_and_callouts_inside_a_callout_are_what_they_are() -> None:
    text = '!!! note "Outer"\n    - one\n    - two\n\n    ```sh\n    ls\n    ```\n\n    !!! tip "Inner"\n        Deep.\n\n    Back.\n'
    assert content(read("a.md", text)) == [
        ("list", ("Outer",), "- one\n    - two"),
        ("code", ("Outer",), "```sh\n    ls\n    ```"),
        ("paragraph", ("Outer", "Inner"), "Deep."),
        ("paragraph", ("Outer",), "Back."),
    ]


def test_a_heading_in_a_callout_ends_with_it() -> None:
    text = "## Work\n\nFirst.\n\n:::tip\n# Smoke\n\nLight it.\n:::\n\n### Later\n\nAfter.\n"
    assert [(path, text) for _, path, text in content(read("a.md", text))] == [
        (("Work",), "First."),
        (("Work", "Smoke"), "Light it."),
        (("Work", "Later"), "After."),
    ]


def test_a_callout_inside_a_list_is_read_and_the_item_goes_on() -> None:
    text = '1. Do this.\n\n    !!! warning "Hot"\n        Wear gloves.\n\n    Then that.\n\n2. End.\n'
    paths = {text: path for _, path, text in content(read("a.md", text))}
    assert paths["Wear gloves."] == ("Hot",)
    assert set(paths) == {"1. Do this.", "Wear gloves.", "Then that.", "2. End."}


def test_a_callout_that_is_only_a_title_is_content() -> None:
    assert content(read("a.md", "First.\n\n> [!tip] Bees sleep\n\nAfter.\n"))[1] == (
        "paragraph",
        ("Bees sleep",),
        "Bees sleep",
    )


@pytest.mark.parametrize(
    "text",
    [
        "```md\n!!! note\n    Words.\n```\n", "    !!! note\n        Words.\n", "!!! note\nNot indented.\n", "Wait !!! for it.\n",
        "> quoted\n> [!not] a callout\n", "===\n\nWords.\n", "a ::: b\n", "<Vector>\n\nWords.\n", "{% include x.md %}\n",
        "{% raw %}\nWords.\n{% endraw %}\n",
    ],
)  # fmt: skip
def test_what_is_no_callout_is_left_as_it_is(text: str) -> None:
    assert plain_lines(text) is None


def test_directives_of_restructuredtext_and_blocks_of_asciidoc() -> None:
    rst = f".. admonition:: Before opening\n\n   {BODY}\n\n.. note:: Feed sugar.\n\nAfter.\n"
    adoc = f"First.\n\n.Before opening\n[TIP]\n====\n{BODY}\n====\n\n[IMPORTANT]\nFeed sugar.\n\nAfter.\n"
    for path, text in (("a.rst", rst), ("a.adoc", adoc)):
        found = read(path, text)
        paths = {text: path for _, path, text in content(found)}
        assert paths[BODY] == ("Before opening",)
        assert paths["Feed sugar."] == paths["After."] == ()
        assert ("Note\n\nFeed" in found.text) or ("Important\n\nFeed" in found.text)


@pytest.mark.parametrize(
    "callout",
    [
        f'<div class="admonition tip"><p class="admonition-title">Before opening</p><p>{BODY}</p></div>',
        f'<div class="panel"><div class="panelHeader"><b>Before opening</b></div><div class="panelContent"><p>{BODY}</p></div></div>',
        '<div class="confluence-information-macro"><p class="title">Before opening</p><span class="icon"></span>'
        f'<div class="confluence-information-macro-body"><p>{BODY}</p></div></div>',
        '<div class="expand-container"><div class="expand-control"><span class="expand-control-text">Before opening</span></div>'
        f'<div class="expand-content"><p>{BODY}</p></div></div>',
        f"<details><summary>Before opening</summary><p>{BODY}</p></details>",
        '<div class="admonitionblock tip"><table><tr><td class="icon"><div class="title">Tip</div></td><td class="content">'
        f'<div class="title">Before opening</div><p>{BODY}</p></td></tr></table></div>',
    ],
)
def test_panels_of_web_pages(callout: str) -> None:
    words = (
        "<p>The hives are opened once a week from May to August, and never in winter, when the bees would freeze.</p>"
    )
    page = f"<html><body><main><h1>Hives</h1><h2>Work</h2>{words}{callout}{words.replace('week', 'month')}</main></body></html>"
    paths = {text: path for _, path, text in content(read("a.html", page))}
    assert paths[BODY][0] == "Work"
    assert paths[BODY][1:] in (("Before opening",), ())
    assert next(path for text, path in paths.items() if "month" in text) == ("Work",)


def test_a_remark_in_an_aside_is_content() -> None:
    words = (
        "<p>The hives are opened once a week from May to August, and never in winter, when the bees would freeze.</p>"
    )
    page = f"<html><body><main><h1>Hives</h1>{words}<aside><p>{BODY}</p></aside><aside><a href='/x'>More news</a></aside>{words}</main></body></html>"
    found = read("a.html", page)
    assert BODY in found.text
    assert "More news" not in found.text


def test_the_builder_ends_headings_with_their_callout() -> None:
    builder = TextBuilder()
    builder.heading(2, "Work")
    builder.begin("Note")
    builder.paragraph("One.")
    builder.end()
    builder.begin("Outer")
    builder.heading(1, "Inside")
    builder.paragraph("Two.")
    builder.end()
    builder.heading(3, "Later")
    builder.paragraph("Three.")
    assert [(path, text) for _, path, text in content(builder.document("x"))] == [
        (("Work",), "One."),
        (("Work", "Outer", "Inside"), "Two."),
        (("Work", "Later"), "Three."),
    ]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            ['!!! note "A"', "???", "    ", "\t", "> ", "[!tip] B", ":::note C", ":::", "```{tip} D", "```", '<Tab title="E">', "</Tab>",
             "/// x | F", "///", "- ", "1. ", "\n", "\n\n", "words ", "# G", "<details>", "<summary>H</summary>", "</details>", "[^1]: n",
             "s[^1]", '{% tab title="I" %}', "{% endtab %}", "| a |\n|---|\n| b |"]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_any_sequence_of_marks_gives_a_right_document(pieces: list[str]) -> None:
    document = parse_markdown("x.md", "".join(pieces))
    assert list(fuzz.problems(document)) == []


@pytest.mark.parametrize(
    "text",
    ['!!! note "x"\n' * 40_000, ("!!! note\n" + "\n" * 50) * 2_000, "> " * 5_000 + "[!note] x\n", ":::note x\n" * 20_000,
     "<Ab>\n" * 20_000 + "</Ab>\n" * 20_000, '- a\n\n    !!! note "x"\n        y\n\n' * 3_000],
    ids=["marks", "blank lines", "quotes", "colons", "tags", "items"],
)  # fmt: skip
@pytest.mark.timeout(30)
def test_many_marks_take_linear_time(text: str) -> None:
    assert parse_markdown("x.md", text).text == text


@pytest.mark.parametrize("sign", "`~:! ")
def test_a_file_of_one_sign_takes_no_longer_than_its_size(sign: str) -> None:
    plain_lines(sign * 200_000)  # minutes if the signs that follow were read again from each of them
