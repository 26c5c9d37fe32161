"""Makes the office files that tests/formats/test_pandoc.py reads: `python tests/files/make_office.py`.

Pandoc writes them from office/bees.md and office/slides.md. LibreOffice, if it is installed, writes a Word file, an
OpenDocument text and an RTF file from the same text, so that some files do not come from the program that reads them.
They are stored in office/. A second run gives other bytes (they contain the time), but the same text.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from qa.formats.office.pandoc import _program

FOLDER = Path(__file__).resolve().parent / "office"
PANDOC_FORMATS = ("docx", "odt", "epub", "rtf", "rst", "org", "ipynb")
LIBREOFFICE_FORMATS = ("docx", "odt", "rtf")


def picture() -> bytes:
    """A grey PNG of eight by eight pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * 8) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def main() -> None:
    """Write all files again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hive.png").write_bytes(picture())
        for form in PANDOC_FORMATS:
            write(folder, FOLDER / "bees.md", FOLDER / f"bees.{form}")
        write(folder, FOLDER / "slides.md", FOLDER / "slides.pptx")
        if shutil.which("soffice") is None:
            print("LibreOffice is not installed: its files stay as they are")
            return
        source = folder / "bees-libreoffice.odt"
        shutil.copy(FOLDER / "bees.odt", source)
        for form in LIBREOFFICE_FORMATS:
            profile = f"-env:UserInstallation=file://{folder}/profile"
            out = folder / "out"
            command = ["soffice", profile, "--headless", "--convert-to", form, "--outdir", str(out), str(source)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            shutil.copy(out / f"bees-libreoffice.{form}", FOLDER)


def write(folder: Path, source: Path, target: Path) -> None:
    """One file, by pandoc; it finds pictures in `folder`."""
    command = [str(_program()), "--standalone", str(source), "-o", str(target)]
    subprocess.run(command, check=True, cwd=folder)


if __name__ == "__main__":
    main()
