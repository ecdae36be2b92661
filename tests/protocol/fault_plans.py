"""The plans of the fault suite: every fault at every step, once and for good; then many at once, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from studio.rehearsal.faults import (
    CONFLICT,
    GONE,
    LOCKED,
    MENU,
    NOT_FOUND,
    SERVER_ERROR,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Fault,
    Step,
    answered,
    dropped,
    film_ends,
    refused_by_model,
    slow,
)
from studio.rehearsal.rows import Failure, model_failure, request_failure, row
from tests.protocol.proving import KEY, PRICE_USD_MICROS

_REFUSALS = (
    "image_too_small", "image_too_large", "image_load_error", "file_download_error", "face_detection_error",
    "image_aspect_ratio_error", "file_too_large", "greater_than", "greater_than_equal", "less_than", "less_than_equal",
    "multiple_of", "sequence_too_short", "sequence_too_long", "one_of", "feature_not_supported", "invalid_archive",
    "audio_duration_too_long", "audio_duration_too_short", "video_duration_too_long", "video_duration_too_short",
    "missing", "value_error.missing", "never_heard_of",
)  # fmt: skip
_ECHO = answered("echo", Failure(400, {"detail": f"Bad header: Authorization: Key {KEY}"}))
_STOPPED = answered("499", request_failure(499, "client_cancelled", "The request was cancelled by the client"))
_PLAIN_400 = answered("400", Failure(400, {"detail": "Bad request"}))
_PLAIN_422 = answered("422", Failure(422, {"detail": [{"loc": ["body", "x"], "msg": "no", "type": "odd"}]}))
_FORBIDDEN = answered("403", Failure(403, {"detail": "Forbidden"}))
_LOST_TOO = (dropped("ReadError").after(), SERVER_ERROR.after(), UNAVAILABLE.after())
_ANY = (UNAUTHORIZED, _FORBIDDEN, LOCKED, CONFLICT, TOO_MANY, _ECHO, slow(0.05))

# The stand-in's menu, and what fal may show beyond it. The event stream is left out: the studio does not listen to it.
FULL_MENU: dict[Step, tuple[Fault, ...]] = {
    Step.SUBMIT: (*MENU[Step.SUBMIT], *_ANY, *_LOST_TOO, NOT_FOUND, _STOPPED, _STOPPED.after(), _PLAIN_400, _PLAIN_422),
    Step.STATUS: (*MENU[Step.STATUS], *_ANY, NOT_FOUND, GONE, _PLAIN_400, _PLAIN_422),
    Step.RESULT: (*MENU[Step.RESULT], *_ANY, NOT_FOUND, GONE),
    Step.CANCEL: (*MENU[Step.CANCEL], *_ANY, NOT_FOUND, _PLAIN_400),
    Step.TOKEN: (*MENU[Step.TOKEN], *_ANY, NOT_FOUND),
    Step.UPLOAD: (*MENU[Step.UPLOAD], *_ANY, NOT_FOUND),
    Step.DOWNLOAD: (*MENU[Step.DOWNLOAD], *_ANY, NOT_FOUND, GONE, _PLAIN_400),
    Step.REQUESTS: (*MENU[Step.REQUESTS], *_ANY, NOT_FOUND, _PLAIN_400),
    Step.PRICING: (*MENU[Step.PRICING], *_ANY, NOT_FOUND),
    Step.FILM: (
        *MENU[Step.FILM],
        *(film_ends(refused_by_model(kind)) for kind in _REFUSALS),
        film_ends(model_failure([row("downstream_service_error", "The partner said no")], 400)),
        film_ends(model_failure([row("downstream_service_unavailable", "The partner is away")], 500, True)),
        film_ends(request_failure(504, "request_timeout", "Request timed out")),
    ),
}
_FINAL_WHEN_LASTING = (Step.FILM,)  # a film ends once; "for good" says nothing more there


@dataclass(frozen=True)
class Plan:
    """One run: who clicks what, and what goes wrong. `rows` and `lasting` become the stand-in's script."""

    number: int
    name: str
    seed: int
    clicks: int = 1
    presses: int = 1  # how often each click arrives: a double click, a second tab, a replay
    mode: str = "text-to-video"
    is_same_prompt: bool = False
    rows: dict[Step, tuple[Fault | None, ...]] = field(default_factory=dict)
    lasting: dict[Step, Fault] = field(default_factory=dict)
    cancel_when: str = ""  # "", "queued" or "running"
    is_cancel_honoured: bool = True
    lists_open_jobs: bool = False
    checks_at: str = "submit"
    at_once: int = 2
    queue_s: float = 0.0
    running_s: float = 0.0
    restarts: int = 0
    limit_usd_micros: int | None = None


def all_plans(runs: int, seed: int) -> Iterator[Plan]:
    """Every fault at every step once, then for good until the line is mended; the rest of `runs` at random."""
    singles = list(grid())[:runs]
    for number, single in enumerate(singles):
        yield _single(number, seed, *single)
    for number in range(len(singles), runs):
        yield _random(number, seed)


def grid() -> Iterator[tuple[Step, Fault, bool]]:
    for is_lasting in (False, True):
        for step, faults in FULL_MENU.items():
            if not (is_lasting and step in _FINAL_WHEN_LASTING):
                yield from ((step, fault, is_lasting) for fault in faults)


def quick_plans(runs: int, seed: int) -> list[Plan]:
    """A spread over the grid, at least one of each step and kind, and random ones; `runs` in all."""
    singles = list(grid())
    share = runs * 3 // 5
    chosen = [singles[round(n * (len(singles) - 1) / (share - 1))] for n in range(share)]
    plans = [_single(n, seed, *one) for n, one in enumerate(chosen)]
    return plans + [_random(len(plans) + n, seed) for n in range(runs - share)]


def _single(number: int, seed: int, step: Step, fault: Fault, is_lasting: bool) -> Plan:
    rows: dict[Step, tuple[Fault | None, ...]] = {} if is_lasting else {step: (fault,)}
    lasting = {step: fault} if is_lasting else {}
    name = f"{step.value}: {fault.name}{' for good' if is_lasting else ''}"
    more: dict[str, object] = {}
    if step in (Step.TOKEN, Step.UPLOAD):
        more = {"mode": "image-to-video"}
    if step is Step.REQUESTS:  # the list is looked at only where an answer was lost
        rows = {Step.SUBMIT: (dropped("ReadTimeout").after(),), **rows}
    if step is Step.CANCEL:
        more = {"cancel_when": "running" if number % 2 else "queued", "queue_s": 0.1, "running_s": 0.25}
        more["is_cancel_honoured"] = bool(number % 3)
    return Plan(number, name, seed, rows=rows, lasting=lasting, **more)  # type: ignore[arg-type]


def _random(number: int, seed: int) -> Plan:
    dice = random.Random(f"{seed}/{number}")
    rate = dice.choice((0.15, 0.3, 0.5))
    rows = {step: _row(dice, faults, rate) for step, faults in FULL_MENU.items()}
    clicks = dice.choice((1, 1, 2, 3, 4))
    is_cancelling = dice.random() < 0.25
    return Plan(
        number,
        f"drawn, rate {rate}",
        seed,
        clicks=clicks,
        presses=dice.choice((1, 1, 2, 3)),
        mode=dice.choice(("text-to-video", "text-to-video", "text-to-video", "image-to-video")),
        is_same_prompt=clicks > 1 and dice.random() < 0.25,
        rows=rows,
        cancel_when=dice.choice(("queued", "running")) if is_cancelling else "",
        is_cancel_honoured=dice.random() < 0.5,
        lists_open_jobs=dice.random() < 0.5,
        checks_at=dice.choice(("submit", "result")),
        at_once=dice.choice((1, 2, 4)),
        queue_s=0.05 if is_cancelling else dice.choice((0.0, 0.0, 0.03)),
        running_s=0.1 if is_cancelling else dice.choice((0.0, 0.0, 0.05)),
        restarts=dice.choice((0, 0, 0, 1, 2)),
        limit_usd_micros=dice.choice((None, None, clicks * PRICE_USD_MICROS, 2 * PRICE_USD_MICROS)),
    )


def _row(dice: random.Random, faults: tuple[Fault, ...], rate: float) -> tuple[Fault | None, ...]:
    """Eight calls of a step, drawn before the run, so that no timing changes what is drawn."""
    return tuple(dice.choice(faults) if dice.random() < rate else None for _ in range(8))
