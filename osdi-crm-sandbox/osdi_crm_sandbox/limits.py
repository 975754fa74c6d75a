"""Rate limits, counted as vendors do: in windows aligned to the clock, or over the seconds just gone."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Limit:
    """So many calls in so many seconds. Refused calls do not count.

    Attributes:
        calls: how many.
        seconds: of a window.
        slides: whether the window is the seconds just gone; else it is aligned to the clock.
    """

    def __init__(self, calls: int, seconds: float, *, slides: bool) -> None:
        self.calls = calls
        self.seconds = seconds
        self.slides = slides
        self._times: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Counts a call at this unix time, or refuses it."""
        if self.used(now) >= self.calls:
            return False
        self._times.append(now)
        return True

    def used(self, now: float) -> int:
        """Calls counted in the present window."""
        window = now // self.seconds
        while self._times and (
            self._times[0] <= now - self.seconds if self.slides else self._times[0] // self.seconds < window
        ):
            self._times.popleft()
        return len(self._times)

    def resets_in(self, now: float) -> float:
        """Seconds until at least one more call will be admitted than is now."""
        if self.slides:
            return self._times[0] + self.seconds - now if self.used(now) else 0.0
        return self.seconds - now % self.seconds


def admit(limits: Sequence[Limit], now: float) -> bool:
    """Counts a call against all of these, or against none where one of them is full."""
    if len(limits) > 1 and any(limit.used(now) >= limit.calls for limit in limits):
        return False
    return all(limit.admit(now) for limit in limits)


def limit(rate: dict[str, Any] | None) -> Limit | None:
    """A limit from {"calls", "seconds", "window": "fixed" or "sliding"}, None for none.

    Raises:
        ValueError: something else than that.
    """
    if rate is None:
        return None
    try:
        slides = {"fixed": False, "sliding": True}[rate.get("window", "fixed")]
        return Limit(int(rate["calls"]), float(rate.get("seconds", 1)), slides=slides)
    except (KeyError, TypeError) as error:
        message = f'rate must be null or {{"calls", "seconds", "window": "fixed" or "sliding"}}, not {rate!r}'
        raise ValueError(message) from error
