"""An article as it was in an earlier state of the folder: the engine to read it from, and what a reader is told."""

from __future__ import annotations

from ...earlier import earlier_of
from ...engine import Engine
from ...index.states import shown


def earlier_source(engine: Engine, generation: str) -> tuple[Engine, str]:
    """The engine of an earlier state, and one sentence that says when it was current.

    Raises QuestionError if the state is not kept any more, or StoreError.
    """
    earlier = earlier_of(engine).of(generation)
    state = earlier.as_of.state
    if state.ended is None:
        return earlier, f"This is the article as it is since {shown(state.created)}."
    return earlier, (
        f"This is the article as it was from {shown(state.created)} until {shown(state.ended)}, not as it is now."
    )
