"""Keeps Gradio from fetching anything: a request to another host is refused before its name is resolved."""

from __future__ import annotations

from typing import NoReturn

import gradio.processing_utils
import gradio.routes
import httpx
import safehttpx


class NoTransport(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """A transport that refuses every request."""

    def handle_request(self, request: httpx.Request) -> NoReturn:
        raise httpx.ConnectError("This program fetches nothing from other hosts: add the file itself.", request=request)

    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        self.handle_request(request)


async def _no_resolution(hostname: str) -> NoReturn:
    raise ValueError(f"This program resolves no host name ({hostname[:100]}): add the file itself.")


def isolate() -> None:
    """Replace each way in which Gradio fetches something by one that refuses."""
    gradio.processing_utils.async_transport = NoTransport()
    gradio.processing_utils.sync_client = httpx.Client(transport=NoTransport())
    gradio.routes._proxy_transport = NoTransport()
    safehttpx.async_validate_url = _no_resolution  # of Gradio's proxy
