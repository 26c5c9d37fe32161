"""Fusion, ranking and evidence: computed by hand on made-up pools, then checked on a real index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from conftest import TinyReader
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.ask.candidates import LEAD_PASSAGES, by_reader
from qa.ask.fusion import fuse, ranks
from qa.ask.lead_model import lead_model
from qa.ask.leaning import FollowUp, carried_share
from qa.ask.ranking import Ranking
from qa.ask.rereading import READ, reread, reread_score
from qa.ask.search import rank, rank_follow_up
from qa.ask.shares import dense_shares
from qa.build import build
from qa.config import Config
from qa.index.local.store import LocalStore
from qa.index.protocols import Candidates, Embedding, PassageIndex, Query
from qa.models.protocols import Encoder, EncoderTraits, Vectors
from qa.text.document import Span
from qa.text.passage import Passage
from qa.text.query_term import QueryTerm
from qa.text.terms import analyze


def embedding() -> Vectors:
    return np.array([1, 0], dtype=np.float32)


def pool(cosine: Sequence[float], bm25: Sequence[float], ids: Sequence[int] | None = None) -> Candidates:
    numbers = range(len(cosine)) if ids is None else ids
    return Candidates(
        np.array(numbers, dtype=np.int64), np.array(cosine, dtype=np.float32), np.array(bm25, dtype=np.float32)
    )


def passage(text: str, document: str = "a.md", start: int = 0, section: tuple[str, ...] = ()) -> Passage:
    span = Span(start, start + len(text))
    return Passage(document, 0, span, text, "", section, None, (span,))


@dataclass
class FakeIndex:
    """A PassageIndex with a given pool; passage `n` has id `n`."""

    contents: list[Passage]
    candidates: Candidates
    terms: tuple[QueryTerm, ...] = ()
    asked: list[int] = field(default_factory=list)

    encoder: EncoderTraits = EncoderTraits(("en",))  # noqa: RUF009 (it is frozen)

    def count(self) -> int:
        return len(self.contents)

    def mentions(self, phrase: str) -> bool:
        return any(phrase in passage.text for passage in self.contents)

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        self.asked.append(k)
        return self.candidates

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        return [self.contents[number] for number in ids]

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        return self.terms


def fake(cosine: Sequence[float], bm25: Sequence[float], contents: list[Passage] | None = None) -> FakeIndex:
    apart = [passage(f"word{n}", document=f"{n}.md") for n in range(len(cosine))]
    return FakeIndex(contents or apart, pool(cosine, bm25))


@dataclass
class TwoPools(FakeIndex):
    """An index that returns another pool for the query with carried words."""

    carried: Candidates = field(default_factory=lambda: pool([], []))

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        return self.carried if query == FOLLOW_UP.query else self.candidates

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        return tuple(QueryTerm(frozenset([word]), 1.0, word) for word in analyze(text))


FOLLOW_UP = FollowUp(Query("died"), ("tesla",), richness=2.0)
BOTH = {"died": embedding, "tesla died": embedding}


def two_pools(cosine: float) -> TwoPools:
    contents = [passage("kant died", "0.md"), passage("zuse lived", "1.md"), passage("tesla died", "2.md")]
    return TwoPools(contents, pool([cosine, 0.1], [2, 1], [0, 1]), carried=pool([0.1, 0.6], [1, 4], [0, 2]))


# --- fusion -----------------------------------------------------------------------------------------------------------


def test_fusion_is_half_scaled_cosine_and_half_bm25_over_its_best() -> None:
    scores = fuse(pool(cosine=[0.9, 0.5, 0.1, 0.3], bm25=[0, 8, 4, 0]))
    assert scores == pytest.approx([0.5 * 1, 0.5 * 0.5 + 0.5 * 1, 0.5 * 0 + 0.5 * 0.5, 0.5 * 0.25])
    assert scores.dtype == np.float32


def test_without_word_matches_meaning_alone_decides() -> None:
    assert fuse(pool([0.9, 0.1], [0, 0])) == pytest.approx([0.5, 0])


def test_with_equal_meanings_words_alone_decide() -> None:
    assert fuse(pool([0.4, 0.4], [1, 2])) == pytest.approx([0.75, 1])


def test_ranks_are_those_of_each_side_among_what_is_allowed() -> None:
    given = pool(cosine=[0.9, 0.5, 0.7, 0.1], bm25=[0, 8, 4, 9], ids=[10, 11, 12, 13])
    assert ranks(given, 100) == ({13: 1, 11: 2, 12: 3}, {10: 1, 12: 2, 11: 3, 13: 4})  # words did not find 10
    assert ranks(given, 2) == ({13: 1, 11: 2}, {10: 1, 12: 2})  # beyond that, others may be nearer
    allowed = replace(given, allowed=np.array([False, True, True, True]))
    assert ranks(allowed, 2) == ({13: 1, 11: 2}, {12: 1, 11: 2})
    assert ranks(pool([], []), 2) == ({}, {})


def test_a_pool_of_one_or_none_is_fused() -> None:
    assert fuse(pool([-0.2], [3])) == pytest.approx([1])
    assert fuse(pool([-0.2], [0])) == pytest.approx([0.5])
    assert fuse(pool([], [])).shape == (0,)


def test_the_best_by_words_alone_scores_less_than_the_best_by_both() -> None:
    assert fuse(pool([0.9, 0.1], [4, 8]), 0) == pytest.approx([0.4, 0.8])


def test_each_candidate_may_have_a_share_of_its_own() -> None:
    shares = np.array([0, 0.3, 1], dtype=np.float32)
    assert fuse(pool([0.9, 0.1, 0.5], [4, 8, 2]), shares) == pytest.approx([0.4, 0.7, 0.5])


IN_ENGLISH, IN_GERMAN = "How warm is it in the hive?", "Wie warm ist es im Bienenstock?"
IN_RUSSIAN = "Как тепло в улье?"


@pytest.mark.parametrize(
    ("question", "shares"),
    [
        (IN_ENGLISH, [0.5, 0.5, 0.5, 0.5]),
        (IN_GERMAN, [0.5, 0.3, 0.3, 0.5]),
        (IN_RUSSIAN, [0, 0, 0, 0]),
        ("1848", [0.5, 0.3, 0.3, 0.5]),
    ],
)
def test_the_cosine_counts_as_far_as_the_encoder_knows_question_and_passage(question: str, shares: list[float]) -> None:
    given = replace(pool([0.9, 0.5, 0.3, 0.1], [1, 2, 3, 4]), languages=np.array(["en", "de", "ru", ""]))
    assert np.broadcast_to(dense_shares(question, given, ["en"]), 4) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("question", "shares"),
    [
        (IN_ENGLISH, [0.7, 0.9, 0.9, 0.7, 0.5]),
        (IN_GERMAN, [0.9, 0.7, 0.9, 0.7, 0.5]),
        (IN_RUSSIAN, [0.9, 0.9, 0.7, 0.7, 0.5]),
        ("1848", [0.7, 0.7, 0.7, 0.7, 0.3]),  # in no language
        ("Kjo është një pyetje për bletët e kopshtit.", [0.5, 0.5, 0.5, 0.5, 0.3]),
    ],
)
def test_an_encoder_of_several_languages_counts_most_between_two_of_them(question: str, shares: list[float]) -> None:
    given = pool([0.9, 0.5, 0.3, 0.2, 0.1], [1, 2, 3, 4, 5])
    given = replace(given, languages=np.array(["en", "de", "ru", "", "sq"]))
    assert np.broadcast_to(dense_shares(question, given, ["de", "en", "ru"]), 5) == pytest.approx(shares)


def test_a_question_in_latin_letters_is_in_another_script_than_a_russian_encoder() -> None:
    given = replace(pool([0.9, 0.5], [1, 2]), languages=np.array(["ru", "en"]))
    assert dense_shares(IN_ENGLISH, given, ["ru"]) == 0
    assert dense_shares(IN_RUSSIAN, given, ["ru"]) == 0.5


def test_the_cosine_counts_half_where_languages_make_no_difference() -> None:
    assert dense_shares(IN_RUSSIAN, pool([0.9, 0.5], [1, 2]), ["en"]) == 0.5


NUMBERS = st.tuples(st.floats(-1, 1, width=32), st.floats(0, 50, width=32))


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_fused_scores_are_between_0_and_1_and_keep_the_order_on_which_both_sides_agree(
    numbers: list[tuple[float, float]],
) -> None:
    cosine, bm25 = zip(*numbers, strict=True)
    scores = fuse(pool(cosine, bm25))
    assert ((scores >= 0) & (scores <= 1 + 1e-6)).all()
    for one, left in zip(numbers, scores, strict=True):
        for other, right in zip(numbers, scores, strict=True):
            if one[0] >= other[0] and one[1] >= other[1]:
                assert left >= right - 1e-6


# --- ranking ----------------------------------------------------------------------------------------------------------


def test_hits_come_best_first_with_their_parts() -> None:
    ranking = rank(fake([0.9, 0.5, 0.1, 0.3], [0, 8, 4, 0]), Query("q"), embedding, top_k=3)
    assert [hit.id for hit in ranking.hits] == [1, 0, 2]
    assert [hit.rank for hit in ranking.hits] == [1, 2, 3]
    assert [hit.score for hit in ranking.hits] == pytest.approx([0.75, 0.5, 0.25])
    assert [hit.cosine for hit in ranking.hits] == pytest.approx([0.5, 0.9, 0.1])
    assert [hit.bm25 for hit in ranking.hits] == [8, 0, 4]
    assert [hit.passage.document for hit in ranking.hits] == ["1.md", "0.md", "2.md"]
    assert str(ranking.query) == "q"


def test_equal_scores_come_in_the_order_of_their_ids() -> None:
    contents = [passage(f"word{n}", document=f"{n}.md") for n in range(12)]
    shuffled = [7, 3, 11, 0, 5, 9, 1, 10, 2, 8, 6, 4]
    index = FakeIndex(contents, pool([0.5] * 12, [1.0] * 12, ids=shuffled))
    assert [hit.id for hit in rank(index, Query("q"), embedding, top_k=12).hits] == list(range(12))


def test_more_hits_than_there_are_passages_are_all_there_are() -> None:
    assert len(rank(fake([0.9, 0.5], [1, 0]), Query("q"), embedding, top_k=100).hits) == 2


def test_the_pool_is_never_smaller_than_what_is_asked_for() -> None:
    index = fake([0.9], [1])
    rank(index, Query("q"), embedding, top_k=5, candidates=100)
    rank(index, Query("q"), embedding, top_k=250, candidates=100)
    assert index.asked == [100, 250]


def test_one_passage_is_ranked() -> None:
    ranking = rank(fake([0.3], [0]), Query("q"), embedding, top_k=5)
    assert [(hit.rank, hit.score) for hit in ranking.hits] == [(1, 0.5)]


def test_an_empty_index_has_no_hits_and_no_evidence() -> None:
    ranking = rank(fake([], []), Query("q"), embedding, top_k=5)
    assert ranking.hits == ()
    evidence = ranking.evidence
    assert (evidence.top_cosine, evidence.coverage, evidence.margin, evidence.peak) == (0, 0, 0, 0)


# --- rereading --------------------------------------------------------------------------------------------------------


def reread_ids(reader: TinyReader, scores: Sequence[float], top_k: int = 12) -> list[int]:
    """The order of the passages "word0" … with these scores, after rereading."""
    contents = [passage(f"word{number} said", document=f"{number}.md") for number in range(len(scores))]
    ranking = rank(fake(scores, [0] * len(scores), contents), Query("q"), embedding, top_k)
    again = reread(ranking, reader, 1.5).ranking
    assert [hit.rank for hit in again.hits] == list(range(1, len(again.hits) + 1))
    assert {hit.id: hit.score for hit in again.hits} == {hit.id: hit.score for hit in ranking.hits}
    assert again.evidence == ranking.evidence
    return [hit.id for hit in again.hits]


def test_a_passage_is_moved_as_far_as_what_is_said_of_it_weighs() -> None:
    # At a weight of .6, a logit of 0 is worth half of it.
    assert reread_score(0.5, 0, 0, 0, None) == pytest.approx(0.5 + 0.3 + 0.3)
    assert reread_score(0.5, 0, 0, 2, None) == pytest.approx(0.5 + 0.3 + 0.3 + 2 * 0.1)
    assert reread_score(0.5, 0, 0, 0, 1) == pytest.approx(0.5 + 0.3 + 0.3 + 3 / 11)
    assert reread_score(0.5, 0, 0, 0, 20) == pytest.approx(0.5 + 0.3 + 0.3 + 3 / 30)
    # Beyond a certain point, a higher relevance means nothing.
    assert reread_score(0, 5000, 0, 0, None) == pytest.approx(reread_score(0, 50, 0, 0, None))
    assert reread_ids(TinyReader(word0=0, word1=2, word2=0), [3, 2, 1]) == [0, 1, 2]
    assert reread_ids(TinyReader(word0=0, word1=9, word2=0), [3, 2, 1]) == [1, 0, 2]


def test_the_candidates_are_those_of_the_first_passages_in_their_new_order() -> None:
    contents = [passage(f"The word{number} said so.", document=f"{number}.md") for number in range(8)]
    ranking = rank(fake(range(8, 0, -1), [0] * 8, contents), Query("q"), embedding, 8)
    read = reread(ranking, TinyReader(word7=30, word=0), 1.0)
    assert [hit.id for hit in read.ranking.hits[:2]] == [7, 0]
    assert [each.unit.hit for each in read.candidates] == list(range(LEAD_PASSAGES))
    for each in read.candidates:
        assert each.unit.passage == read.ranking.hits[each.unit.hit].passage
    assert read.candidates == tuple(by_reader(read.ranking, lead_model("read").strength))


def test_equal_passages_are_ordered_by_their_rank_in_the_search_by_meaning() -> None:
    contents = [passage("word said", document=f"{number}.md") for number in range(3)]
    ranking = rank(fake([0.1, 0.9, 0.5], [3, 3, 3], contents), Query("q"), embedding, 3)
    even = replace(ranking, hits=tuple(replace(hit, score=0.5) for hit in sorted(ranking.hits, key=lambda hit: hit.id)))
    assert [hit.id for hit in reread(even, TinyReader(word=1), 1.0).ranking.hits] == [1, 2, 0]


def test_equally_good_ones_keep_their_order() -> None:
    assert reread_ids(TinyReader(word=3), [3, 2, 1]) == [0, 1, 2]
    assert reread_ids(TinyReader(word=3), [1, 1, 1]) == [0, 1, 2]


def test_unread_passages_keep_their_rank() -> None:
    assert reread_ids(TinyReader(word0=-9, word2=9), [4, 3, 2, 1]) == [2, 1, 0, 3]
    assert reread_ids(TinyReader(), [4, 3, 2, 1]) == [0, 1, 2, 3]


def test_only_the_first_are_read_and_the_others_follow_them() -> None:
    reader = TinyReader(word=0, word11=99)
    assert reread_ids(reader, range(12, 0, -1)) == list(range(12))
    assert reader.asked == [("q", READ, 1.5)]


def test_near_duplicates_are_not_read() -> None:
    text = "the bees of the valley sleep in the white hive by the wall all winter long"
    reader = TinyReader(bees=1)
    contents = [passage(text), passage(text + "!", start=500), passage("bees", document="b.md")]
    reread(rank(fake([3, 2, 1], [0] * 3, contents), Query("q"), embedding, 10), reader, 1.0)
    assert [count for _, count, _ in reader.asked] == [2]


# --- near-duplicates --------------------------------------------------------------------------------------------------


def shown(*contents: Passage) -> list[int]:
    falling = [1 - number / 10 for number in range(len(contents))]
    ranking = rank(fake(falling, falling, list(contents)), Query("q"), embedding, top_k=10)
    assert [hit.rank for hit in ranking.hits] == list(range(1, len(ranking.hits) + 1))
    return [hit.id for hit in ranking.hits]


def test_passages_that_overlap_by_half_are_shown_once() -> None:
    assert shown(passage("x" * 100, start=0), passage("y" * 100, start=40), passage("z" * 100, start=60)) == [0, 2]


def test_a_repeated_passage_of_one_section_is_shown_once() -> None:
    text = "the bees of the valley sleep in the white hive by the wall all winter long"
    again = text.upper() + "!"
    assert shown(passage(text), passage(again, start=500)) == [0]


def test_the_same_words_in_another_section_or_document_are_shown_too() -> None:
    text = "the bees of the valley sleep in the white hive"
    other = passage(text, start=500, section=("Winter",))
    assert shown(passage(text), other, passage(text, document="b.md")) == [0, 1, 2]


def test_different_words_of_one_section_are_shown_too() -> None:
    assert shown(passage("bees sleep in winter"), passage("wasps die in autumn", start=500)) == [0, 1]


def test_duplicates_make_room_for_the_next_best() -> None:
    same = [passage("bees sleep in the hive", start=100 * n) for n in range(30)]
    contents = [*same, *(passage(f"word{n}", document=f"{n}.md") for n in range(4))]
    falling = [1 - number / 100 for number in range(len(contents))]
    ranking = rank(fake(falling, falling, contents), Query("q"), embedding, top_k=3)
    assert [hit.id for hit in ranking.hits] == [0, 30, 31]


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_cosines_of_an_encoder_that_finds_all_texts_alike_are_spread_where_their_size_counts() -> None:
    index = fake([0.9, 0.84, 0.8, 0.77], [8, 4, 0, 0], [passage(text, document=text) for text in "abcd"])
    plain = rank(index, Query("bees"), embedding, top_k=4)
    index.encoder = EncoderTraits(("en",), 0.75, 4)
    spread = rank(index, Query("bees"), embedding, top_k=4)
    assert spread.evidence.top_cosine == pytest.approx(0.6)
    assert replace(spread.evidence, top_cosine=plain.evidence.top_cosine) == plain.evidence
    assert [hit.cosine for hit in spread.hits] == [hit.cosine for hit in plain.hits]  # those are what they are
    assert index.encoder.likeness(1.0) == 1


def test_evidence_by_hand() -> None:
    contents = [passage(text, document=text) for text in ("bees sleep", "frost", "snow", "hive")]
    index = fake([0.9, 0.5, 0.1, 0.3], [8, 4, 0, 0], contents)
    index.terms = tuple(
        QueryTerm(frozenset(analyze(word)), weight) for word, weight in (("bees", 1.0), ("sleep", 2.0), ("frost", 5.0))
    )
    evidence = rank(index, Query("bees sleep frost"), embedding, top_k=1).evidence
    assert evidence.top_cosine == pytest.approx(0.9)
    assert evidence.coverage == pytest.approx(5 / 8)  # "frost" alone weighs more than the other two
    assert evidence.margin == pytest.approx(1 - (0.5 * 0.5 + 0.5 * 0.5))
    spread = math.sqrt(sum((c - 0.45) ** 2 for c in (0.9, 0.5, 0.1, 0.3)) / 4)
    assert evidence.peak == pytest.approx((0.9 - 0.45) / spread, rel=1e-5)
    assert evidence.passages == 4


def test_evidence_does_not_depend_on_how_many_hits_are_asked_for() -> None:
    index = fake([0.9, 0.5, 0.1, 0.3], [8, 4, 0, 0])
    assert rank(index, Query("q"), embedding, top_k=1).evidence == rank(index, Query("q"), embedding, top_k=4).evidence


def test_a_pool_of_equals_has_no_peak() -> None:
    evidence = rank(fake([0.4, 0.4, 0.4], [1, 1, 1]), Query("q"), embedding, top_k=1).evidence
    assert (evidence.peak, evidence.margin) == (0, 0)


# --- a real index -----------------------------------------------------------------------------------------------------

BEES = {
    "bees.md": "# Bees\n\n## Sleep\n\nBees sleep at night in the white hive.\n\n## Food\n\nThey eat honey in winter.\n",
    "wasps.md": "# Wasps\n\nWasps sleep never; they die when the frost comes in autumn.\n",
    "copy.md": "# Wasps\n\nWasps sleep never; they die when the frost comes in autumn.\n",
    "boats.txt": "Boats of the lake\nA boat of oak is heavy, but it lasts longer than the man who built it.\n",
}


@pytest.fixture
def built(config: Config, tiny: Encoder) -> Config:
    for name, text in BEES.items():
        (config.corpus / name).write_text(text)
    build(config, tiny)
    return config


def test_every_hit_has_its_exact_cosine_found_by_words_or_not(built: Config, tiny: Encoder) -> None:
    index = LocalStore(built.index).open_current()
    vector = tiny.encode_queries(["Do bees sleep?"])[0]
    hits = rank(index, Query("Do bees sleep?"), lambda: vector, top_k=10).hits
    assert len(hits) == index.count()
    for hit in hits:
        exact = float(tiny.encode_passages([hit.passage.encoded])[0] @ vector)
        assert hit.cosine == pytest.approx(exact, abs=1e-3)  # rows are of half precision
    index.close()


def test_a_passage_that_only_words_found_has_a_cosine_too(built: Config, tiny: Encoder) -> None:
    index = LocalStore(built.index).open_current()
    vector = tiny.encode_queries(["oak boat lasts"])[0]  # by meaning, it is about boats; by words, about frost
    candidates = index.search(lambda: vector, Query("frost"), 1)
    exact = tiny.encode_passages([p.encoded for p in index.passages(candidates.ids.tolist())]) @ vector
    assert len(candidates.ids) == 2
    assert candidates.cosine == pytest.approx(exact, abs=1e-3)
    assert sorted((candidates.bm25 > 0).tolist()) == [False, True]
    index.close()


def ranked(index: PassageIndex, encoder: Encoder, query: str, top_k: int) -> Ranking:
    return rank(index, Query(query), lambda: encoder.encode_queries([query])[0], top_k)


def test_equal_texts_of_two_documents_are_both_shown(built: Config, tiny: Encoder) -> None:
    index = LocalStore(built.index).open_current()
    hits = ranked(index, tiny, "When do wasps die?", 2).hits
    assert [hit.passage.document for hit in hits] == ["wasps.md", "copy.md"]  # the first one's name has a word more
    assert hits[0].cosine == hits[1].cosine
    index.close()


def test_a_query_without_a_known_word_is_ranked_by_meaning(built: Config, tiny: Encoder) -> None:
    index = LocalStore(built.index).open_current()
    ranking = ranked(index, tiny, "zxqv", 100)
    assert len(ranking.hits) == index.count()
    assert all(hit.bm25 == 0 for hit in ranking.hits)
    assert ranking.evidence.coverage == 0
    index.close()


def test_asking_twice_gives_the_same_ranking(built: Config, tiny: Encoder) -> None:
    index = LocalStore(built.index).open_current()
    once, again = (ranked(index, tiny, "winter in the hive", 5) for _ in range(2))
    assert once.hits == again.hits
    assert once.evidence == again.evidence
    index.close()


# --- follow-ups -------------------------------------------------------------------------------------------------------


def test_both_searches_of_a_follow_up_are_added_in_shares() -> None:
    ranking = rank_follow_up(two_pools(0.2), FOLLOW_UP, BOTH, top_k=3)
    share = carried_share(FOLLOW_UP, 0.2, support=1.0)
    assert 0.5 < share < 0.9
    assert [hit.passage.document for hit in ranking.hits] == ["2.md", "0.md", "1.md"]
    own, carried = fuse(pool([0.2, 0.1], [2, 1])), fuse(pool([0.1, 0.6], [1, 4]))
    wanted = [share * carried[1], (1 - share) * own[0] + share * carried[0], (1 - share) * own[1]]
    assert [hit.score for hit in ranking.hits] == pytest.approx(wanted)
    assert (ranking.query, ranking.carried) == (Query("tesla died"), ("tesla",))
    assert [term.word for term in ranking.terms] == analyze("died")  # the lead must answer the question itself


def test_a_question_that_is_near_enough_to_a_passage_is_ranked_alone() -> None:
    index = two_pools(0.95)
    assert rank_follow_up(index, FOLLOW_UP, BOTH, top_k=2).carried == ()
    one, other = (
        rank_follow_up(index, FOLLOW_UP, BOTH, top_k=2), rank(index, Query("died"), embedding, top_k=2)
    )  # fmt: skip
    assert (one.query, one.hits, one.evidence) == (other.query, other.hits, other.evidence)


def test_a_follow_up_to_an_empty_index_has_no_hits() -> None:
    index = TwoPools([], pool([], []))
    assert rank_follow_up(index, FOLLOW_UP, BOTH, top_k=3).hits == ()
