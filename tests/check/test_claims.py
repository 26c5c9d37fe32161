"""What of a draft is claimed: quotations, statements, and neither."""

from __future__ import annotations

from qa.check.claims import Claims, claims_of
from qa.text.document import Block, Document, Section, Span
from qa.text.passages import split


def claimed(text: str) -> Claims:
    whole = Span(0, len(text))
    document = Document("draft.md", "", text, (Section((), 0, whole),), (Block("paragraph", whole, 0),), language="en")
    return claims_of(document, split(document, lambda texts: [len(text.split()) for text in texts], 256))


def texts(found: Claims) -> list[tuple[str, str]]:
    return [(claim.kind, claim.text) for claim in found.claims]


def test_a_sentence_with_a_quotation_is_judged_by_the_quotation() -> None:
    found = claimed("The report says: “The bridge was closed in May.” It cost four million euros to repair.")
    assert texts(found) == [
        ("quotation", "The bridge was closed in May."),
        ("sentence", "It cost four million euros to repair."),
    ]


def test_quotation_marks_of_all_kinds_count_and_a_term_between_them_does_not() -> None:
    for quoted in ("„the bridge was closed“", "«the bridge was closed»", '"the bridge was closed"'):
        assert [kind for kind, _ in texts(claimed(f"He wrote {quoted} to us yesterday."))] == ["quotation"], quoted
    assert texts(claimed('The “open bridge” is 5" wide and 6" high all along its way.')) == [
        ("sentence", 'The “open bridge” is 5" wide and 6" high all along its way.')
    ]


def test_a_block_of_markdown_is_a_quotation_without_the_line_that_says_whose() -> None:
    found = claimed(
        "Before it.\n\n> The bridge was closed\n> in May for repairs.\n> — The Mayor\n\nThe end is near here."
    )
    kind, text = texts(found)[0]
    assert kind == "quotation"
    assert text.endswith("for repairs.")


def test_what_a_quotation_leaves_out_or_puts_in_divides_it() -> None:
    (claim,) = claimed("It says “the bridge […] was closed in [early] May … for a long time”.").claims
    assert [" ".join(part.forms) for part in claim.parts] == ["the bridge", "was closed in", "May", "for a long time"]


def test_questions_opinions_and_fragments_claim_nothing() -> None:
    found = claimed("Was the bridge closed in May? I think the bridge is ugly to look at. Not so. Is it?")
    assert not found.claims
    assert len(found.unchecked) >= 2
