"""Prints what the studio adds to a take, beside fal's own client on the same stand-in, and what 100 in flight cost.

Run: python tests/bench/bench_take.py [rounds]
Both sides make the same clip on the same stand-in in turn (a process of its own, on loopback), so a busy machine slows
both alike; figures are medians and their ratios. Needs no network and no key.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fal_client
import fal_client.client
import httpx
import uvicorn
from starlette.types import Message, Receive, Scope, Send

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench_strip

from studio.gateway.fal import Gateway
from studio.gateway.hosts import Hosts
from studio.media.darkroom import Darkroom
from studio.media.workshop import Workshop
from studio.rehearsal.floor import Pace
from studio.rehearsal.serve import Loopback
from studio.rehearsal.server import create_standin
from studio.takes.crew import Tempo
from studio.takes.take import IN_FLIGHT, State
from tests.protocol.proving import KEY, MODE, Rooms, open_rooms, until

ENDPOINT = "fal-ai/kling-video/v2.6/pro/text-to-video"
ROUNDS = 7
RUNNING_S = 2.0
FLYING, FLIGHT_S, WINDOW_S = 100, 600.0, 15.0


# -- the stand-in, in a process of its own ----------------------------------------------------------------------------


class Recorder:
    """Notes when a POST came, when COMPLETED was first said of a request, and how many calls there were."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.seen: dict[str, Any] = {"posts": [], "completed": {}, "calls": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/_seen":
            body = json.dumps(self.seen).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})
            return
        path = scope.get("path", "")
        self.seen["calls"] += 1
        if scope.get("method") == "POST" and path == f"/{ENDPOINT}":
            self.seen["posts"].append(time.time())

        async def listen(message: Message) -> None:
            if path.endswith("/status") and b'"COMPLETED"' in message.get("body", b""):
                self.seen["completed"].setdefault(path.split("/")[-2], time.time())
            await send(message)

        await self._app(scope, receive, listen)


def serve(folder: Path, clip: Path, running_s: float, port: Any) -> None:
    async def render(spec: dict[str, Any]) -> dict[str, Any]:
        data = await asyncio.to_thread(clip.read_bytes)
        await asyncio.to_thread(Path(spec["output_path"]).write_bytes, data)
        return {"path": spec["output_path"], "duration_s": 5.0}

    standin = create_standin(folder, render=render, pace=Pace(0.0, running_s, places=200))
    listener = socket.create_server(("127.0.0.1", 0))
    port.send(listener.getsockname()[1])
    config = uvicorn.Config(Recorder(Loopback(standin)), log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


class Fal:
    """The stand-in's process, with what it saw."""

    def __init__(self, folder: Path, clip: Path, running_s: float) -> None:
        spawn = multiprocessing.get_context("spawn")
        here, there = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(folder, clip, running_s, there), daemon=True)
        self._process.start()
        self.base = f"http://127.0.0.1:{here.recv()}"

    def seen(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.base}/_seen", trust_env=False).json()
        return answer

    def __enter__(self) -> Fal:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


# -- one take, two ways -----------------------------------------------------------------------------------------------


def arguments(number: int) -> dict[str, Any]:
    return {"prompt": f"A lamp turns in the fog, {number}.", "duration": "5"}


def bare_take(fal: Fal, number: int, folder: Path) -> tuple[float, float]:
    """fal's own client and a plain download: seconds from the call to its POST, and from COMPLETED to the file."""
    client = fal_client.SyncClient(key=KEY)
    ids: list[str] = []
    began = time.time()
    result = client.subscribe(ENDPOINT, arguments(number), on_enqueue=ids.append)
    with httpx.stream("GET", result["video"]["url"], trust_env=False) as answer, (folder / "bare.mp4").open("wb") as to:
        for piece in answer.iter_bytes():
            to.write(piece)
    ended = time.time()
    seen = fal.seen()
    return seen["posts"][-1] - began, ended - seen["completed"][ids[0]]


class Steps:
    """When each durable step was on disk."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def __call__(self, step: str, is_done: bool) -> None:
        if is_done:
            self.at[step] = time.time()


def studio_take(fal: Fal, number: int, rooms: Rooms, steps: Steps) -> tuple[float, float, float]:
    """The same through the desk: click to POST, COMPLETED to a checked file, COMPLETED to kept with all beside it."""
    began = time.time()
    take = rooms.desk.make(MODE, arguments(number), key=f"bench-{number}")
    kept = rooms.desk.wait(take.id, 60)
    assert kept.state is State.KEPT, kept.reason
    seen = fal.seen()
    done = seen["completed"][kept.request_id]
    return seen["posts"][-1] - began, steps.at["file"] - done, steps.at["kept"] - done


def point_at(base: str) -> None:
    """fal_client at the stand-in: its hosts are module constants."""
    for name in ("QUEUE_URL_FORMAT", "RUN_URL_FORMAT"):
        setattr(fal_client.client, name, f"{base}/")
    fal_client.client.REST_URL = fal_client.client.CDN_URL = base


def bench_overhead(scratch: Path, clip: Path, rounds: int) -> None:
    steps = Steps()
    with Fal(scratch / "fal", clip, RUNNING_S) as fal, Workshop() as workshop:
        point_at(fal.base)
        gateway = Gateway(KEY, hosts=Hosts.all_at(fal.base))
        rooms = open_rooms(scratch / "home", gateway, Darkroom(workshop), tempo=Tempo(), observer=steps)
        bare, ours = [], []
        for number in range(rounds + 1):  # the first is for warming up
            bare.append(bare_take(fal, 2 * number, scratch))
            ours.append(studio_take(fal, 2 * number + 1, rooms, steps))
        rooms.close()
    posts = statistics.median(row[0] for row in bare[1:]), statistics.median(row[0] for row in ours[1:])
    files = statistics.median(row[1] for row in bare[1:]), statistics.median(row[1] for row in ours[1:])
    kept = files[0], statistics.median(row[2] for row in ours[1:])
    print(f"\nOne take, {clip.stat().st_size / 1e6:.1f} MB, medians of {rounds}       fal_client     studio   ratio")
    for name, (theirs, own) in (
        ("click to POST", posts),
        ("COMPLETED to a checked file", files),
        ("COMPLETED to kept (strip, silent cut, …)", kept),
    ):
        print(f"  {name:<42}{theirs * 1000:>8.0f} ms{own * 1000:>8.0f} ms{own / theirs:>8.1f}")


# -- a hundred in flight ----------------------------------------------------------------------------------------------


def memory_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(fal: Fal, window_s: float) -> tuple[float, float, int]:
    """Share of one processor, requests a second, and resident bytes of this process over a window."""
    cpu, calls, began = time.process_time(), fal.seen()["calls"], time.monotonic()
    time.sleep(window_s)
    took = time.monotonic() - began
    return (time.process_time() - cpu) / took, (fal.seen()["calls"] - calls) / took, memory_bytes()


def bench_flight(scratch: Path, clip: Path) -> None:
    with Fal(scratch / "fal2", clip, FLIGHT_S) as fal, Workshop() as workshop:
        gateway = Gateway(KEY, hosts=Hosts.all_at(fal.base))
        rooms = open_rooms(scratch / "home2", gateway, Darkroom(workshop), tempo=Tempo(), at_once=FLYING)
        idle = measure(fal, 5)
        began = time.monotonic()
        taken = [rooms.desk.make(MODE, arguments(number), key=f"fly-{number}").id for number in range(FLYING)]
        pressed_s = time.monotonic() - began
        assert until(lambda: len(fal.seen()["posts"]) == FLYING, 120)
        sent_s = time.monotonic() - began
        time.sleep(6)  # past the quicker looks at the start
        flying = measure(fal, WINDOW_S)
        assert all(rooms.desk.ledger.get(one).state in IN_FLIGHT for one in taken)
        rooms.close()
    print(f"\n{FLYING} takes in flight (all pressed after {pressed_s:.1f} s, all at fal after {sent_s:.1f} s)")
    print(f"  {'':<24}{'idle':>10}{'in flight':>12}")
    rows: tuple[tuple[str, Callable[[tuple[float, float, int]], str]], ...] = (
        ("memory", lambda one: f"{one[2] / 1e6:.0f} MB"),
        ("of one processor", lambda one: f"{one[0] * 100:.0f} %"),
        ("requests a second", lambda one: f"{one[1]:.1f}"),
    )
    for name, show in rows:
        print(f"  {name:<24}{show(idle):>10}{show(flying):>12}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory(prefix="bench-take-", ignore_cleanup_errors=True) as folder:
        scratch, clip = Path(folder), Path(folder) / "clip.mp4"
        bench_strip.make_clip(clip)
        bench_overhead(scratch, clip, rounds)
        bench_flight(scratch, clip)


if __name__ == "__main__":
    main()
