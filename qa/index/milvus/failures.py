"""What a failed call to a Milvus server means: whether it is temporary, and its message."""

from __future__ import annotations

import os
import re

from ...config import Address
from ...errors import Remedy, StoreError

# Error codes of Milvus (pkg/util/merr in its sources): no such collection or alias, one that is not loaded, and
# temporary ones: unavailable, too many, too fast; parts not loaded; missing replicas, channels, segments and nodes.
MISSING, RELEASED = (100, 1600), 101
_NOT_READY = frozenset((2, 4, 8, 101, 103, 201, 202, *range(400, 700), *range(900, 1_000)))
_VAGUE = frozenset((1, 5, 65_535))  # codes that say nothing: the message does
_PASSING = re.compile(
    r"not (ready|available|loaded|initialized)|unavailable|\bnode\b|time(d )?out|deadline|context done"
    r"|closed channel|grpc client|connection|recover|delegator|stopping|cancell?ed",
    re.IGNORECASE,
)


UNAUTHENTICATED = re.compile("UNAUTHENTICATED")
UNTRUSTED = re.compile("CERTIFICATE_VERIFY_FAILED|Hostname Verification|security handshaker")
_RETRIED = re.compile(r"\[\w+\] Retry timeout: [^,]*,? ?(message=)?")  # what pymilvus puts before the message
_NO_ANSWER = frozenset(("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"))  # of gRPC


class MissingError(StoreError):
    """The server has no such collection or alias."""


class Incomplete(Exception):
    """The server answered without some of its rows."""


def failure_types() -> tuple[type[Exception], ...]:
    """The exceptions of a call that the server refuses or does not answer."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC would write to standard error
    try:
        import grpc
        from pymilvus.exceptions import MilvusException
    except ModuleNotFoundError as error:
        raise StoreError("An index in Milvus needs its client: run `pip install 'qa-articles[milvus]'`.") from error
    return MilvusException, grpc.RpcError, Incomplete


def is_temporary(error: Exception) -> bool:
    """Whether the same call may succeed later: there was no answer, or the server is not ready."""
    if isinstance(error, Incomplete) or getattr(error, "retriable", False):
        return True
    if UNAUTHENTICATED.search(cause_of(error)) or UNTRUSTED.search(cause_of(error)):
        return False
    code = getattr(error, "code", None)
    code = code() if callable(code) else code  # the code of gRPC, from which pymilvus makes one of its own
    name = getattr(code, "name", "")
    return name in _NO_ANSWER or code in _NOT_READY or (code in _VAGUE and bool(_PASSING.search(_message(error))))


def cause_of(error: Exception) -> str:
    """The message of gRPC, if pymilvus says only that it could not connect."""
    return str(error.__cause__ or error)


def _message(error: Exception) -> str:
    details = getattr(error, "details", None)  # those of gRPC: as a text the error is a page long
    words = details() if callable(details) else getattr(error, "message", "")
    return _RETRIED.sub("", str(words or error))


def message_of(error: Exception) -> str:
    """The message of an error, on one short line."""
    return " ".join(_message(error).split())[:120].rstrip(" .:(")


def refusal(address: Address, error: Exception) -> StoreError:
    """The error to raise if a server refuses a call."""
    message = message_of(error)
    if UNAUTHENTICATED.search(cause_of(error)):
        return StoreError(
            f"The server at {address} rejected the user name or password: set QA_MILVUS_USER and QA_MILVUS_PASSWORD."
        )
    if UNTRUSTED.search(cause_of(error)):
        return StoreError(
            f"The server at {address} presented a certificate that is not trusted: "
            "set QA_MILVUS_TLS to the file of its authority, and name the server as its certificate does."
        )
    if getattr(error, "code", None) in MISSING:
        return MissingError(f"The index at {address} is incomplete ({message})", Remedy.BUILD_ELSEWHERE)
    return StoreError(f"The server at {address} refused a request ({message}): check its log.")
