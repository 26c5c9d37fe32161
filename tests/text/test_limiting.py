"""A sentence that limits the one before it is recognised as such, and one that merely follows is not."""

from __future__ import annotations

import pytest

from qa.text.limiting import limits

SAID = "You can return the goods within 30 days."


@pytest.mark.parametrize(
    "following",
    [
        "However, software must be sealed.",
        "Software, however, must be sealed.",
        "This does not apply to software.",
        "(b) These rights shall not extend to software.",
        "Notwithstanding the foregoing, software stays with you.",
        "The service is only available in Spain.",
        "Some goods are not covered.",
        "Unless we agree otherwise.",
        "Except for software and food:",
        "However, members pay 3 euros.",
        "However, members pay nothing.",
        "Exceptions: software and food.",
        "Software and food are not included in this offer.",
        "You cannot return the goods if you have opened them.",
        "You’ll only be allowed to do this once.",
    ],
)
def test_a_limit(following: str) -> None:
    assert limits(following, SAID)


@pytest.mark.parametrize(
    ("said", "following"),
    [
        (SAID, "Send them to the address below."),
        (SAID, "We pay the postage."),
        (SAID, "If you do not return them, you keep them."),
        (SAID, "Do not forget the form."),
        (SAID, "Nobody ever complained."),
        (SAID, "You need not register if you are under 18."),  # of something else
        (SAID, "An exception of this kind is rare."),
        ("The function is not available in Spain.", "This function may not be supported by every model."),
        ("We take measures.", "Such measures include, but shall not be limited to, locks."),
        (SAID, "Unless we agree otherwise, you pay the postage."),  # it limits its own sentence
        (SAID, "Except for Sundays, the shop is open."),
        (SAID, "However, you should make sure that the box is closed."),  # advice
        (SAID, "But the roots of our work reach even further back."),  # a contrast
        (SAID, "However often you do so, we pay the postage."),
        (SAID, "It does not just apply to software."),
        (SAID, "Goods are returned for a refund; however, you need the receipt."),  # of its own first half
        (SAID, "It does not affect the quality of the goods."),
        ("Use the goods as described.", "Do not use the goods if the box is damaged."),  # a warning
        ("5. Returning goods", "However, software must be sealed."),  # a heading
        ("3.", "This Agreement does not apply to software."),
        ("For more information, see the terms.", "This function may not be available in Spain."),
        ("You must agree to the terms.", "This function may not be available in Spain."),
        ("Colours may differ by model.", "This function may not be available in Spain."),
        (SAID, "H) that we are not required to disclose anything."),
    ],
)
def test_no_limit(said: str, following: str) -> None:
    assert not limits(following, said)


@pytest.mark.parametrize(
    ("language", "following", "other"),
    [
        ("de", "Dies gilt jedoch nicht für Software.", "Senden Sie sie an uns."),
        ("es", "Sin embargo, esto no vale para programas.", "Envíelos a esta dirección."),
        ("fr", "Toutefois, les logiciels sont exclus.", "Envoyez-les à cette adresse."),
    ],
)
def test_limits_in_other_languages(language: str, following: str, other: str) -> None:
    assert limits(following, "…", language)
    assert not limits(other, "…", language)


def test_a_language_without_rules_has_no_limits() -> None:
    assert not limits("However, software is excluded.", SAID, "fi")
