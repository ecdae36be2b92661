"""Examples fill the desk of their mode and can be rehearsed as they are; a rehearsal goes back to its draft."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from studio.script.starters import all_starters
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.steps import IMAGE, MOTION
from tests.browser.studios import StudioProcess


def test_every_starter_fills_the_desk_and_nothing_stands_in_its_way(page: Page) -> None:
    for starter in all_starters():
        page.evaluate("(id) => studio.stage.current.askDesk('starter', {starter: id})", starter.id)
        field = "#motion-control--prompt textarea" if starter.mode == MOTION else f"#{starter.mode}--scene"
        expect(page.locator(field)).to_have_value(starter.script.scene)
        for name in starter.files:
            expect(steps.well_of(page, starter.mode, name)).to_have_class("well is-filled")
        if starter.mode == MOTION:
            continue
        expect(steps.reading(page, starter.mode)).to_have_text(starter.prompt, use_inner_text=False)
        expect(page.locator(f"#{starter.mode}--script .line-text")).to_have_count(len(starter.script.lines))
        assert page.locator(f"#{starter.mode}--script .finding").all_inner_texts() == [], starter.id
        assert page.evaluate("(mode) => studio.desk.gap(mode)", starter.mode) is None, starter.id


def test_first_visit_offers_starters_and_one_click_and_one_press_make_a_rehearsal(
    fresh: StudioProcess, visit: Visit
) -> None:
    page = visit(fresh).open()
    expect(steps.stage(page)).to_have_attribute("data-state", "empty")
    expect(page.locator(".stage-starter")).to_have_count(len(all_starters()))
    for picture in page.locator(".stage-starter img").all():
        assert picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth }") > 0
    page.get_by_role("button", name="Dance like this").click()
    expect(steps.well_of(page, MOTION, "video_url")).to_have_class("well is-filled")
    steps.rehearse(page, MOTION)


def test_rehearsal_goes_back_to_its_draft(page: Page, pier: str) -> None:
    steps.show_take(page, pier)
    page.get_by_role("button", name="Back to draft").click()
    expect(page.locator("#image-to-video--scene")).to_have_value("Dusk on a wooden pier. The keeper lowers his cap.")
    expect(page.locator("#image-to-video--script .line-speaker").nth(1)).to_have_value("Mara")
    expect(steps.well_of(page, IMAGE, "start_image_url")).to_have_class("well is-filled")
