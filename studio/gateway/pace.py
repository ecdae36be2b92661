"""When to ask again: politely while a take runs, patiently while the line is down. Never asks anything itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Waits in seconds. Between looks 1 to 3 s, growing; while looks fail, doubling up to `trouble_max_s`.

    The ceiling is low on purpose: when a cable is plugged in again, the take should come back at once.
    """

    first_s: float = 1.0
    max_s: float = 3.0
    growth: float = 1.2
    trouble_max_s: float = 10.0
    told_max_s: float = 60.0

    def wait_s(self, looks: int, troubles: int = 0, told_s: float | None = None, luck: float = 0.5) -> float:
        """The wait after `looks` good looks and `troubles` failed ones in a row. `luck` (0 to 1) spreads many takes
        by ±10 %. `told_s` is fal's own Retry-After and wins if it is longer."""
        if troubles:
            wait = min(self.max_s * 2.0 ** min(troubles - 1, 10), max(self.trouble_max_s, self.max_s))
        else:
            wait = min(self.first_s * float(self.growth) ** min(max(looks - 1, 0), 100), self.max_s)
        wait *= 0.9 + 0.2 * luck
        return max(wait, min(told_s, self.told_max_s)) if told_s is not None else wait
