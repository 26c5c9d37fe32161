"""Exports a SentenceTransformer for `onnx_encoder`: `python -m qa.models.export NAME SOURCE WEIGHTS_SHA256 TARGET`.

It runs in a separate process, so that torch takes memory only while it is needed. The model is traced with its pooling
in the graph, after its layers have been replaced with operators of ONNX Runtime.
"""

from __future__ import annotations

import copy
import hashlib
import os
import sys
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..onnx_encoder import MODEL, TOKENIZER, ExportedModel, OnnxEncoder
from ..torch_encoder import TorchEncoder
from .layers import fuse_attention, observed, to_int8, trace

# The lowest mean and single cosine between an export's and torch's embeddings of the texts in sample.txt.
MEAN_COSINE, MIN_COSINE = 0.99, 0.97
_PACKAGES = ("torch", "transformers", "sentence-transformers", "onnx", "onnxruntime")


def export(name: str, source: Path, weights_sha256: str, target: Path) -> ExportedModel:
    """Export the encoder in `source` to the folder `target`: as int8 if that agrees with torch, otherwise as fp32.

    If neither works, `target` gets only a description with the runtime "torch" and the reason. Returns the description.
    Raises ModelError if `source` contains no encoder.
    """
    reference = TorchEncoder(source, name, weights_sha256)
    texts = ["", *files("qa.models.export").joinpath("sample.txt").read_text("utf-8").splitlines()]
    with observed(reference.model) as inputs:
        expected = reference.encode_passages(texts)
    failures = []
    for runtime in ("onnx-int8", "onnx-fp32"):
        try:
            exported = _write(reference, runtime, inputs, target)
            actual = OnnxEncoder(target, exported, name).encode_passages(texts)
        except Exception as error:  # noqa: BLE001 (whatever goes wrong in a foreign model, it still runs in torch)
            failures.append(f"{runtime}: {error}"[:300])
            continue
        cosines = np.sum(actual * expected, axis=1)
        check = {"texts": len(texts), "mean": float(np.mean(cosines)), "least": float(np.min(cosines))}
        if check["mean"] >= MEAN_COSINE and check["least"] >= MIN_COSINE:
            break
        failures.append(f"{runtime}: too far from torch ({check})")
    else:
        check, exported = {}, replace(_description(reference, "torch"), reason="; ".join(failures))
        for file in (MODEL, TOKENIZER):
            (target / file).unlink(missing_ok=True)
    exported = replace(exported, check=check)
    exported.write(target)
    for path in target.iterdir():
        with path.open("r+b") as stream:
            os.fsync(stream.fileno())  # before the caller publishes the folder by renaming it
    return exported


def _write(encoder: TorchEncoder, runtime: str, inputs: dict[str, Any], target: Path) -> ExportedModel:
    """Write the model and tokenizer for `runtime`; `inputs` are the largest of its linear layers (see `observed`)."""
    components = [type(component).__name__ for component in encoder.model]
    if components[:2] != ["Transformer", "Pooling"] or components[2:] not in ([], ["Normalize"]):
        raise ValueError(f"is not transformer, pooling and normalisation but {components}")
    if not encoder.model[1].include_prompt:
        raise ValueError("leaves prompts out of the pooling")
    (target / TOKENIZER).write_text(encoder.model.tokenizer.backend_tokenizer.to_str(), "utf-8")
    model = copy.deepcopy(encoder.model)
    fuse_attention(model)
    if runtime == "onnx-int8":
        to_int8(model, inputs)
    trace(_TextEncoder(model), target / MODEL, torch.arange(1, 12)[None], {"embedding": ()})
    checksums = {file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in (MODEL, TOKENIZER)}
    return replace(_description(encoder, runtime), files=checksums)


def _description(encoder: TorchEncoder, runtime: str) -> ExportedModel:
    identity = encoder.identity
    return ExportedModel(
        runtime=runtime,
        weights_sha256=identity.weights_sha256,
        dimension=identity.dimension,
        max_tokens=int(encoder.model.max_seq_length or 512),
        query_prompt=identity.query_prompt,
        passage_prompt=identity.passage_prompt,
        files={},
        check={},
        versions={package: version(package) for package in _PACKAGES},
    )


class _TextEncoder(torch.nn.Module):  # type: ignore[misc]
    """Maps the token ids of one text, shape (1, tokens), to its unit-length embedding, shape (1, dimension)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Any) -> Any:
        embedding = self.model({"input_ids": ids})["sentence_embedding"]
        return torch.nn.functional.normalize(embedding, dim=-1)


if __name__ == "__main__":
    torch.set_num_threads(1)  # a second one gains little, and both wait for each other on a busy machine
    arguments = sys.argv[1:]
    export(arguments[0], Path(arguments[1]), arguments[2], Path(arguments[3]))
