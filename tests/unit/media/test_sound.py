"""Recordings, and where somebody speaks in them."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest
from media_making import DANCE, RATE, make_clip, speech, tone
from numpy.typing import NDArray

from studio.media.checks import check_sound
from studio.media.errors import MediaError
from studio.media.facts import SoundFacts
from studio.media.hearing import hear
from studio.media.sound import inspect_sound, prepare_sound
from studio.media.speech import find_speech, speech_in

SPANS = [(0.62, 1.94), (2.71, 3.48), (4.1, 4.83)]


def write_wav(path: Path, samples: NDArray[np.float32], rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def is_near(found: tuple[tuple[float, float], ...], wanted: list[tuple[float, float]], within_s: float = 0.2) -> bool:
    return len(found) == len(wanted) and all(
        abs(a - c) <= within_s and abs(b - d) <= within_s for (a, b), (c, d) in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.003, 0.01, 0.02])
def test_speech_of_known_timing_is_found(tmp_path: Path, noise: float) -> None:
    clip = make_clip(tmp_path / "a.mp4", 5.0, sound=speech(5.0, SPANS, noise=noise))
    assert is_near(find_speech(clip), SPANS, 0.1)


@pytest.mark.parametrize("level_db", [-30, -20, 0])
def test_quiet_takes_are_heard_as_well(level_db: int) -> None:
    sound = speech(5.0, SPANS, noise=0.002, rate=16_000) * np.float32(10 ** (level_db / 20))
    assert is_near(speech_in(sound), SPANS, 0.1)


def test_speech_is_found_over_rumble_and_hum() -> None:
    at = np.arange(5 * 16_000) / 16_000
    rumble = (0.2 * np.sin(2 * np.pi * 45 * at) + 0.1 * np.sin(2 * np.pi * 60 * at)).astype(np.float32)
    assert is_near(speech_in(speech(5.0, SPANS, rate=16_000) + rumble), SPANS)


def test_speech_is_found_while_the_noise_rises() -> None:
    dice = np.random.default_rng(3)
    noise = (dice.standard_normal(10 * 16_000) * np.linspace(0.001, 0.02, 10 * 16_000)).astype(np.float32)
    spans = [(1.0, 2.5), (4.0, 5.2), (7.5, 9.0)]
    assert is_near(speech_in(speech(10.0, spans, rate=16_000) + noise), spans)


def test_a_tone_that_stands_for_a_line_is_found() -> None:
    sound = np.zeros(5 * 16_000, np.float32)
    sound[16_000 : 3 * 16_000] = tone(2.0, 220, rate=16_000)
    assert is_near(speech_in(sound), [(1.0, 3.0)], 0.05)


def test_speech_from_end_to_end_is_one_span() -> None:
    assert is_near(speech_in(speech(5.0, [(0.0, 5.0)], rate=16_000)), [(0.0, 5.0)])


def test_silence_and_steady_noise_are_not_speech() -> None:
    dice = np.random.default_rng(5)
    assert speech_in(np.zeros(80_000, np.float32)) == ()
    assert speech_in((0.05 * dice.standard_normal(80_000)).astype(np.float32)) == ()
    assert speech_in(np.zeros(10, np.float32)) == ()


def test_facts_of_a_recording(tmp_path: Path) -> None:
    sound = np.concatenate([tone(3.0, level=0.5), np.zeros(RATE, np.float32)])
    facts = inspect_sound(write_wav(tmp_path / "a.wav", sound))
    assert (facts.codec, facts.container, facts.sample_rate, facts.channels) == ("pcm_s16le", "wav", RATE, 1)
    assert facts.duration_s == pytest.approx(4.0, abs=0.01)
    assert facts.peak_dbfs == pytest.approx(-6.0, abs=0.3)
    assert facts.rms_dbfs == pytest.approx(-10.3, abs=0.3)
    assert facts.silence_share == pytest.approx(0.25, abs=0.02)
    assert facts.clipped_share == 0


def test_a_clipped_recording_is_seen(tmp_path: Path) -> None:
    facts = inspect_sound(write_wav(tmp_path / "a.wav", np.clip(tone(5.0, level=3.0), -1, 1), RATE))
    assert facts.clipped_share > 0.2
    assert [problem.code for problem in check_sound(facts)] == ["clipped"]


def test_the_sound_of_a_clip_is_a_recording_too() -> None:
    assert inspect_sound(DANCE).container == "mp4"


@pytest.mark.parametrize(
    ("length_s", "span", "codes"),
    [
        (12.0, (None, None), []),
        (4.0, (None, None), ["too_short"]),
        (31.0, (None, None), ["too_long"]),
        (60.0, (10.0, 40.0), []),
        (60.0, (10.0, 14.0), ["too_short"]),
        (12.0, (8.0, 20.0), ["bad_trim"]),
    ],
)
def test_lengths_are_checked_in_words(
    length_s: float, span: tuple[float | None, float | None], codes: list[str]
) -> None:
    facts = SoundFacts(length_s, RATE, 1, -3, -20, 0.1, 0, "mp3", "mp3", 1, "")
    assert [problem.code for problem in check_sound(facts, *span) if problem.is_blocking] == codes


def test_a_recording_is_trimmed_and_cleaned(tmp_path: Path) -> None:
    quiet = speech(12.0, [(2.0, 9.0)], noise=0.0002) * np.float32(0.1)
    path = write_wav(tmp_path / "a.wav", quiet)
    plain = prepare_sound(path, tmp_path / "out", 1.0, 11.0, clean=False)
    assert isinstance(plain.facts, SoundFacts)
    assert plain.facts.duration_s == pytest.approx(10.0, abs=0.01)
    clean = prepare_sound(path, tmp_path / "out", 1.0, 11.0, clean=True)
    assert isinstance(clean.facts, SoundFacts)
    assert clean.content_type == "audio/wav"
    assert clean.facts.duration_s == pytest.approx(7.3, abs=0.1)
    assert clean.facts.rms_dbfs > plain.facts.rms_dbfs + 10
    assert clean.facts.peak_dbfs <= -0.5
    assert any("Level raised" in change for change in clean.changes)


def test_cleaning_never_makes_a_recording_too_short(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", speech(8.0, [(3.0, 5.0)], noise=0.0))
    clean = prepare_sound(path, tmp_path / "out", clean=True)
    assert isinstance(clean.facts, SoundFacts)
    assert clean.facts.duration_s >= 5.0


@pytest.mark.parametrize(("body", "words"), [(b"", "0 bytes"), (b"hello", "a text file"), (bytes(999), "damaged")])
def test_what_is_no_recording_is_told(tmp_path: Path, body: bytes, words: str) -> None:
    path = tmp_path / "voice.mp3"
    path.write_bytes(body)
    with pytest.raises(MediaError, match=words):
        inspect_sound(path)


def test_a_clip_without_sound_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no sound"):
        inspect_sound(make_clip(tmp_path / "a.mp4", 0.3))


def click_times(samples: NDArray[np.float32], rate: int = RATE) -> list[float]:
    loud = np.flatnonzero(np.abs(samples) > 0.15)
    return [
        round(float(at) / rate, 2) for at, before in zip(loud, [-rate, *loud], strict=False) if at - before > rate / 5
    ]


@pytest.mark.parametrize("every", [5, 10, 25])
@pytest.mark.parametrize("name", ["b.mp4", "b.mkv"])
def test_many_short_gaps_do_not_bring_sound_forward(tmp_path: Path, every: int, name: str) -> None:
    sound = np.zeros(8 * RATE, np.float32)
    for second in range(1, 8):
        sound[second * RATE : second * RATE + 4800] = tone(0.1, 2000, 0.8)
    whole = make_clip(tmp_path / "a.mp4", 8.0, sound=sound)
    with av.open(str(whole)) as source, av.open(str(tmp_path / name), "w") as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
        packets = [packet for packet in source.demux() if packet.dts is not None]
        heard = [packet for packet in packets if packet.stream.type == "audio"]
        gone = {id(packet) for packet in heard[every // 2 :: every]}
        for packet in packets:
            if id(packet) not in gone:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    assert np.allclose(click_times(hear(tmp_path / name, RATE)[0]), range(1, 8), atol=0.06)


def test_a_recording_that_changes_its_layout_and_rate_midway_is_heard_to_its_end(tmp_path: Path) -> None:
    parts = []
    for place, (layout, rate) in enumerate((("stereo", 44_100), ("mono", 22_050), ("stereo", 48_000))):
        with av.open(str(tmp_path / f"{place}.mp3"), "w") as out:
            track = out.add_stream("libmp3lame", rate=rate, layout=layout)
            sound = np.tile(tone(2.0, rate=rate), (2 if layout == "stereo" else 1, 1))
            frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout=layout)
            frame.sample_rate = rate
            out.mux(track.encode(frame))
            out.mux(track.encode(None))
        parts.append((tmp_path / f"{place}.mp3").read_bytes())
    (tmp_path / "all.mp3").write_bytes(b"".join(parts))
    facts = inspect_sound(tmp_path / "all.mp3")
    assert facts.duration_s == pytest.approx(6.0, abs=0.3)
    assert facts.silence_share < 0.1
    assert prepare_sound(tmp_path / "all.mp3", tmp_path / "out", 0.0, 5.9, clean=False).facts.size_bytes > 0


def test_more_channels_than_anybody_knows_are_told_in_words(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setnchannels(9)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(bytes(9 * 2 * RATE))
    with pytest.raises(MediaError, match=r"of 9 channels that the studio cannot turn .* Save it again as"):
        inspect_sound(tmp_path / "a.wav")
