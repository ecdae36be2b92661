"""Compare: two clips on one clock, one of them heard, words and settings that differ, and what Prefer does to stars."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.conftest import DESKTOP, Visit, Visitor
from tests.browser.past import Past, opened_past
from tests.browser.test_accessibility import PHONE, violations

FRAME_S = 1 / 24
DRIFT_S = 0.04
TIMES = "[...document.querySelectorAll('.compare-video')].map((video) => video.currentTime)"
SETTLED = (
    """[...document.querySelectorAll('.compare-video')].every((video) => !video.seeking && video.readyState >= 2)"""
)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    with opened_past(tmp_path_factory.mktemp("past") / "home") as one:
        yield one


@pytest.fixture
def visitor(visit: Visit, past: Past) -> Visitor:
    return visit(past.studio)


def room(page: Page) -> Locator:
    return page.locator("#compare-room")


def compare(page: Page, past: Past, one: str, other: str | None = None) -> Locator:
    """Open Compare from the gallery and wait until both clips show their first picture."""
    steps.open_section(page, "Takes")
    page.evaluate(
        """async (ids) => { const read = async (id) => id && (await (await fetch(`/studio/takes/${id}`)).json());
        await studio.compare.open(await read(ids[0]), await read(ids[1])) }""",
        [past.ids[one], past.ids[other] if other else None],
    )
    expect(room(page)).to_have_attribute("data-state", "both")
    settle(page)
    return room(page)


def settle(page: Page) -> None:
    page.wait_for_function(SETTLED)


def times(page: Page) -> tuple[float, float]:
    a, b = page.evaluate(TIMES)
    return float(a), float(b)


def drift(page: Page) -> float:
    a, b = times(page)
    return abs(a - b)


def clock_s(page: Page) -> float:
    return float(str(room(page).get_by_role("slider", name="Position").get_attribute("aria-valuenow")))


def wait_for_clock(page: Page, at_s: float, off_s: float = FRAME_S) -> None:
    page.wait_for_function(
        """([at, off]) => { const slider = document.querySelector('.compare-strips');
        return Math.abs(Number(slider.getAttribute('aria-valuenow')) - at) <= off }""",
        arg=[at_s, off_s],
    )
    settle(page)


# -- one clock ---------------------------------------------------------------------------------------------------------


def test_both_clips_play_on_one_clock_and_stop_on_the_same_picture(page: Page, past: Past) -> None:
    """How close they are while they play depends on how busy the machine is; where they stop does not."""
    compare(page, past, "long", "long")
    room(page).get_by_role("button", name="Play").click()
    page.wait_for_function(f"() => Math.min(...{TIMES}) > 3")
    page.keyboard.press("Space")
    settle(page)
    assert drift(page) < 0.001
    assert clock_s(page) > 3


def test_clip_that_falls_behind_is_brought_back(page: Page, past: Past) -> None:
    """B is thrown 0.8 s ahead of A while both play, as a stalling disk would do."""
    compare(page, past, "long", "long")
    room(page).get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.compare-video').currentTime > 0.4")
    page.evaluate("document.querySelectorAll('.compare-video')[1].currentTime += 0.8")
    page.wait_for_function(f"() => {{ const [a, b] = {TIMES}; return Math.abs(a - b) > 0.5 }}")
    page.wait_for_function(
        f"""() => {{ const [a, b] = {TIMES}; window.near = Math.abs(a - b) < {DRIFT_S} ? (window.near || 0) + 1 : 0;
        return window.near > 5 }}""",
        timeout=20_000,
    )


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_click_on_the_strips_seeks_both(page: Page, past: Past, part: float) -> None:
    compare(page, past, "dusk", "dawn")
    track = page.locator(".compare-track").bounding_box()
    assert track
    page.mouse.click(track["x"] + track["width"] * part, track["y"] + track["height"] / 2)
    wait_for_clock(page, 5 * part)
    a, b = times(page)
    assert (a, b) == pytest.approx((5 * part, 5 * part), abs=FRAME_S)
    assert drift(page) <= DRIFT_S


def test_seeking_while_playing_keeps_both_together(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.compare-video').currentTime > 0.2")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("document.querySelector('.compare-video').currentTime > 1.6")
    page.wait_for_function(f"() => {{ const [a, b] = {TIMES}; return Math.abs(a - b) < {DRIFT_S} }}", timeout=3_000)
    assert page.evaluate("[...document.querySelectorAll('.compare-video')].every((video) => !video.paused)")
    page.keyboard.press("Space")
    settle(page)
    assert drift(page) < 0.001


def test_keys_move_both_as_on_the_stage(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    expect(room(page)).to_be_focused()
    for key, at_s in (
        ("End", 5 - FRAME_S),
        ("Home", 0),
        ("Shift+ArrowRight", 1),
        ("ArrowRight", 1 + FRAME_S),
        ("ArrowLeft", 1),
    ):
        page.keyboard.press(key)
        wait_for_clock(page, at_s, FRAME_S / 2)
        assert drift(page) < 0.001


def test_shorter_clip_holds_its_last_picture(page: Page, past: Past) -> None:
    compare(page, past, "long", "dusk")
    slider = room(page).get_by_role("slider", name="Position")
    expect(slider).to_have_attribute("aria-valuemax", "10.00")
    widths = page.evaluate("[...document.querySelectorAll('.compare-strip')].map((one) => one.offsetWidth)")
    assert widths[1] == pytest.approx(widths[0] / 2, rel=0.02)
    for _ in range(7):
        page.keyboard.press("Shift+ArrowRight")
    wait_for_clock(page, 7)
    a, b = times(page)
    assert (a, b) == pytest.approx((7, 5), abs=2 * FRAME_S)
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.compare-video').currentTime > 7.3")
    assert times(page)[1] == pytest.approx(5, abs=2 * FRAME_S)


def test_longer_b_goes_on_alone_to_its_end(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "long")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    wait_for_clock(page, 4)
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelectorAll('.compare-video')[1].currentTime > 5.5")
    assert clock_s(page) > 5.3
    assert times(page)[0] == pytest.approx(5, abs=2 * FRAME_S)


def test_clips_pause_when_the_section_is_left(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.compare-video').currentTime > 0.2")
    steps.open_section(page, "Voices")
    page.wait_for_function("[...document.querySelectorAll('.compare-video')].every((video) => video.paused)")


# -- sound and views ---------------------------------------------------------------------------------------------------


def test_only_one_is_heard(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    muted = "[...document.querySelectorAll('.compare-video')].map((video) => video.muted)"
    assert page.evaluate(muted) == [False, True]
    room(page).get_by_role("button", name="Hear B").click()
    assert page.evaluate(muted) == [True, False]
    expect(room(page).get_by_role("button", name="Hearing B")).to_have_attribute("aria-pressed", "true")
    expect(room(page).get_by_role("button", name="Hear A")).to_be_visible()


def test_take_without_sound_says_so_and_the_other_is_heard(page: Page, past: Past) -> None:
    compare(page, past, "silent", "dawn")
    expect(room(page).get_by_role("button", name="A has no sound")).to_be_disabled()
    expect(room(page).get_by_role("button", name="Hearing B")).to_be_visible()


def test_wipe_is_a_slider_for_mouse_and_keys(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    room(page).get_by_role("radio", name="Wipe").check(force=True)
    wipe = room(page).get_by_role("slider", name="Wipe")
    expect(wipe).to_have_attribute("aria-valuetext", "50 % A, 50 % B")
    box = page.locator(".compare-theatre").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40, steps=5)
    page.mouse.up()
    expect(wipe).to_have_attribute("aria-valuenow", "25")
    wipe.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(wipe).to_have_attribute("aria-valuenow", "35")
    page.keyboard.press("End")
    expect(wipe).to_have_attribute("aria-valuenow", "100")
    assert clock_s(page) == 0


def test_changing_the_view_loads_nothing_again(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    page.keyboard.press("Shift+ArrowRight")
    wait_for_clock(page, 1)
    page.evaluate(
        """() => { window.loads = 0; for (const video of document.querySelectorAll('.compare-video'))
        video.addEventListener('loadstart', () => { window.loads += 1 }) }"""
    )
    for view in ("Wipe", "Overlay", "Side by side"):
        room(page).get_by_role("radio", name=view).check(force=True)
    assert page.evaluate("window.loads") == 0
    assert times(page) == pytest.approx((1, 1), abs=FRAME_S)


def test_phone_opens_in_wipe(visit: Visit, past: Past) -> None:
    page = visit(past.studio, "dark", PHONE, has_touch=True, is_mobile=True).open()
    compare(page, past, "dusk", "dawn")
    expect(room(page).get_by_role("radio", name="Wipe")).to_be_checked()
    expect(room(page).get_by_role("button", name="Prefer A")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    room(page).get_by_role("button", name="Hear B").click()
    assert page.evaluate("document.querySelectorAll('.compare-video')[1].muted") is False


# -- words -------------------------------------------------------------------------------------------------------------


def test_words_that_changed_are_marked_and_counted(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    words = page.locator(".compare-words")
    assert words.locator("del").all_inner_texts() == ["Dawn", "Push", "keeper,"]
    assert words.locator("ins").all_inner_texts() == ["Dusk", "Slow push", "two of them,", "turning"]
    expect(room(page)).to_contain_text("3 words out, 7 in")
    lines = words.evaluate(
        """(node) => ['del', 'ins'].map((tag) => getComputedStyle(node.querySelector(tag)).textDecorationLine)"""
    )
    assert lines == ["line-through", "underline"]


def test_same_words_say_so(page: Page, past: Past) -> None:
    compare(page, past, "long", "dusk")
    expect(room(page)).to_contain_text("The same words")
    expect(page.locator(".compare-words :is(del, ins)")).to_have_count(0)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", "The same words"),
        ("one", "", "1 word out"),
        ("", "one two", "2 words in"),
        ("a b c d", "a c d e", "1 word out, 1 in"),
        ("a a a", "a a", "1 word out"),
        ("灯塔亮了", "灯塔灭了", "1 word out, 1 in"),
        ("line one\n\nline two", "line one line two", "The same words"),
    ],
)
def test_words_are_counted_by_their_longest_common_run(page: Page, old: str, new: str, told: str) -> None:
    counted = "([old, now]) => studio.compareParts.countWords(studio.compareParts.compareWords(old, now))"
    assert page.evaluate(counted, [old, new]) == told


def test_only_settings_that_differ_are_listed(page: Page, past: Past) -> None:
    compare(page, past, "long", "dawn")
    table = room(page).get_by_role("table")
    rows = {
        row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()
    }
    rows.pop("Wait", None)
    assert rows == {"Start frame": ["pierb.jpg", "pier.jpg"], "Length": ["10 s", "5 s"], "Billed": ["$1.40", "$0.70"]}
    heads = table.locator("thead th").all_inner_texts()
    assert heads[1:] == ["A, take 3", "B, take 1"]


def test_hostile_prompt_is_only_text(page: Page, past: Past) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    compare(page, past, "hostile", "silent")
    expect(page.locator(".compare-words")).to_contain_text("<img src=x onerror=window.bad=1>${alert(1)}")
    expect(page.locator(".compare-words img")).to_have_count(0)
    assert page.evaluate("window.bad") is None


# -- stars and ways in and out -----------------------------------------------------------------------------------------


def starred(page: Page, past: Past, name: str) -> bool:
    return bool(
        page.evaluate("async (id) => (await (await fetch(`/studio/takes/${id}`)).json()).starred", past.ids[name])
    )


def test_prefer_stars_the_winner_and_takes_only_its_own_star_back(page: Page, past: Past) -> None:
    compare(page, past, "dusk", "dawn")
    room(page).get_by_role("button", name="Star take 1").click()
    expect(room(page).get_by_role("button", name="Star take 1")).to_have_attribute("aria-pressed", "true")
    a, b = (room(page).get_by_role("button", name=f"Star take {number}") for number in (2, 1))
    room(page).get_by_role("button", name="Prefer A").click()
    expect(a).to_have_attribute("aria-pressed", "true")
    expect(b).to_have_attribute("aria-pressed", "true")  # by hand, so it stays
    room(page).get_by_role("button", name="Prefer B").click()
    expect(a).to_have_attribute("aria-pressed", "false")  # by Prefer, so it goes
    expect(room(page).get_by_role("button", name="Prefer B")).to_have_attribute("aria-pressed", "true")
    assert (starred(page, past, "dusk"), starred(page, past, "dawn")) == (False, True)
    b.click()
    expect(b).to_have_attribute("aria-pressed", "false")


def test_compare_on_the_stage_takes_the_parent(page: Page, past: Past) -> None:
    steps.show_take(page, past.ids["dusk"])
    page.locator("#stage-room").focus()
    page.keyboard.press("c")
    expect(room(page)).to_have_attribute("data-state", "both")
    expect(room(page).get_by_role("heading", name="Take 2")).to_be_visible()
    expect(room(page).get_by_role("heading", name="Take 1", exact=True)).to_be_visible()
    expect(room(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(room(page)).to_be_hidden()
    expect(page.locator(".card-open:focus")).to_have_count(1)


def test_take_without_parent_asks_for_the_other_one(page: Page, past: Past) -> None:
    steps.show_take(page, past.ids["dawn"])
    steps.stage(page).get_by_role("button", name="Compare").click()
    picker = room(page).get_by_role("region", name="Choose the other take")
    expect(picker).to_be_visible()
    expect(picker.get_by_role("button", name="Take 1", exact=False)).to_have_count(0)
    picker.get_by_role("searchbox").fill("harbour")
    expect(picker).to_contain_text("Nothing matches 'harbour'.")
    picker.get_by_role("searchbox").fill("lamp")
    choice = picker.get_by_role("button")
    expect(choice).to_have_count(1)
    choice.focus()
    page.keyboard.press("Enter")
    expect(room(page)).to_have_attribute("data-state", "both")
    expect(room(page).get_by_role("heading", name="Take 4")).to_be_visible()
    room(page).get_by_role("button", name="Choose another take for B").click()
    expect(picker).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_no_view_has_a_violation(visit: Visit, past: Past, theme: str, size: tuple[int, int]) -> None:
    page = visit(past.studio, theme, size, has_touch=size == PHONE).open()
    compare(page, past, "long", "dawn")
    found = []
    for view in ("side", "wipe", "overlay"):
        room(page).locator(f"input[value={view}]").check(force=True)
        found += [f"{view}: {bad}" for bad in violations(page)]
    if size == DESKTOP:
        room(page).get_by_role("button", name="Choose another take for B").click()
        expect(page.locator(".compare-choice").first).to_be_visible()
        found += [f"picker: {bad}" for bad in violations(page)]
    assert not found, "\n".join(found)
