"""The FastAPI app around the page: our routes, the guards and the lifespan; knows no room but by what it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from studio import __version__
from studio.web.guard import Access, SafeHeaders, SameOrigin
from studio.web.problems import add_problem_handlers

# Names by which this machine's own pages may call it; anything else could be a rebound name of a foreign site.
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]", "testserver")


def build_server(
    routers: Sequence[APIRouter],
    lifespan: Callable[[], AbstractAsyncContextManager[None]],
    is_healthy: Callable[[], tuple[bool, str]],
    hosts: Sequence[str] = LOCAL_HOSTS,
    access: str = "",
) -> FastAPI:
    """The app without a page; Gradio is mounted on it at `/` afterwards, since a mount there takes all that is left.

    `access` is `name:password`, or empty where everybody who reaches the studio may use it.
    """

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan():
            yield

    app = FastAPI(
        title="Studio",
        version=__version__,
        lifespan=live,
        openapi_url=None,
        middleware=[
            Middleware(SafeHeaders),  # first, so that refusals carry them too
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            *([Middleware(Access, access=access)] if access else []),
            Middleware(SameOrigin),
        ],
    )
    add_problem_handlers(app)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        is_ok, sentence = is_healthy()
        body = {"status": "ok" if is_ok else "trouble", "sentence": sentence, "version": __version__}
        return JSONResponse(body, status_code=200 if is_ok else 503)

    for router in routers:
        app.include_router(router)
    for route in app.routes:
        if isinstance(route, APIRoute) and route.methods and "GET" in route.methods:
            route.methods.add("HEAD")  # a player or a proxy may ask for the size alone
    return app
