"""The configuration of an engine or a build: small and frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .address import Address, PluginAddress, address_of
from .chat import CHAT, chat_of
from .places import Place, joined, places_of
from .settings import SETTINGS, USUAL_THRESHOLD, from_environment, is_given


@dataclass(frozen=True, slots=True)
class Config:
    """The locations of articles and index, and the settings.

    `encoder` names a SentenceTransformer folder (or a model already on this machine); empty is the shipped one. The
    prompts are put before queries and passages; None is the model's own. `threshold` is the confidence below which the
    program abstains (None: what `qa calibrate` has fitted, else .5), unless `risk` is given: the share of the answers
    it shows that may be wrong. `keep` is the number of generations that are kept whole, and
    `as_of_days` for how many days the states before them can be asked. `fields` are pairs of title, text,
    url, date or author and the name of that field in JSON and CSV files; `text_files` are the extensions, in lower case
    with their dot, of further files that are read as text or source code. `reader` is empty for the shipped reader, or
    "off"; `reader_ms` is its limit in milliseconds of work (waiting does not count), after which it starts no further
    passage or sentence. With `gaps`, the chat keeps the questions that it did not answer, on this machine. With
    `store`, the index is on that server, and `index` contains only what belongs to this machine. With `history`, the
    chat stores conversations there. `chat` is the address of the chat, with a slash at its end, where the links of
    answers open. `folders` are the folders of articles if there are several, each with its name (`corpus.folders`);
    `corpus` is then the first of them.
    """

    corpus: Path = Path("corpus")
    index: Path = Path("index")
    encoder: str = ""
    query_prompt: str | None = None
    passage_prompt: str | None = None
    max_file_bytes: int = 20_000_000
    fields: tuple[tuple[str, str], ...] = ()
    text_files: tuple[str, ...] = ()
    threshold: float | None = None
    risk: float | None = None
    keep: int = 3
    as_of_days: int = 30
    reader: str = ""
    reader_ms: float = 2_000.0
    gaps: bool = False
    store: Address | PluginAddress | None = None
    history: bool = True
    chat: str = CHAT
    folders: tuple[Place, ...] = ()

    @property
    def least_confidence(self) -> float:
        """The threshold, or the usual one if none is set."""
        return USUAL_THRESHOLD if self.threshold is None else self.threshold

    @classmethod
    def of(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> Config:
        """The configuration with the values of the settings of these names, without `threshold` if nothing sets it.

        `environ` holds QA_MILVUS_USER, QA_MILVUS_PASSWORD, QA_MILVUS_TLS and QA_MILVUS_REPLICAS for the store. Raises
        ConfigError for a store or a public address that cannot be one.
        """
        places = places_of(str(values["corpus"]))
        named = {name: values[name] for name in SETTINGS if name in cls.__slots__ and name in values}
        return cls(
            **{
                **named,
                "corpus": places[0][1],
                "folders": places if places[0][0] else (),
                "index": Path(values["index"]),
                "max_file_bytes": int(values["max_file_mb"] * 1_000_000),
                "store": address_of(values["store"], environ) if values["store"] else None,
                "chat": chat_of(values),
            }
        )

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        corpus: str | Path | Sequence[str | Path] | None = None,
        index: str | Path | None = None,
        store: str | None = None,
    ) -> Config:
        """The configuration of the environment alone; arguments take precedence, and no file is read.

        `corpus` is a folder, or several; one of several has the name of its last part, or that before its path
        (`notes=/home/me/Notes`).
        The variables are those of docs/settings.md. Raises ConfigError for an invalid value.
        """
        values = {name: from_environment(name, environ) for name in SETTINGS}
        if not is_given(SETTINGS["threshold"], environ.get("QA_THRESHOLD")):
            del values["threshold"]
        folders = [corpus] if isinstance(corpus, (str, Path)) else [*(corpus or ())]
        given = {"corpus": joined(folders) or None, "index": index or None, "store": store}
        return cls.of({**values, **{name: value for name, value in given.items() if value is not None}}, environ)
