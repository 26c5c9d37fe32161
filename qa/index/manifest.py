"""A generation's manifest: how it was built, and the sizes and checksums of its files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..corpus.records import FileRecord
from ..errors import Remedy, StoreError
from ..models.packaged import traits_of
from ..models.protocols import EncoderIdentity, EncoderTraits
from ..system.files import sha256_of
from ..system.machine import processors
from ..text.stored import parse_json, strings, typed

FORMAT_VERSION = 4
FAISS_FORMAT_VERSION = 5  # on disk, where embeddings are a FAISS index; everything else is as in 4
FORMER_VECTORS = "vectors.f16"  # the embeddings on disk in format 4: rows of half-precision numbers alone
MANIFEST = "manifest.json"
_json = json.JSONEncoder(ensure_ascii=False)
# The text before and after the files' records: JSON strings cannot contain these line ends.
_RECORDS, _SEAL = ',\n "documents": [\n', ',\n "sha256": "'


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of a generation as it was published: size in bytes, time of its last change in ns, and SHA-256."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """How a generation was built; `files` are the other files in its folder.

    `reading` identifies the parsers and settings that read the corpus: if they change, it is read again.
    `encoder_languages` are the languages that the encoder was made for (ISO 639-1), empty if unknown; `languages` are
    those of the documents, including "" if the language of one is unknown.
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
        """The manifest of a generation that is about to be written; `created` is before its first file is read."""
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

    @property
    def encoder_traits(self) -> EncoderTraits:
        """What a ranking needs to know of the encoder."""
        return traits_of(self.encoder, self.encoder_languages)

    @property
    def is_monolingual(self) -> bool:
        """Whether the encoder was made for one language, that of all articles, as far as these are known."""
        made_for = self.encoder_languages
        return not made_for or (len(made_for) == 1 and {*self.languages} <= {"", *made_for})

    @property
    def is_outdated(self) -> bool:
        """Whether a build should write the generation anew although no file has changed, since its format is former."""
        return FORMER_VECTORS in self.files

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
        if data["format_version"] not in (FORMAT_VERSION, FAISS_FORMAT_VERSION):
            raise StoreError(
                f"The index has format version {data['format_version']!r} and this program reads "
                f"{FORMAT_VERSION} and {FAISS_FORMAT_VERSION}",
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
            format_version=typed(data["format_version"], int),
        )


def _written_file(data: object) -> WrittenFile:
    file = typed(data, dict)
    return WrittenFile(typed(file["size"], int), typed(file["mtime_ns"], int), typed(file["sha256"], str))


def write_manifest(path: Path, manifest: Manifest, records: Iterable[str]) -> None:
    """Write one JSON object: the manifest, `documents` (the record of each file), and the SHA-256 of all before it.

    The records are stored JSON, as by `record_json`.
    """
    head = json.dumps(manifest.as_json(), ensure_ascii=False, indent=1).removesuffix("\n}")
    lines = ",\n".join(records)
    body = f"{head}{_RECORDS}{lines}\n ]".encode()
    path.write_bytes(body + f'{_SEAL}{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest without the files' records, which may be many. Raises StoreError if it was altered."""
    try:
        data = (folder / MANIFEST).read_bytes()
        body, _, seal = data.rpartition(_SEAL.encode())
        if seal != f'{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode():
            Manifest.from_json(parse_json(data.decode(), dict))  # it may be intact, but in another format
            raise ValueError("altered")
        return Manifest.from_json(parse_json(f"{body.partition(_RECORDS.encode())[0].decode()}}}", dict))
    except PermissionError as error:
        raise forbidden(MANIFEST, folder) from error
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"The manifest of generation {folder.name} cannot be read", Remedy.FULL_BUILD) from error


def forbidden(name: str, folder: Path) -> StoreError:
    """The error to raise if this account may not read a file of a generation, which may be whole."""
    return StoreError(
        f"{name} of generation {folder.name} cannot be read (Permission denied): "
        "give this account permission to read the index, or name another with --index."
    )


def check_file(
    folder: Path, name: str, file: WrittenFile, is_intact: Callable[[Path, str], bool] | None = None
) -> None:
    """Raise StoreError if a file has another size than was published, may not be read, or has other bytes.

    Its bytes are read only if its time differs: it may have been copied. `is_intact` decides instead, if it is given.
    """
    path = folder / name
    try:
        facts = path.stat()
    except PermissionError as error:
        raise forbidden(name, folder) from error
    except OSError:
        facts = None
    if facts is None or facts.st_size != file.size:
        raise StoreError(f"{name} of generation {folder.name} is missing or cut short", Remedy.FULL_BUILD)
    if not os.access(path, os.R_OK):
        raise forbidden(name, folder)
    if is_intact is None:
        is_whole = facts.st_mtime_ns == file.mtime_ns or file_sha256(path) == file.sha256
    else:
        is_whole = is_intact(path, file.sha256)
    if not is_whole:
        raise StoreError(f"{name} of generation {folder.name} is not what was published", Remedy.FULL_BUILD)


def record_json(record: FileRecord) -> str:
    """A file's record as stored JSON."""
    return _json.encode(record.as_json())


def record_from_json(facts: str) -> FileRecord:
    """The record of stored JSON. Raises ValueError if it is invalid."""
    return FileRecord.from_json(parse_json(facts, dict))


def files_sha256(paths: Sequence[Path]) -> list[str]:
    """The SHA-256 of each file, as `file_sha256`; several files are read in parallel."""
    with ThreadPoolExecutor(processors()) as pool:
        return list(pool.map(file_sha256, paths))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes; empty if it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return ""
