"""An index of another user is read as far as its permissions allow; where they do not, that is what is said."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from corpora import article, write

from qa.build import build
from qa.config import Config

if TYPE_CHECKING:
    from conftest import TinyEncoder

NOBODY = 65534
OPENS = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from qa.errors import StoreError
from qa.index.local.store import LocalStore
store = LocalStore(Path(sys.argv[1]))
store.open_current()  # loads all that opening needs, which may be where nobody else can read
os.setgid({NOBODY}), os.setgroups([]), os.setuid({NOBODY})
for _ in sys.stdin:
    try:
        print(store.open_current().manifest.documents, flush=True)
    except StoreError as error:
        print(error, flush=True)
"""
FORBIDDEN = "(Permission denied): give this account permission to read the index, or name another with --index."
CLOSED = {
    "CURRENT": "CURRENT in the index folder",
    "generations": "generations in the index folder",
    "generations/000001": "manifest.json of generation 000001",
    "generations/000001/manifest.json": "manifest.json of generation 000001",
    "generations/000001/passages.sqlite": "passages.sqlite of generation 000001",
    "generations/000001/lexical/meta.json": "lexical/meta.json of generation 000001",
}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_what_another_user_may_not_read_is_not_called_damaged(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())  # pytest makes its folders for this user alone
        Path(folder).chmod(0o755)
        config = replace(config, index=Path(folder))
        build(config, tiny)
        other = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", OPENS, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        requests, answers = other.stdin, other.stdout
        assert requests is not None and answers is not None

        def opened(path: str, mode: int) -> str:
            place = config.index / path
            before = place.stat().st_mode
            place.chmod(mode)
            requests.write("open\n")
            requests.flush()
            said = answers.readline().strip()
            place.chmod(before)
            return said

        assert opened("CURRENT", 0o644) == "1"  # tantivy's own files too
        assert {path: opened(path, 0o600 if path.count(".") or path == "CURRENT" else 0o700) for path in CLOSED} == {
            path: f"{name} cannot be read {FORBIDDEN}" for path, name in CLOSED.items()
        }
        requests.close()


def test_files_of_the_word_index_have_the_permissions_of_the_others(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    folder = config.index / "generations" / "000001"
    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert len(modes) == 1, [Path(path).name for path in folder.rglob("*")]
