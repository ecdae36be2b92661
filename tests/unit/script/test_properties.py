"""What must hold for every text and every script, on generated inputs of all kinds of writing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.script.captions import Cue, to_srt, to_vtt
from studio.script.compose import compile_prompt, tidy
from studio.script.findings import PROMPT_MAX_CHARS
from studio.script.heard import align
from studio.script.language import NAMES, detect_language
from studio.script.lint import lint
from studio.script.parse import merge, parse_prompt, split_pasted
from studio.script.scene import Line, Script, script_from_json, script_to_json
from studio.script.spelling import spell_for_speech
from studio.script.timing import plan_lines

BITS = [
    '"',
    "'",
    "“",
    "”",
    "‘",
    "’",
    "«",
    "»",
    "„",
    "「",
    "」",
    "[",
    "]",
    "(",
    ")",
    ":",
    "：",
    ",",
    "，",
    ".",
    "。",
    "!",
    "?",
    "…",
    "...",
    "—",
    ";",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "\x00",
    "\x01",
    "\u2028",
    "\u202e",
    "\u200f",
    "\ud83d",
    "\ufeff",
    "😀",
    "👩‍👩‍👧",
    "{",
    "}",
    "\\",
    "<",
    ">",
    "&",
    "<<<voice_1>>>",
    "<<<voice_2>>>",
    "<<<voice_9>>>",
    "<<<",
    ">>>",
    "says",
    "said",
    "replies",
    "whispers softly",
    "A king",
    "Mara",
    "MARA",
    "he",
    "After a beat,",
    "Immediately,",
    "at the same time",
    "Camera:",
    "Music:",
    "SFX:",
    "INT. PIER",
    "slow push in",
    "no music",
    "rain on a roof",
    "他",
    "她低声",
    "说",
    "“好。”",
    "「はい」",
    "مرحبا",
    "שלום",
    "नमस्ते",
    "한국어",
    "привет",
    "a sign reading",
    "the light goes out",
    "$5.50",
    "7:30",
    "10%",
    "Dr.",
    "St.",
    "km",
    "1,000,000",
    "\U00020000",
    "é",
    "ﬁ",
    "İ",
    "ß",
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(BITS), max_size=40).map("".join),
    st.lists(st.sampled_from(BITS), max_size=40).map(" ".join),
    st.text(alphabet=st.characters(), max_size=120),
)
LINES = st.builds(
    Line,
    speaker=TEXTS,
    slot=st.sampled_from([None, 1, 2]),
    delivery=TEXTS,
    text=TEXTS,
    action=TEXTS,
    verb=st.none() | st.sampled_from(["", "says", "whispers"]),
    connective=st.none() | st.sampled_from(["", "Immediately,", "At the same time,"]),
)
SCRIPTS = st.builds(
    Script,
    scene=TEXTS,
    camera=TEXTS,
    lines=st.lists(LINES, max_size=4).map(tuple),
    ambience=TEXTS,
    effects=TEXTS,
    music=TEXTS,
    raw=st.none() | TEXTS,
)
PLAIN_WORDS = [
    "the lamp",
    "harbour",
    "灯塔",
    "café",
    "море",
    "بحر",
    "ים",
    "दीप",
    "바다",
    "うみ",
    "😀",
    "slowly turns",
    "long road",
    "7 boats",
    "3.5",
]
SENTENCES = st.lists(st.sampled_from(PLAIN_WORDS), min_size=1, max_size=6).map(lambda words: " ".join(words) + ".")
NAMES_OF_PEOPLE = st.sampled_from(
    ["Keeper", "Mara", "Old Sailor", "老人", "Ёж", "שרה", "ليلى", "Zoë 😀", "Character A"]
)
PLAIN_LINES = st.builds(
    Line,
    speaker=NAMES_OF_PEOPLE,
    slot=st.sampled_from([None, 1, 2]),
    delivery=st.sampled_from(["", "low and tired", "quiet, steady", "轻声", "בשקט"]),
    text=SENTENCES,
    action=st.sampled_from(["", "The door opens.", "灯灭了。"]),
)
PLAIN_SCRIPTS = st.builds(
    Script,
    scene=SENTENCES,
    camera=st.sampled_from(["", "Slow push in.", "镜头推进。"]),
    lines=st.lists(PLAIN_LINES, max_size=5).map(tuple),
    ambience=st.sampled_from(["", "Gulls far off.", "Rain on canvas."]),
    effects=st.sampled_from(["", "A bell.", "Something odd."]),
    music=st.sampled_from(["", "No music.", "Soft piano.", "The lamp."]),
)


def many(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


@many(4000)
@given(TEXTS)
def test_every_text_is_read_and_compiled_back_to_the_letter(text: str):
    script = parse_prompt(text)
    compiled = compile_prompt(script)
    assert script.raw is None
    assert compiled.text == text
    assert "".join(text[span.start : span.end] for span in compiled.spans) == text


@many(1200)
@given(SCRIPTS)
def test_reading_a_compiled_script_changes_nothing_more(script: Script):
    text = compile_prompt(script).text
    assert compile_prompt(tidy(script)).text == text
    assert compile_prompt(parse_prompt(text)).text == text


@many(1200)
@given(PLAIN_SCRIPTS)
def test_plain_rows_come_back_from_their_own_prompt(script: Script):
    script = tidy(script)
    assert parse_prompt(compile_prompt(script).text) == script


@many(1200)
@given(
    SCRIPTS,
    st.sampled_from(["image-to-video", "text-to-video", "motion-control"]),
    st.lists(st.text(max_size=3), max_size=4),
)
def test_any_draft_is_checked_and_its_mends_compile(script: Script, mode: str, voices: list[str]):
    for finding in lint(script, mode=mode, values={"voice_ids": voices, "duration": "5"}):
        assert finding.message
        if finding.fix is not None and finding.fix.script is not None:
            compile_prompt(finding.fix.script, mode)


@many(800)
@given(SCRIPTS)
def test_script_survives_json_but_for_what_utf8_cannot_hold(script: Script):
    once = script_from_json(script_to_json(script))
    assert script_from_json(script_to_json(once)) == once
    compile_prompt(once).text.encode("utf-8")


@many(800)
@given(TEXTS, TEXTS)
def test_pastes_and_hand_edits_are_taken_in(old: str, edited: str):
    for line in split_pasted(edited):
        assert line.text.strip()
        assert line.form is None
    merged = merge(parse_prompt(old), edited)
    assert compile_prompt(merged).text == edited


@many(600)
@given(TEXTS)
def test_speech_of_any_text_has_a_language_a_time_and_a_spelling(text: str):
    assert detect_language(text) in NAMES
    plan = plan_lines((Line(text=text), Line(text=text)), 5)
    assert all(0 <= row.start_s <= row.end_s for row in plan.rows)
    assert all(row.over_from_char is None or 0 <= row.over_from_char < len(text) for row in plan.rows)
    spelling = spell_for_speech(text)
    assert spell_for_speech(spelling.text).text.lower() is not None
    for change in spelling.changes:
        assert text[change.start : change.end] == change.before


@many(400)
@given(st.lists(st.builds(Cue, st.floats(), st.floats(), TEXTS, st.sampled_from([None, 1, 2]), TEXTS), max_size=6))
def test_captions_of_anything_are_well_formed(cues: list[Cue]):
    srt, vtt = to_srt(cues), to_vtt(cues)
    assert vtt.startswith("WEBVTT\n")
    for text in (srt, vtt):
        text.encode("utf-8")
        for block in filter(str.strip, text.split("\n\n")):
            assert block.count(" --> ") <= 1
            assert "\x00" not in block


@many(400)
@given(
    st.lists(SENTENCES, max_size=6),
    st.lists(st.tuples(st.floats(allow_nan=True), st.floats(allow_nan=True)), max_size=12),
)
def test_heard_lines_keep_their_order_inside_the_speech(texts: list[str], speech: list[tuple[float, float]]):
    heard = align([Line(text=text) for text in texts], speech)
    assert [row.index for row in heard] == sorted({row.index for row in heard})
    assert all(a.end_s <= b.start_s + 0.001 for a, b in pairwise(heard))


@many(300)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["scene", "lines", "raw", "form", "pieces", "layout", "slot", "text", "speaker", "open"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_hostile_json_becomes_some_script(data: object):
    compile_prompt(script_from_json(data))


@many(100)
@given(st.sampled_from(BITS), st.sampled_from(["", " ", '"', "says "]), st.integers(2_500, 50_000))
def test_long_monotonous_text_is_read_to_the_letter(bit: str, between: str, length: int):
    text = ((bit + between) * (length // len(bit + between) + 1))[:length]
    script = parse_prompt(text)
    assert compile_prompt(script).text == text
    if length <= PROMPT_MAX_CHARS * 2:
        lint(script, mode="text-to-video", values={})
