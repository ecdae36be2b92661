"""A few lines that answer like fal at the transport, and count every request. For tests only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from studio.gateway.fal import Gateway
from studio.gateway.hosts import Hosts

KEY = "a1b2c3d4-id:5e6f7a8b9c0d-secret"
I2V = "fal-ai/kling-video/v2.6/pro/image-to-video"
BASE = "https://queue.fal.run/fal-ai/kling-video/requests/r1"
ACCEPTED = {
    "request_id": "r1",
    "response_url": BASE,
    "status_url": f"{BASE}/status",
    "cancel_url": f"{BASE}/cancel",
    "queue_position": 2,
}
TICKET = {**ACCEPTED, "endpoint_id": I2V}

Answer = httpx.Response | Exception | Callable[[httpx.Request], Any]


class Wireside(httpx.AsyncBaseTransport):
    """Plays `answers` in order (the last one for ever) and keeps each request with the key it carried."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.keys: list[str | None] = []
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.keys.append(request.headers.get("Authorization"))
        self.bodies.append(await request.aread())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        made = answer if isinstance(answer, httpx.Response) else answer(request)
        if asyncio.iscoroutine(made):
            made = await made
        return httpx.Response(made.status_code, headers=made.headers, content=made.content)

    @property
    def paths(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]


def reply(status: int = 200, json: Any = None, **options: Any) -> httpx.Response:
    return httpx.Response(status, json=json, **options) if json is not None else httpx.Response(status, **options)


def gateway(
    wireside: httpx.AsyncBaseTransport, *, key: Any = KEY, hosts: Hosts | None = None, **options: Any
) -> Gateway:
    """A gateway on `wireside` that never really waits; its waits are in `gateway.slept`."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    made = Gateway(key, wireside, hosts=hosts, sleep=sleep, luck=lambda: 0.5, **options)
    made.slept = slept  # type: ignore[attr-defined]
    return made
