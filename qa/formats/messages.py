"""Reads one message of an export: who wrote it, when, and its text, under the names that programs give these."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import unescape
from typing import Any

from .conversation import Message
from .markup import is_html, text_of_html
from .named_values import clean, label, name_within, one_line
from .timestamps import moment, spoken

# The fields of a message, the likeliest first, with the programs that name them so.
_SENDERS = (
    "user_profile", "bot_profile",  # Slack, beside `user`, which is only a number
    "from", "actor",  # Telegram, Microsoft Graph
    "sender_name", "sender_full_name",  # Messenger and Instagram; Zulip
    "author",  # ChatGPT, Discord
    "sender",  # Claude, Matrix
    "creator",  # Google Chat
    "displayName",  # Skype and Teams, beside `from`
    "user", "username", "role",
)  # fmt: skip
_TIMES = (
    "ts", "date", "timestamp_ms", "timestamp", "create_time", "created_at", "createdDateTime", "created_date",
    "create_at", "origin_server_ts", "originalarrivaltime", "sent_at", "time",
)  # fmt: skip
_TEXTS = ("text", "content", "body", "message", "value")
_ARTICLES = ("title", "subject", "headline")  # fields of mails and articles, not of messages (but of Zulip's)
_NAMES = ("nickname", "real_name", "global_name", "displayName", "display_name", "name", "full_name", "username",
          "role")  # fmt: skip
# What programs call the two sides of a conversation with a language model; what the others say, nobody reads.
_ROLES = {"user": "User", "human": "User", "assistant": "Assistant", "model": "Assistant", "gpt": "Assistant",
          "bot": "Assistant", "ai": "Assistant", "chatgpt": "Assistant"}  # fmt: skip
_HIDDEN_ROLES = ("system", "tool", "function", "developer")
# Messages that say only that somebody is there now or has gone.
_COMINGS = re.compile(r"(?:channel|group|bot)_(?:join|leave|add|remove)|tombstone|unpinned_item")
_CODE_PARTS = ("tool_use", "tool_result", "thinking", "thoughts", "image_asset_pointer", "model_editable_context")
_REFERENCE = re.compile(r"<([^<>\n|]{1,2000})(?:\|([^<>\n]{0,2000}))?>")
_USER = re.compile(r"[UWB][A-Z0-9]{1,20}")
_MAX_DEPTH = 6  # of the parts of a text
_MAX_PARTS = 10_000

People = Mapping[str, str]  # names by the numbers that messages have in their place


def message_of(value: Any, people: People) -> Message | None:
    """The message that an object is; None if it says nothing that a person reads, or nobody says it."""
    if not isinstance(value, dict) or _is_hidden(value):
        return None
    if "sender_name" in value and "timestamp_ms" in value:
        value = {name: mended(each) if isinstance(each, str) else each for name, each in value.items()}
    sender, role = _sender(value, people)
    when = next(filter(None, (spoken(value.get(name)) for name in _TIMES)), "")
    text = _said(value, people)
    if not text or not (sender or when):
        return None
    if forwarded := name_within(value.get("forwarded_from")):
        sender = f"{sender} (forwarded from {forwarded})"
    return Message(sender, when, text, is_answer=role == "Assistant")


def time_of(value: dict[str, Any]) -> datetime | None:
    """When a message was written."""
    return next((when for name in _TIMES if (when := moment(value.get(name))) is not None), None)


def mended(text: str) -> str:
    """A text whose UTF-8 was taken for Latin-1, as Messenger and Instagram write it: `GrÃ¼Ã\x9fe` → `Grüße`."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def looks_like_message(value: Any) -> bool:
    """Whether an object has a text, and a time or a role beside the one who wrote it."""
    if not isinstance(value, dict) or not any(name in value for name in _TEXTS):
        return False
    if any(isinstance(value.get(name), str) and value[name] for name in _ARTICLES) and "sender_full_name" not in value:
        return False
    is_timed = any(spoken(value.get(name)) for name in _TIMES)
    return (is_timed or bool(_role(value))) and any(_person(value.get(name)) for name in _SENDERS)


def people_of(values: Iterable[Any]) -> dict[str, str]:
    """The names of the users in a list of them, or of those who write messages, by their numbers."""
    people: dict[str, str] = {}
    for value in values:
        if not isinstance(value, dict):
            continue
        own = value.get("user_profile")
        profile, number = (own, value.get("user")) if isinstance(own, dict) else (value.get("profile"), value.get("id"))
        name = _person({**({} if profile is own else value), **profile}) if isinstance(profile, dict) else ""
        if isinstance(number, str) and name:
            people.setdefault(number, name)
    return people


def _is_hidden(value: dict[str, Any]) -> bool:
    kind = value.get("subtype")
    metadata = value.get("metadata")
    return (
        (isinstance(kind, str) and bool(_COMINGS.fullmatch(kind)))
        or _raw_role(value) in _HIDDEN_ROLES
        or (isinstance(metadata, dict) and metadata.get("is_visually_hidden_from_conversation") is True)
    )


# --- who --------------------------------------------------------------------------------------------------------------


def _sender(value: dict[str, Any], people: People) -> tuple[str, str]:
    """The name of the one who wrote a message, and the role if it is a conversation with a program."""
    if role := _role(value):
        return role, role
    for name in _SENDERS:
        person = _person(value.get(name))
        if person:
            return people.get(person, person), ""
    return "", ""


def _raw_role(value: dict[str, Any]) -> str:
    author = value.get("author")
    stated = next((value[name] for name in ("role", "sender", "from") if name in value), "")
    found = author.get("role") if isinstance(author, dict) else stated
    return found.casefold() if isinstance(found, str) else ""


def _role(value: dict[str, Any]) -> str:
    return _ROLES.get(_raw_role(value), "")


def _person(value: object) -> str:
    """The name that a field states: a string, or an object with a name, or around such an object."""
    if isinstance(value, dict):
        found = (one_line(clean(value[name])) for name in _NAMES if isinstance(value.get(name), str))
        inner = (name_within(each) for each in value.values() if isinstance(each, dict))
        return next(filter(None, found), "") or next(filter(None, inner), "")
    return one_line(clean(value)) if isinstance(value, str) else ""


# --- what -------------------------------------------------------------------------------------------------------------


def _said(value: dict[str, Any], people: People) -> str:
    """The text of a message with the names of what is attached to it, or what a service message reports."""
    texts = (_text(value.get(name)).strip() for name in _TEXTS)
    text = next(filter(None, texts), "")
    if "messagetype" in value and "</" in text:  # Skype, whose HTML has no paragraphs
        text = text_of_html(f"<p>{text}</p>")
    text = _readable(text, people)
    if not text and isinstance(value.get("action"), str):
        text = _action(value)
    poll = value.get("poll")
    return "\n".join(filter(None, (text, _poll(poll) if isinstance(poll, dict) else "", *_attached(value, people))))


def _text(value: object) -> str:
    """The text of a string, of a list of parts of one text, or of an object around either."""
    return "".join(_parts(value, 0)) if isinstance(value, list) and _are_runs(value) else "\n\n".join(_parts(value, 0))


def _parts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield text_of_html(value) if is_html(value) else clean(value)
    elif depth > _MAX_DEPTH:
        return
    elif isinstance(value, list):
        for part in value[:_MAX_PARTS]:
            yield from _parts(part, depth + 1)
    elif isinstance(value, dict) and not _is_one_of(value.get("type", value.get("content_type")), _CODE_PARTS):
        for name in ("text", "parts", "content", "body", "value"):
            if value.get(name):
                yield from _parts(value[name], depth + 1)
                return


def _are_runs(values: list[Any]) -> bool:
    """Whether they are pieces of one text, as Telegram writes it: strings between objects that say how one is shown."""
    kinds = [value.get("type") for value in values if isinstance(value, dict)]
    return len(kinds) < len(values) or not any(_is_one_of(kind, ("text", *_CODE_PARTS)) for kind in kinds)


def _is_one_of(value: object, names: tuple[str, ...]) -> bool:
    return isinstance(value, str) and value in names


def _readable(text: str, people: People) -> str:
    """A text with names in the place of the marks that Slack writes: `<@U012>`, `<https://…|the plan>`, `&amp;`."""
    if "<" in text:

        def shown(match: re.Match[str]) -> str:
            target, words = match[1], match[2]
            if target[0] == "@" and _USER.fullmatch(target[1:]):
                return "@" + people.get(target[1:], words or target[1:])
            if target[0] == "#" or target[0] == "!":
                return ("#" if target[0] == "#" else "@") + (words or target[1:]).lstrip("@")
            return (words or target) if "://" in target or target.startswith("mailto:") else match[0]

        text = _REFERENCE.sub(shown, text)
    return unescape(text) if "&" in text and ";" in text else text


def _action(value: dict[str, Any]) -> str:
    """`create group “Paros trip”: Maria Costa, Jonas Weber`."""
    title, members = name_within(value.get("title")), name_within(value.get("members"))
    words = " ".join(filter(None, (label(value["action"]), f"“{title}”" if title else "")))
    return ": ".join(filter(None, (words, members)))


def _poll(poll: dict[str, Any]) -> str:
    answers = poll.get("answers")
    choices = [
        f"{text} ({voters})" if isinstance(voters := answer.get("voters"), str) else text
        for answer in (answers if isinstance(answers, list) else [])[:100]
        if isinstance(answer, dict) and (text := name_within(answer.get("text")))
    ]
    return ": ".join(filter(None, (f"Poll: {name_within(poll.get('question'))}", ", ".join(choices))))


def _attached(value: dict[str, Any], people: People) -> Iterator[str]:
    """The names of attached files, and the texts of what a message shows of other pages."""
    for name in ("files", "attachments"):
        listed = value.get(name)
        for each in (listed if isinstance(listed, list) else [])[:100]:
            if not isinstance(each, dict):
                continue
            if file := name_within(each.get("name") or each.get("fileName") or each.get("file_name")):
                yield f"[file: {file}]"
            elif name == "attachments":
                shown = (_readable(one_line(_text(each.get(part))), people) for part in ("title", "text"))
                yield ". ".join(filter(None, shown))
