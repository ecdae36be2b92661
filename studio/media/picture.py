"""Reads pictures from outside: opened by an explicit list, refused by header, turned upright; never writes a file."""

from __future__ import annotations

import functools
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, UnidentifiedImageError

from studio.catalog.limits import MAX_PICTURE_PIXELS, PictureLimits
from studio.media import files, wording
from studio.media.errors import MediaError
from studio.media.facts import PictureFacts

FORMATS = PictureLimits().formats  # a phone's MPO is found by the JPEG reader
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPPED = (5, 6, 7, 8)
# Red, green and blue of sRGB as its profiles hold them, adapted to D50.
_SRGB_COLORANTS = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
_NEAR = 0.002
_LEAST_GAMMA = 2.0  # a linear one is named sRGB too
_MOST_TAGS = 100
_LONGEST_SIDE_PX, _LONGEST_AVIF_SIDE_PX = 65_500, 32_768  # of libjpeg and of libavif
_LARGE_PIXELS = 50_000_000
_STRIP_PX = 512
_NAMES = "JPEG, PNG, WebP, GIF, AVIF or HEIC"


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The picture with its header read and nothing decoded. Whatever goes wrong inside is a MediaError."""
    files.size_of(path, "picture")
    _teach_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own bomb warning and notes on odd EXIF; we check the size below
            with Image.open(path, formats=FORMATS) as image:
                _check_pixels(image.width * image.height)
                _check_sides(image.size, _LONGEST_SIDE_PX)
                yield image
    except Image.DecompressionBombError:
        raise _too_many_pixels("more pixels than can be read") from None
    except UnidentifiedImageError:
        raise _not_a_picture(path) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno:  # the disk, not the picture
            raise
        raise MediaError(
            "damaged",
            "This picture is cut short or damaged. Save it again in another program, or choose another.",
            detail=repr(error),
        ) from None


@functools.cache
def _teach_heif() -> None:
    pillow_heif.register_heif_opener(thumbnails=False, decode_threads=2)


def _check_pixels(count: int) -> None:
    if count > MAX_PICTURE_PIXELS:
        raise _too_many_pixels(wording.megapixels(count, MAX_PICTURE_PIXELS))


def _too_many_pixels(given: str) -> MediaError:
    limit = wording.megapixels(MAX_PICTURE_PIXELS)
    return MediaError(
        "too_many_pixels", f"This picture has {given}. The studio reads {limit} at most. Save it smaller."
    )


def _check_sides(size_px: tuple[int, int], limit_px: int) -> None:
    """Readers call what is beyond their own bounds damaged."""
    if max(size_px) > limit_px:
        raise MediaError(
            "too_many_pixels",
            f"This picture is {wording.pixels(*size_px)}. The studio reads sides of {limit_px:,} px at most. "
            "Save it smaller.",
        )


def _avif_sides(path: Path) -> tuple[int, int]:
    """Width and height as an AVIF's first “ispe” box says (ISO 23008-12, 6.5.3); 0 where there is none."""
    with path.open("rb") as file:
        head = file.read(65_536)
    at = head.find(b"ispe")
    if head[4:12] != b"ftypavif" or not 0 <= at <= len(head) - 16:
        return 0, 0
    width_px, height_px = struct.unpack_from(">II", head, at + 8)
    return width_px, height_px


def _not_a_picture(path: Path) -> MediaError:
    kind = files.sniff(path)
    _check_sides(_avif_sides(path), _LONGEST_AVIF_SIDE_PX)
    if kind == "a picture":
        return MediaError(
            "damaged", "This picture is damaged: its first part makes no sense. Save it again in another program."
        )
    what = f"This file is {kind}, not a picture the studio can read." if kind else "This file is not a picture."
    return MediaError("not_a_picture", f"{what} Choose a {_NAMES} file.")


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or the EXIF is broken."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is hostile too, and a picture without its turn is still a picture
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    transpose = _TURNS.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def inspect_picture(path: Path) -> PictureFacts:
    """Facts of a picture that decodes to its end. Raises MediaError."""
    with opened(path) as image:
        facts = facts_of(path, image)
        image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))  # a JPEG shrinks while it is read
        image.load()
    return facts


def facts_of(path: Path, image: Image.Image) -> PictureFacts:
    """Facts from an open picture's header."""
    orientation = orientation_of(image)
    width_px, height_px = image.size[::-1] if orientation in _SWAPPED else image.size
    return PictureFacts(
        width_px=width_px,
        height_px=height_px,
        format="JPEG" if image.format == "MPO" else image.format or "",
        size_bytes=path.stat().st_size,
        is_turned=orientation != 1 or image.info.get("original_orientation", 1) not in (1, None),
        has_alpha=has_alpha(image),
        sha256=files.sha256_of(path),
        is_animated=image.format != "MPO" and getattr(image, "n_frames", 1) > 1 and image.format != "HEIF",
    )


def decoded(image: Image.Image, max_side_px: int) -> Image.Image:
    """The first picture as upright sRGB without alpha, its long side at most `max_side_px`.

    Shrinks as early as it can: a JPEG while it is decoded (the target must have the picture's own shape, or the
    decoder does not halve), anything else before it is turned and before colours are converted.
    """
    orientation, profile = orientation_of(image), image.info.get("icc_profile")
    scale = min(1.0, max_side_px / max(image.size))
    if scale < 1:
        image.draft("RGB", (int(image.width * scale), int(image.height * scale)))
    upright = turned(_to_srgb(_shrunk(_direct(image), max_side_px), profile), orientation)
    upright.info.clear()  # Pillow would write a comment back into the new file
    return upright


def _direct(image: Image.Image) -> Image.Image:
    """No palettes, no 16-bit greys, no single bits: modes that scale well."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        return _grey(image)
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA" if has_alpha(image) else "RGB")
    if image.mode in ("1", "LA", "La", "RGBa"):
        return image.convert("L" if image.mode == "1" else "RGBA")
    image.load()
    return image


def _grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float32)
    top = 255.0 if image.mode == "F" else 65535.0  # by the mode: a night sky in 16 bits may have no bright pixel
    return Image.fromarray((values.clip(0, top) * (255.0 / top)).astype(np.uint8))


def _shrunk(image: Image.Image, max_side_px: int) -> Image.Image:
    scale = max_side_px / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if image.mode == "RGBA" and scale <= 0.5 and image.width * image.height > _LARGE_PIXELS:
        image = _halved(image)
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _halved(image: Image.Image) -> Image.Image:
    """Half the size, strip by strip: Pillow copies a picture with alpha whole before it scales it."""
    half = Image.new("RGBA", ((image.width + 1) // 2, (image.height + 1) // 2))
    for top in range(0, image.height, _STRIP_PX):
        strip = image.crop((0, top, image.width, min(image.height, top + _STRIP_PX)))
        half.paste(strip.reduce(2), (0, top // 2))
    return half


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode == "RGBA":
        over_white = Image.new("RGB", image.size, "white")
        over_white.paste(_convert(image.convert("RGB"), profile), mask=image.getchannel("A"))
        return over_white
    return _convert(image, profile)


def _convert(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and image.mode in ("RGB", "L", "CMYK") and not is_srgb(profile):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except ImageCms.PyCMSError:  # a broken profile: take the colours as they are
            converted = None
        if converted is not None:
            converted.info.pop("icc_profile", None)
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def is_srgb(profile: bytes) -> bool:
    """True for the usual sRGB profiles: named so, with its primaries and a curve like its own.

    The name alone would take “Display P3 Gamut with sRGB Transfer” for one.
    """
    if b"sRGB" not in profile[:4096] and b"s\0R\0G\0B" not in profile[:4096]:
        return False
    try:
        tags = _tags(profile)
        pairs = zip(_SRGB_COLORANTS, (_colorant(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")), strict=True)
        is_near = all(abs(a - b) <= _NEAR for want, given in pairs for a, b in zip(want, given, strict=True))
        return is_near and _gamma(tags[b"gTRC"]) >= _LEAST_GAMMA
    except (KeyError, struct.error):
        return False


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The data of each tag by its signature (ICC.1:2022, 7.3)."""
    (count,) = struct.unpack_from(">I", profile, 128)
    places = (struct.unpack_from(">4sII", profile, 132 + 12 * place) for place in range(min(count, _MOST_TAGS)))
    return {name: profile[at : at + size] for name, at, size in places}


def _colorant(tag: bytes) -> tuple[float, ...]:
    return tuple(value / 65536 for value in struct.unpack_from(">3i", tag, 8))


def _gamma(curve: bytes) -> float:
    """The exponent of a curve; of a table, which says none, sRGB's own."""
    kind, count = struct.unpack_from(">4s4xI", curve)
    if kind == b"para":
        return float(struct.unpack_from(">i", curve, 12)[0]) / 65536
    if count > 1:
        return 2.4
    return float(struct.unpack_from(">H", curve, 12)[0]) / 256 if count else 1.0
