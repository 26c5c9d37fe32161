"""Texts by key in a Milvus collection: everything of a generation except its passages.

A text is stored in as many rows as it needs, with a checksum. Words and the number of passages that contain each are
sorted and stored in blocks, so that a word is found by itself and by its beginning.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from ...errors import Remedy, StoreError
from .client import Server
from .connection import READING, WRITING

LONGEST = 65_535  # bytes of a text in one row, as Milvus limits it
# A row is never searched, but Milvus requires a vector.
FIELDS = {
    "key": {"datatype": "VARCHAR", "max_length": 64},
    "value": {"datatype": "VARCHAR", "max_length": LONGEST},
    "vector": {"datatype": "FLOAT_VECTOR", "dim": 2},
}
INDEXES: Mapping[str, Mapping[str, Any]] = {"vector": {"index_type": "FLAT", "metric_type": "IP", "params": {}}}
# Keys in each collection. A result without the first is incomplete; its text changes with the collection. The text of
# the second says how many rows there are at least, in this and in other collections.
STATE, LEAST_ROWS = "here", "least"
_PIECE = 60_000  # bytes, with the text before the first piece
_MOST_PIECES = 100_000  # of one text (six gigabytes): no more are read, whatever a row says
_ASKED = 300  # rows read at a time
_WORDS = 256  # in one block
_KEPT = 4_096  # blocks that are cached
_LAST = "\U0010ffff"


def fact_rows(key: str, value: str) -> Iterator[dict[str, Any]]:
    """The rows of a text under a key of letters, digits and colons."""
    data = value.encode()
    pieces = list(_pieces(data))
    for number, piece in enumerate(pieces):
        head = f"{len(pieces)} {zlib.crc32(data)}\n" if number == 0 else ""
        yield {"key": _piece_key(key, number), "value": head + piece, "vector": [0.0, 1.0]}


def word_rows(name: str, frequencies: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The rows of a `Words` of this name: words without spaces, and how many passages contain each."""
    entries = iter(sorted(frequencies.items()))
    first: list[str] = []
    while some := list(islice(entries, _WORDS)):
        yield from fact_rows(f"{name}:{len(first)}", "\n".join(f"{word} {number}" for word, number in some))
        first.append(some[0][0])
    yield from fact_rows(name, "\n".join(first))


def pair_rows(name: str, pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The rows of a `Pairs` of this name: pairs of texts, each found by either of them."""
    pairs_of: dict[str, list[tuple[str, str]]] = {}
    for pair in sorted(set(pairs)):
        for text in set(pair):
            pairs_of.setdefault(text, []).append(pair)
    for text, some in pairs_of.items():
        yield from fact_rows(f"{name}:{hashed(text)}", json.dumps(some, ensure_ascii=False))


def damaged(collection: str) -> StoreError:
    """The error to raise if a collection differs from what was written."""
    return StoreError(f"{collection} is damaged", Remedy.FULL_BUILD_ELSEWHERE)


def hashed(text: str) -> str:
    """32 letters and digits that represent a text in a key."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _piece_key(key: str, number: int) -> str:
    return f"{key}:{number}" if number else f"{key}:"


_STATE = _piece_key(STATE, 0)


def _is_loaded(rows: Iterable[Mapping[str, Any]]) -> bool:
    return any(row["key"] == _STATE for row in rows)


def _seal(head: str) -> tuple[int, int]:
    """The number of rows and the checksum in the head of a text. Raises ValueError."""
    pieces, checksum = map(int, head.split())
    if not 1 <= pieces <= _MOST_PIECES:
        raise ValueError(head)
    return pieces, checksum


def _pieces(data: bytes) -> Iterator[str]:
    start = 0
    while start == 0 or start < len(data):
        end = min(start + _PIECE, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        yield data[start:end].decode()
        start = max(end, 1)


class Facts:
    """The texts of one collection. Safe to use from several threads."""

    def __init__(self, server: Server, collection: str) -> None:
        self.collection = collection
        self._server = server

    def get(self, keys: Iterable[str], seconds: float = READING) -> dict[str, str]:
        """The texts under those of these keys that exist. Raises StoreError if one is damaged."""
        wanted = list(dict.fromkeys(keys))
        first = self._values([_piece_key(key, 0) for key in wanted], seconds)
        begun = {key: first[_piece_key(key, 0)].partition("\n") for key in wanted if _piece_key(key, 0) in first}
        with self.reading():
            seals = {key: _seal(head) for key, (head, _, _) in begun.items()}
            more = [_piece_key(key, number) for key, (pieces, _) in seals.items() for number in range(1, pieces)]
            rest = self._values(more, seconds) if more else {}
            values = {}
            for key, (pieces, checksum) in seals.items():
                value = begun[key][2] + "".join(rest[_piece_key(key, number)] for number in range(1, pieces))
                if zlib.crc32(value.encode()) != checksum:
                    raise ValueError(key)
                values[key] = value
        return values

    def needed(self, keys: Iterable[str], seconds: float = READING) -> dict[str, str]:
        """The texts under these keys. Raises UnreachableError if rows are not loaded, StoreError if one is missing."""
        wanted = set(keys)
        values = self.get(wanted, seconds)
        if len(values) < len(wanted):
            self.check(seconds)
            values = self.get(wanted, seconds)  # they may have been loaded meanwhile
        with self.reading():
            return {key: values[key] for key in wanted}

    def one(self, key: str, seconds: float = READING) -> str:
        """The text under a key. Raises as `needed`."""
        return self.needed([key], seconds)[key]

    def state(self, seconds: float = READING) -> str:
        """The text under STATE: another one after each change."""
        return self._values([], seconds)[_STATE].partition("\n")[2]

    def least(self, seconds: float = READING) -> list[int]:
        """The least numbers of rows, that of this collection first. Raises StoreError."""
        with self.reading():
            return list(map(int, self.get([LEAST_ROWS], seconds)[LEAST_ROWS].split()))

    def check(self, seconds: float = READING) -> None:
        """Return once all rows are loaded. Raises UnreachableError, or StoreError if their number is unknown."""
        least = self.least(seconds)[0]
        self._server.until_loaded(
            self.collection, lambda count: count >= least or count >= self.least(seconds)[0], seconds
        )

    def rows_of(self, keys: Iterable[str]) -> list[str]:
        """The keys of the rows of the texts under those of these keys that exist."""
        wanted = list(keys)
        first = self._values([_piece_key(key, 0) for key in wanted], WRITING)
        heads = {key: first[_piece_key(key, 0)].partition("\n")[0] for key in wanted if _piece_key(key, 0) in first}
        with self.reading():
            return [_piece_key(key, number) for key, head in heads.items() for number in range(_seal(head)[0])]

    def beginning(self, start: str, seconds: float = READING) -> dict[str, str]:
        """The texts of one row each under the keys that start with these letters and digits, by key."""
        rows = self._server.call(
            "query",
            self.collection,
            filter=f'key like "{start}%" or key == "{_STATE}"',
            output_fields=["key", "value"],
            consistency_level="Strong",
            seconds=seconds,
            whole=_is_loaded,
        )
        return {row["key"].removesuffix(":"): row["value"].partition("\n")[2] for row in rows if row["key"] != _STATE}

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Turn the errors that damaged texts lead to into a StoreError."""
        try:
            yield
        except (ValueError, KeyError) as error:
            raise damaged(self.collection) from error

    def _values(self, keys: Sequence[str], seconds: float) -> dict[str, str]:
        values = {}
        for start in range(0, len(keys) or 1, _ASKED):
            rows = self._server.call(
                "get",
                self.collection,
                ids=[_STATE, *keys[start : start + _ASKED]],
                output_fields=["key", "value"],
                seconds=seconds,
                whole=_is_loaded,
            )
            values.update({row["key"]: row["value"] for row in rows})
        return values


class Pairs:
    """The pairs of texts of one name. Safe to use from several threads."""

    def __init__(self, facts: Facts, name: str) -> None:
        self._facts = facts
        self._name = name

    def containing(self, texts: Iterable[str]) -> list[tuple[str, str]]:
        """The pairs that contain one of these texts, each once, in order."""
        lists = self._facts.get(f"{self._name}:{hashed(text)}" for text in texts)
        with self._facts.reading():
            return sorted({(str(one), str(other)) for value in lists.values() for one, other in json.loads(value)})


class Words:
    """The words of one name, and how many passages contain each. Safe to use from several threads."""

    def __init__(self, facts: Facts, name: str) -> None:
        self._facts = facts
        self._name = name
        self._kept: dict[int, str] = {}  # as stored: a dictionary would take ten times the memory

    def frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """How many passages contain each of these words; those in none are left out."""
        places = {word: bisect_right(self._first, word) - 1 for word in words}
        blocks = self._blocks(sorted(set(places.values()) - {-1}))
        counts = {}
        for word, at in places.items():
            start = blocks[at].find(f"\n{word} ") if at in blocks else -1
            if start >= 0:
                counts[word] = int(blocks[at][start + len(word) + 2 :].partition("\n")[0])
        return counts

    def beginning(self, starts: Iterable[str]) -> dict[str, int]:
        """The words that start with one of these strings, and how many passages contain each."""
        beginnings = tuple(starts)
        wanted = {
            number
            for start in beginnings
            for number in range(max(0, bisect_left(self._first, start) - 1), bisect_right(self._first, start + _LAST))
        }
        entries = (entry for block in self._blocks(sorted(wanted)).values() for entry in _entries(block))
        return {word: number for word, number in entries if word.startswith(beginnings)}

    @cached_property
    def _first(self) -> list[str]:
        """The first word of each block."""
        text = self._facts.one(self._name)
        return text.split("\n") if text else []

    def _blocks(self, numbers: Sequence[int]) -> dict[int, str]:
        """These blocks: entries, each after a line end."""
        kept = self._kept
        blocks = {number: kept[number] for number in numbers if number in kept}
        keys = {f"{self._name}:{number}": number for number in numbers if number not in blocks}
        for key, text in self._facts.needed(keys).items() if keys else ():
            block = f"\n{text}"
            with self._facts.reading():
                list(_entries(block))
            blocks[keys[key]] = block
        if len(kept) + len(blocks) > _KEPT:
            self._kept = {}
        self._kept.update(blocks)
        return blocks


def _entries(block: str) -> Iterator[tuple[str, int]]:
    """The words of a block, and how many passages contain each. Raises ValueError."""
    for line in block.split("\n")[1:]:
        word, number = line.split(" ")
        yield word, int(number)
