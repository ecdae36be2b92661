"""The voice library: a voice from a clip to a slot of the draft, bought once, told from one that is only rehearsed."""

from __future__ import annotations

import io
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.materials import PIER, as_file
from tests.browser.steps import IMAGE
from tests.browser.studios import StudioProcess
from tests.unit.media.media_making import make_clip, speech

RATE = 16_000
PRICE = "$0.007"


def recording(seconds: float = 8.0, pitch_hz: float = 130.0) -> bytes:
    """Somebody speaking, as far as can be measured; another pitch is another recording."""
    spans = [(start, min(start + 1.7, seconds)) for start in np.arange(0.2, seconds - 0.3, 2.0)]
    samples = speech(seconds, spans, rate=RATE, pitch_hz=pitch_hz)
    return as_wav(samples)


def as_wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def open_voices(page: Page) -> Locator:
    steps.open_section(page, "Voices")
    maker = page.get_by_role("region", name="New voice")
    expect(maker).to_be_visible()
    return maker


def choose(page: Page, content: bytes | Path, name: str = "marlow.wav") -> Locator:
    maker = open_voices(page)
    maker.locator("#voice-file").set_input_files(as_file(name, content, "application/octet-stream"))  # type: ignore[arg-type]
    expect(maker.locator(".voice-checks li").first).to_be_visible(timeout=steps.READY_MS)
    return maker


def make(page: Page, maker: Locator, button: str, name: str) -> Locator:
    """Fill in name and consent, press, and give the voice's card."""
    maker.locator("#voice-name").fill(name)
    maker.locator("#voice-consent").check()
    maker.get_by_role("button", name=button).click()
    card = page.locator(f".voice-card[aria-label='{name}']")
    expect(card).to_be_visible(timeout=steps.RENDER_MS)
    return card


def test_voice_is_checked_heard_and_rehearsed_and_speaks_in_a_slot(fresh: StudioProcess, visit: Visit) -> None:
    page = visit(fresh).open()
    maker = choose(page, recording())
    expect(maker.locator(".voice-checks")).to_contain_text("8.0 s long (5 to 30)")
    expect(maker.get_by_role("button", name="Rehearse voice")).to_be_disabled()
    expect(maker).to_contain_text("Confirm that this person agreed")
    hear(page, maker, "Before")
    hear(page, maker, "After")
    card = make(page, maker, "Rehearse voice", "Marlow")
    expect(card).to_contain_text("For rehearsals only")
    card.get_by_role("button", name="Use as voice 1").click()
    expect(page.get_by_label("Voice 1", exact=True).locator("option:checked")).to_have_text("Marlow (rehearsal only)")
    expect(page.locator(f"#{IMAGE}--sum")).to_contain_text("5 s × $0.168")


def hear(page: Page, maker: Locator, which: str) -> None:
    maker.get_by_role("button", name=which, exact=True).click()
    page.wait_for_function("document.querySelector('.voice-maker audio').currentTime > 0.3", timeout=steps.READY_MS)
    maker.get_by_role("button", name=which, exact=True).click()
    page.wait_for_function("document.querySelector('.voice-maker audio').paused")


def test_same_clip_is_not_bought_twice(live: StudioProcess, visit: Visit) -> None:
    page = visit(live).open()
    clip = recording(pitch_hz=140)
    maker = choose(page, clip)
    expect(maker.get_by_role("button", name=f"Create voice · {PRICE}")).to_be_visible()
    make(page, maker, f"Create voice · {PRICE}", "Father Ade")
    bought = voices_bought(live)
    expect(maker).to_contain_text("You already made this voice: Father Ade.")
    page.reload()
    steps.wait_until_ready(page)
    maker = choose(page, clip, "the same under another name.wav")
    expect(maker).to_contain_text("You already made this voice: Father Ade.")
    maker.get_by_role("button", name="Use it, free").click()
    expect(page.get_by_label("Voice 1", exact=True).locator("option:checked")).to_have_text("Father Ade")
    assert voices_bought(live) == bought == 1


def voices_bought(live: StudioProcess) -> int:
    return sum("create-voice" in str(job) for job in live.paid_jobs())


def test_voice_of_a_rehearsal_is_refused_at_its_slot_before_any_cost(live: StudioProcess, visit: Visit) -> None:
    page = visit(live).open()
    maker = choose(page, recording(pitch_hz=170))
    card = make(page, maker, "Rehearse voice", "Ghost")
    card.get_by_role("button", name="Use as voice 1").click()
    steps.fill_well(page, IMAGE, "start_image_url", PIER)
    line = steps.add_line(page, IMAGE, "Ghost", "who is there?")
    line.get_by_label("Voice", exact=True).select_option("1")
    expect(page.locator(f"#{IMAGE}--sum")).to_contain_text("5 s × $0.168")
    before = len(live.paid_jobs())
    page.locator(f"#{IMAGE}--generate").click()
    refusal = page.locator(f"#{IMAGE}--script .finding.is-blocking")
    expect(refusal).to_contain_text("rehearsal")
    assert len(live.paid_jobs()) == before
    page.get_by_label("Voice 1", exact=True).select_option("")
    expect(refusal).not_to_contain_text("rehearsal")


def test_part_is_chosen_with_handles_arrows_or_numbers(page: Page) -> None:
    maker = choose(page, recording(14.0))
    end = maker.get_by_role("slider", name="End of the voice")
    box = maker.locator(".voice-track").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(end).to_have_attribute("aria-valuenow", "7.0")
    expect(maker.locator(".voice-checks")).to_contain_text("7.0 s long")
    end.press("Shift+ArrowLeft")
    end.press("Shift+ArrowLeft")
    end.press("Shift+ArrowLeft")
    expect(maker.locator(".voice-checks .is-bad")).to_be_visible()
    maker.locator("#voice-until").fill("9.5")
    maker.locator("#voice-until").press("Tab")
    expect(end).to_have_attribute("aria-valuenow", "9.5")
    expect(maker.locator(".voice-checks")).to_contain_text("9.5 s long")
    expect(maker.locator(".voice-checks .is-bad")).to_have_count(0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (as_wav(np.zeros(8 * RATE, np.float32)), "silent|quiet|nobody|speech"),
        (recording(3.0), "5"),
        (as_wav(np.clip(speech(8.0, [(0.2, 7.8)], rate=RATE) * 12, -1, 1)), "crack|clip|loud"),
    ],
    ids=["silence", "too short", "clipped"],
)
def test_recording_that_makes_no_good_voice_says_why(page: Page, content: bytes, words: str) -> None:
    maker = open_voices(page)
    maker.locator("#voice-file").set_input_files(as_file("bad.wav", content, "audio/wav"))  # type: ignore[arg-type]
    said = maker.locator(".voice-checks li:not(.is-ok), .wrong:not([hidden])").first
    expect(said).to_be_visible(timeout=steps.READY_MS)
    expect(said).to_contain_text(re.compile(words, re.IGNORECASE))


def test_voice_comes_out_of_a_clip_with_pictures(page: Page, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "interview.mp4", 7.0, sound=speech(7.0, [(0.3, 2.5), (3.0, 6.6)]))
    maker = choose(page, clip, "interview.mp4")
    expect(maker.locator("#voice-name")).to_have_value("interview")
    expect(maker.locator(".voice-checks")).to_contain_text("7.0 s long")
    assert maker.locator(".is-bad").count() == 0


def test_known_voice_is_added_named_noted_tagged_and_deleted(page: Page) -> None:
    open_voices(page)
    page.locator("#known-voice-id").fill("829824295735410756")
    page.locator("#known-voice-name").fill("Ines")
    page.locator("#known-voice-name").press("Enter")
    card = page.locator(".voice-card[data-voice='829824295735410756']")
    expect(card).to_contain_text("Never used")
    for label, words in (("Name", "Ines Maria"), ("Note for", "young, clear"), ("Tags for", "harbour, night")):
        card.get_by_label(label).fill(words)
        card.get_by_label(label).press("Enter")
        expect(card.get_by_label(label)).to_have_value(words)
    page.reload()
    steps.wait_until_ready(page)
    open_voices(page)
    expect(card.get_by_label("Name")).to_have_value("Ines Maria")
    expect(card.get_by_label("Note for")).to_have_value("young, clear")
    expect(card.get_by_label("Tags for")).to_have_value("harbour, night")
    card.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)


def test_library_leads_to_the_takes_a_voice_was_used_in(fresh: StudioProcess, visit: Visit) -> None:
    page = visit(fresh).open()
    card = make(page, choose(page, recording(pitch_hz=150)), "Rehearse voice", "Marlow")
    card.get_by_role("button", name="Use as voice 1").click()
    steps.fill_well(page, IMAGE, "start_image_url", PIER)
    line = steps.add_line(page, IMAGE, "Marlow", "we leave at dawn.")
    line.get_by_label("Voice", exact=True).select_option("1")
    expect(steps.reading(page, IMAGE)).to_contain_text("<<<voice_1>>>")
    take = steps.rehearse(page, IMAGE)
    assert steps.card(page, take)["lines"][0]["slot"] == 1
    open_voices(page)
    card.get_by_role("button", name="In 1 take").click()
    card.get_by_role("button", name="Rehearsal 1", exact=True).click()
    expect(steps.stage(page)).to_have_attribute("data-take", take)
    expect(steps.stage(page)).to_be_visible()


def test_words_in_a_card_outlive_news_from_the_studio(page: Page) -> None:
    """A take that changes somewhere else must not take the note from under somebody's hands."""
    open_voices(page)
    page.locator("#known-voice-id").fill("829877809978941442")
    page.locator("#known-voice-name").fill("Okafor")
    page.get_by_role("button", name="Add voice", exact=True).click()
    note = page.locator(".voice-card[data-voice='829877809978941442']").get_by_label("Note for")
    note.press_sequentially("half a ")
    page.evaluate("dispatchEvent(new Event('studio:voices'))")
    page.evaluate("studio.voices.load()")
    note.press_sequentially("sentence")
    expect(note).to_have_value("half a sentence")
