"""Markdown: headings, lists, tables and code are recognised, and the front matter describes the article."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats.markdown import parse_markdown
from qa.text.document import Block, Document
from qa.text.passages import split
from qa.text.properties import entry_of


def paths(document: Document) -> list[tuple[str, ...]]:
    return [section.path for section in document.sections if section.path]


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(document.text)) for block in document.blocks]


def parts(document: Document, block: Block) -> list[str]:
    return [part.of(document.text) for part in block.parts]


# --- headings ---------------------------------------------------------------------------------------------------------


def test_the_first_heading_is_the_title_and_the_others_nest() -> None:
    text = "# Bees\n\nOne.\n\n## Boxes\n\nTwo.\n\n### White ones\n\nThree.\n\n## Frost\n\nFour.\n"
    document = parse_markdown("bees.md", text)
    assert document.title == "Bees"
    assert paths(document) == [("Boxes",), ("Boxes", "White ones"), ("Frost",)]
    sections = [document.sections[block.section].path for block in document.blocks]
    assert sections == [(), ("Boxes",), ("Boxes", "White ones"), ("Frost",)]


def test_underlined_headings_count_too() -> None:
    document = parse_markdown("bees.md", "Bees\n====\n\nOne.\n\nBoxes\n-----\n\nTwo.\n")
    assert document.title == "Bees"
    assert paths(document) == [("Boxes",)]


def test_a_heading_after_content_is_not_a_title() -> None:
    document = parse_markdown("bees.md", "One.\n\n# Bees\n\nTwo.\n")
    assert document.title == ""
    assert document.display_title == "bees"
    assert paths(document) == [("Bees",)]


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("*Bees* and **`wax`**", "Bees and wax"),
        ("Bees [and wax](https://example.org/a_b) ##", "Bees and wax"),
        ("Bees [and wax][ref]", "Bees and wax"),
        (r"Bees \& wax &amp; \#3", "Bees & wax & #3"),
        ('<a id="x"></a>Bees<br/><!-- here --> and <sub>wax</sub>', "Bees and wax"),
        ("The header `<queue>` and <vector>", "The header <queue> and <vector>"),
        ("![A white hive](hive.png)", "A white hive"),
        ("Learning C#", "Learning C#"),
    ],
)
def test_a_heading_is_its_words_without_marks(heading: str, words: str) -> None:
    text = f"Text.\n\n## {heading}\n\nMore.\n\n[ref]: https://example.org\n"
    assert paths(parse_markdown("x.md", text)) == [(words,)]


def test_a_hash_sign_in_code_is_not_a_heading() -> None:
    document = parse_markdown("x.md", "Text.\n\n```sh\n# not a heading\n```\n\n    # nor this\n")
    assert paths(document) == []
    assert [kind for kind, _ in blocks(document)] == ["paragraph", "code", "code"]


def test_a_text_of_only_headings_has_no_content() -> None:
    document = parse_markdown("x.md", "# Bees\n\n## Boxes\n\n## Frost\n")
    assert document.title == "Bees"
    assert document.blocks == ()
    assert paths(document) == [("Boxes",), ("Frost",)]


def test_an_empty_heading_is_content_if_there_is_other_content() -> None:
    text = "# Bees\n\n## Hives stay on the town hall\n\n## Frost\n\nA cold night.\n\n# Last words\n"
    document = parse_markdown("x.md", text)
    assert blocks(document) == [
        ("paragraph", "## Hives stay on the town hall"),
        ("paragraph", "A cold night."),
        ("paragraph", "# Last words"),
    ]


def test_a_heading_above_deeper_headings_is_only_in_their_path() -> None:
    document = parse_markdown("x.md", "# Bees\n\n## Boxes\n\n### White ones\n\nText.\n")
    assert blocks(document) == [("paragraph", "Text.")]
    assert paths(document)[-1] == ("Boxes", "White ones")


def test_an_empty_heading_adds_nothing_to_the_path() -> None:
    assert paths(parse_markdown("x.md", "Text.\n\n## Boxes\n\nOne.\n\n###\n\nTwo.\n")) == [("Boxes",), ("Boxes",)]


# --- front matter -----------------------------------------------------------------------------------------------------


def test_front_matter_is_metadata_not_content() -> None:
    text = '---\ntitle: "Bees: a year"\nauthor: Ada Marsh\ndate: 2024-05-04\ntags: [wax, honey]\n---\n\nText.\n'
    document = parse_markdown("x.md", text)
    assert document.title == "Bees: a year"
    assert document.metadata == {
        "title": "Bees: a year",
        "author": "Ada Marsh",
        "date": "2024-05-04",
        "tags": "wax, honey",
    }
    assert blocks(document) == [("paragraph", "Text.")]


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("title: 1984", "title", "1984"),
        ("title: Yes", "title", "Yes"),
        ("title: 007", "title", "007"),
        ("title: >\n  folded\n  twice", "title", "folded twice"),
        ("Date: 2024-05-04 10:30:00", "date", "2024-05-04"),
        ("url: https://example.org/bees", "url", "https://example.org/bees"),
    ],
)
def test_fields_are_taken_as_they_are_written(line: str, field: str, value: str) -> None:
    assert parse_markdown("x.md", f"---\n{line}\n---\nText.\n").metadata == {field: value}


def test_a_plain_field_wins_over_a_dotted_one() -> None:
    text = "---\ntitle: Bees\nog.title: Other\nms.author: x\nauthor: Ada\n---\nText.\n"
    metadata = parse_markdown("x.md", text).metadata
    assert (metadata["title"], metadata["author"]) == ("Bees", "Ada")
    assert parse_markdown("x.md", "---\nms.date: 4 May\n---\nText.\n").metadata["date"] == "4 May"


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Plums: a guide\nauthor: Ada\ntags: [fruit, #sour]\n---\n",
        '+++\ntitle = "Plums: a guide"\nauthor = "Ada"\ntags = ["fruit"]\n+++\n',
        '{\n  "title": "Plums: a guide",\n  "author": "Ada",\n  "tags": ["fruit"]\n}\n',
        "---\ntitle: 'Plums: a guide'\nauthors:\n  - name: Ada\ntags:\n  - fruit\nodd key: 4\n---\n",
    ],
)
def test_front_matter_in_yaml_toml_and_json_is_read_even_if_it_is_slightly_broken(text: str) -> None:
    document = parse_markdown("x.md", f"{text}\nText of it.\n")
    assert document.title == "Plums: a guide"
    assert document.metadata["author"] == "Ada"
    assert "fruit" in document.metadata["tags"]
    assert blocks(document) == [("paragraph", "Text of it.")]
    entry = entry_of(document, "title")
    assert entry is not None
    assert "Plums: a guide" in entry.of(document.text)


@pytest.mark.parametrize("text", ["{not json}\n\nText.\n", '{"a": 1}', "+++\n\nText.\n", "{braces} begin it.\n"])
def test_braces_and_signs_at_the_top_are_no_front_matter(text: str) -> None:
    document = parse_markdown("x.md", text)
    assert document.metadata == {}
    assert document.blocks


@pytest.mark.parametrize("empty", ["title:", "title: ''", "title: ~", "title: null", "title: [a, b]", "title: {a: b}"])
def test_a_field_without_text_is_ignored(empty: str) -> None:
    document = parse_markdown("x.md", f"---\n{empty}\n---\n# Bees\n\nText.\n")
    assert document.metadata == {}
    assert document.title == "Bees"


@pytest.mark.parametrize(
    "broken",
    [
        "title: [unclosed",
        "\ttitle: tab",
        "just words",
        "- a\n- list",
        "? [a]\n: b",
        "title: !!timestamp soon",
        "title: !!int ''",
        "title: !!bool maybe",
        "title: !!python/object/apply:os.system [echo]",
        "title: *nothing",
        "date: 2024-13-77",
        "a: &a [*a]",
        "[" * 1000,
    ],
)
def test_front_matter_that_cannot_be_read_does_no_harm(broken: str) -> None:
    document = parse_markdown("x.md", f"---\n{broken}\n---\n\n# Bees\n\nText.\n")
    assert blocks(document) == [("paragraph", "Text.")]
    assert "echo" not in document.title


def test_a_rule_at_the_top_is_not_front_matter() -> None:
    document = parse_markdown("x.md", "---\n\nText without end of the block.\n")
    assert document.metadata == {}
    assert blocks(document) == [("paragraph", "Text without end of the block.")]


def test_a_first_heading_that_repeats_the_title_is_not_repeated_in_every_path() -> None:
    text = "---\ntitle: How bees live through winter\n---\n# How bees live\n\nText.\n\n## Boxes\n\nMore.\n"
    document = parse_markdown("x.md", text)
    assert document.title == "How bees live through winter"
    assert paths(document) == [("Boxes",)]


def test_a_first_heading_that_says_something_else_than_the_title_is_kept() -> None:
    text = "---\ntitle: Bees\n---\n# A year at the hive\n\nText.\n\n## Boxes\n\nMore.\n"
    assert paths(parse_markdown("x.md", text)) == [("A year at the hive",), ("A year at the hive", "Boxes")]


# --- blocks -----------------------------------------------------------------------------------------------------------


def test_nested_items_are_parts_of_their_own() -> None:
    text = "- smoker\n  - of tin\n  - of copper\n\n    with a lid\n- veil\n"
    (block,) = (document := parse_markdown("x.md", text)).blocks
    assert block.kind == "list"
    assert parts(document, block) == ["- smoker", "- of tin", "- of copper\n\n    with a lid", "- veil"]


def test_a_numbered_list_is_a_list() -> None:
    (block,) = (document := parse_markdown("x.md", "1. open\n2. look\n3. close\n")).blocks
    assert parts(document, block) == ["1. open", "2. look", "3. close"]


def test_the_rows_of_a_table_are_its_parts() -> None:
    text = "| hive | colour |\n|------|:------:|\n| one | white |\n| two | grey |\n"
    (block,) = (document := parse_markdown("x.md", text)).blocks
    assert block.kind == "table"
    assert parts(document, block) == ["| hive | colour |\n|------|:------:|", "| one | white |", "| two | grey |"]


def test_a_fence_is_code_with_its_marks() -> None:
    document = parse_markdown("x.md", "Text.\n\n~~~python\nfor bee in hive:\n\n    bee.feed()\n~~~\n")
    assert blocks(document)[1] == ("code", "~~~python\nfor bee in hive:\n\n    bee.feed()\n~~~")


def test_a_fence_that_is_never_closed_runs_to_the_end() -> None:
    document = parse_markdown("x.md", "Text.\n\n```\none\n\ntwo\n")
    assert blocks(document)[1] == ("code", "```\none\n\ntwo")


@pytest.mark.parametrize("comment", ["<!-- a note -->", "<!--\nlines\n\nand lines\n-->", "<!-- a --> <!-- b -->"])
def test_comments_are_left_out(comment: str) -> None:
    assert blocks(parse_markdown("x.md", f"{comment}\n\nText.\n\n{comment}\n")) == [("paragraph", "Text.")]


def test_text_next_to_comments_is_kept() -> None:
    text = "<!-- a --> words <!-- b -->\n\n<!-- never closed\n"
    assert [kind for kind, _ in blocks(parse_markdown("x.md", text))] == ["paragraph", "paragraph"]


def test_html_quotes_and_links_are_content_as_they_are_written() -> None:
    text = '<div class="box">\nWords.\n</div>\n\n> Quoted\n> on.\n\nSee [there](https://example.org "x").\n'
    assert blocks(parse_markdown("x.md", text)) == [
        ("paragraph", "Words."),
        ("paragraph", "> Quoted\n> on."),
        ("paragraph", 'See [there](https://example.org "x").'),
    ]


def test_headings_and_lists_inside_a_quote_stay_in_the_quote() -> None:
    text = "> # Not mine\n>\n> - a\n> - b\n"
    document = parse_markdown("x.md", text)
    assert document.title == ""
    assert blocks(document) == [("paragraph", text.rstrip())]


def test_rules_are_not_content() -> None:
    assert blocks(parse_markdown("x.md", "One.\n\n---\n\n***\n\nTwo.\n")) == [
        ("paragraph", "One."),
        ("paragraph", "Two."),
    ]


# --- hostile or odd files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("> " * 2000 + "deep", id="quotes"),
        pytest.param("- " * 2000 + "deep", id="items on one line"),
        pytest.param("".join("  " * depth + "- deep\n" for depth in range(200)), id="items"),
        pytest.param("[" * 5000 + "deep" + "]" * 5000, id="brackets"),
        pytest.param("# " + "*[" * 2000 + "deep", id="heading"),
        pytest.param("<div>" * 2000 + "deep", id="html"),
    ],
)
def test_deep_nesting_does_no_harm(text: str) -> None:
    document = parse_markdown("x.md", "Before.\n\n" + text)
    assert "deep" in document.text
    assert any("deep" in block for _, block in blocks(document))


def test_one_huge_line_is_one_paragraph() -> None:
    line = "Bees [and](x) *wax* `code` " * 20_000
    (block,) = parse_markdown("x.md", line).blocks
    assert block.span.of(line) == line.strip()


def test_thousands_of_items_are_as_many_parts() -> None:
    (block,) = parse_markdown("x.md", "- bee\n" * 3000).blocks
    assert len(block.parts) == 3000


@pytest.mark.parametrize("text", ["", "\n\n", "---\n---\n", "[a]: https://example.org\n", "<!-- only this -->"])
def test_a_text_without_content_has_no_blocks(text: str) -> None:
    assert parse_markdown("x.md", text).blocks == ()


PIECES = st.sampled_from(
    ["# One\n", "## Two\n", "### Three\n", "Under\n---\n", "words\n", "more words.\n", "\n", "\n\n", "- item\n",
     "  - sub\n", "1. first\n", "> quote\n",
     "| a | b |\n", "|---|---|\n", "```\n", "    code\n", "<!-- c -->\n", "<div>\n", "---\n",
     "[x]: y\n", "a[^1] b.[^2]\n", "[^1]: note\n", "[^2]: y\n", "\t", "title: x\n", "🐝 e\u0301 蜂\n", "\u2028", "\x0b"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=300))
def test_blocks_of_any_text_are_in_order_inside_their_sections(text: str) -> None:
    document = parse_markdown("x.md", text)
    assert document.text == text
    assert document.sections[0].span.start == 0
    assert document.sections[-1].span.end == len(text)
    end = 0
    for block in document.blocks:
        assert end <= block.span.start < block.span.end
        section = document.sections[block.section]
        assert section.span.start <= block.span.start <= block.span.end <= section.span.end
        assert all(block.span.start <= part.start < part.end <= block.span.end for part in block.parts)
        assert block.span.of(text) == block.span.of(text).strip()
        end = block.span.end


# --- footnotes --------------------------------------------------------------------------------------------------------

NOTES = """# The bridge

It was opened in *spring*.[^1] It has two lanes.

[^1]: On 17 April 1958,
  by the mayor.

It is grey.

## Costs

It cost [too much](x.md).[^c]

## Traffic

Many cross it. A tram ran here.[^2]

[^2]: 1971
[^c]: 4.2 million crowns.
[^unused]: Nobody refers to it.
"""


def test_a_footnote_stands_under_the_sentence_that_refers_to_it() -> None:
    document = parse_markdown("x.md", NOTES)
    under = [document.sections[block.section].path for block in document.blocks]
    assert list(zip(under, (text for _, text in blocks(document)), strict=True)) == [
        ((), "It was opened in *spring*.[^1] It has two lanes."),
        (("It was opened in spring.",), "On 17 April 1958,\n  by the mayor."),
        ((), "It is grey."),
        (("Costs",), "It cost [too much](x.md).[^c]"),
        (("Traffic",), "Many cross it. A tram ran here.[^2]"),
        (("Traffic", "A tram ran here."), "1971"),
        (("Costs", "It cost too much."), "4.2 million crowns."),
        (("Traffic",), "[^unused]: Nobody refers to it."),
    ]


def test_a_footnote_is_a_passage_of_its_own() -> None:
    passages = split(parse_markdown("x.md", NOTES), lambda texts: [len(text.split()) for text in texts], 256)
    assert [p.text for p in passages if "1958" in p.text] == ["On 17 April 1958,\n  by the mayor."]


def test_marks_of_footnotes_in_code_are_code() -> None:
    text = "Words.[^1]\n\n```\n[^1]: no note\n```\n"
    assert blocks(parse_markdown("x.md", text))[1] == ("code", "```\n[^1]: no note\n```")


def test_thousands_of_footnotes_do_no_harm() -> None:
    text = "".join(f"Words.[^{n}]\n\n" for n in range(3000)) + "".join(f"[^{n}]: Note {n}.\n" for n in range(3000))
    assert len(parse_markdown("x.md", text).blocks) == 6000


def test_html_is_read_as_html_in_its_place() -> None:
    text = (
        "# Router\n\n<details>\n<summary>How do I <b>reset</b> it?</summary>\n\nHold the button.\n\n</details>\n\n"
        "<details><summary>Password?</summary>Under the lid.<br>Ask <a href='x'>Ada</a>.</details>\n\n"
        "<table><tr><th>Lamp</th><th>Meaning</th></tr>\n<tr><td>red</td><td>off</td></tr></table>\n<script>no</script>\n"
    )
    document = parse_markdown("x.md", text)
    assert blocks(document) == [
        ("paragraph", "Hold the button."),
        ("paragraph", "Under the lid."),
        ("paragraph", "Ask <a href='x'>Ada</a>."),
        ("table", text[text.index("<th>Lamp") : text.index("</tr></table>")]),
    ]
    assert paths(document) == [("How do I reset it?",), ("Password?",)]
    assert parts(document, document.blocks[-1])[1] == "<td>red</td><td>off</td>"
