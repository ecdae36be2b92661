"""The picture in the README is a true one: this test builds its scene, and writes it where STUDIO_SHOOT says."""

from __future__ import annotations

import os

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.steps import IMAGE
from tests.browser.studios import StudioProcess

SHOWN_AT_S = 1.5


def test_scene_of_the_readme_picture_is_whole(fresh: StudioProcess, visit: Visit) -> None:
    page = visit(fresh, "dark").open()
    page.get_by_role("button", name="Two on a pier").click()
    expect(steps.well_of(page, IMAGE, "start_image_url")).to_have_class("well is-filled")
    steps.rehearse(page, IMAGE)
    expect(page.locator(".stage-tick")).to_have_count(2)
    expect(page.locator(".rail-item img")).to_be_visible()
    steps.seek(page, SHOWN_AT_S)
    check_nothing_is_cut(page)
    path = os.environ.get("STUDIO_SHOOT")
    if path:
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement?.blur()")
        page.screenshot(path=path, animations="disabled")


def check_nothing_is_cut(page: Page) -> None:
    for selector in (".stage-player", ".stage-lanes", ".stage-transport", "#image-to-video--generate", ".rail"):
        expect(page.locator(selector)).to_be_in_viewport(ratio=0.99)
