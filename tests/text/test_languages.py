"""The language of a text is detected if it can be, and otherwise not claimed."""

from __future__ import annotations

import errno
import lzma
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import LanguageIdentifier

from qa.text import languages
from qa.text.languages import detect, known_code, language_name

TEXTS = {
    "ar": "ينام النحل في الخلية ليلا، ويتغذى في الشتاء على العسل الذي جمعه في الصيف من أزهار الحقول القريبة.",
    "cs": "Včely spí v noci v úlu a v zimě žijí z medu, který v létě nasbíraly z květů na blízkých lukách.",
    "da": "Bierne sover om natten i stadet, og om vinteren lever de af den honning, som de samlede om sommeren.",
    "de": "Die Bienen schlafen nachts im Stock und leben im Winter von dem Honig, den sie im Sommer gesammelt haben.",
    "el": "Οι μέλισσες κοιμούνται τη νύχτα στην κυψέλη και τον χειμώνα ζουν από το μέλι που μάζεψαν το καλοκαίρι.",
    "en": "The bees sleep in the hive at night, and in winter they live on the honey that they gathered in summer.",
    "es": "Las abejas duermen de noche en la colmena y en invierno viven de la miel que recogieron en verano.",
    "fi": "Mehiläiset nukkuvat yöllä pesässä ja elävät talvella hunajasta, jonka ne ovat keränneet kesällä kukista.",
    "fr": "Les abeilles dorment la nuit dans la ruche et vivent en hiver du miel qu'elles ont récolté pendant l'été.",
    "he": "הדבורים ישנות בלילה בכוורת, ובחורף הן חיות מן הדבש שאספו בקיץ מן הפרחים שבשדות הקרובים.",
    "hu": "A méhek éjjel a kaptárban alszanak, télen pedig abból a mézből élnek, amelyet nyáron gyűjtöttek.",
    "it": "Le api dormono di notte nell'alveare e d'inverno vivono del miele che hanno raccolto durante l'estate.",
    "ja": "ミツバチは夜になると巣箱の中で眠り、冬には夏に集めた蜂蜜を食べて暮らす。",
    "ko": "꿀벌은 밤에 벌집에서 자고, 겨울에는 여름 동안 모은 꿀을 먹으며 산다.",
    "nl": "De bijen slapen 's nachts in de kast en leven in de winter van de honing die zij hebben verzameld.",
    "pl": "Pszczoły śpią w nocy w ulu, a zimą żyją z miodu, który latem zebrały z kwiatów na pobliskich łąkach.",
    "pt": "As abelhas dormem à noite na colmeia e no inverno vivem do mel que recolheram durante o verão.",
    "ru": "Пчёлы ночью спят в улье, а зимой питаются мёдом, который они собрали летом с цветов на соседних лугах.",
    "sv": "Bina sover på natten i kupan och lever på vintern av honungen som de samlade in under sommaren.",
    "th": "ผึ้งนอนในรังตอนกลางคืน และในฤดูหนาวพวกมันกินน้ำผึ้งที่เก็บไว้ในฤดูร้อน",
    "tr": "Arılar geceleri kovanda uyur ve kışın, yazın çayırların çiçeklerinden topladıkları balla yaşarlar.",
    "uk": "Бджоли вночі сплять у вулику, а взимку живляться медом, який вони зібрали влітку з квітів на луках.",
    "zh": "蜜蜂夜里睡在蜂箱里，冬天靠夏天从附近草地的花朵上采集来的蜂蜜过活。",
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_paragraph_is_known_by_its_language(code: str) -> None:
    assert detect(TEXTS[code]) == code
    assert detect(TEXTS[code] * 40) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("Οι μέλισσες", "el"), ("ผึ้งนอน", "th"), ("דבורים ישנות", "he"), ("벌은 잔다", "ko"), ("ミツバチは眠る", "ja")],
)
def test_a_script_used_by_one_language_is_enough(text: str, code: str) -> None:
    assert detect(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bees sleep.",
        "Die Bienen schlafen.",
        "Пчёлы спят.",
        "蜜蜂",
        "12 37 4711 0815 " * 40,
        "int main(void){ for(int i=0;i<n;i++){ x[i]=y[i]; } } " * 20,
        "https://example.org/die/bienen/schlafen/nachts/im/stock/und/leben/von/honig " * 10,
        '{"a": [1, 2, null], "b": {"c": true}} ' * 30,
    ],
)
def test_a_short_or_meaningless_text_has_no_language(text: str) -> None:
    assert detect(text) == ""


def test_a_text_of_two_languages_in_equal_parts_has_none() -> None:
    assert detect(TEXTS["de"] * 8 + TEXTS["en"] * 8) == ""


def test_a_summary_in_another_language_does_not_make_it_the_language() -> None:
    assert detect(TEXTS["en"] * 3 + TEXTS["de"] * 30) == "de"


def test_addresses_and_code_in_a_text_do_not_change_its_language() -> None:
    noise = " https://www.beispiel.de/die/bienen/und/der/honig/im/winter `fuer_alle_bienen(honig)` "
    assert detect(noise.join([TEXTS["en"]] * 3)) == "en"


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=200))
def test_any_text_gives_a_code_that_has_a_name_or_none(text: str) -> None:
    code = detect(text)
    assert code == "" or language_name(code) != code


def test_text_that_is_not_valid_unicode_is_judged_too() -> None:
    assert detect(TEXTS["de"] + "\ud800") == "de"


def test_a_long_text_costs_no_more_than_four_short_parts() -> None:
    long = TEXTS["de"] * 50_000
    detect(long)
    started = time.process_time()
    for _ in range(10):
        detect(long)
    assert (time.process_time() - started) / 10 < 0.02


def test_the_model_is_unpacked_without_a_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for them may be full: then each article would be without its language."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    languages._identifier.cache_clear()
    assert detect("The bees sleep in winter, and they wake when the first flowers open in the spring.") == "en"


def test_the_first_texts_at_once_unpack_the_model_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    really = lzma.open

    def noted(path: Path) -> object:
        opened.append(path)
        return really(path)

    monkeypatch.setattr(lzma, "open", noted)
    languages._identifier.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(detect, [TEXTS["da"]] * 4)) == {"da"}
    assert len(opened) == 1


def test_the_model_knows_every_language_that_has_a_name() -> None:
    model = set(LanguageIdentifier.from_model_file("data/model.npz.xz").labels)
    assert set(languages._NAMES) <= model


@pytest.mark.parametrize(
    ("code", "name"), [("de", "German"), ("nb", "Norwegian"), ("zh-Hant", "Chinese"), ("pt_BR", "Portuguese")]
)
def test_languages_have_names(code: str, name: str) -> None:
    assert language_name(code) == name


def test_a_code_without_a_name_is_unchanged() -> None:
    assert language_name("tlh") == "tlh"
    assert known_code("EN") == "en"
