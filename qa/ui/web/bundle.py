"""Joins the styles and scripts of the page's areas, one file each in `assets/`."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from markupsafe import Markup

_STYLES = (
    "palette", "frame", "rail", "past", "article", "answer", "passages", "source", "composer", "picker", "notices",
    "library", "check", "pins", "conflicts", "print",
)  # fmt: skip
_SCRIPTS = (
    "shell", "channels", "toast", "settings", "copy", "conversation", "answer", "preview", "past", "picker", "composer",
    "source", "pages", "find", "notices", "library", "libraries", "ratings", "check", "pins", "conflicts", "upload",
    "feed", "start",
)  # fmt: skip


def style() -> Markup:
    """Return the style sheets of all areas as one; a later one may override an earlier one."""
    return _joined(_asset(f"{name}.css") for name in _STYLES)


def login_style() -> Markup:
    """Return the style of the page to log in, which stands alone."""
    return _joined(_asset(f"{name}.css") for name in ("palette", "login"))


def script() -> Markup:
    """Return the scripts of all areas as one, each as a function of its own, in the order in which they run."""
    return _joined(f"(() => {{ 'use strict';\n{_asset(f'{name}.js')}}})();" for name in _SCRIPTS)


def _joined(parts: Iterable[str]) -> Markup:
    return Markup("\n".join(parts))  # noqa: S704 - files of the program, in which no value is inserted


def _asset(name: str) -> str:
    return (files("qa.ui") / "assets" / name).read_text("utf-8")
