"""A copy contains all that was read, also where a disk takes a part at a time."""

from __future__ import annotations

from io import FileIO
from pathlib import Path

from qa.index.local.taking import write_all


class _NearlyFull(FileIO):
    """A file on a disk that takes three bytes at a time."""

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        return super().write(data[:3])


def test_what_a_disk_takes_in_parts_is_written_whole(tmp_path: Path) -> None:
    with _NearlyFull(tmp_path / "copy", "xb") as file:
        write_all(file, b"sixteen bytes...")
    assert (tmp_path / "copy").read_bytes() == b"sixteen bytes..."
