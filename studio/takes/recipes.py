"""The recipe beside each take's files, and slips for takes that are out: enough to rebuild a lost ledger from."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import fields
from pathlib import Path
from typing import Any

from studio.takes.durable import Durable
from studio.takes.folders import inside
from studio.takes.rows import to_columns, to_take
from studio.takes.take import Take

FORMAT = 1
RECIPE_NAME = "recipe.json"
MAX_BYTES = 4 * 1024 * 1024
_LEFT_OUT = ("seq", "runner_id", "search_text", "order_index", "queue_position", "dedupe", "binned_at")


def recipe_of(take: Take, home: Path, voices: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Everything that made the take, for a person to read and for `take_of` to read back."""
    columns = to_columns({name: value for name, value in vars(take).items() if name not in _LEFT_OUT})
    plain = {name: value for name, value in vars(take).items() if isinstance(value, (dict, list))}
    ledger = {**columns, **{name: value for name, value in plain.items() if name in columns}}
    return {
        "studio_recipe": FORMAT,
        "what": f"{take.label}: {take.title}",
        "made_with": take.endpoint_id,
        "prompt": take.prompt,
        "settings": {name: value for name, value in take.values.items() if name != "prompt"},
        "sent_to_fal": take.payload,
        "inputs": _inputs(take, home),
        "voices": voices or [],
        "money": {
            "estimated_usd_micros": take.estimate_usd_micros,
            "billed_usd_micros": take.billed_usd_micros,
            "billable_units": take.billable_units,
            "charge": take.charge.value,
        },
        "request_id": take.request_id,
        "take": ledger,
    }


def _inputs(take: Take, home: Path) -> list[dict[str, Any]]:
    rows = []
    for name, value in take.values.items():
        if not isinstance(value, str) or not value.startswith("inputs/"):
            continue
        path = inside(home, value)
        known = read_json_file(path.with_suffix(".json")) if path is not None else {}
        sent = (take.payload or {}).get(name)
        rows.append(
            {
                "for": name,
                "file": value,
                "sha256": known.get("sha256") or Path(value).stem,
                "original_name": known.get("original_name"),
                "edit": take.edits.get(name),
                "sent_as": sent,
            }
        )
    return rows


def take_of(recipe: dict[str, Any]) -> Take | None:
    """The take that a recipe describes, or None where it is not a recipe of ours."""
    row = recipe.get("take")
    if recipe.get("studio_recipe") != FORMAT or not isinstance(row, dict):
        return None
    known = {item.name for item in fields(Take)}
    text = {name: _as_column(value) for name, value in row.items() if name in known}
    take = to_take(text)
    return take if take.id and take.key and take.world and take.number > 0 and take.mode else None


def _as_column(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


# -- slips: the same for a take that is still out, so that a paid take outlives the ledger --------------------------


def slip_path(home: Path, take_id: str) -> Path:
    return home / "slips" / f"{take_id}.json"


def write_slip(home: Path, take: Take, durable: Durable) -> None:
    with durable("slip"):
        write_json(slip_path(home, take.id), recipe_of(take, home))


def remove_slip(home: Path, take_id: str) -> None:
    slip_path(home, take_id).unlink(missing_ok=True)


# -- files ------------------------------------------------------------------------------------------------------------


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write whole or not at all, and to the disk before it returns. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex[:12]}.part")
    try:
        with part.open("wb") as file:
            file.write(json.dumps(data, ensure_ascii=False, indent=2, default=str).encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder outlive a power cut; Windows cannot open folders and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_json_file(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or an empty one for anything else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
