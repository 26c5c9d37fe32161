"""The body of a request: its kind and size are checked before its first byte is read, and it is counted as it comes.

It knows nothing about what stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.types import Message, Receive

from .refusals import Refused

MOST_BYTES = 1_000_000  # of JSON: the longest conversation fits, each of its characters written as an escape
JSON = "application/json"
FORM, FILES = "application/x-www-form-urlencoded", "multipart/form-data"
_NAMES = {JSON: "JSON", FORM: "a form", FILES: "a form with files"}


def check_kind(headers: Headers, kinds: Sequence[str]) -> None:
    """Raises Refused where the body is not said to be of one of `kinds`; a form of another site cannot say JSON."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in kinds:
        kind = kinds[0]
        raise Refused(415, f"The request does not say that it is {_NAMES[kind]}: send it with Content-Type: {kind}.")


def check_size(headers: Headers, most: int) -> None:
    """Raises Refused where the body is said to be of more than `most` bytes, or to be of any where none is wanted."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most or (not most and "transfer-encoding" in headers):
        raise too_large(most)


def too_large(most: int) -> Refused:
    return Refused(413, f"The request is too large: send {f'at most {most:,} bytes' if most else 'no body'}.")


async def read(receive: Receive, most: int) -> bytes:
    """All of the body, which may hold `most` bytes. Raises Refused as soon as it is more, or the sender is gone."""
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


def replayed(body: bytes, receive: Receive) -> Receive:
    """What receives a body that was read already, and then whatever comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


class Counted:
    """Receives a form with files as it comes, and no more than `most` bytes of it.

    Where it is more, or ends early, whoever reads it is told so by MultiPartException, for which gradio deletes what it
    has stored of it.
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
            raise MultiPartException("The form is not whole.")
        return message
