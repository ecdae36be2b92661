"""What is wrong is said at its field in a sentence, before anything is sent, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from studio.catalog.kling_2_6 import PROMPT_MAX_CHARS
from tests.browser import steps
from tests.browser.conftest import Watch
from tests.browser.materials import DANCE, as_file, bomb, clip, drawing, truncated_jpeg
from tests.browser.steps import IMAGE, MOTION, TEXT

# Chromium writes every answer of 4xx into the console by itself; these come from our own uploads.
REFUSED_UPLOAD = r"status of 4(13|22) .*/studio/inputs"
SCENE = "A lamp turns in the fog. Slow push in."

BAD_PICTURES: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "text under another name": (
        lambda: as_file("holiday.jpg", b"Dear Mara, the light goes out tonight."),
        "not a picture",
    ),
    "empty": (lambda: as_file("empty.jpg", b""), "empty"),
    "truncated": (lambda: as_file("half.jpg", truncated_jpeg()), "cut short or damaged"),
    "bomb": (lambda: as_file("small.png", bomb(), "image/png"), "reads 120 megapixels at most"),
    "too small": (
        lambda: as_file("tiny.png", drawing(120, 90), "image/png"),
        "This picture is 120 x 90 px. Kling needs 300 px",
    ),
    "clip": (lambda: as_file("dance.jpg", DANCE), "not a picture"),
    "html": (lambda: as_file("page.png", b"<!doctype html><script>window.__pwned = 1</script>"), "not a picture"),
}
BAD_CLIPS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "html": (lambda: as_file("clip.mp4", b"<!doctype html><title>502 Bad Gateway</title>", "video/mp4"), "web page"),
    "empty": (lambda: as_file("clip.mp4", b"", "video/mp4"), "empty"),
    "truncated": (lambda: as_file("clip.mp4", DANCE.read_bytes()[:90_000], "video/mp4"), "part of the file is missing"),
    "picture": (lambda: as_file("clip.mp4", drawing(640, 360), "video/mp4"), "a picture, not"),
}
HOSTILE = (
    "Café ☕️👩‍👩‍👧 灯塔 مرحبا <img src=x onerror='window.__pwned=1'> ${window.__pwned=2} `${window.__pwned=3}` "
    "{{window.__pwned=4}} </script><script>window.__pwned=5</script> \"quoted\" 'and' & $& $1 \\n %s"
)
HOSTILE_NAME = "<img src=x onerror=window.__pwned=6>${window.__pwned=7}`'\".jpg"


def test_bad_pictures_are_refused_in_words_at_their_well(page: Page, watch: Watch) -> None:
    watch.allow(REFUSED_UPLOAD)
    steps.write_scene(page, IMAGE, SCENE)
    for field in ("start_image_url", "end_image_url"):
        for make, words in BAD_PICTURES.values():
            steps.offer(page, IMAGE, field, make())
            check_refused(page, IMAGE, field, words)
    expect(page.locator("#image-to-video--scene")).to_have_value(SCENE)
    assert page.evaluate("window.__pwned") is None


def test_bad_clips_are_refused_in_words_at_their_well(page: Page, watch: Watch) -> None:
    watch.allow(REFUSED_UPLOAD)
    steps.open_mode(page, MOTION)
    page.locator("#motion-control--prompt textarea").fill(SCENE)
    for make, words in BAD_CLIPS.values():
        steps.offer(page, MOTION, "video_url", make())
        check_refused(page, MOTION, "video_url", words)
    expect(page.locator("#motion-control--prompt textarea")).to_have_value(SCENE)


def check_refused(page: Page, mode: str, field: str, words: str) -> None:
    wrong = page.locator(f"#{mode}--{field}-wrong")
    expect(wrong).to_contain_text(words, timeout=steps.READY_MS)
    said = wrong.inner_text()
    assert said.strip().endswith((".", "?"))
    assert not {"Traceback", "Error(", "None"} & set(said.replace("(", "( ").split())
    expect(wrong).to_have_role("alert")
    expect(steps.well_of(page, mode, field)).to_have_class("well is-wrong")


def test_a_good_picture_takes_the_complaint_away(page: Page, watch: Watch) -> None:
    watch.allow(REFUSED_UPLOAD)
    steps.offer(page, IMAGE, "start_image_url", as_file("empty.jpg", b""))
    check_refused(page, IMAGE, "start_image_url", "empty")
    steps.fill_well(page, IMAGE, "start_image_url", as_file("good.png", drawing(640, 360), "image/png"))
    expect(page.locator("#image-to-video--start_image_url-wrong")).to_be_hidden()


def test_a_picture_that_had_to_be_changed_says_so(page: Page) -> None:
    steps.fill_well(page, IMAGE, "start_image_url", as_file("wide.png", drawing(2000, 400), "image/png"))
    cell = page.locator("#image-to-video--wells .well-cell").first
    expect(cell).to_contain_text("blurred borders will be added")


def test_pressing_without_a_picture_leads_to_its_well(page: Page) -> None:
    steps.write_scene(page, IMAGE, SCENE)
    page.locator("#image-to-video--rehearse").click()
    expect(steps.well_of(page, IMAGE, "start_image_url").locator(".well-pick")).to_be_focused()
    expect(page.locator(".studio-spoken")).to_have_text("Add a start frame")


def test_pressing_without_a_scene_leads_to_the_scene(page: Page) -> None:
    steps.open_mode(page, TEXT)
    before = len(page.locator(".rail-item").all())
    page.locator("#text-to-video--rehearse").click()
    expect(page.locator("#text-to-video--scene")).to_be_focused()
    expect(page.locator(".rail-item")).to_have_count(before)


def test_too_long_a_prompt_says_by_how_much_and_stays(page: Page) -> None:
    steps.open_mode(page, TEXT)
    words = ("the tide comes in slowly and " * 120)[: PROMPT_MAX_CHARS + 100].strip()
    page.locator("#text-to-video--scene").fill(words)
    finding = page.locator("#text-to-video--script .finding[data-code=too_long]")
    expect(finding).to_contain_text("too long")
    expect(page.locator("#text-to-video--count")).to_contain_text("/ 2500")
    page.locator("#text-to-video--rehearse").click()
    expect(page.locator(".studio-spoken")).to_contain_text("too long")
    expect(page.locator("#text-to-video--scene")).to_have_value(words)
    finding.get_by_role("button").click()
    expect(finding).to_have_count(0)


def test_hostile_words_are_shown_as_they_are_and_nothing_runs(page: Page) -> None:
    steps.open_mode(page, TEXT)
    page.locator("#text-to-video--scene").fill(HOSTILE)
    steps.add_line(page, TEXT, "<b>Mara</b>", "${window.__pwned=8} it's <i>fine</i>.")
    expect(steps.reading(page, TEXT)).to_contain_text("<img src=x onerror='window.__pwned=1'> ${window.__pwned=2}")
    take = steps.rehearse(page, TEXT)
    assert HOSTILE.split(" <img")[0] in steps.card(page, take)["prompt"]
    page.get_by_role("button", name="Recipe").click()
    expect(page.get_by_role("dialog", name="Recipe")).to_contain_text("<img src=x onerror=")
    page.keyboard.press("Escape")
    steps.open_section(page, "Takes")
    expect(page.locator(f".card[data-take='{take}']")).to_contain_text("<img src=x onerror=")
    page.reload()
    steps.wait_until_ready(page)
    steps.open_mode(page, TEXT)
    expect(page.locator("#text-to-video--scene")).to_have_value(HOSTILE)
    assert page.evaluate("window.__pwned") is None
    assert page.locator("img[src=x]").count() == 0


def test_hostile_file_name_is_only_a_name(page: Page) -> None:
    picture = as_file(HOSTILE_NAME, drawing(640, 360), "image/png")
    well = steps.fill_well(page, IMAGE, "start_image_url", picture)
    expect(well.locator(".well-name")).to_contain_text("<img src=x onerror=")
    expect(well.locator(".well-picture")).to_be_visible()
    assert page.evaluate("window.__pwned") is None
    assert page.locator("img[src=x]").count() == 0


def test_clip_longer_than_the_picture_may_lead_asks_for_a_trim(page: Page) -> None:
    steps.open_mode(page, MOTION)
    steps.fill_well(page, MOTION, "video_url", as_file("long.mp4", clip(12), "video/mp4"))
    expect(page.locator(".trim-advice")).not_to_contain_text("Trim 2.0 s")
    page.locator("#motion-control--character_orientation").get_by_role("radio").nth(1).check(force=True)
    expect(page.locator(".trim-advice")).to_contain_text("Trim 2.0 s or choose The clip.")
    page.get_by_role("button", name="Trim to 10 s").click()
    expect(page.locator(".trim-head .num")).to_have_text("0.0 s to 10.0 s, keeps 10.0 s")
