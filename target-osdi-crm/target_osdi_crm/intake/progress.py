"""How far the input is settled: what decides which STATE may leave."""

from __future__ import annotations

import threading
from collections import Counter


class Progress:
    """Knows up to which record everything is acknowledged or in the journal.

    Attributes:
        read: How many records have come in; the latest has this number.
        new: By stream, how many of them the journal knows nothing of at the vendor.
    """

    def __init__(self) -> None:
        self.read = 0
        self.new: Counter[str] = Counter()
        self._sorted = 0
        self._open: dict[int, None] = {}
        self._lock = threading.Lock()

    def open(self, number: int) -> None:
        """Note that a record is not settled yet; call with rising numbers."""
        with self._lock:
            self._open[number] = None

    def sorted(self, number: int) -> None:
        """Note that all records up to this number are settled or open."""
        with self._lock:
            self._sorted = number

    def settle(self, number: int) -> None:
        """Note that an open record is settled."""
        with self._lock:
            self._open.pop(number, None)

    def settled(self) -> int:
        """The highest number up to which all are settled."""
        with self._lock:
            return next(iter(self._open)) - 1 if self._open else self._sorted
