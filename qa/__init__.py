"""Ask your own articles: passages, retrieval, calibrated confidence and citations, offline.

    from qa import Config, Engine
    engine = Engine.open(Config())
    print(engine.ask("Which forums do they cooperate through?").lead)

`qa.build.build` makes the index, `qa.evaluate.evaluate` measures. Importing this loads neither torch nor gradio
nor faiss, and turns the telemetry of the libraries off that are loaded later (`qa.offline`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import offline
from .config import Config
from .errors import QAError
from .types import Answer, Citation, Document, Encoder, Hit, Passage, Span

if TYPE_CHECKING:
    from .engine import Engine

offline.forbid_telemetry()  # here, because every process of the program comes by

__version__ = "0.1.0"
__all__ = ["Answer", "Citation", "Config", "Document", "Encoder", "Engine", "Hit", "Passage", "QAError", "Span"]


def __getattr__(name: str) -> Any:
    """Load the engine, which needs faiss, only when it is asked for (PEP 562)."""
    if name != "Engine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .engine import Engine

    return Engine
