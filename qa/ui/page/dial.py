"""Answers what the settings ask: which risk the reader can choose, and what each choice costs in refusals."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from ...ask.lead_model import weights_sha256
from ...config import Config
from ...engine import Engine
from ...errors import QAError
from ...index.calibration import calibrated
from ...index.manifest import Manifest
from ...index.promised import Promise, promised
from ...strings.sentences import said
from ..answers.templating import render
from ..failures import in_page, unexpected

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A risk of so many wrong answers of 100, with what was judged of it.

    It `is_offered` if the judged answers support it, unless the chat `has_own_limit`, which counts instead.
    """

    of_100: int
    promise: Promise
    has_own_limit: bool

    @property
    def is_offered(self) -> bool:
        return self.promise.threshold is not None and not self.has_own_limit


class Dial:
    """Answers the settings of all pages."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def look(self) -> dict[str, Any]:
        """Return the choices as HTML; `failed` if they could not be read, so that the page gives up none of its own."""
        try:
            return {"html": _html(self._engine.config, self._engine.generation.manifest), "failed": False}
        except QAError as error:
            problem = in_page(error, self._engine.can_build)
        except Exception as error:  # an edge: the settings say what went wrong
            logger.exception("what judged answers promise could not be shown")
            problem = unexpected(error, "reload the page")
        return {"html": render("risk.html", problem=said(problem)), "failed": True}


def choices_at(found: tuple[Promise, ...], config: Config, least: float) -> list[Choice]:
    """The choices where no answer below a confidence of `least` is shown.

    A limit that is stricter than a promise's would show other answers than were counted for it, so it is not promised.
    """
    return [
        Choice(round(100 * each.risk), each, config.risk is not None or _is_below(each.threshold, least))
        for each in found
    ]


def _is_below(threshold: float | None, least: float) -> bool:
    return threshold is not None and threshold < least


def _html(config: Config, manifest: Manifest) -> str:
    kept = promised(config)
    if kept is None or not kept.has_models_of(config, manifest, weights_sha256()):
        return render("risk.html", problem="", choices=(), had_other_models=kept is not None)
    choices = choices_at(kept.promises, config, calibrated(config, manifest.encoder).least_confidence)
    has_changed = not kept.has_articles_of(manifest)
    return render("risk.html", problem="", choices=choices, certainty=kept.certainty, has_changed=has_changed)
