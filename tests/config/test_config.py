"""The configuration is read from the environment once, and an invalid value is named."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from qa.config import Config
from qa.errors import ConfigError, QAError


def test_without_an_environment_everything_is_as_documented() -> None:
    assert Config.from_env({}) == Config()
    assert (Config().corpus, Config().index) == (Path("corpus"), Path("index"))
    assert (Config().encoder, Config().query_prompt, Config().passage_prompt) == ("", None, None)
    assert (Config().max_file_bytes, Config().least_confidence, Config().keep) == (20_000_000, 0.5, 3)
    assert (Config().reader, Config().reader_ms) == ("", 2_000)
    assert Config().history
    assert (Config().fields, Config().text_files) == ((), ())


def test_every_variable_is_read() -> None:
    environ = {
        "QA_CORPUS": "/articles",
        "QA_INDEX": "/built",
        "QA_ENCODER": "/models/other",
        "QA_QUERY_PROMPT": "query: ",
        "QA_PASSAGE_PROMPT": "passage: ",
        "QA_MAX_FILE_MB": "1.5",
        "QA_THRESHOLD": "0.7",
        "QA_RISK": "0.05",
        "QA_READER": "off",
        "QA_READER_MS": "60",
        "QA_TEXT_FILES": "py",
        "QA_GAPS": "yes",
        "QA_HISTORY": "no",
        "QA_PUBLIC_URL": "https://notes.example.org/articles",
    }
    assert Config.from_env(environ) == Config(
        corpus=Path("/articles"),
        index=Path("/built"),
        encoder="/models/other",
        query_prompt="query: ",
        passage_prompt="passage: ",
        max_file_bytes=1_500_000,
        threshold=0.7,
        risk=0.05,
        reader="off",
        reader_ms=60.0,
        text_files=(".py",),
        gaps=True,
        history=False,
        chat="https://notes.example.org/articles/",
    )


def test_a_reader_that_is_not_known_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"QA_READER='on' .*: set it to off, or unset it"):
        Config.from_env({"QA_READER": "on"})


def test_a_switch_is_yes_or_no() -> None:
    assert [Config.from_env({"QA_GAPS": value}).gaps for value in ("yes", " Yes", "no", "")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ConfigError, match=r"QA_GAPS='on' is neither yes nor no: change or unset it\."):
        Config.from_env({"QA_GAPS": "on"})


def test_arguments_win_over_the_environment() -> None:
    config = Config.from_env({"QA_CORPUS": "/a", "QA_INDEX": "/b"}, corpus="mine", index=Path("built"))
    assert (config.corpus, config.index) == (Path("mine"), Path("built"))


def test_empty_variables_are_as_good_as_none_but_an_empty_prompt_is_a_prompt() -> None:
    environ = dict.fromkeys(
        ["QA_CORPUS", "QA_INDEX", "QA_ENCODER", "QA_MAX_FILE_MB", "QA_THRESHOLD", "QA_RISK", "QA_READER_MS"], ""
    )
    assert Config.from_env(environ) == Config()
    assert Config.from_env({"QA_QUERY_PROMPT": ""}).query_prompt == ""


@pytest.mark.parametrize("megabytes", ["0.001", "2.3", "0.29", "2000"])
def test_megabytes_become_bytes_without_rounding_down(megabytes: str) -> None:
    assert Config.from_env({"QA_MAX_FILE_MB": megabytes}).max_file_bytes == round(float(megabytes) * 1e6)


@pytest.mark.parametrize("threshold", ["0", "1", "1e-3", " .5 "])
def test_any_number_in_range_is_a_threshold(threshold: str) -> None:
    assert Config.from_env({"QA_THRESHOLD": threshold}).threshold == float(threshold)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QA_THRESHOLD", "high"),
        ("QA_THRESHOLD", "1.01"),
        ("QA_THRESHOLD", "-0.1"),
        ("QA_THRESHOLD", "nan"),
        ("QA_THRESHOLD", "0,5"),
        ("QA_MAX_FILE_MB", "0"),
        ("QA_MAX_FILE_MB", "inf"),
        ("QA_MAX_FILE_MB", "20MB"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_to_do(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_env({name: value})
    assert str(caught.value).startswith(f"{name}={value!r} is not a number from ")
    assert str(caught.value).endswith(": change or unset it.")
    assert isinstance(caught.value, QAError)
    assert caught.value.exit_code == 2


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().threshold = 0.1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "extensions"),
    [
        ("", ()),
        ("py,js", (".js", ".py")),
        (" .PY , sql,,py", (".py", ".sql")),
        ("c++,objective-c,c#", (".c#", ".c++", ".objective-c")),
    ],
)
def test_the_files_to_read_as_text_are_named_by_their_extensions(value: str, extensions: tuple[str, ...]) -> None:
    assert Config.from_env({"QA_TEXT_FILES": value}).text_files == extensions


@pytest.mark.parametrize("value", ["*.py", "py js", "tar.gz", "src/a.py", "..", "x" * 30])
def test_what_is_no_extension_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match=r"QA_TEXT_FILES=.* does not name file extensions: write it as py,js,sql\."):
        Config.from_env({"QA_TEXT_FILES": value})
