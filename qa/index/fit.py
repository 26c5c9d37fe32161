"""Checks that a generation fits the encoder and the settings of the program that is to answer from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ..config import Config
from ..errors import MismatchError, QAError, Remedy
from ..models.encoders import open_encoder
from ..models.protocols import Encoder
from ..text.passages import PassageSettings
from .generation import OpenGeneration


def made_from(encoder: Mapping[str, Any]) -> tuple[object, object]:
    """What an encoder was made from: equal ones are the same model in the same program."""
    return encoder["weights_sha256"], encoder["runtime"]


def check_encoder(generation: OpenGeneration, encoder: Encoder) -> None:
    """Raise MismatchError if the embeddings are not those of this encoder."""
    built, now = dict(generation.manifest.encoder), asdict(encoder.identity)
    differs = next((name for name in now if built.get(name) != now[name]), None)
    if differs is not None:
        raise mismatch(built.get("name"), now["name"], differs)


def problems(generation: OpenGeneration, config: Config | None, reader: Callable[[], object]) -> list[str]:
    """Everything that is wrong with a generation, with the encoder of `config` that it needs, and with the reader.

    One sentence each, which ends with what to do, and a full stop, unless a full build repairs it.
    """
    encoder = [] if config is None else _raised(lambda: _opened_for(generation, config))
    return [*generation.verify(), *encoder, *_raised(reader)]


def _opened_for(generation: OpenGeneration, config: Config) -> Encoder:
    prompts = (config.query_prompt, config.passage_prompt)
    encoder = open_encoder(config.encoder, *prompts, config.index, generation.manifest.encoder)
    check_encoder(generation, encoder)
    return encoder


def _raised(opened: Callable[[], object]) -> list[str]:
    """The sentence of the error that opening something raises; empty if there is none."""
    try:
        opened()
    except QAError as error:
        return [str(error)]
    return []


def check_settings(generation: OpenGeneration, settings: PassageSettings) -> None:
    """Raise MismatchError if the passages were not made with these settings."""
    built, now = dict(generation.manifest.passage_settings), settings.as_json()
    if built != now:
        raise MismatchError(f"The index was built with the passage settings {built} and not {now}", Remedy.BUILD)


def mismatch(built: object, wanted: object, differs: str) -> MismatchError:
    """The error to raise if an index was built with another encoder than the program is set to."""
    return MismatchError(
        f"The index was built with the encoder {built!r} and this program is set to {wanted!r} "
        f"(they differ in {differs})",
        Remedy.BUILD,
        "{}, or set QA_ENCODER back",
    )
