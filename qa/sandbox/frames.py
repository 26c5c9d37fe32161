"""The framing between the program and a sandbox process: length-prefixed bytes, mostly JSON, and texts in chunks.

A frame is its length as an unsigned 64-bit big-endian integer, followed by that many bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")
_MAX_FRAME = 1 << 28  # bytes
_CHUNK = 1 << 20  # characters of a text in one frame


class StreamEnded(EOFError):
    """The other side closed the stream."""


class LimitExceeded(ValueError):
    """The other side sent more than it may."""


def send(stream: BinaryIO | Any, frame: bytes) -> None:
    """Write one frame, without flushing the stream."""
    stream.write(_LENGTH.pack(len(frame)))
    stream.write(frame)


def send_json(stream: BinaryIO | Any, value: Any) -> None:
    """Write one frame of JSON and flush the stream."""
    send(stream, json.dumps(value, check_circular=False).encode())
    stream.flush()


def send_text(stream: BinaryIO | Any, text: str) -> None:
    """Write a text in UTF-8 as a series of frames that ends with an empty one."""
    for start in range(0, len(text), _CHUNK):
        send(stream, text[start : start + _CHUNK].encode("utf-8", "surrogatepass"))
    send(stream, b"")


class Receiver:
    """Reads frames from a stream, `max_bytes` in total. Raises StreamEnded at its end and LimitExceeded beyond it."""

    def __init__(self, stream: BinaryIO | Any, max_bytes: int = 1 << 62) -> None:
        self._stream = stream
        self._remaining = max_bytes

    def frame(self) -> bytes:
        """The next frame."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        self._remaining -= length
        if length > _MAX_FRAME or self._remaining < 0:
            raise LimitExceeded("frame too long")
        return self._read(length)

    def unlimited_frame(self) -> bytes:
        """The next frame, whatever its length: for a sender that is trusted."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return self._read(length)

    def json(self) -> dict[str, Any]:
        """The JSON object in the next frame. Raises ValueError if the frame is anything else."""
        value = json.loads(self.frame())
        if not isinstance(value, dict):
            raise ValueError("not a JSON object")
        return value

    def text(self) -> str:
        """The text in the frames up to the next empty one. Raises ValueError if it is not valid UTF-8."""
        return "".join(self._chunks())

    def _chunks(self) -> Iterator[str]:
        while chunk := self.frame():
            yield chunk.decode("utf-8", "surrogatepass")

    def _read(self, length: int) -> bytes:
        data: bytes = self._stream.read(length)
        if len(data) < length:
            raise StreamEnded
        return data
