"""Each mode from what a person drops in to a clip that plays: right length, right shape, true frames, no key."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.materials import CHARACTER, DANCE, as_file, phone_photo
from tests.browser.steps import IMAGE, MOTION, TEXT

LENGTH_OFF_S = 0.1
SHAPE_OFF = 0.02
FRAME_S = 1 / 24
STRIP = 12


def test_photo_from_phone_becomes_a_clip_that_plays_upright(page: Page) -> None:
    """Twelve megapixels, more bytes than Kling takes, turned by EXIF: 3024 × 4032 once upright."""
    steps.fill_well(page, IMAGE, "start_image_url", as_file("IMG_2041.JPG", phone_photo()))
    expect(steps.well_of(page, IMAGE, "start_image_url").locator(".well-name")).to_have_text("IMG_2041.JPG, 3024×4032")
    steps.write_scene(page, IMAGE, "Light moves over the wall. Slow push in.")
    steps.add_line(page, IMAGE, "Ines", "it was always this bright.")
    take = steps.rehearse(page, IMAGE)
    check_clip(page, take, seconds=5, shape=3024 / 4032)
    assert [line["text"] for line in steps.card(page, take)["lines"]] == ["it was always this bright."]


@pytest.mark.parametrize(("shape", "ratio"), [("16:9", 16 / 9), ("9:16", 9 / 16), ("1:1", 1.0)])
def test_words_alone_become_a_clip_of_the_chosen_shape(page: Page, shape: str, ratio: float) -> None:
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, f"A kite over a beach, in the shape {shape}. Wind, no music.")
    page.locator("#text-to-video--aspect_ratio").get_by_role("radio", name=shape).check(force=True)
    check_clip(page, steps.rehearse(page, TEXT), seconds=5, shape=ratio)


def test_ten_seconds_without_sound_are_ten_silent_seconds(page: Page) -> None:
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, "Snow falls on an empty square.")
    page.locator("#text-to-video--duration").get_by_role("radio", name="10 s").check(force=True)
    page.locator("#text-to-video--generate_audio").get_by_role("checkbox").uncheck(force=True)
    expect(page.locator("#text-to-video--sum")).to_contain_text("10 s × $0.07")
    take = steps.rehearse(page, TEXT)
    check_clip(page, take, seconds=10, shape=16 / 9)
    assert steps.card(page, take)["has_sound"] is False
    expect(page.locator(".stage-sound")).to_have_attribute("data-empty", "yes")
    expect(page.get_by_role("radio", name="Sound", exact=True)).to_be_disabled()


def test_a_picture_moves_like_a_clip(page: Page) -> None:
    steps.open_mode(page, MOTION)
    steps.fill_well(page, MOTION, "image_url", CHARACTER)
    steps.fill_well(page, MOTION, "video_url", DANCE)
    take = steps.rehearse(page, MOTION)
    check_clip(page, take, seconds=6, shape=16 / 9)
    assert steps.card(page, take)["has_sound"] is True
    check_strip_shows_the_frames_of_its_times(page)


def check_clip(page: Page, take: str, seconds: float, shape: float) -> None:
    card = steps.card(page, take)
    assert card["state"] == "kept"
    assert card["charge"] == "free"
    video = facts(page)
    assert video["duration"] == pytest.approx(seconds, abs=LENGTH_OFF_S)
    assert video["width"] / video["height"] == pytest.approx(shape, rel=SHAPE_OFF)
    check_it_plays(page)
    check_strip(page, video["duration"])


def facts(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """() => { const video = document.querySelector('.stage-video');
        return {duration: video.duration, width: video.videoWidth, height: video.videoHeight} }"""
    )
    return found


def check_it_plays(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.wait_for_function("document.querySelector('.stage-video').currentTime > 0.4")
    painted = page.evaluate("document.querySelector('.stage-video').getVideoPlaybackQuality().totalVideoFrames")
    assert painted > 2
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def check_strip(page: Page, duration_s: float) -> None:
    """Twelve frames, each inside its twelfth of the clip, and a click on one leads to its moment."""
    frames = page.locator(".stage-frame[data-time]")
    expect(frames).to_have_count(STRIP)
    times = [float(text) for text in frames.evaluate_all("all => all.map(one => one.dataset.time)")]
    assert times == sorted(set(times))
    assert times[0] >= 0
    assert times[-1] < duration_s
    track = page.locator(".stage-track").bounding_box()
    assert track
    for index in (0, 4, 7, 11):
        box = frames.nth(index).bounding_box()
        assert box
        x = track["x"] + times[index] / duration_s * track["width"]
        frame_px = FRAME_S / duration_s * track["width"]
        assert box["x"] - frame_px <= x <= box["x"] + box["width"] + frame_px
        page.mouse.click(x, box["y"] + box["height"] / 2)
        steps.wait_for_time(page, times[index], FRAME_S)


# Compares the strip's tiles with what the player shows at their times: in small, in grey, by mean difference.
_DIFFERENCES = """async (at) => {
  const video = document.querySelector('.stage-video');
  const url = getComputedStyle(document.querySelector('.stage-frame[data-time]')).backgroundImage.slice(5, -2);
  const strip = new Image(); strip.src = url; await strip.decode();
  const [w, h] = [96, 54];
  const grey = (source, x, y, width, height) => {
    const canvas = Object.assign(document.createElement('canvas'), {width: w, height: h});
    const pen = canvas.getContext('2d', {willReadFrequently: true});
    pen.drawImage(source, x, y, width, height, 0, 0, w, h);
    const data = pen.getImageData(0, 0, w, h).data;
    return Array.from({length: w * h}, (_, i) => (data[i * 4] + data[i * 4 + 1] + data[i * 4 + 2]) / 3);
  };
  const shown = grey(video, 0, 0, video.videoWidth, video.videoHeight);
  const tile = strip.naturalWidth / 12;
  return Array.from({length: 12}, (_, i) => {
    const one = grey(strip, i * tile, 0, tile, strip.naturalHeight);
    return one.reduce((sum, value, at) => sum + Math.abs(value - shown[at]), 0) / one.length;
  });
}"""


def check_strip_shows_the_frames_of_its_times(page: Page) -> None:
    times = page.locator(".stage-frame").evaluate_all("all => all.map(one => Number(one.dataset.time))")
    for index in (1, 5, 10):
        steps.seek(page, times[index] + FRAME_S / 2)
        differences = page.evaluate(_DIFFERENCES)
        assert differences.index(min(differences)) == index, differences
