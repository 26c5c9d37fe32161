"""How programming languages mark comments and begin definitions, by the extension of their files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MODIFIERS = (
    r"(?:(?:pub(?:\([a-z]+\))?|public|private|protected|internal|static|final|abstract|async|export|default|declare"
    r"|unsafe|override|open|data|sealed|virtual|inline|const|extern|partial|local)\s+)*"
)
_KEYWORDS = "fn|func|fun|function|def|defp|class|struct|enum|trait|interface|impl|module|namespace|sub|type|protocol"
_DEFINITION = re.compile(
    rf"{_MODIFIERS}(?:{_KEYWORDS})\b[ \t*]+[\w$(<]"  # def total(, export function total(, func (s Shop) Total(
    r"|(?:public|private|protected|internal)\b[^;=]*\)(?:\s*throws [\w., ]+)?\s*\{?\s*$"  # public int total(int a) {
    r"|[\w.-]+\s*\(\)\s*\{\s*$"  # total() {
    r"|[\w.$]+\s*(?:<-|=)\s*(?:async\s+)?function\b"  # total <- function(a)
)
_CREATE = re.compile(
    r"CREATE\s+(?:(?:OR\s+REPLACE|OR\s+ALTER|GLOBAL|LOCAL|TEMP|TEMPORARY|UNIQUE|MATERIALIZED|VIRTUAL|UNLOGGED)\s+)*"
    r"(?:TABLE|VIEW|FUNCTION|PROCEDURE|PROC|TRIGGER|INDEX|TYPE|SCHEMA|DATABASE|SEQUENCE|DOMAIN|PACKAGE)\s+\S",
    re.IGNORECASE,
)
_LISP = re.compile(r"\((?:def[\w*-]*|define[\w-]*)\s+\S")
_BASIC = re.compile(
    r"(?:(?:public|private|friend|shared|protected|static)\s+)*(?:sub|function|class|module|property)\s+\w", re.I
)


@dataclass(frozen=True, slots=True)
class Language:
    """`tokens` finds comments, docstrings (both as the group `comment`) and strings, from the start of a text to its
    end; `sign` is what stands before the words of a line of a comment, `closing` what may end one, and `definition`
    begins a function, class, table or the like.
    """

    tokens: re.Pattern[str]
    sign: re.Pattern[str]
    closing: tuple[str, ...]
    definition: re.Pattern[str]


def _language(
    lines: Sequence[str],
    blocks: Mapping[str, str] | None = None,
    quotes: str = "\"'",
    definition: re.Pattern[str] = _DEFINITION,
) -> Language:
    """`lines` begin a comment that ends with its line, `blocks` one that ends with another sign."""
    blocks = blocks or {}
    # What is never closed goes on to the end, of the text or of the line, so that each character is read once.
    comments = [rf"{_opening(begin)}.*?(?:{re.escape(end)}|\Z)" for begin, end in blocks.items()]
    comments += [rf"{re.escape(mark)}(?!!)[^\n]*" for mark in lines]
    strings = [rf"{mark}[^{mark}\\\n]*(?:\\.[^{mark}\\\n]*){{0,1000}}{mark}?" for mark in quotes if mark != "`"]
    strings += [r"`[^`]*(?:`|\Z)"] if "`" in quotes else []
    signs = [rf"{_opening(begin)}[*!-]*" for begin in blocks]
    signs += [rf"{re.escape(mark)}{re.escape(mark[-1])}*!?" for mark in lines] + (
        [r"\*+(?!/)"] if "/*" in blocks else []
    )
    return Language(
        re.compile("|".join([f"(?P<comment>{'|'.join(comments)})", *strings]), re.DOTALL),
        re.compile(rf"[ \t]*(?:{'|'.join(signs)})?[ \t]*"),
        tuple(blocks.values()),
        definition,
    )


def _opening(begin: str) -> str:
    return rf"[rRuUbBfF]{{0,2}}{begin}" if begin in ('"""', "'''") else re.escape(begin)


_C = {"/*": "*/"}
_FAMILIES = {
    "py pyi pyw": _language(["#"], {'"""': '"""', "'''": "'''"}),
    "sh bash zsh ksh fish rb pl pm r jl ps1 psm1 tcl awk mk cmake nix ex exs cr coffee nim gd graphql gql": _language(
        ["#"]
    ),
    "c h cpp cc cxx hpp hh cs java js mjs cjs jsx ts mts cts tsx go rs swift kt kts scala groovy gradle dart zig v sol"
    " proto mm css scss less glsl hlsl cu d": _language(["//"], _C, "\"'`"),
    "php tf hcl": _language(["//", "#"], _C),
    "sql ddl psql plsql": _language(["--"], _C, definition=_CREATE),
    "lua": _language(["--"], {"--[[": "]]"}),
    "hs elm": _language(["--"], {"{-": "-}"}, '"'),
    "adb ads vhd vhdl": _language(["--"], quotes='"'),
    "lisp lsp el clj cljs cljc edn scm rkt": _language([";"], {"#|": "|#"}, '"', _LISP),
    "asm s": _language([";", "#"], _C, '"'),
    "erl hrl": _language(["%"]),
    "vb vbs bas": _language(["'"], quotes='"', definition=_BASIC),
    "svg vue svelte xsl xslt xaml": _language([], {"<!--": "-->"}, ""),
}
LANGUAGES = {f".{extension}": language for names, language in _FAMILIES.items() for extension in names.split()}
