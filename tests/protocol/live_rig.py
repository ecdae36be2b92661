"""What tests of the live studio share: its command line in processes of its own, and what must hold of every run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from tests.protocol.fal_over_tls import API_HOSTS, MEDIA, FalOverTls, make_clip

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "assets" / "samples"
KEY_ID, KEY_SECRET = "0f3c-double", "secret-of-the-double"
KEY = f"{KEY_ID}:{KEY_SECRET}"
LIMIT_S = 90
PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP")

TEXT_TO_VIDEO = ("text-to-video", "--prompt", "A lamp turns in the fog.", "--no-generate-audio")
IMAGE_TO_VIDEO = ("image-to-video", "--prompt", "A lamp turns in the fog.", "--start-image-url", "photo.jpg")


@dataclass(frozen=True)
class Ran:
    """A command that ended: its exit code and the one JSON value that it printed."""

    code: int
    data: Any
    errors: str


@dataclass
class Studio:
    """The command line in processes of its own, in a folder of its own."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return Path(self.environment["STUDIO_HOME"])

    def run(self, *arguments: str) -> Ran:
        done = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LIMIT_S,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert KEY_SECRET not in done.stdout + done.stderr
        try:
            return Ran(done.returncode, json.loads(done.stdout), done.stderr)
        except ValueError:
            pytest.fail(f"not one JSON value: {done.stdout!r}\n{done.stderr}")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that is not waited for. Its process group is its own, so that nothing of it outlives a test."""
        process = subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "studio", *arguments, "--json"]


def take_photo(path: Path) -> None:
    """A picture as a phone keeps it: lying on its side, with the way to turn it, and where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    with Image.open(SAMPLES / "pier.jpg") as picture:
        picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=90, exif=exif)


def assert_key_is_safe(fal: FalOverTls, studio: Studio) -> None:
    """The key went to fal's API hosts and nowhere else, and lies in no file of the studio."""
    assert fal.broken == []
    assert fal.strangers == []
    assert {one.host for one in fal.seen if one.holds(KEY_SECRET)} <= API_HOSTS
    assert KEY_SECRET not in " ".join(fal.heard_by_proxy)
    assert {one.headers.get("authorization") for one in fal.seen if one.host in API_HOSTS} == {f"Key {KEY}"}
    assert {one.headers.get("authorization") for one in fal.seen if one.host == MEDIA} <= {None}
    kept = [path for path in studio.home.rglob("*") if path.is_file()]
    assert kept
    assert [path for path in kept if KEY_SECRET.encode() in path.read_bytes()] == []


def assert_kept(ran: Ran, length_s: float) -> None:
    assert (ran.code, ran.data["state"], ran.data["error"]) == (0, "kept", None), ran
    path = Path(ran.data["file"])
    assert path.read_bytes() == make_clip(length_s)
    with av.open(str(path)) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 24 * length_s
