"""Search by words on Milvus before 2.5, which has no BM25: only the passages with the rarest words are scored.

Everything that only those servers need is in this file: once they are no longer supported, delete it and the three
places in `rows` and `search` that use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from .phrases import MOST_WORDS, numbers_of, word_number

RESCORED = 2_000  # passages that are scored at most
FIELDS = {"stems": {"datatype": "ARRAY", "element_type": "INT64", "max_capacity": MOST_WORDS}}


def stems(terms: str) -> dict[str, list[int]]:
    """The numbers of a passage's search terms, as its row contains them."""
    return {"stems": numbers_of(terms.split())}


def condition_for(frequencies: Mapping[str, int]) -> str:
    """The condition for the passages that BM25 may rank first: those with one of the rarest terms.

    As many of the rarest terms as RESCORED passages contain; `frequencies` says how many contain each.
    """
    rarest = sorted(frequencies, key=lambda form: (frequencies[form], form))
    fit = sum(total <= RESCORED for total in accumulate(frequencies[form] for form in rarest))
    return f"array_contains_any(stems, {sorted(map(word_number, rarest[: max(1, fit)]))})"


def limit(asked: int) -> int:
    """How many passages to ask the server for, of which `asked` are wanted."""
    return max(asked, RESCORED)
