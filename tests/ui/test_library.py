"""The list of files: what it shows of each, what it lists and finds, and what can be removed from it without loss."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import TinyEncoder
from hypothesis import given
from hypothesis import strategies as st
from served import clicked, screen_of

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.corpus.records import FileRecord
from qa.engine import Engine
from qa.errors import CorpusError, StoreError
from qa.formats import extensions, kind
from qa.status import FileState, Status
from qa.ui.chat import Chat
from qa.ui.conversation import Conversation
from qa.ui.library import MOST_ROWS, files_value
from qa.ui.removal import UploadedFile, Uploads
from qa.ui.uploads import Upload, save_upload

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=timezone.utc)
REPORT = FileRecord(
    "papers/report.pdf", 2_100_000, 0, "ab", "indexed", "", "A report", 1, 12, 8, "de", "2024-05-02T09:30:00+00:00"
)


def status(*files: FileRecord | FileState, languages: tuple[str, ...] = ()) -> Status:
    states = tuple(file if isinstance(file, FileState) else FileState(file) for file in files)
    return Status("000001", "", "tiny", 1, 1, states, languages)


def html(*files: FileRecord | FileState, languages: tuple[str, ...] = (), **rest: Any) -> str:
    return str(files_value(status(*files, languages=languages), now=NOW, **rest)["html"])


def cells(*files: FileRecord | FileState, **rest: Any) -> list[str]:
    """The cells of the first row, as a person reads them."""
    row = html(*files, **rest).split("<tbody>")[1].split("</tr>")[0]
    return [re.sub("<[^>]*>", " ", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]


def listed(value: dict[str, Any]) -> list[str]:
    return re.findall(r'<bdi class="qa-file">(.*?)</bdi>', value["html"], re.DOTALL)


# --- a file -----------------------------------------------------------------------------------------------------------


def test_every_extension_that_is_read_has_a_kind() -> None:
    assert [ending for ending in extensions() if kind(f"a{ending}").endswith(" file")] == []
    assert [kind(path) for path in ("a/b.PDF", "a.mht", "a.docx")] == ["PDF", "web page", "Word"]
    assert [kind(path) for path in ("a.mp4", "notes", "a.b/c")] == ["MP4 file", "file", "file"]


def test_a_file_is_listed_with_everything_that_is_known_of_it() -> None:
    article, *facts = cells(REPORT)
    assert article.split()[:3] == ["A", "report", "papers/report.pdf"]
    assert facts == ["PDF", "indexed", "12", "8", "2.1 MB", "German", "09:30"]


def test_unknown_values_are_a_dash() -> None:
    assert cells(FileState(FileRecord("new.md", 5, 0, title="new"), "new"))[1:] == [
        *("Markdown", "new: not in the index yet", "–", "–", "5 B", "–", "–")
    ]
    failed = FileRecord("a.pdf", 5, 0, "", "failed", "needs a password", "a", indexed=REPORT.indexed)
    assert cells(failed)[2:] == ["could not be read  needs a password", "–", "–", "5 B", "–", "–"]


def test_on_a_narrow_screen_one_line_says_what_the_columns_say() -> None:
    line = re.search('qa-facts">(.*?)<', html(REPORT))
    assert line is not None
    assert line[1].replace("\N{NO-BREAK SPACE}", " ") == "PDF · 12 passages · 8 pages · 2.1 MB · German · 09:30"


def test_a_file_of_several_articles_says_how_many() -> None:
    assert "120 articles" in html(replace(REPORT, documents=120))
    assert "1 article" not in html(REPORT)


def test_a_language_that_the_encoder_does_not_cover_is_marked() -> None:
    hint = "the encoder was not made for German: found by its words rather than by its meaning"
    assert hint in html(REPORT, languages=("en", "fr"))
    assert "by words" in cells(REPORT, languages=("en", "fr"))[6]
    for languages in ((), ("de", "en")):  # unknown languages count as covered
        assert "by words" not in html(REPORT, languages=languages).lower()


def test_every_state_of_a_file_has_words_and_its_reason(config: Config, tiny: TinyEncoder) -> None:
    for name, text in (("good", "# Good\n\nText.\n"), ("gone", "# Gone\n\nText.\n"), ("empty", "")):
        (config.corpus / f"{name}.md").write_text(text)
    (config.corpus / "bad.md").write_bytes(b"\x00\xff\xfe\x00" * 50)
    (config.corpus / "picture.mp4").write_bytes(b"x")
    engine = Engine.open(config, tiny)
    build(config, tiny)
    (config.corpus / "gone.md").unlink()
    (config.corpus / "good.md").write_text("# Good\n\nOther text.\n")
    table = files_value(engine.status())["html"]
    words_of_states = "changed: not in", "removed: still in", "empty", "could not be read", "not read", ".mp4 files are"
    for words in words_of_states:
        assert words in table
    assert "4 files · 0 indexed · 1 empty · 1 could not be read · 1 not read · 1 waiting" in table
    assert "1 removed from the folder" in table


def test_names_and_reasons_are_escaped_everywhere() -> None:
    record = FileRecord('<b>"x".md', 5, 0, "", "failed", "<i>reason</i>", "<u>title</u>")
    page = html(record, offers={record.path: 0})
    assert "<b>" not in page and "<i>" not in page and "<u>" not in page
    assert 'aria-label="Remove &lt;b&gt;&#34;x&#34;.md"' in page


STATES = st.builds(
    FileState,
    st.builds(
        FileRecord,
        path=st.text(min_size=1, max_size=12),
        size=st.just(1),
        mtime_ns=st.just(0),
        status=st.sampled_from(["indexed", "empty", "failed", "skipped"]),
        reason=st.sampled_from(["", "for a reason"]),
        title=st.text(max_size=12),
    ),
    st.sampled_from(["", "", "new", "changed", "removed"]),
)


@given(st.lists(STATES, max_size=12))
def test_the_counts_by_state_add_up_to_the_files(files: list[FileState]) -> None:
    counts = status(*files).as_json()["counts"]
    folder = sum(file.pending != "removed" for file in files)
    assert counts["files"] == folder
    assert sum(counts.values()) - counts["files"] == len(files)
    if files:
        caption = re.search("<caption>(.*?)</caption>", html(*files))
        assert caption is not None
        total, *parts = (int(part.split()[0]) for part in caption[1].split(" · "))
        assert total == folder and sum(parts) == len(files)


# --- listing and searching --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "state", "reason", "is_problem"),
    [
        ("a.md", "indexed", "", False),
        ("a.zip", "indexed", "one part could not be read", True),
        ("a.md", "empty", "is empty", True),
        ("a.md", "failed", "looks binary, not text", True),
        ("a.pdf", "skipped", "is 30 MB, over the limit of 20 MB", True),
        ("notes", "skipped", "has no extension such as .md or .txt", True),
        ("a.mp4", "skipped", ".mp4 files are not read", False),
    ],
)
def test_only_what_a_person_can_fix_is_a_problem(path: str, state: Any, reason: str, is_problem: bool) -> None:
    value = files_value(status(FileRecord(path, 1, 0, "", state, reason, "a")))
    assert value["problem"] == is_problem
    waits = files_value(status(FileState(FileRecord(path, 1, 0, "", state, reason, "a"), "changed")))
    assert (waits["problem"], waits["waiting"]) == (0, 1)


def test_a_file_that_is_wanted_as_text_is_a_problem_if_it_is_not_read() -> None:
    large = status(FileRecord("a.py", 1, 0, "", "skipped", "is 30 MB, over the limit of 20 MB", "a"))
    assert (files_value(large)["problem"], files_value(large, text_files=(".py",))["problem"]) == (0, 1)


MANY = [FileRecord(f"{number:05}.md", 1, 0, title=f"Article {number}") for number in range(MOST_ROWS + 20)]
BROKEN = FileRecord("zz.md", 1, 0, "", "failed", "looks binary, not text", "Épilogue")


def test_of_very_many_files_the_first_are_listed_with_problems_before_all() -> None:
    value = files_value(status(*MANY, FileState(replace(MANY[0], path="y.md"), "new"), BROKEN))
    assert listed(value)[:3] == ["zz.md", "y.md", "00000.md"]
    assert (len(listed(value)), value["left"], value["whole"]) == (MOST_ROWS, 22, False)
    assert (value["files"], value["problem"], value["waiting"]) == (MOST_ROWS + 22, 1, 1)


def test_a_file_beyond_those_that_are_listed_is_found() -> None:
    everything = status(*MANY, BROKEN)
    last = MANY[-1]
    assert listed(files_value(everything, find=last.title.upper())) == [last.path]
    assert listed(files_value(everything, find="epilogue")) == ["zz.md"]
    assert listed(files_value(everything, show="problem")) == ["zz.md"]
    assert listed(files_value(everything, show="problem", find=last.title)) == []
    assert files_value(everything, find="nothing has this name")["files"] == len(everything.files)


def test_all_files_of_a_small_folder_are_there() -> None:
    value = files_value(status(REPORT, BROKEN))
    assert (value["whole"], value["left"], len(listed(value))) == (True, 0, 2)
    assert "contains no files yet" in files_value(status())["html"]


@given(STATES)
def test_every_file_is_found_by_its_path_and_by_its_title(file: FileState) -> None:
    for find in (file.record.path, file.record.title):
        assert len(listed(files_value(status(file), find=find))) == 1


def test_the_page_can_request_only_what_exists(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "a.md").write_text("# A\n\nText.\n")
    screen, session = screen_of(Chat(Engine.open(config, tiny))), Conversation()
    value = screen.find(session, clicked(show="<b>", find=7))
    assert (value["show"], value["find"], listed(value)) == ("all", "7", [])
    value = screen.find(session, clicked(show="waiting", find="a"))
    assert (value["show"], listed(value)) == ("waiting", ["a.md"])


def test_status_says_it_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    records = replace(REPORT, path="r.zip", documents=120, pages=0, language="", reason="one\nof them is locked")
    monkeypatch.setattr(Engine, "status", lambda _: status(REPORT, records, BROKEN))
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        "papers/report.pdf: indexed (12 passages, 8 pages, German)",
        "r.zip: indexed (120 articles, 12 passages; one\\nof them is locked)",
        "zz.md: failed (looks binary, not text)",
    ]
    entry = status(REPORT).as_json()["files"][0]
    assert {name: entry[name] for name in ("kind", "documents", "pages", "language", "indexed")} == {
        "kind": "PDF", "documents": 1, "pages": 8, "language": "de", "indexed": "2024-05-02T09:30:00+00:00",
    }  # fmt: skip


def test_a_note_is_shown_on_the_page_in_the_terminal_and_in_json_but_is_no_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noted = replace(REPORT, path="old.txt", pages=0, note="read as Windows-1254, a guess")
    assert "read as Windows-1254, a guess" in cells(noted)[2]
    assert files_value(status(noted), now=NOW)["problem"] == 0
    assert "a guess" not in html(FileState(noted, "changed"))
    monkeypatch.setattr(Engine, "status", lambda _: status(noted))
    assert main(["status"]) == 0
    assert "indexed (12 passages, German; read as Windows-1254, a guess)" in capsys.readouterr().out
    assert status(noted).as_json()["files"][0]["note"] == "read as Windows-1254, a guess"


# --- removing uploads -------------------------------------------------------------------------------------------------


def send(config: Config, name: str = "bees.md", text: str = "# Bees\n\nBees hum all day.\n") -> Upload:
    source = config.corpus.parent / "sent"
    source.write_text(text)
    upload = save_upload(source, name, config.corpus, 1000)
    Uploads(config.corpus, config.index).add(upload)
    return upload


def test_only_uploads_can_be_removed(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "mine.md").write_text("# Mine\n\nText.\n")
    uploads = Uploads(config.corpus, config.index)
    assert uploads.present() == {}
    assert send(config, "mine.md", "# Mine\n\nText.\n").words == "already there"
    bees = send(config)
    build(config, tiny)  # a rebuild does not forget it
    assert uploads.present() == {"bees.md": UploadedFile("bees.md", bees.sha256)}
    table = files_value(Engine.open(config, tiny).status(), {"bees.md": 3})["html"]
    assert re.findall(r'data-number="(\d+)".*?aria-label="(.*?)"', table) == [("3", "Remove bees.md")]


def test_a_removed_file_is_kept_in_the_index_folder_unchanged(config: Config) -> None:
    bees = send(config)
    before = (config.corpus / "bees.md").read_bytes()
    place = Uploads(config.corpus, config.index).remove(UploadedFile("bees.md", bees.sha256))
    assert place.parent == config.index / "removed" and re.fullmatch(r"\d{8}-\d{6}-bees\.md", place.name)
    assert place.read_bytes() == before and os.listdir(config.corpus) == []
    assert Uploads(config.corpus, config.index).present() == {}


def test_files_of_one_name_do_not_replace_each_other_when_they_are_removed(config: Config) -> None:
    uploads = Uploads(config.corpus, config.index)
    places = [uploads.remove(UploadedFile("bees.md", send(config, text=f"{number}").sha256)) for number in range(3)]
    assert [place.read_text() for place in places] == ["0", "1", "2"]


def change(config: Config) -> None:
    (config.corpus / "bees.md").write_text("my own words")


def link(config: Config) -> None:
    (config.corpus / "bees.md").rename(config.corpus / "other.md")
    (config.corpus / "bees.md").symlink_to(config.corpus / "other.md")


def vanish(config: Config) -> None:
    (config.corpus / "bees.md").unlink()


@pytest.mark.parametrize("happens", [change, link, vanish])
def test_an_upload_that_has_changed_stays(config: Config, happens: Any) -> None:
    bees, uploads = send(config), Uploads(config.corpus, config.index)
    happens(config)
    before = sorted(os.listdir(config.corpus))
    assert uploads.present() == {}
    with pytest.raises(CorpusError, match="has changed since it was uploaded: delete it"):
        uploads.remove(UploadedFile("bees.md", bees.sha256))
    assert sorted(os.listdir(config.corpus)) == before


def test_bytes_that_changed_under_the_same_time_and_size_stay(config: Config) -> None:
    bees, path = send(config, text="one"), config.corpus / "bees.md"
    facts = path.stat()
    path.write_text("two")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(CorpusError):
        Uploads(config.corpus, config.index).remove(UploadedFile("bees.md", bees.sha256))
    assert path.read_text() == "two"


@pytest.mark.parametrize("name", ["../outside.md", "sub/bees.md", "/etc/hostname", ""])
def test_a_name_that_was_never_uploaded_removes_nothing(config: Config, name: str) -> None:
    (config.corpus.parent / "outside.md").write_text("x")
    with pytest.raises(CorpusError):
        Uploads(config.corpus, config.index).remove(UploadedFile(name, "0" * 64))
    assert (config.corpus.parent / "outside.md").exists()


@pytest.fixture
def two_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus and the index are on separate file systems."""
    rename = Path.rename

    def across(self: Path, target: Path) -> Path:
        if self.parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", across)


@pytest.mark.usefixtures("two_disks")
def test_a_file_is_removed_to_another_disk(config: Config) -> None:
    bees = send(config)
    place = Uploads(config.corpus, config.index).remove(UploadedFile("bees.md", bees.sha256))
    assert place.read_text().startswith("# Bees")
    assert os.listdir(config.corpus) == [] and os.listdir(place.parent) == [place.name]


@pytest.mark.usefixtures("two_disks")
def test_a_disk_that_is_full_leaves_the_file_where_it_is(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    bees = send(config)

    def full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"# B")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    with pytest.raises(CorpusError, match=r"No space left on device.*: delete it"):
        Uploads(config.corpus, config.index).remove(UploadedFile("bees.md", bees.sha256))
    assert (config.corpus / "bees.md").read_text().startswith("# Bees")
    assert os.listdir(config.index / "removed") == []


def test_a_list_of_uploads_that_is_damaged_is_one_sentence(config: Config) -> None:
    config.index.mkdir()
    (config.index / "feedback.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"cannot be used .*: "):
        Uploads(config.corpus, config.index).present()
    with pytest.raises(StoreError):
        send(config)
    assert (config.corpus / "bees.md").exists()


def test_verdicts_that_were_kept_before_there_were_uploads_stay(config: Config) -> None:
    config.index.mkdir()
    with sqlite3.connect(config.index / "feedback.sqlite") as database:
        database.execute("CREATE TABLE feedback (question TEXT)")
        database.execute("INSERT INTO feedback VALUES ('Who?')")
    send(config)
    rows = database.execute("SELECT question FROM feedback").fetchall()
    database.close()
    assert rows == [("Who?",)] and list(Uploads(config.corpus, config.index).present()) == ["bees.md"]


def test_the_page_names_a_file_by_the_number_that_it_was_given(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "mine.md").write_text("# Mine\n\nText.\n")
    send(config)
    build(config, tiny)
    screen, session, stranger = screen_of(Chat(Engine.open(config, tiny))), Conversation(), Conversation()
    screen.load(session)
    wrong: list[dict[str, Any]] = [{"number": 99}, {"number": -1}, {"number": "0"}, {"name": "mine.md"}]
    for data in wrong:
        screen.remove(session, clicked(**data))
    screen.remove(stranger, clicked(number=0))
    assert sorted(os.listdir(config.corpus)) == ["bees.md", "mine.md"]
    screen.remove(session, clicked(number=0))
    assert os.listdir(config.corpus) == ["mine.md"]
    shown: Any = session.shown["table"]
    assert "removed: still in the index" in shown["html"] and str(config.index / "removed") in shown["message"]
    screen.remove(session, clicked(number=0))  # a second click
    assert "has changed since" in session.removal_html and os.listdir(config.corpus) == ["mine.md"]
