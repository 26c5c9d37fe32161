"""A background thread of the store reports how it ended, whatever ended it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from qa.index.milvus.client import Server
from qa.index.milvus.lease import Lease


class Panic(BaseException):
    """As a library in Rust panics."""


def panic(*_: Any, **__: Any) -> NoReturn:
    raise Panic("secret detail")


def test_a_collection_that_cannot_be_prepared_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "_prepare", panic)
    server = object.__new__(Server)
    with pytest.raises(Panic):
        server.prepare({"articles": {}})


def test_a_lock_that_is_no_longer_renewed_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("qa.index.milvus.lease._BEAT", 0.0)
    server: Any = SimpleNamespace(call=panic)
    beating = threading.Thread(target=Lease(server, "articles", tmp_path)._beat, args=(threading.Event(),))
    beating.start()
    beating.join(30)
    assert not beating.is_alive()
    (record,) = [record for record in caplog.records if record.name == "qa.index.milvus.lease"]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None and isinstance(record.exc_info[1], Panic)
