"""No words of the page stand outside the catalogue, as far as a program can tell words from the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from catalogued import PACKAGE, TEMPLATES, halves, literals_of_module, remedy, skeleton
from jinja2 import nodes

from qa.strings.catalogue import entries
from qa.ui.answers.templating import _ENVIRONMENT

SCRIPTS = sorted((PACKAGE / "ui" / "assets").glob("*.js"))
VALUE = "\N{OBJECT REPLACEMENT CHARACTER}"
SPOKEN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "aria-description", "aria-valuetext")
WORD = re.compile(r"[^\W\d_]{2,}")
# The same in every language: names of keys, formats and this page's own syntax.
NAMES = {"CSL-JSON", "Ctrl K", "JSON", "Markdown", "RSS"}


class Shown(HTMLParser):
    """The words of a template that a person sees or hears, and that stand in it literally."""

    def __init__(self) -> None:
        super().__init__()
        self.words = list[str]()
        self._inside = list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("code", "kbd", "script", "style"):
            self._inside.append(tag)
        self.words += [value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value and WORD.search(value)]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and WORD.search(data):
            self.words.append(" ".join(data.split()))


def html_of(path: Path) -> str:
    """The HTML of a template with a character in place of each value."""
    parts = []
    for output in _ENVIRONMENT.parse(path.read_text("utf-8")).find_all(nodes.Output):
        parts += [part.data if isinstance(part, nodes.TemplateData) else VALUE for part in output.nodes]
    return "".join(parts)


def computed(path: Path) -> Iterator[str]:
    """The words in expressions of a template that are not looked up: those that a person could read."""
    tree = _ENVIRONMENT.parse(path.read_text("utf-8"))
    known = {id(each) for call in tree.find_all((nodes.Call, nodes.Filter)) for each in call.find_all(nodes.Const)}
    for const in tree.find_all(nodes.Const):
        value = const.value
        if id(const) not in known and isinstance(value, str) and re.search(r"[a-z] [a-z]|^[A-Z][a-z]", value):
            yield value


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(path: Path) -> None:
    shown = Shown()
    shown.feed(html_of(path))
    found = [words for words in shown.words if words.replace(VALUE, "").strip() not in NAMES]
    assert [*found, *computed(path)] == []


def strings_of_script(text: str) -> Iterator[str]:
    """The literals of a script, without its comments."""
    pattern = r"//[^\n]*|/\*.*?\*/|'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`"
    for match in re.finditer(pattern, text, re.DOTALL):
        yield from filter(None, match.groups())


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_words_of_its_own(path: Path) -> None:
    found = [
        text
        for text in strings_of_script(path.read_text("utf-8"))
        # Selectors, HTML, addresses and names of events have signs that words have not.
        if re.search(r"^[A-Z][a-z]+(?: |$)|^[A-Za-z][a-z]+(?: [a-z]+)+[.: …]*$", text)
        and not re.search(r"[<>#\[\]=/{}]", text)
    ]
    assert [text for text in found if text not in NOT_WORDS] == []


WORDS = re.compile(r"^[A-Z][a-z]+(?: |$)|^[A-Za-z][a-z]+(?: [a-z]+)+[.: …]*$")
NOT_WORDS = {"Escape", "Enter", "Home", "End", "Files", "use strict"}


def test_words_outside_the_catalogue_would_be_found() -> None:
    text = "x.textContent = 'Uploading now'; y.title = `The upload failed.`; // 'Not this'"
    assert [each for each in strings_of_script(text) if WORDS.search(each)] == ["Uploading now", "The upload failed."]
    shown = Shown()
    shown.feed(f"<p aria-label='Your question'>Ask {VALUE}</p><kbd>Shift</kbd><code>in:reports</code>")
    assert shown.words == ["Your question", f"Ask {VALUE}"]


# What a person sees is worded in these rooms, and in others by sentences that the catalogue has too.
ROOMS = ("answers", "conversations", "feedback", "library", "page", "sources")
# Questions in the language of their article, answers for programs, what tells headings and reasons apart, and what only
# a log contains.
NOT_SHOWN = {"examples.py", "messages.py", "suggestions.py", "advice.py", "records.py", "bundle.py", "originals.py"}
UNSEEN = {
    "a newer version of the program wrote it",  # inside a sentence, as the system's own words are
    "it is being written",
    "What is said here?",
    "qa-number qa-pages",
    "{} is not supported here: use GET.",  # no page asks in this way
    "{} is not supported here: use POST.",
    '"{}" is not a number: send one from 0.',
    "The file has no such picture that a browser shows: open the original.",
}


@pytest.mark.parametrize("room", ROOMS)
def test_the_catalogue_has_the_sentences_of_the_rooms_that_people_see(room: str) -> None:
    known = {part for key in entries("de") for part in (skeleton(key), remedy(key), *halves(key))}
    found = [
        text
        for path in sorted((PACKAGE / "ui" / room).glob("*.py"))
        if path.name not in NOT_SHOWN
        for _, text in literals_of_module(path)
        if re.search(r"[a-z]{2,} [a-z]{2,}", text) and not re.search(r"[A-Z]{4,} |[<\\]", text)
    ]
    assert [text for text in found if text not in known | UNSEEN] == []
