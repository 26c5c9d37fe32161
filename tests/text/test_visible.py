"""What no reader sees of a text is blank, and everything else stays where it is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text.passage import LABELS
from qa.text.terms import indexed_terms
from qa.text.visible import hidden, visible


def words(text: str) -> str:
    return " ".join(visible(text).split())


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("See [/MD](md-mt.md).", "See /MD ."),
        ('See [`/MD`](md-mt.md "the title").', "See `/MD` ."),
        ("![A hive](img/hive.png) stands", "A hive stands"),
        ("![](img/hive.png) stands", "stands"),
        ("[](https://example.org/hive) stands", "stands"),
        ("[![A hive](hive.png)](https://example.org/bees)", "A hive"),
        ("[hives](<of the bees.md>)", "hives"),
        ("[hives](of_(bees).md)", "hives"),
        ("[a list [of two]](list.md)", "a list [of two]"),
        ('[leave]({% page "/leave/annual" %})', "leave"),
        ("the [leave][annual-leave] of", "the leave of"),
        ('[annual-leave]: https://example.org/leave "Leave"', ""),
        ("[annual-leave]: leave/annual.md", ""),
        ("Read [[Note of hives|this]] first", "Read this first"),
        ('<a href="hives.md">hives</a>', "hives</a>"),
        ('<img src="hive.png" alt="A hive"> stands', "A hive stands"),
        ("| [/MD](md.md) | [/MT](md.md) |", "| /MD | /MT |"),
    ],
)
def test_only_the_words_of_links_images_and_tags_are_seen(text: str, seen: str) -> None:
    assert words(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "table[i](key)",
        "run([&](int n) { return n; })",
        "[this](auto each)",
        "Write `[hives](hives.md)` for a link.",
        "[[Note of hives]]",
        "https://example.org/hives",
        "<https://example.org/hives>",
        "as was shown [1][2]",
        "[^1]: https://example.org",
        "[10:22]: yes.",
        "- [ ] to do (soon)",
        "template <int N = 3>",
        "if a < b and c > d",
    ],
)
def test_what_only_looks_like_a_link_or_a_tag_is_seen(text: str) -> None:
    assert visible(text) == text and hidden(text) == ""


@given(st.text(alphabet="[]()!<>`|\\ a\n\"':#/.=", max_size=60))
def test_places_stay_the_same_and_nothing_is_lost(text: str) -> None:
    seen = visible(text)
    assert len(seen) == len(text)
    assert all(a in (b, " ") for a, b in zip(seen, text, strict=True))
    if seen != text:
        rest = hidden(text)
        assert all(c in (a, b) for a, b, c in zip(seen, rest, text, strict=True))


@pytest.mark.parametrize(
    "part", ["[", "[a", "[](", "[a](", "[a](<", "[a]({%", "<a ", '<a b="', "[a]: ", "![[", "\\[", "`"]
)
def test_a_hostile_text_takes_no_long_time(part: str) -> None:
    started = time.process_time()
    visible(part * (6_000 // len(part)))
    visible(part + " " * 6_000)
    assert time.process_time() - started < 2


def test_an_address_is_found_but_its_words_do_not_count_as_words_of_the_text() -> None:
    terms = indexed_terms(f"See [the options](hives-mt.md).{LABELS}Ada", "en")
    assert {"see", "option", "ʘada", "ʘhive", "ʘmt", "ʘmd"} <= set(terms)
    assert not {"hive", "mt", "md", "ʘoption"} & set(terms)
