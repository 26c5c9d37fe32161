"""The exported encoder agrees with torch, and the shipped file is the export of the original weights.

Another encoder is exported once for an index, and exported again or refused if the export is damaged.
"""

from __future__ import annotations

import json
import logging
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import NEEDS_SETS, SHARED
from numpy.typing import NDArray

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import ModelError
from qa.evaluate import metrics
from qa.evaluate.run import has_relevant, index_dataset, read_dataset
from qa.models import encoders
from qa.models.encoders import (
    DEFAULT_NAME,
    DEFAULT_SHA256,
    default_folder,
    load_encoder,
    open_encoder,
    shipped_encoder,
    shipped_folder,
)
from qa.models.onnx_encoder import DESCRIPTION, MODEL, ExportedModel, OnnxEncoder
from qa.models.protocols import Encoder, Vectors
from qa.models.torch_encoder import TorchEncoder

pytestmark = pytest.mark.model

TEXTS = [
    "Bees sleep at night.",
    "The hive stands by the white wall, and nobody has moved it since the old beekeeper died in the spring of 1931.",
    "word " * 400,
    "🐝" * 60,
    "a\0b",
    "\n \t",
    "蜜蜂在夜里睡觉。",
    "ßþ Ω ﬁ ½",
    "x",
]


# --- embeddings -------------------------------------------------------------------------------------------------------


def test_embeddings_are_near_those_of_torch(encoder: Encoder, torch_encoder: Encoder) -> None:
    cosines = np.sum(encoder.encode_passages(TEXTS) * torch_encoder.encode_passages(TEXTS), axis=1)
    assert np.min(cosines) > 0.97
    assert np.mean(cosines) > 0.985


def test_an_embedding_does_not_depend_on_its_neighbours(encoder: Encoder) -> None:
    together = encoder.encode_passages(TEXTS)
    assert np.array_equal(encoder.encode_passages(TEXTS[::-1]), together[::-1])
    for text, row in zip(TEXTS, together, strict=True):
        assert np.array_equal(encoder.encode_queries([text])[0], row)


def test_many_threads_get_the_same_results_as_one(encoder: Encoder) -> None:
    texts = [f"{text} {number}" for number in range(6) for text in TEXTS[:2]]
    wanted = encoder.encode_passages(texts)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: encoder.encode_passages(texts), range(8)))
        counted = list(pool.map(lambda _: encoder.count_tokens(TEXTS), range(8)))
    assert all(np.array_equal(rows, wanted) for rows in results)
    assert counted == [encoder.count_tokens(TEXTS)] * 8


def test_tokens_are_counted_as_in_torch(encoder: Encoder, torch_encoder: Encoder) -> None:
    texts = [*TEXTS, "word " * 3000, ""]
    assert encoder.count_tokens(texts) == torch_encoder.count_tokens(texts)


def test_prompts_precede_queries_and_passages(encoder: Encoder) -> None:
    other = shipped_encoder("query: ", "a passage: ")
    plain = encoder.encode_passages([f"query: {TEXTS[0]}", f"a passage: {TEXTS[0]}"])
    assert np.array_equal(other.encode_queries(TEXTS[:1])[0], plain[0])
    assert np.array_equal(other.encode_passages(TEXTS[:1])[0], plain[1])
    assert other.identity.max_tokens == encoder.identity.max_tokens - 3  # "a", "passage", ":"


# --- the shipped file -------------------------------------------------------------------------------------------------


def sample() -> list[str]:
    return ["", *files("qa.models.export").joinpath("sample.txt").read_text("utf-8").splitlines()]


@dataclass(frozen=True)
class Again:
    """Another export of the original weights, and the embeddings of the sample by torch that it was compared with."""

    outcome: ExportedModel
    folder: Path
    by_torch: Vectors


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Again:
    from qa.models.export import __main__ as exporting

    encoded: dict[tuple[str, ...], Vectors] = {}

    class Recording(TorchEncoder):
        def encode_passages(self, texts: Sequence[str]) -> Vectors:
            return encoded.setdefault(tuple(texts), super().encode_passages(texts))

    folder = tmp_path_factory.mktemp("again")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "TorchEncoder", Recording)
        outcome = exporting.export(DEFAULT_NAME, default_folder(), DEFAULT_SHA256, folder)
    return Again(outcome, folder, encoded[tuple(sample())])


def test_the_shipped_file_agrees_with_sentence_transformers_as_an_export_must(encoder: Encoder, again: Again) -> None:
    from qa.models.export.__main__ import MEAN_COSINE, MIN_COSINE

    cosines = np.sum(encoder.encode_passages(sample()) * again.by_torch, axis=1)
    assert len(cosines) == 209
    assert np.min(cosines) >= MIN_COSINE
    assert np.mean(cosines) >= MEAN_COSINE


def tensors_of(model: Path) -> dict[str, NDArray[np.generic]]:
    """The weights of a model by name."""
    import onnx

    return {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(model).graph.initializer}


def test_the_shipped_file_is_the_export_of_the_original_weights(again: Again) -> None:
    shipped = ExportedModel.read(shipped_folder(), DEFAULT_SHA256)
    outcome = again.outcome
    assert shipped is not None
    assert replace(outcome, files={}, check={}, versions={}) == replace(shipped, files={}, check={}, versions={})
    assert outcome.check == pytest.approx(shipped.check, abs=0.004)  # processors round 8-bit products differently
    assert outcome.files["tokenizer.json"] == shipped.files["tokenizer.json"]
    if outcome.versions == shipped.versions:  # other versions may write the graph differently
        ours, theirs = (tensors_of(next(folder.rglob("model.onnx"))) for folder in (again.folder, shipped_folder()))
        assert ours.keys() == theirs.keys()
        for name, tensor in theirs.items():  # scales are sums, which processors add up in different orders
            if tensor.dtype == np.int8:
                assert np.max(np.abs(ours[name].astype(int) - tensor)) <= 1, name
                assert np.mean(ours[name] != tensor) <= 1e-4, name
            else:
                assert ours[name] == pytest.approx(tensor, rel=1e-3, abs=1e-6), name


@NEEDS_SETS
@pytest.mark.timeout(900)  # torch takes half a minute for them, and minutes on a busy machine
def test_passages_are_ranked_as_well_as_by_sentence_transformers(
    tmp_path: Path, encoder: Encoder, torch_encoder: Encoder
) -> None:
    dataset = read_dataset(SHARED / "eval" / "squad-v2-dev", 200)
    judged = [query for query in dataset.queries if has_relevant(dataset, query)]
    answering = {number for query in judged for number in dataset.qrels[query.id]}
    others = [passage for passage in dataset.passages if passage[0] not in answering][:60]
    some = replace(dataset, passages=[p for p in dataset.passages if p[0] in answering] + others)
    values = []
    for name, each in (("shipped", encoder), ("torch", torch_encoder)):
        (tmp_path / name).mkdir()
        engine, _ = index_dataset(some, each, tmp_path / name)
        rankings = [[hit.passage.document for hit in engine.search(query.text, 10).hits] for query in judged]
        values.append(
            np.mean([metrics.ndcg(ids, some.qrels[q.id], 10) for q, ids in zip(judged, rankings, strict=True)])
        )
    assert len(judged) > 100
    assert values[0] == pytest.approx(values[1], abs=0.004)


# --- where another encoder is stored ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ready(one_layer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index that contains only the export of `one_layer`."""
    index = tmp_path_factory.mktemp("ready") / "index"
    load_encoder(str(one_layer), index=index)
    return index


@pytest.fixture(scope="module")
def sha256(one_layer: Path) -> str:
    """The identity of `one_layer`."""
    return encoders._locate(str(one_layer))[1]


@pytest.fixture
def index(ready: Path, tmp_path: Path) -> Path:
    """A copy of an index that contains the export of `one_layer`."""
    return Path(shutil.copytree(ready, tmp_path / "index"))


@pytest.fixture
def exports(ready: Path, sha256: str, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were exported to; instead of the export process, a finished export is copied."""
    folders: list[Path] = []

    def run(command: Sequence[str], **_: object) -> SimpleNamespace:
        folders.append(Path(command[-1]))
        shutil.copytree(ready / "encoders" / sha256, folders[-1], dirs_exist_ok=True)
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return folders


def test_it_is_made_once(one_layer: Path, index: Path, exports: list[Path]) -> None:
    assert load_encoder(str(one_layer), index=index).identity == load_encoder(str(one_layer), index=index).identity
    assert exports == []


@pytest.mark.parametrize("file", [MODEL, "tokenizer.json", DESCRIPTION])
@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_a_damaged_export_is_refused_when_asking_and_repeated_when_building(
    one_layer: Path, sha256: str, index: Path, exports: list[Path], file: str, damage: str
) -> None:
    name = str(one_layer)
    built = load_encoder(name, index=index).identity.as_json()
    path = index / "encoders" / sha256 / file
    path.unlink() if damage == "missing" else path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ModelError, match=r"this index.*: run `qa build`\.$"):
        open_encoder(name, None, None, index, built)
    assert load_encoder(name, index=index).identity.as_json() == built
    assert len(exports) == 1
    assert open_encoder(name, None, None, index, built).identity.as_json() == built


def test_leftovers_of_a_killed_export_are_removed_and_not_used(
    one_layer: Path, sha256: str, index: Path, exports: list[Path]
) -> None:
    whole = index / "encoders" / sha256
    left = index / "encoders" / ".tmp-1" / sha256
    left.mkdir(parents=True)
    (left / "leftover").touch()
    shutil.rmtree(whole)
    load_encoder(str(one_layer), index=index)
    assert len(exports) == 1
    assert sorted(path.name for path in whole.iterdir()) == [DESCRIPTION, MODEL, "tokenizer.json"]
    assert list((index / "encoders").glob(".tmp-*")) == []


@pytest.mark.parametrize(
    "change",
    [{"format_version": 0}, {"weights_sha256": "0" * 64}, {"new": 1}, {"files": None}, None, [], "{", "[" * 100_000],
)
def test_a_description_that_is_not_ours_is_none(tmp_path: Path, change: object) -> None:
    known = json.loads((shipped_folder() / DESCRIPTION).read_text())
    text = (
        change if isinstance(change, str) else json.dumps({**known, **change} if isinstance(change, dict) else change)
    )
    (tmp_path / DESCRIPTION).write_text(text)
    assert ExportedModel.read(tmp_path, DEFAULT_SHA256) is None


def test_an_export_that_fails_leaves_torch_and_says_so(
    one_layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = SimpleNamespace(returncode=1, stderr="Traceback\nMemoryError: none left\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with caplog.at_level(logging.WARNING):
        encoder = load_encoder(str(one_layer), index=tmp_path)
    assert encoder.identity.runtime == "torch"
    assert "MemoryError: none left" in caplog.text
    assert list((tmp_path / "encoders").glob("[!.]*")) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with signals")
def test_an_export_that_the_system_kills_is_reported_as_out_of_memory_and_torch_is_not_tried(
    one_layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch would need as much memory in this process, which would be killed too, without a word."""
    killed = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    really = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **named: really(killed, **named))
    with pytest.raises(ModelError, match="probably because memory ran out: free some memory"):
        load_encoder(str(one_layer), index=tmp_path)
    assert [path.name for path in (tmp_path / "encoders").iterdir()] == [".lock"]


def test_another_model_has_another_hash_and_its_own_place(tmp_path: Path, exports: list[Path]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(default_folder(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").write_bytes(b"weights")
    _, first = encoders._locate(str(folder))
    (folder / "tokenizer.json").write_text("{}")
    shutil.copy(folder / "model.safetensors", folder / "other.safetensors")
    _, second = encoders._locate(str(folder))
    assert len({first, second, DEFAULT_SHA256}) == 3


# --- exporting --------------------------------------------------------------------------------------------------------


def exported(source: Path, tmp_path: Path) -> tuple[ExportedModel, Path]:
    from qa.models.export.__main__ import export

    target = tmp_path / ("1" * 64)
    target.mkdir()
    outcome = export("small", source, target.name, target)
    assert ExportedModel.read(target, target.name) == outcome
    return outcome, target


def test_another_model_is_exported_and_near_to_itself_in_torch(one_layer: Path, tmp_path: Path) -> None:
    outcome, target = exported(one_layer, tmp_path)
    assert outcome.runtime == "onnx-int8"
    assert outcome.check["texts"] > 200
    encoder = OnnxEncoder(target, outcome, "small")
    cosines = np.sum(encoder.encode_passages(TEXTS) * load_encoder(str(one_layer)).encode_passages(TEXTS), axis=1)
    assert outcome.check["least"] >= 0.97
    assert np.min(cosines) > 0.97


def test_eight_bits_that_are_too_far_from_torch_give_way_to_floats(
    one_layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qa.models.export import layers

    monkeypatch.setattr(layers, "LARGEST_WEIGHT", 1)  # weights of -1, 0 and 1
    outcome, target = exported(one_layer, tmp_path)
    assert outcome.runtime == "onnx-fp32"
    assert outcome.check["least"] > 0.9999
    assert OnnxEncoder(target, outcome, "small").encode_passages(TEXTS).shape == (len(TEXTS), 384)


def test_a_model_that_cannot_be_exported_closely_stays_in_torch(
    one_layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qa.models.export import __main__ as export

    monkeypatch.setattr(export, "MEAN_COSINE", 1.1)
    outcome, target = exported(one_layer, tmp_path)
    assert (outcome.runtime, dict(outcome.files)) == ("torch", {})
    assert "too far from torch" in outcome.reason
    assert [path.name for path in target.iterdir()] == [DESCRIPTION]


def test_a_model_of_other_parts_stays_in_torch(one_layer: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(one_layer, folder)
    modules = json.loads((folder / "modules.json").read_text())
    name = "sentence_transformers.models.Dropout"
    (folder / "modules.json").write_text(
        json.dumps([*modules, {"idx": 3, "name": "3", "path": "3_Dropout", "type": name}])
    )
    (folder / "3_Dropout").mkdir()
    (folder / "3_Dropout" / "config.json").write_text('{"dropout": 0.0}')
    outcome, _ = exported(folder, tmp_path)
    assert outcome.runtime == "torch"
    assert "'Dropout'" in outcome.reason


def test_a_model_that_stays_in_torch_answers_from_torch(
    one_layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, sha256 = encoders._locate(str(one_layer))
    description = ExportedModel("torch", sha256, 384, 256, "", "", {}, {}, {}, "too far")

    def run(command: Sequence[str], **_: object) -> SimpleNamespace:
        description.write(Path(command[-1]))
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    identity = load_encoder(str(one_layer), index=tmp_path).identity
    assert (identity.runtime, identity.weights_sha256) == ("torch", sha256)
    monkeypatch.setattr(subprocess, "run", None)  # not tried again
    assert load_encoder(str(one_layer), index=tmp_path).identity == identity
    assert open_encoder(str(one_layer), None, None, tmp_path, identity.as_json()).identity == identity
    assert replace(identity, runtime="onnx-int8") != identity


@pytest.mark.parametrize("file", [MODEL, "tokenizer.json", DESCRIPTION])
@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_verification_finds_each_damage_to_the_encoder_of_an_index(
    one_layer: Path, sha256: str, index: Path, tmp_path: Path, file: str, damage: str
) -> None:
    config = Config(tmp_path / "corpus", index, encoder=str(one_layer), reader="off")
    config.corpus.mkdir()
    (config.corpus / "a.md").write_text("# Bees\n\nThe bees sleep in winter.\n")
    build(config, load_encoder(str(one_layer), index=index))
    engine, path = Engine.open(config), index / "encoders" / sha256 / file
    assert engine.verify() == []
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(whole.replace(b'"max_tokens": ', b'"max_tokens": 1') if file == DESCRIPTION else whole[:-1])
    (problem,) = engine.verify()
    assert problem.endswith(".") and "run `qa build`" in problem
    path.write_bytes(whole)
    assert engine.verify() == []
