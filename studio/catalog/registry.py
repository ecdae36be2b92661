"""Finds an endpoint by our mode or by fal's id. A new Kling version is one file and one line here."""

from __future__ import annotations

from studio.catalog import kling_2_6
from studio.catalog.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = kling_2_6.ENDPOINTS

_BY_NAME = {name: endpoint for endpoint in ENDPOINTS for name in (endpoint.mode, endpoint.id)}


def find_endpoint(name: str) -> Endpoint:
    """The endpoint with this mode or fal id. Raises KeyError with the known modes in words."""
    try:
        return _BY_NAME[name]
    except KeyError:
        known = ", ".join(endpoint.mode for endpoint in ENDPOINTS)
        raise KeyError(f"There is no mode called “{name}”. Known: {known}.") from None


def video_endpoints() -> tuple[Endpoint, ...]:
    """Those that make a take; create-voice is not one of them."""
    return tuple(endpoint for endpoint in ENDPOINTS if endpoint.makes_video)
