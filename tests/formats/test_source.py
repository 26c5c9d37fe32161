"""Source code as text: comments are paragraphs, the rest is code, below the definitions around them."""

from __future__ import annotations

import io
import time
import zipfile

import fuzz
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import ReadingSettings, extensions, parse, supported
from qa.formats.decoding import Unreadable
from qa.formats.programming import LANGUAGES
from qa.text.document import Document

LINES = ("def a():\n", "class b:\n", "  ", "# c\n", '"""', "/*", "*/", "// d\n", "CREATE TABLE t (\n", "\n", "x\n")
SETTINGS = ReadingSettings(text_files=(".foo", ".js", ".py", ".sql", ".json"))

PYTHON = '''#!/usr/bin/env python
# Rates of the loans.
#
# They are yearly.
"""Reads the rates."""
RATE = 4.2  # percent

NOTE = """
class of 1990
# no comment
"""


# Used by the monthly report.
@cached
def monthly(balance,
            rate=RATE):
    """The interest of a month.

    It is a twelfth.
    :param balance: in euros
    """
    x = balance * rate

    # Round to cents.
    return round(x / 12, 2)


class Loan(Base):
    def close(self):
        pass

run()
'''
JAVASCRIPT = """/**
 * Adds tax.
 *
 * The rate is
 * 19 %.
 */
export async function gross(net) {
  const s = `
// no comment
`;
  return net * 1.19; // with tax
}

// Discounts are
// for members.
const text = "/* no */";
class Cart {
  total() {
    return 1;
  }
}
"""
SQL = """-- Customers of the shop.
CREATE TABLE customers (
  id INT PRIMARY KEY, -- the number

  name TEXT
);

/* Sample data */
INSERT INTO customers VALUES (1, 'Ada');
create or replace view names as
SELECT name FROM customers;
"""


def read(path: str, text: str) -> Document:
    (document,) = parse(path, text.encode(), SETTINGS).documents
    assert [*fuzz.problems(document)] == []
    assert document.text == text
    return document


def blocks(document: Document) -> list[tuple[str, str, str]]:
    """The kind of each block, the headings above it, and its text."""
    return [
        (block.kind, " > ".join(document.sections[block.section].path), block.span.of(document.text))
        for block in document.blocks
    ]


def test_the_parts_of_a_python_module() -> None:
    monthly = "def monthly(balance"
    assert blocks(read("a.py", PYTHON)) == [
        ("code", "", "#!/usr/bin/env python"),
        ("paragraph", "", "Rates of the loans."),
        ("paragraph", "", "They are yearly."),
        ("paragraph", "", "Reads the rates."),
        ("code", "", "RATE = 4.2  # percent"),
        ("code", "", 'NOTE = """\nclass of 1990\n# no comment\n"""'),
        ("paragraph", monthly, "Used by the monthly report."),
        ("code", monthly, "@cached\ndef monthly(balance,\n            rate=RATE):"),
        ("paragraph", monthly, "The interest of a month."),
        ("paragraph", monthly, "It is a twelfth."),
        ("paragraph", monthly, ":param balance: in euros"),
        ("code", monthly, "x = balance * rate"),
        ("paragraph", monthly, "Round to cents."),
        ("code", monthly, "return round(x / 12, 2)"),
        ("code", "class Loan(Base)", "class Loan(Base):"),
        ("code", "class Loan(Base) > def close(self)", "def close(self):\n        pass"),
        ("code", "", "run()"),
    ]


def test_the_parts_of_a_javascript_module() -> None:
    gross = "export async function gross(net)"
    assert blocks(read("a.JS", JAVASCRIPT)) == [
        ("paragraph", gross, "Adds tax."),
        ("paragraph", gross, "The rate is\n * 19 %."),
        ("code", gross, JAVASCRIPT[JAVASCRIPT.index("export") : JAVASCRIPT.index("\n\n// Disc")]),
        ("paragraph", "", "Discounts are\n// for members."),
        ("code", "", 'const text = "/* no */";'),
        ("code", "class Cart", "class Cart {"),
        ("code", "class Cart > total()", "total() {\n    return 1;\n  }\n}"),
    ]


def test_the_parts_of_an_sql_script() -> None:
    assert blocks(read("a.sql", SQL)) == [
        ("paragraph", "CREATE TABLE customers", "Customers of the shop."),
        ("code", "CREATE TABLE customers", "CREATE TABLE customers (\n  id INT PRIMARY KEY, -- the number"),
        ("code", "CREATE TABLE customers", "name TEXT\n);"),
        ("paragraph", "", "Sample data"),
        ("code", "", "INSERT INTO customers VALUES (1, 'Ada');"),
        ("code", "create or replace view names as", "create or replace view names as\nSELECT name FROM customers;"),
    ]


def test_an_unknown_language_is_plain_text() -> None:
    document = read("a.foo", "# Hives\n\nThe hive is white, and it stands on the meadow.\n")
    assert (document.title, [kind for kind, _, _ in blocks(document)]) == ("Hives", ["paragraph"])


@pytest.mark.parametrize(
    ("extension", "text", "paragraph", "heading"),
    [
        (".rs", "/// Adds.\npub(crate) fn add(a: i32) -> i32 {\n}\n", "Adds.", "pub(crate) fn add(a: i32) -> i32"),
        (".go", "// Adds.\nfunc (s *Shop) Add(a int) {\n}\n", "Adds.", "func (s *Shop) Add(a int)"),
        (".java", "/** Adds. */\npublic int add(int a) {\n}\n", "Adds.", "public int add(int a)"),
        (".sh", "# Adds.\nadd() {\n}\n", "Adds.", "add()"),
        (".r", "# Adds.\nadd <- function(a) {\n}\n", "Adds.", "add <- function(a)"),
        (".rb", "# Adds.\ndef add(a)\nend\n", "Adds.", "def add(a)"),
        (".lua", "--[[ Adds. ]]\nlocal function add(a)\nend\n", "Adds.", "local function add(a)"),
        (".el", ";; Adds.\n(defun add (a) a)\n", "Adds.", "(defun add (a) a)"),
        (".hs", "{- Adds. -}\nmodule Add where\n", "Adds.", "module Add where"),
        (".vb", "' Adds.\nPublic Sub Add(a)\nEnd Sub\n", "Adds.", "Public Sub Add(a)"),
        (".vue", "<!-- Adds. -->\n<p>a</p>\n", "Adds.", ""),
        (".erl", "%% Adds.\nadd(A) -> A.\n", "Adds.", ""),
        (".cs", "/// Adds.\n[Pure]\npublic class Add\n{\n}\n", "Adds.", "public class Add"),
    ],
)
def test_comments_and_definitions_of_other_languages(extension: str, text: str, paragraph: str, heading: str) -> None:
    (document,) = parse(f"a{extension}", text.encode(), ReadingSettings(text_files=(extension,))).documents
    assert blocks(document)[0] == ("paragraph", heading, paragraph)
    assert blocks(document)[1][:2] == ("code", heading)


def test_a_call_begins_no_definition() -> None:
    assert {heading for _, heading, _ in blocks(read("a.py", "run()\n\nclass_of = 3\n\ndefault(3)\n"))} == {""}


def test_source_code_is_read_only_if_it_is_wanted() -> None:
    assert not supported("a.py")
    assert supported("sub/A.PY", (".py",))
    assert ".py" not in extensions()
    assert extensions((".py", ".md")) == (*extensions(), ".py")
    with pytest.raises(KeyError):
        parse("a.py", b"x = 1\n")


def test_a_format_of_its_own_stays_so() -> None:
    (document,) = parse("a.json", b'{"title": "Bees", "text": "Bees sleep in winter."}', SETTINGS).documents
    assert document.title == "Bees"


def test_source_code_in_an_archive_is_read_only_if_it_is_wanted() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("src/a.py", PYTHON)
        archive.writestr("a.txt", "Bees sleep in winter.")
    assert [document.path for document in parse("a.zip", file.getvalue(), SETTINGS).documents] == [
        "a.zip/a.txt",
        "a.zip/src/a.py",
    ]
    assert [document.path for document in parse("a.zip", file.getvalue()).documents] == ["a.zip/a.txt"]


def test_a_file_without_text_is_empty_and_a_binary_one_is_refused() -> None:
    assert [document.blocks for document in parse("a.py", b"\n # --- \n", SETTINGS).documents] == [()]
    with pytest.raises(Unreadable, match="binary"):
        parse("a.py", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 20, SETTINGS)


def test_the_settings_survive_json() -> None:
    settings = ReadingSettings({"text": "story"}, (".py",))
    assert ReadingSettings.from_json(settings.as_json()) == settings


@pytest.mark.parametrize(
    "piece", ["/*", '"', "`", "/**/", "//", "'\\", "*/ ", "//\n", "@a\n", "public ", "{\n\n", '"\\', " "]
)
def test_no_sign_that_is_repeated_takes_long(piece: str) -> None:
    text = piece * (400_000 // len(piece)) + "\n\n/* The end. */\n"
    begun = time.process_time()
    parse("a.js", text.encode(), SETTINGS)
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("extension", [".py", ".js", ".sql", ".el", ".vb", ".vue"])
@given(text=st.text("ab1:=#/*\"'`-;<>!\\\\ {}()\n@", max_size=120) | st.lists(
    st.sampled_from(LINES), max_size=30
).map("".join))  # fmt: skip
def test_every_word_can_be_cited(extension: str, text: str) -> None:
    (document,) = parse(f"a{extension}", text.encode(), ReadingSettings(text_files=(extension,))).documents
    assert [*fuzz.problems(document)] == []
    cited = {place for block in document.blocks for place in range(block.span.start, block.span.end)}
    assert [place for place, character in enumerate(text) if character.isalnum() and place not in cited] == []


def test_every_language_has_its_signs() -> None:
    assert all(extension.startswith(".") and extension == extension.lower() for extension in LANGUAGES)
    assert [extension for extension in LANGUAGES if supported(f"a{extension}")] == []
