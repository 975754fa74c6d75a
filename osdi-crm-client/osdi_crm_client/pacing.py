"""Staying just under a vendor's limits: one fair queue for all calls of an account, and so many under way at a time."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from threading import BoundedSemaphore, Condition, Lock, local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_LATE = 0.01
"""Seconds that calls may come late and be made up for by the next ones."""

LONGEST_PAUSE = 300.0
"""Seconds; a vendor that asks for more is asked again after this."""


class Pacer:
    """Lets calls go one by one, first come first served, at a steady rate.

    A refusal for too many calls (429) pauses everybody, for as long as the vendor says or else for a time that
    doubles, and lowers the rate by a tenth; each call that goes well raises it again by a thousandth.
    """

    def __init__(self, calls_per_second: float | None) -> None:
        """Aim at so many calls a second; None sets no pace, and only pauses hold calls back."""
        self._fastest = calls_per_second
        self._rate = calls_per_second
        self._queue: deque[Condition] = deque()
        self._lock = Lock()
        self._slot = 0.0
        self._refusals_in_a_row = 0
        self.made = 0
        self.refused = 0

    @property
    def rate(self) -> float | None:
        """Calls a second aimed at now."""
        return self._rate

    @property
    def pause(self) -> float:
        """Seconds until the next call may go."""
        return max(0.0, self._slot - time.monotonic())

    def wait(self) -> None:
        """Return when it is this caller's turn to make one call; only the first in the queue is ever woken."""
        turn = Condition(self._lock)
        with self._lock:
            self._queue.append(turn)
            try:
                while self._queue[0] is not turn or self._slot > time.monotonic():
                    turn.wait(self._slot - time.monotonic() if self._queue[0] is turn else None)
                if self._rate:
                    gap = 1 / self._rate
                    self._slot = max(self._slot + gap, time.monotonic() + gap - MOST_LATE)
                self.made += 1
            finally:
                self._queue.remove(turn)
                if self._queue:
                    self._queue[0].notify()

    def observe(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer: pause after a 429, and where the vendor says that nothing is left of its limit."""
        asked = _seconds(headers, "Retry-After") if status in {429, 503} else None
        with self._lock:
            if status == 429:
                self.refused += 1
                if self._rate and self._fastest:
                    self._rate = max(self._rate * 0.9, self._fastest / 10)
                if asked is None:
                    asked = _until_reset(headers)
                self._pause(2.0 ** min(self._refusals_in_a_row, 10) if asked is None else asked)
                self._refusals_in_a_row += 1
                return
            self._refusals_in_a_row = 0
            if self._rate and self._fastest:
                self._rate = min(self._rate * 1.001, self._fastest)
            if asked is not None:
                self._pause(asked)
            elif _number(headers, "RateLimit-Remaining") == 0 and (reset := _until_reset(headers)) is not None:
                self._pause(reset)

    def _pause(self, seconds: float) -> None:
        self._slot = max(self._slot, time.monotonic() + min(max(seconds, 0.0), LONGEST_PAUSE))


class ConcurrencyLimit:
    """Lets so many threads at a time make calls; a thread that holds a place keeps it between its calls."""

    def __init__(self, most: int) -> None:
        """Allow so many at a time."""
        self._free = BoundedSemaphore(most)
        self._mine = local()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for a place and hold it, unless this thread holds one already."""
        if getattr(self._mine, "holds", False):
            yield
            return
        with self._free:
            self._mine.holds = True
            try:
                yield
            finally:
                self._mine.holds = False


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """Return what a header holds; None where that is no number, or less than zero."""
    value = headers.get(name, headers.get(f"X-{name}"))
    with suppress(TypeError, ValueError):
        return number if (number := float(value)) >= 0 else None  # type: ignore[arg-type]
    return None


def _seconds(headers: Mapping[str, str], name: str) -> float | None:
    """Seconds to wait, from a header that holds either seconds or a date (RFC 9110, §10.2.3)."""
    if (number := _number(headers, name)) is not None:
        return number
    with suppress(TypeError, ValueError):
        return parsedate_to_datetime(headers[name]).timestamp() - time.time() if name in headers else None
    return None


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the vendor's window starts anew; the header holds Unix time or seconds."""
    reset = _number(headers, "RateLimit-Reset")
    if reset is None:
        return None
    return reset - time.time() if reset > 1e9 else reset
