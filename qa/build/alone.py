"""A build by itself, with all that it needs: the encoder is loaded, and files are read in processes of their own."""

from __future__ import annotations

from collections.abc import Callable

from ..config import Config
from ..models.encoders import load_encoder
from ..models.protocols import Encoder
from ..sandbox.pool import SandboxPool, megabytes_for
from ..text.passages import PassageSettings
from .pipeline import build
from .report import BuildReport, Progress


def build_index(
    config: Config,
    encoder: Encoder | None = None,
    *,
    full: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    settings: PassageSettings | None = None,
) -> BuildReport:
    """Bring the index up to date with the folder and publish it; with nothing to do, nothing is written.

    `encoder` is the configured one by default, made ready for this index (seconds, the first time). `full` reuses
    nothing of the last build. `progress` is called often; what it raises ends the build, and the last index still
    answers. Raises CorpusError, ModelError or StoreError (BusyError while another process builds this index).
    """
    if encoder is None:
        encoder = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
    with SandboxPool(fields=dict(config.fields), megabytes=megabytes_for(config.max_file_bytes)) as sandbox:
        return build(config, encoder, full, progress, settings, workers=sandbox.count, parse_file=sandbox.parse_file)
