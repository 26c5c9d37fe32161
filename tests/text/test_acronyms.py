"""Acronyms are recognised where a text introduces them, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text.acronyms import _COMMON, find, spelled_out
from qa.text.terms import plain_words


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("the Shanghai Cooperation Organisation (SCO) met.", [("SCO", "Shanghai Cooperation Organisation")]),
        ("the SCO (Shanghai Cooperation Organisation) met.", [("SCO", "Shanghai Cooperation Organisation")]),
        ("a Bee Health\nBureau (BHB) of ours", [("BHB", "Bee Health\nBureau")]),
        ("He came. Bee Health Bureau (BHB, Rome)", [("BHB", "Bee Health Bureau")]),
        ("Bee Health Bureaus (BHBs) are rare", [("BHB", "Bee Health Bureaus")]),
        ("the Department of Hives (DoH)", [("DoH", "Department of Hives")]),
        (
            "BRICS (the group named after Brazil, Russia, India, China and South Africa)",
            [("BRICS", "Brazil, Russia, India, China and South Africa")],
        ),
        ("the hive (see above), the queen (Fig. 2), the wall (OLD)", []),
        ("They left Berlin. (BHB)", []),
        ("Bees hum. Bureau (BHB)", []),
        ("the BHB (in Rome)", []),
        ("it (IT) is", []),
        ("()", []),
    ],
)
def test_pairs_are_those_that_a_text_introduces(text: str, pairs: list[tuple[str, str]]) -> None:
    assert list(find(text)) == pairs


@given(st.text(st.sampled_from("ABCab (),.\n蜂"), max_size=60))
def test_both_forms_occur_in_the_text(text: str) -> None:
    for short, long in find(text):
        assert short in text
        assert long in text
        assert len(long) > len(short)


def test_a_hostile_text_takes_no_long_time() -> None:
    assert list(find("(" * 100_000 + "A B" * 100_000 + "(AB" * 10_000)) == []


def test_well_known_ones_are_found_by_their_long_form() -> None:
    assert spelled_out("CEO", "Dana Reed, Chief Executive\nOfficer, said so.")
    assert spelled_out("nda", "Sign the non-disclosure agreement.")
    assert not spelled_out("CEO", "The chief said that an executive officer left.")
    assert not spelled_out("US", "us, the United States")  # a word of its own


def test_well_known_ones_are_in_plain_words() -> None:
    assert len(_COMMON) > 50
    for short, long in _COMMON.items():
        assert plain_words(short) == [short] and " ".join(plain_words(long)) == long
        assert len(long.split()) > 1
