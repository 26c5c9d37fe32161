"""Signs bytes with a key that belongs to this user, and checks such signatures (Ed25519, RFC 8032)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ..errors import ReceiptError
from ..system.files import sync
from ..system.folders import data_folder

_NAME = "receipts.key"
_BYTES = 32  # of a private key, of a public one and of a seed
_MOST = 200  # characters of a file that holds one


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature with the public key that it is checked against, both as bytes."""

    public_key: bytes
    value: bytes

    @property
    def fingerprint(self) -> str:
        """The first 16 hexadecimal digits of the key's SHA-256, by which people compare keys."""
        return hashlib.sha256(self.public_key).hexdigest()[:16]

    def holds(self, data: bytes) -> bool:
        """Whether the owner of the key has signed exactly these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(self.value, data)
        except (InvalidSignature, ValueError):
            return False
        return True


def key_file() -> Path:
    """Where this user's key is."""
    return data_folder() / _NAME


def sign(data: bytes, file: Path) -> Signature:
    """Sign bytes with the key in a file, which is made if there is none. Raises ReceiptError."""
    key = Ed25519PrivateKey.from_private_bytes(_seed(file))
    return Signature(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), key.sign(data))


def public_key(file: Path) -> bytes | None:
    """The public key of the key in a file; None if there is none. Raises ReceiptError if it is damaged."""
    if not file.exists():
        return None
    return Ed25519PrivateKey.from_private_bytes(_read(file)).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _seed(file: Path) -> bytes:
    """The private key in a file; one that is made gets its name once it is written whole. Raises ReceiptError."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            _make(file)
        return _read(file)
    except OSError as error:
        raise ReceiptError(
            f"The key {str(file)!r} cannot be written or read ({error.strerror}): give this account leave to."
        ) from error


def _make(file: Path) -> None:
    seed = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(base64.b64encode(seed) + b"\n")
        sync(new)
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(new, file)
        sync(file.parent)
    finally:
        new.unlink(missing_ok=True)


def _read(file: Path) -> bytes:
    try:
        seed = base64.b64decode(file.read_bytes()[:_MOST].strip(), validate=True)
    except ValueError:
        seed = b""
    if len(seed) != _BYTES:
        raise ReceiptError(f"The key {str(file)!r} is damaged: move it away, and the next receipt makes another.")
    return seed
