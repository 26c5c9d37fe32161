"""A complete build for programs: it loads the encoder and parses files in a sandbox."""

from __future__ import annotations

from collections.abc import Callable

from ..config import Config
from ..models.encoders import load_encoder
from ..models.protocols import Encoder
from ..sandbox.pool import SandboxPool, megabytes_for
from ..sandbox.read_pages import ReadPages
from ..text.passages import PassageSettings
from .pipeline import build
from .reading import reading_of
from .report import BuildReport, Progress


def build_index(
    config: Config,
    encoder: Encoder | None = None,
    *,
    full: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    settings: PassageSettings | None = None,
) -> BuildReport:
    """Bring the index up to date with the corpus folder and publish it; writes nothing if nothing has changed.

    `encoder` is the configured one by default, which is exported for this index first if necessary (seconds). `full`
    reuses nothing of the last build. `progress` is called often; an exception that it raises ends the build, and the
    last index remains in use. Raises CorpusError, ModelError or StoreError (BusyError while another process builds this
    index).
    """
    if encoder is None:
        encoder = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
    with SandboxPool(
        reading=reading_of(config), megabytes=megabytes_for(config.max_file_bytes), pages=ReadPages(config.index)
    ) as sandbox:
        return build(config, encoder, full, progress, settings, workers=sandbox.count, parse_file=sandbox.parse_file)
