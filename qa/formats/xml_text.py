"""Prepares XML for its parsers: decoded, without a DOCTYPE, and with the entities that it declares written out.

External entities are never loaded, and entities that contain others are not written out, so none can grow.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Mapping
from html import escape
from html.entities import html5

from .decoding import Unreadable, decode

_DECLARATION = re.compile(r"\s*<\?xml\b[^<>]{0,300}\?>")
_ENCODING = re.compile(rb"""\A\s*<\?xml\b[^<>]{0,300}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""")
_TEXT_ENCODING = re.compile(r"iso8859|iso2022|latin|ascii|cp\d|koi8|gb|hz|big5|shift_jis|euc|mac|tis")
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^<>\[]{0,2000}(?:\[(?P<inside>.{0,1000000}?)\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.:-]{1,100})\s+(?:"([^"<&%]{0,200})"|'([^'<&%]{0,200})')\s*>""")
_REFERENCE = re.compile(r"&(?:([A-Za-z_][\w.:-]{0,100})|#([xX][\da-fA-F]{1,7}|\d{1,8}));")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,100})([^<>]{0,4000})>")
_BEFORE_ROOT = re.compile(r"\s*(?:<\?[^<>]{0,2000}\?>\s*|<!--(?:(?!-->).){0,20000}-->\s*)*", re.DOTALL)
_KEPT = ("amp", "lt", "gt", "quot", "apos")


def xml_text(data: bytes) -> str:
    """The text of an XML file without its declaration and DOCTYPE. Raises Unreadable if it is no text."""
    text = _DECLARATION.sub("", _decoded(data).lstrip("\ufeff"), count=1)
    start = _BEFORE_ROOT.match(text)
    doctype = _DOCTYPE.match(text, start.end() if start else 0)
    declared: Mapping[str, str] = {}
    if doctype is not None:
        found = _ENTITY.finditer(doctype["inside"] or "")
        declared = {match[1]: match[2] or match[3] or "" for match in found}
        text = text[: doctype.start()] + text[doctype.end() :]

    def written(reference: re.Match[str]) -> str:
        name, number = reference.groups()
        if number:
            code = int(number[1:], 16) if number[0] in "xX" else int(number)
            return escape(_NOT_XML.sub("", chr(code))) if code < sys.maxunicode else ""
        if name in _KEPT:
            return reference[0]
        value = declared.get(name)
        return escape(value if value is not None else html5.get(f"{name};", ""))

    return _NOT_XML.sub("", _REFERENCE.sub(written, text))


def root_of(text: str) -> tuple[str, str]:
    """The name of the root element without its prefix, and its attributes; both empty if there is none."""
    start = _BEFORE_ROOT.match(text)
    root = _ROOT.match(text, start.end() if start else 0)
    return (root[1].rpartition(":")[2], root[2]) if root else ("", "")


def _decoded(data: bytes) -> str:
    declared = _ENCODING.match(data)
    try:
        data.decode("utf-8")
        return decode(data)
    except UnicodeDecodeError:
        pass
    if declared is not None:
        try:
            encoding = codecs.lookup(declared[1].decode()).name
            if _TEXT_ENCODING.match(encoding):
                return decode(data.decode(encoding).encode())
        except (LookupError, ValueError) as error:
            if isinstance(error, Unreadable):
                raise
    return decode(data)
