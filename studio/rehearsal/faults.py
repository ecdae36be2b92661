"""Faults that the stand-in can play, scripted by step or drawn from a seed, and the tally of what got through.

Never decides by itself: without a script it lets everything pass.
"""

from __future__ import annotations

import enum
import random
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.rehearsal.rows import Failure, model_failure, request_failure, row


class Step(enum.StrEnum):
    """The calls that a client makes, and `FILM`: how an accepted job ends."""

    SUBMIT = "submit"
    STATUS = "status"
    STREAM = "stream"
    RESULT = "result"
    CANCEL = "cancel"
    TOKEN = "token"  # noqa: S105 - a token for the media host, or a place to put a file
    UPLOAD = "upload"  # the bytes
    DOWNLOAD = "download"
    REQUESTS = "requests"
    PRICING = "pricing"
    FILM = "film"


class When(enum.StrEnum):
    """`BEFORE`: the stand-in never handles the call. `AFTER`: it does (a job is accepted), then the fault plays."""

    BEFORE = "before"
    AFTER = "after"


class Spoil(enum.StrEnum):
    """What is done to an answer that would have been good."""

    GARBAGE = "garbage"  # bytes that are not JSON
    MISSING_KEYS = "missing_keys"
    UNKNOWN_STATUS = "unknown_status"
    EMPTY = "empty"
    HTML = "html"
    TRUNCATED = "truncated"  # the length says more than comes, then the line ends
    SHORT = "short"  # half of it, with a length that agrees


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. Of `answer`, `drop`, `spoil` and `film` at most one is set.

    `drop` names the httpx error that the client sees (`ConnectError`, `ReadError`, `ReadTimeout`, …).
    `film` ends an accepted job in that failure. `delay_s` comes first.
    """

    name: str
    when: When = When.BEFORE
    answer: Failure | None = None
    text: str | None = None  # a body that is not JSON, sent with the status of `answer`
    drop: str | None = None
    spoil: Spoil | None = None
    film: Failure | None = None
    delay_s: float = 0.0

    def after(self) -> Fault:
        """The same fault, played once the call has been handled."""
        return replace(self, name=f"{self.name} after", when=When.AFTER)


class HangUp(Exception):
    """The connection ends here. `error` is the name of the httpx exception that a client would meet."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Tally:
    """What the stand-in saw, for tests: calls by step, jobs accepted in order, faults played, keys sent astray."""

    calls: Counter[str] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    played: list[tuple[str, str]] = field(default_factory=list)
    keys_on_media: int = 0


class Faults:
    """A plan of faults: for each step a row of them, one taken per call, None for a call that goes well.

    `always` holds faults that every call of a step meets once its row is used up.
    """

    def __init__(
        self,
        script: Mapping[Step, Iterable[Fault | None]] | None = None,
        always: Mapping[Step, Fault] | None = None,
    ) -> None:
        self._rows: dict[Step, deque[Fault | None]] = {step: deque(row) for step, row in (script or {}).items()}
        self._always = dict(always or {})
        self._lock = threading.Lock()
        self.tally = Tally()

    def take(self, step: Step) -> Fault | None:
        """The fault of this call, counted."""
        with self._lock:
            self.tally.calls[step] += 1
            fault = self._draw(step)
            if fault is not None:
                self.tally.played.append((step.value, fault.name))
        return fault

    def _draw(self, step: Step) -> Fault | None:
        rows = self._rows.get(step)
        return rows.popleft() if rows else self._always.get(step)

    def add(self, step: Step, *faults: Fault | None) -> None:
        """Append to the row of a step, also while the stand-in runs."""
        with self._lock:
            self._rows.setdefault(step, deque()).extend(faults)


class SeededFaults(Faults):
    """Faults drawn from a seed: each call of a step fails with `rate`, at most `most` times over a step's life."""

    def __init__(
        self,
        seed: int,
        rate: float = 0.3,
        most: int = 4,
        menu: Mapping[Step, Sequence[Fault]] | None = None,
    ) -> None:
        super().__init__()
        self._random = random.Random(seed)  # noqa: S311 - a plan that can be repeated, not a secret
        self._rate, self._most, self._menu = rate, most, dict(menu if menu is not None else MENU)
        self._drawn: Counter[Step] = Counter()

    def _draw(self, step: Step) -> Fault | None:
        scripted = super()._draw(step)
        choices = self._menu.get(step)
        is_hit = self._random.random() < self._rate
        if scripted is not None or not choices or not is_hit or self._drawn[step] >= self._most:
            return scripted
        self._drawn[step] += 1
        return self._random.choice(list(choices))


def answered(name: str, failure: Failure) -> Fault:
    return Fault(name, answer=failure)


def dropped(error: str = "ReadError") -> Fault:
    """The line ends before the call is handled; with `.after()`, when it has been."""
    return Fault(f"dropped {error}", drop=error)


def spoiled(spoil: Spoil) -> Fault:
    return Fault(f"spoiled {spoil.value}", When.AFTER, spoil=spoil)


def slow(delay_s: float) -> Fault:
    return Fault(f"slow {delay_s:g} s", delay_s=delay_s)


def film_ends(failure: Failure) -> Fault:
    return Fault(f"film {failure.status_code}", film=failure)


def refused_by_model(kind: str, message: str = "refused", where: str = "prompt", **ctx: Any) -> Failure:
    return model_failure([row(kind, message, where, ctx=ctx)])


UNAUTHORIZED = answered("401", Failure(401, {"detail": "Cannot access application. Authentication is required."}))
LOCKED = answered(
    "403 locked",
    Failure(
        403,
        {"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."},
    ),
)
NOT_FOUND = answered("404", Failure(404, {"detail": "Not found"}))
GONE = answered("410", Failure(410, {"detail": "Gone"}))
CONFLICT = answered("409", Failure(409, {"detail": "Conflict"}))
TOO_MANY = answered(
    "429",
    Failure(
        429,
        {"detail": "Too many requests", "error_type": "concurrent_requests_limit"},
        {"X-Fal-Error-Type": "concurrent_requests_limit", "X-Fal-Needs-Retry": "1", "Retry-After": "1"},
    ),
)
SERVER_ERROR = answered("500", request_failure(500, "internal_error", "Internal server error"))
UNAVAILABLE = answered("503", request_failure(503, "runner_scheduling_failure", "No runner could be scheduled"))
GATEWAY_TIMEOUT = answered("504", request_failure(504, "request_timeout", "Request timed out"))
CLIENT_CANCELLED = request_failure(499, "client_cancelled", "The request was cancelled by the client")
NGINX_502 = replace(
    answered("nginx 502", Failure(502, {}, {"content-type": "text/html"})),
    text="<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>"
    "\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
)
CONTENT_POLICY = refused_by_model("content_policy_violation", "The content was flagged by a content checker.")

_LINE = (
    dropped("ConnectError"),
    dropped("ConnectTimeout"),
    dropped("ReadError"),
    dropped("ReadTimeout"),
    dropped("RemoteProtocolError"),
    dropped("RemoteProtocolError").after(),
    dropped("ReadTimeout").after(),
)
_BUSY = (TOO_MANY, SERVER_ERROR, UNAVAILABLE, GATEWAY_TIMEOUT, NGINX_502)
_JSON = (spoiled(Spoil.GARBAGE), spoiled(Spoil.MISSING_KEYS), spoiled(Spoil.EMPTY), spoiled(Spoil.HTML))
_MEDIA = (spoiled(Spoil.TRUNCATED), spoiled(Spoil.SHORT), spoiled(Spoil.EMPTY), spoiled(Spoil.HTML))

MENU: dict[Step, tuple[Fault, ...]] = {
    Step.SUBMIT: (*_LINE, *_BUSY, *_JSON, UNAUTHORIZED, LOCKED, GATEWAY_TIMEOUT.after(), NGINX_502.after()),
    Step.STATUS: (*_LINE, *_BUSY, *_JSON, spoiled(Spoil.UNKNOWN_STATUS)),
    Step.STREAM: (*_LINE, *_BUSY, spoiled(Spoil.TRUNCATED)),
    Step.RESULT: (*_LINE, *_BUSY, *_JSON),
    Step.CANCEL: (*_LINE, *_BUSY),
    Step.TOKEN: (*_LINE, *_BUSY, LOCKED),
    Step.UPLOAD: (*_LINE, *_BUSY),
    Step.DOWNLOAD: (*_LINE, *_BUSY, *_MEDIA),
    Step.REQUESTS: (*_LINE, *_BUSY, *_JSON),
    Step.PRICING: (*_LINE, *_BUSY, *_JSON),
    Step.FILM: (
        film_ends(CONTENT_POLICY),
        film_ends(refused_by_model("no_media_generated")),
        film_ends(model_failure([row("internal_server_error", "Internal server error")], 500, True)),
        film_ends(model_failure([row("generation_timeout", "Generation timed out")], 504, True)),
    ),
}
"""Every fault that fal is known to show, by step; see the error tables of fal's documentation."""
