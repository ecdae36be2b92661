"""Gradio's own client makes a take through each named door of a server on loopback; no caller can name a path."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import uvicorn
from gradio_client import Client, handle_file

from studio.listening import listen
from studio.settings import Settings
from studio.wiring import Studio
from tests.unit.web.rig import SAMPLES, hum

MOTION = {
    "image_url": handle_file(str(SAMPLES / "char.jpg")),
    "video_url": handle_file(str(SAMPLES / "dance.mp4")),
    "character_orientation": "video",
}


@dataclass
class Server:
    studio: Studio
    url: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    studio = Studio(Settings(home=tmp_path_factory.mktemp("api") / "home"))
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(studio.app, log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=2)
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.02)
        yield Server(studio, f"http://127.0.0.1:{listener.getsockname()[1]}")
        running.should_exit = True
        thread.join(30)
        assert not thread.is_alive(), "the server did not end"


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    one = Client(server.url, verbose=False, analytics_enabled=False, download_files=str(tmp_path_factory.mktemp("got")))
    yield one
    with contextlib.suppress(Exception):
        one.close()


def assert_kept(state: dict[str, Any], length_s: float) -> None:
    assert (state["state"], state["error"], state["world"]) == ("kept", None, "rehearsal"), state
    with av.open(state["file"]) as clip:
        assert clip.streams.video[0].codec_context.name == "h264"
        assert float(clip.duration or 0) / av.time_base == pytest.approx(length_s, abs=0.15)


def test_image_to_video_from_an_uploaded_picture(client: Client) -> None:
    photo = handle_file(str(SAMPLES / "pier.jpg"))
    state = client.predict(
        prompt="A pier at dusk.", start_image_url=photo, end_image_url=photo, duration="5", api_name="/image_to_video"
    )
    assert_kept(state, 5.0)
    assert state["arguments"]["duration"] == "5"
    assert state["arguments"]["generate_audio"] is True
    assert state["arguments"]["start_image_url"] == state["arguments"]["end_image_url"]


def test_text_to_video_twice_with_one_key_is_one_take(client: Client) -> None:
    asked = {"prompt": "A lamp turns in the fog.", "aspect_ratio": "1:1", "generate_audio": False, "key": "lamp"}
    first, again = (client.predict(**asked, api_name="/text_to_video") for _ in range(2))
    assert_kept(first, 5.0)
    assert again["take_id"] == first["take_id"]
    assert again["file"] == first["file"]
    other = client.predict(**{**asked, "prompt": "Another lamp."}, api_name="/text_to_video")
    assert (other["state"], other["error"]["code"]) == ("not_sent", "key_reused")


@pytest.mark.parametrize("door", ["/motion_control", "/motion_control_standard"])
def test_motion_control_from_a_picture_and_a_clip(client: Client, door: str) -> None:
    state = client.predict(**MOTION, keep_original_sound=False, api_name=door)
    with av.open(str(SAMPLES / "dance.mp4")) as clip:
        assert_kept(state, float(clip.duration or 0) / av.time_base)
    assert ("standard" in state["endpoint"]) == door.endswith("standard")


def test_quote_answers_what_the_page_and_the_command_line_do(client: Client) -> None:
    values = {"duration": "10", "generate_audio": True, "voice_ids": ["v1"]}
    assert client.predict(mode="image-to-video", values=values, api_name="/quote")["usd_micros"] == 1_680_000


def test_quote_of_an_uploaded_clip_goes_by_its_length(client: Client) -> None:
    quote = client.predict(mode="motion-control", values=MOTION, api_name="/quote")
    assert quote["usd_micros"] == pytest.approx(112_000 * quote["duration_s"], abs=112)


def test_create_voice_from_a_recording_is_made_once(client: Client, tmp_path: Path) -> None:
    recording = tmp_path / "voice.wav"
    recording.write_bytes(hum(6.0))
    first, again = (
        client.predict(voice_url=handle_file(str(recording)), name="Mara", api_name="/create_voice") for _ in range(2)
    )
    assert (first["name"], first["world"]) == ("Mara", "rehearsal")
    assert first["voice_id"].isdecimal()
    assert again["id"] == first["id"]


def test_refusal_reaches_the_caller_in_words(client: Client) -> None:
    state = client.predict(prompt="x" * 2501, api_name="/text_to_video")
    assert (state["take_id"], state["state"]) == (None, "not_sent")
    assert "2,500" in state["error"]["sentence"]
    live = client.predict(prompt="x", world="live", api_name="/text_to_video")
    assert "key" in live["error"]["sentence"]


# -- what nobody gets --------------------------------------------------------------------------------------------------


def ask(server: Server, door: str, data: list[Any]) -> str:
    """What a door says to a caller that speaks HTTP by itself."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as anybody:
        called = anybody.post(f"/gradio_api/call/{door}", json={"data": data})
        if called.status_code != 200:
            return called.text
        return anybody.get(f"/gradio_api/call/{door}/{called.json()['event_id']}").text


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A picture of the person's that nobody handed over."""
    path = tmp_path / "private.jpg"
    path.write_bytes((SAMPLES / "king.jpg").read_bytes())
    return path


@pytest.mark.parametrize("form", ["file data", "bare object", "text", "relative", "url beside"])
@pytest.mark.parametrize("door", ["image_to_video", "quote"])
def test_path_on_this_machine_is_refused_to_a_caller(server: Server, private: Path, door: str, form: str) -> None:
    given: dict[str, Any] = {
        "file data": {"path": str(private), "meta": {"_type": "gradio.FileData"}},
        "bare object": {"path": str(private)},
        "text": str(private),
        "relative": "assets/samples/king.jpg",
        "url beside": {"path": str(private), "url": "https://example.com/a.jpg", "meta": {"_type": "gradio.FileData"}},
    }
    before = kept_pictures(server)
    data = {
        "image_to_video": ["A pier.", given[form], "5", "", True, None, None, "rehearsal", ""],
        "quote": ["motion-control", {"image_url": given[form]}],
    }
    answer = ask(server, door, data[door])
    assert "event: error" in answer or '"not_sent"' in answer
    assert '"state": "kept"' not in answer
    assert kept_pictures(server) == before


def test_system_file_is_refused_to_a_caller(server: Server) -> None:
    """A mounted page without Gradio's guard reads any path that a request names."""
    given = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    answer = ask(server, "image_to_video", ["A pier.", given, "5", "", True, None, None, "rehearsal", ""])
    assert "event: error" in answer
    assert "root:" not in answer


def kept_pictures(server: Server) -> set[str]:
    return {path.name for path in (server.studio.settings.home / "inputs").glob("*/*.jpg")}


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "//etc/passwd", "pyproject.toml", "../pyproject.toml", "/proc/self/environ"]
)
def test_gradio_serves_no_file_of_this_machine(server: Server, name: str) -> None:
    answer = httpx.get(f"{server.url}/gradio_api/file={name}", trust_env=False)
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text
    assert "kling-studio" not in answer.text


def test_passwd_is_forbidden(server: Server) -> None:
    assert httpx.get(f"{server.url}/gradio_api/file=/etc/passwd", trust_env=False).status_code == 403


def test_home_of_the_studio_is_not_served(server: Server) -> None:
    ledger = server.studio.settings.home / "ledger.sqlite3"
    assert ledger.is_file()
    assert httpx.get(f"{server.url}/gradio_api/file={ledger}", trust_env=False).status_code == 403


def test_api_page_names_the_doors_and_no_event_of_the_page(server: Server) -> None:
    info = httpx.get(f"{server.url}/gradio_api/info", trust_env=False).json()
    assert set(info["named_endpoints"]) == {
        "/image_to_video",
        "/text_to_video",
        "/motion_control",
        "/motion_control_standard",
        "/create_voice",
        "/quote",
    }
    names = [param["parameter_name"] for param in info["named_endpoints"]["/image_to_video"]["parameters"]]
    assert names[:2] == ["prompt", "start_image_url"]
    assert json.dumps(info).count("/etc/") == 0
