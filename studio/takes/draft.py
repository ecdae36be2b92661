"""A draft before it becomes a take: its values checked, files taken in, price known. Never writes to the ledger."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Problem
from studio.catalog.pricing import Quote
from studio.catalog.registry import find_endpoint
from studio.gateway.errors import GatewayError
from studio.media.facts import ClipFacts
from studio.takes.crew import Crew
from studio.takes.errors import Refused
from studio.takes.folders import title_of
from studio.takes.intake import Input, is_link, kept_duration_s
from studio.takes.prices import listed_unit_usd_micros, price_differences
from studio.takes.rows import to_json
from studio.takes.settling import changed_rate
from studio.takes.voices import VoiceShelf

TAG = re.compile(r"<<<\s*voice_(\d+)\s*>>>", re.IGNORECASE)
MAX_VALUES_CHARS = 60_000


@dataclass(frozen=True)
class Draft:
    """Values ready to be kept. `quote` is None where the price cannot be known; then a problem says why."""

    endpoint: Endpoint
    world: str
    values: dict[str, Any]
    edits: dict[str, Any]
    problems: tuple[Problem, ...]
    quote: Quote | None
    inputs: tuple[Input, ...] = ()

    @property
    def is_sendable(self) -> bool:
        return self.quote is not None and not any(problem.is_blocking for problem in self.problems)

    @property
    def fingerprint(self) -> str:
        """The same for the same wish, whatever the files were called; different where any value differs."""
        wish = {"mode": self.endpoint.mode, "values": self.values, "edits": self.edits}
        return hashlib.sha256(to_json(wish).encode()).hexdigest()

    @property
    def source_sha256(self) -> str:
        """What stands for the recording of a voice: its content and the part that is kept of it."""
        part = [(item.sha256 or item.value, self.edits.get(item.field)) for item in self.inputs]
        return hashlib.sha256(to_json(part).encode()).hexdigest()


async def read_draft(
    crew: Crew,
    voices: VoiceShelf,
    mode: str,
    values: Mapping[str, Any],
    edits: Mapping[str, Any] | None = None,
    world: str = "live",
) -> Draft:
    """Check everything that can be checked on this machine. Raises Refused for an unknown mode or absurd values."""
    endpoint = _endpoint(mode)
    given = _plain(values)
    trims = {name: dict(edit) for name, edit in (edits or {}).items() if _is_edit(endpoint, name, edit)}
    problems = [*endpoint.check(given), *tag_problems(endpoint, given)]
    problems += await asyncio.to_thread(_world_problems, voices, given, world)
    problems += await asyncio.to_thread(_price_problems, crew, endpoint, world)
    inputs = [
        await crew.intake.take_in(param, str(values[param.name]), trims.get(param.name, {}), given)
        for param in endpoint.file_params()
        if isinstance(given.get(param.name), str) and given[param.name].strip()
    ]
    problems += [problem for item in inputs for problem in item.problems]
    problems += [_uncut(endpoint, item) for item in inputs if item.field in trims and is_link(item.value)]
    trims = {name: told for name, edit in trims.items() if (told := _telling(edit, _facts_of(inputs, name)))}
    kept = endpoint.values({**given, **{item.field: item.value for item in inputs}})
    quote, doubts = await _quote(crew, endpoint, world, kept, trims, inputs)
    return Draft(endpoint, world, kept, trims, (*problems, *doubts), quote, tuple(inputs))


def _facts_of(inputs: list[Input], name: str) -> Any:
    return next((item.facts for item in inputs if item.field == name), None)


def _telling(edit: Mapping[str, Any], facts: Any) -> dict[str, Any]:
    """What an edit changes; what only says how things are anyway is left out, so that the same wish looks the same."""
    plain = {"start_s": (None, 0, 0.0), "end_s": (None,), "clean": (None, True), "fit": (None, "pad"), "crop": (None,)}
    told = {name: value for name, value in edit.items() if value not in plain.get(name, ())}
    end_s, length_s = told.get("end_s"), getattr(facts, "duration_s", None)
    if isinstance(end_s, (int, float)) and length_s is not None and end_s >= length_s:
        del told["end_s"]
    return told


def _uncut(endpoint: Endpoint, item: Input) -> Problem:
    message = f"{endpoint[item.field].title} is a link, and a link cannot be cut here. Download it and add the file."
    return Problem(item.field, "link_cut", message)


def _is_edit(endpoint: Endpoint, name: str, edit: object) -> bool:
    return endpoint.has(name) and endpoint[name].kind.is_file and isinstance(edit, Mapping) and bool(edit)


def _endpoint(mode: str) -> Endpoint:
    try:
        return find_endpoint(mode)
    except KeyError as error:
        raise Refused([Problem("mode", "unknown", str(error.args[0]))]) from None


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON would carry them, with half surrogate pairs made whole. Raises Refused where they are none."""
    try:
        text = json.dumps(dict(values), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        raise Refused(
            [Problem("values", "type", "These values cannot be written down. Use text and numbers.")]
        ) from None
    if len(text) > MAX_VALUES_CHARS:
        message = f"The draft is {len(text):,} bytes. {MAX_VALUES_CHARS:,} is the most. Shorten it."
        raise Refused([Problem("values", "too_long", message)])
    plain: dict[str, Any] = json.loads(text)
    return plain


def tag_problems(endpoint: Endpoint, values: Mapping[str, Any]) -> list[Problem]:
    """Voice tags without a voice, which Kling would read out or refuse; and voices that nobody speaks with."""
    prompt = values.get("prompt")
    used = sorted({int(number[:4]) for number in TAG.findall(prompt)}) if isinstance(prompt, str) else []
    voices = values.get("voice_ids") if endpoint.has("voice_ids") else None
    filled = len(voices) if isinstance(voices, list) else 0
    problems = []
    for number in used:
        if not endpoint.has("voice_ids"):
            message = f"<<<voice_{number}>>> needs a saved voice, and {endpoint.title} takes none. Remove the tag."
        elif not 1 <= number <= filled:
            message = (
                f"<<<voice_{number}>>> has no voice: {filled} of 2 slots are filled. "
                f"Choose a voice for slot {number} or remove the tag."
                if number in (1, 2)
                else f"<<<voice_{number}>>> cannot be: there are two voice slots, 1 and 2. Use one of these."
            )
        else:
            continue
        problems.append(Problem("prompt", "voice_tag", message))
    unspoken = [number for number in range(1, filled + 1) if number not in used]
    if unspoken:
        slots = " and ".join(str(number) for number in unspoken)
        message = f"Voice {slots} is paid for but not used. Write <<<voice_{unspoken[0]}>>> where it speaks."
        problems.append(Problem("voice_ids", "voice_unused", message, is_blocking=False))
    return problems


def _world_problems(voices: VoiceShelf, values: Mapping[str, Any], world: str) -> list[Problem]:
    """A voice made in a rehearsal has an id that fal does not know."""
    ids = values.get("voice_ids")
    if world != "live" or not isinstance(ids, list):
        return []
    problems = []
    for index, voice_id in enumerate(ids, start=1):
        worlds = voices.worlds_of(voice_id.strip()) if isinstance(voice_id, str) else frozenset()
        if worlds and "live" not in worlds:
            message = f"Voice {index} was made in a rehearsal and fal.ai does not know it. Create it for real first."
            problems.append(Problem("voice_ids", "rehearsed_voice", message))
    return problems


def _price_problems(crew: Crew, endpoint: Endpoint, world: str) -> list[Problem]:
    if world != "live":
        return []
    differences = [found for found in price_differences(crew.ledger) if found.endpoint_id == endpoint.id]
    return [Problem("price", "price_changed", found.sentence, is_blocking=False) for found in differences]


async def _quote(
    crew: Crew,
    endpoint: Endpoint,
    world: str,
    values: dict[str, Any],
    edits: Mapping[str, Any],
    inputs: list[Input],
) -> tuple[Quote | None, list[Problem]]:
    clip_s: float | None = None
    problems: list[Problem] = []
    if endpoint.price.clip_param:
        clip = next((item for item in inputs if item.field == endpoint.price.clip_param), None)
        facts = clip.facts if clip is not None else None
        if clip is not None and facts is None and is_link(clip.value):
            facts, problems = await _measure_link(crew, endpoint, world, clip, values)
        if isinstance(facts, ClipFacts):
            clip_s = kept_duration_s(facts, edits.get(endpoint.price.clip_param) or {})
    try:
        quote = endpoint.quote(values, clip_s)
    except (ValueError, TypeError):
        return None, problems
    return await asyncio.to_thread(_with_listed_price, crew, endpoint, world, quote), problems


def _with_listed_price(crew: Crew, endpoint: Endpoint, world: str, quote: Quote) -> Quote:
    """Where fal lists a higher price than any we know, a budget holds by that one."""
    listed = listed_unit_usd_micros(crew.ledger, endpoint.id) if world == "live" else None
    if not listed or not any(found.endpoint_id == endpoint.id for found in price_differences(crew.ledger)):
        return quote
    at_most = math.ceil(changed_rate(endpoint.id, quote.rate_usd_micros, listed) * math.ceil(quote.duration_s or 1.0))
    return replace(quote, at_most_usd_micros=max(quote.at_most_usd_micros, at_most))


async def _measure_link(
    crew: Crew, endpoint: Endpoint, world: str, clip: Input, values: Mapping[str, Any]
) -> tuple[Any, list[Problem]]:
    """A clip given as a link is fetched once to learn its length, because a price is never a guess.

    Only from fal's own hosts: the studio makes no request to anybody else, whatever a link says.
    """
    param = endpoint[clip.field]
    if world in crew.gateways and not crew.gateways[world].hosts.is_fals(clip.value):
        message = (
            f"{param.title}: a price needs the clip's length, and the studio asks no host but fal.ai. "
            "Download the clip and add the file."
        )
        return None, [Problem(param.name, "foreign_link", message)]
    to = crew.home / "inputs" / "links" / f"{hashlib.sha256(clip.value.encode()).hexdigest()}.mp4"
    try:
        if not to.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            await crew.gateways[world].download(clip.value, to)
    except (GatewayError, KeyError, OSError):
        message = f"{param.title}: the clip behind this link could not be read, so its price is unknown. Add the file."
        return None, [Problem(param.name, "unreadable_link", message)]
    measured = await crew.intake.take_in(param, str(Path(to)), {}, values)
    return measured.facts, [replace(problem, field=param.name) for problem in measured.problems]


def shown_title(endpoint: Endpoint, values: Mapping[str, Any], script: Mapping[str, Any] | None) -> str:
    """The words that a take is called by."""

    scene = (script or {}).get("scene")
    text = scene if isinstance(scene, str) and scene.strip() else str(values.get("prompt") or "")
    return title_of(text, endpoint.title)


def search_words(values: Mapping[str, Any], script: Mapping[str, Any] | None, names: list[str]) -> str:
    """Every word by which a take may be looked for."""
    said = json.dumps(script, ensure_ascii=False)[:8000] if script else ""
    kept = [str(value) for name, value in values.items() if isinstance(value, str) and not name.endswith("_url")]
    return " ".join(
        [*kept, *[str(v) for v in values.get("voice_ids") or []], *names, re.sub(r"[{}\[\]\",:]+", " ", said)]
    )
