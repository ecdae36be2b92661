"""No request leaves the machine: every look-up and connection of a studio's processes is written down and looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest

from tests.protocol.live_rig import ROOT

LIMIT_S = 60
# Python runs a module of this name at the start of every process, the workers' included. An audit hook sees each call
# of the interpreter's own socket module, whoever makes it, and cannot be taken away again.
WITNESS = """
import json, os, sys

def witness(event, arguments, to=os.environ["SOCKET_RECORD"]):
    if event not in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        return
    given = arguments[1:] if event in ("socket.connect", "socket.sendto") else arguments
    with open(to, "a", encoding="utf-8") as record:
        record.write(json.dumps([event, [str(part) for part in given], sys.argv[:2]]) + "\\n")

sys.addaudithook(witness)
"""


@pytest.fixture
def record(tmp_path: Path) -> Path:
    (tmp_path / "witness").mkdir()
    (tmp_path / "witness" / "sitecustomize.py").write_text(WITNESS, encoding="utf-8")
    return tmp_path / "record.jsonl"


@pytest.fixture
def environment(tmp_path: Path, record: Path) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
    return {
        **passed_on,
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "witness"), str(ROOT)]),
        "SOCKET_RECORD": str(record),
        "STUDIO_HOME": str(tmp_path / "home"),
        "STUDIO_PORT": "0",
    }


@pytest.fixture
def address(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Where the studio says that it is open."""
    process = subprocess.Popen(
        [sys.executable, "-m", "studio", "open", "--no-browser"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, line
        yield line.split()[-1].rstrip("/")
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def strangers(record: Path) -> list[str]:
    """What was looked up or called beyond this machine."""
    if not record.exists():
        return []
    rows = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    return [f"{event} {given} by {who}" for event, given, who in rows if not is_here(given[0] if given else "")]


def is_here(place: str) -> bool:
    """True for loopback, no host at all, and the file system's own sockets."""
    host = place.strip("()").split(",")[0].strip("'\"b")
    if host in ("", "None", "localhost") or host.startswith(("/", "\\x00")):
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


def test_page_and_a_rehearsal_ask_nobody_outside(
    address: str, record: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as browser:
        for path in ("/", "/config", "/gradio_api/info", "/studio/assets/studio.js", "/studio/state", "/theme.css"):
            assert browser.get(path).status_code == 200, path
        data = ["A lamp turns in the fog.", "5", "16:9", "blur", 0.5, False, "rehearsal", ""]
        called = browser.post("/gradio_api/call/text_to_video", json={"data": data}).json()
        answer = browser.get(f"/gradio_api/call/text_to_video/{called['event_id']}").text
    assert '"state": "kept"' in answer, answer
    assert strangers(record) == []


def test_command_line_rehearsal_asks_nobody_outside(record: Path, environment: dict[str, str], tmp_path: Path) -> None:
    photo = str(ROOT / "assets" / "samples" / "pier.jpg")
    verb = ["rehearse", "image-to-video", "--prompt", 'She says "go".', "--start-image-url", photo, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "studio", *verb],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "kept"
    assert strangers(record) == []


def test_witness_sees_a_process_that_asks_outside(record: Path, environment: dict[str, str], tmp_path: Path) -> None:
    script = (
        "import socket\n"
        "one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "one.connect(('192.0.2.1', 9))\n"
        "one.close()\n"
        "two = socket.socket()\n"
        "two.setblocking(False)\n"
        "two.connect_ex(('127.0.0.1', 9))\n"
    )
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, check=False, timeout=LIMIT_S)
    (seen,) = strangers(record)
    assert "192.0.2.1" in seen
