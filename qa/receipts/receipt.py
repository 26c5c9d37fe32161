"""Makes a receipt of an answer: what was asked and answered, from which bytes, by which program; signed."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..ask.answer import Answer, Citation
from ..engine import Engine
from ..errors import ReceiptError
from ..models.reader import DESCRIPTION, shipped_folder
from ..system.version import __version__
from .keys import Signature, key_file, sign

FORMAT_VERSION = 1
ALGORITHM = "Ed25519"
MOST_BYTES = 10_000_000  # of the file of a receipt


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is signed (`content`, an object of JSON) and the signature."""

    content: dict[str, Any]
    signature: Signature

    @property
    def holds(self) -> bool:
        """Whether the content is what was signed."""
        return self.signature.holds(signed_bytes(self.content))

    def as_json(self) -> dict[str, Any]:
        """The object of a receipt's file (docs/receipts.md)."""
        return {
            "receipt": self.content,
            "signature": {
                "algorithm": ALGORITHM,
                "public_key": base64.b64encode(self.signature.public_key).decode(),
                "value": base64.b64encode(self.signature.value).decode(),
            },
        }

    def as_text(self) -> str:
        """The text of a receipt's file."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"


def signed_bytes(content: dict[str, Any]) -> bytes:
    """The bytes that are signed: the content as JSON with sorted names and no white space, in UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def receipt_of(engine: Engine, answer: Answer, key: Path | None = None) -> Receipt:
    """The receipt of an answer of the current generation, signed with this user's key, or that in the file `key`.

    Raises ReceiptError, also if the index was built again since, or StoreError.
    """
    generation = engine.generation
    if answer.generation != generation.id:
        raise ReceiptError("The index was built again since this was answered: ask again, and take the receipt then.")
    facts = generation.facts(list(dict.fromkeys(citation.document for citation in answer.citations)))
    encoder, lead = generation.manifest.encoder, answer.lead
    content = {
        "format": FORMAT_VERSION,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "question": answer.question,
        "query": answer.query,
        "scope": None if answer.scope is None else answer.scope.as_json(),
        "answerable": answer.answerable,
        "confidence": round(answer.confidence, 4),
        "answer": None
        if lead is None
        else {
            "text": lead.text,
            "stated": lead.is_stated,
            "citation": lead.citation,
            "start": lead.span.start,
            "end": lead.span.end,
            "sha256": _sha256(lead.text),
        },
        "citations": [
            _citation_json(citation, facts[citation.document].file.path, facts[citation.document].file.sha256)
            for citation in answer.citations
            if citation.document in facts
        ],
        "generation": generation.id,
        "program": {"name": "qa-articles", "version": __version__, "sha256": _program_sha256()},
        "models": {
            "encoder": {
                "name": encoder["name"],
                "runtime": encoder.get("runtime", ""),
                "sha256": encoder["weights_sha256"],
            },
            "reader": None if engine.config.reader == "off" else {"sha256": _reader_sha256()},
        },
    }
    return Receipt(content, sign(signed_bytes(content), key_file() if key is None else key))


def read_receipt(path: Path) -> Receipt:
    """The receipt in a file. Raises ReceiptError if there is none, or one of another version."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ReceiptError(f"{str(path)!r} is too large for a receipt: give what `qa ask --receipt` wrote.")
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
        content, signature = data["receipt"], data["signature"]
        keys = [base64.b64decode(signature[name], validate=True) for name in ("public_key", "value")]
        version, algorithm = content["format"], signature["algorithm"]
    except OSError as error:
        raise ReceiptError(f"{str(path)!r} cannot be read ({error.strerror}): give a receipt.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReceiptError(f"{str(path)!r} is not a receipt: give what `qa ask --receipt` wrote.") from error
    if version != FORMAT_VERSION or algorithm != ALGORITHM:
        raise ReceiptError(f"{str(path)!r} is a receipt of another version: verify it with the program that made it.")
    return Receipt(content, Signature(*keys))


def _citation_json(citation: Citation, file: str, sha256: str) -> dict[str, Any]:
    return {
        "rank": citation.rank,
        "document": citation.document,
        "title": citation.title,
        "section": citation.section,
        "page": citation.page,
        "url": citation.url,
        "start": citation.span.start,
        "end": citation.span.end,
        "text": citation.text,
        "sha256": _sha256(citation.text),
        "file": {"path": file, "sha256": sha256},
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _program_sha256() -> str:
    """One hash of the program's own files: of the lines `sha256  path`, sorted by path, as `sha256sum` prints them."""
    root = Path(str(files("qa")))
    kinds = {".py", ".json", ".html", ".js", ".css"}
    paths = sorted(path for path in root.rglob("*") if path.suffix in kinds and "weights" not in path.parts)
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(root).as_posix()}\n" for path in paths
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _reader_sha256() -> str:
    return hashlib.sha256((shipped_folder() / DESCRIPTION).read_bytes()).hexdigest()
