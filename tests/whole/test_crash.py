"""`kill -9` at any moment of a rebuild: the whole old or new state answers, and the next build repairs the rest."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builder import Builder
from corpora import article, write

from qa.build import build, journal
from qa.config import Config
from qa.engine import Engine
from qa.errors import BusyError
from qa.index.local import store

if TYPE_CHECKING:
    from conftest import TinyEncoder

SEED = 20
KILLS = 20
FILES = 5
EDITION = re.compile(r"edition\d+")


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    builder = Builder()
    yield builder
    builder.close()


def write_edition(corpus: Path, number: int) -> str:
    """Rewrite every article, with the edition's word in every passage."""
    edition = f"edition{number}"
    files = {
        f"a{i}.md": article(f"Title {i} {edition}", *(f"{edition} word{i}{n}" for n in range(3))) for i in range(FILES)
    }
    write(corpus, files)
    return edition


def answering_edition(config: Config, tiny: TinyEncoder) -> str:
    """The one edition that answers, after a check of everything that could show another."""
    generation = store.LocalStore(config.index).open_current()
    assert generation.verify() == []
    texts = [document.text for path in generation.records if (document := generation.document(path))]
    assert len(texts) == FILES
    editions = {word for text in texts for word in EDITION.findall(text)}
    assert len(editions) == 1
    (edition,) = map(str, editions)
    engine = Engine.open(config, tiny)
    before = f"edition{int(edition.removeprefix('edition')) - 1}"
    for query in (edition, before, "report of the old stone wall", "word11"):
        shown = [hit.passage.encoded for hit in engine.search(query, 100).hits]
        assert shown
        assert {word for text in shown for word in EDITION.findall(text)} == {edition}
    answer = engine.ask(f"What does the {edition} report say?")
    assert answer.generation == generation.id
    for citation in answer.citations:
        document = generation.document(citation.document)
        assert document is not None
        assert citation.span.of(document.text) == citation.text
    return edition


def mended(config: Config, tiny: TinyEncoder, edition: str) -> bool:
    """Whether the next build succeeds, leaves `edition` answering, and leaves no other files."""
    build(config, tiny)
    generations = config.index / "generations"
    left = [path.name for path in generations.iterdir() if path.name.startswith(".")]
    return answering_edition(config, tiny) == edition and not left and len(list(generations.iterdir())) <= 3


def test_killed_at_random_moments_one_whole_state_answers(config: Config, tiny: TinyEncoder, builder: Builder) -> None:
    share = random.Random(SEED).random
    write_edition(config.corpus, 0)
    build(config, tiny)
    edition, killed = write_edition(config.corpus, 1), 0
    whole = builder.run(config.corpus, config.index, pause=0.01)
    assert whole.status == 0
    for number in range(KILLS):
        old, edition = edition, write_edition(config.corpus, number + 2)
        running = builder.start(config.corpus, config.index, pause=0.01)
        # Spread over the whole build, between two of its messages.
        running.wait_for("", times=int((number + share()) / KILLS * len(whole.lines)))
        running.kill(after=0.03 * share())
        killed += running.status != 0
        answering = answering_edition(config, tiny)
        assert answering in (old, edition), running.lines
        assert answering == edition or running.status != 0
        assert mended(config, tiny, edition), running.lines
    assert killed > KILLS / 2


@pytest.mark.parametrize("stage", ["comparing", "reading", "encoding", "publishing"])
def test_killed_within_each_stage_the_old_state_answers(
    config: Config, tiny: TinyEncoder, builder: Builder, stage: str
) -> None:
    old = write_edition(config.corpus, 0)
    build(config, tiny)
    new = write_edition(config.corpus, 1)
    running = builder.start(config.corpus, config.index, hold=stage)
    assert running.wait_for(f"step {stage}")
    running.kill()
    assert running.status == -9
    assert answering_edition(config, tiny) == old
    assert mended(config, tiny, new)


def test_killed_before_each_change_of_the_index_folder(config: Config, tiny: TinyEncoder, builder: Builder) -> None:
    """Every open, rename and removal in turn: also between the rename of the folder and that of CURRENT."""
    edition = write_edition(config.corpus, 0)
    build(config, tiny)
    engine = Engine.open(config, tiny)
    seen: list[str] = []
    for number in range(1, 200):
        old, edition = edition, write_edition(config.corpus, number)
        running = builder.run(config.corpus, config.index, die=number)
        answering = answering_edition(config, tiny)
        seen.append(next(line for line in reversed(running.lines) if line.startswith("change ")))
        was_published = any("os.rename .CURRENT.new" in line for line in running.lines[:-2])
        assert answering == (edition if was_published or running.status == 0 else old), seen[-1]
        assert engine.ask(f"What does the {answering} report say?").citations[0].text.count(answering)
        assert mended(config, tiny, edition), seen[-1]
        if running.status == 0:
            break
        assert running.status == -9
    assert running.status == 0
    # It must have been killed before these, among others.
    for change in (
        "sqlite3.connect passages.sqlite",
        "open manifest.json",
        "os.rename .tmp-",
        "os.rename .CURRENT.new",
    ):
        assert any(change in line for line in seen), change
    assert any("os.remove vectors.faiss" in line for line in seen)  # in the middle of pruning


def test_killed_again_and_again_between_the_two_renames_the_old_state_answers(
    config: Config, tiny: TinyEncoder, builder: Builder
) -> None:
    old = write_edition(config.corpus, 0)
    first = build(config, tiny).generation
    for number in range(1, 6):
        new = write_edition(config.corpus, number)
        assert builder.run(config.corpus, config.index, die="os.rename .CURRENT.new").status == -9
        assert answering_edition(config, tiny) == old
    # Nothing left to do: unfinished files are removed, and the current generation stays.
    write_edition(config.corpus, 0)
    assert build(config, tiny).generation == first
    assert [path.name for path in (config.index / "generations").iterdir()] == [first]
    write_edition(config.corpus, number)
    assert mended(config, tiny, new)


def test_killed_build_is_resumed_without_encoding_again(config: Config, tiny: TinyEncoder, builder: Builder) -> None:
    write(config.corpus, {f"a{i}.md": article(f"Title {i}", *(f"word{i}x{n}" for n in range(20))) for i in range(10)})
    running = builder.start(config.corpus, config.index, pause=0.05)
    assert running.wait_for("step encoding", times=5)
    running.kill()
    assert running.status == -9
    (left,) = store.LocalStore(config.index).leftovers()
    saved = dict(journal.read(left, tiny.identity))
    assert 20 <= len(saved) < 200
    report = build(config, tiny)
    assert report.passages == 200
    assert report.passages_encoded == len(tiny.encoded) == 200 - len(saved)
    assert store.LocalStore(config.index).open_current().verify() == []


def test_a_killed_writer_releases_the_lock(config: Config, tiny: TinyEncoder, builder: Builder) -> None:
    write_edition(config.corpus, 0)
    running = builder.start(config.corpus, config.index, hold="reading")
    assert running.wait_for("step")
    with pytest.raises(BusyError):
        build(config, tiny)
    running.kill()
    assert build(config, tiny).generation == "000001"
