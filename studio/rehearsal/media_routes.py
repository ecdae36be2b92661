"""fal's storage over HTTP: uploads by all three ways, and media files with ranges. Never looks inside a file.

The three ways: a token and one POST; a token and parts (fal's Python client above 100 MiB); a place asked for first
and then filled by PUT, whole or in parts (fal's JavaScript client).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from studio.rehearsal.addresses import addresses_for
from studio.rehearsal.answers import refuse
from studio.rehearsal.faults import Faults
from studio.rehearsal.job import Clock
from studio.rehearsal.storage import MediaStore, TooLarge

TOKEN_LIFE_S = 3600
_FILE = "/files/b/{key}/{name}"
_PLACE = "/files/put/{key}/{name}"


@dataclass(frozen=True)
class MediaRoutes:
    """The routes of rest.fal.ai/storage and of the two media hosts."""

    store: MediaStore
    faults: Faults
    clock: Clock

    def routes(self) -> list[Route]:
        return [
            Route("/storage/auth/token", self.token, methods=["POST"]),
            Route("/storage/upload/initiate", self.initiate, methods=["POST"]),
            Route("/storage/upload/initiate-multipart", self.initiate, methods=["POST"]),
            Route("/files/upload", self.upload, methods=["POST"]),
            Route("/files/upload/multipart", self.begin_parts, methods=["POST"]),
            Route(f"{_FILE}/multipart/{{upload_id}}/complete", self.complete, methods=["POST"]),
            Route(f"{_FILE}/multipart/{{upload_id}}/{{number:int}}", self.put_part, methods=["PUT"]),
            Route(f"{_PLACE}/complete", self.complete, methods=["POST"]),
            Route(f"{_PLACE}/{{number:int}}", self.put_part, methods=["PUT"]),
            Route(_PLACE, self.put, methods=["PUT"]),
            Route(_FILE, self.serve, methods=["GET"]),
        ]

    async def token(self, request: Request) -> Response:
        expires_at = self.clock() + timedelta(seconds=TOKEN_LIFE_S)
        return JSONResponse(
            {
                "token": f"rehearsal.{int(expires_at.timestamp())}.{secrets.token_hex(8)}",
                "token_type": "Bearer",
                "base_url": addresses_for(request).upload,
                "expires_at": expires_at.isoformat(),
            }
        )

    def is_token_good(self, token: str) -> bool:
        """Whether a token that `token` gave has not expired. It guards nothing: it is there to be got wrong."""
        parts = token.split(".")
        is_ours = len(parts) == 3 and parts[0] == "rehearsal" and parts[1].isdecimal()
        return is_ours and int(parts[1]) > self.clock().timestamp()

    async def upload(self, request: Request) -> Response:
        url_path, path = self.store.reserve(request.headers.get("x-fal-file-name") or _named(request))
        try:
            await self.store.write(path, request.stream())
        except TooLarge:
            return refuse(413, "File is too large")
        self.store.keep(url_path, request.headers.get("content-type", ""))
        return JSONResponse({"access_url": addresses_for(request).media + url_path})

    async def begin_parts(self, request: Request) -> Response:
        url_path, path = self.store.reserve(request.headers.get("x-fal-file-name") or _named(request))
        path.touch()
        self.store.keep(url_path, request.headers.get("content-type", ""))
        url = addresses_for(request).media + url_path
        return JSONResponse({"access_url": url, "uploadId": secrets.token_hex(8)})

    async def initiate(self, request: Request) -> Response:
        given = await _json(request)
        url_path, _ = self.store.reserve(str(given.get("file_name") or "file"))
        place = url_path.replace("/files/b/", "/files/put/", 1)
        base = addresses_for(request).media
        upload_url = f"{base}{place}?signature={secrets.token_hex(8)}"
        return JSONResponse({"upload_url": upload_url, "file_url": base + url_path})

    async def put(self, request: Request) -> Response:
        url_path = _url_path(request)
        try:
            etag = await self.store.write(self.store.path_of(url_path), request.stream())
        except TooLarge:
            return refuse(413, "File is too large")
        except (ValueError, OSError):
            return refuse(404, "Not found")
        self.store.keep(url_path, request.headers.get("content-type", ""))
        return Response(headers={"ETag": f'"{etag}"'})

    async def put_part(self, request: Request) -> Response:
        number = request.path_params["number"]
        if not 1 <= number <= 10_000:
            return refuse(400, "Part numbers go from 1 to 10000")
        try:
            etag = await self.store.write(self.store.part_path(_url_path(request), number), request.stream())
        except TooLarge:
            return refuse(413, "File is too large")
        except (ValueError, OSError):
            return refuse(404, "Not found")
        body = {"partNumber": number, "etag": f'"{etag}"'}
        return JSONResponse(body, headers={"ETag": body["etag"]})

    async def complete(self, request: Request) -> Response:
        url_path = _url_path(request)
        given = (await _json(request)).get("parts")
        try:
            held = self.store.parts(url_path)
        except ValueError:
            return refuse(404, "Not found")
        parts = given if isinstance(given, list) else []
        named = {part.get("partNumber") for part in parts if isinstance(part, dict)}
        if not held or named != set(held):
            return refuse(400, "The parts that were sent are not the parts that were named")
        try:
            self.store.join_parts(url_path)
        except TooLarge:
            return refuse(413, "File is too large")
        kept = self.store.find(url_path)
        self.store.keep(url_path, kept.content_type if kept else request.headers.get("x-fal-content-type", ""))
        return JSONResponse({"access_url": addresses_for(request).media + url_path})

    async def serve(self, request: Request) -> Response:
        if "authorization" in request.headers:
            self.faults.tally.keys_on_media += 1
        stored = self.store.find(request.url.path)
        if stored is None:
            return refuse(404, "File not found")
        # A file from outside must never run as a page of this address.
        safety = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
        return FileResponse(stored.path, media_type=stored.content_type, headers=safety)


def _named(request: Request) -> str:
    kind = request.headers.get("content-type", "").split(";")[0].rpartition("/")[2]
    return f"file.{kind or 'bin'}"


def _url_path(request: Request) -> str:
    return f"/files/b/{request.path_params['key']}/{request.path_params['name']}"


async def _json(request: Request) -> dict[str, Any]:
    try:
        data = await request.json()
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
