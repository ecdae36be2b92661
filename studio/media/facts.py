"""What is known of a file, as plain frozen data that may cross a process border; never opens anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PictureFacts:
    """A picture as it is seen: sides are after turning it upright. `format` is a name of `catalog.limits`."""

    width_px: int
    height_px: int
    format: str
    size_bytes: int
    is_turned: bool
    has_alpha: bool
    sha256: str
    is_animated: bool = False

    @property
    def aspect(self) -> float:
        return self.width_px / self.height_px


@dataclass(frozen=True)
class ClipFacts:
    """A clip as it is seen: sides are after rotation and pixel shape.

    `rotation_deg` is the clockwise turn that the file asks for.
    """

    duration_s: float
    width_px: int
    height_px: int
    fps: float
    has_sound: bool
    codec: str
    container: str
    size_bytes: int
    rotation_deg: int
    sha256: str
    is_mirrored: bool = False
    is_variable_rate: bool = False
    sound_codec: str = ""
    pixel_format: str = ""
    has_square_pixels: bool = True
    is_hdr: bool = False


@dataclass(frozen=True)
class SoundFacts:
    """A recording. Levels in dB of full scale; shares from 0 to 1. `speech_share` is the part with a voice in it."""

    duration_s: float
    sample_rate: int
    channels: int
    peak_dbfs: float
    rms_dbfs: float
    silence_share: float
    clipped_share: float
    codec: str
    container: str
    size_bytes: int
    sha256: str
    speech_share: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """A file ready to be uploaded. `facts` describe the new file; `changes` say in words what was done to it."""

    path: Path
    content_type: str
    facts: PictureFacts | ClipFacts | SoundFacts
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Derived:
    """All that is made from a finished clip. Times in seconds from its start."""

    facts: ClipFacts
    poster: Path
    strip: Path
    strip_times_s: tuple[float, ...]
    waveform: Path
    silent: Path
    speech: tuple[tuple[float, float], ...]
