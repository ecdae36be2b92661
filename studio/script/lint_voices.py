"""Findings about voice slots: tags, saved voices and who uses them. Knows nothing of the words that are spoken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from studio.script.findings import MAX_VOICES, Draft, Finding, Fix
from studio.script.lexicon import TAG, tag
from studio.script.parse import parse_prompt
from studio.script.scene import BOXES, Form, Line, Part, Piece, Script


def check_voices(draft: Draft) -> Iterator[Finding]:
    """Every finding about voices, in the order a person would mend them."""
    if not draft.has_voices:
        yield from _outside_image_to_video(draft)
        return
    yield from _too_many(draft)
    yield from _tag_without_voice(draft)
    yield from _voice_without_line(draft)
    yield from _voices_sound_off(draft)
    yield from _shared_voice(draft)


def _outside_image_to_video(draft: Draft) -> Iterator[Finding]:
    if not (draft.script.slots or draft.tags or any(draft.voice_ids)):
        return
    message = "Saved voices need a frame. Use Image to video, or let Kling choose the voices."
    values = {"voice_ids": None} if draft.voice_ids else None
    script = without_tags(draft.script) if draft.script.slots or draft.tags else None
    yield Finding(
        "voices_outside_image", message, _first_with_slot(draft), "voice_ids", Fix("Use any voice", script, values)
    )


def _first_with_slot(draft: Draft) -> int | None:
    return next((i for i, line in draft.lines if line.slot is not None), None)


def _too_many(draft: Draft) -> Iterator[Finding]:
    if len(draft.voice_ids) > MAX_VOICES:
        count = len(draft.voice_ids)
        message = f"Two voices at most in one take. {count} are chosen. Remove {count - MAX_VOICES}."
        fix = Fix("Keep the first two", values={"voice_ids": list(draft.voice_ids[:MAX_VOICES])})
        yield Finding("too_many_voices", message, None, "voice_ids", fix, is_blocking=True)
    extra = [number for number in draft.tags if number not in (1, 2)]
    if extra:
        message = f"Two voices at most in one take. The prompt names {tag(extra[0])}. Use voice 1 or 2."
        fix = Fix(f"Remove {tag(extra[0])}", without_tags(draft.script, extra))
        yield Finding("too_many_voices", message, _line_with(draft, extra[0]), "prompt", fix, is_blocking=True)


def _tag_without_voice(draft: Draft) -> Iterator[Finding]:
    for slot in draft.tags:
        if slot in (1, 2) and not _is_filled(draft, slot):
            message = (
                f"The prompt asks for voice {slot}, but slot {slot} is empty. Choose a voice for it, or use any voice."
            )
            fix = Fix("Use any voice", without_tags(draft.script, [slot]))
            yield Finding("tag_without_voice", message, _line_with(draft, slot), "voice_ids", fix, is_blocking=True)


def _is_filled(draft: Draft, slot: int) -> bool:
    return slot <= len(draft.voice_ids) and bool(draft.voice_ids[slot - 1])


def _line_with(draft: Draft, slot: int) -> int | None:
    return next((i for i, line in draft.lines if line.slot == slot), None)


def _voice_without_line(draft: Draft) -> Iterator[Finding]:
    for slot, voice in enumerate(draft.voice_ids[:MAX_VOICES], 1):
        if voice and slot not in draft.tags:
            message = f"Voice {slot} has no line. It would be paid for and not heard."
            yield Finding("voice_without_line", message, None, "voice_ids", _use_or_drop(draft, slot))


def _use_or_drop(draft: Draft, slot: int) -> Fix:
    """Give the voice to the first line that has none of its own speaker; else take the voice out of the draft."""
    free = next((line for _i, line in draft.lines if line.slot is None), None)
    if free is not None and draft.script.raw is None:
        lines = tuple(
            replace(line, slot=slot) if line.slot is None and line.speaker == free.speaker else line
            for line in draft.script.lines
        )
        return Fix(f"Give it to {free.speaker or 'the first line'}", replace(draft.script, lines=lines))
    kept = [voice for i, voice in enumerate(draft.voice_ids, 1) if i != slot]
    script = _slots_moved(draft.script) if slot == 1 and kept and 2 in draft.tags else None
    return Fix(f"Remove voice {slot}", script, {"voice_ids": kept or None})


def _slots_moved(script: Script) -> Script:
    """Slot 2 as slot 1, everywhere."""
    if script.raw is not None:
        return replace(script, raw=script.raw.replace(tag(2), tag(1)))
    lines = tuple(replace(line, slot=1) if line.slot == 2 else line for line in script.lines)
    return _in_text(replace(script, lines=lines), lambda words: words.replace(tag(2), tag(1)))


def _voices_sound_off(draft: Draft) -> Iterator[Finding]:
    if draft.is_silent and (draft.script.slots or any(draft.voice_ids)):
        fix = Fix("Turn sound on", values={"generate_audio": True})
        yield Finding(
            "voices_sound_off", "Voices need sound. Turn sound on.", _first_with_slot(draft), "generate_audio", fix
        )


def _shared_voice(draft: Draft) -> Iterator[Finding]:
    """Two speakers in one slot sound alike; one speaker in two slots changes voice."""
    owner: dict[int, str] = {}
    for index, line in draft.lines:
        if line.slot is None or not line.speaker:
            continue
        first = owner.setdefault(line.slot, line.speaker)
        if first.casefold() != line.speaker.casefold():
            other = 3 - line.slot
            free = other not in draft.script.slots and _is_filled(draft, other)
            label = f"Give {line.speaker} voice {other}" if free else "Use any voice"
            message = f"{first} and {line.speaker} share voice {line.slot} and will sound alike."
            yield Finding(
                "shared_voice", message, index, "slot", draft.mend_line(label, index, slot=other if free else None)
            )


def without_tags(script: Script, numbers: list[int] | None = None) -> Script:
    """The script with no voice tags (or without those of `numbers`), in rows, boxes and raw text."""

    def clean(words: str) -> str:
        return _strip_tags(words, numbers)

    if script.raw is not None:
        return _reread(script, clean(script.raw))
    lines = tuple(
        replace(line, slot=None) if line.slot is not None and (numbers is None or line.slot in numbers) else line
        for line in script.lines
    )
    return _in_text(replace(script, lines=lines), clean)


def _strip_tags(words: str, numbers: list[int] | None) -> str:
    at, kept = 0, []
    for match in TAG.finditer(words):
        if numbers is not None and int(match.group(1)) not in numbers:
            continue
        kept.append(words[at : match.start()])
        at = match.end() + (words[match.end() : match.end() + 1] == " ")
    return "".join([*kept, words[at:]])


def _reread(script: Script, raw: str) -> Script:
    reading = parse_prompt(raw)
    return (
        reading
        if reading.raw is None and not any(line.is_unclosed for line in reading.lines)
        else replace(script, raw=raw)
    )


def _in_text(script: Script, clean: Any) -> Script:
    """`clean` over every word that is no field of a line: boxes, layout, actions and read forms."""
    boxes = {name: clean(getattr(script, name)) for name in BOXES}
    layout = None if script.layout is None else tuple(Part(part.kind, clean(part.before)) for part in script.layout)
    return replace(script, lines=tuple(_line_in_text(line, clean) for line in script.lines), layout=layout, **boxes)


def _line_in_text(line: Line, clean: Any) -> Line:
    words = {name: clean(getattr(line, name)) for name in ("text", "action", "speaker", "delivery")}
    words |= {name: clean(getattr(line, name)) for name in ("verb", "connective") if getattr(line, name) is not None}
    if line.form is None:
        return replace(line, **words)
    pieces = tuple(Piece(piece.kind, clean(piece.text)) for piece in line.form.pieces)
    form = Form(pieces, line.form.open, line.form.close, clean(line.form.joint))
    return replace(line, form=form, **words)
