"""Pictures from phones and strangers."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from media_making import DANCE, KING, bomb_png
from PIL import Image, ImageCms, PngImagePlugin

from studio.catalog.limits import MIB, PictureLimits
from studio.media.checks import check_picture
from studio.media.errors import MediaError
from studio.media.facts import PictureFacts
from studio.media.picture import _halved, inspect_picture, is_srgb
from studio.media.picture_fit import prepare_picture, thumbnail
from studio.media.workshop import Workshop

LIMITS = PictureLimits()
SECRET = b"SECRET-PLACE"


def scene(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right, green along the top: every turn looks different."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    picture.paste((30, 30, 200), (width // 2, 0, width, height))
    picture.paste((30, 200, 30), (0, 0, width, height // 8))
    return picture.convert(mode)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = SECRET.decode()
    tags.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)})
    return tags


def prepared(path: Path, tmp_path: Path, **wishes: object) -> tuple[Image.Image, tuple[str, ...]]:
    made = prepare_picture(path, tmp_path / "out", **wishes)  # type: ignore[arg-type]
    assert isinstance(made.facts, PictureFacts)
    picture = Image.open(made.path)
    picture.load()
    assert picture.size == (made.facts.width_px, made.facts.height_px)
    assert made.content_type == Image.MIME[picture.format or ""]
    assert made.path.stem == made.facts.sha256
    assert LIMITS.min_aspect <= picture.width / picture.height <= LIMITS.max_aspect
    assert min(picture.size) >= LIMITS.min_side_px
    assert made.path.stat().st_size <= LIMITS.max_bytes
    assert not picture.getexif()
    assert not {"exif", "xmp", "comment", "photoshop"} & set(picture.info)
    data = made.path.read_bytes()
    assert SECRET not in data
    assert b"GPS" not in data
    return picture, made.changes


def is_close(pixel: object, wanted: tuple[int, int, int], within: int = 40) -> bool:
    return all(abs(a - b) < within for a, b in zip(pixel, wanted, strict=True))  # type: ignore[call-overload]


def refusal(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        inspect_picture(path)
    with pytest.raises(MediaError) as again:
        prepare_picture(path, path.parent / "out")
    assert again.value.code == caught.value.code
    assert not any((path.parent / "out").glob("*"))
    return caught.value


def test_a_48_megapixel_phone_photo_is_turned_stripped_and_fitted(tmp_path: Path) -> None:
    photo = tmp_path / "IMG_0001.jpg"
    scene(8064, 6048).save(photo, exif=exif(6), quality=90, comment=SECRET)
    facts = inspect_picture(photo)
    assert (facts.width_px, facts.height_px, facts.is_turned) == (6048, 8064, True)
    picture, changes = prepared(photo, tmp_path)
    assert picture.size == (3000, 4000)
    assert is_close(picture.getpixel((1500, 200)), (200, 30, 30))
    assert is_close(picture.getpixel((2900, 2000)), (30, 200, 30))
    assert changes[0] == "Turned upright"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_turn_comes_out_upright(tmp_path: Path, orientation: int) -> None:
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = scene(800, 600)
    if orientation in back:
        stored = stored.transpose(Image.Transpose(back[orientation]))
    stored.save(tmp_path / "a.jpg", exif=exif(orientation), quality=95)
    picture, _ = prepared(tmp_path / "a.jpg", tmp_path)
    assert picture.size == (800, 600)
    assert is_close(picture.getpixel((100, 400)), (200, 30, 30))
    assert is_close(picture.getpixel((700, 400)), (30, 30, 200))
    assert is_close(picture.getpixel((400, 20)), (30, 200, 30))


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "avif", "jpg"])
def test_every_listed_format_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    scene(640, 480).save(path)
    facts = inspect_picture(path)
    assert facts.format in LIMITS.formats
    picture, _ = prepared(path, tmp_path)
    assert picture.size == (640, 480)
    assert picture.format in ("JPEG", "PNG")


def test_heic_from_a_phone_is_read_upright_and_stripped(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0002.HEIC"
    pillow_heif.from_pillow(scene(800, 600)).save(path, exif=exif(6).tobytes(), quality=80)
    facts = inspect_picture(path)
    assert (facts.format, facts.width_px, facts.height_px) == ("HEIF", 600, 800)
    picture, _ = prepared(path, tmp_path)
    assert picture.size == (600, 800)
    assert is_close(picture.getpixel((300, 100)), (200, 30, 30))


def test_a_picture_of_two_shots_keeps_the_first(tmp_path: Path) -> None:
    path = tmp_path / "burst.jpg"
    scene(640, 480).save(path, "MPO", save_all=True, append_images=[scene(640, 480)])
    assert inspect_picture(path).format == "JPEG"
    picture, _ = prepared(path, tmp_path)
    assert picture.format == "JPEG"
    assert getattr(picture, "n_frames", 1) == 1


def test_an_animation_gives_its_first_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    scene(400, 400).save(path, save_all=True, append_images=[Image.new("RGB", (400, 400), "white")])
    picture, changes = prepared(path, tmp_path)
    assert is_close(picture.getpixel((50, 300)), (200, 30, 30))
    assert "First picture of the animation kept" in changes


def test_a_good_jpeg_keeps_every_pixel(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    scene(900, 600).save(path, exif=exif(1), quality=90, comment=SECRET, progressive=True)
    with path.open("ab") as file:
        file.write(b"hidden film " + SECRET)
    picture, changes = prepared(path, tmp_path)
    assert np.array_equal(np.asarray(picture), np.asarray(Image.open(path)))
    assert changes == ("Location and other notes removed",)


def test_a_good_png_keeps_every_pixel(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", SECRET.decode())
    scene(900, 600).save(tmp_path / "a.png", pnginfo=notes, exif=exif(1))
    picture, _ = prepared(tmp_path / "a.png", tmp_path)
    assert picture.format == "PNG"
    assert np.array_equal(np.asarray(picture), np.asarray(scene(900, 600)))
    assert not getattr(picture, "text", {})


def test_a_wide_gamut_profile_becomes_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    scene(400, 400).save(tmp_path / "a.jpg", icc_profile=lab.tobytes())
    picture, _ = prepared(tmp_path / "a.jpg", tmp_path)
    assert "icc_profile" not in picture.info
    assert picture.mode == "RGB"


P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


def named_srgb(colorants: tuple[tuple[float, ...], ...] | None = None, gamma: float | None = None) -> bytes:
    """The usual sRGB profile with other colours or another curve under its old name."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = bytearray(plain)
    tags = {plain[at : at + 4]: int.from_bytes(plain[at + 4 : at + 8]) for at in range(132, 132 + 12 * plain[131], 12)}
    for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants or (), strict=False):
        struct.pack_into(">3i", data, tags[name] + 8, *(round(value * 65536) for value in values))
    if gamma is not None:
        struct.pack_into(">4sIHHi", data, tags[b"gTRC"], b"para", 0, 0, 0, round(gamma * 65536))
    return bytes(data)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_wide_gamut_named_after_srgb_is_converted(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (400, 400), (234, 51, 35)).save(path, icc_profile=named_srgb(P3))  # P3's way to write sRGB's red
    picture, _ = prepared(path, tmp_path)
    assert is_close(picture.getpixel((200, 200)), (255, 0, 0), 8)
    thumbnail(path, tmp_path / "t.jpg")
    with Image.open(tmp_path / "t.jpg") as small:
        assert is_close(small.getpixel((200, 200)), (255, 0, 0), 8)


@pytest.mark.parametrize(
    ("profile", "is_so"),
    [
        (named_srgb(), True),
        (named_srgb(P3), False),
        (named_srgb(gamma=1.0), False),
        (named_srgb()[:200], False),
        (b"sRGB", False),
    ],
)
def test_srgb_is_known_by_its_colours_and_not_by_its_name_alone(profile: bytes, is_so: bool) -> None:
    assert is_srgb(profile) is is_so


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_eight_bit_colour(tmp_path: Path, mode: str) -> None:
    suffix = "jpg" if mode == "CMYK" else "png"
    source = Image.fromarray(np.full((400, 400), 40_000, np.uint16)) if mode == "I;16" else scene(400, 400, mode)
    source.save(tmp_path / f"a.{suffix}")
    picture, _ = prepared(tmp_path / f"a.{suffix}", tmp_path)
    assert picture.mode in ("RGB", "L")
    if mode == "I;16":
        assert is_close(picture.convert("RGB").getpixel((9, 9)), (156, 156, 156))


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    Image.new("RGBA", (400, 400), (255, 0, 0, 0)).save(tmp_path / "a.png")
    picture, changes = prepared(tmp_path / "a.png", tmp_path)
    assert is_close(picture.getpixel((5, 5)), (255, 255, 255))
    assert "Transparent parts made white" in changes


def test_a_small_picture_is_enlarged_and_a_tiny_one_refused(tmp_path: Path) -> None:
    scene(240, 300).save(tmp_path / "small.png")
    picture, changes = prepared(tmp_path / "small.png", tmp_path)
    assert picture.size == (300, 375)
    assert "Enlarged to 300 x 375 px" in changes
    scene(40, 60).save(tmp_path / "tiny.png")
    with pytest.raises(MediaError, match=r"40 x 60 px\. Kling needs 300 px on each side\. Choose a larger one\."):
        prepare_picture(tmp_path / "tiny.png", tmp_path / "out")


@pytest.mark.parametrize("size", [(1600, 400), (400, 1600), (5000, 310)])
@pytest.mark.parametrize("fit", ["pad", "crop"])
def test_an_odd_shape_is_padded_or_cut(tmp_path: Path, size: tuple[int, int], fit: str) -> None:
    scene(*size).save(tmp_path / "a.png")
    _, changes = prepared(tmp_path / "a.png", tmp_path, fit=fit)
    assert ("Blurred borders added" if fit == "pad" else "Sides cut to fit") in changes


def test_a_crop_is_taken_from_the_upright_picture(tmp_path: Path) -> None:
    scene(800, 600).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.jpg", exif=exif(6), quality=95)
    picture, changes = prepared(tmp_path / "a.jpg", tmp_path, crop=(0.5, 0.25, 1.0, 1.0))
    assert picture.size == (400, 450)
    assert is_close(picture.getpixel((200, 200)), (30, 30, 200))
    assert "Cropped to 400 x 450 px" in changes


@pytest.mark.parametrize("crop", [(0.5, 0, 0.4, 1), (-0.1, 0, 1, 1), (0, 0, float("nan"), 1), (0, 0, 0.01, 0.01)])
def test_a_senseless_crop_is_refused(tmp_path: Path, crop: tuple[float, float, float, float]) -> None:
    with pytest.raises(MediaError):
        prepare_picture(KING, tmp_path, crop)


def test_a_heavy_picture_is_saved_smaller(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (2200, 2200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png", compress_level=0)
    assert (tmp_path / "a.png").stat().st_size > 10 * MIB
    picture, _ = prepared(tmp_path / "a.png", tmp_path)
    assert picture.format == "JPEG"


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    for side in (12_000, 30_000):
        path = tmp_path / f"{side}.png"
        path.write_bytes(bomb_png(side))  # nothing is behind its header: who decodes it finds it damaged
        assert refusal(path).code == "too_many_pixels"


def test_a_picture_halved_strip_by_strip_is_the_same_as_whole() -> None:
    noise = np.random.default_rng(2).integers(0, 255, (1301, 77, 4), np.uint8)
    picture = Image.fromarray(noise)
    assert np.array_equal(np.asarray(_halved(picture)), np.asarray(picture.reduce(2)))


def test_the_largest_webp_with_alpha_that_is_taken_in_can_be_prepared(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    Image.new("RGBA", (10_900, 10_900), (1, 2, 3, 99)).save(path, lossless=True, method=0, quality=0)
    with Workshop(max_workers=1) as workshop:
        made = workshop.run_sync(prepare_picture, path, tmp_path / "out")
    assert (made.facts.width_px, made.facts.height_px) == (4000, 4000)


def with_stray_bytes(data: bytes) -> bytes:
    at = data.index(b"\xff\xdb")
    return data[:at] + bytes(3) + data[at:]


@pytest.mark.parametrize(("suffix", "change"), [("jpg", with_stray_bytes), ("png", lambda data: data[:-12])])
def test_what_is_odd_but_decodes_is_saved_anew(tmp_path: Path, suffix: str, change: Callable[[bytes], bytes]) -> None:
    buffer = io.BytesIO()
    scene(640, 480).save(buffer, {"jpg": "JPEG", "png": "PNG"}[suffix])
    (tmp_path / f"a.{suffix}").write_bytes(change(buffer.getvalue()))
    inspect_picture(tmp_path / f"a.{suffix}")
    picture, changes = prepared(tmp_path / f"a.{suffix}", tmp_path)
    assert is_close(picture.getpixel((100, 400)), (200, 30, 30))
    assert "Saved as JPEG" in changes


def test_a_photo_cut_short_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.open(KING).save(buffer, "JPEG")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue()[:20_000])
    assert refusal(tmp_path / "a.jpg").code == "damaged"


def test_a_png_cut_short_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.open(KING).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue()[:100_000])
    assert refusal(tmp_path / "a.png").code == "damaged"


@pytest.mark.parametrize("size", [(585, 150), (150, 585), (751, 300), (160, 405), (4001, 301), (5000, 1999)])
@pytest.mark.parametrize("fit", ["pad", "crop"])
def test_rounding_never_brings_a_picture_out_of_shape(tmp_path: Path, size: tuple[int, int], fit: str) -> None:
    scene(*size).save(tmp_path / "a.png")
    prepared(tmp_path / "a.png", tmp_path, fit=fit)  # holds its aspect to the limits


def test_what_hides_in_the_segments_that_a_decoder_needs_is_left_out(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    scene(640, 480).save(buffer, "JPEG")
    data = buffer.getvalue()
    hidden = b"".join(
        b"\xff\xe0" + struct.pack(">H", len(body) + 2) + body for body in (b"JFXX\0\x10" + SECRET, b"JFIF\0" + SECRET)
    )
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:20] + hidden + data[20:])
    picture, changes = prepared(path, tmp_path)  # looks for the secret
    assert changes == ("Location and other notes removed",)
    assert np.array_equal(np.asarray(picture), np.asarray(Image.open(buffer)))


def test_a_dark_16_bit_grey_picture_stays_dark(tmp_path: Path) -> None:
    Image.fromarray(np.full((400, 400), 250, np.uint16)).save(tmp_path / "a.png")
    picture, _ = prepared(tmp_path / "a.png", tmp_path)
    assert is_close(picture.convert("RGB").getpixel((9, 9)), (1, 1, 1), 4)


def long_jpeg() -> bytes:
    buffer = io.BytesIO()
    scene(64, 64).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, 400, 65_535)
    return bytes(data)


def long_avif() -> bytes:
    buffer = io.BytesIO()
    scene(64, 64).save(buffer, "AVIF")
    data = bytearray(buffer.getvalue())
    struct.pack_into(">II", data, data.index(b"ispe") + 8, 40_000, 300)
    return bytes(data)


@pytest.mark.parametrize(
    ("body", "words"),
    [(long_jpeg(), "65535 x 400 px. The studio reads sides of 65,500"), (long_avif(), "40000 x 300 px. .* 32,768 px")],
)
def test_sides_beyond_a_readers_own_bounds_are_no_damage(tmp_path: Path, body: bytes, words: str) -> None:
    (tmp_path / "a.jpg").write_bytes(body)
    error = refusal(tmp_path / "a.jpg")
    assert error.code == "too_many_pixels"
    assert re.search(words, error.message)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", "empty", "0 bytes"),
        (b"Dear diary, this is no picture.", "not_a_picture", "a text file"),
        (b"<!doctype html><html>502</html>", "not_a_picture", "a web page"),
        (b"%PDF-1.7 ...\0", "not_a_picture", "a PDF"),
        (b"8BPS\0\1\0\0", "not_a_picture", "a Photoshop file"),
        (b"\xff\xd8\xff\xe0 nonsense", "damaged", "damaged"),
        (bytes(range(256)) * 9, "not_a_picture", "not a picture"),
    ],
)
def test_a_renamed_file_is_told_for_what_it_is(tmp_path: Path, body: bytes, code: str, words: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(body)
    error = refusal(path)
    assert error.code == code
    assert words in error.message


def test_a_clip_is_not_a_picture() -> None:
    with pytest.raises(MediaError, match="a video, not a picture"):
        inspect_picture(DANCE)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no longer there"):
        inspect_picture(tmp_path / "gone.jpg")


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    path = tmp_path / "-rf $(touch x);'\"%s\n🙂.jpg"
    path.write_bytes(KING.read_bytes())
    assert inspect_picture(path).width_px == 1280
    prepared(path, tmp_path)


def test_a_thumbnail_is_small_and_upright(tmp_path: Path) -> None:
    scene(1600, 1200).save(tmp_path / "a.jpg", exif=exif(6))
    thumbnail(tmp_path / "a.jpg", tmp_path / "t.jpg", 320)
    with Image.open(tmp_path / "t.jpg") as picture:
        assert picture.size == (240, 320)
        assert not picture.getexif()


def test_what_can_be_mended_is_advice_and_what_cannot_blocks() -> None:
    def codes(width: int, height: int, size: int = 1) -> list[tuple[str, bool]]:
        facts = PictureFacts(width, height, "JPEG", size, False, False, "")
        return [(problem.code, problem.is_blocking) for problem in check_picture(facts, "start_image_url")]

    assert codes(1280, 720) == []
    assert codes(240, 600) == [("will_enlarge", False)]
    assert codes(100, 100) == [("too_small", True)]
    assert codes(3000, 1000, 11 * MIB) == [("will_pad", False), ("will_recompress", False)]
