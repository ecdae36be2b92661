"""Refusals as HTTP responses, in the forms of fal's queue, its models and its Platform API. Never raises."""

from __future__ import annotations

from starlette.responses import JSONResponse

from studio.rehearsal.rows import Failure


def platform_error(status_code: int, kind: str, message: str) -> JSONResponse:
    """A refusal by the Platform API at api.fal.ai."""
    return JSONResponse({"error": {"type": kind, "message": message}}, status_code)


def respond(failure: Failure) -> JSONResponse:
    return JSONResponse(failure.body, failure.status_code, failure.headers)


def refuse(status_code: int, message: str) -> JSONResponse:
    return JSONResponse({"detail": message}, status_code)
