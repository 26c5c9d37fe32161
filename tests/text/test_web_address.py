"""Only addresses of the web become links, whoever shows them."""

from __future__ import annotations

import pytest

from qa.text.web_address import host_of, web_address


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://example.org/a?b#c", "example.org"),
        ("HTTP://WWW.Example.org", "example.org"),
        ("  https://ada:secret@example.org:8080/ \n", "example.org"),
        ("https://[::1]/", "::1"),
    ],
)
def test_an_address_of_the_web_has_a_host(text: str, host: str) -> None:
    assert web_address(text) == text.strip()
    assert host_of(text) == host


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", " JavaScript:x", "java\nscript:x", "data:text/html,x", "file:///etc/passwd", "//x.y", "x.y",
     "mailto:ada@example.org", "http://", "https:///path", "http://[", "http://[::1", "", None],
)  # fmt: skip
def test_anything_else_is_none(text: str | None) -> None:
    assert web_address(text) is None
    assert host_of(text) == ""
