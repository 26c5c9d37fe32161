"""Compares the files of an opened generation with their checksums in the background, and notices changes to them.

Opening compares sizes and times alone, so that it does not take longer for more articles. Bits that a disk has lost
change neither. So each file is read once after the generation was opened: while the models load, if there are few
articles, and otherwise while it answers already.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from ...errors import Remedy, StoreError
from ..manifest import WrittenFile

logger = logging.getLogger(__name__)

# A question waits for the check of so many bytes, which takes less time than the models need to load.
AWAITED = 64_000_000
_BLOCK = 1 << 20  # bytes read at a time
_SHARE = 0.25  # of one processor, beyond AWAITED


class Checking:
    """One check of the files of a generation, on a thread of its own that ends with the generation."""

    def __init__(self, folder: Path, files: Mapping[str, WrittenFile]) -> None:
        self._folder = folder
        self._files = [(name, folder / name, file) for name, file in files.items()]
        self._size = sum(file.size for file in files.values())
        self._problem = ""
        self._ended, self._is_closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="checksums", daemon=True)
        self._thread.start()

    def require(self) -> None:
        """Raise StoreError if a file is known to be damaged, or was cut short since it was opened.

        A file that is mapped must not be touched beyond its end: the system would end the process. One that is gone
        stays mapped, as after a newer generation was published.
        """
        if self._size <= AWAITED:
            self._ended.wait()
        for name, path, file in self._files:
            if self._problem:
                break
            try:
                if path.stat().st_size != file.size:
                    self._problem = f"{name} of generation {self._folder.name} was changed while it was in use"
            except OSError:
                continue
        if self._problem:
            raise StoreError(self._problem, Remedy.BUILD)

    def close(self) -> None:
        """Read no further."""
        self._is_closed.set()

    def _run(self) -> None:
        try:
            for name, path, file in self._files:
                problem = self._compared(name, path, file)
                if problem and not self._is_closed.is_set():
                    logger.error("%s of generation %s is damaged: build again.", name, self._folder.name)
                    self._problem = problem
                    return
        finally:
            self._ended.set()

    def _compared(self, name: str, path: Path, file: WrittenFile) -> str:
        digest = hashlib.sha256()
        try:
            with path.open("rb", buffering=0) as opened:
                begun = time.thread_time()
                while block := opened.read(_BLOCK):
                    digest.update(block)
                    if self._is_closed.is_set():
                        return ""
                    if self._size > AWAITED:  # questions come first
                        used = time.thread_time() - begun
                        self._is_closed.wait(used * (1 / _SHARE - 1))
                        begun = time.thread_time()
        except OSError as error:
            # It is gone because a newer generation was published, or the disk does not give it back.
            return "" if isinstance(error, FileNotFoundError) else f"{name} cannot be read ({error.strerror})"
        if digest.hexdigest() == file.sha256:
            return ""
        return f"{name} of generation {self._folder.name} is not what was published"
