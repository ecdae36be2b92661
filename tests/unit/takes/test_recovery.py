"""A damaged or lost ledger comes back from the damaged file, the recipes and the slips; kills lose nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from studio.takes.durable import Durable
from studio.takes.errors import StorageTrouble
from studio.takes.ledger import Ledger
from studio.takes.recipes import recipe_of, take_of
from studio.takes.recovery import open_ledger
from studio.takes.take import Charge, State, Take
from tests.unit.takes.pretend_fal import FakeGateway, Job
from tests.unit.takes.rig import OpenStudio, a_take, until


def damage(home: Path) -> None:
    for ending in ("-wal", "-shm"):
        (home / f"ledger.sqlite3{ending}").unlink(missing_ok=True)
    (home / "ledger.sqlite3").write_bytes(b"this is no database at all" * 400)


def test_a_recipe_reads_back_as_the_same_take(tmp_path: Path) -> None:
    take = a_take(
        1, number=14, state=State.KEPT, charge=Charge.BILLED, billed_usd_micros=700_000, billable_units=5.0,
        request_id="r1", file="takes/x/x.mp4", facts={"lines": [{"text": "hi"}]}, script={"scene": "Dusk"},
        payload={"prompt": "x"}, reason={"code": "too_late"}, notes=[{"busy": True}], starred=True,
    )  # fmt: skip
    text = json.dumps(recipe_of(take, tmp_path))
    back = take_of(json.loads(text))
    assert back is not None
    assert {n: v for n, v in vars(back).items() if n != "search_text"} == {
        n: v for n, v in vars(take).items() if n != "search_text"
    }


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"studio_recipe": 1}', '{"studio_recipe": 1, "take": {"id": 3}}', '{"take": []}']
)
def test_what_is_no_recipe_is_no_take(text: str) -> None:
    data = json.loads(text)
    assert take_of(data if isinstance(data, dict) else {}) is None


def test_a_damaged_ledger_is_set_aside_and_rebuilt(open_studio: OpenStudio) -> None:
    studio = open_studio()
    studio.fal.units = 5.0
    kept = [studio.kept(studio.make()), studio.kept(studio.make(world="rehearsal"))]
    studio.fal.looks = ["queued"]
    flying = studio.make()
    flying = studio.until(flying.id, State.QUEUED)
    until(lambda: (studio.home / "slips" / f"{flying.id}.json").exists(), bool)
    studio.runner.stop()
    studio.ledger.close()
    damage(studio.home)
    with pytest.raises(StorageTrouble, match="set aside and rebuilt"):
        Ledger("", studio.home)
    ledger = open_ledger(studio.home)
    for take in kept:
        back = ledger.get(take.id)
        assert (back.state, back.number, back.billed_usd_micros, back.file) == (
            State.KEPT, take.number, take.billed_usd_micros, take.file,
        )  # fmt: skip
    assert ledger.get(flying.id).request_id == flying.request_id
    assert ledger.get(flying.id).charge is Charge.HELD
    assert len(list(studio.home.glob("ledger.damaged-*.sqlite3"))) == 1
    studio.fal.jobs[str(flying.request_id)].looks = ["done"]
    second = open_studio(studio.home, ledger=ledger, fal=studio.fal)
    second.kept(flying)
    assert second.make(world="rehearsal").number == 2
    assert len(studio.fal.posts) == 2


def test_a_deleted_ledger_is_rebuilt_too(open_studio: OpenStudio) -> None:
    studio = open_studio()
    kept = studio.kept(studio.make())
    studio.runner.stop()
    studio.ledger.close()
    for path in studio.home.glob("ledger.sqlite3*"):
        path.unlink()
    ledger = open_ledger(studio.home)
    assert ledger.find("1").id == kept.id
    ledger.close()


def test_an_emptied_ledger_is_no_good_ledger(open_studio: OpenStudio) -> None:
    """0 bytes open like a new database; yet a paid take is out, and its key must not pay for it again."""
    studio = open_studio()
    studio.fal.looks = ["queued"]
    kept_key = studio.make(key="scene-4")
    studio.until(kept_key.id, State.QUEUED)
    until(lambda: list((studio.home / "slips").glob("*.json")), bool)
    studio.runner.stop()
    studio.ledger.close()
    for path in studio.home.glob("ledger.sqlite3-*"):
        path.unlink()
    (studio.home / "ledger.sqlite3").write_bytes(b"")
    ledger = open_ledger(studio.home)
    assert ledger.get(kept_key.id).request_id
    studio.fal.jobs[str(ledger.get(kept_key.id).request_id)].looks = ["done"]
    second = open_studio(studio.home, ledger=ledger, fal=studio.fal)
    assert second.kept(second.make(key="scene-4")).id == kept_key.id
    assert len(studio.fal.posts) == 1


class Cut(BaseException):
    """The power goes."""


def test_a_rebuild_that_is_cut_short_is_begun_again(open_studio: OpenStudio) -> None:
    studio = open_studio()
    kept = [studio.kept(studio.make(values={"prompt": f"Scene {n}."})) for n in range(3)]
    studio.runner.stop()
    studio.ledger.close()
    damage(studio.home)
    rebuilt = 0

    def observe(step: str, is_done: bool) -> None:
        nonlocal rebuilt
        if step == "rebuilt" and not is_done:
            rebuilt += 1
            if rebuilt == 2:
                raise Cut

    with pytest.raises(Cut):
        open_ledger(studio.home, durable=Durable(observe))
    ledger = open_ledger(studio.home)
    assert sorted(take.id for take in ledger.page().takes) == sorted(take.id for take in kept)
    assert ledger.page().total == 3
    ledger.close()


def test_an_old_copy_of_the_ledger_gets_back_what_it_lacks(open_studio: OpenStudio) -> None:
    studio = open_studio()
    first = studio.kept(studio.make(values={"prompt": "First."}))
    studio.runner.stop()
    studio.ledger.close()
    copy = (studio.home / "ledger.sqlite3").read_bytes()
    second = open_studio(studio.home, fal=studio.fal)
    later = second.kept(second.make(values={"prompt": "Second."}))
    second.runner.stop()
    second.ledger.close()
    for path in studio.home.glob("ledger.sqlite3-*"):
        path.unlink()
    (studio.home / "ledger.sqlite3").write_bytes(copy)
    ledger = open_ledger(studio.home)
    assert {take.id for take in ledger.page().takes} == {first.id, later.id}
    assert ledger.get(later.id).file == later.file
    ledger.close()


def test_rows_that_can_still_be_read_are_saved(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for number in range(300):
        ledger.insert_intent(
            a_take(number, state=State.FAILED, charge=Charge.BILLED, billed_usd_micros=7, search_text="x" * 900)
        )
    ledger.close()
    path = tmp_path / "ledger.sqlite3"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(bytes(data))
    again = open_ledger(tmp_path)
    assert list(tmp_path.glob("ledger.damaged-*.sqlite3"))
    assert again.page().total > 50
    again.close()


def test_voices_come_back_with_the_ledger(open_studio: OpenStudio, tmp_path: Path) -> None:
    studio = open_studio()
    studio.fal.result_payload = {"voice_id": "v77"}
    (tmp_path / "a.wav").write_bytes(b"SOUND 12.0")
    studio.desk.create_voice(str(tmp_path / "a.wav"), "Marlow")
    studio.runner.stop()
    studio.ledger.close()
    damage(studio.home)
    second = open_studio(studio.home, ledger=open_ledger(studio.home), fal=studio.fal)
    assert [voice.name for voice in second.desk.voices.list()] == ["Marlow"]
    assert second.desk.create_voice(str(tmp_path / "a.wav"), "Marlow").voice_id == "v77"
    assert len(studio.fal.posts) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from studio.takes.desk import Desk
from studio.takes.durable import Durable
from studio.takes.ledger import Ledger
from studio.takes.runner import Runner
from tests.unit.takes.pretend_fal import FakeDarkroom, FakeGateway
from tests.unit.takes.rig import QUICK, TEXT
home, step, after = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "after"
def observe(name, is_done):
    if name == step and is_done is after:
        os.kill(os.getpid(), signal.SIGKILL)
fal = FakeGateway(home)
ledger = Ledger("", home, durable=Durable(observe))
runner = Runner(ledger, {"live": fal, "rehearsal": fal}, FakeDarkroom(), home, tempo=QUICK)
desk = Desk(ledger, runner)
runner.start()
desk.wait(desk.make("text-to-video", TEXT, key="click").id, 20)
"""

STEPS = ("intent", "submitting", "ticket", "slip", "running", "result", "file", "recipe", "kept")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_between_steps_loses_nothing_and_doubles_nothing(
    open_studio: OpenStudio, tmp_path: Path, step: str, moment: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", KILLED, str(home), step, moment], cwd=root, timeout=60, check=False)
    assert run.returncode == -signal.SIGKILL
    log = home / "fal.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    fal = FakeGateway(home)
    take = next(iter(_takes(home)), None)
    for what, request_id in lines:
        if what == "job" and take is not None:
            fal.jobs[request_id] = Job(request_id, take.endpoint_id, take.payload or {}, take.submitted_at, ["done"])  # type: ignore[arg-type]
    studio = open_studio(home, fal=fal)
    if take is None:
        assert not lines  # the intent was not on disk, so nothing was sent
        studio.make(key="click")
    # What reached fal is kept; what may have reached it and did not is shown as unknown, and neither is sent again.
    was_sent = bool(lines) or take is None or take.state is State.RESERVED
    done = studio.until(next(iter(_takes(home))).id, State.KEPT if was_sent else State.UNKNOWN)
    posts = sum(what == "post" for what, _ in lines) + len(fal.posts)
    assert posts <= 1
    assert studio.make(key="click").id == done.id
    assert studio.ledger.page().total == 1


def _takes(home: Path) -> tuple[Take, ...]:
    ledger = Ledger("", home, durable=Durable())
    try:
        return ledger.page().takes
    finally:
        ledger.close()
