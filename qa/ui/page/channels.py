"""Builds what the page talks to: Gradio's Blocks of channels, and which event of each calls which method of `Screen`.

Gradio runs these events and keeps their queue. What a person sees is in `templates/shell*.html` and `assets/` (see
`shell`), and `assets/channels.js` sends the events, so that a browser loads nothing of Gradio's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ...engine import Engine
from ..api.gradio_endpoints import Page, add_api
from .chat import Chat
from .conflicts import ConflictList
from .dial import Dial
from .drafts import Drafts
from .events import in_language
from .picker import Picker
from .pinboard import Pinboard
from .rail import Rail
from .screen import Screen
from .session import Session
from .talk import Talk

UPLOAD = "upload"  # the channel whose value is files
_PREFIX = "qa-channel-"
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_app(
    engine: Engine, chat: Chat | None = None, is_owner: bool = True, drafts: Drafts | None = None
) -> gr.Blocks:
    """Build the channels for one engine, with its API; an index that is only read gets none that change it.

    Only an owner, who needs no log-in, may read what users say of the answers, and move files that were not uploaded.
    """
    screen = Screen(chat or Chat(engine), is_owner)
    with Page(title="Ask your articles", analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        add_api(engine, screen.chat.address)  # first, so that its names are free
        session = gr.State(Session())
        exported = channel("exported")  # a file that the page saves
        _connect_conversation(screen, session, exported)
        _connect_rail(screen.chat, exported)
        check = channel("check", ("qa_check",))
        check.qa_check(in_language((drafts or Drafts(engine)).typed), None, check, trigger_mode="multiple", **_QUIET)
        _connect_pins(Pinboard(screen.chat, is_owner))
        conflicts = channel("conflicts", ("qa_conflicts",))
        shown = in_language(ConflictList(screen.chat).show)
        conflicts.qa_conflicts(shown, None, conflicts, trigger_mode="always_last", **_QUIET)
        risk = channel("risk", ("qa_risk",))
        risk.qa_risk(in_language(Dial(engine).look), None, risk, trigger_mode="always_last", **_QUIET)
        picker = channel("picker", ("qa_look",))
        picker.qa_look(in_language(Picker(engine).look), None, picker, trigger_mode="multiple", **_QUIET)
        files = channel("files", ("qa_load", "qa_read", "qa_find", "qa_remove", "qa_rename", "qa_undo"))
        # "always_last": an event during another is answered after it instead of being dropped.
        files.qa_load(in_language(screen.open_library), [session], files, trigger_mode="always_last", **_QUIET)
        files.qa_read(in_language(screen.load), [session], files, trigger_mode="always_last", **_QUIET)
        # There Gradio would send the data of the first event once more, so the page numbers its requests instead.
        files.qa_find(in_language(screen.find), [session], files, trigger_mode="multiple", **_QUIET)
        if is_owner:
            ratings, gaps = channel("ratings", ("qa_ratings",)), channel("gaps", ("qa_gaps",))
            ratings.qa_ratings(in_language(screen.shelf.ratings), None, ratings, trigger_mode="multiple", **_QUIET)
            gaps.qa_gaps(in_language(screen.shelf.gaps), None, gaps, trigger_mode="always_last", **_QUIET)
        if engine.can_build:
            _connect_build(screen, session, files)
    page.queue(default_concurrency_limit=8)
    return page


def channel(name: str, events: Sequence[str] = ()) -> gr.HTML:
    """Create a channel, which `qa.receive` and `qa.send` know by its name, with the events that the page may send."""
    # Of the events that Gradio does not know itself it takes the names from a script, which never runs.
    return gr.HTML(js_on_load=json.dumps(list(events)), elem_id=f"{_PREFIX}{name}")


def wires(page: gr.Blocks) -> dict[str, dict[str, Any]]:
    """Return, by channel and event, what the page sends to Gradio's queue, and to which channels the values go.

    `inputs` says which of them is the value of the channel itself: all others are what the server keeps.
    """
    names = {number: (block.elem_id or "").removeprefix(_PREFIX) for number, block in page.blocks.items()}
    found: dict[str, dict[str, Any]] = {}
    for number, event in page.fns.items():
        for channel, name in event.targets:
            if channel is not None:
                found.setdefault(names[channel], {})[name] = {
                    "number": number,
                    "inputs": [each._id == channel for each in event.inputs],
                    "outputs": [names[each._id] for each in event.outputs],
                    "mode": event.trigger_mode,
                }
    return found


def _connect_conversation(screen: Screen, session: gr.State, exported: gr.HTML) -> None:
    handlers = Talk(screen.chat, screen.source)
    asks = ("qa_ask", "qa_try", "qa_retry", "qa_literal", "qa_drop", "qa_alone", "qa_everywhere", "qa_suggested")
    talk = channel("talk", (*asks, "qa_show", "qa_judge", "qa_receipt"))
    source = channel("source", ("qa_open",))
    asking: dict[str, Any] = {"trigger_mode": "multiple", "outputs": [talk, source], **_QUIET}
    talk.qa_ask(in_language(handlers.ask_typed), [session], **asking)
    talk.qa_show(in_language(handlers.open), [session], talk, trigger_mode="multiple", **_QUIET)
    talk.qa_try(in_language(handlers.try_example), [session], **asking)
    talk.qa_retry(in_language(handlers.retry), [session], **asking)
    talk.qa_literal(in_language(handlers.ask_literally), [session], **asking)
    talk.qa_drop(in_language(handlers.drop), [session], **asking)
    talk.qa_alone(in_language(handlers.ask_alone), [session], **asking)
    talk.qa_everywhere(in_language(handlers.ask_everywhere), [session], **asking)
    talk.qa_suggested(in_language(handlers.ask_suggestion), [session], **asking)
    source.qa_open(in_language(handlers.open_source), [session], source, trigger_mode="multiple", **_QUIET)
    talk.qa_receipt(in_language(handlers.receipt), [session], exported, trigger_mode="multiple", **_QUIET)
    talk.qa_judge(in_language(handlers.judge), [session], talk, trigger_mode="multiple", **_QUIET)


def _connect_rail(chat: Chat, exported: gr.HTML) -> None:
    handlers = Rail(chat)
    past = channel("past", ("qa_list", "qa_rename", "qa_delete", "qa_restore", "qa_keep", "qa_export"))
    listing: dict[str, Any] = {"trigger_mode": "multiple", "outputs": past, **_QUIET}
    past.qa_list(in_language(handlers.list), None, **{**listing, "trigger_mode": "always_last"})
    past.qa_rename(in_language(handlers.rename), None, **listing)
    past.qa_delete(in_language(handlers.delete), None, **listing)
    past.qa_restore(in_language(handlers.restore), None, **listing)
    past.qa_keep(in_language(handlers.keep), None, **listing)
    past.qa_export(in_language(handlers.export), None, exported, trigger_mode="multiple", **_QUIET)


def _connect_pins(handlers: Pinboard) -> None:
    pins = channel("pins", ("qa_pins", "qa_pin", "qa_unpin", "qa_repin"))
    each: dict[str, Any] = {"trigger_mode": "multiple", "outputs": pins, **_QUIET}
    pins.qa_pins(in_language(handlers.show), None, **{**each, "trigger_mode": "always_last"})
    pins.qa_pin(in_language(handlers.pin), None, **each)
    pins.qa_unpin(in_language(handlers.unpin), None, **each)
    pins.qa_repin(in_language(handlers.repin), None, **each)


def _connect_build(screen: Screen, session: gr.State, files: gr.HTML) -> None:
    index = channel("index", ("qa_rebuild", "qa_rebuild_all", "qa_stop"))
    index.qa_rebuild(in_language(screen.rebuild), **_QUIET)
    index.qa_rebuild_all(in_language(screen.rebuild_all), **_QUIET)
    index.qa_stop(in_language(screen.stop), **_QUIET)
    upload, uploaded = channel(UPLOAD, ("qa_upload",)), channel("uploaded")
    changed = [uploaded, files]
    files.qa_remove(in_language(screen.remove), [session], changed, trigger_mode="multiple", **_QUIET)
    files.qa_rename(in_language(screen.rename), [session], changed, trigger_mode="multiple", **_QUIET)
    files.qa_undo(in_language(screen.undo), [session], changed, trigger_mode="multiple", **_QUIET)
    upload.qa_upload(in_language(screen.upload), [session, upload], [upload, *changed], **_QUIET)
