"""The Takes section: finding, looking through, choosing, selecting, the bin and back, and what the panel tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.conftest import DESKTOP, Visit, Visitor
from tests.browser.past import HOSTILE, Past, opened_past
from tests.browser.studios import StudioProcess
from tests.browser.test_accessibility import PHONE, violations

ORDER = ("hostile", "silent", "rehearsal", "long", "dusk", "dawn")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    with opened_past(tmp_path_factory.mktemp("past") / "home") as one:
        yield one


@pytest.fixture
def visitor(visit: Visit, past: Past) -> Visitor:
    return visit(past.studio)


@pytest.fixture
def page(page: Page, past: Past) -> Page:
    show_takes(page)
    return page


def show_takes(page: Page) -> None:
    steps.open_section(page, "Takes")
    expect(page.locator(".card")).to_have_count(len(ORDER))


def card(page: Page, past: Past, name: str) -> Locator:
    return page.locator(f".card[data-take='{past.ids[name]}']")


def opener(page: Page, past: Past, name: str) -> Locator:
    return card(page, past, name).locator(".card-open")


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Chosen take")


def bar(page: Page) -> Locator:
    return page.get_by_role("group", name="Selected takes")


def shown(page: Page, past: Past) -> list[str]:
    """The names of the takes in the order of their cards."""
    names = {take: name for name, take in past.ids.items()}
    return [names[str(one.get_attribute("data-take"))] for one in page.locator(".card").all()]


def search(page: Page, words: str) -> None:
    with page.expect_response(re.compile(r"/studio/takes\?")):
        page.get_by_role("searchbox", name="Search takes", exact=True).fill(words)


# -- finding -----------------------------------------------------------------------------------------------------------


def test_card_tells_number_money_length_and_lineage(page: Page, past: Past) -> None:
    assert tuple(shown(page, past)) == ORDER
    expect(card(page, past, "long")).to_contain_text(re.compile(r"10\.0 s.*Take 3\$1\.40from 2"))
    expect(card(page, past, "dusk")).to_contain_text(re.compile(r"Take 2\$0\.70from 1"))
    expect(card(page, past, "dawn")).to_contain_text(re.compile(r"Take 1\$0\.701 follows"))
    expect(card(page, past, "rehearsal")).to_contain_text(re.compile(r"Rehearsal.*R1freefrom 2"))


def test_chips_count_what_they_show_and_empty_ones_are_hidden(page: Page, past: Past) -> None:
    chips = page.get_by_role("group", name="Show")
    expect(chips.get_by_role("button")).to_have_text(["All 6", "Image 3", "Text 2", "Rehearsals 1"])
    chips.get_by_role("button", name="Text").click()
    expect(page.locator(".card")).to_have_count(2)
    assert shown(page, past) == ["hostile", "silent"]
    expect(chips.get_by_role("button", name="Text")).to_have_attribute("aria-pressed", "true")


def test_search_narrows_cards_and_counts(page: Page, past: Past) -> None:
    search(page, "lighthouse dusk")
    expect(page.locator(".card")).to_have_count(3)
    expect(page.get_by_role("button", name="All 3")).to_be_visible()


def test_search_without_a_match_offers_to_be_cleared(page: Page) -> None:
    search(page, "harbour")
    expect(page.locator(".takes .empty")).to_have_text("Nothing matches 'harbour'. Clear search")
    page.get_by_role("button", name="Clear search").click()
    expect(page.locator(".card")).to_have_count(len(ORDER))
    expect(page.get_by_role("searchbox", name="Search takes", exact=True)).to_be_focused()


@pytest.mark.parametrize(
    ("order", "first", "last"),
    [("oldest", "dawn", "hostile"), ("price", "long", "rehearsal"), ("length", "long", "dawn")],
)
def test_order(page: Page, past: Past, order: str, first: str, last: str) -> None:
    with page.expect_response(re.compile(f"sort={order}")):
        page.get_by_label("Order").select_option(order)
    page.wait_for_function("(id) => document.querySelector('.card')?.dataset.take === id", arg=past.ids[first])
    assert shown(page, past)[-1] == last


def test_no_takes_yet(fresh: StudioProcess, visit: Visit) -> None:
    page = visit(fresh).open()
    steps.open_section(page, "Takes")
    expect(page.locator(".takes .empty")).to_have_text("No takes yet. Rehearse one for free from Studio.")
    assert page.get_by_role("group", name="Show").get_by_role("button").all_inner_texts() == ["All 0"]


def test_hostile_prompt_is_only_text(page: Page, past: Past) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    expect(card(page, past, "hostile").locator(".card-words")).to_have_text(HOSTILE)
    opener(page, past, "hostile").click()
    expect(panel(page).get_by_role("heading", name="Take 5")).to_be_visible()
    search(page, "<img src=x onerror=window.bad=1>${alert(1)} nowhere")
    expect(page.locator(".takes .empty")).to_contain_text(
        "Nothing matches '<img src=x onerror=window.bad=1>${alert(1)}"
    )
    expect(page.locator(".takes img[src='x']")).to_have_count(0)
    assert page.evaluate("window.bad") is None


# -- looking -----------------------------------------------------------------------------------------------------------


def test_hovering_looks_through_the_take_without_its_clip(page: Page, past: Past) -> None:
    clips: list[str] = []
    page.on("request", lambda request: clips.append(request.url) if request.url.endswith("video.mp4") else None)
    picture = card(page, past, "dusk").locator(".card-picture")
    box = picture.bounding_box()
    assert box
    tiles, places = [], []
    for part in (0.05, 0.5, 0.95):
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
        scrub = card(page, past, "dusk").locator(".card-scrub")
        expect(scrub).to_be_visible()
        tiles.append(scrub.get_attribute("data-tile"))
        places.append(scrub.evaluate("(node) => node.style.backgroundPosition"))
    assert tiles == ["0", "6", "11"]
    assert len(set(places)) == 3
    assert past.ids["dusk"] in scrub.evaluate("(node) => node.style.backgroundImage")
    page.mouse.move(5, 5)
    expect(card(page, past, "dusk").locator(".card-scrub")).to_be_hidden()
    assert clips == []


def test_panel_shows_the_chain_with_what_changed(page: Page, past: Past) -> None:
    opener(page, past, "long").click()
    expect(panel(page).locator(".chain li")).to_have_count(3)
    steps_of_chain = panel(page).locator(".chain-words").all_inner_texts()
    assert [words.split("\n") for words in steps_of_chain] == [
        ["Take 1", "Began with pier.jpg, no voices"],
        ["Take 2", "7 words changed, start frame changed"],
        ["Take 3", "Now 10 s"],
    ]
    expect(panel(page).locator(".panel-facts")).to_contain_text(re.compile(r"10\.0 sBilled \$1\.40Request"))
    assert page.locator(".panel-video").get_attribute("preload") == "metadata"
    panel(page).get_by_role("button", name="Take 1").click()
    expect(panel(page).get_by_role("heading", name="Take 1")).to_be_visible()
    expect(opener(page, past, "dawn")).to_have_attribute("aria-current", "true")


def test_open_in_studio(page: Page, past: Past) -> None:
    opener(page, past, "dawn").click()
    panel(page).get_by_role("button", name="Open in Studio").click()
    steps.wait_for_clip(page, past.ids["dawn"])
    expect(steps.stage(page)).to_be_visible()


def test_star_in_the_panel_is_on_the_card_and_the_focus_stays(page: Page, past: Past) -> None:
    opener(page, past, "dawn").click()
    star = panel(page).get_by_role("button", name="Star")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(card(page, past, "dawn").locator(".card-star")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(r"Starred \d"))).to_be_visible()
    expect(star).to_be_focused()
    star.click()
    expect(card(page, past, "dawn").locator(".card-star")).to_be_hidden()


def test_news_patch_the_cards_and_leave_focus_and_video_alone(page: Page, past: Past) -> None:
    opener(page, past, "dusk").click()
    page.evaluate(
        """() => { window.loads = 0; window.nodes = [...document.querySelectorAll('.card')];
        document.querySelector('.panel-video').addEventListener('loadstart', () => { window.loads += 1 }) }"""
    )
    opener(page, past, "dusk").focus()
    for is_starred in (True, False):
        with page.expect_response(re.compile(r"/studio/takes\?")):
            page.evaluate(
                """([id, starred]) => fetch(`/studio/takes/${id}/star`, {method: 'POST',
                body: JSON.stringify({starred}), headers: {'X-Studio': '1', 'Content-Type': 'application/json'}})""",
                [past.ids["silent"], is_starred],
            )
        expect(card(page, past, "silent").locator(".card-star")).to_be_visible(visible=is_starred)
    expect(opener(page, past, "dusk")).to_be_focused()
    assert page.evaluate("window.nodes.every((node, index) => node === document.querySelectorAll('.card')[index])")
    assert page.evaluate("window.loads") == 0


# -- keys and selecting ------------------------------------------------------------------------------------------------


def test_arrows_move_between_cards_and_there_is_one_tab_stop(page: Page, past: Past) -> None:
    assert page.locator(".card-open[tabindex='0']").count() == 1
    opener(page, past, "hostile").focus()
    columns = len(page.locator(".cards").evaluate("(grid) => getComputedStyle(grid).gridTemplateColumns").split())
    for key, name in (
        ("ArrowRight", "silent"),
        ("ArrowLeft", "hostile"),
        ("ArrowLeft", "hostile"),
        ("End", "dawn"),
        ("Home", "hostile"),
        ("ArrowDown", ORDER[columns]),
        ("ArrowUp", "hostile"),
    ):
        page.keyboard.press(key)
        expect(opener(page, past, name)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(panel(page).get_by_role("heading", name="Take 4")).to_be_visible()
    page.keyboard.press("Enter")
    steps.wait_for_clip(page, past.ids["silent"])


def test_keys_select_and_compare(page: Page, past: Past) -> None:
    opener(page, past, "dawn").focus()
    page.keyboard.press("x")
    expect(card(page, past, "dawn").get_by_role("checkbox")).to_be_checked()
    expect(bar(page)).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("x")
    expect(bar(page)).to_contain_text("2 selected")
    steps.tab_to(page, "[data-bar=compare]")
    page.keyboard.press("Enter")
    expect(page.locator("#compare-room")).to_have_attribute("data-state", "both")
    heads = page.locator(".compare-head h2").all_inner_texts()
    assert heads == ["Take 2", "Take 1"]
    page.keyboard.press("Escape")
    expect(bar(page)).to_contain_text("2 selected")
    bar(page).get_by_role("button", name="Clear selection").click()
    expect(bar(page)).to_be_hidden()


def test_compare_is_offered_for_exactly_two(page: Page, past: Past) -> None:
    for name in ("dawn", "dusk"):
        card(page, past, name).get_by_role("checkbox").check()
    expect(bar(page).get_by_role("button", name="Compare")).to_be_visible()
    card(page, past, "long").get_by_role("checkbox").check()
    expect(bar(page)).to_contain_text("3 selected")
    expect(bar(page).get_by_role("button", name="Compare")).to_be_hidden()


def test_single_keys_can_be_switched_off(page: Page, past: Past) -> None:
    page.evaluate("localStorage['studio.single_keys'] = 'off'")
    opener(page, past, "dawn").focus()
    page.keyboard.press("x")
    page.keyboard.press("/")
    expect(card(page, past, "dawn").get_by_role("checkbox")).not_to_be_checked()
    expect(opener(page, past, "dawn")).to_be_focused()


def test_slash_goes_to_the_search(page: Page, past: Past) -> None:
    opener(page, past, "dawn").focus()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search takes", exact=True)).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.get_by_role("searchbox", name="Search takes", exact=True)).to_have_value("a/b")


def test_selected_takes_are_downloaded_and_starred(page: Page, past: Past) -> None:
    for name in ("long", "dawn"):
        card(page, past, name).get_by_role("checkbox").check()
    files: set[str] = set()
    page.on("download", lambda download: files.add(download.suggested_filename))
    with page.expect_download(lambda _: len(files) == 2):
        bar(page).get_by_role("button", name="Download").click()
    assert all(file.endswith(".mp4") for file in files)
    star = bar(page).get_by_role("button", name="Star")
    for is_starred in ("true", "false"):
        star.click()
        expect(star).to_have_attribute("aria-pressed", is_starred)
        for name in ("long", "dawn"):
            expect(card(page, past, name).locator(".card-star")).to_be_visible(visible=is_starred == "true")


# -- the bin -----------------------------------------------------------------------------------------------------------


def test_delete_and_undo(page: Page, past: Past) -> None:
    opener(page, past, "silent").click()
    panel(page).get_by_role("button", name="Delete").click()
    toast = page.locator(".studio-toast")
    expect(toast).to_contain_text("Take 4 is in the bin.")
    expect(page.locator(".card")).to_have_count(len(ORDER) - 1)
    expect(panel(page).get_by_role("heading", name="Take 5")).to_be_visible()
    expect(opener(page, past, "hostile")).to_be_focused()
    expect(page.get_by_role("button", name="Bin 1")).to_be_visible()
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".card")).to_have_count(len(ORDER))
    assert tuple(shown(page, past)) == ORDER


def test_binned_take_is_only_restored_by_restore(page: Page, past: Past) -> None:
    opener(page, past, "silent").click()
    panel(page).get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Bin 1").click()
    expect(page.locator(".card")).to_have_count(1)
    opener(page, past, "silent").click()
    opener(page, past, "silent").press("Enter")
    expect(panel(page).get_by_role("heading", name="Take 4")).to_be_visible()
    expect(panel(page).get_by_role("button", name="Open in Studio")).to_be_hidden()
    expect(page.locator(".card")).to_have_count(1)
    panel(page).get_by_role("button", name="Restore").click()
    expect(page.locator(".takes .empty")).to_contain_text("The bin is empty. Show all takes")
    page.get_by_role("button", name="Show all takes").click()
    expect(page.locator(".card")).to_have_count(len(ORDER))


def test_many_are_deleted_and_come_back_together(page: Page, past: Past) -> None:
    for name in ("silent", "hostile"):
        card(page, past, name).get_by_role("checkbox").check()
    bar(page).get_by_role("button", name="Delete").click()
    expect(page.locator(".studio-toast")).to_contain_text("2 takes are in the bin.")
    expect(page.locator(".card")).to_have_count(len(ORDER) - 2)
    expect(bar(page)).to_be_hidden()
    page.locator(".studio-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".card")).to_have_count(len(ORDER))


# -- pages and accessibility -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_gallery_has_no_violation(visit: Visit, past: Past, theme: str, size: tuple[int, int]) -> None:
    page = visit(past.studio, theme, size, has_touch=size == PHONE).open()
    show_takes(page)
    found = [f"cards: {bad}" for bad in violations(page)]
    for name in ("dawn", "dusk"):
        card(page, past, name).get_by_role("checkbox").check(force=True)
    found += [f"selection: {bad}" for bad in violations(page)]
    bar(page).get_by_role("button", name="Clear selection").click()
    opener(page, past, "long").click()
    expect(panel(page).locator(".chain li")).to_have_count(3)
    found += [f"panel: {bad}" for bad in violations(page)]
    assert not found, "\n".join(found)


def test_phone_shows_the_panel_as_a_sheet_and_does_not_scroll_sideways(visit: Visit, past: Past) -> None:
    page = visit(past.studio, "dark", PHONE, has_touch=True, is_mobile=True).open()
    show_takes(page)
    expect(panel(page)).to_be_hidden()
    opener(page, past, "hostile").tap()
    expect(panel(page)).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    panel(page).get_by_role("button", name="Close").tap()
    expect(panel(page)).to_be_hidden()
    expect(opener(page, past, "hostile")).to_be_focused()
