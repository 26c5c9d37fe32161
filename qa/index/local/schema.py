"""The tables of passages.sqlite, and the statements that copy rows of the last generation."""

from __future__ import annotations

REPEATED = {"acronyms": "OR IGNORE"}  # tables that may be given the same row twice


# Columns that are read of many documents come before the text, which may be long: SQLite reads a row from its start.
SCHEMA = """
CREATE TABLE files (path TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, file TEXT NOT NULL, title TEXT NOT NULL,
    language TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL, pages TEXT NOT NULL);
CREATE INDEX documents_of_file ON documents (file);
CREATE TABLE sections (
    document INTEGER NOT NULL REFERENCES documents(id), ordinal INTEGER NOT NULL, level INTEGER NOT NULL,
    path TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (document, ordinal))
    WITHOUT ROWID;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents(id), ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, section TEXT NOT NULL, page INTEGER,
    sentences TEXT NOT NULL, key BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX passages_of_document ON passages (document);
CREATE TABLE acronyms (
    document INTEGER NOT NULL REFERENCES documents(id), short TEXT NOT NULL, long TEXT NOT NULL,
    PRIMARY KEY (document, short, long)) WITHOUT ROWID;
CREATE INDEX acronyms_by_short ON acronyms (short, long);
CREATE INDEX acronyms_by_long ON acronyms (long, short);
"""


# Copies from the last generation (`old`): numbers are shifted, and the paths of a renamed file are changed.
COPIES = (
    """INSERT INTO documents SELECT id + :documents, coalesce(:file || substr(path, :after), path),
        coalesce(:file, file), title, language, text, metadata, pages
        FROM old.documents WHERE id BETWEEN :first AND :last""",
    """INSERT INTO sections SELECT document + :documents, ordinal, level, path, start, "end"
        FROM old.sections WHERE document BETWEEN :first AND :last""",
    """INSERT INTO passages SELECT id + :passages, document + :documents, ordinal, start, "end", text, section, page,
        sentences, key, checksum FROM old.passages WHERE id BETWEEN :first_passage AND :last_passage""",
    """INSERT INTO acronyms SELECT document + :documents, short, long
        FROM old.acronyms WHERE document BETWEEN :first AND :last""",
)
