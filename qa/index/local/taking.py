"""Takes files of the last generation over into a new one, and notices if they change while a build reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from ...errors import Remedy, StoreError
from ..manifest import WrittenFile, check_file

_BLOCK = 1 << 20  # bytes that are copied at a time

Copies = Mapping[Path, "Copy"]  # by the path of the copy


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that was copied: its checksum, and what shows whether it was written to since."""

    sha256: str
    stamp: tuple[int, int, int]

    @classmethod
    def of(cls, path: Path, sha256: str) -> Copy:
        """The copy at `path`, which has this checksum."""
        return cls(sha256, _stamp(path))

    def is_current(self, path: Path) -> bool:
        """Whether nothing has written to the file."""
        return _stamp(path) == self.stamp


def copy(source: Path, files: Mapping[str, WrittenFile], folder: Path) -> Copies:
    """Copy these files of a generation's folder to a new folder. Raises StoreError if one is not what was published.

    The bytes that are written are those that are compared.
    """
    folder.mkdir(parents=True)
    copies = {}
    for name, file in files.items():
        path = folder / Path(name).name
        digest = hashlib.sha256()
        with (source / name).open("rb", buffering=0) as read, path.open("xb", buffering=0) as written:
            while block := read.read(_BLOCK):
                digest.update(block)
                write_all(written, block)
        if digest.hexdigest() != file.sha256:
            raise StoreError(f"{name} of generation {source.name} was changed while it was read", Remedy.FULL_BUILD)
        copies[path] = Copy.of(path, file.sha256)
    return copies


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of the data: a disk that is nearly full may take a part of it, without an error."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def is_as_published(folder: Path, files: Mapping[str, WrittenFile]) -> bool:
    """Whether the files of a generation have the sizes and times of its manifest, or else the bytes."""
    try:
        for name, file in files.items():
            check_file(folder, name, file)
    except StoreError:
        return False
    return True


def _stamp(path: Path) -> tuple[int, int, int]:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns, facts.st_ino
