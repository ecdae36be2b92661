"""The stage with a kept rehearsal: sound without reloading, moments by mouse and keys, lines in time, downloads."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from PIL import Image
from playwright.sync_api import Download, Locator, Page, expect

from tests.browser import steps
from tests.browser.studios import StudioProcess

FRAME_S = 1 / 24
LENGTH_S = 5.0
CAPTION_OFF_S = 0.15
LINES = ("the light goes out tonight, Mara.", "then who brings you home?")


@pytest.fixture
def page(page: Page, pier: str) -> Page:
    steps.show_take(page, pier)
    return page


def test_sound_mode_changes_without_loading_the_clip_again(page: Page) -> None:
    page.evaluate(
        """() => { const video = document.querySelector('.stage-video'); window.loads = 0;
        for (const type of ['loadstart', 'emptied']) video.addEventListener(type, () => { window.loads += 1 }) }"""
    )
    steps.seek(page, 2.0)
    source = page.evaluate("document.querySelector('.stage-video').currentSrc")
    group = page.get_by_role("radiogroup", name="Sound")
    for name, mode, is_muted in (
        ("Muted", "muted", True),
        ("Silent cut", "silent", True),
        ("Sound", "sound", False),
        ("Silent cut", "silent", True),
        ("Sound", "sound", False),
    ):
        group.get_by_role("radio", name=name, exact=True).check(force=True)
        expect(steps.stage(page)).to_have_attribute("data-sound", mode)
        assert page.evaluate("document.querySelector('.stage-video').muted") is is_muted
        assert page.evaluate("document.querySelector('.stage-video').currentSrc") == source
        wave = page.locator(".stage-sound[data-empty]")
        expect(wave).to_have_count(1 if mode == "silent" else 0)
    assert page.evaluate("window.loads") == 0
    assert steps.now_s(page) == pytest.approx(2.0, abs=FRAME_S)


def test_sound_mode_changes_while_the_clip_plays(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.stage-video').currentTime > 0.2")
    before = steps.now_s(page)
    page.get_by_role("radio", name="Silent cut").check(force=True)
    page.wait_for_function("(before) => document.querySelector('.stage-video').currentTime > before + 0.2", arg=before)
    assert page.evaluate("!document.querySelector('.stage-video').paused")


def test_chosen_sound_mode_is_there_after_a_reload(page: Page, pier: str) -> None:
    page.get_by_role("radio", name="Muted").check(force=True)
    page.reload()
    steps.wait_until_ready(page)
    steps.wait_for_clip(page, pier)
    expect(page.get_by_role("radio", name="Muted")).to_be_checked()
    assert page.evaluate("document.querySelector('.stage-video').muted") is True


def test_hovering_shows_a_moment_and_leaves_the_clip_alone(page: Page) -> None:
    track = page.locator(".stage-track").bounding_box()
    assert track
    page.mouse.move(track["x"] + track["width"] * 0.4, track["y"] + track["height"] / 2)
    expect(page.locator(".stage-preview")).to_be_visible()
    expect(page.locator(".stage-preview-time")).to_have_text("00:02.00")
    assert steps.now_s(page) == 0
    page.mouse.move(5, 5)
    expect(page.locator(".stage-preview")).to_be_hidden()


def test_dragging_over_the_lanes_follows_the_pointer(page: Page) -> None:
    track = page.locator(".stage-track").bounding_box()
    assert track
    middle = track["y"] + track["height"] / 2
    page.mouse.move(track["x"] + track["width"] * 0.2, middle)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.5, middle, steps=4)
    page.mouse.move(track["x"] + track["width"] * 0.8, middle, steps=4)
    page.mouse.up()
    steps.wait_for_time(page, 4.0, FRAME_S)


def test_keys_move_by_frames_seconds_and_to_both_ends(page: Page) -> None:
    slider = page.get_by_role("slider", name="Position")
    slider.focus()
    steps.seek(page, 1.0)
    for key, at_s in (
        ("ArrowRight", 1.0 + FRAME_S),
        ("ArrowLeft", 1.0),
        ("Shift+ArrowRight", 2.0),
        ("Home", 0.0),
        ("End", LENGTH_S - FRAME_S),
    ):
        page.keyboard.press(key)
        steps.wait_for_time(page, at_s, FRAME_S / 2)
    expect(slider).to_have_attribute("aria-valuemax", "5.00")
    expect(slider).to_have_attribute("aria-valuetext", "4.96 seconds of 5.00")


def test_captions_stand_under_the_picture_at_the_times_of_their_lines(page: Page, pier: str) -> None:
    lines = steps.card(page, pier)["lines"]
    assert [line["text"] for line in lines] == list(LINES)
    expect(page.locator(".stage-tick[data-heard=yes]")).to_have_text(list(LINES))
    caption = page.locator(".stage-caption")
    for line, speaker in zip(lines, ("Keeper", "Mara"), strict=True):
        for at_s in (line["start_s"] + FRAME_S, line["end_s"] - FRAME_S):
            steps.seek(page, at_s)
            expect(caption).to_have_text(f"{speaker}{line['text']}")
        for at_s in (line["start_s"] - 2 * FRAME_S, line["end_s"] + 2 * FRAME_S):
            steps.seek(page, at_s)
            expect(caption).to_be_hidden()


def test_lines_are_shown_when_they_are_heard(page: Page, pier: str, studio: StudioProcess) -> None:
    """Against the sound of the clip itself, decoded here: words where an engine speaks, tones where none is at hand."""
    loud = loud_moments(studio.media(pier, "video.mp4"))
    lines = [(line["start_s"], line["end_s"]) for line in steps.card(page, pier)["lines"]]
    for start_s, end_s in lines:
        own = [at_s for at_s in loud if start_s - CAPTION_OFF_S <= at_s <= end_s + CAPTION_OFF_S]
        assert own, f"nothing is heard from {start_s} to {end_s}"
        assert own[0] == pytest.approx(start_s, abs=CAPTION_OFF_S)
        assert own[-1] == pytest.approx(end_s, abs=CAPTION_OFF_S)
    unsaid = [at_s for at_s in loud if not any(a - CAPTION_OFF_S <= at_s <= b + CAPTION_OFF_S for a, b in lines)]
    assert not unsaid, f"sound without a line at {unsaid[:5]}"


def test_downloads_are_what_they_say(page: Page, tmp_path: Path) -> None:
    steps.seek(page, 2.0)
    whole = tracks(download(page, "MP4 with sound", tmp_path))
    assert whole == {"video": "h264", "audio": "aac"}
    assert tracks(download(page, "MP4 silent cut", tmp_path)) == {"video": "h264"}
    captions = download(page, "Captions (SRT)", tmp_path).read_text(encoding="utf-8")
    assert all(line in captions for line in LINES)
    frame = Image.open(io.BytesIO(download(page, "This frame", tmp_path).read_bytes()))
    assert (frame.format, frame.size) == ("PNG", (1280, 720))


def test_silent_cut_puts_the_silent_file_first(page: Page) -> None:
    page.get_by_role("radio", name="Silent cut").check(force=True)
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("menuitem").first).to_contain_text("MP4 silent cut")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Download")).to_be_focused()


def test_recipe_opens_beside_the_stage_and_closes_with_escape(page: Page) -> None:
    opener = page.get_by_role("button", name="Recipe")
    opener.click()
    recipe = page.get_by_role("dialog", name="Recipe")
    expect(recipe).to_contain_text("Dusk on a wooden pier")
    page.keyboard.press("Escape")
    expect(recipe).to_be_hidden()
    expect(opener).to_be_focused()


def test_take_of_the_command_line_comes_to_an_open_page_by_itself(page: Page, studio: StudioProcess) -> None:
    take = studio.run("rehearse", "text-to-video", "--prompt", "Rain on a window.", "--no-generate-audio", "--json")
    item = page.locator(f"button.rail-item[data-take='{take['take_id']}']")
    expect(item).to_have_attribute("data-state", "kept")
    expect(item.locator("img")).to_be_visible()


def download(page: Page, title: str, folder: Path) -> Path:
    opener: Locator = page.get_by_role("button", name="Download")
    opener.click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name=title).click()
    found: Download = waiting.value
    path = folder / found.suggested_filename
    found.save_as(path)
    return path


def tracks(path: Path) -> dict[str, str]:
    with av.open(path) as clip:
        return {stream.type: stream.codec_context.name for stream in clip.streams}


def loud_moments(clip: bytes, quiet: float = 0.01) -> list[float]:
    """Seconds at which the clip's sound is louder than `quiet`, a hundred looks a second."""
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", stream.rate)
        step = stream.rate // 100
        loud = []
        for frame in container.decode(stream):
            for part in resampler.resample(frame):
                samples = part.to_ndarray()[0]
                at_s = float(part.pts * part.time_base)
                for start in range(0, len(samples), step):
                    if abs(samples[start : start + step]).max() > quiet:
                        loud.append(at_s + start / stream.rate)
    return loud
