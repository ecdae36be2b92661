"""The joined studio: starts nothing early, keeps its key to itself, finds a port, and ends without hanging."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.keys import KeyRing
from studio.listening import PORTS_TRIED, listen
from studio.rehearsal.floor import Pace
from studio.rehearsal.server import create_standin
from studio.settings import Settings
from studio.takes.take import OPEN
from studio.wiring import Studio, _home_id

SECRET = "0a1b2c3d-id:0123456789abcdef-secret-tail"
TEXT = {"prompt": "A lamp turns in the fog.", "duration": "5", "generate_audio": False}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    one = Studio(Settings(home=tmp_path / "home"))
    yield one
    one.close()


async def never(spec: dict[str, Any]) -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


# -- key ---------------------------------------------------------------------------------------------------------------


def test_key_ring_never_shows_its_key() -> None:
    ring = KeyRing(SECRET)
    assert SECRET not in f"{ring} {ring!r} {ring!s}"
    assert ring.key() == SECRET
    assert ring.tail() == "tail"


def test_empty_ring_has_no_key_and_a_short_key_no_tail() -> None:
    ring = KeyRing("")
    assert (ring.key(), ring.tail(), repr(ring)) == (None, None, "<KeyRing empty>")
    assert ring.swap("a:short") == ""
    assert (ring.key(), ring.tail(), repr(ring)) == ("a:short", "", "<KeyRing set>")


def test_key_is_in_no_answer_of_the_studio(tmp_path: Path) -> None:
    studio = Studio(Settings(home=tmp_path / "home", fal_key=SECRET))
    try:
        shown = repr(studio.settings) + repr(studio.keys) + str(studio.doctor.describe()) + str(studio.boot())
    finally:
        studio.close()
    assert SECRET not in shown
    assert "0123456789abcdef" not in shown


# -- life --------------------------------------------------------------------------------------------------------------


def test_nothing_is_started_or_written_before_it_is_used(tmp_path: Path) -> None:
    studio = Studio(Settings(home=tmp_path / "home"))
    assert set(vars(studio)) == {"settings", "keys", "doctor", "assets"}
    assert not (tmp_path / "home").exists()
    studio.close()
    assert not (tmp_path / "home").exists()


def test_health_follows_the_runner(studio: Studio) -> None:
    is_ok, sentence = studio.doctor.health()
    assert not is_ok
    assert sentence.endswith("Start the studio again.")
    studio.start()
    assert studio.doctor.health() == (True, "Takes are looked after.")
    studio.desk.runner.stop()
    assert not studio.doctor.health()[0]


def test_healthz_is_503_until_the_runner_runs(studio: Studio) -> None:
    client = TestClient(studio.app, base_url="http://127.0.0.1")
    assert client.get("/healthz").status_code == 503
    with client:
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert not studio.desk.runner.is_running


def test_closing_ends_a_take_under_way_without_waiting_for_it(tmp_path: Path) -> None:
    studio = Studio(Settings(home=tmp_path / "home"))
    studio.standin = create_standin(tmp_path / "home" / "standin", render=never, pace=Pace())
    studio.start()
    take = studio.desk.make("text-to-video", TEXT, world="rehearsal")
    studio.close()  # its drawing never ends, so coming back from here is not having waited for it
    with Studio(Settings(home=tmp_path / "home")).desk_only() as again:
        assert [one.id for one in again.desk.ledger.open_takes(OPEN)] == [take.id]


def test_closing_twice_and_closing_what_never_started_is_harmless(studio: Studio) -> None:
    assert studio.desk.ledger.revision() >= 0
    studio.close()
    studio.close()


def test_two_studios_share_one_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    one, two = Studio(Settings(home=home)), Studio(Settings(home=home))
    one.standin = two.standin = create_standin(home / "standin", render=never)
    with one.working(), two.working():
        take = one.desk.make("text-to-video", TEXT, world="rehearsal", key="same")
        assert two.desk.make("text-to-video", TEXT, world="rehearsal", key="same").id == take.id
        assert [seen.id for seen in two.desk.ledger.open_takes(OPEN)] == [take.id]


def test_home_is_known_again_by_a_name_that_tells_no_path(tmp_path: Path) -> None:
    first, again = _home_id(tmp_path / "home"), _home_id(tmp_path / "home")
    assert first == again
    assert len(first) == 12
    assert first != _home_id(tmp_path / "other")


def test_boot_is_the_same_at_every_start_of_one_home(tmp_path: Path) -> None:
    boots = []
    for _ in range(2):
        with Studio(Settings(home=tmp_path / "home")).desk_only() as studio:
            boots.append(studio.boot())
    assert boots[0] == boots[1]


# -- port --------------------------------------------------------------------------------------------------------------


def test_wanted_port_is_taken_where_it_is_free() -> None:
    with listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    with listen("127.0.0.1", port) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


def test_next_free_port_is_taken_where_the_wanted_one_is_in_use() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second, listen("127.0.0.1", port) as third:
            ports = [one.getsockname()[1] for one in (second, third)]
    assert port < ports[0] < ports[1] < port + PORTS_TRIED


def test_host_that_cannot_be_bound_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="STUDIO_PORT"):
        listen("192.0.2.1", 7860)


def test_ipv6_loopback_is_listened_to_where_there_is_one() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            with pytest.raises(ValueError, match="No free port"):
                listen("::1", 7860)
            return
    with listen("::1", 0) as listener:
        assert listener.family is socket.AF_INET6


# -- doors -------------------------------------------------------------------------------------------------------------


def test_quote_is_json_with_what_the_price_rests_on(studio: Studio) -> None:
    quote = studio.quote("text-to-video", {"duration": "10"})
    assert (quote["usd_micros"], quote["currency"], quote["mode"]) == (1_400_000, "USD", "text-to-video")
    assert quote["source"]
    assert quote["endpoint"].startswith("fal-ai/")


def test_refusal_of_a_take_is_given_as_a_state(studio: Studio) -> None:
    state = studio.make_and_wait("text-to-video", TEXT, "live", "")
    assert (state["take_id"], state["state"], state["error"]["charged"]) == (None, "not_sent", "no")


def test_checks_say_what_is_wrong_with_a_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    studio = Studio(Settings(home=tmp_path / "file" / "home"))
    try:
        checks = {check["what"]: check for check in studio.doctor.checks()}
    finally:
        studio.close()
    assert not checks["Folder"]["is_ok"]
    assert not checks["Ledger"]["is_ok"]
    assert checks["Pictures and clips"]["is_ok"]
    assert all(check["sentence"] for check in checks.values())
