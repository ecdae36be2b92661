"""With a key: however a person presses, one press is one paid job; the price is asked for, held, and never exceeded."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Visit, Visitor
from tests.browser.materials import PIER
from tests.browser.steps import IMAGE, TEXT
from tests.browser.studios import PRETEND_KEY, StudioProcess

PRICE = 350_000  # 5 s without sound


@pytest.fixture
def visitor(visit: Visit, live: StudioProcess) -> Visitor:
    return visit(live)


@pytest.fixture
def jobs(live: StudioProcess) -> Callable[[], int]:
    """How many jobs the stand-in accepted since the test began."""
    before = len(live.paid_jobs())
    return lambda: len(live.paid_jobs()) - before


def draft(page: Page, words: str) -> None:
    steps.open_mode(page, TEXT)
    page.locator("#text-to-video--generate_audio").get_by_role("checkbox").uncheck(force=True)
    steps.write_scene(page, TEXT, words)
    expect(page.locator("#text-to-video--generate")).to_have_text("Generate · $0.35")


def check_one_take(page: Page, take: str, jobs: Callable[[], int], live: StudioProcess) -> None:
    steps.wait_for_clip(page, take)
    expect(page.locator("#text-to-video--generate")).to_have_text("Generate · $0.35")
    assert jobs() == 1
    card = steps.card(page, take)
    assert (card["world"], card["state"], card["charge"]) == ("live", "kept", "billed")
    assert card["billed_usd_micros"] == PRICE
    assert [one["prompt"] for one in live.takes()].count(card["prompt"]) == 1


def test_double_click_is_one_paid_job(page: Page, live: StudioProcess, jobs: Callable[[], int]) -> None:
    draft(page, "A double click over a quiet lake.")
    take = steps.new_take(page, lambda: page.locator("#text-to-video--generate").dblclick())
    check_one_take(page, take, jobs, live)


def test_ctrl_enter_twice_is_one_paid_job(page: Page, live: StudioProcess, jobs: Callable[[], int]) -> None:
    draft(page, "Two hasty keys over a quiet lake.")
    page.locator("#text-to-video--scene").focus()

    def press_twice() -> None:
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Control+Enter")

    take = steps.new_take(page, press_twice)
    check_one_take(page, take, jobs, live)


def test_two_tabs_pressed_at_one_moment_are_one_paid_job(
    page: Page, visitor: Visitor, live: StudioProcess, jobs: Callable[[], int]
) -> None:
    draft(page, "Two tabs over a quiet lake.")
    other = visitor.open()
    steps.open_mode(other, TEXT)
    expect(other.locator("#text-to-video--scene")).to_have_value("Two tabs over a quiet lake.")
    expect(other.locator("#text-to-video--generate")).to_have_text("Generate · $0.35")
    at = (time.time() + 0.6) * 1000
    for tab in (page, other):
        tab.evaluate(
            "(at) => setTimeout(() => document.querySelector('#text-to-video--generate').click(), at - Date.now())", at
        )
    for tab in (page, other):
        tab.wait_for_function("studio.live.list()[0]?.prompt.startsWith('Two tabs')")
        tab.wait_for_function("document.querySelector('#stage-room').dataset.take === studio.live.list()[0].id")
    take = steps.stage(page).get_attribute("data-take")
    assert take == steps.stage(other).get_attribute("data-take")
    assert take
    check_one_take(page, take, jobs, live)
    expect(other.locator("#text-to-video--generate")).to_have_text("Generate · $0.35")
    assert jobs() == 1


def test_same_draft_pressed_again_on_purpose_is_a_second_take(page: Page, jobs: Callable[[], int]) -> None:
    draft(page, "Once more over a quiet lake.")
    first = steps.press(page, TEXT, "generate")
    steps.wait_for_clip(page, first)
    second = steps.press(page, TEXT, "generate")
    steps.wait_for_clip(page, second)
    assert first != second
    assert jobs() == 2


def test_price_above_the_asking_limit_needs_a_second_press(page: Page, jobs: Callable[[], int]) -> None:
    steps.open_mode(page, TEXT)
    steps.write_scene(page, TEXT, "Ten seconds with sound.")
    page.locator("#text-to-video--duration").get_by_role("radio", name="10 s").check(force=True)
    button = page.locator("#text-to-video--generate")
    expect(button).to_have_text("Generate · $1.40")
    button.click()
    expect(button).to_have_text("Press again to spend $1.40")
    assert jobs() == 0
    take = steps.new_take(page, lambda: page.keyboard.press("Control+Enter"))
    expect(page.locator(".stage-job-tag, .stage-facts").first).to_contain_text("$1.40")
    steps.wait_for_clip(page, take)
    assert jobs() == 1


def test_day_limit_refuses_with_its_reason_and_sends_nothing(
    page: Page, live: StudioProcess, jobs: Callable[[], int]
) -> None:
    draft(page, "One cent too much.")
    spent = live.get("/studio/spend")["today"]
    limit = (spent["spent"] + spent["held"] + PRICE - 10_000) / 1e6
    with_limit(page, "A day", f"{limit:.2f}")
    steps.open_section(page, "Studio")
    button = page.locator("#text-to-video--generate")
    expect(button).to_have_text("Over today's limit by $0.01")
    button.click()
    expect(page.locator(".studio-toast[data-tone=stop]")).to_contain_text("limit")
    assert jobs() == 0
    with_limit(page, "A day", "100.00")
    steps.open_section(page, "Studio")
    expect(button).to_have_text("Generate · $0.35")


def with_limit(page: Page, title: str, dollars: str) -> None:
    steps.open_section(page, "Spend")
    page.get_by_label(title, exact=True).fill(dollars)
    with page.expect_response("**/studio/limits") as answer:
        page.get_by_role("button", name="Save limits").click()
    assert answer.value.ok


def test_bill_stands_beside_the_estimate_and_the_key_stands_nowhere(page: Page) -> None:
    draft(page, "What was estimated and what was billed.")
    take = steps.press(page, TEXT, "generate")
    steps.wait_for_clip(page, take)
    expect(page.locator(".stage-facts")).to_contain_text("Estimated $0.35, billed $0.35")
    steps.open_section(page, "Spend")
    expect(page.get_by_role("region", name="Ledger")).to_contain_text("$0.35")
    steps.open_section(page, "Settings")
    expect(page.get_by_role("region", name="fal.ai key")).to_contain_text(f"ends in {PRETEND_KEY[-4:]}")
    secret = PRETEND_KEY.partition(":")[2][:12]
    assert secret not in page.content()
    assert secret not in page.evaluate("JSON.stringify([studio.boot, studio.live.studio, {...localStorage}])")


def test_a_frame_of_a_take_becomes_the_start_of_the_next(page: Page, jobs: Callable[[], int]) -> None:
    steps.fill_well(page, IMAGE, "start_image_url", PIER)
    steps.write_scene(page, IMAGE, "The lamp turns once.")
    page.locator("#image-to-video--generate_audio").get_by_role("checkbox").uncheck(force=True)
    expect(page.locator("#image-to-video--generate")).to_have_text("Generate · $0.35")
    take = steps.press(page, IMAGE, "generate")
    steps.wait_for_clip(page, take)
    steps.seek(page, 3.0)
    page.get_by_role("button", name="Use as end").click()
    end = steps.well_of(page, IMAGE, "end_image_url")
    expect(end).to_have_class("well is-filled")
    expect(end.locator(".well-name")).to_contain_text("1280×720")
    steps.seek(page, 4.5)
    page.get_by_role("button", name="Use as start").click()
    toast = page.locator(".studio-toast").last
    expect(toast).to_contain_text("Frame 00:04.50 is now the start.")
    start = steps.well_of(page, IMAGE, "start_image_url").locator(".well-name")
    expect(start).to_contain_text("from take")
    toast.get_by_role("button", name="Undo").click()
    expect(start).to_contain_text("pier.jpg")
    assert jobs() == 1


def test_tweak_brings_the_draft_back_and_the_next_take_names_its_parent(page: Page) -> None:
    draft(page, "A parent over a quiet lake.")
    first = steps.press(page, TEXT, "generate")
    steps.wait_for_clip(page, first)
    steps.write_scene(page, TEXT, "Something else altogether.")
    page.get_by_role("button", name="Tweak", exact=True).click()
    expect(page.locator("#text-to-video--scene")).to_have_value("A parent over a quiet lake.")
    steps.write_scene(page, TEXT, "A child over a quiet lake.")
    second = steps.press(page, TEXT, "generate")
    steps.wait_for_clip(page, second)
    parent = steps.card(page, second)["parent"]
    assert parent
    assert parent["id"] == first
    page.get_by_role("button", name=f"from {parent['label'].lower()}").click()
    expect(steps.stage(page)).to_have_attribute("data-take", first)


def test_finished_take_is_told_in_the_title_of_a_tab_behind(page: Page, visitor: Visitor) -> None:
    draft(page, "Told while nobody looks.")
    title = page.title()
    take = steps.press(page, TEXT, "generate")
    page.evaluate(
        """() => { Object.defineProperty(document, 'hidden', {configurable: true, get: () => window.isBehind ?? true});
        document.dispatchEvent(new Event('visibilitychange')) }"""
    )
    page.wait_for_function("document.title.startsWith('● Take')", timeout=steps.RENDER_MS)
    expect(page.locator(".studio-spoken")).to_contain_text("is ready")
    page.evaluate("() => { window.isBehind = false; document.dispatchEvent(new Event('visibilitychange')) }")
    expect(page).to_have_title(title)
    steps.wait_for_clip(page, take)
