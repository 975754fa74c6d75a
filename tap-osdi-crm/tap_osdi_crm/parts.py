"""Reading the parts of a stream side by side, so that a vendor's latency costs nothing where it allows concurrency."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import Full, Queue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Row = dict[str, Any]
P = TypeVar("P")

LONGEST_GOODBYE = 1.0
"""Seconds to wait for calls under way when nobody wants their rows any more."""


@dataclass(frozen=True)
class Page(Generic[P]):
    """Some rows of a part."""

    part: P
    rows: list[Row]


@dataclass(frozen=True)
class Finished(Generic[P]):
    """Every row of this part, and of all parts before it, has come out."""

    part: P


class SideBySide(Generic[P]):
    """Reads up to `in_flight` parts at a time, each by one thread, page after page.

    Pages come out as they arrive, whichever part they belong to, so no part waits for a slower one and little is held
    in memory. `Finished` comes out in the order of the parts. No part is begun that lies more than twice `in_flight`
    parts ahead of the oldest unfinished one: so much at most is read again after a kill.
    """

    def __init__(self, parts: Iterable[P], read: Callable[[P], Iterable[list[Row]]], in_flight: int) -> None:
        """Prepare to read these parts; `parts` may make calls, and is advanced by one thread at a time."""
        self._parts = enumerate(parts)
        self._read = read
        self._next_part = threading.Lock()
        self._ahead = threading.Semaphore(2 * in_flight)
        self._out: Queue[tuple[int, Page[P] | Finished[P]] | BaseException | None] = Queue(maxsize=2 * in_flight)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(in_flight)]

    def __iter__(self) -> Iterator[Page[P] | Finished[P]]:
        """Yield the pages and, in order, the finished parts.

        Raises:
            Exception: Whatever reading a part raised first; the other parts stop.
        """
        for thread in self._threads:
            thread.start()
        done: dict[int, Finished[P]] = {}
        oldest = 0
        working = len(self._threads)
        try:
            while working:
                item = self._out.get()
                if item is None:
                    working -= 1
                    continue
                if isinstance(item, BaseException):
                    raise item
                index, event = item
                if isinstance(event, Page):
                    yield event
                    continue
                done[index] = event
                while oldest in done:
                    yield done.pop(oldest)
                    oldest += 1
                    self._ahead.release()
        finally:
            self._end()

    def _end(self) -> None:
        self._stop.set()
        self._ahead.release(len(self._threads))
        for thread in self._threads:
            thread.join(timeout=LONGEST_GOODBYE / len(self._threads))

    def _work(self) -> None:
        try:
            while self._ahead.acquire() and not self._stop.is_set():
                with self._next_part:
                    index, part = next(self._parts, (None, None))
                if index is None or part is None:
                    self._ahead.release()
                    break
                for rows in self._read(part):
                    if not self._put((index, Page(part, rows))):
                        return
                self._put((index, Finished(part)))
            self._put(None)
        except BaseException as error:  # noqa: BLE001
            self._put(error)

    def _put(self, item: tuple[int, Page[P] | Finished[P]] | BaseException | None) -> bool:
        """Hand over an item; False if nobody wants it any more."""
        while not self._stop.is_set():
            try:
                self._out.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False
