"""The darkroom runs every job in a worker and brings its facts home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from media_making import DANCE, KING, bomb_png

from studio.media.darkroom import Darkroom
from studio.media.errors import MediaError
from studio.media.workshop import Workshop


@pytest.fixture(scope="module")
def darkroom() -> Iterator[Darkroom]:
    with Workshop(max_workers=1) as workshop:
        yield Darkroom(workshop)


async def test_every_job_works_from_a_worker(darkroom: Darkroom, tmp_path: Path) -> None:
    facts = await darkroom.inspect_picture(KING)
    assert darkroom.check_picture(facts, "image_url") == []
    assert (await darkroom.prepare_picture(KING, tmp_path, (0.0, 0.0, 0.5, 1.0))).path.is_file()
    await darkroom.thumbnail(KING, tmp_path / "thumb.jpg")
    clip = await darkroom.verify_clip(DANCE)
    assert clip == await darkroom.inspect_clip(DANCE)
    assert darkroom.check_clip(clip, "image") == []
    assert (await darkroom.prepare_clip(DANCE, tmp_path, 1.0, 4.5)).facts.sha256
    assert (await darkroom.derive(DANCE, tmp_path / "take")).silent.is_file()
    assert await darkroom.frame(DANCE, None, tmp_path / "last.png") == tmp_path / "last.png"
    assert len(await darkroom.filmstrip(DANCE, tmp_path / "strip.jpg", 6)) == 6
    await darkroom.poster(DANCE, tmp_path / "poster.jpg")
    assert darkroom.check_sound(await darkroom.inspect_sound(DANCE)) == []
    assert (await darkroom.prepare_sound(DANCE, tmp_path)).path.is_file()
    await darkroom.waveform(DANCE, tmp_path / "wave.json")
    assert isinstance(await darkroom.find_speech(DANCE), tuple)
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


async def test_a_refusal_crosses_the_border_whole(darkroom: Darkroom, tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb_png())
    with pytest.raises(MediaError, match="120 megapixels") as caught:
        await darkroom.inspect_picture(tmp_path / "bomb.png")
    assert caught.value.code == "too_many_pixels"
