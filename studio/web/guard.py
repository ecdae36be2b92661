"""What every request passes: allowed hosts, same origin for changes, safe headers; never looks inside a body."""

from __future__ import annotations

import base64
import secrets

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's page does not start without eval and inline scripts; everything else is this server alone, so the
# browser itself refuses any request that would leave the machine.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self' blob: data:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    )
)
_HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class SafeHeaders:
    """Adds the safe headers to every answer. Plain ASGI, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Access:
    """Asks for a name and a password on every path but the health check; the same door for page, API and files.

    HTTP Basic, because a browser then sends it with pictures, clips and the WebSocket too.
    """

    def __init__(self, app: ASGIApp, access: str) -> None:
        self.app = app
        self._wanted = b"Basic " + base64.b64encode(access.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == "/healthz" or self._is_allowed(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = {"www-authenticate": 'Basic realm="Studio", charset="UTF-8"'}
            await PlainTextResponse("Name and password, please.", 401, headers)(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        given = Headers(scope=scope).get("authorization", "").encode("utf-8", "replace")
        return secrets.compare_digest(given, self._wanted)


class SameOrigin:
    """Refuses a change that another site's page asks for, and our own routes' changes without their header.

    A browser sends `Origin` with every cross-site POST and with every WebSocket; tools send none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and self._is_foreign(scope):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await PlainTextResponse("This came from another site. Nothing was changed.", 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    @staticmethod
    def _is_foreign(scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return False
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin and origin.split("://", 1)[-1] != headers.get("host", ""):
            return True
        is_own_change = scope["type"] == "http" and scope["path"].startswith("/studio/")
        return is_own_change and headers.get("x-studio") != "1"
