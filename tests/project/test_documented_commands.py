"""Every command in the documents is run, page by page and in order, or is listed here with what runs it instead.

They run in this process, in a folder as a user has it: the shipped articles, their index, and what the pages name. One
chat answers all requests; each chat that a page starts ends when its index is built, without a server.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from corpora import write
from documented import PAGES, Block, blocks_of, files_on
from files.make_pdf import text_at, written
from served import Running, serve
from waiting import wait_until

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.models.protocols import Encoder, Reader
from qa.ui.page.chat import Chat

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = "tests/project/test_documented_commands.py"
EXAMPLES = "tests/project/test_documentation_examples.py"
# What runs or checks the blocks of a language. Text is what a program prints, or a list of files.
CHECKED = {
    "bash": HERE, "toml": HERE, "yaml": HERE, "python": EXAMPLES, "json": EXAMPLES, "console": EXAMPLES,
    "nginx": "tests/ui/test_proxies.py", "caddy": "tests/ui/test_proxies.py", "text": "", "mermaid": "",
}  # fmt: skip
PARTS = {"docs/adding-a-format.md": "tests/formats/test_format_plugins.py", "docs/assistants.md": HERE}
# Commands that are not run here: how each begins, why, and what runs it or what it starts.
ELSEWHERE = {
    "python3 -m venv": ("takes minutes", ".ci/run"),
    "uv pip compile": ("needs the network; the list that it writes is tested", "tests/project/test_licences.py"),
    "python -m pytest": ("runs this test", ".ci/run"),
    "sudo tee": ("needs root; the unit that it writes is tested", "tests/cli/test_service.py"),
    "sudo systemctl": ("needs root and systemd; the command of the unit is run", "tests/sandbox"),
    "milvus-lite server": ("needs the extra", "tests/servers.py"),
    "qa build --store milvus": ("needs that server", "tests/index/milvus/test_milvus_index.py"),
    "qa serve --store milvus": ("needs that server", "tests/index/milvus/test_milvus_index.py"),
    "export RAY_USAGE_STATS_ENABLED": ("is for Ray", "tests/build/test_ray_build.py"),
    "ray start": ("needs the extra and several machines", "tests/build/test_ray_build.py"),
    "qa build --ray auto": ("needs that cluster", "tests/build/test_ray_build.py"),
    "qa add https": ("needs the network; the tests have a web server of their own", "tests/cli/test_add.py"),
}
HOME = ("Documents/articles", "Vault", "Zotero/storage", "Papers", "notes")
PASSWORD = "correct horse battery staple\n"
SECRET = "/run/secrets/bob"
ADDRESS = "http://127.0.0.1:7860"
ALL = blocks_of()


class Silent:
    """In place of a server, one that answers nobody and ends when the index is built."""

    url = "http://127.0.0.1:1"

    def __init__(self, chat: Chat, *arguments: object, **options: object) -> None:
        self._chat = chat

    def run(self, ready: Callable[[], None]) -> None:
        ready()
        wait_until(lambda: self._chat.refresh().settled, 120)


class Shell:
    """Runs the commands of a page in its folder, in this process."""

    def __init__(self, chat: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._chat, self._capsys, self._patch = chat, capsys, monkeypatch
        self._token = self._printed = ""

    def run(self, line: str) -> None:
        for part in re.split(r" && | \| ", line):
            command, _, file = part.partition(" > ")
            words = shlex.split(command, comments=True)
            if words:
                words[0] = Path(words[0]).name
                self._run(words)
            if file:
                Path(file).write_text(self._printed, "utf-8")

    def _run(self, words: list[str]) -> None:
        said = " ".join(words)
        if words[:3] == ["python", "-m", "pip"] or words[0] == "pip":
            check_installation(words)
            return
        if any(said.startswith(start) for start in ELSEWHERE):
            return
        if words[0] == "qa":
            self._qa(words[1:])
        elif words[:2] == ["python", "app.py"]:
            self._qa(["serve", *words[2:]])
        elif words[0] == "curl":
            self._curl(words[1:])
        else:
            raise AssertionError(f"{said}: is neither run nor listed in ELSEWHERE")

    def _qa(self, words: Sequence[str]) -> None:
        self._patch.setattr("sys.stdin", io.StringIO(PASSWORD))
        code = main(
            [re.sub("(^|=)~", rf"\1{Path.home()}", word).replace(SECRET, f"{Path.home()}/secret") for word in words]
        )
        assert code == 0, self._capsys.readouterr()
        self._printed = self._capsys.readouterr().out
        if words[:2] == ["token", "add"]:
            self._token = self._token or self._printed.split()[0]  # the first may ask

    def _curl(self, words: Sequence[str]) -> None:
        options = argparse.ArgumentParser(exit_on_error=False)
        options.add_argument("-H", action="append", default=[])
        options.add_argument("--json", type=str.encode)
        options.add_argument("url")
        call = options.parse_args(words)
        headers = dict(each.replace("$TOKEN", self._token).split(": ", 1) for each in call.H)
        path = call.url.removeprefix(ADDRESS)
        assert path != call.url
        answered = self._chat.http.post(
            path, content=call.json, headers={**headers, "Content-Type": "application/json"}
        )
        assert answered.status_code == 200 and answered.json()["citations"]


def check_installation(words: Sequence[str]) -> None:
    """What pip is told to install are extras that the package has and lists that are there; `.ci/run` installs them."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = [name for word in words for found in re.findall(r"\[(.+)\]", word) for name in found.split(",")]
    assert set(named) <= set(extras)
    assert all((ROOT / words[at + 1]).is_file() for at, word in enumerate(words) if word == "-r")


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Running]:
    """A folder with the shipped articles and their index, and a chat that answers from it."""
    folder = tmp_path_factory.mktemp("commands")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    config = Config(folder / "corpus", folder / "index")
    build(config, encoder)
    with serve(config, encoder=encoder) as running:
        yield running


@pytest.fixture
def shell(
    chat: Running, encoder: Encoder, reader: Reader, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> Shell:  # fmt: skip
    """In the folder of the chat, with an empty home but for some articles."""
    for name in [name for name in os.environ if name.startswith("QA_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = chat.config.corpus.parent
    monkeypatch.chdir(folder)
    (folder / "accounts").unlink(missing_ok=True)  # those of another page
    write(tmp_path, {f"{place}/tides.md": "# Tides\n\nThe ferry leaves at nine.\n" for place in HOME})
    write(folder, {"report.pdf": written([text_at(50, 700, "The ferry leaves at nine.")]), "notes/a.md": "# A\n\nB.\n"})
    write(tmp_path, {"secret": PASSWORD})
    for name in (
        *("qa.models.encoders.load_encoder", "qa.engine.open_encoder", "qa.index.fit.open_encoder"),
        "qa.build.standalone.load_encoder",
    ):
        monkeypatch.setattr(name, lambda *_: encoder)
    monkeypatch.setattr("qa.engine.shipped_reader", lambda: reader)
    import_module("qa.ui.libraries")  # else it would keep what stands in for the server
    monkeypatch.setattr("qa.ui.server.Server", Silent)
    return Shell(chat, capsys, monkeypatch)


def lines_of(blocks: Sequence[Block]) -> list[str]:
    codes = [block.code for block in blocks if block.language == "bash"]
    return [line for code in codes for line in re.sub(r"\\\n\s*", "", code).splitlines()]


WITH_COMMANDS = [page for page in PAGES if lines_of(blocks_of([page]))]


@pytest.mark.model
@pytest.mark.server
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_run_in_order(page: Path, shell: Shell) -> None:
    for name, text in files_on(page).items():
        Path("my-set").mkdir(exist_ok=True)
        Path("my-set", name).write_text(text, "utf-8")
    for line in lines_of(blocks_of([page])):
        shell.run(line)


def test_every_block_has_a_language_whose_blocks_are_run_or_checked() -> None:
    assert [block.place for block in ALL if block.language not in CHECKED] == []
    assert {block.page for block in ALL if block.language in ("nginx", "caddy")} == {"docs/team.md"}
    assert {block.page for block in ALL if block.mark == "part"} == set(PARTS)
    commands = re.compile(r"^(?:\$ |(?:\.venv/bin/)?(?:qa|pip|python3?|curl|sudo|docker|podman) [\w-])", re.M)
    text = [block for block in ALL if block.language == "text" and block.page != "docs/commands.md"]
    assert [block.place for block in text if commands.search(block.code)] == []


def test_what_is_run_elsewhere_is_on_a_page_and_elsewhere() -> None:
    parts = [part for line in lines_of(ALL) for part in re.split(r" && | \| ", line)]
    said = [part.replace(".venv/bin/", "").strip() for part in parts]
    assert [start for start in ELSEWHERE if not any(part.startswith(start) for part in said)] == []
    places = [place for _, place in ELSEWHERE.values()] + [*CHECKED.values(), *PARTS.values()]
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_a_command_that_nobody_runs_is_found(shell: Shell) -> None:
    with pytest.raises(AssertionError, match="docker run qa: is neither run nor listed"):
        shell.run("docker run qa")
    with pytest.raises(AssertionError):
        shell.run("qa nonsense")
    with pytest.raises(AssertionError):
        shell.run("pip install 'qa-articles[nonsense]'")


@pytest.mark.parametrize("block", [b for b in ALL if b.language in ("toml", "yaml")], ids=lambda block: block.place)
def test_a_file_of_settings_is_one(block: Block) -> None:
    assert tomllib.loads(block.code) if block.language == "toml" else yaml.safe_load(block.code)


@pytest.mark.model
@pytest.mark.server
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread
def test_the_program_for_openais_package_runs(chat: Running, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = (block.code for block in ALL if block.page == "docs/assistants.md" and block.language == "python")
    exec(program.replace(ADDRESS, str(chat.http.base_url).rstrip("/")), {})
    assert "[1]" in capsys.readouterr().out
