"""Training of the reader: what it learns from, that a run continues exactly where it stopped, and how it is judged.

Modules that load torch are imported where they are used, so that collecting the tests stays fast.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.common import f1
from qa.errors import ConfigError
from qa.models.encoders import default_folder
from qa.models.reader import OnnxReader, best_span, shipped_folder
from qa.text.document import Span
from qa.text.passage import Passage, encoded
from qa.text.sentences import sentence_spans
from training.config import Family, Sampling, read_settings
from training.data import NEGATIVES, Example, QuestionSet, Split, made_for, occurrences, read_set, split_articles
from training.figures import Asked, Reading, figures, fit
from training.mine import Pool, PoolPassage, mine, negatives
from training.near_misses import changed_question, naming, pieces, without_answer
from training.sequences import LONGEST, Item, Sequences, tokenizer
from training.tables import unit_spans, with_bars

CONFIG = ROOT / "training" / "reader.json"
NEWER = CONFIG.with_name("reader-2.json")


def a_set(folder: Path, articles: int = 8) -> QuestionSet:
    """Articles about towns: two passages each, one question per passage and one that none answers."""
    folder.mkdir()
    corpus: list[dict[str, str]] = []
    queries: list[dict[str, Any]] = []
    qrels = ["query-id\tcorpus-id\tscore"]
    for n in range(articles):
        for part, (what, year) in enumerate((("bridge", 1801 + n), ("harbour", 1901 + n))):
            number = f"town-{n}#{part}"
            text = f"Anna Lund of Town{n} was a mason. The {what} of Town{n} was built in {year}. It is made of stone."
            corpus.append({"_id": number, "title": f"Town{n}", "text": text, "doc_id": f"town-{n}"})
            queries.append({"_id": number, "text": f"When was the {what} of Town{n} built?", "answers": [str(year)]})
            qrels.append(f"{number}\t{number}\t1")
        queries.append(
            {"_id": f"none-{n}", "text": f"Who burnt the bridge of Town{n}?", "answerable": False, "answers": [],
             "source_passage": f"town-{n}#0"}
        )  # fmt: skip
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), "utf-8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), "utf-8")
    (folder / "qrels.tsv").write_text("\n".join(qrels) + "\n", "utf-8")
    return read_set(folder)


def sampling(**other: Any) -> Sampling:
    return replace(read_settings(CONFIG).sampling, **other)


# --- the sets ---------------------------------------------------------------------------------------------------------


def test_an_article_of_two_sets_is_in_one_part_and_parts_do_not_change(tmp_path: Path) -> None:
    one, other = a_set(tmp_path / "one"), a_set(tmp_path / "other", 5)
    parts = split_articles([one, other], Family(("one", "other"), 0.25, 0.25, "MIT"), seed=3)
    assert sorted(parts.values()) == ["fit"] * 2 + ["held-out"] * 2 + ["train"] * 4
    assert {other.article(example) for example in other.examples} <= set(parts)
    assert parts == split_articles([other, one], Family(("one", "other"), 0.25, 0.25, "MIT"), seed=3)
    assert parts != split_articles([one, other], Family(("one", "other"), 0.25, 0.25, "MIT"), seed=4)


def test_an_answer_is_found_as_whole_words_at_its_first_place() -> None:
    text = "In 1901, not 11901, the  Old\nBridge fell; the old bridge of 1901."
    assert [span.of(text) for span in occurrences(text, ["nowhere", "old bridge", "1901"])] == [
        "Old\nBridge",
        "old bridge",
    ]
    assert len(occurrences(text, ["1901"])) == 2
    assert occurrences(text, ["", "190"]) == []


def test_negatives_are_training_passages_without_the_answer_in_the_order_of_the_ranking(tmp_path: Path) -> None:
    of = a_set(tmp_path / "set")
    example = next(e for e in of.examples if e.id == "town-0#0")
    split: dict[str, Split] = {source.article: "train" for source in of.sources.values()}
    split["town-2"] = "held-out"
    pool = Pool(tuple(PoolPassage(f"town-{n}#{part}", 1.0, 1.0, 1.0) for n in (2, 0, 3, 1) for part in (0, 1)), {})
    assert negatives(example, pool, of, split) == ("town-0#1", "town-3#0", "town-3#1", "town-1#0", "town-1#1")
    holding = Example("x", "?", ("Made of Stone",), True, ("town-0#0",))
    assert negatives(holding, pool, of, split) == ()


def test_a_later_stage_sees_the_questions_in_another_order_over_the_same_split(tmp_path: Path) -> None:
    first, later = read_settings(NEWER), read_settings(NEWER.with_name("reader-3.json"))
    assert first.seed == later.seed
    assert made_for(first) == made_for(later)
    assert first.order != later.order


def test_training_uses_what_was_mined_for_the_same_split(tmp_path: Path) -> None:
    from training.train import read_items

    of = a_set(tmp_path / "set", 2)
    run = replace(read_settings(CONFIG), train_on=(Family(("set",), 0.0, 0.5, "MIT"),))
    with pytest.raises(ConfigError, match=r"run `training.mine` first"):
        read_items(run, [tmp_path], tmp_path)
    mined = {"set": {"town-0#1": ["town-0#0"], "none-0": []}}
    (tmp_path / NEGATIVES).write_text(json.dumps({"made_for": made_for(run), "negatives": mined}), "utf-8")
    found = [(item.example.id, item.negatives) for item in read_items(run, [tmp_path], tmp_path)]
    assert found == [("town-0#1", ("town-0#0",)), ("none-0", ())]
    assert all(item.articles == ("town-0",) for item in read_items(run, [tmp_path], tmp_path))
    twice = replace(run, train_on=(replace(run.train_on[0], times=2),))
    assert [item.example.id for item in read_items(twice, [tmp_path], tmp_path)] == 2 * ["town-0#1", "none-0"]
    assert {item.of.folder for item in read_items(run, [tmp_path], tmp_path)} == {of.folder}
    with pytest.raises(ConfigError, match="of these sets and this split"):
        read_items(replace(run, seed=8), [tmp_path], tmp_path)


def test_only_sets_whose_licence_lets_weights_be_shipped_are_trained_on(tmp_path: Path) -> None:
    assert {family.licence for family in read_settings(NEWER).train_on} > {"CC-BY-4.0", "CDLA-Sharing-1.0"}
    rows = json.loads(NEWER.read_text("utf-8"))
    rows["train_on"][3]["licence"] = "CC-BY-NC-4.0"
    (tmp_path / "run.json").write_text(json.dumps(rows), "utf-8")
    with pytest.raises(ConfigError, match=r"ait-qa is under 'CC-BY-NC-4.0'.*take the set out of 'run.json'"):
        read_settings(tmp_path / "run.json")
    del rows["train_on"][3]["licence"]
    (tmp_path / "run.json").write_text(json.dumps(rows), "utf-8")
    with pytest.raises(ConfigError, match="licence"):
        read_settings(tmp_path / "run.json")


def a_packed_set(folder: Path) -> QuestionSet:
    """Like `a_set`, compressed, with more questions.

    They are a near-miss of the first question, one that a passage answers as a whole, one whose answers are whole
    sentences, and one that was asked of three passages in vain.
    """
    a_set(folder)
    near = {"_id": "town-0#0~year", "text": "When was the bridge of Town0 burnt?", "answerable": False, "answers": [],
            "source_passage": "town-0#0", "made_from": "town-0#0"}  # fmt: skip
    (folder / "near.jsonl").write_text(json.dumps(near) + "\n", "utf-8")
    other = [
        {"_id": "whole", "text": "Tell me of Town1.", "answers": [], "span": False, "source_passage": "town-1#0"},
        {"_id": "units", "text": "How is Town2's bridge?", "answers_are": "sentences", "source_passage": "town-2#0",
         "answers": ["It is made of stone.", "The bridge of Town2 was built in 1803."]},
        {"_id": "vain", "text": "Who swims in Town3?", "answers": [], "answerable": False,
         "source_passage": "town-3#1", "also_unanswered_by": ["town-3#0", "town-4#0"]},
    ]  # fmt: skip
    with (folder / "queries.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n" + "\n".join(map(json.dumps, other)))
    for path in folder.glob("*.jsonl"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return read_set(folder, near=True)


def test_a_compressed_set_is_read_with_its_near_misses_and_kinds_of_answers(tmp_path: Path) -> None:
    of = a_packed_set(tmp_path / "set")
    by_id = {example.id: example for example in of.examples}
    assert by_id["town-0#0"].kind == "span"
    assert by_id["whole"].kind == "passage"
    assert by_id["units"].kind == "units"
    assert by_id["vain"].passages == ("town-3#1", "town-3#0", "town-4#0")
    assert by_id["town-0#0~year"].made_from == "town-0#0"
    assert "town-0#0~year" not in {example.id for example in read_set(tmp_path / "set").examples}


def a_mined_run(tmp_path: Path, split_seed: int = 7, **other: Any) -> tuple[Any, QuestionSet, dict[str, Any]]:
    of = a_packed_set(tmp_path / "set")
    family = Family(("set",), 0.0, 0.0, "MIT", near=True)
    run = replace(read_settings(NEWER), seed=split_seed, train_on=(replace(family, **other),))
    return run, of, mine(run, [tmp_path / "nowhere", tmp_path], tmp_path / "work", by="words")["set"]


def test_negatives_come_from_the_same_article_first_and_unanswerable_questions_list_theirs(tmp_path: Path) -> None:
    _, _, items = a_mined_run(tmp_path)
    assert items["town-0#0"][0] == "town-0#1"
    assert not any("town-0" in passage for passage in items["town-0#0"][1:])
    assert len(items["town-0#0"]) > 1
    assert set(items["vain"]) == {"town-3#1", "town-3#0", "town-4#0"}
    assert items["town-0#0~year"] == ("town-0#0",)


def test_of_a_set_that_is_not_mined_only_the_listed_passages_are_negatives(tmp_path: Path) -> None:
    _, _, items = a_mined_run(tmp_path, mined=False)
    assert items["town-0#0"] == items["whole"] == ()
    assert set(items["vain"]) == {"town-3#1", "town-3#0", "town-4#0"}


def test_no_passage_of_an_article_that_is_kept_aside_is_learnt_from(tmp_path: Path) -> None:
    from training.train import read_items

    run, of, mined_items = a_mined_run(tmp_path, held_out=0.5)
    split = split_articles([of], run.train_on[0], run.seed)
    aside = {source.id for source in of.sources.values() if split[source.article] != "train"}
    assert len(aside) == 8
    items = read_items(run, [tmp_path], tmp_path / "work")
    assert aside.isdisjoint(p for item in items for p in (*item.negatives, *item.example.passages))
    assert all(item.example.passages for item in items)
    assert aside.isdisjoint(p for passages in mined_items.values() for p in passages)


def test_a_near_miss_goes_with_its_question_and_a_share_of_a_set_is_learnt_from(tmp_path: Path) -> None:
    from training.train import read_items

    run, of, _ = a_mined_run(tmp_path)
    items = {item.example.id: item for item in read_items(run, [tmp_path], tmp_path / "work")}
    assert "town-0#0~year" not in items
    assert [near.id for near in items["town-0#0"].near] == ["town-0#0~year"]
    assert len(items) == len(of.examples) - 1
    part = replace(run, train_on=(replace(run.train_on[0], times=1.5),))
    assert len(read_items(part, [tmp_path], tmp_path / "work")) == len(items) + round(len(items) / 2)


# --- tables and units -------------------------------------------------------------------------------------------------


def test_a_row_is_one_unit_and_a_line_ends_a_sentence() -> None:
    text = "Fuel costs:\nFuel: 2019: $4; 2018: $5\nItem | Price vs. cost\nFuel rose. It fell again"
    units = [span.of(text) for span in unit_spans(text)]
    assert units == [
        "Fuel costs:",
        "Fuel: 2019: $4; 2018: $5",
        "Item | Price vs. cost",
        "Fuel rose.",
        "It fell again",
    ]
    broken = "Tap\nSettings\n, and then choose the\nZoom\nslider. Drag it to the left."
    assert [span.of(broken) for span in unit_spans(broken)] == [broken[: broken.index(" Drag")], "Drag it to the left."]


def test_a_table_that_repeats_its_headings_gets_one_line_of_them() -> None:
    by_year = "Year: 2018; Gallons: 4,137\nYear: 2017; Gallons: 3,978"
    assert with_bars(by_year) == "Year | Gallons\n2018 | 4,137\n2017 | 3,978"
    named = "Fuel: 2019: $4; 2018: $5\nRent: 2019: 1; 2018: 2"
    assert with_bars(named) == "| 2019 | 2018\nFuel | $4 | $5\nRent | 1 | 2"
    assert with_bars("Year: 2018; Gallons: 4\nYear: 2017; Price: 3") is None
    assert with_bars("It is so: he said; and she: no.") is None


# --- near-misses ------------------------------------------------------------------------------------------------------


def test_a_changed_question_has_another_name_year_number_or_the_opposite_word() -> None:
    others = pieces(["He met Nikola Tesla in 1893.", "Then 40 of Edison Works came."])
    assert others == {"year": ["1893"], "number": ["40"], "name": ["Edison Works", "Nikola Tesla"]}
    changed = {
        changed_question("What did Graham Bell build first in 1876?", others, "Bell built it.", random.Random(n))
        for n in range(40)
    }
    assert changed == {
        "What did Graham Bell build first in 1893?",
        "What did Graham Bell build last in 1876?",
        "What did Edison Works build first in 1876?",
        "What did Nikola Tesla build first in 1876?",
    }


def test_a_question_with_nothing_to_change_is_left_out_or_negated() -> None:
    nothing: dict[str, list[str]] = {"year": [], "number": [], "name": []}
    changed = {changed_question("Why did it rain?", nothing, "", random.Random(n)) for n in range(40)}
    assert changed == {None, "Why did not it rain?"}
    assert changed_question("Who came first?", nothing, "first and last", random.Random(1)) is None


def test_a_name_is_exchanged_without_its_genitive_and_the_first_word_of_a_sentence_is_none() -> None:
    others = pieces(["It was sold. This was O'Hara's mill. The Otis Works bought it."])
    assert others["name"] == ["O'Hara", "The Otis Works"]
    changed = {changed_question("What was Lund's fee?", others, "", random.Random(n)) for n in range(20)}
    assert changed == {"What was O'Hara's fee?", "What was The Otis Works's fee?"}


def test_a_changed_question_may_be_about_another_article(words: Any, tmp_path: Path) -> None:
    of = a_set(tmp_path / "set", 3)
    item = replace(items_of(of)[0], articles=("town-2",))
    sequences = Sequences(words, sampling(changed=1.0, foreign=1.0, no_title=0.0))
    asked = set()
    for number in range(60):
        for (pair,) in sequences.groups(item, random.Random(number))[1:]:
            assert not pair.relevant
            assert "town0. anna lund of town0" in words.decode(list(pair.ids[pair.question :]))
            asked.add(words.decode(list(pair.ids[1 : pair.question - 1])).rstrip(" ?"))
    assert "when was the bridge of town2 built" in asked
    assert not any("town1" in question for question in asked)


def test_a_question_names_its_article_by_words_that_tell_it_from_another() -> None:
    named = {naming("How high is it?", "Bylaws of Acton", "Bylaws of Leeds", random.Random(n)) for n in range(60)}
    assert {"How high is it in Acton?", "of Acton: How high is it?", "How high is it (Bylaws of Acton)?"} <= named
    assert all(question and "Acton" in question for question in named)
    assert naming("How high is it?", "The Bylaws", "Bylaws of Leeds", random.Random(1)) is None


def test_the_same_text_under_another_title_does_not_answer_a_question_that_names_its_article(
    words: Any, tmp_path: Path
) -> None:
    of = a_set(tmp_path / "set", 3)
    item = replace(items_of(of)[0], articles=("town-2",))
    sequences = Sequences(words, sampling(named=1.0, changed=0.0, removed=0.0, mined=0, no_title=0.0))
    for number in range(20):
        ((own, other),) = sequences.groups(item, random.Random(number))
        assert own.relevant and not other.relevant
        assert own.ids[: own.question] == other.ids[: other.question]
        assert "town0" in words.decode(list(own.ids[1 : own.question]))
        read = [words.decode(list(pair.ids[pair.question : -1])) for pair in (own, other)]
        assert read[0].startswith("town0. ") and read[1].startswith("town2. ")


def test_the_sentences_that_answer_are_left_out() -> None:
    text = "The bridge fell. It fell in 1901. Nobody was hurt."
    spans = sentence_spans(text)
    assert [span.of(text) for span in without_answer(text, spans, ["1901"])] == ["The bridge fell.", "Nobody was hurt."]
    assert without_answer(text, spans, ["1902"]) == ()
    assert without_answer("In 1901.", sentence_spans("In 1901."), ["1901"]) == ()


# --- sequences --------------------------------------------------------------------------------------------------------


def items_of(of: QuestionSet) -> list[Item]:
    ids = [source.id for source in of.sources.values()]
    return [Item(e, of, tuple(i for i in ids if i not in e.passages)[:3]) for e in of.examples]


@pytest.fixture(scope="module")
def words() -> Any:
    return tokenizer(default_folder())


def test_a_pair_is_made_as_the_encoded_passage_is_and_its_characters_are_the_text_s(words: Any) -> None:
    text = "Señor  Lund\n1901 naïve ﬁsh."
    pair, characters = Sequences(words, sampling()).whole("Who? ", "A. Title.", text)
    both = words.encode("Who? ", encoded("A. Title.", (), text))
    assert list(pair.ids) == both.ids
    assert pair.question == both.type_ids.index(1)
    assert "".join(span.of(text) for span in characters) == "".join(text.split())
    assert pair.text + len(characters) + 1 == len(pair.ids)


def test_a_long_pair_is_cut_at_the_end_of_the_text(words: Any) -> None:
    pair, characters = Sequences(words, sampling()).whole("Who?", "Title", "word " * 500)
    assert len(pair.ids) == LONGEST
    assert pair.text + len(characters) + 1 == LONGEST


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([24, 40, 96]))
def test_labels_point_at_the_answer_in_any_part_of_the_passage(
    seed: int, size: int, tmp_path_factory: pytest.TempPathFactory, words: Any
) -> None:
    of = a_set(tmp_path_factory.mktemp("sets") / "set", 3)
    sequences = Sequences(words, sampling(sizes=(size,), size_shares=(1.0,), removed=0.5, changed=0.5))
    draw = random.Random(seed)
    for item in items_of(of):
        first, *changed = sequences.groups(item, draw)
        assert [s.relevant for s in first] == [item.example.answerable] + [False] * (len(first) - 1)
        for sequence in (*first, *(s for group in changed for s in group)):
            assert len(sequence.ids) <= size + 16
            assert sequence.relevant == bool(sequence.starts)
            for start, end in zip(sequence.starts, sequence.ends, strict=True):
                assert sequence.text <= start <= end < len(sequence.ids) - 1
                assert words.decode(list(sequence.ids[start : end + 1])) == item.example.answers[0]


def test_a_part_is_whole_sentences_in_a_row(words: Any, tmp_path: Path) -> None:
    of = a_set(tmp_path / "set", 1)
    sequences = Sequences(words, sampling(sizes=(34,), size_shares=(1.0,), removed=1.0, changed=0.0, no_title=0.0))
    item = items_of(of)[0]
    texts = {
        words.decode(list(s.ids[s.text : -1]))
        for n in range(30)
        for s in sequences.groups(item, random.Random(n))[0][:1]
    }
    mason, bridge, stone = (
        "anna lund of town0 was a mason.",
        "the bridge of town0 was built in 1801.",
        "it is made of stone.",
    )
    assert texts == {f"{mason} {bridge}", f"{bridge} {stone}"}
    removed = {
        words.decode(list(sequences.groups(item, random.Random(n))[0][-1].ids)).split("town0. ")[1] for n in range(9)
    }
    assert removed == {f"{mason} {stone} [SEP]"} or removed == {f"{mason} {stone}"}


def newer(**other: Any) -> Sampling:
    plain: dict[str, Any] = {"no_title": 0.0, "sizes": (96,), "size_shares": (1.0,), "removed": 0.0, "changed": 0.0}
    return replace(read_settings(NEWER).sampling, **plain | other)


def shown(words: Any, pair: Any, unit: Any) -> str:
    return str(words.decode(list(pair.ids[unit.start : unit.end])))


def test_the_units_of_a_passage_are_all_its_tokens_and_those_with_the_answer_are_right(
    words: Any, tmp_path: Path
) -> None:
    of = a_packed_set(tmp_path / "set")
    sequences = Sequences(words, newer(removed=1.0))
    items = {item.example.id: item for item in items_of(of)}
    own, *others = sequences.groups(items["town-0#0"], random.Random(1))[0]
    assert [shown(words, own, unit) for unit in own.units] == [
        "anna lund of town0 was a mason.", "the bridge of town0 was built in 1801.", "it is made of stone.",
    ]  # fmt: skip
    assert (own.right, own.united) == ((1,), True)
    assert own.units[0].start == own.text
    assert own.units[-1].end == len(own.ids) - 1
    assert others
    assert all(other.right == () and other.united and other.units for other in others)
    assert [shown(words, others[-1], unit) for unit in others[-1].units] == [
        "anna lund of town0 was a mason.", "it is made of stone.",
    ]  # fmt: skip


def test_an_answer_of_whole_sentences_marks_units_but_no_span_and_a_whole_passage_neither(
    words: Any, tmp_path: Path
) -> None:
    of = a_packed_set(tmp_path / "set")
    sequences = Sequences(words, newer())
    items = {item.example.id: item for item in items_of(of)}
    units = sequences.groups(items["units"], random.Random(1))[0][0]
    assert (units.right, units.starts, units.spanned) == ((1, 2), (), False)
    whole = sequences.groups(items["whole"], random.Random(1))[0][0]
    assert whole.relevant
    assert (whole.right, whole.united, whole.spanned) == ((), False, False)


def test_a_near_miss_is_in_the_group_of_its_question_and_most_others_are_from_its_article(
    words: Any, tmp_path: Path
) -> None:
    from training.train import read_items

    run, _, _ = a_mined_run(tmp_path)
    item = next(i for i in read_items(run, [tmp_path], tmp_path / "work") if i.example.id == "town-0#0")
    sequences = Sequences(words, newer(changed=1.0, mined=1, same_article=0.75))
    asked, against = set(), []
    for n in range(80):
        (group,) = sequences.groups(item, random.Random(n))
        assert [s.relevant for s in group] == [True, False, False][: len(group)]  # not every question can be changed
        against.append("harbour of town0" in words.decode(list(group[1].ids)))
        asked |= {words.decode(list(s.ids[1 : s.question - 1])).rstrip(" ?") for s in group[2:]}
    assert "when was the bridge of town0 burnt" in asked
    assert len(asked) > 1
    assert 0.6 < sum(against) / len(against) < 0.9
    listed = next(i for i in read_items(run, [tmp_path], tmp_path / "work") if i.example.id == "vain")
    groups = Sequences(words, newer(mined=2)).groups(listed, random.Random(1))
    assert [(len(group), group[0].relevant) for group in groups] == [(1, False)] * 2


def test_a_table_is_shown_with_bars_as_often_as_is_wanted(words: Any, tmp_path: Path) -> None:
    of = a_set(tmp_path / "set", 1)
    text = "Year: 2018; Gallons: 4,137\nYear: 2017; Gallons: 3,978"
    source = replace(of.sources["town-0#0"], text=text)
    example = Example("x", "How many gallons in 2017?", ("3,978",), True, (source.id,))
    item = Item(example, replace(of, sources={source.id: source}))
    for piped, rows in ((0.0, ["year : 2018 ; gallons : 4, 137", "year : 2017 ; gallons : 3, 978"]),
                        (1.0, ["year | gallons", "2018 | 4, 137", "2017 | 3, 978"])):  # fmt: skip
        ((pair,),) = Sequences(words, newer(piped=piped)).groups(item, random.Random(1))
        assert [shown(words, pair, unit) for unit in pair.units] == rows
        assert pair.right == (len(rows) - 1,)
        assert shown(words, pair, Span(pair.starts[0], pair.ends[0] + 1)) == "3, 978"


# --- training ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small encoder with the vocabulary of the shipped one."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("base")
    config = BertConfig(
        vocab_size=30522, hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def a_run(of: QuestionSet, base: Path, folder: Path, words: Any, steps: int, **other: Any) -> tuple[Path, list[Any]]:
    import torch

    from training.train import train

    # In 32 bits: in bfloat16, some processors compute NaN for layers as small as these.
    settings = replace(read_settings(other.pop("config", CONFIG)), precision="float32")
    run = replace(
        settings, steps=steps, groups=6, warm_up=2, checkpoint_every=4, log_every=4,
        sampling=replace(settings.sampling, sizes=(48, 64), size_shares=(0.5, 0.5)), **other,
    )  # fmt: skip
    last = train(run, items_of(of), Sequences(words, run.sampling), base, folder, torch.device("cpu"))
    return last, [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("config", "shards", "dropout"), [(CONFIG, 2, 0.0), (CONFIG, 1, 0.1), (NEWER, 2, 0.0)])
def test_a_stopped_run_continues_exactly_where_it_was(
    config: Path, shards: int, dropout: float, base: Path, tmp_path: Path, words: Any
) -> None:
    import torch
    from safetensors.torch import load_file

    from training.train import checkpoints

    of = a_set(tmp_path / "set")
    other = {"config": config, "shards": shards, "dropout": dropout, "start": None}
    whole, log = a_run(of, base, tmp_path / "whole", words, 12, **other)
    a_run(of, base, tmp_path / "parts", words, 12, **other)
    for path in checkpoints(tmp_path / "parts")[1:]:
        path.unlink()  # as if it had been killed after the first checkpoint
    again, _ = a_run(of, base, tmp_path / "parts", words, 12, **other)
    assert again.name == whole.name == "step-000012.safetensors"
    one, other = load_file(whole), load_file(again)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    assert [line["step"] for line in log] == [4, 8, 12]


def test_a_run_learns_and_can_start_from_the_average_of_another(base: Path, tmp_path: Path, words: Any) -> None:
    import torch
    from safetensors.torch import load_file

    of = a_set(tmp_path / "set", 3)
    quick = {"body_rate": 3e-3, "head_rate": 1e-2, "average": 0.5}
    last, log = a_run(of, base, tmp_path / "one", words, 60, **quick)
    assert log[-1]["binary"] < 0.8 * log[0]["binary"]
    assert log[-1]["span"] < log[0]["span"]
    _, further = a_run(of, base, tmp_path / "two", words, 4, start=str(last), body_rate=0.0, head_rate=0.0, average=0.5)
    assert further[0]["binary"] < 0.9 * log[0]["binary"]
    weights = load_file(last)
    average, net = weights["average.relevance.weight"], weights["net.relevance.weight"]
    assert not torch.equal(average, net)


def test_a_run_learns_which_unit_answers_and_may_start_from_one_that_did_not(
    base: Path, tmp_path: Path, words: Any
) -> None:
    from safetensors.torch import load_file

    of = a_set(tmp_path / "set", 3)
    quick = {"body_rate": 3e-3, "head_rate": 1e-2, "average": 0.5}
    older, _ = a_run(of, base, tmp_path / "older", words, 20, **quick)
    last, log = a_run(of, base, tmp_path / "newer", words, 80, config=NEWER, start=str(older), **quick)
    assert log[-1]["unit"] < 0.7 * log[0]["unit"]
    assert load_file(last)["average.unit.weight"].abs().sum() > 0
    assert "average.unit.weight" not in load_file(older)


def test_neighbouring_units_compete(base: Path, tmp_path: Path, words: Any) -> None:
    import torch

    from training.model import ReaderNet, losses

    of = a_set(tmp_path / "set", 1)
    ((pair, *_),) = Sequences(words, newer()).groups(items_of(of)[0], random.Random(1))
    net = ReaderNet(base, unit=True)
    parts = losses(net, [(pair,)], 2048, torch.device("cpu"))
    assert float(parts["unit"].detach()) == pytest.approx(np.log(4), abs=1e-4)  # of three sentences and none
    assert float(parts["no_unit"].detach()) == 0.0
    before = float(parts["unit"].detach())
    optimiser = torch.optim.SGD(net.parameters(), 0.5)
    parts["unit"].backward()
    optimiser.step()
    assert float(losses(net, [(pair,)], 2048, torch.device("cpu"))["unit"].detach()) < before


def test_a_run_is_saved_after_some_time_and_checkpoints_of_some_steps_stay(
    base: Path, tmp_path: Path, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.train import checkpoints

    of = a_set(tmp_path / "set", 2)
    a_run(of, base, tmp_path / "run", words, 12, keep_every=4)
    assert [path.stem for path in checkpoints(tmp_path / "run")] == ["step-000004", "step-000008", "step-000012"]
    monkeypatch.setattr("training.train._SECONDS", 0.0)
    a_run(of, base, tmp_path / "slow", words, 7, keep_every=2)
    assert [path.stem[-1] for path in checkpoints(tmp_path / "slow")] == ["2", "4", "5", "6", "7"]


def test_training_can_start_from_the_shipped_reader(words: Any) -> None:
    import onnxruntime
    import torch

    from training.model import ReaderNet, stacked
    from training.shipped import load_shipped

    net = ReaderNet(default_folder(), unit=True)
    load_shipped(net)
    sequences = Sequences(words, sampling())
    session = onnxruntime.InferenceSession(shipped_folder() / "model.onnx", providers=["CPUExecutionProvider"])
    texts = [
        "Anna Lund built the bridge.",
        "It rained all day in June.",
        "The bridge fell in 1901, and nobody was hurt.",
    ]
    for text in texts:
        pair, _ = sequences.whole("When did the bridge fall?", "Town", text)
        with torch.no_grad():
            relevance, start, *_ = net.eval()(*stacked([pair], torch.device("cpu")))
        shipped = session.run(None, {"ids": np.array([pair.ids], dtype=np.int64)})
        assert float(relevance) == pytest.approx(float(shipped[0][0]), abs=0.6)
        assert np.corrcoef(start[0, : len(pair.ids)], shipped[1][0])[0, 1] > 0.98


@pytest.mark.parametrize("faster", [True, False])
def test_the_precision_is_the_faster_one_by_default(faster: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from training import train

    assert train.precision("bfloat16", torch.device("cpu")) == "bfloat16"
    assert train.precision("auto", torch.device("cuda")) == "bfloat16"
    monkeypatch.setattr(train, "_bfloat16_is_faster", lambda: faster)
    assert train.precision("auto", torch.device("cpu")) == ("bfloat16" if faster else "float32")


def test_the_faster_precision_is_measured() -> None:
    from training import train

    assert train._bfloat16_is_faster() in (True, False)


def test_the_mean_of_checkpoints_has_a_share_of_each(base: Path, tmp_path: Path, words: Any) -> None:
    import torch
    from safetensors.torch import load_file

    from training.model import ReaderNet
    from training.train import checkpoints, load_mean

    of = a_set(tmp_path / "set", 2)
    a_run(of, base, tmp_path / "run", words, 8, body_rate=3e-3, head_rate=1e-2)
    paths = checkpoints(tmp_path / "run")
    net = ReaderNet(base)
    load_mean(net, paths, [0.25, 0.75])
    one, other = (load_file(path)["average.relevance.weight"] for path in paths)
    assert not torch.allclose(one, other)
    assert torch.allclose(net.relevance.weight, 0.25 * one + 0.75 * other, atol=1e-6)


def test_padding_and_neighbours_do_not_change_a_judgement(base: Path, words: Any, tmp_path: Path) -> None:
    import torch

    from training.model import ReaderNet, stacked

    sequences = Sequences(words, sampling())
    net = ReaderNet(base).eval()
    pairs = [sequences.whole("Who?", "", "word " * n)[0] for n in (3, 90)]
    with torch.no_grad():
        relevance, start, _ = net(*stacked(pairs, torch.device("cpu")))
        alone, start_alone, _ = net(*stacked(pairs[:1], torch.device("cpu")))
    assert torch.allclose(relevance[:1], alone, atol=1e-5)
    assert torch.allclose(start[0, : len(pairs[0].ids)], start_alone[0, : len(pairs[0].ids)], atol=1e-5)


# --- judging ----------------------------------------------------------------------------------------------------------


def test_the_best_span_ends_where_it_starts_or_later_and_is_not_too_long() -> None:
    start, end = np.array([0.0, 5.0, 1.0, 4.0]), np.array([9.0, 0.0, 2.0, 8.0])
    assert best_span(start, end) == (13.0, 1, 3)
    assert best_span(start, end, longest=2) == (12.0, 3, 3)


def test_words_in_common_are_counted_without_articles_and_punctuation() -> None:
    assert f1("The 23rd.", "23rd") == 1.0
    assert f1("nearly $12", "$12") == pytest.approx(2 / 3)
    assert f1("oil", "gas") == 0.0


def test_a_perfect_reader_puts_its_passage_first_and_detects_missing_answers() -> None:
    passages = tuple(PoolPassage(p, s, 0.5, 1.0) for p, s in (("a", 1.0), ("b", 0.9)))
    pool = Pool(passages, {"top_cosine": 0.5, "coverage": 0.5, "peak": 1.0})
    good, bad = Reading(2.0, 0.0, 4.0, "1901"), Reading(-2.0, 4.0, 0.0, "mason")
    asked = [Asked(Example(str(n), "?", ("1901",), True, ("b",)), pool, {"a": bad, "b": good}) for n in range(3)]
    asked += [Asked(Example("x", "?", (), False, ("b",)), pool, {"a": bad, "b": bad})]
    result = figures("squad-v2-dev", asked)
    assert result["fused"]["recall@1"][0] == 0.0
    assert result["fused + 0.05 relevance"]["recall@1"] == [1.0, 1.0, 1.0]
    assert result["reader"]["ndcg@10"][0] == 1.0
    assert result["span"]["f1"][0] == 1.0
    assert result["near_miss"]["relevance"][0] == 1.0
    assert result["near_miss"]["dense"][0] == 0.5
    assert figures("squad-v2-dev", asked, fit(asked))["near_miss"]["together"][0] == 1.0


# --- the shipped reader -----------------------------------------------------------------------------------------------


def test_the_export_reads_as_the_checkpoint_does(base: Path, tmp_path: Path, words: Any) -> None:
    import torch

    from training.evaluate import opened
    from training.export import export
    from training.model import ReaderNet, stacked

    sequences = Sequences(words, sampling())
    net = ReaderNet(base).eval()
    pairs = [
        sequences.whole("Who built it?", "Town", f"Anna Lund built the bridge of Town{n} {'again ' * n}")[0]
        for n in range(9)
    ]
    with torch.no_grad():
        wanted = [[x[0].numpy() for x in net(*stacked([pair], torch.device("cpu")))] for pair in pairs]
    description = export(copy.deepcopy(net), pairs, tmp_path / "reader")
    assert description["check"]["correlation"] > 0.98
    run = opened(tmp_path / "reader" / "model.onnx", read_settings(CONFIG))
    for (relevance, start, end), (r, s, e), pair in zip(run(pairs), wanted, pairs, strict=True):
        assert start.shape == end.shape == (len(pair.ids),)
        assert relevance == pytest.approx(float(r), abs=0.1)
        assert np.allclose(start, s[: len(pair.ids)], atol=0.2)
        assert np.allclose(end, e[: len(pair.ids)], atol=0.2)
    for name, sha256 in description["files"].items():
        assert hashlib.sha256((tmp_path / "reader" / name).read_bytes()).hexdigest() == sha256


def test_an_export_that_knows_units_is_read_by_the_program_as_any_other(base: Path, tmp_path: Path, words: Any) -> None:
    import torch

    from training.evaluate import opened
    from training.export import export
    from training.model import ReaderNet, stacked

    sequences = Sequences(words, sampling())
    net = ReaderNet(base, unit=True).eval()
    torch.nn.init.normal_(net.unit.weight)
    pairs = [sequences.whole("Who built it?", "Town", f"Anna Lund built it {'again ' * n}.")[0] for n in range(9)]
    with torch.no_grad():
        wanted = [net(*stacked([pair], torch.device("cpu")))[3][0].numpy() for pair in pairs]
    export(net, pairs, tmp_path / "reader")
    run = opened(tmp_path / "reader" / "model.onnx", read_settings(NEWER))
    for (_, _, _, unit), own, pair in zip(run(pairs), wanted, pairs, strict=True):
        assert np.allclose(unit, own[: len(pair.ids)], atol=0.2)
    text = "Anna Lund built it."
    passage = Passage("a.md", 0, Span(0, len(text)), text, "Town", (), None, (Span(0, len(text)),), "en")
    (judgement,) = OnnxReader(tmp_path / "reader").read("Who built it?", [passage], 1.0)
    assert judgement is not None
    assert len(judgement.answers) == 1


# --- real articles ----------------------------------------------------------------------------------------------------


def a_collection(folder: Path) -> Path:
    """Two articles, a question that one of them answers, and one that neither answers."""
    (folder / "towns").mkdir(parents=True)
    (folder / "towns" / "lund.md").write_text("# Lund\n\nLund has a bridge. It was built in 1801.\n", "utf-8")
    (folder / "towns" / "hof.md").write_text("# Hof\n\nHof has a bridge as well. Nobody knows its age.\n", "utf-8")
    questions = [
        {"id": "1", "q": "When was the bridge of Lund built?", "kind": "fact", "answerable": True,
         "docs": ["lund.md"], "evidence": ["built in 1801"], "must": ["in 1801"]},
        {"id": "2", "q": "Who built the bridge of Lund?", "kind": "near-relation", "answerable": False},
        {"id": "3", "q": "and when was it built", "kind": "fact", "answerable": True, "docs": ["lund.md"],
         "evidence": ["built in 1801"], "history": ["Tell me about the bridge of Lund"]},
    ]  # fmt: skip
    (folder / "towns.jsonl").write_text("\n".join(map(json.dumps, questions)), "utf-8")
    return folder / "towns.jsonl"


@pytest.mark.model
def test_a_reader_is_judged_on_what_the_program_retrieves_from_real_articles(tmp_path: Path, words: Any) -> None:
    from training import real

    listed = a_collection(tmp_path / "real")
    asked = real.pools(listed, None, tmp_path / "work")
    assert asked == real.pools(listed, None, tmp_path / "work")
    assert [len(each.pool) for each in asked] == [2, 2, 2]
    assert asked[0].must == ("in1801",)
    assert asked[2].must == ("builtin1801",)

    def knowing(pairs: Any) -> list[tuple[Any, ...]]:
        """Judges that a passage about Lund answers questions which begin with "when", in its sentence with a year."""
        outputs = []
        for pair in pairs:
            tokens = [words.id_to_token(number) for number in pair.ids]
            answers = "1801" in tokens and "when" in tokens[: pair.question]
            unit = np.full(len(tokens), -1.0)
            if answers:
                unit[tokens.index("1801") - 4 : -1] = 9.0
            outputs.append((3.0 if answers else -3.0, np.zeros(len(tokens)), np.zeros(len(tokens)), unit))
        return outputs

    sequences = Sequences(words, newer())
    rows = list(zip(asked, real.read_all(asked, sequences, knowing), strict=True))
    result = real.figures(rows)
    assert (result["questions"], result["near"]) == (2, 1)
    assert result["evidence@1, reader"] == result["evidence@1, in use"] == 1.0
    assert result["right unit of its passage, unit"] == result["right lead of three, unit"] == 1.0
    assert result["AUROC near, best relevance"] == 1.0
    assert result["right unit of its passage, margin"] == 0.0
