"""The run-time encoder: an exported model in ONNX Runtime, one text at a time on each processor.

It knows nothing about torch, or how a model is exported. ONNX Runtime is loaded with the first encoder.
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

from ..errors import ModelError, Remedy
from ..system.machine import processors
from .protocols import EncoderIdentity, Vectors

FORMAT_VERSION = 1
MODEL, TOKENIZER, DESCRIPTION = "model.onnx", "tokenizer.json", "encoder.json"
_damaged = partial(ModelError, "The encoder that was made ready for this index is missing or damaged", Remedy.BUILD)
_COUNTED = 10_000  # texts: what the tokeniser makes of each takes kilobytes


@dataclass(frozen=True, slots=True)
class Exported:
    """What an exported model says of itself, in encoder.json; `files` maps each of its files to its sha256.

    `runtime` is "onnx-int8" or "onnx-fp32", or "torch" for a model that could not be exported (then there are no
    files, and `reason` says why). `max_tokens` and the prompts are the model's own. `check` says how near it is to
    the torch model, and `versions` what made it.
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
    def read(cls, folder: Path, weights_sha256: str) -> Exported | None:
        """What stands in the folder; None where this program made nothing of these weights that it can use."""
        try:
            exported = cls(**json.loads((folder / DESCRIPTION).read_text("utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        is_ours = (exported.format_version, exported.weights_sha256) == (FORMAT_VERSION, weights_sha256)
        return exported if is_ours and isinstance(exported.files, dict) else None

    def write(self, folder: Path) -> None:
        """Write the description, last of all, beside the files that it names."""
        (folder / DESCRIPTION).write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


class OnnxEncoder:
    """An exported SentenceTransformer. Safe to use from several threads.

    Each text is run alone and without padding, on one thread: its embedding does not depend on its neighbours,
    though activations are quantised by the range of the whole run. Texts are run beside each other, one for each
    processor.
    """

    def __init__(
        self,
        folder: Path,
        exported: Exported,
        name: str,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
        languages: Sequence[str] = (),
        threads: int = 0,
        damaged: Callable[[], ModelError] = _damaged,
    ) -> None:
        """Raises `damaged` if a file is not the one that was exported."""
        self._session, self._tokenizer = open_model(folder, exported.files, damaged)
        self._made_of = (exported, name, query_prompt, passage_prompt)
        self._damaged = damaged
        self._tokenizer.enable_truncation(exported.max_tokens)
        self._pool = ThreadPoolExecutor(threads or processors(), thread_name_prefix="encode")
        self._languages = tuple(languages)
        self._query_prompt = exported.query_prompt if query_prompt is None else query_prompt
        self._passage_prompt = exported.passage_prompt if passage_prompt is None else passage_prompt
        self._identity = EncoderIdentity(
            name=name,
            weights_sha256=exported.weights_sha256,
            dimension=exported.dimension,
            max_tokens=exported.max_tokens - sum(self.count_tokens([self._passage_prompt])),
            normalised=True,
            query_prompt=self._query_prompt,
            passage_prompt=self._passage_prompt,
            runtime=exported.runtime,
        )

    def is_of(
        self, folder: Path, exported: Exported, name: str, query_prompt: str | None, passage_prompt: str | None
    ) -> bool:
        """Whether it was made of these. Raises ModelError where one of the folder's files is no longer as it was."""
        if self._made_of != (exported, name, query_prompt, passage_prompt):
            return False
        _files(folder, exported.files, self._damaged)
        return True

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def languages(self) -> tuple[str, ...]:
        return self._languages

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._passage_prompt)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._query_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(texts), _COUNTED):
            some = list(texts[start : start + _COUNTED])
            encoded = self._tokenizer.encode_batch_fast(some, add_special_tokens=False)
            counts += (sum(len(part) for part in (text, *text.overflowing)) for text in encoded)
        return counts

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        rows = np.empty((len(texts), self._identity.dimension), dtype=np.float32)
        encoded = self._tokenizer.encode_batch_fast([prompt + text for text in texts])
        # The longest first, so that no thread is left with one at the end.
        order = sorted(range(len(texts)), key=lambda number: -len(encoded[number]))
        each = map if len(texts) == 1 else self._pool.map  # one question needs no other thread
        for number, row in zip(order, each(self._run, [encoded[n].ids for n in order]), strict=True):
            rows[number] = row
        return rows

    def _run(self, ids: Sequence[int]) -> Vectors:
        row: Vectors = self._session.run(None, {"ids": np.array([ids], dtype=np.int64)})[0][0]
        return row


def runtime() -> Any:
    """ONNX Runtime, which does not report on its use: the only place where it is imported.

    It reads ORT_DISABLE_TELEMETRY when it is imported (`offline`); its own switch says the same to what was imported
    before this program.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def open_model(folder: Path, sha256: Mapping[str, str], damaged: Callable[[], ModelError]) -> tuple[Any, Any]:
    """The session of a model that runs on one thread, and its tokeniser, which neither pads nor cuts.

    `sha256` holds that of each file by its name; raises `damaged` if one is another.
    """
    _, tokenizer = _files(folder, sha256, damaged)
    from tokenizers import Tokenizer

    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # By its path: a session keeps the bytes that it was made of.
    session = onnxruntime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])
    made = Tokenizer.from_buffer(tokenizer)
    made.no_padding()
    made.no_truncation()
    return session, made


def _files(folder: Path, sha256: Mapping[str, str], damaged: Callable[[], ModelError]) -> list[bytes]:
    """The bytes of the model and its tokeniser. Raises `damaged` if one is another."""
    return [_checked(folder / name, sha256.get(name), damaged) for name in (MODEL, TOKENIZER)]


def _checked(path: Path, sha256: str | None, damaged: Callable[[], ModelError]) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise damaged()
    return data
