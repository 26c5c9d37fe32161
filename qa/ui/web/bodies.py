"""Limits the bodies of requests: kind and size are checked before the first byte is read, and again as bytes arrive."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.types import Message, Receive

from .refusals import Refused

MOST_BYTES = 1_000_000  # of JSON: the longest conversation fits, each of its characters written as an escape
JSON = "application/json"
BYTES = "application/octet-stream"  # a file by itself
FORM, FILES = "application/x-www-form-urlencoded", "multipart/form-data"
_IN_MEMORY = 250_000  # bytes of a body that is received; the rest waits on disk
_NAMES = {JSON: "JSON", BYTES: "a file", FORM: "a form", FILES: "a form with files"}


def check_kind(headers: Headers, kinds: Sequence[str]) -> None:
    """Raise Refused unless the content type is one of `kinds`; a form on another site cannot send that of JSON."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in kinds:
        kind = kinds[0]
        raise Refused(415, f"The request is not declared as {_NAMES[kind]}: send it with Content-Type: {kind}.")


def check_size(headers: Headers, most: int) -> None:
    """Raise Refused if the declared size is more than `most` bytes, or unknown although no body is allowed."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most or (not most and "transfer-encoding" in headers):
        raise too_large(most)


def too_large(most: int) -> Refused:
    """Return the refusal of a body of more than `most` bytes (0: of any body)."""
    return Refused(413, f"The request is too large: send {f'at most {most:,} bytes' if most else 'no body'}.")


async def read(receive: Receive, most: int) -> bytes:
    """Read a body of at most `most` bytes. Raises Refused as soon as it is longer, or if the sender disconnects."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "The request ended before its body did: send it again.")
        body += message.get("body", b"")
        if len(body) > most:
            raise too_large(most)
        more = message.get("more_body", False)
    return bytes(body)


async def received(receive: Receive, most: int) -> BinaryIO:
    """Read a body of at most `most` bytes as `read` does, into a file that takes little memory; it is to be closed.

    Raises OSError if the disk for temporary files is full.
    """
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (the caller closes it)
    try:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "The request ended before its body did: send it again.")
            size += len(part := message.get("body", b""))
            if size > most:
                raise too_large(most)
            file.write(part)
            more = message.get("more_body", False)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast(BinaryIO, file)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that yields a body that was read already, and then whatever follows."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


class LimitedForm:
    """Receives a form with files as it arrives, and at most `most` bytes of it.

    A form that is longer or ends early raises MultiPartException in its reader; Gradio then deletes what it has stored.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self.most = most
        self._count = 0
        self._whole = False
        self.exceeded = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            self.exceeded = self._count > self.most
        if self.exceeded or (message["type"] == "http.disconnect" and not self._whole):
            raise MultiPartException("The form is incomplete or too large.")
        return message
