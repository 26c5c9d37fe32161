"""Where generations are kept: what a store must do, and the store that is configured."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..config import Address, Config

if TYPE_CHECKING:
    from .store import Store


def open_store(config: Config) -> Store[Any]:
    """The store that is configured; its engine's libraries are loaded now. Raises ConfigError or StoreError."""
    if config.store is None:
        from .local.store import LocalStore

        return LocalStore(config.index, config.as_of_days)
    if isinstance(config.store, Address):
        from .milvus.store import MilvusStore

        return MilvusStore(config.store, config.index)
    from .plugins import open_plugin

    return open_plugin(config.store, config.index)


def is_shared(config: Config) -> bool:
    """Whether other machines answer from the configured index too. Raises as `open_store`."""
    with closing(open_store(config)) as store:
        return store.shared
