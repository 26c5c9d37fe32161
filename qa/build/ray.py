"""Files are read, split and encoded by the machines of a Ray cluster, and come back in their order; nothing is written.

Three Ray Data stages, each with so many blocks in flight as its memory holds: files are read on this machine (no other
one needs the folder), split by actors that have a reading process each, encoded by actors that hold the encoder.
Between them goes plain data alone: bytes, strings and numbers in Arrow tables. It knows nothing about generations.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import formats
from ..config import Config
from ..corpus import documents
from ..corpus.documents import FoundFile
from ..corpus.records import FileRecord
from ..errors import ClusterError, ConfigError
from ..formats.sandbox import ReaderProcess
from ..models.encoders import DEFAULT_SHA256, FOLDER, open_encoder
from ..models.onnx_encoder import DESCRIPTION, Exported
from ..models.protocols import Encoder, Vectors
from ..text.passages import PassageSettings
from . import prepared
from .prepared import Prepared

if TYPE_CHECKING:
    import pyarrow

Open = Callable[[], Encoder]

LOCAL = "local"
# Of files in one task: so much is done again where a worker is lost. Many blocks cost the driver memory.
_BLOCK_BYTES, _FILE_BYTES, _MOST_BLOCKS = 64_000, 4_000, 10_000
_MOST_BLOCK = 16_000_000  # bytes of what a stage hands on at once, if no single file is larger
_SPLITTER, _ENCODER = 0.25, 0.75  # of a processor: one actor of each stage fits on it
_READS = 2  # beside each other
_NODE_ID = "ray.io/node-id"  # the label that each machine has
_CONNECT_SECONDS = 5.0
_PREFIX = ">u8"  # the beginning of a key, which tells known passages apart
_log = logging.getLogger(__name__)


@contextmanager
def connected(address: str, encoder: Encoder, config: Config, open_encoder: Open | None = None) -> Iterator[Cluster]:
    """The cluster at `address` ("auto", or the head's host:port), or one of this machine alone ("local"), till the end.

    `open_encoder` opens on each of its machines what must be the same as `encoder`: by default the shipped one, another
    from the files that `config.index` has of it, or in torch that machine's own copy of the model. Raises ConfigError
    where Ray is not installed, and ClusterError where the cluster is not reached or does not fit.
    """
    with ExitStack() as stack:
        _start(address, stack)
        yield Cluster(open_encoder or _exported(encoder, config), encoder, config.fields)


def _exported(encoder: Encoder, config: Config) -> Open:
    import ray

    identity = encoder.identity
    sha256 = identity.weights_sha256
    folder = config.index / FOLDER / sha256
    is_sent = identity.runtime != "torch" and sha256 != DEFAULT_SHA256  # the shipped one is on each machine
    description = Exported.read(folder, sha256) if is_sent else None
    names = [*description.files, DESCRIPTION] if description else []
    files = ray.put({name: (folder / name).read_bytes() for name in names})
    return partial(_opened, files, (config.encoder, config.query_prompt, config.passage_prompt), identity.as_json())


def _opened(files: Any, names: tuple[str, str | None, str | None], built: Mapping[str, Any]) -> Encoder:
    import ray

    with tempfile.TemporaryDirectory(prefix="qa-encoder-") as index:
        folder = Path(index) / FOLDER / built["weights_sha256"]
        folder.mkdir(parents=True)
        for name, data in ray.get(files).items():
            (folder / name).write_bytes(data)
        # One thread: each processor has an actor. The files may go, since a session has read its own when it is open.
        return open_encoder(*names, Path(index), built, threads=1, device=None)


class Cluster:
    """The machines that prepare files; it has no state but how they do so."""

    def __init__(self, open_encoder: Open, encoder: Encoder, fields: Iterable[tuple[str, str]]) -> None:
        self._open = open_encoder
        self._identity = encoder.identity
        self._fields = dict(fields)

    def prepare(
        self, files: Sequence[FoundFile], created: str, settings: PassageSettings, known: Sequence[bytes]
    ) -> Iterator[Prepared | None]:
        """As `prepared.Elsewhere` has it. Raises ClusterError where the cluster is lost."""
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
                    rows = np.frombuffer(row["rows"], "<f4").reshape(-1, self._identity.dimension)
                    yield Prepared.from_json(json.loads(row["file"]), dict(zip(_keys(row["keys"]), rows, strict=True)))
        except ray.exceptions.RayError as error:
            raise ClusterError(
                f"The Ray cluster was lost ({_reason(error)}): run `qa build` again to go on."
            ) from error
        for _ in range(number, len(files)):
            missing += 1
            yield None
        if missing:
            _log.warning("%d files came back from no worker and were read here.", missing)

    def _blocks(self, files: Sequence[FoundFile], created: str, settings: PassageSettings, known: Any) -> Any:
        """What is found in the files, as a Ray Data set that is made while it is read."""
        import ray
        import ray.data

        resources = ray.cluster_resources()
        processors, accelerators = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
        here = {_NODE_ID: ray.get_runtime_context().get_node_id()}
        in_torch = accelerators > 0 and self._identity.runtime == "torch"
        tables = list(_tables(files))
        whole: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow", "zero_copy_batch": True}
        return (
            ray.data.from_arrow(tables)
            .map_batches(
                _read,
                **whole,
                compute=ray.data.TaskPoolStrategy(size=min(_READS, len(tables))),
                num_cpus=0,
                label_selector=here,
            )
            .map_batches(
                _Splitter,
                **whole,
                fn_constructor_args=(self._open, created, settings, self._fields),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=processors),
                num_cpus=_SPLITTER,
            )
            .map_batches(
                _Encoder,
                **whole,
                fn_constructor_args=(self._open, self._identity.as_json(), known),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=accelerators if in_torch else processors),
                **({"num_gpus": 1} if in_torch else {"num_cpus": _ENCODER}),
            )
        )


def _tables(files: Sequence[FoundFile]) -> Iterator[pyarrow.Table]:
    """The files, some at a time, each with its number."""
    costs = [max(file.record.size, _FILE_BYTES) for file in files]
    most = max(_BLOCK_BYTES, sum(costs) // _MOST_BLOCKS)
    rows: list[dict[str, Any]] = []
    size = 0
    for number, (file, cost) in enumerate(zip(files, costs, strict=True)):
        if rows and size + cost > most:
            yield _table(rows)
            rows, size = [], 0
        place = {"location": str(file.location), "root": str(file.root), "most": file.most}
        rows.append({"number": number, "file": json.dumps({**place, "record": file.record.as_json()}).encode()})
        size += cost
    yield _table(rows)


def _table(rows: list[dict[str, Any]]) -> pyarrow.Table:
    import pyarrow

    kinds = {
        name: pyarrow.int64() if isinstance(value, int) else pyarrow.large_binary() for name, value in rows[0].items()
    }
    return pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(kinds))


def _read(block: pyarrow.Table) -> Iterator[pyarrow.Table]:
    """The bytes of each file, on the machine that has the folder."""
    for row in block.to_pylist():
        file = json.loads(row["file"])
        found = FoundFile(FileRecord(**file["record"]), Path(file["location"]), Path(file["root"]), file["most"])
        record, data = documents.read(found)
        yield _table([{"number": row["number"], "record": json.dumps(record.as_json()).encode(), "data": data}])


class _Splitter:
    """Finds documents and passages. A hostile file harms a reading process, as in a build on one machine."""

    def __init__(self, open_encoder: Open, created: str, settings: PassageSettings, fields: Mapping[str, str]) -> None:
        self._encoder = open_encoder()
        self._created = created
        self._settings = settings
        self._reader = ReaderProcess(fields=fields)

    def __call__(self, block: pyarrow.Table) -> Iterator[pyarrow.Table]:
        for row in block.to_pylist():
            record = FileRecord(**json.loads(row["record"]))
            found = prepared.loaded(record, row["data"], self._created, self._reader.parse)
            file = prepared.split(*found, self._encoder, self._settings)
            texts = {passage.key: passage.encoded for _, passages in file.documents for passage in passages}
            yield _table(
                [
                    {
                        "number": row["number"],
                        "file": json.dumps(file.as_json()).encode(),
                        "keys": b"".join(texts),
                        "texts": json.dumps(list(texts.values())).encode(),  # not all text is UTF-8
                    }
                ]
            )


class _Encoder:
    """Makes the embeddings that are not known, equal lengths together."""

    def __init__(self, open_encoder: Open, identity: Mapping[str, Any], known: Any) -> None:
        import ray

        self._encoder = open_encoder()
        if self._encoder.identity.as_json() != identity:
            raise ClusterError(
                f"The encoder on {socket.gethostname()} is another one than here: put the same model on each machine."
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
        found = self._encoder.encode_passages([texts[key] for key in ordered]) if ordered else ()
        made = dict(zip(ordered, found, strict=True))
        for row in rows:
            new = [key for key in _keys(row["keys"]) if key in made]
            row["keys"] = b"".join(new)
            row["rows"] = b"".join(np.asarray(made.pop(key), "<f4").tobytes() for key in new)  # each once
        return _table(rows)

    def _knows(self, key: bytes) -> bool:
        """Whether a known key begins as this one does: the driver looks at the whole of it, and encodes what is new."""
        prefix = int.from_bytes(key[:8], "big")
        place = int(np.searchsorted(self._known, prefix))
        return place < len(self._known) and int(self._known[place]) == prefix


def _keys(joined: bytes) -> list[bytes]:
    return [joined[start : start + 16] for start in range(0, len(joined), 16)]


# --- the cluster ------------------------------------------------------------------------------------------------------


def _start(address: str, stack: ExitStack) -> None:
    """Connect to Ray, or start it on the loopback address; `stack` ends it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # a thread that still waits at the end would start a cluster of its own
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its own log, on standard error; what matters is raised
    if address == LOCAL:
        # Read when Ray is imported: its own way of listening on the loopback address alone, and a secret of this run.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"] = "token", secrets.token_hex(32)
    elif address != "auto":
        _reach(address)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ConfigError("Ray is not installed: run `pip install 'qa-articles[ray]'` on each machine.") from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": None}
    if address == LOCAL:
        folder = tempfile.mkdtemp(prefix="qa-ray-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        options |= {"include_dashboard": False, "_temp_dir": folder, "_node_ip_address": "127.0.0.1"}
    stack.callback(ray.shutdown)
    try:
        with _without_standard_error():  # Ray's core says there how it logs
            ray.init(address, **options)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        raise ClusterError(f"The Ray cluster at {address!r} cannot be used ({_reason(error)}): {_HINT}") from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.execution_options.preserve_order = True
    context.target_max_block_size = _MOST_BLOCK
    context.max_errored_blocks = -1  # what did not come back is prepared by the driver
    _check()


_SETTINGS = b"\x04"  # the kind of the first frame of either side
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + _SETTINGS + bytes(5)
_HINT = "start it with `ray start` on this machine too, or name `local`."


def _reach(address: str) -> None:
    """Ray itself waits for minutes where nobody speaks its protocol: gRPC, and so HTTP/2 (RFC 9113, 3.4)."""
    host, _, port = address.rpartition(":")
    try:
        with closing(socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS)) as connection:
            connection.sendall(_GREETING)
            is_ray = connection.recv(4)[3:] == _SETTINGS
    except ValueError:
        raise ConfigError(f"{address!r} is no address of a Ray cluster: name host:port, auto or local.") from None
    except OSError as error:
        raise ClusterError(f"There is no Ray cluster at {address} ({error.strerror or error}): {_HINT}") from error
    if not is_ray:
        raise ClusterError(f"What answers at {address} is no Ray cluster: {_HINT}")


@contextmanager
def _without_standard_error() -> Iterator[None]:
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _version() -> list[Any]:
    from ..version import __version__

    return [__version__, formats.VERSION]


def _check() -> None:
    """Raises ClusterError unless each machine of the cluster has this program, in this version."""
    import ray

    asked = []
    for node in ray.nodes():
        if node["Alive"]:
            there = {_NODE_ID: node["NodeID"]}
            answer = ray.remote(_version).options(num_cpus=0, label_selector=there).remote()
            asked.append((node["NodeManagerHostname"], answer))
    for name, answer in asked:
        try:
            theirs = ray.get(answer, timeout=60)
        except ray.exceptions.TaskUnschedulableError:
            continue  # a machine that has just been lost is not missed
        except (ray.exceptions.RayError, ModuleNotFoundError) as error:
            raise ClusterError(
                f"The machine {name} cannot run this program ({_reason(error)}): install it there."
            ) from error
        if theirs != _version():
            raise ClusterError(
                f"The machine {name} has another version of this program: install {_version()[0]} there."
            )


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:160].rstrip(".:")
