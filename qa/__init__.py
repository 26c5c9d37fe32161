"""Ask your own articles: passages, retrieval, calibrated confidence and citations, offline.

    from qa import Config, Engine
    engine = Engine.open(Config())
    print(engine.ask("Which forums do they cooperate through?").lead)

Importing it loads neither torch nor gradio nor faiss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .config import Config
from .errors import QAError
from .types import Answer, Citation, Document, Encoder, Hit, Passage, Span

if TYPE_CHECKING:
    from .build import BuildReport, build
    from .engine import Engine
    from .evaluate import evaluate

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "BuildReport",
    "Citation",
    "Config",
    "Document",
    "Encoder",
    "Engine",
    "Hit",
    "Passage",
    "QAError",
    "Span",
    "build",
    "evaluate",
]

_LAZY = {"build": "build", "BuildReport": "build", "Engine": "engine", "evaluate": "evaluate"}


def __getattr__(name: str) -> Any:
    """Load what needs faiss or a model only when it is asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
