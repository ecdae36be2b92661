"""Axe, widths and themes: every room of the page in dark and light, on a desk and on a phone, without a violation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import DESKTOP, Visit
from tests.browser.materials import CHARACTER, DANCE, PIER
from tests.browser.steps import IMAGE, MOTION, SECTIONS, TEXT
from tests.browser.studios import StudioProcess

PHONE, NARROW = (390, 844), (360, 740)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AXE = Axe()
ENDED = """Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations !== Infinity)
  .map((one) => one.finished.catch(() => {})))"""


def violations(page: Page) -> list[str]:
    """Each as `rule: what is wrong, at its first places`. A colour in transition is not one, so that ends first."""
    page.evaluate(ENDED)
    options = {"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]}
    found = AXE.run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {rule['help']} at {' | '.join(node['html'][:160] for node in rule['nodes'][:3])}"
        for rule in found
    ]


def rooms(page: Page, take: str) -> Iterator[str]:
    """Go through the page, room by room, with something in each; gives the name of the room that is shown."""
    is_phone = page.locator(".switch-pane").is_visible()
    yield "first view"
    steps.fill_well(page, IMAGE, "start_image_url", PIER)
    steps.write_scene(page, IMAGE, "Dusk on a pier.")
    steps.add_line(page, IMAGE, "she", "THE LIGHT GOES OUT TONIGHT.")
    expect(page.locator("#image-to-video--script .finding").first).to_be_visible()
    yield IMAGE
    steps.open_mode(page, TEXT)
    yield TEXT
    steps.open_mode(page, MOTION)
    steps.fill_well(page, MOTION, "image_url", CHARACTER)
    steps.fill_well(page, MOTION, "video_url", DANCE)
    yield MOTION
    if is_phone:
        page.get_by_role("button", name="Watch", exact=True).click()
    steps.show_take(page, take)
    yield "stage with a clip"
    for title in SECTIONS:
        steps.open_section(page, title)
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
        yield title


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_no_room_has_a_violation(
    visit: Visit, studio: StudioProcess, pier: str, theme: str, size: tuple[int, int]
) -> None:
    page = visit(studio, theme, size, has_touch=size == PHONE).open()
    found = [f"{room}: {bad}" for room in rooms(page, pier) for bad in violations(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_layers_above_the_page_have_no_violation(visit: Visit, studio: StudioProcess, pier: str, theme: str) -> None:
    page = visit(studio, theme).open()
    steps.show_take(page, pier)
    found = []
    for name, opener in layers(page).items():
        opener()
        found += [f"{name}: {bad}" for bad in violations(page)]
        page.keyboard.press("Escape")
    take = steps.press_again(page)
    found += [f"job card: {bad}" for bad in violations(page)]
    steps.wait_for_clip(page, take)
    assert not found, "\n".join(found)


def layers(page: Page) -> dict[str, Callable[[], None]]:
    return {
        "download menu": lambda: page.get_by_role("button", name="Download").click(),
        "recipe": lambda: page.get_by_role("button", name="Recipe").click(),
        "shortcuts": lambda: page.get_by_role("button", name="Keyboard shortcuts").click(),
        "paste": lambda: page.locator("#image-to-video--script").get_by_role("button", name="Paste a scene").click(),
    }


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["390", "360"])
def test_no_room_scrolls_sideways(visit: Visit, studio: StudioProcess, pier: str, size: tuple[int, int]) -> None:
    page = visit(studio, "dark", size, has_touch=True, is_mobile=True).open()
    wide = {}
    for room in rooms(page, pier):
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        page.evaluate("scrollTo(500, scrollY)")
        if over or page.evaluate("scrollX"):
            wide[room] = over
    assert not wide


def test_theme_can_be_turned_and_is_kept(page: Page) -> None:
    body, dark = page.locator("body"), re.compile(r"\bdark\b")
    expect(body).to_have_class(dark)
    page.get_by_role("button", name="Light or dark").click()
    expect(body).not_to_have_class(dark)
    page.reload()
    steps.wait_until_ready(page)
    expect(body).not_to_have_class(dark)


def test_calm_system_gets_no_loop(visit: Visit, studio: StudioProcess, pier: str) -> None:
    page = visit(studio, reduced_motion="reduce").open()
    steps.show_take(page, pier)
    assert page.evaluate("document.querySelector('.stage-video').loop") is False
