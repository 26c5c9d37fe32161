"""What a person set about reading files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """The field of a record (JSON, CSV) for its title, text …, if it is not one of the usual ones, by what it is for;
    and the extensions, in lower case with their dot, of further files that are read as text or source code.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    text_files: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """These settings for JSON: `from_json` makes equal ones of it."""
        return {"fields": dict(self.fields), "text_files": list(self.text_files)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReadingSettings:
        """The settings of `as_json`."""
        return cls(dict(data["fields"]), tuple(data["text_files"]))


USUAL = ReadingSettings()
