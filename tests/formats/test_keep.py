"""Notes of Google Keep."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qa.formats import parse
from qa.formats.decoding import Empty

NOTE: dict[str, Any] = {
    "title": "Hives", "textContent": "The red hive leaks.\n\nBuy:\n- tar", "color": "DEFAULT", "isTrashed": False, "isPinned": True,
    "labels": [{"name": "Bees"}, {"name": "To do"}], "createdTimestampUsec": 1710237733000000, "userEditedTimestampUsec": 1710324133000000,
}  # fmt: skip


def read(note: dict[str, Any]) -> Any:
    (document,) = parse("Takeout/Keep/Hives.json", json.dumps(note).encode()).documents
    return document


def test_a_note_has_its_text_its_labels_and_its_times() -> None:
    document = read(NOTE)
    assert document.title == "Hives"
    assert document.text.startswith(NOTE["textContent"])
    assert document.text.rstrip().endswith(
        "Labels: Bees, To do\nCreated: 12 March 2024, 10:02 UTC\nEdited: 13 March 2024, 10:02 UTC"
    )
    assert document.metadata == {"tags": "Bees, To do", "date": "2024-03-13 10:02"}
    assert "pinned" not in document.text.casefold()


def test_no_line_of_a_note_is_lost() -> None:
    text = "Hive one\n\nIt leaks at the lid, and the tar that I put there in May has run off.\n\nHive two\n\nIt is dry."
    assert read({**NOTE, "textContent": text}).text.startswith(text)


def test_a_list_says_what_is_ticked() -> None:
    items = [{"text": "tar", "isChecked": True}, {"text": "brush", "isChecked": False}, {"text": ""}, None, 1]
    document = read({**NOTE, "textContent": None, "listContent": items})
    (block, _) = document.blocks
    assert [part.of(document.text) for part in block.parts] == ["- tar (ticked)", "- brush"]


def test_links_and_people_are_kept() -> None:
    more = {"annotations": [{"title": "Tar", "url": "https://tar.example"}], "sharees": [{"email": "bo@x.example"}]}
    text = read({**NOTE, **more}).text
    assert "Tar. https://tar.example" in text
    assert "Shared with: bo@x.example" in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"isTrashed": True}, "trash"), ({"textContent": ""}, "no text"), ({"textContent": " \n"}, "no text")],
)
def test_a_note_without_text_or_in_the_trash_is_empty(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Empty, match=reason):
        read({**NOTE, **change})


@pytest.mark.parametrize("name", [*NOTE, "listContent", "annotations", "sharees"])
@pytest.mark.parametrize("odd", [[], {}, [[]], [{}], [{"text": []}], True, None, 7, "x"])
def test_no_field_needs_to_be_what_it_should(name: str, odd: Any) -> None:
    if name == "isTrashed" and odd is True:
        return
    try:
        assert read({**NOTE, "listContent": [{"text": "tar"}], name: odd}).blocks
    except Empty:
        raise AssertionError("the note has a text") from None
