"""A studio in a process of its own, as people run it: started, stopped, killed and started again on the same home."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LIVE = Path(__file__).with_name("live_studio.py")
OPENING_S = 60.0
STOPPING_S = 20.0
PRETEND_KEY = "0f3c9d2e-pretend:7a1b-opens-nothing-anywhere"
_ADDRESS = re.compile(r"Studio is open at (http://\S+?)/\s")


@dataclass
class StudioProcess:
    """One studio on one home. `command` is what starts it; `settings` are variables of the environment."""

    home: Path
    command: Sequence[str] = (sys.executable, "-m", "studio", "open", "--no-browser")
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home.with_name(f"{self.home.name}.log")

    def start(self) -> StudioProcess:
        """Returns when the studio says that it is well. The second start takes the first one's port."""
        port = self.url.rpartition(":")[2] or "0"
        here = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, cwd=ROOT, env=self._environment(port), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until = time.monotonic() + OPENING_S
        while not self._is_open(here):
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"the studio did not open:\n{self.log.read_text(encoding='utf-8')[here:]}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """As Ctrl+C does; what does not end is killed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOPPING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """The power goes: nothing is tidied up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def media(self, take: str, name: str) -> bytes:
        """A file of a take, as the page fetches it."""
        with urllib.request.urlopen(f"{self.url}/studio/takes/{take}/{name}", timeout=10) as answer:
            return bytes(answer.read())

    def run(self, *arguments: str) -> dict[str, Any]:
        """A verb of the command line on the same home, while the studio is open. Gives the object that it prints."""
        command = [sys.executable, "-m", "studio", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment("0"), capture_output=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed

    def takes(self) -> list[dict[str, Any]]:
        """Every take's card, newest first."""
        cards: list[dict[str, Any]] = self.get("/studio/state")["takes"]
        return cards

    def paid_jobs(self) -> list[dict[str, Any]]:
        """What the stand-in of a live studio accepted, that is, what fal would have billed."""
        paths = sorted((self.home / "fal" / "jobs").glob("*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    def _environment(self, port: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "FAL_"))}
        return {**kept, "STUDIO_HOME": str(self.home), "STUDIO_PORT": port, **self.settings}

    def _is_open(self, here: int) -> bool:
        found = _ADDRESS.search(self.log.read_text(encoding="utf-8")[here:])
        if not found:
            return False
        self.url = found[1]
        try:
            return bool(self.get("/healthz")["status"] == "ok")
        except (OSError, urllib.error.URLError):
            return False


def live_studio(home: Path, **settings: str) -> StudioProcess:
    """A studio with a pretend key, for which a stand-in in its own process plays fal."""
    return StudioProcess(home, (sys.executable, str(LIVE)), {"FAL_KEY": PRETEND_KEY, **settings})
