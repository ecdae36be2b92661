"""The whole page: sections, the three modes, stage and rail; lays out and wires, nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import gradio as gr
from fastapi import FastAPI

from studio.catalog.endpoint import Endpoint
from studio.catalog.limits import MAX_UPLOAD_BYTES
from studio.ui import words
from studio.ui.components.island import build_island
from studio.ui.components.parts import build_header
from studio.ui.modes import Press, build_mode
from studio.ui.theme import build_theme

T = TypeVar("T")
SESSIONS = 200
_TABS = ("image-to-video", "text-to-video", "motion-control")


def build_page(endpoints: Sequence[Endpoint], press: Press, doors: Callable[[], None]) -> gr.Blocks:
    """The Blocks, deterministic, so that an open page goes on working after a restart of the server."""
    return _in_a_loop(lambda: _build(endpoints, press, doors))


def _build(endpoints: Sequence[Endpoint], press: Press, doors: Callable[[], None]) -> gr.Blocks:
    by_mode = {endpoint.mode: endpoint for endpoint in endpoints}
    with gr.Blocks(title=words.NAME, fill_width=True, analytics_enabled=False, delete_cache=(3600, 86400)) as demo:
        build_header()
        with gr.Tabs(elem_id="sections", overflow_behavior="wrap"):
            with gr.Tab(words.SECTIONS["studio"], id="studio", elem_id="section-studio"):
                _build_floor([by_mode[mode] for mode in _TABS if mode in by_mode], press)
            for section in ("takes", "voices", "spend", "settings"):
                with gr.Tab(words.SECTIONS[section], id=section, elem_id=f"section-{section}"):
                    build_island(section, elem_id=f"{section}-page")
        doors()
    demo.queue(default_concurrency_limit=8, max_size=256)
    return demo


def _build_floor(endpoints: Sequence[Endpoint], press: Press) -> None:
    build_island("banner", elem_id="banner")
    with gr.Row(elem_id="floor", equal_height=False):
        with gr.Column(elem_id="desk", min_width=0), gr.Tabs(elem_id="modes", overflow_behavior="wrap"):
            for endpoint in endpoints:
                with gr.Tab(endpoint.title, id=endpoint.mode, elem_id=f"mode-{endpoint.mode}"):
                    build_mode(endpoint, press)
        with gr.Column(elem_id="stage-column", min_width=0):
            build_island("stage", elem_id="stage")
        with gr.Column(elem_id="rail-column", min_width=0):
            build_island("rail", elem_id="rail")


def mount_page(server: FastAPI, demo: gr.Blocks, version: str, boot: dict[str, Any]) -> FastAPI:
    """Puts the page at `/` of the server, which guards it."""
    # Only `launch` turns Gradio's path guard on; a mounted page without it reads any path that a request names.
    demo.has_launched = True
    demo.state_session_capacity = SESSIONS  # each session stays in memory, so the default of 10,000 would be 1.7 GB
    return _in_a_loop(
        lambda: gr.mount_gradio_app(
            server,
            demo,
            path="/",
            theme=build_theme(),
            head=build_head(version, boot),
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            show_error=False,
            max_file_size=MAX_UPLOAD_BYTES,
        )
    )


def _in_a_loop(build: Callable[[], T]) -> T:
    """Runs `build` on an event loop that is closed afterwards; where none runs, Gradio opens some and closes none."""

    async def run() -> T:
        return build()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(run())
        finally:
            loop.close()
    return build()


def build_head(version: str, boot: dict[str, Any]) -> str:
    """The page's own style and script by address, and what they need to start, as one JSON constant.

    Islands may be mounted before the script has come; until then they wait in a line.
    """
    early = (
        "<script>(()=>{let t='dark';try{t=localStorage.getItem('studio.theme')||'dark'}catch{}"
        "document.documentElement.dataset.theme=t;"
        "const f=()=>document.body.classList.toggle('dark',t!=='light');"
        "document.body?f():addEventListener('DOMContentLoaded',f)})()</script>"
    )
    data = json.dumps(boot, ensure_ascii=True).replace("<", "\\u003c")
    start = f"<script>window.studio={{boot:{data},line:[],mount(...island){{this.line.push(island)}}}}</script>"
    return "\n".join(
        [
            '<meta name="color-scheme" content="dark light">',
            early,
            f'<link rel="stylesheet" href="/studio/assets/studio.css?v={version}">',
            start,
            f'<script src="/studio/assets/studio.js?v={version}"></script>',
        ]
    )
