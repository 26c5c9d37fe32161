"""gradio asks no other host: whatever it would fetch is refused before a name is looked up."""

from __future__ import annotations

from typing import NoReturn

import gradio.processing_utils
import gradio.routes
import httpx
import safehttpx


class NoTransport(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """In place of a connection: refuses every request."""

    def handle_request(self, request: httpx.Request) -> NoReturn:
        raise httpx.ConnectError("This program asks no other host: add the file itself.", request=request)

    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        self.handle_request(request)


async def _no_look_up(hostname: str) -> NoReturn:
    raise ValueError(f"This program looks up no name ({hostname[:100]}): add the file itself.")


def isolate() -> None:
    """From now on gradio can fetch nothing, by whichever of its ways."""
    gradio.processing_utils.async_transport = NoTransport()
    gradio.processing_utils.sync_client = httpx.Client(transport=NoTransport())
    gradio.routes._proxy_transport = NoTransport()
    safehttpx.async_validate_url = _no_look_up  # the addresses that are answered with what they lead to
