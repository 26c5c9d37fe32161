"""What two processes say to each other: bytes behind their length, most often JSON, and texts in short pieces.

It knows nothing about what is said.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")
_LONGEST = 1 << 28  # bytes of one frame that is received
_CHARACTERS = 1 << 20  # of a text that are sent together


class Ended(EOFError):
    """The other side says nothing any more."""


class TooMuch(ValueError):
    """The other side says more than it may."""


def send(stream: BinaryIO | Any, frame: bytes) -> None:
    """Write one frame; it may wait in the stream's buffer."""
    stream.write(_LENGTH.pack(len(frame)))
    stream.write(frame)


def send_json(stream: BinaryIO | Any, value: Any) -> None:
    """Write one frame that holds JSON, and all that waits."""
    send(stream, json.dumps(value, check_circular=False).encode())
    stream.flush()


def send_text(stream: BinaryIO | Any, text: str) -> None:
    """Write a text as UTF-8, as many frames as it takes and an empty one."""
    for start in range(0, len(text), _CHARACTERS):
        send(stream, text[start : start + _CHARACTERS].encode("utf-8", "surrogatepass"))
    send(stream, b"")


class Receiver:
    """Reads frames from a stream, so many bytes of them at most; Ended where it ends, TooMuch where there are more."""

    def __init__(self, stream: BinaryIO | Any, most: int = 1 << 62) -> None:
        self._stream = stream
        self._left = most

    def frame(self) -> bytes:
        """The next frame."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        self._left -= length
        if length > _LONGEST or self._left < 0:
            raise TooMuch("too long")
        return self._read(length)

    def whole(self) -> bytes:
        """The next frame, however long it is: of what is said by who may say anything."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return self._read(length)

    def json(self) -> dict[str, Any]:
        """The object that the next frame holds; raises ValueError where it is none."""
        value = json.loads(self.frame())
        if not isinstance(value, dict):
            raise ValueError("answer")
        return value

    def text(self) -> str:
        """The text in the frames up to an empty one; raises ValueError where it is none."""
        return "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        while piece := self.frame():
            yield piece.decode("utf-8", "surrogatepass")

    def _read(self, length: int) -> bytes:
        data: bytes = self._stream.read(length)
        if len(data) < length:
            raise Ended
        return data
