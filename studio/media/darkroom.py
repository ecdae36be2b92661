"""The door to the media room: each job by name, run in the workshop; holds no logic of its own."""

from __future__ import annotations

from pathlib import Path

from studio.catalog.param import Problem
from studio.media import checks, clip, clip_fit, filmstrip, picture, picture_fit, sound, speech
from studio.media.derive import derive
from studio.media.facts import ClipFacts, Derived, PictureFacts, Prepared, SoundFacts
from studio.media.workshop import Workshop


class Darkroom:
    """Every method that reads a file runs in a worker process and raises MediaError; the checks only compare facts."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    async def inspect_picture(self, path: Path) -> PictureFacts:
        return await self.workshop.run(picture.inspect_picture, path)

    async def prepare_picture(
        self,
        path: Path,
        out_dir: Path,
        crop: tuple[float, float, float, float] | None = None,
        fit: str = "pad",
    ) -> Prepared:
        return await self.workshop.run(picture_fit.prepare_picture, path, out_dir, crop, fit)

    async def thumbnail(self, path: Path, out_path: Path, max_side_px: int = 640) -> None:
        await self.workshop.run(picture_fit.thumbnail, path, out_path, max_side_px)

    def check_picture(self, facts: PictureFacts, field: str) -> list[Problem]:
        return checks.check_picture(facts, field)

    async def inspect_clip(self, path: Path) -> ClipFacts:
        return await self.workshop.run(clip.inspect_upload, path)

    async def verify_clip(self, path: Path) -> ClipFacts:
        return await self.workshop.run_reserved(clip.verify_clip, path)

    def check_clip(
        self, facts: ClipFacts, orientation: str, start_s: float | None = None, end_s: float | None = None
    ) -> list[Problem]:
        return checks.check_clip(facts, orientation, start_s, end_s)

    async def prepare_clip(
        self, path: Path, out_dir: Path, start_s: float | None = None, end_s: float | None = None
    ) -> Prepared:
        return await self.workshop.run(clip_fit.prepare_clip, path, out_dir, start_s, end_s)

    async def inspect_sound(self, path: Path) -> SoundFacts:
        return await self.workshop.run(sound.inspect_sound, path)

    def check_sound(self, facts: SoundFacts, start_s: float | None = None, end_s: float | None = None) -> list[Problem]:
        return checks.check_sound(facts, start_s, end_s)

    async def prepare_sound(
        self, path: Path, out_dir: Path, start_s: float | None = None, end_s: float | None = None, clean: bool = True
    ) -> Prepared:
        return await self.workshop.run(sound.prepare_sound, path, out_dir, start_s, end_s, clean)

    async def waveform(self, path: Path, out_path: Path) -> None:
        await self.workshop.run(sound.waveform, path, out_path)

    async def derive(self, clip_path: Path, out_dir: Path, stem: str = "") -> Derived:
        return await self.workshop.run_reserved(derive, clip_path, out_dir, stem)

    async def frame(self, clip_path: Path, at_s: float | None, out_path: Path) -> Path:
        return await self.workshop.run(filmstrip.frame, clip_path, at_s, out_path)

    async def poster(self, clip_path: Path, out_path: Path) -> None:
        await self.workshop.run(filmstrip.poster, clip_path, out_path)

    async def filmstrip(self, clip_path: Path, out_path: Path, tiles: int = filmstrip.TILES) -> tuple[float, ...]:
        return await self.workshop.run(filmstrip.filmstrip, clip_path, out_path, tiles)

    async def find_speech(self, clip_path: Path) -> tuple[tuple[float, float], ...]:
        return await self.workshop.run(speech.find_speech, clip_path)
