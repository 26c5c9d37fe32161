"""What a person can do about a file that was not read, or not in full, by the reason that its record gives."""

from __future__ import annotations

import re

# The first pattern that is found in a reason counts. A reason that says itself what to do needs none.
_ADVICE = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"password", "Save a copy of it without a password."),
        (r"over the limit of [\d.]+ MB|past the limit of", "Split it, or start the chat with a higher QA_MAX_FILE_MB."),
        (r"is too long|takes longer than|unpacks to more|more than .* characters", "Split it into several files."),
        (r"megapixels", "Save a smaller copy of the image."),
        (r"has no extension", "Give it an ending that says what it is."),
        (r"is empty|no text( |$|;)|contains no web page", "Write something into it, or remove it."),
        (r"fonts do not map", "Export it again from the program that made it."),
        (r"no text was found", "Save a sharper copy of the image, or remove it."),
        (r"no longer a regular file|not a regular file|a cycle of links", "Put the file itself into the folder."),
        (r"link that leads out", "Put the file itself into the folder."),
        (r"Permission denied", "Give this account permission to read it."),
        (r"looks binary", "Give it the ending of its real format, or save it as text."),
        (
            r"damaged|cannot be opened|not JSON|nested|entities|cannot be read|broken",
            "Save it again in the program that made it, or replace it with a whole copy.",
        ),
    )
)
_IMPERATIVE = re.compile(
    r"(: |\()(to read it, )?(save|split|unpack|install|rename|pack|update|give|declare|set|run|make|open)\b",
    re.IGNORECASE,
)


def advice(reason: str) -> str:
    """Return a sentence that says what to do, or "" if the reason says that itself or nothing is known."""
    if says_itself(reason):
        return ""
    return next((words for pattern, words in _ADVICE if pattern.search(reason)), "")


def says_itself(reason: str) -> bool:
    """Return whether a reason ends with what to do."""
    return _IMPERATIVE.search(reason) is not None
