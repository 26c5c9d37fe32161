"""Runs an exported encoder in ONNX Runtime, one text at a time on each processor; needs no torch.

ONNX Runtime is imported with the first encoder, not with this module.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MachineError, ModelError, Remedy
from ..system.lacking import check_memory
from ..system.machine import processors
from ..system.precedence import questions
from .base import BaseEncoder
from .protocols import EncoderIdentity, Vectors
from .token_counts import lengths

FORMAT_VERSION = 1
MODEL, TOKENIZER, DESCRIPTION = "model.onnx", "tokenizer.json", "encoder.json"
_AT_A_QUESTION = 2  # texts: the question, and with the words that it may carry from its conversation
_damaged = partial(ModelError, "The encoder that was exported for this index is missing or damaged", Remedy.BUILD)


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """The description of an exported model (encoder.json); `files` maps the name of each file to its sha256.

    `runtime` is "onnx-int8" or "onnx-fp32", or "torch" for a model that could not be exported (then there are no
    files, and `reason` says why). `max_tokens` and the prompts are the model's. `check` compares its embeddings with
    those of the torch model (cosines), and `versions` are those of the packages that exported it.
    """

    runtime: str
    weights_sha256: str
    dimension: int
    max_tokens: int
    query_prompt: str
    passage_prompt: str
    files: Mapping[str, str]
    check: Mapping[str, float]
    versions: Mapping[str, str]
    reason: str = ""
    format_version: int = FORMAT_VERSION

    @classmethod
    def read(cls, folder: Path, weights_sha256: str) -> ExportedModel | None:
        """The description in the folder; None if it is missing, invalid, of another format or of other weights."""
        try:
            exported = cls(**json.loads((folder / DESCRIPTION).read_text("utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        is_ours = (exported.format_version, exported.weights_sha256) == (FORMAT_VERSION, weights_sha256)
        return exported if is_ours and isinstance(exported.files, dict) else None

    def write(self, folder: Path) -> None:
        """Write the description into the folder: call this after writing the files that it names."""
        (folder / DESCRIPTION).write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


class OnnxEncoder(BaseEncoder):
    """An exported SentenceTransformer. Safe to use from several threads.

    Each text is run by itself, without padding, on one thread: activations are quantised by the range of a whole run,
    so that in a batch an embedding would depend on the other texts. Texts run in parallel, one on each processor. A
    question is encoded on the thread that asks, so that it waits for no passages of a build, which give way to it.
    """

    def __init__(
        self,
        folder: Path,
        exported: ExportedModel,
        name: str,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
        languages: Sequence[str] = (),
        threads: int = 0,
        damaged: Callable[[], ModelError] = _damaged,
    ) -> None:
        """Raises the error of `damaged` if a file is missing or differs from its checksum."""
        self._session, self._tokenizer = open_model(folder, exported.files, damaged)
        self._arguments = (exported, name, query_prompt, passage_prompt)
        self._damaged = damaged
        self.tokenizer_file = folder / TOKENIZER
        self._tokenizer.enable_truncation(exported.max_tokens)
        self._pool = ThreadPoolExecutor(threads or processors(), thread_name_prefix="encode")
        query_prompt = exported.query_prompt if query_prompt is None else query_prompt
        passage_prompt = exported.passage_prompt if passage_prompt is None else passage_prompt
        identity = EncoderIdentity(
            name=name,
            weights_sha256=exported.weights_sha256,
            dimension=exported.dimension,
            max_tokens=exported.max_tokens - sum(self._count_batch([passage_prompt])),
            normalised=True,
            query_prompt=query_prompt,
            passage_prompt=passage_prompt,
            runtime=exported.runtime,
        )
        super().__init__(identity, languages)

    def was_loaded_with(
        self, folder: Path, exported: ExportedModel, name: str, query_prompt: str | None, passage_prompt: str | None
    ) -> bool:
        """Whether the encoder was created with these arguments. Raises ModelError if a file has changed since."""
        if self._arguments != (exported, name, query_prompt, passage_prompt):
            return False
        _read_files(folder, exported.files, self._damaged)
        return True

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        if len(texts) > _AT_A_QUESTION:
            return super().encode_queries(texts)
        rows = np.empty((len(texts), self._identity.dimension), dtype=np.float32)
        for number, text in enumerate(texts):
            rows[number] = self._run(self._tokenizer.encode(self._identity.query_prompt + text).ids)
        return rows

    def _count_batch(self, texts: list[str]) -> list[int]:
        return lengths(self._tokenizer.encode_batch_fast(texts, add_special_tokens=False))

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        rows = np.empty((len(texts), self._identity.dimension), dtype=np.float32)
        encoded = self._tokenizer.encode_batch_fast([prompt + text for text in texts])
        # The longest first, so that the threads finish at about the same time.
        order = sorted(range(len(texts)), key=lambda number: -len(encoded[number]))
        for number, row in zip(order, self._pool.map(self._run_later, [encoded[n].ids for n in order]), strict=True):
            rows[number] = row
        return rows

    def _run_later(self, ids: Sequence[int]) -> Vectors:
        questions.give_way()
        return self._run(ids)

    def _run(self, ids: Sequence[int]) -> Vectors:
        row: Vectors = self._session.run(None, {"ids": np.array([ids], dtype=np.int64)})[0][0]
        return row


def runtime() -> Any:
    """The ONNX Runtime module with its telemetry off; it is imported nowhere else.

    It reads ORT_DISABLE_TELEMETRY (set by `offline`) when it is imported; the call also covers the case that it was
    imported before this program. Raises MachineError if the package is broken, or this process may use little memory.
    """
    check_memory()
    import onnxruntime

    if not hasattr(onnxruntime, "disable_telemetry_events"):  # a file of it is missing: importing it raises nothing
        raise MachineError(
            "The package 'onnxruntime' is broken: install it again with `pip install --force-reinstall onnxruntime`."
        )
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def open_model(folder: Path, sha256: Mapping[str, str], damaged: Callable[[], ModelError]) -> tuple[Any, Any]:
    """A single-threaded session of a model, and its tokenizer, without padding and truncation.

    `sha256` maps the name of each file to its checksum. Raises `damaged()` if a file differs from it.
    """
    _, tokenizer_json = _read_files(folder, sha256, damaged)
    from tokenizers import Tokenizer

    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # From the path, because a session keeps the bytes that it was created from.
    session = onnxruntime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_buffer(tokenizer_json)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return session, tokenizer


def _read_files(folder: Path, sha256: Mapping[str, str], damaged: Callable[[], ModelError]) -> list[bytes]:
    """The bytes of the model and of its tokenizer. Raises `damaged()` if one differs from its checksum."""
    return [_read_checked(folder / name, sha256.get(name), damaged) for name in (MODEL, TOKENIZER)]


def _read_checked(path: Path, sha256: str | None, damaged: Callable[[], ModelError]) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise damaged()
    return data
