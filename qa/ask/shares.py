"""How much the cosine counts in the score of each candidate, by the languages of question and passage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..index.protocols import Candidates
from ..models.protocols import Vectors
from ..text.languages import NOT_LATIN, detect_question, is_latin
from .fusion import DENSE_SHARE

# Measured on questions and articles in ten languages (docs/decisions.md).
_OTHER_SCRIPT, _OTHER_LANGUAGE = 0.0, 0.3
# Of an encoder of several languages: in one of them, and between two, where few words are the same.
_SAME, _ACROSS = 0.7, 0.9


def dense_shares(question: str, pool: Candidates, made_for: Sequence[str]) -> float | Vectors:
    """The share of the cosine in the score of each candidate, or one for all; BM25 has the rest.

    `made_for` are the languages of the encoder. It can hardly tell texts in another script apart. In another language
    with its script it knows some names and words, which help most where only one of question and passage is in that
    language. One made for several languages finds in each what a question in any other asks for, where words cannot.
    """
    if pool.languages is None:
        return DENSE_SHARE
    scripts = {language in NOT_LATIN for language in made_for}
    if (not is_latin(question)) not in scripts:
        return _OTHER_SCRIPT
    asked = detect_question(question)
    known = np.isin(pool.languages, ["", *made_for])
    if len(made_for) > 1 and asked in ("", *made_for):
        alike = np.isin(pool.languages, ["", asked]) if asked else known
        covered = np.where(alike, _SAME, _ACROSS)
        return np.where(known, covered, DENSE_SHARE if asked else _OTHER_LANGUAGE).astype(np.float32)
    if asked in made_for:
        return DENSE_SHARE
    return np.where(known, DENSE_SHARE, _OTHER_LANGUAGE).astype(np.float32)
