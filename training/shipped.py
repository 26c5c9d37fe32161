"""Loads the weights of the shipped 8-bit reader, to continue training from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from qa.models.reader import shipped_folder

from .model import ReaderNet


def load_shipped(net: ReaderNet, model: Path | None = None) -> None:
    """Load the weights of an exported reader (by default the shipped one) into the net, except the embeddings.

    Weights that were rounded to 8 bits remain rounded. A head that is missing in the export is not changed.
    """
    found = floats(model or shipped_folder() / "model.onnx")
    names = [name for name, parameter in net.named_parameters() if parameter.requires_grad]
    if net.unit is not None and "unit.weight" not in found:
        names = [name for name in names if not name.startswith("unit.")]
    net.load_state_dict({name: found[name] for name in names}, strict=False)


def floats(model: Path) -> dict[str, Any]:
    """Parameter of `ReaderNet` → its values in an exported graph, stored as in `qa.models.export.layers`."""
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load(model).graph
    stored = {each.name.removeprefix("net."): np.array(to_array(each)) for each in graph.initializer}
    made = dict(stored)
    for name, weights in stored.items():
        if name.endswith(".weights"):
            layer = name.removesuffix(".weights")
            scales, shrink = (stored.get(f"{layer}.{part}") for part in ("scales", "shrink"))
            made[f"{layer}.weight"] = (weights * scales).T * shrink
    # The products of the heads are not replaced: if their weights were transposed, only the product has the name.
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in stored and node.input[1].startswith("onnx::"):
            head = node.name.strip("/").split("/")[-2]
            made[f"{head}.weight"] = stored[node.input[1]].T
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in made.items()}
