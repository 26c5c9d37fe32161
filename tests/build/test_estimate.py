"""The estimate of a build's duration: silent at first, then close to the truth for corpora of all kinds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.build.estimate import Estimate


def simulated(files: list[tuple[str, int, int]], per_second: float, at: float) -> tuple[float | None, float]:
    """The estimate when the share `at` of the passages is encoded, and the true seconds that remain.

    Files are (kind, bytes, passages). Passages are encoded as soon as they exist, in order.
    """
    estimate = Estimate((kind, size) for kind, size, _ in files)
    passages = sum(count for _, _, count in files)
    encoded = 0
    for kind, size, count in files:
        estimate.add(kind, size, count)
        encoded += count
        if encoded >= at * passages:
            break
    return estimate.seconds_left(encoded, encoded / per_second), (passages - encoded) / per_second


@pytest.mark.parametrize("at", [0.1, 0.25, 0.5, 0.75])
def test_the_estimate_for_mixed_kinds_in_random_order_is_within_a_third(at: float) -> None:
    chance = random.Random(7)
    bytes_for_a_passage = {".md": 900, ".pdf": 40_000, ".docx": 6_000}
    files = []
    for _ in range(600):
        kind = chance.choice(list(bytes_for_a_passage))
        passages = chance.randint(1, 30)
        files.append((kind, round(passages * bytes_for_a_passage[kind] * chance.uniform(0.6, 1.6)), passages))
    estimated, true = simulated(files, 40, at)
    assert estimated == pytest.approx(true, rel=1 / 3)


def test_large_pictures_at_the_end_do_not_frighten_once_one_was_seen() -> None:
    pdf = [(".pdf", 10_000_000, 1)]
    files = pdf + [(".md", 10_000, 10)] * 200 + pdf * 10
    estimated, true = simulated(files, 20, 0.5)
    assert estimated == pytest.approx(true, rel=0.05)


def test_there_is_no_estimate_before_there_is_evidence() -> None:
    estimate = Estimate([(".md", 1_000)] * 100)
    assert estimate.seconds_left(0, 60) is None  # nothing has been read
    estimate.add(".md", 1_000, 90)
    assert estimate.seconds_left(0, 60) is None  # encoding has not begun
    assert estimate.seconds_left(80, 2.9) is None
    assert estimate.seconds_left(90, 3) == pytest.approx(99 * 3)


def test_the_time_of_reading_is_estimated_by_bytes() -> None:
    estimate = Estimate([(".pdf", 1_000)] * 4)  # scanned PDFs: they have no passages
    estimate.add(".pdf", 1_000, 0)
    assert estimate.seconds_left(0, 5) == pytest.approx(15)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([".a", ".b"]), st.integers(0, 9**9), st.integers(0, 999)), max_size=20),
    st.integers(0, 9**6),
    st.floats(0, 1e6),
)
def test_no_history_breaks_it(files: list[tuple[str, int, int]], encoded: int, elapsed: float) -> None:
    estimate = Estimate((kind, size) for kind, size, _ in files)
    for kind, size, passages in files:
        estimate.add(kind, size, passages)
        left = estimate.seconds_left(min(encoded, estimate.passages), elapsed)
        assert left is None or left >= 0


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_images_that_come_last_are_counted_before_one_was_read_and_by_their_time_afterwards() -> None:
    """A hundred texts of 10 passages at 100 a second, then 50 images that take four seconds each, two at a time."""
    clock = Clock()
    files = [(".md", 10_000)] * 100 + [(".png", 200_000)] * 50
    estimate = Estimate(files, 2, lambda kind: 3.0 if kind == ".png" else 0.0, clock)
    for _ in range(100):
        estimate.add(".md", 10_000, 10, 0.01)
    clock.now = 10.0
    assert estimate.seconds_left(1_000, 10.0) == pytest.approx(50 * 3 / 2)
    for number in range(1, 11):
        estimate.wait_for(".png", 200_000)
        clock.now += 2.0
        estimate.go_on()
        estimate.add(".png", 200_000, 1, 4.0)
        assert estimate.seconds_left(1_000 + number, clock.now) == pytest.approx((50 - number) * 4 / 2, rel=0.02)


def test_images_that_came_first_do_not_count_as_the_time_of_encoding() -> None:
    """Fifty images of four seconds each, then a thousand texts of 10 passages at 100 a second."""
    clock = Clock()
    estimate = Estimate([(".jpg", 200_000)] * 50 + [(".md", 10_000)] * 1_000, 1, clock=clock)
    for _ in range(50):
        estimate.wait_for(".jpg", 200_000)
        clock.now += 4.0
        estimate.go_on()
        estimate.add(".jpg", 200_000, 1, 4.0)
    for _ in range(100):
        estimate.add(".md", 10_000, 10, 0.01)
        clock.now += 0.1
    assert estimate.seconds_left(1_050, clock.now) == pytest.approx(90, rel=0.1)


def test_nothing_is_said_while_a_file_takes_longer_than_anybody_knows() -> None:
    clock = Clock()
    estimate = Estimate([(".md", 10_000)] * 20 + [(".pdf", 9_000_000)] * 2, clock=clock)
    for _ in range(20):
        estimate.add(".md", 10_000, 10, 0.01)
    estimate.wait_for(".pdf", 9_000_000)
    clock.now = 5.0
    assert estimate.seconds_left(200, clock.now) is not None
    clock.now = 11.0
    assert estimate.seconds_left(200, clock.now) is None
    clock.now = 300.0
    estimate.go_on()
    estimate.add(".pdf", 9_000_000, 20, 300.0)
    assert estimate.seconds_left(220, clock.now) == pytest.approx(300)
    estimate.wait_for(".pdf", 9_000_000)
    clock.now = 600.0
    assert estimate.seconds_left(220, clock.now) is not None
