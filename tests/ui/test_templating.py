"""The templates: inserted values are escaped, nothing is undefined, and there is no other HTML."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from jinja2 import DictLoader, UndefinedError
from markupsafe import Markup

import qa
from qa.ui.answers import templating

UI = Path(qa.__file__).parent / "ui"
TEMPLATES = sorted((UI / "templates").iterdir())


def rendered(source: str, **values: object) -> str:
    """A template with this text, in the environment of the chat."""
    environment = templating._ENVIRONMENT.overlay(loader=DictLoader({"x": source}))
    return environment.get_template("x").render(values)


def test_a_value_is_escaped_and_what_cannot_be_shown_is_replaced() -> None:
    assert rendered('<p title="{{ x }}">', x="<b>\"'&\0\ud800") == '<p title="&lt;b&gt;&#34;&#39;&amp;��">'
    assert rendered("{% macro b(x) %}<b>{{ x }}</b>{% endmacro %}{{ b(x) }}", x="<i>") == "<b>&lt;i&gt;</b>"
    assert templating.printable(Markup("<b>\0")) == "<b>\0"


@pytest.mark.parametrize(
    "source", ["{{ x }}", "{{ x.name }}", "{% for one in x %}{% endfor %}", "{% if x %}{% endif %}"]
)
def test_a_value_that_nobody_gave_raises(source: str) -> None:
    with pytest.raises(UndefinedError):
        rendered(source)


def test_a_line_break_is_a_space_between_words_and_nothing_elsewhere() -> None:
    source = '<p\n  class="a">\n  one\n  two {{ x }}\n  {% if x %}\n    <b>three</b> four\n  {% endif %}\n</p>\n'
    assert rendered(source, x="a\n b") == '<p class="a">one two a\n b<b>three</b> four</p>'


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_whole_and_switches_no_escaping_off(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape", source)
    templating._ENVIRONMENT.get_template(path.name)


@pytest.mark.parametrize("path", sorted(UI.glob("*.py")), ids=lambda path: path.name)
def test_no_html_is_written_in_python(path: Path) -> None:
    own = {"security.py": {"<script", '<script nonce="'}}.get(path.name, set())
    strings = [n.value for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Constant)]
    texts = [s.decode("latin-1") if isinstance(s, bytes) else s for s in strings if isinstance(s, str | bytes)]
    texts = [text for text in texts if "<time>-<name>" not in text]  # of a docstring
    assert {text for text in texts if re.search(r"</?[a-z][^<>]*>|<[a-z]+ |<script", text)} <= own
