"""Prepares files on the machines of a Ray cluster, which parse, split and encode them; results come back in order.

There are three Ray Data stages, each with as many blocks in flight as fit into memory: files are read on this machine
(no other one needs the folder), parsed and split by actors with a sandbox process each, and encoded by actors that have
loaded the encoder. Only plain data passes between them: bytes, strings and numbers in Arrow tables.
"""

from __future__ import annotations

import json
import logging
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import Config
from ..corpus import documents
from ..corpus.documents import CorpusFile
from ..corpus.records import FileRecord
from ..errors import ClusterError, Remedy
from ..formats import ReadingSettings
from ..models.encoders import DEFAULT_SHA256, FOLDER, open_encoder
from ..models.onnx_encoder import DESCRIPTION, ExportedModel
from ..models.protocols import Encoder, Vectors
from ..sandbox.pool import SandboxProcess
from ..sandbox.read_pages import KeptPages, ReadPages, SentPages
from ..text.passages import PassageSettings, Splitting
from . import preparation
from .cluster import NODE_ID, reason_for, start
from .preparation import PreparedFile
from .reading import reading_of

if TYPE_CHECKING:
    import pyarrow

OpenEncoder = Callable[[], Encoder]

# Sizes of the files in one task, which is repeated if its worker is lost; many blocks cost the driver memory.
_BLOCK_BYTES, _FILE_BYTES, _MAX_BLOCKS = 64_000, 4_000, 10_000
_SPLITTER_CPUS, _ENCODER_CPUS = 0.25, 0.75  # so that one actor of each stage fits on a processor
_PARALLEL_READS = 2
_PREFIX = ">u8"  # the first bytes of a key, which usually identify it
_log = logging.getLogger(__name__)


@contextmanager
def connected(
    address: str, encoder: Encoder, config: Config, open_encoder: OpenEncoder | None = None
) -> Iterator[Cluster]:
    """Connect to the cluster at `address` ("auto", or the head's host:port), or to one of this machine only ("local").

    `open_encoder` opens the same encoder as `encoder` on each machine. By default that is the shipped one, or another
    from its export in `config.index`, or in torch from that machine's copy of the model. Raises ConfigError if Ray is
    not installed, ClusterError if the cluster cannot be reached or used.
    """
    with ExitStack() as stack:
        start(address, stack)
        yield Cluster(
            open_encoder or _encoder_opener(encoder, config), encoder, reading_of(config), ReadPages(config.index)
        )


def _encoder_opener(encoder: Encoder, config: Config) -> OpenEncoder:
    import ray

    identity = encoder.identity
    sha256 = identity.weights_sha256
    folder = config.index / FOLDER / sha256
    is_sent = identity.runtime != "torch" and sha256 != DEFAULT_SHA256  # each machine has the shipped one
    description = ExportedModel.read(folder, sha256) if is_sent else None
    names = [*description.files, DESCRIPTION] if description else []
    files = ray.put({name: (folder / name).read_bytes() for name in names})
    return partial(_open_sent, files, (config.encoder, config.query_prompt, config.passage_prompt), identity.as_json())


def _open_sent(files: Any, names: tuple[str, str | None, str | None], built: Mapping[str, Any]) -> Encoder:
    import ray

    with tempfile.TemporaryDirectory(prefix="qa-encoder-") as index:
        folder = Path(index) / FOLDER / built["weights_sha256"]
        folder.mkdir(parents=True)
        for name, data in ray.get(files).items():
            (folder / name).write_bytes(data)
        # One thread, since each processor has an actor. The folder may be deleted once the model is loaded.
        return open_encoder(*names, Path(index), built, threads=1, device=None)


class Cluster:
    """The machines that prepare files, and how they do so (`RemoteWorkers`)."""

    def __init__(
        self, open_encoder: OpenEncoder, encoder: Encoder, reading: ReadingSettings, pages: KeptPages | None = None
    ) -> None:
        """`pages` keeps what the machines read from images."""
        self._pages = pages
        self._open = open_encoder
        self._identity = encoder.identity
        self._reading = reading

    def prepare(
        self, files: Sequence[CorpusFile], created: str, settings: PassageSettings, known: Sequence[bytes]
    ) -> Iterator[PreparedFile | None]:
        """See `RemoteWorkers`. Raises ClusterError if the cluster is lost."""
        if not files:
            return
        import ray
        import ray.data
        import ray.exceptions

        prefixes = np.frombuffer(b"".join(key[:8] for key in known), _PREFIX)
        blocks = self._blocks(files, created, settings, ray.put(np.sort(prefixes)))
        missing = 0
        number = 0
        try:
            for block in blocks.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=2):
                for row in block.to_pylist():
                    for _ in range(number, row["number"]):
                        missing += 1
                        yield None
                    number = row["number"] + 1
                    for key, page in json.loads(row["pages"]):
                        if self._pages is not None:
                            self._pages.put(bytes.fromhex(key), page)
                    rows = np.frombuffer(row["rows"], "<f4").reshape(-1, self._identity.dimension)
                    yield PreparedFile.from_json(
                        json.loads(row["file"]), dict(zip(_keys(row["keys"]), rows, strict=True))
                    )
        except ray.exceptions.RayError as error:
            raise ClusterError(
                f"The Ray cluster was lost ({reason_for(error)})", Remedy.BUILD, "{} again to go on"
            ) from error
        for _ in range(number, len(files)):
            missing += 1
            yield None
        if missing:
            _log.warning("%d files were lost by the workers and read on this machine.", missing)

    def _blocks(self, files: Sequence[CorpusFile], created: str, settings: PassageSettings, known: Any) -> Any:
        """The prepared files as a Ray Data set, which is computed while it is read."""
        import ray
        import ray.data

        resources = ray.cluster_resources()
        processors, accelerators = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
        here = {NODE_ID: ray.get_runtime_context().get_node_id()}
        in_torch = accelerators > 0 and self._identity.runtime == "torch"
        tables = list(_tables(files))
        whole: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow", "zero_copy_batch": True}
        return (
            ray.data.from_arrow(tables)
            .map_batches(
                _read,
                **whole,
                compute=ray.data.TaskPoolStrategy(size=min(_PARALLEL_READS, len(tables))),
                num_cpus=0,
                label_selector=here,
            )
            .map_batches(
                _Splitter,
                **whole,
                fn_constructor_args=(self._open, created, settings, self._reading),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=processors),
                num_cpus=_SPLITTER_CPUS,
            )
            .map_batches(
                _Encoder,
                **whole,
                fn_constructor_args=(self._open, self._identity.as_json(), known),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=accelerators if in_torch else processors),
                **({"num_gpus": 1} if in_torch else {"num_cpus": _ENCODER_CPUS}),
            )
        )


def _tables(files: Sequence[CorpusFile]) -> Iterator[pyarrow.Table]:
    """The files with their numbers, in tables of some files each."""
    costs = [max(file.record.size, _FILE_BYTES) for file in files]
    most = max(_BLOCK_BYTES, sum(costs) // _MAX_BLOCKS)
    rows: list[dict[str, Any]] = []
    size = 0
    for number, (file, cost) in enumerate(zip(files, costs, strict=True)):
        if rows and size + cost > most:
            yield _table(rows)
            rows, size = [], 0
        location = {"location": str(file.location), "root": str(file.root), "max_bytes": file.max_bytes}
        rows.append({"number": number, "file": json.dumps({**location, "record": file.record.as_json()}).encode()})
        size += cost
    yield _table(rows)


def _table(rows: list[dict[str, Any]]) -> pyarrow.Table:
    import pyarrow

    kinds = {
        name: pyarrow.int64() if isinstance(value, int) else pyarrow.large_binary() for name, value in rows[0].items()
    }
    return pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(kinds))


def _read(block: pyarrow.Table) -> Iterator[pyarrow.Table]:
    """Read the bytes of each file, on the machine that has the folder."""
    for row in block.to_pylist():
        file = json.loads(row["file"])
        corpus_file = CorpusFile(
            FileRecord(**file["record"]), Path(file["location"]), Path(file["root"]), file["max_bytes"]
        )
        record, data = documents.read(corpus_file)
        yield _table([{"number": row["number"], "record": json.dumps(record.as_json()).encode(), "data": data}])


class _Splitter:
    """Parses and splits files in a sandbox process, as a build on one machine does."""

    def __init__(
        self, open_encoder: OpenEncoder, created: str, settings: PassageSettings, reading: ReadingSettings
    ) -> None:
        self._encoder = open_encoder()
        self._created = created
        self._splitting = Splitting(self._encoder.count_tokens, self._encoder.identity.max_tokens, settings)
        self._pages = SentPages()
        self._sandbox = SandboxProcess(reading=reading, pages=self._pages)

    def __call__(self, block: pyarrow.Table) -> Iterator[pyarrow.Table]:
        for row in block.to_pylist():
            record = FileRecord(**json.loads(row["record"]))
            file = preparation.prepare_data(
                record, row["data"], self._created, self._sandbox.parse_file, self._splitting
            )
            texts = {passage.key: passage.encoded for passage in file.passages()}
            yield _table(
                [
                    {
                        "number": row["number"],
                        "file": json.dumps(file.as_json()).encode(),
                        "pages": json.dumps(self._pages.take()).encode(),  # that were read from images
                        "keys": b"".join(texts),
                        "texts": json.dumps(list(texts.values())).encode(),  # not all text is UTF-8
                    }
                ]
            )


class _Encoder:
    """Computes the embeddings that are not known, sorted by length."""

    def __init__(self, open_encoder: OpenEncoder, identity: Mapping[str, Any], known: Any) -> None:
        import ray

        self._encoder = open_encoder()
        if self._encoder.identity.as_json() != identity:
            raise ClusterError(
                f"The encoder on {socket.gethostname()} differs from the one here: put the same model on each machine."
            )
        self._known: Vectors = ray.get(known)

    def __call__(self, block: pyarrow.Table) -> pyarrow.Table:
        rows = block.to_pylist()
        texts = {
            key: text
            for row in rows
            for key, text in zip(_keys(row["keys"]), json.loads(row.pop("texts")), strict=True)
            if not self._knows(key)
        }
        ordered = sorted(texts, key=lambda key: len(texts[key]))
        embeddings = self._encoder.encode_passages([texts[key] for key in ordered]) if ordered else ()
        by_key = dict(zip(ordered, embeddings, strict=True))
        for row in rows:
            new = [key for key in _keys(row["keys"]) if key in by_key]
            row["keys"] = b"".join(new)
            row["rows"] = b"".join(np.asarray(by_key.pop(key), "<f4").tobytes() for key in new)  # each once
        return _table(rows)

    def _knows(self, key: bytes) -> bool:
        """Whether a known key has the same prefix; the driver compares whole keys, and encodes those that are new."""
        prefix = int.from_bytes(key[:8], "big")
        index = int(np.searchsorted(self._known, prefix))
        return index < len(self._known) and int(self._known[index]) == prefix


def _keys(joined: bytes) -> list[bytes]:
    return [joined[start : start + 16] for start in range(0, len(joined), 16)]


# --- the cluster ------------------------------------------------------------------------------------------------------
