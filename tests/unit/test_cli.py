"""Verbs and flags are the catalog's, output is one JSON object, and exit code 0 means that what was asked is there."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from studio.catalog.endpoint import Endpoint
from studio.catalog.registry import ENDPOINTS, find_endpoint, video_endpoints
from studio.cli import build_parser, main

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "assets" / "samples"
VARIABLES = (
    "FAL_KEY",
    "FAL_KEY_ID",
    "FAL_KEY_SECRET",
    "STUDIO_DATABASE_URL",
    "STUDIO_ACCESS",
    "STUDIO_HOST",
    "STUDIO_PORT",
)
STATE = {
    "take_id",
    "state",
    "endpoint",
    "arguments",
    "request_id",
    "estimate_usd_micros",
    "billed_usd_micros",
    "file",
    "error",
}
REHEARSE = ("rehearse", "text-to-video", "--prompt", "A lamp turns.", "--no-generate-audio", "--key", "lamp", "--json")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


def run_in(home: Path, *arguments: str, **environ: str) -> Ran:
    """One verb in this process, on a home of its own."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("STUDIO_HOME", str(home))
        for name, value in environ.items():
            patch.setenv(name, value)
        try:
            code = main(list(arguments))
        except SystemExit as ending:
            code = int(ending.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return lambda *arguments, **environ: run_in(tmp_path / "home", *arguments, **environ)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home with one rehearsal that is kept."""
    home = tmp_path_factory.mktemp("cli") / "home"
    ran = run_in(home, *REHEARSE)
    assert ran.code == 0, ran
    return home, ran.data


def verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (chosen,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return dict(chosen.choices)


def flags(parser: argparse.ArgumentParser) -> set[str]:
    return {option for one in parser._actions for option in one.option_strings} - {"-h", "--help"}


# -- the parser --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", video_endpoints(), ids=lambda endpoint: endpoint.mode)
@pytest.mark.parametrize(("verb", "extra"), [("quote", set()), ("rehearse", {"--key"}), ("make", {"--key"})])
def test_flags_are_exactly_the_api_own_names(endpoint: Endpoint, verb: str, extra: set[str]) -> None:
    own = {f"--{param.name.replace('_', '-')}" for param in endpoint.params}
    no = {f"--no-{param.name.replace('_', '-')}" for param in endpoint.params if param.kind.value == "flag"}
    mode = verbs(verbs(build_parser())[verb])[endpoint.mode]
    assert flags(mode) == own | no | extra | {"--json"}


def test_modes_of_every_verb_are_those_of_the_catalog() -> None:
    for verb in ("quote", "rehearse", "make"):
        assert set(verbs(verbs(build_parser())[verb])) == {endpoint.mode for endpoint in video_endpoints()}


def test_create_voice_has_the_api_own_names() -> None:
    own = {f"--{param.name.replace('_', '-')}" for param in find_endpoint("create-voice").params}
    assert flags(verbs(build_parser())["create-voice"]) == own | {"--name", "--key", "--rehearse", "--json"}


def test_help_of_every_verb_can_be_written() -> None:
    for verb in verbs(build_parser()).values():
        assert verb.format_help()


@pytest.mark.parametrize(
    "arguments", [(), ("no-verb",), ("quote",), ("quote", "no-mode"), ("show",), ("open", "--port", "x")]
)
def test_wrong_use_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


def test_help_starts_without_gradio() -> None:
    """Start-up is what a person waits for at every verb."""
    script = (
        "import sys, runpy\n"
        "sys.argv = ['studio', '--help']\n"
        "try:\n    runpy.run_module('studio', run_name='__main__')\n"
        "except SystemExit as ending:\n    assert not ending.code\n"
        "print('gradio' in sys.modules, 'studio.ui' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False"
    assert "VERB" in done.stdout


# -- quote -------------------------------------------------------------------------------------------------------------


def test_quote_of_the_example_is_168_cents(run: Run) -> None:
    quoted = run("quote", "image-to-video", "--duration", "10", "--generate-audio", "--voice-ids", "v1", "--json")
    assert (quoted.code, quoted.data["usd_micros"]) == (0, 1_680_000)
    assert sum(part["usd_micros"] for part in quoted.data["parts"]) == 1_680_000
    words = run("quote", "image-to-video", "--duration", "10", "--voice-ids", "v1")
    assert words.out.startswith("Image to video: $1.68.")


@pytest.mark.parametrize(
    ("arguments", "micros"),
    [
        (("text-to-video",), 700_000),
        (("text-to-video", "--no-generate-audio"), 350_000),
        (("image-to-video", "--duration", "10", "--no-generate-audio"), 700_000),
    ],
)
def test_quote_needs_nothing_but_what_moves_the_price(run: Run, arguments: tuple[str, ...], micros: int) -> None:
    assert run("quote", *arguments, "--json").data["usd_micros"] == micros


def test_quote_of_a_clip_goes_by_its_length(run: Run) -> None:
    clip = str(SAMPLES / "dance.mp4")
    quoted = run("quote", "motion-control", "--video-url", clip, "--character-orientation", "video", "--json").data
    assert quoted["usd_micros"] == pytest.approx(112_000 * quoted["duration_s"], abs=112)
    assert quoted["at_most_usd_micros"] >= quoted["usd_micros"]
    assert not quoted["is_confirmed"]
    assert "not yet seen on a bill" in quoted["note"]


# -- takes -------------------------------------------------------------------------------------------------------------


def test_rehearsal_prints_the_state_of_a_kept_take(made: tuple[Path, dict[str, Any]]) -> None:
    home, state = made
    assert set(state) >= STATE
    assert (state["state"], state["error"], state["estimate_usd_micros"]) == ("kept", None, 0)
    assert state["arguments"]["duration"] == "5"
    assert state["arguments"]["generate_audio"] is False
    assert Path(state["file"]).is_relative_to(home.absolute())
    assert Path(state["file"]).is_file()


def test_same_key_again_is_the_same_take_at_once(made: tuple[Path, dict[str, Any]]) -> None:
    home, state = made
    again = run_in(home, *REHEARSE)
    assert (again.code, again.data["take_id"]) == (0, state["take_id"])


def test_same_key_for_another_wish_is_refused(made: tuple[Path, dict[str, Any]]) -> None:
    other = run_in(made[0], "rehearse", "text-to-video", "--prompt", "Another lamp.", "--key", "lamp", "--json")
    assert (other.code, other.data["error"]["code"]) == (1, "key_reused")


@pytest.mark.parametrize("reference", ["take_id", "label", "R1", "rehearsal 1"])
def test_show_finds_a_take_by_id_label_or_number(made: tuple[Path, dict[str, Any]], reference: str) -> None:
    home, state = made
    shown = run_in(home, "show", state.get(reference, reference), "--json")
    assert shown.code == 0
    assert shown.data == state


def test_show_in_words_says_where_the_clip_is(made: tuple[Path, dict[str, Any]]) -> None:
    home, state = made
    assert run_in(home, "show", "R1").out == f"Rehearsal 1: kept. {state['file']}\n"


def test_takes_lists_and_searches(made: tuple[Path, dict[str, Any]]) -> None:
    home, state = made
    (row,) = run_in(home, "takes", "--json").data
    assert (row["take_id"], row["title"]) == (state["take_id"], "A lamp turns")
    assert run_in(home, "takes", "--search", "lamp", "--json").data == [row]
    assert run_in(home, "takes", "--search", "lighthouse", "--json").data == []
    assert "Rehearsal 1" in run_in(home, "takes").out


def test_nothing_is_on_its_way(made: tuple[Path, dict[str, Any]]) -> None:
    assert (run_in(made[0], "resume", "--json").code, run_in(made[0], "resume").out) == (0, "Nothing is on its way.\n")


def test_spend_of_rehearsals_is_nothing(made: tuple[Path, dict[str, Any]]) -> None:
    spend = run_in(made[0], "spend", "--json").data
    assert spend["month"]["spent_usd_micros"] == 0
    assert run_in(made[0], "spend").out == "Today $0.00, this month $0.00.\n"
    assert next(csv.reader(io.StringIO(run_in(made[0], "spend", "--csv").out)))


def test_empty_home_has_no_takes_and_no_voices(run: Run) -> None:
    assert run("takes", "--json").data == []
    assert run("voices", "--json").data == []
    assert run("takes").out.startswith("No takes yet")


# -- refusals ----------------------------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[tuple[str, ...], str]] = {
    "no key": (("make", "text-to-video", "--prompt", "x"), "key"),
    "no picture": (("rehearse", "image-to-video", "--prompt", "x"), "Start frame is missing"),
    "no such file": (("rehearse", "image-to-video", "--prompt", "x", "--start-image-url", "none.jpg"), "no such file"),
    "no prompt": (("rehearse", "text-to-video"), "empty"),
    "length": (("rehearse", "text-to-video", "--prompt", "x", "--duration", "7"), "5, 10"),
    "long": (("rehearse", "text-to-video", "--prompt", "x" * 2501), "2,500"),
    "tag": (("rehearse", "text-to-video", "--prompt", "<<<voice_1>>> hi"), "voice_1"),
    "orientation": (("quote", "motion-control", "--character-orientation", "up"), "video, image"),
    "voices": (("rehearse", "image-to-video", "--prompt", "x", "--voice-ids", "a", "b", "c"), "Two voices at most"),
    "no take": (("show", "none"), "There is no take"),
    "clip as picture": (
        ("rehearse", "image-to-video", "--prompt", "x", "--start-image-url", str(SAMPLES / "dance.mp4")),
        "video",
    ),
    "recording": (("create-voice", "--voice-url", "none.wav", "--name", "Mara", "--rehearse"), "no such file"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_is_one_json_object_with_a_sentence(run: Run, name: str) -> None:
    arguments, words = REFUSALS[name]
    refused = run(*arguments, "--json")
    assert refused.code != 0
    assert refused.err == ""
    assert words in refused.data["error"]["sentence"]
    assert {"code", "title", "sentence"} <= set(refused.data["error"])
    if arguments[0] in ("rehearse", "make"):
        assert set(refused.data) >= STATE
        assert (refused.data["take_id"], refused.data["state"], refused.data["file"]) == (None, "not_sent", None)


@pytest.mark.parametrize("name", ["no key", "no take"])
def test_refusal_in_words_goes_to_the_errors(run: Run, name: str) -> None:
    arguments, words = REFUSALS[name]
    refused = run(*arguments)
    assert refused.code == 1
    assert refused.out == ""
    assert words in refused.err
    assert "Traceback" not in refused.err


def test_wrong_setting_is_named(run: Run) -> None:
    refused = run("takes", "--json", STUDIO_BUDGET_DAY="much")
    assert refused.code == 2
    assert "STUDIO_BUDGET_DAY" in refused.data["error"]["sentence"]


def test_home_that_cannot_be_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    refused = run_in(tmp_path / "file" / "home", "takes", "--json")
    assert refused.code != 0
    assert refused.data["error"]["sentence"]


# -- doctor ------------------------------------------------------------------------------------------------------------


def test_doctor_lists_every_setting_and_hides_the_key(run: Run) -> None:
    report = run("doctor", "--json", STUDIO_ACCESS="me:hidden-word")
    assert report.code == 0, report
    names = [row[0] for row in report.data["settings"]]
    assert {"STUDIO_HOME", "STUDIO_HOST", "STUDIO_PORT", "FAL_KEY", "STUDIO_ACCESS"} <= set(names)
    assert "hidden-word" not in report.out
    assert all(check["is_ok"] and check["sentence"] for check in report.data["checks"])


def test_every_endpoint_has_a_verb() -> None:
    known = set(verbs(build_parser())) | set(verbs(verbs(build_parser())["make"]))
    assert {endpoint.mode for endpoint in ENDPOINTS} <= known


def in_a_shell(home: Path, *arguments: str | bytes, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own, where encodings and pipes are real."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = [sys.executable, "-m", "studio", *arguments]
    env = {**kept, "STUDIO_HOME": str(home), **environ}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=90, check=False)


def test_a_terminal_that_cannot_show_a_letter_hides_no_take(tmp_path: Path) -> None:
    scene = ("rehearse", "text-to-video", "--prompt", "Café, 黄昏.", "--no-generate-audio")
    ran = in_a_shell(tmp_path, *scene, "--json", PYTHONIOENCODING="ascii")
    assert (ran.returncode, json.loads(ran.stdout)["state"]) == (0, "kept")
    listed = in_a_shell(tmp_path, "takes", PYTHONIOENCODING="cp1252")
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert b"Caf" in listed.stdout


def test_bytes_that_are_no_text_are_refused_and_never_sent_as_others(tmp_path: Path) -> None:
    ran = in_a_shell(tmp_path, "rehearse", "text-to-video", "--prompt", b"Caf\xe9 noir", "--json")
    answer = json.loads(ran.stdout)
    assert (ran.returncode, answer["state"], answer["error"]["code"]) == (2, "not_sent", "wrong_use")


@pytest.mark.parametrize(
    "given",
    [
        ("--duration", "7"),
        ("--duration", "-5"),
        ("--duration", "inf"),
        ("--duration", "1e300"),
        ("--voice-ids", "a", "b", "c"),
        ("--voice-ids", "a", "--no-generate-audio"),
    ],
)
def test_what_can_never_be_made_has_no_price(run: Run, given: tuple[str, ...]) -> None:
    ran = run("quote", "image-to-video", *given, "--json")
    assert ran.code == 1
    assert ran.data["error"]["charged"] == "no"


def test_wrong_use_is_json_too_where_json_was_asked_for(run: Run) -> None:
    for arguments in (("quote", "text-to-video", "--cfg-scale", "abc"), ("takes", "--limit", "x"), ("nothing",)):
        ran = run(*arguments, "--json")
        assert (ran.code, ran.data["error"]["code"]) == (2, "wrong_use")
    assert set(run("show", "nothing", "--json").data) >= STATE


def test_a_home_of_any_name_holds_its_own_ledger(tmp_path: Path) -> None:
    for name in ("what?", "50% x", "a#b", "ünï"):
        assert run_in(tmp_path / name, "takes", "--json").data == []
        assert (tmp_path / name / "ledger.sqlite3").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(("what?", "50% x", "a#b", "ünï"))


@pytest.mark.parametrize("environ", [{"STUDIO_AT_ONCE": "0"}, {"STUDIO_HOME": "~nobody-of-this-name/x"}])
def test_settings_that_would_only_wait_or_break_are_told(run: Run, environ: dict[str, str]) -> None:
    ran = run("takes", **environ)
    assert ran.code == 2
    assert next(iter(environ)) in ran.err


def test_an_emptied_avoid_stays_empty(run: Run) -> None:
    given = ("rehearse", "text-to-video", "--prompt", "Rain.", "--no-generate-audio", "--negative-prompt", "", "--json")
    assert run(*given).data["arguments"]["negative_prompt"] == ""
