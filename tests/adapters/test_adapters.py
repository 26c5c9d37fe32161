"""The retrievers, each in the real framework: passages with exact offsets, and the refusal of a question."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from blocked_sockets import attempts, environment
from conftest import ROOT, TinyEncoder
from served import about_cats

from qa.engine import Engine
from qa.errors import QuestionError

pytestmark = [
    pytest.mark.adapters,
    pytest.mark.filterwarnings("default"),  # what these libraries warn of is theirs
]
FRAMEWORKS = {"langchain": "langchain_core", "llama_index": "llama_index", "haystack": "haystack"}
EXTRAS = {"langchain": "langchain", "llama_index": "llama-index", "haystack": "haystack"}
ANSWERED, REFUSED = "Where do cats sleep all day long?", "Who paid the plumber of Ghent?"
TEXT = "Cats sleep all day long on the warm red sofa."
Found = list[tuple[str, dict[str, Any]]]  # the text and metadata of each passage


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if find_spec(FRAMEWORKS[name]) is None:
        pytest.skip(f"{FRAMEWORKS[name]} is not installed (pip install 'qa-articles[{EXTRAS[name]}]')")
    return name


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine.open(about_cats(tmp_path_factory.mktemp("cats"), reader="off", threshold=0.3), TinyEncoder()) as engine:
        yield engine


def of_langchain(engine: Engine, question: str, **options: Any) -> Found:
    from qa.adapters.langchain import ArticlesRetriever

    retriever = ArticlesRetriever(engine=engine, **options)
    documents = retriever.invoke(question)
    assert asyncio.run(retriever.ainvoke(question)) == documents
    assert retriever.answer(question).answerable == (question == ANSWERED)
    return [(document.page_content, document.metadata) for document in documents]


def of_llama_index(engine: Engine, question: str, **options: Any) -> Found:
    from llama_index.core.schema import MetadataMode

    from qa.adapters.llama_index import ArticlesRetriever

    retriever = ArticlesRetriever(engine, **options)
    nodes = retriever.retrieve(question)
    assert asyncio.run(retriever.aretrieve(question)) == nodes
    assert retriever.answer(question).answerable == (question == ANSWERED)
    for each in nodes:
        assert (each.node.start_char_idx, each.node.end_char_idx) == (each.metadata["start"], each.metadata["end"])
        assert each.node.ref_doc_id == each.metadata["document"] == "cats.md"
        assert each.score == pytest.approx(each.metadata["score"], abs=1e-4)
        shown = each.node.get_content(MetadataMode.LLM)
        assert "title: Cats" in shown and "confidence" not in shown
    return [(each.node.get_content(MetadataMode.NONE), each.metadata) for each in nodes]


def of_haystack(engine: Engine, question: str, **options: Any) -> Found:
    from haystack import Pipeline

    from qa.adapters.haystack import ArticlesRetriever

    pipeline = Pipeline()
    pipeline.add_component("articles", ArticlesRetriever(engine, **options))
    given = pipeline.run({"articles": {"query": question}})["articles"]
    assert given["answer"]["answerable"] == (question == ANSWERED) == (given["refusal"] == "")
    return [(document.content, document.meta) for document in given["documents"]]


ASK: dict[str, Callable[..., Found]] = {
    "langchain": of_langchain,
    "llama_index": of_llama_index,
    "haystack": of_haystack,
}


def test_passages_have_exact_offsets_their_place_and_the_confidence(framework: str, engine: Engine) -> None:
    ((text, facts),) = ASK[framework](engine, ANSWERED)
    document = engine.document(facts["document"])
    assert document is not None and document.text[facts["start"] : facts["end"]] == text == TEXT
    answer = engine.ask(ANSWERED)
    assert answer.lead is not None
    assert facts == {
        "document": "cats.md", "title": "Cats", "section": answer.citations[0].section, "page": None,
        "start": 8, "end": 8 + len(TEXT), "url": None, "link": answer.link(answer.citations[0]),
        "author": None, "date": None, "rank": 1,
        "score": round(answer.citations[0].score, 4), "changed": False, "answerable": True,
        "confidence": round(answer.confidence, 4), "answer": answer.lead.text, "refusal": None,
        "generation": answer.generation,
    }  # fmt: skip


def test_a_refusal_is_told_with_the_nearest_passages_or_leaves_nothing(framework: str, engine: Engine) -> None:
    ((_, facts),) = ASK[framework](engine, REFUSED)
    assert (facts["answerable"], facts["answer"]) == (False, None)
    assert re.match("Your articles do not seem to contain the answer", facts["refusal"])
    assert ASK[framework](engine, REFUSED, only_answers=True) == []
    assert len(ASK[framework](engine, ANSWERED, only_answers=True)) == 1


def test_only_articles_in_the_scope_are_asked(framework: str, engine: Engine) -> None:
    assert len(ASK[framework](engine, ANSWERED, scope={"file": ["cats"]})) == 1
    with pytest.raises(Exception, match="dogs") as refused:
        ASK[framework](engine, ANSWERED, scope={"file": ["dogs"]})
    assert isinstance(refused.value, QuestionError) or isinstance(refused.value.__cause__, QuestionError)


def test_a_pipeline_of_haystack_is_written_to_a_file_and_read_again(engine: Engine) -> None:
    pytest.importorskip("haystack", reason="haystack is not installed (pip install 'qa-articles[haystack]')")
    from haystack import Pipeline

    from qa.adapters.haystack import ArticlesRetriever

    pipeline = Pipeline()
    pipeline.add_component("articles", ArticlesRetriever(engine, top_k=3, only_answers=True))
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["qa.adapters.haystack"]).get_component("articles")
    assert (again.engine.config.corpus, again.engine.config.index) == (engine.config.corpus, engine.config.index)
    assert (again.top_k, again.scope, again.only_answers) == (3, None, True)
    again.engine.close()


def test_importing_and_asking_reaches_nothing_outside(framework: str, engine: Engine, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path[:0] = [{str(ROOT / 'tests')!r}, {str(Path(__file__).parent)!r}]\n"
        "import test_adapters, conftest; from dataclasses import replace; from pathlib import Path\n"
        "from qa import Config, Engine\n"
        f"config = Config(Path({str(engine.config.corpus)!r}), Path({str(engine.config.index)!r}), threshold=0.3)\n"
        f"with Engine.open(replace(config, reader='off'), conftest.TinyEncoder()) as engine:\n"
        f"    print(test_adapters.ASK[{framework!r}](engine, test_adapters.ANSWERED)[0][0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment(tmp_path), capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, TEXT), done.stderr
    assert attempts(tmp_path) == []
