"""What was read from the picture of a page: its words with their places, and how certain each is; and its JSON form."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from PIL import Image

CERTAIN = 0.6  # a word above this is certain


@dataclass(frozen=True, slots=True)
class ReadWord:
    """A word of a picture: its edges and its row's height in pixels of the upright picture; `certainty` is 0–1."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    height: float
    certainty: float


@dataclass(frozen=True, slots=True)
class ReadPage:
    """The words of a picture after it was turned by `turn` (0, 90, 180, 270) and then `skew` degrees anticlockwise.

    `width` and `height` are those of the upright picture in pixels, the unit of the words' edges; `scale` is how many
    of them are a pixel of the picture that was given. `slow` says that reading it took too long.
    """

    words: tuple[ReadWord, ...]
    width: int
    height: int
    turn: int = 0
    skew: float = 0.0
    scale: float = 1.0
    slow: bool = False

    @property
    def certain(self) -> float:
        """The share of the words that are certain."""
        return sum(word.certainty >= CERTAIN for word in self.words) / max(1, len(self.words))

    def upright(self, image: Image.Image) -> Image.Image:
        """The picture turned as it was when it was read, in any size."""
        return turned(image, self.turn, self.skew)

    def as_json(self) -> dict[str, Any]:
        """The JSON value, from which `page_from_json` makes an equal page."""
        names = ("width", "height", "turn", "skew", "scale")
        return {"words": [astuple(word) for word in self.words], **{name: getattr(self, name) for name in names}}


def page_from_json(data: Any) -> ReadPage | None:
    """The page of a JSON value; None if it is none."""
    try:
        words = tuple(ReadWord(str(text), *map(float, numbers)) for text, *numbers in data["words"])
        width, height, turn = (int(data[name]) for name in ("width", "height", "turn"))
        page = ReadPage(words, width, height, turn, float(data["skew"]), float(data["scale"]))
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
    return page if width > 0 and height > 0 and page.scale > 0 and turn in (0, 90, 180, 270) else None


def turned(image: Image.Image, turn: int, skew: float) -> Image.Image:
    """The picture turned anticlockwise: by `turn` exactly, then by `skew` degrees, with white corners."""
    if turn:
        steps = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
        image = image.transpose(steps[turn])
    if not skew:
        return image
    white = 255 if image.mode == "L" else (255, 255, 255)
    return image.rotate(skew, Image.Resampling.BICUBIC, expand=True, fillcolor=white)
