"""Words the prompt grammar knows: verbs of speaking, connectives, names of boxes. Data only; never reads a prompt."""

from __future__ import annotations

import re

from studio.script.vocabulary import word_list

TAG = re.compile(r"<<<voice_(\d{1,3})>>>")


def tag(slot: int) -> str:
    """The voice tag of a slot, as the API page spells it."""
    return f"<<<voice_{slot}>>>"


_STEMS = word_list(
    "say ask answer shout whisper murmur mutter reply exclaim announce add yell scream continue plead beg "
    "insist declare call sing chant hum recite laugh sigh sob mumble remark explain promise warn growl hiss "
    "snap stammer speak respond narrate interrupt interject gasp cry tell state mouth roar bark croak rasp "
    "whimper beam joke read intone demand agree admit confess repeat shriek bellow drawl tease counter "
    "breathe proclaim urge begin conclude greet"
)
_IRREGULAR = word_list(
    "said sang sung spoke told cried replied begged pled began wept read lies saying says sings speaks spoken calls out"
)


def _forms(stem: str) -> tuple[str, ...]:
    if stem.endswith("y") and stem[-2] not in "aeo":
        return stem, stem[:-1] + "ies", stem[:-1] + "ied", stem + "ing"
    if stem.endswith("e"):
        return stem, stem + "s", stem + "d", stem[:-1] + "ing"
    if stem.endswith(("s", "sh", "ch")):
        return stem, stem + "es", stem + "ed", stem + "ing"
    doubled = stem + stem[-1] if stem in ("beg", "hum", "sob", "snap", "begin") else stem
    return stem, stem + "s", doubled + "ed", doubled + "ing"


ENGLISH_VERBS = frozenset(form for stem in _STEMS for form in _forms(stem)) | frozenset(_IRREGULAR) - {"out", "lies"}
OTHER_VERBS = frozenset(
    word_list(
        "dice dijo pregunta preguntó responde respondió grita gritó susurra susurró exclama contesta murmura "
        "dit demande répond répondit crie murmure chuchote s'exclame déclare ajoute sagt sagte fragt fragte "
        "antwortet antwortete ruft rief flüstert flüsterte schreit murmelt diz disse pergunta perguntou "
        "responde respondeu sussurra chiede chiese risponde rispose grida sussurra esclama говорит сказал "
        "сказала спрашивает спросил спросила отвечает ответил ответила кричит шепчет шепнула قال قالت يقول "
        "تقول سأل سألت أجاب يهمس تهمس कहता कहती कहा पूछा बोला बोली 말한다 말했다 묻는다 속삭인다 외친다 mówi powiedział "
        "powiedziała zegt zei vraagt der söyler dedi"
    )
)
VERBS = ENGLISH_VERBS | OTHER_VERBS
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def is_verb(word: str) -> bool:
    """True for a word that introduces speech, in any form that the lexicon has."""
    return word.lower() in VERBS


def last_verb(text: str, start: int = 0) -> re.Match[str] | None:
    """The last word of `text` that introduces speech. A set of words: an alternation is 40 times slower."""
    found = None
    for match in WORD.finditer(text, start):
        if match.group().lower() in VERBS:
            found = match
    return found


CHINESE_VERB = re.compile(
    r"(?:大声|低声|轻声|小声|高声|柔声|冷冷地|轻轻地|缓缓地|慢慢地|微笑着|笑着|哭着)?"
    r"(?:说道|喊道|问道|答道|回答道|叫道|笑道|回答|耳语|低语|喃喃|唱道|說道|問道|說|问|問|说|喊|叫|唱|答|道|言う|言った|尋ねる|囁く|叫ぶ)"
)
CHINESE_MANNER = re.compile(r"^(?:大声|低声|轻声|小声|高声|柔声|冷冷地|轻轻地|缓缓地|慢慢地|微笑着|笑着|哭着)")

CONNECTIVE = re.compile(
    r"(?:and then|then|and|but|next|immediately|suddenly|instantly|at once|without a pause|meanwhile|finally|later|"
    r"(?:at )?(?:the )?same time|together|simultaneously|"
    r"(?:after|following|with) (?:a|an|one|two|three|another|some)[\w' -]{1,30}|(?:a|one) (?:\w+ )?(?:beat|moment|"
    r"second|pause|breath)"
    r"(?: later)?|in (?:reply|response|answer|return|unison)|(?:long |short |brief )?(?:pause|beat|silence)|"
    r"片刻后|随后|接着|然后|这时)\s*[,.:…，：]?",
    re.IGNORECASE,
)
AUTO_CONNECTIVE = "After a beat,"
AUTO_CONNECTIVE_CHINESE = "片刻后，"

# What stands before a colon and names a box or a setting, never a speaker.
BOX_LABELS = {
    "scene": "scene setting location place action actions character characters subject subjects style look mood "
    "lighting light shot visual visuals environment background time",
    "camera": "camera cameras framing lens",
    "ambience": "ambience ambiance ambient atmosphere sound sounds audio soundscape",
    "effects": "sfx effects fx foley",
    "music": "music score soundtrack",
}
LABEL_BOX = {word: box for box, words in BOX_LABELS.items() for word in words.split()}
LABEL_BOX |= {
    "sound effects": "effects",
    "ambient sound": "ambience",
    "background music": "music",
    "camera movement": "camera",
    "background sound": "ambience",
    "sound effect": "effects",
    "camera move": "camera",
}
NOT_A_SPEAKER = frozenset(LABEL_BOX) | frozenset(
    word_list(
        "dialogue dialog lines speech avoid negative note notes duration aspect format prompt title quality "
        "end fps ratio warning text caption subtitle subtitles http https"
    )
)
BOX_WRITES = {
    "scene": "Scene: ",
    "camera": "Camera: ",
    "ambience": "Ambience: ",
    "effects": "Sound effects: ",
    "music": "Music: ",
}

CAMERA_WORDS = re.compile(
    r"\b(?:camera|push(?:es)? in|push-in|pull(?:s)? (?:back|out)|dolly|dollies|pan(?:s|ning)?\b|tilt(?:s|ing)?|"
    r"zoom(?:s|ing)?|"
    r"tracking shot|track(?:s)? (?:in|left|right|back|along)|close[- ]?up|wide shot|medium shot|long shot|handheld|"
    r"hand-held|"
    r"static shot|locked[- ]off|crane|steadicam|rack focus|orbit(?:s|ing)?|over[- ]the[- ]shoulder|low angle|"
    r"high angle|"
    r"shallow focus|one shot|single shot|aerial shot|drone)\b|镜头|特写|推进|拉远|摇镜|跟拍",
    re.IGNORECASE,
)
MUSIC_WORDS = re.compile(
    r"\b(?:music|melody|orchestra(?:l)?|strings|piano|guitar|violin|cello|drum(?:s|beat)?|synth|score|soundtrack|"
    r"choir|lo-fi|jazz|bassline|waltz|accordion)\b|音乐|音樂|配乐|钢琴",
    re.IGNORECASE,
)
EFFECTS_WORDS = re.compile(
    r"\b(?:whistle|slam(?:s)?|crash(?:es)?|thud|bang(?:s)?|click(?:s)?|footsteps?|knock(?:s|ing)?|bell(?:s)?|"
    r"gunshots?|explosion|"
    r"creak(?:s|ing)?|splash(?:es)?|clatter|clink|snap|shatter(?:s)?|horn|siren|door (?:opens|closes|shuts)|"
    r"sound effects?|sfx)\b|音效|脚步声",
    re.IGNORECASE,
)
AMBIENCE_WORDS = re.compile(
    r"\b(?:ambien(?:ce|t)|murmur(?:s|ing)?|rain (?:on|against)|wind (?:in|through|over)|waves|gulls|birdsong|"
    r"crickets|traffic|"
    r"crackl(?:e|es|ing)|humming|rustl(?:e|es|ing)|distant|far off|lapping|room tone|silence|hush|no (?:speech|"
    r"dialogue|voices|talking))\b"
    r"|环境音|风声|雨声|海浪声",
    re.IGNORECASE,
)
SIGN_WORDS = re.compile(
    r"\b(?:reading|reads|labell?ed|titled|called|named|written|marked|captioned|known as|logo|sign|text)\W*$",
    re.IGNORECASE,
)
PRONOUNS = frozenset(
    word_list(
        "he she they it him her them one other another someone somebody i we you the other the one first "
        "second the first the second 他 她 它 他们 她们 我 我们 你 一个 另一个 él ella il elle er sie lui lei ele "
        "ela он она они"
    )
) | {"the other", "the one", "the first", "the second", "the other one", "another one", "one of them"}
