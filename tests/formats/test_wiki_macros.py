"""Macros and templates of wikis: their content is read, and their names and marks are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.callout_kinds import LABELS, ONLY_KINDS, TITLED
from qa.formats.office.wiki_macros import without_macros


def lines(name: str, text: str) -> list[str]:
    (document,) = parse(name, text.encode()).documents
    return [line for line in document.text.split("\n") if line]


INFOBOX = """{{Infobox lighthouse
| name = Skerry Light
| image = Skerry.jpg
| image_size = 250px
| height_m = 38
| built = {{Start date|1887|5|1}}
| keeper = [[Ada Marsh|Ada]]<br>Bo Hill
| owner =
}}
'''Skerry Light''' is a tower.{{citation needed|date=May 2020}}<ref>{{cite web|url=https://x.org|title=Lights|year=2001}}</ref>
"""


def test_the_fields_of_an_infobox_are_lines() -> None:
    assert lines("x.wiki", INFOBOX) == [
        "name: Skerry Light", "height m: 38", "built: 1887-05-01", "keeper: Ada, Bo Hill", "Skerry Light is a tower.",
        "Lights, 2001",
    ]  # fmt: skip


def test_a_link_in_the_name_of_a_field_is_kept_and_control_characters_are_no_links() -> None:
    box = "{{Crew\n| [[Keeper (lighthouse)|Keeper]] = Ada Marsh\n| ship = Gull\n}}\n"
    assert lines("x.wiki", box) == ["Keeper: Ada Marsh", "ship: Gull"]
    assert without_macros("mediawiki", "{{lang|en|[[a]] \x02\x037\x027\x03}}") == "[[a]] 77"


def test_the_end_of_code_is_found_behind_letters_that_are_longer_in_lower_case() -> None:
    page = f"{'İ' * 40} <NoWiki>{{{{x}}}}</nowiki> {{{{lang|tr|su}}}} <!-- a --> {{{{lang|tr|ev}}}} end"
    assert without_macros("mediawiki", page) == f"{'İ' * 40} <NoWiki>{{{{x}}}}</nowiki> su <!-- a --> ev end"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{Note|The stairs are closed.}}", "Note: The stairs are closed."),
        ("It is {{convert|38|m|ft}} tall.", "It is 38 m tall."),
        ("Called {{lang|de|Leuchtturm}} there.", "Called Leuchtturm there."),
        ("Not {{nowrap|{{nowrap|this}} one}}.", "Not this one."),
        ("A {{unknown|key=value}}word.", "A word."),
        ("{{DEFAULTSORT:Light}}{{#if:x|y}}Words.", "Words."),
        ("Write <nowiki>{{x|y}}</nowiki>.", "Write {{x|y}}."),
        ("A {{broken|template.", "A broken|template."),
        ("Open }} end.", "Open }} end."),
        ("<!-- {{a|b}} -->Words.", "Words."),
    ],
)
def test_templates_of_mediawiki_are_their_content(source: str, shown: str) -> None:
    assert lines("x.wiki", source) == [shown]


def test_macros_of_confluence_are_callouts_or_left_out() -> None:
    source = (
        "{toc}\nh1. Pump\n\n{info:title=Before you start}\nClose the *valve*.\n{info}\n\n{note}\nIt is hot.\n{note}\n\n"
        "{expand:More}\nIt was built in 1990.\n{expand}\n\n{code:java}\nint x; // {note}\n{code}\n\n"
        "State: {status:colour=Green|title=DONE}, and {curly} braces.\n"
    )
    assert lines("x.jira", source) == [
        "Pump", "Before you start", "Close the valve.", "Note", "It is hot.", "More", "It was built in 1990.",
        "int x; // {note}", "State: DONE, and {curly} braces.",
    ]  # fmt: skip


def test_boxes_of_dokuwiki_are_their_content() -> None:
    source = (
        "====== Pump ======\n\n<note important>Close the valve.</note>\n\n<WRAP round tip 60%>\nUse oil.\n</WRAP>\n\n"
        "This is <wrap em>hot</wrap>. {{tag>pump oil}} ~~NOTOC~~\n\n<code>\n<note>x</note>\n</code>\n"
    )
    assert lines("x.dokuwiki", source) == [
        "Pump", "Important: Close the valve.", "Tip: Use oil.", "This is hot.", "<note>x</note>",
    ]  # fmt: skip


def test_tabs_of_asciidoc_are_sections_that_end() -> None:
    source = "[tabs]\n====\nLinux::\n+\n--\nRun apt.\n--\nWindows::\n+\nUse winget.\n====\n\nThen start it.\n"
    (document,) = parse("x.adoc", f"= Tool\n\n== Get it\n\n{source}".encode()).documents
    paths = {block.span.of(document.text): document.sections[block.section].path for block in document.blocks}
    assert paths == {
        "Run apt.": ("Get it", "Linux"), "Use winget.": ("Get it", "Windows"), "Then start it.": ("Get it",),
    }  # fmt: skip


@given(st.text(alphabet="{}|[]<>=:\n ab*", max_size=80))
def test_no_text_breaks_the_macros(text: str) -> None:
    for form in ("mediawiki", "jira", "dokuwiki", "asciidoc"):
        without_macros(form, text)


@given(st.text(alphabet="abc .,\n", max_size=80))
def test_a_text_without_macros_stays(text: str) -> None:
    assert all(without_macros(form, text) == text for form in ("mediawiki", "jira", "dokuwiki", "asciidoc"))


def test_kinds_of_callouts_are_told_apart_in_one_place() -> None:
    assert {kind for kind, label in LABELS.items() if not label} >= TITLED
    assert {label.casefold() for label in LABELS.values() if label} <= ONLY_KINDS
