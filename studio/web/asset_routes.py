"""Serves the page's own styles and scripts, each as one file; knows their order and nothing of what they do."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from studio.web.problems import Complaint

STYLES = ("tokens", "base", "gradio", "desk", "script", "stage", "rail", "pages", "takes", "compare")
# Each uses only what stands before it; the last one opens the page's waiting line.
SCRIPTS = (
    "dom",
    "live",
    "notices",
    "price",
    "stage-player",
    "stage-lanes",
    "stage-transport",
    "stage-layers",
    "stage-recipe",
    "stage-actions",
    "stage-job",
    "stage",
    "rail",
    "trim",
    "wells",
    "script-row",
    "script",
    "desk",
    "sections",
    "take-card",
    "take-panel",
    "takes-acts",
    "compare-words",
    "compare-clock",
    "compare-strips",
    "compare-stage",
    "compare-head",
    "compare-picker",
    "compare",
    "takes-section",
    "voice-shelf",
    "voice-trim",
    "voice-maker",
    "voices-section",
    "spend-section",
    "settings-section",
    "page",
)
_FOLDERS = {"fonts": (".woff2",), "samples": (".jpg", ".mp4")}
_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


class Assets:
    """The files in `folder`. Gradio adds scripts to the page without keeping their order, so there is only one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.css = "\n".join((folder / "css" / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
        self.js = "\n".join((folder / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
        self.version = hashlib.sha256((self.css + self.js).encode()).hexdigest()[:12]

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/studio/assets")

        @router.get("/studio.css")
        def send_css() -> Response:
            return Response(self.css, media_type="text/css; charset=utf-8", headers=_FOREVER)

        @router.get("/studio.js")
        def send_js() -> Response:
            return Response(self.js, media_type="text/javascript; charset=utf-8", headers=_FOREVER)

        @router.get("/{folder}/{name}")
        def send_file(folder: str, name: str) -> FileResponse:
            path = self.folder / folder / name
            if Path(name).suffix not in _FOLDERS.get(folder, ()) or not path.is_file():
                raise Complaint(404, "Not here", "There is no such file.")
            return FileResponse(path, headers=_FOREVER)

        return router
