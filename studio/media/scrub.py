"""Takes metadata out of JPEG and PNG bytes without touching a pixel; never decodes."""

from __future__ import annotations

from studio.media.errors import MediaError

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_JFIF, _ADOBE = 0xE0, 0xEE  # the only application segments a decoder needs
_JFIF_BYTES = 18  # marker, length and the 14 bytes without which it is none; a thumbnail would follow
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
# What changes how pixels look; text, time, EXIF, profiles and animation are left out (PNG 3rd edition, 11.2 and 11.3).
_PNG_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"cICP")


def scrub_jpeg(data: bytes) -> bytes:
    """The same picture without EXIF, GPS, XMP, IPTC, comments, profiles, thumbnails and whatever follows its end.

    Raises MediaError when the segments do not add up (ITU T.81, annex B).
    """
    kept, at = [b"\xff\xd8"], 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise _broken()
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == _EOI:
            return b"".join([*kept, b"\xff\xd9"])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SOS:
            end = _scan_end(data, end)
        if _is_kept(marker, data[at:end]):
            kept.append(data[at:end])
        at = end
    if data[at : at + 2] == b"\xff\xd9":
        return b"".join([*kept, b"\xff\xd9"])
    raise _broken()


def _is_kept(marker: int, segment: bytes) -> bool:
    """False for what a decoder does not need. A thumbnail, and any text, may hide in the segments that it does."""
    if marker == _JFIF:
        return segment[4:9] == b"JFIF\0" and len(segment) == _JFIF_BYTES
    return marker != _COM and (not 0xE0 <= marker <= 0xEF or marker == _ADOBE)


def _scan_end(data: bytes, at: int) -> int:
    """Where the coded data of a scan ends: at the next marker that is no restart and no stuffed byte."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        follower = data[at + 1]
        if follower != 0 and not 0xD0 <= follower <= 0xD7 and follower != 0xFF:
            return at
        at += 1 if follower == 0xFF else 2
    raise _broken()


def scrub_png(data: bytes) -> bytes:
    """The same picture without text, time, EXIF and profiles. Raises MediaError when the chunks do not add up."""
    kept, at = [_PNG_MAGIC], len(_PNG_MAGIC)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end
    raise _broken()


def _broken() -> MediaError:
    return MediaError("damaged", "This picture is cut short or damaged. Save it again in another program.")
