"""Small English word lists for the spelling of speech: common words, names, acronyms, short forms. Data only."""

from __future__ import annotations


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text, for lists that are read and changed as text."""
    return tuple(text.split())


ABBREVIATIONS = {
    "Dr.": "doctor",
    "Mr.": "mister",
    "Mrs.": "missus",
    "Ms.": "miss",
    "Prof.": "professor",
    "Sgt.": "sergeant",
    "Capt.": "captain",
    "Lt.": "lieutenant",
    "Gen.": "general",
    "Sr.": "senior",
    "Jr.": "junior",
    "Ave.": "avenue",
    "Rd.": "road",
    "Blvd.": "boulevard",
    "Mt.": "mount",
    "vs.": "versus",
    "etc.": "et cetera",
    "approx.": "approximately",
    "dept.": "department",
    "e.g.": "for example",
    "i.e.": "that is",
    "a.m.": "a m",
    "p.m.": "p m",
}
UNITS = {
    "km/h": ("kilometer an hour", "kilometers an hour"),
    "mph": ("mile an hour", "miles an hour"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "kg": ("kilogram", "kilograms"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "ft": ("foot", "feet"),
    "mg": ("milligram", "milligrams"),
    "ml": ("milliliter", "milliliters"),
    "kHz": ("kilohertz", "kilohertz"),
    "Hz": ("hertz", "hertz"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "°C": ("degree celsius", "degrees celsius"),
    "°F": ("degree fahrenheit", "degrees fahrenheit"),
    "min": ("minute", "minutes"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
}
ACRONYMS = frozenset(
    word_list(
        "NASA FBI CIA BBC CNN USA US UK UN EU TV DJ DNA RNA GPS USB CEO CTO CFO NATO NYPD LAPD AI VR AR PC ID "
        "SOS UFO ATM HIV AIDS IBM DVD CD VIP PR HR FAQ PDF URL HTML HTTP API GPU CPU LED MIT NYC LA DC MRI "
        "ICU ER PHD MVP NFL NBA FIFA UNESCO UNICEF WHO OPEC IMF SUV BMW AC DC RPG FM AM PM OK"
    )
)
PROPER = frozenset(
    word_list(
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February April June July August "
        "September October November December Christmas Easter God Jesus Earth Mars Venus Jupiter Saturn "
        "London Paris Rome Berlin Madrid Vienna Athens Moscow Tokyo Beijing Shanghai Delhi Mumbai Cairo Lagos "
        "Sydney Toronto Chicago Boston Texas California Florida Vegas Hollywood York Francisco Angeles "
        "Washington Dublin Lisbon Istanbul Dubai America England Britain Scotland Ireland Wales France "
        "Germany Italy Spain Portugal Greece Turkey Russia Ukraine Poland China Japan Korea India Pakistan "
        "Egypt Africa Asia Europe Australia Canada Mexico Brazil Argentina Chile Peru Israel Iran English "
        "French German Italian Spanish Chinese Japanese Korean Russian American British Irish Greek Turkish "
        "Indian Arabic Latin Kling Google Apple Amazon Netflix Instagram TikTok YouTube"
    )
)
COMMON = frozenset(
    word_list(
        "a about above across after again against ago ah ahead alive all almost alone along already alright "
        "also although always am among an and angry another answer any anybody anyone anything anyway are "
        "aren't around as ask asleep at away baby back bad be beautiful because become bed been before began "
        "begin behind believe below best better between beyond big bird black bless blood blue boat body boy "
        "boys brave bread break breathe bring brother brothers burn but buy by bye call calm came can can't "
        "cannot captain careful catch chance change cheers child children city clear climb close coffee cold "
        "come coming congratulations cool could couldn't country courage cry cut dad damn dance dark darling "
        "darkness dawn day days dead dear death deep did didn't die dinner do doctor does doesn't dogs don't "
        "done door down dream drink drive drop each early easy eat either else end enough even ever every "
        "everybody everyone everything exactly excuse eyes face faith fall family far fast father fear feel "
        "few fight find fine fire first five flowers fly follow food fools for forever forget forgive forward "
        "four free freedom friend friends from full fun game gentlemen get girl girls give go god goes going "
        "gold gone good goodbye goodnight got great green guard guards guess guys had hands happy hard has "
        "hasn't hate have haven't he he'd he'll he's head hear heart hell hello help her here here's hers hey "
        "hi hide high him his hold home honey honor hope hot hour house how how's however hungry hurry hurt i "
        "i'd i'll i'm i've if imagine in indeed inside into is isn't it it'll it's its join just keep kid "
        "kids kill kind king kiss knew know ladies land last late later laugh leave left less let let's liar "
        "lies life light like listen little live living lock long look looks lord lost love lucky mad made "
        "make man many master may maybe me mean meet men mercy merry midnight might mine minutes miss mom "
        "moment money moon more morning most mother mountain mouth move much mum murder music must my myself "
        "name near need never new news next nice night no nobody none nonsense nor not nothing now of off "
        "often oh okay old on once one only open or order other our ours out outside over own pardon pass "
        "peace people perfect perhaps pick place play please pleasure poor power promise proud pull push put "
        "queen quick quickly quiet quite rain ready real really red relax remember rest return ride right "
        "rise river road room run sad safe said sail sailor sailors same save say school sea second see seems "
        "send set seven several shall she she'd she'll she's ships shh should shouldn't show shut silence "
        "silly since sing sir sister sit six sky sleep slow slowly small smile snow so soldiers some somebody "
        "someone something sometimes somewhere son soon sorry sound speak stand star stars start stay step "
        "still stop storm story strange street strong stupid such sun sure surely surprise surrender sweet "
        "swear table take talk tea tell ten thank thanks that that'll that's the their them then there "
        "there's these they they'd they'll they're they've thing things think third this those though three "
        "through till time to today together tomorrow tonight too top touch towards town train trouble true "
        "trust truth try turn two under understand unless until up upon us use very wait wake walk wall wanna "
        "want war warm was wasn't watch water way we we'd we'll we're we've wear weather welcome well were "
        "weren't what what's whatever when where where's which while whisper white who who's whole whose why "
        "wife will wind window wine winter wish with without woman women won't wonderful words work world "
        "worry would wouldn't wow wrong yeah year years yes yesterday yet you you'd you'll you're you've "
        "young your yours yourself zero gotta gonna attack fire run charge silence enough halt forward summer "
        "spring autumn keeper listen quietly behold friends look everyone nowhere"
    )
)
