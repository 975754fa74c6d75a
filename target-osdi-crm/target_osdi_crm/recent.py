"""What this run has just written, for as long as a vendor's search may not show it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable


Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, forgotten after twice the vendor's index lag."""

    def __init__(self, lag: float) -> None:
        """Remember for twice `lag` seconds."""
        self._keep = 2 * lag
        self._kept: dict[Hashable, tuple[Value | None, float]] = {}
        self._lock = threading.Lock()

    def put(self, key: Hashable, value: Value) -> None:
        """Remember a value."""
        now = time.monotonic()
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (value, now)
            while (oldest := next(iter(self._kept.items())))[1][1] < now - self._keep:
                del self._kept[oldest[0]]

    def get(self, key: Hashable) -> Value | None:
        """The value under this key, if it was put there recently."""
        with self._lock:
            value, at = self._kept.get(key, (None, 0.0))
        return value if at >= time.monotonic() - self._keep else None
