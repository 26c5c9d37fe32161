"""The page: its parts, and which event of it calls what."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import gradio as gr

from ..engine import Engine
from .api import Page, add_api
from .conversation import Conversation
from .desk import Desk
from .screen import _QUICK, Screen

TITLE = "Ask your articles"


_TALK = """<div class="qa-talk"><div class="qa-welcome"><h1>Ask your articles</h1>
<p>Every answer is a sentence that stands word for word in one of them. Open a source to read it in its place.</p></div>
<div class="qa-turns" role="log" aria-live="off" aria-label="Conversation"></div>
<p class="qa-spoken" role="status" aria-live="polite"></p></div>"""


_SOURCE = """<aside class="qa-source" aria-label="Source"></aside>
<p class="qa-source-empty">The source of an answer opens here, at the words that were quoted.</p>"""


_FILES = """<div class="qa-filter"><div role="group" aria-label="Which files are listed">
<button type="button" data-show="all" aria-pressed="true">All</button>
<button type="button" data-show="problem" aria-pressed="false">Problems</button>
<button type="button" data-show="waiting" aria-pressed="false">Waiting</button></div>
<input type="search" placeholder="Find a file" aria-label="Find a file" maxlength="200" autocomplete="off"
spellcheck="false"></div>
<p class="qa-counted" role="status"></p><p class="qa-said" role="status" tabindex="-1"></p><div class="qa-shelf"></div>
<dialog aria-labelledby="qa-remove-title" aria-describedby="qa-remove-words"><h2 id="qa-remove-title">Remove
<bdi></bdi>?</h2><p id="qa-remove-words">It is moved out of the folder of articles, to <code></code>, and not deleted.
The index forgets it at the next rebuild.</p><div><button type="button" data-do="keep">Cancel</button>
<button type="button" class="qa-danger" data-do="part">Remove</button></div></dialog>"""


_REBUILD = """<p class="qa-quiet">Takes in what was added, changed or removed. The present index answers until the
new one is ready.</p>"""


def asset(name: str) -> str:
    """A file that belongs to the page."""
    return (files("qa.ui") / "assets" / name).read_text("utf-8")


def build_app(engine: Engine, desk: Desk | None = None) -> gr.Blocks:
    """The page for one engine, with its API; an index that is built elsewhere gets no way to build or to add to it."""
    builds = not engine.config.only_reads
    screen = Screen(desk or Desk(engine))
    script = asset("script.js")

    def part(elem_id: str, template: str = "${value}", value: Any = "", **rest: Any) -> gr.HTML:
        # The template holds no text of an article: gradio puts values into it as they are.
        return gr.HTML(
            value, html_template=template, js_on_load=script, elem_id=elem_id, apply_default_css=False, **rest
        )

    with Page(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as page:
        add_api(engine)  # first, so that its names are free
        session = gr.State(Conversation())
        timer = gr.Timer(_QUICK)
        headline = part("qa-headline")
        with gr.Tabs(elem_id="qa-tabs"):
            with gr.Tab("Ask", id="ask"), gr.Row(elem_id="qa-ask", equal_height=False):
                with gr.Column(elem_id="qa-left", scale=3, min_width=280):
                    notice = part("qa-notice")
                    talk = part("qa-talk", _TALK, {"turns": []})
                    with gr.Row(elem_id="qa-box", equal_height=True):
                        box = gr.Textbox(
                            label="Your question",
                            placeholder="Ask about your articles",
                            show_label=False,
                            container=False,
                            max_lines=1,
                            scale=1,
                            min_width=120,
                            elem_id="qa-question",
                        )
                        send = gr.Button("Ask", variant="primary", scale=0, min_width=72, elem_id="qa-send")
                    with gr.Row(elem_id="qa-below"):
                        tries = part("qa-examples")
                        clear = gr.Button("New conversation", size="sm", scale=0, min_width=80, elem_id="qa-clear")
                with gr.Column(elem_id="qa-right", scale=2, min_width=280):
                    source = part("qa-source", _SOURCE, {})
            with gr.Tab("Library", id="library") as shelf, gr.Column(elem_id="qa-library"):
                with gr.Row(elem_id="qa-add", equal_height=False):
                    if builds:
                        with gr.Column(min_width=260):
                            upload = gr.File(
                                file_count="multiple", label="Add articles", height=150, elem_id="qa-upload"
                            )
                            uploaded = part("qa-uploaded")
                    with gr.Column(min_width=260):
                        if builds:
                            rebuild = gr.Button("Rebuild index", variant="primary", elem_id="qa-rebuild")
                            part("qa-rebuild-words", _REBUILD)
                        built = part("qa-built")
                        if builds:
                            with gr.Accordion("More", open=False, elem_id="qa-rare"):
                                gr.Markdown("Encodes every passage anew. It is needed only if the index is damaged.")
                                full = gr.Button("Rebuild everything", size="sm", elem_id="qa-full")
                table = part("qa-files", _FILES, {})

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown = [headline, notice, tries, built, table, timer]
        asking: dict[str, Any] = {"trigger_mode": "multiple", "outputs": [talk, source, box], **quiet}
        gr.on([box.submit, send.click], screen.ask, [session, box], **asking)
        tries.qa_try(screen.try_example, [session], **asking)
        talk.qa_retry(screen.retry, [session], **asking)
        talk.qa_literal(screen.ask_literally, [session], **asking)
        talk.qa_drop(screen.drop, [session], **asking)
        talk.qa_open(screen.open_source, [session], source, trigger_mode="multiple", **quiet)
        source.qa_open(screen.open_source, [session], source, trigger_mode="multiple", **quiet)
        talk.qa_judge(screen.judge, [session], talk, trigger_mode="multiple", **quiet)
        clear.click(screen.clear, [session], [talk, source], **quiet)
        page.load(screen.load, [session], shown, **quiet)
        timer.tick(screen.tick, [session], shown, **quiet)
        # "always_last": one that comes while another is being answered must not be dropped.
        shelf.select(screen.load, [session], shown, trigger_mode="always_last", **quiet)
        table.qa_find(screen.find, [session], table, trigger_mode="always_last", **quiet)
        if builds:
            notice.qa_rebuild(screen.rebuild, [session], shown, **quiet)
            rebuild.click(screen.rebuild, [session], shown, **quiet)
            full.click(screen.rebuild_all, [session], shown, **quiet)
            notice.qa_stop(screen.stop, [session], shown, **quiet)
            built.qa_stop(screen.stop, [session], shown, **quiet)
            table.qa_remove(screen.remove, [session], [uploaded, *shown], trigger_mode="multiple", **quiet)
            upload.upload(screen.upload, [session, upload], [upload, uploaded, *shown], **quiet)
    page.queue(default_concurrency_limit=8)
    return page
