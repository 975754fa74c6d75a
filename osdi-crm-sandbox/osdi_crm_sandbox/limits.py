"""Rate limits, counted as vendors do: in windows aligned to the clock, or over the seconds just gone."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Limit(Protocol):
    """So many calls in so many seconds. Refused calls do not count."""

    calls: int
    seconds: float

    def admit(self, now: float) -> bool:
        """Counts a call at this unix time, or refuses it."""

    def used(self, now: float) -> int:
        """Calls counted in the present window."""

    def resets_in(self, now: float) -> float:
        """Seconds until at least one more call will be admitted than is now."""


class FixedWindow:
    """Windows aligned to the clock."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self._window = 0
        self._count = 0

    def admit(self, now: float) -> bool:
        """Counts a call at this unix time, or refuses it."""
        if self.used(now) >= self.calls:
            return False
        self._count = self.used(now) + 1
        self._window = int(now // self.seconds)
        return True

    def used(self, now: float) -> int:
        """Calls counted in the present window."""
        return self._count if int(now // self.seconds) == self._window else 0

    def resets_in(self, now: float) -> float:
        """Seconds until the next window."""
        return self.seconds - now % self.seconds


class SlidingWindow:
    """The seconds just gone."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self._times: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Counts a call at this unix time, or refuses it."""
        if self.used(now) >= self.calls:
            return False
        self._times.append(now)
        return True

    def used(self, now: float) -> int:
        """Calls counted in the seconds before this unix time."""
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        return len(self._times)

    def resets_in(self, now: float) -> float:
        """Seconds until the oldest call counted leaves the window."""
        return self._times[0] + self.seconds - now if self.used(now) else 0.0


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
    kinds: dict[str, type[FixedWindow | SlidingWindow]] = {"fixed": FixedWindow, "sliding": SlidingWindow}
    try:
        return kinds[rate.get("window", "fixed")](int(rate["calls"]), float(rate.get("seconds", 1)))
    except (KeyError, TypeError) as error:
        message = f'rate must be null or {{"calls", "seconds", "window": "fixed" or "sliding"}}, not {rate!r}'
        raise ValueError(message) from error
