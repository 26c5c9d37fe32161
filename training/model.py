"""The reader's network, an encoder with three or four heads over tokens, and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import BertModel

from .sequences import Group, Paired

_NEVER = -1e4  # the logit of a position that must not be chosen; fits half precision


class ReaderNet(torch.nn.Module):  # type: ignore[misc]
    """Maps token ids to relevance, the logits of the answer's start and end, and with `unit` those of answering units.

    The first token stands for "no answer". The logit of a unit (a sentence, an item, a row) is the mean of its tokens.
    The word embeddings remain those of the shipped encoder, so that words which are not in the training data keep their
    positions relative to others.
    """

    def __init__(self, folder: Path, dropout: float = 0.0, attention: str = "eager", unit: bool = False) -> None:
        super().__init__()
        self.body = BertModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, add_pooling_layer=False, attn_implementation=attention,
            hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
        )  # fmt: skip
        self.body.embeddings.requires_grad_(False)
        size = self.body.config.hidden_size
        self.relevance = torch.nn.Linear(size, 1)
        self.span = torch.nn.Linear(size, 2)
        self.unit = torch.nn.Linear(size, 1) if unit else None
        if self.unit is not None:  # all units start equal, so that the shared body is not disturbed
            torch.nn.init.zeros_(self.unit.weight)
            torch.nn.init.zeros_(self.unit.bias)

    def forward(self, ids: Any, types: Any, mask: Any = None) -> tuple[Any, ...]:
        """Outputs of shape (batch,), then two or three of (batch, tokens); ids, types and mask are (batch, tokens)."""
        hidden = self.body(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        start, end = self.span(hidden).float().unbind(-1)
        made = self.relevance(hidden[:, 0]).float().squeeze(-1), start, end
        return made if self.unit is None else (*made, self.unit(hidden).float().squeeze(-1))


def stacked(sequences: Sequence[Paired], device: Any) -> tuple[Any, Any, Any]:
    """The ids, types and mask of sequences, each of shape (batch, tokens), padded to a multiple of 16.

    Multiples, because the libraries below compile a kernel for each new shape.
    """
    longest = -(-max(len(s.ids) for s in sequences) // 16) * 16
    ids, types, mask = (torch.zeros(len(sequences), longest, dtype=torch.long) for _ in range(3))
    for row, s in enumerate(sequences):
        ids[row, : len(s.ids)] = torch.tensor(s.ids)
        types[row, s.question : len(s.ids)] = 1
        mask[row, : len(s.ids)] = 1
    return ids.to(device), types.to(device), mask.to(device)


def losses(net: ReaderNet, groups: Sequence[Group], chunk_tokens: int, device: Any) -> dict[str, Any]:
    """The parts of the loss, each a mean: "ranking", "binary", "span", "no_span", and for units "unit" and "no_unit".

    Sequences are processed in chunks of about equal length, to pad little. The ranking loss is the softmax of the first
    sequence, which answers, over its group; the span loss is the likelihood of all occurrences of the answer; the unit
    loss is the likelihood of the answering units among all units and "no answer".
    """
    flat = [sequence for group in groups for sequence in group]
    scores, missed, order = [], [], []
    units: list[Any] = []
    for chunk in _chunks(flat, chunk_tokens):
        rows = [flat[number] for number in chunk]
        relevance, start, end, *unit = net(*stacked(rows, device))
        units += [_missed_units(logits, rows) for logits in unit]
        scores.append(relevance)
        missed.append((_missed(start, rows, [s.starts for s in rows]) + _missed(end, rows, [s.ends for s in rows])) / 2)
        order += chunk
    back = torch.tensor(order, device=device).argsort()
    score, span = torch.cat(scores)[back], torch.cat(missed)[back]

    def mean(values: Any, chosen: Sequence[bool]) -> Any:
        wanted = torch.tensor(chosen, dtype=torch.float32, device=device)
        return (values * wanted).sum() / wanted.sum().clamp_min(1)

    together = torch.nn.utils.rnn.pad_sequence(
        score.split([len(group) for group in groups]), batch_first=True, padding_value=_NEVER
    )
    truth = torch.tensor([float(s.relevant) for s in flat], device=device)
    made = {
        "ranking": mean(-together.log_softmax(1)[:, 0], [len(group) > 1 for group in groups]),
        "binary": functional.binary_cross_entropy_with_logits(score, truth),
        "span": mean(span, [bool(s.starts) for s in flat]),
        "no_span": mean(span, [s.spanned and not s.starts for s in flat]),
    }
    if units:
        unit = torch.cat(units)[back]
        made["unit"] = mean(unit, [bool(s.right) for s in flat])
        made["no_unit"] = mean(unit, [s.united and not s.right for s in flat])
    return made


def _missed_units(logits: Any, rows: Sequence[Paired]) -> Any:
    """The loss over units: the choices are their means and the first token; right are `right`, or else the first."""
    most = 1 + max(len(s.units) for s in rows)
    share = torch.zeros(len(rows), most, logits.shape[1])
    possible, right = (torch.full((len(rows), most), _NEVER) for _ in range(2))
    for row, s in enumerate(rows):
        share[row, 0, 0] = 1.0
        possible[row, : 1 + len(s.units)] = 0.0
        right[row, [1 + n for n in s.right] or [0]] = 0.0
        for number, unit in enumerate(s.units, start=1):
            share[row, number, unit.start : unit.end] = 1 / len(unit)
    share, possible, right = (x.to(logits.device) for x in (share, possible, right))
    scores = torch.bmm(share, logits.unsqueeze(-1)).squeeze(-1)
    return (scores + possible).logsumexp(1) - (scores + right).logsumexp(1)


def _missed(logits: Any, rows: Sequence[Paired], places: Sequence[Sequence[int]]) -> Any:
    """The loss over tokens: the choices are the text's tokens and the first; right are `places`, or else the first."""
    possible, right = (torch.full(logits.shape, _NEVER) for _ in range(2))
    for row, (sequence, own) in enumerate(zip(rows, places, strict=True)):
        possible[row, 0] = 0.0
        possible[row, sequence.text : len(sequence.ids) - 1] = 0.0
        right[row, list(own) or [0]] = 0.0
    possible, right = possible.to(logits.device), right.to(logits.device)
    return (logits + possible).logsumexp(1) - (logits + right).logsumexp(1)


def _chunks(flat: Sequence[Paired], tokens: int) -> list[list[int]]:
    """The indices of all sequences, by length, in chunks of a limited number of tokens, including padding."""
    chunks: list[list[int]] = []
    for number in sorted(range(len(flat)), key=lambda n: -len(flat[n].ids)):
        if not chunks or (len(chunks[-1]) + 1) * len(flat[chunks[-1][0]].ids) > tokens:
            chunks.append([])
        chunks[-1].append(number)
    return chunks
