"""The shipped reader: a judgement depends on its pair alone, is literal, in time, and the same on every thread."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.errors import ModelError
from qa.models.onnx_encoder import MODEL, TOKENIZER, open_model
from qa.models.protocols import AnswerSpan, Judgement, Reader
from qa.models.reader import (
    ALWAYS_READ,
    DESCRIPTION,
    LONGEST_ANSWER,
    UNIT,
    OnnxReader,
    best_span,
    shipped_folder,
    shipped_reader,
)
from qa.system.machine import processors
from qa.text.document import Span
from qa.text.passage import Passage
from qa.text.sentences import sentence_spans

BRIDGE = "The old bridge was made of wood. The new one was opened in 1932 by the mayor. It is painted grey."
CAT = "The cat sleeps on the stove. In summer it prefers the garden wall."
WHEN = "When was the new bridge opened?"


def passage(text: str, start: int = 0, title: str = "", section: tuple[str, ...] = (), language: str = "en") -> Passage:
    sentences = tuple(Span(start + s.start, start + s.end) for s in sentence_spans(text, language="en"))
    return Passage("a.md", 0, Span(start, start + len(text)), text, title, section, None, sentences, language)


def read(reader: Reader, question: str, *passages: Passage) -> list[Judgement]:
    judgements = reader.read(question, passages, math.inf)
    assert None not in judgements
    return [judgement for judgement in judgements if judgement is not None]


def best(judgement: Judgement) -> AnswerSpan:
    return max(judgement.answers, key=lambda answer: answer.margin)


def test_the_passage_that_answers_is_recognised_and_its_answer_found(reader: Reader) -> None:
    bridge, cat = read(reader, WHEN, passage(BRIDGE, start=500, title="Bridges"), passage(CAT))
    assert bridge.relevance > 0 > cat.relevance
    answer = best(bridge)
    assert Span(answer.span.start - 500, answer.span.end - 500).of(BRIDGE) == "1932"
    assert Span(answer.sentence.start - 500, answer.sentence.end - 500).of(BRIDGE).startswith("The new one")
    assert bridge.margin == answer.margin > 0
    assert cat.margin is not None
    assert cat.margin < 0


def test_the_input_is_the_question_and_the_encoded_passage(reader: Reader) -> None:
    described = json.loads((shipped_folder() / DESCRIPTION).read_text("utf-8"))
    session, tokenizer = open_model(shipped_folder(), described["files"], lambda: ModelError("damaged"))
    given = passage(BRIDGE, title="Bridges of the town", section=("Wood", "Steel"))
    ids = tokenizer.encode(WHEN, given.encoded).ids
    relevance, start, end, *_ = session.run(None, {"ids": np.array([ids], dtype=np.int64)})
    (judgement,) = read(reader, WHEN, given)
    assert judgement.relevance == float(relevance[0])
    nothing = float(start[0, 0] + end[0, 0])
    first = ids.index(tokenizer.token_to_id("1932"))
    assert best(judgement).margin == pytest.approx(float(start[0, first] + end[0, first]) - nothing, abs=1e-5)


@settings(max_examples=30)
@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=6).map(". ".join),
    st.text(max_size=30),
    st.integers(0, 10_000),
    st.text(min_size=1, max_size=40),
)
def test_an_answer_is_part_of_its_sentence_and_never_of_the_title(
    text: str, title: str, start: int, question: str
) -> None:
    given = passage(text, start, title)
    document = "\0" * start + text
    for judgement in read(shipped_reader(), question, given):
        assert [answer.sentence for answer in judgement.answers] == sorted(
            (answer.sentence for answer in judgement.answers), key=lambda span: span.start
        )
        for answer in judgement.answers:
            assert answer.sentence in (given.sentences or (given.span,))
            assert answer.sentence.start <= answer.span.start < answer.span.end <= answer.sentence.end
            assert answer.span.of(document).strip()
            assert judgement.answer_in(answer.sentence) == answer


def test_a_long_passage_is_read_as_far_as_there_is_room_and_code_as_one_sentence(reader: Reader) -> None:
    long = " ".join(f"Sentence number {number} says nothing about the bridge." for number in range(60))
    (judgement,) = read(reader, "word " * 300, passage(long))
    assert 5 < len(judgement.answers) < 60
    code = Passage("a.py", 0, Span(7, 20), "bridge = 1932", "", (), None, ())
    (judgement,) = read(reader, WHEN, code)
    assert [answer.sentence for answer in judgement.answers] == [Span(7, 20)]


def test_the_judgement_of_a_pair_is_the_same_alone_among_others_and_on_any_thread() -> None:
    reader = OnnxReader(shipped_folder(), kept=0)
    passages = [passage(BRIDGE), passage(CAT), passage(BRIDGE + " " + CAT)]
    alone = [read(reader, WHEN, each)[0] for each in passages]
    with ThreadPoolExecutor(8) as pool:
        for judgements in pool.map(lambda _: read(reader, WHEN, *passages), range(16)):
            assert judgements == alone


def test_many_questions_at_once_share_the_threads(reader: Reader) -> None:
    with ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda number: read(reader, f"{WHEN} {number}", passage(CAT)), range(64)))
        names = [thread.name for thread in threading.enumerate() if thread.name.startswith("read_")]
    assert 1 <= len(names) <= processors()


def test_without_time_only_the_first_are_read(reader: Reader) -> None:
    many = [passage(CAT) for _ in range(6)]
    judgements = reader.read(WHEN, many, 0.0)
    assert [judgement is None for judgement in judgements] == [number >= ALWAYS_READ for number in range(6)]
    assert reader.read(WHEN, many[:1], 0.0) == judgements[:1]
    assert reader.read(WHEN, [], 0.0) == []


def test_what_else_runs_changes_no_answer_and_only_work_of_its_own_ends_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, many = OnnxReader(shipped_folder(), threads=1, kept=0), [passage(CAT) for _ in range(6)]
    worked, passed, each = [0.0], [0.0], 0.5
    monkeypatch.setattr(time, "thread_time", lambda: worked[0])
    monkeypatch.setattr(time, "monotonic", lambda: passed[0])
    judge = reader._judge

    def slowly(prefix: Sequence[int], given: Passage) -> Judgement:
        worked[0] += each
        passed[0] += 100  # as on a machine that is busy
        return judge(prefix, given)

    monkeypatch.setattr(reader, "_judge", slowly)
    assert None not in reader.read(WHEN, many, 3.0)
    assert [judgement is None for judgement in reader.read(WHEN, many, 2.0)] == [False] * 4 + [True] * 2


def test_a_pair_that_was_read_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, passages = OnnxReader(shipped_folder(), kept=3), [passage(BRIDGE), passage(CAT)]
    judge, judged = reader._judge, []

    def noted(prefix: Sequence[int], given: Passage) -> Judgement:
        judged.append(given.text)
        return judge(prefix, given)

    monkeypatch.setattr(reader, "_judge", noted)
    first = read(reader, WHEN, *passages)
    assert read(reader, WHEN, *passages) == first
    assert sorted(judged) == sorted([BRIDGE, CAT])
    moved = [passage(BRIDGE, start=7), passage(BRIDGE, title="Bridges"), passage(BRIDGE, language="")]
    again = read(reader, WHEN, *moved)
    assert len(judged) == 5  # the place, the title and the language are parts of a pair
    assert best(again[0]).span.start == best(first[0]).span.start + 7
    read(reader, "Where is the bridge?", passages[0])
    read(reader, WHEN, passages[1])
    assert len(judged) == 7  # another question, and one of which too many came after


def test_another_language_is_not_read_and_takes_no_time_of_others(reader: Reader) -> None:
    german = passage("Die neue Brücke wurde 1932 eröffnet.", language="de")
    untold = passage(BRIDGE, language="")
    judgements = reader.read(WHEN, [german, untold, german, passage(CAT), passage(BRIDGE)], 0.0)
    assert [judgement is None for judgement in judgements] == [True, False, True, False, False]


# --- the best span ----------------------------------------------------------------------------------------------------

LOGITS = st.integers(1, 45).flatmap(
    lambda count: st.tuples(*[st.lists(st.floats(-9, 9, width=32), min_size=count, max_size=count)] * 2)
)


@given(LOGITS)
def test_the_best_span_is_the_best_of_all_that_may_be(logits: tuple[Sequence[float], Sequence[float]]) -> None:
    starts, ends = (np.array(side, dtype=np.float32) for side in logits)
    score, first, last = best_span(starts, ends)
    assert 0 <= first <= last < min(len(starts), first + LONGEST_ANSWER)
    assert score == starts[first] + ends[last]
    assert score == max(starts[i] + ends[j] for i in range(len(starts)) for j in range(i, min(len(ends), i + 30)))


# --- whole sentences --------------------------------------------------------------------------------------------------

NEW, WOOD, NOTHING, OTHER = 5.0, -2.0, 1.5, 0.25  # logits of a word's sentence, by the word


def exported(folder: Path, unit: bool) -> Path:
    """A reader whose logits depend on the token alone: the answer is "1932"; with `unit`, sentences have one too."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    described = json.loads((shipped_folder() / DESCRIPTION).read_text("utf-8"))
    (folder / TOKENIZER).write_bytes((shipped_folder() / TOKENIZER).read_bytes())
    _, tokenizer = open_model(shipped_folder(), described["files"], lambda: ModelError("damaged"))
    size = tokenizer.get_vocab_size()
    answer = np.zeros(size, dtype=np.float32)
    answer[tokenizer.token_to_id("1932")] = 3
    sentences = np.full(size, OTHER, dtype=np.float32)
    for word, logit in (("new", NEW), ("wood", WOOD), ("[CLS]", NOTHING)):
        sentences[tokenizer.token_to_id(word)] = logit
    tables = {"start": answer, "end": answer, **({UNIT: sentences} if unit else {})}
    nodes = [helper.make_node("Gather", [f"{name}s", "ids"], [name]) for name in tables]
    nodes.append(helper.make_node("ReduceMax", ["start"], ["relevance"], axes=[1], keepdims=0))
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "tokens"]) for name in tables]
    outputs.append(helper.make_tensor_value_info("relevance", TensorProto.FLOAT, [1]))
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])
    weights = [numpy_helper.from_array(table, f"{name}s") for name, table in tables.items()]
    graph = helper.make_graph(nodes, "reader", [ids], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (folder / MODEL).write_bytes(model.SerializeToString())
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL, TOKENIZER)}
    (folder / DESCRIPTION).write_text(json.dumps(described | {"files": files}))
    return folder


def test_the_logit_of_a_sentence_is_the_mean_of_its_tokens_less_that_of_no_answer(tmp_path: Path) -> None:
    (judgement,) = read(OnnxReader(exported(tmp_path, unit=True)), WHEN, passage("Old wood. A new one.", start=500))
    assert [found.unit for found in judgement.answers] == pytest.approx(
        [(WOOD + 2 * OTHER) / 3 - NOTHING, (NEW + 3 * OTHER) / 4 - NOTHING]  # the full stop is a token too
    )


def test_a_graph_without_that_output_knows_no_difference_between_sentences(tmp_path: Path) -> None:
    with_units, without = tmp_path / "with", tmp_path / "without"
    for folder in (with_units, without):
        folder.mkdir()
    passages = [passage(BRIDGE, start=500, title="Bridges"), passage(CAT), passage(" ".join([BRIDGE] * 40))]
    one = read(OnnxReader(exported(with_units, unit=True)), WHEN, *passages)
    other = read(OnnxReader(exported(without, unit=False)), WHEN, *passages)
    assert {found.unit for judgement in other for found in judgement.answers} == {0.0}
    assert len({found.unit for judgement in one for found in judgement.answers}) > 2
    plain = [replace(each, answers=tuple(replace(found, unit=0.0) for found in each.answers)) for each in one]
    assert plain == other  # all else is the same


def test_code_is_one_sentence_for_units_too(tmp_path: Path) -> None:
    code = Passage("a.py", 0, Span(7, 19), "new = bridge", "", (), None, ())
    (judgement,) = read(OnnxReader(exported(tmp_path, unit=True)), WHEN, code)
    (found,) = judgement.answers
    assert found.unit == pytest.approx((NEW + 2 * OTHER) / 3 - NOTHING)


# --- its files --------------------------------------------------------------------------------------------------------


def test_it_is_loaded_once_in_a_process() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len({id(reader) for reader in pool.map(lambda _: shipped_reader(), range(4))}) == 1


@pytest.mark.parametrize("name", [MODEL, TOKENIZER, DESCRIPTION])
@pytest.mark.parametrize("data", [None, b"", b"{}", b'{"format_version": 1}'])
def test_a_file_that_is_missing_or_altered_is_one_sentence_that_says_what_to_do(
    tmp_path: Path, name: str, data: bytes | None
) -> None:
    for file in (MODEL, TOKENIZER, DESCRIPTION):
        if file != name:
            (tmp_path / file).symlink_to(shipped_folder() / file)
        elif data is not None:
            (tmp_path / file).write_bytes(data)
    with pytest.raises(ModelError, match=r"^The reader's model is .*: install .* again, or set QA_READER=off\.$"):
        OnnxReader(tmp_path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    for file in (MODEL, TOKENIZER):
        (tmp_path / file).symlink_to(shipped_folder() / file)
    shutil.copy(shipped_folder() / DESCRIPTION, tmp_path)
    described = json.loads((tmp_path / DESCRIPTION).read_text("utf-8"))
    (tmp_path / DESCRIPTION).write_text(json.dumps(described | {"format_version": 2}))
    with pytest.raises(ModelError):
        OnnxReader(tmp_path)
