"""What of a message a person would name again: its prose, and no part of code or markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.ask.follow_up import Turn, follow_up_of
from qa.ask.prose import is_code, prose, whole
from qa.index.protocols import Query
from qa.text.document import Span
from qa.text.query_term import QueryTerm
from qa.text.terms import analyze_question, inverse_frequency
from qa.text.terms import query_terms as weighed

CODE = [
    "_MSC_VER", "/fsanitize=address", "/MDd", "--no-watch", "-x", "std::string", "System::Runtime::InteropServices",
    "malloc()", "p->next", "0x602000000010", "deadbeef12345678", "fsanitize.md", "tchar.h", "../build/options.md",
    "C:\\Windows\\System32", "/usr/lib/libasan.so", "https://example.org/a?b=c", "example.com", "@ada", "a/b/c", "x=1",
    "$HOME", "${HOME}", "node_modules", "vector<int>",
]  # fmt: skip
WORDS = [
    "C++", "C#", "50%", "$3.5", "16.10", "AddressSanitizer", "McDonald’s", "and/or", "U.S.", "e.g.", "3,000", "Q4",
    "x64", "2023-08-16", "COVID-19",
    "AT&T", "it's", "#1", "decade", "effaced", "heap-use-after-free", "I/O", "naïve", "Größe",
    "(SafeInt)", "“Tesla”", "17.9", "1998", "café,",
]  # fmt: skip


@pytest.mark.parametrize("token", CODE)
def test_a_word_of_code_is_known_with_and_without_the_signs_of_a_sentence(token: str) -> None:
    for written in (token, f"{token},", f"“{token}”?", f"(`{token}`)", f"**{token}**."):
        assert is_code(written), written


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_prose_is_none(word: str) -> None:
    assert not is_code(word)
    assert prose(f"The word {word} stands here.") == f"The word {word} stands here."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "The [**`/fsanitize=address`**](../build/fsanitize.md) option instruments memory, unlike `/Zi`.",
            "The option instruments memory, unlike .",
        ),
        ("Before.\n```cpp\nint main() { return rgch; }\n```\nAfter.", "Before. After."),
        ("Before.\n```cpp\nint main() { return rgch;", "Before."),
        (
            "Use it:\nusing namespace std;\n// The rgch comment\n#include <tchar.h>\nThat is all.",
            "Use it: That is all.",
        ),
        ("<sup>b</sup> Versions 16.10&nbsp;and 16.11 share it<br/> [!NOTE]", "b Versions 16.10 and 16.11 share it"),
        ("See https://example.org/a and C:\\temp\\x.log or 0xFFFF0000.", "See and or"),
        ("Use `_mbsinc` to move: _mbsinc() is safe.", "Use to move: is safe."),
        ("The bees dance.", "The bees dance."),
    ],
)
def test_prose_of_a_message(text: str, left: str) -> None:
    assert " ".join(prose(text).replace("*", " ").split()) == left
    assert len(prose(text)) == len(text)


def test_the_only_name_in_code_stays() -> None:
    assert prose("Use `_mbsinc` to move.") == "Use `_mbsinc` to move."
    assert "_mbsinc" not in prose("Use `_mbsinc` or `_mbsdec`.")
    assert "address" not in prose("Use `/fsanitize=address` for it.")  # a flag is no name


@given(
    st.text() | st.lists(st.sampled_from([*CODE, *WORDS, "`", "```", "\n", "<b>", "&lt;", "](", "[a"])).map(" ".join)
)
def test_places_stay_the_same(text: str) -> None:
    left = prose(text)
    assert len(left) == len(text)
    assert all(now in (was, " ") for now, was in zip(left, text, strict=True))


def test_a_name_of_code_is_carried_whole_from_a_question() -> None:
    text = "What does /fsanitize=address do with `std::string`, exactly?"
    for part, name in (
        ("fsanitize", "/fsanitize=address"),
        ("address", "/fsanitize=address"),
        ("string", "std::string"),
    ):
        start = text.index(part)
        assert whole(Span(start, start + len(part)), text).of(text) == name
    start = text.index("exactly")
    assert whole(Span(start, start + 7), text).of(text) == "exactly"


def terms(text: str) -> tuple[QueryTerm, ...]:
    """The content words of a text, each in one of a hundred passages."""
    return weighed(analyze_question(text, ["en"]), lambda term: 1, 100)


@given(st.lists(st.sampled_from(CODE), min_size=2, max_size=6, unique=True), st.sampled_from(["`{}`", "{}", "**{}**,"]))
def test_no_part_of_the_code_in_an_answer_is_carried(code: list[str], written: str) -> None:
    answer = f"The keeper Muriel Marsh opens {' and '.join(map(written.format, code))} at dawn."
    history = (Turn("user", "Who opens the lighthouse?"), Turn("agent", answer))
    carried = follow_up_of(Query("Why?"), history, terms, 100).carried
    assert "Muriel Marsh" in carried and "lighthouse" in carried
    parts = {part.casefold() for each in carried for part in each.replace("-", " ").split()}
    assert parts <= {"opens", "lighthouse", "keeper", "muriel", "marsh", "dawn"}
    assert inverse_frequency(1, 100) > 0


@pytest.mark.parametrize("token", CODE)
def test_code_that_somebody_asked_about_is_carried_as_it_was_typed(token: str) -> None:
    carried = follow_up_of(Query("Why?"), (Turn("user", f"What does the keeper do with {token}?"),), terms, 100).carried
    assert [each for each in carried if each != "keeper"] in ([token], [])  # a filter or an exclusion is none
