"""What a build has to do: the last generation, the folder, and how they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from posixpath import splitext
from typing import Any

from ..config import Config
from ..corpus import changes, documents
from ..corpus.changes import Changes, Plan
from ..corpus.folders import corpus_of
from ..corpus.records import FileRecord
from ..corpus.references import with_works
from ..corpus.works import Work
from ..errors import StoreError, UnnamedError, UnreachableError
from ..index.generation import OpenGeneration
from ..index.store import Store
from ..models.protocols import EncoderIdentity
from ..text.passages import PassageSettings
from .reading import identity_of, reading_of
from .vanished import refuse_to_empty


@dataclass(frozen=True, slots=True)
class Comparison:
    """The last generation and how the folder differs from it.

    `previous` is None without one, or if it is damaged; `fits` says whether its embeddings can be reused, and `reused`
    is that generation if its documents can be too. `reading` is what the manifest says about reading files, and
    `works` what is known of the works that files are.
    """

    previous: OpenGeneration | None
    fits: bool
    reused: OpenGeneration | None
    plans: list[Plan]
    changes: Changes
    known: dict[str, FileRecord]
    reading: dict[str, Any]
    works: Mapping[str, Work]

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to write."""
        return self.reused is not None and not self.changes.differs and not self.reused.manifest.is_outdated

    @property
    def embedded(self) -> list[OpenGeneration]:
        """The last generation if its embeddings can be reused."""
        return [self.previous] if self.fits and self.previous is not None else []


def compare(
    config: Config,
    store: Store[Any],
    identity: EncoderIdentity,
    settings: PassageSettings,
    full: bool,
    step: Callable[[int, int], None],
) -> Comparison:
    """Compare the folder with the last generation; `step` is called with the number of each file and of all.

    Raises CorpusError, also if an empty folder would empty an index that other machines share, or StoreError.
    """
    with ThreadPoolExecutor(1) as pool:  # in parallel, since both take a while
        opening = pool.submit(_previous, store, full)
        files = documents.scan(corpus_of(config), config.max_file_bytes, config.index, config.text_files)
        previous = opening.result()
    files, works = with_works(files, corpus_of(config))
    reading = identity_of(reading_of(config), files, corpus_of(config))
    if store.shared and previous is not None and not any(file.readable for file in files):
        refuse_to_empty(config, previous)
    fits = previous is not None and not full and is_compatible(previous, identity)
    reused = previous if fits and previous is not None and _is_alike(previous, settings, reading) else None
    known = dict(previous.records) if previous else {}
    plans = changes.plan(
        files,
        known,
        reused.records if reused else {},
        reused.manifest.created if reused else "",
        lambda number: step(number, len(files)),
    )
    return Comparison(previous, fits, reused, plans, changes.compare(plans, known), known, reading, works)


def is_compatible(previous: OpenGeneration, identity: EncoderIdentity) -> bool:
    """Whether it was built with the same encoder, so that its embeddings can be reused: each belongs to one text."""
    return previous.manifest.encoder == identity.as_json()


def _is_alike(previous: OpenGeneration, settings: PassageSettings, reading: Mapping[str, Any]) -> bool:
    """Whether its files were read and divided into passages in the same way, so that its documents can be reused."""
    manifest = previous.manifest
    return manifest.passage_settings == settings.as_json() and dict(manifest.reading) == reading


def kind_and_size(plan: Plan) -> tuple[str, int]:
    """The extension of a file, and its size if it must be read, otherwise 0."""
    must = plan.file.readable and plan.reuse is None
    return splitext(plan.record.path)[1].lower(), plan.record.size if must else 0


def _previous(store: Store[Any], full: bool) -> OpenGeneration | None:
    """The last generation; None if there is none or it is damaged, so that everything is built again.

    Every byte is checked, because what is reused is not checked again. Raises UnreachableError, and UnnamedError unless
    the build is `full`.
    """
    try:
        previous: OpenGeneration = store.reused()
        return None if previous.altered() else previous
    except UnreachableError:
        raise
    except UnnamedError:
        if not full:
            raise
        return None
    except StoreError:
        return None
