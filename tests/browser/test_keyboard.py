"""Without a mouse: a voice from a clip, a scene for two voices, findings mended, a rehearsal, and its lines in time."""

from __future__ import annotations

import io
import math
import wave
from array import array

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.materials import PIER, as_file
from tests.browser.steps import IMAGE
from tests.browser.studios import StudioProcess

SPEAKER_S, RATE = 8, 16_000
FRAME_S, FRAME_MS = 1 / 24, 17


def recording() -> bytes:
    """Eight seconds that an energy measure takes for speech: syllables of a buzzing tone with pauses between."""
    samples = array("h")
    for index in range(SPEAKER_S * RATE):
        at_s = index / RATE
        is_pause = at_s % 2.0 > 1.6
        swell = 0.0 if is_pause else 0.5 + 0.5 * math.sin(2 * math.pi * 4 * at_s)
        buzz = sum(math.sin(2 * math.pi * 140 * harmonic * at_s) / harmonic for harmonic in (1, 2, 3, 4, 5))
        samples.append(int(9_000 * swell * buzz / 2))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def test_whole_way_from_voice_to_rehearsal_without_a_mouse(fresh: StudioProcess, visit: Visit) -> None:
    page = visit(fresh).open()
    page.on("filechooser", lambda _: None)  # from now on the browser hands choosers over, before any key is pressed
    voice = make_voice(page)
    write_two_lines(page, voice)
    mend(page, "shouting")
    mend(page, "pronoun_speaker")
    page.keyboard.press("Control+Enter")
    expect(steps.stage(page)).to_have_attribute("data-state", "clip", timeout=steps.RENDER_MS)
    take = steps.stage(page).get_attribute("data-take")
    assert take
    check_lines(page, take)


def make_voice(page: Page) -> str:
    """Rehearse a voice in the library and give its id."""
    steps.tab_to(page, "#section-voices-button")
    page.keyboard.press("Enter")
    steps.tab_to(page, "#voice-file")
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Enter")
    choosing.value.set_files(as_file("marlow.wav", recording(), "audio/wav"))  # type: ignore[arg-type]
    expect(page.locator("#voice-name")).to_have_value("marlow")
    steps.tab_to(page, "#voice-consent")
    page.keyboard.press("Space")
    steps.tab_to(page, ".btn.free")
    page.keyboard.press("Enter")
    made = page.locator(".voice-card")
    expect(made).to_have_count(1, timeout=steps.READY_MS)
    return str(made.get_attribute("data-voice"))


def write_two_lines(page: Page, voice: str) -> None:
    page.keyboard.press("Alt+1")
    expect(page.locator("#image-to-video--scene")).to_be_visible()
    steps.tab_to(page, "#image-to-video--wells .well-pick")
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Enter")
    choosing.value.set_files(PIER)
    expect(steps.well_of(page, IMAGE, "start_image_url")).to_have_class("well is-filled")
    steps.tab_to(page, "#image-to-video--scene")
    page.keyboard.type("Dusk on a wooden pier. Gulls far off, no music.")
    steps.tab_to(page, ".voice-pick")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Voice 1", exact=True)).to_have_value(voice)
    steps.tab_to(page, ".line-add")
    page.keyboard.press("Enter")
    page.keyboard.type("Marlow")
    steps.tab_to(page, ".line-slot")
    page.keyboard.press("ArrowDown")
    steps.tab_to(page, ".line-text")
    page.keyboard.type("WE LEAVE AT DAWN TOMORROW.")
    page.keyboard.press("Enter")
    expect(page.locator(".line")).to_have_count(2)
    page.keyboard.type("she")
    steps.tab_to(page, ".line-text")
    page.keyboard.type("then who brings you home?")
    expect(steps.reading(page, IMAGE)).to_contain_text("then who brings you home?")


def mend(page: Page, code: str) -> None:
    finding = page.locator(f"#image-to-video--script .finding[data-code={code}]")
    expect(finding).to_be_visible()
    steps.tab_to(page, f".finding[data-code={code}] button")
    page.keyboard.press("Enter")
    expect(finding).to_have_count(0)


def check_lines(page: Page, take: str) -> None:
    lines = steps.card(page, take)["lines"]
    assert [line["text"] for line in lines] == ["we leave at dawn tomorrow.", "then who brings you home?"]
    assert lines[0]["slot"] == 1
    steps.tab_to(page, ".stage-slider", key="Shift+Tab")
    page.keyboard.press("Home")
    for line in lines:
        while steps.now_s(page) < line["start_s"] + 0.1:
            before = steps.now_s(page)
            page.keyboard.press("ArrowRight")
            page.wait_for_function("(at) => document.querySelector('.stage-video').currentTime > at", arg=before)
        expect(page.locator(".stage-caption")).to_contain_text(line["text"])


def test_enter_writes_on_and_empty_lines_go_away(page: Page) -> None:
    desk = page.locator("#image-to-video--script")
    desk.locator(".line-add").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Ines")
    steps.tab_to(page, ".line-text")
    page.keyboard.type("one.")
    page.keyboard.press("Enter")
    page.keyboard.type("Marlow")
    steps.tab_to(page, ".line-text")
    page.keyboard.type("two.")
    page.keyboard.press("Enter")
    expect(desk.locator(".line")).to_have_count(3)
    expect(desk.locator(".line-speaker").nth(2)).to_have_value("Ines")
    desk.locator(".line-add").focus()
    expect(desk.locator(".line")).to_have_count(2)


def test_lines_change_places_with_alt_and_arrows(page: Page) -> None:
    steps.add_line(page, IMAGE, "Ines", "first written.")
    steps.add_line(page, IMAGE, "Marlow", "second written.")
    page.locator(".line-text").nth(1).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".line-text").first).to_have_value("second written.")
    expect(page.locator(".line-text").first).to_be_focused()
    expect(steps.reading(page, IMAGE)).to_contain_text('second written." ')


def test_pasted_dialogue_becomes_lines(page: Page) -> None:
    page.locator("#image-to-video--script").get_by_role("button", name="Paste a scene").focus()
    page.keyboard.press("Enter")
    page.keyboard.insert_text("KEEPER\n(low)\nThe light goes out tonight.\n\nMara: then who brings you home?")
    steps.tab_to(page, ".sheet .btn.strong")
    page.keyboard.press("Enter")
    expect(page.locator("#image-to-video--script .line-text")).to_have_count(2)
    expect(page.locator("#image-to-video--script .line-speaker").nth(1)).to_have_value("Mara")


def test_typing_never_waits_for_the_grammar(page: Page) -> None:
    """At a quarter of the processor's speed, a letter of a long scene costs little more than one of a bare field."""
    words = "the light goes out tonight and nobody comes to mend it. " * 30
    page.locator("#image-to-video--scene").fill(words)
    expect(steps.reading(page, IMAGE)).to_contain_text(words[-40:].strip())
    page.evaluate(
        """(words) => { const bare = Object.assign(document.createElement('textarea'), {id: 'bare', value: words});
        document.body.append(bare); window.waits = {};
        addEventListener('keydown', (event) => { const at = performance.now(); const own = event.target.id;
          const done = () => (window.waits[own] ??= []).push(performance.now() - at);
          requestAnimationFrame(() => setTimeout(done)) }, true) }""",
        words,
    )
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    for field in ("bare", "image-to-video--scene") * 2:
        page.locator(f"#{field}").focus()
        page.keyboard.type("and then the tide.", delay=30)
    counted = "Math.min(...Object.values(window.waits).map((waits) => waits.length)) >= 36"
    page.wait_for_function(counted)
    bare, scene = (middle(page, field) for field in ("bare", "image-to-video--scene"))
    assert scene < 2 * bare + FRAME_MS, (bare, scene)


def middle(page: Page, field: str) -> float:
    """The median wait of a key in a field, in ms."""
    waits = sorted(page.evaluate("(field) => window.waits[field]", field))
    return float(waits[len(waits) // 2])
