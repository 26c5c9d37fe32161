"""Asks every pinned question again, whoever has pinned it, and notes whose answers have changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ..engine import Engine
from ..errors import QuestionError
from .changes import Change, is_change, standing
from .pins import keep, path_of, pins_of


def check(engine: Engine, go_on: Callable[[], bool] = lambda: True) -> Iterator[Change]:
    """Ask every pinned question again that was asked of another generation last; store and yield what has changed.

    `go_on` is called before each, and may wait; it ends the work with false. A question that cannot be asked any more,
    because its scope is empty, keeps its last answer. Raises StoreError or ModelError.
    """
    path = path_of(engine.config.index)
    for pin in pins_of(path):
        generation = engine.generation
        if pin.standing.generation == generation.id:
            continue
        if not go_on():
            return
        with contextlib.suppress(QuestionError):
            after = standing(engine, pin.question, pin.scope)
            change = keep(path, pin, after, is_change(pin.standing, after, generation))
            if change is not None:
                yield change
