"""Every setting of the program, declared once: its name, type, default, option, and what it is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigError

USUAL_THRESHOLD = 0.5
_EXTENSION = re.compile(r"\.?([\w+#-]{1,20})")
_FIELDS = ("title", "text", "url", "date", "author")


class Wrong(Exception):
    """A value does not fit its setting; the message follows the value in a sentence, with `{unset}` for the advice."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `name` is its key in `qa.toml`, and QA_ and the name in capitals its environment variable.

    `kind` says what is written in the file: "path", "paths" (one or more), "text", "number", "whole number", "switch"
    (true or false), "list" or "table". `default` is the value without any, as it is parsed; `parse` makes the value of
    what an environment variable holds, and raises Wrong. `option` is that of the command line, and `command` the one
    command that has it, if only one does. The value of a `secret` is not shown.
    """

    name: str
    kind: str
    default: Any
    help: str
    option: str = ""
    parse: Callable[[str], Any] = str
    command: str = ""
    metavar: str = ""
    secret: bool = field(default=False, kw_only=True)

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"QA_{self.name.upper()}"

    @property
    def empty_counts(self) -> bool:
        """Whether an empty text is a value, and not as good as none."""
        return self.name.endswith("_prompt")


def value_of(setting: Setting, raw: str, where: str = "", unset: str = "unset") -> Any:
    """The value that a text stands for. Raises ConfigError, which begins with `where` the text is from."""
    try:
        return setting.parse(raw)
    except Wrong as wrong:
        where = where or f"{setting.variable}={'…' if setting.secret else repr(raw)}"
        raise ConfigError(f"{where} {str(wrong).replace('{unset}', unset)}") from None


def from_environment(name: str, environ: Mapping[str, str]) -> Any:
    """The value of the setting of that name in the environment, or its default. Raises ConfigError."""
    setting = SETTINGS[name]
    raw = environ.get(setting.variable)
    return setting.default if not is_given(setting, raw) else value_of(setting, str(raw))


def is_given(setting: Setting, raw: str | None) -> bool:
    """Whether an environment variable with this content gives the setting a value."""
    return raw is not None and (bool(raw.strip() if setting.kind == "switch" else raw) or setting.empty_counts)


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise Wrong(f"is not a number from {low:g} to {high:g}: change or {{unset}} it.")
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        value = _number(low, high)(raw)
        if value != int(value):
            raise Wrong(f"is not a whole number from {low} to {high}: change or {{unset}} it.")
        return int(value)

    return parse


def _switch(raw: str) -> bool:
    wanted = raw.strip().lower()
    if wanted not in ("yes", "no"):
        raise Wrong("is neither yes nor no: change or {unset} it.")
    return wanted == "yes"


def _fields(raw: str) -> tuple[tuple[str, str], ...]:
    pairs = [
        (name.strip(), field_name.strip())
        for name, _, field_name in (pair.partition("=") for pair in raw.split(",") if pair)
    ]
    for name, field_name in pairs:
        if name not in _FIELDS or not field_name:
            raise Wrong(f"does not name fields: write it as text=story,title=headline (of {', '.join(_FIELDS)}).")
    return tuple(sorted(dict(pairs).items()))


def _text_files(raw: str) -> tuple[str, ...]:
    names = [name.strip() for name in raw.split(",") if name.strip()]
    found = [_EXTENSION.fullmatch(name) for name in names]
    if None in found:
        raise Wrong("does not name file extensions: write it as py,js,sql.")
    return tuple(sorted({f".{each[1].lower()}" for each in found if each}))


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw not in words:
            raise Wrong(f"is none of {', '.join(words)}: change or {{unset}} it.")
        return raw

    return parse


def _reader(raw: str) -> str:
    if raw not in ("", "off"):
        raise Wrong("is not valid: set it to off, or {unset} it for the shipped reader.")
    return raw


_ALL = (
    Setting(
        "corpus", "paths", "corpus", "The folder of articles, or several, each with a name that in: knows.", "--corpus",
        metavar="[NAME=]DIR",
    ),
    Setting("index", "path", "index", "The folder of the built index.", "--index", metavar="DIR"),
    Setting(
        "store", "text", "", "A server with the index: milvus://host:port/name.", "--store", metavar="ADDRESS"
    ),
    Setting("encoder", "text", "", "The folder or name of another encoder than the shipped one."),
    Setting("query_prompt", "text", None, "The text put before each question, instead of the encoder's own."),
    Setting("passage_prompt", "text", None, "The text put before each passage, instead of the encoder's own."),
    Setting(
        "max_file_mb", "number", 20.0, "Files of more megabytes than this are skipped.", parse=_number(0.001, 2_000)
    ),
    Setting(
        "fields", "table", (), "Names of fields in records, by what they hold: title, text, url, date, author.",
        parse=_fields,
    ),
    Setting(
        "text_files", "list", (), "Extensions of further files to read as text or source code.", parse=_text_files
    ),
    Setting("ocr_languages", "list", "", "The languages that are read in images, as Tesseract names them."),
    Setting(
        "threshold", "number", USUAL_THRESHOLD,
        "Below this confidence it gives no answer; what `qa calibrate` fitted counts only if none is set.",
        "--threshold", _number(0, 1), "serve",
    ),
    Setting(
        "risk", "number", None, "Replaces threshold: the largest share of shown answers that may be wrong.",
        parse=_number(0.01, 0.4),
    ),
    Setting("keep", "whole number", 3, "How many generations of the index are kept whole.", parse=_whole(1, 100)),
    Setting(
        "as_of_days", "whole number", 30,
        "For how many days an earlier state of the folder can be asked (qa ask --as-of); 0 keeps none.",
        parse=_whole(0, 36_500),
    ),
    Setting("reader", "text", "", "off disables the model that judges passages.", parse=_reader),
    Setting(
        "reader_ms", "number", 2_000.0,
        "The milliseconds that the reader may work on a question's passages, and again on its sentences.",
        parse=_number(0, 60_000),
    ),
    Setting("gaps", "switch", False, "Keep the questions that the chat did not answer, for qa gaps.", parse=_switch),
    Setting("history", "switch", True, "Keep the conversations of the chat.", parse=_switch),
    Setting("milvus_user", "text", "", "The user who logs in to the server with the index."),
    Setting("milvus_password", "text", "", "The password of that user.", secret=True),
    Setting("milvus_tls", "path", "", "on, or the certificate file of the authority that the server is checked with."),
    Setting(
        "milvus_replicas", "whole number", 1, "How many copies of each passage a cluster has.", parse=_whole(1, 100)
    ),
    Setting(
        "host", "text", "127.0.0.1", "The address that the chat listens at; another one needs a log-in.", "--host",
        command="serve",
    ),
    Setting(
        "port", "whole number", 7860, "The port that the chat listens at; 0 takes a free one.", "--port",
        _whole(0, 65_535), "serve",
    ),
    Setting(
        "auth_file", "path", None, "The accounts that may log in; qa user writes it.", "--auth-file", Path,
        metavar="FILE",
    ),
    Setting(
        "public_url", "text", None,
        "Where readers reach the chat, through a proxy for instance, and links open: https://host/path.",
        "--public-url", metavar="URL",
    ),
    Setting(
        "rate_limit", "number", None,
        "Requests a minute that each user, token or address may send; 0 any number, and none but 120 if others can "
        "reach the chat.",
        "--rate-limit", _number(0, 1_000_000), "serve", metavar="N",
    ),
    Setting(
        "metrics", "text", "off", "on shows /metrics to users and tokens, open to everyone.", "--metrics",
        _one_of("off", "on", "open"), "serve", metavar="off|on|open",
    ),
    Setting(
        "log", "text", "text", "json writes the log as lines of JSON, with requests and answers, but no questions.",
        "--log", _one_of("text", "json"), "serve", metavar="text|json",
    ),
    Setting(
        "log_questions", "switch", False, "Write what is asked into a log of JSON.",
        "--log-questions/--no-log-questions", _switch, "serve",
    ),
    Setting(
        "watch", "switch", None, "Index each change to the folder while the chat runs; off with a store.",
        "--watch/--no-watch", _switch, "serve",
    ),
    Setting(
        "browser", "switch", False, "Open the page in the browser when the chat starts.", "--browser/--no-browser",
        _switch, "serve",
    ),
)  # fmt: skip
SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _ALL}
