"""A SentenceTransformer → a folder for `onnx_encoder`: `python -m qa.export NAME SOURCE WEIGHTS_SHA256 TARGET`.

It runs in a process of its own, so that torch takes memory only while it is needed. The model is traced with pooling
inside the graph; attention, linear layers and word embeddings are exchanged for what ONNX Runtime has for them. It
knows nothing about indexes.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import bidirectional_mask_function, eager_mask

from .onnx_encoder import MODEL, TOKENIZER, Exported, OnnxEncoder
from .torch_encoder import TorchEncoder

# How near to torch's the embeddings of the texts in sample.txt must be: on average, and each (cosines).
MEAN_COSINE, LEAST_COSINE = 0.99, 0.97
# Weights of 7 bits: two products of an unsigned byte and ±64 fit the 16 bits that processors without VNNI add them
# up in (VPMADDUBSW saturates), so that one file gives the same embeddings everywhere.
_LARGEST_WEIGHT = 64
# How much of the spread of a layer's inputs is carried over to its weights before both are quantised (alpha of
# SmoothQuant, Xiao et al. 2023; measured: docs/decisions.md).
_CARRIED = 0.75
_WORDS = 10_000  # rows that a table of words has, and one of positions has not
_TINY = 1e-6  # for what is all zeros
_OPSET = 20  # the first with GELU
_ATTENTION = "qa-fused"
_MADE_WITH = ("torch", "transformers", "sentence-transformers", "onnx", "onnxruntime")


def export(name: str, source: Path, weights_sha256: str, target: Path) -> Exported:
    """Write the encoder in `source` to the folder `target`: int8 where that is near enough to torch, else fp32.

    Where neither can be, `target` gets a description alone, which says "torch" and why. Raises ModelError where
    `source` holds no encoder.
    """
    reference = TorchEncoder(source, name, weights_sha256)
    texts = ["", *files("qa").joinpath("sample.txt").read_text("utf-8").splitlines()]
    with _observed(reference.model) as inputs:
        wanted = reference.encode_passages(texts)
    refused = []
    for runtime in ("onnx-int8", "onnx-fp32"):
        try:
            exported = _write(reference, runtime, inputs, target)
            found = OnnxEncoder(target, exported, name).encode_passages(texts)
        except Exception as error:  # noqa: BLE001 (whatever a foreign model leads to, it still runs in torch)
            refused.append(f"{runtime}: {error}"[:300])
            continue
        cosines = np.sum(found * wanted, axis=1)
        check = {"texts": len(texts), "mean": float(np.mean(cosines)), "least": float(np.min(cosines))}
        if check["mean"] >= MEAN_COSINE and check["least"] >= LEAST_COSINE:
            break
        refused.append(f"{runtime}: too far from torch ({check})")
    else:
        check, exported = {}, replace(_description(reference, "torch"), reason="; ".join(refused))
        for file in (MODEL, TOKENIZER):
            (target / file).unlink(missing_ok=True)
    exported = replace(exported, check=check)
    exported.write(target)
    for path in target.iterdir():
        with path.open("r+b") as written:
            os.fsync(written.fileno())  # whoever renames the folder publishes what is on the disk
    return exported


def _write(encoder: TorchEncoder, runtime: str, inputs: dict[str, Any], target: Path) -> Exported:
    """Write the files of one form; `inputs` are those that its linear layers were seen to have."""
    components = [type(component).__name__ for component in encoder.model]
    if components[:2] != ["Transformer", "Pooling"] or components[2:] not in ([], ["Normalize"]):
        raise ValueError(f"is not transformer, pooling and normalisation but {components}")
    if not encoder.model[1].include_prompt:
        raise ValueError("leaves prompts out of the pooling")
    (target / TOKENIZER).write_text(encoder.model.tokenizer.backend_tokenizer.to_str(), "utf-8")
    model = copy.deepcopy(encoder.model)
    _fuse_attention(model)
    if runtime == "onnx-int8":
        _to_int8(model, inputs)
    _trace(model, target / MODEL)
    written = {file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in (MODEL, TOKENIZER)}
    return replace(_description(encoder, runtime), files=written)


def _description(encoder: TorchEncoder, runtime: str) -> Exported:
    identity = encoder.identity
    return Exported(
        runtime=runtime,
        weights_sha256=identity.weights_sha256,
        dimension=identity.dimension,
        max_tokens=int(encoder.model.max_seq_length or 512),
        query_prompt=identity.query_prompt,
        passage_prompt=identity.passage_prompt,
        files={},
        check={},
        versions={package: version(package) for package in _MADE_WITH},
    )


def _trace(model: Any, path: Path) -> None:
    whole = _Whole(model).eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that tracing is old, and that it follows no branches: the check sees both
        torch.onnx.export(
            whole,
            (torch.arange(1, 12)[None],),
            path,
            input_names=["ids"],
            output_names=["embedding"],
            dynamic_axes={"ids": {1: "tokens"}},
            opset_version=_OPSET,
            dynamo=False,
        )


class _Whole(torch.nn.Module):  # type: ignore[misc]
    """Token ids of one text, shape (1, tokens) → its embedding of unit length, shape (1, dimension)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Any) -> Any:
        embedding = self.model({"input_ids": ids})["sentence_embedding"]
        return torch.nn.functional.normalize(embedding, dim=-1)


# --- attention --------------------------------------------------------------------------------------------------------


class _FusedAttention(torch.autograd.Function):  # type: ignore[misc]
    """Softmax attention over shapes (1, tokens, heads · size), as one operator."""

    @staticmethod
    def forward(_: Any, query: Any, key: Any, value: Any, heads: int, scale: float) -> Any:
        split = [part.unflatten(2, (heads, -1)).transpose(1, 2) for part in (query, key, value)]
        attended = torch.nn.functional.scaled_dot_product_attention(*split, scale=scale)
        return attended.transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Any, query: Any, key: Any, value: Any, heads: int, scale: float) -> Any:
        made = graph.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads, scale_f=scale)
        made.setType(query.type())
        return made


def _attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, None]:
    """transformers' attention, shapes (1, heads, tokens, size) → (1, tokens, heads, size)."""
    heads, size = int(query.shape[1]), int(query.shape[3])
    scale = float(size**-0.5 if scaling is None else scaling)
    if attention_mask is not None or key.shape[1] != heads:
        many = heads // int(key.shape[1])
        key, value = (part.repeat_interleave(many, dim=1) for part in (key, value))
        weights = query @ key.transpose(2, 3) * scale
        if attention_mask is not None:
            weights = weights + attention_mask
        return (weights.softmax(dim=-1) @ value).transpose(1, 2), None
    flat = [part.transpose(1, 2).reshape(1, -1, heads * size) for part in (query, key, value)]
    return _FusedAttention.apply(*flat, heads, scale).reshape(1, -1, heads, size), None


def _mask(mask_function: Any = bidirectional_mask_function, **named: Any) -> Any:
    """No mask where every token may see every other: a text that is run alone has no padding."""
    if mask_function is bidirectional_mask_function:
        return None
    return eager_mask(mask_function=mask_function, **named)


# --- 8 bits -----------------------------------------------------------------------------------------------------------


class _Product(torch.autograd.Function):  # type: ignore[misc]
    """rows @ (weights · scales) + bias; at run time the rows are quantised too, by the range of them all."""

    @staticmethod
    def forward(_: Any, rows: Any, weights: Any, scales: Any, zeros: Any, bias: Any) -> Any:
        return rows @ (weights.float() * scales) + bias

    @staticmethod
    def symbolic(graph: Any, rows: Any, weights: Any, scales: Any, zeros: Any, bias: Any) -> Any:
        made = graph.op("com.microsoft::DynamicQuantizeMatMul", rows, weights, scales, zeros, bias)
        made.setType(rows.type().with_sizes([1, None, bias.type().sizes()[0]]))
        return made


@contextlib.contextmanager
def _observed(model: Any) -> Iterator[dict[str, Any]]:
    """The largest size of each input of each linear layer, by the layer's name, over what is encoded meanwhile."""
    seen: dict[str, Any] = {}

    def watch(name: str) -> Callable[[Any, tuple[Any, ...]], None]:
        def look(_: Any, arguments: tuple[Any, ...]) -> None:
            largest = arguments[0].detach().abs().flatten(0, -2).amax(dim=0)
            seen[name] = torch.maximum(seen.get(name, largest), largest)

        return look

    layers = [(name, layer) for name, layer in model.named_modules() if type(layer) is torch.nn.Linear]
    hooks = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


class _Int8Linear(torch.nn.Module):  # type: ignore[misc]
    """A linear layer with a scale for each column of its weights.

    A few inputs are ten times as large as the others and would leave those few of the 256 steps: each is divided by
    a number that its weights are multiplied with.
    """

    def __init__(self, layer: Any, inputs: Any) -> None:
        super().__init__()
        sizes = layer.weight.detach().abs().amax(dim=0).clamp_min(_TINY)
        spread = inputs.clamp_min(_TINY) ** _CARRIED / sizes ** (1 - _CARRIED)
        weights, scales = _quantised(layer.weight.detach() * spread, _LARGEST_WEIGHT)
        self.register_buffer("shrink", 1 / spread)
        self.register_buffer("weights", weights.T.contiguous())
        self.register_buffer("scales", scales[:, 0].contiguous())
        self.register_buffer("zeros", torch.zeros(len(scales), dtype=torch.int8))
        bias = torch.zeros(len(scales)) if layer.bias is None else layer.bias.detach().float()
        self.register_buffer("bias", bias)

    def forward(self, rows: Any) -> Any:
        return _Product.apply(rows * self.shrink, self.weights, self.scales, self.zeros, self.bias)


class _Int8Embedding(torch.nn.Module):  # type: ignore[misc]
    """A table of embeddings with a scale for each row."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        rows, scales = _quantised(layer.weight.detach(), 127)
        self.register_buffer("rows", rows)
        self.register_buffer("scales", scales)

    def forward(self, ids: Any) -> Any:
        return self.rows[ids].float() * self.scales[ids]


def _quantised(weights: Any, largest: int) -> tuple[Any, Any]:
    """Each row as int8 within ±largest, and what to multiply it with, shape (rows, 1)."""
    scales = weights.float().abs().amax(dim=1, keepdim=True).clamp_min(_TINY) / largest
    return (weights / scales).round().to(torch.int8), scales


def _to_int8(model: Any, inputs: dict[str, Any]) -> None:
    """Exchange the linear layers that were seen at work and the tables of words, in place."""
    for name, layer in list(model.named_modules()):
        made: Any = None
        if name in inputs:
            made = _Int8Linear(layer, inputs[name])
        elif type(layer) is torch.nn.Embedding and layer.num_embeddings >= _WORDS:
            made = _Int8Embedding(layer)
        if made is not None:
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, made)


def _fuse_attention(model: Any) -> None:
    AttentionInterface.register(_ATTENTION, _attend)
    AttentionMaskInterface.register(_ATTENTION, _mask)
    for module in model.modules():
        if isinstance(module, PreTrainedModel):
            module.set_attn_implementation(_ATTENTION)


if __name__ == "__main__":
    torch.set_num_threads(1)  # two would wait for each other where the machine has other work, and gain little
    given = sys.argv[1:]
    export(given[0], Path(given[1]), given[2], Path(given[3]))
