"""Tells which English words are of one root: deliver and delivery, apply and applicant, long and length.

A stemmer leaves these apart. They serve only to compare a question with a text that was found, never to search.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

from .function_words import STEMMERS
from .query_term import QueryTerm
from .terms import analyze, contained_in

_MARK = "√"  # no search term contains it
_CACHED = 64  # questions
_TEXTS = 512  # sentences and headings: several units of a passage have the same ones

# Words of one root that neither stemmer nor rule joins; a word belongs to the first family that has it.
_FAMILIES = """
long length lengthen | high height heighten tall | wide width widen | deep depth | strong strength | broad breadth |
warm warmth | young youth | true truth | heavy weigh weight | hot heat heater | far distance distant | old age aged |
thick thickness | cold chill | near nearby | big size large | fast speed | sell sold sale seller | buy bought buyer
purchase | pay paid payment payer payable | lend lent loan lender | spend spent spending | cost costs costly | lose
lost loss loser | win won winner | give gave given gift giver | live life lives lived alive | die died death dead
dying | bear born birth | grow grew grown growth grower | know knew known knowledge | think thought thinker | choose
chose chosen choice | speak spoke spoken speech speaker | sing sang sung song singer | write wrote written writer
writing | sit seat | see saw seen sight | fly flew flight | begin began begun beginning beginner | break broke broken
breakage | build built builder building | bring brought | catch caught | come came | cut cutting cutter | do did done
deed | draw drew drawn drawing drawer | drink drank drunk | drive drove driven driver | eat ate eaten | fall fell
fallen | feed fed food feeder | feel felt feeling | fight fought fighter | find found finding finder founder
foundation | forget forgot forgotten | get got gotten | freeze froze frozen freezer | hang hung hanger | have had |
hear heard hearing | hide hid hidden | hold held holder | keep kept keeper | lay laid layer lie lain | lead led leader
leadership | leave left | light lit lighting | make made maker | mean meant meaning | meet met meeting | proof prove
proven | read reader reading | ride rode ridden rider | ring rang rung | rise rose risen | run ran runner | say said |
seek sought seeker | send sent sender | shake shook | shine shone | shoot shot shooter | sink sank sunk | sleep slept
asleep | steal stole stolen theft thief | stand stood | swim swam swum swimmer | swear swore sworn | take took taken
taker | teach taught teacher teaching | tear torn tore | tell told teller | throw threw thrown | understand understood
| wake woke woken | wear wore worn | withdraw withdrew withdrawn withdrawal | bind bound binder | dig dug | fit fitter
fitting | flee fled | forbid forbade forbidden | forgive forgave forgiven | lean leant | learn learnt | rebuild
rebuilt | spread | strike struck | stick stuck | shut | set setting | let | bleed blood bled | apply applicant
application applied | describe description | explain explanation | maintain maintenance | receive receipt reception
recipient | decide decision | repeat repetition | register registration registry | enter entry entrance | try trial |
bury burial | marry marriage married | carry carrier carriage | store storage | use usage user | cover coverage | post
postage | pack package packet packaging | short shortage shorten | retain retention | obtain obtainable | detain
detention | abstain abstention | sustain sustainable sustenance | pronounce pronunciation | denounce denunciation |
announce announcement announcer | renounce renunciation | donate donor donation | occupy occupation occupant | vary
variety various variation variable | modify modification | multiply multiplication multiple | comply compliance
compliant | rely reliance reliable reliability | deny denial | identify identity identification | remedy remedial |
study student | supply supplier | fail failure | close closure | depart departure | mix mixture | sign signature
signatory signed signer | moist moisture | expend expenditure | legislate legislation legislature | proceed proceeds
procedure | architect architecture | please pleasure | destroy destruction destructive | construct construction |
analyse analyze analysis analyst | criticise criticize critic criticism | hypothesis hypothetical | emphasis emphasise
emphasize | synthesis synthesise synthetic | advise advice adviser advisor advisory | practise practice practitioner |
licence license licensee | defence defense defend defender defendant | offence offense offend | pretend pretence |
succeed success successful successor | exceed excess excessive | absent absence | present presence | compare
comparison comparative | complain complaint complainant | constrain constraint | restrain restraint | believe belief |
relieve relief | grieve grief | save safe safety | serve service servant | advertise advertisement advertising advert
| attend attendance attendee attention | employ employee employer employment | manage manager management | own owner
ownership | member membership | friend friendship | neighbour neighbourhood neighbor neighborhood | free freedom |
king kingdom | wise wisdom | child childhood children | able ability enable | poor poverty | proud pride | angry anger
| hungry hunger | thirsty thirst | easy ease easily | noisy noise | rainy rain | windy wind | snowy snow | dirty dirt
| rusty rust | salty salt | healthy health heal | wealthy wealth | honest honesty | certain certainty | difficult
difficulty | royal royalty | loyal loyalty | novel novelty | cruel cruelty | private privacy | accurate accuracy |
secret secrecy | diplomat diplomacy | literate literacy | history historic historian | memory memorial memorise
memorize | victory victor | theory theoretical | economy economic economist | democracy democrat democratic |
philosophy philosopher philosophical | photograph photography photographer photo | geography geographer geographic |
astronomy astronomer | music musician musical | politics politician political policy | surgery surgeon surgical |
chemistry chemist chemical | physics physicist | science scientist scientific | library librarian | electric
electrician electricity electrical | technique technician technical technology | clinic clinician | tour tourist
tourism | journal journalist journalism | art artist artistic | act actor acting actress | inspect inspector | direct
director | conduct conductor | invent inventor | edit editor editorial | collect collector | visit visitor | operate
operator | translate translator | narrate narrator | lecture lecturer | play player | work worker | paint painter
painting | train trainer training trainee | design designer | develop developer | dance dancer | farm farmer | hunt
hunter | bake baker bakery | brew brewer brewery | fish fisher fishery fisherman | print printer | publish publisher
publication | produce producer product | compose composer composition | perform performer | plan planner | report
reporter | support supporter | vote voter | travel traveller traveler | rent renter rental | lease lessee lessor |
borrow borrower | invest investor | insure insurer insurance | audit auditor | supervise supervisor supervision |
instruct instructor | research researcher | rule ruler | govern governor government | help helper | kill killer
killing | murder murderer | rob robber robbery | invade invader invasion | conquer conqueror conquest | explode
explosion explosive | erode erosion | corrode corrosion | persuade persuasion | collide collision | divide division
divisor | provide provision provider | revise revision | allude allusion | acquire acquisition | require requirement
requisite | inquire inquiry enquire enquiry | oppose opposition opponent | expose exposure | propose proposal
proposition | suppose supposition | dispose disposal | define definition | compete competition competitor competitive
| recognise recognize recognition | absorb absorption | redeem redemption | assume assumption | consume consumption
consumer | presume presumption | resume resumption | solve solution solvent | resolve resolution | evolve evolution |
dissolve dissolution | involve involvement | reveal revelation | conceal concealment | appeal appellate | abolish
abolition | demolish demolition | punish punishment | compel compulsion compulsory | expel expulsion | propel
propulsion | repel repulsion | convert conversion | permit permission | admit admission admittance | submit submission
| transmit transmission | omit omission | emit emission | intend intention intent | contend contention | extend
extension extent | convene convention | intervene intervention | prevent prevention | contravene contravention |
behave behaviour behavior | arrive arrival | approve approval | remove removal | renew renewal | refuse refusal |
survive survival survivor | dismiss dismissal | deliver delivery | discover discovery | recover recovery | inject
injection | injure injury | perjure perjury | perceive perception | deceive deception | conceive conception concept |
exempt exemption | locate location local | migrate migration migrant | emigrate emigrant | immigrate immigrant
immigration | inhabit inhabitant | reside residence resident | preside president presidency | depend dependence
dependent dependant | account accountant accountancy | assist assistant assistance | contest contestant | inform
informant information | claim claimant | participate participant | tolerate tolerance tolerant | pollute pollution
pollutant | lubricate lubricant lubrication | cool coolant | frequent frequency often | urgent urgency | vacant
vacancy | pregnant pregnancy | fluent fluency | efficient efficiency | consistent consistency | transparent
transparency | tenant tenancy | infant infancy | consultant consultancy consult | hour hourly | day daily days | week
weekly | month monthly | year yearly annual annually | night nightly | Europe European | America American | Britain
British | France French | Germany German | Spain Spanish | Italy Italian | China Chinese | Japan Japanese | Russia
Russian | India Indian | Greece Greek | Norway Norwegian | Sweden Swedish | Denmark Danish | Poland Polish | Turkey
Turkish | Ireland Irish | Scotland Scottish | Wales Welsh | Netherlands Dutch | Canada Canadian | Mexico Mexican |
Australia Australian | Egypt Egyptian | Portugal Portuguese | Finland Finnish | minimum minimal minimise minimize |
maximum maximal maximise maximize | centre central center | circle circular | muscle muscular | nucleus nuclear |
angle angular | rectangle rectangular | family familial | finance financial | office official officer | race racial |
face facial | benefit beneficial | substance substantial | four fourth | two second twice double | three third triple
| one first once single | half halve | Monday Mon | Tuesday Tue Tues | Wednesday Wed | Thursday Thu Thurs Thur |
Friday Fri | Saturday Sat | Sunday Sun sunny | January Jan | February Feb | April Apr | June Jun | July Jul | August
Aug | September Sep Sept | October Oct | November Nov | December Dec | expensive price priced pricing | pollen
pollinate pollination | vaccine vaccinate vaccination
"""
# Endings of stems, each with what takes its place and the fewest letters before it.
_ENDINGS = (
    ("ific", "if", 3), ("ifi", "if", 3), ("plic", "pli", 2), ("script", "scrib", 1), ("umpt", "um", 2),
    ("quisit", "quir", 1), ("olut", "olv", 1), ("duct", "duc", 2), ("ulsion", "el", 2), ("ens", "end", 3),
    ("ans", "and", 3), ("clus", "clud", 2), ("ognit", "ogn", 2), ("omi", "om", 4), ("graphi", "graph", 3),
    ("craci", "crat", 3), ("metri", "metr", 3), ("ship", "", 4), ("ment", "", 3), ("anci", "", 4), ("enci", "", 4),
    ("anc", "", 4), ("enc", "", 4), ("ant", "", 4), ("ent", "", 4), ("ism", "", 4), ("ist", "", 4), ("iti", "", 3),
    ("eri", "", 4),
)  # fmt: skip
# Stems that only look as if they had such an ending.
_NOT_DERIVED = """
apart apartment authent ballist basement batteri carpent char charit chariti colonist commenc comment complic
compliment constanc currenc decrement depart document element entiti event evid flagship florenc gallant galleri
garment identiti instanc instant intens leftist masteri mastery moment organism parent pariti patienc pigment present
radianc refineri revolut segment sentenc statement statist tangent torment torrent universiti vaniti vincent
"""


@lru_cache(_TEXTS)
def contained_with_kin(text: str, language: str = "") -> frozenset[str]:
    """What a text contains (see `terms.contained_in`) and, if it is English, the roots of its words, each marked."""
    terms = contained_in(text, language)
    return terms if STEMMERS.get(language) != "english" else terms.union(map(_marked, terms))


@lru_cache(_CACHED)
def with_kin(terms: tuple[QueryTerm, ...]) -> tuple[QueryTerm, ...]:
    """The terms of a question so that each is also in a text that contains another word of its root.

    The text is to be given with its roots (see `contained_with_kin`).
    """
    return tuple(replace(term, forms=term.forms.union(map(_marked, term.forms))) for term in terms)


@lru_cache(100_000)
def _marked(term: str) -> str:
    return _MARK + root(term)


@lru_cache(100_000)
def root(term: str) -> str:
    """The root of a search term; the term itself if no other word is known to share its root."""
    if (known := _families().get(term)) is not None:
        return known
    for ending, instead, fewest in _ENDINGS:
        if term.endswith(ending) and len(term) >= len(ending) + fewest and term not in _underived():
            base = term.removesuffix(ending) + instead
            return _families().get(base, base)
    return term


@cache
def _underived() -> frozenset[str]:
    return frozenset(_NOT_DERIVED.split())


@cache
def _families() -> dict[str, str]:
    """The root of each stem in `_FAMILIES`: the stem of its first word there."""
    found: dict[str, str] = {}
    for family in _FAMILIES.split("|"):
        stems = analyze(family, "en")
        for stem in stems:
            found.setdefault(stem, stems[0])
    return found
