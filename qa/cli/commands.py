"""The command line (DESIGN §7): `qa build`, `ask`, `status`, `verify`, `eval`, `serve`.

An edge: it turns errors into one sentence on standard error and an exit code, and knows nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from tqdm import tqdm

from ..config import Config
from ..corpus.records import FileRecord
from ..errors import BusyError, ConfigError, QAError, QuestionError
from ..system.interrupts import ended_within

if TYPE_CHECKING:
    from ..ask.follow_up import Turn
    from ..build import BuildReport
    from ..build.ray import Cluster
    from ..models.protocols import Encoder

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PATIENCE = 1.5  # seconds that an interrupted build has to end by itself
_SEARCHED = {
    "engine": "the server searches by meaning and for words",
    "rescored": "the server searches by meaning; words are looked for where the rarest of them are",
}
_STOPPED = "Stopped: the last index, if there was one, still answers; run `qa build` to go on."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 the work failed, 2 the call was wrong)."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a terminal in another encoding must not stop an answer
            reconfigure(errors="replace")
    try:
        code = _cli.main(args=arguments, prog_name="qa", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        return _fail(error.format_message(), 2, "run `qa --help` to see how it is called.")
    except QAError as error:
        return _fail(str(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail(_STOPPED, 1)
    except OSError as error:
        return _fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), 1)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script: `main`, and then the process ends at once.

    Libraries take seconds to leave a large process in order, and one that still works in a thread brings it down;
    what this program writes is whole at any moment.
    """
    code = main(arguments)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # nobody reads any more
            stream.flush()
    os._exit(code)


def _fail(message: str, code: int, hint: str = "") -> int:
    text = " ".join(f"{message.rstrip('.')}: {hint}".split() if hint else message.split())
    click.echo(f"qa: {text}", err=True)
    return code


def _places(command: _Command) -> _Command:
    command = click.option("--corpus", type=click.Path(path_type=Path), help="The articles. [corpus]")(command)
    return click.option("--index", type=click.Path(path_type=Path), help="The built index. [index]")(command)


def _stored(command: _Command) -> _Command:
    address = click.option("--store", metavar="ADDRESS", help="A server for the index: milvus://host:port/name.")
    return address(_places(command))


def _config(corpus: Path | None, index: Path | None, store: str | None = None) -> Config:
    return Config.from_env(os.environ, corpus, index, store)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="qa-articles", prog_name="qa")
def _cli() -> None:
    """Ask your own articles: answers quoted from the files in corpus/, with citations, offline."""


@_cli.command()
@_stored
@click.option("--full", is_flag=True, help="Build everything anew, reusing nothing.")
@click.option("--watch", is_flag=True, help="Then take in each change of the folder, until Ctrl-C.")
@click.option("--ray", metavar="ADDRESS", help="Read and encode on a Ray cluster: host:port, auto, or local.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each build.")
def build(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    full: bool,
    watch: bool,
    ray: str | None,
    as_json: bool,
) -> None:
    """Bring the index up to date with the folder."""
    from ..build import build as build_index
    from ..corpus.documents import check
    from ..formats.sandbox import ReaderPool
    from ..models.encoders import load_encoder

    config = _config(corpus, index, store)
    check(config.corpus)  # a folder that is missing is said before a model is loaded for it
    with ExitStack() as stack:
        readers = stack.enter_context(ReaderPool(fields=dict(config.fields)))
        stack.enter_context(ended_within(_PATIENCE, partial(_give_up, readers.kill)))
        encoder = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
        elsewhere = stack.enter_context(_cluster(ray, encoder, config)) if ray else None

        def bring_up_to_date(full: bool = False) -> BuildReport:
            with _progress() as shown:
                return build_index(
                    config,
                    encoder,
                    full,
                    lambda p: shown(p.words, p.done, p.total),
                    parse=readers.parse,
                    readers=readers.count,
                    elsewhere=elsewhere,
                )

        if not watch:
            _print_report(bring_up_to_date(full), as_json)
            return
        last = ""
        for number, _ in enumerate(_changes(config)):
            try:
                report = _patiently(partial(bring_up_to_date, full and number == 0))
            except QAError as error:
                _fail(str(error), error.exit_code)
                continue
            if report.generation != last:
                _print_report(report, as_json)
            last = report.generation


def _number(generation: str) -> str:
    """A generation as people see it: without what sets it apart from those that others built."""
    return generation.partition("_")[0]


def _cluster(address: str, encoder: Encoder, config: Config) -> AbstractContextManager[Cluster]:
    from ..build.ray import connected

    return connected(address, encoder, config)


def _changes(config: Config) -> Iterator[None]:
    """Now, and each time that the folder has changed, until an interrupt while it waits."""
    from ..corpus.watch import changes

    yield
    try:
        yield from changes(config, threading.Event())
    except KeyboardInterrupt:
        click.echo("qa: The folder is no longer followed; the last index answers.", err=True)


def _patiently(run: Callable[[], BuildReport]) -> BuildReport:
    """What `run` returns; while another process builds this index, it is tried again for a minute."""
    for _ in range(20):
        try:
            return run()
        except BusyError:
            time.sleep(3)
    return run()


def _give_up(end_reader: Callable[[], None]) -> None:
    """End the process at once, which harms no index."""
    end_reader()
    _fail(_STOPPED, 1)
    os._exit(1)


def _print_report(report: BuildReport, as_json: bool) -> None:
    if as_json:
        _print_json(report.as_json())
        return
    for word, paths in (("added", report.added), ("changed", report.changed), ("removed", report.removed)):
        for path in paths:
            click.echo(f"{word:>9}  {_line(path)}")
    for old, new in report.renamed:
        click.echo(f"  renamed  {_line(old)} → {_line(new)}")
    for record in report.failed:
        click.echo(f"   failed  {_line(record.path)}: {record.reason}")
    click.echo(
        f"{report.documents} articles, {report.passages} passages ({report.passages_encoded} encoded, "
        f"{report.unchanged} files unchanged) in {report.seconds:.1f} s: generation {_number(report.generation)}"
    )


@_cli.command()
@_stored
@click.argument("question", required=False)
@click.option("--questions", type=click.Path(path_type=Path, allow_dash=True), help="One question a line; - is stdin.")
@click.option(
    "--conversation",
    type=click.Path(path_type=Path, allow_dash=True),
    help="What was said before QUESTION, as JSON; - is stdin.",
)
@click.option("--top-k", type=click.IntRange(1, 100), default=5, show_default=True, help="How many passages.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each question.")
def ask(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    question: str | None,
    questions: Path | None,
    conversation: Path | None,
    top_k: int,
    as_json: bool,
) -> int:
    """Answer QUESTION, or each line of a file of questions.

    A conversation is a JSON list of {"speaker": "user" or "agent", "text"}, oldest first, without QUESTION.
    """
    from ..ask.query import checked
    from ..engine import Engine
    from ..ui.render import as_text as in_words

    if (question is None) == (questions is None):
        raise ConfigError('There must be either one question or --questions FILE: run `qa ask "…"`.')
    if question is None and conversation is not None:
        raise ConfigError('A conversation goes with one question: run `qa ask "…" --conversation FILE`.')
    if question is not None:
        checked(question)  # before a model is loaded for nothing
    history = _history(conversation) if conversation is not None else ()
    lines = _lines(questions) if question is None else []
    engine = Engine.open(_config(corpus, index, store))
    engine.preflight()
    as_text = partial(in_words, styled=True)  # `click.echo` leaves the style out where it is no terminal's
    if question is not None:
        answer = engine.ask(question, top_k, history)
        _print_json(answer.as_json()) if as_json else click.echo(as_text(answer))
        return 0
    code = 0
    for line in lines:
        try:
            answer = engine.ask(line, top_k)
        except QuestionError as error:
            # One bad line of many does not cost the others their answers; order is kept.
            code = error.exit_code
            if as_json:
                _print_json({"question": line, "error": str(error)})
            click.echo(f"qa: {error}", err=True)
            continue
        _print_json(answer.as_json()) if as_json else click.echo(as_text(answer) + "\n")
    return code


@_cli.command()
@_stored
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(corpus: Path | None, index: Path | None, store: str | None, as_json: bool) -> None:
    """List every file of the folder: indexed, empty, failed or skipped, and why."""
    from ..engine import Engine

    state = Engine.open(_config(corpus, index, store)).status()
    if as_json:
        _print_json(state.as_json())
        return
    for file in state.files:
        click.echo(
            _line(f"{file.record.path}: {_stands(file.record, file.pending, state.covers(file.record.language))}")
        )
    counts = state.counts
    listed = ", ".join(f"{number} {word}" for word, number in counts.items() if word != "files" and number)
    built = f"generation {_number(state.generation)}, built {state.created}" if state.generation else "no index yet"
    click.echo(f"{counts['files']} files{': ' + listed if listed else ''}; {state.passages} passages; {built}")
    if state.store is not None:
        click.echo(f"index at {state.store['address']} ({state.store['server']}): {_SEARCHED[state.store['words']]}")


@_cli.command()
@_stored
def verify(corpus: Path | None, index: Path | None, store: str | None) -> int:
    """Check the index: checksums, spans, counts."""
    from ..engine import Engine

    engine = Engine.open(_config(corpus, index, store))
    problems = engine.verify()
    for problem in problems:
        click.echo(f"qa: {problem}: run `qa build --full`.", err=True)
    if problems:
        return 1
    manifest = engine.generation.manifest
    click.echo(
        f"generation {_number(manifest.id)} is whole: {manifest.documents} articles, {manifest.passages} passages"
    )
    return 0


@_cli.command("eval")
@_places
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), help="Ask only this many questions, evenly spread.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(corpus: Path | None, index: Path | None, folder: Path, limit: int | None, as_json: bool) -> None:
    """Measure retrieval, leads and abstention on a BEIR-layout set in FOLDER.

    The set is built in a temporary place: your articles and your index are neither needed nor touched.
    """
    from ..evaluate import evaluate as measure
    from ..evaluate.run import read_dataset
    from ..models.encoders import load_encoder
    from ..models.reader import shipped_reader

    config = _config(corpus, index)
    read_dataset(folder, 1)  # a wrong folder is said before a model is loaded
    encoder = load_encoder(config.encoder, config.query_prompt, config.passage_prompt, config.index)
    reader = None if config.reader == "off" else shipped_reader()
    with _progress() as shown:
        result = measure(folder, encoder, limit, lambda what, n, of: shown(f"{what} {n} of {of}", n, of), reader)
    if as_json:
        _print_json(result)
        return
    for name, value in result.items():
        shown_value = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name:>18}  {'–' if shown_value is None else shown_value}")


@_cli.command()
@_stored
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address needs --auth.")
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True, help="0 takes a free one.")
@click.option("--auth", metavar="USER:PASSWORD", help="Ask visitors for this name and password.")
@click.option("--browser/--no-browser", default=False, help="Open the page in the browser.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Confidence below which it abstains. [0.5]")
@click.option("--watch/--no-watch", default=None, help="Take in each change. [on; off with --store: only read]")
def serve(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    host: str,
    port: int,
    auth: str | None,
    browser: bool,
    threshold: float | None,
    watch: bool | None,
) -> None:
    """Start the chat in the browser."""
    from ..ui.app import serve as serve_chat

    config = _config(corpus, index, store)
    if threshold is not None:
        config = replace(config, threshold=threshold)
    serve_chat(config, host, port, auth, browser, config.store is None if watch is None else watch)


def _stands(record: FileRecord, pending: str, covered: bool) -> str:
    """`indexed (12 passages, 8 pages, German)`, `failed (needs a password)`, `new (run `qa build`)`."""
    from ..text.languages import language_name
    from ..ui.render import counted

    if pending:
        return f"{pending} (run `qa build`)"
    if record.status != "indexed":
        return f"{record.status} ({record.reason})"
    facts = [counted(record.documents, "article")] if record.documents > 1 else []
    facts.append(counted(record.passages, "passage"))
    facts += [counted(record.pages, "page")] if record.pages else []
    if record.language:
        facts.append(f"{language_name(record.language)}{'' if covered else ', which the encoder was not made for'}")
    return f"indexed ({', '.join(facts)}{f'; {record.reason}' if record.reason else ''})"


def _lines(path: Path | None) -> Iterable[str]:
    """The lines that are not blank; standard input is read as it comes."""
    if path is None or str(path) == "-":
        return filter(None, map(str.strip, sys.stdin))
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read as UTF-8 text: name a file with one question on each line."
        ) from error
    return filter(None, map(str.strip, text.split("\n")))


def _history(path: Path) -> tuple[Turn, ...]:
    """The conversation in a file of JSON, or on standard input."""
    from ..ask.follow_up import turns

    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return turns(json.loads(data.decode("utf-8-sig")))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read as JSON: "
            'name a file with a list of {"speaker": "user" or "agent", "text": …}.'
        ) from error


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error with words before it; nothing where that is not a terminal."""
    bar: tqdm[Any] | None = None

    def show(words: str, done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(leave=False, disable=None, bar_format="{desc} {bar}", mininterval=0)
        bar.total, bar.n = total, done
        bar.set_description_str(words)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()


def _print_json(data: dict[str, Any]) -> None:
    """One object on one line. Where the output is not UTF-8, what it cannot hold is written as JSON escapes."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    text = json.dumps(data, ensure_ascii=encoding != "utf8")
    # Line ends of Unicode, which are letters to JSON: a reader may split lines at them.
    click.echo(text.translate({0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}))


def _line(text: str) -> str:
    """A file's name, or what is said of it, on one line, whatever characters it holds."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
