"""Serves a studio that believes to be live: its gateway reaches a stand-in in this process and nothing else differs."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from studio.gateway.fal import Gateway
from studio.rehearsal.floor import Pace
from studio.rehearsal.server import create_standin
from studio.rehearsal.transport import RehearsalTransport
from studio.settings import read_settings
from studio.wiring import Studio, build_studio

FAL = "fal"  # the folder inside the home where the stand-in keeps its jobs


def put_standin_for_fal(studio: Studio) -> None:
    """Swap what answers the live gateway. Must come before the runner starts."""
    home, fonts = studio.settings.home, studio.assets / "fonts"
    standin = create_standin(home / FAL, bench=studio.workshop, fonts_dir=fonts, pace=Pace(places=2))
    gateways = studio.desk.runner.crew.gateways
    assert isinstance(gateways, dict)
    gateways["live"] = Gateway(studio.keys.key, RehearsalTransport(standin))


def main() -> None:
    studio = build_studio(read_settings())
    put_standin_for_fal(studio)
    with contextlib.suppress(KeyboardInterrupt):
        studio.serve()


if __name__ == "__main__":
    main()
