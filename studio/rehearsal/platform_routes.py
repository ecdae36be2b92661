"""fal's Platform API over HTTP: prices, estimates, past requests, billing. Never changes a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from studio.catalog.endpoint import Endpoint
from studio.catalog.pricing import USD
from studio.catalog.registry import ENDPOINTS
from studio.rehearsal.addresses import addresses_for
from studio.rehearsal.answers import platform_error
from studio.rehearsal.job import Clock, Job, JobBook

MAX_IDS = 50
MAX_PAGE = 100
DEFAULT_PAGE = 50


@dataclass(frozen=True)
class PlatformRoutes:
    """The routes of api.fal.ai/v1. `lists_open_jobs`: see Habits."""

    book: JobBook
    clock: Clock
    lists_open_jobs: bool = False

    def routes(self) -> list[Route]:
        return [
            Route("/v1/models/pricing", self.prices, methods=["GET"]),
            Route("/v1/models/pricing/estimate", self.estimate, methods=["POST"]),
            Route("/v1/models/requests/by-endpoint", self.requests, methods=["GET"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/account/billing", self.billing, methods=["GET"]),
        ]

    async def prices(self, request: Request) -> Response:
        ids = _ids(request)
        if not 1 <= len(ids) <= MAX_IDS:
            return platform_error(400, "validation_error", f"endpoint_id takes 1 to {MAX_IDS} ids")
        unknown = [name for name in ids if name not in _BY_ID]
        if unknown:
            return platform_error(404, "not_found", f"Endpoint not found: {unknown[0][:120]}")
        prices = [{"endpoint_id": name, **_unit_price(_BY_ID[name])} for name in ids]
        return JSONResponse({"prices": prices, "next_cursor": None, "has_more": False})

    async def estimate(self, request: Request) -> Response:
        try:
            given = await request.json()
            key = {"historical_api_price": "call_quantity", "unit_price": "unit_quantity"}[given["estimate_type"]]
            total = sum(
                _typical_cost(_BY_ID[name], key) * float(wanted[key]) for name, wanted in given["endpoints"].items()
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return platform_error(400, "validation_error", "estimate_type or endpoints is not valid")
        return JSONResponse({"estimate_type": given["estimate_type"], "total_cost": total, "currency": "USD"})

    async def models(self, request: Request) -> Response:
        wanted = _ids(request)
        items = [
            {"endpoint_id": one.id, "metadata": {"display_name": f"{one.model_title}, {one.title}", "status": "active"}}
            for one in ENDPOINTS
            if not wanted or one.id in wanted
        ]
        return JSONResponse({"models": items, "next_cursor": None, "has_more": False})

    async def billing(self, request: Request) -> Response:
        if not getattr(request.state, "is_admin", False):
            return platform_error(403, "authorization_error", "This endpoint needs an admin key")
        return JSONResponse({"username": "rehearsal", "credits": {"current_balance": 0.0, "currency": "USD"}})

    async def requests(self, request: Request) -> Response:
        query = request.query_params
        if not query.get("endpoint_id"):
            return platform_error(400, "validation_error", "endpoint_id is required")
        try:
            start, end = self._window(query)
            limit = int(query.get("limit", DEFAULT_PAGE))
            offset = int(query.get("cursor") or 0)
        except ValueError:
            return platform_error(400, "validation_error", "start, end, limit or cursor is not valid")
        if not 1 <= limit <= MAX_PAGE or offset < 0:
            return platform_error(400, "validation_error", f"limit goes from 1 to {MAX_PAGE}")
        jobs = self._select(query, start, end)
        page = jobs[offset : offset + limit]
        has_more = offset + limit < len(jobs)
        items = [_item(job, request) for job in page]
        return JSONResponse(
            {"items": items, "next_cursor": str(offset + limit) if has_more else None, "has_more": has_more}
        )

    def _window(self, query: Mapping[str, str]) -> tuple[datetime, datetime]:
        """The times asked for; by default the last 24 hours, or 90 days when one request is named."""
        now = self.clock()
        usual = timedelta(days=90 if query.get("request_id") else 1)
        start = _time(query["start"]) if query.get("start") else now - usual
        return start, _time(query["end"]) if query.get("end") else now

    def _select(self, query: Mapping[str, str], start: datetime, end: datetime) -> list[Job]:
        """Matching jobs, the newest end first."""
        jobs = [
            job
            for job in self.book
            if job.endpoint_id == query["endpoint_id"]
            and (job.is_done or self.lists_open_jobs)
            and start <= datetime.fromisoformat(job.ended_at or job.sent_at) <= end
            and query.get("request_id", job.request_id) == job.request_id
            and query.get("status", _verdict(job)) == _verdict(job)
        ]
        return sorted(jobs, key=lambda job: (job.ended_at or job.sent_at, job.sequence), reverse=True)


_BY_ID: dict[str, Endpoint] = {endpoint.id: endpoint for endpoint in ENDPOINTS}


def _ids(request: Request) -> list[str]:
    """`endpoint_id`, repeated or with commas."""
    return [name for given in request.query_params.getlist("endpoint_id") for name in given.split(",") if name]


def _time(text: str) -> datetime:
    """An ISO time with its zone. ValueError otherwise."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time needs its zone")
    return time


def _unit_price(endpoint: Endpoint) -> dict[str, Any]:
    """A second at the silent price (sound is billed as more units), or one voice. In dollars, as fal writes it."""
    price = endpoint.price
    micros, unit = (price.per_call, "voice") if price.per_call else (price.picture, "second")
    return {"unit_price": micros / USD, "unit": unit, "currency": "USD"}


def _typical_cost(endpoint: Endpoint, key: str) -> float:
    """Dollars for one unit, or for one usual call: 5 s with every default."""
    if key == "unit_quantity":
        return float(_unit_price(endpoint)["unit_price"])
    return endpoint.quote({}, 5.0).usd_micros / USD


def _verdict(job: Job) -> str:
    if job.failure is None:
        return "success"
    return "user_error" if job.failure.status_code < 500 else "error"


def _item(job: Job, request: Request) -> dict[str, Any]:
    item: dict[str, Any] = {
        "request_id": job.request_id,
        "endpoint_id": job.endpoint_id,
        "sent_at": job.sent_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "status_code": job.failure.status_code if job.failure else (200 if job.is_done else None),
        "duration": job.inference_s,
    }
    if "payloads" in request.query_params.getlist("expand"):
        item["json_input"] = job.arguments
        item["json_output"] = job.failure.body if job.failure else addresses_for(request).output(job)
    return item
