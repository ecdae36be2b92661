"""Pictures out of a clip: the strip, the poster, the exact frame at a time; never touches sound."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from pathlib import Path

from av.video.frame import VideoFrame
from PIL import Image

from studio.media import files
from studio.media.errors import MediaError
from studio.media.reel import Reel, open_media, picture, unreadable, video_of
from studio.media.turn import Turn, turn_of

TILES = 12
TILE_SIDE_PX = 160  # the long side of a tile
POSTER_SIDE_PX = 1280


def filmstrip(clip_path: Path, out_path: Path, tiles: int = TILES) -> tuple[float, ...]:
    """Write `tiles` pictures side by side as one JPEG; returns the true time of each in seconds.

    Each tile lies in its own share of the clip, but not at its middle at any price: a picture that is cheap to
    decode is taken, and its own time returned. Half the decoding of the exact middles (measured).
    """
    with Reel(clip_path) as reel:
        wanted = choose(reel, tiles)
        return write_strip(reel, wanted, reel.pictures(set(wanted), is_small=True), out_path)


def write_strip(reel: Reel, wanted: list[int], shown: Iterable[VideoFrame], out_path: Path) -> tuple[float, ...]:
    """The strip of the `wanted` pictures out of those `shown`; one that is missing is stood in for by its neighbour."""
    places, turn = set(wanted), None
    images: dict[int, Image.Image] = {}
    for frame in shown:
        if frame.pts in places:
            turn = turn or turn_of(frame)
            images[frame.pts or 0] = _tile(frame, turn)
    if not images:
        raise unreadable(reel.path, "clip")
    found = [pts if pts in images else min(images, key=lambda near: abs(near - pts)) for pts in wanted]
    with files.whole(out_path) as part:
        _join([images[pts] for pts in found]).save(part, "JPEG", quality=80)
    return tuple(round(reel.time_s(pts), 6) for pts in found)


def choose(reel: Reel, tiles: int) -> list[int]:
    """One pts for each equal share of the clip: a key picture, else one that others need, else any."""
    keys = sorted(mark.pts for mark in reel.marks if mark.is_key and not mark.is_hidden)
    spare = {mark.pts for mark in reel.marks if mark.is_spare}
    last = max(reel.marks, key=lambda mark: mark.pts)
    start, length = reel.pts[0], last.pts + last.duration - reel.pts[0]
    return [
        _choose_one(reel.pts, keys, spare, start + length * i / tiles, start + length * (i + 1) / tiles)
        for i in range(tiles)
    ]


def _choose_one(pts: list[int], keys: list[int], spare: set[int], low: float, high: float) -> int:
    middle = (low + high) / 2
    inside = pts[bisect.bisect_left(pts, low) : bisect.bisect_left(pts, high)]
    if not inside:  # fewer pictures than tiles
        return pts[max(0, bisect.bisect_right(pts, middle) - 1)]
    cheap = keys[bisect.bisect_left(keys, low) : bisect.bisect_left(keys, high)]
    cheap = cheap or [one for one in inside if one not in spare] or inside
    following = bisect.bisect_right(keys, inside[-1])
    next_key = keys[following] if following < len(keys) else pts[-1] + 1
    if next_key < 2 * high - low and cheap[0] not in keys:  # nothing after it needs decoding: the earliest costs least
        return cheap[0]
    return min(cheap, key=lambda one: abs(one - middle))


def _tile(frame: VideoFrame, turn: Turn) -> Image.Image:
    scale = TILE_SIDE_PX / max(frame.width, frame.height)
    return picture(frame, max(2, round(frame.width * scale)), max(2, round(frame.height * scale)), turn)


def _join(tiles: list[Image.Image]) -> Image.Image:
    width, height = tiles[0].size
    strip = Image.new("RGB", (width * len(tiles), height))
    for place, tile in enumerate(tiles):
        strip.paste(tile, (place * width, 0))
    return strip


def poster(clip_path: Path, out_path: Path, max_side_px: int = POSTER_SIDE_PX) -> None:
    """Write the first picture as a JPEG."""
    write_poster(first_picture(clip_path), out_path, max_side_px)


def write_poster(frame: VideoFrame, out_path: Path, max_side_px: int = POSTER_SIDE_PX) -> None:
    """The same for a picture that is at hand."""
    scale = min(1.0, max_side_px / max(frame.width, frame.height))
    with files.whole(out_path) as part:
        image = picture(frame, round(frame.width * scale), round(frame.height * scale))
        image.save(part, "JPEG", quality=85)


def first_picture(clip_path: Path) -> VideoFrame:
    """The first picture that decodes. Raises MediaError where none does."""
    with open_media(clip_path) as container:
        stream = video_of(container, clip_path)
        try:
            for frame in container.decode(stream):
                return frame
        except (ValueError, OSError) as error:
            raise unreadable(clip_path, "clip", error) from None
    raise unreadable(clip_path, "clip")


def frame(clip_path: Path, at_s: float | None, out_path: Path) -> Path:
    """Write the full-size picture shown at `at_s` (None or past the end: the last one). PNG keeps every value."""
    with Reel(clip_path) as reel:
        pts = reel.pts[-1] if at_s is None else reel.at(max(0.0, at_s))
        shown = next(iter(reel.pictures({pts})), None)
        if shown is None:
            raise MediaError("damaged", "The picture at this time is damaged. Choose another moment of the clip.")
        _save(picture(shown), out_path)
    return out_path


def _save(image: Image.Image, out_path: Path) -> None:
    with files.whole(out_path) as part:
        if out_path.suffix.lower() == ".png":
            image.save(part, "PNG", compress_level=1)
        else:
            image.save(part, "JPEG", quality=95, subsampling=0)
