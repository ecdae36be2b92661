"""The price moves in the browser and is the server's to the micro-dollar: over the whole grid, and while trimming."""

from __future__ import annotations

import itertools
from typing import Any

from playwright.sync_api import Page, expect

from studio.catalog.pricing import format_usd
from studio.catalog.registry import ENDPOINTS, find_endpoint
from tests.browser import steps
from tests.browser.materials import CHARACTER, DANCE
from tests.browser.steps import IMAGE, MOTION

CLIP_LENGTHS_S = (3.0, 3.04, 5.0, 5.033, 7.6, 9.9995, 10.0, 12.345, 29.97, 30.0)
AMOUNTS = (0, 1, 7_000, 9_999, 10_000, 84_999, 85_000, 350_000, 700_000, 851_200, 1_680_000, 12_345_678, 999_994_999)


def grid() -> list[tuple[str, dict[str, Any], float | None]]:
    cells: list[tuple[str, dict[str, Any], float | None]] = []
    for endpoint in ENDPOINTS:
        durations = endpoint["duration"].choices if endpoint.has("duration") else ("5",)
        sounds = (True, False) if endpoint.has("generate_audio") else (True,)
        voices: tuple[list[str], ...] = ([], ["one"], ["one", "two"]) if endpoint.has("voice_ids") else ([],)
        clips = CLIP_LENGTHS_S if endpoint.price.clip_param else (None,)
        for duration, sound, voice, clip in itertools.product(durations, sounds, voices, clips):
            values: dict[str, Any] = {"duration": duration, "generate_audio": sound, "voice_ids": voice}
            cells.append((endpoint.mode, {name: values[name] for name in values if endpoint.has(name)}, clip))
    return cells


def test_browser_and_server_quote_the_same_over_the_whole_grid(page: Page) -> None:
    cells = grid()
    shown = page.evaluate(
        """(cells) => cells.map(([mode, values, clip]) => {
        const quote = studio.price.quote(mode, values, clip);
        return [quote.usd_micros, quote.parts.map((part) => [part.label, part.usd_micros])] })""",
        [list(cell) for cell in cells],
    )
    for (mode, values, clip_s), (usd_micros, parts) in zip(cells, shown, strict=True):
        quote = find_endpoint(mode).quote(values, clip_s)
        assert usd_micros == quote.usd_micros, (mode, values, clip_s)
        assert parts == [[part.label, part.usd_micros] for part in quote.parts], (mode, values, clip_s)


def test_browser_and_server_write_amounts_the_same(page: Page) -> None:
    shown = page.evaluate("(amounts) => amounts.map((amount) => studio.dom.money(amount))", list(AMOUNTS))
    assert shown == [format_usd(amount) for amount in AMOUNTS]


def test_price_moves_with_length_sound_and_voices(page: Page) -> None:
    total = page.locator("#image-to-video--sum")
    expect(total).to_contain_text("5 s × $0.14")
    expect(total).to_contain_text("$0.70")
    length = page.locator("#image-to-video--duration")
    length.get_by_role("radio", name="10 s").check(force=True)
    expect(total).to_contain_text("10 s × $0.14")
    expect(total).to_contain_text("$1.40")
    choose_voice(page, "829877809978941442")
    expect(total).to_contain_text("10 s × $0.168")
    expect(total).to_contain_text("$1.68")
    length.get_by_role("radio", name="5 s").check(force=True)
    expect(total).to_contain_text("$0.84")
    page.locator("#image-to-video--generate_audio").get_by_role("checkbox").uncheck(force=True)
    expect(total).to_contain_text("5 s × $0.07")
    expect(total).to_contain_text("$0.35")


def test_price_of_motion_follows_the_trim(page: Page) -> None:
    steps.open_mode(page, MOTION)
    total = page.locator("#motion-control--sum")
    expect(total).to_contain_text("Add a movement clip to see the price")
    steps.fill_well(page, MOTION, "image_url", CHARACTER)
    steps.fill_well(page, MOTION, "video_url", DANCE)
    expect(total).to_contain_text(priced(6.0))
    end = page.get_by_role("slider", name="End of the kept part")
    end.focus()
    for kept_s in (5.9, 5.8, 5.7):
        page.keyboard.press("ArrowLeft")
        expect(end).to_have_attribute("aria-valuenow", f"{kept_s:.1f}")
        expect(total).to_contain_text(priced(kept_s))
    page.get_by_role("slider", name="Start of the kept part").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".trim-head .num")).to_have_text("1.0 s to 5.7 s, keeps 4.7 s")
    expect(total).to_contain_text(priced(4.7))


def test_dragging_the_trim_moves_the_price_before_the_button_is_let_go(page: Page) -> None:
    steps.open_mode(page, MOTION)
    steps.fill_well(page, MOTION, "image_url", CHARACTER)
    steps.fill_well(page, MOTION, "video_url", DANCE)
    page.locator(".trim-track").scroll_into_view_if_needed()
    track = page.locator(".trim-track").bounding_box()
    assert track
    middle = track["y"] + track["height"] / 2
    page.mouse.move(track["x"] + track["width"] - 2, middle)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.75, middle, steps=5)
    expect(page.locator("#motion-control--sum")).to_contain_text(priced(4.5))
    page.mouse.up()
    expect(page.locator("#motion-control--sum")).to_contain_text(priced(4.5))
    expect(page.locator(".trim-head .num")).to_contain_text("keeps 4.5 s")


def priced(kept_s: float) -> str:
    return format_usd(find_endpoint(MOTION).quote({}, kept_s).usd_micros)


def choose_voice(page: Page, voice: str) -> None:
    page.get_by_label("Voice 1", exact=True).select_option("+")
    page.get_by_label("Voice ID for voice 1").fill(voice)
    page.keyboard.press("Enter")
    line = steps.add_line(page, IMAGE, "Marlow", "we leave at dawn.")
    line.locator(".line-slot").select_option("1")
