"""The list of files: what it shows of each, what it lists and finds, and what can be removed from it without loss."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import datetime, timezone
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
from qa.corpus.storing import Stored, store_file
from qa.engine import Engine
from qa.errors import StoreError
from qa.formats import extensions, kind
from qa.status import FileState, Status
from qa.ui.feedback.tables import feedback_path
from qa.ui.feedback.verdicts import Feedback
from qa.ui.library.library_html import files_value
from qa.ui.library.listing import Listing, View
from qa.ui.library.uploaded import Uploads
from qa.ui.page.chat import Chat
from qa.ui.page.session import Session

NOW = datetime(2024, 5, 2, 12, 0, tzinfo=timezone.utc)
DAY = int(datetime(2023, 1, 31, 12, 0, tzinfo=timezone.utc).timestamp()) * 10**9
REPORT = FileRecord(
    "papers/report.pdf", 2_100_000, DAY, "ab", "indexed", "", "A report", 1, 12, 8, "de", "2024-05-02T09:30:00+00:00"
)


def status(*files: FileRecord | FileState, languages: tuple[str, ...] = ()) -> Status:
    states = tuple(file if isinstance(file, FileState) else FileState(file) for file in files)
    return Status("000001", "", "tiny", 1, 1, states, languages)


ALL = View()


def listed_as(files: Status, view: View = ALL, can_build: bool = True) -> dict[str, Any]:
    """What the page gets."""
    return files_value(Listing(files), view, now=NOW, can_build=can_build)


def html(*files: FileRecord | FileState, languages: tuple[str, ...] = ()) -> str:
    return str(listed_as(status(*files, languages=languages))["html"])


def cells(*files: FileRecord | FileState, **rest: Any) -> list[str]:
    """The cells of the first row, as a person reads them, without those for choosing and moving it."""
    row = html(*files, **rest).split("<tbody>")[1].split("</tr>")[0]
    return [re.sub("<[^>]*>", " ", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)][1:-1]


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
    assert facts == ["PDF", "indexed", "12", "8", "2.1 MB", "German", "31 Jan 2023"]
    assert 'title="indexed 09:30"' in html(REPORT)


def test_unknown_values_are_a_dash() -> None:
    assert cells(FileState(FileRecord("new.md", 5, 0, title="new"), "new"))[1:] == [
        *("Markdown", "new: not in the index yet", "–", "–", "5 B", "–", "–")
    ]
    failed = FileRecord("a.pdf", 5, 0, "", "failed", "needs a password", "a", indexed=REPORT.indexed)
    state, *facts = cells(failed)[2:]
    assert state.split("  ") == ["could not be read", "needs a password", "Save a copy of it without a password."]
    assert facts == ["–", "–", "5 B", "–", "–"]


def test_on_a_narrow_screen_one_line_says_what_the_columns_say() -> None:
    line = re.search('qa-facts">(.*?)<', html(REPORT))
    assert line is not None
    assert line[1].replace("\N{NO-BREAK SPACE}", " ") == "PDF · 12 passages · 8 pages · 2.1 MB · German · 31 Jan 2023"


def test_an_empty_file_says_so_once() -> None:
    empty = FileRecord("a.md", 0, 0, "", "empty", "is empty", "a")
    assert cells(empty)[2].split("  ") == ["empty", "Write something into it, or remove it."]


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
    value = listed_as(engine.status())
    table = value["html"]
    words_of_states = "changed: not in", "removed: still in", "empty", "could not be read", "not read", ".mp4 files are"
    for words in words_of_states:
        assert words in table
    assert "4 files · 0 indexed · 1 empty · 1 could not be read · 1 not read · 1 waiting" in value["summary"]
    assert "1 removed from the folder" in value["summary"]


def test_names_and_reasons_are_escaped_everywhere() -> None:
    record = FileRecord('<i>/<b>"x".md', 5, 0, "", "failed", "<i>reason</i>", "<u>title</u>", language="<b>")
    value = files_value(Listing(status(record, REPORT)), View(folder="<i>"), lambda _: 0, NOW)
    page = "".join(str(part) for part in value.values())
    assert "<b>" not in value["html"] and "<b>" not in value["filters"] and "<i>" not in value["tree"]
    assert "<i>" not in value["html"] and "<u>" not in page
    assert 'aria-label="Rename or remove &lt;i&gt;/&lt;b&gt;&#34;x&#34;.md"' in page


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
        summary = listed_as(status(*files))["summary"]
        total, *parts = (int(part.split()[0]) for part in summary.split(" · "))
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
    value = listed_as(status(FileRecord(path, 1, 0, "", state, reason, "a")))
    assert value["problem"] == is_problem
    waits = listed_as(status(FileState(FileRecord(path, 1, 0, "", state, reason, "a"), "changed")))
    assert (waits["problem"], waits["waiting"]) == (0, 1)


def test_a_file_that_is_wanted_as_text_is_a_problem_if_it_is_not_read() -> None:
    large = status(FileRecord("a.py", 1, 0, "", "skipped", "is 30 MB, over the limit of 20 MB", "a"))
    assert (Listing(large).problems, Listing(large, (".py",)).problems) == (0, 1)


BROKEN = FileRecord("zz.md", 1, 0, "", "failed", "looks binary, not text", "Épilogue")


def test_what_is_listed_is_said_beside_how_much_there_is() -> None:
    value = listed_as(status(REPORT, BROKEN), View(find="epilogue"))
    assert (listed(value), value["summary"], value["files"]) == (["zz.md"], "1 of 2 files", 2)
    assert "No file matches." in listed_as(status(REPORT), View(find="nothing"))["html"]
    assert "contains no files yet" in listed_as(status())["html"]
    assert listed_as(status(), can_build=False)["html"] == ""


def test_an_article_that_was_read_opens_and_nothing_else_does() -> None:
    assert 'href="#/article/papers/report.pdf"' in html(REPORT)
    odd = replace(REPORT, path='a #?"&é.md')
    assert 'href="#/article/a%20%23%3F%22%26%C3%A9.md"' in html(odd)
    for closed in (BROKEN, replace(REPORT, documents=2), FileState(replace(REPORT, path="new.md"), "new")):
        assert "#/article" not in html(closed)


def test_the_list_says_how_it_is_sorted_and_which_page_it_shows() -> None:
    many = status(*(FileRecord(f"{number:05}.md", 1, 0, title=f"{number}") for number in range(250)))
    page = listed_as(many, View(sort="size", descending=True, page=1))["html"]
    assert re.findall(r'aria-sort="(\w+)"><button[^>]*>(\w+)<', page) == [("descending", "Size")]
    assert "101–200 of 250" in page and 'data-page="2"' in page
    assert "data-page" not in html(REPORT)


def test_the_folders_and_what_can_be_filtered_are_shown_with_their_numbers() -> None:
    value = listed_as(status(REPORT, replace(REPORT, path="papers/b.md", language="en")), View(folder="papers"))
    assert re.findall(r'data-folder="([^"]*)" aria-current', value["tree"]) == ["papers"]
    for words in ("PDF (1)", "German (1)", "English (1)"):
        assert words in value["filters"]
    assert 'data-filter="kind"' not in listed_as(status(REPORT))["filters"]  # of one kind there is nothing to choose


@given(STATES)
def test_every_file_is_found_by_its_path_and_by_its_title(file: FileState) -> None:
    for find in (file.record.path, file.record.title):
        assert len(listed(listed_as(status(file), View(find=find)))) == 1


def test_the_page_can_request_only_what_exists(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "a.md").write_text("# A\n\nText.\n")
    screen, session = screen_of(Chat(Engine.open(config, tiny))), Session()
    value = screen.find(session, clicked(show="<b>", find=7, sort="__class__", page="x", serial=1))
    assert (value["view"]["show"], value["view"]["find"], value["view"]["sort"]) == ("all", "7", "")
    assert listed(value) == []
    value = screen.find(session, clicked(show="waiting", find="a", serial=3))
    assert (value["view"]["show"], listed(value), value["serial"]) == ("waiting", ["a.md"], 3)
    screen.find(session, clicked(show="problem", serial=2))  # came late
    assert session.listed[1].show == "waiting"


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
    assert listed_as(status(noted))["problem"] == 0
    assert "a guess" not in html(FileState(noted, "changed"))
    monkeypatch.setattr(Engine, "status", lambda _: status(noted))
    assert main(["status"]) == 0
    assert "indexed (12 passages, German; read as Windows-1254, a guess)" in capsys.readouterr().out
    assert status(noted).as_json()["files"][0]["note"] == "read as Windows-1254, a guess"


# --- moving files -----------------------------------------------------------------------------------------------------


def send(config: Config, name: str = "bees.md", text: str = "# Bees\n\nBees hum all day.\n") -> Stored:
    source = config.corpus.parent / "sent"
    source.write_text(text)
    upload = store_file(source, name, config.corpus, 1000)
    if upload.sha256:
        Uploads(config.corpus, config.index).add(upload.name, upload.sha256)
    return upload


def numbers(value: Any) -> dict[str, int]:
    """The numbers by which the page may move files, by the names of these."""
    found = re.findall(r'data-number="(\d+)".*?aria-label="Rename or remove (.*?)"', value["html"])
    return {path: int(number) for number, path in found}


@pytest.fixture
def two(config: Config, tiny: TinyEncoder) -> Config:
    """A folder with an article of its owner and one that was uploaded."""
    (config.corpus / "mine.md").write_text("# Mine\n\nText.\n")
    send(config)
    build(config, tiny)
    return config


def test_what_was_uploaded_is_remembered_as_long_as_it_is_the_same(config: Config) -> None:
    uploads = Uploads(config.corpus, config.index)
    assert uploads.present() == {}
    (config.corpus / "mine.md").write_text("# Mine\n\nText.\n")
    assert send(config, "mine.md", "# Mine\n\nText.\n").words == "already there"
    bees = send(config)
    assert uploads.present() == {"bees.md": bees.sha256}
    (config.corpus / "bees.md").write_text("my own words")
    assert uploads.present() == {}


def test_an_owner_may_move_every_file_and_others_what_was_uploaded(two: Config, tiny: TinyEncoder) -> None:
    chat = Chat(Engine.open(two, tiny))
    owner, other = screen_of(chat), screen_of(chat, is_owner=False)
    assert set(numbers(owner.shelf.value(Session()))) == {"bees.md", "mine.md"}
    session = Session()
    assert set(numbers(other.shelf.value(session))) == {"bees.md"}
    (number,) = numbers(other.shelf.value(session)).values()
    other.rename(session, clicked(number=number, name="wasps.md"))
    assert sorted(os.listdir(two.corpus)) == ["mine.md", "wasps.md"]
    assert set(numbers(other.shelf.value(session))) == {"wasps.md"}  # it is still an upload
    reader = screen_of(Chat(Engine.open(two, tiny, can_build=False)))
    assert numbers(reader.shelf.value(Session())) == {}


def test_the_page_names_a_file_by_the_number_that_it_was_given(two: Config, tiny: TinyEncoder) -> None:
    screen, session, stranger = screen_of(Chat(Engine.open(two, tiny))), Session(), Session()
    screen.load(session)
    given = numbers(session.shown["table"])
    wrong: list[dict[str, Any]] = [{"number": 99}, {"number": -1}, {"number": "0"}, {"name": "mine.md"}]
    for data in wrong:
        screen.remove(session, clicked(**data))
        screen.rename(session, clicked(**{"name": "other.md", **data}))
        screen.undo(session, clicked(**data))
    screen.remove(stranger, clicked(number=given["bees.md"]))
    assert sorted(os.listdir(two.corpus)) == ["bees.md", "mine.md"]


def test_a_removed_file_leaves_the_list_after_a_rebuild_and_comes_back(two: Config, tiny: TinyEncoder) -> None:
    screen, session = screen_of(Chat(Engine.open(two, tiny))), Session()
    screen.load(session)
    number = numbers(session.shown["table"])["bees.md"]
    screen.remove(session, clicked(number=number))
    assert os.listdir(two.corpus) == ["mine.md"]
    shown: Any = session.shown["table"]
    assert "removed: still in the index" in shown["html"] and "bees.md" not in numbers(shown)
    assert "<b><bdi>bees.md</bdi></b> was moved out of the folder" in shown["message"]
    assert str(two.index / "removed") in shown["removed"] and "Put back bees.md" in shown["removed"]
    screen.remove(session, clicked(number=number))  # a second click
    assert "has changed since" in session.message_html and os.listdir(two.corpus) == ["mine.md"]
    (undo,) = map(int, re.findall(r'data-do="undo" data-number="(\d+)"', shown["removed"]))
    screen.undo(session, clicked(number=undo))
    shown = session.shown["table"]
    assert sorted(os.listdir(two.corpus)) == ["bees.md", "mine.md"] and shown["removed"] == ""
    assert "is where it was" in shown["message"]
    screen.open_library(session)
    assert session.message_html == ""


def test_a_name_that_cannot_be_is_said_and_nothing_is_renamed(two: Config, tiny: TinyEncoder) -> None:
    screen, session = screen_of(Chat(Engine.open(two, tiny))), Session()
    screen.load(session)
    screen.rename(session, clicked(number=numbers(session.shown["table"])["bees.md"], name="mine.md"))
    assert "There is a file of this name already" in session.message_html
    screen.rename(session, clicked(number=numbers(session.shown["table"])["bees.md"], name="<b>/../x.md"))
    assert "cannot be the name of a file" in session.message_html and "<b>" not in session.message_html
    assert sorted(os.listdir(two.corpus)) == ["bees.md", "mine.md"]


def test_a_list_of_uploads_that_is_damaged_is_one_sentence(config: Config) -> None:
    config.index.mkdir()
    (config.index / "feedback.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"cannot be used .*: "):
        Uploads(config.corpus, config.index).present()
    with pytest.raises(StoreError):
        send(config)
    assert (config.corpus / "bees.md").exists()


# --- what users say of the answers ------------------------------------------------------------------------------------


def test_ratings_are_listed_filtered_and_exported(config: Config, tiny: TinyEncoder) -> None:
    shelf = screen_of(Chat(Engine.open(config, tiny))).shelf
    feedback = Feedback(feedback_path(config.index))
    assert "No answer was rated yet" in shelf.ratings(clicked())["html"]
    feedback.add("<b>Who?</b>", "000001", "a.md", "up")
    feedback.add("Where?", "000001", "", "down")
    value = shelf.ratings(clicked(verdict="", since="", until="x", export="", serial=4))
    assert "2 ratings: 1 right, 1 wrong" in value["html"] and "<b>" not in value["html"]
    assert (value["export"], value["serial"]) == (None, 4)
    assert "Who" not in shelf.ratings(clicked(verdict="down"))["html"]
    assert "0 ratings" in shelf.ratings(clicked(since="2124-01-01"))["html"]
    assert shelf.ratings(clicked(export="csv", verdict="down"))["export"].splitlines()[1].endswith("Where?,,down")
    assert shelf.ratings(clicked(export="json"))["export"]["counts"] == {"up": 1, "down": 1}


def test_gaps_are_shown_with_a_button_that_asks_again(config: Config, tiny: TinyEncoder) -> None:
    Feedback(feedback_path(config.index)).add("Who <b>built</b> it?", "000001", "a.md", "down")
    page = screen_of(Chat(Engine.open(config, tiny))).shelf.gaps()["html"]
    assert "The chat keeps no unanswered questions" in page and "<b>" not in page
    assert 'data-question="Who &lt;b&gt;built&lt;/b&gt; it?"' in page
    kept = screen_of(Chat(Engine.open(replace(config, gaps=True), tiny))).shelf.gaps()["html"]
    assert "keeps no" not in kept and "1 × thumb down" in kept


def test_ratings_that_cannot_be_read_say_so(config: Config, tiny: TinyEncoder) -> None:
    config.index.mkdir()
    (config.index / "feedback.sqlite").write_bytes(b"not a database" * 100)
    shelf = screen_of(Chat(Engine.open(config, tiny))).shelf
    assert "cannot be read" in shelf.ratings(clicked())["html"]
    assert "cannot be used" in shelf.gaps()["html"]
