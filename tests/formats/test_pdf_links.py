"""The addresses of a PDF's links stand behind their words, where the words do not give them."""

from __future__ import annotations

import pytest
from files.make_pdf import lines_at, text_at, written

from qa.formats import page_pictures, parse
from qa.text.document import Document, Span

# In Helvetica of 11 points: "Fetch the app " is 71.5 points wide, "here" 23.9.
LINE, HERE = "Fetch the app here, and read on.", "131 747 156 760"
ADDRESS = "https://example.org/app"


def link(place: str, target: str = f"/A<</S/URI/URI({ADDRESS})>>", more: str = "") -> str:
    return f"/Subtype/Link/Rect[{place}]{target}{more}"


def uri(address: str) -> str:
    return f"/A<</S/URI/URI({address})>>"


def linked(*links: str, page: bytes = text_at(60, 750, LINE)) -> Document:
    (document,) = parse("a.pdf", written([page], annotations=links)).documents
    return document


def test_an_address_stands_behind_the_words_of_its_link_and_before_what_follows_them() -> None:
    assert linked(link(HERE)).text.strip() == f"Fetch the app here ({ADDRESS}), and read on."


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (uri("mailto:ada@example.org"), "here (ada@example.org),"),
        (uri("tel:+49301234"), "here (+49301234),"),
        (uri("javascript:alert(1\\)"), "here,"),
        (uri("file:///etc/passwd"), "here,"),
        (uri("other.pdf"), "here,"),
        (uri(f"https://example.org/{'long/' * 40}"), "here,"),
        ("/A<</S/URI/URI<FEFF0068>>>", "here,"),
        ("/Dest[0/Fit]", "here,"),
        ("/A<</S/Launch/F(x.exe)>>", "here,"),
        ("/A<</S/URI>>", "here,"),
        ("", "here,"),
    ],
)
def test_only_addresses_of_the_web_and_of_people_are_written(target: str, shown: str) -> None:
    assert shown in linked(link(HERE, target)).text


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("See www.example.org for more.", "https://example.org/"),
        ("DOI: 10.21105/jose.00102", "https://doi.org/10.21105/jose.00102"),
        ("Write to ada@example.org soon.", "mailto:ada@example.org"),
    ],
)
def test_an_address_that_its_words_give_is_not_repeated(words: str, address: str) -> None:
    assert linked(link("50 740 500 765", uri(address)), page=text_at(60, 750, words)).text.strip() == words


def test_an_address_that_is_written_on_two_lines_is_not_repeated() -> None:
    page = lines_at(60, 750, ["The whole text is kept at https://example.", "org/app and may be copied."])
    both = [link("180 740 500 765", uri(ADDRESS)), link("50 730 120 747", uri(ADDRESS))]
    assert f"({ADDRESS})" not in linked(*both, page=page).text


def test_the_lines_of_one_link_have_one_address() -> None:
    page = lines_at(60, 750, ["It is told in the report about the", "bees of the town and elsewhere."])
    corners = "/QuadPoints[130 762 235 762 130 747 235 747 55 748 140 748 55 733 140 733]"
    text = " ".join(linked(link("55 733 235 762", more=corners), page=page).text.split())
    assert text == f"It is told in the report about the bees of the town ({ADDRESS}) and elsewhere."
    apart = [link("130 747 235 762"), link("55 733 140 748")]
    assert " ".join(linked(*apart, page=page).text.split()) == text


def test_a_heading_a_large_area_and_a_link_without_words_have_no_address() -> None:
    heading = text_at(60, 780, "The bees", 24, "B") + lines_at(60, 740, [LINE] * 8)
    assert ADDRESS not in linked(link("50 775 300 810"), page=heading).text
    assert ADDRESS not in linked(link("0 0 612 792"), page=heading).text
    assert ADDRESS not in linked(link("500 10 520 20"), page=heading).text


def test_a_citation_of_words_with_an_address_marks_them_on_the_page() -> None:
    data = written([lines_at(60, 750, [LINE, "The keys lie in the red box in the hall."])], annotations=[link(HERE)])
    (document,) = parse("a.pdf", data).documents
    start = document.text.index("The keys")
    span = Span(start, start + len("The keys lie in the red box"))
    whole = Span(0, len(document.text.rstrip()))
    (picture,) = page_pictures(data, document.text, document.pages, whole, [span])
    (box,) = picture.highlights
    assert 0.09 < box.left < 0.11 and box.top > 0.05


def test_links_anywhere_do_no_harm() -> None:
    places = ["0 0 1e30 1e30", "1 2", "nan", "10 10 -5 -5", HERE]
    links = [
        link(place, more=more)
        for place in places
        for more in ("", "/QuadPoints[1 2 3]", "/QuadPoints[0 0 0 0 0 0 0 0]")
    ]
    assert "Fetch the app" in linked(*links * 40).text
