"""Checks of what reads: the encoder, the reader, the sandbox, pandoc and OCR, each with a small piece of work."""

from __future__ import annotations

import importlib.resources
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..config import Config
from ..errors import QAError
from ..formats import ocr
from ..formats.decoding import Empty, Unreadable
from ..models.encoders import load_encoder, shipped_encoder
from ..models.protocols import Encoder
from ..models.reader import shipped_reader
from ..sandbox.pool import SandboxProcess
from ..text.document import Span
from ..text.passage import Passage
from ..text.passages import Splitting
from .check import ADVICE, FAILED, FINE, Check

_TEXT = "The beekeeper sells honey at the market."
_RTF = rb"{\rtf1\ansi The beekeeper sells honey.\par}"
_ENCODERS = "encoders"


def encoder(config: Config) -> tuple[Check, Encoder | None]:
    """The encoder encodes; another one than the shipped is not loaded before a build has exported it."""
    begun = time.perf_counter()
    try:
        if config.encoder and not any((config.index / _ENCODERS).glob("*")):
            words = f"{config.encoder} is not prepared for this index yet: run `qa build`"
            return Check("encoder", ADVICE, words), None
        opened = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
        rows = opened.encode_passages([_TEXT])
    except QAError as error:
        return Check("encoder", FAILED, str(error)), None
    if rows.shape != (1, opened.identity.dimension) or not bool(np.isfinite(rows).all()):
        return Check("encoder", FAILED, "it encodes a sentence as no vector: install the program again"), None
    seconds = time.perf_counter() - begun
    return Check("encoder", FINE, f"{opened.identity.name} encodes, {seconds:.1f} s to load"), opened


def reader(config: Config) -> Check:
    """The reader is there and reads."""
    if config.reader == "off":
        return Check("reader", ADVICE, "it is off, so words alone decide: unset QA_READER for surer answers")
    begun = time.perf_counter()
    span = Span(0, len(_TEXT))
    passage = Passage("a.md", 0, span, _TEXT, "", (), None, (span,), "en")
    try:
        (judgement,) = shipped_reader().read("Who sells honey?", [passage], 60.0)
    except QAError as error:
        return Check("reader", FAILED, str(error))
    if judgement is None:
        return Check(
            "reader", FAILED, "it does not read a sentence in a minute: set QA_READER=off, or free the processor"
        )
    return Check("reader", FINE, f"it reads, {time.perf_counter() - begun:.1f} s to load")


def formats(encoder: Encoder | None) -> Iterator[Check]:
    """Files are parsed in a process of their own, office documents by pandoc, and images if that is installed."""
    counting = encoder or shipped_encoder()
    splitting = Splitting(counting.count_tokens, counting.identity.max_tokens)
    with SandboxProcess() as sandbox:
        yield _parsed(
            sandbox, splitting, "sandbox", "a.md", _TEXT.encode(), "files are parsed in a process of their own"
        )
        yield _parsed(sandbox, splitting, "pandoc", "a.rtf", _RTF, "office documents are read")
        if not ocr.is_installed():
            words = "images and scanned pages are not read: run `pip install 'qa-articles[ocr]'` if you have any"
            yield Check("ocr", ADVICE, words)
            return
        picture = (importlib.resources.files(__package__) / "check_picture.png").read_bytes()
        words = f"images and scanned pages are read, in {', '.join(ocr.languages())}"
        yield _parsed(sandbox, splitting, "ocr", "a.png", picture, words)


def _parsed(sandbox: SandboxProcess, splitting: Splitting, name: str, path: str, data: bytes, fine: str) -> Check:
    kind = Path(path).suffix.lstrip(".").upper()
    try:
        parsed = sandbox.parse_file(path, data, splitting)
    except (Unreadable, Empty) as error:
        return Check(name, FAILED, f"a small {kind} file {error}: install the program again")
    texts = " ".join(document.text for document, _ in parsed.documents)
    if "honey" not in texts.casefold() and "bee" not in texts.casefold():
        return Check(name, FAILED, f"a small {kind} file is read as other words: install the program again")
    return Check(name, FINE, fine)
