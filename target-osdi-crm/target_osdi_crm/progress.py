"""How far the input is settled: what decides which STATE may leave."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Progress:
    """Numbers what comes in, and knows up to which number everything is acknowledged or in the journal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, None] = {}
        self.begun = 0

    def begin(self) -> int:
        """Number one more record."""
        with self._lock:
            self.begun += 1
            self._open[self.begun] = None
            return self.begun

    def end(self, numbers: Iterable[int]) -> None:
        """Note that these are settled."""
        with self._lock:
            for number in numbers:
                self._open.pop(number, None)

    def settled(self) -> int:
        """The highest number up to which all are settled."""
        with self._lock:
            return next(iter(self._open)) - 1 if self._open else self.begun
