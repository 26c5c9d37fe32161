"""Who may log in: user names with hashes of their passwords, from one text or from a file."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ...errors import ConfigError
from ...system.files import sync

logger = logging.getLogger(__name__)

# scrypt: 16 MB and .2 s; one of the sets of parameters in OWASP's cheat sheet on storing passwords.
_N, _R, _P = 2**14, 8, 5
_MOST_MEMORY = 2**26  # bytes
_MOST_SECONDS = 10.0  # that a command waits for another one
_HASH = re.compile(r"scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2})\$([0-9a-f]{16,128})\$([0-9a-f]{64})")
_NAME = re.compile(r"[^:#\s\x00-\x1f\x7f][^:\x00-\x1f\x7f]{0,99}")
_HOW = "write it with `qa user add NAME --auth-file FILE`."


@dataclass(frozen=True, slots=True)
class Accounts:
    """The hashes of passwords, by user name."""

    hashes: Mapping[str, str]

    @classmethod
    def of(cls, auth: str, salt: bytes) -> Accounts:
        """The one account of a text like `user:password`. Raises ConfigError."""
        name, password = credentials(auth)
        return cls({_normal(name): _hashed(_normal(password), salt)})

    @classmethod
    def read(cls, path: Path) -> Accounts:
        """The accounts of a file of lines like `user:scrypt:…`, as `set_password` writes it. Raises ConfigError."""
        accounts = cls.parse(path)
        if not accounts.hashes:
            raise ConfigError(f"{path} has no account: {_HOW}")
        return accounts

    @classmethod
    def parse(cls, path: Path) -> Accounts:
        """The accounts of such a file, of which there may be none. Raises ConfigError."""
        hashes: dict[str, str] = {}
        for number, line in enumerate(_lines(path), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, hashed = line.partition(":")
            if not _NAME.fullmatch(name) or not _HASH.fullmatch(hashed):
                raise ConfigError(f"Line {number} of {path} is not a user name and the hash of a password: {_HOW}")
            if name in hashes:
                raise ConfigError(f"Line {number} of {path} repeats a user name: delete one of the two lines.")
            hashes[name] = hashed
        return cls(hashes)

    def admit(self, name: str, password: str) -> bool:
        """Return whether this is the password of the user; takes as long for a name that does not exist."""
        known = self.hashes.get(_normal(name))
        return _matches(known or _NOBODY, _normal(password)) and known is not None

    def name(self, typed: str) -> str:
        """Return a name in the form in which accounts have it."""
        return _normal(typed)


def credentials(auth: str) -> tuple[str, str]:
    """Return name and password of a text like `user:password`. Raises ConfigError."""
    name, _, password = auth.partition(":")
    if not name.strip() or not password.strip():
        raise ConfigError("--auth needs a name and a password: give it as --auth user:password.")
    return name.strip(), password


class CurrentAccounts:
    """The accounts of a file as it is now, so that who is removed from it is out at once, and those of `besides`."""

    def __init__(self, path: Path | None, besides: Mapping[str, str]) -> None:
        """Read the file. Raises ConfigError, also if it has no account."""
        self._path = path
        self._besides = besides
        self._seen = self._state()
        read = {} if path is None else Accounts.read(path).hashes
        self._accounts = Accounts({**read, **besides})

    def now(self) -> Accounts:
        """Return the accounts; those that were read last if the file can no longer be, which the log says once."""
        state = self._state()
        if self._path is not None and state != self._seen:
            self._seen = state
            try:
                self._accounts = Accounts({**Accounts.parse(self._path).hashes, **self._besides})
            except ConfigError as error:
                logger.error("%s Until then those who could log in before still can.", error)
        return self._accounts

    def _state(self) -> tuple[int, ...]:
        try:
            found = self._path.stat() if self._path is not None else None
        except OSError:
            found = None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else ()


def set_password(path: Path, name: str, password: str, is_new: bool = False) -> None:
    """Store the hash of a user's password in a file that only its owner can read; other lines stay as they are.

    With `is_new` there must be no such user yet. Raises ConfigError.
    """
    name = _normal(name.strip())
    if not _NAME.fullmatch(name):
        raise ConfigError(f"The user name {name[:40]!r} is not valid: use up to 100 characters without a colon.")
    if not password.strip():
        raise ConfigError("The password is empty: choose another.")
    line = f"{name}:{_hashed(_normal(password), secrets.token_bytes(16))}"
    with _locked(path):
        lines = _lines(path) if path.exists() else []
        places = _places(lines, name)
        if is_new and places:
            raise ConfigError(f"{path} already has the user {name!r}: change the password with `qa password`.")
        for place in places or [len(lines)]:
            lines[place : place + 1] = [line]
        _write(path, lines)


def remove_user(path: Path, name: str) -> None:
    """Remove a user from the file of accounts; other lines stay as they are. Raises ConfigError if there is none."""
    name = _normal(name.strip())
    with _locked(path):
        lines = _lines(path)
        places = _places(lines, name)
        if not places:
            raise ConfigError(f"{path} has no user {name!r}: see `qa user list`.")
        _write(path, [line for place, line in enumerate(lines) if place not in places])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one command at a time read the file and write it anew: of two at once, one would undo the other's change."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        with FileLock(lock, timeout=_MOST_SECONDS, mode=0o600):
            yield
    except Timeout as error:
        raise ConfigError(f"Another command is changing {path}: wait for it, then try again.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror or error}): name another file.") from error


def _places(lines: list[str], name: str) -> list[int]:
    return [place for place, line in enumerate(lines) if line.partition(":")[0] == name]


def _write(path: Path, lines: list[str]) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        sync(beside)
        beside.replace(path)
        sync(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise ConfigError(f"{path} cannot be written ({error.strerror or error}): name another file.") from error


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The file of accounts {path} cannot be read ({reason}): {_HOW}") from error


def _normal(text: str) -> str:
    """Return a text as other systems would type it too: an accent is one character with its letter."""
    return unicodedata.normalize("NFC", text)


def _hashed(password: str, salt: bytes) -> str:
    return f"scrypt:{_N}:{_R}:{_P}${salt.hex()}${_key(password, salt, _N, _R, _P).hex()}"


def _matches(hashed: str, password: str) -> bool:
    found = _HASH.fullmatch(hashed)
    assert found  # `read` has checked it
    n, r, p = (int(each) for each in found.groups()[:3])
    return secrets.compare_digest(_key(password, bytes.fromhex(found[4]), n, r, p), bytes.fromhex(found[5]))


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    try:
        given = password.encode("utf-8", "surrogatepass")
        return hashlib.scrypt(given, salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32)
    except ValueError as error:  # of scrypt, about its parameters
        raise ConfigError(f"A hash of the file of accounts cannot be used ({error}): {_HOW}") from error


_NOBODY = f"scrypt:{_N}:{_R}:{_P}${'0' * 32}${'0' * 64}"
