"""Replaces torch layers with operators of ONNX Runtime: fused attention, 8-bit linear layers and word embeddings.

A model is observed on real texts, changed in place, and then traced for one text at a time.
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
# How much of the spread of a layer's inputs is moved to its weights before both are quantised (alpha of SmoothQuant,
# Xiao et al. 2023; the value was measured: docs/decisions.md).
_ALPHA = 0.75
_MIN_WORDS = 10_000  # rows: tells a table of word embeddings from one of position embeddings
_EPSILON = 1e-6  # replaces zero as a divisor
_OPSET = 20  # the first with GELU
_ATTENTION = "qa-fused"


@contextlib.contextmanager
def observed(model: Any) -> Iterator[dict[str, Any]]:
    """Yield the largest absolute value of each input of each linear layer, by layer name, while the model runs."""
    largest_inputs: dict[str, Any] = {}

    def hook_for(name: str) -> Callable[[Any, tuple[Any, ...]], None]:
        def hook(_: Any, arguments: tuple[Any, ...]) -> None:
            largest = arguments[0].detach().abs().flatten(0, -2).amax(dim=0)
            largest_inputs[name] = torch.maximum(largest_inputs.get(name, largest), largest)

        return hook

    layers = [(name, layer) for name, layer in model.named_modules() if type(layer) is torch.nn.Linear]
    hooks = [layer.register_forward_pre_hook(hook_for(name)) for name, layer in layers]
    try:
        yield largest_inputs
    finally:
        for hook in hooks:
            hook.remove()


def to_int8(model: Any, inputs: dict[str, Any]) -> None:
    """Quantise the word embeddings and the linear layers, whose largest `inputs` were observed, in place."""
    for name, layer in list(model.named_modules()):
        replacement: Any = None
        if name in inputs:
            replacement = _Int8Linear(layer, inputs[name])
        elif type(layer) is torch.nn.Embedding and layer.num_embeddings >= _MIN_WORDS:
            replacement = _Int8Embedding(layer)
        if replacement is not None:
            parent, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(parent), attribute, replacement)


def fuse_attention(model: Any) -> None:
    """Replace the attention of every transformer in the model, in place, for one text at a time without a mask."""
    AttentionInterface.register(_ATTENTION, _attend)
    AttentionMaskInterface.register(_ATTENTION, _mask)
    for module in model.modules():
        if isinstance(module, PreTrainedModel):
            module.set_attn_implementation(_ATTENTION)


def trace(model: Any, path: Path, ids: Any, outputs: Mapping[str, Sequence[int]]) -> None:
    """Export a model to ONNX: it takes `ids` of shape (1, tokens); `outputs` maps each output to its axes of tokens."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the old tracer, which follows no branches: the results are checked
        torch.onnx.export(
            model.eval(),
            (ids,),
            path,
            input_names=["ids"],
            output_names=list(outputs),
            dynamic_axes={
                "ids": {1: "tokens"},
                **{name: dict.fromkeys(axes, "tokens") for name, axes in outputs.items() if axes},
            },
            opset_version=_OPSET,
            dynamo=False,
        )


# --- attention --------------------------------------------------------------------------------------------------------


class _FusedAttention(torch.autograd.Function):  # type: ignore[misc]
    """Softmax attention as one operator, over shape (1, tokens, heads · size)."""

    @staticmethod
    def forward(_: Any, query: Any, key: Any, value: Any, heads: int, scale: float) -> Any:
        by_head = [tensor.unflatten(2, (heads, -1)).transpose(1, 2) for tensor in (query, key, value)]
        attended = torch.nn.functional.scaled_dot_product_attention(*by_head, scale=scale)
        return attended.transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Any, query: Any, key: Any, value: Any, heads: int, scale: float) -> Any:
        output = graph.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads, scale_f=scale)
        output.setType(query.type())
        return output


def _attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, None]:
    """The attention function of transformers: shape (1, heads, tokens, size) → (1, tokens, heads, size)."""
    heads, size = int(query.shape[1]), int(query.shape[3])
    scale = float(size**-0.5 if scaling is None else scaling)
    if attention_mask is not None or key.shape[1] != heads:
        group = heads // int(key.shape[1])  # heads that share a key
        key, value = (tensor.repeat_interleave(group, dim=1) for tensor in (key, value))
        weights = query @ key.transpose(2, 3) * scale
        if attention_mask is not None:
            weights = weights + attention_mask
        return (weights.softmax(dim=-1) @ value).transpose(1, 2), None
    flat = [tensor.transpose(1, 2).reshape(1, -1, heads * size) for tensor in (query, key, value)]
    return _FusedAttention.apply(*flat, heads, scale).reshape(1, -1, heads, size), None


def _mask(mask_function: Any = bidirectional_mask_function, **arguments: Any) -> Any:
    """No mask if every token may attend to every other, because a text run by itself has no padding."""
    if mask_function is bidirectional_mask_function:
        return None
    return eager_mask(mask_function=mask_function, **arguments)


# --- 8 bits -----------------------------------------------------------------------------------------------------------


class _Product(torch.autograd.Function):  # type: ignore[misc]
    """rows @ (weights · scales) + bias; at run time the rows too are quantised, by their common range."""

    @staticmethod
    def forward(_: Any, rows: Any, weights: Any, scales: Any, zeros: Any, bias: Any) -> Any:
        return rows @ (weights.float() * scales) + bias

    @staticmethod
    def symbolic(graph: Any, rows: Any, weights: Any, scales: Any, zeros: Any, bias: Any) -> Any:
        output = graph.op("com.microsoft::DynamicQuantizeMatMul", rows, weights, scales, zeros, bias)
        output.setType(rows.type().with_sizes([1, None, bias.type().sizes()[0]]))
        return output


class _Int8Linear(torch.nn.Module):  # type: ignore[misc]
    """A linear layer in 8 bits, with a scale for each output.

    A few inputs are ten times as large as the others and would leave them few of the 256 steps, so each input is
    divided by a factor by which its weights are multiplied (SmoothQuant).
    """

    def __init__(self, layer: Any, inputs: Any) -> None:
        super().__init__()
        largest_weights = layer.weight.detach().abs().amax(dim=0).clamp_min(_EPSILON)
        spread = inputs.clamp_min(_EPSILON) ** _ALPHA / largest_weights ** (1 - _ALPHA)
        weights, scales = _quantise(layer.weight.detach() * spread, LARGEST_WEIGHT)
        self.register_buffer("shrink", 1 / spread)
        self.register_buffer("weights", weights.T.contiguous())
        self.register_buffer("scales", scales[:, 0].contiguous())
        self.register_buffer("zeros", torch.zeros(len(scales), dtype=torch.int8))
        bias = torch.zeros(len(scales)) if layer.bias is None else layer.bias.detach().float()
        self.register_buffer("bias", bias)

    def forward(self, rows: Any) -> Any:
        return _Product.apply(rows * self.shrink, self.weights, self.scales, self.zeros, self.bias)


class _Int8Embedding(torch.nn.Module):  # type: ignore[misc]
    """A table of embeddings in 8 bits, with a scale for each row."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        rows, scales = _quantise(layer.weight.detach(), 127)
        self.register_buffer("rows", rows)
        self.register_buffer("scales", scales)

    def forward(self, ids: Any) -> Any:
        return self.rows[ids].float() * self.scales[ids]


def _quantise(weights: Any, largest: int) -> tuple[Any, Any]:
    """Each row as int8 within ±largest, and the factors that restore it, shape (rows, 1)."""
    scales = weights.float().abs().amax(dim=1, keepdim=True).clamp_min(_EPSILON) / largest
    return (weights / scales).round().to(torch.int8), scales
