"""Tasks side by side, except those that share a key: these run one after the other, in the order they came."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator


@dataclass(slots=True, eq=False, kw_only=True)
class Task:
    """What runs in a lane.

    Attributes:
        holds: Keys that no other task may hold at the same time.
        follows: Keys whose holders must have finished first.
        behind: How many tasks must finish first.
        ahead_of: Tasks that wait for this one.
    """

    holds: list[Hashable] = field(default_factory=list)
    follows: list[Hashable] = field(default_factory=list)
    behind: int = 0
    ahead_of: list[Task] = field(default_factory=list)


T = TypeVar("T", bound=Task)


class Lanes(Generic[T]):
    """Runs tasks in threads; a task is over when somebody calls `finish` for it."""

    def __init__(self, threads: int) -> None:
        """Prepare so many lanes."""
        self._threads = threads
        self._most = 32 * threads
        self._changed = threading.Condition()
        self._last: dict[Hashable, T] = {}
        self._ready: SimpleQueue[T | None] = SimpleQueue()
        self._unfinished = 0
        self._running = 0
        self._halted = False
        self.released: set[Hashable] = set()

    def begin(self, work: Callable[[T], None]) -> None:
        """Run `work` on each task, from now on."""
        for number in range(self._threads):
            threading.Thread(target=self._run, args=(work,), name=f"lane-{number}", daemon=True).start()

    def submit(self, task: T) -> None:
        """Run a task when its turn has come; blocks while many are unfinished."""
        with self._changed:
            while self._unfinished >= self._most and not self._halted:
                self._changed.wait()
            self._unfinished += 1
            keys = {*task.holds, *task.follows}
            earlier = {id(other): other for key in keys if (other := self._last.get(key)) is not None}
            task.behind = len(earlier)
            for other in earlier.values():
                other.ahead_of.append(task)
            for key in task.holds:
                self._last[key] = task
            if not task.behind:
                self._ready.put(task)

    def held(self, key: Hashable) -> bool:
        """Whether an unfinished task holds this key, or one did since `released` was last cleared."""
        return key in self._last or key in self.released

    def finish(self, task: T) -> None:
        """Let go of a task's keys, and let those behind it go on."""
        with self._changed:
            for key in task.holds:
                self.released.add(key)
                if self._last.get(key) is task:
                    del self._last[key]
            for other in task.ahead_of:
                other.behind -= 1
                if not other.behind:
                    self._ready.put(other)  # type: ignore[arg-type]
            self._unfinished -= 1
            self._changed.notify_all()

    def halt(self) -> None:
        """Begin no task any more; those that run go on to their end."""
        with self._changed:
            self._halted = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until every task is over, or after `halt` every one that runs; False if it takes longer."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._running if self._halted else self._unfinished), timeout=seconds
            )

    def end(self) -> None:
        """Let the threads end."""
        for _ in range(self._threads):
            self._ready.put(None)

    def _run(self, work: Callable[[T], None]) -> None:
        while (task := self._ready.get()) is not None:
            with self._changed:
                if self._halted:
                    continue
                self._running += 1
            try:
                work(task)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()


class OneAtATime:
    """Locks by key, made when asked for and dropped when nobody holds them."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[threading.Lock, list[None]]] = {}
        self._guard = threading.Lock()

    @contextmanager
    def holding(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of this key."""
        with self._guard:
            lock, users = self._locks.setdefault(key, (threading.Lock(), []))
            users.append(None)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                users.pop()
                if not users:
                    del self._locks[key]
