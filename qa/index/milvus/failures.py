"""What a failed call to a Milvus server means: whether it may pass, and what to say of it."""

from __future__ import annotations

import os
import re

from ...errors import StoreError

# Codes of Milvus (pkg/util/merr of its sources): no such collection or alias, one that is not loaded, and others that
# pass: unavailable, too many, too fast; parts not loaded; replicas, channels, segments and nodes that are not there.
NOT_THERE, RELEASED = (100, 1600), 101
_NOT_READY = frozenset((2, 4, 8, 101, 103, 201, 202, *range(400, 700), *range(900, 1_000)))
_VAGUE = frozenset((1, 5, 65_535))  # codes that say nothing: the words do
_PASSING = re.compile(
    r"not (ready|available|loaded|initialized)|unavailable|\bnode\b|time(d )?out|deadline|context done"
    r"|closed channel|grpc client|connection|recover|delegator|stopping|cancell?ed",
    re.IGNORECASE,
)


STRANGER = re.compile("UNAUTHENTICATED")
UNTRUSTED = re.compile("CERTIFICATE_VERIFY_FAILED|Hostname Verification|security handshaker")
_RETRIED = re.compile(r"\[\w+\] Retry timeout: [^,]*,? ?(message=)?")  # what pymilvus says before that
_NO_ANSWER = frozenset(("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"))  # of gRPC


class Incomplete(Exception):
    """The server answered without what it holds."""


def failure_types() -> tuple[type[Exception], ...]:
    """What a call raises where the server refuses it or does not answer."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it writes to standard error itself
    try:
        import grpc
        from pymilvus.exceptions import MilvusException
    except ModuleNotFoundError as error:
        raise StoreError("An index in Milvus needs its client: run `pip install 'qa-articles[milvus]'`.") from error
    return MilvusException, grpc.RpcError, Incomplete


def may_pass(error: Exception) -> bool:
    """Whether there was no answer, or one that says that the server is not ready: the same call may succeed later."""
    if isinstance(error, Incomplete) or getattr(error, "retriable", False):
        return True
    if STRANGER.search(cause_of(error)) or UNTRUSTED.search(cause_of(error)):
        return False
    code = getattr(error, "code", None)
    code = code() if callable(code) else code  # that of gRPC, of which pymilvus makes one of its own
    name = getattr(code, "name", "")
    return name in _NO_ANSWER or code in _NOT_READY or (code in _VAGUE and bool(_PASSING.search(_said(error))))


def cause_of(error: Exception) -> str:
    """What gRPC said, where pymilvus says only that it could not connect."""
    return str(error.__cause__ or error)


def _said(error: Exception) -> str:
    details = getattr(error, "details", None)  # those of gRPC: as text it is a page
    words = details() if callable(details) else getattr(error, "message", "")
    return _RETRIED.sub("", str(words or error))


def words_of(error: Exception) -> str:
    """What an error says, on one short line."""
    return " ".join(_said(error).split())[:120].rstrip(" .:(")
