"""The addresses of articles, for the page: `/articles/NAME?path=…`, which only read what the index names.

`text` is the source pane with an article, `part` a further part of a long one, `pages`, `page` and `words` the pages of
a PDF or an image, `image` a picture that an article shows (`part` of an e-book), and `file` the original.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, BinaryIO

import orjson
from starlette.datastructures import Headers, QueryParams
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...corpus import documents
from ...corpus.folders import Folders, corpus_of
from ...corpus.pages import Pages
from ...corpus.records import DocumentInfo, FileRecord
from ...corpus.works import app_address
from ...engine import Engine
from ...errors import QAError
from ...formats.decoding import Unreadable
from ...formats.pictures import Box, PageWords
from ...strings.spoken import speaking, spoken
from ...system.version import __version__
from ...text.document import Span
from ..failures import for_programs, unexpected
from ..web.bodies import JSON
from ..web.readers import language_of
from ..web.refusals import LOG_IN_FIRST, Refused, refusal
from .earlier import earlier_source
from .originals import is_picture, raster_type, shown_as
from .pictures import NONE, pictures_of
from .source_html import View, article_source_html

logger = logging.getLogger(__name__)

_AT_ONCE = 4  # requests; others wait
_MOST_MARKS = 100
_SHORT_SIDES = (600, 1_100, 2_200)  # pixels of a drawn page
_TEXT_BYTES = 20_000_000  # of a file that is looked through to find out how it is written
_BLOCK = 1 << 18  # bytes that are sent at a time
_LEVEL = 5  # of compression: more takes longer than it saves
_SPAN = re.compile("([0-9]{1,9})-([0-9]{1,9})")
_PDF_CHANGED = "The file has changed since it was indexed, so its pages are not shown: rebuild the index."


class Articles:
    """An ASGI application for all paths below `/articles/`.

    `is_known` tells from cookies whether a visitor may read; it is called in any of several threads.
    """

    def __init__(self, engine: Engine, is_known: Callable[[Mapping[str, str]], bool]) -> None:
        self._engine = engine
        self._is_known = is_known
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="articles")
        self._answers: dict[str, Callable[[_Asked], Response]] = {
            "text": self._text,
            "part": self._part,
            "pages": self._pages,
            "page": self._page,
            "words": self._words,
            "image": self._image,
            "file": self._file,
        }

    def close(self) -> None:
        """Start no further requests."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            response = await asyncio.get_running_loop().run_in_executor(self._pool, self._answered, request)
        except Refused as refused:
            response = refusal(scope, refused)
        app = GZipMiddleware(response, compresslevel=_LEVEL) if response.media_type == JSON else response
        await app(scope, receive, send)

    def _answered(self, request: Request) -> Response:
        if not self._is_known(request.cookies):
            raise Refused(401, LOG_IN_FIRST)
        answer = self._answers.get(request.scope["path"].removeprefix("/articles/"))
        if answer is None:
            raise Refused(404, "There is nothing at this address: open the chat itself.")
        if request.method not in ("GET", "HEAD"):
            raise Refused(405, f"{request.method} is not supported here: use GET.", {"allow": "GET, HEAD"})
        try:
            with speaking(language_of(request.query_params, request.cookies, request.headers)):
                return answer(_Asked(self._engine, request))
        except _Unchanged as known:
            return Response(status_code=304, headers=known.headers)
        except Refused:
            raise
        except Unreadable as error:
            raise Refused(404, f"The file {error}: open the original.") from error
        except QAError as error:
            raise Refused(503, for_programs(error)) from error
        except Exception as error:
            logger.exception("an article could not be shown")
            raise Refused(500, unexpected(error, "open it again")) from error

    # --- text

    def _text(self, asked: _Asked) -> Response:
        changed = asked.engine.changed(asked.path) if asked.engine.can_build else None
        headers = asked.unless_known(str(changed))
        view = asked.view()
        page = next((n for n, page in enumerate(view.document.pages, 1) if view.passage.start < page.end), None)
        page = page if len(view.passage) else None
        title = asked.info.title
        app = app_address(asked.engine.generation.manifest.reading, asked.path, view.document.metadata, page)
        html = article_source_html(view, changed, title, page, app, asked.then)
        return _json({"html": html, "title": title, "path": asked.path}, headers)

    def _part(self, asked: _Asked) -> Response:
        headers = asked.unless_known()
        try:
            return _json({"html": asked.view().part(asked.number())}, headers)
        except IndexError as error:
            raise Refused(404, "The article has no such part: open it again.") from error

    # --- pages

    def _pages(self, asked: _Asked) -> Response:
        headers = asked.unless_known()
        return _json({"sizes": asked.pages().sizes()}, headers)

    def _page(self, asked: _Asked) -> Response:
        headers = asked.unless_known()
        wanted = asked.number("width", _SHORT_SIDES[1])
        side = next((side for side in _SHORT_SIDES if wanted <= side), _SHORT_SIDES[-1])
        return Response(asked.pages().picture(asked.number(), side), media_type="image/png", headers=headers)

    def _words(self, asked: _Asked) -> Response:
        headers = asked.unless_known()
        at, marks = asked.spans()
        return _json(_words_json(asked.pages().words(asked.number(), [at, *marks])), headers)

    # --- files

    def _image(self, asked: _Asked) -> Response:
        if asked.part:
            return self._contained(asked)
        if not is_picture(asked.path):
            raise Refused(404, "There is no such picture in the index: rebuild it.")
        with ExitStack() as stack:
            file = stack.enter_context(asked.opened())
            headers = asked.unless_known(_stamp(file))
            beginning = _beginning(file)
            if not raster_type(beginning):
                raise Refused(404, "This file is no picture that a browser shows: open the original.")
            stack.pop_all()
        return _Sent(file, {**headers, **shown_as(asked.path, beginning).headers(asked.path)})

    def _contained(self, asked: _Asked) -> Response:
        """A picture inside an e-book or a page that was saved whole."""
        headers = asked.unless_known(asked.record.sha256)
        data = self._engine.illustrations.contained(asked.record, asked.part)
        if data is None or not raster_type(data):
            raise Refused(404, "The file has no such picture that a browser shows: open the original.")
        return Response(data, headers={**headers, **shown_as(asked.part, data).headers(asked.part)})

    def _file(self, asked: _Asked) -> Response:
        file = asked.opened()
        size = os.fstat(file.fileno()).st_size
        beginning = _beginning(file, _TEXT_BYTES if size <= _TEXT_BYTES else 4_096)
        shown = shown_as(asked.record.path, beginning)
        return _Sent(file, {**shown.headers(asked.record.path), "cache-control": "no-store"})


class _Unchanged(Exception):
    """The browser has what it asks for."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


class _Asked:
    """One request: what it names, checked. Every method raises Refused, and QAError if the index cannot be read."""

    def __init__(self, engine: Engine, request: Request) -> None:
        self._headers: Headers = request.headers
        self._query: QueryParams = request.query_params
        self._state, self.then = self._query.get("state", ""), ""
        if self._state:
            engine, self.then = earlier_source(engine, self._state)
        self.engine = engine
        self._address = f"{request.url.path}?{request.url.query}"
        generation = engine.generation
        self._generation = f"{generation.id} {generation.manifest.created}"
        self.part = self._query.get("part", "")
        self.path = self._found(self._query.get("path", ""))

    def _found(self, path: str) -> str:
        """The path of an article, also where the link was made when the library had another number of folders."""
        generation = self.engine.generation
        if path in generation.records or path in generation.facts([path]):
            return path
        others = Folders.of(corpus_of(self.engine.config)).formerly(path)
        found = {other for other in others if other in generation.records} | generation.facts(others).keys()
        return found.pop() if len(found) == 1 else path

    @property
    def info(self) -> DocumentInfo:
        """The article that the request names."""
        info = self.engine.generation.facts([self.path]).get(self.path)
        if info is None:
            raise Refused(404, "There is no such article in the index: look for it in the Library.")
        return info

    @property
    def record(self) -> FileRecord:
        """The file that the request names, by its own path or by that of an article in it."""
        record = self.engine.generation.records.get(self.path)
        return self.info.file if record is None else record

    def view(self) -> View:
        document = self.engine.document(self.path)
        if document is None:
            raise Refused(404, "There is no such article in the index: look for it in the Library.")
        pictures = NONE if self._state else pictures_of(self.engine, document)
        return View(document, *self.spans(), pictures, self._state)

    def spans(self) -> tuple[Span, tuple[Span, ...]]:
        """The passage and the marks that the request names."""
        marks = tuple(map(_span, self._query.getlist("mark")[:_MOST_MARKS]))
        return _span(self._query.get("at", "0-0")), marks

    def number(self, name: str = "number", usual: int = 0) -> int:
        text = self._query.get(name, str(usual))
        if not (text.isascii() and text.isdecimal() and len(text) <= 6):
            raise Refused(400, f'"{name[:20]}" is not a number: send one from 0.')
        return int(text)

    def pages(self) -> Pages:
        """The pages of the file. Refused also if it has no page of the number that the request names."""
        pages = self.engine.pages(self.path)
        if pages is None:
            raise Refused(404, _PDF_CHANGED)
        if self.number() >= len(pages.document.pages):
            raise Refused(404, "The file has no such page: open it again.")
        return pages

    def opened(self) -> BinaryIO:
        """The file as it is now; none of those that are not read, except pictures."""
        corpus, record = self.engine.corpus, self.record
        is_open = record.status != "skipped" or is_picture(record.path)
        file = documents.opened(corpus, record) if corpus is not None and is_open else None
        if file is None:
            raise Refused(404, "The file is not here any more: look for it in the folder of articles.")
        return file

    def unless_known(self, state: str = "") -> dict[str, str]:
        """The headers of an answer that the browser may keep and ask about. Raises _Unchanged if it has it already."""
        told = f"{__version__} {self._generation} {self._address} {state} {spoken()}"
        tag = f'"{hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}"'
        headers = {"etag": tag, "cache-control": "private, no-cache"}
        if tag in self._headers.get("if-none-match", ""):
            raise _Unchanged(headers)
        return headers


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise Refused(400, "The words are not named as START-END: open the article by a link of the chat.")
    return Span(int(match[1]), int(match[2]))


def _json(value: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(value), media_type=JSON, headers=headers)


def _words_json(words: PageWords) -> dict[str, Any]:
    """Words with their lines and boxes, and the boxes of the passage and of each mark."""
    passage, *marks = words.marks
    return {
        "words": [[word.text, word.line, *_sides(word.box)] for word in words.words],
        "passage": [_sides(box) for box in passage],
        "marks": [[_sides(box) for box in boxes] for boxes in marks],
    }


def _sides(box: Box) -> list[float]:
    return [round(side, 5) for side in (box.left, box.top, box.width, box.height)]


def _stamp(file: BinaryIO) -> str:
    facts = os.fstat(file.fileno())
    return f"{facts.st_size} {facts.st_mtime_ns}"


def _beginning(file: BinaryIO, most: int = 4_096) -> bytes:
    file.seek(0)
    data = file.read(most)
    file.seek(0)
    return data


class _Sent(Response):
    """A response with the bytes that a file has now, even if it grows; it closes the file in any case."""

    def __init__(self, file: BinaryIO, headers: Mapping[str, str]) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        super().__init__(headers={**headers, "content-length": str(self._size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file as file:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            left = 0 if scope["method"] == "HEAD" else self._size
            while left and (block := await asyncio.to_thread(file.read, min(left, _BLOCK))):
                left -= len(block)
                await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
