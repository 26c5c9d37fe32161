"""A generation's manifest: what it says of itself, and by which checksums its files are known.

It knows nothing about what stands in those files, or where generations are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..corpus.records import FileRecord
from ..errors import Remedy, StoreError
from ..models.protocols import EncoderIdentity
from ..system.machine import processors
from ..text.stored import loaded, strings, typed

FORMAT_VERSION = 4
MANIFEST = "manifest.json"
_json = json.JSONEncoder(ensure_ascii=False)
_HASHED = 1 << 24  # bytes: between two such blocks the interpreter's lock may have to be waited for
# What stands around the files' records in a manifest: no text within JSON can hold these line ends.
_RECORDS, _SEAL = ',\n "documents": [\n', ',\n "sha256": "'


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of a generation as it was published: bytes, time of its last change (ns), and sha256."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation says of itself; `files` are the others in its folder.

    `reading` says how the corpus was read: with another program or setting it would be read anew.
    `encoder_languages` are those that its encoder was made for (ISO 639-1), empty where that is not known;
    `languages` are those of its documents, "" among them where one could not be told.
    """

    id: str
    created: str
    encoder: Mapping[str, Any]
    passage_settings: Mapping[str, Any]
    reading: Mapping[str, Any]
    documents: int
    passages: int
    files: Mapping[str, WrittenFile]
    languages: tuple[str, ...]
    encoder_languages: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION

    @classmethod
    def begun(
        cls,
        encoder: EncoderIdentity,
        passage_settings: Mapping[str, Any],
        reading: Mapping[str, Any] = MappingProxyType({}),
        created: datetime | None = None,
        encoder_languages: Sequence[str] = (),
    ) -> Manifest:
        """That of a generation which is to be written; `created` is a moment before its first file is read."""
        return cls(
            id="",
            created=(created or datetime.now(timezone.utc)).isoformat(timespec="seconds"),
            encoder=encoder.as_json(),
            passage_settings=passage_settings,
            reading=reading,
            documents=0,
            passages=0,
            files={},
            languages=(),
            encoder_languages=tuple(encoder_languages),
        )

    def as_json(self) -> dict[str, Any]:
        data = {name: getattr(self, name) for name in ("format_version", "id", "created")}
        data["encoder"], data["passage_settings"] = dict(self.encoder), dict(self.passage_settings)
        data["reading"] = dict(self.reading)
        data["languages"], data["encoder_languages"] = list(self.languages), list(self.encoder_languages)
        data["counts"] = {"documents": self.documents, "passages": self.passages}
        data["files"] = {name: asdict(file) for name, file in self.files.items()}
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Manifest:
        """Raises StoreError for another format version, and KeyError or ValueError if malformed."""
        if data["format_version"] != FORMAT_VERSION:
            raise StoreError(
                f"The index has format version {data['format_version']!r} and this program reads {FORMAT_VERSION}",
                Remedy.FULL_BUILD,
                "{}, or use the program that built it",
            )
        return cls(
            id=str(data["id"]),
            created=str(data["created"]),
            encoder=typed(data["encoder"], dict),
            passage_settings=typed(data["passage_settings"], dict),
            reading=typed(data["reading"], dict),
            documents=typed(typed(data["counts"], dict)["documents"], int),
            passages=typed(data["counts"]["passages"], int),
            languages=strings(data["languages"]),
            encoder_languages=strings(data["encoder_languages"]),
            files={name: _written_file(file) for name, file in typed(data["files"], dict).items()},
        )


def _written_file(data: object) -> WrittenFile:
    file = typed(data, dict)
    return WrittenFile(typed(file["size"], int), typed(file["mtime_ns"], int), typed(file["sha256"], str))


def write_manifest(path: Path, manifest: Manifest, records: Sequence[FileRecord]) -> None:
    """One JSON object: the manifest, `documents` (a record a line, one for each file), and the sha256 of all before."""
    head = json.dumps(manifest.as_json(), ensure_ascii=False, indent=1).removesuffix("\n}")
    lines = ",\n".join(map(record_json, records))
    body = f"{head}{_RECORDS}{lines}\n ]".encode()
    path.write_bytes(body + f'{_SEAL}{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode())


def read_manifest(folder: Path) -> Manifest:
    """The manifest without the files' records, which may be many. Raises StoreError where it was not written so."""
    try:
        data = (folder / MANIFEST).read_bytes()
        body, _, seal = data.rpartition(_SEAL.encode())
        if seal != f'{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode():
            Manifest.from_json(loaded(data.decode(), dict))  # it may be whole, but of another format
            raise ValueError("altered")
        return Manifest.from_json(loaded(f"{body.partition(_RECORDS.encode())[0].decode()}}}", dict))
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"The manifest of generation {folder.name} cannot be read", Remedy.FULL_BUILD) from error


def record_json(record: FileRecord) -> str:
    """A file's record as it is stored."""
    return _json.encode(record.as_json())


def record_from_json(facts: str) -> FileRecord:
    """The record that was stored; raises ValueError where it is none."""
    return FileRecord.from_json(loaded(facts, dict))


def files_sha256(paths: Sequence[Path]) -> list[str]:
    """As `file_sha256`, of many files beside each other."""
    with ThreadPoolExecutor(processors()) as pool:
        return list(pool.map(file_sha256, paths))


def file_sha256(path: Path) -> str:
    """Of its bytes; empty where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_HASHED):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()
