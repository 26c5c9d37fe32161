"""The head of a message says who wrote it."""

from __future__ import annotations

import pytest

from qa.text.message_heads import sender_of, text_of


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("Ada Marsh, 12 March 2024, 10:02 UTC: Bees sleep.", "Ada Marsh"),
        ("Ada Marsh, 12 March 2024, 10:02: Bees sleep.", "Ada Marsh"),
        ("Vienna, 12 May 2024: Bees sleep.", None),
        ("Ada Marsh, 12 March 2024, 10:02 UTC", "Ada Marsh"),  # as a heading
        ("12/03/2024, 10:02 - Ada: Bees sleep.", "Ada"),
        ("\u200e[12.03.24, 10:02:11] +43 664 1: Bees sleep.", "+43 664 1"),
        ("12/03/2024, 10:02 - Ada created the group", ""),
        ("On 12 March 2024, 10:02: Ada slept.", None),
        ("Vienna, 12 March 2024. Bees sleep.", None),
        ("12/03/2024 is a Tuesday.", None),
        ("", None),
    ],
)
def test_a_head_names_the_sender(text: str, sender: str | None) -> None:
    assert sender_of(text) == sender


def test_the_text_of_a_message_follows_its_head() -> None:
    for text in ("Ada, 12 May 2024, 10:02: Bees sleep.", "12/03/2024, 10:02 - Ada: Bees sleep."):
        assert text_of(text) == "Bees sleep."
    assert text_of("Bees sleep.") == ""
