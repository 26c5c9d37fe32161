"""Formats from other packages: the documented example is installed and read, and a bad one harms only its files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, TinyEncoder
from corpora import article, prose, write

from qa import formats
from qa.build import build
from qa.build.report import BuildReport
from qa.config import Config
from qa.engine import Engine
from qa.formats import kinds
from qa.formats.decoding import Unreadable
from qa.sandbox.pool import SandboxProcess
from qa.text.document import Document

PAGE = ROOT / "docs" / "adding-a-format.md"
GEMINI = f"# Tides\n\n{prose('harbour')}\n\n* ebb\n* flood\n\n=> gemini://example.org The moon\n```\nhigh\n low\n```\n"
BAD = """
import os

def raises(path, data):
    return 1 / 0

def loops(path, data):
    while True:
        pass

def eats(path, data):
    return [bytes(1_000_000) for _ in range(10_000)]

def ends(path, data):
    os._exit(0)

def nothing(path, data):
    return None

def strays(path, data):
    from qa import TextBuilder
    builder = TextBuilder()
    builder.paragraph("Bees sleep.")
    return builder.document("other.md")
"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """The entry points are read once in each process."""
    kinds.plugins.cache_clear()
    yield
    kinds.plugins.cache_clear()


def install(folder: Path, module: str, version: str = "1.0", **parsers: str) -> None:
    """A package below `folder` with one module and a parser for each extension."""
    metadata = folder / "qa_other.dist-info"
    write(
        folder,
        {
            f"{metadata.name}/METADATA": f"Metadata-Version: 2.1\nName: qa-other\nVersion: {version}\n",
            f"{metadata.name}/entry_points.txt": "[qa.formats]\n"
            + "".join(f"{extension} = {parser}\n" for extension, parser in parsers.items()),
            "qa_other.py": module,
        },
    )
    kinds.plugins.cache_clear()


def built(config: Config, encoder: TinyEncoder, seconds: float = 20.0) -> BuildReport:
    with SandboxProcess(seconds, 1_000) as sandbox:
        return build(config, encoder, parse_file=sandbox.parse_file)


def reasons(config: Config, encoder: TinyEncoder) -> dict[str, str]:
    with Engine.open(config, encoder) as engine:
        return {file.record.path: f"{file.record.status}: {file.record.reason}" for file in engine.status().files}


def example() -> dict[str, str]:
    """The files of the documented package by name."""
    file = re.compile(r"^`([\w.]+)`[^\n]*:\n\n```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return dict(file.findall(PAGE.read_text("utf-8")))


def test_the_documented_package_is_installed_and_read(
    config: Config, tiny: TinyEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    files = example()
    assert set(files) == {"pyproject.toml", "qa_gemini.py"}
    write(source, files)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
    done = subprocess.run([*pip, "--target", target, source], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(target)
    kinds.plugins.cache_clear()
    assert formats.plugin_versions() == {".gmi": "qa-gemini 1.0"}
    assert formats.supported("a/Tides.GMI")
    write(config.corpus, {"tides.gmi": GEMINI, "empty.gmi": "```\n```\n"})
    assert built(config, tiny).documents == 1
    assert reasons(config, tiny) == {"tides.gmi": "indexed: ", "empty.gmi": "empty: contains no text"}
    with Engine.open(config, tiny) as engine:
        document = engine.document("tides.gmi")
        assert document is not None
        assert document.title == "Tides"
        assert document.text == f"Tides\n\n{prose('harbour')}\n\n- ebb\n- flood\n\nThe moon\n\nhigh\n low\n\n"
        assert engine.ask("What does the harbour report say?").citations[0].document == "tides.gmi"


def test_the_page_counts_the_lines_of_its_package() -> None:
    lines = {name: [line for line in text.splitlines() if line.strip()] for name, text in example().items()}
    (stated,) = re.findall(r"in (\d+) lines, (\d+) of them in its module", PAGE.read_text("utf-8").replace("\n", " "))
    assert [int(number) for number in stated] == [sum(map(len, lines.values())), len(lines["qa_gemini.py"])]


def test_a_bad_parser_harms_only_its_own_files(
    config: Config, tiny: TinyEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("raises", "loops", "eats", "ends", "nothing", "strays")
    parsers = {name: f"qa_other:{name}" for name in names}
    install(tmp_path / "packages", BAD, **parsers, absent="qa_other:absent", missing="qa_missing:parse")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    files = {f"x.{name}": "Words." for name in (*names, "absent", "missing")}
    write(config.corpus, {**files, "good.md": article("Good", "anchor")})
    assert built(config, tiny, seconds=5.0).documents == 1
    found = reasons(config, tiny)
    assert found.pop("good.md") == "indexed: "
    assert found.pop("x.missing").startswith("failed: cannot be read by qa_missing:parse (No module named")
    assert found.pop("x.absent").endswith("update the package that provides it")
    assert found == {
        "x.raises": "failed: crashed the parser (ZeroDivisionError)",
        "x.loops": "failed: took longer than 5 s to read",
        "x.eats": "failed: needs more memory than the limit for one file",
        "x.ends": "failed: crashed the parser",
        "x.nothing": "failed: crashed the parser (AttributeError)",
        "x.strays": "failed: crashed the parser",
    }


def test_a_package_that_breaks_while_it_is_imported_fails_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "this is no Python", broken="qa_other:parse")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Unreadable, match=r"cannot be read by qa_other:parse \(invalid syntax"):
        formats.parse("x.broken", b"Words.")


def test_another_version_of_the_package_is_a_reason_to_parse_again(
    config: Config, tiny: TinyEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "from qa import TextBuilder, decode\ndef parse(path, data):\n    builder = TextBuilder()\n"
    module += "    builder.paragraph(decode(data){})\n    return builder.document(path)\n"
    monkeypatch.syspath_prepend(tmp_path / "packages")
    write(config.corpus, {"x.tide": prose("harbour"), "good.md": article("Good", "anchor")})

    def text() -> str:
        with Engine.open(config, tiny) as engine:
            document = engine.document("x.tide")
            assert document is not None
            return document.text.strip()

    install(tmp_path / "packages", module.format(""), "1.0", tide="qa_other:parse")
    first = built(config, tiny)
    assert text() == prose("harbour")
    assert built(config, tiny).generation == first.generation
    tiny.encoded.clear()
    install(tmp_path / "packages", module.format(".upper()"), "1.1", tide="qa_other:parse")
    assert built(config, tiny).generation != first.generation
    assert text() == prose("harbour").upper()
    assert all("HARBOUR" in passage for passage in tiny.encoded)


def test_no_package_takes_the_place_of_an_own_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, BAD, md="qa_other:raises", pdf="qa_other:raises", MD="qa_other:raises")
    monkeypatch.syspath_prepend(tmp_path)
    assert kinds.plugins() == {}
    assert formats.plugin_versions() == {}
    document = formats.parse("x.md", b"# Bees\n\nBees sleep.").documents[0]
    assert isinstance(document, Document)
    assert document.title == "Bees"
