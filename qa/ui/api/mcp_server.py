"""The MCP server: the tools and the articles as resources, for any transport. It needs the package `mcp`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from ...errors import NoGenerationError, QAError
from ...system.version import __version__
from ..failures import for_programs, unexpected
from .resources import TEMPLATE, parsed, uri_of
from .tool_schemas import schema_of

if (
    TYPE_CHECKING
):  # what answers is loaded when the first request needs it, in its thread: a host waits for `initialize`
    from ...engine import Engine
    from .tools import Result, Tool

logger = logging.getLogger(__name__)

NAME = "qa-articles"
_AT_ONCE = 3  # calls; others wait (see `api.endpoints`)
_PAGE = 100  # resources of one answer
_READ_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
INSTRUCTIONS = (
    "These tools search the user's own articles and files. `ask` returns a literal quotation with its sources, or says "
    "that the answer is not in the articles: report that as it is, and do not answer from memory instead. Cite sources "
    "by their numbers with their links, which open the article at the quoted words. `search` finds passages without "
    "judging them, `read` gives the text of an article, `articles` lists what there is."
)
Reached = Callable[[Any], str]
Opened = Callable[[], "Engine"]


def server_of(engine: Opened, reached: Reached) -> Server[Any]:
    """The server for one engine, which `engine` gives in any of several threads, and may take time to open.

    `reached` gives the address of the chat for the HTTP request, or None without one.
    """
    handlers = _Handlers(engine, reached)
    return Server(
        NAME,
        version=__version__,
        title="Your articles",
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
    )


class _Handlers:
    """Answers the requests of a client; each call runs in a thread of its own."""

    def __init__(self, engine: Opened, reached: Reached) -> None:
        self._engine = engine
        self._reached = reached
        self._limiter: anyio.CapacityLimiter | None = None

    async def list_tools(self, context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=await self._in_thread(described))

    async def call_tool(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        chat = self._reached(context.request)
        try:
            result: Result = await self._in_thread(partial(self._called, params.name, chat, params.arguments or {}))
        except MCPError:  # no such tool
            raise
        except QAError as error:
            return _failed(for_programs(error))
        except Exception as error:  # an edge: the host is told, and the server goes on
            logger.exception("a tool failed")
            return _failed(unexpected(error, "call it again"))
        text = types.TextContent(type="text", text=result.text)
        return types.CallToolResult(content=[text], structured_content=result.data)

    def _called(self, name: str, chat: str, arguments: dict[str, Any]) -> Result:
        from .tools import TOOLS

        tool = TOOLS.get(name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {name[:40]!r}: call one of {', '.join(TOOLS)}.")
        return tool.call(self._engine(), chat, arguments)

    async def list_resources(self, context: Any, params: Any) -> types.ListResourcesResult:
        cursor = getattr(params, "cursor", None) or "0"
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
            raise MCPError(types.INVALID_PARAMS, "The cursor is not one of this server: begin without one.")
        try:
            data = await self._in_thread(partial(self._listed, self._reached(context.request), int(cursor)))
        except NoGenerationError:
            return types.ListResourcesResult(resources=[])
        except QAError as error:
            raise MCPError(types.INTERNAL_ERROR, for_programs(error)) from error
        listed = [_resource(each) for each in data["articles"]]
        after = data["offset"] + len(listed)
        return types.ListResourcesResult(
            resources=listed, next_cursor=str(after) if listed and after < data["total"] else None
        )

    def _listed(self, chat: str, offset: int) -> dict[str, Any]:
        from . import reading

        return reading.articles(self._engine(), chat, None, _PAGE, offset)

    def _read(self, chat: str, path: str, start: int | None, end: int | None) -> dict[str, Any]:
        from . import reading

        return reading.read(self._engine(), chat, path, start, end, None)

    async def list_templates(self, context: Any, params: Any) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            name="article",
            title="An article, or a part of it",
            uri_template=TEMPLATE,
            description="The text of an article by its path; #START-END after it names a part, in characters.",
            mime_type="text/plain",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        self, context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        meant = parsed(uri)
        if meant is None:
            raise MCPError(types.INVALID_PARAMS, f"{uri[:200]!r} is not an address like {uri_of('notes/cat.md')}.")
        path, start, end = meant
        try:
            data = await self._in_thread(partial(self._read, self._reached(context.request), path, start, end))
        except QAError as error:
            raise MCPError(types.INVALID_PARAMS, for_programs(error), {"uri": uri}) from error
        contents = types.TextResourceContents(uri=uri, mime_type=_mime(path), text=data["text"])
        return types.ReadResourceResult(contents=[contents])

    async def _in_thread(self, call: Callable[[], Any]) -> Any:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        return await anyio.to_thread.run_sync(call, limiter=self._limiter, abandon_on_cancel=True)


@cache
def described() -> list[types.Tool]:
    """The tools, as a host lists them."""
    from .tools import TOOLS

    return [_description(tool) for tool in TOOLS.values()]


def _description(tool: Tool) -> types.Tool:
    takes = {"type": "object", "properties": {}, "additionalProperties": False}
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=takes if tool.takes is None else schema_of(tool.takes),
        output_schema=schema_of(tool.gives),
        annotations=_READ_ONLY,
    )


def _failed(sentence: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=sentence)], is_error=True)


def _resource(article: dict[str, Any]) -> types.Resource:
    document = article["document"]
    return types.Resource(uri=uri_of(document), name=document, title=article["title"], mime_type=_mime(document))


def _mime(path: str) -> str:
    return "text/markdown" if path.lower().endswith((".md", ".markdown")) else "text/plain"


async def serve_stdio(engine: Opened, chat: str) -> None:
    """Serve one client over standard input and output, until it closes the input; `chat` is the address of links."""
    from mcp.server.stdio import stdio_server

    server = server_of(engine, lambda _: chat)
    async with stdio_server() as (received, sent):
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await server.run(received, sent, server.create_initialization_options())
