"""Ask your own articles: passages, retrieval, calibrated confidence and citations, offline.

    from qa import Config, Engine
    engine = Engine.open(Config())
    print(engine.ask("Which forums do they cooperate through?").lead)

`qa.build.build` makes the index, `qa.evaluate.evaluate` measures. Importing this loads neither torch nor gradio
nor faiss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ask.answer import Answer, Citation
from .ask.ranking import Hit
from .config import Config
from .errors import QAError
from .models.protocols import Encoder
from .text.document import Document, Span
from .text.passage import Passage
from .version import __version__

if TYPE_CHECKING:
    from .engine import Engine

__all__ = [
    "Answer",
    "Citation",
    "Config",
    "Document",
    "Encoder",
    "Engine",
    "Hit",
    "Passage",
    "QAError",
    "Span",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Load the engine, which needs faiss, only when it is asked for (PEP 562)."""
    if name != "Engine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .engine import Engine

    return Engine
