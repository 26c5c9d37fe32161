"""Tells what kind of thing an English question asks for, and whether a text holds one.

"How much does it cost" asks for an amount of money, "how long" for a duration or a length, "when" for a date, a time or
an event, "why" for a reason; telephone numbers and addresses count, too. A sentence without such a thing does not
answer, however many of the question's words it contains.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ..text.dates import dates_in

_CARDINAL = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|dozen"
)
_AMOUNT = rf"(?:\d[\d.,]*[½¼¾⅓⅔]?|[½¼¾⅓⅔]|\b(?:{_CARDINAL}|an?|half|several|some|few|couple)\b)"
_BETWEEN = (
    r"(?:[\s()\]–-]|more|full|whole|working|business|calendar|consecutive|square|cubic|of|an?|US|thousand|million|"
    r"billion|k)"
)
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_MONTHS_CUT = "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_DAYS = "(?:mon|tues|wednes|thurs|fri|satur|sun)days?|mon|tue|wed|thu|fri|sat|sun|weekdays?|weekends?"
_METRES = "met(?:er|re)s?|kilomet(?:er|re)s?|centimet(?:er|re)s?|millimet(?:er|re)s?"
_CODES = "usd|eur|gbp|chf|jpy|nok|sek|dkk|inr|cad|aud|nzd|zar"


def _measured(units: str) -> str:
    """A number before one of these units."""
    return rf"{_AMOUNT}{_BETWEEN}{{0,12}}(?:{units})(?![^\W\d_])"


# What a value of each kind looks like.
_HELD = {
    "money": rf"[$€£¥₹]\s*\d|\d\s*[$€£¥₹]|\bR\s?\d|\b(?:{_CODES})\b\.?\s*\d|\b(?:free|gratis|no (?:charge|cost|fee))\b|"
    + _measured(
        rf"[$€£¥₹]|{_CODES}|dollars?|euros?|pounds?|cents?|pence|francs?|crowns?|kron[ae]r?|kroner|yen|rupees?|pesos?|"
        r"guilders?|rands?|marks?|shillings?|lire|roubles?|rubles?|yuan|zloty|crores?|lakhs?"
    ),
    "duration": _measured(
        r"milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h|days?|nights?|weeks?|fortnights?|months?|years?|"
        r"yrs?|decades?|century|centuries|generations?|semesters?|quarters?|pay periods?|seasons?"
    ),
    "length": _measured(
        rf"nm|µm|mm|cm|dm|m|km|{_METRES}|inch(?:es)?|in|ft|feet|foot|yards?|yd|miles?|mi|fathoms?|leagues?|paces|steps|"
        r"blocks|light[ -]years?|characters?|pages?|words?|lines?|digits?|stor(?:ey|ie|y)s?|[\"″'′]"
    ),
    "area": _measured(rf"ha|hectares?|acres?|[kcm]?m²|[kcm]?m2|sq|{_METRES}|feet|foot|miles?|inches"),
    "volume": _measured(
        rf"[mcd]?l|(?:milli)?lit(?:er|re)s?|gallons?|pints?|quarts?|cups?|tbsp|tsp|(?:table|tea)spoons?|barrels?|m³|m3|"
        rf"{_METRES}|feet|ounces?"
    ),
    "weight": _measured(
        r"mg|µg|g|kg|t|grams?|grammes?|kilos?|kilograms?|tons?|tonnes?|pounds?|lbs?|ounces?|oz|stones?|cups?|tbsp|tsp|"
        r"(?:table|tea)spoons?|carats?"
    ),
    "data": _measured(r"bits?|bytes?|[kmgtp]i?b|(?:kilo|mega|giga|tera)bytes?|[kmg]"),
    "temperature": r"[°º]|\b\d[\d.,]*\s*[cfk]\b|"
    r"\b(?:degrees?|celsius|fahrenheit|kelvin|room temperature|freezing|boiling)\b",
    "percent": r"\d\s*(?:%|‰)|\bper\s?cent(?:age)?\b|\b(?:half|thirds?|quarters?|all|none)\b|"
    r"\b\d+ ?(?:in|of|out of) (?:\d+|ten|a hundred)\b|\d/\d|(?<![\d.])0?\.\d|[½¼¾]",
    "speed": _measured(
        rf"(?:km|miles?|m|{_METRES}|feet|ft)\s*(?:/|per|an?)\s*(?:h|hour|s|second|minute)|mph|kph|kmh|knots?|mach|rpm|"
        r"[kmg]?bit/s|[kmg]?bps|times|x|fps"
    ),
    "frequency": r"\b(?:every|each|per|daily|weekly|fortnightly|monthly|quarterly|yearly|annual(?:ly)?|hourly|nightly|"
    r"once|bi-?\w+ly|twice|times|always|never|seldom|rarely|sometimes|usually|regularly|continuously|periodically|"
    rf"occasionally|frequently|constantly|biennial(?:ly)?|whenever|an? (?:day|week|month|year|hour)|(?:{_DAYS}))\b",
    "time": r"\b\d{1,2}[:.h]\d\d\b|\b\d{1,2}\s*(?:[ap]\.?m|o['’]?clock|hrs|h)\b|"
    r"\b(?:noon|midnight|midday|dawn|dusk|sunrise|sunset|morning|afternoon|evening|nights?|overnight|by day)\b|"
    r"\b(?:at|until|till|before|after|from|past|to) (?:half |quarter )?(?:past |to )?"
    rf"(?:{_CARDINAL}|\d{{1,2}})\b",
    "date": rf"\b(?:1\d\d\d|20\d\d)(?!\d)|\b(?:{_MONTHS}|{_MONTHS_CUT}|{_DAYS})\b|\b\d{{1,2}}[./]\d{{1,2}}\b|"
    r"\b\d+(?:st|nd|rd|th)\b|\b(?:spring|summer|autumn|winter|easter|christmas|century|centuries|bce?|ad|ce|era|"
    r"today|tomorrow|yesterday|eve|q[1-4]|quarter)\b",
    "event": r"\b(?:when(?:ever)?|if|after|before|until|till|once|as soon as|during|while|within|by the (?:end|time)|"
    r"upon|at (?:the )?(?:end|start|beginning|age)|unless|since|on (?:the )?(?:day|date|first|last)|following|prior to|"
    r"immediately|always|never|ago|later|every|each|daily|annually|in case)\b",
    "year": r"\b(?:1\d\d\d|20\d\d)(?!\d)|\bcentur(?:y|ies)\b",
    "age": r"\baged?\b.{0,40}\d",
    "telephone": r"\+?\d(?:[\s()/.-]*\d){4}",
    "mail": r"\w@\w",
    "address": r"https?://|\bwww\.|\w\.[a-z]{2,}/|\w\.(?:com|org|net|io|gov|edu|eu|de|uk|example)\b",
    "reason": r"\b(?:because|since|(?:due|owing|thanks|led) to|so (?:that|as|we|you|they|it|i|he|she|the|an?|there)|"
    r"in order to|reason\w*|therefore|thus|hence|consequen\w+|as a result|result(?:s|ed|ing)? (?:in|from|of)|caus\w+|"
    r"otherwise|lest|as (?:it|they|he|she|we|you|i|the|this|that|there)|given that|for (?:fear|the (?:sake|purpose))|"
    r"to (?:avoid|prevent|ensure|make|keep|help|allow|let|give|get|reduce|protect|enable|improve|provide|save|be)|"
    r"prevents?|avoids?|allows?|ensur\w+|helps?|makes?|mean(?:s|t) that|purpose|aims?|goals?|intend\w*|designed|needed|"
    r"if|without|rather than|no longer|unable|would|wo?n['’]t|will not|cannot|can['’]t|too(?= \w))\b",
    "figure": rf"\d|[½¼¾]|\b(?:{_CARDINAL}|zero|no|none|half|once|twice|both|single|pair|couple|several)\b",
}  # fmt: skip
# What the name of a column, or the name before a colon or an equals sign, says of the number after it.
_NAMED = {
    "money": r"price|cost|fee|fine|rent|amount|salar|wage|pay|total|charge|fare|sum|budget|revenue|sales|income|profit|"
    rf"value|expens|net|{_CODES}|dollar|euro|deposit|due|balance|debt|tax|[$€£]",
    "duration": r"second|minute|hour|day|week|month|year|duration|time|period|length|last|term|age|delay|ttl|retention|"
    r"interval|\bm?s\b|\bsec\b|\bmin\b|\bh\b|validity|lead|warranty|notice",
    "length": r"length|height|width|depth|distance|diameter|radius|size|thick|long|wide|high|tall|dimension|altitude|"
    r"elevation|\b[mck]?m\b|met(?:er|re)|feet|\bft\b|inch|mile",
    "area": r"area|surface|size|hectare|acre|\bha\b|m²|m2|sq",
    "volume": r"volume|capacity|content|lit(?:er|re)|\bm?l\b|gallon|amount|quantity",
    "weight": r"weight|mass|\bk?g\b|gram|\bton|load|\blbs?\b|pound|amount|quantity",
    "data": r"size|memory|byte|\bram\b|disk|storage|quota|limit|max|\b[kmgt]i?b\b|buffer|length|capacity",
    "temperature": r"temp|°|degree|celsius|fahrenheit|heat",
    "percent": r"%|per\s?cent|share|rate|ratio|proportion|yield|margin|growth|change",
    "speed": r"speed|velocity|rpm|mph|km/h|rate|pace|knots",
    "frequency": r"frequency|interval|every|per|times|period|schedule|cycle",
    "time": rf"time|hour|open|clos|depart|arriv|start|end|\bat\b|from|until|begin|when|\b(?:{_DAYS})\b",
    "date": r"date|day|year|when|since|until|valid|expir|due|born|died|published|founded|opened|built|release|month|"
    r"time",
    "event": r"when|until|date|time",
    "year": r"year|born|built|founded|since",
    "age": r"age",
}  # fmt: skip
_PAID = (
    r"cost|pa(?:y|id)|price|charge|fee|fine|rent|salary|worth|earn|spen[dt]|budget|raise|deposit|tuition|fare|tax|revenue|"
    r"sales|profit|income|loss|debt|wage|refund|reimburse|owe|donat|invest|sold|sell|buy|bought|loan|grant|bill|money|"
    r"expens|purchas|capex|dividend|asset"
)
_UNIT_OF_TIME = "seconds|minutes|hours|days|nights|weeks|months|years"
# What is asked, and the kinds of which an answer holds one; the first that matches counts.
_ASKED = (
    (r"why|how come|(?:what|which) (?:is |are |was |were )?(?:the )?reasons?|reasons? for", "reason"),
    (r"(?:tele)?phone numbers?|(?:mobile|fax) numbers?", "telephone"),
    (r"e-?mail address(?:es)?", "mail"),
    (r"web ?(?:site )?address(?:es)?|urls?", "address"),
    (r"how (?:many|much) per ?cent|(?:what|which) (?:percentage|per ?cent|proportion|fraction|share)", "percent"),
    (r"how (?:often|frequently|regularly|many times (?:a|per|each))", "frequency duration"),
    (rf"how (?:much|many) (?:\w+ )?(?:time|longer|{_UNIT_OF_TIME})", "duration"),
    (rf"how (?:much|many) (?:\w+ )?(?:{_METRES}|miles|feet|inches|yards)", "length area"),
    (r"how (?:much|many) (?:\w+ )?(?:dollars|euros|pounds|crowns|money|cents|rands?)", "money weight"),
    (r"how much\b.{0,60}\bweighs?", "weight"),
    (r"how much (?:\w+ )?(?:memory|ram|space|storage|disk|data|bandwidth)", "data percent"),
    (rf"how much\b.*\b(?:{_PAID})\w*", "money percent"),
    (r"how (?:soon|quickly|early|late)", "duration time date event frequency"),
    (r"how long", "duration length date event"),
    (r"how far", "length duration"),
    (r"how (?:tall|high|wide|deep|thick|broad)", "length"),
    (r"how (?:big|large|high) .{0,20}\b(?:fine|fee|penalty|deposit|bounty|salary|rent)", "money"),
    (r"how (?:big|large)", "length area volume weight data percent money"),
    (r"how heavy|what (?:is|was|does|did) .{0,60}\b(?:weight|weigh)", "weight"),
    (r"how old|(?:what|which) age", "duration year age"),
    (r"how fast|(?:what|which) speed", "speed duration"),
    (r"how (?:hot|cold|warm)|(?:what|which) (?:\w+ )?temperature", "temperature"),
    (r"(?:what|which) (?:time|hour)s?", "time"),
    (r"(?:what|which) (?:year|decade|century|month|date|day)", "date"),
    (r"(?:since|until|till|by|from) when", "date time event duration"),
    (r"when (?:is|was|were|are|did|does|do|will|can|should|must|has|had|have)", "date time event duration"),
    (r"what (?:does|do|did|will|would) .{1,80}\bcost", "money"),
    (r"what (?:is|was|are|were) the (?:\w+ )?(?:price|cost|fee|rent|salary|fare)s?", "money figure"),
    (r"how (?:much|many)", "figure"),
)  # fmt: skip
_QUESTIONS = tuple((re.compile(rf"\b(?:{asked})\b", re.I), tuple(kinds.split())) for asked, kinds in _ASKED)
_HELD_BY_KIND = {kind: re.compile(pattern, re.I) for kind, pattern in _HELD.items()}
_NAMED_BY_KIND = {kind: re.compile(pattern, re.I) for kind, pattern in _NAMED.items()}
_NAME_VALUE = re.compile(
    r"([^\W\d][\w ()/%€$£.-]{0,60}?)\s*[:=]\s*[\"'(~≈<>≤≥]*\s*(?:-?\d|(?:half|one|two|three|once|twice)\b)", re.I
)
# Words that ask for a quantity or name it, and need not stand beside its value: "how thick", "what does it cost".
_OF_QUANTITY = frozenset({
    "much", "many", "long", "far", "tall", "high", "wide", "deep", "thick", "broad", "big", "large", "heavy", "old",
    "fast", "hot", "cold", "warm", "often", "frequently", "soon", "quickly", "early", "cost", "costs", "price", "weigh",
    "weighs", "weight", "time", "date", "year", "month", "take", "takes", "last", "age", "temperature", "speed",
    "length", "height", "width", "depth", "percentage", "amount", "number",
})  # fmt: skip

_LINKED = frozenset({"telephone", "mail", "address"})  # kinds of which the target of a link may be a value


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for: a value of one of these kinds, or a reason."""

    kinds: tuple[str, ...]

    @property
    def may_be_hidden(self) -> bool:
        """Whether the target of a link may hold it: what is asked for is an address."""
        return not _LINKED.isdisjoint(self.kinds)

    def is_in(self, text: str) -> bool:
        """Whether a text holds one; a name before a bare number may say its kind."""
        return any(_holds(text, kind) for kind in self.kinds)


def asked_for(question: str) -> Wanted | None:
    """What a question asks for, if that is of a kind that can be told from its form."""
    kinds = next((kinds for pattern, kinds in _QUESTIONS if pattern.search(question)), None)
    return None if kinds is None else Wanted(kinds)


def names_quantity(word: str) -> bool:
    """Whether a word of a question only says which quantity it asks for."""
    return word.casefold() in _OF_QUANTITY


def _holds(text: str, kind: str) -> bool:
    if _HELD_BY_KIND[kind].search(text) or (kind == "date" and any(True for _ in dates_in(text))):
        return True
    named = _NAMED_BY_KIND.get(kind)
    return named is not None and any(map(named.search, _names_of_values(text)))


@lru_cache(maxsize=64)  # a text is asked for each kind, and often again as the neighbour of another
def _names_of_values(text: str) -> tuple[str, ...]:
    if ":" not in text and "=" not in text:
        return ()
    return tuple(name.replace("_", " ") for name in _NAME_VALUE.findall(text))
