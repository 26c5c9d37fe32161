"""What keeps every library of this program from reaching for the network: the switches that each of them reads.

`import qa` turns all telemetry off, and so does every process of the program, before it loads a library. The switches
are assigned, whatever the environment says: a value of a shell profile must not send what is known of private articles.
A program that imports `qa` gets them too, since it is its process that holds the articles; nothing but reports on usage
stops working. What it may download is its own affair, until it runs this program's command line or its torch encoder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NO_TELEMETRY = {
    # ONNX Runtime (1.29 and later) starts to collect and send when it is imported; its API comes too late for that.
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",  # also Gradio's reports, which go through the hub's library
    "DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",  # with it goes the look for a newer version
    "RAY_USAGE_STATS_ENABLED": "0",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",  # otherwise it exports requests and errors to where OTEL_… says
    "DO_NOT_TRACK": "1",  # donottrack.sh: whoever else listens to it
}
_NO_DOWNLOADS = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# Requests go to a port of this machine that nobody listens on. Libraries differ in which case of a name they read.
_CLOSED = "http://127.0.0.1:9"
_PROXIES = {
    name: value
    for names, value in (("http_proxy https_proxy all_proxy", _CLOSED), ("no_proxy", "localhost,127.0.0.1,::1"))
    for word in names.split()
    for name in (word, word.upper())
}


def forbid_telemetry() -> None:
    """In this process, and in those that it starts, no library reports on its use."""
    os.environ.update(_NO_TELEMETRY)


def forbid_downloads() -> None:
    """In this process, and in those that it starts, no model is looked for on the network.

    Libraries read this when they are imported.
    """
    os.environ.update(_NO_DOWNLOADS)


@contextmanager
def proxies_closed() -> Iterator[None]:
    """Processes that are started meanwhile make no HTTP request to another machine, where they heed proxies.

    It is for what has no switch of its own. After it the variables are as they were.
    """
    before = {name: os.environ.get(name) for name in _PROXIES}
    os.environ.update(_PROXIES)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
