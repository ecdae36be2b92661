"""A page or a server that goes away in the middle: the draft is back, the take goes on, and nobody is alarmed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.materials import DANCE, PIER
from tests.browser.steps import IMAGE, MOTION, TEXT
from tests.browser.studios import StudioProcess

# What Chromium itself writes into the console while no server is there.
NO_SERVER = (
    r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|WebSocket connection to"
)
SCENE = "A long corridor, lamps going out one after another. Slow push in."
CALM = "Connection lost. Your draft is safe; jobs keep running."
BACK_MS = 20_000


def test_reload_in_the_middle_keeps_draft_and_take(page: Page) -> None:
    steps.fill_well(page, IMAGE, "start_image_url", PIER)
    steps.write_scene(page, IMAGE, SCENE)
    steps.add_line(page, IMAGE, "Ines", "who put out the light?")
    page.locator("#image-to-video--duration").get_by_role("radio", name="10 s").check(force=True)
    take = steps.press(page, IMAGE)
    expect(steps.stage(page)).to_have_attribute("data-state", "job")
    page.reload()
    steps.wait_until_ready(page)
    expect(steps.stage(page)).to_have_attribute("data-take", take)
    expect(page.locator("#image-to-video--scene")).to_have_value(SCENE)
    expect(page.locator("#image-to-video--script .line-text")).to_have_value("who put out the light?")
    expect(page.locator("#image-to-video--script .line-speaker")).to_have_value("Ines")
    expect(steps.well_of(page, IMAGE, "start_image_url")).to_have_class("well is-filled")
    expect(page.locator("#image-to-video--sum")).to_contain_text("10 s × $0.14")
    steps.wait_for_clip(page, take)
    assert steps.card(page, take)["duration_s"] == pytest.approx(10, abs=0.1)


def test_each_mode_keeps_a_draft_of_its_own(page: Page) -> None:
    steps.write_scene(page, IMAGE, "Of the picture.")
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, "Of the words.")
    steps.open_mode(page, MOTION)
    page.locator("#motion-control--prompt textarea").fill("Of the movement.")
    steps.fill_well(page, MOTION, "video_url", DANCE)
    page.get_by_role("slider", name="End of the kept part").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#motion-control--sum")).to_contain_text("5.0 s")
    page.reload()
    steps.wait_until_ready(page)
    expect(page.locator("#image-to-video--scene")).to_have_value("Of the picture.")
    steps.open_mode(page, TEXT)
    expect(page.locator("#text-to-video--scene")).to_have_value("Of the words.")
    steps.open_mode(page, MOTION)
    expect(page.locator("#motion-control--prompt textarea")).to_have_value("Of the movement.")
    expect(page.locator(".trim-head .num")).to_have_text("0.0 s to 5.0 s, keeps 5.0 s")


def test_what_was_typed_last_is_what_is_made(page: Page) -> None:
    """A press right behind the last letter, before any answer can have come."""
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, "An empty road at noon.")
    scene = page.locator("#text-to-video--scene")

    def type_and_press() -> None:
        scene.fill("A crowded road at night.")
        page.keyboard.press("Control+Enter")

    take = steps.new_take(page, type_and_press)
    assert steps.card(page, take)["prompt"] == "A crowded road at night."


def test_lost_server_is_said_calmly_and_the_take_arrives_after_all(fresh: StudioProcess, visit: Visit) -> None:
    visitor = visit(fresh)
    visitor.watch.allow(NO_SERVER)
    page = visitor.open()
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, SCENE)
    page.locator("#text-to-video--duration").get_by_role("radio", name="10 s").check(force=True)
    take = steps.press(page, TEXT)
    fresh.kill()
    line = page.locator(".studio-line")
    expect(line).to_have_text(CALM)
    expect(line).to_be_visible()
    page.locator("#text-to-video--scene").fill(f"{SCENE} Nobody in the frame.")
    fresh.start()
    expect(line).to_be_hidden(timeout=BACK_MS)
    steps.wait_for_clip(page, take)
    expect(page.locator("#text-to-video--scene")).to_have_value(f"{SCENE} Nobody in the frame.")
    again = steps.press(page, TEXT)
    steps.wait_for_clip(page, again)
    assert steps.card(page, again)["prompt"].endswith("Nobody in the frame.")


def test_press_without_a_server_sends_nothing_and_can_be_repeated(fresh: StudioProcess, visit: Visit) -> None:
    visitor = visit(fresh)
    visitor.watch.allow(NO_SERVER)
    page = visitor.open()
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, SCENE)
    fresh.stop()
    page.locator("#text-to-video--rehearse").click()
    expect(page.locator(".studio-line")).to_be_visible()
    fresh.start()
    expect(page.locator(".studio-line")).to_be_hidden(timeout=BACK_MS)
    expect(page.locator("#image-to-video--scene")).to_be_visible(timeout=BACK_MS)  # Gradio loads its page anew
    steps.open_mode(page, TEXT)
    expect(page.locator("#text-to-video--scene")).to_have_value(SCENE)
    assert fresh.takes() == []
    take = steps.press(page, TEXT)
    steps.wait_for_clip(page, take)
    assert [card["id"] for card in fresh.takes()] == [take]
