"""How our own routes say no: one JSON shape with a sentence for a person; never a traceback.

What a person gave and the studio will not take is an answer and no fault of the request, so it goes out as 200 with an
`error`: browsers write every 4xx into their console, where nobody can do anything about it. Gone, too large and broken
stay what they are.
"""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from studio.media.errors import MediaError
from studio.takes.errors import Refused, StorageTrouble, StudioError

log = logging.getLogger(__name__)

REFUSED = 422
_MISSING = ("no_such_take", "no_such_voice", "no_such_file")


class Complaint(Exception):
    """A refusal with an HTTP status, a title and a sentence."""

    def __init__(self, status: int, title: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.title = title
        self.sentence = sentence


def add_problem_handlers(app: FastAPI) -> None:
    """Every refusal of our routes leaves as `{"error": {"title", "sentence", …}}`."""
    app.add_exception_handler(Complaint, _on_complaint)
    app.add_exception_handler(StudioError, _on_studio_error)
    app.add_exception_handler(MediaError, _on_media_error)
    app.add_exception_handler(RequestValidationError, _on_wrong_shape)
    app.add_exception_handler(HTTPException, _on_http_error)


def answer(status: int, error: dict[str, object]) -> JSONResponse:
    return JSONResponse({"error": error}, status_code=200 if status == REFUSED else status)


async def _on_complaint(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Complaint)  # noqa: S101  # registered for this class alone
    return answer(error.status, {"title": error.title, "sentence": error.sentence})


async def _on_studio_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudioError)  # noqa: S101
    status = 503 if isinstance(error, StorageTrouble) else 404 if error.code in _MISSING else REFUSED
    body = error.as_reason()
    if isinstance(error, Refused):
        body["problems"] = [{"field": p.field, "message": p.message} for p in error.problems]
    return answer(status, body)


async def _on_media_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MediaError)  # noqa: S101
    return answer(REFUSED, {"title": "Not usable", "sentence": error.message})


async def _on_wrong_shape(request: Request, error: Exception) -> JSONResponse:
    log.info("a request to %s had another shape than ours", request.url.path)
    return answer(
        REFUSED,
        {
            "title": "Not understood",
            "sentence": "The studio did not understand this. Reload the page. Nothing was charged.",
        },
    )


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself. A body that cannot be read at all is one of another shape."""
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 400:
        return await _on_wrong_shape(request, error)
    return answer(error.status_code, {"title": "Not possible", "sentence": f"{error.detail}. Reload the page."})
