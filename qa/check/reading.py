"""Reads a draft as the articles are read, by its format and in a separate process with limits, and checks it."""

from __future__ import annotations

from collections.abc import Mapping

from ..engine import Engine
from ..errors import ConfigError
from ..formats import supported
from ..formats.decoding import Empty, Unreadable
from ..index.scope import Scope
from ..models.protocols import Encoder
from ..sandbox.parsing import ParseFile
from ..sandbox.pool import SandboxProcess
from ..text.passages import Splitting
from .draft import Draft, Step, check
from .findings import CheckedDraft

PASTED = "draft.md"  # the name of a draft that is typed or pasted
MOST_CHARACTERS = 200_000  # of a pasted draft: about 70 pages
TOO_LONG = "This draft is too long: check a part of it, or run `qa check` with its file."


def read_draft(name: str, data: bytes, encoder: Encoder, parse_file: ParseFile) -> Draft:
    """Read the bytes of a draft. Raises ConfigError if its format is not read, or it has no text."""
    if not supported(name):
        raise ConfigError(f"{name!r} is in no format that is read: give Markdown, text, Word, PDF or another of these.")
    splitting = Splitting(encoder.count_tokens, encoder.identity.max_tokens)
    try:
        parsed = parse_file(name, data, splitting)
    except (Unreadable, Empty) as error:
        raise ConfigError(f"{name!r} {error}: give a draft that has text.") from error
    if not parsed.documents:
        raise ConfigError(f"{name!r} contains no text: give a draft that has some.")
    return Draft(name, parsed.documents)


def check_draft(
    engine: Engine,
    name: str,
    data: bytes,
    scope: Mapping[str, object] | None = None,
    step: Step = lambda done, of: None,
    most: int | None = None,
) -> CheckedDraft:
    """Check the bytes of a draft with this name. Raises ConfigError if it cannot be read, or as `Engine.ask` does.

    So it does if the text has more than `most` characters, which take as long whatever the size of the file.
    Meanwhile builds go on, and questions go first: it is compared with the generation that answered when it began.
    """
    with engine.resources(first=False) as resources:
        with SandboxProcess() as sandbox:
            draft = read_draft(name, data, resources.encoder, sandbox.parse_file)
        if most is not None and sum(len(document.text) for document, _ in draft.documents) > most:
            raise ConfigError(TOO_LONG)
        return check(draft, resources, Scope.from_json(scope), step)
