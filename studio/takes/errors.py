"""What this room refuses and why, in words for a person; never a bare code and never a stack trace."""

from __future__ import annotations

from studio.catalog.param import Problem
from studio.catalog.pricing import format_usd


class StudioError(Exception):
    """Something a person must know. `sentence` says what happened, `steps` what to do, `charged` no, yes or maybe.

    StudioError
     ├─ Refused         the values are not fit to be sent
     ├─ BudgetRefusal   a limit would be passed
     ├─ KeyReused       the same click key came with other values
     ├─ NotPossible     the take is not in a state that allows this
     ├─ StaleMove       somebody else moved the take first
     └─ StorageTrouble  the ledger or the home folder cannot be read or written
    """

    def __init__(self, code: str, title: str, sentence: str, steps: tuple[str, ...] = (), charged: str = "no") -> None:
        super().__init__(sentence)
        self.code = code
        self.title = title
        self.sentence = sentence
        self.steps = steps
        self.charged = charged

    def as_reason(self) -> dict[str, object]:
        """The same facts as the `reason` of a card."""
        return {
            "code": self.code,
            "title": self.title,
            "sentence": self.sentence,
            "steps": list(self.steps),
            "request_id": None,
            "detail": "",
            "charged": self.charged,
        }


class Refused(StudioError):
    """Values with at least one blocking problem; nothing was written, uploaded or spent."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        blocking = [problem.message for problem in problems if problem.is_blocking]
        super().__init__(
            "refused", "Not sent", " ".join([*blocking, "Nothing was sent and nothing was charged."]), ("Edit draft",)
        )


class BudgetRefusal(StudioError):
    """A limit that would be passed. Amounts in micro-dollars; `limit_name` is day, session or take."""

    def __init__(self, limit_name: str, limit: int, spent: int, held: int, needed: int) -> None:
        self.limit_name = limit_name
        self.limit_usd_micros = limit
        self.spent_usd_micros = spent
        self.held_usd_micros = held
        self.needed_usd_micros = needed
        super().__init__(
            "budget", f"Not sent: over {_LIMIT_WORDS[limit_name]}", self._words(), ("Make it shorter", "Change limits")
        )

    @property
    def left_usd_micros(self) -> int:
        return max(0, self.limit_usd_micros - self.spent_usd_micros - self.held_usd_micros)

    def _words(self) -> str:
        needed, limit = format_usd(self.needed_usd_micros, exact=True), format_usd(self.limit_usd_micros, exact=True)
        unsent = "Nothing was sent and nothing was charged."
        if self.limit_name == "take":
            return f"This take needs {needed} and one take may cost {limit} at most. {unsent}"
        left = format_usd(self.left_usd_micros, exact=True)
        spent, held = format_usd(self.spent_usd_micros, exact=True), format_usd(self.held_usd_micros, exact=True)
        when = "today" if self.limit_name == "day" else "in this session"
        return (
            f"This take needs {needed} and {left} is left {when}: "
            f"the limit is {limit}, {spent} is spent and {held} is held. {unsent}"
        )


_LIMIT_WORDS = {"day": "today's limit", "session": "this session's limit", "take": "the limit for one take"}


class KeyReused(StudioError):
    """The click key belongs to another take with other values, so neither can be guessed to be meant."""

    def __init__(self, label: str) -> None:
        super().__init__(
            "key_reused",
            "This key was already used",
            f"The same key was already used for {label} with other values. Nothing was sent and nothing was charged.",
            ("Use a new key for a new take",),
        )


class NotPossible(StudioError):
    """The take's state does not allow what was asked, or there is no such take."""

    def __init__(self, sentence: str, steps: tuple[str, ...] = (), code: str = "not_possible") -> None:
        super().__init__(code, "Not possible now", sentence, steps)


class StaleMove(StudioError):
    """The take was not in any of the expected states: another thread or process moved it first."""

    def __init__(self, take_id: str, expected: tuple[str, ...], wanted: str) -> None:
        super().__init__(
            "stale", "It changed meanwhile", f"Take {take_id} was no longer {' or '.join(expected)}; not {wanted}."
        )


class StorageTrouble(StudioError):
    """The ledger or the folder could not be used; `is_passing` when trying again may help by itself."""

    def __init__(
        self, code: str, title: str, sentence: str, steps: tuple[str, ...] = (), *, is_passing: bool = True
    ) -> None:
        super().__init__(code, title, sentence, steps)
        self.is_passing = is_passing
