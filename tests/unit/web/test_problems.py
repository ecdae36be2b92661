"""Every no of our routes has one shape, with a sentence, and tells nothing of the machine."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from studio.catalog.param import Problem
from studio.media.errors import MediaError
from studio.takes.errors import BudgetRefusal, NotPossible, Refused, StorageTrouble, StudioError
from studio.web.problems import Complaint, add_problem_handlers

FAULTS: dict[str, tuple[Exception, int]] = {
    "complaint": (Complaint(404, "Gone", "It is gone."), 404),
    "refusal": (Complaint(422, "Not usable", "It is not usable."), 200),
    "large": (Complaint(413, "Too large", "It is too large."), 413),
    "refused": (Refused([Problem("prompt", "missing", "Scene is empty.")]), 200),
    "budget": (BudgetRefusal("day", 10, 5, 5, 1), 200),
    "studio": (StudioError("x", "X", "It did not work."), 200),
    "no take": (NotPossible("There is no such take.", (), "no_such_take"), 404),
    "not now": (NotPossible("Not now."), 200),
    "disk": (StorageTrouble("disk_full", "Full", "The disk is full."), 503),
    "media": (MediaError("truncated", "It ends too early."), 200),
}


class Body(BaseModel):
    number: int


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    add_problem_handlers(app)

    @app.get("/fault")
    def fail(name: str) -> None:
        raise FAULTS[name][0]

    @app.post("/body")
    def read(body: Body) -> None:
        return None

    return TestClient(app)


@pytest.mark.parametrize("name", FAULTS)
def test_every_no_has_title_and_sentence(client: TestClient, name: str) -> None:
    answer = client.get(f"/fault?name={name}")
    error = answer.json()["error"]
    assert answer.status_code == FAULTS[name][1]
    assert error["title"]
    assert error["sentence"].endswith(".")


def test_refused_values_are_named_by_field(client: TestClient) -> None:
    error = client.get("/fault?name=refused").json()["error"]
    assert error["problems"] == [{"field": "prompt", "message": "Scene is empty."}]
    assert error["charged"] == "no"


@pytest.mark.parametrize("body", [{"number": "/etc/passwd"}, {}, [], None])
def test_wrong_shape_is_not_echoed(client: TestClient, body: Any) -> None:
    answer = client.post("/body", json=body)
    assert answer.status_code == 200
    assert answer.json()["error"]["title"] == "Not understood"
    assert "passwd" not in answer.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/none", 404), ("PUT", "/body", 405)])
def test_what_the_framework_refuses_has_the_same_shape(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"title", "sentence"}
