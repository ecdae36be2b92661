"""What can go wrong on the wire, as one tree of errors that carry their words. Never reads an answer itself.

The words are rows of meanings.py and refusals.py; explain.py finds the row for a fault.

GatewayError
├── NotSent        no byte of the paid request left: safe to press again
├── Refusal        fal said no: nothing runs
├── LostAnswer     bytes may have left and no readable answer came: never send again by yourself
├── TakeFailed     the take ran and failed, for good
├── Trouble        this question failed, the take is untouched: ask again later
├── NotReady       the result was asked for too early
├── Gone           fal no longer has it
└── ForbiddenHost  an answer pointed where the studio does not go
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Charged(enum.Enum):
    """Whether money was spent, as far as fal's rules tell."""

    NO = "no"
    YES = "yes"
    MAYBE = "maybe"

    @property
    def sentence(self) -> str:
        return {
            Charged.NO: "Nothing was charged.",
            Charged.YES: "The take was charged.",
            Charged.MAYBE: "It may be charged; the bill will tell.",
        }[self]


class Step(enum.StrEnum):
    """Where in a take's life a question was asked."""

    SUBMIT = "submit"
    STATUS = "status"
    RESULT = "result"
    CANCEL = "cancel"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    LOOK = "look"
    PRICES = "prices"
    KEY = "key"


@dataclass(frozen=True)
class Meaning:
    """Words for one fault. `{placeholders}` are filled from fal's `ctx`; `bare` is used where they are missing."""

    code: str
    title: str
    sentence: str
    next_steps: tuple[str, ...] = ()
    charged: Charged = Charged.NO
    is_retryable: bool = False
    bare: str = ""


class GatewayError(Exception):
    """A fault in words for a person. `detail` is fal's raw text, bounded, with every secret removed."""

    def __init__(
        self,
        meaning: Meaning,
        *,
        sentence: str | None = None,
        charged: Charged | None = None,
        request_id: str | None = None,
        status: int | None = None,
        error_type: str | None = None,
        detail: str = "",
        fields: tuple[str, ...] = (),
        retry_after_s: float | None = None,
        billable_units: float | None = None,
    ) -> None:
        self.code = meaning.code
        self.title = meaning.title
        self.sentence = sentence or meaning.bare or meaning.sentence
        self.next_steps = meaning.next_steps
        self.charged = charged or meaning.charged
        self.is_retryable = meaning.is_retryable
        self.request_id = request_id
        self.status = status
        self.error_type = error_type
        self.detail = detail
        self.fields = fields
        self.retry_after_s = retry_after_s
        self.billable_units = billable_units
        super().__init__(f"{self.sentence} {self.charged.sentence}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code} request_id={self.request_id!r}>"


class NotSent(GatewayError):
    """No byte of the request left. Safe to press again."""


class Refusal(GatewayError):
    """fal answered and said no: nothing runs."""


class LostAnswer(GatewayError):
    """The request may have arrived and no readable answer came back. Never to be sent again by itself."""


class TakeFailed(GatewayError):
    """The take has ended without a result. Asking again gives the same answer."""


class Trouble(GatewayError):
    """This question failed; the take at fal is untouched. Ask again later."""


class NotReady(GatewayError):
    """The result was asked for before the take had ended."""


class Gone(GatewayError):
    """fal does not have the request, the result or the file any more."""


class ForbiddenHost(GatewayError):
    """A link led somewhere that the studio does not go."""


@dataclass(frozen=True)
class Rule:
    """One row. None matches anything; `statuses` is a span of HTTP codes, `kind` an error type or a wire fault."""

    meaning: Meaning
    steps: tuple[Step, ...] = ()
    statuses: tuple[int, int] | None = None
    kind: str | None = None

    def fits(self, step: Step, status: int | None, kind: str | None) -> bool:
        if self.steps and step not in self.steps:
            return False
        if self.statuses is not None and (status is None or not self.statuses[0] <= status <= self.statuses[1]):
            return False
        return self.kind is None or self.kind == kind
