"""Which language a spoken text is in, from its writing and its small words. A guess for pacing; never a translation."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

VOICED = ("en", "zh")  # what Kling 2.6 speaks; it translates the rest to English (API page, generate_audio)
NAMES = {
    "en": "English",
    "zh": "Chinese",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "tr": "Turkish",
    "sv": "Swedish",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Russian",
    "uk": "Ukrainian",
    "el": "Greek",
    "he": "Hebrew",
    "ar": "Arabic",
    "fa": "Persian",
    "hi": "Hindi",
    "th": "Thai",
    "other": "another language",
}

_SMALL_WORDS = {
    "en": "the and you to of is it in that i we my me your are was not do have with for this who what be on all am "
    "will no yes don't can't i'm it's so here there where how come go light tonight hello please never",
    "es": "el la los las de que y en un una es no por con para como está estoy te mi su lo se yo tú pero más qué dónde "
    "aquí hola gracias muy nos eres soy siempre nunca adiós amigo noche casa vamos quiero",
    "fr": "le la les de des et un une est je tu il elle nous vous ne pas que qui dans pour avec ce cette mon ma sur au "
    "c'est j'ai où merci bonjour très suis ça du oui",
    "de": "der die das und ist ich du wir ihr nicht ein eine zu mit auf für den dem es sie war wo wie was mein dein "
    "bin hallo danke nach aber noch kein hier gehen wer bringt heute",
    "pt": "o os as de que e em um uma é não por com para como está estou você meu minha seu eu mas mais onde aqui olá "
    "obrigado muito nós ele ela isso foi vamos",
    "it": "il lo la gli di che e in un una è non per con come sono sei mio mia tu io ma più dove qui ciao grazie molto "
    "noi questo della del chi andiamo tutti",
    "nl": "de het een en is ik je jij wij niet van op met voor dat wat waar hier mijn jouw ben naar maar ook hallo",
    "pl": "nie się w na i z jest to że do jak ale co tak jestem mnie ty my dla dzień dobry",
    "tr": "bir ve bu ne için ben sen değil mi çok evet hayır nerede burada merhaba gel git var yok",
    "sv": "och att det är en jag du vi inte som på med för den har var här min hej tack",
}
_BY_WORD: dict[str, tuple[str, ...]] = {}
for _code, _words in _SMALL_WORDS.items():
    for _word in set(_words.split()):
        _BY_WORD[_word] = (*_BY_WORD.get(_word, ()), _code)
_MARKS = {"es": "ñ¿¡", "fr": "çœêèùâû", "de": "ßäö", "pt": "ãõ", "it": "ìò", "pl": "łąęśżźń", "tr": "ğış", "sv": "å"}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_RANGES = (
    ("ja", "\u3040", "\u30ff"),
    ("ko", "\uac00", "\ud7af"),
    ("ko", "\u1100", "\u11ff"),
    ("zh", "\u3400", "\u9fff"),
    ("zh", "\U00020000", "\U0003ffff"),
    ("ru", "\u0400", "\u052f"),
    ("el", "\u0370", "\u03ff"),
    ("he", "\u0590", "\u05ff"),
    ("ar", "\u0600", "\u06ff"),
    ("ar", "\u0750", "\u077f"),
    ("hi", "\u0900", "\u097f"),
    ("th", "\u0e00", "\u0e7f"),
)
_UNNAMED = ("LATIN", "DIGIT", "FULLWIDTH LATIN")


@lru_cache(maxsize=512)
def detect_language(text: str) -> str:
    """A code of `NAMES`. Latin text without a telling word is taken for English; “en” for an empty text."""
    counts: dict[str, int] = {}
    latin = 0
    for char in text[:2000]:
        if char < "\u0250":
            latin += char.isalpha()
        elif char.isalpha():
            code = _script_of(char)
            counts[code] = counts.get(code, 0) + 1
    if not counts:
        return _latin_language(text)
    code = max(counts, key=lambda key: counts[key])
    if counts.get("ja", 0) * 5 >= counts.get("zh", 0) and counts.get("ja"):
        code = "ja"
    weight = 1 if code in ("zh", "ja", "ko") else 3  # one Han character says about as much as three letters
    if latin > counts[code] * 3 * (1 if weight == 3 else 2):
        return _latin_language(text)
    return _among_neighbours(code, text)


def is_voiced(language: str) -> bool:
    """True for what Kling speaks without translating it."""
    return language in VOICED


def _script_of(char: str) -> str:
    for code, low, high in _RANGES:
        if low <= char <= high:
            return code
    return "latin" if unicodedata.name(char, "").startswith(_UNNAMED) else "other"


def _among_neighbours(code: str, text: str) -> str:
    if code == "latin":
        return _latin_language(text)
    if code == "ru" and re.search(r"[іїєґІЇЄҐ]", text):
        return "uk"
    if code == "ar" and re.search(r"[پچژگ]", text):
        return "fa"
    return code


def _latin_language(text: str) -> str:
    words = _WORD.findall(text[:2000].lower().replace("’", "'"))
    scores: dict[str, float] = dict.fromkeys(_SMALL_WORDS, 0.0)
    for word in words:
        codes = _BY_WORD.get(word, ())
        for code in codes:
            scores[code] += 1 / len(codes)
    lowered = text[:2000].lower()
    for code, marks in _MARKS.items():
        scores[code] += sum(0.75 for mark in marks if mark in lowered)
    best = max(scores, key=lambda code: (scores[code], code == "en"))
    is_sure = scores[best] >= max(1.0, scores["en"] + 0.5) and scores[best] * 8 >= len(words)
    return best if is_sure else "en"
