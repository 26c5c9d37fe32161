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
    "arabic": "أو أي أيان أية أين إلى التي الذي الى بماذا بين ذلك على عن في كان كانت كم كيف لماذا لمن ما ماذا متى من "
    "هذا هذه هل هو هي و",
    "danish": "hvem hvilke hvilken hvilket hvor hvordan hvorfor hvorfra hvorhen hvornår",
    "dutch": "hoe hoeveel waar waarbij waardoor waarheen waarin waarmee waarom waarop waaruit waarvan waarvoor "
    "wanneer welk welke wie wiens wier",
    "finnish": "kuinka kumpi millainen millaisia milloin minkälainen minne miten monta montako paljonko",
    "french": "a combien comment est faut laquelle lequel lesquelles lesquels où pourquoi quand quoi",
    "german": "inwiefern inwieweit wann warum welche wem wen wer weshalb wessen weswegen wie wieso wieviel wieviele "
    "wobei wodurch wofür woher wohin womit woran worauf woraus worden worin worüber wovon wozu",
    "greek": "ήταν από για γιατί είναι η και με μια να ο οι ποια ποιαν ποιας ποιες ποιο ποιοι ποιον ποιος ποιου "
    "ποιους ποιων πού πόσα πόσες πόση πόσο πόσοι πόσος πόσους πόσων πότε πώς σε στη στην στο στον τα τη την της τι το "
    "τον του τους των",
    "hungarian": "hol honnan hova hová hány hányadik kik kinek kit meddig melyik mennyi merre mik minek",
    "italian": "cos cosa qual quale quali quando quanto",
    "norwegian": "hvem hvilke hvilken hvilket hvor hvordan hvorfor hvorfra hvorhen når",
    "portuguese": "aonde onde porque porquê quais quando quanta quantas quanto quantos quê",
    "romanian": "a al ale are care ce cine cu cui cum când cât câte câtă câți cărei căror căruia de dece din este la "
    "o pe pentru sau se sunt un unde în încotro și",
    "russian": "какая какие каким какими каких каков какова каково каковы какого какое какой каком какому какою какую "
    "кем кого ком кому которая которого которое которой котором которому которую которые который которым которыми "
    "которых кто насколько откуда отчего почему скольких сколько чей чему чьего чьей чьи чьих чья чьё чём",
    "spanish": "adónde cuál cuáles cuándo cuánta cuántas cuánto cuántos cómo dónde quién quiénes",
    "swedish": "hur vad var varför varifrån vem vems vilka vilken vilket",
    "turkish": "bir bu da de hangi hangileri hangisi ile için kaç kaçıncı kim kimden kimdir kime kimi kimin kimler mi "
    "midir mu mudur mü müdür mı mıdır nasıl nasıldır ne neden nedir neler nelerdir nerede nerededir nereden neresi "
    "nereye neyi neyin niye niçin ve zaman",
}
NO_LIST = ("arabic", "greek", "romanian", "turkish")
