"""Passages are literal, in order and never too long, and nothing of an article is lost between them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats import parse, supported
from qa.formats.markdown import parse_markdown
from qa.formats.plain import parse_plain
from qa.models.protocols import Encoder
from qa.text.data_urls import data_urls
from qa.text.document import Block, Document, Section, Span
from qa.text.passage import MAX_CHARACTERS, Passage
from qa.text.passages import PassageSettings, Splitting, iter_passages, split
from qa.text.sentences import MAX_SENTENCE, sentence_spans

Count = Callable[[Sequence[str]], list[int]]
RULE = re.compile(r"[\s|:+=-]*")
SPECIAL = 2


def count_words(texts: Sequence[str]) -> list[int]:
    """Counts like the tiny encoder."""
    return [len(re.findall(r"\w+", text)) for text in texts]


def count_marks(texts: Sequence[str]) -> list[int]:
    """Every punctuation mark and every ideograph is a token, as with BERT."""
    return [len(re.findall(r"[a-z\d]+|[^\w\s]|\w", text)) for text in texts]


def count_unevenly(texts: Sequence[str]) -> list[int]:
    """Counts that do not add up: line ends are tokens too, but not at the ends of the counted text."""
    return [len(re.findall(r"\w+|\n", text.strip())) for text in texts]


COUNTERS = st.sampled_from([count_words, count_marks, count_unevenly])


def check(document: Document, passages: list[Passage], count: Count, max_tokens: int) -> None:
    """The invariants of the passages of every document."""
    text, end = document.text, 0
    for order, passage in enumerate(passages):
        span = passage.span
        assert passage.order == order
        assert (passage.document, passage.title) == (document.path, document.title)
        assert end <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == passage.text == passage.text.rstrip() != ""
        assert len(span) <= MAX_CHARACTERS
        assert list(data_urls(passage.text)) == []
        end, inner = span.end, span.start
        for sentence in passage.sentences:
            assert inner <= sentence.start < sentence.end <= span.end
            assert sentence.of(text) == sentence.of(text).strip()
            inner = sentence.end
    for passage, tokens in zip(passages, count([passage.encoded for passage in passages]), strict=True):
        assert tokens + SPECIAL <= max_tokens, passage
    assert lost(document, passages) == []


def lost(document: Document, passages: list[Passage]) -> list[str]:
    """The parts of the blocks that no passage contains, except the rules of tables and `data:` addresses."""
    text, missing = document.text, []
    edges = [0, *(edge for p in passages for edge in (p.span.start, p.span.end)), len(text)]
    gaps = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if text[start:end].strip()]
    dropped = list(data_urls(text))
    for start, end in (part for gap in gaps for part in outside(gap, dropped)):
        for block in document.blocks:
            left = text[max(start, block.span.start) : min(end, block.span.end)]
            missing += [line for line in left.split("\n") if not RULE.fullmatch(line)]
    return missing


def outside(gap: tuple[int, int], dropped: list[Span]) -> list[tuple[int, int]]:
    """The parts of a stretch of text that are not dropped."""
    start, parts = gap[0], []
    for span in dropped:
        if gap[0] < span.end and span.start < gap[1]:
            parts.append((start, span.start))
            start = max(start, span.end)
    return [(first, end) for first, end in [*parts, (start, gap[1])] if first < end]


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def known_words(passages: list[Passage]) -> set[str]:
    return words(" ".join(" ".join([passage.title, *passage.section, passage.text]) for passage in passages))


# --- generated articles -----------------------------------------------------------------------------------------------

VOCABULARY = """
the bees store honey wax cells cold days workers crowd around queen keep her warm hive frost blossom swarm naïve
蜜蜂在睡觉 ハチ 🐝🐝🐝 שלום can’t 3.5 i.e. don't-stop
"""
ODD = ["e\u0301te\u0301", "👩\u200d👩\u200d👧", "z\u0300\u0301\u0302\u0303w", "a\u0301" * 90, "x" * 300, "日" * 120]
ADDRESSES = ["data:image/png;base64," + "iVBORw0KGgo=" * 60, "data:,x", f"![A hive](data:image/png;base64,{'Q' * 400})"]
HUGE = ["x" * 4_500, "`" * 600, "data:" + "x" * 4_500]
WORDS = st.sampled_from([*VOCABULARY.split(), *ODD, "https://example.org/" + "path/" * 40, *ADDRESSES, *HUGE])
SENTENCE = st.builds(
    lambda ws, end: " ".join(ws) + end,
    st.lists(WORDS, min_size=1, max_size=14),
    st.sampled_from([".", "!", "。", "", "…"]),
)
PROSE = st.lists(SENTENCE, min_size=1, max_size=8).map(" ".join)
HEADING = st.builds(
    lambda level, ws, end: f"{'#' * level} {' '.join(ws)}{end}",
    st.integers(1, 4),
    st.lists(st.sampled_from(["Boxes", "Frost", "Winter", "Queen", "Swarm", "蜂", "Été"]), min_size=1, max_size=5),
    st.sampled_from(["", "", "?"]),
)
LISTS = st.builds(
    lambda mark, items: "\n".join(f"{mark} {item}" for item in items),
    st.sampled_from(["-", "–", "1.", "*", "  -"]),
    st.lists(PROSE, min_size=1, max_size=5),
)
TABLES = st.builds(
    lambda rows, rule: "\n".join(["| hive | colour |", rule, *(f"| {a} | {b} |" for a, b in rows)]),
    st.lists(st.tuples(SENTENCE, SENTENCE), max_size=6),
    st.sampled_from(["|---|---|", "|" + "-" * 200 + "|:--:|"]),
)
CODE = st.lists(st.sampled_from(["for bee in hive:", "    bee.feed()", "", "}", "x = " + "1, " * 80]), max_size=12).map(
    lambda lines: "\n".join(["```py", *lines, "```"])
)
OTHER = st.sampled_from(
    ["<!-- " + "hidden " * 30 + "-->", "---", "> quoted\n> on.", "[x]: https://example.org", "* * *"]
)
PARTS = st.lists(st.one_of(HEADING, HEADING, PROSE, PROSE, LISTS, TABLES, CODE, OTHER), min_size=1, max_size=10)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    if draw(st.booleans()):
        return parse_markdown("x.md", "\n\n".join(draw(PARTS)) + "\n")
    return parse_plain("x.txt", draw(st.sampled_from(["\n", "\n\n"])).join(draw(PARTS)))


@settings(deadline=None, max_examples=100)
@given(documents(), COUNTERS, st.sampled_from([64, 128, 256]))
def test_passages_of_any_article_are_literal_in_order_short_enough_and_whole(
    document: Document, count: Count, max_tokens: int
) -> None:
    check(document, split(document, count, max_tokens), count, max_tokens)


@settings(deadline=None, max_examples=50)
@given(documents(), st.integers(1, 300), st.integers(0, 300))
def test_any_settings_are_honoured_within_the_limit(document: Document, most: int, small: int) -> None:
    check(document, split(document, count_words, 256, PassageSettings(most, small)), count_words, 256)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=600), st.sampled_from([parse_plain, parse_markdown]))
def test_any_text_at_all_is_split_without_loss(text: str, parse_text: Callable[[str, str], Document]) -> None:
    document = parse_text("x", text)
    check(document, split(document, count_marks, 256), count_marks, 256)


@settings(deadline=None, max_examples=50)
@given(documents(), st.sampled_from([64, 256]))
def test_a_sentence_is_cut_only_if_it_alone_is_too_long(document: Document, max_tokens: int) -> None:
    edges = {edge for p in split(document, count_words, max_tokens) for edge in (p.span.start, p.span.end)}
    for block in document.blocks:
        if block.kind != "code":
            spans = [s for part in block.parts or (block.span,) for s in sentence_spans(document.text, part)]
            for span, tokens in zip(spans, count_words([span.of(document.text) for span in spans]), strict=True):
                inside = any(span.start < edge < span.end for edge in edges)
                is_long = tokens > 16 or len(span) > MAX_CHARACTERS
                assert is_long or not inside or list(data_urls(span.of(document.text)))  # these are cut out


@settings(deadline=None, max_examples=50)
@given(documents())
def test_no_word_of_a_heading_is_lost(document: Document) -> None:
    passages = split(document, count_words, 256)
    if passages:
        headings = words(" ".join(name for section in document.sections for name in section.path))
        assert headings <= known_words(passages)


def test_the_same_article_is_always_split_the_same_way() -> None:
    document = parse_markdown("x.md", ARTICLE)
    assert split(document, count_words, 256) == split(document, count_words, 256)


# --- how long passages are --------------------------------------------------------------------------------------------

SENTENCES = [f"On day {n} the workers of hive {n} carried water from the river to the comb." for n in range(60)]
ARTICLE = "# Bees\n\n## Water\n\n" + " ".join(SENTENCES) + "\n"


def test_a_long_section_is_cut_into_even_passages_at_sentences() -> None:
    passages = split(parse_markdown("x.md", ARTICLE), count_words, 256)
    sizes = count_words([passage.text for passage in passages])
    assert len(passages) == 5  # 900 words in passages of at most 200
    assert max(sizes) - min(sizes) <= 15
    assert [s for p in passages for s in re.split(r"(?<=\.) ", p.text)] == SENTENCES


def test_no_crumb_is_left_at_the_end_of_a_section() -> None:
    for number in range(14, 40):
        text = "# Bees\n\n## Water\n\n" + "\n\n".join(SENTENCES[:number]) + "\n"
        sizes = count_words([p.text for p in split(parse_markdown("x.md", text), count_words, 256)])
        assert min(sizes) >= 100, (number, sizes)


def test_paragraphs_stay_whole_if_they_fit() -> None:
    paragraphs = [" ".join(SENTENCES[n : n + 6]) for n in (0, 6, 12, 18)]  # of 90 words each
    passages = split(parse_markdown("x.md", "\n\n".join(paragraphs)), count_words, 256)
    assert [p.text for p in passages] == ["\n\n".join(paragraphs[:2]), "\n\n".join(paragraphs[2:])]


@pytest.mark.parametrize("lines", [3, 20, 60])
def test_code_stays_whole_if_it_fits(lines: int) -> None:
    code = "\n".join(["```", *("bee feeds hive" for _ in range(lines)), "```"])
    document = parse_markdown("x.md", " ".join(SENTENCES[:8]) + f"\n\n{code}\n\n" + " ".join(SENTENCES[:8]))
    assert any(code in passage.text for passage in split(document, count_words, 256))


def test_a_table_stays_whole_if_it_fits() -> None:
    table = "\n".join(["| hive | day |", "|---|---|", *(f"| hive {n} | day {n} |" for n in range(40))])
    document = parse_markdown("x.md", " ".join(SENTENCES[:8]) + f"\n\n{table}\n\n" + " ".join(SENTENCES[:8]))
    assert any(table in passage.text for passage in split(document, count_words, 256))


def test_a_table_or_code_that_is_too_long_is_cut_between_its_lines() -> None:
    rows = [f"| hive {n} | the workers carried water |" for n in range(200)]
    document = parse_markdown("x.md", "\n".join(["| hive | water |", "|---|---|", *rows]))
    lines = [line for p in split(document, count_words, 256) for line in p.text.split("\n")]
    assert lines[2:] == rows


def test_the_rule_of_a_table_counts_towards_its_length() -> None:
    rows = [f"| hive {n} | the workers carried water |" for n in range(12)]
    document = parse_markdown("x.md", "\n".join(["| | |", "|" + "-" * 180 + "|---|", *rows]))
    check(document, split(document, count_marks, 256), count_marks, 256)


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    text = "and then the bee " * 300 + "slept."
    passages = split(parse_markdown("x.md", text), count_words, 256)
    assert " ".join(p.text for p in passages) == text
    assert min(count_words([p.text for p in passages])) > 100


def test_a_word_that_is_too_long_is_cut_anywhere() -> None:
    document = parse_markdown("x.md", "日" * 3000)
    passages = split(document, count_marks, 256)
    assert "".join(p.text for p in passages) == document.text
    check(document, passages, count_marks, 256)


LONG = " ".join(f"word{n:03}" for n in range(125))  # 1,000 characters


@pytest.mark.parametrize("max_tokens", [64, 128, 256])
@pytest.mark.parametrize("count", [count_words, count_marks])
def test_a_title_and_headings_of_a_thousand_characters_leave_room_for_the_text(count: Count, max_tokens: int) -> None:
    headings = f"## {LONG}\n\nShort.\n\n### {LONG}\n\n" + " ".join(SENTENCES)
    document = parse_markdown("x.md", f"# {LONG}\n\n{headings}\n")
    passages = split(document, count, max_tokens)
    check(document, passages, count, max_tokens)
    assert len(document.title) == len(LONG)
    assert max(count([p.text for p in passages])) >= 15


def test_headings_are_left_out_of_the_path_only_if_there_is_no_room() -> None:
    text = f"# Bees\n\n## {LONG}\n\n### Inner heading\n\n" + " ".join(SENTENCES)
    document = parse_markdown("x.md", text)
    assert {p.section for p in split(document, count_words, 256)} == {(LONG, "Inner heading")}
    assert {p.section for p in split(document, count_words, 48)} == {("Inner heading",)}


def test_a_heading_that_leaves_no_room_is_cut_but_not_lost() -> None:
    document = parse_markdown("x.md", "# Bees\n\n## " + "蜂" * 150 + "\n\n" + " ".join(SENTENCES))
    passages = split(document, count_marks, 64)
    check(document, passages, count_marks, 64)
    ((heading,),) = {p.section for p in passages}
    assert 10 <= len(heading) < 150


# --- sections ---------------------------------------------------------------------------------------------------------


def sections(text: str) -> list[tuple[tuple[str, ...], str]]:
    return [(p.section, p.text) for p in split(parse_markdown("x.md", text), count_words, 256)]


def test_small_neighbours_under_one_heading_are_one_passage_with_their_headings() -> None:
    text = "# Bees\n\n## Tools\n\n### Veil\n\nOf silk.\n\n### Smoker\n\nOf tin.\n\n### Gloves\n\nOf goat.\n"
    assert sections(text) == [
        (("Tools",), "### Veil\n\nOf silk.\n\n### Smoker\n\nOf tin.\n\n### Gloves\n\nOf goat."),
    ]


def test_small_sections_of_different_parents_stay_apart() -> None:
    text = "# Bees\n\n## Tools\n\n### Veil\n\nOf silk.\n\n## Weather\n\n### Frost\n\nOften.\n"
    assert sections(text) == [(("Tools", "Veil"), "Of silk."), (("Weather", "Frost"), "Often.")]


def test_a_section_that_is_not_small_stays_alone() -> None:
    long = " ".join(SENTENCES[:5])
    text = f"# Bees\n\n## Veil\n\nOf silk.\n\n## Water\n\n{long}\n\n## Smoker\n\nOf tin.\n"
    assert sections(text) == [(("Veil",), "Of silk."), (("Water",), long), (("Smoker",), "Of tin.")]


@pytest.mark.parametrize("question", ["Do bees sleep?", "**Do bees sleep?**", "“Do bees sleep?”", "蜜蜂睡觉吗？"])
def test_a_question_keeps_its_answer_to_itself(question: str) -> None:
    text = f"# Bees\n\n## {question}\n\nThey do.\n\n## Veil\n\nOf silk.\n\n## {question}\n\nThey do.\n"
    assert [text for _, text in sections(text)] == ["They do.", "Of silk.", "They do."]


def test_merged_sections_stay_below_the_limit_with_everything_between_them() -> None:
    comment = f"<!-- {'hidden ' * 90}-->"
    text = "# Bees\n\n" + "\n\n".join(f"## Part {n}\n\nOf tin.\n\n{comment}" for n in range(20))
    underlined = "\n\n".join(f"Part {n}\n{'-' * 60}\n\nOf tin." for n in range(40))
    for document, count in (
        (parse_markdown("x.md", text), count_words),
        (parse_markdown("x.md", underlined), count_marks),
    ):
        passages = split(document, count, 256)
        check(document, passages, count, 256)
        assert {"Part", *map(str, range(len(document.sections) - 2))} <= known_words(passages)
        assert max(count([p.text for p in passages])) <= PassageSettings().most


def test_counts_that_do_not_add_up_make_no_passage_too_long_and_lose_no_heading() -> None:
    document = parse_markdown("x.md", "\n\n".join(f"Word{n}" for n in range(300)))
    check(document, split(document, count_unevenly, 128), count_unevenly, 128)
    document = parse_markdown("x.md", "# Bees\n\n" + "\n\n".join(f"## Part {n}\n\nOf\ntin." for n in range(99)))
    passages = split(document, count_unevenly, 128)
    check(document, passages, count_unevenly, 128)
    assert set(map(str, range(99))) <= known_words(passages)


def test_a_comment_between_paragraphs_counts_in_its_place() -> None:
    comment = f"<!-- {'hidden ' * 90}-->"
    document = parse_markdown("x.md", f"\n\n{comment}\n\n".join(SENTENCES[:12]))
    passages = split(document, count_words, 256)
    assert max(count_words([p.text for p in passages])) <= PassageSettings().most


def test_text_before_the_first_heading_has_no_section() -> None:
    text = "# Bees\n\nBees are small.\n\n## Water\n\n" + " ".join(SENTENCES[:5]) + "\n"
    assert sections(text)[0] == ((), "Bees are small.")


def test_title_headings_and_text_are_encoded() -> None:
    (passage,) = split(parse_markdown("x.md", "# Bees\n\n## Water\n\n### Rain\n\nIt rains.\n"), count_words, 256)
    assert passage.encoded == "Bees. Water > Rain. It rains."
    assert passage.text == "It rains."


# --- sentences of passages --------------------------------------------------------------------------------------------


def test_the_sentences_of_list_items_come_without_their_marks() -> None:
    document = parse_markdown("x.md", "- A veil. Of silk.\n- A smoker\n\n1. Open.\n2. Look.\n")
    passages = split(document, count_words, 256)
    texts = [sentence.of(document.text) for passage in passages for sentence in passage.sentences]
    assert texts == ["A veil.", "Of silk.", "A smoker", "Open.", "Look."]


def test_a_line_of_code_is_one_sentence_and_fences_and_headings_are_none() -> None:
    text = "# Bees\n\n## A\n\nOne.\n\n```sh\n  code. here.\n\n}\n```\n\n## B\n\nTwo.\n"
    document = parse_markdown("x.md", text)
    (passage,) = split(document, count_words, 256)
    assert [sentence.of(document.text) for sentence in passage.sentences] == ["One.", "code. here.", "Two."]


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_passage_has_the_page_on_which_it_begins() -> None:
    paragraphs = [" ".join(SENTENCES[n : n + 10]) for n in (0, 10, 20)]
    text = "\n\n".join(paragraphs)
    starts = [text.index(paragraph) for paragraph in paragraphs]
    pages = (Span(0, starts[1]), Span(starts[1], starts[2]), Span(starts[2], len(text)))
    plain = Document(
        path="x.pdf",
        title="",
        text=text,
        sections=(Section((), 0, Span(0, len(text))),),
        blocks=tuple(Block("paragraph", Span(s, s + len(p)), 0) for s, p in zip(starts, paragraphs, strict=True)),
    )
    assert [p.page for p in split(replace(plain, pages=pages), count_words, 256)] == [1, 2, 3]
    assert [p.page for p in split(plain, count_words, 256)] == [None, None, None]


def test_an_article_without_content_has_no_passages() -> None:
    assert split(parse_markdown("x.md", "# Bees\n\n## Water\n"), count_words, 256) == []


# --- the tokens of the real encoder -----------------------------------------------------------------------------------


@pytest.mark.model
@settings(deadline=None, max_examples=40)
@given(document=documents(), max_tokens=st.sampled_from([64, 256]))
def test_passages_of_any_article_fit_the_real_encoder(encoder: Encoder, document: Document, max_tokens: int) -> None:
    check(document, split(document, encoder.count_tokens, max_tokens), encoder.count_tokens, max_tokens)


@pytest.mark.model
@pytest.mark.parametrize("max_tokens", [128, 256])
def test_long_titles_and_headings_fit_the_real_encoder(encoder: Encoder, max_tokens: int) -> None:
    long = " ".join(f"unusual{n:03} heading" for n in range(63))
    text = f"# {long}\n\n## {long}\n\nShort.\n\n### {long}\n\n{' '.join(SENTENCES)}\n"
    document = parse_markdown("x.md", text)
    check(document, split(document, encoder.count_tokens, max_tokens), encoder.count_tokens, max_tokens)


@pytest.mark.model
@pytest.mark.parametrize(("max_tokens", "step"), [(256, 1), (128, 4), (64, 4)])
def test_passages_of_real_articles_fit_the_real_encoder(
    encoder: Encoder, articles: Path, max_tokens: int, step: int
) -> None:
    files = sorted(path for path in articles.rglob("*") if path.is_file() and supported(path.name))
    texts = [path for path in files if path.suffix == ".txt"]
    for path in {*texts, *files[::step]}:
        (document,) = parse(path.relative_to(articles).as_posix(), path.read_bytes()).documents
        passages = split(document, encoder.count_tokens, max_tokens)
        check(document, passages, encoder.count_tokens, max_tokens)
        assert passages


@pytest.mark.parametrize(
    "note", ["![A hive](hive.png)", ':::image type="content" source="hive.png" alt-text="A hive.":::', "{alt: A hive}"]
)
def test_pictures_and_directives_are_in_the_passage_but_are_not_sentences(note: str) -> None:
    document = parse_markdown("a.md", f"# Bees\n\nThe bees sleep in winter.\n\n{note}\n")
    (only,) = split(document, count_words, 256)
    assert note in only.text
    assert [span.of(document.text) for span in only.sentences] == ["The bees sleep in winter."]


@pytest.mark.parametrize("text", ["```\n" + "a\n" * 100_000 + "```\n", "Bees sleep. " * 50_000])
def test_very_many_small_pieces_take_no_longer_than_others(text: str) -> None:
    document = parse_markdown("x.md", text)
    started = time.process_time()
    assert split(document, count_words, 256)
    assert time.process_time() - started < 10  # 1.5 s on an idle machine


@pytest.mark.parametrize(
    "text",
    ["x" * 19_000, "x " * 9_000, "# " + "x" * 9_000, "- " + "x" * 9_000 + "\n- y", "```\n" + "x" * 9_000, "`" * 9_000],
)
def test_no_passage_is_longer_than_the_limit_in_characters_though_it_may_be_one_token(text: str) -> None:
    document = parse_markdown("x.md", text)
    passages = split(document, lambda texts: [1 for _ in texts], 256)
    check(document, passages, lambda texts: [1 for _ in texts], 256)
    assert 0 < max(len(passage.text) for passage in passages) <= MAX_CHARACTERS


def test_no_text_is_counted_that_is_longer_than_a_sentence_may_be() -> None:
    """However long a word, line, item, comment or picture is, and however slow the counting of tokens."""
    counted: list[int] = []

    def count(texts: Sequence[str]) -> list[int]:
        counted.extend(map(len, texts))
        return count_words(texts)

    lots = 50_000
    parts = ["x" * lots, f"- {'y' * lots}", f"```\n{'z' * lots}\n```", f"<!-- {'c ' * lots} -->", f"# {'h' * lots}"]
    parts += [f"![A]({'u' * lots})", f"![B](data:image/png;base64,{'v' * lots})", "end"]
    document = parse_markdown("x.md", "\n\n".join(parts))
    check(document, split(document, count, 256), count_words, 256)
    assert max(counted) <= MAX_SENTENCE
    assert sum(counted) < 5 * len(document.text)


def test_a_picture_that_is_written_into_the_text_is_in_no_passage_but_the_words_around_it_are() -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 1_000
    text = f"# Hives\n\nA white hive ![The hive]({picture}) stands in the garden.\n\n- one\n- <{picture}>\n- two\n"
    document = parse_markdown("x.md", text)
    passages = split(document, count_words, 256)
    assert document.text == text
    assert [p.text for p in passages] == ["A white hive ![The hive", "stands in the garden.\n\n- one", "- two"]
    assert all(s.of(text) for p in passages for s in p.sentences if "iVBOR" not in s.of(text))


def test_a_short_example_of_such_an_address_is_text() -> None:
    text = "An address such as data:text/plain;base64,SGVsbG8= holds a file."
    assert [p.text for p in split(parse_markdown("x.md", text), count_words, 256)] == [text]


def test_passages_are_made_before_the_whole_text_was_split() -> None:
    """The first passages of a text that would take minutes come at once."""
    document = parse_plain("x.txt", " ".join("On one day the bees carried water." for _ in range(100_000)))
    asked: list[int] = []

    def count(texts: Sequence[str]) -> list[int]:
        asked.append(len(texts))
        return count_words(texts)

    next(iter_passages(document, Splitting(count, 256)))
    assert sum(asked) < 100_000


def test_a_very_long_section_is_cut_into_even_passages_stretch_by_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.text.packing.MAX_UNITS", 100)
    document = parse_markdown("x.md", "# Bees\n\n## Water\n\n" + " ".join(SENTENCES * 5) + "\n")
    passages = split(document, count_words, 256)
    check(document, passages, count_words, 256)
    assert [sentence.of(document.text) for p in passages for sentence in p.sentences] == SENTENCES * 5
    assert {p.section for p in passages} == {("Water",)}
