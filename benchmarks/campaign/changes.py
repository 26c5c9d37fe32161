"""What people do to the folder of articles meanwhile: new editions, other names, half-saved and hostile files."""

from __future__ import annotations

import contextlib
import io
import os
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from .articles import Library
from .asking import client
from .chats import Chat, bearer
from .report import Tally

_TITLES = ("../../etc/cron.d/x", "a\0b", "CON", "\u202egnp.exe", "x" * 5_000, "<script>")
_KEPT = 12  # hostile files that are in the folder at once


class Folder:
    """Changes articles, and puts hostile files beside them: copied into the folder, or sent over HTTP."""

    def __init__(self, library: Library, secret: Path, chats: list[Chat], token: str, tally: Tally) -> None:
        self._library = library
        self._secret = secret
        self._chats = chats
        self._token = token
        self._tally = tally
        self._number = 0
        self.accepted: list[Path] = []  # files that the chat said that it had stored

    def edit(self, draw: random.Random) -> None:
        """Write the next edition of up to five articles."""
        for subject in draw.sample(self._library.subjects, min(len(self._library.subjects), draw.randint(1, 5))):
            self._tally.add("editions" if self._library.write(subject) else "editions that the full disk refused")

    def rename(self, draw: random.Random) -> None:
        """Give one article another name."""
        with contextlib.suppress(OSError):  # a full disk may have no room for a longer name
            self._library.rename(draw.choice(self._library.subjects))
            self._tally.add("renamed articles")

    def cut(self, draw: random.Random) -> None:
        """Truncate one article in place."""
        self._library.cut(draw.choice(self._library.subjects), draw)
        self._tally.add("truncated articles")

    def drop(self, draw: random.Random) -> None:
        """Copy a hostile file into the folder, and take the oldest ones out."""
        self._number += 1
        name, data = draw.choice(list(hostile(self._secret, draw)))
        path = self._library.corpus / f"odd-{self._number}-{name}"
        try:
            if isinstance(data, Path):
                path.symlink_to(data)
            else:
                path.write_bytes(data)
            self._tally.add("hostile files")
        except OSError:
            path.unlink(missing_ok=True)
        for old in sorted(self._library.corpus.glob("odd-*"), key=lambda each: each.lstat().st_mtime_ns)[:-_KEPT]:
            old.unlink(missing_ok=True)

    def upload(self, draw: random.Random) -> None:
        """Send a hostile page, and a hostile file under a hostile name, to a chat."""
        chat = draw.choice(self._chats)
        if not chat.is_up:
            return
        epoch = chat.epoch
        try:
            with client(chat, "127.0.0.3") as http:
                self._page(http, draw)
                self._file(http, draw)
        except httpx.HTTPError as error:
            if epoch == chat.epoch:
                self._tally.add("lost", f"{chat.name}: an upload: {type(error).__name__}: {error}")

    def _page(self, http: httpx.Client, draw: random.Random) -> None:
        self._number += 1
        title = f"{draw.choice(_TITLES)}{self._number}"
        page = {"address": f"https://example.org/{self._number}", "title": title, "html": _html(self._secret)}
        reply = http.post("/api/pages", json=page, headers=bearer(self._token))
        self._tally.add(f"pages sent: status {reply.status_code}")
        if self._secret.read_bytes().split()[-1] in reply.content:
            self._tally.add("leaked", "by the reply to a page")
        if reply.status_code == 201:
            self.accepted.append(self._library.corpus / reply.json()["document"])
            self._forget()
        elif reply.status_code >= 500 and "error" not in reply.text:
            self._tally.add("lost", f"a page: status {reply.status_code}: {reply.text[:100]}")

    def _forget(self) -> None:
        """Take the oldest pages out of the folder, so that it does not grow."""
        while len(self.accepted) > _KEPT:
            self.accepted.pop(0).unlink(missing_ok=True)

    def _file(self, http: httpx.Client, draw: random.Random) -> None:
        """Upload as a stranger does, without a log-in: nothing may be stored."""
        name = draw.choice(("../../x.md", "/etc/passwd", "a/../../b.md", "x.md"))
        reply = http.post("/gradio_api/upload", files=[("files", (name, b"Ants march." * 1_000))])
        self._tally.add("in" if reply.status_code < 400 else "uploads refused", f"an upload of {name}")


def _html(secret: Path) -> str:
    return (
        f"<html><body><script>fetch('file://{secret}')</script><iframe src='file://{secret}'></iframe>"
        f"<img src='{secret}'><p>An odd page about nothing at all.</p></body></html>"
    )


def hostile(secret: Path, draw: random.Random) -> Iterator[tuple[str, bytes | Path]]:
    """Names and bytes of files that want to harm: bombs, links, what names other files, and what is broken."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../out.md", "Out of the folder.")
        archive.writestr("zeros.txt", bytes(30_000_000))
    yield "bomb.zip", bomb.getvalue()
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]><article><para>&e;</para></article>'
    yield "entity.xml", entity.encode()
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    yield "laughs.xml", f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><article>&l8;</article>'.encode()
    yield "link.md", secret
    yield "device.txt", Path(os.devnull)
    yield "page.html", _html(secret).encode()
    yield "includes.rst", f"Odd\n===\n\n.. include:: {secret}\n\n.. raw:: html\n   :file: {secret}\n".encode()
    yield "input.tex", f"\\documentclass{{article}}\\begin{{document}}\\input{{{secret}}}\\end{{document}}".encode()
    yield "deep.json", b"[" * 100_000
    yield "broken.docx", b"PK\x03\x04" + draw.randbytes(2_000)
    yield "broken.pdf", b"%PDF-1.7\n" + draw.randbytes(2_000)
    yield "long.md", b"x" * 300_000
    yield "binary.txt", bytes(range(256)) * 40
