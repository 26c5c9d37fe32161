"""The reader: an encoder with three heads, and what it learns by.

It knows nothing about texts or files; it is given tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import BertModel

from .sequences import Group, Paired

_NEVER = -1e4  # of a place that cannot be chosen; fits half precision


class ReaderNet(torch.nn.Module):  # type: ignore[misc]
    """Token ids → relevance, and the logits of where the answer starts and ends.

    The first token stands for "no answer". The word embeddings stay those of the shipped encoder: words that the
    training never saw keep their places among the others.
    """

    def __init__(self, folder: Path, dropout: float = 0.0, attention: str = "eager") -> None:
        super().__init__()
        self.body = BertModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, add_pooling_layer=False, attn_implementation=attention,
            hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
        )  # fmt: skip
        self.body.embeddings.requires_grad_(False)
        size = self.body.config.hidden_size
        self.relevance = torch.nn.Linear(size, 1)
        self.span = torch.nn.Linear(size, 2)

    def forward(self, ids: Any, types: Any, mask: Any = None) -> tuple[Any, Any, Any]:
        """Three of shapes (batch,), (batch, tokens), (batch, tokens) from ids, types and mask of (batch, tokens)."""
        hidden = self.body(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        start, end = self.span(hidden).float().unbind(-1)
        return self.relevance(hidden[:, 0]).float().squeeze(-1), start, end


def stacked(sequences: Sequence[Paired], device: Any) -> tuple[Any, Any, Any]:
    """ids, types and mask of some sequences, each of shape (batch, tokens), padded to the longest, in steps of 16.

    Steps, because the libraries below compile a product anew for each shape.
    """
    longest = -(-max(len(s.ids) for s in sequences) // 16) * 16
    ids, types, mask = (torch.zeros(len(sequences), longest, dtype=torch.long) for _ in range(3))
    for row, s in enumerate(sequences):
        ids[row, : len(s.ids)] = torch.tensor(s.ids)
        types[row, s.question : len(s.ids)] = 1
        mask[row, : len(s.ids)] = 1
    return ids.to(device), types.to(device), mask.to(device)


def losses(net: ReaderNet, groups: Sequence[Group], chunk_tokens: int, device: Any) -> dict[str, Any]:
    """The parts of the loss, each a mean: "ranking", "binary", "span" and "no_span".

    Sequences are read in chunks of about equal length, so that little is padded. Ranking is the softmax of the one
    that answers against the others of its group; spans, the likelihood of all occurrences of the answer together.
    """
    flat = [sequence for group in groups for sequence in group]
    relevance: list[Any] = [None] * len(flat)
    spans: list[Any] = [None] * len(flat)
    for chunk in _chunks(flat, chunk_tokens):
        found, starts, ends = net(*stacked([flat[n] for n in chunk], device))
        for row, number in enumerate(chunk):
            relevance[number] = found[row]
            if flat[number].spanned:
                own = flat[number]
                spans[number] = (
                    _span_loss(starts[row], own, own.starts) + _span_loss(ends[row], own, own.ends)
                ) / 2  # fmt: skip
    scores = torch.stack(relevance)
    truth = torch.tensor([float(s.relevant) for s in flat], device=device)
    ranking, place = [], 0
    for group in groups:
        if len(group) > 1:
            ranking.append(-scores[place : place + len(group)].log_softmax(0)[0])
        place += len(group)
    return {
        "ranking": _mean(ranking, scores),
        "binary": functional.binary_cross_entropy_with_logits(scores, truth),
        "span": _mean([loss for loss, s in zip(spans, flat, strict=True) if loss is not None and s.starts], scores),
        "no_span": _mean(
            [loss for loss, s in zip(spans, flat, strict=True) if loss is not None and not s.starts], scores
        ),
    }


def _span_loss(logits: Any, of: Paired, places: Sequence[int]) -> Any:
    possible = torch.full_like(logits, _NEVER)
    possible[0] = 0.0
    possible[of.text : len(of.ids) - 1] = 0.0
    chances = (logits + possible).log_softmax(0)
    return -chances[list(places) or [0]].logsumexp(0)


def _chunks(flat: Sequence[Paired], tokens: int) -> list[list[int]]:
    """The numbers of all sequences, by length, in chunks of at most so many tokens with padding."""
    chunks: list[list[int]] = []
    for number in sorted(range(len(flat)), key=lambda n: -len(flat[n].ids)):
        if not chunks or (len(chunks[-1]) + 1) * len(flat[chunks[-1][0]].ids) > tokens:
            chunks.append([])
        chunks[-1].append(number)
    return chunks


def _mean(values: list[Any], like: Any) -> Any:
    return torch.stack(values).mean() if values else like.sum() * 0.0
