"""A generation's manifest contains everything that the contract names, and one of another format is refused."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from corpora import article, write

from qa.build import build
from qa.config import Config
from qa.errors import StoreError
from qa.index.local import store
from qa.index.manifest import FAISS_FORMAT_VERSION, Manifest, file_sha256
from qa.text.passages import PassageSettings

if TYPE_CHECKING:
    from conftest import TinyEncoder


def test_manifest_says_all_that_the_contract_names(config: Config, tiny: TinyEncoder) -> None:
    write(
        config.corpus,
        {"a.md": article("A", "anchor", "beacon"), "bad.md": b"\x00\x01\x02\xff" * 99, "empty.txt": "", "x": ""},
    )
    build(config, tiny)
    folder = config.index / "generations" / "000001"
    data = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert data["format_version"] == FAISS_FORMAT_VERSION == 5
    assert data["id"] == "000001"
    assert datetime.fromisoformat(data["created"]).tzinfo is not None
    assert data["encoder"] == {
        "name": "tiny", "weights_sha256": tiny.identity.weights_sha256, "dimension": 256, "max_tokens": 256,
        "normalised": True, "query_prompt": "", "passage_prompt": "", "runtime": "torch",
    }  # fmt: skip
    assert data["passage_settings"] == PassageSettings().as_json()
    assert data["encoder_languages"] == ["en"]
    assert data["counts"] == {"documents": 1, "passages": 2}
    by_path = {entry["path"]: entry for entry in data["documents"]}
    assert {path: entry["status"] for path, entry in by_path.items()} == {
        "a.md": "indexed", "bad.md": "failed", "empty.txt": "empty", "x": "skipped",
    }  # fmt: skip
    place = config.corpus / "a.md"
    assert by_path["a.md"]["sha256"] == file_sha256(place)
    assert by_path["a.md"]["size"] == place.stat().st_size
    assert by_path["a.md"]["mtime_ns"] == place.stat().st_mtime_ns
    assert (by_path["a.md"]["passages"], by_path["a.md"]["title"], by_path["a.md"]["reason"]) == (2, "A", "")
    assert all(by_path[path]["reason"] for path in ("bad.md", "empty.txt", "x"))
    on_disk = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock"}
    assert set(data["files"]) == {name for name in on_disk if not name.endswith(".lock")} - {
        "manifest.json",
        "vectors.checked",
    }
    for name, facts in data["files"].items():
        now = (folder / name).stat()
        assert facts == {"size": now.st_size, "mtime_ns": now.st_mtime_ns, "sha256": file_sha256(folder / name)}


def test_manifest_survives_json(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"ümläut 😀.md": article("Ä", "anchor"), "x": ""})
    build(config, tiny)
    manifest = store.LocalStore(config.index).open_current().manifest
    assert Manifest.from_json(json.loads(json.dumps(manifest.as_json()))) == manifest


@pytest.mark.parametrize("version", [0, 3, 999, "2", None])
def test_other_format_version_is_refused_by_name(config: Config, tiny: TinyEncoder, version: object) -> None:
    build(config, tiny)
    data = {**store.LocalStore(config.index).open_current().manifest.as_json(), "format_version": version}
    with pytest.raises(
        StoreError, match=rf"format version {version!r} and this program reads 4 and 5: run `qa build --full`"
    ):
        Manifest.from_json(data)
