"""The languages that texts are stemmed in, and their function words."""

from __future__ import annotations

# The languages that tantivy has a stemmer for; a text in another one is not stemmed. A text of unknown language is
# usually a short note, and most often in English.
STEMMERS = {
    "": "english", "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
# Function words: questions consist of them but are not about them. In a corpus of manuals "did" and "say" are rarer
# than the subject of a question, and would weigh more. tantivy has lists for most languages, but as lists for articles
# they lack question words, which are added here. (For four languages it has none.)
FUNCTION_WORDS = {
    "english": "a about an and are as at be been but by can could did do does for from had has have how i if in into "
    "is it its may me might must my of on or our shall should so such that the their them then there these they this "
    "those to us was we were what when where which while who whom whose why will with would you your",
    "arabic": "أي أين إلى التي الذي الى أو بين ذلك على عن في كان كانت كم كيف لماذا ما ماذا متى من هذا هذه هل هو هي و",
    "danish": "hvem hvilke hvilken hvilket hvor hvordan hvorfor hvornår",
    "dutch": "hoe hoeveel waar waarmee waarom wanneer welk welke wie",
    "finnish": "kuinka kumpi milloin miten",
    "french": "a combien comment est faut où pourquoi quand quoi",
    "german": "wann warum welche wem wen wer weshalb wessen wie wieso wieviel wodurch woher wohin womit worden",
    "greek": "από για γιατί είναι η ήταν και με μια να ο οι ποια ποιο ποιοι ποιος πού πόσα πόσο πότε πώς σε στη στην "
    "στο στον τα τη την της τι το τον του τους των",
    "hungarian": "hány hol honnan hova melyik mennyi",
    "italian": "cos cosa quale quali quando quanto",
    "norwegian": "hvem hvilke hvilken hvilket hvor hvordan hvorfor når",
    "portuguese": "aonde onde porque porquê quais quando quanta quantas quanto quantos",
    "romanian": "a al ale are care când câte câți cât ce cine cu cum de din este în la o pe pentru sau se sunt și un "
    "unde",
    "russian": "какая какие каких какой кого кто откуда почему сколько чей",
    "spanish": "adónde cuál cuáles cuándo cuánta cuántas cuánto cuántos cómo dónde quién quiénes",
    "swedish": "hur vad var varför vem vems vilka vilken vilket",
    "turkish": "bir bu da de hangi ile için kaç kim mi mu mı mü nasıl ne neden nerede nereden nereye niçin niye ve "
    "zaman",
}
NO_LIST = ("arabic", "greek", "romanian", "turkish")
