"""The dialogue desk is answered in one shape, whatever it sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from studio.catalog.kling_2_6 import PROMPT_MAX_CHARS
from studio.script.rates import Rates
from studio.script.scene import Line, Script, script_to_json
from studio.web.problems import add_problem_handlers
from studio.web.script_routes import LONGEST_PASTE, script_routes

TWO = script_to_json(
    Script(
        scene="Dusk on a pier.",
        lines=(
            Line("Keeper", 1, "low", "the light goes out tonight."),
            Line("Mara", 2, "", "then who brings you home?"),
        ),
        ambience="Gulls far off.",
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["scene", "camera", "lines", "ambience", "layout", "speaker", "slot", "text", "form", "pieces"])
SCRIPT = st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), max_size=5)


@pytest.fixture(scope="module")
def desk() -> TestClient:
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(script_routes(Rates, PROMPT_MAX_CHARS))
    return TestClient(app)


def ask(desk: TestClient, path: str = "", **question: Any) -> Any:
    answer = desk.post(f"/studio/script{path}", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_answer_holds_prompt_spans_plan_and_findings(desk: TestClient) -> None:
    said = ask(desk, script=TWO, values={"duration": "5", "generate_audio": True}, voice_ids=["a", "b"])
    assert set(said) == {"prompt", "limit", "spans", "plan", "findings"}
    assert said["limit"] == PROMPT_MAX_CHARS
    assert said["prompt"].startswith("Dusk on a pier.")
    spoken = [said["prompt"][s["start"] : s["end"]] for s in said["spans"] if s["kind"] == "speech"]
    assert "the light goes out tonight." in spoken[0]
    assert [span["slot"] for span in said["spans"] if span["kind"] == "tag"] == [1, 2]
    rows = said["plan"]["rows"]
    assert [row["index"] for row in rows] == [0, 1]
    assert 0 <= rows[0]["start_s"] < rows[0]["end_s"] <= rows[1]["start_s"] < rows[1]["end_s"]
    assert said["plan"]["duration_s"] == 5.0
    for finding in said["findings"]:
        assert set(finding) == {"code", "message", "line", "field", "is_blocking", "fix"}


def test_slot_without_a_voice_is_found_at_its_line(desk: TestClient) -> None:
    findings = ask(desk, script=TWO, values={"generate_audio": True}, voice_ids=["a"])["findings"]
    blocking = [found for found in findings if found["is_blocking"]]
    assert [found["line"] for found in blocking] == [1]


def test_too_much_to_say_has_a_remedy_that_helps(desk: TestClient) -> None:
    long = script_to_json(Script(lines=(Line("Mara", None, "", "and the sea rose higher and higher, " * 3),)))
    plan = ask(desk, script=long, values={"duration": "5"})["plan"]
    assert plan["spare_s"] < 0
    assert plan["rows"][0]["over_s"] > 0
    (longer,) = [remedy for remedy in plan["remedies"] if "values" in remedy]
    assert ask(desk, script=long, values=longer["values"])["plan"]["spare_s"] >= 0


@pytest.mark.parametrize("duration", ["", None, "soon", [], {}, 0, -1, "-5", "1e9"])
def test_length_that_is_none_counts_as_five_seconds(desk: TestClient, duration: Any) -> None:
    plan = ask(desk, script=TWO, values={"duration": duration})["plan"]
    assert plan["duration_s"] == 5.0


@pytest.mark.parametrize("duration", ["nan", "inf", "-1e308", 10**400])
def test_length_without_end_is_no_length(desk: TestClient, duration: Any) -> None:
    plan = ask(desk, script={}, values={"duration": duration})["plan"]
    assert (plan["duration_s"], plan["spare_s"]) == (5.0, 5.0)


@settings(max_examples=60)
@given(script=SCRIPT, values=st.dictionaries(st.sampled_from(["duration", "generate_audio", "x"]), JSON, max_size=3))
def test_hostile_script_is_answered(desk: TestClient, script: Any, values: Any) -> None:
    said = ask(desk, script=script, values=values)
    assert isinstance(said["prompt"], str)


@settings(max_examples=30)
@given(JSON)
def test_hostile_question_is_never_a_fault_of_ours(desk: TestClient, question: Any) -> None:
    for path in ("", "/read", "/paste"):
        answer = desk.post(
            f"/studio/script{path}", content=json.dumps(question), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 200
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 20_000, b'{"script": NaN}'])
def test_body_that_is_no_json_gets_a_sentence(desk: TestClient, body: bytes) -> None:
    answer = desk.post("/studio/script", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["error"]["title"] == "Not understood"


def test_hostile_words_come_back_as_they_were(desk: TestClient) -> None:
    words = "<img src=x onerror=alert(1)> ${alert(1)} {{value}} \u202e\U0001f3ac"
    said = ask(desk, script=script_to_json(Script(scene=words)))
    assert "<img src=x onerror=alert(1)> ${alert(1)} {{value}}" in said["prompt"]


def test_edited_prompt_is_read_back_into_rows(desk: TestClient) -> None:
    prompt = ask(desk, script=TWO)["prompt"].replace("brings you home", "rows you home")
    script = ask(desk, "/read", script=TWO, text=prompt)["script"]
    assert [line["text"] for line in script["lines"]] == ["the light goes out tonight.", "then who rows you home?"]
    assert ask(desk, script=script)["prompt"] == prompt


@pytest.mark.parametrize(
    "text", ["MARA\nWe sail at dawn.\n\nKEEPER\nNot without me.", "Mara: We sail at dawn.\nKeeper: Not without me."]
)
def test_pasted_dialogue_becomes_lines(desk: TestClient, text: str) -> None:
    lines = ask(desk, "/paste", text=text)["lines"]
    assert [(line["speaker"], line["text"]) for line in lines] == [
        ("Mara", "We sail at dawn."),
        ("Keeper", "Not without me."),
    ]


def test_paste_has_a_limit_in_words(desk: TestClient) -> None:
    assert "error" in ask(desk, "/paste", text="x" * (LONGEST_PASTE + 1))
    assert "lines" in ask(desk, "/paste", text="Mara: go.\n" * (LONGEST_PASTE // 10))
