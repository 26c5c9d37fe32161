"""A SentenceTransformer → a folder for `onnx_encoder`: `python -m qa.models.export NAME SOURCE WEIGHTS_SHA256 TARGET`.

It runs in a process of its own, so that torch takes memory only while it is needed. The model is traced with pooling
inside the graph, after its layers were exchanged for what ONNX Runtime has for them. It knows nothing about indexes.
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

from ..onnx_encoder import MODEL, TOKENIZER, Exported, OnnxEncoder
from ..torch_encoder import TorchEncoder
from .layers import fuse_attention, observed, to_int8, trace

# How near to torch's the embeddings of the texts in sample.txt must be: on average, and each (cosines).
MEAN_COSINE, LEAST_COSINE = 0.99, 0.97
_MADE_WITH = ("torch", "transformers", "sentence-transformers", "onnx", "onnxruntime")


def export(name: str, source: Path, weights_sha256: str, target: Path) -> Exported:
    """Write the encoder in `source` to the folder `target`: int8 where that is near enough to torch, else fp32.

    Where neither can be, `target` gets a description alone, which says "torch" and why. Raises ModelError where
    `source` holds no encoder.
    """
    reference = TorchEncoder(source, name, weights_sha256)
    texts = ["", *files("qa.models.export").joinpath("sample.txt").read_text("utf-8").splitlines()]
    with observed(reference.model) as inputs:
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
    fuse_attention(model)
    if runtime == "onnx-int8":
        to_int8(model, inputs)
    trace(_Whole(model), target / MODEL, torch.arange(1, 12)[None], {"embedding": ()})
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


class _Whole(torch.nn.Module):  # type: ignore[misc]
    """Token ids of one text, shape (1, tokens) → its embedding of unit length, shape (1, dimension)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Any) -> Any:
        embedding = self.model({"input_ids": ids})["sentence_embedding"]
        return torch.nn.functional.normalize(embedding, dim=-1)


if __name__ == "__main__":
    torch.set_num_threads(1)  # two would wait for each other where the machine has other work, and gain little
    given = sys.argv[1:]
    export(given[0], Path(given[1]), given[2], Path(given[3]))
