"""Reading the parts of a collection in parallel, so that a vendor's latency costs nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import chain
from queue import Full, Queue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from osdi_crm_client.wire import RawRow

P = TypeVar("P")

FARTHEST_AHEAD = 8
"""Parts that may be begun from the oldest unfinished one on, for each thread that is wanted."""

MOST_PAGES = 8
"""Pages held between the threads that read and the one that writes."""

LONGEST_JOIN = 1.0
"""Seconds to wait for calls under way when nobody wants their rows any more."""


@dataclass(frozen=True)
class Rows(Generic[P]):
    """Some rows of a part."""

    part: P
    rows: list[RawRow]


@dataclass(frozen=True)
class Finished(Generic[P]):
    """Every row of this part, and of all parts before it, has come out."""

    part: P


@dataclass(frozen=True)
class Ahead(Generic[P]):
    """Every row of this part has come out, while one before it is not finished."""

    part: P


class Parallel(Generic[P]):
    """Reads several parts at a time, each by one thread, page after page.

    Pages come out as they arrive, whichever part they belong to, so no part waits for a slower one and little is held
    in memory. `Finished` comes out in the order of the parts; of a part that ends before its turn, `Ahead` does first.
    No part is begun too far ahead of the oldest unfinished one, so that little is read again after a kill.
    """

    def __init__(
        self, parts: Iterable[P], read: Callable[[P], Iterable[list[RawRow]]], in_flight: Callable[[], int]
    ) -> None:
        """Prepare to read.

        Args:
            parts: The parts; getting them may make calls, and is done by one thread at a time.
            read: Yields the pages of a part.
            in_flight: How many parts to read at a time; asked again and again.
        """
        self._parts: Iterator[tuple[int, P]] = enumerate(parts)
        self._read = read
        self._in_flight = in_flight
        self._out: Queue[tuple[int, Rows[P] | Finished[P]] | BaseException | None] = Queue(maxsize=MOST_PAGES)
        self._state = threading.Condition()
        self._finding = threading.Lock()
        self._working = 0
        self._oldest = 0
        self._begun_last = False
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __iter__(self) -> Iterator[Rows[P] | Ahead[P] | Finished[P]]:
        """Yield the pages and, in order, the finished parts.

        As long as one part at a time is wanted, it is read without a thread.

        Raises:
            Exception: Whatever reading a part raised first; the other parts stop.
        """
        for numbered in self._parts:
            if self._in_flight() > 1:
                self._parts = chain([numbered], self._parts)
                yield from self._by_threads()
                return
            self._oldest, part = numbered
            for rows in self._read(part):
                yield Rows(part, rows)
            yield Finished(part)
            self._oldest += 1

    def _by_threads(self) -> Iterator[Rows[P] | Ahead[P] | Finished[P]]:
        done: dict[int, Finished[P]] = {}
        ended = 0
        try:
            while self._staff() > ended:
                item = self._out.get()
                if item is None:
                    ended += 1
                    continue
                if isinstance(item, BaseException):
                    raise item
                index, event = item
                if isinstance(event, Rows):
                    yield event
                    continue
                done[index] = event
                if index > self._oldest:
                    yield Ahead(event.part)
                while self._oldest in done:
                    yield done.pop(self._oldest)
                    with self._state:
                        self._oldest += 1
                        self._state.notify_all()
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(timeout=LONGEST_JOIN / len(self._threads))

    def _staff(self) -> int:
        """Begin as many threads as are wanted; return how many have begun in all."""
        with self._state:
            while self._working < self._in_flight() and not self._begun_last:
                self._working += 1
                self._threads.append(threading.Thread(target=self._work, daemon=True))
                self._threads[-1].start()
        return len(self._threads)

    def _work(self) -> None:
        try:
            while (numbered := self._next()) is not None:
                index, part = numbered
                for rows in self._read(part):
                    if not self._put((index, Rows(part, rows))):
                        return
                self._put((index, Finished(part)))
            self._put(None)
        except BaseException as error:  # noqa: BLE001
            self._put(error)

    def _next(self) -> tuple[int, P] | None:
        """Return the next part and its number, or None where this thread is not wanted any more."""
        with self._finding:
            with self._state:
                if self._working > self._in_flight():
                    self._working -= 1
                    return None
            numbered = next(self._parts, None)
        with self._state:
            if numbered is None:
                self._begun_last = True
                self._working -= 1
                return None
            while numbered[0] - self._oldest >= FARTHEST_AHEAD * self._in_flight() and not self._stop.is_set():
                self._state.wait(timeout=0.1)
            return numbered

    def _put(self, item: tuple[int, Rows[P] | Finished[P]] | BaseException | None) -> bool:
        """Hand over an item; False if nobody wants it any more."""
        while not self._stop.is_set():
            try:
                self._out.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False
