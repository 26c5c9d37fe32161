"""Ask your own articles: passages, retrieval, calibrated confidence and citations, offline.

    from qa import Config, Engine, build_index

    config = Config()               # articles in corpus/, index in index/
    build_index(config)
    with Engine.open(config) as engine:
        answer = engine.ask("Which forums do they cooperate through?")
        print(answer.lead.text if answer.lead else "The articles do not say.")

`__all__` contains the engine, `build_index`, the types that their public methods take and return, and what a parser in
another package needs (docs/adding-a-format.md). `build_index` is
a function, and `qa.build` the package that it comes from. Importing `qa` loads hardly anything: each name is loaded on
first access (PEP 562). It also turns off the telemetry of libraries that are imported later (`qa.system.offline`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .system import offline
from .system.version import __version__

if TYPE_CHECKING:
    from .ask.answer import Answer, Citation, Lead, Limit
    from .ask.follow_up import Turn
    from .ask.ranking import Evidence, Hit, Ranking, Ranks
    from .ask.rows import TableRow
    from .ask.searched import Searched
    from .ask.statement import Statement
    from .ask.why import ReaderScores, Why
    from .build.report import BuildReport, Progress
    from .build.standalone import build_index
    from .config import Address, Config, PluginAddress
    from .corpus.records import FileRecord
    from .engine import Engine
    from .errors import QAError, Remedy
    from .formats.builder import TextBuilder
    from .formats.decoding import Empty, Unreadable, decode
    from .formats.pictures import Box, PagePicture
    from .index.protocols import Query
    from .index.scope import AppliedScope, Scope
    from .index.states import AsOf, State
    from .models.encoders import load_encoder
    from .models.protocols import AnswerSpan, Encoder, EncoderIdentity, Judgement, Reader
    from .status import FileState, Status
    from .text.document import Block, Contents, Document, Section, Span
    from .text.passage import Passage
    from .text.passages import PassageSettings
    from .text.query_term import QueryTerm
else:
    # Type checkers read the imports above instead, and thus report unknown names.
    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        return value


_MODULES = {
    "Address": "config",
    "Answer": "ask.answer",
    "AppliedScope": "index.scope",
    "AsOf": "index.states",
    "AnswerSpan": "models.protocols",
    "Block": "text.document",
    "Box": "formats.pictures",
    "BuildReport": "build.pipeline",
    "Citation": "ask.answer",
    "Config": "config",
    "Contents": "text.document",
    "Document": "text.document",
    "Empty": "formats.decoding",
    "Encoder": "models.protocols",
    "EncoderIdentity": "models.protocols",
    "Engine": "engine",
    "Evidence": "ask.ranking",
    "FileRecord": "corpus.records",
    "FileState": "status",
    "Hit": "ask.ranking",
    "Judgement": "models.protocols",
    "Lead": "ask.answer",
    "Limit": "ask.answer",
    "OpenCompound": "text.query_term",
    "OtherValue": "ask.answer",
    "PagePicture": "formats.pictures",
    "Passage": "text.passage",
    "PassageSettings": "text.passages",
    "PluginAddress": "config",
    "Progress": "build.pipeline",
    "QAError": "errors",
    "Query": "index.protocols",
    "QueryTerm": "text.query_term",
    "Ranking": "ask.ranking",
    "Ranks": "ask.ranking",
    "Reader": "models.protocols",
    "ReaderScores": "ask.why",
    "Remedy": "errors",
    "Scope": "index.scope",
    "Searched": "ask.searched",
    "Section": "text.document",
    "Span": "text.document",
    "State": "index.states",
    "Statement": "ask.statement",
    "Status": "status",
    "TableRow": "ask.rows",
    "TextBuilder": "formats.builder",
    "Turn": "ask.follow_up",
    "Unreadable": "formats.decoding",
    "Why": "ask.why",
    "build_index": "build.standalone",
    "decode": "formats.decoding",
    "load_encoder": "models.encoders",
}

offline.forbid_telemetry()  # here, because every process of the program imports this module

__all__ = [
    "Address",
    "Answer",
    "AnswerSpan",
    "AppliedScope",
    "AsOf",
    "Block",
    "Box",
    "BuildReport",
    "Citation",
    "Config",
    "Contents",
    "Document",
    "Empty",
    "Encoder",
    "EncoderIdentity",
    "Engine",
    "Evidence",
    "FileRecord",
    "FileState",
    "Hit",
    "Judgement",
    "Lead",
    "Limit",
    "OpenCompound",
    "OtherValue",
    "PagePicture",
    "Passage",
    "PassageSettings",
    "PluginAddress",
    "Progress",
    "QAError",
    "Query",
    "QueryTerm",
    "Ranking",
    "Ranks",
    "Reader",
    "ReaderScores",
    "Remedy",
    "Scope",
    "Searched",
    "Section",
    "Span",
    "State",
    "Statement",
    "Status",
    "TableRow",
    "TextBuilder",
    "Turn",
    "Unreadable",
    "Why",
    "__version__",
    "build_index",
    "decode",
    "load_encoder",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
