"""Keeps the libraries of this program off the network, by the environment variables that each of them reads.

`import qa` turns all telemetry off, in every process of the program, before it imports a library. The variables are
assigned even if they are set: a shell profile must not cause reports from a process with private articles. This also
applies to any program that imports `qa`; it disables nothing but usage reports. Downloads are forbidden only once the
command line or the torch encoder of this program is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NO_TELEMETRY = {
    # ONNX Runtime (1.29 and later) starts to collect and send when it is imported, before its API can disable that.
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",  # also disables Gradio's reports, which use the hub's library
    "DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",  # also disables the check for a newer version
    "RAY_USAGE_STATS_ENABLED": "0",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",  # else it exports requests and errors to the collector in OTEL_…
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "DO_NOT_TRACK": "1",  # donottrack.sh, for any other library that respects it
}
_NO_DOWNLOADS = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# A port of this machine on which nothing listens. Libraries differ in the case of the names that they read.
_CLOSED = "http://127.0.0.1:9"
_PROXIES = {
    name: value
    for names, value in (("http_proxy https_proxy all_proxy", _CLOSED), ("no_proxy", "localhost,127.0.0.1,::1"))
    for word in names.split()
    for name in (word, word.upper())
}


def forbid_telemetry() -> None:
    """Disable usage reports of all libraries, in this process and those that it starts."""
    os.environ.update(_NO_TELEMETRY)


def forbid_downloads() -> None:
    """Disable downloads of models, in this process and those that it starts.

    Call it before the libraries are imported: they read the variables then.
    """
    os.environ.update(_NO_DOWNLOADS)


@contextmanager
def proxies_closed() -> Iterator[None]:
    """Keep processes that are started in this context from HTTP requests to other machines, if they respect proxies.

    This is for libraries without a switch. Afterwards the variables are restored.
    """
    saved = {name: os.environ.get(name) for name in _PROXIES}
    os.environ.update(_PROXIES)
    try:
        yield
    finally:
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
