"""Makes a picture that Kling accepts, and thumbnails; writes new files only and leaves the given one alone."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFilter, ImageOps

from studio.catalog.limits import PictureLimits
from studio.media import files
from studio.media.checks import check_picture
from studio.media.errors import MediaError
from studio.media.facts import PictureFacts, Prepared
from studio.media.picture import decoded, facts_of, is_srgb, opened
from studio.media.scrub import scrub_jpeg, scrub_png
from studio.media.wording import pixels

Box = tuple[float, float, float, float]

# 12-megapixel phones stay whole; 48-megapixel ones halve inside the JPEG decoder: 281 ms and 155 MB (measured).
MAX_SIDE_PX = 4000
_LIMITS = PictureLimits()
_QUALITIES = (95, 90, 85, 80)
_CONTENT_TYPES = {".jpg": "image/jpeg", ".png": "image/png"}


def prepare_picture(path: Path, out_dir: Path, crop: Box | None = None, fit: str = "pad") -> Prepared:
    """A JPEG or PNG within Kling's limits: upright, sRGB, without metadata. Named by its content, in `out_dir`.

    `crop` is left, top, right, bottom as shares of the upright picture. `fit` says what happens to a shape that Kling
    refuses: “pad” adds blurred borders, “crop” cuts the long side. Pixels of a picture that fits already are not
    touched. Raises MediaError.
    """
    _check_wishes(crop, fit)
    with opened(path) as image:
        facts = facts_of(path, image)
        _refuse(facts)
        bare = _bare(path, image, facts) if crop is None else None
        if bare is not None:
            image.load()  # proves that it is whole
            data, suffix, changes = *bare, ["Location and other notes removed"]
        else:
            data, changes = _fitted(decoded(image, _side_for(facts, crop)), facts, crop, fit)
            suffix = ".jpg"
    return _written(data, suffix, out_dir, changes)


def _check_wishes(crop: Box | None, fit: str) -> None:
    if fit not in ("pad", "crop"):
        raise MediaError("bad_fit", f"A picture can be fitted by pad or crop. “{fit}” was given. Use one of these.")
    if crop is None:
        return
    left, top, right, bottom = crop
    if not all(math.isfinite(edge) for edge in crop) or not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise MediaError("bad_crop", "The crop must lie inside the picture: four shares from 0 to 1. Draw it again.")


def _refuse(facts: PictureFacts) -> None:
    for problem in check_picture(facts, ""):
        if problem.is_blocking:
            raise MediaError(problem.code, problem.message)


def _bare(path: Path, image: Image.Image, facts: PictureFacts) -> tuple[bytes, str] | None:
    """The file's own pixels without metadata, where nothing else needs doing."""
    profile = image.info.get("icc_profile")
    is_plain = image.mode in ("RGB", "L") and not facts.has_alpha and not facts.is_turned and not facts.is_animated
    if not is_plain or (profile and not is_srgb(profile)) or check_picture(facts, "") or max(image.size) > MAX_SIDE_PX:
        return None
    try:
        if image.format == "PNG":
            return scrub_png(path.read_bytes()), ".png"
        if image.format in ("JPEG", "MPO"):
            return scrub_jpeg(path.read_bytes()), ".jpg"
    except MediaError:  # its parts do not add up, but it may decode all the same: then it is saved anew
        return None
    return None


def _side_for(facts: PictureFacts, crop: Box | None) -> int:
    """The long side to decode at, so that what is left after the crop has `MAX_SIDE_PX` if the picture has them."""
    if crop is None:
        return MAX_SIDE_PX
    kept = max((crop[2] - crop[0]) * facts.width_px, (crop[3] - crop[1]) * facts.height_px)
    whole = max(facts.width_px, facts.height_px)
    return max(MAX_SIDE_PX, min(whole, round(whole * MAX_SIDE_PX / max(1.0, kept))))


def _fitted(image: Image.Image, facts: PictureFacts, crop: Box | None, fit: str) -> tuple[bytes, list[str]]:
    changes = ["Turned upright"] if facts.is_turned else []
    if facts.has_alpha:
        changes.append("Transparent parts made white")
    if facts.is_animated:
        changes.append("First picture of the animation kept")
    if crop is not None:
        image = _cropped(image, crop)
        changes.append(f"Cropped to {pixels(*image.size)}")
    shaped = _reshaped(image, fit)
    if shaped is not image:
        changes.append("Sides cut to fit" if fit == "crop" else "Blurred borders added")
    sized = _resized(shaped)
    if max(facts.width_px, facts.height_px) > max(image.size) and crop is None:
        changes.append(f"Reduced to {pixels(*sized.size)}")
    elif sized.width > shaped.width:
        changes.append(f"Enlarged to {pixels(*sized.size)}")
    data = _compressed(sized)
    return data, [*changes, "Saved as JPEG", "Location and other notes removed"]


def _cropped(image: Image.Image, crop: Box) -> Image.Image:
    left, top = int(crop[0] * image.width), int(crop[1] * image.height)
    right, bottom = math.ceil(crop[2] * image.width), math.ceil(crop[3] * image.height)
    kept = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    if min(kept.size) * 2 < _LIMITS.min_side_px:
        raise MediaError(
            "too_small",
            f"The crop keeps {pixels(*kept.size)}. Kling needs {_LIMITS.min_side_px} px on each side. Keep more.",
        )
    return kept


def _reshaped(image: Image.Image, fit: str) -> Image.Image:
    """The picture in a shape that Kling takes, or the same object when it is one."""
    aspect = image.width / image.height
    if _LIMITS.min_aspect <= aspect <= _LIMITS.max_aspect:
        return image
    is_wide = aspect > _LIMITS.max_aspect
    if fit == "crop":
        width = math.floor(image.height * _LIMITS.max_aspect) if is_wide else image.width
        height = image.height if is_wide else math.floor(image.width / _LIMITS.min_aspect)
        return ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
    width = image.width if is_wide else math.ceil(image.height * _LIMITS.min_aspect)
    height = math.ceil(image.width / _LIMITS.max_aspect) if is_wide else image.height
    return _padded(image, width, height)


def _padded(image: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """The picture in the middle of a blurred, filling copy of itself."""
    small = ImageOps.fit(image, (64, max(1, round(64 * height_px / width_px))), Image.Resampling.BILINEAR)
    board = small.filter(ImageFilter.GaussianBlur(6)).resize((width_px, height_px), Image.Resampling.BICUBIC)
    board.paste(image, ((width_px - image.width) // 2, (height_px - image.height) // 2))
    return board


def _resized(image: Image.Image) -> Image.Image:
    scale = max(1.0, _LIMITS.min_side_px / min(image.size))
    scale = min(scale, MAX_SIDE_PX / max(image.size)) if max(image.size) > MAX_SIDE_PX else scale
    if scale == 1.0:
        return image
    floor = _LIMITS.min_side_px
    width, height = max(floor, round(image.width * scale)), max(floor, round(image.height * scale))
    width = min(width, math.floor(height * _LIMITS.max_aspect))  # rounding must not bring it out of shape again
    height = min(height, math.floor(width / _LIMITS.min_aspect + 1e-9))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _compressed(image: Image.Image) -> bytes:
    """JPEG bytes within Kling's size, as good as they can be."""
    while True:
        for quality in _QUALITIES:
            buffer = BytesIO()
            image.save(buffer, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
            if buffer.tell() <= _LIMITS.max_bytes:
                return buffer.getvalue()
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.BICUBIC)


def _written(data: bytes, suffix: str, out_dir: Path, changes: list[str]) -> Prepared:
    with files.by_content(out_dir, suffix) as (part, named):
        part.write_bytes(data)
    with opened(named[0]) as image:
        return Prepared(named[0], _CONTENT_TYPES[suffix], facts_of(named[0], image), tuple(changes))


def thumbnail(path: Path, out_path: Path, max_side_px: int = 640) -> None:
    """Write a small upright sRGB JPEG. Raises MediaError."""
    with opened(path) as image:
        small = decoded(image, max_side_px)
    with files.whole(out_path) as part:
        small.save(part, "JPEG", quality=85)
