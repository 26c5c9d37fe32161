"""Stores of other packages: each is an entry point of the group `qa.stores`, named like the scheme of its URLs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import PluginAddress, store_plugins
from ..errors import ConfigError, StoreError

if TYPE_CHECKING:
    from .store import Store


def open_plugin(address: PluginAddress, index: Path) -> Store[Any]:
    """The store that the entry point's factory makes of a URL and the index folder of this machine.

    Raises ConfigError if no package provides it, StoreError if it cannot be loaded, and what the factory raises.
    """
    plugin = store_plugins().get(address.scheme)
    if plugin is None:
        raise ConfigError(f"No installed package provides the store {address.scheme!r}: install the one that does.")
    try:
        factory = plugin.load()
    except (ImportError, AttributeError) as error:
        raise StoreError(
            f"The store {address.scheme!r} cannot be loaded from {plugin.value} ({error}): update the package with it."
        ) from error
    store: Store[Any] = factory(address.url, index)
    return store
