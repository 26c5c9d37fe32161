"""Names of files and folders are words of their documents, with their dates in all usual forms."""

from __future__ import annotations

import pytest

from qa.text.document import Span
from qa.text.names import described, searched_name, shown_name
from qa.text.passage import Passage
from qa.text.terms import analyze, analyze_question, query_terms


@pytest.mark.parametrize(
    ("path", "title", "words"),
    [
        ("Recipes/plum-jam.md", "", "Recipes plum jam"),
        ("Recipes/plum-jam.md", "Plum jam", "Recipes"),
        ("travelPolicy.docx", "", "travel Policy travelPolicy"),
        ("HTMLPage.html", "", "HTML Page HTMLPage"),
        ("bills/INV5567.pdf", "", "bills INV5567 INV 5567"),
        ("news.jsonl#3", "", "news"),
        ("saved.zip/bees.html", "Bees", "saved"),
        ("log/2024-03-06.md", "", "log 6 March 2024 20240306 202403 day0306"),
        ("2019/rules.md", "Rules", "2019"),
        (
            "Team 0f1e2d3c4b5a69788796a5b4c3d2e1f0/Hives 0f1e2d3c4b5a69788796a5b4c3d2e1f0.md",
            "",
            "Team Hives",
        ),  # as Notion names them
        ("Team 0f1e2d3c4b5a69788796a5b4c3d2e1f0/Hives 0f1e2d3c4b5a69788796a5b4c3d2e1f0_all.csv", "", "Team Hives all"),
    ],
)
def test_the_word_index_has_what_the_title_lacks(path: str, title: str, words: str) -> None:
    assert searched_name(path, title) == words


@pytest.mark.parametrize(
    ("path", "title", "shown"),
    [
        ("log/2024-03-06.md", "", "log 6 March 2024"),
        ("log/2024/03/06.md", "", "log 6 March 2024"),
        ("minutes_2024-02-08.md", "Minutes", "8 February 2024"),
        ("minutes_2024-02-08.md", "Minutes of 8 February 2024", ""),
        ("minutes/2020-02-18.md", "Council 2020-02-18", ""),
        ("2019/rules.md", "Rules", "2019"),
        ("bills/invoice-4711.pdf", "Total", "invoice 4711"),
        ("recycling/index.html", "", "recycling"),
        ("goats.md", "Keeping goats", ""),
        ("goats.md", "On the meadow", ""),
        ("goats.md", "", "goats"),
        ("Goats 0f1e2d3c4b5a69788796a5b4c3d2e1f0.md", "On the meadow", ""),
    ],
)
def test_the_reader_sees_what_the_title_does_not_say(path: str, title: str, shown: str) -> None:
    assert shown_name(path, title) == shown
    passage = Passage(path, 0, Span(5, 10), "Words", title, ("Part",), None, (Span(5, 10),))
    assert passage.read.endswith(". Part. Words" if title or shown else "Part. Words")
    assert shown in passage.read
    assert passage.encoded == (f"{title}. Part. Words" if title else "Part. Words")
    assert passage.key == Passage("x.md", 0, Span(5, 10), "Words", title, ("Part",), None, ()).key


NAMES = [
    "2024-03-06", "20240306", "2024_03_06", "2024.03.06", "06.03.2024", "6 March 2024", "March 6, 2024", "2024/03/06",
    "2024/2024-03-06", "202403061215", "note-2024-03-06-rain", "6th-March-2024",
]  # fmt: skip
DAY = ["2024-03-06", "20240306", "06.03.2024", "6.3.2024", "2024_03_06", "6 March 2024", "March 6th, 2024", "6 March"]
MONTH = ["March 2024", "2024-03", "2024_03", "2024/03"]


@pytest.mark.parametrize("written", NAMES)
def test_a_date_in_a_name_matches_each_form_of_it_in_a_question_and_no_other_date(written: str) -> None:
    def matched(asked: str, path: str) -> bool:
        found = set(analyze(searched_name(path, "")))
        terms = query_terms(analyze_question(f"What did I do in {asked}?", ["en"]), lambda _: 1, 100)
        return all(term.is_in(found) for term in terms)

    for asked in DAY + MONTH:
        assert matched(asked, f"{written}.md"), asked
        for other in ("2024-06-03.md", "2023-03-06.md", "06.04.2024.md"):
            assert not matched(asked, other) or (asked == "6 March" and other == "2023-03-06.md"), (asked, other)
    for asked in DAY[:-1]:
        assert not matched(asked, "2024-03-07.md")


def test_a_date_that_no_name_contains_is_no_term_of_its_own() -> None:
    words = analyze_question("What happened on 6 March 2024?", ["en"])
    assert any(word.is_date for word in words)
    assert all(term.word != "6 March 2024" for term in query_terms(words, lambda _: 0, 100))


def test_a_path_is_described_with_its_dates_in_all_forms() -> None:
    said = described("log/20240306.md")
    assert all(form in said for form in ("6 March 2024", "2024-03-06", "06.03.2024", "log/20240306.md"))
