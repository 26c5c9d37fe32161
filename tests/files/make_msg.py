"""Writes mails as Outlook saves them: an OLE file with a stream for each property."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime

Tree = Mapping[str, "bytes | Tree"]
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _SMALL, _CUTOFF = 512, 64, 4096
_EPOCH = datetime(1601, 1, 1)


def msg(texts: Mapping[str, str], sent: datetime | None = None, *attached: Tree) -> Tree:
    """The streams of a mail: texts by their tags (`0037` is the subject), and storages of attachments."""
    ticks = int((sent - _EPOCH).total_seconds()) * 10_000_000 if sent else 0
    properties = bytes(32) + struct.pack("<IIQ", 0x00390040, 6, ticks)
    tree: dict[str, bytes | Tree] = {"__properties_version1.0": properties}
    tree |= {f"__substg1.0_{tag}001F": text.encode("utf-16-le") for tag, text in texts.items()}
    return tree | {f"__attach_version1.0_#{number:08X}": each for number, each in enumerate(attached)}


def packed_rtf(rtf: bytes) -> bytes:
    """RTF as a mail has it, packed without any repetition."""
    out = bytearray()
    for start in range(0, len(rtf), 8):
        out += b"\0" + rtf[start : start + 8]
    return struct.pack("<II4sI", len(out) + 12, len(rtf), b"LZFu", 0) + bytes(out)


def rich(tree: Tree, rtf: bytes) -> Tree:
    """The mail with a text as RTF."""
    return {**tree, "__substg1.0_10090102": packed_rtf(rtf)}


def file(name: str, data: bytes) -> Tree:
    """The storage of an attached file."""
    return {"__substg1.0_3707001F": name.encode("utf-16-le"), "__substg1.0_37010102": data}


def attached_mail(mail: Tree) -> Tree:
    """The storage of an attached mail, whose properties have a shorter header."""
    properties = mail["__properties_version1.0"]
    assert isinstance(properties, bytes)
    return {"__substg1.0_3701000D": {**mail, "__properties_version1.0": properties[8:]}}


def ole(tree: Tree) -> bytes:
    """An OLE file of streams and storages by name."""
    entries: list[bytes] = []
    sectors: list[bytes] = []
    chains: list[int] = []
    small, small_chains = bytearray(), []  # type: bytearray, list[int]

    def store(data: bytes) -> int:
        """Put a stream into sectors; return the first."""
        first = len(sectors)
        count = max(1, -(-len(data) // _SECTOR))
        sectors.extend(data[n * _SECTOR : (n + 1) * _SECTOR].ljust(_SECTOR, b"\0") for n in range(count))
        chains.extend([*range(first + 1, first + count), _END])
        return first

    def store_small(data: bytes) -> int:
        first, count = len(small_chains), -(-len(data) // _SMALL)
        small.extend(data.ljust(count * _SMALL, b"\0"))
        small_chains.extend([*range(first + 1, first + count), _END])
        return first

    def entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
        wide = name.encode("utf-16-le")
        head = wide.ljust(64, b"\0") + struct.pack("<HBBIII", len(wide) + 2, kind, 1, _FREE, right, child)
        return head + bytes(36) + struct.pack("<IQ", start, size)

    def add(children: Tree) -> int:
        """Add the entries of a storage as a chain to the right; return the first."""
        following = _FREE
        for name in sorted(children, key=lambda each: (len(each), each.upper()), reverse=True):
            content = children[name]
            if isinstance(content, bytes):
                is_small = len(content) < _CUTOFF
                start = _END if not content else store_small(content) if is_small else store(content)
                made = entry(name, 2, following, _FREE, start, len(content))
            else:
                made = entry(name, 1, following, add(content), 0, 0)
            entries.append(made)
            following = len(entries) - 1
        return following

    entries.append(b"")
    child = add(tree)
    start_small = store(bytes(small))
    entries[0] = entry("Root Entry", 5, _FREE, child, start_small, len(small))
    directory = store(b"".join(entries))
    small_table = store(struct.pack(f"<{len(small_chains)}I", *small_chains).ljust(_SECTOR, b"\xff"))
    count = -(-(len(sectors) + 2 + len(sectors) // 128) // 128)
    tables = list(range(len(sectors), len(sectors) + count))
    table = struct.pack(f"<{len(chains) + count}I", *chains, *[_FAT] * count).ljust(count * _SECTOR, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    small_sectors = max(1, -(-len(small_chains) * 4 // _SECTOR))
    head += struct.pack("<IIIIIIIII", 0, count, directory, 0, _CUTOFF, small_table, small_sectors, _END, 0)
    head += struct.pack(f"<{len(tables)}I", *tables).ljust(_SECTOR - len(head), b"\xff")
    return head + b"".join(sectors) + table
