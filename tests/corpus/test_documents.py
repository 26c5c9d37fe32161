"""Every file of the folder has a status with a reason, and no file stops the others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from corpora import replace_unseen

from qa.corpus.documents import CorpusFile, folders, has_changed, parse, read, read_unchanged, scan
from qa.corpus.records import FileRecord
from qa.errors import CorpusError
from qa.sandbox.parsing import ParsedFile, parse_file
from qa.text.document import Document
from qa.text.passages import Splitting

LIMIT = 1_000_000


def folder(tmp_path: Path, **files: str | bytes) -> Path:
    """A corpus folder; `a__md="…"` is the file `a.md`."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, content in files.items():
        place = corpus / name.replace("__", ".")
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return corpus


def found(path: str, data: bytes) -> ParsedFile:
    """The documents of a file, read in this process; words count as tokens."""
    return parse_file(path, data, Splitting(lambda texts: [len(text.split()) for text in texts], max_tokens=256))


def one(corpus: Path, limit: int = LIMIT) -> CorpusFile:
    (file,) = scan(corpus, limit)
    return file


def status(corpus: Path) -> tuple[str, str]:
    """Status and reason of the only file, after reading it."""
    file = one(corpus)
    record, _ = parse(*read(file), found) if file.readable else (file.record, None)
    return record.status, record.reason


def loaded(corpus: Path) -> tuple[FileRecord, Document]:
    record, ((document, _),) = parse(*read(one(corpus)), found)
    return record, document


def refused(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


# --- the folder -------------------------------------------------------------------------------------------------------


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"There is no folder .*nowhere.*: make it"):
        scan(tmp_path / "nowhere", LIMIT)


def test_a_file_in_the_place_of_the_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_text("I am a file")
    with pytest.raises(CorpusError, match="There is no folder"):
        scan(tmp_path / "corpus", LIMIT)


def test_a_folder_that_cannot_be_listed_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CorpusError, match=r"cannot be listed \(Permission denied\): give this account leave"):
        scan(folder(tmp_path), LIMIT)


def test_an_unlistable_subfolder_is_a_separate_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = folder(tmp_path, a__md="Text.")
    (corpus / "closed").mkdir()
    (corpus / "closed" / "b.md").write_text("Text.")
    scandir = os.scandir

    def refuse(place: Path) -> object:
        if place.name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    first, second = scan(corpus, LIMIT)
    assert first.readable
    assert (second.record.path, second.record.status) == ("closed", "failed")
    assert "cannot be listed" in second.record.reason


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert scan(folder(tmp_path), LIMIT) == []


def test_nested_folders_are_read_with_slashes_in_their_paths(tmp_path: Path) -> None:
    corpus = folder(tmp_path, z__md="Text.")
    (corpus / "2024" / "may").mkdir(parents=True)
    (corpus / "2024" / "may" / "bees.md").write_text("Text.")
    assert [file.record.path for file in scan(corpus, LIMIT)] == ["2024/may/bees.md", "z.md"]


def test_folders_nested_deeper_than_calls_can_be_are_read(tmp_path: Path) -> None:
    corpus, depth = folder(tmp_path), 1500
    start = Path.cwd()
    try:
        os.chdir(corpus)
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
        Path("a.md").write_text("Text.")
        assert one(corpus).record.path == "d/" * depth + "a.md"
    finally:
        Path("a.md").unlink()
        os.chdir(start)
        for length in range(depth, 0, -1):  # the cleanup after tests does not go so deep
            os.rmdir(corpus / ("d/" * length))


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    corpus = folder(tmp_path, __hidden__md="x", a__md="Text.")
    (corpus / ".git").mkdir()
    (corpus / ".git" / "b.md").write_text("Text.")
    assert (corpus / ".hidden.md").exists()
    assert [file.record.path for file in scan(corpus, LIMIT)] == ["a.md"]


def test_lock_and_temporary_files_are_left_out_but_folders_of_such_names_are_not(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="Text.")
    (corpus / "~$a.docx").write_bytes(b"x" * 162)
    (corpus / "b.md~").write_text("Text.")
    (corpus / "old~").mkdir()
    (corpus / "old~" / "c.md").write_text("Text.")
    assert [file.record.path for file in scan(corpus, LIMIT)] == ["a.md", "old~/c.md"]


# --- files that are articles ------------------------------------------------------------------------------------------


def test_an_article_is_read_with_its_hash_size_and_title(tmp_path: Path) -> None:
    data = b"# Bees\r\n\r\nThey sleep.\r\n"
    record, document = loaded(folder(tmp_path, bees__md=data))
    assert (record.path, record.status, record.reason, record.title) == ("bees.md", "indexed", "", "Bees")
    assert record.size == len(data)
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert document.text == "# Bees\n\nThey sleep.\n"
    assert (document.path, document.title) == ("bees.md", "Bees")


@pytest.mark.parametrize("name", ["a__md", "a__MD", "a__markdown", "a__txt", "a__Text"])
def test_extensions_are_recognised_in_any_case(tmp_path: Path, name: str) -> None:
    assert status(folder(tmp_path, **{name: "They sleep."})) == ("indexed", "")


def test_an_article_without_a_title_is_called_by_its_file(tmp_path: Path) -> None:
    record, document = loaded(folder(tmp_path, **{"q3_bee-report__txt": "They sleep."}))
    assert record.title == "q3 bee report"
    assert document.title == ""


@pytest.mark.parametrize("name", ["a\nb.md", "a b\t.md", "-rf.md", "ünï 蜂 🐝.md", "'\"$`.md", "a\\b.md"])
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    corpus = folder(tmp_path)
    (corpus / name).write_text("They sleep.")
    record, _ = loaded(corpus)
    assert record.path == name
    assert not has_changed(corpus, record)


# --- files that are not -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("empty", "is empty")),
        (b" \n\t\r\n ", ("empty", "is empty")),
        (b"\xef\xbb\xbf\n", ("empty", "contains no text")),
        (b"<!-- only this -->", ("empty", "contains no text")),
        (b"# Bees\n\n## Frost\n", ("empty", "contains headings but no text")),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", ("failed", "looks binary, not text")),
        (b"\xff\xfe\x00\xd8", ("failed", "is marked as UTF-16 but is damaged")),
    ],
)
def test_a_file_without_text_says_why(tmp_path: Path, content: bytes, expected: tuple[str, str]) -> None:
    assert status(folder(tmp_path, a__md=content)) == expected


def test_a_file_that_is_too_big_names_the_limit(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="x" * 2_500_000)
    file = one(corpus, limit=2_000_000)
    assert (file.record.status, file.record.reason) == ("skipped", "is 2.5 MB, over the limit of 2 MB")
    assert one(corpus, limit=2_500_000).readable


@pytest.mark.parametrize(
    ("name", "reason"), [("a.xyz", ".xyz files are not read"), ("LICENSE", "has no extension such as .md or .txt")]
)
def test_an_extension_that_is_not_read_is_named(tmp_path: Path, name: str, reason: str) -> None:
    corpus = folder(tmp_path)
    (corpus / name).write_text("They sleep.")
    assert status(corpus) == ("skipped", reason)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("A secret.")
    corpus = folder(tmp_path)
    (corpus / "a.md").symlink_to(tmp_path / "secret.md")
    assert status(corpus) == ("skipped", "is a link that leads out of the folder")


def test_a_link_inside_the_folder_is_read(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    (corpus / "b.md").symlink_to("a.md")
    assert [parse(*read(file), found)[0].status for file in scan(corpus, LIMIT)] == ["indexed", "indexed"]


def test_links_in_a_circle_and_to_nothing_fail_alone(tmp_path: Path) -> None:
    corpus = folder(tmp_path, z__md="They sleep.")
    (corpus / "a.md").symlink_to("b.md")
    (corpus / "b.md").symlink_to("a.md")
    (corpus / "c.md").symlink_to("nothing.md")
    records = [file.record for file in scan(corpus, LIMIT)]
    assert [record.status for record in records] == ["failed", "failed", "failed", "indexed"]
    assert all(record.reason.startswith("cannot be read: ") for record in records[:3])


def test_further_files_are_listed_as_text_if_they_are_wanted(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__py="# Bees sleep.", b__PY="# Bees sleep.", c__rs="// Bees sleep.")
    (skipped, *_), wanted = scan(corpus, LIMIT), scan(corpus, LIMIT, None, (".py",))
    assert (skipped.record.status, skipped.record.reason) == ("skipped", ".py files are not read")
    assert [file.record.status for file in wanted] == ["indexed", "indexed", "skipped"]


def test_a_link_to_a_folder_is_not_entered(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    (corpus / "again").symlink_to(corpus, target_is_directory=True)
    assert [(f.record.path, f.record.status) for f in scan(corpus, LIMIT)] == [
        ("a.md", "indexed"),
        ("again", "skipped"),
    ]


def test_a_pipe_is_skipped_and_not_waited_for(tmp_path: Path) -> None:
    corpus = folder(tmp_path)
    os.mkfifo(corpus / "a.md")
    assert status(corpus) == ("skipped", "is not a regular file")


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    file = one(corpus)

    monkeypatch.setattr(os, "open", refused)
    record, data = read(file)
    assert (record.status, record.reason, data) == ("failed", "cannot be read: Permission denied", b"")


def test_a_file_that_is_gone_by_the_time_it_is_read_says_so(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    file = one(corpus)
    (corpus / "a.md").unlink()
    record, _ = read(file)
    assert (record.status, record.reason) == ("failed", "cannot be read: No such file or directory")


def test_whatever_replaces_a_file_is_neither_waited_for_nor_read(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    file, place = one(corpus), corpus / "a.md"
    record, _ = loaded(corpus)
    (tmp_path / "secret.md").write_text("They sleep.")
    replaced: list[tuple[Callable[[], None], str]] = [
        (lambda: os.mkfifo(place), "it is no longer a regular file"),
        (place.mkdir, "Is a directory"),
        (lambda: place.symlink_to("/dev/zero"), "it has become a link that leads out of the folder"),
        (lambda: place.symlink_to(tmp_path / "secret.md"), "it has become a link that leads out of the folder"),
        (lambda: place.symlink_to("a.md"), "Too many levels of symbolic links"),
    ]
    for replace_it, reason in replaced:
        place.rmdir() if place.is_dir() else place.unlink()
        replace_it()
        read_record, data = read(file)
        assert (read_record.status, read_record.reason, data) == ("failed", f"cannot be read: {reason}", b"")
        assert has_changed(corpus, record)
        assert read_unchanged(corpus, record) is None


def test_reading_stops_at_the_limit_even_if_the_file_grows(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    file = one(corpus, 20)
    (corpus / "a.md").write_text("x" * 20)
    assert read(file)[1] == b"x" * 20
    (corpus / "a.md").write_text("x" * 21)
    record, data = read(file)
    assert (record.status, data) == ("failed", b"")
    assert record.reason == "has grown past the limit of 2e-05 MB while it was read"


def test_a_name_that_is_not_utf8_is_shown_and_skipped(tmp_path: Path) -> None:
    corpus = folder(tmp_path)
    place = os.fsencode(corpus) + b"/caf\xe9.md"
    with open(place, "wb") as file:
        file.write(b"They sleep.")
    record = one(corpus).record
    assert (record.path, record.status) == ("caf\\xe9.md", "skipped")
    assert record.reason == "has a name that is not UTF-8: rename it"
    assert record.path.encode()


def test_every_file_that_is_not_hidden_appears_once(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="Text.", b__txt="", c__xyz="x", d__md=b"\x00", __e__md="hidden", f="x")
    (corpus / "sub").mkdir()
    (corpus / "sub" / "a.md").write_text("Text.")
    (corpus / "sub" / "link.md").symlink_to("a.md")
    (corpus / "empty").mkdir()
    os.mkfifo(corpus / "pipe.txt")
    paths = [file.record.path for file in scan(corpus, LIMIT)]
    assert paths == sorted(["a.md", "b.txt", "c.xyz", "d.md", "f", "pipe.txt", "sub/a.md", "sub/link.md"])


# --- changes ----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_as_it_was_has_not_changed(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    record, _ = loaded(corpus)
    assert not has_changed(corpus, record)


def test_a_file_that_was_only_touched_has_not_changed(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    record, _ = loaded(corpus)
    os.utime(corpus / "a.md", ns=(1, 1))
    assert not has_changed(corpus, record)


def test_other_bytes_of_the_same_length_are_a_change(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    record, _ = loaded(corpus)
    (corpus / "a.md").write_text("They leave.")
    os.utime(corpus / "a.md", ns=(1, 1))
    assert has_changed(corpus, record)


@pytest.mark.parametrize("by_another", [False, True])
def test_other_bytes_of_the_same_length_and_time_are_a_change(tmp_path: Path, by_another: bool) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    os.utime(corpus / "a.md", ns=(1, 1))
    record, _ = loaded(corpus)
    replace_unseen(corpus / "a.md", "They leave.", by_another)
    assert has_changed(corpus, record)


def test_a_file_whose_permissions_changed_has_not_changed_nor_has_one_of_an_older_index(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    record, _ = loaded(corpus)
    (corpus / "a.md").chmod(0o600)
    assert not has_changed(corpus, record)
    assert not has_changed(corpus, replace(record, ctime_ns=0))


def test_a_file_of_another_size_or_none_at_all_is_a_change(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    record, _ = loaded(corpus)
    with (corpus / "a.md").open("a") as file:
        file.write(" Well.")
    assert has_changed(corpus, record)
    (corpus / "a.md").unlink()
    assert has_changed(corpus, record)


def test_a_pipe_in_the_place_of_a_file_is_a_change_and_not_waited_for(tmp_path: Path) -> None:
    corpus = folder(tmp_path, a__md="They sleep.")
    record, _ = loaded(corpus)
    (corpus / "a.md").unlink()
    os.mkfifo(corpus / "a.md")
    assert has_changed(corpus, record)


def test_a_file_that_could_not_be_read_has_changed_once_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("# A\n")
    (file,) = scan(tmp_path, 1000)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refused)
        record, _ = read(file)
        assert record.status == "failed"
        assert not has_changed(tmp_path, record)
    assert has_changed(tmp_path, record)


def test_the_listed_folders_are_those_that_are_scanned(tmp_path: Path) -> None:
    for name in ("a/b", ".git/c", "index/d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert set(folders(tmp_path, tmp_path / "index")) == {tmp_path, tmp_path / "a", tmp_path / "a" / "b"}
