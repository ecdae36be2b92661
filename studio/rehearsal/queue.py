"""fal's queue over HTTP: submit, status, event stream, result, cancel. Never renders; the floor does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from studio.catalog.endpoint import Endpoint
from studio.catalog.registry import find_endpoint
from studio.rehearsal.addresses import RUN_HOST, addresses_for
from studio.rehearsal.answers import refuse, respond
from studio.rehearsal.faults import Faults
from studio.rehearsal.floor import Floor
from studio.rehearsal.job import QUEUED, RUNNING, Job, JobBook, utc_now
from studio.rehearsal.rows import check_arguments, model_failure

POLL_S = 0.05
MAX_LOG_ROWS = 200
MAX_BODY_BYTES = 32 * 1024 * 1024
_NOT_FOUND = {"status": "NOT_FOUND"}


@dataclass(frozen=True)
class Habits:
    """Choices where fal's own behaviour is not pinned down by its documentation.

    `checks_at`: bad arguments are refused by the submit, or accepted and refused by the result.
    `is_cancel_honoured`: a running job stops when asked, or finishes all the same.
    `lists_open_jobs`: requests by endpoint shows jobs that have not ended.
    """

    checks_at: Literal["submit", "result"] = "submit"
    is_cancel_honoured: bool = True
    lists_open_jobs: bool = False
    keep_s: float = 7 * 86_400


@dataclass(frozen=True)
class Queue:
    """The routes of queue.fal.run, and of fal.run for a direct call."""

    book: JobBook
    floor: Floor
    faults: Faults
    habits: Habits

    def routes(self) -> list[Route]:
        at = "/{owner}/{app}/requests/{request_id}"
        return [
            Route(f"{at}/status", self.status, methods=["GET"]),
            Route(f"{at}/status/stream", self.stream, methods=["GET"]),
            Route(f"{at}/cancel", self.cancel, methods=["PUT"]),
            Route(f"{at}/response", self.result, methods=["GET"]),
            Route(at, self.result, methods=["GET"]),
            Route("/{endpoint_id:path}", self.submit, methods=["POST"]),
            Route("/{path:path}", _nothing_here, methods=["GET", "PUT", "DELETE"]),
        ]

    async def submit(self, request: Request) -> Response:
        endpoint = _endpoint(request.path_params["endpoint_id"])
        if endpoint is None:
            return refuse(404, f"Application '{request.path_params['endpoint_id'][:120]}' not found")
        arguments = await _arguments(request)
        if arguments is None:
            return respond(model_failure([{"loc": ["body"], "msg": "Invalid JSON", "type": "json_invalid"}]))
        rows = check_arguments(endpoint, arguments)
        if rows and self.habits.checks_at == "submit":
            return respond(model_failure(rows))
        limit = request.query_params.get("fal_max_queue_length", "")
        if limit.isdigit() and len(self.book.waiting()) > int(limit):
            return refuse(429, f"Queue is longer than {limit}")
        job = self._accept(endpoint, arguments, has_webhook="fal_webhook" in request.query_params)
        if rows:
            self.book.end(job, failure=model_failure(rows))
        self.floor.wake()
        return await self._answer(request, job)

    def _accept(self, endpoint: Endpoint, arguments: dict[str, Any], *, has_webhook: bool) -> Job:
        self.book.forget_before(self.habits.keep_s)
        job = self.book.open(endpoint.id, arguments)
        self.faults.tally.accepted.append(job.request_id)
        if has_webhook:
            job.log("A rehearsal calls no webhook. Poll for the result.", utc_now(), "WARN")
        return job

    async def _answer(self, request: Request, job: Job) -> Response:
        if request.url.hostname == RUN_HOST:
            while not job.is_done:  # noqa: ASYNC110 - the job may be filmed on another event loop
                await asyncio.sleep(POLL_S)
            return self._result(request, job)
        places = addresses_for(request).job(job)
        body = {"status": "IN_QUEUE", **places, "queue_position": self.floor.position(job)}
        return JSONResponse(body, headers={"x-fal-request-id": job.request_id})

    async def status(self, request: Request) -> Response:
        job = self._find(request)
        if job is None:
            return JSONResponse(_NOT_FOUND, 404)
        self.floor.wake()
        body = self._state(request, job)
        return JSONResponse(body, 200 if job.is_done else 202, {"x-fal-request-id": job.request_id})

    async def stream(self, request: Request) -> Response:
        job = self._find(request)
        if job is None:
            return JSONResponse(_NOT_FOUND, 404)
        headers = {"x-fal-request-id": job.request_id, "cache-control": "no-cache"}
        return StreamingResponse(self._events(request, job), media_type="text/event-stream", headers=headers)

    async def _events(self, request: Request, job: Job) -> AsyncIterator[str]:
        """One event whenever the state changes, the last one when the job is done."""
        last = None
        while True:
            job = self.book.get(job.request_id) or job  # it may be filmed by another process
            self.floor.wake()
            is_done = job.is_done
            body = self._state(request, job)
            if body != last:
                last = body
                yield f"data: {json.dumps(body)}\n\n"
            if is_done:
                return
            await asyncio.sleep(POLL_S)

    async def result(self, request: Request) -> Response:
        job = self._find(request)
        if job is None:
            return JSONResponse(_NOT_FOUND, 404)
        if not job.is_done:
            return refuse(400, "Request is still in progress")
        return self._result(request, job)

    def _result(self, request: Request, job: Job) -> Response:
        headers = {"x-fal-request-id": job.request_id}
        if job.failure is not None:
            response = respond(job.failure)
            response.headers.update(headers)
            return response
        headers["x-fal-billable-units"] = str(job.billable_units)
        return JSONResponse(addresses_for(request).output(job), headers=headers)

    async def cancel(self, request: Request) -> Response:
        job = self._find(request)
        if job is None:
            return JSONResponse(_NOT_FOUND, 404)
        if job.is_done:
            return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        was_waiting = job.state == QUEUED
        if was_waiting or self.habits.is_cancel_honoured:
            self.floor.cancel(job)
        if was_waiting:
            return JSONResponse({"status": "OK"})
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    def _find(self, request: Request) -> Job | None:
        """The job named by the path. The path holds owner and app only, as fal's own do."""
        params = request.path_params
        job = self.book.get(params["request_id"])
        return job if job is not None and job.app_id == f"{params['owner']}/{params['app']}" else None

    def _state(self, request: Request, job: Job) -> dict[str, Any]:
        places = addresses_for(request).job(job)
        if job.state == QUEUED:
            return {"status": "IN_QUEUE", **places, "queue_position": self.floor.position(job)}
        logs = self._logs(job) if request.query_params.get("logs", "0").lower() in ("1", "true") else None
        if job.state == RUNNING:
            return {"status": "IN_PROGRESS", **places, "logs": logs}
        body = {"status": "COMPLETED", **places, "logs": logs, "metrics": {"inference_time": job.inference_s}}
        return {**body, **_error(job)}

    def _logs(self, job: Job) -> list[dict[str, str]]:
        """The job's log; while it runs, with the renderer's last word as one more row."""
        message = self.floor.progress(job) if job.state == RUNNING else None
        is_new = message and job.logs[-1:] and job.logs[-1]["message"] != message
        if message and is_new and len(job.logs) < MAX_LOG_ROWS:
            job.log(message, utc_now())
        return list(job.logs)


def _error(job: Job) -> dict[str, str]:
    if job.failure is None:
        return {}
    detail = job.failure.body.get("detail")
    kind = job.failure.body.get("error_type")
    message = detail if isinstance(detail, str) else f"Invalid status code: {job.failure.status_code}"
    return {"error": message, **({"error_type": kind} if kind else {})}


async def _nothing_here(request: Request) -> Response:
    """A status URL made with the endpoint's whole path ends here, as it does at fal."""
    return refuse(404, "Not found")


def _endpoint(endpoint_id: str) -> Endpoint | None:
    try:
        endpoint = find_endpoint(endpoint_id)
    except KeyError:
        return None
    return endpoint if endpoint.id == endpoint_id else None


async def _arguments(request: Request) -> dict[str, Any] | None:
    """The body as a JSON object, or None."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    try:
        data = json.loads(body, parse_constant=_no_constant)
        json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is JSON but cannot be sent back
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
