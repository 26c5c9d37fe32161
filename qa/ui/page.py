"""Builds the page: its parts, and which event of each calls which method of `Screen`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gradio as gr

from ..engine import Engine
from .api import Page, add_api
from .chat import Chat
from .conversation import Conversation
from .screen import QUICK, Screen
from .templating import render

TITLE = "Ask your articles"
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def asset(name: str) -> str:
    """Return the text of a file in `assets/`."""
    return (files("qa.ui") / "assets" / name).read_text("utf-8")


def build_app(engine: Engine, chat: Chat | None = None) -> gr.Blocks:
    """Build the page for one engine, with its API; an index that is only read gets no controls that change it."""
    screen = Screen(chat or Chat(engine))
    with Page(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as page:
        add_api(engine)  # first, so that its names are free
        session = gr.State(Conversation())
        timer = gr.Timer(QUICK)
        headline = _html("qa-headline")
        with gr.Tabs(elem_id="qa-tabs"):
            with gr.Tab("Ask", id="ask"), gr.Row(elem_id="qa-ask", equal_height=False):
                ask = _ask_tab()
            with gr.Tab("Library", id="library") as shelf, gr.Column(elem_id="qa-library"):
                library = _library_tab(can_build=engine.can_build)
        shown = [headline, ask.notice, ask.examples, library.built, library.files, timer]
        _connect_ask(screen, session, ask)
        page.load(screen.load, [session], shown, **_QUIET)
        timer.tick(screen.tick, [session], shown, **_QUIET)
        # "always_last": an event during another is answered after it instead of being dropped.
        shelf.select(screen.load, [session], shown, trigger_mode="always_last", **_QUIET)
        library.files.qa_find(screen.find, [session], library.files, trigger_mode="always_last", **_QUIET)
        if library.controls is not None:
            _connect_build(screen, session, ask.notice, library, library.controls, shown)
    page.queue(default_concurrency_limit=8)
    return page


@dataclass(frozen=True)
class _Ask:
    """The components of the Ask tab."""

    notice: gr.HTML
    talk: gr.HTML
    box: gr.Textbox
    send: gr.Button
    examples: gr.HTML
    clear: gr.Button
    source: gr.HTML


@dataclass(frozen=True)
class _Controls:
    """The components that change the index or the folder."""

    upload: gr.File
    uploaded: gr.HTML
    rebuild: gr.Button
    rebuild_all: gr.Button


@dataclass(frozen=True)
class _Library:
    """The components of the Library tab; without `controls` if the index is only read."""

    built: gr.HTML
    files: gr.HTML
    controls: _Controls | None


def _html(elem_id: str, template: str = "", value: Any = "") -> gr.HTML:
    """Create a part with HTML from the server, or with a template that the script fills with `value`."""
    # No text of an article is in the template: Gradio inserts values into it as they are.
    return gr.HTML(
        value,
        html_template=render(template) if template else "${value}",
        js_on_load=asset("script.js"),
        elem_id=elem_id,
        apply_default_css=False,
    )


def _ask_tab() -> _Ask:
    with gr.Column(elem_id="qa-left", scale=3, min_width=280):
        notice = _html("qa-notice")
        talk = _html("qa-talk", "page_talk.html", {"turns": []})
        with gr.Row(elem_id="qa-box", equal_height=True):
            box = gr.Textbox(
                label="Your question",
                placeholder="Ask about your articles",
                show_label=False,
                container=False,
                max_lines=8,
                scale=1,
                min_width=120,
                elem_id="qa-question",
            )
            send = gr.Button("Ask", variant="primary", scale=0, min_width=72, elem_id="qa-send")
        with gr.Row(elem_id="qa-below"):
            examples = _html("qa-examples")
            clear = gr.Button("New conversation", size="sm", scale=0, min_width=80, elem_id="qa-clear")
    with gr.Column(elem_id="qa-right", scale=2, min_width=280):
        source = _html("qa-source", "page_source.html", {})
    return _Ask(notice, talk, box, send, examples, clear, source)


def _library_tab(can_build: bool) -> _Library:
    controls = None
    with gr.Row(elem_id="qa-add", equal_height=False):
        if can_build:
            with gr.Column(min_width=260):
                upload = gr.File(file_count="multiple", label="Add articles", height=150, elem_id="qa-upload")
                uploaded = _html("qa-uploaded")
        with gr.Column(min_width=260):
            if can_build:
                rebuild = gr.Button("Rebuild index", variant="primary", elem_id="qa-rebuild")
                _html("qa-rebuild-words", "page_rebuild.html")
            built = _html("qa-built")
            if can_build:
                with gr.Accordion("More", open=False, elem_id="qa-rare"):
                    gr.Markdown("Encodes every passage again. Needed only if the index is damaged.")
                    rebuild_all = gr.Button("Rebuild everything", size="sm", elem_id="qa-full")
                controls = _Controls(upload, uploaded, rebuild, rebuild_all)
    return _Library(built, _html("qa-files", "page_files.html", {}), controls)


def _connect_ask(screen: Screen, session: gr.State, ask: _Ask) -> None:
    asking: dict[str, Any] = {"trigger_mode": "multiple", "outputs": [ask.talk, ask.source, ask.box], **_QUIET}
    gr.on([ask.box.submit, ask.send.click], screen.ask, [session, ask.box], **asking)
    ask.examples.qa_try(screen.try_example, [session], **asking)
    ask.talk.qa_retry(screen.retry, [session], **asking)
    ask.talk.qa_literal(screen.ask_literally, [session], **asking)
    ask.talk.qa_drop(screen.drop, [session], **asking)
    ask.talk.qa_open(screen.open_source, [session], ask.source, trigger_mode="multiple", **_QUIET)
    ask.source.qa_open(screen.open_source, [session], ask.source, trigger_mode="multiple", **_QUIET)
    ask.talk.qa_judge(screen.judge, [session], ask.talk, trigger_mode="multiple", **_QUIET)
    ask.clear.click(screen.clear, [session], [ask.talk, ask.source], **_QUIET)


def _connect_build(
    screen: Screen, session: gr.State, notice: gr.HTML, library: _Library, controls: _Controls, shown: list[Any]
) -> None:
    notice.qa_rebuild(screen.rebuild, [session], shown, **_QUIET)
    controls.rebuild.click(screen.rebuild, [session], shown, **_QUIET)
    controls.rebuild_all.click(screen.rebuild_all, [session], shown, **_QUIET)
    notice.qa_stop(screen.stop, [session], shown, **_QUIET)
    library.built.qa_stop(screen.stop, [session], shown, **_QUIET)
    changed = [controls.uploaded, *shown]
    library.files.qa_remove(screen.remove, [session], changed, trigger_mode="multiple", **_QUIET)
    controls.upload.upload(screen.upload, [session, controls.upload], [controls.upload, *changed], **_QUIET)
