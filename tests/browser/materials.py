"""Pictures and files that people drop into a well: photos as phones make them, and what is no picture at all."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tests.browser.studios import ROOT

SAMPLES = ROOT / "assets" / "samples"
DANCE = SAMPLES / "dance.mp4"
CHARACTER = SAMPLES / "char.jpg"
PIER = SAMPLES / "pier.jpg"
TURNED_RIGHT = 6  # EXIF: the phone was held upright, its sensor lies on its side
_ORIENTATION, _MAKE, _GPS = 0x0112, 0x010F, 0x8825
BOMB_SIDE_PX = 20_000


def phone_photo(width_px: int = 3024, height_px: int = 4032) -> bytes:
    """A JPEG as a phone stores it: grainy, turned by EXIF, with the place where it was taken. Upright size is given."""
    grain = np.random.default_rng(26).integers(-18, 18, (width_px, height_px, 3), np.int16)
    light = np.linspace(40, 210, height_px)[None, :, None] * np.linspace(1.0, 0.4, width_px)[:, None, None]
    image = Image.fromarray((light + grain + np.array([18, 0, 30])).clip(0, 255).astype(np.uint8))
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKE] = TURNED_RIGHT, "Phone"
    exif.get_ifd(_GPS)[1] = "N"
    return as_bytes(image, "JPEG", quality=88, exif=exif)


def drawing(width_px: int, height_px: int, colour: str = "teal", kind: str = "PNG") -> bytes:
    return as_bytes(Image.new("RGB", (width_px, height_px), colour), kind)


def as_bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def clip(seconds: int, width_px: int = 640, height_px: int = 360) -> bytes:
    """An H.264 clip of one grey, without sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        grey = av.VideoFrame.from_ndarray(np.full((height_px, width_px, 3), 90, np.uint8), "rgb24")
        for index in range(seconds * 10):
            grey.pts = index
            container.mux(stream.encode(grey))
        container.mux(stream.encode())
    return file.getvalue()


def truncated_jpeg() -> bytes:
    whole = phone_photo(900, 1200)
    return whole[: len(whole) // 3]


def bomb() -> bytes:
    """A small PNG that says it is 400 megapixels, and is."""
    row = b"\0" + bytes(BOMB_SIDE_PX // 8)
    packed = zlib.compress(row * BOMB_SIDE_PX, 9)
    header = struct.pack(">IIBBBBB", BOMB_SIDE_PX, BOMB_SIDE_PX, 1, 0, 0, 0, 0)
    parts = (_chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def as_file(name: str, data: bytes | Path, kind: str = "image/jpeg") -> dict[str, object]:
    """A file for `set_input_files`, under any name."""
    return {"name": name, "mimeType": kind, "buffer": data.read_bytes() if isinstance(data, Path) else data}
