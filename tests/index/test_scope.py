"""A scope as a value: as JSON, as it is typed, and narrowed by what is typed in a question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.ask.filters import read_filters
from qa.errors import QuestionError
from qa.index.scope import EVERYTHING, MAX_CHARACTERS, MAX_VALUES, Scope

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters='"“”„«»/'), min_size=1)
LISTS = st.lists(NAMES.filter(lambda name: name.strip(" /")), max_size=3, unique=True).map(tuple)
PARTS: Any = st.builds(Scope, LISTS, LISTS, LISTS, LISTS, LISTS)
SCOPES: Any = st.builds(
    Scope, LISTS, LISTS, LISTS, LISTS, LISTS, st.sampled_from(["", "2023"]), before=st.sampled_from(["", "2024-05"]),
    without=st.one_of(st.none(), PARTS.filter(bool)),
)  # fmt: skip


@given(SCOPES)
def test_a_scope_survives_json(scope: Scope) -> None:
    assert Scope.from_json(json.loads(json.dumps(scope.as_json()))) == scope


@given(SCOPES)
def test_a_scope_is_read_as_it_is_written(scope: Scope) -> None:
    assert read_filters(f"{scope} plums")[1] == scope


def test_only_what_is_set_is_in_its_json() -> None:
    scope = Scope(folders=("reports",), after="2023", without=Scope(kinds=("pdf",)))
    assert scope.as_json() == {"in": ["reports"], "after": "2023", "not": {"kind": ["pdf"]}}
    assert str(scope) == "in:reports after:2023 -kind:pdf"
    assert EVERYTHING.as_json() == {} and str(EVERYTHING) == "" and not EVERYTHING
    assert Scope.from_json(None) == Scope.from_json({}) == EVERYTHING


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "is not an object: give one with in, file"),
        ({"folder": ["x"]}, "'folder' is not a part of a scope: give only in"),
        ({"in": "reports"}, '"in" of the scope is not a list'),
        ({"in": [3]}, '"in" of the scope is not text'),
        ({"after": 2023}, '"after" of the scope is not text'),
        ({"after": "soon"}, "is not a date"),
        ({"not": {"after": "2023"}}, "leaves out no dates"),
        ({"not": {"not": {"in": ["a"]}}}, "leaves out no dates"),
        ({"in": [" "]}, "names nothing after in"),
        ({"in": ["\ud800"]}, "not valid text"),
        ({"in": [str(n) for n in range(MAX_VALUES + 1)]}, "give at most 1,000"),
        ({"file": ["x" * (MAX_CHARACTERS + 1)]}, "give at most 1,000"),
    ],
)
def test_json_that_is_no_scope_is_refused_in_one_sentence(data: object, words: str) -> None:
    with pytest.raises(QuestionError, match=words) as refused:
        Scope.from_json(data)
    assert ":" in str(refused.value) and str(refused.value).endswith(".")


def test_a_list_is_taken_like_a_tuple_and_a_single_text_refused() -> None:
    given: Any = ["reports"]
    assert Scope(folders=given) == Scope(folders=("reports",))
    assert hash(Scope(folders=given)) == hash(Scope(folders=("reports",)))
    with pytest.raises(QuestionError, match="one text for in: give a list of texts"):
        Scope(folders="reports")  # type: ignore[arg-type]


def test_what_is_typed_replaces_the_same_field_and_keeps_the_others() -> None:
    chosen = Scope(folders=("reports",), kinds=("pdf",), since="2020", before="2024")
    typed = Scope(folders=("notes",), after="2022")
    assert chosen.narrowed(typed) == Scope(folders=("notes",), kinds=("pdf",), after="2022", before="2024")
    assert chosen.narrowed(EVERYTHING) is chosen
    assert EVERYTHING.narrowed(typed) == typed
