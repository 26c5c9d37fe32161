"""What `qa conflicts` finds in made articles, what it leaves out, and in which order and forms it says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TinyEncoder, TinyReader
from corpora import write

from qa.build import build
from qa.config import Config
from qa.conflicts.findings import Conflicts
from qa.conflicts.report import as_markdown, as_terminal
from qa.conflicts.search import conflicts
from qa.engine import Engine
from qa.errors import QuestionError
from qa.index.scope import Scope

FEE = "Members of the Bergen rowing club pay an annual harbour fee of {} euros for each boat."
GATE = "The northern gate of the Bergen harbour is closed for boats from {} until further notice."


def found(config: Config, tiny: TinyEncoder, texts: Mapping[str, str], scope: Scope | None = None) -> Conflicts:
    write(config.corpus, texts)
    build(config, tiny)
    with Engine.open(config, tiny, reader=TinyReader()) as engine, engine.resources(first=False) as resources:
        return conflicts(resources) if scope is None else conflicts(resources, scope)


def values(found: Conflicts) -> list[tuple[str, ...]]:
    return [tuple(said.value for said in conflict.said) for conflict in found.conflicts]


def pair(sentence: str, one: str, other: str, title: str = "Harbour") -> dict[str, str]:
    """Two articles under one title that say the sentence with two values."""
    return {f"{name}.md": f"# {title}\n\n{sentence.format(value)}\n" for name, value in (("one", one), ("two", other))}


# --- what is one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "one", "other"),
    [
        (FEE, "40", "45"),
        (FEE, "forty", "45"),
        (GATE, "1 May", "15 May"),
        ("The harbour office in Bergen was founded as a customs house in {}.", "1887", "1889"),
        ("Annual harbour fee of the Bergen rowing club: {}", "€40", "€45"),
        ("| Bergen rowing club | Annual harbour fee |\n|---|---|\n| Rowing boats of members | {} euros |", "40", "45"),
    ],
)
def test_two_values_for_the_same_thing_are_a_conflict(
    config: Config, tiny: TinyEncoder, sentence: str, one: str, other: str
) -> None:
    (conflict,) = found(config, tiny, pair(sentence, one, other)).conflicts
    assert sorted(said.document for said in conflict.said) == ["one.md", "two.md"]
    assert {said.value.rstrip(" ") for said in conflict.said} & {one, other, f"{one} euros", one.split()[0]}
    with Engine.open(config, tiny) as engine:
        for said in conflict.said:
            document = engine.document(said.document)
            assert document is not None
            assert said.span.of(document.text) == said.text
            assert said.value in said.text
            assert said.value_span is not None
            assert said.value_span.of(document.text) == said.value


STORES = "".join(
    f"\nThe {word} of the harbour has {number} metres of mooring rope in its store.\n"
    for number, word in enumerate(("pier", "quay", "mole", "dock", "slip"), start=11)
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The harbour office is led by Captain Hansen since the winter storm.",  # a name
         "The harbour office is led by Captain Olsen since the winter storm."),
        ("131 - Clock frequency of the harbour radio on the northern pier",  # the number of a page
         "132 - Clock frequency of the harbour radio on the northern pier"),
        ("The harbour rules of Bergen were last reviewed on 30 May 2020.",  # each of its own version
         "The harbour rules of Bergen were last reviewed on 12 June 2021."),
        ("This harbour plan covers the period from 2019 until the new northern pier of Bergen is built.",
         "This harbour plan covers the period from 2022 until the new northern pier of Bergen is built."),
        ("13:05 - 13:30 Introduction round of the Bergen rowing club in the harbour office",  # an entry of an agenda
         "09:05 - 09:30 Introduction round of the Bergen rowing club in the harbour office"),
    ],
)  # fmt: skip
def test_what_is_no_conflict_between_versions_either(config: Config, tiny: TinyEncoder, one: str, other: str) -> None:
    texts = {f"{name}.md": f"# Harbour\n\n{text}\n{STORES}" for name, text in (("one", one), ("two", other))}
    assert values(found(config, tiny, texts)) == []


def test_an_amount_that_another_version_changed_is_one(config: Config, tiny: TinyEncoder) -> None:
    texts = {name: text + STORES for name, text in pair(FEE, "40", "45").items()}
    assert values(found(config, tiny, texts)) == [("40", "45")]


def test_articles_whose_names_differ_in_a_date_alone_are_versions_unless_there_are_many(
    config: Config, tiny: TinyEncoder
) -> None:
    years = {f"fees-{year}.md": f"# Harbour\n\n{FEE.format(40 + year % 2)}\n" for year in range(2021, 2025)}
    assert values(found(config, tiny, {name: years[name] for name in list(years)[:2]})) == [("40", "41")]
    assert values(found(config, tiny, years)) == []


# --- what is none -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FEE.format(40), FEE.format("40.00")),  # the same amount
        (FEE.format(40), FEE.format("forty")),
        (FEE.format("about 41"), FEE.format(40)),  # rounded
        (FEE.format("at least 40"), FEE.format("at most 90")),  # bounds of two directions
        (FEE.format(40), FEE.format(45).replace("euros", "dollars")),  # another unit
        (FEE.format(40), FEE.format(45).replace("annual harbour", "monthly crane")),  # of something else
        (FEE.format(40), FEE.format(45).replace("rowing", "sailing")),
        (FEE.format(40), FEE.format(45).replace("Bergen", "Stavanger")),  # of another place
        (FEE.format(40), FEE.format(45).replace("pay", "do not pay")),
        (FEE.format(40), FEE.format(45) + f" It was lower before: {FEE.format(40)}"),  # the other has both values
        ("As Section 3 says, the harbour master of Bergen may close the gate.",
         "As Section 4 says, the harbour master of Bergen may close the gate."),
        ("A spokesman of the Bergen harbour office said that 40 boats of the rowing club were repaired.",
         "A spokesman of the Bergen harbour office said that 45 boats of the rowing club were repaired."),
        ("This compares with 40 boats of the Bergen rowing club at the northern pier.",
         "This compares with 45 boats of the Bergen rowing club at the northern pier."),
        (FEE.format("2,5"), FEE.format("2.5")),
        ("The Bergen harbour office counted 40 boats at the northern pier today.",
         "The Bergen harbour office counted 45 boats at the northern pier today."),
    ],
)  # fmt: skip
def test_what_is_no_conflict(config: Config, tiny: TinyEncoder, one: str, other: str) -> None:
    texts = {"one.md": f"# Harbour\n\n{one}\n", "two.md": f"# Harbour\n\n{other}\n"}
    assert values(found(config, tiny, texts)) == []


def test_articles_of_other_days_and_about_others_may_say_otherwise(config: Config, tiny: TinyEncoder) -> None:
    days = {f"minutes/{day}.md": f"# Harbour board\n\n{FEE.format(fee)}\n"
            for day, fee in (("2024-03-01", 40), ("2024-04-01", 45))}  # fmt: skip
    assert values(found(config, tiny, days)) == []


def test_a_form_that_many_articles_fill_in_is_no_conflict(config: Config, tiny: TinyEncoder) -> None:
    forms = {f"{number}.md": f"# Harbour\n\n{FEE.format(number)}\n" for number in (40, 45, 50, 55, 60)}
    assert values(found(config, tiny, forms)) == []


def test_an_article_does_not_contradict_itself(config: Config, tiny: TinyEncoder) -> None:
    assert (
        values(found(config, tiny, {"one.md": f"# Harbour\n\n{FEE.format(40)}\n\n## Fees\n\n{FEE.format(45)}\n"})) == []
    )


def test_what_two_articles_say_several_times_is_listed_once(config: Config, tiny: TinyEncoder) -> None:
    texts = {f"{name}.md": f"# Harbour\n\n{FEE.format(fee)}\n\n## Boats\n\n{FEE.format(fee)}\n"
             for name, fee in (("one", 40), ("two", 45))}  # fmt: skip
    assert values(found(config, tiny, texts)) == [("40", "45")]


# --- how it is said ---------------------------------------------------------------------------------------------------


def test_the_newest_comes_first_with_its_date(config: Config, tiny: TinyEncoder) -> None:
    texts = {f"{name}.md": f"---\ndate: {date}\n---\n# Harbour\n\n{FEE.format(fee)}\n"
             for name, date, fee in (("a", "2023-05-01", 40), ("b", "2025-05-01", 45))}  # fmt: skip
    result = found(config, tiny, texts)
    assert [(said.document, said.date, said.value) for said in result.conflicts[0].said] == [
        ("b.md", "2025-05-01", "45"),
        ("a.md", "2023-05-01", "40"),
    ]
    shown = as_terminal(result)
    assert shown.index("2025-05-01") < shown.index("2023-05-01")
    assert shown.startswith("45 ≠ 40\n")
    assert shown.endswith("1 conflict in 2 statements that give a value")
    assert "(b.md)" in as_markdown(result) and "#/article/b.md?at=" in as_markdown(result)
    data = json.loads(json.dumps(result.as_json()))
    assert set(data) == {"ok", "conflicts", "passages", "statements", "scope", "generation"}
    assert set(data["conflicts"][0]) == {"kind", "said"}
    assert set(data["conflicts"][0]["said"][0]) == {
        "document", "title", "section", "page", "date", "start", "end", "text", "value", "value_span", "link",
    }  # fmt: skip
    assert (data["ok"], data["passages"], data["statements"]) == (False, 2, 2)


def test_only_articles_in_the_scope_are_compared(config: Config, tiny: TinyEncoder) -> None:
    texts = {f"{folder}/{name}": text for folder in ("old", "new") for name, text in pair(FEE, "40", "45").items()}
    whole = found(config, tiny, texts)
    inside = found(config, tiny, {}, Scope.from_json({"in": ["new"]}))
    assert len(whole.conflicts) > len(inside.conflicts) == 1
    assert inside.scope is not None and inside.scope.articles == 2
    with pytest.raises(QuestionError):
        found(config, tiny, {}, Scope.from_json({"in": ["nowhere"]}))


def test_a_file_that_is_gone_is_not_compared(config: Config, tiny: TinyEncoder) -> None:
    found(config, tiny, pair(FEE, "40", "45"))
    Path(config.corpus, "two.md").unlink()
    with Engine.open(config, tiny, reader=TinyReader()) as engine, engine.resources(first=False) as resources:
        assert conflicts(resources).conflicts == ()


def test_the_reader_must_find_each_value_in_the_place_of_the_other(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, pair(FEE, "40", "45"))
    config = replace(config, reader="")
    build(config, tiny)
    for reader, count in ((TinyReader(**{"40": 9.0, "45": 9.0}), 1), (TinyReader(euros=9.0), 0),
                          (TinyReader(**{"40": 0.5, "45": 9.0}), 0)):  # fmt: skip
        with Engine.open(config, tiny, reader=reader) as engine, engine.resources(first=False) as resources:
            assert len(conflicts(resources).conflicts) == count
        assert reader.asked[0][0] == "the Bergen rowing club pay an annual harbour fee of how many euros for each boat?"
