"""The prompt that rows compile to, its spans, and what happens to rows that are edited after a prompt was read."""

from __future__ import annotations

from dataclasses import replace

from studio.script.compose import compile_prompt, tidy
from studio.script.parse import merge, parse_prompt
from studio.script.scene import Line, Script

KEEPER = Line("Keeper", 1, "low and tired", "the light goes out tonight, Mara.")
MARA = Line("Mara", 2, "quiet, steady", "then who brings you home?")
PIER = Script(scene="Dusk on a wooden pier.", lines=(KEEPER, MARA), ambience="Gulls far off, no music.")
PIER_PROMPT = (
    'Dusk on a wooden pier. [Keeper, low and tired]: <<<voice_1>>> says, "the light goes out tonight, Mara." '
    'After a beat, [Mara, quiet, steady]: <<<voice_2>>> replies, "then who brings you home?" Gulls far off, no music.'
)
KING = 'A king walks slowly and says "My people, here I am! I am here to save you all"'
FRIENDS = (
    "Old friends reuniting at a train station after 20 years, one exclaims 'Is that really you?!' other tearfully "
    "replies "
    "'I promised I'd come back, didn't I?', train whistle, steam hissing, emotional orchestral swell, crowd murmur"
)


def test_two_voices_compile_to_labels_tags_and_an_answer():
    assert compile_prompt(PIER).text == PIER_PROMPT
    assert parse_prompt(PIER_PROMPT) == PIER


def test_text_mode_leaves_the_tags_out():
    text = compile_prompt(PIER, "text-to-video").text
    assert "<<<" not in text
    assert '[Keeper, low and tired]: "the light' in text


def test_boxes_stand_in_the_order_that_kling_reads_best():
    script = Script("A pier.", "Slow push in.", (KEEPER,), "Gulls far off.", "A bell.", "No music.")
    text = compile_prompt(script).text
    places = [text.index(word) for word in ("A pier", "Slow push", "[Keeper", "Gulls", "A bell", "No music")]
    assert places == sorted(places)
    assert parse_prompt(text) == script


def test_box_is_named_only_where_its_words_do_not_tell():
    script = Script(scene="A pier.", camera="The view drifts.", lines=(KEEPER,), music="Something slow.")
    text = compile_prompt(script).text
    assert "Camera: The view drifts." in text
    assert "Music: Something slow." in text
    assert parse_prompt(text) == script


def test_spans_mark_tag_speech_label_and_delivery_of_their_line():
    compiled = compile_prompt(PIER)
    words = {(span.kind, span.line_index): compiled.text[span.start : span.end] for span in compiled.spans}
    assert words["tag", 0] == "<<<voice_1>>>"
    assert words["speech", 1] == "then who brings you home?"
    assert words["delivery", 0] == "low and tired"
    span = compiled.speech_span(0)
    assert span is not None
    assert compiled.text[span.start : span.end] == KEEPER.text


def test_spans_name_the_rows_of_the_script_when_empty_rows_are_left_out():
    compiled = compile_prompt(replace(PIER, lines=(Line(), KEEPER, Line(speaker="Nobody"), MARA)))
    assert {span.line_index for span in compiled.spans if span.kind == "speech"} == {1, 3}
    assert compiled.text == PIER_PROMPT


def test_prompts_of_the_api_page_are_held_as_rows_and_written_back_to_the_letter():
    for prompt in (
        KING,
        FRIENDS,
        'The man <<<voice_1>>> said, "hello."',
        '[Character A: old sailor, raspy voice]: "we sail at dawn."',
    ):
        script = parse_prompt(prompt)
        assert script.lines
        assert compile_prompt(script).text == prompt
    assert [(line.speaker, line.delivery) for line in parse_prompt(FRIENDS).lines] == [
        ("one", ""),
        ("other", "tearfully"),
    ]


def test_edited_row_keeps_the_form_it_was_written_in():
    script = parse_prompt(KING).with_line(0, speaker="A queen", text="come closer")
    assert compile_prompt(script).text == 'A queen walks slowly and says "come closer"'


def test_slot_given_to_a_row_in_prose_adds_the_tag():
    script = parse_prompt('The man said, "hello."').with_line(0, slot=2)
    assert compile_prompt(script).text == 'The man said, <<<voice_2>>> "hello."'


def test_slot_taken_from_a_row_in_prose_takes_the_tag_and_its_space():
    script = parse_prompt('The man <<<voice_1>>> said, "hello."').with_line(0, slot=None)
    assert compile_prompt(script).text == 'The man said, "hello."'


def test_delivery_given_to_a_label_without_one_goes_into_the_label():
    script = parse_prompt('[Ann]:\n"hello."').with_line(0, delivery="softly")
    assert compile_prompt(script).text == '[Ann, softly]:\n"hello."'


def test_box_filled_after_reading_takes_its_usual_place():
    script = replace(parse_prompt(FRIENDS), music="No drums.")
    assert compile_prompt(script).text == FRIENDS + " No drums."


def test_quotation_marks_inside_speech_choose_other_marks_around_it():
    script = Script(lines=(Line("Ann", text='he said "no" to me.'),))
    assert compile_prompt(script).text == '[Ann]: “he said "no" to me.”'
    assert parse_prompt(compile_prompt(script).text).lines[0].text == 'he said "no" to me.'


def test_raw_prompt_is_sent_exactly_as_written():
    raw = '  he says "hi\n\n[x '
    assert compile_prompt(replace(PIER, raw=raw)).text == raw


def test_hand_edit_that_can_be_read_changes_the_rows():
    merged = merge(PIER, PIER_PROMPT.replace("brings you home", "rows you home"))
    assert merged.raw is None
    assert [line.text for line in merged.lines] == [KEEPER.text, "then who rows you home?"]
    assert merged.lines[1].slot == 2


def test_hand_edit_that_cannot_be_read_is_kept_and_the_rows_stay():
    edited = PIER_PROMPT.replace('home?"', "home?")
    merged = merge(PIER, edited)
    assert merged.raw == edited
    assert merged.lines == PIER.lines
    assert compile_prompt(merged).text == edited


def test_hand_edit_undone_gives_the_rows_back():
    merged = merge(merge(PIER, PIER_PROMPT.replace('home?"', "home?")), PIER_PROMPT)
    assert merged.raw is None
    assert merged.lines == PIER.lines


def test_hand_edit_of_one_word_keeps_boxes_as_the_person_divided_them():
    old = Script(scene="Slow push in.", lines=(KEEPER,))
    assert merge(old, compile_prompt(old).text.replace("tonight", "today")).scene == "Slow push in."


def test_tidy_ends_boxes_as_sentences_and_drops_empty_rows():
    neat = tidy(Script(scene=" a pier ", lines=(Line(), KEEPER), ambience="雨声"))
    assert (neat.scene, neat.ambience, neat.lines) == ("a pier.", "雨声。", (KEEPER,))
