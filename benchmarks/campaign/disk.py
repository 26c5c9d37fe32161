"""The small disk that articles, index and temporary files are on, and how it gets full."""

from __future__ import annotations

import contextlib
import errno
import resource
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_BLOCK = bytes(64 * 1024)
_SMALL = 8 * 1024  # bytes of a file, where the disk itself cannot be made full


class Disk:
    """A tmpfs, if this machine lets one be mounted; otherwise a folder, and processes whose files may not grow."""

    def __init__(self, place: Path, megabytes: int) -> None:
        self.place = place
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(place)]
        self.is_mounted = subprocess.run(command, capture_output=True).returncode == 0

    def close(self) -> None:
        """Unmount it; what was on it is gone."""
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.place)], check=True)
            self.is_mounted = False

    @contextlib.contextmanager
    def full(self, processes: Callable[[], Iterable[int]]) -> Iterator[None]:
        """Be full within the block: no byte is left, or these processes can write none."""
        if self.is_mounted:
            with self._filled():
                yield
            return
        limited = [pid for pid in processes() if _limit(pid, _SMALL)]
        try:
            yield
        finally:
            for pid in limited:
                _limit(pid, None)

    @contextlib.contextmanager
    def _filled(self) -> Iterator[None]:
        filler = self.place / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                block = _BLOCK
                while block:
                    try:
                        file.write(block)
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
                        block = block[: len(block) // 16]
            yield
        finally:
            filler.unlink(missing_ok=True)


def _limit(pid: int, size: int | None) -> bool:
    """Limit the size of the files that a process writes, or end that; False if the process has ended."""
    with contextlib.suppress(OSError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))
        return True
    return False
