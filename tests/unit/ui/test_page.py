"""The page is the same at every start, shows nothing of Gradio's own, and hands its script one constant."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from studio.catalog.endpoint import price_table
from studio.catalog.registry import ENDPOINTS, video_endpoints
from studio.ui import words
from studio.ui.page import build_head, build_page, mount_page

ROOT = Path(__file__).parents[3]
BOOT = re.compile(r"window\.studio=\{boot:(.*?),line:\[\]")


def build() -> gr.Blocks:
    return build_page(video_endpoints(), lambda mode, world, fields: {}, lambda: None)


@pytest.fixture(scope="module")
def page() -> gr.Blocks:
    return build()


@pytest.fixture(scope="module")
def parts(page: gr.Blocks) -> list[dict[str, Any]]:
    return list(page.get_config_file()["components"])


def test_page_is_the_same_at_every_start(page: gr.Blocks) -> None:
    """So a page that is open goes on working after the server was started again."""
    one, two = page.get_config_file(), build().get_config_file()
    kinds = [[(part["type"], part["props"].get("elem_id")) for part in config["components"]] for config in (one, two)]
    assert kinds[0] == kinds[1]
    first = [min(part["id"] for part in config["components"]) for config in (one, two)]
    ids = [[part["id"] - start for part in c["components"]] for c, start in zip((one, two), first, strict=True)]
    assert ids[0] == ids[1]
    assert len(one["dependencies"]) == len(two["dependencies"])
    assert [wire["js"] for wire in one["dependencies"]] == [wire["js"] for wire in two["dependencies"]]


@pytest.fixture(scope="module")
def starts() -> list[str]:
    """What two processes of their own say about the page that they built."""
    script = (
        "from studio.catalog.registry import video_endpoints\n"
        "from studio.ui.page import build_page\n"
        "from studio.ui import doors\n"
        "page = build_page(video_endpoints(), None, lambda: None).get_config_file()\n"
        "print([part['id'] for part in page['components']], [wire['id'] for wire in page['dependencies']])"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    return [process.communicate(timeout=60)[0] for process in processes]


def test_ids_are_the_same_in_every_process(starts: list[str]) -> None:
    assert starts[0] == starts[1]
    assert starts[0].startswith("[")


def test_import_writes_no_stub_files(starts: list[str]) -> None:
    """Gradio writes one beside the module of every subclass of a component."""
    assert starts
    assert list(ROOT.joinpath("studio").rglob("*.pyi")) == []


def test_every_mode_has_its_tab_its_price_and_both_buttons(parts: list[dict[str, Any]]) -> None:
    ids = {part["props"].get("elem_id") for part in parts}
    for mode in ("image-to-video", "text-to-video", "motion-control"):
        assert {f"mode-{mode}", f"{mode}--rehearse", f"{mode}--generate", f"{mode}--sum", f"{mode}--answer"} <= ids


def test_every_section_is_there(parts: list[dict[str, Any]]) -> None:
    ids = {part["props"].get("elem_id") for part in parts}
    assert {f"section-{name}" for name in words.SECTIONS} <= ids
    assert {"header", "stage", "rail", "takes-page", "voices-page", "spend-page", "settings-page"} <= ids


def test_no_two_parts_share_an_id(parts: list[dict[str, Any]]) -> None:
    ids = [part["props"]["elem_id"] for part in parts if part["props"].get("elem_id")]
    assert len(ids) == len(set(ids))


def test_islands_have_constant_templates(parts: list[dict[str, Any]]) -> None:
    """Gradio evaluates what a template renders, so data in one would run."""
    islands = [part["props"] for part in parts if part["type"] == "html"]
    assert len(islands) >= 18
    for island in islands:
        assert re.fullmatch(r'<div class="island" data-island="[a-z]+"></div>', island["html_template"])
        assert "${" not in island["js_on_load"]


def test_nothing_of_gradio_own_is_seen(page: gr.Blocks) -> None:
    config = page.get_config_file()
    shown = json.dumps([part["props"] for part in config["components"]])
    assert page.title == words.NAME
    assert config["analytics_enabled"] is False
    for default in ("Textbox", "Made with Gradio", "gradio.app", "Radio", "Slider", '"Submit"', '"Run"'):
        assert f'"label": "{default}"' not in shown
        assert f'"value": "{default}"' not in shown


def test_page_own_events_are_no_public_api(page: gr.Blocks) -> None:
    assert [
        wire["api_name"] for wire in page.get_config_file()["dependencies"] if wire["api_visibility"] == "public"
    ] == []


def test_head_is_one_constant_that_nothing_can_end() -> None:
    boot = {"evil": "</script><script>alert(1)</script><!--", "prices": price_table(ENDPOINTS), "voice": "M\u2028é"}
    head = build_head("abc", boot)
    found = BOOT.search(head)
    assert found is not None
    assert json.loads(found[1]) == json.loads(json.dumps(boot))
    assert "alert(1)</script>" not in head
    assert head.count("<script") == head.count("</script>") == 3
    assert head.isascii()
    assert re.findall(r'(?:src|href)="([^"]+)"', head) == [
        "/studio/assets/studio.css?v=abc",
        "/studio/assets/studio.js?v=abc",
    ]
    assert build_head("abc", boot) == head


def test_mounted_page_keeps_the_path_guard_and_hides_what_is_gradio(page: gr.Blocks) -> None:
    server = mount_page(FastAPI(), page, "abc", {"has_key": False})
    assert page.has_launched
    assert page.state_session_capacity <= 200
    with TestClient(server) as client:
        config = client.get("/config").json()
        html = client.get("/").text
    assert config["footer_links"] == []
    assert not config.get("run_history")
    assert not config.get("mcp_server")
    assert "fonts.googleapis.com/css" not in html
    assert "/studio/assets/studio.js?v=abc" in html
