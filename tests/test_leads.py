"""Sets of a question's terms lead to the texts whose terms weigh most, and to about so many as are wanted."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from qa.leads import leads
from qa.terms import inverse_frequency

COUNT = 10_000
HELD = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, COUNT), min_size=1)


@given(HELD, st.integers(0, COUNT))
def test_what_is_led_to_weighs_more_than_what_is_not(held: dict[str, int], most: int) -> None:
    sets = leads(held, COUNT, most)
    rarest = sorted(held, key=lambda term: (held[term], term))[:8]
    assert set().union(*sets) <= set(rarest)
    assert any(set(each) <= {rarest[0]} for each in sets)

    def weight(terms: tuple[str, ...]) -> float:
        return sum(inverse_frequency(held[term], COUNT) for term in terms)

    texts = [each for size in range(1, len(rarest) + 1) for each in combinations(rarest, size)]
    led = [any(set(each) <= set(text) for each in sets) for text in texts]
    lightest = min(weight(text) for text, is_led in zip(texts, led, strict=True) if is_led)
    heaviest = max((weight(text) for text, is_led in zip(texts, led, strict=True) if not is_led), default=0.0)
    assert heaviest < lightest + 1e-6
    assert not any(set(a) < set(b) for a in sets for b in sets)


def test_rare_words_lead_by_themselves_and_common_ones_together() -> None:
    held = {"gill": 40, "nimble": 90, "report": 3_000, "town": 4_000}
    assert set(leads(held, COUNT, 100)) == {("gill",), ("nimble", "report"), ("nimble", "town")}
    assert set(leads(held, COUNT, 500)) == {("gill",), ("nimble",)}
    assert ("report", "town") in leads(held, COUNT, 4_000)
    assert ("gill",) in leads(held, COUNT, 0)
    assert set(leads(held, COUNT, COUNT)) == {(term,) for term in held}
    assert leads({}, COUNT, 100) == []
