"""Notes at the foot of the pages of a PDF: the sentence that they interrupt reads on, and they follow it."""

from __future__ import annotations

import pytest
from files.make_pdf import lines_at, noted, rule_at, text_at, written

from qa.formats import page_pictures
from qa.formats.pdf.parse import parse_pdf
from qa.text.document import Document, Span

FIRST = [
    "The bees came through the winter in good order, for the autumn had been",
    "long and the stores were full.^1 In February the keeper weighed each hive and",
    "laid sugar paste on the two lightest of them, for in a mild winter the queen",
]
SECOND = [
    "begins to lay early and the brood eats more than the keeper expects it to.",
    "Nobody had expected so many swarms in May.^2 Three of them hung in the lime",
    "tree by the library, and one moved into the chimney of the school.",
]
NOTE = ["^1Four hives had more than twenty kilograms, as the", "log of the scales shows."]
OTHER = ["^2Two of them were sold to a keeper in Visby."]


def page(lines: list[str], notes: list[str], rule: bool = True, top: float = 760, foot: float = 90) -> bytes:
    """A page of text with notes at its foot, in smaller letters below a rule."""
    body = b"".join(noted(60, top - 14 * number, line) for number, line in enumerate(lines))
    head = rule_at(60, foot + 14, 120) if rule and notes else b""
    return body + head + b"".join(noted(60, foot - 10 * n, line, 8) for n, line in enumerate(notes))


def read(*pages: bytes) -> Document:
    return parse_pdf("made.pdf", written(pages)).documents[0]


def texts(document: Document) -> list[str]:
    return [block.span.of(document.text) for block in document.blocks]


def test_a_note_follows_the_paragraph_that_it_interrupts() -> None:
    body = " ".join([*FIRST, *SECOND]).replace("^1", " ¹").replace("^2", " ²")
    document = read(page(FIRST, NOTE), page(SECOND, OTHER))
    assert texts(document) == [body, "¹ " + " ".join(NOTE)[2:], "² " + OTHER[0][2:]]


@pytest.mark.parametrize("rule", [True, False])
def test_a_note_is_told_by_its_rule_or_its_smaller_letters(rule: bool) -> None:
    document = read(page(FIRST, NOTE, rule), page(SECOND, [], rule))
    assert [text[:9] for text in texts(document)] == ["The bees ", "¹ Four hi"]


def test_a_note_in_letters_of_the_usual_size_is_told_by_its_rule() -> None:
    one = page(FIRST, []) + rule_at(60, 104, 120) + noted(60, 90, "^1Four hives had more than twenty kilograms.")
    assert texts(read(one, page(SECOND, [])))[1:] == ["¹ Four hives had more than twenty kilograms."]


def test_a_note_follows_its_own_paragraph_not_the_last_of_its_page() -> None:
    one = page(FIRST[:2], NOTE) + lines_at(60, 700, ["Three of the swarms hung in the lime tree by the library."])
    assert [text[:9] for text in texts(read(one))] == ["The bees ", "¹ Four hi", "Three of "]


def test_a_note_over_several_pages_is_whole() -> None:
    long = "log of the scales shows, and more than in any year before that the keeper wrote down"
    rest = ["in his book,", "which goes back to the day on which the first of them came here by train", "and stayed"]
    last = ["until the last of the frost had gone."]
    three = ["The oldest of the hives stands at the end of the row and was built in 1939."]
    document = read(page(FIRST, [NOTE[0], long]), page(SECOND, rest), page(three, last))
    found = texts(document)
    assert len(found) == 3
    assert found[0].endswith("the chimney of the school.")
    assert found[1] == "¹ " + " ".join([NOTE[0][2:], long, *rest, *last])
    assert found[2] == three[0]


def test_a_note_with_a_sign_follows_the_word_with_the_sign() -> None:
    body = [FIRST[0], "long and the stores were full* after the warm September of that year, and so", FIRST[2]]
    document = read(page(body, ["*As the log shows."]), page(SECOND, []))
    assert [text[:9] for text in texts(document)] == ["The bees ", "*As the l"]


def test_notes_of_two_columns_follow_their_paragraphs() -> None:
    prose = [f"the {n} hive stands here and" for n in ("first", "second", "third", "fourth", "fifth", "sixth")]
    left = b"".join(noted(60, 760 - 14 * n, line + "^1" * (n == 2)) for n, line in enumerate(prose))
    left += rule_at(60, 114, 60) + noted(60, 100, "^1The third was sold.", 8)
    right = lines_at(320, 760, [line.replace("here", "there") for line in prose], step=14)
    found = texts(read(left + right))
    assert [text.split()[0] for text in found] == ["the", "¹"]
    assert found[0].count("hive") == 12


def test_small_letters_at_the_foot_that_no_mark_refers_to_stay_where_they_are() -> None:
    plain = [line.replace("^1", "") for line in FIRST]
    document = read(page(plain, ["1 kilogram of wax makes a pair of candles."], rule=False), page(SECOND, []))
    assert [text[:9] for text in texts(document)] == ["The bees ", "1 kilogra", "begins to"]


def test_lists_tables_and_references_in_small_letters_are_no_notes() -> None:
    body = b"".join(noted(60, 760 - 14 * n, line) for n, line in enumerate(FIRST))
    entries = lines_at(60, 680, [f"{n}. A. Marsh, Bees in town, volume {n}, Visby 20{n}2." for n in range(1, 6)], 8, 10)
    document = read(body + text_at(60, 700, "References", 12, "B") + entries)
    places = [document.text.index(f"{n}. A. Marsh") for n in range(1, 6)]
    assert places == sorted(places)
    assert document.text.index("References") < places[0]


def test_a_sentence_and_its_note_are_boxed_on_their_pages() -> None:
    data = written([page(FIRST, NOTE), page(SECOND, OTHER)])
    document = parse_pdf("made.pdf", data).documents[0]

    def boxes(text: str) -> list[tuple[int, int]]:
        start = document.text.index(text)
        span = Span(start, start + len(text))
        return [
            (picture.page, len(picture.passage))
            for picture in page_pictures(data, document.text, document.pages, span, [])
        ]

    assert boxes("for in a mild winter the queen begins to lay early") == [(1, 1), (2, 1)]
    assert boxes("Four hives had more than twenty kilograms, as the log of the scales shows.") == [(1, 2)]
    assert boxes("Two of them were sold to a keeper in Visby.") == [(2, 1)]
    assert boxes(document.text.strip()) == [(1, 5), (2, 4)]
