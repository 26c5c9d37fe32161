"""Texts by key in a Milvus collection: what a generation there holds beside its passages.

A text is stored in as many rows as it needs, with a checksum. Words and how many texts hold each are kept sorted, some
hundreds a text, so that one is found by itself and by its beginning. It knows nothing about documents.
"""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from .errors import StoreError
from .manifest import REBUILD
from .milvus_client import READING, WRITING, Server

LONGEST = 65_535  # bytes of a text in one row, as Milvus has it
# What a row holds: it is never searched, but Milvus wants a vector.
FIELDS = {
    "key": {"datatype": "VARCHAR", "max_length": 64},
    "value": {"datatype": "VARCHAR", "max_length": LONGEST},
    "vector": {"datatype": "FLOAT_VECTOR", "dim": 2},
}
INDEXES = {"vector": {"index_type": "FLAT", "metric_type": "IP", "params": {}}}
HERE = "here"  # a key that each collection has, so that one which is not loaded is known by its absence
_PIECE = 60_000  # bytes, with what stands before the first piece
_MOST_PIECES = 100_000  # of one text, some six gigabytes: no more is looked for, whatever a row says
_ASKED = 300  # rows that are read at a time
_WORDS = 256  # in one text
_KEPT = 4_096  # such texts that are kept once they were read
_LAST = "\U0010ffff"


def fact_rows(key: str, value: str) -> Iterator[dict[str, Any]]:
    """The rows that hold a text under a key of letters, digits and colons."""
    data = value.encode()
    pieces = list(_pieces(data))
    for number, piece in enumerate(pieces):
        head = f"{len(pieces)} {zlib.crc32(data)}\n" if number == 0 else ""
        yield {"key": _piece_key(key, number), "value": head + piece, "vector": [0.0, 1.0]}


def word_rows(name: str, frequencies: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The rows that hold words without spaces, and how many texts hold each, for a `Words` of this name."""
    entries = iter(sorted(frequencies.items()))
    first: list[str] = []
    while some := list(islice(entries, _WORDS)):
        yield from fact_rows(f"{name}:{len(first)}", "\n".join(f"{word} {number}" for word, number in some))
        first.append(some[0][0])
    yield from fact_rows(name, "\n".join(first))


def hashed(text: str) -> str:
    """32 letters and digits that stand for a text in a key."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _piece_key(key: str, number: int) -> str:
    return f"{key}:{number}" if number else f"{key}:"


_HERE = _piece_key(HERE, 0)


def _is_whole(rows: Iterable[Mapping[str, Any]]) -> bool:
    return any(row["key"] == _HERE for row in rows)


def _seal(head: str) -> tuple[int, int]:
    """How many rows a text has, and its checksum. Raises ValueError."""
    pieces, checksum = map(int, head.split())
    if not 1 <= pieces <= _MOST_PIECES:
        raise ValueError(head)
    return pieces, checksum


def _pieces(data: bytes) -> Iterator[str]:
    start = 0
    while start == 0 or start < len(data):
        end = min(start + _PIECE, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        yield data[start:end].decode()
        start = max(end, 1)


class Facts:
    """The texts of one collection. Safe to use from several threads."""

    def __init__(self, server: Server, collection: str) -> None:
        self.collection = collection
        self._server = server

    def get(self, keys: Iterable[str], seconds: float = READING) -> dict[str, str]:
        """The texts under these keys, but for those that are not there. Raises StoreError where one is damaged."""
        wanted = list(dict.fromkeys(keys))
        first = self._values([_piece_key(key, 0) for key in wanted], seconds)
        begun = {key: first[_piece_key(key, 0)].partition("\n") for key in wanted if _piece_key(key, 0) in first}
        with self.sound():
            seals = {key: _seal(head) for key, (head, _, _) in begun.items()}
            more = [_piece_key(key, number) for key, (pieces, _) in seals.items() for number in range(1, pieces)]
            rest = self._values(more, seconds)
            found = {}
            for key, (pieces, checksum) in seals.items():
                value = begun[key][2] + "".join(rest[_piece_key(key, number)] for number in range(1, pieces))
                if zlib.crc32(value.encode()) != checksum:
                    raise ValueError(key)
                found[key] = value
        return found

    def one(self, key: str, seconds: float = READING) -> str:
        """The text under a key that must be there. Raises StoreError."""
        with self.sound():
            return self.get([key], seconds)[key]

    def rows_of(self, keys: Iterable[str]) -> list[str]:
        """The keys of the rows that hold the texts under these keys, as far as they are there."""
        wanted = list(keys)
        first = self._values([_piece_key(key, 0) for key in wanted], WRITING)
        heads = {key: first[_piece_key(key, 0)].partition("\n")[0] for key in wanted if _piece_key(key, 0) in first}
        with self.sound():
            return [_piece_key(key, number) for key, head in heads.items() for number in range(_seal(head)[0])]

    def beginning(self, start: str, seconds: float = READING) -> dict[str, str]:
        """The texts of at most one row, by their keys, of the keys with this beginning (letters and digits)."""
        rows = self._server.call(
            "query",
            self.collection,
            filter=f'key like "{start}%" or key == "{_HERE}"',
            output_fields=["key", "value"],
            consistency_level="Strong",
            seconds=seconds,
            whole=_is_whole,
        )
        return {row["key"].removesuffix(":"): row["value"].partition("\n")[2] for row in rows if row["key"] != _HERE}

    @contextlib.contextmanager
    def sound(self) -> Iterator[None]:
        """Turns what texts that are not as they were written lead to into a StoreError."""
        try:
            yield
        except (ValueError, KeyError) as error:
            raise StoreError(f"{self.collection} is damaged: {REBUILD}.") from error

    def _values(self, keys: Sequence[str], seconds: float) -> dict[str, str]:
        found = {}
        for start in range(0, len(keys), _ASKED):
            rows = self._server.call(
                "get",
                self.collection,
                ids=[_HERE, *keys[start : start + _ASKED]],
                output_fields=["key", "value"],
                seconds=seconds,
                whole=_is_whole,
            )
            found.update({row["key"]: row["value"] for row in rows})
        return found


class Words:
    """The words of one name, and how many texts hold each. Safe to use from several threads."""

    def __init__(self, facts: Facts, name: str) -> None:
        self._facts = facts
        self._name = name
        self._kept: dict[int, dict[str, int]] = {}

    def frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """How many texts hold each of these words; those that none holds are left out."""
        places = {word: bisect_right(self._first, word) - 1 for word in words}
        blocks = self._blocks(sorted(set(places.values()) - {-1}))
        return {word: blocks[at][word] for word, at in places.items() if at in blocks and word in blocks[at]}

    def beginning(self, starts: Iterable[str]) -> dict[str, int]:
        """The words with one of these beginnings, and how many texts hold each."""
        beginnings = tuple(starts)
        wanted = {
            number
            for start in beginnings
            for number in range(max(0, bisect_left(self._first, start) - 1), bisect_right(self._first, start + _LAST))
        }
        found = self._blocks(sorted(wanted))
        return {word: n for block in found.values() for word, n in block.items() if word.startswith(beginnings)}

    @cached_property
    def _first(self) -> list[str]:
        """The first word of each block."""
        return self._facts.one(self._name).split("\n")

    def _blocks(self, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
        kept = self._kept
        found = {number: kept[number] for number in numbers if number in kept}
        keys = {f"{self._name}:{number}": number for number in numbers if number not in found}
        for key, text in self._facts.get(keys).items() if keys else ():
            with self._facts.sound():
                lines = (line.split(" ") for line in text.split("\n"))
                found[keys[key]] = {word: int(number) for word, number in lines}
        if len(kept) + len(found) > _KEPT:
            self._kept = {}
        self._kept.update(found)
        return found
