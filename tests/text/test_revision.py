"""What changed between two versions of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text.revision import as_text, changed_paragraphs

FEES = "# Fees\n\nThe fee is 40 euros a year. It is due in January.\n\nChildren pay half.\n"


def shown(former: str, later: str) -> list[str]:
    return [as_text(pieces) for pieces in changed_paragraphs(former, later)]


def test_only_what_changed_is_shown_word_by_word() -> None:
    assert shown(FEES, FEES) == []
    assert shown(FEES, FEES.replace("40", "55")) == ["The fee is [-40-]{+55+} euros a year. It is due in January."]
    assert shown(FEES, FEES.replace("Children pay half.", "Guests pay nothing.")) == [
        "[-Children-]{+Guests+} pay [-half-]{+nothing+}."
    ]


def test_paragraphs_that_came_or_went_are_shown_whole() -> None:
    assert shown(FEES, FEES + "\nDogs are free.\n") == ["{+Dogs are free.+}"]
    assert shown(FEES, FEES.replace("\nChildren pay half.\n", "")) == ["[-Children pay half.-]"]
    assert shown("", FEES)[0] == "{+# Fees+}"
    assert shown(FEES, "")[-1] == "[-Children pay half.-]"


def test_the_rest_of_a_long_paragraph_is_cut() -> None:
    long = " ".join(f"word{n}" for n in range(100))
    (text,) = shown(long, long.replace("word50", "other"))
    assert "word49 [-word50-]{+other+} word51" in text
    assert text.startswith("…") and text.rstrip().endswith("…")
    assert "word20 " not in text and "word80" not in text


@given(st.text("ab \n.", max_size=60), st.text("ab \n.", max_size=60))
def test_the_pieces_are_the_words_of_both_versions(former: str, later: str) -> None:
    for kept, version in (("removed", former), ("added", later)):
        for pieces in changed_paragraphs(former, later):
            text = "".join(piece.text for piece in pieces if piece.kind in ("same", kept))
            assert "".join(text.split()) in "".join(version.split())


@pytest.mark.parametrize("size", [6_000])
def test_long_paragraphs_are_compared_in_reasonable_time(size: int) -> None:
    former = " ".join(f"the w{n % 50}" for n in range(size))
    (text,) = shown(former, f"{former} end")
    assert text.endswith("{+ end+}")
    (text,) = shown(f"a {former} z", f"b {former[::-1]} y")
    assert text.startswith("[-a the w0") and text.endswith("y+}")
