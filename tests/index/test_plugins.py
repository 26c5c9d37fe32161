"""Stores from other packages: found by the scheme of `--store`, opened by their factory."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TinyEncoder
from corpora import article, installed, write
from memory_store import MemoryGeneration, MemoryStore

from qa.build import build
from qa.cli import main
from qa.config import Address, Config, PluginAddress
from qa.engine import Engine
from qa.errors import ConfigError, NoGenerationError, StoreError
from qa.index import is_shared, open_store
from qa.index.generation import OpenGeneration
from qa.index.protocols import Query
from qa.index.store import Store
from qa.index.writer import Writer

URL = "memory://shelf/articles"


def test_a_store_is_opened_by_the_scheme_of_its_url(tmp_path: Path, tiny: TinyEncoder) -> None:
    with installed(tmp_path / "packages"):
        config = Config.from_env({"QA_STORE": URL}, tmp_path / "corpus", tmp_path / "index")
        assert config.store == PluginAddress(URL)
        assert str(config.store) == URL
        store = open_store(config)
        assert isinstance(store, MemoryStore)
        with pytest.raises(NoGenerationError, match="No index was built yet: run `qa build`"):
            store.open_current()
        write(config.corpus, {"a.md": article("A", "anchor"), "b.md": article("B", "beacon")})
        assert build(config, tiny).generation == "000001"
        write(config.corpus, {"c.md": article("C", "candle")})
        (config.corpus / "b.md").rename(config.corpus / "d.md")
        tiny.encoded.clear()
        assert build(config, tiny).generation == "000002"
        assert len(tiny.encoded) == 1
        with Engine.open(config, tiny) as engine:
            assert {c.document for c in engine.ask("beacon report").citations} >= {"d.md"}
            assert engine.verify() == []
            assert engine.status().store is None
        assert list((tmp_path / "index" / "generations").iterdir()) == []


def test_a_whole_store_fits_into_150_lines() -> None:
    source = inspect.getsource(inspect.getmodule(MemoryStore))  # type: ignore[arg-type]
    assert len(source.splitlines()) <= 150


def test_a_store_must_implement_nine_methods() -> None:
    assert OpenGeneration.__abstractmethods__ == {"files", "body", "rows", "vectors"}
    assert Writer.__abstractmethods__ == {"insert", "finish"}
    assert Store.__abstractmethods__ == {"current_id", "open", "writer"}


def test_what_is_withdrawn_is_not_found_without_an_index_either(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config.corpus, {f"{word}.md": article(word.title(), word) for word in ("anchor", "beacon")})
    store = MemoryStore("memory://withdrawn", config.index)
    with installed(config.index.with_name("packages")):
        build(replace(config, store=PluginAddress("memory://withdrawn")), tiny)
    index = store.open_current()
    embedding = tiny.encode_queries(["anchor report"])[0]

    def found() -> set[str]:
        ids = index.search(lambda: embedding, Query("anchor report"), 10).ids
        return {passage.document for passage in index.passages(ids.tolist())}

    assert found() == {"anchor.md", "beacon.md"}
    monkeypatch.setattr(MemoryGeneration, "withdrawn", lambda _: frozenset(["anchor.md"]))
    assert found() == {"beacon.md"}
    assert index.vocabulary.frequencies("words", ["anchor", "beacon"]) == {"anchor": 0, "beacon": 1}


def test_the_command_line_takes_such_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "corpus", {"a.md": article("A", "anchor")})
    with installed(tmp_path / "packages"):
        places = ["--corpus", str(tmp_path / "corpus"), "--index", str(tmp_path / "index"), "--store", URL + "2"]
        assert main(["status", "--json", *places]) == 0
    state = json.loads(capsys.readouterr().out)
    assert (state["generation"], state["store"], state["counts"]["pending"]) == (None, None, 1)


def test_a_scheme_that_no_package_provides_is_a_mistake_in_the_call(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not the address of a Milvus server"):
        Config.from_env({"QA_STORE": "shelf://somewhere/articles"})
    config = Config(tmp_path / "corpus", tmp_path / "index", store=PluginAddress("shelf://somewhere/articles"))
    with pytest.raises(ConfigError, match="No installed package provides the store 'shelf'"):
        open_store(config)


@pytest.mark.parametrize("factory", ["memory_store:NoSuchName", "no_such_module:open_store"])
def test_a_package_that_cannot_be_loaded_is_one_sentence(tmp_path: Path, factory: str) -> None:
    with installed(tmp_path, factory=factory):
        config = Config.from_env({"QA_STORE": URL}, tmp_path / "corpus", tmp_path / "index")
        with pytest.raises(StoreError, match=r"The store 'memory' cannot be loaded from .*: update the package"):
            open_store(config)


def test_a_store_says_whether_other_machines_answer_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = Config(tmp_path / "corpus", tmp_path / "index")
    assert not is_shared(local)
    assert is_shared(replace(local, store=Address("127.0.0.1", 1, "articles")))
    closed: list[MemoryStore] = []
    monkeypatch.setattr(MemoryStore, "close", lambda self: closed.append(self))
    with installed(tmp_path / "packages"):
        plugin = replace(local, store=PluginAddress(URL))
        assert not is_shared(plugin)
        monkeypatch.setattr(MemoryStore, "shared", True)
        assert is_shared(plugin)
        with Engine.open(plugin, TinyEncoder()) as engine:
            assert engine.shared
            assert engine.can_build
        with Engine.open(plugin, TinyEncoder(), can_build=False) as engine:
            assert not engine.can_build
    assert len(closed) == 4


def test_no_package_takes_the_place_of_milvus(tmp_path: Path) -> None:
    with installed(tmp_path, name="milvus"):
        assert isinstance(Config.from_env({"QA_STORE": "milvus://127.0.0.1/articles"}).store, Address)
