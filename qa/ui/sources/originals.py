"""How a file of the corpus may be sent to a browser: what it is shown as, if it can do no harm, or as a download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from ...formats import kind

_SNIFFED = 1_024  # bytes in which a PDF must say that it is one
_DOWNLOAD = "application/octet-stream"
_PDF = "application/pdf"
_RASTER = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_TEXT = frozenset(
    {"Markdown", "text", "JSON", "JSON Lines", "CSV", "TSV", "subtitles", "settings", "log", "reStructuredText", "Org",
     "LaTeX", "AsciiDoc", "wiki text", "bibliography", "manual page"}
)  # fmt: skip
# Nothing in a file that is opened may run, load anything or know the chat's address.
_POLICY = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Shown:
    """The type by which a file is sent, and whether the browser may show it instead of saving it."""

    type: str
    inline: bool

    def headers(self, path: str) -> dict[str, str]:
        """The headers for the file with this path."""
        name = quote(PurePosixPath(path).name, safe="")
        return {
            "content-type": self.type,
            "content-disposition": f"{'inline' if self.inline else 'attachment'}; filename*=UTF-8''{name}",
            "content-security-policy": _PDF_POLICY if self.type == _PDF else _POLICY,
        }


def shown_as(path: str, data: bytes) -> Shown:
    """Say how a file is sent; `data` is its beginning, or all of it if it is text."""
    if is_picture(path):
        return Shown(raster_type(data) or _DOWNLOAD, bool(raster_type(data)))
    if path.lower().endswith(".pdf") and b"%PDF-" in data[:_SNIFFED]:
        return Shown(_PDF, True)
    if kind(path) in _TEXT:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.end < len(data) or error.reason != "unexpected end of data":
                return Shown("text/plain", True)  # the browser finds out
        return Shown("text/plain; charset=utf-8", True)
    return Shown(_DOWNLOAD, False)


def raster_type(data: bytes) -> str:
    """The type of a picture of pixels, by its first bytes; empty for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((name for start, name in _RASTER if data.startswith(start)), "")


def is_picture(path: str) -> bool:
    """Whether a file has the name of a picture that browsers show."""
    return path.lower().endswith(_PICTURES)
