"""Findings before money is spent: what blocks, what only warns, and what one click mends."""

from __future__ import annotations

from typing import Any

import pytest

from studio.catalog import kling_2_6
from studio.script.findings import MAX_VOICES, PROMPT_MAX_CHARS
from studio.script.lint import Finding, lint
from studio.script.scene import Line, Script

HELLO = Script(lines=(Line("Ann", 1, "", "hello there."),))


def check(script: Script, mode: str = "image-to-video", **values: Any) -> dict[str, Finding]:
    return {finding.code: finding for finding in lint(script, mode=mode, values=values)}


def test_good_draft_has_no_findings():
    assert check(HELLO, voice_ids=["a"]) == {}


@pytest.mark.parametrize(
    ("script", "values", "code"),
    [
        (Script(scene="far " * 700), {}, "too_long"),
        (HELLO, {}, "tag_without_voice"),
        (HELLO, {"voice_ids": ["a", "b", "c"]}, "too_many_voices"),
        (Script(scene="<<<voice_3>>> laughs."), {}, "too_many_voices"),
    ],
)
def test_only_what_fal_would_refuse_blocks(script: Script, values: dict[str, Any], code: str):
    found = check(script, **values)
    assert found[code].is_blocking
    assert all(
        not finding.is_blocking or name in ("too_long", "tag_without_voice", "too_many_voices")
        for name, finding in found.items()
    )


def test_empty_slot_is_not_a_voice():
    script = Script(lines=(Line("Ann", 2, "", "hello there."),))
    assert check(script, voice_ids=["a", ""])["tag_without_voice"].line_index == 0


def test_too_long_prompt_is_cut_at_a_sentence_and_fits():
    script = Script(scene="A long road. " * 220, lines=(Line("Ann", text="hello there."),))
    mended = check(script)["too_long"].fix
    assert mended is not None
    assert mended.script is not None
    assert mended.script.scene.endswith("A long road.")
    assert "too_long" not in check(mended.script)


def test_unused_voice_goes_to_the_speaker_without_one():
    script = Script(lines=(Line("Ann", 1, "", "hello."), Line("Bea", None, "", "good evening.")))
    fix = check(script, voice_ids=["a", "b"])["voice_without_line"].fix
    assert fix is not None
    assert fix.label == "Give it to Bea"
    assert fix.script is not None
    assert fix.script.lines[1].slot == 2


def test_unused_first_voice_is_removed_and_the_second_moves_up():
    script = Script(lines=(Line("Ann", 2, "", "hello there."),))
    fix = check(script, voice_ids=["a", "b"])["voice_without_line"].fix
    assert fix is not None
    assert fix.values == {"voice_ids": ["b"]}
    assert fix.script is not None
    assert fix.script.lines[0].slot == 1


def test_voices_with_the_sound_off_turn_it_on():
    fix = check(HELLO, voice_ids=["a"], generate_audio=False)["voices_sound_off"].fix
    assert fix is not None
    assert fix.values == {"generate_audio": True}


def test_voices_outside_image_to_video_are_said_once_and_do_not_block():
    finding = check(HELLO, "text-to-video", voice_ids=["a"])["voices_outside_image"]
    assert not finding.is_blocking
    assert finding.fix is not None
    assert finding.fix.values == {"voice_ids": None}


def test_pronoun_is_renamed_in_all_its_lines():
    script = Script(lines=(Line("He", text="wait."), Line("She", text="no."), Line("He", text="please.")))
    fixes = [
        finding.fix for finding in lint(script, mode="text-to-video", values={}) if finding.code == "pronoun_speaker"
    ]
    assert fixes[0] is not None
    assert fixes[0].script is not None
    assert [line.speaker for line in fixes[0].script.lines] == ["Character A", "She", "Character A"]
    assert fixes[1] is not None
    assert fixes[1].label == "Use “Character B”"


def test_speakers_in_one_breath_get_a_line_each():
    fix = check(Script(lines=(Line("Ann and Bea", text="happy birthday!"),)))["two_at_once"].fix
    assert fix is not None
    assert fix.script is not None
    assert [line.speaker for line in fix.script.lines] == ["Ann", "Bea"]


def test_raw_prompt_is_checked_as_it_is_sent():
    script = Script(lines=(Line("Ann", text="hello."),), raw='[Ann]: <<<voice_1>>> says, "hello')
    found = check(script)
    assert found["tag_without_voice"].is_blocking
    assert found["unclosed_quote"].line_index is None
    back = found["by_hand"].fix
    assert back is not None
    assert back.script == Script(lines=script.lines)


def test_spelling_mends_one_kind_at_a_time_and_shows_the_words():
    script = Script(lines=(Line("Ann", text="STOP it at 7:30."),))
    found = check(script)
    assert found["shouting"].message == "Kling reads capitals as letters. Make lower case: STOP → stop."
    assert found["figures"].fix is not None
    assert found["figures"].fix.script is not None
    assert found["figures"].fix.script.lines[0].text == "STOP it at seven thirty."


def test_long_lines_offer_ten_seconds_or_fewer_words():
    ten = check(Script(lines=(Line("Ann", text="never " * 15),)), duration="5")["too_long_to_speak"].fix
    assert ten is not None
    assert ten.values == {"duration": "10"}
    cut = check(Script(lines=(Line("Ann", text="never " * 40),)), duration="10")["too_long_to_speak"].fix
    assert cut is not None
    assert cut.script is not None
    assert cut.script.lines[0].text.count("never") == 25


def test_motion_control_says_that_it_speaks_no_lines():
    assert set(check(Script(lines=(Line("He", text="WATCH"),)), "motion-control")) == {"no_speech_here"}


def test_limits_agree_with_the_catalog():
    assert (PROMPT_MAX_CHARS, MAX_VOICES) == (kling_2_6.PROMPT_MAX_CHARS, kling_2_6.MAX_VOICES)


def test_values_of_any_type_are_survived():
    for values in (
        {"voice_ids": 7, "duration": None},
        {"voice_ids": [None, 3]},
        {"generate_audio": "maybe", "duration": "inf"},
    ):
        assert isinstance(lint(HELLO, mode="image-to-video", values=values), tuple)
