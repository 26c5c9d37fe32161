"""Turns multilingual-e5-small, packed into one file with 4 bits a weight, into the folder of a SentenceTransformer.

The file begins with the sizes of a BERT model. Its vocabulary (SentencePiece's unigrams with their scores), a table of
characters and their normal forms, and a directory of tensors follow, then the tensors. Matrices are in blocks of 32
weights (Q4_0 of llama.cpp): a scale in 16 bits, and 16 bytes of which the lower halves are the first 16 weights.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .protocols import Vectors

_MAGIC, _VERSION = b"E5S1", 1
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_MIDDLE = 8  # 4 bits hold a weight from −8 to 7 as 0 to 15
_FLOAT32, _Q4 = 0, 1
_TABLES = {"emb.word": "word", "emb.pos": "position", "emb.type": "token_type"}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class Packed:
    """The contents of the file: sizes as BERT's configuration names them, pieces with scores, and weights by name."""

    sizes: Mapping[str, int | float]
    pieces: list[tuple[str, float]]
    special: Mapping[str, int]
    tensors: Mapping[str, Vectors]


def unpack(source: Path, folder: Path, prompts: Mapping[str, str]) -> None:
    """Write the SentenceTransformer in `source` to `folder`: 470 MB. Raises ValueError for a file of another form."""
    from safetensors.numpy import save_file

    packed = read(source.read_bytes())
    tokens = {name: packed.pieces[number][0] for name, number in packed.special.items()}
    save_file(dict(packed.tensors), folder / "model.safetensors", {"format": "pt"})
    (folder / "tokenizer.json").write_text(tokenizer(packed).to_str(), "utf-8")
    written: dict[str, Any] = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "pad_token_id": packed.special["pad_token"],
            **packed.sizes,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": packed.sizes["max_position_embeddings"],
            **tokens,
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": packed.sizes["max_position_embeddings"]},
        "config_sentence_transformers.json": {"prompts": dict(prompts)},
        "1_Pooling/config.json": {
            "word_embedding_dimension": packed.sizes["hidden_size"],
            "pooling_mode_mean_tokens": True,
        },
    }
    (folder / "1_Pooling").mkdir()
    for name, value in written.items():
        (folder / name).write_text(json.dumps(value, indent=1) + "\n", "utf-8")


def read(data: bytes) -> Packed:
    """The contents of a packed file. Raises ValueError if it is cut off or of another form."""
    try:
        return _read(_Cursor(data))
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise ValueError(f"is not a packed encoder ({error})") from error


def tokenizer(packed: Packed) -> Any:
    """The tokenizer, with the special tokens around each text."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    first, unknown, last = (packed.special[name] for name in ("bos_token", "unk_token", "eos_token"))
    made = Tokenizer(models.Unigram(packed.pieces, unk_id=unknown))
    # SentencePiece's nmt_nfkc. Of the characters in the file's table, two have another normal form (U+FF5E, U+1F23B).
    made.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Strip(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    (begin, _), (end, _) = packed.pieces[first], packed.pieces[last]
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, first), (end, last)]
    )
    made.add_special_tokens([AddedToken(packed.pieces[number][0], special=True) for number in packed.special.values()])
    return made


class _Cursor:
    """Reads little-endian values one after another."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def values(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self.data, self.position)
        self.skip(struct.calcsize(f"<{form}"))
        return values

    def array(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.take(np.dtype(kind).itemsize * count), kind)

    def take(self, size: int) -> bytes:
        if size < 0 or self.position + size > len(self.data):
            raise IndexError("it is cut off")
        self.skip(size)
        return self.data[self.position - size : self.position]

    def skip(self, size: int) -> None:
        self.position += size


def _read(cursor: _Cursor) -> Packed:
    if cursor.values("4sI") != (_MAGIC, _VERSION):
        raise ValueError("its first bytes")
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
             "max_position_embeddings", "type_vocab_size", "layer_norm_eps")  # fmt: skip
    sizes = dict(zip(names, cursor.values("7if"), strict=True))
    cursor.values("i")  # weights in a block
    count, *special = cursor.values("5i")
    (size,) = cursor.values("Q")
    starts, scores = cursor.array("<u4", count + 1).tolist(), cursor.array("<f4", count).tolist()
    text = cursor.take(size)
    pieces = [text[starts[number] : starts[number + 1]].decode() for number in range(count)]
    cursor.skip(cursor.values("iI")[1])  # the table of normal forms
    tensors = dict(_tensors(cursor, int(sizes["hidden_size"])))
    tokens = dict(zip(("bos_token", "eos_token", "pad_token", "unk_token"), special, strict=True))
    return Packed(sizes, list(zip(pieces, scores, strict=True)), tokens, tensors)


def _tensors(cursor: _Cursor, width: int) -> Iterator[tuple[str, Vectors]]:
    """The weights by their names in transformers' BERT; `width` is the size of a token's embedding."""
    for _ in range(cursor.values("i")[0]):
        name = cursor.take(cursor.values("H")[0]).decode()
        kind, count, start, size = cursor.values("BIQQ")
        data = cursor.data[start : start + size]
        weights = _weights(data) if kind == _Q4 else np.frombuffer(data, "<f4")
        if kind not in (_FLOAT32, _Q4) or len(weights) != count:
            raise ValueError(f"tensor {name!r}")
        yield _bert_name(name), _shaped(name, weights, width)


def _weights(data: bytes) -> Vectors:
    blocks = np.frombuffer(data, _BLOCK)
    halves = blocks["halves"]
    integers = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - _MIDDLE
    weights: Vectors = (integers * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
    return weights


def _shaped(name: str, weights: Vectors, width: int) -> Vectors:
    """Vectors as they are; matrices with a row for each output, or for each token, position or type."""
    if name.endswith((".b", "ln.w")):
        return weights
    # A layer's last matrix leads from its wider middle back to the width of an embedding.
    return weights.reshape(width, -1) if name.endswith(".fo.w") else weights.reshape(-1, width)


def _bert_name(name: str) -> str:
    if name in _TABLES:
        return f"embeddings.{_TABLES[name]}_embeddings.weight"
    *parts, last = name.split(".")
    attribute = {"w": "weight", "b": "bias"}[last]
    if parts == ["emb", "ln"]:
        return f"embeddings.LayerNorm.{attribute}"
    layer, part = parts
    return f"encoder.layer.{int(layer[1:])}.{_LAYER[part]}.{attribute}"
