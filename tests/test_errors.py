"""An error is one sentence, whose remedy each interface words for its readers."""

from __future__ import annotations

import pickle

import pytest

from qa import errors
from qa.errors import ConfigError, ModelError, NoGenerationError, QAError, QuestionError, Remedy, StoreError
from qa.ui.failures import in_page

DAMAGED = StoreError("vectors.faiss is damaged", Remedy.FULL_BUILD)
OTHER = StoreError("The index is {another}", Remedy.BUILD_ELSEWHERE, "{}, or use the program that built it")


def test_a_command_line_gets_the_command_to_run() -> None:
    assert str(DAMAGED) == "vectors.faiss is damaged: run `qa build --full`."
    assert (
        str(OTHER) == "The index is {another}: run `qa build` where the articles are, or use the program that built it."
    )


def test_a_page_names_its_button_if_it_may_build_and_otherwise_the_building_machine() -> None:
    assert in_page(DAMAGED) == "vectors.faiss is damaged: press “Rebuild index”."
    assert in_page(OTHER) == "The index is {another}: press “Rebuild index”, or use the program that built it."
    assert in_page(DAMAGED, can_build=False) == (
        "vectors.faiss is damaged: rebuild the index on the machine that builds it."
    )


@pytest.mark.parametrize("remedy", Remedy)
@pytest.mark.parametrize("can_build", [True, False])
def test_every_remedy_has_words_on_the_page(remedy: Remedy, can_build: bool) -> None:
    words = in_page(QAError("It is so", remedy), can_build)
    assert words.startswith("It is so: ") and words.endswith(".") and "qa build" not in words


def test_advice_that_is_the_same_everywhere_is_part_of_the_sentence() -> None:
    error = QuestionError("The question is empty: type one.")
    assert (str(error), in_page(error), error.remedy) == ("The question is empty: type one.",) * 2 + (None,)
    assert in_page(QuestionError("It quotes `qa build` {}: leave that out.")).startswith("It quotes `qa build` {}")


def test_an_error_survives_the_way_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(OTHER))
    assert (type(copy), str(copy), copy.remedy) == (StoreError, str(OTHER), Remedy.BUILD_ELSEWHERE)


def test_exit_codes_are_2_for_a_wrong_call_and_1_for_work_that_failed() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, QAError)]
    codes = {kind.__name__: kind.exit_code for kind in kinds}
    assert {name for name, code in codes.items() if code == 2} == {"ConfigError", "QuestionError"}
    assert set(codes.values()) == {1, 2}
    assert (ConfigError.exit_code, ModelError.exit_code, NoGenerationError.exit_code) == (2, 1, 1)
