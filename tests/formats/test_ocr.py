"""Tests that text in pictures is read where it stands: image files and scanned pages of PDF."""

from __future__ import annotations

import io
import json
import sqlite3
import textwrap
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from qa.corpus.pages import Pages
from qa.formats import ocr, page_pictures, parse
from qa.formats.decoding import Empty, Unreadable
from qa.formats.pdf import images
from qa.formats.pictures import PagePicture
from qa.formats.read_page import ReadPage, ReadWord, page_from_json
from qa.sandbox.pool import SandboxProcess
from qa.sandbox.read_pages import NAME, ReadPages
from qa.text.document import Contents, Document, Span
from qa.text.passages import PassageSettings, Splitting
from qa.text.recognised import recognised_share

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
ENGLISH = (
    "The lighthouse of Skerrow was built in 1849 by Agnes Muir. Its lamp burned whale oil until the harbour company "
    "laid a gas pipe. The tower is 41 metres high, and 212 steps lead to the gallery."
)
GERMAN = (
    "Die Größe der Brücke überrascht: Sie führt über vier Flüsse und wurde im März 1931 eröffnet. Für Fußgänger ist "
    "die Überquerung kostenlos, für Fahrräder beträgt die Gebühr zwei Kronen."
)


def drawn(text: str, dpi: int = 150, size: tuple[float, float] = (6.0, 4.0), columns: int = 1) -> Image.Image:
    """A page with a text in black, `size` in inches, in columns side by side."""
    image = Image.new("L", (int(size[0] * dpi), int(size[1] * dpi)), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, int(11 * dpi / 72))
    width = int(56 / columns) - 2
    lines = textwrap.wrap(text, width)
    height = -(-len(lines) // columns)
    for number, line in enumerate(lines):
        column, row = divmod(number, height)
        left = int(dpi * (0.5 + column * (size[0] - 0.7) / columns))
        draw.text((left, int(dpi * 0.5) + int(16 * dpi / 72) * row), line, font=font, fill=0)
    return image


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def only(contents: Contents) -> Document:
    (document,) = contents.documents
    return document


def found(text: str, document: Document) -> float:
    words = text.split()
    return sum(word in document.text.split() for word in words) / len(words)


def pictures(data: bytes, document: Document, words: str) -> tuple[PagePicture, ...]:
    start = document.text.index(words)
    block = next(block.span for block in document.blocks if block.span.start <= start < block.span.end)
    return page_pictures(data, document.text, document.pages, block, [Span(start, start + len(words))])


@pytest.mark.parametrize("dpi", [150, 300])
@pytest.mark.parametrize("text", [ENGLISH, GERMAN], ids=["english", "german"])
def test_words_are_read(dpi: int, text: str) -> None:
    contents = parse("page.png", saved(drawn(text, dpi)))
    document = only(contents)
    assert found(text, document) >= 0.93
    assert len(document.pages) == 1
    assert (recognised_share(document.metadata, 1) or 0) > 0.9
    assert contents.problems == ()  # nothing of it is missing
    assert contents.notes[0].startswith("read from an image, ")


@pytest.mark.parametrize("angle", [90, 180, 270, 2, -6])
def test_a_page_is_read_in_any_direction(angle: int) -> None:
    image = drawn(ENGLISH).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert found(ENGLISH, only(parse("page.png", saved(image)))) >= 0.93


def test_a_noisy_page_is_read() -> None:
    image = Image.blend(drawn(ENGLISH), Image.effect_noise((900, 600), 120), 0.3).filter(ImageFilter.GaussianBlur(0.6))
    assert found(ENGLISH, only(parse("page.jpg", saved(image, "JPEG", quality=40)))) >= 0.95


def test_columns_are_read_one_after_the_other() -> None:
    document = only(parse("page.png", saved(drawn(f"{ENGLISH} {ENGLISH}", columns=2))))
    assert "and 212 steps lead to the gallery" in document.text


def test_the_camera_says_which_way_is_up() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned clockwise
    data = saved(drawn(ENGLISH).rotate(90, expand=True), "JPEG", exif=exif)
    assert found(ENGLISH, only(parse("photo.jpg", data))) >= 0.93


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "BMP", "GIF"])
def test_other_kinds_of_image_are_read(kind: str) -> None:
    assert found(ENGLISH, only(parse(f"page.{kind.lower()}", saved(drawn(ENGLISH), kind)))) >= 0.93


def test_every_page_of_a_tiff_is_read() -> None:
    data = saved(drawn(ENGLISH), "TIFF", save_all=True, append_images=[drawn(GERMAN)])
    document = only(parse("fax.tif", data))
    assert len(document.pages) == 2
    assert "Fußgänger" in document.pages[1].of(document.text)
    (picture,) = pictures(data, document, "Fußgänger")
    assert picture.page == 2


def test_a_picture_without_text_gives_no_words() -> None:
    noise = Image.effect_noise((800, 600), 90).filter(ImageFilter.GaussianBlur(2))
    for image in (
        noise,
        Image.radial_gradient("L").resize((700, 700)),
        Image.effect_mandelbrot((600, 600), (-2, -1, 1, 1), 50),
    ):
        with pytest.raises(Empty, match="no text was found"):
            parse("photo.png", saved(image))


def test_damaged_and_enormous_images_are_refused() -> None:
    whole = saved(drawn(ENGLISH))
    for data in (whole[:200], b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0\nshowpage"):
        with pytest.raises(Unreadable, match="damaged"):
            parse("page.png", data)
    with pytest.raises(Unreadable, match=r"megapixels|damaged"):
        parse("page.png", saved(Image.new("1", (20_000, 20_000))))


def test_heic_says_what_to_install() -> None:
    with pytest.raises(Unreadable, match="pi-heif"):
        parse("photo.heic", b"\x00\x00\x00\x18ftypheic" + bytes(40))


def test_without_tesseract_an_image_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "is_installed", lambda: False)
    with pytest.raises(Empty, match=r"install qa-articles\[ocr\]"):
        parse("page.png", saved(drawn(ENGLISH)))


def dark_share(picture: PagePicture) -> float:
    """The share of all dark pixels of a picture that are inside its highlights."""
    image = Image.open(io.BytesIO(picture.png)).convert("L").point(lambda value: 255 * (value < 128))
    inside = 0
    for box in picture.highlights:
        left, top = box.left * picture.width, box.top * picture.height
        edges = (left, top, left + box.width * picture.width, top + box.height * picture.height)
        inside += image.crop(tuple(map(round, edges))).histogram()[255]  # type: ignore[arg-type]
    return inside / image.histogram()[255]


@pytest.mark.parametrize("angle", [0, 90, 3])
@pytest.mark.parametrize("kind", ["PNG", "PDF"])
def test_a_citation_is_marked_where_it_stands(kind: str, angle: int) -> None:
    image = drawn(ENGLISH).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    data = saved(image, kind, **({"resolution": 150} if kind == "PDF" else {}))
    document = only(parse(f"page.{kind.lower()}", data))
    (picture,) = pictures(data, document, "Agnes Muir.")
    letters = sum(map(len, ENGLISH.split()))
    assert dark_share(picture) == pytest.approx(len("AgnesMuir.") / letters, rel=0.35)
    (whole,) = pictures(data, document, document.text.strip())
    assert dark_share(whole) > 0.95


def test_only_the_scanned_pages_of_a_pdf_are_read_from_images(tmp_path: Path) -> None:
    data = saved(
        drawn(ENGLISH).convert("RGB"),
        "PDF",
        resolution=150,
        save_all=True,
        append_images=[drawn(GERMAN).convert("RGB")],
    )
    contents = parse("scan.pdf", data)
    document = only(contents)
    assert found(ENGLISH, document) >= 0.93
    assert found(GERMAN, document) >= 0.93
    assert [(recognised_share(document.metadata, page) or 0) > 0.9 for page in (1, 2, 3)] == [True, True, False]
    assert (contents.problems, len(contents.notes)) == ((), 1)


def test_a_sandbox_has_the_time_and_memory_to_read_an_image() -> None:
    splitting = Splitting(lambda texts: [len(text.split()) for text in texts], 256, PassageSettings())
    with SandboxProcess() as process:
        parsed = process.parse_file("page.png", saved(drawn(ENGLISH, 300, (8.3, 11.7))), splitting)
    assert "41 metres high" in parsed.documents[0][0].text


def test_a_page_is_not_recognised_again_unless_its_file_or_the_settings_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splitting = Splitting(lambda texts: [len(text.split()) for text in texts], 256, PassageSettings())
    data = saved(drawn(ENGLISH))

    def text_of(path: str, content: bytes) -> str:
        with SandboxProcess(pages=ReadPages(tmp_path)) as process:
            return process.parse_file(path, content, splitting).documents[0][0].text

    first = text_of("page.png", data)
    with sqlite3.connect(tmp_path / NAME) as database:
        ((key, page),) = database.execute("SELECT key, page FROM pages").fetchall()
        kept = zlib.decompress(page).decode().replace("Agnes", "Bruno")
        database.execute("UPDATE pages SET page = ? WHERE key = ?", (zlib.compress(kept.encode()), key))
    assert text_of("moved/elsewhere.png", data) == first.replace("Agnes", "Bruno")
    assert text_of("page.png", data + b"\0") == first  # other bytes with the same picture
    monkeypatch.setenv("QA_OCR_LANGUAGES", "eng")
    assert "Agnes" in text_of("page.png", data)


def test_the_picture_of_a_cited_page_is_not_recognised_again(tmp_path: Path) -> None:
    data = saved(drawn(ENGLISH))
    document = only(parse("page.png", data))
    start = document.text.index("Agnes")
    arguments = Span(0, len(document.text)), [Span(start, start + 5)]
    with SandboxProcess(pages=ReadPages(tmp_path)) as process:
        pages = Pages(process, data, document)
        (picture,) = pages.pictures(*arguments)
        with sqlite3.connect(tmp_path / NAME) as database:
            assert database.execute("SELECT COUNT(*) FROM pages").fetchone() == (1,)
            database.execute("UPDATE pages SET page = ?", (zlib.compress(b'{"words": []}'),))  # no page: read again
        assert pages.pictures(*arguments) == (picture,)


@given(
    st.builds(
        ReadPage,
        st.lists(st.builds(ReadWord, st.text(), *[st.floats(-1e6, 1e6)] * 6)).map(tuple),
        st.integers(1, 9_999),
        st.integers(1, 9_999),
        st.sampled_from([0, 90, 180, 270]),
        st.floats(-15, 15),
        st.floats(0.01, 9),
    )
)
def test_a_page_is_the_same_after_it_was_kept(page: ReadPage) -> None:
    assert page_from_json(json.loads(json.dumps(page.as_json()))) == page


@pytest.mark.parametrize("value", [None, 1, [], {}, {"words": [["a"]]}, {"words": [], "width": 0, "height": 0}])
def test_what_is_no_page_is_none(value: object) -> None:
    assert page_from_json(value) is None


def test_the_settings_of_a_page_are_those_that_decide_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ocr._settings()
    ocr._settings.cache_clear()
    monkeypatch.setattr(ocr, "_MIN_LINE", 0.51)
    changed = ocr._settings()
    ocr._settings.cache_clear()
    assert changed != before
    assert b"eng" in before
