"""Tasks side by side, except those that share a key: these run one after the other, in the order they came.

Tasks of one group that are ready at the same time run together, as one.
"""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from target_osdi_crm.apply.batcher import SECONDS_TO_GATHER
from target_osdi_crm.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

LONGEST_TO_GATHER = 5.0
"""Seconds after which they wait no longer, though more keep coming."""


T = TypeVar("T", bound=Task)


class Scheduler(Generic[T]):
    """Runs tasks in threads; a task is over when somebody calls `finish` for it."""

    def __init__(self, threads: int, most_together: int = 1) -> None:
        """Prepare so many threads, and let so many tasks of a group run together."""
        self._threads = threads
        self._most = 32 * threads
        self._most_together = most_together
        self._changed = threading.Condition()
        self._last: dict[Hashable, T] = {}
        self._ready: SimpleQueue[list[T] | None] = SimpleQueue()
        self._gathered: dict[Hashable, list[T]] = {}
        self._unfinished = 0
        self._unfinished_in_groups = 0
        self._running = 0
        self._halted = False
        self.released: set[Hashable] = set()

    def begin(self, work: Callable[[Sequence[T]], None], fail: Callable[[Exception], None]) -> None:
        """Do this work from now on: on the tasks of a group together, on others one by one; tell `fail` if it fails."""
        for number in range(self._threads):
            threading.Thread(target=self._run, args=(work, fail), name=f"worker-{number}", daemon=True).start()

    def submit(self, task: T) -> None:
        """Run a task when its turn has come; blocks while many are unfinished."""
        with self._changed:
            while self._is_full(task) and not self._halted:
                self._changed.wait()
            self._unfinished += 1
            self._unfinished_in_groups += task.group is not None
            keys = {*task.holds, *task.follows}
            earlier = {id(other): other for key in keys if (other := self._last.get(key)) is not None}
            task.behind = len(earlier)
            for other in earlier.values():
                other.ahead_of.append(task)
            for key in task.holds:
                self._last[key] = task
            if not task.behind:
                self._make_ready(task)

    def _is_full(self, task: T) -> bool:
        if task.group is None:
            return self._unfinished - self._unfinished_in_groups >= self._most
        return self._unfinished_in_groups >= self._most_together

    def _make_ready(self, task: T) -> None:
        if task.group is None:
            self._ready.put([task])
            return
        gathered = self._gathered.setdefault(task.group, [])
        gathered.append(task)
        if len(gathered) == 1:
            self._ready.put(gathered)

    def held(self, key: Hashable) -> bool:
        """Whether an unfinished task holds this key, or one did since `released` was last cleared."""
        return key in self._last or key in self.released

    def held_with(self, key: Hashable) -> list[Hashable]:
        """All that the latest task holds which holds this key, while it is unfinished."""
        task = self._last.get(key)
        return task.holds if task else []

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
                    self._make_ready(other)  # type: ignore[arg-type]
            self._unfinished -= 1
            self._unfinished_in_groups -= task.group is not None
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

    def _run(self, work: Callable[[Sequence[T]], None], fail: Callable[[Exception], None]) -> None:
        while (tasks := self._ready.get()) is not None:
            if tasks[0].group is not None:
                self._gather(tasks)
            with self._changed:
                if self._halted:
                    continue
                self._running += 1
            try:
                work(tasks)
            except Exception as error:  # noqa: BLE001
                fail(error)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _gather(self, tasks: list[T]) -> None:
        """Wait while more tasks of a group come, and let no others join them then."""
        deadline, before = time.monotonic() + LONGEST_TO_GATHER, 0
        while before < len(tasks) < self._most_together and time.monotonic() < deadline and not self._halted:
            before = len(tasks)
            time.sleep(SECONDS_TO_GATHER)
        with self._changed:
            del self._gathered[tasks[0].group]
