"""Makes the PDFs that the tests read: `python tests/files/make_pdf.py` writes them next to their sources in `pdf/`.

It needs Chromium for the two that are printed; those with odd properties are written here byte by byte.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent / "pdf"
PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
IDENTITY = b"0123456789abcdef"


def written(
    pages: Sequence[bytes],
    info: Mapping[str, str] | None = None,
    outline: Sequence[tuple[str, int]] = (),
    page_entries: str = "",
    objects: Mapping[str, bytes] | None = None,
    password: bytes = b"",
    annotations: Sequence[str] = (),
) -> bytes:
    """A PDF of these content streams, with Helvetica as /F and bold as /B; `objects` are more resources.

    `annotations` are the entries of those on the first page; those of the subtype Widget are fields of a form.
    """
    bodies: list[bytes] = [b"", b""]

    def add(content: bytes) -> int:
        bodies.append(content)
        return len(bodies)

    fonts = [
        add(b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>" % name)
        for name in (b"Helvetica", b"Helvetica-Bold")
    ]
    more = b"".join(b"/%s %d 0 R" % (name.encode(), add(content)) for name, content in (objects or {}).items())
    resources = b"<</Font<</F %d 0 R/B %d 0 R>>/XObject<<%s>>>>" % (fonts[0], fonts[1], more)
    added = [(entries, add(b"<</Type/Annot%s>>" % entries.encode("latin-1"))) for entries in annotations]
    form = b" ".join(b"%d 0 R" % number for entries, number in added if "/Widget" in entries)
    kids: list[int] = []
    for content in pages:
        contents = add(stream(content))
        entries = page_entries.encode()
        if added and not kids:
            entries += b"/Annots[%s]" % b" ".join(b"%d 0 R" % number for _, number in added)
        kids.append(
            add(
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources %s/Contents %d 0 R%s>>"
                % (resources, contents, entries)
            )
        )
    marks = b""
    if outline:
        first, root = len(bodies) + 2, add(b"")
        for number, (text, page) in enumerate(outline):
            following = b"/Next %d 0 R" % (first + number + 1) if number + 1 < len(outline) else b""
            add(b"<</Title(%s)/Parent %d 0 R/Dest[%d 0 R/Fit]%s>>" % (text.encode(), root, kids[page], following))
        bodies[root - 1] = b"<</First %d 0 R/Last %d 0 R/Count %d>>" % (first, first + len(outline) - 1, len(outline))
        marks = b"/Outlines %d 0 R" % root
    if form:
        marks += b"/AcroForm<</Fields[%s]>>" % form
    bodies[0] = b"<</Type/Catalog/Pages 2 0 R%s>>" % marks
    bodies[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % kid for kid in kids), len(kids))
    values = b"".join(b"/%s(%s)" % (name.encode(), value.encode("latin-1")) for name, value in (info or {}).items())
    trailer = b"/Root 1 0 R/Info %d 0 R" % add(b"<<%s>>" % values)
    if password:
        trailer += b"/ID[<%s><%s>]/Encrypt %d 0 R" % (IDENTITY.hex().encode(), IDENTITY.hex().encode(), len(bodies) + 1)
        key, entry = locking(password)
        bodies = [_encrypted(number, content, key) for number, content in enumerate(bodies, 1)]
        add(entry)
    return assembled(bodies, trailer)


def assembled(objects: Sequence[bytes], trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A PDF of these objects, numbered from 1, with their table and these entries of the trailer."""
    result, offsets = b"%PDF-1.5\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(result))
        result += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return result + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, trailer, len(result))
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object with these entries in its dictionary."""
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def text_at(x: float, y: float, text: str, size: float = 11, font: str = "F") -> bytes:
    """A content stream that shows one line."""
    escaped = re.sub(r"([()\\])", r"\\\1", text).encode("cp1252")
    return b"BT /%s %g Tf 1 0 0 1 %g %g Tm (%s) Tj ET\n" % (font.encode(), size, x, y, escaped)


def lines_at(x: float, y: float, lines: Sequence[str], size: float = 11, step: float = 13.5) -> bytes:
    """A content stream that shows lines below each other."""
    return b"".join(text_at(x, y - number * step, line, size) for number, line in enumerate(lines))


def noted(x: float, y: float, line: str, size: float = 11) -> bytes:
    """A content stream that shows one line, in which a mark after ^ is raised and smaller, as of a note."""
    shown = b""
    for number, part in enumerate(re.split(r"\^(\d+|[*†])", line)):
        escaped = re.sub(r"([()\\])", r"\\\1", part).encode("cp1252")
        font = b"%g Ts /F %g Tf" % ((0.4 * size, 0.6 * size) if number % 2 else (0, size))
        shown += b"%s (%s) Tj " % (font, escaped)
    return b"BT 1 0 0 1 %g %g Tm %s0 Ts ET\n" % (x, y, shown)


def cells_at(xs: Sequence[float], y: float, rows: Sequence[Sequence[str]], step: float = 15) -> bytes:
    """A content stream that shows rows of cells, in columns that begin at `xs`."""
    return b"".join(
        text_at(x, y - number * step, cell)
        for number, row in enumerate(rows)
        for x, cell in zip(xs, row, strict=False)
        if cell
    )


def turned(content: bytes, angle: int, x: float, y: float) -> bytes:
    """A content stream turned counterclockwise by 90 or 270 degrees, with its origin at a point."""
    sine = 1 if angle == 90 else -1
    return b"q 0 %d %d 0 %g %g cm\n%sQ\n" % (sine, -sine, x, y, content)


def rule_at(x: float, y: float, width: float) -> bytes:
    """A content stream that draws a thin line, as above the notes of a page."""
    return b"%g %g %g 0.5 re f\n" % (x, y, width)


def locking(password: bytes) -> tuple[bytes, bytes]:
    """The key and the dictionary of the standard security handler, revision 2 (PDF 1.7, 7.6.3; 40 bits)."""
    padded = (password + PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + struct.pack("<i", -4) + IDENTITY).digest()[:5]
    entries = (owner.hex().encode(), _rc4(key, PADDING).hex().encode())
    return key, b"<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -4>>" % entries


def _encrypted(number: int, content: bytes, key: bytes) -> bytes:
    """The object with its stream encrypted; its strings are left as they are, since no test reads them."""
    if b"stream\n" not in content:
        return content
    head, rest = content.split(b"stream\n", 1)
    body = rest[: -len(b"\nendstream")]
    own = hashlib.md5(key + struct.pack("<I", number)[:3] + b"\x00\x00").digest()[:10]
    return head + b"stream\n" + _rc4(own, body) + b"\nendstream"


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    result, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        result.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(result)


def picture(pdf: Path) -> bytes:
    """The first page of a PDF as a scan: a grey picture and nothing else."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as opened:
        shown = opened[0].render(scale=0.8, grayscale=True).to_numpy()
    height, width = shown.shape[:2]
    return written([SCAN], objects={"Scan": image(width, height, shown.tobytes())})


SCAN = b"q 595 0 0 842 0 0 cm /Scan Do Q\n"  # a page that shows only the picture /Scan


def image(width: int = 1, height: int = 1, grey: bytes = b"\xcc") -> bytes:
    """A picture, for the `objects` of `written`."""
    data = zlib.compress(grey, 9)
    entries = b"/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode"
    return stream(data, entries % (width, height))


def printed(source: Path) -> bytes:
    """The page as printed by Chromium; long words get soft hyphens first, so that some are broken."""
    html = source.read_text("utf-8")
    if "text-align: justify" in html:
        head, body = html.split("<body>")
        html = head + "<body>" + re.sub(r"([a-z]{4,})([a-z]{4,})", "\\1\u00ad\\2", body)
    with tempfile.TemporaryDirectory() as folder:
        page, pdf = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(re.sub("</?[a-z0-9\u00ad]+", lambda tag: tag[0].replace("\u00ad", ""), html), "utf-8")
        options = ["--headless", "--no-sandbox", "--no-pdf-header-footer", "--generate-pdf-document-outline"]
        subprocess.run([str(shutil.which("chromium")), *options, f"--print-to-pdf={pdf}", page.as_uri()], check=True)
        return pdf.read_bytes()


if __name__ == "__main__":
    for source in sorted(FOLDER.glob("*.html")):
        source.with_suffix(".pdf").write_bytes(printed(source))
    (FOLDER / "scanned.pdf").write_bytes(picture(FOLDER / "columns.pdf"))
    secret = [text_at(60, 700, "The key is under the third flower pot.")]
    (FOLDER / "locked.pdf").write_bytes(written(secret, password=b"honey"))
