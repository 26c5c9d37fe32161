"""Packs articles with their index into one file, and unpacks it: checked, and safe with a file from anywhere.

The file is a zip archive. Its last entry, `qa-pack.json`, lists every other with its size and SHA-256, so that each
file is read once. Nothing is unpacked that is not in the list, has another size, leads out of the folder, is larger
than the disk has room for, or swells as no articles do; and the folder appears when everything has been checked.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..config.file import keys_of
from ..errors import QAError
from ..system.files import sync
from ..system.version import __version__

LIST = "qa-pack.json"
_FORMAT = 1
_MAX_LIST = 256_000_000  # bytes of the list
_MAX_FILES = 2_000_000
_SWELLS, _ALLOWED = 200, 1_000_000_000  # more than so many times the archive's size, and so many bytes, is no pack
_BLOCK = 1 << 20
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # names of devices on Windows
# All that a pack is made of: an account, a session or a token that came with one would let its author in.
_PLACE = re.compile(
    r"(?s)corpus/(?!.*/\.)[^.].*|qa\.toml|index/(?:CURRENT|recognised\.sqlite|generations/[0-9]+/.+|encoders/.+)"
)
# The settings that belong to the articles; others say what a machine reads, and who reaches it.
SETTINGS_OF_ARTICLES = frozenset(
    {"encoder", "query_prompt", "passage_prompt", "max_file_mb", "fields", "text_files", "ocr_languages", "threshold",
     "risk", "reader", "reader_ms"}
)  # fmt: skip
_MAX_SETTINGS = 1_000_000  # bytes
_Step = Callable[[int, int], None]


class PackError(QAError):
    """A pack cannot be written, or is damaged or not safe to unpack."""


@dataclass(frozen=True, slots=True)
class Packed:
    """How many files were packed or unpacked, and their bytes."""

    files: int
    size: int


def write_pack(target: Path, sources: Mapping[str, Path | bytes], step: _Step = lambda *_: None) -> Packed:
    """Write files, by their paths in the pack, into a new file; it appears when it is complete.

    Raises PackError if the file exists already, or one of the others changes meanwhile.
    """
    if target.exists():
        raise PackError(f"There is a file {str(target)!r} already: name another, or delete it.")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    listed: dict[str, dict[str, Any]] = {}
    head = {"format": _FORMAT, "version": __version__, "created": int(time.time()), "files": listed}
    try:
        with zipfile.ZipFile(partial, "x", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for number, (name, source) in enumerate(sources.items()):
                step(number, len(sources))
                listed[name] = _added(archive, name, source)
            archive.writestr(LIST, json.dumps(head, ensure_ascii=False))
        sync(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Packed(len(listed), sum(entry["size"] for entry in listed.values()))


def read_pack(pack: Path, folder: Path, step: _Step = lambda *_: None) -> Packed:
    """Unpack into a folder that is new or empty. Raises PackError, and then leaves nothing behind."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PackError(f"The folder {str(folder)!r} is not empty: name another.")
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    partial = folder.absolute().with_name(f".{folder.absolute().name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(pack) as archive:
            listed = _checked(archive, pack, folder.absolute().parent)
            partial.mkdir()
            for number, (name, entry) in enumerate(listed.items()):
                step(number, len(listed))
                _extract(archive, name, entry, partial.joinpath(*PurePosixPath(name).parts))
        with suppress(OSError):
            folder.rmdir()  # it is empty
        partial.replace(folder)
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError),
        *(FileExistsError, NotADirectoryError),  # one file is to be the folder of another
    ) as error:
        raise PackError(
            f"{str(pack)!r} is no whole pack ({error}): copy it again, or write it with `qa pack`."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Packed(len(listed), sum(entry["size"] for entry in listed.values()))


def _blocks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _added(archive: zipfile.ZipFile, name: str, source: Path | bytes) -> dict[str, Any]:
    """Add a file and return its size and checksum. Raises PackError if it changes meanwhile."""
    digest, size, stamp = hashlib.sha256(), 0, _stamp(source)
    info = zipfile.ZipInfo(name, time.localtime()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as file:
        for block in _blocks(source):
            digest.update(block)
            size += len(block)
            file.write(block)
    if _stamp(source) != stamp:
        raise PackError(f"{name!r} changed while it was packed: pack again when nothing writes to the folder.")
    return {"size": size, "sha256": digest.hexdigest()}


def _stamp(source: Path | bytes) -> tuple[int, ...]:
    """What becomes another when a file is written to."""
    if isinstance(source, bytes):
        return ()
    found = source.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _checked(archive: zipfile.ZipFile, pack: Path, disk: Path) -> dict[str, dict[str, Any]]:
    """The list of the pack, if everything about it is safe. Raises PackError."""

    def refused(why: str) -> PackError:
        return PackError(f"{str(pack)!r} {why}: nothing was unpacked; write it with `qa pack`.")

    entries = archive.infolist()
    files = [info for info in entries if info.filename != LIST]
    if len(entries) > _MAX_FILES or len(entries) != len(files) + 1:
        raise refused("is no pack of this program")
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in entries):
        raise refused("is no pack of this program")
    data = json.loads(_limited(archive, LIST, _MAX_LIST))
    listed = data.get("files") if isinstance(data, dict) else None
    if not isinstance(listed, dict) or not all(isinstance(entry, dict) for entry in listed.values()):
        raise refused("has no list of its files")
    if data.get("format") != _FORMAT:
        raise PackError(
            f"{str(pack)!r} was written by version {data.get('version')}: install that version or a newer one."
        )
    names = [info.filename for info in files]
    if len(set(map(str.casefold, names))) != len(names) or set(names) != set(listed):
        raise refused("contains other files than it lists")
    for info in files:
        entry = listed[info.filename]
        if not _is_safe(info.filename):
            raise refused(f"contains {info.filename!r}, which leads out of the folder or is no name of a file")
        if not _PLACE.fullmatch(info.filename):
            raise refused(f"contains {info.filename!r}, which belongs to no pack")
        if entry.get("size") != info.file_size or not isinstance(entry.get("sha256"), str):
            raise refused(f"contains {info.filename!r} with another size than it lists")
    if "qa.toml" in listed:
        text = _limited(archive, "qa.toml", _MAX_SETTINGS).decode("utf-8-sig")
        if others := sorted(keys_of(text) - SETTINGS_OF_ARTICLES):
            raise refused(f"sets {', '.join(others)}, which a pack may not")
    total = sum(info.file_size for info in entries)
    if total > _ALLOWED + _SWELLS * pack.stat().st_size:
        raise refused(f"would swell to {total / 1e9:,.1f} GB, as no articles do")
    if total > (free := shutil.disk_usage(disk).free):
        raise PackError(
            f"{str(pack)!r} needs {total / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free: free space there."
        )
    return listed


def _is_safe(name: str) -> bool:
    """Whether a name is a path below the folder, on every system."""
    parts = name.split("/")
    if "\\" in name or ":" in name or "\0" in name or name.startswith("/"):
        return False
    return all(part and part not in (".", "..") and not _RESERVED.fullmatch(part) for part in parts)


def _limited(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise zipfile.BadZipFile(f"{name} is too long")
    return data


def _extract(archive: zipfile.ZipFile, name: str, entry: Mapping[str, Any], target: Path) -> None:
    """Write one file, never more than its listed bytes. Raises BadZipFile if it is another than the list says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), int(entry["size"])
    with archive.open(name) as file, target.open("xb") as out:
        while block := file.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                break
            digest.update(block)
            out.write(block)
    if left or digest.hexdigest() != entry["sha256"]:
        raise zipfile.BadZipFile(f"{name} differs from its checksum")
