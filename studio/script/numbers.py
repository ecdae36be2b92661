"""English words for figures: whole numbers, ordinals, decimals, years, times, money. Never guesses a language."""

from __future__ import annotations

import re
from functools import lru_cache

from studio.script.vocabulary import word_list

_SMALL = word_list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = [".", ".", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LARGEST = 10**15
CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
}
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?:\s?([ap])\.?m\.?)?", re.IGNORECASE)
_MONEY = re.compile(r"([$€£¥])\s?(\d[\d,]*)(?:\.(\d{1,2}))?(?:\s(million|billion|thousand))?")
_ORDINAL = re.compile(r"(\d[\d,]*)(?:st|nd|rd|th)", re.IGNORECASE)
_DECADE = re.compile(r"(\d{2}|\d{4})['’]?s")
_PLAIN = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?")


def integer_words(number: int) -> str:
    """“one thousand two hundred and five” for 1205; figure by figure from a quadrillion on."""
    if number < 0:
        return "minus " + integer_words(-number)
    if number >= LARGEST:
        return digit_words(str(number))
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
    for scale, name in _SCALES:
        if number >= scale:
            count, rest = divmod(number, scale)
            joint = " and " if 0 < rest < 100 else " "
            return f"{integer_words(count)} {name}" + (joint + integer_words(rest) if rest else "")
    raise AssertionError(number)


def ordinal_words(number: int) -> str:
    """“twenty-first” for 21."""
    words = integer_words(number)
    start = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[start:]
    return words[:start] + (_ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th"))


def decimal_words(figure: str) -> str:
    """“three point one four” for 3.14."""
    whole, _point, part = figure.partition(".")
    return f"{integer_words(int(whole or 0))} point {digit_words(part)}"


def digit_words(figures: str) -> str:
    """“four oh seven”-like reading, one word a figure (“zero” for 0)."""
    return " ".join(_SMALL[int(char)] for char in figures if "0" <= char <= "9")


def year_words(year: int) -> str:
    """“nineteen eighty-four”, “two thousand and five”, “twenty twenty-six”, “nineteen oh five”."""
    century, rest = divmod(year, 100)
    if not 1000 <= year <= 2099 or year % 1000 < 10:
        return integer_words(year)
    if rest == 0:
        return integer_words(century) + " hundred"
    return f"{integer_words(century)} {'oh ' if rest < 10 else ''}{integer_words(rest)}"


def time_words(hour: int, minute: int, half: str = "") -> str:
    """“seven thirty”, “five oh five p.m.”, “seven o'clock”. `half` is “a”, “p” or empty."""
    suffix = f" {half.lower()} m" if half else ""
    if minute == 0:
        return integer_words(hour) + (suffix or " o'clock" if hour <= 12 else " hundred hours")
    return f"{integer_words(hour)} {'oh ' if minute < 10 else ''}{integer_words(minute)}{suffix}"


def money_words(sign: str, whole: int, cents: int = 0, scale: str = "") -> str:
    """“five dollars and fifty cents”, “two million euros”."""
    one, many, cent, cents_name = CURRENCIES[sign]
    if scale:
        return f"{integer_words(whole)} {scale} {many}"
    small = f"{integer_words(cents)} {cent if cents == 1 else cents_name}" if cents and cent else ""
    if small and not whole:
        return small
    large = f"{integer_words(whole)} {one if whole == 1 else many}"
    return f"{large} and {small}" if small else large


def read_figure(token: str) -> str | None:
    """The words of a figure as it stands in a sentence, or None where it is not one that is known."""
    if len(token) > 40 or (not token.isascii() and token[:1] not in CURRENCIES):
        return None
    return _read_figure(token)


@lru_cache(maxsize=256)
def _read_figure(token: str) -> str | None:
    if match := _TIME.fullmatch(token):
        hour, minute = int(match.group(1)), int(match.group(2))
        return time_words(hour, minute, match.group(3) or "") if hour < 24 and minute < 60 else None
    if match := _MONEY.fullmatch(token):
        cents = int((match.group(3) or "0").ljust(2, "0"))
        scale = match.group(4) or ""
        if scale and match.group(3):
            amount = decimal_words(f"{_whole(match.group(2))}.{match.group(3)}")
            return f"{amount} {scale} {CURRENCIES[match.group(1)][1]}"
        return money_words(match.group(1), _whole(match.group(2)), cents, scale)
    if match := _ORDINAL.fullmatch(token):
        return ordinal_words(_whole(match.group(1)))
    if match := _DECADE.fullmatch(token):
        return _decade_words(int(match.group(1)))
    return _read_plain(token) if _PLAIN.fullmatch(token) else None


def words_in_figure(token: str) -> int:
    """How many words a token with figures is spoken with; hyphened words count each."""
    words = read_figure(token.rstrip(".,"))
    if words is None:
        words = " ".join(integer_words(int(run[:15])) for run in re.findall(r"[0-9]+", token)) or token
    return len(re.findall(r"[^\W_]+(?:'[^\W_]+)?", words))


def _read_plain(token: str) -> str:
    sign = "minus " if token.startswith("-") else ""
    figure = token.strip("-%").replace(",", "")
    ending = " percent" if token.endswith("%") else ""
    if "." in figure:
        return sign + decimal_words(figure) + ending
    if len(figure) > 1 and figure.startswith("0"):
        return sign + digit_words(figure) + ending
    is_year = len(token) == 4 and 1100 <= int(figure) <= 2099
    return sign + (year_words(int(figure)) if is_year else integer_words(int(figure))) + ending


def _decade_words(number: int) -> str:
    words = year_words(number) if number > 99 else integer_words(number)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def _whole(figure: str) -> int:
    return int(figure.replace(",", ""))
