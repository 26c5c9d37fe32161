"""The settings: each declared once, read from a file, the environment and options, and frozen into a Config."""

from __future__ import annotations

from .address import Address, PluginAddress, store_plugins
from .chat import CHAT
from .config import Config
from .effective import Effective, Value, resolve
from .libraries import Library, add_library, library_named, read_libraries, remove_library
from .places import joined, places_of
from .settings import SETTINGS, Setting

__all__ = [
    "CHAT",
    "SETTINGS",
    "Address",
    "Config",
    "Effective",
    "Library",
    "PluginAddress",
    "Setting",
    "Value",
    "add_library",
    "joined",
    "library_named",
    "places_of",
    "read_libraries",
    "remove_library",
    "resolve",
    "store_plugins",
]
