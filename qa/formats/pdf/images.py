"""Parses an image file: a document of one page (TIFF: of several), whose words are read from its picture."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from itertools import islice

from PIL import Image, ImageOps, ImageSequence

from ...text.document import Contents
from ..decoding import Empty, Unreadable
from ..ocr import is_installed, may_read
from ..pictures import Box
from .certainty import INSTALL
from .file import PdfFile
from .parse import contents_of
from .scans import scan_image
from .words import Edges, Page

# Those that Pillow reads itself: others start programs, such as Ghostscript for EPS.
_FORMATS = ("PNG", "JPEG", "MPO", "TIFF", "WEBP", "BMP", "GIF", "HEIF")
_MAX_PIXELS = 100_000_000
_MAX_FRAMES = 5_000
_LONG_SIDE = 4_000  # pixels that are kept of a larger picture


def parse_image(path: str, data: bytes) -> Contents:
    """Parse an image file. Raises Unreadable if it is damaged or too large, Empty if it contains no text."""
    if not is_installed():
        raise Empty(f"is an image ({INSTALL})")
    pages = []
    for image in _frames(data):
        scan = scan_image(image) if may_read() else None
        words = scan.words() if scan else ()
        pages.append(Page(words, fault="" if words else "scanned", scan=scan if words else None))
    if not any(page.words for page in pages):
        raise Empty("is an image in which no text was found")
    return contents_of(path, PdfFile(pages, [], {}))


class ImagePages:
    """The pages of an image file, as `Pages`."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def sizes(self) -> list[tuple[float, float]]:
        return [(float(image.width), float(image.height)) for image in _frames(self._data)]

    def read(self, number: int) -> Page:
        scan = scan_image(self._frame(number)) if may_read() else None
        return Page(scan.words() if scan else (), scan=scan)

    def draw(self, number: int, short_side: int) -> Image.Image:
        return self._frame(number)

    def _frame(self, number: int) -> Image.Image:
        found = next(islice(_frames(self._data), number, None), None)
        if found is None:
            raise Unreadable("is damaged: its pages cannot be shown")
        return found

    def box(self, number: int, edges: Edges, angle: int) -> Box:
        raise NotImplementedError  # all words of an image come from a scan, which places them itself


def _frames(data: bytes) -> Iterator[Image.Image]:
    """Yield the pages of a TIFF, or the first picture of another file, upright and without transparency."""
    _with_heif(data)
    Image.init()  # all that Pillow knows: a new process knows only some
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; sizes are checked here
            with Image.open(io.BytesIO(data), formats=[name for name in _FORMATS if name in Image.OPEN]) as opened:
                for number, picture in enumerate(ImageSequence.Iterator(opened)):
                    if number >= _MAX_FRAMES or (number and opened.format != "TIFF"):
                        return
                    if picture.width * picture.height > _MAX_PIXELS:
                        raise Unreadable(f"is an image of more than {_MAX_PIXELS // 1_000_000} megapixels")
                    picture.draft("RGB", (_LONG_SIDE, _LONG_SIDE))  # a large JPEG is decoded at a lower resolution
                    yield _plain(picture)
    except Unreadable:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, TypeError, IndexError) as error:
        raise Unreadable("is damaged: it cannot be opened as an image") from error


def _plain(picture: Image.Image) -> Image.Image:
    image: Image.Image = picture
    if image.mode.startswith(("I", "F")):  # 16 bits a channel
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if max(image.size) > _LONG_SIDE:
        image = image.copy()
        image.thumbnail((_LONG_SIDE, _LONG_SIDE))
    image = ImageOps.exif_transpose(image)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    return image.convert("RGB")


def _with_heif(data: bytes) -> None:
    if data[4:8] != b"ftyp":
        return
    try:
        import pi_heif
    except ImportError as error:
        raise Unreadable("is a HEIC image: to read it, install pi-heif") from error
    pi_heif.register_heif_opener()
