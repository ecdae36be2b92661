"""A real studio, a real Chromium, and a page that may neither complain nor reach beyond this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from studio.script.starters import find_starter
from tests.__main__ import find_chromium
from tests.browser import steps
from tests.browser.materials import PIER
from tests.browser.studios import StudioProcess, live_studio

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
DESKTOP = (1440, 900)
OWN_SCHEMES = ("data", "blob", "about")
expect.set_options(timeout=10_000)

OpenPage = Callable[..., Page]
_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> Path:
    found = find_chromium()
    assert found, "There is no Chromium here. `python -m tests` installs one, or set STUDIO_TEST_CHROMIUM to its path."
    return found


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """A studio without a key, shared by all tests that leave nothing behind but takes."""
    process = StudioProcess(tmp_path_factory.mktemp("studio") / "home").start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """A studio with a key, whose fal is a stand-in."""
    process = live_studio(tmp_path_factory.mktemp("live") / "home").start()
    yield process
    process.stop()


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """A studio on an empty home, which a test may stop and start. Ask for it before `visit`: pages close first."""
    process = StudioProcess(tmp_path_factory.mktemp("fresh") / "home").start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def pier(studio: StudioProcess) -> str:
    """A kept rehearsal with two lines of dialogue, made on the command line beside the open studio. Gives its id."""
    starter = find_starter("two-on-a-pier")
    assert starter
    options = ("--prompt", starter.prompt, "--start-image-url", str(PIER), "--duration", "5", "--json")
    return str(studio.run("rehearse", starter.mode, *options)["take_id"])


# Of a module and not of the session: while Playwright is open, no other test of this process can run an event loop.
@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@dataclass
class Watch:
    """Everything that a page should not do. `allow` names what a test brings about on purpose."""

    home: str
    seen: list[str] = field(default_factory=list)
    allowed: list[re.Pattern[str]] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        self.allowed.append(re.compile(pattern))

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.seen.append(f"error: {error.error}"))
        context.on("request", lambda request: self._on_request(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._on_request(socket.url)))

    def complaints(self) -> list[str]:
        return [words for words in self.seen if not any(pattern.search(words) for pattern in self.allowed)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in OWN_SCHEMES and parts.netloc != urlsplit(self.home).netloc:
            self.seen.append(f"request to another host: {url[:200]}")


@dataclass
class Visitor:
    """One browser profile at one studio. Pages of one visitor share their storage, as tabs do."""

    context: BrowserContext
    watch: Watch

    def open(self, path: str = "/") -> Page:
        page = self.context.new_page()
        page.goto(path)
        steps.wait_until_ready(page)
        return page


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visit]:
    """Opens fresh profiles; at the end each must have been quiet, and a failed test leaves its pictures."""
    visitors: list[Visitor] = []

    def visit(studio: StudioProcess, theme: str = "dark", size: tuple[int, int] = DESKTOP, **options: Any) -> Visitor:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(base_url=studio.url, viewport=viewport, **options)  # type: ignore[arg-type]
        context.add_init_script(f"try {{ localStorage['studio.theme'] ??= '{theme}' }} catch {{}}")
        watch = Watch(studio.url)
        watch.follow(context)
        visitors.append(Visitor(context, watch))
        return visitors[-1]

    with ExitStack() as leaving:
        for_closing = visitors
        leaving.callback(lambda: [visitor.context.close() for visitor in for_closing])
        yield visit
        if request.node.stash.get(_FAILED, True):
            shoot(visitors, tmp_path)
    complaints = [words for visitor in visitors for words in visitor.watch.complaints()]
    assert not complaints, "The page was not quiet:\n" + "\n".join(complaints)


def shoot(visitors: list[Visitor], folder: Path) -> None:
    """A picture of every page that is still open, and where it lies."""
    pages = [page for visitor in visitors for page in visitor.context.pages]
    for number, page in enumerate(pages):
        path = folder / f"page-{number}.png"
        page.screenshot(path=path)
        print(f"Screenshot: {path} of {page.url}")


@pytest.fixture
def visitor(visit: Visit, studio: StudioProcess) -> Visitor:
    return visit(studio)


@pytest.fixture
def watch(visitor: Visitor) -> Watch:
    return visitor.watch


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """The studio's page, ready, in a profile of its own."""
    return visitor.open()
