"""Gives mkdocs the pages where they lie in the repository, so that a link is right both there and on the site."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).parent.parent
_INDEX = "docs/README.md"  # a list of these pages, for readers of the repository: the site has its navigation
_SHOWN = (
    *("*.md", "docs/*.md", "docs/*.png", "docs/*.svg", "examples/**/*", "extension/README.md"),
    *("benchmarks/collections/README.md", "Containerfile", "LICENSE", "requirements-tested.txt"),
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Return the files of the theme and those pages of the repository that the site shows."""
    shown = {path for pattern in _SHOWN for path in _ROOT.glob(pattern) if path.is_file()}
    theirs = [file for file in files if file.src_dir != config.docs_dir]
    names = sorted(path.relative_to(_ROOT).as_posix() for path in shown)
    pages = [File.generated(config, name, abs_src_path=str(_ROOT / name)) for name in names if name != _INDEX]
    return Files([*theirs, *pages])
