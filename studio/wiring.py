"""The only place that joins rooms: hands the gateways their transports, builds page and server, starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import shutil
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from studio.catalog.endpoint import price_table
from studio.catalog.kling_2_6 import PROMPT_MAX_CHARS
from studio.catalog.limits import ClipLimits
from studio.catalog.registry import ENDPOINTS, find_endpoint, video_endpoints
from studio.doctor import Doctor
from studio.gateway.fal import Gateway
from studio.gateway.hosts import Hosts
from studio.keys import KeyRing
from studio.listening import listen
from studio.media.darkroom import Darkroom
from studio.media.workshop import Workshop
from studio.rehearsal.serve import serve as serve_on_loopback
from studio.rehearsal.server import Standin, create_standin
from studio.rehearsal.speech import find_engine
from studio.rehearsal.transport import RehearsalTransport
from studio.settings import Settings, find_assets, keep_gradio_at_home, read_settings
from studio.takes.budget import Limits
from studio.takes.cards import state_json
from studio.takes.desk import Desk
from studio.takes.errors import StudioError
from studio.takes.gallery import Gallery
from studio.takes.learning import SpeakingRates
from studio.takes.recovery import open_ledger
from studio.takes.runner import Runner
from studio.takes.take import OPEN, State

log = logging.getLogger(__name__)

REHEARSAL_KEY = "rehearsal:free"  # opens nothing anywhere; the stand-in asks for a key as fal does


class Studio:
    """All rooms, joined. Nothing starts before it is used; `close` ends everything."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keys = KeyRing(settings.fal_key)
        self.doctor = Doctor(self, _speech_engine)
        self.assets = find_assets()
        _quiet_logs()

    # -- rooms ---------------------------------------------------------------------------------------------------------

    @cached_property
    def workshop(self) -> Workshop:
        return Workshop()

    @cached_property
    def darkroom(self) -> Darkroom:
        return Darkroom(self.workshop)

    @cached_property
    def standin(self) -> Standin:
        return make_standin(self.settings, self.workshop, self.assets)

    @cached_property
    def desk(self) -> Desk:
        settings = self.settings
        ledger = open_ledger(settings.home, settings.database_url)
        hosts = Hosts.named(settings.run_host, settings.queue_host or None)
        gateways = {
            "live": Gateway(self.keys.key, hosts=hosts),
            "rehearsal": Gateway(REHEARSAL_KEY, RehearsalTransport(self.standin)),
        }
        runner = Runner(ledger, gateways, self.darkroom, settings.home, at_once={"live": settings.at_once})
        limits = Limits(
            settings.budget_day_usd_micros, settings.budget_session_usd_micros, settings.budget_take_usd_micros
        )
        return Desk(ledger, runner, limits=limits, session_id=settings.session_id, key_tail=self.keys.tail)

    @cached_property
    def gallery(self) -> Gallery:
        return Gallery(self.desk)

    # -- page ----------------------------------------------------------------------------------------------------------

    @cached_property
    def demo(self) -> Any:
        """The page as Gradio Blocks, as Gradio's own hosting looks for it."""
        keep_gradio_at_home(self.settings.home)
        from studio.ui.doors import build_doors
        from studio.ui.page import build_page
        from studio.web.press import Press

        def doors() -> None:
            build_doors(ENDPOINTS, self.make_and_wait, self.quote, self.create_voice)

        return build_page(video_endpoints(), lambda *press: Press(self.desk, self.gallery)(*press), doors)

    @cached_property
    def app(self) -> FastAPI:
        """The whole server: our routes first, the page at `/`."""
        keep_gradio_at_home(self.settings.home)
        from studio.ui.page import mount_page
        from studio.web.asset_routes import Assets

        assets = Assets(self.assets)
        return mount_page(self._server(assets), self.demo, assets.version, self.boot())

    def _server(self, assets: Any) -> FastAPI:
        from studio.web import server as web
        from studio.web.desk_routes import DeskRoom
        from studio.web.draft_routes import DraftRoom
        from studio.web.input_routes import InputRoom
        from studio.web.live import Audience, live_routes
        from studio.web.script_routes import script_routes
        from studio.web.take_routes import TakeRoom

        audience = Audience()
        inputs = InputRoom(self.settings.home, self.desk.runner.crew.intake, self.darkroom)
        takes = TakeRoom(self.desk, self.gallery, self.darkroom, self.settings.home / "scratch")
        desk = DeskRoom(self.desk, self.gallery, inputs, self.keys.swap, self._on_key(audience), self.doctor.describe)
        drafts = DraftRoom(self.desk, inputs, takes, self.assets / "samples")
        routers = [
            assets.routes(),
            live_routes(audience, self._snapshot(desk), self.gallery.cards),
            script_routes(SpeakingRates(self.desk.ledger).read, PROMPT_MAX_CHARS),
            inputs.routes(),
            drafts.routes(),
            desk.routes(),
            takes.routes(),
        ]

        @asynccontextmanager
        async def lifespan() -> AsyncIterator[None]:
            stop = self.desk.runner.subscribe(audience.tell)
            await asyncio.to_thread(self.start)
            await asyncio.to_thread(inputs.sweep)
            self._look_at_prices(lambda: audience.tell(""))
            try:
                yield
            finally:
                stop()
                audience.close()
                await asyncio.to_thread(self.close)

        hosts = (*web.LOCAL_HOSTS, _in_url(self.settings.host)) if self.settings.is_local else ("*",)
        return web.build_server(routers, lifespan, self.doctor.health, hosts, self.settings.access)

    def _on_key(self, audience: Any) -> Callable[[], None]:
        def tell() -> None:
            audience.tell("")

        def on_key() -> None:
            tell()
            self._look_at_prices(tell)

        return on_key

    def _snapshot(self, desk: Any) -> Any:
        def snapshot() -> dict[str, Any]:
            shown = self.gallery.snapshot()
            shown["studio"]["ask_again_usd_micros"] = desk.ask_again_usd_micros()
            shown["studio"]["price_notes"] = desk.price_notes()
            shown["studio"]["notes"] = self.doctor.notes()
            return shown

        return snapshot

    def boot(self) -> dict[str, Any]:
        """What the page's script needs before its first message. The same at every start of one home."""
        from studio.web.draft_routes import starter_cards

        return {
            "prices": price_table(ENDPOINTS),
            "prompt_limit": PROMPT_MAX_CHARS,
            "clip_caps": dict(ClipLimits().max_duration_s_by_orientation),
            "has_key": self.keys.key() is not None,
            "home_id": _home_id(self.settings.home),
            "starters": starter_cards(),
            "speech": _speech_engine() is not None,
        }

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Pick up takes in flight and look after new ones from now on."""
        if not self.desk.runner.is_running:
            self.desk.runner.start()
            with contextlib.suppress(StudioError):  # what cannot be thrown away today is thrown away tomorrow
                self.gallery.empty_bin()

    def _look_at_prices(self, done: Callable[[], None]) -> None:
        """Read fal's price list in the background, so that a changed price is seen before anything is spent at it."""

        def look() -> None:
            with contextlib.suppress(StudioError, TimeoutError, RuntimeError):  # no answer: the last reading stands
                self.desk.check_prices(ENDPOINTS)
                done()

        if self.keys.key():
            threading.Thread(target=look, name="studio-prices", daemon=True).start()

    def close(self) -> None:
        """End in the order in which nothing is asked of a room that has gone."""
        if "desk" in vars(self):
            if self.desk.runner.is_running and "standin" in vars(self):
                with contextlib.suppress(Exception):
                    self.desk.runner.call(self.standin.aclose(), timeout_s=10)
            self.desk.runner.stop()
            self.desk.ledger.close()
        if "workshop" in vars(self):
            self.workshop.close()

    @contextmanager
    def desk_only(self) -> Iterator[Studio]:
        """For questions: the ledger is open, no runner looks after anything."""
        try:
            yield self
        finally:
            self.close()

    @contextmanager
    def working(self) -> Iterator[Studio]:
        """For work: the runner runs, and ends with the block; what is under way is picked up next time."""
        try:
            self.start()
            yield self
        finally:
            self.close()

    def serve(self, *, open_browser: bool = False) -> None:
        """Serve the page until interrupted, on the wanted port or the next free one."""
        listener = listen(self.settings.host, self.settings.port)
        address = f"http://{_in_url(self.settings.host)}:{listener.getsockname()[1]}/"
        app = self.app
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5, ws="websockets-sansio")
        print(f"Studio is open at {address}", flush=True)  # noqa: T201  # the one line that a person waits for
        if open_browser:
            threading.Timer(0.8, webbrowser.open, [address]).start()
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))

    # -- doors: what command line and API ask for ----------------------------------------------------------------------

    def quote(self, mode: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A price as JSON; amounts in micro-dollars."""
        quote = self.desk.quote(mode, values)
        endpoint = find_endpoint(mode)
        return {"mode": endpoint.mode, "endpoint": endpoint.id, "currency": "USD", **asdict(quote), "note": quote.note}

    def make_and_wait(self, mode: str, values: Mapping[str, Any], world: str, key: str) -> dict[str, Any]:
        """Make a take, wait until it no longer moves by itself, and give its state. A refusal is given as one too."""
        try:
            take = self.desk.make(mode, values, world=world, key=key)
            return state_json(self.desk.wait(take.id), self.settings.home)
        except StudioError as error:
            return {"take_id": None, "state": "not_sent", "mode": mode, "error": error.as_reason()}

    def create_voice(self, values: Mapping[str, Any], name: str, world: str, key: str) -> dict[str, Any]:
        """Make a voice and give it as JSON."""
        source = str(values.get("voice_url") or "")
        return self.desk.create_voice(source, name, key, world=world).as_json()

    def resume(self) -> list[dict[str, Any]]:
        """Look for every take whose answer was lost, and wait for everything that is on its way."""
        desk = self.desk
        waiting = [take.id for take in desk.ledger.open_takes((*OPEN, State.UNKNOWN))]
        for take_id in waiting:
            if desk.ledger.get(take_id).state is State.UNKNOWN:
                with contextlib.suppress(StudioError):  # its own runner was quicker, or fal did not answer
                    desk.act(take_id, "look")
        return [state_json(desk.wait(take_id), self.settings.home) for take_id in waiting]


def build_studio(settings: Settings | None = None) -> Studio:
    """A studio for these settings, or for the environment's."""
    return Studio(settings or read_settings())


def make_standin(settings: Settings, workshop: Workshop, assets: Path) -> Standin:
    return create_standin(
        settings.home / "standin", bench=workshop, fonts_dir=assets / "fonts", speech=find_engine(shutil.which)
    )


def serve_standin(settings: Settings, port: int) -> None:
    """The stand-in alone on loopback, for any fal client, until interrupted."""
    with Workshop() as workshop:
        standin = make_standin(settings, workshop, find_assets())
        print(f"The stand-in answers at http://127.0.0.1:{port}", flush=True)  # noqa: T201  # where to point a client
        serve_on_loopback(standin, port=port)


def _speech_engine() -> str | None:
    """What speaks lines in rehearsals on this machine, by name."""
    engine = find_engine(shutil.which)
    return engine.kind if engine else None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _home_id(home: Path) -> str:
    """Tells homes apart in a browser that has met several; says nothing of where they are."""
    path = home / "home-id"
    with contextlib.suppress(OSError):
        if path.exists():
            return path.read_text(encoding="utf-8").strip()[:32]
        home.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(6), encoding="utf-8")
        return path.read_text(encoding="utf-8")
    return "home"


def _quiet_logs() -> None:
    """httpx writes whole addresses at INFO, and those of uploads carry signatures."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
