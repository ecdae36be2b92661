"""Looks at a studio's health and says it in words; mends nothing."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from studio.keys import KeyRing
from studio.media.darkroom import Darkroom
from studio.settings import Settings, describe_settings
from studio.takes.desk import Desk
from studio.takes.errors import StudioError


class Patient(Protocol):
    """What the doctor asks of a studio."""

    settings: Settings
    assets: Path

    @property
    def keys(self) -> KeyRing: ...
    @property
    def desk(self) -> Desk: ...
    @property
    def darkroom(self) -> Darkroom: ...


class Doctor:
    """Reads what the rooms of one studio say of themselves."""

    def __init__(self, studio: Patient, speech: Callable[[], str | None]) -> None:
        """`speech` names what speaks lines in rehearsals, or gives None."""
        self._studio = studio
        self._speech = speech

    def health(self) -> tuple[bool, str]:
        if not self._studio.desk.runner.is_running:
            return False, "No runner looks after the takes. Start the studio again."
        try:
            self._studio.desk.ledger.revision()
        except StudioError as error:
            return False, error.sentence
        return True, "Takes are looked after."

    def describe(self) -> list[tuple[str, str, str]]:
        """Every setting with its value; the key as it stands now."""
        rows = describe_settings(self._studio.settings)
        state = "set" if self._studio.keys.key() else "not set"
        return [(name, state if name == "FAL_KEY" else value, help) for name, value, help in rows]

    def checks(self) -> list[dict[str, Any]]:
        """What `doctor` looks at: each with `what`, `is_ok` and a sentence."""
        engine = self._speech()
        return [
            _check("Folder", self._try_folder),
            _check("Ledger", self._try_ledger),
            _check("Pictures and clips", self._try_workshop),
            _check("Key", self._try_key),
            {
                "what": "Speech in rehearsals",
                "is_ok": True,
                "sentence": f"Lines are spoken by {engine}."
                if engine
                else "Lines sound as tones. Install espeak-ng to hear them spoken.",
            },
        ]

    def notes(self) -> list[dict[str, str]]:
        """What a person should hear once: `id` and `sentence`."""
        aside = sorted(self._studio.settings.home.glob("ledger.damaged-*.sqlite3"))
        sentence = "The ledger was damaged. It was set aside as {} and built anew from what is on disk. Look at Takes."
        return [{"id": path.name, "sentence": sentence.format(path.name)} for path in aside[-1:]]

    def _try_folder(self) -> str:
        probe = self._studio.settings.home / f".probe-{secrets.token_hex(4)}"
        self._studio.settings.home.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
        free = shutil.disk_usage(self._studio.settings.home).free
        return f"{self._studio.settings.home} can be written, {free / 1e9:.1f} GB free."

    def _try_ledger(self) -> str:
        return f"Open, at revision {self._studio.desk.ledger.revision()}."

    def _try_workshop(self) -> str:
        samples = self._studio.assets / "samples"
        picture = asyncio.run(self._studio.darkroom.inspect_picture(samples / "king.jpg"))
        clip = asyncio.run(self._studio.darkroom.inspect_clip(samples / "dance.mp4"))
        return (
            f"A worker read a {picture.width_px} × {picture.height_px} picture and a clip of {clip.duration_s:.0f} s."
        )

    def _try_key(self) -> str:
        if not self._studio.keys.key():
            return "Not set: the studio rehearses, free."
        check = self._studio.desk.check_key()
        if check.is_ok is False:
            raise StudioError(check.code, "Unknown key", check.sentence)
        return check.sentence


def _check(what: str, attempt: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"what": what, "is_ok": True, "sentence": attempt()}
    except (StudioError, OSError, ValueError) as error:
        sentence = error.sentence if isinstance(error, StudioError) else str(error)
        return {"what": what, "is_ok": False, "sentence": sentence}
