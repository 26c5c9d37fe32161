"""Opens zip archives (office documents, e-books, articles) within limits on their number of entries and real size."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from xml.etree import ElementTree

from .decoding import Unreadable

MAX_ENTRIES = 10_000
MAX_BYTES = 300_000_000  # of all parts together, unpacked
_BLOCK = 1 << 20
_MAX_RATIO = 200  # office files of plain text reach about 30
_RATIO_APPLIES_FROM = 50_000_000  # bytes; a small file may be very repetitive
_MAX_PART = 8_000_000  # bytes of a part that is read here
# An XML entity that contains others, or a long text: either grows with each use.
_GROWING_ENTITY = re.compile(
    rb"""<!ENTITY\s[^"'>]{1,200}(?:"[^"]{0,99}(?:&\w|[^"]{100})|'[^']{0,99}(?:&\w|[^']{100}))"""
)
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of an Office document with a password
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCKED = "locked: it needs a password"


def open_archive(data: bytes, kind: str, is_document: bool = True) -> zipfile.ZipFile:
    """Open an archive after unpacking every part once to measure it.

    `kind` is the expected kind of file, for the message: "Word document". In a document every part must unpack and
    parts are XML; in any other archive, entries that cannot be unpacked are tolerated. Raises Unreadable if the archive
    is damaged, locked or too large.
    """
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable(_LOCKED)
    damaged = f"is damaged: it cannot be opened as {kind}"
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise Unreadable(damaged) from error
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Unreadable(f"unpacks to more than {MAX_ENTRIES} files")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable(_LOCKED)
    total = 0
    for entry in entries:
        try:
            total += _unpacked_size(data, entry, MAX_BYTES - total, is_document)
        except Unreadable:
            raise
        except (zlib.error, struct.error, ValueError) as error:
            if is_document:
                raise Unreadable(damaged) from error
        if total > MAX_BYTES:
            raise Unreadable(f"unpacks to more than {MAX_BYTES // 1_000_000} MB")
    if total > _RATIO_APPLIES_FROM and total > _MAX_RATIO * len(data):
        raise Unreadable(f"unpacks to more than {_MAX_RATIO} times its size")
    if is_document and _is_encrypted(archive):
        raise Unreadable(_LOCKED)
    return archive


def _unpacked_size(data: bytes, entry: zipfile.ZipInfo, room: int, is_xml: bool) -> int:
    """The real unpacked size of an entry, in bytes, counted no further than just past `room`.

    The declared size cannot be trusted: zipfile stops there, but pandoc may not.
    """
    mark, name_length, extra_length = _LOCAL_HEADER.unpack_from(data, entry.header_offset)
    if mark != b"PK\x03\x04":
        raise ValueError("no local header at the offset of the entry")
    start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    if entry.compress_type == zipfile.ZIP_STORED:
        return entry.compress_size
    if entry.compress_type not in _PACKED:
        raise ValueError("unsupported compression method")
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    packed, size = data[start : start + entry.compress_size], 0
    while packed and not inflate.eof and size <= room:
        block = inflate.decompress(packed, _BLOCK)
        if is_xml and size == 0 and _GROWING_ENTITY.search(block):
            raise Unreadable("declares XML entities that can grow without end")
        size += len(block)
        packed = inflate.unconsumed_tail
    return size


def _is_encrypted(archive: zipfile.ZipFile) -> bool:
    """Whether parts are encrypted in the way of their format; obfuscated fonts do not count."""
    if b"encryption-data" in read_part(archive, "META-INF/manifest.xml"):
        return True
    if "META-INF/rights.xml" in archive.namelist() or "META-INF/license.lcpl" in archive.namelist():
        return True
    methods = read_xml(archive, "META-INF/encryption.xml")
    fonts = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
    return methods is not None and any(
        local_name(element) == "EncryptionMethod" and element.get("Algorithm") not in fonts
        for element in methods.iter()
    )


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: int) -> bytes:
    """The bytes of one entry. Raises Unreadable if it is damaged, or larger than `max_bytes`."""
    if entry.compress_type not in _PACKED:
        raise Unreadable("uses an unsupported compression method: pack it with deflate")
    try:
        with archive.open(entry) as part:
            data = part.read(max_bytes + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError, zlib.error) as error:
        raise Unreadable("is damaged") from error
    if len(data) > max_bytes:
        raise Unreadable(f"is over the limit of {max_bytes / 1e6:g} MB")
    return data


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one part; empty if it is missing, damaged or very large."""
    try:
        return read_entry(archive, archive.getinfo(name), _MAX_PART)
    except (KeyError, Unreadable):
        return b""


def read_xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element | None:
    """The XML tree of one part; None if it cannot be read or has a DOCTYPE, whose entities can grow without limit."""
    data = read_part(archive, name)
    if not data or b"<!DOCTYPE" in data or b"\x00" in data:  # NUL bytes mean UTF-16, which could hide a DOCTYPE
        return None
    try:
        return ElementTree.fromstring(data)  # noqa: S314 (there is no DOCTYPE)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def local_name(element: ElementTree.Element) -> str:
    """`{http://purl.org/dc/elements/1.1/}title` → `title`."""
    return element.tag.rpartition("}")[2]
