"""Staying just under a vendor's limits: one fair queue for all calls of an account, and so many under way at a time."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager, nullcontext, suppress
from email.utils import parsedate_to_datetime
from threading import BoundedSemaphore, Condition, Lock, local
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

MOST_LATE = 0.01
"""Seconds that calls may come late and be made up for by the next ones."""

LONGEST_PAUSE = 300.0
"""Seconds; a vendor that asks for more is asked again after this, and no slot is later, whatever the clocks say."""

SLOWER, FASTER, SLOWEST = 0.9, 1.001, 0.1
"""A refusal lowers the share of the rate that is used, each call raises it again; it never falls below the last."""


class Slots(Protocol):
    """When calls of one account may go: each takes a slot.

    Attributes:
        share: The share of the rate that is used at present, from `SLOWEST` to 1.
    """

    @property
    def share(self) -> float: ...  # noqa: D102

    def reserve(self, gap: float) -> float:
        """Take the next free slot, a gap in seconds after the one before; return the seconds until then."""

    def pause(self, seconds: float, *, slower: bool) -> None:
        """Give no slots for so many seconds, and from then on fewer, if so said."""


class Places(Protocol):
    """So many calls of one account at a time, over all processes."""

    def held(self) -> AbstractContextManager[None]:
        """Wait for a place, and hold it."""


class OwnSlots:
    """Slots of this process alone."""

    def __init__(self) -> None:
        """Begin now."""
        self.share = 1.0
        self._slot = 0.0

    def reserve(self, gap: float) -> float:
        """See `Slots`."""
        now = time.monotonic()
        self._slot = max(self._slot + gap / self.share, now - MOST_LATE)
        self.share = min(1.0, self.share * FASTER)
        return self._slot - now

    def pause(self, seconds: float, *, slower: bool) -> None:
        """See `Slots`."""
        self._slot = max(self._slot, time.monotonic() + seconds)
        self.share = max(self.share * (SLOWER if slower else 1), SLOWEST)


class Pacer:
    """Lets calls go one by one, first come first served, at a steady rate.

    A refusal for too many calls (429) pauses everybody, for as long as the vendor says or else for a time that
    doubles, and lowers the rate by a tenth; each call raises it again by a thousandth.
    """

    def __init__(self, calls_per_second: float | None, slots: Slots | None = None) -> None:
        """Aim at so many calls a second; None sets no pace, and only pauses hold calls back.

        Args:
            calls_per_second: The rate.
            slots: What is shared with others; None where this process is alone.
        """
        self._fastest = calls_per_second
        self._slots = slots or OwnSlots()
        self._queue: deque[Condition] = deque()
        self._lock = Lock()
        self._due = 0.0
        self._refusals_in_a_row = 0
        self.made = 0
        self.refused = 0

    @property
    def rate(self) -> float | None:
        """Calls a second aimed at now, by all who share the account."""
        return self._fastest and self._fastest * self._slots.share

    @property
    def pause(self) -> float:
        """Seconds until the next call may go."""
        return max(0.0, self._due - time.monotonic())

    def wait(self) -> None:
        """Return when it is this caller's turn to make one call; only the first in the queue is ever woken."""
        turn = Condition(self._lock)
        with self._lock:
            self._queue.append(turn)
            try:
                while self._queue[0] is not turn:
                    turn.wait(None)
                if self._fastest:
                    self._due = max(self._due, time.monotonic() + self._slots.reserve(1 / self._fastest))
                while (left := self._due - time.monotonic()) > 0:
                    turn.wait(left)
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
                if asked is None:
                    asked = _until_reset(headers)
                self._pause(2.0 ** min(self._refusals_in_a_row, 10) if asked is None else asked, slower=True)
                self._refusals_in_a_row += 1
                return
            self._refusals_in_a_row = 0
            if asked is not None:
                self._pause(asked)
            elif _number(headers, "RateLimit-Remaining") == 0 and (reset := _until_reset(headers)) is not None:
                self._pause(reset)

    def _pause(self, seconds: float, *, slower: bool = False) -> None:
        seconds = min(max(seconds, 0.0), LONGEST_PAUSE)
        self._due = max(self._due, time.monotonic() + seconds)
        self._slots.pause(seconds, slower=slower)


class ConcurrencyLimit:
    """Lets so many threads at a time make calls; a thread that holds a place keeps it between its calls."""

    def __init__(self, most: int, places: Places | None = None) -> None:
        """Allow so many at a time.

        Args:
            most: How many of this process.
            places: What is shared with others for each single call; None where they do not matter.
        """
        self._free = BoundedSemaphore(most)
        self._places = places
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

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give back the place that this thread holds, if any, while other threads make calls for it."""
        if not getattr(self._mine, "holds", False):
            yield
            return
        self._mine.holds = False
        self._free.release()
        try:
            yield
        finally:
            self._free.acquire()
            self._mine.holds = True

    def lock(self) -> CallLock:
        """Return a lock under which calls may be made."""
        return CallLock(self)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Hold a place for one call, among all processes too."""
        with self.held(), self._places.held() if self._places else nullcontext():
            yield


class CallLock:
    """A lock under which calls may be made: who waits for it lends their place, which its holder may be waiting for."""

    def __init__(self, concurrency: ConcurrencyLimit) -> None:
        """Make ready, for threads that hold places of this limit."""
        self._concurrency = concurrency
        self._lock = Lock()

    def __enter__(self) -> None:
        """Wait for the lock and hold it."""
        if not self._lock.acquire(blocking=False):
            with self._concurrency.lent():
                self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        """Let go of it."""
        self._lock.release()


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
    with suppress(ArithmeticError, TypeError, ValueError):
        return parsedate_to_datetime(headers[name]).timestamp() - time.time() if name in headers else None
    return None


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the vendor's window starts anew; the header holds Unix time or seconds."""
    reset = _number(headers, "RateLimit-Reset")
    if reset is None:
        return None
    return reset - time.time() if reset > 1e9 else reset
