"""Which pages were read from images is kept in the metadata of a document, and anything else there is no such page."""

from __future__ import annotations

import pytest

from qa.text.recognised import recognised_field, recognised_share


def test_each_page_has_its_share() -> None:
    metadata = recognised_field({2: 0.934, 11: 1.0, 12: 0.0})
    assert [recognised_share(metadata, page) for page in (1, 2, 11, 12, None)] == [None, 0.93, 1.0, 0.0, None]


def test_a_document_without_images_has_no_field() -> None:
    assert recognised_field({}) == {}
    assert recognised_share({}, 1) is None


@pytest.mark.parametrize("value", ["", "all", "x:1", "1:", "1:5000"])
def test_anything_else_in_its_place_does_no_harm(value: str) -> None:
    share = recognised_share(dict.fromkeys(recognised_field({1: 1.0}), value), 1)
    assert share is None or 0 <= share <= 1
