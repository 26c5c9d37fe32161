"""The part of `qa add` that fetches: it shows what an address leads to, asks, and stores the page or file whole."""

from __future__ import annotations

import mimetypes
from datetime import datetime, timezone
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import click

from ..corpus.snapshot import snapshot, snapshot_name
from ..corpus.storing import Stored, safe_name
from ..errors import ConfigError
from ..fetch.page import MOST_PARTS, fetched, outline_of
from ..fetch.web import Found, Web, checked
from ..formats import extensions, kind, supported
from ..text.web_address import server_of
from .adding import Options, add_bytes
from .output import one_line

_SECONDS = 60.0  # that a request may last
_PARTS_SHARE = 0.7  # of the largest file: pictures are a third larger in MHTML, and the page needs room


def add_address(text: str, options: Options) -> Stored:
    """Fetch what is at an address, if the user confirms it, and store it. Raises ConfigError or FetchError."""
    address = checked(text)
    options.tell(one_line(address))

    def may_follow(_: str, target: str, is_other: bool) -> bool:
        options.tell(f"  leads to {one_line(target)}")
        return not is_other or _confirmed(f"That is another host, {server_of(target)}. Follow it?", options)

    with Web(address, may_follow, _SECONDS, options.private) as web:
        found = web.look(address)
        name = "" if found.is_page else _name(found, options)
        options.tell(f"  {_described(found, name)}")
        most = options.config.max_file_bytes
        if found.size is not None and found.size > most:
            return Stored(text, False, f"refused: it is {_size(found.size)}, over the limit of {most / 1e6:g} MB")
        if name and not supported(name, options.config.text_files):
            endings = ", ".join(extensions(options.config.text_files))
            return Stored(text, False, f"refused: {found.kind} is not read (articles end in {endings})")
        if not _confirmed(f"Fetch it into {options.root.path / options.folder}?", options):
            return Stored(text, False, "refused: it was not confirmed")
        found, data = web.get(found.address, most)
        if found.is_page:
            return _page(web, found, data, options)
        return add_bytes(data, name or _name(found, options), options)


def _page(web: Web, found: Found, data: bytes, options: Options) -> Stored:
    """Store a page as MHTML, with its pictures and styles if these are wanted."""
    outline = outline_of(found, data)
    parts, count = [], 0
    if options.pictures and outline.addresses:
        hosts = sorted({server_of(address) for address in outline.addresses} - {server_of(found.address)})
        also = f", also from {', '.join(map(one_line, hosts))}" if hosts else ""
        count = min(len(outline.addresses), MOST_PARTS)
        options.tell(f"  {count} picture{'s' if count > 1 else ''} and styles{also}")
        if not hosts or _confirmed("Fetch them from there too?", options):
            wanted = outline.addresses
        else:
            wanted = tuple(each for each in outline.addresses if server_of(each) not in hosts)
        room = max(0, int(options.config.max_file_bytes * _PARTS_SHARE) - len(data))
        got = fetched(web, wanted, room)
        parts = [(part.address, part.kind, part.data) for part in got.fetched]
        for problem in got.problems:
            options.tell(f"  left out: {one_line(problem)}")
    saved = datetime.now(timezone.utc).astimezone()
    whole = snapshot(found.address, outline.title, data, found.charset, saved, parts)
    return add_bytes(whole, snapshot_name(outline.title, found.address), options)


def _confirmed(question: str, options: Options) -> bool:
    if options.is_sure:
        return True
    try:
        return click.confirm(question, err=True)
    except click.Abort as error:
        raise ConfigError("Nothing was fetched, as nobody confirmed it: answer y, or add --yes.") from error


def _name(found: Found, options: Options) -> str:
    """The name of a file that is no page: as its server or its address calls it, with the extension of its kind."""
    parts = urlsplit(found.address)
    given = found.name or unquote(parts.path.rpartition("/")[2]) or parts.hostname or "file"
    name = safe_name(given) or "file"
    if not supported(name, options.config.text_files):
        name = (
            f"{PurePosixPath(name).stem or 'file'}{mimetypes.guess_extension(found.kind) or PurePosixPath(name).suffix}"
        )
    return name


def _described(found: Found, name: str) -> str:
    what = "web page" if found.is_page else (kind(name) or found.kind)
    return f"{what}, {_size(found.size) if found.size is not None else 'of unknown size'}"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1_000))} kB"
