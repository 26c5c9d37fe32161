"""What every speed is measured against: the same weights in sentence-transformers, at full precision.

It knows nothing about how this program encodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from qa.models.protocols import EncoderIdentity, Vectors


class ReferenceEncoder:
    """An encoder of this program's kind; `identity` is that of the one it stands beside."""

    languages = ("en",)

    def __init__(self, model: Path, identity: EncoderIdentity) -> None:
        self._model = SentenceTransformer(str(model), device="cpu", local_files_only=True)
        self.identity = identity

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        rows = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    encode_queries = encode_passages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(self._model.tokenizer.encode(text, add_special_tokens=False)) for text in texts]
