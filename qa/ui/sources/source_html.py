"""Renders a source: an article, whole or in parts, with what is cited of it marked; or the cited passage alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlencode, urlsplit

from markupsafe import Markup

from ...ask.answer import Citation
from ...formats import has_pages
from ...text.document import SECTION_SEPARATOR, Document, Span
from ...text.web_address import web_address
from ..answers.answer_html import CHANGED
from ..answers.templating import render
from ..rendering.article import article_html, article_parts, part_html
from .pictures import NONE, Pictures

UNCHANGED = "Unchanged since it was indexed"
GONE = "This article is no longer in the index; this is the passage as it was cited."
MOVED = "The index was rebuilt since this answer, and the article no longer contains these words; ask again."
SHORTER = "The article has changed since this link was made: it is shorter now, and the words are not where they were."
_NOWHERE = Span(0, 0)
_APPS = {"obsidian": "Obsidian", "zotero": "Zotero"}


@dataclass(frozen=True)
class View:
    """An article with its pictures, and a passage and the words in it that are marked.

    `passage` is empty if the article is opened as a whole. `state` is the generation of the earlier state of the folder
    that it is from, if it is not the present one.
    """

    document: Document
    passage: Span = _NOWHERE
    marks: tuple[Span, ...] = ()
    pictures: Pictures = NONE
    state: str = ""

    @property
    def query(self) -> str:
        """What names this view in an address, for its further parts and its pages."""
        spans = [("at", self.passage)] if len(self.passage) else []
        spans += [("mark", mark) for mark in self.marks]
        named = [("path", self.document.path), *((name, f"{span.start}-{span.end}") for name, span in spans)]
        named += [("state", self.state)] if self.state else []
        return urlencode(named, errors="replace")

    @cached_property
    def _parts(self) -> list[Span]:
        return article_parts(self.document)  # parses a long article

    def part(self, number: int) -> Markup:
        """One of its parts. Raises IndexError."""
        window = self._parts[number]
        pictures = self.pictures
        return article_html(
            self.document, window, self.passage, self.marks, pictures.url, pictures.placed, pictures.note
        )

    def parts(self) -> tuple[int, int]:
        """The number of the part in which the passage begins, or else the first mark, and how many there are."""
        start = (self.passage if len(self.passage) or not self.marks else self.marks[0]).start
        return bisect_right([part.start for part in self._parts], start) - 1, len(self._parts)

    def places(self) -> list[tuple[int, int, int]]:
        """Of each mark its part and its page, from 0 (page 0 without pages), and 1 if it is in the passage, else 0."""
        parts = [part.start for part in self._parts]
        pages = [page.start for page in self.document.pages]

        def place(mark: Span) -> tuple[int, int, int]:
            part, page = (max(0, bisect_right(starts, mark.start) - 1) for starts in (parts, pages))
            return part, page, int(self.passage.start <= mark.start < self.passage.end)

        return [place(mark) for mark in self.marks]


def cited_view(citation: Citation, document: Document, beside: Sequence[Citation], pictures: Pictures) -> View | None:
    """The article of a citation, with the highlights of all citations of its answer that are in the article.

    None if the article does not contain the words any more.
    """
    place = _place(citation, document)
    if place is None:
        return None
    marks: set[Span] = set()
    for each in (citation, *(one for one in beside if one.document == citation.document)):
        at = _place(each, document)
        if at is not None:
            moved = at.start - each.span.start
            marks |= {Span(mark.start + moved, mark.end + moved) for mark in each.highlights}
    return View(
        document, place, tuple(sorted(marks, key=lambda mark: (mark.start, mark.end))), pictures, citation.state
    )


def source_html(
    citation: Citation,
    document: Document | None,
    changed: bool | None,
    turn: int,
    of: int,
    beside: Sequence[Citation] = (),
    pictures: Pictures = NONE,
    then: str = "",
) -> str:
    """Render the article of a citation with the cited passage marked, and the highlights of the citations `beside` it.

    `document` is the article as the index contains it now (None: it no longer does), `of` the number of citations of
    the same answer; `changed` is None if nobody can tell; `then` says of which earlier state it is. The passage is
    marked inside the article only if the article's words there are exactly those that were cited; otherwise it is shown
    alone.
    """
    view = None if document is None else cited_view(citation, document, beside, pictures)
    about = {
        "citation": citation,
        "turn": turn,
        "of": of,
        "title": citation.title,
        "path": citation.document,
        "section": citation.section,
        "header": citation.header,
        "page": citation.page,
        "link": _link(citation.url),
        "app": _app(citation.app),
        "language": document.language if document else "",
    }
    if view is None:
        text = part_html(citation.document, citation.text, Span(0, len(citation.text)), ())
        return _rendered(None, text, None, [GONE if document is None else MOVED], about)
    return _rendered(view, view.part(view.parts()[0]), changed, _warnings(changed, then), about)


def article_source_html(
    view: View, changed: bool | None, title: str, page: int | None = None, app: str = "", then: str = ""
) -> str:
    """Render an article that is opened by itself: from the list of files, or by a link to some of its words."""
    document = view.document
    section = next((each for each in reversed(document.sections) if each.span.start <= view.passage.start), None)
    about = {
        "citation": None,
        "turn": 0,
        "of": 0,
        "title": title,
        "path": document.path,
        "section": SECTION_SEPARATOR.join(section.path) if section and len(view.passage) else "",
        "header": "",
        "page": page,
        "link": _link(document.metadata.get("url")),
        "app": _app(app),
        "language": document.language,
    }
    warnings = _warnings(changed, then)
    if view.passage.end > len(document.text):
        view = View(document, pictures=view.pictures, state=view.state)
        warnings.append(SHORTER)
    return _rendered(view, view.part(view.parts()[0]), changed, warnings, about)


def _rendered(
    view: View | None, text: Markup, changed: bool | None, warnings: Sequence[str], about: Mapping[str, object]
) -> str:
    metadata: Mapping[str, str] = {} if view is None else view.document.metadata
    part, parts = (0, 1) if view is None else view.parts()
    return render(
        "source.html",
        **about,
        text=text,
        warnings=warnings,
        part=part,
        parts=parts,
        query="" if view is None else view.query,
        places=[] if view is None else view.places(),
        file="" if view is None or changed is None else _file(view.document.path),
        pages=0
        if view is None or changed or view.state or not has_pages(view.document.path)
        else len(view.document.pages),
        facts=[metadata[name] for name in ("author", "date") if metadata.get(name)],
        state="" if changed is None or view is None else "Changed since it was indexed" if changed else UNCHANGED,
        changed=changed,
    )


def _warnings(changed: bool | None, then: str) -> list[str]:
    return [then] if then else [CHANGED] if changed else []


def _place(citation: Citation, document: Document) -> Span | None:
    """Return where the cited words are in the article as it is indexed now, or None."""
    if citation.span.of(document.text) == citation.text:
        return citation.span
    start = document.text.find(citation.text) if citation.text else -1
    return None if start < 0 else Span(start, start + len(citation.text))


def _app(address: str) -> dict[str, str] | None:
    """The program that an article is from, with the address that opens it there."""
    name = _APPS.get(address.partition("://")[0])
    return None if name is None else {"name": name, "url": address}


def _file(path: str) -> str:
    return f"articles/file?path={quote(path, safe='', errors='replace')}"


def _link(url: str | None) -> dict[str, str] | None:
    safe = web_address(url)
    return None if safe is None else {"url": safe, "host": urlsplit(safe).hostname or safe}
