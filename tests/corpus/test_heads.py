"""When an article was written, as its properties and its name say it."""

from __future__ import annotations

import pytest

from qa.corpus.heads import date_of
from qa.corpus.records import FileRecord, Head


@pytest.mark.parametrize(
    ("path", "properties", "date"),
    [
        ("report-2023.md", {"date": "2024-05-17"}, (2024, 5, 17)),
        ("2023-03-02-report.md", {"date": "2024-05-17"}, (2024, 5, 17)),
        ("2024-05-17-report.md", {"date": "2024"}, (2024, 5, 17)),  # the same, said exactly
        ("2023-05-17-report.md", {"date": "2024"}, (2024, 0, 0)),
        ("report-2024.md", {"date": "2024-05-17"}, (2024, 5, 17)),
        ("report-2023.md", {"author": "Ada"}, (2023, 0, 0)),
        ("20230302 report.md#3", {}, (2023, 3, 2)),
        ("report.md", {"date": "soon"}, None),
    ],
)
def test_the_properties_say_it_before_the_name(
    path: str, properties: dict[str, str], date: tuple[int, int, int] | None
) -> None:
    assert date_of(Head(path, "", properties, FileRecord(path.partition("#")[0], 1, 0))) == date
