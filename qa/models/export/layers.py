"""torch layers → what ONNX Runtime has for them: fused attention, linear layers and word embeddings of 8 bits.

A model is exchanged in place, after its inputs were watched, and then traced for one text at a time. It knows nothing
about what the model is for.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import bidirectional_mask_function, eager_mask

# Weights of 7 bits: two products of an unsigned byte and ±64 fit the 16 bits that processors without VNNI add them
# up in (VPMADDUBSW saturates), so that one file gives the same results everywhere.
LARGEST_WEIGHT = 64
# How much of the spread of a layer's inputs is carried over to its weights before both are quantised (alpha of
# SmoothQuant, Xiao et al. 2023; measured: docs/decisions.md).
_CARRIED = 0.75
_WORDS = 10_000  # rows that a table of words has, and one of positions has not
_TINY = 1e-6  # for what is all zeros
_OPSET = 20  # the first with GELU
_ATTENTION = "qa-fused"


@contextlib.contextmanager
def observed(model: Any) -> Iterator[dict[str, Any]]:
    """The largest size of each input of each linear layer, by the layer's name, over what the model reads meanwhile."""
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


def to_int8(model: Any, inputs: dict[str, Any]) -> None:
    """Exchange the linear layers that were observed with these `inputs`, and the tables of words, in place."""
    for name, layer in list(model.named_modules()):
        made: Any = None
        if name in inputs:
            made = _Int8Linear(layer, inputs[name])
        elif type(layer) is torch.nn.Embedding and layer.num_embeddings >= _WORDS:
            made = _Int8Embedding(layer)
        if made is not None:
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, made)


def fuse_attention(model: Any) -> None:
    """Exchange the attention of every transformer in the model, in place: for one text at a time, without a mask."""
    AttentionInterface.register(_ATTENTION, _attend)
    AttentionMaskInterface.register(_ATTENTION, _mask)
    for module in model.modules():
        if isinstance(module, PreTrainedModel):
            module.set_attn_implementation(_ATTENTION)


def trace(model: Any, path: Path, ids: Any, outputs: Mapping[str, Sequence[int]]) -> None:
    """Write a model that takes `ids` of shape (1, tokens), of any number; `outputs` name dimensions of tokens."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that tracing is old, and that it follows no branches: results are checked
        torch.onnx.export(
            model.eval(),
            (ids,),
            path,
            input_names=["ids"],
            output_names=list(outputs),
            dynamic_axes={
                "ids": {1: "tokens"},
                **{name: dict.fromkeys(of, "tokens") for name, of in outputs.items() if of},
            },
            opset_version=_OPSET,
            dynamo=False,
        )


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


class _Int8Linear(torch.nn.Module):  # type: ignore[misc]
    """A linear layer with a scale for each column of its weights.

    A few inputs are ten times as large as the others and would leave those few of the 256 steps: each is divided by
    a number that its weights are multiplied with.
    """

    def __init__(self, layer: Any, inputs: Any) -> None:
        super().__init__()
        sizes = layer.weight.detach().abs().amax(dim=0).clamp_min(_TINY)
        spread = inputs.clamp_min(_TINY) ** _CARRIED / sizes ** (1 - _CARRIED)
        weights, scales = _quantised(layer.weight.detach() * spread, LARGEST_WEIGHT)
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
