"""Measures search over articles in other languages: `python -m benchmarks.languages FOLDER [--languages de ru …]`.

FOLDER contains XQuAD (`xquad.de.json` …), the same paragraphs and questions of SQuAD 1.1 in each language (Artetxe,
Ruder and Yogatama 2020, CC BY-SA 4.0, https://github.com/google-deepmind/xquad). The paragraphs of a language are
indexed, one passage each, and searched with its own questions and with the English ones. A table gives nDCG@10 and, in
parentheses, recall@1 of BM25 alone, of the cosines alone, and of the program. With `--answers` every other article is
indexed, and the table says how many answers are shown to questions about these articles and about the others.
Embeddings are cached, so that only the first run takes long.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.common import CachingEncoder
from qa.ask.fusion import best
from qa.ask.query import query_of
from qa.engine import Engine
from qa.evaluate.metrics import ndcg, recall
from qa.evaluate.run import Dataset, LabelledQuery, contains_answer, index_dataset
from qa.models.encoders import load_encoder
from qa.models.protocols import Encoder
from qa.models.reader import shipped_reader

_RANKED = 100
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the number of its paragraph and of its article, and its answers."""

    text: str
    paragraph: str
    article: int
    answers: tuple[str, ...]


def main() -> None:
    arguments = _arguments()
    encoder = CachingEncoder(load_encoder(arguments.encoder, index=arguments.index))
    header = _ANSWERS if arguments.answers else _SEARCH
    print(header, "|--".join(["", *["" for _ in header.split("|")[1:-1]]]) + "|", sep="\n")
    for language in arguments.languages:
        rows = _answers if arguments.answers else _search
        for row in rows(arguments.folder, language, arguments.questions, encoder):
            print(f"| {' | '.join(row)} |", flush=True)


_SEARCH = "| articles | questions | BM25 | cosines | program |"
_ANSWERS = "| articles | questions | shown | right | shown at .85 | right | off topic: shown | shown at .85 |"


def _search(folder: Path, language: str, count: int, encoder: Encoder) -> Iterator[tuple[str, ...]]:
    paragraphs, _ = _read(folder, language)
    with tempfile.TemporaryDirectory() as temporary:
        engine, _ = index_dataset(_set(language, paragraphs), encoder, Path(temporary))
        for asked in dict.fromkeys((language, "en")):
            questions = _spread(_read(folder, asked)[1], count)
            figures = np.array([_ranked(engine, encoder, question) for question in questions]).mean(axis=0)
            yield language, asked, *(f"{figures[i]:.3f} ({figures[i + 1]:.3f})" for i in (0, 2, 4))
        engine.close()


def _ranked(engine: Engine, encoder: Encoder, question: Asked) -> list[float]:
    """nDCG@10 and recall@1 by BM25 alone, by cosine alone, and of the program."""
    qrels = {question.paragraph: 1.0}
    pool = engine.generation.search(
        lambda: encoder.encode_queries([question.text])[0], query_of(question.text), _RANKED
    )
    orders = [best(pool, scores) for scores in (pool.bm25, pool.cosine)]
    rankings = [[f"{pool.ids[row]:04d}" for row in order] for order in orders]
    rankings.append([hit.passage.document for hit in engine.search(question.text, _RANKED).hits])
    return [figure for ranked in rankings for figure in (ndcg(ranked, qrels, 10), recall(ranked, qrels, 1))]


def _answers(folder: Path, language: str, count: int, encoder: Encoder) -> Iterator[tuple[str, ...]]:
    paragraphs, own = _read(folder, language)
    articles = {question.paragraph: question.article for question in own}
    half = {number: text for number, text in paragraphs.items() if articles.get(number, 1) % 2 == 0}
    with tempfile.TemporaryDirectory() as temporary:
        engine, _ = index_dataset(_set(language, half), encoder, Path(temporary), reader=shipped_reader())
        for asked in dict.fromkeys((language, "en")):
            pairs = list(zip(_read(folder, asked)[1], own, strict=True))
            sides = [_spread([pair for pair in pairs if pair[1].article % 2 == side], count) for side in (0, 1)]
            on, off = ([(engine.ask(one.text), other.answers) for one, other in side] for side in sides)
            row = [language, asked]
            for least in (0.5, 0.85):
                right = [
                    answer.lead is not None and contains_answer(answer.lead.text, answers)
                    for answer, answers in on
                    if answer.confidence >= least
                ]
                row += [f"{len(right) / len(on):.3f}", f"{np.mean(right):.2f}" if right else "–"]
            row += [f"{np.mean([a.confidence >= least for a, _ in off]):.3f}" for least in (0.5, 0.85)]
            yield tuple(row)
        engine.close()


def _set(language: str, paragraphs: dict[str, str]) -> Dataset:
    passages = [(number, "", text) for number, text in paragraphs.items()]
    return Dataset(language, passages, [LabelledQuery("", "", (), True)], {})


def _spread(items: list[_T], count: int) -> list[_T]:
    chosen = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[number] for number in chosen]


def _read(folder: Path, language: str) -> tuple[dict[str, str], list[Asked]]:
    """The paragraphs by number and the questions, both in the order of the file, which all languages share."""
    data = json.loads((folder / f"xquad.{language}.json").read_text("utf-8"))["data"]
    paragraphs: dict[str, str] = {}
    questions = []
    for article, each in enumerate(data):
        for paragraph in each["paragraphs"]:
            number = f"{len(paragraphs):04d}"
            paragraphs[number] = paragraph["context"]
            for question in paragraph["qas"]:
                answers = tuple(answer["text"] for answer in question["answers"])
                questions.append(Asked(question["question"], number, article, answers))
    return paragraphs, questions


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--languages", nargs="+", default=["de", "ru", "zh", "ar"])
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--encoder", default="")
    parser.add_argument("--index", type=Path, default=Path("index"), help="the folder of exported encoders")
    parser.add_argument("--answers", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
