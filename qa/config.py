"""One small frozen configuration, read from the environment once, at an edge.

It knows nothing about what the settings do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ConfigError

_FIELDS = ("title", "text", "url", "date", "author")


@dataclass(frozen=True, slots=True)
class Config:
    """Where things are and what may be changed.

    `encoder` names a SentenceTransformer folder (or a model already on this machine); empty is the shipped one. The
    prompts are put before queries and passages; None leaves the model's own. `threshold` is the confidence below
    which the program abstains, unless `risk` is given: the share of its answers that may be to questions that the
    articles do not answer (see `answer.threshold_for`); `keep` is the number of generations that stay on disk;
    `fields` are pairs of title, text, url, date or author and the name of that field in JSON and CSV files. `reader`
    is empty for the shipped one or "off"; it begins to read no further passage after `reader_ms` milliseconds.
    """

    corpus: Path = Path("corpus")
    index: Path = Path("index")
    encoder: str = ""
    query_prompt: str | None = None
    passage_prompt: str | None = None
    max_file_bytes: int = 20_000_000
    fields: tuple[tuple[str, str], ...] = ()
    threshold: float = 0.5
    risk: float | None = None
    keep: int = 3
    reader: str = ""
    reader_ms: float = 120.0

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str], corpus: str | Path | None = None, index: str | Path | None = None
    ) -> Config:
        """The configuration of this process; arguments win over the environment.

        Reads QA_CORPUS, QA_INDEX, QA_ENCODER, QA_QUERY_PROMPT, QA_PASSAGE_PROMPT, QA_MAX_FILE_MB, QA_FIELDS
        (`title=headline,text=story`), QA_THRESHOLD, QA_RISK, QA_READER and QA_READER_MS. Raises ConfigError for a
        value that does not fit.
        """
        return cls(
            corpus=Path(corpus or environ.get("QA_CORPUS") or "corpus"),
            index=Path(index or environ.get("QA_INDEX") or "index"),
            encoder=environ.get("QA_ENCODER", ""),
            query_prompt=environ.get("QA_QUERY_PROMPT"),
            passage_prompt=environ.get("QA_PASSAGE_PROMPT"),
            max_file_bytes=int(_number(environ, "QA_MAX_FILE_MB", 20, 0.001, 2_000) * 1_000_000),
            fields=_fields(environ.get("QA_FIELDS", "")),
            threshold=_number(environ, "QA_THRESHOLD", 0.5, 0, 1),
            risk=_number(environ, "QA_RISK", 0, 0.01, 0.4) if environ.get("QA_RISK") else None,
            reader=_reader(environ.get("QA_READER", "")),
            reader_ms=_number(environ, "QA_READER_MS", 120, 0, 60_000),
        )


def _fields(raw: str) -> tuple[tuple[str, str], ...]:
    pairs = [
        (name.strip(), given.strip()) for name, _, given in (pair.partition("=") for pair in raw.split(",") if pair)
    ]
    for name, given in pairs:
        if name not in _FIELDS or not given:
            raise ConfigError(
                f"QA_FIELDS={raw!r} does not name fields: write it as text=story,title=headline "
                f"(of {', '.join(_FIELDS)})."
            )
    return tuple(sorted(dict(pairs).items()))


def _reader(raw: str) -> str:
    if raw not in ("", "off"):
        raise ConfigError(f"QA_READER={raw!r} is not known: set it to off, or unset it for the reader that is shipped.")
    return raw


def _number(environ: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    raw = environ.get(name)
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise ConfigError(f"{name}={raw!r} is not a number from {low:g} to {high:g}: change or unset it.")
    return value
