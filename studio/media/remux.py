"""Copies packets into a new mp4 without decoding them; never changes a picture or a sound."""

from __future__ import annotations

from pathlib import Path

import av

from studio.media import files
from studio.media.reel import open_media, sound_of, unreadable, video_of


def remux(source: Path, target: Path, has_sound: bool = True) -> None:
    """Write the first video and, if wanted, the first sound of `source` as an mp4 that can play while it loads.

    Packets stay bit for bit. Metadata and all other tracks, such as a phone's location track, stay behind. Raises
    MediaError.
    """
    with files.whole(target) as part:
        remux_to(source, part, has_sound)


def remux_to(source: Path, target: Path, has_sound: bool) -> None:
    """The same to a name that the caller looks after."""
    options = {"movflags": "+faststart"}
    with open_media(source) as reader, av.open(str(target), "w", format="mp4", options=options) as writer:
        sound = sound_of(reader) if has_sound else None
        streams = [video_of(reader, source), *([sound] if sound is not None else ())]
        copies = {stream.index: writer.add_stream_from_template(stream) for stream in streams}
        for copy in copies.values():
            copy.metadata.clear()
        try:
            for packet in reader.demux(streams):
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    writer.mux(packet)
        except av.FFmpegError as error:
            raise unreadable(source, "clip", error) from None


def silent_cut(source: Path, target: Path) -> None:
    """The same pictures without sound."""
    remux(source, target, has_sound=False)
