"""Where generations are kept: the protocols of a store, and the store that is configured."""

from __future__ import annotations

from typing import Any

from ..config import Config
from .store import Store


def open_store(config: Config) -> Store[Any]:
    """The store that is configured; its engine's libraries are loaded now."""
    if config.store is None:
        from .local.store import LocalStore

        return LocalStore(config.index)
    from .milvus.store import MilvusStore

    return MilvusStore(config.store, config.index)
