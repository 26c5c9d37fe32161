"""Counts tokens without an encoder, from the file of its tokenizer: for processes that load no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .protocols import Encoder


def tokenizer_file(encoder: Encoder) -> Path | None:
    """The file of the tokenizer of an exported encoder; None if another process cannot count tokens as it does."""
    file = getattr(encoder, "tokenizer_file", None)
    return file if isinstance(file, Path) else None


def token_counter(file: Path) -> Callable[[Sequence[str]], list[int]]:
    """The `count_tokens` of the encoder with this tokenizer."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def count_tokens(texts: Sequence[str]) -> list[int]:
        return lengths(tokenizer.encode_batch_fast(list(texts), add_special_tokens=False))

    return count_tokens


def lengths(encoded: Sequence[Any]) -> list[int]:
    """The number of tokens of each encoded text, with those that were cut off."""
    return [sum(len(part) for part in (text, *text.overflowing)) for text in encoded]
