"""The dialogue desk as a writer uses it: rows, mends, what is too long, edits by hand, lines heard at their times."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import av
import pytest
from playwright.sync_api import Locator, Page, expect

from studio.media.speech import find_speech
from studio.script.scene import Line, Script
from studio.script.starters import all_starters
from studio.script.timing import cut_to_fit, plan_lines
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.materials import PIER
from tests.browser.steps import IMAGE, MOTION, TEXT
from tests.browser.studios import StudioProcess

CAPTION_OFF_S = 0.15
LONG = "the light goes out tonight, Mara, and nobody on this whole coast will climb up to mend it."
PROMPT_OF_API_PAGE = 'A king walks slowly and says "My people, here I am! I am here to save you all"'
SLOW_LINE_MS = 1000  # how long every answer takes while typing is measured
SLOW_CPU = 4
PAINTED_MS = 250  # a quarter of what an answer takes here; a key that waited for one would need four times as long


def desk(page: Page, mode: str = IMAGE) -> Locator:
    return page.locator(f"#{mode}--script")


def lines(page: Page, mode: str = IMAGE) -> list[str]:
    return desk(page, mode).locator(".line-text").evaluate_all("all => all.map(one => one.value)")


def finding(page: Page, code: str, mode: str = IMAGE) -> Locator:
    return desk(page, mode).locator(f".finding[data-code={code}]")


# -- too long ----------------------------------------------------------------------------------------------------------


def test_words_beyond_the_clip_are_marked_in_the_row_and_on_the_ruler(page: Page) -> None:
    line = steps.add_line(page, IMAGE, "Keeper", LONG)
    beyond = LONG[plan_lines((Line("Keeper", text=LONG),), 5).rows[0].over_from_char :]
    expect(line.locator(".line-echo mark")).to_have_text(beyond)
    expect(desk(page).locator(".ruler-over")).to_be_visible()
    expect(desk(page).locator(".fits")).to_contain_text("too long for 5 s")
    boxes = [line.locator(part).bounding_box() for part in (".line-echo", ".line-text")]
    assert boxes[0] == boxes[1], "the marks must lie under the words"


def test_longer_clip_says_its_price_and_mends_the_overrun(page: Page) -> None:
    steps.add_line(page, IMAGE, "Keeper", LONG)
    desk(page).get_by_role("button", name="Switch to 10 s, $1.40", exact=True).click()
    expect(desk(page).locator(".fits")).to_contain_text("Fits 10 s")
    expect(page.locator(f"#{IMAGE}--sum")).to_contain_text("10 s × $0.14")
    expect(desk(page).locator(".line-echo mark")).to_have_text("")
    assert lines(page) == [LONG]


def test_cutting_words_takes_what_is_marked_and_nothing_else(page: Page) -> None:
    steps.add_line(page, IMAGE, "Keeper", LONG)
    desk(page).locator(".fits").get_by_role("button", name="Cut").click()
    expect(desk(page).locator(".fits")).to_contain_text("Fits 5 s")
    spoken = (Line("Keeper", text=LONG),)
    assert lines(page) == [line.text for line in cut_to_fit(spoken, plan_lines(spoken, 5))]


# -- mends -------------------------------------------------------------------------------------------------------------


def test_spelling_shows_its_words_and_changes_only_when_asked(page: Page) -> None:
    line = steps.add_line(page, IMAGE, "Keeper", "we meet at 10:30 TONIGHT, says NASA.")
    expect(finding(page, "figures")).to_contain_text("10:30 → ten thirty")
    expect(finding(page, "shouting")).to_contain_text("TONIGHT → tonight")
    expect(line.locator(".line-text")).to_have_value("we meet at 10:30 TONIGHT, says NASA.")
    finding(page, "figures").get_by_role("button").click()
    expect(line.locator(".line-text")).to_be_focused()
    finding(page, "shouting").get_by_role("button").click()
    expect(line.locator(".line-text")).to_have_value("we meet at ten thirty tonight, says NASA.")
    expect(line.locator(".finding")).to_have_count(0)


def test_other_languages_are_flagged_and_chinese_is_not(page: Page) -> None:
    steps.add_line(page, IMAGE, "Mara", "ich komme morgen nach Hause, wenn du es willst.")
    expect(finding(page, "translated")).to_contain_text("German will be translated")
    desk(page).locator(".line-text").fill("茶凉了，可以再添。")
    expect(finding(page, "translated")).to_have_count(0)
    expect(steps.reading(page, IMAGE)).to_contain_text("茶凉了，可以再添。")


def test_mend_may_change_lines_and_voices_at_once(page: Page) -> None:
    """Voice 1 is heard by nobody: without it, voice 2 becomes voice 1, in the slot and in the line."""
    type_voice(page, 1, "first-voice")
    type_voice(page, 2, "second-voice")
    line = steps.add_line(page, IMAGE, "Mara", "then who brings you home?")
    line.get_by_label("Voice", exact=True).select_option("2")
    expect(steps.reading(page, IMAGE)).to_contain_text("<<<voice_2>>>")
    finding(page, "voice_without_line").get_by_role("button", name="Remove voice 1").click()
    expect(steps.reading(page, IMAGE)).to_contain_text("<<<voice_1>>>")
    expect(line.get_by_label("Voice", exact=True)).to_have_value("1")
    page.wait_for_function("JSON.stringify(studio.desk.value('image-to-video', 'voice_ids')) === '[\"second-voice\"]'")


def test_mend_may_clear_the_voices_and_the_price_follows(page: Page) -> None:
    type_voice(page, 1, "a-voice")
    expect(page.locator(f"#{IMAGE}--sum")).to_contain_text("5 s × $0.168")
    finding(page, "voice_without_line").get_by_role("button", name="Remove voice 1").click()
    expect(page.locator(f"#{IMAGE}--sum")).to_contain_text("5 s × $0.14")
    expect(page.get_by_label("Voice 1", exact=True)).to_have_value("")


def type_voice(page: Page, slot: int, voice_id: str) -> None:
    page.get_by_label(f"Voice {slot}", exact=True).select_option("+")
    page.get_by_label(f"Voice ID for voice {slot}").fill(voice_id)
    page.keyboard.press("Enter")
    expect(page.get_by_label(f"Voice {slot}", exact=True)).to_be_focused()


def test_words_for_another_mode_go_along(page: Page) -> None:
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, "A harbour at night.")
    steps.add_line(page, TEXT, "Mara", "then who brings you home?")
    desk(page, TEXT).get_by_role("button", name="Use Image to video").click()
    expect(page.locator(f"#{IMAGE}--scene")).to_have_value("A harbour at night.")
    assert lines(page, IMAGE) == lines(page, TEXT) == ["then who brings you home?"]


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_prompt_edited_by_hand_becomes_rows_and_keeps_its_words(page: Page) -> None:
    edit_by_hand(page, PROMPT_OF_API_PAGE)
    expect(desk(page).locator(".line-speaker")).to_have_value("A king")
    assert lines(page) == ["My people, here I am! I am here to save you all"]
    desk(page).get_by_role("button", name="Done", exact=True).click()
    desk(page).locator(".line-text").fill("my people, the winter is over")
    expect(steps.reading(page, IMAGE)).to_have_text('A king walks slowly and says "my people, the winter is over"')


def test_prompt_that_cannot_be_read_is_kept_as_written_whatever_the_rows_say(page: Page) -> None:
    steps.add_line(page, IMAGE, "Mara", "then who brings you home?")
    written = 'Dusk. [Mara]: "then who brings you home'
    edit_by_hand(page, written)
    expect(finding(page, "by_hand")).to_be_visible()
    desk(page).locator(".line-text").fill("something else.")
    page.locator(f"#{IMAGE}--scene").fill("Another place.")
    expect(desk(page).locator(".ruler-line")).to_have_text("something else.")
    expect(page.get_by_label("What Kling reads, edited by hand")).to_have_value(written)
    page.wait_for_function("(text) => studio.desk.value('image-to-video', 'prompt') === text", arg=written)
    finding(page, "by_hand").get_by_role("button", name="Go back to the rows").click()
    expect(steps.reading(page, IMAGE)).to_contain_text('Another place. [Mara]: "something else."')


def edit_by_hand(page: Page, text: str) -> None:
    desk(page).get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("What Kling reads, edited by hand").fill(text)


# -- rows --------------------------------------------------------------------------------------------------------------


def test_line_is_dragged_to_its_place(page: Page) -> None:
    for name, words in (("Ines", "first."), ("Marlow", "second."), ("Mara", "third.")):
        steps.add_line(page, IMAGE, name, words)
    grips = desk(page).locator(".line-grip")
    grips.nth(2).scroll_into_view_if_needed()
    start, end = grips.nth(2).bounding_box(), desk(page).locator(".line").first.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 12, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 12, end["y"] + 20, steps=4)
    page.mouse.move(start["x"] + 12, end["y"] + 4, steps=4)
    expect(desk(page).locator(".line").first).to_have_class("line is-after")
    page.mouse.up()
    assert lines(page) == ["third.", "first.", "second."]
    expect(steps.reading(page, IMAGE)).to_contain_text('third." After a beat, [Ines]: "first."')


def test_beat_before_a_line_is_written_and_planned(page: Page) -> None:
    steps.add_line(page, IMAGE, "Ines", "who is there?")
    line = steps.add_line(page, IMAGE, "Marlow", "only me.")
    before = starts(page)[1]
    line.get_by_label("What happens before the line").fill("The door opens")
    expect(steps.reading(page, IMAGE)).to_contain_text('The door opens. [Marlow]: "only me."')
    assert starts(page)[1] == pytest.approx(before + 0.5, abs=0.02)


def starts(page: Page, duration_s: float = 5) -> list[float]:
    """Where the ruler shows each line to start, in seconds."""
    shares = desk(page).locator(".ruler-line").evaluate_all("all => all.map(one => parseFloat(one.style.left))")
    return [share / 100 * duration_s for share in shares]


def test_camera_and_sound_stand_in_boxes_with_suggestions(page: Page) -> None:
    desk(page).locator(".script-extras > summary").click()
    for box, words in (("camera", "slow push in"), ("effects", "a door closes"), ("music", "no music")):
        field = page.locator(f"#{IMAGE}--{box}")
        offered = field.evaluate("box => [...box.list.options].map(option => option.value)")
        assert words in offered
        field.fill(words)
    expect(steps.reading(page, IMAGE)).to_contain_text("slow push in.")
    expect(steps.reading(page, IMAGE)).to_contain_text("no music")
    expect(desk(page).locator("[id$=--count]")).to_have_text(f"{len(steps.reading(page, IMAGE).inner_text())} / 2500")


def test_prompt_above_the_limit_is_counted_and_cannot_be_sent(page: Page) -> None:
    page.locator(f"#{IMAGE}--scene").fill("the long road goes on. " * 120)
    expect(desk(page).locator("[id$=--count]")).to_have_class("num hint is-over")
    expect(finding(page, "too_long")).to_have_class("finding is-blocking")
    finding(page, "too_long").get_by_role("button").click()
    expect(desk(page).locator("[id$=--count]")).not_to_have_class("num hint is-over")


# -- lines heard at their times ----------------------------------------------------------------------------------------


def test_lines_of_a_rehearsal_stand_where_its_guide_track_speaks(page: Page) -> None:
    steps.fill_well(page, IMAGE, "start_image_url", PIER)
    steps.write_scene(page, IMAGE, "Dusk on a wooden pier.")
    steps.add_line(page, IMAGE, "Keeper", "the light goes out tonight, Mara.")
    steps.add_line(page, IMAGE, "Mara", "then who brings you home?")
    take = steps.rehearse(page, IMAGE)
    card = steps.card(page, take)
    clip = page.request.get(card["media"]["video"]).body()
    cues = guide_cues(clip)
    assert [cue["text"] for cue in cues] == [line["text"] for line in card["lines"]]
    for line, cue in zip(card["lines"], cues, strict=True):
        assert line["start_s"] == pytest.approx(cue["start_s"], abs=CAPTION_OFF_S), (card["lines"], cues)
        assert line["end_s"] == pytest.approx(cue["end_s"], abs=CAPTION_OFF_S), (card["lines"], cues)
    for line in card["lines"]:
        steps.seek(page, line["start_s"] + CAPTION_OFF_S)
        expect(page.locator(".stage-caption")).to_contain_text(line["text"])
    for kind, arrow in (("srt", ","), ("vtt", ".")):
        text = page.request.get(card["media"][kind]).text()
        for line in card["lines"]:
            assert f"00:00:{line['start_s']:06.3f}".replace(".", arrow) in text


def guide_cues(clip: bytes) -> list[dict[str, Any]]:
    """What the stand-in says of its own guide track, in the comment of the file."""
    with av.open(io.BytesIO(clip)) as container:
        cues: list[dict[str, Any]] = json.loads(container.metadata["comment"])["cues"]
    return cues


def test_each_voice_of_a_rehearsal_is_heard(page: Page, tmp_path: Any) -> None:
    """Each cue has sound under it and silence between: something is spoken, with an engine or in tones."""
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, "A harbour at night.")
    steps.add_line(page, TEXT, "Ines", "who is out there?")
    steps.add_line(page, TEXT, "Marlow", "only the tide.")
    card = steps.card(page, steps.rehearse(page, TEXT))
    path = tmp_path / "rehearsal.mp4"
    path.write_bytes(page.request.get(card["media"]["video"]).body())
    heard = find_speech(path)
    for cue in guide_cues(path.read_bytes()):
        inside = sum(max(0.0, min(end, cue["end_s"]) - max(start, cue["start_s"])) for start, end in heard)
        assert inside > 0.6 * (cue["end_s"] - cue["start_s"]), (heard, cue)


@pytest.mark.parametrize("starter", [one.id for one in all_starters()])
def test_starter_rehearses_at_once(page: Page, starter: str) -> None:
    mode = next(one.mode for one in all_starters() if one.id == starter)
    page.evaluate("(id) => studio.stage.current.askDesk('starter', {starter: id})", starter)
    field = "#motion-control--prompt textarea" if mode == MOTION else f"#{mode}--scene"
    expect(page.locator(field)).to_be_visible()
    page.wait_for_function("(mode) => !studio.desk.gap(mode) && studio.desk.value(mode, 'prompt')", arg=mode)
    card = steps.card(page, steps.rehearse(page, mode))
    assert card["state"] == "kept"
    spoken = next(one.script for one in all_starters() if one.id == starter)
    assert [line["text"] for line in card["lines"]] == spoken_texts(spoken)


def spoken_texts(script: Script) -> list[str]:
    return [line.text for line in script.spoken]


# -- typing ------------------------------------------------------------------------------------------------------------

_MEASURE = """(selector) => {
  const box = document.querySelector(selector);
  window.typed = {waits: [], long: [], asked: 0, open: 0, most: 0};
  const {typed} = window;
  box.addEventListener('keydown', () => {
    const at = performance.now();
    requestAnimationFrame(() => setTimeout(() => typed.waits.push(performance.now() - at)));
  });
  new PerformanceObserver((list) => list.getEntries().forEach((one) => typed.long.push(one.duration)))
    .observe({entryTypes: ['longtask']});
  const real = window.fetch;
  window.fetch = async (...given) => {
    typed.asked += 1; typed.open += 1; typed.most = Math.max(typed.most, typed.open);
    try { return await real(...given) } finally { typed.open -= 1 }
  };
}"""


@pytest.fixture
def slow_page(visit: Visit, studio: StudioProcess) -> Iterator[Page]:
    """A page with a full draft, at a quarter of the processor's speed, whose every answer takes a second."""
    page = visit(studio).open()
    page.locator(f"#{IMAGE}--scene").fill("The light goes out tonight and nobody comes to mend it. " * 34)
    for number in range(3):
        steps.add_line(page, IMAGE, f"Speaker {number}", f"words of line {number} that take their time.")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": SLOW_LINE_MS, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", slow)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    yield page
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})


def test_typing_waits_for_no_answer(slow_page: Page) -> None:
    """Twenty keys a second for five seconds: each letter is painted long before an answer could have come."""
    box = desk(slow_page).locator(".line-text").last
    box.focus()
    slow_page.evaluate(_MEASURE, f"#{IMAGE}--script li:last-child .line-text")
    words = " and then the tide turned, slowly, as it does." * 2
    slow_page.keyboard.type(words, delay=50)
    slow_page.wait_for_function("(count) => window.typed.waits.length >= count", arg=len(words))
    typed = slow_page.evaluate("window.typed")
    waits = sorted(typed["waits"])
    figures = (
        f"painted after: median {waits[len(waits) // 2]:.0f} ms, 95 of 100 within "
        f"{waits[len(waits) * 95 // 100]:.0f} ms, at most {waits[-1]:.0f} ms; "
        f"{len(typed['long'])} long tasks, the longest {max(typed['long'], default=0):.0f} ms; "
        f"{typed['asked']} questions for {len(words)} keys"
    )
    print(figures)
    assert box.input_value().endswith(words)
    assert waits[len(waits) // 2] < PAINTED_MS, figures
    assert waits[len(waits) * 9 // 10] < SLOW_LINE_MS / 2, figures
    assert typed["most"] == 1, figures
    assert typed["asked"] < len(words) / 4, figures
