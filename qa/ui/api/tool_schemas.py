"""The JSON schemas of tools: those of the HTTP API, without references, which not every host of tools follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

_LEFT_OUT = ("title", "$defs")  # names of classes say nothing to a model


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model as one object; a definition that contains itself does so once."""
    schema = model.model_json_schema()
    whole: dict[str, Any] = _inlined(schema, schema.get("$defs", {}), ())
    return whole


def _inlined(node: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inlined(each, definitions, inside) for each in node]
    if not isinstance(node, dict):
        return node
    if reference := node.get("$ref"):
        name = reference.rpartition("/")[2]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return {**_inlined(definitions[name], definitions, (*inside, name)), **_inlined(rest, definitions, inside)}
    kept = {key: value for key, value in node.items() if key not in _LEFT_OUT or isinstance(value, dict)}
    kept.pop("$defs", None)
    made = {key: _inlined(value, definitions, inside) for key, value in kept.items() if key != "properties"}
    if "properties" in kept:
        made["properties"] = {
            name: _inlined(each, definitions, inside)
            for name, each in kept["properties"].items()
            if not _refers(each, [name for name in inside if inside.count(name) > 1])
        }
    return made


def _refers(node: Any, names: Sequence[str]) -> bool:
    """Whether a schema refers to one of these definitions."""
    if isinstance(node, dict):
        reference = str(node.get("$ref", "")).rpartition("/")[2]
        return reference in names or any(_refers(each, names) for each in node.values())
    return isinstance(node, list) and any(_refers(each, names) for each in node)
