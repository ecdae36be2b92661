"""An endpoint as data: id, parameters, price. Form, checks, payload, price, CLI, API, stand-in and docs read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.catalog.param import Kind, Param, Problem
from studio.catalog.pricing import PriceRule, Quote


@dataclass(frozen=True)
class Endpoint:
    """`mode` is our short name (CLI verb argument, API name); `id` is fal's."""

    id: str
    mode: str
    title: str
    params: tuple[Param, ...]
    price: PriceRule
    source: str
    makes_video: bool = True
    model_title: str = "Kling 2.6 Pro"

    def __getitem__(self, name: str) -> Param:
        """The parameter called `name`; KeyError where the endpoint has none."""
        for param in self.params:
            if param.name == name:
                return param
        raise KeyError(name)

    def has(self, name: str) -> bool:
        return any(param.name == name for param in self.params)

    @property
    def app_id(self) -> str:
        """`owner/app`: fal drops the rest of the path in status, result and cancel URLs."""
        return "/".join(self.id.split("/")[:2])

    def file_params(self) -> tuple[Param, ...]:
        return tuple(param for param in self.params if param.kind.is_file)

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`given` with defaults filled in and absent optional values left out; unknown names are kept.

        A text that was emptied is a wish of its own: the default does not come back in its place.
        """
        filled = {p.name: p.default for p in self.params if p.default is not None}
        present = {
            name: value
            for name, value in given.items()
            if value is not None and not (self.has(name) and self[name].is_absent(value))
        }
        emptied = {
            name: ""
            for name, value in given.items()
            if isinstance(value, str) and not value.strip() and name in filled and self[name].kind is Kind.TEXT
        }
        return {**filled, **present, **emptied}

    def check(self, given: Mapping[str, Any]) -> list[Problem]:
        """Everything that is wrong with these values, the unknown names included. Never looks inside files."""
        values = self.values(given)
        problems = [
            Problem(name, "unknown", f"{self.title} has no setting called “{name}”. Remove it.")
            for name in given
            if not self.has(name)
        ]
        for param in self.params:
            problems += param.check(values.get(param.name))
        if self.has("voice_ids") and values.get("voice_ids") and not values.get("generate_audio", True):
            problems.append(Problem("voice_ids", "voices_need_sound", "Voices need sound. Turn sound on."))
        return problems

    def payload(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The exact JSON that fal documents: known names only, documented types, absent options left out."""
        values = self.values(given)
        return {p.name: p.payload(values[p.name]) for p in self.params if p.name in values}

    def quote(self, given: Mapping[str, Any], clip_duration_s: float | None = None) -> Quote:
        """The price of these values. ValueError where a clip's length is needed and unknown."""
        return self.price.quote(self.values(given), clip_duration_s)


def price_table(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    """The same prices for the browser, by mode: integer micro-dollars per second, flat prices, and notes."""
    return {
        endpoint.mode: {
            "picture": endpoint.price.picture,
            "sound": endpoint.price.sound,
            "voices": endpoint.price.voices,
            "per_call": endpoint.price.per_call,
            "clip_param": endpoint.price.clip_param,
            "is_confirmed": endpoint.price.is_confirmed,
            "read_on": endpoint.price.read_on,
        }
        for endpoint in endpoints
    }


__all__ = ["Endpoint", "Kind", "Param", "Problem", "price_table"]
