"""Prints what the studio's page costs beside an empty Gradio page: its cold start, and the price of a changed length.

Run: python tests/bench/bench_page.py [rounds]
Both sides start and click in turn in one run, so a busy machine slows both alike; figures are medians and their ratios.
Cold start is from the process's start to HTTP 200 of `/`, with nothing of Gradio's telemetry on either side. The price
is from the click on a length to the new sum in the cost bar, in Chromium, beside a js-only Gradio event that sets one
button's text. Needs no network and no key. Prints, never asserts.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.__main__ import find_chromium

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
CLICKS = 40
PATIENCE_S = 60.0
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STUDIO = (sys.executable, "-m", "studio", "open", "--no-browser", "--port")
# An empty page mounted as ours is; `EVENT` adds the smallest thing that a price in the browser could be.
EMPTY = """
import sys
import gradio as gr, uvicorn
from fastapi import FastAPI
with gr.Blocks(analytics_enabled=False) as demo:
    EVENT
server = gr.mount_gradio_app(
    FastAPI(), demo, path="/", footer_links=[], run_history=False, ssr_mode=False, pwa=False, mcp_server=False,
)
uvicorn.run(server, port=int(sys.argv[1]), log_level="error")
"""
EVENT = (
    "length = gr.Radio(['5', '10'], value='5', label='Length', elem_id='length')\n"
    "    button = gr.Button('Generate', elem_id='button')\n"
    "    length.change(None, length, button, js='(s) => `Generate ${s}`', show_progress='hidden')"
)
# From the click on the radio that is not chosen to the first change of the watched text, in milliseconds.
CLICK = """([field, watched]) => new Promise((resolve, reject) => {
    const place = document.querySelector(watched), before = place.innerText;
    const other = [...document.querySelectorAll(`${field} input[type=radio]`)].find((radio) => !radio.checked);
    const late = setTimeout(() => reject(new Error("the text did not change")), 5000);
    const eye = new MutationObserver(() => {
        if (place.innerText === before) return;
        eye.disconnect(); clearTimeout(late); resolve(performance.now() - start);
    });
    eye.observe(place.parentElement, {childList: true, characterData: true, subtree: true});
    const start = performance.now();
    other.click();
})"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def started(command: tuple[str, ...], folder: Path) -> Iterator[tuple[str, float]]:
    """A server in a process of its own: its address, and the seconds until it gave its page."""
    passed_on = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
    environment = passed_on | {
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "STUDIO_HOME": str(folder / "home"),
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(port)], env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield address, seconds_until_open(process, address, began)
    finally:
        process.terminate()
        process.wait()


def seconds_until_open(process: subprocess.Popen[bytes], address: str, began: float) -> float:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.perf_counter() - began < PATIENCE_S and process.poll() is None:
        try:
            with opener.open(address, timeout=PATIENCE_S) as answer:
                answer.read()
            return time.perf_counter() - began
        except urllib.error.URLError:
            time.sleep(0.01)
    raise SystemExit(f"{address} did not open")


def empty(event: str = "pass") -> tuple[str, ...]:
    return (sys.executable, "-c", EMPTY.replace("EVENT", event, 1))


def bench_start(rounds: int) -> None:
    """Each round on an empty home, so that the ledger is made too."""
    ours, theirs = [], []
    for _ in range(rounds):
        for seconds, command in ((theirs, empty()), (ours, STUDIO)):
            with tempfile.TemporaryDirectory() as folder, started(command, Path(folder)) as (_, took_s):
                seconds.append(took_s)
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    print(
        f"cold start    studio {statistics.median(ours):5.2f} s   empty Gradio {statistics.median(theirs):5.2f} s   "
        f"ratio {ratio:.2f}"
    )


def click(page: Page, field: str, watched: str) -> float:
    took_ms: float = page.evaluate(CLICK, [field, watched])
    page.wait_for_timeout(60)  # until the page is quiet again
    return took_ms


def bench_price(clicks: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        started(STUDIO, Path(folder)) as (ours_at, _),
        started(empty(EVENT), Path(folder)) as (theirs_at, _),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=FLAGS)
        sides = []
        for address, field, watched in (
            (theirs_at, "#length", "#button"),
            (ours_at, "#image-to-video--duration", "#image-to-video--sum"),
        ):
            page = browser.new_page()
            page.goto(address)
            page.locator(f"{field} input").first.wait_for(state="attached")
            page.locator(watched).wait_for()
            page.wait_for_timeout(1500)
            sides.append((page, field, watched, []))
        for number in range(clicks + 3):
            for page, field, watched, took_ms in sides:
                spent = click(page, field, watched)
                if number >= 3:  # the first ones warm up
                    took_ms.append(spent)
        browser.close()
    (*_, theirs), (*_, ours) = sides
    print(
        f"price update  studio {statistics.median(ours):5.1f} ms  js-only event {statistics.median(theirs):5.1f} ms   "
        f"ratio {statistics.median(ours) / statistics.median(theirs):.2f}   "
        f"(95th percentile {percentile(ours):.1f} ms and {percentile(theirs):.1f} ms)"
    )


def percentile(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(f"page: {rounds} starts of each, {CLICKS} clicks of each, in turn")
    bench_start(rounds)
    bench_price(CLICKS)


if __name__ == "__main__":
    main()
