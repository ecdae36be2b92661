"""What a person does on the page, in a person's words; waits for what can be seen, never for a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

READY_MS = 20_000
RENDER_MS = 60_000
IMAGE, TEXT, MOTION = "image-to-video", "text-to-video", "motion-control"
TITLES = {IMAGE: "Image to video", TEXT: "Text to video", MOTION: "Motion control"}
SECTIONS = ("Takes", "Voices", "Spend", "Settings")


def wait_until_ready(page: Page, mode: str = IMAGE) -> None:
    """The desk can be written on and the line to the studio is open. Gradio's own loading never goes idle."""
    field = f"#{mode}--prompt" if mode == MOTION else f"#{mode}--scene"
    expect(page.locator(field)).to_be_visible(timeout=READY_MS)
    page.wait_for_function("studio.live.isLoaded", timeout=READY_MS)
    page.wait_for_function("studio.desk.hasKey() !== document.body.classList.contains('is-keyless')")
    if mode != MOTION:  # the price comes through Gradio's events, so from then on they are wired
        expect(page.locator(f"#{mode}--sum .sum-parts")).to_contain_text("$", timeout=READY_MS)


def open_mode(page: Page, mode: str) -> None:
    page.get_by_role("tab", name=TITLES[mode], exact=True).click()
    wait_until_ready(page, mode)


def open_section(page: Page, title: str) -> None:
    page.locator("#sections > .tab-wrapper").get_by_role("tab", name=title).click()


def fill_well(page: Page, mode: str, field: str, file: Path | dict[str, Any]) -> Locator:
    """Give a well a file and wait until it shows it."""
    offer(page, mode, field, file)
    well = well_of(page, mode, field)
    expect(well).to_have_class("well is-filled", timeout=READY_MS)
    return well


def offer(page: Page, mode: str, field: str, file: Path | dict[str, Any]) -> None:
    """Give a well a file, whatever becomes of it."""
    page.locator(f"#{mode}--wells input[data-well={field}]").set_input_files(file)  # type: ignore[arg-type]


def well_of(page: Page, mode: str, field: str) -> Locator:
    return page.locator(f"#{mode}--wells .well[data-name={field}]")


def write_scene(page: Page, mode: str, words: str) -> None:
    """Write the scene and wait until it stands in what Kling reads."""
    page.locator(f"#{mode}--scene").fill(words)
    expect(reading(page, mode)).to_contain_text(words[:60])


def reading(page: Page, mode: str) -> Locator:
    return page.locator(f"#{mode}--script .reads")


def add_line(page: Page, mode: str, speaker: str, words: str) -> Locator:
    desk = page.locator(f"#{mode}--script")
    desk.locator(".line-add").click()
    line = desk.locator(".line").last
    line.locator(".line-speaker").fill(speaker)
    line.locator(".line-text").fill(words)
    expect(reading(page, mode)).to_contain_text(words)
    return line


def stage(page: Page) -> Locator:
    return page.locator("#stage-room")


def press(page: Page, mode: str, button: str = "rehearse") -> str:
    """Press a button that makes a take, and give the take's id."""
    return new_take(page, lambda: page.locator(f"#{mode}--{button}").click())


def press_again(page: Page) -> str:
    """Rehearse what the stage shows once more, by way of its draft."""
    stage(page).get_by_role("button", name="Back to draft").click()
    mode = page.evaluate("studio.live.takes.get(studio.live.selected).mode")
    page.wait_for_function("(mode) => studio.desk.gap(mode) === null", arg=mode)
    return press(page, mode)


def new_take(page: Page, act: Callable[[], object]) -> str:
    """Do something that makes a take; gives the id of the take that the stage then shows."""
    before = stage(page).get_attribute("data-take")
    act()
    found = page.wait_for_function(
        """(before) => { const now = document.querySelector('#stage-room').dataset.take;
        return now && now !== before && now }""",
        arg=before,
        timeout=READY_MS,
    )
    return str(found.json_value())


def rehearse(page: Page, mode: str) -> str:
    """Rehearse the draft and wait for its clip."""
    take = press(page, mode)
    wait_for_clip(page, take)
    return take


def wait_for_clip(page: Page, take: str) -> None:
    expect(stage(page)).to_have_attribute("data-take", take)
    expect(stage(page)).to_have_attribute("data-state", "clip", timeout=RENDER_MS)
    page.wait_for_function("document.querySelector('.stage-video').readyState >= 2", timeout=READY_MS)


def show_take(page: Page, take: str) -> None:
    page.locator(f"button.rail-item[data-take='{take}']").click()
    wait_for_clip(page, take)


def card(page: Page, take: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("(id) => studio.live.takes.get(id)", take)
    return found


def now_s(page: Page) -> float:
    return float(page.evaluate("document.querySelector('.stage-video').currentTime"))


def seek(page: Page, at_s: float) -> None:
    """Go to a moment and wait until its picture is there."""
    page.evaluate("(at) => studio.stage.current.player.seek(at)", at_s)
    wait_for_time(page, at_s)


def wait_for_time(page: Page, at_s: float, off_s: float = 1 / 24) -> None:
    page.wait_for_function(
        """([at, off]) => { const video = document.querySelector('.stage-video');
        return !video.seeking && video.readyState >= 2 && Math.abs(video.currentTime - at) <= off }""",
        arg=[at_s, off_s],
    )


def tab_to(page: Page, selector: str, most: int = 120, key: str = "Tab") -> None:
    """Go on with the Tab key until the focus is on what the selector names."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("(wanted) => Boolean(document.activeElement?.matches(wanted))", selector):
            return
    where = page.evaluate("document.activeElement?.outerHTML.slice(0, 200)")
    raise AssertionError(f"{most} presses of {key} did not lead to {selector}; the focus is on {where}")
