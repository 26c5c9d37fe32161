"""Which language a request is to be answered in: that of its page, or else what the reader wants."""

from __future__ import annotations

from collections.abc import Mapping

from ...strings.choice import best_match
from ...strings.spoken import LANGUAGES

COOKIE = "qa-language"  # written by the page's script, when a reader chooses a language
VARIES = "accept-encoding, accept-language, cookie"  # what the page depends on


def language_of(query: Mapping[str, str], cookies: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return the language that a page names in its address (`language`), that was chosen, or that the browser wants.

    What is asked by a page is answered in its language, whatever was chosen in another window since.
    """
    for language in (query.get("language", ""), cookies.get(COOKIE, "")):
        if language in LANGUAGES:
            return language
    return best_match(headers.get("accept-language", ""))
