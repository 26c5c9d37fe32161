"""Reads the fields of a form with their values, as words beside their labels, and the comments on a page."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from .layout import Word

_MAX_ANNOTATIONS, _MAX_VALUE = 2_000, 10_000  # on a page; characters
_MAX_OPTIONS = 1_000
_PASSWORD_FIELD = 1 << 13
_HIDDEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_NEAR = 25  # in font sizes: how far a label may be on the left of its field
_USUAL_SIZE = 11.0  # points
_BOXES = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_TEXTS = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX)
_COMMENTS = (
    raw.FPDF_ANNOT_TEXT,
    raw.FPDF_ANNOT_FREETEXT,
    raw.FPDF_ANNOT_HIGHLIGHT,
    raw.FPDF_ANNOT_UNDERLINE,
    raw.FPDF_ANNOT_SQUIGGLY,
    raw.FPDF_ANNOT_STRIKEOUT,
    raw.FPDF_ANNOT_CARET,
    raw.FPDF_ANNOT_SQUARE,
    raw.FPDF_ANNOT_CIRCLE,
)
_NAME = re.compile(r"[^\W\d_][^\W_]*(?:[ _-][^\W_]+)*\Z")  # a field's name that a person may have given


@dataclass(frozen=True, slots=True)
class Field:
    """A field with its value (a ticked or empty box for a button) and its place on the page, in points."""

    value: str
    name: str
    left: float
    bottom: float
    right: float
    top: float
    is_box: bool


def fields_and_comments(opened: pdfium.PdfDocument, page: pdfium.PdfPage) -> tuple[list[Field], list[str]]:
    """The filled fields of a page, and the comments on it, each with its author."""
    fields: list[Field] = []
    comments: list[str] = []
    for number in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MAX_ANNOTATIONS)):
        with _annotation(page, number) as annotation:
            if annotation is None or raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                continue
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_WIDGET and opened.formenv:
                fields += _field(opened.formenv.raw, annotation)
            elif kind in _COMMENTS:
                text, author = (_property(annotation, name) for name in (b"Contents", b"T"))
                if text:
                    comments.append(f"Comment by {author}: {text}" if author else f"Comment: {text}")
    return fields, comments


@contextmanager
def _annotation(page: pdfium.PdfPage, number: int) -> Iterator[Any]:
    annotation = raw.FPDFPage_GetAnnot(page.raw, number)
    try:
        yield annotation or None
    finally:
        if annotation:
            raw.FPDFPage_CloseAnnot(annotation)


def _field(form: Any, annotation: Any) -> Iterator[Field]:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    place = raw.FS_RECTF()
    if not raw.FPDFAnnot_GetRect(annotation, place):
        return
    value = ""
    if kind in _BOXES:
        value = "☒" if raw.FPDFAnnot_IsChecked(form, annotation) else "☐"
    elif kind in _TEXTS and not (
        kind == raw.FPDF_FORMFIELD_TEXTFIELD and raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD_FIELD
    ):
        value = _read(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))
    elif kind == raw.FPDF_FORMFIELD_LISTBOX:
        value = ", ".join(_selected(form, annotation))
    if value:
        name = _read(lambda buffer, size: raw.FPDFAnnot_GetFormFieldAlternateName(form, annotation, buffer, size))
        if not name:
            name = _read(lambda buffer, size: raw.FPDFAnnot_GetFormFieldName(form, annotation, buffer, size))
            name = name.replace("_", " ") if _NAME.match(name) else ""
        edges = sorted((place.left, place.right)), sorted((place.bottom, place.top))
        yield Field(value, name, edges[0][0], edges[1][0], edges[0][1], edges[1][1], kind in _BOXES)


def _selected(form: Any, annotation: Any) -> Iterator[str]:
    for option in range(min(max(0, raw.FPDFAnnot_GetOptionCount(form, annotation)), _MAX_OPTIONS)):
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, option):
            yield _read(lambda b, size, n=option: raw.FPDFAnnot_GetOptionLabel(form, annotation, n, b, size))  # type: ignore[misc]


def _property(annotation: Any, name: bytes) -> str:
    return _read(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, name, buffer, size))


def _read(call: Callable[[Any, int], int]) -> str:
    """The string that a function of pdfium writes to a buffer, on one line; empty if it is too long."""
    size = call(None, 0)
    if not 2 < size <= 2 * _MAX_VALUE:
        return ""
    buffer = ctypes.create_string_buffer(size)
    call(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return " ".join(buffer.raw.decode("utf-16-le", "ignore").replace("\x00", "").split())


def with_fields(words: Sequence[Word], fields: Sequence[Field]) -> list[Word]:
    """The words of a page with those of its fields: a value follows its label, a box stays at its place."""
    result = list(words)
    for field in fields:
        label = None if field.is_box else _label(field, words)
        if label is None:
            result += _placed(field)
            continue
        at = next((n for n, word in enumerate(result) if word is label), None)
        if at is not None and label.text[-1].isalnum():
            result[at] = replace(label, text=f"{label.text}:")
        left = label.x1 + 0.3 * label.size
        result += _spread(field.value, left, max(field.right, left + 1), label)
    return result


def _label(field: Field, words: Sequence[Word]) -> Word | None:
    """The nearest word on the left of a field, in its line."""
    middle = (field.bottom + field.top) / 2
    near = [
        word
        for word in words
        if word.x1 <= field.left + word.size
        and field.left - word.x1 < _NEAR * word.size
        and (word.y <= middle <= word.top or field.bottom <= (word.y + word.top) / 2 <= field.top + 0.5 * word.size)
    ]
    return max(near, key=lambda word: (word.x1, -abs((word.y + word.top) / 2 - middle)), default=None)


def _placed(field: Field) -> list[Word]:
    size = min(_USUAL_SIZE, max(4.0, 0.8 * (field.top - field.bottom)))
    bottom = (field.top + field.bottom) / 2 - 0.6 * size
    text = field.value if field.is_box or not field.name else f"{field.name}: {field.value}"
    model = Word("", field.left, field.right, bottom, bottom + 1.2 * size, size)
    return _spread(text, field.left, max(field.right, field.left + 1), model)


def _spread(text: str, left: float, right: float, model: Word) -> list[Word]:
    """The words of a text between two edges, as wide as letters usually are if there is room."""
    step = min((right - left) / len(text), 0.5 * model.size)
    found = []
    for match in re.finditer(r"\S+", text):
        x0, x1 = left + step * match.start(), left + step * match.end()
        found.append(replace(model, text=match[0], x0=x0, x1=x1, bold=False))
    return found
