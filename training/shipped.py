"""The shipped reader of 8 bits → weights to train on from: `load_shipped(net)`.

It knows nothing about training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from qa.models.reader import shipped_folder

from .model import ReaderNet


def load_shipped(net: ReaderNet, model: Path | None = None) -> None:
    """Put the weights of an exported reader, the shipped one by default, into the net; its embeddings stay.

    What was rounded to 8 bits stays rounded. A head that the export has not is left as it is.
    """
    found = floats(model or shipped_folder() / "model.onnx")
    names = [name for name, parameter in net.named_parameters() if parameter.requires_grad]
    if net.unit is not None and "unit.weight" not in found:
        names = [name for name in names if not name.startswith("unit.")]
    net.load_state_dict({name: found[name] for name in names}, strict=False)


def floats(model: Path) -> dict[str, Any]:
    """Parameter of `ReaderNet` → its values in an exported graph (stored as `qa.models.export.layers` says)."""
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
    # The heads' products are traced as they are: of those whose weights were turned, the name is the product's.
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in stored and node.input[1].startswith("onnx::"):
            head = node.name.strip("/").split("/")[-2]
            made[f"{head}.weight"] = stored[node.input[1]].T
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in made.items()}
