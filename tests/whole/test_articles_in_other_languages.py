"""Articles that are not in English, from the folder to the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from conftest import TinyEncoder
from corpora import article, passages_of, write

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.engine import Engine
from qa.models.protocols import Vectors

BEES = """# Bienen im Winter

## Die Wintertraube

Im Winter sitzen die Bienen dicht beisammen in einer Traube. In ihrer Mitte ist es etwa 25 Grad warm. Dr. Marsch hat das
z. B. in Häusern aus Holz gemessen.

## Futter

Ein Volk verbraucht bis zum Frühjahr rund zwölf Kilogramm Honig. Der Imker lässt ihnen deshalb genug Waben im Kasten.
"""
BOATS = """# Kähne am See

## Bau

Die Fischer bauten ihre Kähne aus Eichenholz. Ein solcher Kahn ist schwer, aber er hält länger als sein
Erbauer.

## Fang

Gefischt wurde in der Nacht, meist mit Netzen aus Flachs. Die Frauen verkauften die Fische am Morgen in der
Stadt.
"""
TURKISH = """# Arılar

Arılar kışın kovanda bir salkım oluşturur ve birbirlerini ısıtırlar. Arıcı eski kitaplarını kovanların yanındaki evde
saklar. Bir koloni ilkbahara kadar on iki kilogram kadar bal tüketir.
"""


def built(config: Config, tiny: TinyEncoder, files: dict[str, str]) -> Engine:
    write(config.corpus, files)
    build(config, tiny)
    return Engine.open(config, tiny)


@pytest.mark.parametrize(
    ("question", "lead"),
    [
        ("Wie warm ist es in der Mitte der Traube?", "In ihrer Mitte ist es etwa 25 Grad warm."),
        ("Wie viel Honig verbraucht ein Volk?", "Ein Volk verbraucht bis zum Frühjahr rund zwölf Kilogramm Honig."),
        ("Woraus bauten die Fischer ihren Kahn?", "Die Fischer bauten ihre Kähne aus Eichenholz."),
    ],
)
def test_german_questions_are_answered_from_german_articles(
    config: Config, tiny: TinyEncoder, question: str, lead: str
) -> None:
    engine = built(replace(config, threshold=0.0), tiny, {"bienen.md": BEES, "kaehne.md": BOATS})
    answer = engine.ask(question)
    assert answer.lead is not None
    assert answer.confidence > engine.ask("Wer gewann das letzte Turnier von Hamburg?").confidence
    document = engine.document(answer.citations[0].document)
    assert document is not None
    assert answer.lead.sentence.of(document.text) == lead
    assert answer.lead.span.of(document.text) == answer.lead.text


def test_abbreviations_of_the_language_do_not_end_a_sentence(config: Config, tiny: TinyEncoder) -> None:
    engine = built(config, tiny, {"bienen.md": BEES})
    sentences = [s.of(BEES) for _, p in passages_of(engine.generation, "bienen.md") for s in p.sentences]
    assert "Dr. Marsch hat das\nz. B. in Häusern aus Holz gemessen." in sentences


@pytest.mark.parametrize(
    ("question", "path"), [("Haus", "bienen.md"), ("kitap", "arilar.md"), ("The stones of a wall", "stones.md")]
)
def test_in_a_mixed_corpus_each_article_is_found_by_the_forms_of_its_words(
    config: Config, tiny: TinyEncoder, question: str, path: str
) -> None:
    files = {"stones.md": article("Stones", "anchor"), "bienen.md": BEES, "arilar.md": TURKISH}
    hits = built(config, tiny, files).search(question).hits
    assert next(hit.passage.document for hit in hits if hit.bm25 > 0) == path


RUSSIAN = "# Пчёлы\n\nЗимой пчёлы собираются в клуб, и в его середине около двадцати пяти градусов тепла.\n"
GREEK = "# Βάρκες\n\nΟι ψαράδες έφτιαχναν τις βάρκες τους από ξύλο δρυός, που είναι βαρύ αλλά αντέχει πολύ.\n"


class Mistaken(TinyEncoder):
    """Finds every question in another script most like the article about boats."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return super().encode_queries([text if text.isascii() else GREEK for text in texts])


@pytest.mark.parametrize(("made_for", "path"), [(("en",), "bees.md"), ((), "boats.md")])
def test_cosines_do_not_count_in_a_script_that_the_encoder_was_not_made_for(
    config: Config, made_for: tuple[str, ...], path: str
) -> None:
    encoder = Mistaken()
    encoder.languages = made_for
    # Each word of the question is in one article: the rarer one decides by words.
    engine = built(config, encoder, {"bees.md": RUSSIAN, "boats.md": GREEK + "\nпчёлы\n"})
    assert engine.search("Где зимой пчёлы?").hits[0].passage.document == path


def languages(engine: Engine) -> dict[str, str]:
    """The languages by path, according to the record, the document and all passages."""
    by_path = {}
    for path, record in engine.generation.records.items():
        document = engine.document(path)
        assert document is not None
        codes = {record.language, document.language, *(p.language for _, p in passages_of(engine.generation, path))}
        assert len(codes) == 1
        by_path[path] = record.language
    return by_path


def test_languages_are_kept_from_build_to_build(config: Config, tiny: TinyEncoder) -> None:
    files = {"bienen.md": BEES, "stones.md": article("Stones", "anchor"), "note.txt": "Bees sleep."}
    engine = built(config, tiny, files)
    assert languages(engine) == {"bienen.md": "de", "stones.md": "en", "note.txt": ""}
    write(config.corpus, {"more.md": article("More", "beacon")})
    (config.corpus / "bienen.md").rename(config.corpus / "renamed.md")
    assert build(config, tiny).passages_encoded == 1
    assert languages(engine) == {"renamed.md": "de", "stones.md": "en", "note.txt": "", "more.md": "en"}


def test_status_says_what_the_encoder_was_not_made_for(
    config: Config, tiny: TinyEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = built(
        config, tiny, {"bienen.md": BEES, "stones.md": article("Stones", "anchor"), "note.txt": "Bees sleep."}
    )
    status = engine.status()
    assert status.encoder_languages == ("en",)
    data = status.as_json()
    assert data["encoder_languages"] == ["en"]
    listed = {file["document"]: (file["language"], file["covered"]) for file in data["files"]}
    assert listed == {"bienen.md": ("de", False), "stones.md": ("en", True), "note.txt": (None, True)}
    assert main(["status", "--corpus", str(config.corpus), "--index", str(config.index)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "bienen.md: indexed (1 passage, German, which the encoder was not made for)" in lines
    assert "stones.md: indexed (1 passage, English)" in lines


def test_an_encoder_of_unknown_languages_is_not_warned_of(config: Config, tiny: TinyEncoder) -> None:
    tiny.languages = ()
    data = built(config, tiny, {"bienen.md": BEES}).status().as_json()
    assert [(file["language"], file["covered"]) for file in data["files"]] == [("de", True)]
